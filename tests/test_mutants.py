"""Each wrong implementation is caught by the fixtures of the clause that it breaks, and the clause is named."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.clauses import Level, registry
from conformance.observation.interpreters import Target
from conformance.observation.live import LiveSide
from tests.harness import Mutant, Oracle, cases_of, judged, mutants, target_for

OWN = list(mutants())


@pytest.mark.parametrize("mutant", OWN, ids=lambda mutant: mutant.id)
def test_a_mutant_is_caught_and_its_clause_named(
    mutant: Mutant, oracle_of: Callable[[Target], Oracle], candidate_of: Callable[[Target, str], LiveSide]
) -> None:
    """At least one of the clause's own cases has a cause that names it."""
    target = target_for(mutant.versions)
    if target is None:
        pytest.skip(f"no Python {mutant.versions} here")
    oracle, candidate = oracle_of(target), candidate_of(target, mutant.source())
    level = registry()[mutant.clause].level
    named: set[str] = set()
    for case in cases_of(mutant.clause):
        for divergence in judged(oracle, candidate, case, max(level, Level.COMPAT)) or ():
            if divergence.cause:
                named.add(divergence.signature.clause)
    assert mutant.clause in named, f"{mutant.summary}: named instead: {sorted(named) or 'nothing'}"


def test_every_firm_clause_has_a_mutant() -> None:
    """A clause that nobody has seen break is not known to be tested."""
    have = {mutant.clause for mutant in OWN}
    firm = [
        clause.id
        for clause in registry().values()
        if not clause.untestable and clause.level <= Level.COMPAT and clause.id not in have
    ]
    assert not firm
