"""A trial is the result of one case; a find is a result of a search. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..cases.model import Case
from ..clauses import Level
from .divergence import Divergence
from .grouping import Symptom

Verdict = Literal["agrees", "diverges", "crashes", "hangs", "unsupported", "not-run"]


@dataclass(frozen=True)
class Trial:
    """The result of one case.

    reason: why it was not run, is not supported, or was run again because an agent made no sense. features: those of
    what the oracle did (see `judge.features`). unconfirmed: divergences that were not the same twice; they count for
    nothing, but a run that has some is not clean. known: what was expected to differ, and does (see `effects`).
    endings: how the oracle's steps ended, as far as anything was looked at: "returned", or "raised" and the type.
    """

    case: Case
    verdict: Verdict
    divergences: tuple[Divergence, ...] = ()
    reason: str = ""
    unconfirmed: tuple[Divergence, ...] = ()
    known: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()

    def counts(self, level: Level) -> bool:
        """True if the trial fails a run at this level."""
        return any(divergence.cause and divergence.level <= level for divergence in self.divergences)


@dataclass(frozen=True)
class Find:
    """A smallest case, and for what it was taken up.

    unconfirmed finds (the trial says so) count for nothing. attempts: cases tried on the way to it.
    """

    trial: Trial
    cause: Symptom
    attempts: int


@dataclass
class Tally:
    """The numbers of a search.

    drawn: cases, of which some are alike. tried: those that were not, and that ran. lost: in which the oracle could
    not be observed. left_out: that were not tried, since most cases differed, and only in known ways. Then the seconds
    spent on each part.
    """

    drawn: int = 0
    tried: int = 0
    lost: int = 0
    left_out: int = 0
    drawing: float = 0.0
    running: float = 0.0
    shrinking: float = 0.0
