"""A worker of a campaign: draws chunk after chunk, and tries its cases on both sides.

Rules. Nothing is confirmed but what differs. A divergence is one that fresh interpreters show again; the case is then
made smaller. What they do not show again is noted, and no divergence.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ...cases.fixtures import toml
from ...cases.model import Case
from ...cases.strategies.rows import pairs
from ...clauses import Level
from ...judge.divergence import Divergence
from ...judge.trial import Trial
from ...observation.batches import batches
from ...observation.interpreters import Target
from ...observation.live import ORACLE, LiveSide
from ...observation.side import AgentError, Greeting
from ..examine import Examiner
from ..reduce import Budget, reduced
from ..rounds import ROUND, glances
from .chunks import chunk
from .memory import descendants, memory_share
from .state import ChunkResult, Found, State

MOST_KINDS = 5  # different divergences, after which a campaign ends: it is not about a candidate as wrong as that
_LONGEST = 400  # characters of a value


@dataclass(frozen=True)
class Task:
    """The part of a campaign that does not change.

    impl: the candidate, as an agent loads it. cases: how many different ones are to be tried. size: of a chunk.
    """

    target: Target
    impl: str
    import_from: str
    properties: tuple[str, ...]
    seed: int
    cases: int
    size: int = ROUND


class Sides:
    """The oracle and the candidate, with their agents. Raises CandidateError, AgentError when it is made."""

    def __init__(self, target: Target, impl: str, import_from: str) -> None:
        self.oracle = LiveSide(target, ORACLE, import_from=import_from)
        self.candidate = LiveSide(target, impl, import_from=import_from)

    @property
    def greeting(self) -> Greeting:
        """The oracle's greeting."""
        return self.oracle.greeting

    def close(self) -> None:
        """End all processes."""
        self.oracle.close()
        self.candidate.close()


@contextmanager
def opened(task: Task) -> Iterator[Sides]:
    """The two sides, which have passed the smoke check. Raises SmokeFailed, CandidateError, AgentError."""
    sides = Sides(task.target, task.impl, task.import_from)
    try:
        Examiner(sides.oracle, sides.candidate, Level.EXACT).smoke()
        yield sides
    finally:
        sides.close()


def work(task: Task, sides: Sides, state: State, done: Callable[[], None] = lambda: None) -> None:
    """Do one chunk after another, until the campaign has as many different cases as it is to have.

    done: called after each chunk; what it raises ends the work. Raises CannotStart, CandidateError, StoreError.
    """
    own = 0
    while state.distinct < task.cases and state.kinds < MOST_KINDS:
        number = state.claim()
        result = _Chunk(task, sides, state).tried(number)
        own += len(result.ran)
        below = descendants(os.getpid())
        result.own, result.memory = own, (memory_share(below[0]), sum(map(memory_share, below[1:])))
        state.commit(number, result)
        done()


class _Chunk:
    """The trial of one chunk.

    Its examiner is its own: an examiner loses patience with what goes wrong, and a campaign is long.
    """

    def __init__(self, task: Task, sides: Sides, state: State) -> None:
        self._task = task
        self._state = state
        self._examiner = Examiner(sides.oracle, sides.candidate, Level.EXACT)
        self._known = state.found()
        self._result = ChunkResult()

    def tried(self, number: int) -> ChunkResult:
        """All that comes of the chunk with this number."""
        result = self._result
        begun = time.monotonic()
        drawn = {bytes.fromhex(case.digest): (case, name, rows) for case, name, rows in self._drawn(number)}
        new = self._state.new(list(drawn))
        fresh = {digest: found for digest, found in drawn.items() if digest in new}
        result.drawing = time.monotonic() - begun
        begun = time.monotonic()
        for batch in batches([case for case, _, _ in fresh.values()]):
            self._try(batch)
        result.running = time.monotonic() - begun
        for digest in result.ran:
            _, name, rows = fresh[digest]
            result.pairs |= pairs(name, rows)
        return result

    def _drawn(self, number: int) -> Sequence[tuple[Case, str, object]]:
        found, self._result.drawn = chunk(self._task.properties, self._task.seed, number, self._task.size)
        return found

    def _try(self, batch: Sequence[Case]) -> None:
        result = self._result
        for case, trial in zip(batch, glances(self._examiner, batch), strict=True):
            digest = bytes.fromhex(case.digest)
            if trial is None:
                result.lost += 1
                result.not_run.append(digest)
            elif trial.verdict in ("not-run", "unsupported"):
                result.not_run.append(digest)
            else:
                result.ran.append(digest)
                if trial.counts(Level.EXACT):
                    self._confirm(trial)

    def _confirm(self, trial: Trial) -> None:
        """Note the divergences of a trial: at once if their kind is known, else if fresh interpreters show them."""
        causes = _causes(trial)
        if all(str(cause.signature) in self._known for cause in causes):
            self._result.differing += 1
            return
        try:
            confirmed = self._examiner.confirm(trial)
        except AgentError:
            confirmed = Trial(trial.case, "agrees", unconfirmed=trial.divergences)
        if not (causes := _causes(confirmed)):
            self._result.once[trial.case.id] = str(trial.divergences[0].signature)
            return
        self._result.differing += 1
        unknown = [cause for cause in causes if str(cause.signature) not in self._known]
        if unknown:
            self._known.update(str(cause.signature) for cause in unknown)
            self._result.found.append(self._found(confirmed, unknown[0]))

    def _found(self, trial: Trial, shown: Divergence) -> Found:
        """The find for a trial that fresh interpreters have confirmed, in the smallest case that shows the same."""
        case = trial.case
        smaller = reduced(case, shown.signature, self._examiner.glance, Level.EXACT, Budget())
        if smaller is not None and smaller.changed:
            again = self._examiner.confirm(smaller.trial)
            if smaller.divergence in again.divergences:
                case, shown = smaller.case, smaller.divergence
        try:
            fixture = toml(case)
        except ValueError:  # TOML cannot hold the case
            fixture = ""
        return Found(
            str(shown.signature),
            shown.where,
            repr(shown.oracle)[:_LONGEST],
            repr(shown.candidate)[:_LONGEST],
            fixture,
            trial.case.id,
            case.id,
        )


def _causes(trial: Trial) -> list[Divergence]:
    return [found for found in trial.divergences if found.cause and found.level <= Level.EXACT]
