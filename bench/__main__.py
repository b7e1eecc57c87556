"""Measures how fast the suite is (docs/speed.md).

usage: python -m bench [--target=PYTHON] ... [--growth] [--memory=TIME] [--write]

Best with nothing else at work on the machine. Exit status: 0, 1 something does not run, 2 usage.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from bench import growth, show
from bench.measure import ROOM, BenchError, measure
from conformance.observation.interpreters import BadInterpreter, Target, find
from conformance.observation.side import AgentError, CandidateError
from conformance.observation.two_agents import cores
from conformance.search.profiles import seconds

_PAGE = ROOM / "docs" / "speed.md"
_BUSY = 0.5  # of the cores


def main(arguments: list[str] | None = None) -> int:
    """Measure and show; the exit status."""
    parser = argparse.ArgumentParser(
        allow_abbrev=False, prog="python -m bench", description=str(__doc__).splitlines()[0]
    )
    parser.add_argument("--target", action="append", default=[], metavar="PYTHON", help="repeatable; default: this one")
    parser.add_argument("--growth", action="store_true", help="also how the cost grows, on the first target")
    parser.add_argument("--memory", metavar="TIME", help="also what memory a search for so long takes (90s, 30m)")
    parser.add_argument("--write", action="store_true", help=f"write what was measured into {_PAGE.name}")
    asked = parser.parse_args(arguments)
    try:
        budget = seconds(asked.memory) if asked.memory else 0.0
        targets = [find(one) for one in asked.target or [sys.executable]]
    except (ValueError, BadInterpreter) as exc:
        print(f"--memory: {exc}" if isinstance(exc, ValueError) else exc, file=sys.stderr)
        return 2
    console = Console(width=None if sys.stdout.isatty() else 140)
    load = os.getloadavg()[0]
    machine = f"{cores()} cores, {platform.system()} {platform.machine()}, load {load:.1f} at the start"
    if load > cores() * _BUSY:
        console.print(f"[bold]This machine is busy ({machine}): only the processor's times mean something.[/]")
    parts: dict[str, str] = {}
    try:
        measured = []
        for target in targets:
            measured.append(measure(target))
            console.print(
                show.table(measured[-1:], f"{target.name}: ms a case on both sides, by the clock (processor)")
            )
        if len(measured) > 1:
            console.print(show.table(measured, f"{machine}: ms a case on both sides, by the clock (processor)"))
        else:
            console.print(machine)
        day = datetime.now(UTC).date().isoformat()
        parts["targets"] = f"Measured on {day}: {machine}.\n\n{show.markdown(measured)}"
        if asked.growth:
            parts |= _growth(targets)
        if budget:
            parts["memory"] = _memory(targets, budget)
    except (BenchError, AgentError, CandidateError) as exc:
        print(exc, file=sys.stderr)
        return 1
    for name in [one for one in parts if one != "targets"]:
        console.print(parts[name], markup=False, highlight=False)
    if asked.write:
        _write(_PAGE, parts)
    return 0


def _growth(targets: Sequence[Target]) -> dict[str, str]:
    target = targets[0]
    depth = show.plot(growth.over_depth(target), "deep", "ms", 1e3)
    size = show.plot(growth.over_size(target), "modules", "ms", 1e3)
    cores = show.plot(growth.over_cores(target), "cores", "cases a second")
    return {
        name: f"{target.name}:\n\n```\n{one}```\n"
        for name, one in zip(("depth", "size", "cores"), (depth, size, cores), strict=True)
    }


def _memory(targets: Sequence[Target], budget: float) -> str:
    points, tried = growth.memory(targets[0], budget)
    shown = show.plot(points[:: max(1, len(points) // 10)], "s", "MB", 1e-6)
    return f"{targets[0].name}, {tried} cases tried:\n\n```\n{shown}```\n"


def _write(page: Path, parts: dict[str, str]) -> None:
    """Put each part in the place of what stands between its two marks."""
    text = page.read_text("utf-8")
    for name, part in parts.items():
        start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
        head, found, rest = text.partition(start)
        _, also, tail = rest.partition(end)
        assert found
        assert also
        text = f"{head}{start}\n{part}\n{end}{tail}"
    page.write_text(text, "utf-8")


if __name__ == "__main__":
    sys.exit(main())
