"""The commands that a run prints: the options that each of them repeats, and the command to run next.

Rules. This module makes commands as text, from pytest's options and the results of a run; it runs nothing. A printed
command, pasted as it is into the same folder, shows again what it was printed for.

Theory of operation. A printed command repeats each option that decides what it shows, if the user gave it. The table
`REPEATED` says of each option what it decides: the result of one case, the cases that a search draws, or the cases that
are tried. So the command for a case leaves out the seed, and the command for a search repeats it. An option with its
default value is left out, and so is one that the program adds by itself (nox adds the target).
"""

from __future__ import annotations

import enum
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import FIXTURES, HOUSE, INTERRUPTED
from ..cases.model import FAMILIES, SEARCH
from ..clauses import CHAPTERS, Level
from ..report.answers import mended
from ..report.endings import PAGE
from ..report.findings import failing
from ..report.finds import Written
from ..report.rerun import Commands
from ..report.runs import Run
from ..search.profiles import PROFILES
from .command_line import ADDED_VARIABLE, COMMAND_VARIABLE
from .options import named, of_interpreter

_PAGE = "conformance.html"


class Scope(enum.IntEnum):
    """The scope of an option: the result of a case; the cases that a search draws, too; or the selection, too."""

    CASE = 1
    SEARCH = 2
    SELECTION = 3


@dataclass(frozen=True)
class Repeated:
    """An option that a printed command repeats.

    name: its name among pytest's options. scope: see Scope. default: the default value, which is left out, from the
    other options of the run.
    """

    name: str
    scope: Scope
    default: Callable[[Any], object]


def _default_import_from(option: Any) -> object:
    return "" if of_interpreter(option) or Path.cwd() == HOUSE else str(Path.cwd())


def _default_impl(option: Any) -> object:
    return "runpy" if of_interpreter(option) else named("--impl").default


def _default_target(option: Any) -> object:
    """None with nox, whose session judges each Python that is found if it is given no target."""
    return None if os.environ.get(COMMAND_VARIABLE) and not of_interpreter(option) else named("--target").default_value


def _repeated(name: str, scope: Scope, default: Callable[[Any], object] | None = None) -> Repeated:
    """An option of the table of options. default: its default, if that depends on other options."""
    fixed = named(name).default_value
    return Repeated(name.removeprefix("--").replace("-", "_"), scope, default or (lambda option: fixed))


# The options that decide what a command shows, in the order in which they are printed.
REPEATED: Mapping[str, Repeated] = {
    **{
        name: _repeated(name, Scope.CASE, default)
        for name, default in {
            "--target": _default_target,
            "--interpreter": None,
            "--target-command": None,
            "--oracle": None,
            "--impl": _default_impl,
            "--impl-path": None,
            "--command": None,
            "--command-path": None,
            "--command-output": None,
            "--import-from": _default_import_from,
            "--cases": None,
            "--level": None,
            "--baseline": None,
            "--case-timeout": None,
            "--load-timeout": None,
        }.items()
    },
    **{name: _repeated(name, Scope.SEARCH) for name in ("--profile", "--budget", "--seed", "--database", "--finds")},
    "-k": Repeated("keyword", Scope.SELECTION, lambda option: ""),
}


def program_of(nox_command: str) -> str:
    """The beginning of a command. nox_command: the beginning that nox gives, or an empty text without nox."""
    if nox_command:
        return nox_command
    program = Path(sys.argv[0])
    if program.stem == "runpy-conformance":
        return _on_path(program.stem, str(program))
    return f"{_on_path('python', sys.executable)} -m {__package__.rpartition('.')[0]}"


def _on_path(name: str, path: str) -> str:
    """The name of a command, if PATH leads to this file; otherwise the path of the file."""
    on_path = shutil.which(name)
    return name if on_path and os.path.abspath(on_path) == os.path.abspath(path) else shlex.quote(path)


@dataclass(frozen=True)
class PrintedCommands:
    """The commands that a run prints.

    option: pytest's options of this run. selected: the clauses, chapters and cases that the user named. can_search:
    true if a run of all cases searches. python: the target's interpreter. program: the beginning of each command.
    added: the options that the program adds by itself.
    """

    option: Any
    selected: Sequence[str] = ()
    can_search: bool = True
    python: str = "python"
    program: str = field(default_factory=lambda: program_of(os.environ.get(COMMAND_VARIABLE, "")))
    added: Sequence[str] = field(default_factory=lambda: os.environ.get(ADDED_VARIABLE, "").split())

    def command(self, scope: Scope, *arguments: str, **changes: object) -> str:
        """A command with these arguments at its end, which repeats the options up to a scope.

        changes: options that get another value than in this run.
        """
        options: list[str] = []
        for spelling, repeated in REPEATED.items():
            value = changes.get(repeated.name, getattr(self.option, repeated.name, repeated.default(self.option)))
            if repeated.scope > scope or value == repeated.default(self.option):
                continue
            if spelling in self.added and repeated.name not in changes:
                continue
            text = f"{value:g}" if isinstance(value, float) else str(value)
            options += [f"{spelling}={text}"] if spelling.startswith("--") else [spelling, text]
        return " ".join([self.program, *map(shlex.quote, (*options, *arguments))])

    @property
    def commands(self) -> Commands:
        """The beginnings of the commands that show a finding again."""
        return Commands(self.command(Scope.CASE), self.command(Scope.SEARCH), self.python)

    @property
    def cases(self) -> set[str]:
        """The selected names, without the clauses for which a case is tried."""
        return {name.partition("::")[0] for name in self.selected}

    def next_command(self, run: Run, written: Mapping[str, Written], reports: Sequence[str]) -> str:
        """The command to run next, which is not the one just run; an empty text if there is none.

        written: the finds that were written, by case. reports: the paths of the reports.
        """
        current = self.command(Scope.SELECTION, *self.selected)
        return next((command for command in self._next_commands(run, written, reports) if command != current), "")

    def _next_commands(self, run: Run, written: Mapping[str, Written], reports: Sequence[str]) -> Iterator[str]:
        """Commands that show something new, the most useful first."""
        findings = failing(run)
        if findings:
            name = findings[0].trial["id"]
            files = written.get(name)
            if self.cases != {name}:
                yield self.commands.of(findings[0], files)[0]
            elif mended(run):
                yield self._wider(name)
            if not any(path.lower().endswith(PAGE) for path in reports):
                yield f"{self.commands.judging(findings[0], files)} --report={_PAGE}"  # the page shows both sides
            yield self._wider(name)
        elif run.end is not None and run.end["stale"]:
            yield f"{self.command(Scope.SELECTION, *self.selected)} --write-baseline"
        elif run.status == INTERRUPTED:
            if not self.selected and self.option.profile != "quick":
                yield self.command(Scope.SELECTION, profile="quick")
        elif run.status in (0, 5):
            if len(self.cases) == 1:
                yield self._wider(*self.cases)
            if self.selected:
                yield self.command(Scope.SELECTION)
            if self.option.keyword:
                yield self.command(Scope.SELECTION, keyword="")
            if run.status == 0:
                yield from self._further(run.level)

    def _wider(self, name: str) -> str:
        """The command for the chapter of a case, or for all cases if it is no chapter of the suite."""
        group = name.rpartition("/")[0]
        known = group in CHAPTERS or group.partition("/")[0] in (FAMILIES, SEARCH)
        return self.command(Scope.SELECTION, *([group] if known else []))

    def _further(self, level: Level) -> Iterator[str]:
        """Commands that try more, for a run in which everything conforms."""
        if self.option.cases != str(FIXTURES):
            yield self.command(Scope.SELECTION, cases=str(FIXTURES))
        profiles = list(PROFILES)
        at = profiles.index(self.option.profile) + 1
        more = self.can_search or (at == 1 and not (self.option.command or self.option.command_path))
        if not self.option.budget and at < len(profiles) and more:
            yield self.command(Scope.SELECTION, profile=profiles[at])
        for higher in Level:
            if higher > level:
                yield self.command(Scope.SELECTION, level=str(higher))
