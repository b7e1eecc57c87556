"""Measures the time of the bare calls, of a comparison by hand, and of the suite itself.

Rules. Every measurement is of the same cases and of both sides. The suite is measured as users run it: by its command,
with its start.

Theory of operation. `measure` takes all measurements of one target in one go, the bare calls at the start and at the
end, since a machine may become slower meanwhile. The suite's time for one case is the difference of two runs, one of a
few cases and one of all cases, divided by the difference of their numbers: this leaves the start out.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from conformance import FIXTURES, REFERENCE
from conformance.cases import families, strategies
from conformance.cases.model import Case, usual_capabilities
from conformance.cases.strategies import PROPERTIES
from conformance.clauses import Level
from conformance.judge.grouping import grouped
from conformance.judge.trial import Tally
from conformance.observation.agent_process import AGENT
from conformance.observation.interpreters import Target
from conformance.observation.live import LiveSide
from conformance.search.examine import Examiner
from conformance.search.rounds import search as search_by

_HERE = Path(__file__).resolve().parent
ROOT = _HERE.parent  # the folder from which the suite can be imported
SIDES = ("oracle", str(REFERENCE))
FLOOR_CASES, FLOOR_ROUNDS, NAIVE_CASES = 400, 3, 25
SEARCHED = 100  # cases drawn for each property
FEW, ALL = ("families/sequences",), ("families", "--profile=quick")  # quick: none that are made of fixtures


@dataclass(frozen=True)
class Cost:
    """The seconds for one case on both sides. clock: wall-clock time. processor: processor time."""

    clock: float
    processor: float


@dataclass(frozen=True)
class Search:
    """The seconds for one case of a search by the clock, and the share of them that drawing the case takes."""

    clock: float
    drawing: float


@dataclass(frozen=True)
class Measured:
    """The measurements of one target.

    floor: the bare calls. naive: the comparison by hand. ours: the suite in a first run. again: the suite in a second
    run, which has the oracle's cached results. start: the seconds until the suite has tried its first cases.
    """

    target: Target
    floor: Cost
    naive: Cost
    ours: Cost
    again: Cost
    search: Search
    start: float


class BenchError(Exception):
    """Something that is measured does not run; the text is one sentence."""


def measure(target: Target) -> Measured:
    """Take all measurements of one target. Raises BenchError, AgentError, CandidateError."""
    version, capabilities = target.version, usual_capabilities(target.implementation)
    cases = [case for case in families.generate(FIXTURES) if not case.unmet(version, capabilities)]
    bare = [floor(target, cases)]
    by_hand = naive(target, cases)
    (start, ours), (_, again) = enumeration(target)
    searching = search(target)
    bare.append(floor(target, cases))  # again: the machine may have become slower
    average = Cost(sum(cost.clock for cost in bare) / 2, sum(cost.processor for cost in bare) / 2)
    return Measured(target, average, by_hand, ours, again, searching, start)


def floor(target: Target, cases: Sequence[Case], rounds: int = 0) -> Cost:
    """The cost of the bare calls, one after another in one process: the median of the rounds. Raises BenchError.

    rounds: over all cases; default: `FLOOR_ROUNDS`.
    """
    sample = _spread(cases, FLOOR_CASES)
    with _folder() as folder:
        request = {
            "cases": [case.plain() for case in sample],
            "sides": SIDES,
            "folder": folder,
            "rounds": rounds or FLOOR_ROUNDS,
        }
        script = subprocess.run(
            [target.executable, str(_HERE / "floor.py"), str(AGENT.parent)],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            check=False,
        )
    try:
        all_times = json.loads(script.stdout)
    except ValueError:
        raise BenchError(f"{target.name}: the bare calls do not run: {script.stderr.strip()[-300:]}") from None
    return Cost(*(statistics.median(times[clock] for times in all_times) / len(sample) for clock in (0, 1)))


def naive(target: Target, cases: Sequence[Case]) -> Cost:
    """The cost of a comparison by hand: two interpreters for each case, whose output must agree. Raises BenchError."""
    sample = _spread(cases, NAIVE_CASES)
    # The interpreter itself, and not the script by which a version manager starts it: the script would cost time.
    asking = [target.executable, "-c", "import sys; print(sys.executable)"]
    executable = subprocess.run(asking, capture_output=True, text=True, check=True).stdout.strip()
    with _folder() as folder, spent() as seconds:
        for case in sample:
            printed = [
                subprocess.run(
                    [
                        executable,
                        str(_HERE / "naive.py"),
                        str(AGENT.parent),
                        side,
                        os.path.join(folder, "world"),
                    ],
                    input=json.dumps(case.plain()),
                    capture_output=True,
                    text=True,
                    check=False,
                ).stdout
                for side in SIDES
            ]
            if printed[0] != printed[1]:
                raise BenchError(f"{target.name}: by hand, the reference diverges in {case.id}: {printed}")
    return Cost(*(total / len(sample) for total in seconds))


def enumeration(target: Target, cores: Sequence[int] = (), times: int = 2) -> list[tuple[float, Cost]]:
    """The cost of the command for the cases of the families: for each run, the seconds of its start, and of one case.

    cores: the cores to use, or all. times: the number of runs; all but the first use the oracle's cached results.
    Raises BenchError.
    """
    costs = []
    with _folder() as few_database, _folder() as all_database:
        for _ in range(times):
            with spent() as seconds_of_few:
                few = command(target, *FEW, f"--database={few_database}", cores=cores)
            with spent() as seconds_of_all:
                count = command(target, *ALL, f"--database={all_database}", cores=cores)
            pairs = zip(seconds_of_all, seconds_of_few, strict=True)
            cost = Cost(*((of_all - of_few) / (count - few) for of_all, of_few in pairs))
            costs.append((seconds_of_few[0], cost))
    return costs


def search(target: Target) -> Search:
    """The cost of a search by all properties. Raises BenchError, AgentError, CandidateError."""
    sides = [LiveSide(target, side) for side in SIDES]
    try:
        examiner, tally = Examiner(sides[0], sides[1], Level.EXACT), Tally()
        known = grouped([], Level.EXACT, 0)
        for name in PROPERTIES:
            for find in search_by(
                examiner, strategies.cases(name), name, known, examples=SEARCHED, seed=0, tally=tally
            ):
                raise BenchError(f"{target.name}: the reference diverges: {find.cause}")
    finally:
        for side in sides:
            side.close()
    whole = tally.drawing + tally.running
    return Search(whole / tally.tried, tally.drawing / whole)


def command(target: Target, *words: str, cores: Sequence[int] = ()) -> int:
    """Run the suite on the reference, and return the number of cases that it ran. cores: the cores to use, or all.

    Raises BenchError if the reference does not conform.
    """
    with tempfile.TemporaryDirectory(prefix="runpy-bench-") as folder:
        report = Path(folder, "records.jsonl")
        run = subprocess.run(
            command_line(target, f"--report={report}", *words),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=(lambda: os.sched_setaffinity(0, cores)) if cores else None,
        )
        if run.returncode:
            raise BenchError(f"{target.name}: {' '.join(words)}: {(run.stderr or run.stdout).strip()[-300:]}")
        records = [json.loads(line) for line in report.read_text("utf-8").splitlines()]
    return sum(record["record"] == "trial" and record["verdict"] != "not-run" for record in records)


def command_line(target: Target, *words: str) -> list[str]:
    """The command of the suite with these arguments; by default it keeps no database.

    The folder for finds is not made, since the reference, which is what is run, conforms.
    """
    module, finds = "conformance", Path(tempfile.gettempdir(), "runpy-bench-finds")
    return [
        *(sys.executable, "-E", "-m", module, f"--target={target.executable}"),
        *("-q", "--database=none", f"--finds={finds}", *words),
    ]


def _spread(cases: Sequence[Case], count: int) -> list[Case]:
    """A sample of about `count` cases, at equal distances."""
    return list(cases[:: max(1, len(cases) // count)])


@contextmanager
def _folder() -> Iterator[str]:
    """A temporary folder, in memory if that is possible, as for the worlds of the suite."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None
    with tempfile.TemporaryDirectory(prefix="runpy-bench-", dir=memory) as folder:
        yield os.path.realpath(folder)


@contextmanager
def spent() -> Iterator[list[float]]:
    """A list that gets, when the block ends, its wall-clock seconds and its child processes' processor seconds."""
    seconds: list[float] = []
    clock, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    yield seconds
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds.append(time.perf_counter() - clock)
    seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
