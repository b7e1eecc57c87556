"""A divergence: one field in which two observations of a case differ, with the clause that it breaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from ..clauses import Level
from .difference import Difference

PHASES = ("resolve", "import parent", "load code", "prepare", "execute", "restore", "result")


class Moment(NamedTuple):
    """The moment in a case at which a difference comes about: a step, from 1, and the order within it."""

    step: int
    order: int


@dataclass(frozen=True)
class Signature:
    """The parts of a divergence by which divergences of many cases are grouped by cause."""

    clause: str
    phase: str
    field: str
    kind: str

    def __str__(self) -> str:
        return f"{self.clause} · {self.phase} · {self.field} · {self.kind}"


@dataclass(frozen=True)
class Divergence:
    """One field in which two observations of a case differ.

    where: the field's place in this case, for a reader ("step 2: sys.argv"). oracle, candidate: the two values, as
    described by the agent. cause: true if no earlier divergence explains it. raised_at: where the two sides differ in
    raising an exception, the line at which it was raised: of the candidate's files or of the world's; may be empty.
    """

    signature: Signature
    level: Level
    where: str
    oracle: Any
    candidate: Any
    moment: Moment
    cause: bool = True
    raised_at: str = ""


@dataclass(frozen=True)
class Found:
    """A difference, before it has an owner."""

    difference: Difference
    phase: str
    where: str
    moment: Moment
    raised_at: str = ""
