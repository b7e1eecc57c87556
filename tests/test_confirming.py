"""Confirming the cases that lead findings: what fresh interpreters do not show counts nowhere, and is told."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.cases.model import Case
from conformance.clauses import Level
from conformance.commands.confirming import Confirming
from conformance.judge.trial import Trial
from conformance.report.findings import findings
from conformance.report.records import divergence_of
from conformance.report.types import TrialRecord
from conformance.search.examine import Examiner
from tests import made
from tests.harness import conformance
from tests.test_trial import CASE

DIFFERENCE = made.divergence()


class FakeExaminer(Examiner):
    """Shows the divergence afresh, or does not, as a function says. calls: the ids of the cases asked for."""

    def __init__(self, shows: Callable[[str], bool]) -> None:
        self._shows = shows
        self.calls: list[str] = []

    def is_confirmed(self, case: Case) -> bool:
        """None has been confirmed."""
        return False

    def afresh(self, case: Case) -> Trial:
        """The trial of a case."""
        self.calls.append(case.id)
        return Trial(case, "diverges", (divergence_of(DIFFERENCE),) if self._shows(case.id) else ())


def records(count: int, unconfirmed: int = 0) -> list[TrialRecord]:
    """Trials that differ in the same way; and some that did so only once."""
    trials = [made.trial(f"packages/case_{n:02}", DIFFERENCE) for n in range(count)]
    return [*trials, *(made.trial(f"packages/once_{n}", unconfirmed=[DIFFERENCE]) for n in range(unconfirmed))]


def confirmed(
    trials: Sequence[TrialRecord], shows: Callable[[str], bool], *, reproduced: bool = True
) -> tuple[list[TrialRecord], list[str]]:
    """The trials that are left in the end, and the cases that were run for that."""
    examiner = FakeExaminer(shows)
    cases = {trial["id"]: replace(CASE, id=trial["id"]) for trial in trials}
    confirming = Confirming(examiner, lambda names: cases, lambda case, finding: reproduced)
    kept = list(trials)
    while (revised := confirming.unconfirmed(findings(kept, Level.COMPAT), kept)) is not None:
        kept = revised
    return kept, examiner.calls


def counting(trials: Sequence[TrialRecord]) -> list[str]:
    """The cases that count."""
    return [trial["id"] for trial in trials if trial["divergences"]]


def test_a_finding_is_confirmed_by_the_case_that_leads_it() -> None:
    """One case is enough, and all others keep what they have."""
    trials = records(9)
    kept, calls = confirmed(trials, lambda name: True)
    assert (kept, len(calls)) == (trials, 1)


def test_the_next_case_leads_where_the_first_is_not_confirmed() -> None:
    """And the first case counts no longer."""
    kept, calls = confirmed(records(9), lambda name: name != "packages/case_00")
    assert counting(kept) == [f"packages/case_{n:02}" for n in range(1, 9)]
    assert kept[0]["unconfirmed"] == [DIFFERENCE]
    assert kept[0]["verdict"] == "agrees"
    assert calls == ["packages/case_00", "packages/case_01"]


def test_what_several_cases_do_not_show_counts_in_none() -> None:
    """After three of them the others are not tried."""
    kept, calls = confirmed(records(9), lambda name: False)
    assert counting(kept) == []
    assert len(calls) == 3


@pytest.mark.parametrize(("field", "counts"), [("outcome", False), ("audit.open", True)])
def test_a_find_whose_reproducer_shows_nothing_does_not_count(field: str, counts: bool) -> None:
    """Unless it is about something that only the suite sees."""
    difference = {**DIFFERENCE, "field": field}
    trials: list[TrialRecord] = [made.trial("search/packages/1", difference, fixture="x")]
    examiner = FakeExaminer(lambda name: True)
    examiner.is_confirmed = lambda case: True  # type: ignore[method-assign]
    confirming = Confirming(examiner, lambda names: dict.fromkeys(names, CASE), lambda case, finding: False)
    revised = confirming.unconfirmed(findings(trials, Level.COMPAT), trials)
    assert (revised is None) == counts


@pytest.mark.parametrize("random", [True, False])
def test_what_was_not_the_same_twice_elsewhere_has_to_be_shown_by_several_cases(random: bool) -> None:
    """A candidate that is wrong at random is wrong twice in some cases."""
    answers = itertools.cycle([True, False])
    kept, calls = confirmed(records(9, unconfirmed=1), lambda name: next(answers) if random else True)
    assert len(counting(kept)) == (0 if random else 9)
    assert len(calls) == (2 if random else 10)


COUNTING = """
import hashlib, os, runpy
from pathlib import Path
count = Path({count!r})
calls = 0


def run_module(*given, **named):
    global calls
    calls += 1
    with count.open("a") as file:
        file.write("x")
    found = runpy.run_module(*given, **named)
    if {wrong}:
        found["__doc__"] = "own"
    return found
"""


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        # One call in sixteen, as far as anybody can tell from outside.
        ("hashlib.sha256(str(count.stat().st_size).encode()).digest()[0] % 16 == 0", 0),
        ("calls > 20", 0),
        ("count.stat().st_size > 60", 1),
    ],
    ids=["at random", "after other cases", "from some moment on"],
)
def test_a_candidate_that_is_not_always_the_same(wrong: str, status: int, tmp_path: Path) -> None:
    """A thing that it does once is told, with what differed, and is no finding; one that it keeps doing is."""
    path = tmp_path / "odd.py"
    path.write_text(COUNTING.format(count=str(tmp_path / "count"), wrong=wrong))
    done = conformance(
        f"--impl={path}", "packages", "module_names", f"--finds={tmp_path}", XDG_CACHE_HOME=str(tmp_path)
    )
    assert done.returncode == status, done.stdout + done.stderr
    if status:
        assert "The first case that diverges (the run goes on" in done.stdout
        assert "DOC-FROM-DOCSTRING" in done.stdout
    else:
        assert "and not when run again; that does not count:" in done.stdout
        assert "candidate 'own'" in done.stdout
        assert "finding" not in done.stdout.splitlines()[-2]
