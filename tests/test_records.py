"""Clause verdicts and exit statuses, from the records alone."""

from __future__ import annotations

from typing import Any

from conformance.clauses import Level, registry
from conformance.report import records

CLAUSE = registry()["PACKAGE-FROM-SPEC"]


def trial(verdict: str, *divergences: tuple[str, str, bool], clauses: tuple[str, ...] = (CLAUSE.id,)) -> dict[str, Any]:
    """A trial's record; divergences as (clause, level, is it a cause)."""
    found = [{"clause": clause, "level": level, "cause": cause} for clause, level, cause in divergences]
    return {"id": "packages/x", "clauses": list(clauses), "verdict": verdict, "reason": "why", "divergences": found}


def verdict(*trials: dict[str, Any], unseen: dict[str, str] | None = None) -> str:
    """The clause's verdict."""
    (record,) = records.clause_records([CLAUSE], trials, "3.13.0", unseen or {})
    return str(record["verdict"])


def test_a_clause_conforms_only_when_a_case_of_its_own_agreed() -> None:
    """With its cases taken away it reads not-run."""
    assert verdict(trial("agrees")) == "conforms"
    assert verdict() == "not-run"
    assert verdict(trial("agrees", clauses=("ANOTHER",))) == "not-run"


def test_a_cause_anywhere_breaks_it() -> None:
    """Also in a case that is about something else; a consequence does not."""
    assert verdict(trial("agrees"), trial("diverges", (CLAUSE.id, "documented", True), clauses=())) == "diverges"
    assert verdict(trial("agrees"), trial("diverges", (CLAUSE.id, "documented", False), clauses=())) == "conforms"


def test_a_case_that_went_wrong_for_another_clause_shows_nothing() -> None:
    """Neither conforming nor diverging; unless the other difference is above its level."""
    assert verdict(trial("diverges", ("ANOTHER", "compat", True))) == "not-run"
    assert verdict(trial("diverges", ("ANOTHER", "exact", True))) == "conforms"


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
