"""What came of a baseline, at the end of a run: what was expected, and what to take out of it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from ..judge.baseline import Baseline, complaints
from .records import Record

_MOST = 12


def summary(
    console: Console, baseline: Baseline, trials: Sequence[Record], replays: Sequence[Record], told: str = ""
) -> None:
    """Print it. trials: all of them, marked. replays: the records of the baseline's lines. told: if it was written."""

    def say(text: str, style: str = "") -> None:
        console.print(text, style=style, highlight=False, markup=False, emoji=False, soft_wrap=True)

    cases: dict[tuple[str, str], set[str]] = {}
    for trial in trials:
        for one in trial["divergences"]:
            if one["cause"] and one.get("expected"):
                cases.setdefault((one["expected"]["reason"], one["expected"]["link"]), set()).add(trial["id"])
    diverging = set[str]().union(*cases.values())
    if told:
        say(f"\n{told}", "bold")
    if cases:
        say(f"\nThe baseline {baseline.path} expects what differs in {_count(len(diverging), 'case')}:", "bold")
    for (reason, link), ids in sorted(cases.items(), key=lambda pair: -len(pair[1])):
        say(f"  {len(ids):>5}  {reason or 'no reason is given'}" + (f" ({link})" if link else ""))
    wrong = complaints(replays)
    if wrong:
        places = _count(len(wrong), "place")
        say(f"\nThe baseline {baseline.path} is out of date, in {places} (--write-baseline mends it):", "bold red")
    for sentence in wrong[:_MOST]:
        say(f"  {sentence}")
    if len(wrong) > _MOST:
        say(f"  ... and {len(wrong) - _MOST} more")
    idle = [one["at"] for one in replays if one["state"] == "not-run"]
    if idle:
        say(f"Not checked, since its case did not run here: {', '.join(idle[:_MOST])}", "dim")
    silent = sorted({one.head for one in baseline.known if not one.reason})
    if silent:
        lines = ", ".join(map(str, silent[:_MOST])) + (", ..." if len(silent) > _MOST else "")
        say(
            f"Without a reason as yet: {_count(len(silent), 'entry', 'entries')} in {baseline.path}, line {lines}",
            "dim",
        )


def _count(number: int, one: str, several: str = "") -> str:
    return f"{number} {one if number == 1 else several or one + 's'}"
