"""The forms of right implementations: all pairs are tried, each form works, and an accusation is reduced."""

from __future__ import annotations

import itertools
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.clauses import Level, registry
from tests.forms.__main__ import Verdict, _usable, judged, main, reduced
from tests.forms.form import Combination, Form, combinations, forms, implementation

TARGETS = ["python3.9", "pypy3.11"]
USABLE = [form for form in forms() if not form.compiled and not form.user]
PLAIN = [next(form for form in USABLE if form.axis == axis) for axis in ("implementation", "callable", "folder")]
FORGETS = Form("forgets its arguments", late="args = args[:1]\nkwargs.pop('init_globals', None)\n")


def test_all_pairs_of_forms_are_together_once() -> None:
    """But for those that exclude each other; and so is each form with each interpreter."""
    chosen = combinations(TARGETS, forms())
    together = {
        pair
        for combination in chosen
        for pair in itertools.permutations([combination.target, *(form.name for form in combination.forms)], 2)
    }
    for one, other in itertools.combinations(forms(), 2):
        assert (one.name, other.name) in together or (one.axis and one.axis == other.axis), (one.name, other.name)
    for form, target in itertools.product(forms(), TARGETS):
        assert ((target, form.name) in together) == (target not in form.without), (target, form.name)
    alone = [{form.name for form in combination.forms} for combination in chosen]
    assert all(any(form.name not in names for names in alone) for form in forms())


CALLS = """
import candidate
assert candidate.run_module("small", {"given": 1}, run_name="other")["told"] == ("other", 1)
assert candidate.run_path("small.py", {"given": 2})["told"] == ("<run_path>", 2)
"""


@pytest.mark.parametrize("name", [form.name for form in USABLE if form.wrap or form.source])
def test_each_form_of_the_function_works(name: str, tmp_path: Path) -> None:
    """With all habits at once."""
    form = next(form for form in USABLE if form.name == name)
    others = [plain for plain in PLAIN if plain.axis != form.axis]
    habits = [form for form in USABLE if not form.axis]
    (tmp_path / "candidate.py").write_text(Combination("", (*others, form, *habits)).module(), encoding="utf-8")
    (tmp_path / "implementation.py").write_text(implementation(), encoding="utf-8")
    (tmp_path / "small.py").write_text("told = __name__, given\n", encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", CALLS], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_wrong_form_is_accused_and_all_others_are_taken_away() -> None:
    """A combination without it conforms."""
    named = {form.name: form for form in USABLE}
    combination = Combination(sys.executable, (*PLAIN[:2], named["a folder with spaces"], named["logs"], FORGETS))
    case = "initial_globals/items_are_there_before_the_code_runs"
    verdict = judged(combination, "quick", [case])
    assert ("INIT-VISIBLE", case) in verdict.accused
    assert reduced(combination, verdict).forms == (*PLAIN, FORGETS)
    assert judged(combination.without(FORGETS), "quick", [case]) == Verdict(tried=1)


def test_a_clause_that_a_form_breaks_indeed_is_no_accusation() -> None:
    """If the form says so."""
    known = replace(FORGETS, breaks=("INIT-VISIBLE",))
    verdict = judged(
        Combination(sys.executable, (*PLAIN, known)),
        "quick",
        ["initial_globals/items_are_there_before_the_code_runs"],
    )
    assert "INIT-VISIBLE" not in {clause for clause, _ in verdict.accused}


def test_nothing_run_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    """And an interpreter that was asked for and is not there is said."""
    assert main(["--target=/no/such/python"]) == 2
    assert "There is no interpreter /no/such/python." in capsys.readouterr().err
    assert main([f"--target={sys.executable}", "--part=9999/9999"]) == 5


def test_what_a_form_breaks_is_no_more_than_exact() -> None:
    """A form is one of a right implementation: it may break details of CPython, and nothing that programs rely on."""
    clauses = registry()
    for form in forms():
        for name in form.breaks:
            assert clauses[name].level is Level.EXACT, (form.name, name)
        assert form.summary or not form.breaks, form.name


def test_a_form_is_tried_where_its_user_can_read_the_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    """One interpreter that another user cannot read does not take the form from all; without any it is left out."""
    readable = {sys.executable, "python3.9"}
    monkeypatch.setattr("tests.forms.__main__._may_run", lambda user, python: python in readable)
    (of_user,) = (form for form in forms() if form.user)
    usable, left_out = _usable([of_user], TARGETS)
    assert [form.without for form in usable] == [("pypy3.11",)]
    assert left_out == ["another user on pypy3.11: a process of nobody cannot read it"]
    for gone in ("python3.9", sys.executable):
        readable.discard(gone)
        assert _usable([of_user], TARGETS)[0] == []
