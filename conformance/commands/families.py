"""Prints what the families combine, and how many cases that makes on each target.

usage: python -m conformance.commands.families [--ids [FAMILY]]
"""

from __future__ import annotations

import os
import sys

from rich import box
from rich.console import Console
from rich.table import Table

from .. import FIXTURES
from ..cases.families import by_family
from ..cases.model import Case, usual_capabilities
from ..clauses.pythons import TARGETS

_PYPY = "pypy"
_WIDTH = 140


def running(cases: list[Case], target: str) -> int:
    """The number of cases that run on a target, "3.12" or "pypy3.11", if its platform lacks nothing."""
    capabilities = usual_capabilities(_PYPY if target.startswith(_PYPY) else "cpython")
    version = f"{target.removeprefix(_PYPY)}.0"
    return sum(not case.unmet(version, capabilities) for case in cases)


def table() -> Table:
    """A table with a row for each family, and one for all of them."""
    shown = Table(
        box=box.SIMPLE, title="Families of generated cases", caption="The last columns: cases that run on each target."
    )
    for column in ("family", "what is combined", "cases", *(name.replace(_PYPY, "PyPy ") for name in TARGETS)):
        shown.add_column(column, justify="left" if column[0] in "fw" else "right", no_wrap=column[0] != "w")
    families = by_family(FIXTURES)
    total = [case for _, cases in families for case in cases]
    for name, summary, cases in [
        *((family.id, family.summary, cases) for family, cases in families),
        ("all", "", total),
    ]:
        counts = [running(cases, target) for target in TARGETS]
        shown.add_row(name, summary, str(len(cases)), *map(str, counts), end_section=cases is families[-1][1])
    return shown


def main(arguments: list[str]) -> int:
    """Print the table, or the ids of all cases, or those of one family; return the exit status."""
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
