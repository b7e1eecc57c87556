"""The cases that are made of fixtures: a fixture's calls in circumstances, and with arguments more."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance import FIXTURES
from conformance.cases.fixtures import from_plain
from conformance.cases.model import Case, CaseError
from conformance.cases.tree import in_sample
from conformance.cases.varied import OF_FIXTURES, TOGETHER, VARIED, fixture_of, of_fixtures
from conformance.clauses import Level
from conformance.commands import selection
from conformance.commands.selection import Selection
from conformance.observation.interpreters import Target
from conformance.observation.live import LiveSide
from conformance.search.profiles import PROFILES
from tests.harness import Oracle, all_cases, cases_of, judged, target_for
from tests.power.interactions import composed
from tests.power.wrong import written

ROWS = '''
[circumstance.later]
says = "later"
requires = ["threads"]
beside = { "more.py" = "" }
before = ["def here(call): return call()"]

[variation.named]
says = "under a name"
values = { argument = "run_name='renamed'" }

[variation.twice]
says = "twice"
before = ["""
import sys
def here(call):
    return call(), call()
"""]

[together.two]
says = "later and twice, under a name"
values = { of = "variation.named circumstance variation.twice" }
'''


@functools.cache
def every() -> tuple[Case, ...]:
    """All of them."""
    return tuple(of_fixtures(FIXTURES))


def made_of(folder: Path, text: str, rows: str = ROWS) -> dict[str, Case]:
    """The cases that are made of one fixture with these rows, by row."""
    (folder / "families").mkdir()
    (folder / "families" / "rows.toml").write_text(rows, encoding="utf-8")
    (folder / "packages").mkdir()
    (folder / "packages" / "one.toml").write_text(f'summary = "One"\nclauses = []\n{text}', encoding="utf-8")
    return {case.id.rpartition(".")[2]: case for case in of_fixtures(folder)}


def test_a_fixture_stays_as_it_is_but_for_what_a_row_adds(tmp_path: Path) -> None:
    """Files, an entry of sys.path, requirements, steps before its own, and the call in the circumstance."""
    made = made_of(
        tmp_path,
        'requires = ["zip"]\nargv = ["a"]\nsteps = [{do = "x = 1"}, {call = \'run_module("m")\'}]',
    )
    later, named, two = made["later"], made["named"], made["two"]
    assert (later.id, later.summary) == (f"{VARIED}/packages.one.later", "One, later")
    assert (later.files, later.path, later.argv) == ({"beside/more.py": ""}, (".", "beside"), ("a",))
    assert later.requires == ("zip", "threads")
    assert [step.content for step in later.steps] == [
        "def here(call): return call()",
        "x = 1",
        'here(lambda: run_module("m"))',
    ]
    assert (named.files, named.path, named.requires) == ({}, (".",), ("zip",))
    assert [step.content for step in named.steps] == ["x = 1", "run_module('m', run_name='renamed')"]
    assert (two.id, two.summary) == (f"{TOGETHER}/packages.one.two", "One, later and twice, under a name")
    assert (two.files, two.path, two.requires) == (later.files, later.path, later.requires)
    assert [step.content for step in two.steps[1:]] == ["x = 1", "here(lambda: run_module('m', run_name='renamed'))"]


def test_the_first_of_several_circumstances_is_the_outermost(tmp_path: Path) -> None:
    """Each makes the call that the next one has made of it."""
    rows = ROWS.replace("return call()", "return ['later', call()]", 1)
    two = made_of(tmp_path, "call = \"run_module('m')\"", rows)["two"]
    namespace: dict[str, object] = {"run_module": lambda name, **arguments: (name, arguments)}
    exec(str(two.steps[0].content), namespace)
    called = eval(str(two.steps[1].content), namespace)
    assert called == ["later", (("m", {"run_name": "renamed"}),) * 2]


def test_rows_that_come_together_are_rows_of_the_tables(tmp_path: Path) -> None:
    """The name of another one is refused."""
    with pytest.raises(CaseError, match=r"\[together.two\]: `of` names 'variation.none', which is no row of a circ"):
        made_of(tmp_path, 'call = "run_module(1)"', ROWS.replace("circumstance variation.twice", "variation.none"))


@pytest.mark.parametrize(
    ("call", "rows"),
    [
        ("run_path('a.py')", {"later", "named", "twice", "two"}),
        ("list(run_module(mod_name='m'))", {"later", "named", "twice", "two"}),
        ("run_module('m', None, 'n')", {"later", "twice", "two"}),
        ("run_module('m', run_name='n')", {"later", "twice", "two"}),
        ("run_module('m', *more)", {"later", "twice", "two"}),
        ("run_module('m', **more)", {"later", "twice", "two"}),
        ("own_function()", {"later", "twice", "two"}),
        ("run_module('m', given := {})", set()),
    ],
)
def test_an_argument_is_given_where_it_can_be(call: str, rows: set[str], tmp_path: Path) -> None:
    """Neither twice, nor to what does not take it; and a name that a call binds has to stay one of the steps."""
    assert made_of(tmp_path, f'call = "{call}"').keys() == rows


def test_what_calls_nothing_or_is_about_threads_is_left_out(tmp_path: Path) -> None:
    """A thread of the test that fails prints the frames of the implementation."""
    assert made_of(tmp_path, "steps = [{do = \"run_module('m')\"}]") == {}
    assert not [case.id for case in every() if "/threads." in case.id]


def test_the_fixture_is_known_by_the_id() -> None:
    """Of any other case there is none."""
    for case in every()[::99]:
        fixture = fixture_of(case.id)
        assert fixture in all_cases()
        assert case.id.startswith(f"{case.family}/{fixture.replace('/', '.')}.")
    for name in ("packages/init_by_name", "families/places/one.two.three", "search/paths", "own"):
        assert fixture_of(name) == ""


def test_they_are_cases_like_others() -> None:
    """Each has an id of its own, fits the rules of fixtures, and shows the clauses of its fixture."""
    assert len({case.id for case in every()}) == len(every())
    of_name = {name.replace("/", "."): fixture for name, fixture in all_cases().items()}
    for case in every():
        assert case.family in OF_FIXTURES
        fixture = of_name[case.id.removeprefix(f"{case.family}/").rpartition(".")[0]]
        assert case.clauses == fixture.clauses
        assert case.digest != fixture.digest
        data = {**case.plain(), "requires": list(case.requires), "clauses": list(case.clauses), "summary": case.summary}
        assert from_plain(data, case.id) == case
        for step in case.steps:
            if step.kind == "call":
                ast.parse(str(step.content).strip(), mode="eval")


@pytest.mark.parametrize("family", OF_FIXTURES)
@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_tries_some_of_them(profile: str, family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever others there are; to name all families names none of them."""
    monkeypatch.setattr(selection.families, "generate", lambda root: ())
    known = [case.id for case in every() if case.family == family]
    one_of = PROFILES[profile].one_of(family)
    expected = [name for name in known if in_sample(name, one_of)]
    share = 1 / one_of if one_of else 0
    assert len(known) * share * 0.8 <= len(expected) <= len(known) * share * 1.2
    for names in ((), ("families",)):
        selected = Selection(FIXTURES, frozenset(names), profile=PROFILES[profile])
        assert [case.id for case in selected.generated() if case.family == family] == expected


def test_a_name_tries_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of a family or of a case; of those about a clause as many are tried as the profile says."""
    monkeypatch.setattr(selection.families, "generate", lambda root: ())
    assert len(every()) > 10_000
    one = every()[0].id
    of_clause = [case for case in every() if "ARGV-RESTORED" in case.clauses]
    some = [case.id for case in of_clause if in_sample(case.id, PROFILES["default"].one_of(case.family))]
    assert 0 < len(some) < len(of_clause)
    for name, profile, expected in (
        (VARIED, "quick", [case.id for case in every() if case.family == VARIED]),
        (one, "quick", [one]),
        ("ARGV-RESTORED", "thorough", [case.id for case in of_clause]),
        ("ARGV-RESTORED", "default", some),
        ("packages", "thorough", []),
    ):
        selected = Selection(FIXTURES, frozenset([name]), profile=PROFILES[profile])
        assert [case.id for case in selected.generated()] == expected
    assert Selection(FIXTURES, profile=PROFILES["quick"]).cases([one]).keys() == {one}


@pytest.mark.parametrize("way", [f"{VARIED}/{{}}.handling", f"{TOGETHER}/{{}}.circumstances"])
def test_what_is_wrong_in_one_circumstance_is_caught_and_its_clause_named(
    way: str, oracle_of: Callable[[Target], Oracle], candidate_of: Callable[[Target, str], LiveSide]
) -> None:
    """No fixture of the clause shows it."""
    target = target_for("")
    assert target is not None
    mutant = next(wrong for wrong in written() if wrong.summary == "sys.modules is restored before sys.argv")
    source = composed(mutant, "only while an exception is handled").source
    oracle, candidate = oracle_of(target), candidate_of(target, source)
    name = way.format("altering_sys.argv_is_restored_before_the_entry")
    (case,) = (case for case in every() if case.id == name)
    found = judged(oracle, candidate, case, Level.EXACT) or []
    assert "RESTORE-ORDER" in {divergence.signature.clause for divergence in found if divergence.cause}
    for fixture in cases_of("RESTORE-ORDER"):
        assert not judged(oracle, candidate, fixture, Level.EXACT), fixture.id
