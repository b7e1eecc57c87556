"""Runs that are made up, as records: for the tests of what is made of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from conformance import __version__
from conformance.clauses import Level, registry
from conformance.report import records

Record = dict[str, Any]  # looser than the types of the suite, since some tests make records that are wrong

CASE = (
    'summary = "A package"\nclauses = ["PACKAGE-FROM-SPEC"]\ncall = "run_module(\'m\')"\n\n[files]\n"m.py" = "x = 1"\n'
)


def divergence(clause: str = "PACKAGE-FROM-SPEC", **more: Any) -> Record:
    """One divergence."""
    return {
        "clause": clause,
        "level": str(registry()[clause].level),
        "phase": "prepare",
        "field": "entry.__package__",
        "kind": "value",
        "step": 1,
        "where": "step 1: __package__ as <root>/m.py starts",
        "oracle": "outer",
        "candidate": "",
        "cause": True,
        "expected": None,
        **more,
    }


def trial(name: str, *divergences: Record, clauses: Sequence[str] = ("PACKAGE-FROM-SPEC",), **more: Any) -> Record:
    """One case."""
    return {
        "record": "trial",
        "id": name,
        "chapter": name.partition("/")[0],
        "summary": f"What {name.rpartition('/')[2]} shows",
        "clauses": list(clauses),
        "size": 2,
        "verdict": "diverges" if divergences else "agrees",
        "reason": "",
        "divergences": list(divergences),
        "unconfirmed": [],
        "features": [],
        **more,
    }


def search(name: str = "packages", tried: int = 60, finds: Sequence[str] = ()) -> Record:
    """One property by which was searched."""
    whole = {"record": "search", "property": name, "summary": "What holds", "drawn": tried, "tried": tried, "lost": 0}
    whole["left_out"] = 0
    return {**whole, "finds": list(finds)}


def shown(name: str, **more: Any) -> Record:
    """Both sides of a case, which differ in one special."""

    def side(package: str) -> dict[str, Any]:
        specials = {"__name__": "m", "__package__": package}
        event = {"event": "run", "file": "<root>/m.py", "specials": specials, "keys": ["__name__"], "locals": True}
        return {"steps": [{"outcome": "returned", "events": [event], "result": {"dict": [["x", 1]]}}]}

    return {**records.shown_record(name, CASE, side("outer"), side(""), True), **more}


def run(
    trials: Iterable[Record],
    *,
    version: str = "3.13.0",
    implementation: str = "cpython",
    candidate: str = "mypkg",
    level: Level = Level.COMPAT,
    searches: Sequence[Record] = (),
    baseline: Sequence[Record] = (),
    details: Sequence[Record] = (),
    status: int | None = None,
    **more: Any,
) -> list[Record]:
    """A whole run, from its head to its end. details: `shown` records. more: for its head."""
    trials = list(trials)
    names: Mapping[str, str] = {"cpython": "CPython", "pypy": "PyPy"}
    target = {
        "name": f"{names[implementation]} {version}",
        "implementation": implementation,
        "version": version,
        "platform": "linux-x86_64",
        "capabilities": [],
    }
    head = records.run_record(
        suite=__version__,
        candidate=candidate,
        target=target,
        level=level,
        delegates=False,
        unseen={},
        started="2026-01-02T03:04:05+00:00",
        again=f"python -m conformance --impl={candidate}",
        search_again=f"python -m conformance --impl={candidate} --seed=3",
    )
    head.update(more)
    clauses = records.clause_records(registry().values(), trials, version, {})
    searched = sum(search["tried"] for search in searches)
    if status is None:
        status = records.status_of(trials, level, searched=searched, baseline=baseline)
    end = records.end_record(status, trials, clauses, baseline, level)
    return [head, *trials, *searches, *baseline, *details, *clauses, end]


def write(path: Path, stream: Iterable[Record]) -> Path:
    """The file of a report."""
    path.write_text("".join(json.dumps(record) + "\n" for record in stream), encoding="utf-8")
    return path
