"""Trying a case: what counts only when fresh interpreters show it again, and what is set apart."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from conformance.cases.model import Case, Step
from conformance.clauses import Level
from conformance.observation.side import NOT_RUN, AgentError, Reply, Side
from conformance.search.examine import Examiner, SmokeFailed
from tests.fake_side import FakeSide
from tests.test_judge import observation

CASE = Case(files={}, steps=(Step("call", "run_module('m')"),), id="packages/made_up", clauses=("MAIN-SUBMODULE",))


DIFFERENT = [replace(CASE, argv=("prog", str(n)), id=f"packages/different_{n}") for n in range(12)]

EXCEPTION: dict[str, Any] = {
    "exception": "TypeError",
    "message": "no",
    "bases": ["Exception"],
    "args": ["no"],
    "cause": None,
}
EXCEPTION |= {"context": None, "suppress_context": False, "frames": []}


def done(seen: Mapping[str, Any]) -> Reply:
    """An observation, as it comes."""
    return Reply("done", None, json.dumps(seen).encode())


def right() -> Reply:
    """The observation of the oracle."""
    return done(observation())


def wrong(field: str = "stdout") -> Reply:
    """One field is different."""
    seen = copy.deepcopy(observation())
    seen["steps"][0][field] = "noise"
    return done(seen)


def examiner(candidate: Side, oracle: Side | None = None) -> Examiner:
    """An examiner of two fakes."""
    return Examiner(oracle or FakeSide(right()), candidate, Level.COMPAT)


def test_agreement_is_not_confirmed() -> None:
    """One run of each side."""
    candidate = FakeSide(right())
    assert examiner(candidate).run(CASE).verdict == "agrees"
    assert candidate.started == [False]


def test_who_raised_is_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception from the oracle's own code comes from the candidate's on the other side: nothing is to be judged."""

    def said(from_runpy: bool, text: str = "") -> Reply:
        exception = {**EXCEPTION, "message": text, "from_runpy": from_runpy}
        return done({"steps": [{"outcome": "raised", "exception": exception}]})

    def never(*given: object, **more: object) -> None:
        raise AssertionError("judged")

    monkeypatch.setattr("conformance.search.examine.judge", never)
    assert examiner(FakeSide(said(False)), FakeSide(said(True))).run(CASE).verdict == "agrees"
    with pytest.raises(AssertionError, match="judged"):
        examiner(FakeSide(said(False, '"from_runpy": true')), FakeSide(said(True, '"from_runpy": false'))).run(CASE)


def test_each_divergence_is_shown_twice_and_the_first_ones_by_fresh_interpreters() -> None:
    """No case counts because another one has shown the same."""
    candidate = FakeSide(wrong())
    both = examiner(candidate)
    for case in DIFFERENT[:5]:
        trial = both.run(case)
        assert trial.verdict == "diverges"
        assert trial.counts(Level.COMPAT)
    assert candidate.started == [False, True] * 3 + [False, False] * 2


def test_what_fresh_interpreters_do_not_show_never_counts() -> None:
    """It is kept apart, with what it was."""
    trial = examiner(FakeSide(wrong(), right())).run(CASE)
    assert trial.verdict == "agrees"
    assert not trial.divergences
    assert [divergence.signature.field for divergence in trial.unconfirmed] == ["stdout"]


def test_what_they_show_instead_does_not_count_either() -> None:
    """Only what both runs have in common."""
    trial = examiner(FakeSide(wrong("stdout"), wrong("stderr"))).run(CASE)
    assert not trial.divergences
    assert trial.unconfirmed


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (Reply("signal", 11), "crashes"),
        (Reply("exit", 0), "crashes"),
        (Reply("lost", "the agent is gone"), "crashes"),
        (Reply("hang", 10.0), "hangs"),
    ],
)
def test_no_observation_is_a_divergence(reply: Reply, verdict: str) -> None:
    """With a verdict of its own."""
    trial = examiner(FakeSide(reply)).run(CASE)
    assert trial.verdict == verdict
    assert trial.counts(Level.DOCUMENTED)


def test_an_oracle_without_observation_is_the_suites_own_fault() -> None:
    """Nobody is blamed for it."""
    with pytest.raises(AgentError, match="the oracle itself gave no observation"):
        examiner(FakeSide(right()), FakeSide(Reply("signal", 9))).run(CASE)


def test_unsupported_and_unmet_cases_are_told_apart() -> None:
    """By the candidate's word, and by the target's."""
    assert examiner(FakeSide(done({"unsupported": "no"}))).run(CASE).verdict == "unsupported"
    needy = Case(files={}, steps=CASE.steps, id="packages/x", requires=("python>=3.14",))
    trial = examiner(FakeSide(right())).run(needy)
    assert (trial.verdict, trial.reason) == ("not-run", "python>=3.14 is required")


def test_a_case_that_looks_at_the_result_needs_to_see_it() -> None:
    """Otherwise its own statements would fail, and blame the candidate."""
    looking = Case(files={}, steps=(*CASE.steps, Step("do", "x = result['x']")), id="packages/x")
    blind = FakeSide(right(), unseen={"result": "it returns nothing"})
    trial = examiner(blind).run(looking)
    assert (trial.verdict, trial.reason) == ("unsupported", "it returns nothing")
    assert examiner(blind).run(CASE).verdict == "agrees"


def test_the_smoke_check_tells_a_broken_adapter() -> None:
    """It raises before the module ran; a wrong result is left to the cases."""
    seen = copy.deepcopy(observation())
    examiner(FakeSide(done(seen))).smoke()
    step = seen["steps"][0]
    step.update(outcome="raised", exception=EXCEPTION)
    examiner(FakeSide(done(seen))).smoke()
    step["events"] = []
    with pytest.raises(SmokeFailed, match="raises TypeError"):
        examiner(FakeSide(done(seen))).smoke()


THREE = [replace(CASE, id=f"packages/made_up_{n}") for n in range(3)]


def test_several_cases_share_a_process() -> None:
    """One request for all, and one more for the sample."""
    candidate = FakeSide(right())
    assert [trial.verdict for trial in examiner(candidate).run_all(THREE)] == ["agrees"] * 3
    assert len(candidate.started) == 2


def test_a_candidate_whose_runs_are_not_seen_in_a_shared_process_has_none() -> None:
    """The smoke check shows it: what differs there is not even looked at."""
    unseen = copy.deepcopy(observation())
    unseen["steps"][0]["events"] = []
    candidate = FakeSide(right(), shared=[done(unseen)] * 2)
    both = examiner(candidate)
    both.smoke()
    del candidate.started[:]
    assert [(trial.verdict, trial.unconfirmed) for trial in both.run_all(THREE)] == [("agrees", ())] * 3
    assert len(candidate.started) == 3


def test_what_differs_in_a_shared_process_is_tried_again_alone() -> None:
    """A difference counts if fresh interpreters show it, and is set apart if they do not."""
    shared = [right(), wrong(), right()]
    trials = examiner(FakeSide(right(), shared=shared)).run_all(THREE)
    assert [(trial.verdict, len(trial.unconfirmed)) for trial in trials] == [
        ("agrees", 0),
        ("agrees", 1),
        ("agrees", 0),
    ]
    candidate = FakeSide(wrong())
    assert [trial.verdict for trial in examiner(candidate).run_all(THREE)] == ["diverges"] * 3
    together, sample, first, confirmed, again = False, False, False, True, False
    assert candidate.started == [together, sample, first, confirmed, again]


@pytest.mark.parametrize("side", ["oracle", "candidate"])
def test_cases_that_reach_into_one_another_are_all_tried_alone(side: str) -> None:
    """The sample shows it: what agreed before may have agreed for the wrong reason."""
    leaking, sound = FakeSide(right(), shared=[wrong()] * 3), FakeSide(right())
    both = examiner(sound, leaking) if side == "oracle" else examiner(leaking, sound)
    trials = both.run_all(THREE)
    assert [(trial.verdict, trial.unconfirmed) for trial in trials] == [("agrees", ())] * 3
    assert len(leaking.started) == 1 + 1 + 3
    for _ in range(3):
        both.run_all(THREE)
    assert len(leaking.started) == 3 * 5 + 3, "it is given up in the end"


def test_cases_that_were_not_reached_are_tried_alone() -> None:
    """And so is the one that did not end."""
    candidate = FakeSide(right(), shared=[right(), Reply("exit", 3), NOT_RUN])
    assert [trial.verdict for trial in examiner(candidate).run_all(THREE)] == ["agrees"] * 3
    assert len(candidate.started) == 1 + 1 + 2


def test_generated_cases_are_left_out_when_too_many_hang() -> None:
    """Otherwise a candidate that hangs everywhere would take hours; those that hung are told."""
    hanging = examiner(FakeSide(Reply("hang", 10.0)))
    trials = hanging.run_all([replace(case, id=f"families/{case.id}") for case in THREE])
    assert [trial.verdict for trial in trials] == ["hangs", "hangs", "not-run"]
    assert trials[2].reason == "4 runs before it did not end", "each of the cases that hang is run twice"
    assert [trial.verdict for trial in hanging.run_all(THREE)] == ["hangs"] * 3


@pytest.mark.parametrize(
    ("family", "level", "wrong_field", "not_run"),
    [
        ("families/together", Level.COMPAT, "stdout", 4),
        ("families/varied", Level.COMPAT, "stdout", 4),
        ("families/places", Level.COMPAT, "stdout", 0),
        ("families/together", Level.DOCUMENTED, "stdout", 0),
        ("families/together", Level.COMPAT, "", 0),
    ],
)
def test_cases_made_of_fixtures_are_left_out_where_most_differ(
    family: str, level: Level, wrong_field: str, not_run: int
) -> None:
    """Only those, and only if what differs fails the run; the rest of the batch says why, and the next one is tried."""
    candidate = FakeSide(wrong(wrong_field) if wrong_field else right())
    both = Examiner(FakeSide(right()), candidate, level)
    batch = [replace(CASE, argv=("prog", str(number)), id=f"{family}/made_up.{number}") for number in range(24)]
    trials = both.run_all(batch)
    assert [trial.case.id for trial in trials] == [case.id for case in batch]
    left_out = [trial for trial in trials if trial.verdict == "not-run"]
    assert left_out == trials[24 - not_run :]
    assert all(trial.reason.startswith("most of the first 20 cases like it differ") for trial in left_out)
    assert [trial.verdict for trial in both.run_all(batch[20:])] == ["diverges" if wrong_field else "agrees"] * 4


def test_what_comes_next_is_begun_before_it_is_asked_for() -> None:
    """It is not begun a second time; and if something else is asked for, that is what comes."""
    candidate = FakeSide(right(), shared=[right(), right(), wrong()])
    both = examiner(candidate)
    after = [replace(case, id=f"{case.id}_too") for case in THREE]
    both.run_all(THREE, after)
    begun = len(candidate.started)
    both.run_all(after, THREE)
    assert len(candidate.started) == begun + 3, "the sample, the one that differs, and the next batch"
    trial = both.run(CASE)
    assert (trial.case.id, trial.verdict) == (CASE.id, "agrees")


class LeakingSide(FakeSide):
    """A side whose output depends on the case before in the same process.

    output: returns what a case prints, from the argument of the case before ("" for the first) and its own.
    """

    def __init__(self, output: Callable[[str, str], str]) -> None:
        super().__init__(right())
        self._output = output
        self._arguments: list[str] = []
        self.asked: list[list[str]] = []  # the arguments of the cases, for each process

    def start(self, cases: Sequence[Mapping[str, Any]], *, fresh: bool = False) -> None:
        """Note the arguments of the cases."""
        super().start(cases, fresh=fresh)
        self._arguments = [case["argv"][-1] for case in cases]
        self.asked.append(self._arguments)

    def finish(self) -> list[Reply]:
        """A reply for each case."""
        replies = []
        for before, own in zip(["", *self._arguments], self._arguments, strict=False):
            seen = copy.deepcopy(observation())
            if printed := self._output(before, own):
                seen["steps"][0]["stdout"] = printed
            replies.append(done(seen))
        return replies


def sampled(cases: Sequence[Case]) -> int:
    """The index of the case that is the sample of a batch."""
    return int(cases[0].digest, 16) % len(cases)


def test_what_another_case_has_left_behind_does_not_count() -> None:
    """A case that differs only after some other case agrees, and what it showed is kept apart."""
    after = DIFFERENT[(sampled(DIFFERENT) + 2) % 12]
    leaking = LeakingSide(lambda before, own: "noise" if own == after.argv[-1] and before else "")
    trials = examiner(leaking).run_all(DIFFERENT)
    assert [trial.verdict for trial in trials] == ["agrees"] * 12
    assert [trial.case.id for trial in trials if trial.unconfirmed] == [after.id]


def test_a_case_counts_by_what_it_shows_itself() -> None:
    """Not by what it shows with the leavings of another, although that breaks the same clause."""
    leaking = LeakingSide(lambda before, own: f"noise {before} {own}" if own in "12" else "")
    trials = {trial.case.argv[-1]: trial for trial in examiner(leaking).run_all(DIFFERENT)}
    assert [name for name, trial in trials.items() if trial.counts(Level.COMPAT)] == ["1", "2"]
    assert [trials[name].divergences[0].candidate for name in "12"] == ["noise  1", "noise  2"]


def test_cases_that_differ_in_a_known_way_are_shown_again_together_in_the_opposite_order() -> None:
    """The oracle runs the first of them again, and is believed then."""
    candidate = LeakingSide(lambda before, own: "noise")
    oracle = FakeSide(right())
    assert [trial.verdict for trial in examiner(candidate, oracle).run_all(DIFFERENT)] == ["diverges"] * 12
    arguments = [case.argv[-1] for case in DIFFERENT]
    assert arguments[:0:-1] in candidate.asked
    assert oracle.rerun_cases == 2, "the first case was run again by itself"


def test_what_only_forked_processes_show_does_not_count() -> None:
    """Then no case shares a process any more, and fresh interpreters are asked about each that differs."""
    candidate = FakeSide(wrong(), right())
    trials = examiner(candidate).run_all(DIFFERENT[:3])
    assert [(trial.verdict, len(trial.unconfirmed)) for trial in trials] == [("agrees", 1)] * 3
    assert candidate.started == [False, False, *[False, True] * 3]


def test_cases_are_glanced_at_without_confirmation() -> None:
    """As many drawn cases are, of which those that are offered are confirmed later."""
    candidate = FakeSide(wrong())
    assert [trial.verdict for trial in examiner(candidate).glance_all(DIFFERENT)] == ["diverges"] * 12
    assert candidate.started == [False, False], "together, and the sample"
