"""Shows what a run came to by its baseline: what was expected, and what to take out of the file."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from ..judge.baseline import Baseline
from .expectations import complaints
from .types import BaselineRecord, TrialRecord

_MOST = 12


def summary(
    console: Console,
    baseline: Baseline,
    trials: Sequence[TrialRecord],
    replays: Sequence[BaselineRecord],
    written: str = "",
) -> None:
    """Print it. trials: all of them, marked. replays: the records of the baseline's lines.

    written: the sentence about how the file was written, if that was to be done.
    """

    def say(text: str, style: str = "") -> None:
        console.print(text, style=style, highlight=False, markup=False, emoji=False, soft_wrap=True)

    cases: dict[tuple[str, str], set[str]] = {}
    for trial in trials:
        for divergence in trial["divergences"]:
            entry = divergence["expected"]
            if divergence["cause"] and entry:
                cases.setdefault((entry["reason"], entry["link"]), set()).add(trial["id"])
    diverging = set[str]().union(*cases.values())
    if written:
        say(f"\n{written}", "bold")
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
    unchecked = [replay["at"] for replay in replays if replay["state"] == "not-run"]
    if unchecked:
        say(f"Not checked, since its case did not run here: {', '.join(unchecked[:_MOST])}", "dim")
    without_reason = sorted({expected.head for expected in baseline.known if not expected.reason})
    if without_reason:
        lines = ", ".join(map(str, without_reason[:_MOST])) + (", ..." if len(without_reason) > _MOST else "")
        entries = _count(len(without_reason), "entry", "entries")
        say(f"Without a reason as yet: {entries} in {baseline.path}, line {lines}", "dim")


def _count(number: int, noun: str, several: str = "") -> str:
    return f"{number} {noun if number == 1 else several or noun + 's'}"
