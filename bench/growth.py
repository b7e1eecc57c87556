"""Measures how the time grows with the depth and the size of worlds and with cores, and the memory of a search."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.measure import ROOT, BenchError, command_line, enumeration
from conformance import REFERENCE
from conformance.cases.model import Case, Step
from conformance.observation.interpreters import Target
from conformance.observation.live import LiveSide

DEPTHS = (1, 2, 4, 8, 16, 32)
SIZES = (1, 4, 16, 64)
CHEAPEST = "search/calling_convention"  # the search whose cases cost the least
_BATCH, _TIMES = 10, 3


@dataclass(frozen=True)
class Point:
    """One point of a plot. at: its place on the axis. value: seconds, cases a second, or bytes."""

    at: float
    value: float


def over_depth(target: Target) -> list[Point]:
    """The seconds for a case on both sides, by the number of packages around its module."""
    return list(_times(target, {depth: _deep(depth) for depth in DEPTHS}))


def over_size(target: Target) -> list[Point]:
    """The seconds for a case on both sides, by the number of modules in its world; the one that runs imports all."""
    return list(_times(target, {size: _large(size) for size in SIZES}))


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
                points.append(Point(time.monotonic() - start, sum(map(_share, _descendants(process.pid)))))
        if process.returncode:
            raise BenchError(f"{target.name}: the search ends with {process.returncode}")
        records = [json.loads(line) for line in report.read_text("utf-8").splitlines()]
    tried = sum(record["tried"] for record in records if record["record"] == "search")
    return [point for point in points if point.value], tried


def _descendants(pid: int) -> list[int]:
    """The ids of a process and of all processes below it. For Linux."""
    pids = [pid]
    for parent in pids:  # grows while it is read
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{parent}/task").iterdir():
                pids.extend(map(int, (task / "children").read_text().split()))
    return pids


def _share(pid: int) -> int:
    """The memory of a process in bytes; memory that processes share is divided among them."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def _deep(depth: int) -> Case:
    packages = ["/".join(["p"] * n) for n in range(1, depth + 1)]
    files = {f"{package}/__init__.py": "" for package in packages} | {f"{packages[-1]}/m.py": "x = 1\n"}
    return Case(files=files, steps=(Step("call", f"run_module('{'p.' * depth}m')"),), id=f"depth/{depth}")


def _large(size: int) -> Case:
    files = {f"own_{n}.py": f"x = {n}\n" for n in range(1, size)}
    files["m.py"] = "".join(f"import own_{n}\n" for n in range(1, size)) + "x = 1\n"
    return Case(files=files, steps=(Step("call", "run_module('m')"),), id=f"size/{size}")


def _times(target: Target, cases: Mapping[int, Case]) -> Iterator[Point]:
    sides = [LiveSide(target, "oracle"), LiveSide(target, str(REFERENCE))]
    try:
        for side in sides:
            side.run(cases[1].plain())
        for number, case in cases.items():
            batch = [case.plain()] * _BATCH
            seconds = []
            for _ in range(_TIMES):
                start = time.perf_counter()
                for side in sides:
                    side.start(batch)
                if any(reply.status != "done" for side in sides for reply in side.finish()):
                    raise BenchError(f"{target.name}: {case.id} does not run")
                seconds.append(time.perf_counter() - start)
            yield Point(number, min(seconds) / _BATCH)
    finally:
        for side in sides:
            side.close()
