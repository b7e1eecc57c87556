"""The figures of campaigns for a reader: in one line, and as the table in docs/power.md."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from packaging.version import Version

from ..search.campaign.state import MARKS, Figures
from .marks import NoMarks, between

_BEGIN, _END = "<!-- campaign -->\n", "<!-- end of campaign -->\n"


def line(figures: Figures) -> str:
    """The figures of a campaign in one line."""
    seconds = figures.drawing + figures.running
    divergences = f"{len(figures.found)} kinds of divergences in {figures.differing} cases"
    once = f", {len(figures.once)} seen only once" if figures.once else ""
    return (
        f"{figures.about['target']}, seed {figures.about['seed']}: {figures.distinct:,} different cases of "
        f"{figures.drawn:,} drawn ({figures.not_run:,} not for this target), {divergences}{once}; "
        f"{figures.rows[0]:,} of {figures.rows[1]:,} rows and {figures.pairs[0]:,} of {figures.pairs[1]:,} pairs; "
        f"{_rate(figures)} a second of a worker; {seconds:.0f} s"
    )


def read(folder: Path) -> list[Figures]:
    """The figures of the campaigns in a folder; of several about the same target, those with most cases."""
    best: dict[tuple[str, str], Figures] = {}
    for path in sorted(folder.glob("*.json")):
        try:
            figures = Figures.of(json.loads(path.read_text("utf-8")))
        except (OSError, ValueError, TypeError, KeyError):
            continue  # it is no file of a campaign, or of an older suite
        key = figures.about["target"], figures.about["candidate"]
        if key not in best or best[key].distinct < figures.distinct:
            best[key] = figures
    return sorted(best.values(), key=_order)


def _order(figures: Figures) -> tuple[str, Version, str]:
    name, _, version = figures.about["target"].partition(",")[0].partition(" ")
    return name, Version(version.split()[0]), figures.about["candidate"]


def table(campaigns: Sequence[Figures]) -> str:
    """The summary in Markdown."""
    marks = ", ".join(f"{mark:,}" for mark in MARKS)
    head = [
        "| target | candidate | cases drawn | different ones | not for it | divergences | seen once "
        "| rows | pairs of rows | a second | seed |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    rows = [
        f"| {figures.about['target']} | {figures.about['candidate']} | {figures.drawn:,} | {figures.distinct:,} "
        f"| {figures.not_run:,} | {len(figures.found)} | {len(figures.once)} "
        f"| {figures.rows[0]:,} of {figures.rows[1]:,} | {figures.pairs[0]:,} of {figures.pairs[1]:,} "
        f"| {_rate(figures)} | {figures.about['seed']} |"
        for figures in campaigns
    ]
    memory = [
        f"| {figures.about['target']} | "
        + " | ".join(_memory(figures, mark) for mark in MARKS)
        + f" | {_machines(figures)} | {figures.about['suite']}, Hypothesis {figures.about['hypothesis']} |"
        for figures in campaigns
    ]
    return "\n".join(
        [
            *head,
            *rows,
            "",
            f"Memory of a worker and of its agents in MB, when the campaign had {marks} different cases:",
            "",
            "| target | " + " | ".join(f"{mark:,}" for mark in MARKS) + " | machine | suite |",
            "|---|" + "---:|" * len(MARKS) + "---|---|",
            *memory,
            "",
        ]
    )


def _rate(figures: Figures) -> str:
    return f"{figures.distinct / max(0.001, figures.drawing + figures.running):.0f}"


def _machines(figures: Figures) -> str:
    """The kinds of machines, without their names, each with its number if there are several."""
    kinds = Counter(machine.partition(": ")[2] for machine in figures.machines)
    return "; ".join(kind if count == 1 else f"{count} of {kind}" for kind, count in sorted(kinds.items()))


def _memory(figures: Figures, mark: int) -> str:
    """The memory at a mark; the number of cases that this worker had tried, if it is much less."""
    for told in figures.memory:
        if told.at == mark:
            since = "" if told.own > 0.9 * mark else f" (after {told.own:,} of its own)"
            return f"{told.worker / 1e6:.0f} + {told.agents / 1e6:.0f}{since}"
    return "-"


def write(page: Path, text: str) -> None:
    """Replace the summary in a page. Raises NoMarks."""
    try:
        before = page.read_text("utf-8")
    except OSError as exc:
        raise NoMarks(f"The summary cannot be written: {page} cannot be read ({exc.strerror}).") from None
    page.write_text(between(before, _BEGIN, _END, f"\n{text}\n", page=page), "utf-8")
