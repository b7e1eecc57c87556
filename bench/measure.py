"""Takes the time of the bare calls, of what one would do by hand, and of the suite as it is run."""

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
ROOM = _HERE.parent  # where the suite can be imported
_SIDES = ("oracle", str(REFERENCE))
FLOOR_CASES, FLOOR_ROUNDS, NAIVE_CASES = 400, 3, 25
SEARCHED = 100  # by each property
FEW, ALL = "families/sequences", "families"


@dataclass(frozen=True)
class Cost:
    """Seconds for one case, both sides: by the clock, and of processors."""

    clock: float
    processor: float


@dataclass(frozen=True)
class Search:
    """What one case of a search cost, and of that the share of drawing it."""

    clock: float
    drawing: float


@dataclass(frozen=True)
class Measured:
    """One target: what a case costs, in seconds for both sides, and until the suite has tried its first cases.

    ours: in the first run; again: in the next, when it is known what the oracle shows.
    """

    target: Target
    floor: Cost
    naive: Cost
    ours: Cost
    again: Cost
    search: Search
    start: float


class BenchError(Exception):
    """Something that is measured does not run; one sentence."""


def measure(target: Target) -> Measured:
    """All of it for one target, in one go. Raises BenchError."""
    version, capabilities = target.version, usual_capabilities(target.implementation)
    every = [case for case in families.generate(FIXTURES) if not case.unmet(version, capabilities)]
    bare = [floor(target, every)]
    by_hand = naive(target, every)
    (start, ours), (_, again) = enumeration(target)
    searching = search(target)
    bare.append(floor(target, every))  # before and after: the machine may have become slower meanwhile
    around = Cost(sum(one.clock for one in bare) / 2, sum(one.processor for one in bare) / 2)
    return Measured(target, around, by_hand, ours, again, searching, start)


def floor(target: Target, every: Sequence[Case]) -> Cost:
    """The same worlds and the same calls made bare, one after another in one process; the median of some rounds."""
    some = _spread(every, FLOOR_CASES)
    with _folder() as folder:
        request = {
            "cases": [case.plain() for case in some],
            "sides": _SIDES,
            "folder": folder,
            "rounds": FLOOR_ROUNDS,
        }
        told = subprocess.run(
            [target.executable, str(_HERE / "floor.py"), str(AGENT.parent)],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            check=False,
        )
    try:
        rounds = json.loads(told.stdout)
    except ValueError:
        raise BenchError(f"{target.name}: the bare calls do not run: {told.stderr.strip()[-300:]}") from None
    return Cost(*(statistics.median(one[n] for one in rounds) / len(some) for n in (0, 1)))


def naive(target: Target, every: Sequence[Case]) -> Cost:
    """Two interpreters for each case, one after the other, and a look at whether they print the same."""
    some = _spread(every, NAIVE_CASES)
    # Not a script that starts the interpreter, as version managers have: that would be slow on our account.
    tell = [target.executable, "-c", "import sys; print(sys.executable)"]
    executable = subprocess.run(tell, capture_output=True, text=True, check=True).stdout.strip()
    with _folder() as folder, spent() as taken:
        for case in some:
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
                for side in _SIDES
            ]
            if printed[0] != printed[1]:
                raise BenchError(f"{target.name}: by hand, the reference differs in {case.id}: {printed}")
    return Cost(*(one / len(some) for one in taken))


def enumeration(target: Target, cores: Sequence[int] = (), times: int = 2) -> list[tuple[float, Cost]]:
    """The command as it is typed, for a few cases and for all that the families enumerate: the start, and the rest.

    times: how often; all but the first find what the oracle has shown.
    """
    found = []
    with _folder() as few_kept, _folder() as all_kept:
        for _ in range(times):
            with spent() as first:
                few = command(target, FEW, f"--database={few_kept}", cores=cores)
            with spent() as whole:
                count = command(target, ALL, f"--database={all_kept}", cores=cores)
            rest = [(all_of_it - start) / (count - few) for all_of_it, start in zip(whole, first, strict=True)]
            found.append((first[0], Cost(*rest)))
    return found


def search(target: Target) -> Search:
    """A search by all properties. Raises AgentError, CandidateError."""
    sides = [LiveSide(target, one) for one in _SIDES]
    try:
        examiner, tally = Examiner(sides[0], sides[1], Level.EXACT), Tally()
        known = grouped([], Level.EXACT, 0)
        for name in PROPERTIES:
            for find in search_by(
                examiner, strategies.cases(name), name, known, examples=SEARCHED, seed=0, tally=tally
            ):
                raise BenchError(f"{target.name}: the reference differs: {find.cause}")
    finally:
        for side in sides:
            side.close()
    whole = tally.drawing + tally.running
    return Search(whole / tally.tried, tally.drawing / whole)


def command(target: Target, *words: str, cores: Sequence[int] = ()) -> int:
    """Run the suite with the reference, on these cores alone if some are given; how many cases it ran.

    Raises BenchError if the reference does not conform.
    """
    with tempfile.TemporaryDirectory(prefix="runpy-bench-") as folder:
        report = Path(folder, "records.jsonl")
        ended = subprocess.run(
            command_line(target, f"--report={report}", *words),
            cwd=ROOM,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=(lambda: os.sched_setaffinity(0, cores)) if cores else None,
        )
        if ended.returncode:
            raise BenchError(f"{target.name}: {' '.join(words)}: {(ended.stderr or ended.stdout).strip()[-300:]}")
        records = [json.loads(line) for line in report.read_text("utf-8").splitlines()]
    return sum(one["record"] == "trial" and one["verdict"] != "not-run" for one in records)


def command_line(target: Target, *words: str) -> list[str]:
    """The suite as one would type it, but that nothing is kept, unless the words say where."""
    module = "conformance"
    return [
        *(sys.executable, "-E", "-m", module, f"--target={target.executable}"),
        *("-q", "--database=none", f"--finds={os.devnull}/finds", *words),
    ]


def _spread(cases: Sequence[Case], count: int) -> list[Case]:
    """So many of the cases, from all over."""
    return list(cases[:: max(1, len(cases) // count)])


@contextmanager
def _folder() -> Iterator[str]:
    """A folder in memory, where there is one: where the suite builds its worlds as well."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None
    with tempfile.TemporaryDirectory(prefix="runpy-bench-", dir=memory) as folder:
        yield os.path.realpath(folder)


@contextmanager
def spent() -> Iterator[list[float]]:
    """The seconds that pass until the end: by the clock, and of processors in processes started and ended meanwhile."""
    found: list[float] = []
    clock, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    yield found
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found.append(time.perf_counter() - clock)
    found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
