"""Prints the axes of each family, and the number of its cases on each target.

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
from ..cases.varied import OF_FIXTURES, of_fixtures
from ..clauses.pythons import TARGETS

_PYPY = "pypy"
_WIDTH = 140


def running(cases: list[Case], target: str) -> int:
    """The number of cases that run on a target ("3.12", "pypy3.11") whose platform has all capabilities."""
    capabilities = usual_capabilities(_PYPY if target.startswith(_PYPY) else "cpython")
    version = f"{target.removeprefix(_PYPY)}.0"
    return sum(not case.unmet(version, capabilities) for case in cases)


def table() -> Table:
    """A table with a row for each family, one for all of them together, and those for the cases made of fixtures."""
    made = Table(
        box=box.SIMPLE,
        title="Families of generated cases",
        caption="The last columns have the number of cases that run on each target.",
    )
    for column in ("family", "what is combined", "cases", *(name.replace(_PYPY, "PyPy ") for name in TARGETS)):
        made.add_column(column, justify="left" if column[0] in "fw" else "right", no_wrap=column[0] != "w")
    of_tables, made_of_fixtures = _of_tables(), _made_of_fixtures()
    total = [case for _, _, cases in of_tables for case in cases]
    last = of_tables[-1][0]
    for name, summary, cases in [*of_tables, ("all", "", total), *made_of_fixtures]:
        counts = [running(cases, target) for target in TARGETS]
        made.add_row(name, summary, str(len(cases)), *map(str, counts), end_section=name in (last, "all"))
    return made


def _of_tables() -> list[tuple[str, str, list[Case]]]:
    """The families of the tables, each with its name, its summary and its cases."""
    return [(family.id, family.summary, cases) for family, cases in by_family(FIXTURES)]


def _made_of_fixtures() -> list[tuple[str, str, list[Case]]]:
    """The families of cases that are made of fixtures, each with its name, its summary and its cases."""
    every = [*of_fixtures(FIXTURES)]
    return [
        (family.rpartition("/")[2], summary, [case for case in every if case.family == family])
        for family, summary in OF_FIXTURES.items()
    ]


def main(arguments: list[str]) -> int:
    """Print the table, the ids of all cases, or the ids of one family, and return the exit status."""
    if not arguments:
        console = Console()
        console.width = max(console.width, _WIDTH)
        console.print(table())
        return 0
    families = [*_of_tables(), *_made_of_fixtures()]
    names = [name for name, _, _ in families]
    selected = arguments[1:]
    if arguments[0] != "--ids" or len(selected) > 1 or not set(selected) <= set(names):
        print(f"{(__doc__ or '').splitlines()[2]}\nThe families are {', '.join(names)}.", file=sys.stderr)
        return 2
    for name, _, cases in families:
        for case in cases if not selected or name in selected else ():
            print(f"{case.id}  {case.summary}")
    return 0


if __name__ == "__main__":
    try:
        status = main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `head`, has closed our output
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    sys.exit(status)
