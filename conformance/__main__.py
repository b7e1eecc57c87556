"""`python -m conformance`, or `runpy-conformance` where it is installed: the suite for one target.

Rules. This module chooses what to do and returns the exit status. The command line is read in `command_line`, and a run
belongs to the plugin.

Theory of operation. If the first argument is one of the commands beside judging (`command_line.COMMANDS`), its module
is run. Otherwise the candidate is judged: our options are checked, and then pytest runs with our plugin. An argument
that is neither ours nor pytest's is refused here, with a message of our own. The plugin prints the last line; this
module prints it only if the run ended before the plugin could.
"""

from __future__ import annotations

import os
import signal

from . import HOUSE, INTERRUPTED, __version__

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))  # until all this is imported, nothing has begun

import importlib
import re
import sys
import traceback
from collections.abc import Generator, Sequence

import pytest

from .commands import command_line, interruption, manual
from .commands.kinds import UsageError
from .commands.options import OPTIONS
from .commands.request import CheckOnly
from .report import terminal
from .texts import never_refuse_output, silence


def main(arguments: list[str] | None = None) -> int:
    """Run the command, and return its exit status. arguments: default: those of the process."""
    given = sys.argv[1:] if arguments is None else arguments
    first = given[0] if given else ""
    if first in command_line.COMMANDS:
        return _command(first, given[1:])
    if {"-h", "--help"} & set(given):
        print(manual.help_text(), end="")
        return 0
    if "--version" in given:
        print(f"runpy-conformance {__version__}")
        return 0
    check_only = first == _CHECK
    try:
        line = command_line.read(given[1:] if check_only else given)
        if line.values("--install"):
            raise UsageError(
                "--install is for nox, which makes environments: install the candidate into --target yourself."
            )
        return _judge(line.arguments(), check_only=check_only)
    except UsageError as exc:
        usage = [manual.usage()] if isinstance(exc, _UnknownArgument) else []
        print(*usage, exc, terminal.last_line(None, command_line.USAGE, None), sep="\n", file=sys.stderr)
        return command_line.USAGE


# The first argument with which nox has a command line checked, before it makes any environment.
_CHECK = "check"


def _command(name: str, arguments: list[str]) -> int:
    """Run one of the commands beside judging, and return its exit status."""
    module = importlib.import_module(f".commands.{command_line.COMMANDS[name][0]}", __package__)
    try:
        return int(module.main(arguments))
    except BrokenPipeError:
        silence()
        return INTERRUPTED


class _UnknownArgument(UsageError):
    """An argument that neither we nor pytest know; the usage is printed above the message."""


class _ErrorTranslator:
    """A pytest plugin that replaces pytest's usage errors by ours."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self._arguments = arguments
        self._parser: pytest.Parser | None = None

    def pytest_addoption(self, parser: pytest.Parser) -> None:
        """Keep the parser, to which all plugins add their options."""
        self._parser = parser

    @pytest.hookimpl(wrapper=True)
    def pytest_cmdline_parse(self) -> Generator[None, pytest.Config, pytest.Config]:
        """Raise our own error in place of pytest's, which would show pytest's usage. Raises _UnknownArgument."""
        try:
            return (yield)
        except pytest.UsageError as exc:
            raise _UnknownArgument(self._message(str(exc))) from None

    def _message(self, message: str) -> str:
        """The message for an error message of pytest."""
        try:
            unknown = self._parser.parse_known_and_unknown_args(self._arguments)[1] if self._parser else []
        except pytest.UsageError:
            unknown = []
        if unknown:
            with_nox = command_line.NOX_VARIABLE in os.environ
            names = [option.name for option in OPTIONS if with_nox or not option.nox]
            return command_line.no_such_option(unknown[0], [*names, *getattr(self._parser, "_opt2dest", ())])
        error = re.search(r"^.*?error: (.*)$", message, re.MULTILINE)
        sentence = re.sub(r"^argument (\S+): ", r"\1, an option of pytest: ", error[1] if error else message)
        sentence = re.sub(r"invalid (\w+) value: (.*)", _is_no_value, sentence)
        return f"{sentence}; `{command_line.command()} --help` lists the options."


# The kinds of value of pytest's options, by the name of the function that converts them; argparse says only that name.
_TAKEN = {"int": "a whole number", "float": "a number", "parse_numprocesses": "a number of processes, or auto"}


def _is_no_value(found: re.Match[str]) -> str:
    return f"{found[2]} is not {_TAKEN.get(found[1], 'a value that it takes')}"


def _judge(arguments: Sequence[str], *, check_only: bool) -> int:
    """Run pytest with the plugin, and return the exit status of the run. Raises UsageError.

    check_only: true if the request is checked and nothing is run.
    """
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        os.environ.pop(name, None)  # the user's settings are for other runs of pytest
    ours = ["-p", "no:cacheprovider", "-p", "no:doctest", "-p", "no:unittest", "--no-header", "--no-summary"]
    ours += ["--capture=no", "-p", "no:logging", "-p", "no:tmpdir", "-q", "--tb=no", "--assert=plain"]
    # These look for faults in tests written in Python, and each of them slows every case down.
    ours += ["-p", "no:warnings", "-p", "no:unraisableexception", "-p", "no:threadexception"]
    ours += [f"--rootdir={HOUSE}", "-c", "/dev/null"]
    for plugin_of_ours in ("plugin", "one_phase"):  # by name, so that the workers of -n load them, too
        ours += ["-p", f"{__package__}.commands.{plugin_of_ours}"]
    interruption.handle_signals()
    never_refuse_output()
    failed = False
    plugins = [_ErrorTranslator([*ours, *arguments]), *([CheckOnly()] if check_only else [])]
    try:
        status = int(pytest.main([*ours, *arguments], plugins=plugins))
    except BrokenPipeError:  # the reader of our output, such as `head`, has closed it; the reports are written
        silence()
        return INTERRUPTED
    except KeyboardInterrupt:  # at a moment at which pytest does not catch it
        status = INTERRUPTED
    except UsageError:
        raise
    except Exception:  # an error here is not a verdict
        traceback.print_exc()
        status, failed = 4, True
    from .commands import plugin

    if interruption.was_interrupted() and not plugin.concluded():
        status = INTERRUPTED
        plugin.conclude_early()
    elif not failed:
        if plugin.concluded() or status == 0:
            return status
        # pytest's own exit statuses, for a run that ended before the plugin could set one.
        own_statuses = {int(pytest.ExitCode.USAGE_ERROR): 2, int(pytest.ExitCode.INTERRUPTED): INTERRUPTED}
        status = INTERRUPTED if status == INTERRUPTED else own_statuses.get(status, 4)
    print(terminal.last_line(None, status, None), file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
