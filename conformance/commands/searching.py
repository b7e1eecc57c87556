"""The searches of a run, one for each property; no search looks again for a finding of the cases before it."""

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
    """The searches of a run. tally: the counts of the current search."""

    def __init__(self, option: Any, plan: Plan, examiner: Examiner, key: str) -> None:
        """Open the database of finds. option: pytest's options of the run. key: the candidate and target of the finds.

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

    def search(self, name: str, remaining: int, known: Callable[[], Grouping]) -> Iterator[Find]:
        """Search by one property, and yield the finds as they come.

        remaining: the number of properties that have not been searched, with this one. known: returns the findings of
        the cases before, which the search leaves out.
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
            deadline=self._deadline(remaining),
            verbosity=self._verbosity,
            tally=self.tally,
            brief=self._plan.examples == PROFILES["default"].examples and self._plan.seconds is None,
        )

    def _deadline(self, remaining: int) -> float | None:
        """The end of the search, by time.monotonic: each search gets an equal share of the rest of the budget."""
        if self._plan.seconds is None:
            return None
        if self._ends is None:
            self._ends = time.monotonic() + self._plan.seconds
        workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
        return time.monotonic() + (self._ends - time.monotonic()) / -(-remaining // workers)
