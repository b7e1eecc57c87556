"""A trial: what came of one case."""

from __future__ import annotations

from dataclasses import dataclass

from ..cases.model import Case
from ..clauses import Level
from .divergence import Divergence

VERDICTS = ("agrees", "diverges", "crashes", "hangs", "unsupported", "not-run")


@dataclass(frozen=True)
class Trial:
    """What came of one case.

    verdict: one of VERDICTS. reason: why it was not run, is not supported, or was run again because an agent made no
    sense. unconfirmed: divergences that a pair of fresh interpreters did not show; they count for nothing, but a run
    that has some is not clean. known: what was expected to differ, and does (see `effects`).
    """

    case: Case
    verdict: str
    divergences: tuple[Divergence, ...] = ()
    reason: str = ""
    unconfirmed: tuple[Divergence, ...] = ()
    known: tuple[str, ...] = ()

    def counts(self, level: Level) -> bool:
        """Whether it fails a run at this level."""
        return any(one.cause and one.level <= level for one in self.divergences)
