"""Makes the tables and plots of the measurements, for the terminal and for docs/speed.md."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from bench.growth import Point
from bench.measure import Cost, Measured

_COLUMNS = (
    "target", "floor", "naive", "ours", "ours again",
    "times naive", "times floor", "again", "search", "drawing", "start",
)  # fmt: skip
_WIDTH = 40


def rows(measured: Sequence[Measured]) -> list[list[str]]:
    """One row for each target, with milliseconds for a case on both sides."""
    return [
        [
            of_target.target.name,
            _milliseconds(of_target.floor),
            _milliseconds(of_target.naive),
            _milliseconds(of_target.ours),
            _milliseconds(of_target.again),
            f"{of_target.naive.clock / of_target.ours.clock:.1f}",
            f"{of_target.ours.clock / of_target.floor.clock:.2f}",
            f"{of_target.again.clock / of_target.floor.clock:.2f}",
            f"{of_target.search.clock * 1e3:.1f}",
            f"{of_target.search.drawing:.0%}",
            f"{of_target.start:.1f} s",
        ]
        for of_target in measured
    ]


def table(measured: Sequence[Measured], title: str) -> Table:
    """The table for the terminal."""
    made = Table(*_COLUMNS, title=title, title_justify="left")
    for row in rows(measured):
        made.add_row(*row)
    return made


def markdown(measured: Sequence[Measured]) -> str:
    """The table in Markdown, for the page."""
    lines = [_COLUMNS, ["-"] + ["-:"] * (len(_COLUMNS) - 1), *rows(measured)]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def plot(points: Sequence[Point], at: str, value: str, scale: float = 1.0, digits: int = 1) -> str:
    """A plot with one bar for each point. at, value: the units of the axis and of the values. scale: of the values."""
    most = max(point.value for point in points) or 1.0
    heads = [f"{point.at:.0f} {at}" for point in points]
    width = max(map(len, heads))
    return "".join(
        f"{head:>{width}}  {'#' * max(1, round(point.value / most * _WIDTH)):<{_WIDTH}}"
        f"  {point.value * scale:.{digits}f} {value}\n"
        for head, point in zip(heads, points, strict=True)
    )


def _milliseconds(cost: Cost) -> str:
    return f"{cost.clock * 1e3:.1f} ({cost.processor * 1e3:.1f})"
