"""The searches of a run: one for each property, which all know what the cases before them have shown."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import Verbosity
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.database import DirectoryBasedExampleDatabase

from ..cases import strategies
from ..judge.grouping import Grouping
from ..judge.trial import Find, Tally
from ..search.examine import Examiner
from ..search.profiles import PROFILES, database
from ..search.rounds import search
from .kinds import UsageError
from .request import Plan


class Searching:
    """The searches of a run. tally: the counts of the search at hand."""

    def __init__(self, option: Any, plan: Plan, examiner: Examiner, key: str) -> None:
        """Open the database of finds. option: pytest's options of the run. key: what the finds are kept for.

        Raises UsageError.
        """
        self.tally = Tally()
        self.examples = plan.examples or PROFILES["default"].examples
        self._plan = plan
        self._examiner = examiner
        self._seed = option.seed
        self._verbosity = Verbosity[getattr(option, "hypothesis_verbosity", None) or "quiet"]
        self._ends: float | None = None  # by time.monotonic, if there is a budget
        self._known: Grouping | None = None
        try:
            self._database = database(option.database, key)
        except ValueError as exc:
            raise UsageError(f"{exc}.") from None
        if self._database is not None and isinstance(self._database, DirectoryBasedExampleDatabase):
            set_hypothesis_home_dir(self._database.path)

    def search(self, name: str, left: int, known: Callable[[], Grouping]) -> Iterator[Find]:
        """Search by one property; the finds, as they come.

        left: the number of properties by which is still to be searched, this one among them. known: makes the findings
        of the cases before, which nothing has to find again.
        """
        if self._known is None or (self._plan.alone and "PYTEST_XDIST_WORKER" in os.environ):
            self._known = known()
        self.tally = Tally()
        return search(
            self._examiner,
            strategies.cases(name),
            name,
            self._known,
            examples=self.examples,
            seed=self._seed,
            database=self._database,
            deadline=self._deadline(left),
            verbosity=self._verbosity,
            tally=self.tally,
        )

    def _deadline(self, left: int) -> float | None:
        """The moment at which the search has to end: each gets its share of the budget that is left."""
        if self._plan.seconds is None:
            return None
        if self._ends is None:
            self._ends = time.monotonic() + self._plan.seconds
        workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
        return time.monotonic() + (self._ends - time.monotonic()) / -(-left // workers)
