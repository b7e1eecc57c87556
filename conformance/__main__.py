"""`python -m conformance`, and `runpy-conformance` where it is installed: the suite for one target.

Without the name of one of the commands beside it (`command_line.COMMANDS`) it judges. What is no option of ours is
pytest's: a word that pytest does not know either is refused here, in our own words.
"""

from __future__ import annotations

import os
import signal

from . import HOUSE, INTERRUPTED, __version__

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))  # nothing has begun before all this is imported

import importlib
import re
import sys
import traceback
from collections.abc import Generator, Sequence

import pytest

from .commands import command_line, interruption, manual
from .commands.kinds import UsageError
from .commands.options import OPTIONS
from .commands.request import Checking
from .report import terminal
from .texts import never_refuse_output, silence


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; the exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    first = words[0] if words else ""
    if first in command_line.COMMANDS:
        return _command(first, words[1:])
    if {"-h", "--help"} & set(words):
        print(manual.help_text(), end="")
        return 0
    if "--version" in words:
        print(f"runpy-conformance {__version__}")
        return 0
    checking = first == _CHECK
    try:
        asked = command_line.read(words[checking:])
        if asked.values("--install"):
            raise UsageError(
                "--install is for nox, which makes environments: install the candidate into --target yourself."
            )
        return _judge(asked.arguments(), checking=checking)
    except UsageError as exc:
        usage = [manual.usage()] if isinstance(exc, _Misspelt) else []
        print(*usage, exc, terminal.last_line(None, command_line.USAGE, None), sep="\n", file=sys.stderr)
        return command_line.USAGE


# The first word by which nox has a command line checked before it makes any environment.
_CHECK = "check"


def _command(name: str, words: list[str]) -> int:
    """Run one of the commands beside the judging."""
    module = importlib.import_module(f".commands.{command_line.COMMANDS[name][0]}", __package__)
    try:
        return int(module.main(words))
    except BrokenPipeError:
        silence()
        return INTERRUPTED


class _Misspelt(UsageError):
    """A word that nobody understands; the usage is shown beside the sentence."""


class _Reader:
    """A plugin that tells in our words which words pytest does not understand."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._parser: pytest.Parser | None = None

    def pytest_addoption(self, parser: pytest.Parser) -> None:
        """Keep the parser, which comes to know the options of all plugins."""
        self._parser = parser

    @pytest.hookimpl(wrapper=True)
    def pytest_cmdline_parse(self) -> Generator[None, pytest.Config, pytest.Config]:
        """Raise our own error in place of pytest's, which shows a usage that is not ours. Raises _Misspelt."""
        try:
            return (yield)
        except pytest.UsageError as exc:
            raise _Misspelt(self._sentence(str(exc))) from None

    def _sentence(self, said: str) -> str:
        """The sentence for a complaint of pytest's."""
        try:
            unknown = self._parser.parse_known_and_unknown_args(self._words)[1] if self._parser else []
        except pytest.UsageError:
            unknown = []
        if unknown:
            names = [option.name for option in OPTIONS if not option.nox]
            return command_line.no_such_option(unknown[0], [*names, *getattr(self._parser, "_opt2dest", ())])
        error = re.search(r"^.*?error: (.*)$", said, re.MULTILINE)
        sentence = re.sub(r"^argument (\S+): ", r"\1, an option of pytest's: ", error[1] if error else said)
        return f"{sentence}; {command_line.command()} --help lists the options."


def _judge(words: Sequence[str], *, checking: bool) -> int:
    """Run pytest with the plugin on the fixtures; the exit status. Raises UsageError."""
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        os.environ.pop(name, None)  # they are for other runs of pytest
    ours = ["-p", "no:cacheprovider", "-p", "no:doctest", "-p", "no:unittest", "--no-header", "--no-summary"]
    ours += ["--capture=no", "-p", "no:logging", "-p", "no:tmpdir", "-q", "--tb=no", "--assert=plain"]
    # What these look for comes from tests that are Python; each costs every case something.
    ours += ["-p", "no:warnings", "-p", "no:unraisableexception", "-p", "no:threadexception"]
    ours += [f"--rootdir={HOUSE}", "-c", "/dev/null"]
    for plugin_of_ours in ("plugin", "one_phase"):  # by name, so that the workers of -n have them as well
        ours += ["-p", f"{__package__}.commands.{plugin_of_ours}"]
    interruption.listen()
    never_refuse_output()
    failed = False
    plugins = [_Reader([*ours, *words]), *([Checking()] if checking else [])]
    try:
        status = int(pytest.main([*ours, *words], plugins=plugins))
    except BrokenPipeError:  # whoever read our output, `head` perhaps, has had enough; and all has been written
        silence()
        return INTERRUPTED
    except KeyboardInterrupt:  # where pytest does not expect it
        status = INTERRUPTED
    except UsageError:
        raise
    except Exception:  # nothing that goes wrong here is a verdict
        traceback.print_exc()
        status, failed = 4, True
    from .commands import plugin

    if interruption.happened() and not plugin.concluded():
        status = INTERRUPTED
        plugin.conclude_early()
    elif not failed:
        if plugin.concluded() or status == 0:
            return status
        # pytest's own numbers, for what ended before the plugin had a say.
        others = {int(pytest.ExitCode.USAGE_ERROR): 2, int(pytest.ExitCode.INTERRUPTED): INTERRUPTED}
        status = INTERRUPTED if status == INTERRUPTED else others.get(status, 4)
    print(terminal.last_line(None, status, None), file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
