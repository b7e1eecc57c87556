"""`runpy-conformance report`: makes one report of the records of several runs, or compares two of them.

usage: runpy-conformance report RECORDS ... [--report=FILE ...]
       runpy-conformance report --compare BEFORE AFTER [--report=FILE.md]

RECORDS is a file that --report=FILE.jsonl has written, or a folder of such files. One report can have several targets,
several candidates, and several runs that tried different cases on the same target. Exit status: the worst of the runs,
and 0 only if all runs are complete and conform; for a comparison 0 if nothing broke, 1 if something broke, or diverges
that was not run before, 5 if the second run leaves out cases of the first; 2 for bad input.
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
from ..report.endings import RECORDS
from ..report.merging import merged
from ..report.outputs import OutputError, check, check_candidates, ending, write
from ..report.reading import read
from ..report.runs import ReportError, Run, problems, status_of
from ..texts import never_refuse_output, silence
from .command_line import Parser

_USAGE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the report or the comparison, and return the exit status."""
    never_refuse_output()
    parser = Parser(
        "report",
        description=str(__doc__).split("\n\n", 2)[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "records", nargs="+", metavar="RECORDS", help="a file of records, or a folder of files of records"
    )
    parser.add_argument("--compare", action="store_true", help="compare two runs; the first is the earlier one")
    parser.add_argument(
        "--report",
        action="append",
        default=[],
        metavar="FILE",
        help="write a report; the ending of the name chooses its form",
    )
    options = parser.parse_args(arguments)
    try:
        for path in options.report:
            _check_report(path, options.compare)
        if options.compare:
            if len(options.records) != 2:
                raise ReportError(f"--compare takes two files or folders of records, and not {len(options.records)}")
            before, after = ([*merged(read(path) for path in _files(name))] for name in options.records)
            return _compare(before, after, options.report)
        runs = merged(read(path) for name in options.records for path in _files(name))
        for path in options.report:
            check_candidates(path, runs)
        for path in options.report:
            write(path, runs)
    except (ReportError, OutputError) as exc:
        print(exc, file=sys.stderr)
        return _USAGE
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    try:
        terminal.merged(console_on(sys.stdout, colour=colour), runs, options.report)
    except BrokenPipeError:
        silence()
    for problem in problems(runs):
        print(f"incomplete, so that nothing conforms there: {problem}", file=sys.stderr)
    return status_of(runs)


def _check_report(path: str, comparing: bool) -> None:
    """Check that a report with this name can be made here. Raises OutputError."""
    if ending(path) == RECORDS:
        raise OutputError(f"{path}: this command reads records; it writes pages, summaries and badges")
    if comparing and ending(path) != ".md":
        raise OutputError(f"{path}: a comparison is written as FILE.md")
    check(path)


def _files(name: str) -> list[Path]:
    """The file, or the files in the folder. Raises ReportError."""
    path = Path(name)
    if not path.is_dir():
        return [path]
    files = sorted(path.glob(f"*{RECORDS}"))
    if not files:
        raise ReportError(f"{path}: the folder has no file of records (*{RECORDS})")
    return files


def _compare(before: Sequence[Run], after: Sequence[Run], reports: Sequence[str]) -> int:
    comparison = compare(before, after)
    for path in reports:
        Path(path).write_text(markdown(comparison), encoding="utf-8", errors="backslashreplace")
    for line in lines(comparison):
        print(line)
    return comparison.status


if __name__ == "__main__":
    sys.exit(main())
