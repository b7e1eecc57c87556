"""The files that `--report` names: the records as they come, the rest when the run has ended."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from .outputs import RECORDS, OutputError, check, ending, write
from .records import Record
from .runs import Run, uncertain


class Stream:
    """Writes records to those files that hold records. Raises OutputError, at once, if a file cannot be written."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.paths = list(paths)
        self._records: list[TextIO] = []
        for path in self.paths:
            check(path)
        for path in self.paths:
            if ending(path) == RECORDS:
                self._records.append(Path(path).open("w", encoding="utf-8"))  # noqa: SIM115 - open as long as the run

    def tell(self, *stream: Record | None) -> None:
        """Write records as they come: what a run that is cut off has found, stays."""
        for file in self._records:
            for record in stream:
                file.write(json.dumps(record) + "\n")
            file.flush()

    def end(self, run: Run) -> None:
        """Close what holds records, and write the rest. Raises OutputError, when all that can be written is."""
        for file in self._records:
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
