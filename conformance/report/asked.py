"""What has become of the clauses for which a case was tried again, in sentences.

A case may go on showing other differences when the one that its reader mended is gone: then that is said, and what is
left. Whether the run fails is another matter, and is decided by all that the case shows.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..clauses import Level, registry
from . import records
from .records import Record
from .runs import Run


def answers(run: Run) -> Iterator[str]:
    """A sentence for each clause that was asked about in a case that was tried."""
    for trial in run.trials:
        for clause in run.asked.get(trial["id"], ()):
            yield f"{clause}: {_answer(trial, clause, run.level)}"


def mended(run: Run) -> bool:
    """Whether something was asked about and none of it differs any more."""
    asked = [(trial, clause) for trial in run.trials for clause in run.asked.get(trial["id"], ())]
    return bool(asked) and all(_conforms(trial, clause) for trial, clause in asked)


def _answer(trial: Record, clause: str, level: Level) -> str:
    if trial["verdict"] in ("unsupported", "not-run"):
        return f"cannot be told here: {trial['reason']}"
    for one in _causes(trial, clause):
        if one["expected"]:
            return "differs here as the baseline expects"
        counts = Level.parse(one["level"]) <= level
        return "still diverges here" if counts else "differs here, above the level of the run"
    failing = dict.fromkeys(
        one["clause"]
        for one in trial["divergences"]
        if one["cause"] and not one["expected"] and Level.parse(one["level"]) <= level
    )
    if not _conforms(trial, clause):
        others = ", ".join(failing or dict.fromkeys(one["clause"] for one in trial["divergences"]))
        return f"cannot be told here as yet: this case goes wrong for {others} first"
    return "conforms here now" + (f"; this case also shows {', '.join(failing)}" if failing else "")


def _causes(trial: Record, clause: str) -> list[Record]:
    return [one for one in trial["divergences"] if one["cause"] and one["clause"] == clause]


def _conforms(trial: Record, clause: str) -> bool:
    """Whether a case shows that a clause is kept."""
    if trial["verdict"] not in ("agrees", "diverges") or _causes(trial, clause):
        return False
    return not records.spoils(registry()[clause], trial)
