"""The columns of the page, each of them a candidate on a target: their names, and the words for several of them.

Rules. A column is known by its number, which is that of its run. Words that a reader sees are made here, and in the
same way by page.js for cases.

Theory of operation. The short name of a target is its version, with as much of its platform as tells it from the others
of that version. Several columns are named by their targets, behind the candidate if the page has several; all columns
need no name at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote

from ...texts import visible
from ..numbers import Numbers, numbers, unjudged
from ..runs import Run, by_candidate, headline, status_of

_MOST = 4  # targets that are named; of more, the number


@dataclass(frozen=True)
class Column:
    """One candidate on one target. short: the target in a few letters. kind: the verdict by which it is coloured.

    It has an attribute for each thing that the page's template shows of a run.
    """

    candidate: str
    name: str
    short: str
    platform: str
    status: int
    meaning: str
    kind: str
    complete: bool
    problem: str
    numbers: Numbers
    unjudged: int  # clauses
    delegates: bool
    unseen: dict[str, str]


@dataclass(frozen=True)
class Candidate:
    """One candidate. numbers: those of its columns. kind: the verdict on all of them together."""

    name: str
    numbers: tuple[int, ...]
    headline: str
    kind: str


@dataclass(frozen=True)
class Columns:
    """All columns, those of one candidate beside each other."""

    all: Sequence[Column]
    candidates: Sequence[Candidate]

    @cached_property
    def targets(self) -> list[str]:
        """The targets, each once, by their short names."""
        return list(dict.fromkeys(column.short for column in self.all))

    @property
    def several(self) -> bool:
        """True if there are several candidates."""
        return len(self.candidates) > 1

    def places(self, numbers: Iterable[int]) -> str:
        """Columns in words: the targets, behind the candidate if there are several; empty for all columns.

        page.js names the columns of a case in the same words.
        """
        wanted = set(numbers)
        if len(wanted) == len(self.all):
            return ""
        return ", ".join(
            self._place(candidate, of_candidate)
            for candidate in self.candidates
            if (of_candidate := [number for number in candidate.numbers if number in wanted])
        )

    def _place(self, candidate: Candidate, numbers: Sequence[int]) -> str:
        """Columns of one candidate in words."""
        shorts = [self.all[number].short for number in numbers]
        targets = " ".join(shorts) if len(shorts) <= _MOST else f"{len(shorts)} targets"
        if not self.several:
            return targets
        return candidate.name if len(numbers) == len(candidate.numbers) else f"{candidate.name} {targets}"

    def spelt(self, numbers: Iterable[int]) -> str:
        """Columns in words, each by its name: "in mypkg on 3.9.18, 3.13.0; in other on 3.13.0"."""
        wanted = set(numbers)
        places = []
        for candidate in self.candidates:
            targets = ", ".join(self.all[number].short for number in candidate.numbers if number in wanted)
            if targets:
                places.append(f"in {candidate.name} on {targets}" if self.several else f"on {targets}")
        return "; ".join(places)

    def begins(self, number: int) -> bool:
        """True if a column is the first of its candidate."""
        return any(candidate.numbers[0] == number for candidate in self.candidates)

    def address(self, number: int, chapter: str) -> str:
        """The part behind the # of an address that shows the clauses of a chapter, in one column."""
        column = self.all[number]
        candidate = {"candidate": column.candidate} if self.several else {}
        return _address(**candidate, target=column.short, chapter=chapter, to="clauses")

    def address_of(self, candidate: str) -> str:
        """The part behind the # of an address that shows one candidate."""
        return _address(candidate=candidate)


def _address(**wanted: str) -> str:
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in wanted.items())


def columns_of(runs: Sequence[Run]) -> Columns:
    """The columns of the page for these runs, one each."""
    shorts = _shorts(runs)
    columns = [
        Column(
            candidate=visible(run.candidate),
            name=run.target,
            short=short,
            platform=run.run["target"]["platform"],
            status=run.status,
            meaning=run.meaning if run.complete else "incomplete",
            kind="not-run" if not run.complete else _kind(run.status),
            complete=run.complete,
            problem=run.problem,
            numbers=numbers(run),
            unjudged=unjudged(run.listed),
            delegates=run.run["delegates"],
            unseen=run.run["unseen"],
        )
        for run, short in zip(runs, shorts, strict=True)
    ]
    candidates = [
        Candidate(
            visible(name),
            tuple(number for number, run in enumerate(runs) if run.candidate == name),
            headline(of_candidate),
            _kind(status_of(of_candidate)),
        )
        for name, of_candidate in by_candidate(runs).items()
    ]
    return Columns(columns, candidates)


def _kind(status: int) -> str:
    """The verdict that an exit status stands for."""
    return {0: "conforms", 1: "diverges"}.get(status, "not-run")


def _shorts(runs: Sequence[Run]) -> list[str]:
    """The version of each target, with as much of its platform as tells it from the others of that version."""
    targets = [(run.target, run.run["target"]["platform"]) for run in runs]
    names = []
    for name, platform in targets:
        short = visible(name.removeprefix("CPython "))
        others = {other for same, other in targets if same == name} - {platform}
        system = platform.partition("-")[0]
        if others:
            short += f" {platform if any(other.partition('-')[0] == system for other in others) else system}"
        names.append(short)
    return names
