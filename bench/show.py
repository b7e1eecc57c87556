"""The tables of what was measured, for the terminal and for docs/speed.md."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from bench.growth import Point
from bench.measure import Measured

_COLUMNS = (
    "target", "floor", "naive", "ours", "ours again",
    "times naive", "times floor", "again", "search", "drawing", "start",
)  # fmt: skip
_WIDTH = 40


def rows(measured: Sequence[Measured]) -> list[list[str]]:
    """One row for each target; times in milliseconds for a case on both sides."""
    return [
        [
            one.target.name,
            _milliseconds(one.floor.clock, one.floor.processor),
            _milliseconds(one.naive.clock, one.naive.processor),
            _milliseconds(one.ours.clock, one.ours.processor),
            _milliseconds(one.again.clock, one.again.processor),
            f"{one.naive.clock / one.ours.clock:.1f}",
            f"{one.ours.clock / one.floor.clock:.2f}",
            f"{one.again.clock / one.floor.clock:.2f}",
            f"{one.search.clock * 1e3:.1f}",
            f"{one.search.drawing:.0%}",
            f"{one.start:.1f} s",
        ]
        for one in measured
    ]


def table(measured: Sequence[Measured], title: str) -> Table:
    """For the terminal."""
    made = Table(*_COLUMNS, title=title, title_justify="left")
    for row in rows(measured):
        made.add_row(*row)
    return made


def markdown(measured: Sequence[Measured]) -> str:
    """The same, for the page."""
    lines = [_COLUMNS, ["-"] + ["-:"] * (len(_COLUMNS) - 1), *rows(measured)]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def plot(points: Sequence[Point], at: str, value: str, scale: float = 1.0, digits: int = 1) -> str:
    """Bars, one a point. at, value: what stands to the left and to the right; scale: of the value."""
    most = max(point.value for point in points) or 1.0
    heads = [f"{point.at:.0f} {at}" for point in points]
    width = max(map(len, heads))
    return "".join(
        f"{head:>{width}}  {'#' * max(1, round(point.value / most * _WIDTH)):<{_WIDTH}}"
        f"  {point.value * scale:.{digits}f} {value}\n"
        for head, point in zip(heads, points, strict=True)
    )


def _milliseconds(clock: float, processor: float) -> str:
    return f"{clock * 1e3:.1f} ({processor * 1e3:.1f})"
