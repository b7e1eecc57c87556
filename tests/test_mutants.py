"""Each wrong implementation is caught by the fixtures of the clause that it breaks, and the clause is named.

And it is told what it breaks at the right level: at --level=documented only of a promise that the library reference
makes.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import pytest

from conformance import FIXTURES
from conformance.cases.families import generate
from conformance.cases.model import Case
from conformance.clauses import CHAPTERS_OF_COMMANDS, Level, registry
from conformance.judge.compare import judge
from conformance.judge.levels import level_in
from conformance.observation.interpreters import Target
from conformance.observation.live import LiveSide
from tests.harness import Mutant, Oracle, all_cases, cases_of, judged, mutants, replies, target_for

OWN = list(mutants())
ALSO_DOCUMENTED = Path(__file__).resolve().parent / "also_documented.toml"
EVERY = 40  # one in so many of the generated cases is tried
SHARES = 18  # each softer mutant is tried by one of so many shares of the cases, whatever other mutants there are


@dataclass(frozen=True)
class Running:
    """A mutant at work."""

    mutant: Mutant
    oracle: Oracle
    candidate: LiveSide

    @property
    def level(self) -> Level:
        """The level of the clause that it breaks."""
        return registry()[self.mutant.clause].level


@pytest.fixture(scope="module", params=range(len(OWN)), ids=lambda number: OWN[number].id)
def running(
    request: pytest.FixtureRequest, oracle_of: Callable[[Target], Oracle], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """Each mutant, for all tests of it."""
    mutant = OWN[request.param]
    target = target_for(mutant.versions)
    if target is None:
        pytest.skip(f"no Python {mutant.versions} here")
    path = tmp_path_factory.mktemp("mutant") / "candidate.py"
    path.write_text(mutant.source(), encoding="utf-8")
    candidate = LiveSide(target, str(path))
    yield Running(mutant, oracle_of(target), candidate)
    candidate.close()


def test_a_mutant_is_caught_and_its_clause_named(running: Running) -> None:
    """At least one of the clause's own cases has a cause that names it."""
    clause = running.mutant.clause
    named: set[str] = set()
    for case in cases_of(clause):
        found = judged(running.oracle, running.candidate, case, max(running.level, Level.COMPAT)) or ()
        named |= {divergence.signature.clause for divergence in found if divergence.cause}
        if clause in named:
            return
    pytest.fail(f"{running.mutant.summary}: named instead: {sorted(named) or 'nothing'}")


def test_a_mutant_is_told_of_a_documented_promise_if_it_breaks_one(running: Running) -> None:
    """By at least one case that rests on nothing else; and at --level=documented a softer mutant passes."""
    mutant = running.mutant
    greeting = running.oracle.side.greeting
    is_firm = running.level == Level.DOCUMENTED
    # The reference's two functions share their last steps, so that a mutant of one shows in the other as well.
    function = "run_path" if mutant.clause.startswith("P-") else "run_module"
    share = crc32(mutant.summary.encode()) % SHARES
    cases = cases_of(mutant.clause) if is_firm else plain_cases(greeting.version, function)[share::SHARES]
    named = documented_causes(
        running, [case for case in cases if not case.unmet(greeting.version, greeting.capabilities)]
    )
    if is_firm:
        assert named or mutant.summary in exceptions("soft")
    elif mutant.summary not in exceptions("mutant") and not registry()[mutant.clause].is_consequence:
        assert not named, f"{mutant.summary}: " + "; ".join(named)


def documented_causes(running: Running, cases: Sequence[Case]) -> list[str]:
    """The causes at the level documented in some cases, which follow one another in one process."""
    version = running.oracle.side.greeting.version
    found = []
    for case, reply in replies(running.candidate, cases):
        # To judge two equal results takes longer than all the rest.
        if reply.line != running.oracle.reply(case).line and reply.observation is not None:
            ours = running.oracle.observe(case)
            found += [
                f"{case.id}: {divergence.signature}: {divergence.where}"
                for divergence in judge(case, ours, reply.observation, version=version, level=Level.DOCUMENTED)
                if divergence.cause and divergence.level == Level.DOCUMENTED
            ]
    return found


@functools.cache
def plain_cases(version: str, function: str) -> tuple[Case, ...]:
    """The cases of a function that rest on nothing but what is documented: all fixtures, and some of families."""
    clauses = registry()
    documented = next(clause.id for clause in clauses.values() if clause.level == Level.DOCUMENTED)
    every = sorted(generate(FIXTURES), key=lambda case: case.digest)
    fixtures, generated = (
        [case for case in cases if level_in(case, documented, version, clauses) == Level.DOCUMENTED]
        for cases in (all_cases().values(), every)
    )
    return tuple(case for case in (*fixtures, *generated[::EVERY]) if case.functions <= {function})


@functools.cache
def exceptions(kind: str) -> dict[str, str]:
    """The exceptions that a table lists, by summary of the mutant, with the reason.

    kind: "mutant" for soft ones that break a documented promise besides, "soft" for others that only soft cases show.
    """
    entries = tomllib.loads(ALSO_DOCUMENTED.read_text(encoding="utf-8"))[kind]
    return {entry["summary"]: entry["reason"] for entry in entries}


def test_each_exception_is_a_mutant() -> None:
    """A summary that stands in no table of mutants excuses nothing."""
    firm, soft = (
        {mutant.summary for mutant in OWN if (registry()[mutant.clause].level == Level.DOCUMENTED) is is_firm}
        for is_firm in (True, False)
    )
    assert exceptions("soft").keys() <= firm
    assert exceptions("mutant").keys() <= soft


def test_every_firm_clause_has_a_mutant() -> None:
    """A clause that nobody has seen break is not known to be tested."""
    have = {mutant.clause for mutant in OWN}
    firm = [
        clause.id
        for clause in registry().values()
        if not clause.untestable and clause.level <= Level.COMPAT and clause.id not in have
        if clause.chapter not in CHAPTERS_OF_COMMANDS  # tests/launchers/ has wrong launchers for these
    ]
    assert not firm
