"""Confirms in fresh interpreters what the findings of a run rest on, before the run is judged.

Rules. This module decides which records of trials no longer count, and changes nothing else. Knows nothing of reports.

Theory of operation. While a run goes on, a case counts if two processes that were forked for it, or for many cases,
have shown the same. At the end the case that leads each finding is run by itself: those of the first findings in fresh
interpreters, and those of the others in processes of their own, since fresh interpreters have shown by then what forked
processes show. If a case does not show its divergence, that is unconfirmed, the findings are made again, and their
leading cases are run, until all that lead are confirmed. A divergence that several cases of a finding fail to show
counts in no case. A find of the search has to show itself without the suite as well: it is unconfirmed if its
reproducer finds no difference, although what differs is the course of the run. A candidate that is wrong at random may
be wrong in the same way twice: if a divergence was not the same twice in some other case, several cases of the finding
have to show it in fresh interpreters, each of them twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from ..cases.model import Case
from ..judge.divergence import Signature
from ..observation.side import AgentError
from ..report.findings import MOST_SHOWN, Finding
from ..report.records import signature_of
from ..report.types import TrialRecord
from ..search.examine import Examiner

_FRESH = 6  # findings whose leading cases are run in fresh interpreters, which takes some tenths of a second each
_CASES, _TIMES = 5, 2  # cases of a finding that may be random, and how often each has to show it
# The fields that say which modules are executed and how a call ends: a reproducer sees these as the suite does.
_COURSE = ("executions.run", "executions.import", "outcome", "exception.type")
_MOST_LOST = 3  # cases that do not show a divergence, before it counts in no case


class Confirming:
    """The trials of the cases that lead findings in fresh interpreters.

    cases_of: returns the cases with some ids, by id. reproduces: runs the reproducer of a case that leads a finding;
    returns True if it shows a difference.
    """

    def __init__(
        self,
        examiner: Examiner,
        cases_of: Callable[[Sequence[str]], Mapping[str, Case]],
        reproduces: Callable[[Case, Finding], bool],
    ) -> None:
        self._examiner = examiner
        self._reproduces = reproduces
        self._cases_of = cases_of
        self._tried: set[tuple[str, Signature]] = set()
        self._lost: Counter[Signature] = Counter()
        self._unsteady: set[tuple[str, str]] | None = None  # what was not the same twice in some case

    def unconfirmed(self, findings: Sequence[Finding], trials: Sequence[TrialRecord]) -> list[TrialRecord] | None:
        """The records of the trials without what fresh interpreters do not show; None if all findings are confirmed.

        findings: those of the trials. Raises CandidateError.
        """
        if self._unsteady is None:
            self._unsteady = {_what(signature_of(lost)) for trial in trials for lost in trial["unconfirmed"]}
        new = [finding for finding in findings[:MOST_SHOWN] if self._key(finding) not in self._tried]
        wanted = {
            self._key(finding): _ids(finding, _CASES if self._is_unsteady(signature_of(finding.divergence)) else 1)
            for finding in new
        }
        self._tried.update(wanted)
        cases = self._cases_of(list(dict.fromkeys(name for names in wanted.values() for name in names)))
        gone: set[tuple[str, Signature]] = set()  # what does not count in a case
        nowhere: set[Signature] = set()  # what counts in no case
        for number, finding in enumerate(new):
            signature = signature_of(finding.divergence)
            known = [cases[name] for name in wanted[self._key(finding)] if name in cases]
            if self._is_unsteady(signature):
                if not all(self._shows(case, signature) for case in known for _ in range(_TIMES)):
                    nowhere.add(signature)
            elif known and not self._is_shown(known[0], finding, fresh=number < _FRESH):
                gone.add((known[0].id, signature))
                self._lost[signature] += 1
                if self._lost[signature] >= _MOST_LOST:
                    nowhere.add(signature)
        if not gone and not nowhere:
            return None
        return [
            _without(trial, lambda name, signature: signature in nowhere or (name, signature) in gone)
            for trial in trials
        ]

    def _is_unsteady(self, signature: Signature) -> bool:
        return self._unsteady is not None and _what(signature) in self._unsteady

    @staticmethod
    def _key(finding: Finding) -> tuple[str, Signature]:
        return finding.trial["id"], signature_of(finding.divergence)

    def _is_shown(self, case: Case, finding: Finding, *, fresh: bool) -> bool:
        """True if the case that leads a finding shows it by itself; for a find of the search also its reproducer."""
        signature = signature_of(finding.divergence)
        if not self._examiner.is_confirmed(case) and not self._shows(case, signature, fresh=fresh):
            return False
        is_seen_by_programs = "fixture" in finding.trial and finding.divergence["field"] in _COURSE
        return not is_seen_by_programs or self._reproduces(case, finding)

    def _shows(self, case: Case, signature: Signature, *, fresh: bool = True) -> bool:
        try:
            trial = self._examiner.afresh(case) if fresh else self._examiner.glance(case)
        except AgentError:
            return False  # the oracle cannot be observed
        return any(divergence.signature == signature for divergence in trial.divergences)


def _what(signature: Signature) -> tuple[str, str]:
    """The field and the kind of a signature, whatever clause it breaks in a case."""
    return signature.field, signature.kind


def _ids(finding: Finding, most: int) -> list[str]:
    """The ids of the first cases that show the divergence by which a finding is shown."""
    signature = signature_of(finding.divergence)
    ids: Iterable[str] = (trial["id"] for trial, divergence in finding.pairs if signature_of(divergence) == signature)
    return list(dict.fromkeys(ids))[:most]


def _without(trial: TrialRecord, is_gone: Callable[[str, Signature], bool]) -> TrialRecord:
    """The record with those divergences among the unconfirmed ones that are gone; all of them if no cause is left."""
    lost = [
        divergence
        for divergence in trial["divergences"]
        if divergence["cause"] and is_gone(trial["id"], signature_of(divergence))
    ]
    if not lost:
        return trial
    kept = [divergence for divergence in trial["divergences"] if divergence not in lost]
    if not any(divergence["cause"] for divergence in kept):
        lost, kept = trial["divergences"], []
    revised = trial.copy()
    revised["divergences"], revised["unconfirmed"] = kept, [*trial["unconfirmed"], *lost]
    revised["verdict"] = trial["verdict"] if kept else "agrees"
    return revised
