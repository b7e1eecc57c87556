"""The outcomes of the targets that one nox command judges, and the reports that are made of all of them.

Nox reports only success or failure. So the noxfile notes here the outcome of each target, and its last line is the
summary. Knows nothing of nox, and starts no process.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .. import STATUS
from ..report.endings import RECORDS
from .command_line import USAGE

# The driver's exit statuses, each as the end of a sentence about a target.
OUTCOMES = {**STATUS, USAGE: "usage: the command line was refused"}
CONFORMS = STATUS[0]
CONFORMS_TO_BASELINE = f"{CONFORMS}, but for what the baseline expects,"
KEEPS_TO_PROTOCOL = "the bridge keeps to the protocol; nothing was judged"
NOTHING_RAN = "nothing ran: no interpreter that was asked for could be used"


class Outcomes:
    """The outcomes of one nox command.

    of_targets: the outcome of each session that judged a target, by its name, in order. of_command: the outcome of the
    command as a whole, if it judged nothing: a usage error, or no interpreter. merged: true once the reports of all
    targets have been made.
    """

    def __init__(self) -> None:
        self.of_targets: dict[str, str] = {}
        self.of_command = ""
        self.merged = False
        self._reports: list[Path] = []
        self._records: list[Path] = []

    @property
    def known(self) -> bool:
        """True if there is any outcome."""
        return bool(self.of_targets or self.of_command)

    @property
    def conform(self) -> bool:
        """True if every target that was judged conforms, or its bridge was tried and works, and there is a target."""
        good = (CONFORMS, KEEPS_TO_PROTOCOL)
        targets = self.of_targets.values()
        return bool(targets) and not self.of_command and all(outcome.startswith(good) for outcome in targets)

    def summary(self) -> str:
        """All outcomes in one line: "conforms on 3.8, 3.9; diverges on 3.15"."""
        names: dict[str, list[str]] = {}
        for session, outcome in self.of_targets.items():
            names.setdefault(outcome, []).append(target_of(session))
        parts = [
            outcome if targets == [""] else f"{outcome} on {', '.join(targets)}" for outcome, targets in names.items()
        ]
        return "; ".join([*parts, *filter(None, [self.of_command])])

    def record_arguments(self, reports: Sequence[Path], target: str) -> list[str]:
        """The --report arguments for the driver that judges a target: a file of records for this target alone.

        reports: the reports that the user asked for. Those that are no records are made of the records of all targets
        (see `merge_arguments`). A file that an earlier run left is removed, or a run that cannot start would leave it.
        """
        self._reports = [path for path in reports if path.suffix.lower() != RECORDS]
        record_files = [path for path in reports if path.suffix.lower() == RECORDS]
        if not record_files:
            record_files = [path.with_suffix(RECORDS) for path in self._reports[:1]]
        records = [path.with_name(f"{path.stem}-{target}{RECORDS}") for path in record_files]
        for path in records:
            path.unlink(missing_ok=True)
        self._records += records[:1]
        return [f"--report={path}" for path in records]

    def merge_arguments(self) -> list[str]:
        """The arguments of `report` that make the reports of all targets; empty if no report remains to be made."""
        records = [path for path in self._records if path.exists()]
        if self.merged or not self._reports or not records:
            return []
        return [*map(str, records), *(f"--report={path}" for path in self._reports)]


def target_of(session: str) -> str:
    """The target in the name of a session: "3.12" for "conformance-3.12"; empty if the session has no target."""
    return session.removeprefix("conformance").removeprefix("-")
