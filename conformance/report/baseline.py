"""What came of a baseline, at the end of a run: what was expected, and what to take out of it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from ..baseline import Baseline, complaints
from ..clauses import Level
from .records import Record

_MOST = 12


def summary(
    console: Console, baseline: Baseline, trials: Sequence[Record], replays: Sequence[Record], level: Level
) -> None:
    """Print it. trials: all of them, marked. replays: the records of the baseline's lines."""

    def say(text: str, style: str = "") -> None:
        console.print(text, style=style, highlight=False, markup=False, soft_wrap=True)

    cases: dict[tuple[str, str], set[str]] = {}
    for trial in trials:
        for one in trial["divergences"]:
            if one["cause"] and one.get("expected"):
                cases.setdefault((one["expected"]["reason"], one["expected"]["link"]), set()).add(trial["id"])
    diverging = set[str]().union(*cases.values())
    say(f"\nThe baseline {baseline.path} expects what differs in {len(diverging)} cases:" if cases else "", "bold")
    for (reason, link), ids in sorted(cases.items(), key=lambda pair: -len(pair[1])):
        how_many = f"{len(ids):>5} {'cases' if len(ids) > 1 else 'case '}"
        say(f"  {how_many}  {reason or 'no reason is given'}" + (f" ({link})" if link else ""))
    wrong = complaints(replays)
    if wrong:
        say(f"\nThe baseline is out of date, in {len(wrong)} places (--write-baseline mends it):", "bold red")
    for sentence in wrong[:_MOST]:
        say(f"  {sentence}")
    if len(wrong) > _MOST:
        say(f"  ... and {len(wrong) - _MOST} more")
    idle = [one["at"] for one in replays if one["state"] == "not-run"]
    if idle:
        say(f"Not checked, since its case did not run here: {', '.join(idle[:_MOST])}", "dim")
    silent = {one.entry: one.line for one in baseline.known if not one.reason}
    if silent:
        lines = ", ".join(str(line) for line in list(silent.values())[:_MOST])
        say(f"{len(silent)} entries have no reason yet: {baseline.path}, at lines {lines}", "dim")
