"""The cases that are made of fixtures: a fixture's calls in a circumstance, or with an argument more."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance import FIXTURES
from conformance.cases.fixtures import from_plain
from conformance.cases.model import Case
from conformance.cases.tree import in_sample
from conformance.cases.varied import FAMILY, varied
from conformance.clauses import Level
from conformance.commands.selection import Selection
from conformance.observation.interpreters import Target
from conformance.observation.live import LiveSide
from conformance.search.profiles import PROFILES
from tests.harness import Oracle, all_cases, cases_of, judged, target_for
from tests.power.interactions import composed
from tests.power.wrong import written

ROWS = """
[circumstance.later]
says = "later"
requires = ["threads"]
beside = { "more.py" = "" }
before = ["def here(call): return call()"]

[variation.named]
says = "under a name"
values = { argument = "run_name='renamed'" }
"""


@functools.cache
def every() -> tuple[Case, ...]:
    """All of them."""
    return tuple(varied(FIXTURES))


def made_of(folder: Path, text: str) -> dict[str, Case]:
    """The cases that are made of one fixture with two rows, by row."""
    (folder / "families").mkdir()
    (folder / "families" / "rows.toml").write_text(ROWS, encoding="utf-8")
    (folder / "packages").mkdir()
    (folder / "packages" / "one.toml").write_text(f'summary = "One"\nclauses = []\n{text}', encoding="utf-8")
    return {case.id.rpartition(".")[2]: case for case in varied(folder)}


def test_a_fixture_stays_as_it_is_but_for_what_a_row_adds(tmp_path: Path) -> None:
    """Files, an entry of sys.path, requirements, steps before its own, and the call in the circumstance."""
    made = made_of(
        tmp_path,
        'requires = ["zip"]\nargv = ["a"]\nsteps = [{do = "x = 1"}, {call = \'run_module("m")\'}]',
    )
    later, named = made["later"], made["named"]
    assert (later.id, later.summary) == (f"{FAMILY}/packages.one.later", "One, later")
    assert (later.files, later.path, later.argv) == ({"beside/more.py": ""}, (".", "beside"), ("a",))
    assert later.requires == ("zip", "threads")
    assert [step.content for step in later.steps] == [
        "def here(call): return call()",
        "x = 1",
        'here(lambda: run_module("m"))',
    ]
    assert (named.files, named.path, named.requires) == ({}, (".",), ("zip",))
    assert [step.content for step in named.steps] == ["x = 1", "run_module('m', run_name='renamed')"]


@pytest.mark.parametrize(
    ("call", "rows"),
    [
        ("run_path('a.py')", {"later", "named"}),
        ("list(run_module(mod_name='m'))", {"later", "named"}),
        ("run_module('m', None, 'n')", {"later"}),
        ("run_module('m', run_name='n')", {"later"}),
        ("run_module('m', *more)", {"later"}),
        ("run_module('m', **more)", {"later"}),
        ("own_function()", {"later"}),
        ("run_module('m', given := {})", set()),
    ],
)
def test_an_argument_is_given_where_it_can_be(call: str, rows: set[str], tmp_path: Path) -> None:
    """Neither twice, nor to what does not take it; and a name that a call binds has to stay one of the steps."""
    assert made_of(tmp_path, f'call = "{call}"').keys() == rows


def test_what_calls_nothing_or_is_about_threads_is_left_out(tmp_path: Path) -> None:
    """A thread of the test that fails prints the frames of the implementation."""
    assert made_of(tmp_path, "steps = [{do = \"run_module('m')\"}]") == {}
    assert not [case.id for case in every() if case.id.startswith(f"{FAMILY}/threads.")]


def test_they_are_cases_like_others() -> None:
    """Each has an id of its own, fits the rules of fixtures, and shows the clauses of its fixture."""
    assert len({case.id for case in every()}) == len(every())
    of_name = {name.replace("/", "."): fixture for name, fixture in all_cases().items()}
    for case in every():
        assert case.family == FAMILY
        fixture = of_name[case.id.removeprefix(f"{FAMILY}/").rpartition(".")[0]]
        assert case.clauses == fixture.clauses
        assert case.digest != fixture.digest
        data = {**case.plain(), "requires": list(case.requires), "clauses": list(case.clauses), "summary": case.summary}
        assert from_plain(data, case.id) == case
        for step in case.steps:
            if step.kind == "call":
                ast.parse(str(step.content).strip(), mode="eval")


def test_a_profile_tries_some_of_them_and_a_name_all() -> None:
    """Whichever others there are; a clause or all families are no name of any of them."""
    assert len(every()) > 10_000
    for of_profile in PROFILES.values():
        expected = [case.id for case in every() if in_sample(case.id, of_profile.varied)]
        share = 1 / of_profile.varied if of_profile.varied else 0
        assert len(every()) * share * 0.8 <= len(expected) <= len(every()) * share * 1.2
        for names in ((), ("families",)):
            selection = Selection(FIXTURES, frozenset(names), profile=of_profile)
            assert [case.id for case in selection.generated() if case.family == FAMILY] == expected
    one = every()[0].id
    of_clause = [case.id for case in every() if "ARGV-RESTORED" in case.clauses]
    for name, profile, expected in (
        (FAMILY, "quick", [case.id for case in every()]),
        (one, "quick", [one]),
        ("ARGV-RESTORED", "thorough", of_clause),
        ("ARGV-RESTORED", "default", [name for name in of_clause if in_sample(name, PROFILES["default"].varied)]),
        ("packages", "thorough", []),
    ):
        selection = Selection(FIXTURES, frozenset([name]), profile=PROFILES[profile])
        assert [case.id for case in selection.generated() if case.family == FAMILY] == expected
    assert Selection(FIXTURES, profile=PROFILES["quick"]).cases([one]).keys() == {one}


def test_what_is_wrong_in_one_circumstance_is_caught_and_its_clause_named(
    oracle_of: Callable[[Target], Oracle], candidate_of: Callable[[Target, str], LiveSide]
) -> None:
    """No fixture of the clause shows it."""
    target = target_for("")
    assert target is not None
    mutant = next(wrong for wrong in written() if wrong.summary == "sys.modules is restored before sys.argv")
    source = composed(mutant, "only while an exception is handled").source
    oracle, candidate = oracle_of(target), candidate_of(target, source)
    name = f"{FAMILY}/altering_sys.argv_is_restored_before_the_entry.handling"
    (case,) = (case for case in every() if case.id == name)
    found = judged(oracle, candidate, case, Level.EXACT) or []
    assert "RESTORE-ORDER" in {divergence.signature.clause for divergence in found if divergence.cause}
    for fixture in cases_of("RESTORE-ORDER"):
        assert not judged(oracle, candidate, fixture, Level.EXACT), fixture.id
