"""The commands that a run prints: which options each repeats, and which command leads on from here.

A printed command shows again, pasted as it stands into the same folder, what it was printed for. So it repeats each
option that decides what is shown, if it was given; the table says which these are.
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
from ..report.findings import failing
from ..report.finds import Written
from ..report.rerun import Commands
from ..report.runs import Run
from ..search.profiles import PROFILES
from .options import named

_PAGE = "conformance.html"


class Scope(enum.IntEnum):
    """What an option decides: what one case shows, also what a search draws, or also which cases are tried."""

    CASE = 1
    SEARCH = 2
    SELECTION = 3


@dataclass(frozen=True)
class Carried:
    """An option that a printed command repeats. name: among pytest's options. default: the value that goes unsaid."""

    name: str
    scope: Scope
    default: Callable[[Any], object]


def _import_from(option: Any) -> object:
    return "" if option.interpreter or Path.cwd() == HOUSE else str(Path.cwd())


def _impl(option: Any) -> object:
    return "runpy" if option.interpreter else named("--impl").default


def _table(name: str, scope: Scope, default: Callable[[Any], object] | None = None) -> Carried:
    """An option of the table of options. default: where the default depends on other options."""
    unsaid = named(name).default_value
    return Carried(name.removeprefix("--").replace("-", "_"), scope, default or (lambda option: unsaid))


# Each option that decides what a command shows, in the order in which they are printed.
CARRIED: Mapping[str, Carried] = {
    **{
        name: _table(name, Scope.CASE, default)
        for name, default in {
            "--target": None,
            "--interpreter": None,
            "--oracle": None,
            "--impl": _impl,
            "--import-from": _import_from,
            "--cases": None,
            "--level": None,
            "--baseline": None,
            "--case-timeout": None,
            "--load-timeout": None,
        }.items()
    },
    **{name: _table(name, Scope.SEARCH) for name in ("--profile", "--budget", "--seed", "--database", "--finds")},
    "-k": Carried("keyword", Scope.SELECTION, lambda option: ""),
}


def front(given: str) -> str:
    """How the command begins. given: as nox says it, which makes the environments; empty where it is called itself."""
    if given:
        return given
    program = Path(sys.argv[0])
    if program.stem == "runpy-conformance":
        return _on_path(program.stem, str(program))
    return f"{_on_path('python', sys.executable)} -m {__package__.rpartition('.')[0]}"


def _on_path(name: str, path: str) -> str:
    """The name of a command, if it is this one that is found by it; otherwise its path."""
    found = shutil.which(name)
    return name if found and os.path.abspath(found) == os.path.abspath(path) else shlex.quote(path)


@dataclass(frozen=True)
class Printed:
    """The commands that a run prints.

    option: pytest's options of this run. chosen: the clauses, chapters and cases that were named, as words. searched:
    whether a run of everything searches. python: the target's interpreter. front: how a command begins. added: options
    that the front gives by itself, and which need not be repeated.
    """

    option: Any
    chosen: Sequence[str] = ()
    searched: bool = True
    python: str = "python"
    front: str = field(default_factory=lambda: front(os.environ.get("RUNPY_CONFORMANCE_COMMAND", "")))
    added: Sequence[str] = field(default_factory=lambda: os.environ.get("RUNPY_CONFORMANCE_ADDED", "").split())

    def line(self, scope: Scope, *words: str, **changed: object) -> str:
        """The command with these words behind it. changed: options that get another value than in this run."""
        options: list[str] = []
        for spelling, carried in CARRIED.items():
            value = changed.get(carried.name, getattr(self.option, carried.name, carried.default(self.option)))
            if carried.scope > scope or value == carried.default(self.option):
                continue
            if spelling in self.added and carried.name not in changed:
                continue
            said = f"{value:g}" if isinstance(value, float) else str(value)
            options += [f"{spelling}={said}"] if spelling.startswith("--") else [spelling, said]
        rest = [shlex.quote(word) for word in (*options, *words)]
        return " ".join([self.front, *rest])

    @property
    def commands(self) -> Commands:
        """The commands for findings."""
        return Commands(self.line(Scope.CASE), self.line(Scope.SEARCH), self.python)

    @property
    def cases(self) -> set[str]:
        """What was chosen, without the clauses for which it was to be tried."""
        return {word.partition("::")[0] for word in self.chosen}

    def following(self, run: Run, written: Mapping[str, Written], reports: Sequence[str]) -> str:
        """The command to run next: it says something new. Empty where there is none. reports: what is written."""
        just = self.line(Scope.SELECTION, *self.chosen)
        return next((one for one in self._steps(run, written, reports) if one != just), "")

    def _steps(self, run: Run, written: Mapping[str, Written], reports: Sequence[str]) -> Iterator[str]:
        """What may lead on, the best first."""
        found = failing(run)
        if found:
            name = found[0].trial["id"]
            again = self.commands.of(found[0], written.get(name))
            if self.cases != {name}:
                yield again[0]
            elif mended(run):
                yield self._wider(name)
            if not any(one.lower().endswith(".html") for one in reports):
                yield f"{again[-1]} --report={_PAGE}"  # which shows both sides
            yield self._wider(name)
        elif run.end is not None and run.end["stale"]:
            yield f"{self.line(Scope.SELECTION, *self.chosen)} --write-baseline"
        elif run.status == INTERRUPTED:
            if not self.chosen and self.option.profile != "quick":
                yield self.line(Scope.SELECTION, profile="quick")
        elif run.status in (0, 5):
            if len(self.cases) == 1:
                yield self._wider(*self.cases)
            if self.chosen:
                yield self.line(Scope.SELECTION)
            if self.option.keyword:
                yield self.line(Scope.SELECTION, keyword="")
            if run.status == 0:
                yield from self._further(run.level)

    def _wider(self, name: str) -> str:
        """The command for what a case, a family or a property belongs to: its chapter, if it is one of ours, or all."""
        group = name.rpartition("/")[0]
        known = group in CHAPTERS or group.partition("/")[0] in (FAMILIES, SEARCH)
        return self.line(Scope.SELECTION, *([group] if known else []))

    def _further(self, level: Level) -> Iterator[str]:
        """What is to be tried where everything conforms."""
        if self.option.cases != str(FIXTURES):
            yield self.line(Scope.SELECTION, cases=str(FIXTURES))
        profiles = list(PROFILES)
        at = profiles.index(self.option.profile) + 1
        if not self.option.budget and at < len(profiles) and (self.searched or at == 1):
            yield self.line(Scope.SELECTION, profile=profiles[at])
        for one in Level:
            if one > level:
                yield self.line(Scope.SELECTION, level=str(one))
