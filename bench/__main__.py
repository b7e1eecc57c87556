"""Measures the speed of the suite (docs/speed.md).

usage: python -m bench [--target=PYTHON] ... [--growth] [--memory=TIME] [--write]

No other work should run on the machine. Exit status: 0, 1 something that is measured does not run, 2 usage error.
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

from bench import curves, growth, show
from bench.measure import ROOT, BenchError, measure
from conformance.commands.marks import between
from conformance.observation.agent_process import cores
from conformance.observation.interpreters import BadInterpreter, Target, find
from conformance.observation.side import AgentError, CandidateError
from conformance.search.profiles import seconds

_PAGE = ROOT / "docs" / "speed.md"
_BUSY = 0.5  # the load, as a share of the cores, from which a machine is busy


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the tables, and return the exit status."""
    parser = argparse.ArgumentParser(
        allow_abbrev=False, prog="python -m bench", description=str(__doc__).splitlines()[0]
    )
    parser.add_argument(
        "--target",
        action="append",
        default=[],
        metavar="PYTHON",
        help="an interpreter to measure; repeatable (default: this one)",
    )
    parser.add_argument("--growth", action="store_true", help="also measure how the cost grows, on the first target")
    parser.add_argument(
        "--memory",
        metavar="TIME",
        help="also measure the memory of a search with this time limit (90s, 30m), on the first target",
    )
    parser.add_argument("--write", action="store_true", help=f"write the measurements into {_PAGE.name}")
    options = parser.parse_args(arguments)
    try:
        budget = seconds(options.memory) if options.memory else 0.0
        targets = [find(path) for path in options.target or [sys.executable]]
    except (ValueError, BadInterpreter) as exc:
        print(f"--memory: {exc}" if isinstance(exc, ValueError) else exc, file=sys.stderr)
        return 2
    console = Console(width=None if sys.stdout.isatty() else 140)
    load = os.getloadavg()[0]
    machine = f"{cores()} cores, {platform.system()} {platform.machine()}, load {load:.1f} at the start"
    if load > cores() * _BUSY:
        console.print(f"[bold]This machine is busy ({machine}); only the processor times are reliable.[/]")
    parts: dict[str, str] = {}
    try:
        measured = []
        for target in targets:
            measured.append(measure(target))
            console.print(
                show.table(
                    measured[-1:], f"{target.name}: ms for a case on both sides: wall-clock time (processor time)"
                )
            )
        if len(measured) > 1:
            console.print(
                show.table(measured, f"{machine}: ms for a case on both sides: wall-clock time (processor time)")
            )
        else:
            console.print(machine)
        day = datetime.now(UTC).date().isoformat()
        parts["targets"] = f"Measured on {day}: {machine}.\n\n{show.markdown(measured)}"
        if options.growth:
            parts |= _growth(targets)
        if budget:
            parts["memory"] = _memory(targets, budget)
    except (BenchError, AgentError, CandidateError) as exc:
        print(exc, file=sys.stderr)
        return 1
    for name in [name for name in parts if name != "targets"]:
        console.print(parts[name], markup=False, highlight=False)
    if options.write:
        _write(_PAGE, parts)
    return 0


def _growth(targets: Sequence[Target]) -> dict[str, str]:
    target = targets[0]
    measured = list(curves.curves(target))
    cores = show.plot(growth.over_cores(target), "cores", "cases a second")
    return {
        "exponents": f"{target.name}:\n\n{show.exponents(measured)}",
        "curves": f"{target.name}, ms for a case on both sides:\n\n{show.curves(measured)}",
        "cores": f"{target.name}:\n\n```\n{cores}```\n",
    }


def _memory(targets: Sequence[Target], budget: float) -> str:
    points, tried = growth.memory(targets[0], budget)
    plot = show.plot(points[:: max(1, len(points) // 10)], "s", "MB", 1e-6)
    return f"{targets[0].name}, {tried} cases tried:\n\n```\n{plot}```\n"


def _write(page: Path, parts: dict[str, str]) -> None:
    """Replace the text between the two marks of each part by the part."""
    text = page.read_text("utf-8")
    for name, part in parts.items():
        text = between(text, f"<!-- {name} -->\n", f"<!-- end of {name} -->\n", f"\n{part}\n", page=page)
    page.write_text(text, "utf-8")


if __name__ == "__main__":
    sys.exit(main())
