"""Reads a run back from the report file that it wrote, and says with the line what cannot be right.

Rules. Each record is checked against its type (`types`). A report of another schema, or of another version of the
suite, is refused, since its clauses may be others.

Theory of operation. `json` decodes a line, because records may hold lone surrogates, which msgspec's decoder refuses;
`checked` only checks, and the decoded record itself is kept, since a converted one has its keys in another order. A
file that breaks off is read up to there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from .. import INTERRUPTED, STATUS, __version__
from ..checked import WrongData, checked
from .observations import rows_of
from .records import SCHEMA
from .runs import CUT_OFF, ReportError, Run, uncertain
from .types import (
    RECORDS,
    BaselineRecord,
    ClauseRecord,
    EndRecord,
    Record,
    RunRecord,
    SearchRecord,
    ShownRecord,
    TrialRecord,
)

_AFTER_END = "there is more after the end of the run"


def read(path: Path) -> Run:
    """The run in a report file. Raises ReportError."""
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise ReportError(f"{path}: the report cannot be read: {exc.strerror}") from None
    if not data.strip():
        raise ReportError(f"{path}: the report is empty: the run wrote nothing, or is about to")
    *lines, rest = data.split(b"\n")
    report = _Report(path)
    for number, line in enumerate(lines, 1):
        report.add(number, _record(path, number, line))
    if not lines:
        raise ReportError(f"{path}:1: this is no report: its first line breaks off")
    return report.run(len(lines), bool(rest.strip()))


class _Report:
    """The records of one file, sorted by kind. Its methods raise ReportError for a record in a wrong place."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._head: RunRecord | None = None
        self._trials: list[TrialRecord] = []
        self._searches: list[SearchRecord] = []
        self._baseline: list[BaselineRecord] = []
        self._shown: dict[str, ShownRecord] = {}
        self._clauses: list[ClauseRecord] = []
        self._end: EndRecord | None = None
        self._lines: dict[str, int] = {}  # of trials and searches, by id

    def add(self, number: int, record: Record) -> None:
        """Add the record in a line."""
        if record["record"] == "run":
            if self._head is not None:
                raise self._wrong(number, "another run begins here: a report holds one run; give each by itself")
            self._head = record
        elif self._end is not None:
            raise self._wrong(number, _AFTER_END)
        elif record["record"] == "trial":
            self._note(number, "trial", record["id"])
            self._trials.append(record)
        elif record["record"] == "search":
            self._note(number, "search", record["property"])
            self._searches.append(record)
        elif record["record"] == "baseline":
            self._baseline.append(record)
        elif record["record"] == "shown":
            self._shown[record["trial"]] = record
        elif record["record"] == "clause":
            self._clauses.append(record)
        else:
            self._end = record

    def run(self, count: int, breaks_off: bool) -> Run:
        """The run that the records are of. count: of whole lines. breaks_off: there is a part of a line behind them."""
        assert self._head is not None
        end = self._end
        if end is not None and breaks_off:
            raise self._wrong(count + 1, _AFTER_END)
        problem = ""
        if end is None:
            broken = " in the middle of it" if breaks_off else ""
            problem = f"{self._path}:{count + breaks_off}: the report breaks off{broken}: {CUT_OFF}"
        elif end["status"] in (4, INTERRUPTED):
            problem = f"{self._path}:{count}: {STATUS[end['status']]}"
        return Run(
            run=self._head,
            trials=self._trials,
            clauses=uncertain(self._head, self._trials) if problem else self._clauses,
            searches=self._searches,
            baseline=self._baseline,
            shown=self._shown,
            end=end,
            problem=problem,
            at=f"{self._path}:1",
            lines={name: f"{self._path}:{line}" for name, line in self._lines.items()},
        )

    def _note(self, number: int, kind: str, name: str) -> None:
        """Note the line of a trial or a search."""
        if name in self._lines:
            raise self._wrong(number, f"the {kind} {name!r} stands in line {self._lines[name]} already")
        self._lines[name] = number

    def _wrong(self, number: int, sentence: str) -> ReportError:
        return ReportError(f"{self._path}:{number}: {sentence}")


def _record(path: Path, number: int, line: bytes) -> Record:
    """The record in a line, checked."""
    try:
        record = json.loads(line)
    except ValueError as exc:
        first = "; a report is the file that --report=FILE.jsonl writes" if number == 1 else ""
        raise ReportError(f"{path}:{number}: this is no JSON: {exc}{first}") from None
    kind = record.get("record") if isinstance(record, dict) else None
    if number == 1:
        if kind != "run":
            raise ReportError(f"{path}:1: this is no report: it does not begin with a `run` record")
        _check_schema(path, record)
    if not isinstance(kind, str) or kind not in RECORDS:
        raise ReportError(f"{path}:{number}: there is no record {kind!r}; there are {', '.join(RECORDS)}")
    try:
        checked(record, RECORDS[kind])
        _check_descriptions(record)
    except WrongData as problem:
        raise ReportError(f"{path}:{number}: in the `{kind}` record: {problem}") from None
    if number == 1:
        _check_suite(path, record)
    return cast(Record, record)


def _check_descriptions(record: dict[str, Any]) -> None:
    """Make sure that both observations can be shown. Raises WrongData."""
    for side in ("oracle", "candidate") if record["record"] == "shown" else ():
        try:
            rows_of(record[side])
        except (TypeError, ValueError, KeyError, AttributeError, IndexError):
            raise WrongData((side,), (), f"`{side}` holds a description of no value (docs/protocol.md)") from None


def _check_schema(path: Path, record: dict[str, Any]) -> None:
    """Make sure that a report is of our schema. Raises ReportError."""
    schema, suite = record.get("schema"), record.get("suite")
    if schema != SCHEMA:
        raise ReportError(
            f"{path}:1: the report is of schema {schema}, and this suite reads schema {SCHEMA}: judge again, or read "
            f"it with the version of the suite that wrote it ({suite})"
        )


def _check_suite(path: Path, record: dict[str, Any]) -> None:
    """Make sure that our version of the suite wrote a report. Raises ReportError."""
    if record["suite"] != __version__:
        raise ReportError(
            f"{path}:1: the report was written by version {record['suite']} of the suite, and this is {__version__}, "
            "whose clauses may be others: judge again, or read it with that version"
        )
