"""The properties of the suite in the JUnit file that pytest writes with --junitxml."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pytest
from _pytest.junitxml import xml_key

from ..report.findings import Finding
from ..report.numbers import Numbers, counted
from ..report.types import RunRecord, TrialRecord
from ..report.values import exception_of
from ..texts import visible

_RUN_PROPERTIES: Sequence[Literal["candidate", "level", "suite", "oracle", "baseline"]] = (
    *("candidate", "level", "suite", "oracle", "baseline"),
)


def writes_junit(config: pytest.Config) -> bool:
    """True if pytest writes a JUnit file, in this process or in the one that leads the run."""
    return bool(config.getoption("xmlpath", None))


def add_run_properties(config: pytest.Config, run: RunRecord) -> None:
    """Add the candidate, the target and the oracle to the properties of the JUnit file, if pytest writes one."""
    xml = config.stash.get(xml_key, None)
    if xml is not None:
        for name in _RUN_PROPERTIES:
            if run[name]:
                xml.add_global_property(name, visible(run[name]))
        xml.add_global_property("target", visible(run["target"]["name"]))


def add_numbers(config: pytest.Config, numbers: Numbers) -> None:
    """Add the numbers of the run to the properties of the JUnit file, if pytest writes one."""
    xml = config.stash.get(xml_key, None)
    if xml is not None:
        for name, number in numbers.named.items():
            xml.add_global_property(name, str(number))


def add_findings(config: pytest.Config, findings: Sequence[Finding]) -> None:
    """Add the findings, in their order, to the properties of the JUnit file: their cases do not know of one another."""
    xml = config.stash.get(xml_key, None)
    if xml is not None:
        for number, finding in enumerate(findings, 1):
            trial, divergence = finding.trial, finding.divergence
            what = f"{finding.clause} ({finding.level}, {counted(finding)}): {trial['id']}: {divergence['where']}"
            sentences = filter(None, (what, exception_of(trial, divergence), finding.when and f"when: {finding.when}"))
            xml.add_global_property(f"finding {number}", visible("; ".join(sentences)))
            if "fixture" in trial:
                xml.add_global_property(f"fixture of {finding.clause}", visible(trial["fixture"], "\n"))


def add_properties(item: pytest.Item, record: TrialRecord) -> None:
    """Add the clauses of a case, its verdict and what it breaks to the properties of its item in the JUnit file."""
    divergences = record["divergences"]
    broken = dict.fromkeys(divergence["clause"] for divergence in divergences if divergence["cause"])
    expected = [divergence["expected"]["reason"] for divergence in divergences if divergence["expected"]]
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
