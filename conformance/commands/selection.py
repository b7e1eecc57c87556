"""The cases of a run: all of a folder, or those that were named on the command line.

Knows names and files; not how a case is run.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .. import FIXTURES
from ..cases import families
from ..cases.fixtures import fixtures, read
from ..cases.model import SEARCH, Case
from ..cases.strategies import PROPERTIES
from ..report.rerun import pointed


@dataclass(frozen=True)
class Selection:
    """The selected cases and properties.

    folder: where the fixtures and the tables of the families lie. names: the clauses, chapters, families, cases and
    properties that were named; if there are none, everything is selected. clauses_of: by case, the clauses for which
    it is tried. families_step: of so many cases of the families one is tried, if everything is.
    """

    folder: Path
    names: frozenset[str] = frozenset()
    clauses_of: Mapping[str, Sequence[str]] = field(default_factory=dict)
    families_step: int = 1

    @functools.cached_property
    def fixture_ids(self) -> frozenset[str]:
        """The ids of all fixtures in the folder."""
        return frozenset(path.relative_to(self.folder).with_suffix("").as_posix() for path in fixtures(self.folder))

    def wants(self, case: Case) -> bool:
        """True if the case is selected."""
        return not self.names or not self.names.isdisjoint((case.id, case.family, case.chapter, *case.clauses))

    def generated(self) -> Iterator[Case]:
        """The selected cases of the families. Raises CaseError."""
        if self.names and all(name in self.fixture_ids or name.startswith(SEARCH) for name in self.names):
            return  # no need to enumerate anything
        for number, case in enumerate(families.generate(self.folder)):
            if (self.names or number % self.families_step == 0) and self.wants(case):
                yield case

    def properties(self) -> list[str]:
        """The selected properties by which to search; none, if the user's own cases are judged by."""
        if self.folder != FIXTURES:
            return []
        if not self.names:
            return list(PROPERTIES)
        return [name for name in PROPERTIES if not self.names.isdisjoint((SEARCH, f"{SEARCH}/{name}"))]

    def cases(self, ids: Sequence[str]) -> dict[str, Case]:
        """The fixtures, and the cases of the families, with these ids, selected or not. Raises CaseError."""
        found = {name: read(self.folder / f"{name}.toml", self.folder) for name in ids if name in self.fixture_ids}
        missing = set(ids) - found.keys()
        if missing:
            found.update({case.id: case for case in families.generate(self.folder) if case.id in missing})
        return found

    def words(self) -> list[str]:
        """The names as words of a command line."""
        return [
            word
            for name in sorted(self.names)
            for word in [pointed(name, clause) for clause in self.clauses_of.get(name, ())] or [name]
        ]
