"""Tests of large cases: they end in the right verdict, and what is told of them grows in a straight line.

No test measures time: the size of an observation is counted, and the number of objects that are looked at.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from bench import curves
from bench.measure import SIDES
from conformance.agent import MANY, namespaces
from conformance.agent.describe import MAX_ITEMS, MAX_PLAIN, Describer
from conformance.cases.model import Case, Step
from conformance.judge.compare import judge
from conformance.judge.unfolding import unfolded
from conformance.observation import agent_process
from conformance.observation.interpreters import find
from conformance.observation.live import LiveSide
from conformance.observation.side import Reply
from conformance.report.observations import rows_of

TARGET = find(sys.executable)
AXES = {axis.name: axis for axis in curves.AXES}

# Modules of which each does something else to what the one before has entered.
_MEDDLING = """
import sys
sys.modules['another_{0}'] = sys.modules['under_test']
if {0} % 3 == 0: del sys.modules['another_{1}']
if {0} % 7 == 0: sys.modules[__name__] = sys.modules['own_1']
if {0} == 50:
    for name in [name for name in sys.modules if name.startswith(('own_', 'another_'))][5:]: del sys.modules[name]
sys.path.append('/nowhere/{0}')
if {0} == 45: del sys.path[-20:]
if {0} == 55: sys.path = list(sys.path)
if {0} == 60: sys.path.insert(0, '/nowhere')
"""
MEDDLING = Case(
    files={f"own_{n}.py": _MEDDLING.format(n, n - 1) for n in range(1, 70)}
    | {"m.py": "".join(f"import own_{n}\n" for n in range(1, 70))},
    steps=(Step("call", "run_module('m', alter_sys=True)"), Step("call", "run_module('m')")),
    id="meddling",
)
NAMES = Case(
    files={"m.py": "x = [1]\n"},
    steps=(
        *(Step("do", f"name_{n} = run_module('m')") for n in range(MANY + 3)),
        Step("do", "name_3['x'].append(2); del name_5"),
        Step("do", "name_6 = 7"),
        Step("do", "globals()['name_' + '7'] = 8"),
        Step("do", "name_5 = {}"),
        Step("call", "run_module('m')"),
    ),
    id="names",
)
FOLDED = (
    *(AXES[name].make(MANY + 8) for name in ("modules imported", "packages around the module")),
    *(AXES[name].make(MANY + 8) for name in ("runs inside one another", "modules that add to sys.path")),
    MEDDLING,
    NAMES,
)


@pytest.fixture(scope="module")
def sides() -> Iterator[list[LiveSide]]:
    """The oracle, and the reference as the candidate."""
    opened = [LiveSide(TARGET, side) for side in SIDES]
    yield opened
    for side in opened:
        side.close()


def _observed(cases: Sequence[Case]) -> list[Reply]:
    live = LiveSide(TARGET, "oracle")
    try:
        return [live.run(case.plain()) for case in cases]
    finally:
        live.close()


def test_what_is_told_in_parts_is_the_same_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the letter, whatever the modules do; and it is shorter."""
    short = _observed(FOLDED)
    shutil.copytree(agent_process.AGENT.parent, tmp_path / "agent")
    settings = tmp_path / "agent" / "__init__.py"
    text = settings.read_text("utf-8")
    assert f"MANY = {MANY}\n" in text
    settings.write_text(text.replace(f"MANY = {MANY}\n", "MANY = 1_000_000\n"), "utf-8")
    monkeypatch.setattr(agent_process, "AGENT", tmp_path / "agent" / "start.py")
    for case, reply, whole in zip(FOLDED, short, _observed(FOLDED), strict=True):
        assert reply.observation is not None, (case.id, reply)
        assert whole.observation is not None
        assert b'"changed_' in reply.line, case.id
        assert b'"changed_' not in whole.line
        assert unfolded(reply.observation) == whole.observation, case.id
        assert rows_of(reply.observation) == rows_of(whole.observation), case.id
        assert len(reply.line) < len(whole.line)


@pytest.mark.parametrize("name", ["modules imported", "runs inside one another", "steps that bind a name"])
def test_an_observation_grows_in_a_straight_line(name: str) -> None:
    """Twice as many are not told in more than twice as much; where all were told each time, it was four times."""
    short, long = (len(reply.line) for reply in _observed([AXES[name].make(size) for size in (64, 128)]))
    assert short < long < 2 * short


@pytest.mark.parametrize(
    ("case", "most"),
    [
        (AXES["modules imported"].make(500), 1_000_000),
        (AXES["packages around the module"].make(100), 1_000_000),
        (AXES["steps"].make(1000), 3_000_000),
        (AXES["numbers in a list"].make(100_000), 50_000),
        (AXES["dictionaries in a list"].make(100_000), 200_000),
        (AXES["lists inside one another"].make(1000), 5_000),
        (AXES["names in the namespace"].make(10_000), 500_000),
        (AXES["characters of a text"].make(10_000_000), 20_000),
        (AXES["entries of sys.path"].make(1000), 5_000),
    ],
    ids=lambda value: value.id if isinstance(value, Case) else "",
)
def test_a_large_case_agrees(case: Case, most: int, sides: list[LiveSide]) -> None:
    """And little is told of it. most: bytes."""
    for side in sides:
        side.start([case.plain()])
    oracle, candidate = (side.finish()[0] for side in sides)
    assert oracle.observation is not None, oracle
    assert oracle.line == candidate.line
    assert len(oracle.line) < most


def _divergences(case: Case, wrong: Case) -> list[str]:
    """The fields and places in which the observation of another case differs."""
    ours, theirs = (reply.observation for reply in _observed([case, wrong]))
    assert ours is not None
    assert theirs is not None
    return [f"{found.signature.field} {found.where}" for found in judge(case, ours, theirs, version=TARGET.version)]


def test_a_small_fault_in_a_large_case_is_found() -> None:
    """Where it is, and nothing else: the last of many numbers, one of many modules, one of many names."""
    case = AXES["numbers in a list"].make(100_000)
    changed = case.files | {"m.py": f"{case.files['m.py']}x[-1] = 0\n"}
    found = _divergences(case, Case(changed, case.steps, id=case.id))
    assert {line.split()[0] for line in found} == {"exit.globals", "result.values"}

    case = AXES["modules imported"].make(60)
    last = "import sys\nsys.modules['own_7'] = sys.modules['own_8']\nx = 59\n"
    found = _divergences(case, Case(case.files | {"own_59.py": last}, case.steps, id=case.id))
    assert "import.modules step 1: at the end of <root>/own_59.py: sys.modules['own_7']" in found
    assert all("'own_7'" in line for line in found if ".modules" in line)

    steps = list(NAMES.steps)
    steps[MANY + 3] = Step("do", "name_3['x'].append(3); del name_5")
    found = _divergences(NAMES, Case(NAMES.files, tuple(steps), id=NAMES.id))
    assert found[0] == f"names step {MANY + 4}: name_3"
    assert all(line.endswith(": name_3") for line in found)


class _Counting(Describer):
    """Counts the objects that it is asked to describe."""

    def __init__(self) -> None:
        super().__init__("/no/such/folder", {}, lambda file: False)
        self.count = 0

    def value(self, obj: Any, path: str, depth: int = 0) -> Any:
        self.count += 1
        return super().value(obj, path, depth)


@pytest.mark.parametrize("items", [list(range(100_000)), [str(n) for n in range(100_000)], [{"a": 1}] * 50_000])
def test_a_checksum_stands_for_most_of_a_long_list(items: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """It tells them apart by their last items; those before are described, and no others."""
    monkeypatch.setitem(namespaces._NAMED, "sys", namespaces.Namespace(vars(sys), "sys", {}))
    describer = _Counting()
    described = describer.value(items, "x")
    assert describer.count <= 2 * MAX_PLAIN + 1
    assert described["list"][-1]["and more"] == len(items) - MAX_PLAIN
    assert _Counting().value(list(items), "x") == described
    assert _Counting().value([*items[:-1], 0.5], "x") != described
    assert _Counting().value([*items, items[-1]], "x") != described


def test_no_checksum_is_made_of_objects() -> None:
    """They are described, up to a number; nor of what holds itself, or the same very often."""
    some: list[Any] = [object()] * (MAX_PLAIN + 10)
    assert len(_Counting().value(some, "x")["list"]) == len(some)
    many: list[Any] = [some] * (MAX_ITEMS + 1)
    assert _Counting().value(many, "x")["list"][-1] == {"and more": True}
    itself: list[Any] = []
    itself.extend([itself] * (MAX_PLAIN + 1))
    assert _Counting().value(itself, "x")["list"][-1] == {"again": "x"}


def test_what_was_said_of_a_list_is_not_said_of_another() -> None:
    """A list that has changed since it was described gets another checksum, and so does a text."""
    describer, items = _Counting(), list(range(100_000))
    first = describer.value(items, "x")
    items[-1] = -1
    assert describer.value(items, "x")["list"] != first["list"]
    assert describer.text("a" * 10_000) != describer.text("a" * 9_999 + "b")
