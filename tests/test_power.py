"""Tests of the measuring of power: what is remembered, what counts as caught, and what the command prints."""

from __future__ import annotations

import json
import math
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance import REFERENCE
from conformance.cases.fixtures import toml
from conformance.observation.cached import CachedSide
from conformance.observation.interpreters import Target, find
from conformance.search import fuzzing
from tests.harness import all_cases
from tests.power.__main__ import main, thinned
from tests.power.generate import by_removal
from tests.power.measure import FIXTURE, LOAD, Clock, OutOfTime, Result, drawn, measure, try_all
from tests.power.wrong import GENERATED, Change, Equivalent, Wrong, change, equivalents, stale, written

SOURCE = (REFERENCE / "__init__.py").read_text(encoding="utf-8")
NO_NAME = Change("_execute", 'namespace["__name__"] = name', "pass")
SOME = [case for case in all_cases().values() if "threads" not in case.requires][:25]


@pytest.fixture(scope="module")
def target() -> Target:
    """The driver's own interpreter."""
    return find(sys.executable)


def generated(old: str, new: str) -> Wrong:
    """A mutant as a tool would make it."""
    assert SOURCE.count(old) == 1
    return Wrong("one", GENERATED, "a tool", SOURCE.replace(old, new))


def results(target: Target, *wrong: Wrong, known: list[Equivalent] | None = None) -> list[Result]:
    """The results for wrong implementations, with a few cases."""
    return list(try_all(wrong, [target], SOME, known or [], math.inf, 2))


def test_what_was_changed_is_named_by_function_and_lines() -> None:
    """Without indentation, so that an entry of equivalent.toml is readable."""
    assert generated(NO_NAME.old, NO_NAME.new).change == NO_NAME
    assert change("x = 1\n", "x = 2\n") == Change("module", "x = 1", "x = 2")


def test_written_ones_have_names_of_their_own() -> None:
    """All of tests/mutants/ and of combinations.toml are among them."""
    names = [wrong.name for wrong in written()]
    assert len(set(names)) == len(names) > 500


def test_mutants_that_are_one_implementation_may_be_blamed_on_the_clause_of_each() -> None:
    """No report can tell for which of them it was written."""
    by_name = {wrong.name: wrong for wrong in written()}
    first, second = by_name["INIT-PAIRS-initial_globals-24"], by_name["INIT-EMPTY-ITERABLE-initial_globals-25"]
    assert first.source == second.source
    assert (first.also, second.also) == (("INIT-EMPTY-ITERABLE",), ("INIT-PAIRS",))
    assert all(wrong.clause not in wrong.also for wrong in by_name.values())


def test_only_cases_of_families_are_thinned() -> None:
    """From the first of them on."""
    families = [replace(SOME[0], id=f"families/f/{number}") for number in range(5)]
    assert thinned([*SOME, *families], 2) == [*SOME, *families[::2]]
    assert thinned([*SOME, *families], 1) == [*SOME, *families]


def test_a_wrong_implementation_is_caught_and_the_reference_is_not(target: Target) -> None:
    """By which part, case and clause, and after how many cases."""
    found = {
        result.wrong.summary: result.catch
        for result in results(
            target,
            generated(NO_NAME.old, NO_NAME.new),
            Wrong("two", GENERATED, "the reference", SOURCE + "\n"),
            Wrong("three", GENERATED, "no Python", "("),
        )
    }
    wrong, right, none = found["a tool"], found["the reference"], found["no Python"]
    assert wrong is not None
    assert right is not None
    assert none is not None
    assert (wrong.part, wrong.cases, wrong.case) == (FIXTURE, 1, SOME[0].id)
    assert wrong.named[0] == "NAME-OF-MODULE"
    assert (right.part, right.cases) == ("", len(SOME))
    assert (none.part, none.cases) == (LOAD, 0)


def test_a_survivor_is_bad_unless_it_is_listed_and_so_is_a_listed_one_that_is_caught(target: Target) -> None:
    """An entry must be true."""
    mutant = generated(NO_NAME.old, NO_NAME.new)
    survivor = Wrong("two", GENERATED, "the reference", SOURCE.replace("import sys\n", "import sys  # as it was\n", 1))
    assert [result.bad for result in results(target, mutant)] == [False]
    assert [result.bad for result in results(target, mutant, known=[Equivalent(NO_NAME, "")])] == [True]
    assert [result.bad for result in results(target, survivor)] == [True]
    assert [result.bad for result in results(target, survivor, known=[Equivalent(survivor.change, "")])] == [False]


def test_the_oracle_is_asked_once(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """The observation of the oracle does not depend on the candidate."""
    oracle = CachedSide(target, {}, trusted=True)
    plain = [case.plain() for case in SOME[:3]]
    try:
        oracle.start(plain)
        first = oracle.finish()
        monkeypatch.setattr("conformance.observation.live.LiveSide._send", lambda *_, **__: pytest.fail("asked again"))
        oracle.start(plain[1:], fresh=True)
        assert oracle.finish() == first[1:]
    finally:
        oracle.close()


def test_when_the_time_is_up_nothing_is_said(target: Target) -> None:
    """A mutant that was not tried is neither caught nor a survivor."""
    (result,) = try_all([generated(NO_NAME.old, NO_NAME.new)], [target], SOME, [], time.monotonic() - 1, 1)
    assert result.catch is None
    assert not result.bad
    oracle = CachedSide(target, {}, trusted=True)
    with pytest.raises(OutOfTime):
        measure(result.wrong, target, oracle, SOME, Clock(0.0))
    oracle.close()


def test_the_search_draws_the_same_cases_again() -> None:
    """They depend on the seed alone."""
    first = [case.digest for case in drawn(2, 1)]
    assert first == [case.digest for case in drawn(2, 1)]
    assert first != [case.digest for case in drawn(2, 2)]
    assert drawn(0, 1) == []


def test_entries_of_equivalents_are_about_the_reference_as_it_stands() -> None:
    """One line says why; each once."""
    known = equivalents()
    assert known
    assert len({equivalent.change for equivalent in known}) == len(known)
    stripped = "\n".join(line.strip() for line in SOURCE.splitlines())
    for equivalent in known:
        assert equivalent.change.old in stripped, equivalent.change.old
        assert equivalent.why
        assert "\n" not in equivalent.why
    assert stale([Equivalent(NO_NAME, "")], [generated(NO_NAME.old, NO_NAME.new)]) == []
    assert stale([Equivalent(NO_NAME, "")], []) != []


def test_every_statement_is_removed_once() -> None:
    """But for docstrings."""
    assert [text for _, text in by_removal('"""Says."""\nx = 1\nif x:\n    del x\n')] == [
        '"""Says."""\npass\nif x:\n    del x\n',
        '"""Says."""\nx = 1\nif x:\n    pass\n',
    ]


def test_the_command_tells_survivors_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status, table, and one line of JSON for each."""
    report = tmp_path / "report.jsonl"
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages" / "one.toml").write_text(toml(SOME[0]), encoding="utf-8")
    options = [f"--target={sys.executable}", f"--cases={tmp_path}", "--part=fixture", f"--report={report}"]
    assert main([*options, "NAME-OF-MODULE-module_names-4"]) == 0
    assert "all together" in capsys.readouterr().out
    lines = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]
    assert {(record["clause"], record["catch"]["part"]) for record in lines} == {("NAME-OF-MODULE", "fixture")}
    right = tmp_path / "right.py"
    right.write_text(SOURCE, encoding="utf-8")
    assert main([*options, str(right)]) == 1
    assert "right (right.py) survives" in capsys.readouterr().out
    assert main([*options, "NO-SUCH-CLAUSE"]) == 5
    assert main([*options, str(tmp_path / "missing.py")]) == 2


def test_what_fuzzing_finds_is_kept_where_a_search_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the property's name, besides HypoFuzz's own key."""

    @given(st.integers())
    def test(number: int) -> None:
        """Nothing."""

    monkeypatch.setattr(fuzzing, "_TESTS", {"packages": test})
    key = fuzzing.function_digest(test.hypothesis.inner_test)  # type: ignore[attr-defined]
    database = fuzzing.database(str(tmp_path))
    database.save(key, b"found")
    database.save(key + b".hypofuzz.corpus", b"new")
    assert list(database.fetch(b"packages")) == list(database.fetch(key)) == [b"found"]
