"""The ledger: every known change of what `run_module` does, or of what a case shows, from one release to the next.

A change says in which release it came, to the micro version, with backports; which clauses it began and ended; what is
seen before and after; where that is written; the case that shows it; and its effects, by which it is known again.
"""

from __future__ import annotations

import functools
import itertools
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from . import Clause
from .effects import Effect, EffectError, effect

HERE = Path(__file__).resolve().parent
LEDGER = HERE / "releases"
_TEXTS = ("id", "release", "before", "after", "source", "case")
_LISTS = ("backports", "unsure", "begins", "ends")


class LedgerError(Exception):
    """The ledger is wrong: one sentence, which says where."""


@dataclass(frozen=True)
class Change:
    """One change.

    release: the first that has it, "3.15.0". backports: releases of earlier versions of the language from which on
    these have it too. unsure: specifiers of releases in which it may be or not. begins, ends: clauses that hold with
    it, or without it. case: the id of a fixture, or `releases/<name>` for one in `cases/`.
    """

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
        """Whether a release has it."""
        number = Version(version)
        return number >= Version(self.release) or any(
            number.release[:2] == first.release[:2] and number >= first for first in map(Version, self.backports)
        )

    def is_unsure(self, version: str) -> bool:
        """Whether nobody has looked whether this release has it."""
        return any(SpecifierSet(one, prereleases=True).contains(version) for one in self.unsure)

    def between(self, old: str, new: str) -> bool:
        """Whether the one release lacks it and the other has it, for certain."""
        return not self.is_unsure(old) and not self.is_unsure(new) and self.holds(old) != self.holds(new)

    def may_show(self, old: str, new: str) -> bool:
        """Whether it may be what two releases differ by."""
        return self.holds(old) != self.holds(new) or self.is_unsure(old) or self.is_unsure(new)

    @property
    def clauses(self) -> tuple[str, ...]:
        """All the clauses that it is about."""
        return tuple(dict.fromkeys(self.ends + self.begins))


def load(folder: Path = LEDGER) -> tuple[Change, ...]:
    """All changes, in the order of the releases. Raises LedgerError."""
    found: dict[str, Change] = {}
    for path in folder.glob("*.toml"):
        try:
            entries = tomllib.loads(path.read_text(encoding="utf-8")).get("change", [])
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
            raise LedgerError(f"{path}: this is not TOML: {exc}") from None
        for entry in entries:
            change = _change(path, entry)
            if change.id in found:
                raise LedgerError(f"{path}: the change {change.id} is there twice")
            found[change.id] = change
    return tuple(sorted(found.values(), key=lambda one: Version(one.release)))


@functools.cache
def ledger() -> tuple[Change, ...]:
    """The project's own ledger; read once."""
    return load()


def _change(path: Path, entry: Mapping[str, Any]) -> Change:
    where = f"{path}: {entry.get('id', 'a change without id')}"
    missing = {*_TEXTS, "effects"} - entry.keys()
    unknown = entry.keys() - {*_TEXTS, *_LISTS, "effects"}
    if missing or unknown:
        raise LedgerError(f"{where}: " + (f"unknown key {min(unknown)!r}" if unknown else f"no {min(missing)!r}"))
    try:
        effects = tuple(effect(str(entry["id"]), row) for row in entry["effects"])
        values: dict[str, Any] = {key: str(entry[key]) for key in _TEXTS}
        values |= {key: tuple(entry.get(key, ())) for key in _LISTS}
        change = Change(**values, effects=effects)
        release = Version(change.release)
        for one in change.backports:
            if Version(one) >= release:
                raise LedgerError(f"{where}: the backport {one} is no earlier than {change.release}")
        if len(release.release) != 3:
            raise LedgerError(f"{where}: {change.release} is no micro release, such as 3.15.0")
        for one in change.unsure:
            SpecifierSet(one)
    except (EffectError, ValueError, InvalidVersion) as exc:
        raise LedgerError(f"{where}: {exc}") from None
    return change


def disagreements(changes: Sequence[Change], clauses: Mapping[str, Clause]) -> Iterator[str]:
    """Where the ledger and the versions of the clauses do not say the same; a sentence each."""
    for change in changes:
        for name in change.clauses:
            if name not in clauses:
                yield f"{change.id} names the clause {name}, which does not exist"
            elif not clauses[name].versions:
                yield f"{change.id} begins or ends {name}, which holds for all versions"
    for clause in clauses.values():
        begins = [change for change in changes if clause.id in change.begins]
        ends = [change for change in changes if clause.id in change.ends]
        if clause.versions and not begins and not ends:
            yield f"{clause.id} holds for some versions only ({', '.join(clause.versions)}), and no change says why"
        elif clause.versions:
            yield from _disagreement(clause, begins, ends)


def _disagreement(clause: Clause, begins: Sequence[Change], ends: Sequence[Change]) -> Iterator[str]:
    for version in _all_releases():
        sure = not clause.is_unsure(version)
        if any(one.is_unsure(version) for one in (*begins, *ends)) == sure:
            yield f"{clause.id} and the ledger are not unsure of the same releases: {version}"
            return
        expected = all(one.holds(version) for one in begins) and not any(one.holds(version) for one in ends)
        if sure and clause.holds(version) != expected:
            names = ", ".join(one.id for one in (*begins, *ends))
            holds = "holds" if clause.holds(version) else "does not hold"
            yield f"{clause.id} {holds} for {version}, and the ledger ({names}) says otherwise"
            return


def _all_releases() -> Iterator[str]:
    """Every release that there could be."""
    for minor, micro in itertools.product(range(8, 17), range(31)):
        yield f"3.{minor}.{micro}"
