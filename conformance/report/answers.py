"""Answers for a case that was tried again: how each clause stands for which it was tried, in a sentence.

A case may go on showing other differences when the one that its reader mended is gone: then that is said, and what is
left. Whether the run fails is another matter, and is decided by all that the case shows.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..clauses import Level, registry
from . import records
from .runs import Run
from .types import DivergenceRecord, TrialRecord


def answers(run: Run) -> Iterator[str]:
    """A sentence for each clause for which a case was tried."""
    for trial, clause in _wanted(run):
        yield f"{clause}: {_answer(trial, clause, run.level)}"


def mended(run: Run) -> bool:
    """True if cases were tried for a clause, and none of them differs in its clause any more."""
    wanted = list(_wanted(run))
    return bool(wanted) and all(_conforms(trial, clause) for trial, clause in wanted)


def _wanted(run: Run) -> Iterator[tuple[TrialRecord, str]]:
    """The trials that were tried for a clause, each with the clause."""
    for trial in run.trials:
        for clause in run.wanted.get(trial["id"], ()):
            yield trial, clause


def _answer(trial: TrialRecord, clause: str, level: Level) -> str:
    if trial["verdict"] in records.NOT_TRIED:
        return f"cannot be told here: {trial['reason']}"
    for cause in _causes(trial, clause):
        if cause["expected"]:
            return "differs here as the baseline expects"
        return "still diverges here" if records.fails(cause, level) else "differs here, above the level of the run"
    failing = dict.fromkeys(
        divergence["clause"] for divergence in trial["divergences"] if records.fails(divergence, level)
    )
    if not _conforms(trial, clause):
        others = failing or dict.fromkeys(divergence["clause"] for divergence in trial["divergences"])
        return f"cannot be told here as yet: this case goes wrong for {', '.join(others)} first"
    return "conforms here now" + (f"; this case also shows {', '.join(failing)}" if failing else "")


def _causes(trial: TrialRecord, clause: str) -> list[DivergenceRecord]:
    """The causes in a case that break a clause."""
    return [divergence for divergence in trial["divergences"] if divergence["cause"] and divergence["clause"] == clause]


def _conforms(trial: TrialRecord, clause: str) -> bool:
    """True if a case shows that the candidate conforms to a clause."""
    if trial["verdict"] not in ("agrees", "diverges") or _causes(trial, clause):
        return False
    return not records.spoils(registry()[clause], trial)
