"""The families: small worlds enumerated completely, without chance.

`fixtures/families/*.toml` are tables: axes of rows, and families that combine them (docs/families.md). Tables and
pure functions in, ordinary cases out; how a case is run, or what comes of it, is not known here.

    tables       reads the tables
    storages     how the modules of a world are stored: source, compiled, archive, memory ...
    products     which rows are put together, and what case that makes
    equivalence  when two cases are the same but for names
"""

from __future__ import annotations

from pathlib import Path

from ..model import FAMILIES, Case
from .equivalence import canonical
from .products import combinations, compose
from .tables import Family, read


def generate(root: Path) -> list[Case]:
    """All generated cases, from the tables in the folder `families` below `root`. Raises CaseError.

    Of cases that are the same but for the names in them, the first one stays.
    """
    return [case for _, cases in by_family(root) for case in cases]


def by_family(root: Path) -> list[tuple[Family, list[Case]]]:
    """The same, each family with its cases."""
    seen: set[object] = set()
    found = []
    for family in read(root / FAMILIES):
        cases = []
        for rows in combinations(family):
            case = compose(family, rows)
            form = canonical(case)
            if form not in seen:
                seen.add(form)
                cases.append(case)
        found.append((family, cases))
    return found
