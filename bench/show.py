"""Makes the tables and plots of the measurements, for the terminal and for docs/speed.md."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from bench.curves import Curve
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


def exponents(curves: Sequence[Curve]) -> str:
    """A table in Markdown with the exponents of ours and of the floor, and their difference."""
    rows = [("axis", "sizes", "ours", "floor", "more"), ("-", "-", "-:", "-:", "-:")]
    for curve in curves:
        ours, bare = curve.exponents
        more = f"{ours - bare:+.2f}" + ("" if curve.holds else ", too much")
        rows.append((curve.axis.name, f"1 to {curve.sizes[-1]:,}", f"{ours:.2f}", f"{bare:.2f}", more))
    return "".join("| " + " | ".join(row) + " |\n" for row in rows)


def curves(measured: Sequence[Curve]) -> str:
    """A table in Markdown with a row for every second size of each axis, the largest among them."""
    rows = [("axis", "size", "ours", "floor", "times floor"), ("-", "-:", "-:", "-:", "-:")]
    for curve in measured:
        points = list(zip(curve.sizes, curve.ours, curve.floor, strict=True))
        for size, ours, bare in reversed(points[::-2]):
            cells = (f"{size:,}", f"{ours * 1e3:.1f}", f"{bare * 1e3:.1f}", f"{ours / bare:.1f}")
            rows.append((curve.axis.name, *cells))
    return "".join("| " + " | ".join(row) + " |\n" for row in rows)


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
