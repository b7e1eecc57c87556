"""The options of the suite: one table.

`noxfile.py`, the command, the pytest plugin, `--help` and docs/options.md all read this table. Which values an option
takes, its kind says (`kinds`); what a command line as a whole says, `command_line`. Nothing here imports pytest, since
the noxfile imports it each time.
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
    """One option: as it is written, what it does, and which values it takes.

    default: as it would be typed. choices: of Kind.CHOICE. repeatable: each value counts. knob: the last value counts,
    so that what a script or a hook gives can be overridden; any other option is refused if it has two values. nox:
    only nox takes it.
    """

    name: str
    metavar: str
    help: str
    kind: Kind
    default: str = ""
    choices: tuple[str, ...] = ()
    repeatable: bool = False
    knob: bool = False
    nox: bool = False

    @property
    def usage(self) -> str:
        """`--level=LEVEL`."""
        return f"{self.name}={self.metavar}" if self.metavar else self.name

    @property
    def example(self) -> str:
        """The option as somebody might type it."""
        return example_of(self.name, self.kind, self.choices)

    def value(self, text: str, here: Path | None = None) -> str:
        """The value as it is to be handed on (see `checked`). Raises UsageError."""
        return checked(self.name, self.kind, text, here, self.choices)

    def settings(self) -> dict[str, Any]:
        """What a parser of argparse's kind is told of the option."""
        if self.kind is Kind.FLAG:
            return {"action": "store_true", "help": self.help}
        settings = {"metavar": self.metavar, "type": self._taken, "help": self.help, "default": self.default}
        return {**settings, "action": "append", "default": []} if self.repeatable else settings

    @property
    def default_value(self) -> str | int | float:
        """The default as a parser yields it."""
        return self._taken(self.default)

    def _taken(self, text: str) -> str | int | float:
        try:
            value = text if text == self.default else self.value(text)  # argparse has defaults converted, too
        except UsageError as exc:
            raise argparse.ArgumentTypeError(str(exc)) from None
        if self.kind is Kind.WHOLE:
            return int(value)
        return float(value) if self.kind is Kind.SECONDS else value


_LEVELS = tuple(map(str, Level))

OPTIONS = (
    Option(
        "--impl",
        "SPEC",
        "the candidate: pkg, pkg.mod:callable or path/to/adapter.py:callable (default: our reference)",
        Kind.CANDIDATE,
        "reference",
    ),
    Option(
        "--install",
        "REQUIREMENT",
        "install this for the candidate first: a PyPI name, a path, `-e path`; repeatable",
        Kind.REQUIREMENT,
        repeatable=True,
        nox=True,
    ),
    Option(
        "--target",
        "PYTHON",
        "the interpreter in which both sides run, a path or a command's name (default: this one)",
        Kind.INTERPRETER,
        sys.executable,
    ),
    Option(
        "--interpreter",
        "PYTHON",
        "judge this interpreter's own runpy by CPython of the same version of the language: the one on PATH, the one "
        "that --target names, or the recording (docs/interpreters.md)",
        Kind.INTERPRETER,
    ),
    Option(
        "--oracle",
        "target|recording",
        "whom to judge by: the target's own runpy (the default), or what was recorded of CPython of its version",
        Kind.CHOICE,
        "target",
        choices=("target", "recording"),
    ),
    Option(
        "--level",
        "LEVEL",
        "up to which level a divergence fails the run: documented, compat (default) or exact",
        Kind.CHOICE,
        "compat",
        choices=_LEVELS,
        knob=True,
    ),
    Option(
        "--import-from",
        "DIR",
        "a folder put first on sys.path on both sides (default: where you stand, but for the suite's own)",
        Kind.FOLDER,
    ),
    Option("--case-timeout", "SECONDS", "how long a case may take (default: 10)", Kind.SECONDS, "10", knob=True),
    Option(
        "--load-timeout",
        "SECONDS",
        "how long the candidate may take to be imported (default: 20)",
        Kind.SECONDS,
        "20",
        knob=True,
    ),
    Option("--cases", "DIR", "judge by the cases in this folder (default: our own)", Kind.FOLDER, str(FIXTURES)),
    Option(
        "--report",
        "FILE",
        "write a report, by the file's name: .jsonl all records, .html a page, .md a summary, .svg a badge, "
        "badge.json a badge's data; repeatable (docs/reports.md)",
        Kind.REPORT,
        repeatable=True,
    ),
    Option(
        "--baseline",
        "FILE.toml",
        "the divergences that are expected (docs/baselines.md): only others fail the run, and those that are gone",
        Kind.FILE,
    ),
    Option(
        "--write-baseline",
        "",
        "write into --baseline what diverges, and take out what no longer does; reasons and comments stay",
        Kind.FLAG,
    ),
    Option(
        "--profile",
        "NAME",
        f"how much is tried: {', '.join(PROFILES)} (docs/search.md says what that is)",
        Kind.CHOICE,
        "default",
        choices=tuple(PROFILES),
        knob=True,
    ),
    Option(
        "--budget",
        "TIME",
        "search for so long (90s, 30m, 2h), and not for a number of cases",
        Kind.LENGTH,
        knob=True,
    ),
    Option("--seed", "N", "what the search draws (default: 0, always the same)", Kind.WHOLE, "0", knob=True),
    Option(
        "--database",
        "DIR",
        "where finds, and what the oracle has shown, are kept between runs: a folder, redis://... (only finds) or "
        "none (default: in the user's cache folder)",
        Kind.STORE,
        knob=True,
    ),
    Option(
        "--finds",
        "DIR",
        "where the smallest cases are written, if any are found (default: conformance-finds)",
        Kind.PLACE,
        "conformance-finds",
        knob=True,
    ),
    Option("--cores", "N", "work in so many processes (as -n)", Kind.CORES, knob=True),
)

DATABASES = ("redis://", "rediss://", "unix://")

# Options of pytest's whose value is a file: the driver starts in another folder than its user.
OF_PYTEST = tuple(Option(name, "FILE", "", Kind.WRITTEN) for name in ("--junitxml", "--junit-xml"))

# Options of `nox -s releases`, which compares two interpreters.
OF_RELEASES = tuple(Option(name, "PYTHON", "", Kind.RELEASE) for name in ("--old", "--new"))


def named(name: str) -> Option:
    """The option of that name, which must exist."""
    return next(option for option in OPTIONS if option.name == name)
