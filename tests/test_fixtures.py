"""The fixtures themselves: well formed, in their places, one for every clause."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.cases.model import Case
from conformance.clauses import CHAPTERS, registry
from conformance.judge.compare import judge
from conformance.observation.interpreters import Target
from tests.harness import Oracle, cases_of, every_case, target_for

# A fresh interpreter takes ten times as long as a forked process; `nox -s record` starts one for some cases as well.
FRESH_ONE_IN = 16


@pytest.mark.parametrize("case", every_case().values(), ids=list(every_case()))
def test_a_fixture_is_well_formed(case: Case) -> None:
    """It lies in a chapter, says in a sentence what it shows, and names clauses that are judged."""
    assert case.chapter in CHAPTERS
    assert case.summary[:1].isupper() or not case.summary[:1].isalpha()
    assert " " in case.summary
    assert not case.summary.endswith(".")
    assert case.clauses
    for clause in case.clauses:
        assert clause in registry(), f"there is no clause {clause}"
        assert not registry()[clause].untestable
    assert len(set(case.clauses)) == len(case.clauses)


def test_no_two_fixtures_are_the_same_case() -> None:
    """One point, one fixture."""
    digests: dict[str, str] = {}
    for case in every_case().values():
        assert digests.setdefault(case.digest, case.id) == case.id


def test_every_testable_clause_has_a_fixture() -> None:
    """A clause without one reads not-run for ever."""
    missing = [clause.id for clause in registry().values() if not clause.untestable and not cases_of(clause.id)]
    assert not missing


@pytest.mark.parametrize("case", every_case().values(), ids=list(every_case()))
def test_the_oracle_agrees_with_itself_and_its_steps_succeed(case: Case, oracle_of: Callable[[Target], Oracle]) -> None:
    """Twice the same observation, for some in fresh interpreters; and only calls, never a fixture's `do`, may raise."""
    target = target_for(
        ",".join(requirement[len("python") :] for requirement in case.requires if requirement.startswith("python"))
    )
    if target is None:
        pytest.skip("no such Python here")
    oracle = oracle_of(target)
    greeting = oracle.side.greeting
    if case.unmet(greeting.version, greeting.capabilities):
        pytest.skip("not on this platform")
    first = oracle.observe(case)
    again = oracle.side.run(case.plain(), fresh=int(case.digest, 16) % FRESH_ONE_IN == 0).observation
    assert again is not None
    assert judge(case, first, again, version=greeting.version) == []
    for number, (step, seen) in enumerate(zip(case.steps, first["steps"], strict=True), 1):
        if step.kind == "do":
            assert seen["outcome"] == "returned", f"step {number}: {seen['exception']['message']}"
