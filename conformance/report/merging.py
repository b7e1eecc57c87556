"""Merges runs: what was tried on one target in several parts becomes one run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from . import records
from .runs import ReportError, Run, by_candidate, judged_clauses, uncertain
from .types import EndRecord, RunRecord


def merged(runs: Iterable[Run]) -> list[Run]:
    """One run for each candidate and target. Raises ReportError.

    Two runs are parts of one if they judge the same candidate on the same target, and have no case in common.
    Candidates keep the order in which they come; the targets of each are in the order of their versions.
    """
    parts: dict[tuple[str, str, str], list[Run]] = {}
    first: Run | None = None
    for run in runs:
        if first is None:
            first = run
        else:
            _check_alike(first, run)
        target = run.run["target"]
        parts.setdefault((run.candidate, target["name"], target["platform"]), []).append(run)
    whole = [_whole(of_target) for of_target in parts.values()]
    order = list(by_candidate(whole))
    return sorted(
        whole,
        key=lambda run: (order.index(run.candidate), run.run["target"]["implementation"], run.version, run.target),
    )


def _check_alike(first: Run, other: Run) -> None:
    """Make sure that two runs have one level and one oracle. Raises ReportError."""
    pairs = (
        (first.run["level"], other.run["level"], "is at level"),
        (first.run["oracle"] or "runpy", other.run["oracle"] or "runpy", "judges by the oracle"),
    )
    for of_first, of_other, verb in pairs:
        if of_first != of_other:
            raise ReportError(
                f"{other.at}: the report {verb} {of_other}, and {first.at} {of_first}: they cannot be merged; "
                "--compare compares two"
            )


def _whole(parts: Sequence[Run]) -> Run:
    """One run of several parts of it. Raises ReportError."""
    if len(parts) == 1:
        return parts[0]
    lines: dict[str, str] = {}
    for part in parts:
        for name, place in part.lines.items():
            if name in lines:
                raise ReportError(
                    f"{place}: {name!r} was tried on {part.target} in {lines[name]} as well: these are two reports of "
                    "the same target, and no parts of one; give one of them, or --compare both"
                )
            lines[name] = place
    selections = [part.run["selection"] for part in parts]
    head: RunRecord = {
        **parts[0].run,
        "selection": sorted({word for selection in selections for word in selection}) if all(selections) else [],
        "asked": {case: clauses for part in parts for case, clauses in part.run["asked"].items()},
    }
    trials = [trial for part in parts for trial in part.trials]
    searches = [search for part in parts for search in part.searches]
    baseline = [record for part in parts for record in part.baseline]
    problem = next((part.problem for part in parts if part.problem), "")
    end: EndRecord | None = None
    if problem:
        clauses = uncertain(head, trials)
    else:
        clauses = judged_clauses(head, trials)
        level = parts[0].level
        searched = sum(search["tried"] for search in searches)
        status = records.status_of(trials, level, searched=searched, baseline=baseline)
        end = records.end_record(status, trials, clauses, baseline, level)
    return Run(
        run=head,
        trials=trials,
        clauses=clauses,
        searches=searches,
        baseline=baseline,
        shown={name: shown for part in parts for name, shown in part.shown.items()},
        end=end,
        problem=problem,
        at=parts[0].at,
        lines=lines,
    )
