"""What pytest shows and writes in a run: our progress and words for its own, and properties for its JUnit file."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, Literal

import pytest
from _pytest.junitxml import xml_key

from ..cases.model import SEARCH
from ..clauses import Level
from ..report.numbers import Numbers
from ..report.progress import Progress
from ..report.records import counts
from ..report.types import Record, RunRecord, TrialRecord
from ..texts import visible

# What pytest calls the outcome of a case, when the candidate is not the cause of it.
_RUN_PROPERTIES: Sequence[Literal["candidate", "level", "suite", "oracle", "baseline"]] = (
    *("candidate", "level", "suite", "oracle", "baseline"),
)
_IDLE = {"unsupported": "not offered", "not-run": "not run"}


def outcome(report: pytest.TestReport, level: Level) -> str:
    """What became of a case, as its number is named, such as "diverging"; empty if it is no case that was tried."""
    records: Sequence[Record] = getattr(report, "conformance", None) or ()
    trial = records[0] if records else None
    if report.when != "call" or trial is None or trial["record"] != "trial" or trial["chapter"] == SEARCH:
        return ""
    if hasattr(report, "wasxfail"):
        return "as expected"
    if counts(trial, level):
        return "diverging"
    if report.failed:
        return "not as the baseline expects"
    return _IDLE.get(trial["verdict"], "conforming")


class Words:
    """A plugin of pytest's that has it count cases by what became of them, and not as tests that passed."""

    def __init__(self, level: Level) -> None:
        self._level = level

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """The name by which a case is counted, its letter and its word; what is no case is not counted."""
        name = outcome(report, self._level)
        if name:
            return name, name[0].upper() if name == "diverging" else ".", name
        searched = getattr(report, "conformance", None)
        return ("searched", "", "searched") if report.when == "call" and searched else None


class Watcher:
    """A plugin of pytest's that shows how far a run is."""

    def __init__(self, progress: Progress, level: Level) -> None:
        self._progress = progress
        self._level = level
        self._ids: Sequence[str] = ()

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, Any, Any]:
        """Begin; and end, whatever becomes of it."""
        if session.items:  # with -n the processes collect, and tell below
            self._progress.begin([item.nodeid for item in session.items])
        try:
            return (yield)
        finally:
            self._progress.close()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: Sequence[str]) -> None:
        """All processes collect the same."""
        if not self._ids:
            self._ids = [one.partition("@")[0] for one in ids]
            self._progress.begin(self._ids)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """An item begins."""
        self._progress.start(nodeid.partition("@")[0])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """An item has ended, or could not begin."""
        if report.when == "call" or (report.when == "setup" and not report.passed):
            failed = report.failed and outcome(report, self._level) in ("", "diverging")
            self._progress.end(report.nodeid.partition("@")[0], failed)

    @pytest.hookimpl(wrapper=True)
    def pytest_report_teststatus(self) -> Generator[None, Any, Any]:
        """No dots."""
        result = yield
        return (result[0], "", "") if result else result


def writes_junit(config: pytest.Config) -> bool:
    """Whether there is to be a JUnit file, written by this process or by the one that leads it."""
    return bool(config.getoption("xmlpath", None))


def add_run_properties(config: pytest.Config, run: RunRecord) -> None:
    """Say in the JUnit file, if there is to be one, who was judged by what and where."""
    xml = config.stash.get(xml_key, None)
    if xml is not None:
        properties = {name: run[name] for name in _RUN_PROPERTIES}
        for name, value in properties.items():
            if value:
                xml.add_global_property(name, visible(value))
        xml.add_global_property("target", visible(run["target"]["name"]))


def add_numbers(config: pytest.Config, count: Numbers) -> None:
    """Say in the JUnit file, if there is to be one, what the run came to, by the numbers of all reports."""
    xml = config.stash.get(xml_key, None)
    if xml is not None:
        for name, number in count.named.items():
            xml.add_global_property(name, str(number))


def add_properties(item: pytest.Item, record: TrialRecord) -> None:
    """Say in the JUnit file what a case is about, and what it breaks."""
    broken = dict.fromkeys(divergence["clause"] for divergence in record["divergences"] if divergence["cause"])
    expected = [divergence["expected"]["reason"] for divergence in record["divergences"] if divergence["expected"]]
    properties = {
        "case": record["id"],
        "summary": record["summary"],
        "chapter": record["chapter"],
        "clauses": ", ".join(record["clauses"]),
        "verdict": record["verdict"],
        "breaks": ", ".join(broken),
        "expected": "; ".join(dict.fromkeys(filter(None, expected))),
    }
    item.user_properties += [(name, visible(value)) for name, value in properties.items() if value]
