"""Prints what came of wrong implementations: tables, and each that survives with what was changed in it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from conformance.observation.interpreters import Target
from tests.power.measure import PARTS, Catch, Result
from tests.power.wrong import Equivalent


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
    for one in sorted(results, key=lambda one: one.wrong.name):
        if one.bad:
            console.print(_told(one), highlight=False)
    for entry in unused:
        console.print(f"\n[bold]No such mutant[/], though equivalent.toml lists it in {entry.change.where}:")
        console.print(escape(str(entry.change)), highlight=False)
    names = ", ".join(target.name for target in targets)
    console.print(f"\n{len(results)} tried with {cases} cases on {names} in {seconds:.0f} s.", highlight=False)


def _caught_by(results: Sequence[Result]) -> Table:
    table = Table(title="Wrong implementations: caught by what, after how many cases", title_justify="left")
    origins = sorted({one.wrong.origin for one in results})
    table.add_column("caught by")
    for origin in origins:
        table.add_column(origin, justify="right")
    for heading in ("median cases", "nine in ten", "most"):
        table.add_column(heading, justify="right")

    def row(name: str, chosen: Sequence[Result]) -> None:
        counts = [str(sum(one.wrong.origin == origin for one in chosen) or "") for origin in origins]
        cases = sorted(one.catch.cases for one in chosen if one.catch and one.catch.part)
        spread = [f"{statistics.median(cases):.0f}", str(cases[len(cases) * 9 // 10]), str(cases[-1])] if cases else []
        table.add_row(name, *counts, *spread)

    for part in PARTS:
        row(part, [one for one in results if one.catch and one.catch.part == part])
    row("all together", [one for one in results if one.catch and one.catch.part])
    table.add_section()
    row("equivalent", [one for one in results if one.listed and not one.listed.versions and not one.bad])
    row("shown elsewhere", [one for one in results if one.listed and one.listed.versions and not one.bad])
    row("survives", [one for one in results if one.catch and not one.catch.part and not one.listed])
    row("not tried", [one for one in results if one.catch is None])
    return table


def _named(results: Sequence[Result]) -> Table:
    """How the first case that catches names what is wrong; only the hand-written ones say what is right."""
    table = Table(title="The first case that catches one names", title_justify="left")
    table.add_column("what")
    table.add_column("how many", justify="right")
    caught = [(one.wrong.clause, one.catch) for one in results if one.catch and one.catch.named]
    own = [(clause, catch) for clause, catch in caught if clause]

    def row(name: str, chosen: Sequence[tuple[str, Catch]], whole: Sequence[tuple[str, Catch]]) -> None:
        if whole:
            table.add_row(name, f"{len(chosen)} of {len(whole)}")

    row("the clause it breaks, first", [one for one in own if one[1].named[0] == one[0]], own)
    row("the clause it breaks, among others", [one for one in own if one[0] in one[1].named[1:]], own)
    row("other clauses", [one for one in own if one[0] not in one[1].named], own)
    for level in ("documented", "compat", "exact"):
        row(f"a clause of level {level}, first", [one for one in caught if one[1].level == level], caught)
    row("no clause (UNOWNED)", [one for one in caught if "UNOWNED" in one[1].named], caught)
    return table


def _told(one: Result) -> str:
    assert one.catch is not None
    head = f"\n[bold]{escape(one.wrong.name)}[/] ({escape(one.wrong.summary)}) "
    if one.listed:
        return head + f"is listed as equivalent, but {escape(one.catch.case)} shows it: {escape(one.catch.shown)}"
    change = "" if one.wrong.origin == "file" else f"\n{escape(str(one.wrong.change))}"
    return head + f"survives {one.catch.cases} cases on {one.catch.target}{change}"
