"""The ledger: every known change of what `run_module` does, or of what a case shows, from one release to the next.

Rules. This module owns the files of `releases/` and what a change is. It does not know how releases are compared, nor
where a case is kept.

Theory of operation. A change says in which release it came, to the micro version, with backports; which clauses it
began and ended; the behaviour before and after; where that is written; the case that shows it; and its effects, by
which the change is known again when two releases are compared. The versions of the clauses say the same a second time,
clause by clause: `disagreements` holds the two against each other, release by release.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from ..checked import Table, checked_file, form, says
from . import CHAPTERS_OF_COMMANDS, Clause, Texts, check_specifier, pythons
from .effects import Effect, EffectRow, effects

HERE = Path(__file__).resolve().parent
LEDGER = HERE / "releases"


class LedgerError(Exception):
    """Raised for a wrong ledger: one sentence, which says where."""


@dataclass(frozen=True)
class Change:
    """One change; its fields are those of `ChangeEntry`, and its effects know to which change they belong."""

    id: str
    release: str
    before: str
    after: str
    source: str
    case: str
    effects: tuple[Effect, ...]
    backports: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    begins: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()

    def holds(self, version: str) -> bool:
        """True if a release has this change; a release before 3.15.0, such as 3.15.0rc1, counts as 3.15.0."""
        number = Version(Version(version).base_version)
        return number >= Version(self.release) or any(
            number.release[:2] == first.release[:2] and number >= first for first in map(Version, self.backports)
        )

    def is_unsure(self, version: str) -> bool:
        """True if nobody has looked for this change in this release, as in an alpha, beta or candidate before it."""
        number = Version(version)
        if number.is_prerelease and number.base_version in (self.release, *self.backports):
            return True
        return any(SpecifierSet(specifier, prereleases=True).contains(version) for specifier in self.unsure)

    def between(self, old: str, new: str) -> bool:
        """True if certainly one of the two releases has this change and the other one lacks it."""
        return not self.is_unsure(old) and not self.is_unsure(new) and self.holds(old) != self.holds(new)

    def may_show(self, old: str, new: str) -> bool:
        """True if two releases may differ by this change."""
        return self.holds(old) != self.holds(new) or self.is_unsure(old) or self.is_unsure(new)

    def came_within(self, version: str) -> bool:
        """True if the change came with a micro release of this version of the language, or may have come so."""
        major, minor = Version(version).release[:2]
        releases = [f"{major}.{minor}.{micro}" for micro in pythons.MICROS]
        return len({self.holds(release) for release in releases}) > 1 or any(map(self.is_unsure, releases))

    @property
    def either_way(self) -> tuple[Effect, ...]:
        """By what the change shows between a side that has it and one that lacks it, whichever of them has it."""
        return (*self.effects, *(effect.reversed() for effect in self.effects))

    def effects_between(self, oracle: str, candidate: str) -> tuple[Effect, ...]:
        """By what the change shows between two releases, whichever of them has it; nothing if it cannot show."""
        if self.is_unsure(oracle) or self.is_unsure(candidate):
            return self.either_way
        if self.holds(oracle) == self.holds(candidate):
            return ()
        return self.effects if self.holds(candidate) else self.either_way[len(self.effects) :]

    @property
    def clauses(self) -> tuple[str, ...]:
        """The ids of all clauses that this change ends or begins."""
        return tuple(dict.fromkeys(self.ends + self.begins))


class ChangeEntry(Table, frozen=True):
    """A change of what `run_module` does, or of what a case shows, that came with a release of CPython."""

    noun = "change"

    id: Annotated[str, says("an id that will never change, in capitals")]
    release: Annotated[str, says("the first release that has it, to the micro version: 3.15.0")]
    before: Annotated[str, says("the behaviour before it, in a sentence")]
    after: Annotated[str, says("the behaviour since then, in a sentence")]
    source: Annotated[str, says("where it is written, or on which releases it was observed")]
    case: Annotated[str, says("the id of the fixture that shows it, or releases/NAME for a case that is no fixture")]
    effects: Annotated[tuple[EffectRow, ...], says("by what it is known again in an observation")]
    backports: Annotated[Texts, says("releases of earlier versions from which on these have it too")] = ()
    unsure: Annotated[Texts, says("specifiers of releases for which nobody has looked")] = ()
    begins: Annotated[Texts, says("clauses that hold since this change")] = ()
    ends: Annotated[Texts, says("clauses that hold before this change only")] = ()

    def __post_init__(self) -> None:
        """Check what types cannot say. Raises ValueError."""
        release, *backports = (_release(text) for text in (self.release, *self.backports))
        for backport in backports:
            if backport >= release:
                raise ValueError(f"the backport {backport} is no earlier than {release}")
        for specifier in self.unsure:
            check_specifier(specifier)


class LedgerFile(Table, frozen=True):
    """A file of the ledger: the changes of one version of the language."""

    noun = "file of the ledger"

    change: Annotated[tuple[ChangeEntry, ...], form("a list of changes, each written [[change]]")] = ()


def _release(text: str) -> Version:
    try:
        release = Version(text)
    except InvalidVersion:
        raise ValueError(f"{text!r} is no release, such as 3.15.0") from None
    if len(release.release) != 3:
        raise ValueError(f"{text} is no micro release, such as 3.15.0")
    return release


def load(folder: Path = LEDGER) -> tuple[Change, ...]:
    """All changes, in the order of the releases. Raises LedgerError."""
    found: dict[str, Change] = {}
    # Of changes of one release, those of the release's own file come before what an older file has of it.
    paths = sorted(folder.glob("*.toml"), reverse=True)
    if not paths:
        raise LedgerError(f"{folder}: there is no file of the ledger")
    for path in paths:
        for entry in checked_file(path, LedgerFile, LedgerError).change:
            if entry.id in found:
                raise LedgerError(f"{path}: the change {entry.id} is there twice")
            values = {field: getattr(entry, field) for field in entry.__struct_fields__}
            found[entry.id] = Change(**(values | {"effects": effects(entry.id, entry.effects)}))
    return tuple(sorted(found.values(), key=lambda change: Version(change.release)))


@functools.cache
def ledger() -> tuple[Change, ...]:
    """The project's own ledger; read once in a process."""
    return load()


def disagreements(changes: Sequence[Change], clauses: Mapping[str, Clause]) -> Iterator[str]:
    """The points in which the ledger and the versions of the clauses disagree, a sentence each."""
    for change in changes:
        for name in change.clauses:
            if name not in clauses:
                yield f"{change.id} names the clause {name}, which does not exist"
            elif not clauses[name].versions:
                yield f"{change.id} begins or ends {name}, which holds for all versions"
    for clause in clauses.values():
        if clause.chapter in CHAPTERS_OF_COMMANDS:
            continue  # the ledger is about the functions; what is new on the command line, the documentation lists
        begins = [change for change in changes if clause.id in change.begins]
        ends = [change for change in changes if clause.id in change.ends]
        if clause.versions and not begins and not ends:
            yield f"{clause.id} holds for some versions only ({', '.join(clause.versions)}), and no change says why"
        elif clause.versions:
            yield from _disagreement(clause, begins, ends)


def _disagreement(clause: Clause, begins: Sequence[Change], ends: Sequence[Change]) -> Iterator[str]:
    for version in pythons.releases(to_come=1):
        sure = not clause.is_unsure(version)
        if any(change.is_unsure(version) for change in (*begins, *ends)) == sure:
            yield f"{clause.id} and the ledger are not unsure of the same releases: {version}"
            return
        has_begun = all(change.holds(version) for change in begins)
        has_ended = any(change.holds(version) for change in ends)
        if sure and clause.holds(version) != (has_begun and not has_ended):
            names = ", ".join(change.id for change in (*begins, *ends))
            holds = "holds" if clause.holds(version) else "does not hold"
            yield f"{clause.id} {holds} for {version}, and the ledger ({names}) says otherwise"
            return
