"""The cases of a run: all of a folder, or those that were named on the command line.

This module knows names and files, and does not know how a case is run.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .. import FIXTURES
from ..cases import families
from ..cases.fixtures import fixtures, read
from ..cases.launched import launched, launched_paths
from ..cases.model import FAMILIES, SEARCH, Case
from ..cases.strategies import PROPERTIES
from ..cases.tree import in_sample
from ..cases.varied import OF_FIXTURES, of_fixtures
from ..clauses import CALLS, MODULE, PATH, registry
from ..report.rerun import pointed
from ..search.profiles import PROFILES, Profile


@dataclass(frozen=True)
class Selection:
    """The selected cases and properties.

    folder: the folder of the fixtures and of the tables of the families. names: the clauses, chapters, families, cases
    and properties that the user named; if there are none, all cases are selected. clauses_of: the clauses for which a
    case is tried, by its id. profile: with no names, it says how many generated cases are selected (see `in_sample`);
    also with names other than theirs, how many of those that are made of fixtures. kinds: the kinds of cases that are
    selected (see `clauses.kind_of`).
    """

    folder: Path
    names: frozenset[str] = frozenset()
    clauses_of: Mapping[str, Sequence[str]] = field(default_factory=dict)
    profile: Profile = PROFILES["thorough"]
    kinds: frozenset[str] = frozenset((CALLS,))

    @functools.cached_property
    def fixture_ids(self) -> frozenset[str]:
        """The ids of all fixtures in the folder."""
        return frozenset(path.relative_to(self.folder).with_suffix("").as_posix() for path in fixtures(self.folder))

    @functools.cached_property
    def _means_fixtures(self) -> bool:
        """True if each name is that of a fixture or of a property: then nothing else need be read."""
        return bool(self.names) and all(name in self.fixture_ids or name.startswith(SEARCH) for name in self.names)

    def may_want(self, file: Path) -> bool:
        """False for the file of a fixture that certainly is not selected, and need not be read."""
        return not self._means_fixtures or file.relative_to(self.folder).with_suffix("").as_posix() in self.names

    @functools.cached_property
    def of_families(self) -> Sequence[Case]:
        """All cases of the families, and a sample of those made of fixtures; this takes a second. Raises CaseError."""
        of_calls: Sequence[Case] = ()
        if CALLS in self.kinds:
            of_calls = [*families.generate(self.folder), *of_fixtures(self.folder, self._is_in_sample)]
        of_modules = launched(self.folder) if MODULE in self.kinds else ()
        of_paths = launched_paths(self.folder) if PATH in self.kinds else ()
        return [*of_calls, *of_modules, *of_paths]

    def wants(self, case: Case) -> bool:
        """True if the case is selected."""
        if not (case.programs or {CALLS}) <= self.kinds:
            return False
        return not self.names or not self.names.isdisjoint((case.id, case.family, case.chapter, *case.clauses))

    def generated(self) -> Iterator[Case]:
        """The selected cases of the families. Raises CaseError."""
        if self._means_fixtures:
            return
        for case in self.of_families:
            if self._is_in_sample(case.id) and self.wants(case):
                yield case

    def _is_in_sample(self, name: str) -> bool:
        """False for the id of a generated case that is left out since it is neither named nor in the sample."""
        family = name.rpartition("/")[0]
        is_drawn = in_sample(name, self.profile.one_of(family))
        if family not in OF_FIXTURES:
            return bool(self.names) or is_drawn
        return name in self.names or family in self.names or (is_drawn and self._may_mean_those_of_fixtures)

    @functools.cached_property
    def _may_mean_those_of_fixtures(self) -> bool:
        """True if cases made of fixtures may be selected that are not named: by all families, or by a clause."""
        return not self.names or not self.names.isdisjoint((FAMILIES, *registry()))

    def properties(self) -> list[str]:
        """The selected properties for the search; none if the cases are the user's own."""
        if self.folder != FIXTURES or CALLS not in self.kinds:
            return []
        if not self.names:
            return list(PROPERTIES)
        return [name for name in PROPERTIES if not self.names.isdisjoint((SEARCH, f"{SEARCH}/{name}"))]

    def cases(self, ids: Sequence[str]) -> dict[str, Case]:
        """The fixtures and the cases of families with these ids, selected or not, by id. Raises CaseError."""
        cases_by_id = {
            name: read(self.folder / f"{name}.toml", self.folder) for name in ids if name in self.fixture_ids
        }
        missing = set(ids) - cases_by_id.keys()
        if missing:
            known = (*self.of_families, *of_fixtures(self.folder, missing.__contains__))
            cases_by_id.update({case.id: case for case in known if case.id in missing})
        return cases_by_id

    def words(self) -> list[str]:
        """The names as arguments of a command line."""
        return [
            word
            for name in sorted(self.names)
            for word in [pointed(name, clause) for clause in self.clauses_of.get(name, ())] or [name]
        ]
