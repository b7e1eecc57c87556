"""The options of the suite: one table.

Rules. This module owns the name, the help and the kind of each option. `noxfile.py`, the command, the pytest plugin,
`--help` and docs/options.md all read its table, and no option is declared anywhere else. The values of a kind are
checked in `kinds`, and a whole command line is read in `command_line`. Nothing here imports pytest: the noxfile imports
this module each time that nox starts.

Theory of operation. Three readers use one `Option`. `command_line.read` calls `Option.value` on the text that was
typed. A parser (argparse's, or pytest's, which has the same interface) takes `Option.settings()`. `manual` prints the
usage and the help.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import FIXTURES
from ..clauses import Level
from ..search.profiles import PROFILES
from .kinds import Kind, UsageError, checked
from .kinds import example as example_of


@dataclass(frozen=True)
class Option:
    """One option: its name, its help, and the kind of value that it takes.

    default: the default value, as it would be typed. choices: the values of Kind.CHOICE. repeatable: true if the option
    may be given several times and each value counts. overridable: true if the last value counts, so that a user can
    override a value that a script or a hook gives; two different values of any other option are refused. nox: true if
    only nox takes the option.
    """

    name: str
    metavar: str
    help: str
    kind: Kind
    default: str = ""
    choices: tuple[str, ...] = ()
    repeatable: bool = False
    overridable: bool = False
    nox: bool = False

    @property
    def usage(self) -> str:
        """The option with the name of its value: `--level=LEVEL`."""
        return f"{self.name}={self.metavar}" if self.metavar else self.name

    @property
    def example(self) -> str:
        """An example of the option with a value, for messages."""
        return example_of(self.name, self.kind, self.choices)

    def value(self, text: str, folder: Path | None = None) -> str:
        """The checked value, with its path absolute (see `kinds.checked`). Raises UsageError."""
        return checked(self.name, self.kind, text, folder, self.choices)

    def settings(self) -> dict[str, Any]:
        """The keyword arguments of `add_argument` for this option."""
        if self.kind is Kind.FLAG:
            return {"action": "store_true", "help": self.help}
        settings = {"metavar": self.metavar, "type": self._parsed, "help": self.help, "default": self.default}
        return {**settings, "action": "append", "default": []} if self.repeatable else settings

    @property
    def default_value(self) -> str | int | float:
        """The default as a parser returns it: a text or a number."""
        return self._parsed(self.default)

    def _parsed(self, text: str) -> str | int | float:
        try:
            value = text if text == self.default else self.value(text)  # argparse converts defaults, too
        except UsageError as exc:
            raise argparse.ArgumentTypeError(str(exc)) from None
        if self.kind is Kind.WHOLE_NUMBER:
            return int(value)
        return float(value) if self.kind is Kind.SECONDS else value


_LEVELS = tuple(map(str, Level))

OPTIONS = (
    Option(
        "--impl",
        "SPEC",
        "the candidate to judge: pkg, pkg.mod:callable or path/to/adapter.py:callable (default: the suite's own "
        "reference implementation)",
        Kind.CANDIDATE,
        "reference",
    ),
    Option(
        "--impl-path",
        "SPEC",
        "the run_path to judge: pkg.mod:callable or path/to/adapter.py:callable (default: that of --impl, if it has "
        "one)",
        Kind.CANDIDATE,
    ),
    Option(
        "--command",
        "COMMAND",
        "judge a command that runs a module as `python -m` does, such as 'coverage run -m' or '{python} -m pdb -c "
        "continue -m {name} {args}'; {python} stands for the target (docs/commands.md)",
        Kind.COMMAND,
    ),
    Option(
        "--command-path",
        "COMMAND",
        "judge a command that runs a script, a folder or an archive as `python FILE` does, such as 'coverage run' or "
        "'{python} -m pdb -c continue {path} {args}'; alone, or beside --command (docs/commands.md)",
        Kind.COMMAND_PATH,
    ),
    Option(
        "--command-output",
        "program|judged",
        "of the output of a command, what the program itself prints is judged (program, the default), or all of it",
        Kind.CHOICE,
        "program",
        choices=("program", "judged"),
    ),
    Option(
        "--install",
        "REQUIREMENT",
        "install this into the target's environment before the run: a PyPI name, a path or `-e path`; repeatable",
        Kind.REQUIREMENT,
        repeatable=True,
        nox=True,
    ),
    Option(
        "--target",
        "PYTHON",
        "the interpreter in which the oracle and the candidate run: a path or a command's name (default: the Python "
        "that runs the suite, unless a session chooses others)",
        Kind.INTERPRETER,
        sys.executable,
    ),
    Option(
        "--interpreter",
        "PYTHON",
        "judge the runpy of this interpreter; the oracle is a CPython of the same language version: the one that "
        "--target names, one found on PATH, or else a recording (docs/interpreters.md)",
        Kind.INTERPRETER,
    ),
    Option(
        "--target-command",
        "COMMAND",
        "judge the runpy of an interpreter behind a bridge, a program that speaks the protocol on standard input "
        "and output: 'node bridge.mjs'; the oracle is as with --interpreter (docs/another-interpreter.md)",
        Kind.TARGET_COMMAND,
    ),
    Option(
        "--smoke",
        "",
        "with --target-command: try the bridge, say in one sentence what is wrong with it, and judge nothing",
        Kind.FLAG,
    ),
    Option(
        "--oracle",
        "target|recording",
        "the oracle: target, the target's own runpy (default), or recording, the recording of a CPython of the same "
        "version",
        Kind.CHOICE,
        "target",
        choices=("target", "recording"),
    ),
    Option(
        "--level",
        "LEVEL",
        "the level up to which divergences fail the run: documented, compat (default) or exact",
        Kind.CHOICE,
        "compat",
        choices=_LEVELS,
        overridable=True,
    ),
    Option(
        "--import-from",
        "DIR",
        "the folder that both sides put first on sys.path (default: the current folder, except the suite's own)",
        Kind.EXISTING_FOLDER,
    ),
    Option("--case-timeout", "SECONDS", "time limit of a case (default: 10)", Kind.SECONDS, "10", overridable=True),
    Option(
        "--load-timeout",
        "SECONDS",
        "time limit for importing the candidate (default: 20)",
        Kind.SECONDS,
        "20",
        overridable=True,
    ),
    Option(
        "--cases",
        "DIR",
        "the folder of the cases by which the candidate is judged (default: the suite's fixtures)",
        Kind.EXISTING_FOLDER,
        str(FIXTURES),
    ),
    Option(
        "--report",
        "FILE",
        "write a report; the ending of the name chooses the form: .jsonl all records, .html a page, .md a summary, "
        ".svg a badge, badge.json the data of a badge; repeatable (docs/reports.md)",
        Kind.REPORT_FILE,
        repeatable=True,
    ),
    Option(
        "--baseline",
        "FILE.toml",
        "a baseline, the file of expected divergences (docs/baselines.md): the run fails on a divergence that is not "
        "in it, and on an entry whose divergence no longer occurs",
        Kind.INPUT_FILE,
    ),
    Option(
        "--write-baseline",
        "",
        "update the file of --baseline: add new divergences and remove those that no longer occur; reasons and "
        "comments stay",
        Kind.FLAG,
    ),
    Option(
        "--profile",
        "NAME",
        f"the amount of work: {', '.join(PROFILES)} (docs/search.md has the numbers)",
        Kind.CHOICE,
        "default",
        choices=tuple(PROFILES),
        overridable=True,
    ),
    Option(
        "--budget",
        "TIME",
        "time limit of the whole search (90s, 30m, 2h), in place of a number of cases",
        Kind.DURATION,
        overridable=True,
    ),
    Option(
        "--seed",
        "N",
        "random seed of the search; the same seed draws the same cases (default: 0)",
        Kind.WHOLE_NUMBER,
        "0",
        overridable=True,
    ),
    Option(
        "--database",
        "DIR",
        "where finds and the oracle's cached results are kept between runs: a folder, a Redis server such as "
        "redis://... (finds only), or none, with which the oracle runs every case (default: the user's cache folder)",
        Kind.DATABASE,
        overridable=True,
    ),
    Option(
        "--finds",
        "DIR",
        "the folder to which finds of the search and reduced cases are written (default: conformance-finds)",
        Kind.OUTPUT_FOLDER,
        "conformance-finds",
        overridable=True,
    ),
    Option("--cores", "N", "number of worker processes, or auto (the same as -n)", Kind.PROCESSES, overridable=True),
)

# The beginnings of a --database that is a Redis server.
DATABASES = ("redis://", "rediss://", "unix://")

# Options of pytest whose value is a file; the driver does not start in the user's folder, and needs an absolute path.
OF_PYTEST = tuple(Option(name, "FILE", "", Kind.OUTPUT_FILE) for name in ("--junitxml", "--junit-xml"))

# Options of `nox -s releases`, which compares the runpy of two interpreters.
OF_RELEASES = tuple(Option(name, "PYTHON", "", Kind.INTERPRETER_OR_VERSION) for name in ("--old", "--new"))


def of_interpreter(option: Any) -> bool:
    """True if an interpreter's own runpy is judged. option: the options of a run."""
    return bool(option.interpreter or option.target_command)


def named(name: str) -> Option:
    """The option with this name, which must exist."""
    return next(option for option in OPTIONS if option.name == name)
