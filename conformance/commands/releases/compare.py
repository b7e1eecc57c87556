"""Compares the `runpy` of two interpreters, and tells the differences in the ledger from new ones.

Rules. This module returns a `Comparison` and prints nothing; its text is made in `text`.

Theory of operation. The older interpreter is the oracle, live or recorded, and the `run_module` of the newer one is the
candidate. The examiner leaves out the effects of the ledger's changes between the two, so that every divergence is a
new difference. If all cases are compared, two further checks follow: each change between the two must be shown by its
own case, and each clause that holds for only one of them should be shown by one of its cases.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ...cases.model import Case
from ...cases.strategies import PROPERTIES
from ...cases.strategies import cases as strategy
from ...clauses import Level, registry
from ...clauses.ledger import Change
from ...judge.expected import Expected
from ...judge.grouping import Grouping, grouped
from ...judge.trial import Trial
from ...observation.batches import batches
from ...observation.build import build_of
from ...observation.interpreters import Target
from ...observation.live import LiveSide
from ...observation.recording import Build, Recordings
from ...observation.replayed import ReplayedSide
from ...observation.side import Side
from ...observation.translated import TranslatedSide, in_shared_words
from ...report import records
from ...report.types import TrialRecord
from ...search.examine import Examiner
from ...search.rounds import search
from .cases_of_changes import case_of

LEVEL = Level.EXACT


@dataclass(frozen=True)
class Interpreter:
    """An interpreter to compare: one that can be started, or a recording (target is None)."""

    build: Build
    target: Target | None

    def __str__(self) -> str:
        return f"{self.name}{'' if self.target else ' (recorded)'}"

    @property
    def name(self) -> str:
        """The name for people, such as "CPython 3.14.10" or "CPython 3.14.10, free-threaded"."""
        return self.build.name


def live(target: Target) -> Interpreter:
    """An interpreter that can be started. Raises BadInterpreter."""
    return Interpreter(build_of(target), target)


@dataclass
class Comparison:
    """The result of comparing two interpreters. It has an attribute for each number and list of the report on it.

    trials: the records of the trials with a difference that is not in the ledger, with those of the search. shown: the
    ids of the cases that show a change, by change. not_shown: the changes between the two that their own case does not
    show. not_run: the changes whose case could not be run, each with the reason. shown_clauses: the clauses that hold
    for only one of the two, each with a case that shows it. silent_clauses: those of them that no case shows. tried,
    drawn: the numbers of cases of the tree and of the search. unconfirmed: the number of cases whose difference did not
    appear again in fresh interpreters. cases: the cases that differ, by id. seconds: the time that it took.
    """

    old: Interpreter
    new: Interpreter
    trials: list[TrialRecord] = field(default_factory=list)
    shown: dict[str, list[str]] = field(default_factory=dict)
    not_shown: list[Change] = field(default_factory=list)
    not_run: dict[str, str] = field(default_factory=dict)
    shown_clauses: dict[str, str] = field(default_factory=dict)
    silent_clauses: list[str] = field(default_factory=list)
    tried: int = 0
    drawn: int = 0
    unconfirmed: int = 0
    cases: dict[str, Case] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def differs(self) -> bool:
        """True if something has to be explained."""
        return bool(self.trials or self.not_shown or self.silent_clauses)

    @property
    def findings(self) -> Grouping:
        """The differences that are not in the ledger, grouped into findings."""
        return grouped([records.symptoms(trial) for trial in self.trials], LEVEL, self.tried)


def compare(
    old: Interpreter,
    new: Interpreter,
    tree: Sequence[Case],
    changes: Sequence[Change],
    *,
    whole: bool = True,
    examples: int = 0,
    seed: int = 0,
    recordings: Recordings | None = None,
) -> Comparison:
    """Compare two interpreters over a tree of cases, and over drawn cases.

    whole: true if the tree has all cases, so that each change between the two must be shown. examples: the number of
    cases to draw for each property. recordings: the recordings that `old` is from, if it is one. Raises AgentError,
    CandidateError, RecordingError.
    """
    began = time.monotonic()
    comparison = Comparison(old, new)
    versions = old.build.version, new.build.version
    expected = [change for change in changes if change.may_show(*versions)]
    sides: list[Side] = []
    try:
        examiner = Examiner(
            _oracle(old, tree, recordings, sides),
            _live_side(new, sides),
            LEVEL,
            Expected([effect for change in expected for effect in change.effects_between(*versions)]),
        )
        between = [change for change in expected if change.between(*versions)]
        case_by_change = {change.id: _for_either(case_of(change), versions) for change in between}
        able = {case.id: case for known in tree if (case := _for_either(known, versions)) is not None}
        own = {case.id: case for case in case_by_change.values() if case is not None and case.id not in able}
        trials = _trials(examiner, [*able.values(), *(own.values() if whole else ())])
        trial_by_id = {trial.case.id: trial for trial in trials}
        for trial in trial_by_id.values():
            comparison.tried += trial.verdict != "not-run"
            comparison.unconfirmed += bool(trial.unconfirmed)
            for name in trial.known:
                comparison.shown.setdefault(name, []).append(trial.case.id)
        comparison.trials = [records.trial_record(trial) for trial in trial_by_id.values() if trial.counts(LEVEL)]
        comparison.cases = {record["id"]: trial_by_id[record["id"]].case for record in comparison.trials}
        if whole:
            _check_changes(comparison, expected, case_by_change, trial_by_id)
            _check_clauses(comparison, expected, trial_by_id.values())
        if old.target is not None and examples:
            _search(comparison, examiner, examples, seed)
    finally:
        for side in sides:
            side.close()
    comparison.seconds = time.monotonic() - began
    return comparison


def _oracle(old: Interpreter, tree: Sequence[Case], recordings: Recordings | None, sides: list[Side]) -> Side:
    if old.target is not None:
        return _live_side(old, sides)
    assert recordings is not None
    return ReplayedSide(recordings, tree, in_shared_words(old.build), frozenset(old.build.capabilities))


def _live_side(interpreter: Interpreter, sides: list[Side]) -> Side:
    assert interpreter.target is not None
    sides.append(LiveSide(interpreter.target, "oracle"))
    return TranslatedSide(sides[-1], interpreter.build)


def _for_either(case: Case, versions: tuple[str, str]) -> Case | None:
    """The case without its condition on the version, if one of the two versions meets it; otherwise None.

    The other version then runs the case, too: what it shows there is the change.
    """
    python = tuple(condition for condition in case.requires if condition.startswith("python"))
    if not python:
        return case
    versioned = replace(case, requires=python)
    if all(versioned.unmet(version, frozenset()) for version in versions):
        return None
    return replace(case, requires=tuple(condition for condition in case.requires if condition not in python))


def _trials(examiner: Examiner, cases: Sequence[Case]) -> Iterator[Trial]:
    together = list(batches(cases))
    for batch, then in zip(together, [*together, ()][1:], strict=True):
        yield from examiner.run_all(batch, then)


def _check_changes(
    comparison: Comparison,
    expected: Sequence[Change],
    case_by_change: dict[str, Case | None],
    trial_by_id: dict[str, Trial],
) -> None:
    """Note the changes between the two interpreters that their own case does not show, or whose case was not run."""
    for change in expected:
        if change.id not in case_by_change:
            continue
        case = case_by_change[change.id]
        trial = trial_by_id.get(case.id) if case is not None else None
        if trial is None or trial.verdict == "not-run":
            comparison.not_run[change.id] = trial.reason if trial else "its case is for neither of the two"
        elif change.id not in trial.known:
            comparison.not_shown.append(change)


def _check_clauses(comparison: Comparison, expected: Sequence[Change], trials: Iterable[Trial]) -> None:
    """Note the clauses that hold for only one of the two interpreters: those that a case shows, and the others."""
    versions = comparison.old.build.version, comparison.new.build.version
    trials_by_clause: dict[str, list[Trial]] = {}
    for trial in trials:
        for name in trial.case.clauses if trial.verdict != "not-run" else ():
            trials_by_clause.setdefault(name, []).append(trial)
    for clause in registry().values():
        if clause.untestable or any(map(clause.is_unsure, versions)) or len(set(map(clause.holds, versions))) == 1:
            continue
        changes = {change.id for change in expected if clause.id in change.clauses}
        cases = [trial.case.id for trial in trials_by_clause.get(clause.id, ()) if changes & set(trial.known)]
        if cases:
            comparison.shown_clauses[clause.id] = min(cases, key=lambda name: (name.count("/"), name))
        elif clause.id in trials_by_clause:
            comparison.silent_clauses.append(clause.id)


def _search(comparison: Comparison, examiner: Examiner, examples: int, seed: int) -> None:
    known = comparison.findings
    for name in PROPERTIES:
        before = known.tried
        for find in search(examiner, strategy(name), name, known, examples=examples, seed=seed):
            if find.trial.counts(LEVEL):
                comparison.trials.append(records.find_record(find))
        comparison.drawn += known.tried - before
