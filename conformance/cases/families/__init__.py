"""The families: small worlds enumerated completely, without chance.

The words of this package:

- A *row* says what it adds to a case: files, steps, arguments, a part of the summary. An *axis* is a list of rows, of
  which a case takes one: the layouts, the storages, the forms of the call.
- A *family* names some axes. A *combination* is one row of each of them, and makes one case, whose id lists the rows.
  A family takes all combinations that make sense (the *product*), or as few as have each two rows together in one case
  (*pairs*).
- A *slot* is a place in the order of a case's steps, which rows fill: before, between, after.
- A *mark* is a word that a row has, so that other rows can refer to it: "altered", for a call with alter_sys.
- A *storage* says how the modules of a world are stored: as source, compiled, in an archive, in memory.
- Two cases are *equivalent* if renaming the modules of one gives the other. Of these only the first is kept.

    tables       the tables `fixtures/families/*.toml` (docs/families.md) read and checked
    storages     the storages
    products     combinations of rows, and the case that a combination makes
    equivalence  the canonical form of a case, which is equal for equivalent cases

Rules. Tables go in, ordinary cases come out; the same tables give the same cases in the same order. Nothing here knows
how a case is run, or what a run shows.
"""

from __future__ import annotations

from pathlib import Path

from ..model import FAMILIES, Case
from .equivalence import canonical
from .products import combinations, compose
from .tables import Family, read


def generate(root: Path) -> list[Case]:
    """All cases of the tables in the folder `families` below `root`. Raises CaseError.

    Of equivalent cases, only the first is kept.
    """
    return [case for _, cases in by_family(root) for case in cases]


def by_family(root: Path) -> list[tuple[Family, list[Case]]]:
    """All families with their cases, as `generate` has them. Raises CaseError."""
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
