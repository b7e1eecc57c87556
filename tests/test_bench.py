"""Tests of the bench: it runs, and it prints what it measured."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bench import __main__ as bench
from bench import curves, measure, show
from bench.curves import Curve
from bench.growth import Point
from bench.measure import BenchError, Cost, Measured, Search
from conformance.cases.model import Case, Step
from conformance.observation.interpreters import find

TARGET = find(sys.executable)
WORLD = Case(
    files={"p/__init__.py": "", "p/__main__.py": "import sys\nsys.argv = sys.path = None\n", "p/m.py": "x = 1\n"},
    steps=(Step("call", "run_module('p')"), Step("write", {"p/m.py": "x = 2\n"}), Step("call", "run_module('p.m')")),
)


def test_the_bare_calls_and_those_by_hand_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the world does to the process; and two interpreters cost more than none."""
    monkeypatch.setattr(measure, "FLOOR_ROUNDS", 1)
    cases = [WORLD] * 3
    bare, by_hand = measure.floor(TARGET, cases), measure.naive(TARGET, cases)
    assert 0 < bare.processor < by_hand.processor


def test_the_suite_runs_with_the_options_of_the_bench() -> None:
    """And says how many cases it ran."""
    assert measure.command(TARGET, "packages/nested_package_runs_main") == 1


def test_what_does_not_run_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no time is made up."""
    monkeypatch.setattr(measure, "FLOOR_ROUNDS", 1)
    with pytest.raises(BenchError, match="do not run"):
        measure.floor(TARGET, [Case(files={"a": "", "a/b.py": ""}, steps=())])


def test_the_table_has_the_ratios() -> None:
    """By the clock; of the first run, and of the next."""
    first, again = Cost(0.003, 0.005), Cost(0.0025, 0.004)
    measured = Measured(TARGET, Cost(0.002, 0.002), Cost(0.06, 0.05), first, again, Search(0.004, 0.25), 2.0)
    (row,) = show.rows([measured])
    assert row[1:5] == ["2.0 (2.0)", "60.0 (50.0)", "3.0 (5.0)", "2.5 (4.0)"]
    assert row[5:] == ["20.0", "1.50", "1.25", "4.0", "25%", "2.0 s"]
    assert " | ".join(row) in show.markdown([measured])


def test_a_plot_has_a_bar_for_each_point() -> None:
    """The longest for the most."""
    lines = show.plot([Point(1, 0.001), Point(16, 0.004)], "deep", "ms", 1e3).splitlines()
    assert [line.count("#") for line in lines] == [10, 40]
    assert lines[1].startswith("16 deep")
    assert lines[1].endswith("4.0 ms")


def test_every_axis_makes_cases_that_run() -> None:
    """And conform: a curve of something else would say nothing."""
    with curves.opened(TARGET) as examiner:
        trials = examiner.glance_all([axis.make(4) for axis in curves.AXES])
    assert [trial.verdict for trial in trials] == ["agrees"] * len(curves.AXES)
    with pytest.raises(BenchError, match="not-run"):
        curves._batch(examiner, Case({}, (Step("do", "pass"),), requires=("python<3",), id="never"), 1)


def test_a_curve_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ours and the floor's, at each size."""
    monkeypatch.setattr(curves, "_MOST", 4)
    monkeypatch.setattr(measure, "FLOOR_ROUNDS", 1)
    (curve,) = curves.curves(TARGET, [replace(curves.AXES[0], largest=2)])
    assert curve.sizes == [1, 2]
    assert len(curve.ours) == len(curve.floor) == 2
    assert min(*curve.ours, *curve.floor) > 0


def test_the_exponent_is_the_slope() -> None:
    """Of the logarithms; ours may exceed the floor's by a tenth."""
    sizes = [1, 2, 4, 8]
    assert curves.exponent(sizes, [size**1.5 for size in sizes]) == pytest.approx(1.5)
    straight, steep = ([3 * size**power for size in sizes] for power in (1.0, 1.2))
    good, bad = (Curve(curves.AXES[0], sizes, ours, straight) for ours in (straight, steep))
    assert (good.holds, bad.holds) == (True, False)
    assert [line.endswith("too much |") for line in show.exponents([good, bad]).splitlines()[2:]] == [False, True]
    assert show.curves([good]).splitlines()[2:] == [
        "| modules imported | 2 | 6000.0 | 6000.0 | 1.0 |",
        "| modules imported | 8 | 24000.0 | 24000.0 | 1.0 |",
    ]


def test_parts_of_the_page_are_replaced(tmp_path: Path) -> None:
    """The text that people wrote around the tables stays."""
    page = tmp_path / "speed.md"
    page.write_text("a\n<!-- cores -->\nold\n<!-- end of cores -->\nb\n", "utf-8")
    bench._write(page, {"cores": "new\n"})
    assert page.read_text("utf-8") == "a\n<!-- cores -->\n\nnew\n\n<!-- end of cores -->\nb\n"


def test_what_cannot_be_understood_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """In one sentence, before anything is measured."""
    assert bench.main(["--memory=long"]) == 2
    assert bench.main(["--target=no-such-python"]) == 2
    assert capsys.readouterr().err.count("\n") == 2


def test_the_bare_calls_are_really_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of both functions, on both sides: a call that fails at once would make the floor too low."""
    monkeypatch.setattr(measure, "FLOOR_ROUNDS", 1)
    ran = tmp_path / "ran"
    source = f"import under_test\nwith open({str(ran)!r}, 'a') as file:\n    file.write(__name__[:1])\n"
    calls = ("run_module('m')", "run_path('m.py')", "under_test.run_path('m.py')")
    steps = (Step("do", "import under_test"), *(Step("call", call) for call in calls))
    case = Case(files={"m.py": source}, steps=steps, id="bare")
    for run in (measure.floor, measure.naive):
        run(TARGET, [case])
        assert ran.read_text("utf-8") == "m<<" * 2
        ran.unlink()
