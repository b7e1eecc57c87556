"""A side for tests, without an interpreter; `nox -s types` checks that it has all that `Side` asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from conformance.cases.model import Case
from conformance.clauses import Clause
from conformance.observation.side import Greeting, Reply, Side


class FakeSide:
    """Gives the replies that it was made with: warm, in a fresh interpreter, and in one process for several cases."""

    description = ""
    forks = warm = True
    cache_proved_wrong = False

    def __init__(
        self,
        warm: Reply,
        fresh: Reply | None = None,
        unseen: Mapping[str, str] | None = None,
        shared: Sequence[Reply] | None = None,
    ) -> None:
        self.greeting = Greeting("3.13.0", "cpython", frozenset({"fork"}), True, False, unseen or {})
        self.started: list[bool] = []
        self.rerun_cases = 0
        self._replies = {False: warm, True: fresh or warm}
        self._shared = shared
        self._count = 0

    def left_out(self, case: Case) -> str:
        """It has an answer for every case."""
        return ""

    def unsettled(self, clauses: Iterable[Clause]) -> Mapping[str, str]:
        """It can tell of every clause."""
        return {}

    def start(self, cases: Sequence[Mapping[str, Any]], *, fresh: bool = False) -> None:
        """Take note of how it is used."""
        self.started.append(fresh)
        self._count = len(cases)

    def finish(self) -> list[Reply]:
        """The replies to that."""
        if self._count > 1 and self._shared:
            return list(self._shared)
        return [self._replies[self.started[-1]]] * self._count

    def run(self, case: Mapping[str, Any], *, fresh: bool = False) -> Reply:
        """Start and finish."""
        self.start([case], fresh=fresh)
        return self.finish()[0]

    def rerun(self, cases: Sequence[Mapping[str, Any]]) -> list[Reply]:
        """The replies of a process that several cases share, once more."""
        self.rerun_cases += len(cases)
        return [self._replies[False]] * len(cases)

    def shorten_time_limit(self) -> None:
        """Nothing takes long here."""

    def abandon(self) -> None:
        """Nothing is running."""

    def close(self) -> None:
        """Nothing was started."""


_: type[Side] = FakeSide
