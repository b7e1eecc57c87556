"""The files that `--report` names: the records as they come, the rest when the run has ended."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from .endings import RECORDS
from .outputs import OutputError, check, ending, write
from .runs import Run, uncertain
from .types import Record


class Stream:
    """Writes records to those report files that hold records. Raises OutputError if a file cannot be written."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.paths = list(paths)
        self._files: list[TextIO] = []
        for path in self.paths:
            check(path)
        for path in self.paths:
            if ending(path) == RECORDS:
                self._files.append(Path(path).open("w", encoding="utf-8"))  # noqa: SIM115 - open as long as the run

    def tell(self, *records: Record | None) -> None:
        """Write records as they come, so that a run that is cut off leaves what it has found."""
        for file in self._files:
            for record in records:
                file.write(json.dumps(record) + "\n")
            file.flush()

    def restart(self, head: Record) -> None:
        """Begin the files of records anew, with the first record."""
        for file in self._files:
            file.seek(0)
            file.truncate()
        self.tell(head)

    def end(self, run: Run) -> None:
        """Close the files of records, and write the other reports. Raises OutputError after writing all it can."""
        for file in self._files:
            file.close()
        if not run.complete:
            run = replace(run, clauses=uncertain(run.run, run.trials))
        problems = []
        for path in self.paths:
            if ending(path) != RECORDS:
                try:
                    write(path, [run])
                except OutputError as exc:
                    problems.append(str(exc))
        if problems:
            raise OutputError(" ".join(problems))
