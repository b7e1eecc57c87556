"""The families: what they give is stable, complete, no case twice, and true."""

from __future__ import annotations

import ast
import functools
import itertools
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conformance import FIXTURES, HOUSE
from conformance.cases.families import by_family, canonical, generate
from conformance.cases.families.products import combinations, pairs
from conformance.cases.families.storages import STORAGES
from conformance.cases.families.tables import Family, Row, read
from conformance.cases.fixtures import from_plain
from conformance.cases.model import Case, CaseError, Step
from conformance.cases.varied import of_fixtures
from conformance.clauses import Level, registry
from conformance.clauses.pythons import TARGETS
from conformance.commands.families import main, running
from conformance.commands.selection import Selection
from conformance.observation.interpreters import Target
from conformance.observation.live import LiveSide
from conformance.search.profiles import PROFILES
from tests.harness import Mutant, Oracle, all_cases, combined_mutants, judged, target_for

TABLES = FIXTURES / "families"


@functools.cache
def generated() -> tuple[Case, ...]:
    return tuple(generate(FIXTURES))


def world(*files: str, call: str = "run_module('one_name')", **rest: object) -> Case:
    return Case(files=dict.fromkeys(files, "import one_name\n"), steps=(Step("call", call),), **rest)  # type: ignore[arg-type]


def test_whoever_reads_may_have_enough() -> None:
    """`--ids | head` ends without a traceback."""
    command = [sys.executable, "-m", "conformance.commands.families", "--ids"]
    with subprocess.Popen(command, cwd=HOUSE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as listing:
        assert listing.stdout is not None and listing.stderr is not None  # noqa: PT018
        assert listing.stdout.readline().startswith(b"families/")
        listing.stdout.close()
        assert listing.stderr.read() == b""
    assert listing.returncode == 0


def test_a_sample_does_not_depend_on_what_else_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more case moves no other one out of the profile `quick`, or into it; each large family is in it."""
    selection = Selection(FIXTURES, profile=PROFILES["quick"])
    monkeypatch.setitem(selection.__dict__, "of_families", generated())
    sample = [case.id for case in selection.generated()]
    assert 0.08 < len(sample) / len(generated()) < 0.12
    sizes = Counter(case.family for case in generated())
    assert {family for family, size in sizes.items() if size > 40} <= {case.family for case in selection.generated()}
    monkeypatch.setitem(selection.__dict__, "of_families", generated()[1:])
    assert [case.id for case in selection.generated()] == [name for name in sample if name != generated()[0].id]


# -- what there is ------------------------------------------------------------------------------------------------


def test_twice_the_same() -> None:
    """No chance, no clock, no order of a set: the same cases, in the same order."""
    assert [(case.id, case.digest) for case in generate(FIXTURES)] == [(case.id, case.digest) for case in generated()]


def test_each_id_is_its_own() -> None:
    """And says of which family it is."""
    ids = [case.id for case in generated()]
    assert len(set(ids)) == len(ids)
    assert {case.family for case in generated()} == {f"families/{family.id}" for family, _ in by_family(FIXTURES)}


@pytest.mark.parametrize("target", TARGETS)
def test_three_thousand_cases_run(target: str) -> None:
    """On every target, by what they require."""
    assert running(list(generated()), target) >= 3000


def test_cases_are_well_formed() -> None:
    """As fixtures are: read by the same rules, with clauses that exist, and are judged."""
    for case in generated():
        data = {**case.plain(), "requires": list(case.requires), "clauses": list(case.clauses), "summary": case.summary}
        assert from_plain(data, case.id) == case
        assert case.summary[:1].isupper(), case.id
        assert not {"$", "  ", ",,"} & {case.summary[n : n + size] for size in (1, 2) for n in range(len(case.summary))}
        for clause in case.clauses:
            assert not registry()[clause].untestable, case.id
        for text in case.files.values():
            if isinstance(text, str) and "does not compile" not in case.summary:
                ast.parse(text)


def test_each_row_of_each_axis_is_used() -> None:
    """A row that no family takes is a mistake in a table."""
    taken = {(row.axis, row.id) for family, _ in by_family(FIXTURES) for rows in combinations(family) for row in rows}
    taken |= {tuple(row.split(" ")) for case in of_fixtures(FIXTURES) for row in case.rows}
    there = {
        (axis, row)
        for path in TABLES.glob("*.toml")
        for axis, rows in tomllib.loads(path.read_text(encoding="utf-8")).items()
        if axis != "family"
        for row in rows
    }
    assert there == taken


def test_each_row_that_is_named_exists() -> None:
    """A name in `without` is the name of a row."""
    rows = {row.name: row for family in read(TABLES) for axis in family.axes for row in axis}
    restricted = [row for row in rows.values() if row.without]
    assert restricted
    for row in restricted:
        assert row.without <= rows.keys(), row.name


def test_each_storage_is_used() -> None:
    """And no other one."""
    assert {row.storage for family in read(TABLES) for axis in family.axes for row in axis} - {""} == set(STORAGES)


# -- the same but for names ---------------------------------------------------------------------------------------


def test_a_renamed_world_is_the_same_case() -> None:
    """In files, texts, archives, entries of sys.path and steps."""
    renamed = replace(
        world("one_name.py", "inner/two_name.py", path=("inner",)),
        files={"x.py": "import x\n", "y/z.py": "import x\n"},
        path=("y",),
        steps=(Step("call", "run_module('x')"),),
    )
    assert canonical(renamed) == canonical(world("one_name.py", "inner/two_name.py", path=("inner",)))
    zipped = [
        Case(files={"lib.zip": {"zip": {f"{name}.py": "1"}}}, steps=(Step("call", f"run_module('{name}')"),))
        for name in ("one_name", "another")
    ]
    assert canonical(zipped[0]) == canonical(zipped[1])


def test_the_order_of_files_is_nothing() -> None:
    """As they lie on a disk."""
    first = Case(files={"a_name.py": "1", "b_name.py": "2"}, steps=(Step("call", "run_module('a_name')"),))
    second = Case(files={"x_name.py": "2", "y_name.py": "1"}, steps=(Step("call", "run_module('y_name')"),))
    assert canonical(first) == canonical(second)


@pytest.mark.parametrize(
    "other",
    [
        world("one_name.py", "Two_Name.py"),
        world("one_name.py", "two_name.pyc"),
        world("one_name.py", "__main__.py"),
        world("one_name.py", "One_Name.py"),
        world("one_name.py", "one_name_and_more.py"),
        world("one_name.py", "two_name.py", call="run_module('two_name')"),
        world("one_name.py", "two_name.py", call="run_module('absent')"),
        world("one_name.py", "two_name.py", argv=("other",)),
        world("one_name.py", "two_name.py", requires=("threads",)),
        world("one_name.py", "inner/two_name.py"),
    ],
    ids=lambda case: " ".join((*case.files, *case.argv, *case.requires, case.steps[0].content)),
)
def test_other_worlds_and_calls_are_other_cases(other: Case) -> None:
    """Names that differ in case only, or of which one begins with the other, are no names like any others."""
    same = canonical(other) == canonical(world("one_name.py", "two_name.py"))
    assert same == (list(other.files) == ["one_name.py", "Two_Name.py"])


def test_no_case_is_there_twice() -> None:
    """Not even in two families."""
    forms = [canonical(case) for case in generated()]
    assert len(set(forms)) == len(forms)


# -- products -----------------------------------------------------------------------------------------------------


def axes(*sizes: int) -> list[tuple[Row, ...]]:
    return [tuple(Row(axis=f"axis{n}", id=f"row{k}") for k in range(size)) for n, size in enumerate(sizes)]


def test_all_pairs_are_there() -> None:
    """Each two rows of two axes together somewhere, in few combinations."""
    given = axes(7, 5, 4, 3)
    found = list(pairs(given))
    assert 35 <= len(found) <= 42
    for (first_axis, first_rows), (second_axis, second_rows) in itertools.combinations(enumerate(given), 2):
        for first, second in itertools.product(first_rows, second_rows):
            assert any(rows[first_axis] is first and rows[second_axis] is second for rows in found)


def test_pairs_that_make_no_sense_are_left_out() -> None:
    """And all others are there."""
    given = axes(3, 3, 3)
    given[0] = (replace(given[0][0], without=frozenset(["axis1.row1", "axis2.row2"])), *given[0][1:])
    found = list(pairs(given))
    assert not [rows for rows in found if rows[0].id == "row0" and (rows[1].id == "row1" or rows[2].id == "row2")]
    together = {(a.name, b.name) for rows in found for a, b in itertools.combinations(rows, 2)}
    assert len(together) == 27 - 2


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ("[layout.one]\nfile = 1", "there is no key 'file'"),
        ("[layout.one]\nsay = 'one'", "own.toml: [layout.one]: there is no key 'say' in a row, which may have"),
        ("[layout.one]\nclauses = 'ONE'", "[layout.one]: `clauses` is a list of texts, not 'ONE'"),
        ("[layout.one]\nclauses = ['ONE', 2]", "item 2 of `clauses` is a text, not 2"),
        ("[layout.one]\nvalues.body = 5", "[layout.one]: `values`: 'body' is a text, not 5"),
        ("[layout.one.files]\n'../m.py' = ''", "[layout.one]: the file '../m.py' lies outside of the world"),
        ("[layout.one]\nbefore = [{ cal = 'x' }]", "a step: there is no key 'cal' in a step, which may have call, co"),
        ("layout = 5", "'layout' is an axis, with its rows written [axis.row], not 5"),
        ("[layout]\none = 5", "[layout.one]: a row is a table, not 5"),
        ("[family]\nid = 'one'", "`family` is a list of families, each written [[family]], not a table"),
        ("[[family]]\nid = 'one'\nsummary = 'x'\naxes = ['absent']", "there is no axis 'absent'; the axes are"),
        ("[layout.b]\n[[family]]\nid = 'one'\nsummary = 'x'\naxes = ['layuot']", "is it layout?"),
        ("[[family]]\nid = 'one'\nsummary = 'x'\naxes = 'a'", "family one: `axes` is a list of texts, not 'a'"),
        ("[a.b]\n[[family]]\nid = 'one'\nsummary = 'x'\naxes = ['a']\nonly.c = []", "`only` names 'c', which is none"),
        ("[a.b]\n[[family]]\nid = 'one'\nsummary = 'x'\naxes = ['a']\nsteps = ['befor']", "is it before?"),
        ("[[family]]\nid = 'one'\naxes = []", "family one: this family has no 'summary'"),
        ("[a.b]\n[[family]]\nid = 'one'\nsummary = 'x'\naxes = ['a']\nonly.a = ['c']", "there is no row 'c'"),
        (
            "[a.b]\n[[family]]\nid = 'one'\nsummary = 'x'\naxes = ['a']\ntake = 'some'",
            "family one: `take` is all or pairs, not 'some'",
        ),
        ("[a.b]\n[[family]]\nid = 'one'\nsummary = 'x'\naxes = ['a']\n", "no row gives a value for $arguments"),
        ("[a", "this is not TOML"),
    ],
)
def test_a_fault_in_a_table_is_said(table: str, complaint: str, tmp_path: Path) -> None:
    """In one sentence, with the place."""
    (tmp_path / "families").mkdir()
    (tmp_path / "families" / "own.toml").write_text(table, encoding="utf-8")
    with pytest.raises(CaseError, match=r"own\.toml|families/one") as caught:
        generate(tmp_path)
    assert complaint in str(caught.value)


def test_the_table_can_be_called_for(capsys: pytest.CaptureFixture[str]) -> None:
    """By a person; and the ids of one family."""
    assert main([]) == 0
    assert str(len(generated())) in capsys.readouterr().out
    assert main(["--ids", "places"]) == 0
    assert "families/places/module.source.altered  A module, as source, run with alter_sys\n" in capsys.readouterr().out
    assert main(["--ids", "absent"]) == 2
    assert "The families are ancestors," in capsys.readouterr().err


# -- what they show -----------------------------------------------------------------------------------------------


def sample(families: list[tuple[Family, list[Case]]], every: int) -> list[Case]:
    """Some cases of every family."""
    return [case for _, cases in families for case in cases[::every]]


def test_the_reference_conforms_and_steps_succeed(
    oracle_of: Callable[[Target], Oracle], candidate_of: Callable[[Target, str], LiveSide]
) -> None:
    """In a sample, in this interpreter; `nox -s conformance` does it for all cases on all targets."""
    target = target_for("")
    assert target is not None
    oracle = oracle_of(target)
    candidate = candidate_of(target, (FIXTURES.parent / "reference" / "__init__.py").read_text(encoding="utf-8"))
    greeting = oracle.side.greeting
    cases = [
        case for case in sample(by_family(FIXTURES), 60) if not case.unmet(greeting.version, greeting.capabilities)
    ]
    assert len(cases) > 30
    for case in cases:
        assert judged(oracle, candidate, case) == [], case.id
        for step, seen in zip(case.steps, oracle.observe(case)["steps"], strict=True):
            assert step.kind != "do" or seen["outcome"] == "returned", f"{case.id}: {step.content}"


@pytest.mark.parametrize(("mutant", "name"), combined_mutants(), ids=lambda value: getattr(value, "id", ""))
def test_what_goes_wrong_in_a_combination_is_caught(
    mutant: Mutant, name: str, oracle_of: Callable[[Target], Oracle], candidate_of: Callable[[Target, str], LiveSide]
) -> None:
    """By a case of the families, at compat, and the clause is named; fixtures of that clause see nothing of it."""
    target = target_for("")
    assert target is not None
    oracle, candidate = oracle_of(target), candidate_of(target, mutant.source())
    (case,) = (case for case in generated() if case.id == name)
    found = judged(oracle, candidate, case, Level.COMPAT) or []
    assert mutant.clause in {
        divergence.signature.clause for divergence in found if divergence.cause and divergence.level <= Level.COMPAT
    }
    for fixture in all_cases().values():
        if mutant.clause in fixture.clauses:
            assert not judged(oracle, candidate, fixture, Level.COMPAT), fixture.id
