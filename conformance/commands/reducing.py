"""Makes the cases that lead findings smaller, once a run has come to its end.

Rules. Decides which cases are reduced, in which order and with which limits; how a case is reduced is in
`search/reduce.py`. A smaller case is taken only if interpreters that were started for it show the divergence again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ..cases.fixtures import toml
from ..cases.model import FAMILIES, SEARCH, Case
from ..clauses import Level
from ..observation.side import AgentError, CandidateError
from ..report import records
from ..report.findings import MOST_SHOWN, Finding
from ..report.types import ReducedRecord, ShownRecord, TrialRecord
from ..search.examine import Examiner
from ..search.reduce import Budget, Reduced, reduced

_SMALL = 6  # files and steps: a named fixture of that size is as somebody wrote it
_WRITING = 15  # tries: what it takes to confirm a case, and to run its reproducer
_LONGEST = 5.0  # seconds for all findings, where a candidate is so slow that the number of tries is no limit


def smaller_cases(
    findings: Sequence[Finding], case_of: Callable[[str], Case | None], examiner: Examiner, level: Level
) -> dict[str, Reduced]:
    """The smaller cases of findings, by the id of the case that leads each; the first findings come first.

    case_of: returns the case with an id, or None. level: that of the run. A case that leads several findings is reduced
    for the first of them; the others get another case that shows the same.
    """
    examiner.hurry()
    ends = time.monotonic() + _LONGEST
    budget = Budget(late=lambda: time.monotonic() >= ends)
    smaller: dict[str, Reduced] = {}
    for finding in findings[:MOST_SHOWN]:
        if budget.spent or not is_reduced(finding.trial):
            continue
        signature = records.signature_of(finding.divergence)
        names = (trial["id"] for trial, found in finding.pairs if records.signature_of(found) == signature)
        name = next((name for name in names if name not in smaller), "")
        case = case_of(name) if name else None
        if case is None:
            continue
        budget.tries -= _WRITING
        result = reduced(case, signature, examiner.glance, level, budget)
        if result is not None and (confirmed := _confirmed(result, examiner)) is not None:
            smaller[name] = confirmed
    return smaller


def is_reduced(trial: TrialRecord) -> bool:
    """True for a case that was not written by hand, or that is large."""
    return trial["chapter"] in (FAMILIES, SEARCH) or trial["size"] > _SMALL


def _confirmed(result: Reduced, examiner: Examiner) -> Reduced | None:
    """The result with what fresh interpreters show again; None without the divergence, or if no file can hold the case.

    A case that is the same as before has been confirmed already.
    """
    try:
        toml(result.case)
        if not result.changed:
            return result
        trial = examiner.confirm(result.trial)
    except (ValueError, AgentError, CandidateError):  # ValueError: TOML cannot hold the case
        return None
    return replace(result, trial=trial) if result.divergence in trial.divergences else None


def shown_records(smaller: Mapping[str, Reduced]) -> list[ShownRecord]:
    """The `shown` records of smaller cases, without what takes longer: observations, and a run of the reproducer."""
    return [
        records.shown_record(
            name,
            toml(result.case),
            None,
            None,
            reproduces=False,
            reduced=reduced_record(result),
        )
        for name, result in smaller.items()
    ]


def reduced_record(result: Reduced) -> ReducedRecord:
    """The record of how a case was made smaller."""
    return records.reduced_record(result.trial, result.divergence, result.tries, complete=result.complete)
