"""Prints what came of wrong implementations: tables, and each that survives with what was changed in it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from conformance.observation.interpreters import Target
from tests.power.measure import PARTS, Catch, Result
from tests.power.wrong import INTERACTION, Equivalent


def show(
    console: Console,
    results: Sequence[Result],
    unused: Sequence[Equivalent],
    targets: Sequence[Target],
    cases: int,
    seconds: float,
) -> None:
    """Print everything. unused: entries of equivalent.toml that no mutant matches. cases: how many there are."""
    console.print(_caught_by(results))
    console.print(_named(results))
    for result in sorted(results, key=lambda result: result.wrong.name):
        if result.bad:
            console.print(_told(result), highlight=False)
        elif result.survives and result.wrong.origin == INTERACTION:
            console.print(f"survives: {escape(result.wrong.summary)} ({result.wrong.clause})", highlight=False)
    for entry in unused:
        console.print(f"\n[bold]No such mutant[/], though equivalent.toml lists it in {entry.change.where}:")
        console.print(escape(str(entry.change)), highlight=False)
    names = ", ".join(target.name for target in targets)
    console.print(f"\n{len(results)} tried with {cases} cases on {names} in {seconds:.0f} s.", highlight=False)


def _caught_by(results: Sequence[Result]) -> Table:
    table = Table(title="Wrong implementations: caught by what, after how many cases", title_justify="left")
    origins = sorted({result.wrong.origin for result in results})
    table.add_column("caught by")
    for origin in origins:
        table.add_column(origin, justify="right")
    for heading in ("median cases", "nine in ten", "most"):
        table.add_column(heading, justify="right")

    def row(name: str, chosen: Sequence[Result]) -> None:
        counts = [str(sum(result.wrong.origin == origin for result in chosen) or "") for origin in origins]
        cases = sorted(result.catch.cases for result in chosen if result.catch and result.catch.part)
        spread = [f"{statistics.median(cases):.0f}", str(cases[len(cases) * 9 // 10]), str(cases[-1])] if cases else []
        table.add_row(name, *counts, *spread)

    for part in PARTS:
        row(part, [result for result in results if result.catch and result.catch.part == part])
    row("all together", [result for result in results if result.catch and result.catch.part])
    table.add_section()
    row("equivalent", [result for result in results if result.listed and not result.listed.versions and not result.bad])
    row(
        "shown elsewhere", [result for result in results if result.listed and result.listed.versions and not result.bad]
    )
    row("survives", [result for result in results if result.survives and not result.listed])
    row("not tried", [result for result in results if result.catch is None])
    return table


def _named(results: Sequence[Result]) -> Table:
    """How the first case that catches names what is wrong; only the hand-written ones say what is right."""
    table = Table(title="The first case that catches one names", title_justify="left")
    table.add_column("what")
    table.add_column("how many", justify="right")
    caught = [(result.wrong.clause, result.catch) for result in results if result.catch and result.catch.named]
    own = [(clause, catch) for clause, catch in caught if clause]

    def row(name: str, chosen: Sequence[tuple[str, Catch]], whole: Sequence[tuple[str, Catch]]) -> None:
        if whole:
            table.add_row(name, f"{len(chosen)} of {len(whole)}")

    row("the clause it breaks, first", [(clause, catch) for clause, catch in own if catch.named[0] == clause], own)
    row(
        "the clause it breaks, among others",
        [(clause, catch) for clause, catch in own if clause in catch.named[1:]],
        own,
    )
    row("other clauses", [(clause, catch) for clause, catch in own if clause not in catch.named], own)
    for level in ("documented", "compat", "exact"):
        row(
            f"a clause of level {level}, first",
            [(clause, catch) for clause, catch in caught if catch.level == level],
            caught,
        )
    row("no clause (UNOWNED)", [(clause, catch) for clause, catch in caught if "UNOWNED" in catch.named], caught)
    return table


def _told(result: Result) -> str:
    assert result.catch is not None
    head = f"\n[bold]{escape(result.wrong.name)}[/] ({escape(result.wrong.summary)}) "
    if result.listed:
        return head + f"is listed as equivalent, but {escape(result.catch.case)} shows it: {escape(result.catch.shown)}"
    change = "" if result.wrong.origin == "file" else f"\n{escape(str(result.wrong.change))}"
    return head + f"survives {result.catch.cases} cases on {result.catch.target}{change}"
