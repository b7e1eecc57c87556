"""`python -m conformance.cases.families`: what the families combine, and how many cases that makes.

usage: python -m conformance.cases.families [--ids [FAMILY]]
"""

from __future__ import annotations

import os
import sys

from rich import box
from rich.console import Console
from rich.table import Table

from ... import FIXTURES
from ..model import Case
from . import by_family

# What can be required besides versions is at hand on the targets of the project.
VERSIONS = [f"3.{minor}" for minor in range(8, 16)]
EVERYTHING = frozenset(("audit", "cpython", "fork", "refcounting", "symlinks", "threads", "unicode", "zip"))
OF_PYPY = EVERYTHING - {"cpython", "refcounting"}
_WIDTH = 140


def running(cases: list[Case], version: str, capabilities: frozenset[str] = EVERYTHING) -> int:
    """How many of the cases a target runs."""
    return sum(not case.unmet(version, capabilities) for case in cases)


def table() -> Table:
    """A row for each family, and one for all."""
    shown = Table(
        box=box.SIMPLE, title="Families of generated cases", caption="The last columns: cases that run on each target."
    )
    for column in ("family", "what is combined", "cases", *VERSIONS, "PyPy 3.11"):
        shown.add_column(column, justify="left" if column[0] in "fw" else "right", no_wrap=column[0] != "w")
    families = by_family(FIXTURES)
    total = [case for _, cases in families for case in cases]
    for name, summary, cases in [
        *((family.id, family.summary, cases) for family, cases in families),
        ("all", "", total),
    ]:
        counts = [*(running(cases, f"{version}.0") for version in VERSIONS), running(cases, "3.11.0", OF_PYPY)]
        shown.add_row(name, summary, str(len(cases)), *map(str, counts), end_section=cases is families[-1][1])
    return shown


def main(arguments: list[str]) -> int:
    """Print the table, or the ids of all cases or of one family's; the exit status."""
    if not arguments:
        console = Console()
        console.width = max(console.width, _WIDTH)
        console.print(table())
        return 0
    names = [family.id for family, _ in by_family(FIXTURES)]
    wanted = arguments[1:]
    if arguments[0] != "--ids" or len(wanted) > 1 or not set(wanted) <= set(names):
        print(f"{(__doc__ or '').splitlines()[2]}\nThe families are {', '.join(names)}.", file=sys.stderr)
        return 2
    for family, cases in by_family(FIXTURES):
        for case in cases if not wanted or family.id in wanted else ():
            print(f"{case.id}  {case.summary}")
    return 0


if __name__ == "__main__":
    try:
        status = main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads, such as `head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    sys.exit(status)
