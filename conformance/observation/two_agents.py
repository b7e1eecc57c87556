"""A candidate in two agents, each with half of the cases: for when the oracle has nothing to run and a core is idle.

Rules. The replies are those that one agent would give, in the same order. A second agent is a gain and never a need:
whatever goes wrong with it, the first goes on alone.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .interpreters import Target
from .live import LiveSide
from .side import AgentError, CandidateError, Reply

_FEW = 8  # cases that are not worth another process
_LONG = 1.0  # seconds of loading the candidate that are not worth another process either
# A second agent may fail where the first did not: the candidate may need something that only one process can have.
_FAULTS = (CandidateError, AgentError, OSError)


class TwoAgentsSide(LiveSide):
    """A candidate that may be loaded twice.

    idle: tells whether there is a core for a second agent at this moment. The other arguments are those of `LiveSide`.
    """

    def __init__(self, target: Target, side: str, idle: Callable[[], bool], **options: Any) -> None:
        super().__init__(target, side, **options)
        self._idle = idle
        self._another = functools.partial(LiveSide, target, side, **options)
        self._second: LiveSide | None = None
        self._single = False  # there can be no second agent
        self._shortened = False  # `shorten_time_limit` was called
        self._halved = False  # the second agent has half of the cases started last

    def start(self, cases: Sequence[Mapping[str, Any]], *, fresh: bool = False) -> None:
        """Send all cases to one agent, or half of them to each."""
        second = self._second_side() if len(cases) >= _FEW and not fresh and self._idle() else None
        if second is None:
            super().start(cases, fresh=fresh)
            return
        try:
            second.start(cases[1::2])  # neighbours are alike: so both have as much to do
        except _FAULTS:
            self._give_up(second)
            super().start(cases)
            return
        try:
            super().start(cases[::2])
        except BaseException:
            second.abandon()
            raise
        self._halved = True

    def finish(self) -> list[Reply]:
        """See `Side`."""
        second, self._halved = self._second if self._halved else None, False
        try:
            replies = super().finish()
        except BaseException:
            if second is not None:
                second.abandon()
            raise
        if second is None:
            return replies
        others = iter(second.finish())
        return [reply for mine in replies for reply in (mine, *itertools.islice(others, 1))]

    def shorten_time_limit(self) -> None:
        """See `Side`."""
        super().shorten_time_limit()
        self._shortened = True
        if self._second is not None:
            self._second.shorten_time_limit()

    def abandon(self) -> None:
        """See `Side`."""
        super().abandon()
        if self._halved and self._second is not None:
            self._second.abandon()
        self._halved = False

    def close(self) -> None:
        """See `Side`."""
        super().close()
        if self._second is not None:
            self._second.close()

    def _second_side(self) -> LiveSide | None:
        """The side of the second agent, if there can be one."""
        if self._second is None and not self._single and self.warm:
            self._single = self.loading > _LONG
            if self._single:
                return None
            self._second = second = self._another()
            try:
                if not second.warm:
                    self._give_up(second)
            except _FAULTS:
                self._give_up(second)
            if self._shortened:
                second.shorten_time_limit()
        return self._second

    def _give_up(self, second: LiveSide) -> None:
        second.close()
        self._second, self._single = None, True
