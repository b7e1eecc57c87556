"""Makes the cases that lead findings smaller, once a run has come to its end.

Rules. Decides which cases are reduced, in which order and with which limits; how a case is reduced is in
`search/reduce.py`. A smaller case is taken only if interpreters that were started for it show the divergence again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

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
_LONGEST = 5.0  # seconds for all findings, where a candidate is so slow that the number of tries is no limit


def smaller_cases(
    findings: Sequence[Finding], case_of: Callable[[str], Case | None], examiner: Examiner, level: Level
) -> dict[str, Reduced]:
    """The smaller cases of findings, by the id of the case that leads each; the first findings come first.

    case_of: returns the case with an id, or None. level: that of the run. A case that leads several findings is reduced
    for the first of them.
    """
    ends = time.monotonic() + _LONGEST
    budget = Budget(late=lambda: time.monotonic() >= ends)
    smaller: dict[str, Reduced] = {}
    for finding in findings[:MOST_SHOWN]:
        trial = finding.trial
        if trial["id"] in smaller or not is_reduced(trial) or budget.spent:
            continue
        case = case_of(trial["id"])
        if case is None:
            continue
        result = reduced(case, records.signature_of(finding.divergence), examiner.glance, level, budget)
        if result is not None and _is_confirmed(result, examiner):
            smaller[trial["id"]] = result
    return smaller


def is_reduced(trial: TrialRecord) -> bool:
    """True for a case that was not written by hand, or that is large."""
    return trial["chapter"] in (FAMILIES, SEARCH) or trial["size"] > _SMALL


def _is_confirmed(result: Reduced, examiner: Examiner) -> bool:
    """True if fresh interpreters show the divergence in the smaller case, and a file can hold the case."""
    try:
        toml(result.case)
        return not result.changed or result.divergence in examiner.confirm(result.trial).divergences
    except (ValueError, AgentError, CandidateError):  # ValueError: TOML cannot hold the case
        return False


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
    return records.reduced_record(result.trial, result.tries, complete=result.complete)
