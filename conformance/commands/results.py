"""The results of a run: its records, gathered as they come, and written to the report files at once.

So a run that is cut off keeps its results. The contents of a record are defined in `report/records.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pytest

from .. import INTERRUPTED, STATUS
from ..clauses import Level, registry
from ..report import records
from ..report.outputs import OutputError
from ..report.runs import Run, uncertain
from ..report.stream import Stream
from ..report.types import (
    BaselineRecord,
    ClauseRecord,
    EndRecord,
    Record,
    RunRecord,
    SearchRecord,
    ShownRecord,
    TrialRecord,
)


class Results:
    """The records of one run.

    head: the `run` record, which is the first. level: the level up to which divergences fail the run. unsettled: the
    clauses that cannot be judged by the oracle, each with the reason. failures: the number of times that the suite
    itself failed. end: the `end` record, or None while the run goes on.
    """

    def __init__(self, head: RunRecord, level: Level, unsettled: Mapping[str, str]) -> None:
        self.head = head
        self.trials: list[TrialRecord] = []
        self.searches: list[SearchRecord] = []
        self.replays: list[BaselineRecord] = []  # of the baseline's entries
        self.shown: Sequence[ShownRecord] = ()  # of the cases that lead findings
        self.clauses: list[ClauseRecord] = []
        self.end: EndRecord | None = None
        self.failures = 0
        self.interrupted = False
        self.trouble: tuple[int, str] | None = None  # why the run cannot go on: its exit status, and a sentence
        self._level = level
        self._unsettled = unsettled
        self._stream: Stream | None = None
        self._at_once = True
        self._revised = False  # records that were written are no longer right
        self._run: tuple[tuple[object, ...], list[tuple[int, int]], Run] | None = None  # and of what it was made

    def open_reports(self, paths: Sequence[str], *, at_once: bool) -> None:
        """Open the report files, and write the first record. Raises OutputError.

        at_once: true if records are written as they come; false if they are written at the end, since updating the
        baseline may change them.
        """
        self._stream = Stream(paths)
        self._at_once = at_once
        self._stream.tell(self.head)

    def take(self, new_records: Iterable[Record]) -> None:
        """Keep the records of a case or of a search, and write them to the report files."""
        for record in new_records:
            if record["record"] == "trial":
                self.trials.append(record)
            elif record["record"] == "baseline":
                self.replays.append(record)
            elif record["record"] == "search":
                self.searches.append(record)
            if self._at_once and self._stream is not None:
                self._stream.tell(record)

    def finish(self, exit_status: int) -> int:
        """Judge the clauses, make the `end` record, and return the status of the run. exit_status: pytest's own."""
        self.clauses = self._judged_clauses()
        if self.interrupted:
            status = INTERRUPTED
        elif self.trouble is not None:
            status, _ = self.trouble
        elif exit_status in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.INTERRUPTED):
            status = 4
        else:
            searched = sum(search["tried"] for search in self.searches)
            status = records.status_of(
                self.trials, self._level, failures=self.failures, searched=searched, baseline=self.replays
            )
        self._end_with(status)
        return status

    def replace(self, trials: Sequence[TrialRecord], replays: Sequence[BaselineRecord]) -> int:
        """Replace the records of the trials and replays, and return the new exit status of the run."""
        self.trials, self.replays = list(trials), list(replays)
        self.clauses = self._judged_clauses()
        status = records.status_of(self.trials, self._level, baseline=self.replays)
        self._end_with(0 if status == 5 else status)
        return 0 if status == 5 else status

    def revise(self, trials: Sequence[TrialRecord]) -> None:
        """Replace the records of the trials, also in the report files, before the run ends."""
        self.trials = list(trials)
        self._revised = True

    def fail(self, status: int) -> None:
        """End the run with this exit status, whatever the cases have shown."""
        self.end = records.end_record(status, self.trials, self.clauses)

    def close_reports(self) -> str:
        """Write the last records and the other reports.

        Returns a sentence about a report that cannot be written, or an empty text.
        """
        if self._stream is None:
            return ""
        problems = []
        try:
            if self._revised:
                self._stream.restart(self.head)
            if self._revised or not self._at_once:
                self._stream.tell(*self.trials, *self.searches, *self.replays)
            self._stream.tell(*self.shown, *self.clauses, self.end)
        except OSError as exc:
            problems.append(f"The records cannot be written: {exc.strerror}.")
        try:
            self._stream.end(self.run())
        except (OutputError, OSError) as exc:
            problems.append(str(exc))
        return " ".join(problems)

    @property
    def reports(self) -> list[str]:
        """The paths of the report files."""
        return self._stream.paths if self._stream is not None else []

    def run(self) -> Run:
        """All results, in the form in which a report file is read; the same object until they change.

        So that the findings of a run, which are kept with this object, are made once.
        """
        parts = (self.trials, self.clauses, self.searches, self.replays, self.shown, self.end)
        made_of = [(id(part), len(part) if part else 0) for part in parts]
        if self._run is None or self._run[1] != made_of:
            status = self.end["status"] if self.end else 0
            problem = f"{self.head['target']['name']}: {STATUS[status]}" if status in (3, 4, INTERRUPTED) else ""
            run = Run(
                self.head,
                self.trials,
                uncertain(self.head, self.trials) if problem else self.clauses,
                self.searches,
                self.replays,
                shown={record["trial"]: record for record in self.shown},
                end=self.end,
                problem=problem,
            )
            self._run = parts, made_of, run  # the parts are kept, so that no other object gets the id of one
        return self._run[2]

    def _judged_clauses(self) -> list[ClauseRecord]:
        version, unseen = self.head["target"]["version"], self.head["unseen"]
        return records.clause_records(registry().values(), self.trials, version, unseen, self._unsettled)

    def _end_with(self, status: int) -> None:
        self.end = records.end_record(status, self.trials, self.clauses, self.replays, self._level)
