"""Measures how the cost of a case grows along one axis at a time, beside the bare calls, and fits exponents.

Rules. Ours and the floor are measured with the same worlds and the same calls. Both are processor time, since two sides
that run at the same time, and other work on the machine, make the clock say little.

Theory of operation. An axis makes a case of any size. Its sizes are 1, 2, 4 and so on. "Ours" is the cost of a batch of
that case as the examiner runs it, with building, isolating, observing and comparing, in the driver and in all processes
below it. The cost of a smaller batch is subtracted, so that the start of the processes does not count. The exponent is
the slope of the straight line that fits the logarithm of the cost best, by least squares, over the logarithm of the
size: all sizes count alike. A cost that grows in a straight line has an exponent of at most 1, and of less where most
of the cost does not depend on the size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from bench.measure import SIDES, BenchError, floor
from bench.processes import processor_time
from conformance.cases.model import Case, Step
from conformance.clauses import Level
from conformance.observation.interpreters import Target
from conformance.observation.live import LiveSide
from conformance.search.examine import Examiner

MARGIN = 0.1  # by which our exponent may exceed the floor's
_LEAST = 0.2  # seconds by which the larger batch has to take longer than the smaller one, unless it has the most cases
_FEW, _MOST = 2, 128  # cases in the smaller batch, and at most in the larger one
_ROUNDS = 15  # of the floor; the first rounds are slower than the others
_TICK = 0.01  # seconds: the system counts processor time in steps of this length


@dataclass(frozen=True)
class Axis:
    """A way in which cases grow. make: makes the case of a size. largest: the last of the sizes 1, 2, 4 ..."""

    name: str
    make: Callable[[int], Case]
    largest: int

    @property
    def sizes(self) -> list[int]:
        """The sizes that are measured, in order."""
        return [1 << power for power in range(self.largest.bit_length())]


@dataclass(frozen=True)
class Curve:
    """The seconds of processor time for a case on both sides, by size: ours and the floor's."""

    axis: Axis
    sizes: Sequence[int]
    ours: Sequence[float]
    floor: Sequence[float]

    @property
    def exponents(self) -> tuple[float, float]:
        """The exponents of ours and of the floor."""
        return exponent(self.sizes, self.ours), exponent(self.sizes, self.floor)

    @property
    def holds(self) -> bool:
        """True if our exponent exceeds the floor's by no more than the margin."""
        ours, bare = self.exponents
        return ours <= bare + MARGIN


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """The slope of the line that fits the logarithms of costs over those of sizes best, by least squares."""
    xs, ys = [math.log(size) for size in sizes], [math.log(cost) for cost in costs]
    middle, height = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((x - middle) * (y - height) for x, y in zip(xs, ys, strict=True)) / sum((x - middle) ** 2 for x in xs)


def curves(target: Target, axes: Sequence[Axis] = ()) -> Iterator[Curve]:
    """Measure the curve of each axis. Raises BenchError, AgentError, CandidateError."""
    for axis in axes or AXES:
        cases = [axis.make(size) for size in axis.sizes]
        with opened(target) as examiner:
            _batch(examiner, cases[0], _FEW)
            ours = [_ours(examiner, case) for case in cases]
        bare = [floor(target, [case], rounds=_ROUNDS).processor for case in cases]
        yield Curve(axis, axis.sizes, ours, bare)


@contextmanager
def opened(target: Target) -> Iterator[Examiner]:
    """An examiner with the oracle and the reference as its two sides, which are closed in the end."""
    sides = [LiveSide(target, side) for side in SIDES]
    try:
        yield Examiner(sides[0], sides[1], Level.EXACT)
    finally:
        for side in sides:
            side.close()


def _ours(examiner: Examiner, case: Case) -> float:
    """The seconds of processor time for a case: from a large batch of it less a small one, without the new process."""
    few, count, most = _batch(examiner, case, _FEW), _FEW, 0.0
    while count < _MOST and most - few < _LEAST:
        count = min(_MOST, count * 4)
        most = _batch(examiner, case, count)
    return max(most - few, _TICK) / (count - _FEW)


def _batch(examiner: Examiner, case: Case, count: int) -> float:
    """The seconds of processor time that all processes together take for a batch of a case."""
    cases = [replace(case, id=f"{case.id}/{number}") for number in range(count)]
    before = processor_time()
    trials = examiner.glance_all(cases)
    seconds = processor_time() - before
    if wrong := [trial for trial in trials if trial.verdict != "agrees"]:
        raise BenchError(f"{case.id} {wrong[0].verdict}: {wrong[0].reason or wrong[0].divergences}")
    return seconds


# -- the axes --------------------------------------------------------------------------------------------------


def _imports(size: int) -> Case:
    files = {f"own_{n}.py": f"x = {n}\n" for n in range(1, size)}
    files["m.py"] = "".join(f"import own_{n}\n" for n in range(1, size)) + "x = 1\n"
    return _case("modules imported", size, files, ["run_module('m')"])


def _packages(size: int) -> Case:
    packages = ["/".join(["p"] * n) for n in range(1, size + 1)]
    files = {f"{package}/__init__.py": "" for package in packages} | {f"{packages[-1]}/m.py": "x = 1\n"}
    return _case("packages around the module", size, files, [f"run_module('{'p.' * size}m')"])


def _nested(size: int) -> Case:
    call = "from under_test import run_module\nx = run_module('m{}', alter_sys=True)['x']\n"
    files = {f"m{n}.py": call.format(n + 1) for n in range(size - 1)} | {f"m{size - 1}.py": "x = 1\n"}
    return _case("runs inside one another", size, files, ["run_module('m0', alter_sys=True)"])


def _steps(size: int) -> Case:
    return _case("steps", size, {"m.py": "x = 1\n"}, ["run_module('m')"] * size)


def _names(size: int) -> Case:
    lines = [f"name_{n} = run_module('m')" for n in range(size)]
    return _case("steps that bind a name", size, {"m.py": "x = 1\n"}, lines, kind="do")


def _path(size: int) -> Case:
    folders = [f"d{n}" for n in range(size)]
    files = {f"{folder}/": "" for folder in folders} | {f"{folders[-1]}/m.py": "x = 1\n"}
    return Case(files, (Step("call", "run_module('m')"),), path=tuple(folders), id=f"entries of sys.path/{size}")


def _path_grows(size: int) -> Case:
    files = {f"own_{n}.py": f"import sys\nsys.path.append('/no/{n}')\n" for n in range(1, size)}
    files["m.py"] = "".join(f"import own_{n}\n" for n in range(1, size)) + "x = 1\n"
    return _case("modules that add to sys.path", size, files, ["run_module('m')"])


def _namespace(size: int) -> Case:
    lines = "".join(f"name_{n} = {n}\n" for n in range(size))
    return _case("names in the namespace", size, {"m.py": lines}, ["run_module('m')"])


def _numbers(size: int) -> Case:
    return _case("numbers in a list", size, {"m.py": f"x = list(range({size}))\n"}, ["run_module('m')"])


def _texts(size: int) -> Case:
    return _case("texts in a list", size, {"m.py": f"x = [str(n) for n in range({size})]\n"}, ["run_module('m')"])


def _dicts(size: int) -> Case:
    return _case("dictionaries in a list", size, {"m.py": f"x = [{{}} for n in range({size})]\n"}, ["run_module('m')"])


def _structure(size: int) -> Case:
    lines = f"x = []\nfor n in range({size}):\n    x = [x]\n"
    return _case("lists inside one another", size, {"m.py": lines}, ["run_module('m')"])


def _text(size: int) -> Case:
    return _case("characters of a text", size, {"m.py": f"x = 'x' * {size}\n"}, ["run_module('m')"])


def _case(axis: str, size: int, files: dict[str, str], lines: list[str], kind: str = "call") -> Case:
    steps = tuple(Step("call" if kind == "call" else "do", line) for line in lines)
    return Case(files=dict(files), steps=steps, id=f"{axis}/{size}")


AXES = (
    Axis("modules imported", _imports, 512),
    Axis("packages around the module", _packages, 128),
    Axis("runs inside one another", _nested, 64),
    Axis("steps", _steps, 1024),
    Axis("steps that bind a name", _names, 1024),
    Axis("entries of sys.path", _path, 1024),
    Axis("modules that add to sys.path", _path_grows, 256),
    Axis("names in the namespace", _namespace, 1 << 14),
    Axis("numbers in a list", _numbers, 1 << 17),
    Axis("texts in a list", _texts, 1 << 17),
    Axis("dictionaries in a list", _dicts, 1 << 17),
    Axis("lists inside one another", _structure, 1 << 12),
    Axis("characters of a text", _text, 1 << 24),
)
