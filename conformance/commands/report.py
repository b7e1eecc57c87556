"""`runpy-conformance report`: one report of the records of several runs, or two of them compared.

usage: runpy-conformance report RECORDS ... [--report=FILE ...]
       runpy-conformance report --compare BEFORE AFTER [--report=FILE.md]

RECORDS is a file that --report=FILE.jsonl wrote, or a folder of such. Those of several targets, and of several
candidates, become one report; so do several of one target that tried different cases. Exit status: that of the runs
together, 0 only if all came to their end and conform; of a comparison 0 if nothing broke, 1 if something did, 5 if not
all was run again; 2 for bad input.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ..report import terminal
from ..report.compare import compare, lines, markdown
from ..report.console import console_on
from ..report.merging import merged
from ..report.outputs import RECORDS, OutputError, check, check_candidates, ending, write
from ..report.reading import read
from ..report.runs import ReportError, Run, problems, status_of
from ..texts import never_refuse_output, silence
from .command_line import Parser

_USAGE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what is asked for; the exit status."""
    never_refuse_output()
    parser = Parser(
        "report",
        description=str(__doc__).split("\n\n", 2)[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("records", nargs="+", metavar="RECORDS", help="a file of records, or a folder of such files")
    parser.add_argument("--compare", action="store_true", help="compare two: the first is what was before")
    parser.add_argument("--report", action="append", default=[], metavar="FILE", help="write a report, by its name")
    asked = parser.parse_args(arguments)
    try:
        for path in asked.report:
            _possible(path, asked.compare)
        if asked.compare:
            if len(asked.records) != 2:
                raise ReportError(f"--compare takes two, a file or a folder each, and not {len(asked.records)}")
            before, after = ([*merged(read(path) for path in _files(one))] for one in asked.records)
            return _compare(before, after, asked.report)
        runs = merged(read(path) for one in asked.records for path in _files(one))
        for path in asked.report:
            check_candidates(path, runs)
        for path in asked.report:
            write(path, runs)
    except (ReportError, OutputError) as exc:
        print(exc, file=sys.stderr)
        return _USAGE
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    try:
        terminal.merged(console_on(sys.stdout, colour=colour), runs, asked.report)
    except BrokenPipeError:
        silence()
    for problem in problems(runs):
        print(f"incomplete, and nothing conforms there: {problem}", file=sys.stderr)
    return status_of(runs)


def _possible(path: str, comparing: bool) -> None:
    """Whether such a report can be made here. Raises OutputError."""
    if ending(path) == RECORDS:
        raise OutputError(f"{path}: records are what this reads; it writes pages, summaries and badges")
    if comparing and ending(path) != ".md":
        raise OutputError(f"{path}: a comparison is written as FILE.md")
    check(path)


def _files(name: str) -> list[Path]:
    """The file, or those in the folder. Raises ReportError."""
    path = Path(name)
    if not path.is_dir():
        return [path]
    found = sorted(path.glob(f"*{RECORDS}"))
    if not found:
        raise ReportError(f"{path}: the folder holds no report (*{RECORDS})")
    return found


def _compare(before: Sequence[Run], after: Sequence[Run], reports: Sequence[str]) -> int:
    found = compare(before, after)
    for path in reports:
        Path(path).write_text(markdown(found), encoding="utf-8", errors="backslashreplace")
    for line in lines(found):
        print(line)
    return found.status


if __name__ == "__main__":
    sys.exit(main())
