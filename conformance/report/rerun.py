"""The commands that a report prints for a finding: each shows again, by itself, what it was printed for.

Knows records and where finds were written; which options a command must repeat is known in `commands/printed.py`.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from ..cases.model import SEARCH
from .findings import Finding
from .finds import Written
from .runs import Run
from .types import ShownRecord


@dataclass(frozen=True)
class Commands:
    """Makes the commands for findings.

    case: the command to which a case is added. search: the command to which `search/PROPERTY` is added. python: the
    interpreter in which the reproducer of a find showed its difference.
    """

    case: str
    search: str
    python: str = "python"

    def of(self, finding: Finding, written: Written | None = None) -> list[str]:
        """The commands that show a finding again, the best first. written: where its case was written, if it was."""
        written = written or Written()
        judging, found = self.judging(finding, written), finding.trial["chapter"] == SEARCH
        if written.program is None or not written.shows:
            return [judging]
        program = shlex.join([self.python, str(written.program)])
        return [program, judging] if found else [judging, program]

    def judging(self, finding: Finding, written: Written | None = None) -> str:
        """The command by which the suite judges the case of a finding again. written: as for `of`."""
        trial, clause = finding.trial, finding.clause
        if trial["chapter"] != SEARCH:
            return f"{self.case} {shlex.quote(pointed(trial['id'], clause))}"
        if written is None or written.fixture is None:
            return f"{self.search} {shlex.quote(trial['id'].rpartition('/')[0])}"
        folder = written.fixture.parent
        case = pointed(f"{folder.name}/{written.fixture.stem}", clause)
        return f"{self.case} {shlex.join([f'--cases={folder.parent}', case])}"


def pointed(case: str, clause: str) -> str:
    """A case and the clause for which it is tried, as one word of a command line."""
    return f"{case}::{clause}"


def command_of(run: Run, finding: Finding) -> str:
    """The command for a finding of a run that is read back."""
    commands = Commands(run.run["again"], run.run["search_again"])
    return commands.judging(finding, _written(run.shown_of(finding.trial)))


def _written(shown: ShownRecord | None) -> Written | None:
    return Written(fixture=Path(shown["written"])) if shown and shown["written"] else None
