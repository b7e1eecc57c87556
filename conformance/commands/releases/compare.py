"""Two interpreters side by side: in what their own `runpy` differ, and whether it is in the ledger.

The older one is the oracle, live or recorded, and the newer one's `run_module` the candidate; the examiner takes out
what the ledger expects between the two. What is left is new. Knows nothing of how it is told.
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
    """One of the two: an interpreter that is here, or what was recorded of one."""

    build: Build
    target: Target | None

    def __str__(self) -> str:
        return f"{self.name}{'' if self.target else ' (recorded)'}"

    @property
    def name(self) -> str:
        """How people call it: "CPython 3.14.10"; with flags, "CPython 3.14.10t"."""
        name = {"cpython": "CPython", "pypy": "PyPy"}.get(self.build.implementation, self.build.implementation)
        return f"{name} {self.build.version}{self.build.abiflags}"


def live(target: Target) -> Interpreter:
    """An interpreter that is here. Raises BadInterpreter."""
    return Interpreter(build_of(target), target)


@dataclass
class Comparison:
    """What came of two interpreters.

    trials: records of what differs and is not in the ledger, those of the search among them. shown: change -> cases
    that show it. gone: changes that lie between the two and that their own case does not show. unseen: those whose case
    could not be run, with the reason. boundaries: clauses that hold for one of the two only, with a case of theirs that
    shows it; `silent` are those that have cases, of which none does. tried, drawn: numbers of cases. cases: those that
    differ, by id.
    """

    old: Interpreter
    new: Interpreter
    trials: list[TrialRecord] = field(default_factory=list)
    shown: dict[str, list[str]] = field(default_factory=dict)
    gone: list[Change] = field(default_factory=list)
    unseen: dict[str, str] = field(default_factory=dict)
    boundaries: dict[str, str] = field(default_factory=dict)
    silent: list[str] = field(default_factory=list)
    tried: int = 0
    drawn: int = 0
    shaky: int = 0
    cases: dict[str, Case] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def differs(self) -> bool:
        """Whether there is something to explain."""
        return bool(self.trials or self.gone or self.silent)

    @property
    def findings(self) -> Grouping:
        """What differs and is not in the ledger, each thing once."""
        return grouped([records.symptoms(one) for one in self.trials], LEVEL, self.tried)


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
    """Compare two interpreters over cases, and over so many that are drawn for each property.

    whole: these are all cases, so that each change between the two is to show. recordings: those that `old` is from, if
    it is not here. Raises AgentError, CandidateError, RecordingError.
    """
    began = time.monotonic()
    found = Comparison(old, new)
    versions = old.build.version, new.build.version
    expected = [one for one in changes if one.may_show(*versions)]
    sides: list[Side] = []
    try:
        examiner = Examiner(
            _oracle(old, tree, recordings, sides),
            _live_side(new, sides),
            LEVEL,
            Expected([effect for one in expected for effect in one.effects]),
        )
        own = {one.id: _for_either(case_of(one), versions) for one in expected if one.between(*versions)}
        able = {case.id: case for one in tree if (case := _for_either(one, versions)) is not None}
        extra = {case.id: case for case in own.values() if case is not None and case.id not in able} if whole else {}
        results = {one.case.id: one for one in _trials(examiner, [*able.values(), *extra.values()])}
        for trial in results.values():
            found.tried += trial.verdict != "not-run"
            found.shaky += bool(trial.unconfirmed)
            for name in trial.known:
                found.shown.setdefault(name, []).append(trial.case.id)
        found.trials = [records.trial_record(one) for one in results.values() if one.counts(LEVEL)]
        found.cases = {one["id"]: results[one["id"]].case for one in found.trials}
        if whole:
            _missing(found, expected, own, results)
            _boundaries(found, expected, results.values())
        if old.target is not None and examples:
            _search(found, examiner, examples, seed)
    finally:
        for side in sides:
            side.close()
    found.seconds = time.monotonic() - began
    return found


def _oracle(old: Interpreter, tree: Sequence[Case], recordings: Recordings | None, sides: list[Side]) -> Side:
    if old.target is not None:
        return _live_side(old, sides)
    assert recordings is not None
    return ReplayedSide(recordings, tree, in_shared_words(old.build), frozenset(old.build.capabilities))


def _live_side(one: Interpreter, sides: list[Side]) -> Side:
    assert one.target is not None
    sides.append(LiveSide(one.target, "oracle"))
    return TranslatedSide(sides[-1], one.build)


def _for_either(case: Case, versions: tuple[str, str]) -> Case | None:
    """A case that is meant for some versions of the language, for both if it is meant for one of the two.

    What the other one does with it is the change.
    """
    python = tuple(one for one in case.requires if one.startswith("python"))
    if not python:
        return case
    asked = replace(case, requires=python)
    if all(asked.unmet(version, frozenset()) for version in versions):
        return None
    return replace(case, requires=tuple(one for one in case.requires if one not in python))


def _trials(examiner: Examiner, cases: Sequence[Case]) -> Iterator[Trial]:
    together = list(batches(cases))
    for batch, then in zip(together, [*together, ()][1:], strict=True):
        yield from examiner.run_all(batch, then)


def _missing(
    found: Comparison, expected: Sequence[Change], own: dict[str, Case | None], results: dict[str, Trial]
) -> None:
    for change in expected:
        if change.id not in own:
            continue
        case = own[change.id]
        trial = results.get(case.id) if case is not None else None
        if trial is None or trial.verdict == "not-run":
            found.unseen[change.id] = trial.reason if trial else "its case is for neither of the two"
        elif change.id not in trial.known:
            found.gone.append(change)


def _boundaries(found: Comparison, expected: Sequence[Change], trials: Iterable[Trial]) -> None:
    versions = found.old.build.version, found.new.build.version
    own: dict[str, list[Trial]] = {}
    for trial in trials:
        for name in trial.case.clauses if trial.verdict != "not-run" else ():
            own.setdefault(name, []).append(trial)
    for clause in registry().values():
        if clause.untestable or any(map(clause.is_unsure, versions)) or len(set(map(clause.holds, versions))) == 1:
            continue
        changes = {change.id for change in expected if clause.id in change.clauses}
        shown = [trial.case.id for trial in own.get(clause.id, ()) if changes & set(trial.known)]
        if shown:
            found.boundaries[clause.id] = min(shown, key=lambda name: (name.count("/"), name))
        elif clause.id in own:
            found.silent.append(clause.id)


def _search(found: Comparison, examiner: Examiner, examples: int, seed: int) -> None:
    known = found.findings
    for name in PROPERTIES:
        before = known.tried
        for find in search(examiner, strategy(name), name, known, examples=examples, seed=seed):
            if find.trial.counts(LEVEL):
                found.trials.append(records.find_record(find))
        found.drawn += known.tried - before
