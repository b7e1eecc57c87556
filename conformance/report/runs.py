"""A run as reports show it: its records, and what one run or several of them came to.

Rules. Plain data and pure functions. Reports are read from files in `reading`, and put together in `merging`.

A run that was cut off is incomplete, and then no clause conforms.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .. import INTERRUPTED
from ..clauses import CALLS, MODULE, PATH, Level, kind_of, registry
from . import records
from .types import BaselineRecord, ClauseRecord, EndRecord, RunRecord, SearchRecord, ShownRecord, TrialRecord

CUT_OFF = "the run was cut off"


class ReportError(Exception):
    """Raised for a report that cannot be read, or not together with another: the file, the line, and one sentence."""


@dataclass(frozen=True, eq=False)
class Run:
    """The records of one run on one target.

    shown: by the id of the trial. end: None if the run was cut off. problem: why the run is incomplete, or an empty
    text. lines: where the trials and searches stand, by id, as `file:line`. at: where the head stands.
    """

    run: RunRecord
    trials: Sequence[TrialRecord]
    clauses: Sequence[ClauseRecord]
    searches: Sequence[SearchRecord] = ()
    baseline: Sequence[BaselineRecord] = ()
    shown: Mapping[str, ShownRecord] = field(default_factory=dict)
    end: EndRecord | None = None
    problem: str = ""
    at: str = ""
    lines: Mapping[str, str] = field(default_factory=dict)

    @property
    def candidate(self) -> str:
        """The candidate, as it was named."""
        return self.run["candidate"]

    @property
    def target(self) -> str:
        """The target's name, such as "CPython 3.13.0"."""
        return self.run["target"]["name"]

    @property
    def version(self) -> tuple[int, ...]:
        """The target's version, to sort by."""
        return tuple(int(part) for part in self.run["target"]["version"].split(".") if part.isdigit())

    @property
    def level(self) -> Level:
        """The level up to which a divergence fails the run."""
        return Level.parse(self.run["level"])

    @property
    def judged_as(self) -> str:
        """The name of what the candidate stands in for; a command if cases of commands alone were tried."""
        kinds = {kind_of(clause["chapter"]) for clause in self.clauses if clause["cases"]}
        if not kinds or CALLS in kinds:
            return "runpy.run_module"
        return {MODULE: "python -m", PATH: "python FILE"}[kinds.pop()] if len(kinds) == 1 else "python"

    @property
    def listed(self) -> list[ClauseRecord]:
        """The clauses that the run was about: a case that it tried names them, or they were broken."""
        return [clause for clause in self.clauses if clause["cases"] or clause["verdict"] != "not-run"]

    @property
    def untried(self) -> int:
        """The number of clauses that were to be tried, and for which no case ran.

        The clauses about commands are to be tried if a case of such a command was, and likewise the others.
        """
        if self.run["selection"]:
            return 0
        kinds = {kind_of(clause["chapter"]) for clause in self.listed if clause["cases"]}
        known = [clause for clause in self.clauses if kind_of(clause["chapter"]) in kinds]
        return len(known) - len([clause for clause in known if clause in self.listed])

    def fixture_of(self, trial: TrialRecord) -> str:
        """The text of a case, if a record has it: that of a case that is shown, or of a find; else an empty text."""
        shown = self.shown_of(trial)
        return (shown["fixture"] if shown else "") or trial.get("fixture", "")

    def shown_of(self, trial: TrialRecord) -> ShownRecord | None:
        """The record of all that both sides did in a case; None if there is none, or only that of a smaller case."""
        shown = self.shown.get(trial["id"])
        return shown if shown and (not shown["reduced"] or trial.get("fixture") == shown["fixture"]) else None

    @property
    def wanted(self) -> Mapping[str, Collection[str]]:
        """For a case, the clauses for which it was tried."""
        return self.run["asked"]

    @property
    def complete(self) -> bool:
        """True if the run came to its end, and the suite did not fail in it."""
        return self.end is not None and self.end["status"] not in (4, INTERRUPTED)

    @property
    def status(self) -> int:
        """The exit status of the run; if it was cut off, that of an interrupted run."""
        return INTERRUPTED if self.end is None else self.end["status"]

    @property
    def meaning(self) -> str:
        """The exit status in a few words."""
        return "incomplete" if self.end is None else self.end["meaning"]

    @property
    def searched(self) -> int:
        """The number of cases that the search tried."""
        return sum(search["tried"] for search in self.searches)


def judged_clauses(run: RunRecord, trials: Sequence[TrialRecord]) -> list[ClauseRecord]:
    """The verdicts on the clauses of a run that came to its end."""
    version = run["target"]["version"]
    return records.clause_records(registry().values(), trials, version, run["unseen"], run["unsettled"])


def uncertain(run: RunRecord, trials: Sequence[TrialRecord]) -> list[ClauseRecord]:
    """The verdicts on the clauses of a run that was cut off: what is broken is broken, and nothing conforms."""
    return [
        clause
        if clause["verdict"] in ("diverges", "crashes", "hangs")
        else {
            **clause,
            "verdict": "not-run",
            "reason": clause["reason"] if clause["verdict"] == "not-run" else CUT_OFF,
        }
        for clause in judged_clauses(run, trials)
    ]


# -- several runs ----------------------------------------------------------------------------------------------


def status_of(runs: Sequence[Run]) -> int:
    """The exit status of several runs together: the worst of them; 0 only if all are complete and conform."""
    statuses = [run.status for run in runs]
    return next((status for status in (4, INTERRUPTED, 1, 5) if status in statuses), 0 if statuses else 5)


def by_candidate(runs: Iterable[Run]) -> dict[str, list[Run]]:
    """The runs of each candidate, in the order in which the candidates come."""
    candidates: dict[str, list[Run]] = {}
    for run in runs:
        candidates.setdefault(run.candidate, []).append(run)
    return candidates


def headline(runs: Sequence[Run]) -> str:
    """The verdict in one line: "diverges on 3.8.18, 3.9.18; conforms on 7 targets"; "1 of 2 candidates conforms"."""
    candidates = by_candidate(runs)
    if len(candidates) > 1:
        conforming = sum(status_of(of_candidate) == 0 for of_candidate in candidates.values())
        return f"{conforming} of {len(candidates)} candidates conform{'s' if conforming == 1 else ''}"
    targets: dict[str, list[str]] = {}
    for run in runs:
        meaning = run.meaning if run.complete else "is incomplete"
        targets.setdefault(meaning, []).append(run.target.removeprefix("CPython "))
    order = sorted(targets, key=lambda meaning: (meaning == "conforms", meaning))
    return "; ".join(f"{meaning} on {_named(targets[meaning])}" for meaning in order)


def places(runs: Sequence[Run], among: Sequence[Run]) -> str:
    """The targets of some runs: "on CPython 3.9.18, PyPy 3.11.9"; of several candidates "in mypkg; in other on 3.9.18".

    among: all runs. A candidate of which all runs are meant is named without its targets.
    """
    all_runs = by_candidate(among)
    if len(all_runs) == 1:
        return f"on {_named([run.target for run in runs])}"
    meant = by_candidate(runs)
    whole = [name for name, of_candidate in meant.items() if len(of_candidate) == len(all_runs[name])]
    parts = [f"in {', '.join(whole)}"] if whole else []
    for name, of_candidate in meant.items():
        if name not in whole:
            targets = _named([run.target.removeprefix("CPython ") for run in of_candidate])
            parts.append(f"in {name} on {targets}")
    return "; ".join(parts)


def _named(targets: Sequence[str]) -> str:
    """The names of targets; of many, the number."""
    between = " and " if any("," in target for target in targets) else ", "
    return between.join(targets) if len(targets) < 4 else f"{len(targets)} targets"


def problems(runs: Iterable[Run]) -> Iterator[str]:
    """The reasons why runs are incomplete, a sentence each."""
    return (run.problem for run in runs if run.problem)
