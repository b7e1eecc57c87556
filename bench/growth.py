"""Measures how the number of cases in a second grows with the cores, and how much memory a search takes."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.measure import ROOT, BenchError, command_line, enumeration
from conformance.observation.interpreters import Target
from conformance.search.campaign.memory import descendants, memory_share

CHEAPEST = "search/calling_convention"  # the search whose cases cost the least


@dataclass(frozen=True)
class Point:
    """One point of a plot. at: its place on the axis. value: seconds, cases a second, or bytes."""

    at: float
    value: float


def over_cores(target: Target) -> list[Point]:
    """The cases of the families that a first run tries in a second, by the number of cores."""
    usable = sorted(os.sched_getaffinity(0))
    counts = [count for count in (1, 2) if count <= len(usable)]
    return [Point(count, 1 / enumeration(target, usable[:count], times=1)[0][1].clock) for count in counts]


def memory(target: Target, budget: float) -> tuple[list[Point], int]:
    """The bytes of all processes of a search, by the seconds since its start; and the number of cases that it tried.

    budget: the time limit of the search, in seconds.
    """
    with tempfile.TemporaryDirectory(prefix="runpy-bench-") as folder:
        report = Path(folder, "records.jsonl")
        line = command_line(target, f"--report={report}", f"--budget={budget:g}s", CHEAPEST)
        points: list[Point] = []
        start = time.monotonic()
        with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            while process.poll() is None:
                time.sleep(budget / 24)
                points.append(Point(time.monotonic() - start, sum(map(memory_share, descendants(process.pid)))))
        if process.returncode:
            raise BenchError(f"{target.name}: the search ends with {process.returncode}")
        records = [json.loads(line) for line in report.read_text("utf-8").splitlines()]
    tried = sum(record["tried"] for record in records if record["record"] == "search")
    return [point for point in points if point.value], tried
