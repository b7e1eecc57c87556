"""A candidate in two agents, each with half of the cases: for when the oracle has nothing to do, and a core is idle."""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .interpreters import Target
from .live import LiveSide
from .side import AgentError, CandidateError, Reply

_FEW = 8  # cases that are not worth another process
_LONG = 1.0  # seconds to load a candidate that are not, either
# The first agent has loaded the candidate; perhaps it holds what there is but one of.
_FAULTS = (CandidateError, AgentError, OSError, LookupError, TypeError, ValueError)


def cores() -> int:
    """How many cores we may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class TwoAgentsSide(LiveSide):
    """A candidate. idle: whether there is a core for a second agent just now. The rest is told at `Side`."""

    def __init__(self, target: Target, what: str, idle: Callable[[], bool], **options: Any) -> None:
        super().__init__(target, what, **options)
        self._idle = idle
        self._another = functools.partial(LiveSide, target, what, **options)
        self._second: LiveSide | None = None
        self._single = self._hurried = False  # whether it cannot be loaded twice; whether `hurry` was called
        self._halved = False  # whether the second one is at work

    def start(self, cases: Sequence[Mapping[str, Any]], *, fresh: bool = False) -> None:
        """Send the cases to the one agent, or half of them to each."""
        second = self._other() if len(cases) >= _FEW and not fresh and self._idle() else None
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
        """The replies to the cases sent last."""
        second, self._halved = self._second if self._halved else None, False
        try:
            replies = super().finish()
        except BaseException:
            if second is not None:
                second.abandon()
            raise
        if second is None:
            return replies
        theirs = iter(second.finish())
        return [one for mine in replies for one in (mine, *itertools.islice(theirs, 1))]

    def hurry(self) -> None:
        """Wait for no case longer than a hundred times what one takes."""
        super().hurry()
        self._hurried = True
        if self._second is not None:
            self._second.hurry()

    def abandon(self) -> None:
        """Let go of what was sent last, and of the agents that are at work on it."""
        super().abandon()
        if self._halved and self._second is not None:
            self._second.abandon()
        self._halved = False

    def close(self) -> None:
        """End both agents, and remove everything that they left."""
        super().close()
        if self._second is not None:
            self._second.close()

    def _other(self) -> LiveSide | None:
        """The second agent's side, if there can be one."""
        if self._second is None and not self._single and self.forks:
            self._single = self.loading > _LONG
            if self._single:
                return None
            self._second = side = self._another()
            try:
                if not side.forks:
                    self._give_up(side)
            except _FAULTS:
                self._give_up(side)
            if self._hurried:
                side.hurry()
        return self._second

    def _give_up(self, second: LiveSide) -> None:
        second.close()
        self._second, self._single = None, True
