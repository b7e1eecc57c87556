"""`python -m conformance`, and `runpy-conformance` where it is installed: the suite for one target.

usage: {command} [--impl=SPEC] [--target=PYTHON] [--level=LEVEL] [CLAUSE | CHAPTER | FIXTURE ...]

What can be imported from the folder in which you stand can be judged as it is. Options that are not listed here are
pytest's own (-x, -k, -v, --junitxml=FILE ...). Exit status: 0 conforms, 1 diverges, 2 usage, 3 the candidate cannot be
loaded, 4 the suite itself failed, 5 nothing ran, 130 interrupted.
"""

from __future__ import annotations

import os
import signal

from . import HOUSE, INTERRUPTED, __version__

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))  # nothing has begun before all this is imported

import sys
import traceback
from pathlib import Path

import pytest

from .commands import interruption, options
from .report import terminal
from .report.texts import never_refuse_output, silence


def main(arguments: list[str] | None = None) -> int:
    """Run pytest with the plugin on the fixtures; the exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    command = Path(sys.argv[0]).stem if Path(sys.argv[0]).stem != "__main__" else f"python -m {__package__}"
    if {"-h", "--help"} & set(words):
        print(f"{str(__doc__).format(command=command)}\n{options.listed()}")
        return 0
    if "--version" in words:
        print(f"runpy-conformance {__version__}")
        return 0
    if any(word.partition("=")[0] == "--install" for word in words):
        sentence = "--install is for nox, which makes environments: install the candidate into --target yourself."
        print(sentence, file=sys.stderr)
        print(terminal.last_line(None, 2, None), file=sys.stderr)
        return 2
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
    try:
        status = int(pytest.main([*ours, *words]))
    except BrokenPipeError:  # whoever read our output, `head` perhaps, has had enough; and all has been written
        silence()
        return INTERRUPTED
    except KeyboardInterrupt:  # where pytest does not expect it
        status = INTERRUPTED
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
