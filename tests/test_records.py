"""Clause verdicts and exit statuses, from the records alone."""

from __future__ import annotations

from typing import Any

from conformance.clauses import Level, registry
from conformance.report import records

CLAUSE = registry()["PACKAGE-FROM-SPEC"]


def trial(verdict: str, *divergences: tuple[str, str, bool], **more: Any) -> dict[str, Any]:
    """A trial's record; divergences as (clause, level, is it a cause), in the field that `field` names."""
    field = more.pop("field", "after.argv")
    found = [
        {"clause": clause, "level": level, "cause": cause, "field": field, "kind": "value", "expected": None}
        for clause, level, cause in divergences
    ]
    whole = {
        "record": "trial",
        "id": "packages/x",
        "clauses": ["FIRST", CLAUSE.id],
        "verdict": verdict,
        "reason": "why",
    }
    return {**whole, "divergences": found, **more}


def verdict(*trials: dict[str, Any], unseen: dict[str, str] | None = None) -> str:
    """The clause's verdict."""
    (record,) = records.clause_records([CLAUSE], trials, "3.13.0", unseen or {})
    return str(record["verdict"])


def test_a_clause_conforms_only_when_a_case_of_its_own_agreed() -> None:
    """With its cases taken away it reads not-run."""
    assert verdict(trial("agrees")) == "conforms"
    assert verdict() == "not-run"
    assert verdict(trial("agrees", clauses=["ANOTHER"])) == "not-run"


def test_a_cause_anywhere_breaks_it() -> None:
    """Also in a case that is about something else; a consequence does not."""
    assert verdict(trial("agrees"), trial("diverges", (CLAUSE.id, "documented", True), clauses=[])) == "diverges"
    assert verdict(trial("agrees"), trial("diverges", (CLAUSE.id, "documented", False), clauses=[])) == "conforms"


def test_a_case_that_went_wrong_for_another_clause_shows_nothing() -> None:
    """If the two sides parted there, or differ in what the clause is about; another difference leaves it as it is."""
    for field, expected in (
        ("outcome", "masked"),
        ("executions.run", "masked"),
        ("entry.__package__", "masked"),
        ("entry.__doc__", "conforms"),
        ("note", "conforms"),
    ):
        assert verdict(trial("diverges", ("ANOTHER", "compat", True), field=field)) == expected
    assert verdict(trial("diverges", ("ANOTHER", "compat", True), field="note", clauses=[CLAUSE.id])) == "masked"


def test_a_clause_most_of_whose_own_cases_went_wrong_is_masked() -> None:
    """One case that agrees is not enough; what hides it is named. A case of another clause says nothing."""
    parted = ("ANOTHER", "compat", True)
    wrong = [trial("diverges", parted, field="outcome", clauses=[CLAUSE.id]) for _ in range(3)]
    right = trial("agrees", clauses=[CLAUSE.id])
    (record,) = records.clause_records([CLAUSE], [right, *wrong], "3.13.0", {})
    assert (record["verdict"], record["reason"]) == ("masked", "3 of its 4 cases went wrong for ANOTHER first")
    assert verdict(*wrong, *(trial("agrees", clauses=["ANOTHER", CLAUSE.id]) for _ in range(9))) == "masked"
    assert verdict(wrong[0], right, right) == "conforms"


def test_a_case_made_of_a_fixture_says_nothing_if_the_fixture_differs_as_firmly() -> None:
    """By the fixture it is known; but what differs in the other case alone, or more firmly, is another fault."""
    made = trial("diverges", (CLAUSE.id, "compat", True), id="families/together/packages.x.circumstances")
    for level, expected in (("documented", "conforms"), ("compat", "conforms"), ("exact", "diverges")):
        assert verdict(trial("diverges", ("ANOTHER", level, True), field="note"), made) == expected
    assert verdict(trial("agrees"), made) == "diverges"
    assert (
        verdict(trial("diverges", ("ANOTHER", "documented", True), field="note", id="packages/y"), made) == "diverges"
    )


def test_crashes_and_hangs_keep_their_names() -> None:
    """They are verdicts of their own."""
    assert verdict(trial("crashes", (CLAUSE.id, "documented", True))) == "crashes"
    assert verdict(trial("hangs", (CLAUSE.id, "documented", True))) == "hangs"


def test_unsupported_is_not_conforming() -> None:
    """By call, or by what an adapter cannot show."""
    assert verdict(trial("unsupported")) == "unsupported"
    assert verdict(trial("agrees"), unseen={"entry": "no", "result": "no"}) == "unsupported"


def test_exit_statuses() -> None:
    """By what was counted, and by what ran."""
    assert records.status_of([trial("agrees")], Level.COMPAT) == 0
    assert records.status_of([trial("diverges", ("X", "compat", True))], Level.COMPAT) == 1
    assert records.status_of([trial("diverges", ("X", "exact", True))], Level.COMPAT) == 0
    assert records.status_of([trial("diverges", ("X", "exact", True))], Level.EXACT) == 1
    assert records.status_of([trial("crashes", ("X", "documented", True))], Level.DOCUMENTED) == 1
    assert records.status_of([trial("unsupported"), trial("not-run")], Level.COMPAT) == 5
    assert records.status_of([], Level.COMPAT) == 5
    assert records.status_of([trial("agrees")], Level.COMPAT, failures=1) == 4
