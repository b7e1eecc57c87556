"""Plugins that replace pytest's progress and its names of outcomes by ours."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

import pytest
from rich.console import Console

from ..cases.model import SEARCH
from ..clauses import Level
from ..report.progress import Progress
from ..report.records import counts
from ..report.types import Record, TrialRecord

# The names of the verdicts of cases that were not compared.
_NOT_COMPARED = {"unsupported": "not offered", "not-run": "not run"}


def outcome(report: pytest.TestReport, level: Level) -> str:
    """The name under which a case is counted, such as "diverging"; an empty text if the report is not of a trial."""
    attached: Sequence[Record] = getattr(report, "conformance", None) or ()
    first = attached[0] if attached else None
    trial = first if first and first["record"] == "trial" and first["chapter"] != SEARCH else None
    if report.when != "call" or trial is None:
        return ""
    if hasattr(report, "wasxfail"):
        return "as expected"
    if counts(trial, level):
        return "diverging"
    if report.failed:
        return "not as the baseline expects"
    return _NOT_COMPARED.get(trial["verdict"], "conforming")


class CaseNames:
    """A plugin with which pytest counts cases by their outcome, such as "diverging", and not as passed tests."""

    def __init__(self, level: Level) -> None:
        self._level = level

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """The category, the letter and the word of a case; nothing else is counted."""
        name = outcome(report, self._level)
        if name:
            return name, name[0].upper() if name == "diverging" else ".", name
        searched = getattr(report, "conformance", None)
        return ("searched", "", "searched") if report.when == "call" and searched else None


_FEW = 50  # cases: they take about a second


class ProgressDisplay:
    """A plugin that shows the progress of a run."""

    def __init__(
        self, progress: Progress, level: Level, first: Callable[[Console, TrialRecord], None] | None = None
    ) -> None:
        """first: prints the first case that fails the run, as it comes; None if it is not to be printed."""
        self._progress = progress
        self._level = level
        self._first = first
        self._ids: Sequence[str] = ()

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, Any, Any]:
        """Begin the display, and end it even after an error."""
        if session.items:  # with -n only the workers collect items (see the next hook)
            self._begin([item.nodeid for item in session.items])
        try:
            return (yield)
        finally:
            self._progress.close()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: Sequence[str]) -> None:
        """Begin the display at the first worker: all workers collect the same items."""
        if not self._ids:
            self._ids = [nodeid.partition("@")[0] for nodeid in ids]
            self._begin(self._ids)

    def _begin(self, ids: Sequence[str]) -> None:
        if len(ids) <= _FEW:
            self._first = None  # all findings come at once
        self._progress.begin(ids)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Note the start of an item."""
        self._progress.start(nodeid.partition("@")[0])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the end of an item, or that it could not start."""
        if report.when == "call" or (report.when == "setup" and not report.passed):
            self._show_first(report)
            failed = report.failed and outcome(report, self._level) in ("", "diverging")
            self._progress.end(report.nodeid.partition("@")[0], failed)

    def _show_first(self, report: pytest.TestReport) -> None:
        """Print the first case that fails the run, if this report is of that case."""
        first = self._first
        if first is None or not report.failed or outcome(report, self._level) != "diverging":
            return
        self._first = None
        trial: TrialRecord = report.conformance[0]
        self._progress.show(lambda console: first(console, trial))

    @pytest.hookimpl(wrapper=True)
    def pytest_report_teststatus(self) -> Generator[None, Any, Any]:
        """Print no letters."""
        result = yield
        return (result[0], "", "") if result else result
