"""What pytest shows and writes in a run: our progress for its dots, and properties for its JUnit file."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any

import pytest
from _pytest.junitxml import xml_key

from ..report.progress import Progress
from ..report.texts import visible


class Watcher:
    """A plugin of pytest's that shows how far a run is."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
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
            self._progress.end(report.nodeid.partition("@")[0], report.failed)

    @pytest.hookimpl(wrapper=True)
    def pytest_report_teststatus(self) -> Generator[None, Any, Any]:
        """No dots."""
        result = yield
        return (result[0], "", "") if result else result


def writes_junit(config: pytest.Config) -> bool:
    """Whether there is to be a JUnit file, written by this process or by the one that leads it."""
    return bool(config.getoption("xmlpath", None))


def add_run_properties(config: pytest.Config, run: Mapping[str, Any]) -> None:
    """Say in the JUnit file, if there is to be one, who was judged by what and where."""
    xml = config.stash.get(xml_key, None)
    if xml is not None:
        for name in ("candidate", "level", "suite", "oracle", "baseline"):
            if run[name]:
                xml.add_global_property(name, visible(str(run[name])))
        xml.add_global_property("target", visible(run["target"]["name"]))


def add_properties(item: pytest.Item, record: Mapping[str, Any]) -> None:
    """Say in the JUnit file what a case is about, and what it breaks."""
    broken = dict.fromkeys(one["clause"] for one in record["divergences"] if one["cause"])
    expected = [one["expected"]["reason"] for one in record["divergences"] if one.get("expected")]
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
