"""How the cost grows: with the depth and the size of worlds, with cores, and memory with the number of cases."""

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

from bench.measure import ROOM, BenchError, command_line, enumeration
from conformance import REFERENCE
from conformance.cases.model import Case, Step
from conformance.observation.interpreters import Target
from conformance.observation.live import LiveSide

DEPTHS = (1, 2, 4, 8, 16, 32)
SIZES = (1, 4, 16, 64)
CHEAPEST = "search/calling_convention"  # of all searches
_TOGETHER, _TIMES = 10, 3


@dataclass(frozen=True)
class Point:
    """One point of a plot: where it is, and the seconds, cases a second or bytes there."""

    at: float
    value: float


def over_depth(target: Target) -> list[Point]:
    """Seconds for a case, both sides at once, whose module lies so many packages deep."""
    return list(_times(target, {depth: _deep(depth) for depth in DEPTHS}))


def over_size(target: Target) -> list[Point]:
    """Seconds for a case whose world has so many modules, all of which the one that runs imports."""
    return list(_times(target, {size: _large(size) for size in SIZES}))


def over_cores(target: Target) -> list[Point]:
    """Cases a second of the enumeration, in a first run, on so many cores."""
    usable = sorted(os.sched_getaffinity(0))
    counts = [count for count in (1, 2) if count <= len(usable)]
    return [Point(count, 1 / enumeration(target, usable[:count], times=1)[0][1].clock) for count in counts]


def memory(target: Target, budget: float) -> tuple[list[Point], int]:
    """Bytes that all processes of a search take, as the seconds pass that are given to it; and the cases it tried."""
    with tempfile.TemporaryDirectory(prefix="runpy-bench-") as folder:
        report = Path(folder, "records.jsonl")
        line = command_line(target, f"--report={report}", f"--budget={budget:g}s", CHEAPEST)
        found: list[Point] = []
        start = time.monotonic()
        with subprocess.Popen(line, cwd=ROOM, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            while process.poll() is None:
                time.sleep(budget / 24)
                found.append(Point(time.monotonic() - start, sum(map(_share, _descendants(process.pid)))))
        if process.returncode:
            raise BenchError(f"{target.name}: the search ends with {process.returncode}")
        records = [json.loads(line) for line in report.read_text("utf-8").splitlines()]
    return [one for one in found if one.value], sum(one["tried"] for one in records if one["record"] == "search")


def _descendants(pid: int) -> list[int]:
    """A process, and all that it has started, in Linux."""
    found = [pid]
    for one in found:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{one}/task").iterdir():
                found.extend(map(int, (task / "children").read_text().split()))
    return found


def _share(pid: int) -> int:
    """The bytes of a process in memory; what several share is divided among them."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def _deep(depth: int) -> Case:
    packages = ["/".join(["p"] * n) for n in range(1, depth + 1)]
    files = {f"{one}/__init__.py": "" for one in packages} | {f"{packages[-1]}/m.py": "x = 1\n"}
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
            batch = [case.plain()] * _TOGETHER
            taken = []
            for _ in range(_TIMES):
                start = time.perf_counter()
                for side in sides:
                    side.start(batch)
                if any(one.status != "done" for side in sides for one in side.finish()):
                    raise BenchError(f"{target.name}: {case.id} does not run")
                taken.append(time.perf_counter() - start)
            yield Point(number, min(taken) / _TOGETHER)
    finally:
        for side in sides:
            side.close()
