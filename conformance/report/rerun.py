"""The commands that a report prints for a finding: each shows again, by itself, what it was printed for.

Knows records and where finds were written; which options a command must repeat is known in `commands/printed.py`.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
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
        """The commands that show a finding again, the best first. written: where its case is, if it is a find."""
        return list(self._of(finding, written or Written()))

    def _of(self, finding: Finding, written: Written) -> Iterator[str]:
        trial, clause = finding.trial, finding.clause
        if trial["chapter"] != SEARCH:
            yield f"{self.case} {shlex.quote(pointed(trial['id'], clause))}"
        elif written.fixture is None:
            yield f"{self.search} {shlex.quote(trial['id'].rpartition('/')[0])}"
        else:
            if written.program is not None and written.shows:
                yield shlex.join([self.python, str(written.program)])
            folder = written.fixture.parent
            case = pointed(f"{folder.name}/{written.fixture.stem}", clause)
            yield f"{self.case} {shlex.join([f'--cases={folder.parent}', case])}"


def pointed(case: str, clause: str) -> str:
    """A case and the clause for which it is tried, as one word of a command line."""
    return f"{case}::{clause}"


def command_of(run: Run, finding: Finding) -> str:
    """The command for a finding of a run that is read back."""
    commands = Commands(run.run["again"], run.run["search_again"])
    return commands.of(finding, _written(run.shown.get(finding.trial["id"])))[-1]


def _written(shown: ShownRecord | None) -> Written | None:
    return Written(fixture=Path(shown["written"])) if shown and shown["written"] else None
