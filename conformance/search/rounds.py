"""Searches for cases in which a candidate differs, and goes on past what it has found.

In rounds: Hypothesis draws, and does no more than that, since cases run fast only several at a time; of what differs
and is not known, one cause is taken up and shrunk as long as it still occurs; its smallest case is confirmed in fresh
interpreters, and from then on what it shows is known. A search with the same seed finds the same.

Knows how cases are drawn and tried; not how a find is written or shown.
"""

from __future__ import annotations

import hashlib
import itertools
import time
import unittest
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import seed as seeded
from hypothesis.database import ExampleDatabase
from hypothesis.strategies import SearchStrategy

from ..cases.model import Case
from ..judge.grouping import Groups, Seen, Showing
from ..judge.trial import Find, Tally, Trial
from ..observation.side import AgentError
from .examine import Examiner

_BATCH = 40  # cases that share a process
_ROUND = 200  # cases that are drawn before finds among them are taken up, and drawn again for each
_ATTEMPTS = 400  # cases that may be tried to make one smaller
_HANGING = 3  # of which so many may hang
_STORED = 1000  # Hypothesis replays a tenth as many stored examples


class _Enough(BaseException):
    """Ends Hypothesis's work from within; not an Exception, which would be a failing example."""


def search(
    examiner: Examiner,
    strategy: SearchStrategy[Case],
    name: str,
    known: Groups,
    *,
    examples: int,
    seed: int,
    database: ExampleDatabase | None = None,
    database_key: bytes = b"",
    deadline: float | None = None,
    verbosity: Verbosity = Verbosity.quiet,
    tally: Tally | None = None,
) -> Iterator[Find]:
    """Draw `examples` cases, and yield a smallest one for each cause that `known` does not explain; it grows by them.

    Stored finds come first. name: the property's, which with the seed decides what is drawn. deadline: by
    `time.monotonic`, to stop at even so. Raises AgentError.
    """
    one = _Search(examiner, strategy, known, database, database_key or name.encode(), deadline, verbosity, tally)
    yield from one.replay()
    for number in itertools.count():
        if examples <= 0 or one.late():
            return
        size = min(examples, _ROUND)
        examples -= size
        yield from one.round(_number(seed, name, number), size)


def _number(*parts: object) -> int:
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:8], "big")


class _Search:
    def __init__(
        self,
        examiner: Examiner,
        strategy: SearchStrategy[Case],
        known: Groups,
        database: ExampleDatabase | None,
        key: bytes,
        deadline: float | None,
        verbosity: Verbosity,
        tally: Tally | None,
    ) -> None:
        self._examiner = examiner
        self._strategy = strategy
        self._known = known
        self._database = database
        self._key = key
        self._deadline = deadline
        self._verbosity = verbosity
        self._tally = tally or Tally()
        self._tried: set[str] = set()
        self._differing: list[Seen] = []  # of all rounds

    def late(self) -> bool:
        """Whether the deadline has passed, and a few cases have been tried: a short budget is to say something."""
        return self._deadline is not None and bool(self._tried) and time.monotonic() >= self._deadline

    def replay(self) -> Iterator[Find]:
        """Try what earlier searches have stored; what differs no longer is forgotten."""
        if self._database is None:
            return
        found: list[Trial] = []
        kinds: dict[str, type[Exception]] = {}
        trials: dict[str, Trial] = {}

        def again(case: Case) -> None:
            trial = self._glance(case, trials)
            if trial is None or not trial.counts(self._known.level):
                return
            if case.digest not in kinds:
                found.append(trial)
                # A kind of error for each, or Hypothesis takes them for one, and keeps one.
                kinds[case.digest] = type("Differs", (Exception,), {})
            raise kinds[case.digest]

        self._hypothesis(again, 0, _STORED, Phase.reuse, several=True)
        for trial in sorted(found, key=_size):
            seen = _seen(trial)
            if unknown := self._known.unknown(seen):
                yield from self._offer(trial, unknown[0], 0)

    def round(self, seed: int, size: int) -> Iterator[Find]:
        """Draw cases, try those that are new, and take up one unknown cause after another."""
        drawn: dict[str, Case] = {}
        start = time.monotonic()
        self._hypothesis(lambda case: drawn.setdefault(case.digest, case), seed, size, Phase.generate)
        self._tally.drawing += time.monotonic() - start
        self._tally.drawn += size
        new = [case for digest, case in drawn.items() if digest not in self._tried]
        by_id: dict[str, Trial] = {}
        start = time.monotonic()
        for batch in _batches(new):
            if self.late():
                break
            self._tried.update(case.digest for case in batch)
            for trial in self._trials(batch):
                if trial.verdict != "not-run":
                    self._tally.tried += 1
                    self._known.tried += 1
                if trial.counts(self._known.level):
                    by_id[trial.case.id] = trial
        self._tally.running += time.monotonic() - start
        seen = [_seen(trial) for trial in by_id.values()]
        self._differing += seen
        while (choice := self._known.choose(seen)) is not None:  # also when it is late: what differs is to be told
            first, cause = choice
            start = time.monotonic()
            trial, attempts = self._smallest(by_id[first.id], cause, seed, size)
            self._tally.shrinking += time.monotonic() - start
            finds = list(self._offer(trial, cause, attempts))
            yield from finds
            if self._known.explaining(first, cause) is None:
                seen.remove(first)  # it did not show again, or its smallest case is known for something else

    def _trials(self, batch: list[Case]) -> Iterator[Trial]:
        try:
            yield from self._examiner.run_all(batch)
        except AgentError:
            for case in batch:
                try:
                    yield self._examiner.run(case)
                except AgentError:  # a case in which the oracle cannot be observed says nothing
                    self._tally.lost += 1

    def _smallest(self, first: Trial, cause: Showing, seed: int, size: int) -> tuple[Trial, int]:
        """The smallest case that Hypothesis comes to in which a cause still occurs and nothing known explains it."""
        best = first
        trials = {first.case.digest: first}
        hanging = 0
        met = False

        def occurs(case: Case) -> None:
            nonlocal best, hanging, met
            met = met or case.digest == first.case.digest
            if not met:
                return
            if len(trials) > _ATTEMPTS or hanging > _HANGING or self.late():
                raise _Enough
            if (trial := self._glance(case, trials)) is None:
                return
            hanging += trial.verdict == "hangs"
            if any(one.key == cause.key for one in self._known.unknown(_seen(trial))):
                best = trial if _size(trial)[0] <= _size(best)[0] else best  # what comes later is simpler
                raise AssertionError

        if not self.late():
            self._hypothesis(occurs, seed, size, Phase.generate, Phase.shrink)
        return best, len(trials)

    def _offer(self, trial: Trial, cause: Showing, attempts: int) -> Iterator[Find]:
        """A find, if fresh interpreters show it as well."""
        confirmed = self._examiner.confirm(trial)
        seen = _seen(confirmed)
        unknown = self._known.unknown(seen)
        if unknown:
            shown = next((one for one in unknown if one.key == cause.key), unknown[0])
            self._known.add(seen, shown, self._differing)
            yield Find(confirmed, shown, attempts)
        elif confirmed.unconfirmed:
            yield Find(replace(confirmed, verdict="agrees", divergences=()), cause, attempts)

    def _glance(self, case: Case, trials: dict[str, Trial]) -> Trial | None:
        if case.digest not in trials:
            try:
                trials[case.digest] = self._examiner.glance(case)
            except AgentError:
                return None  # a case that the oracle does not survive is none
        return trials[case.digest]

    def _hypothesis(
        self, test: Callable[[Case], Any], seed: int, size: int, *phases: Phase, several: bool = False
    ) -> None:
        """Have Hypothesis call `test` with cases; that it fails is no matter, here."""

        @settings(
            max_examples=size,
            phases=phases,
            database=self._database if Phase.generate not in phases or Phase.shrink in phases else None,
            deadline=None,
            derandomize=False,  # what the seed does
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=several,
            print_blob=False,
            verbosity=self._verbosity,
        )
        @seeded(seed)  # before the settings, which it would have keep nothing
        @given(self._strategy)
        def run(case: Case) -> None:
            test(case)

        run._hypothesis_internal_database_key = self._key  # type: ignore[attr-defined]
        try:
            run()
        except (_Enough, unittest.SkipTest):  # the latter: there is nothing stored to replay
            pass
        except Exception as exc:
            if not _is_ours(exc):
                raise


def _is_ours(exc: BaseException) -> bool:
    """Whether it is how a test function tells Hypothesis that a case is one of those looked for."""
    if isinstance(exc, BaseExceptionGroup):
        return all(_is_ours(one) for one in exc.exceptions)
    return isinstance(exc, AssertionError) or type(exc).__name__ == "Differs"


def _seen(trial: Trial) -> Seen:
    showings = (
        Showing.of(one.signature, one.level, one.cause, one.oracle, one.moment.step) for one in trial.divergences
    )
    return Seen(trial.case.id, _size(trial)[1], tuple(showings))


def _size(trial: Trial) -> tuple[int, int]:
    """How much there is to read: files and steps first, what is not plain counting twice; then their texts."""
    case = trial.case
    count = len(case.steps) + len(case.requires) + (case.argv != ("prog",)) + len(case.path)
    for files in (case.files, *(step.content for step in case.steps if isinstance(step.content, Mapping))):
        for recipe in files.values():
            count += 1 if isinstance(recipe, str) else 2 + len(recipe.get("zip", ()))
    return count, len(str(case.plain()))


def _batches(cases: Sequence[Case]) -> Iterator[list[Case]]:
    for start in range(0, len(cases), _BATCH):
        yield list(cases[start : start + _BATCH])
