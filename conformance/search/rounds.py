"""Searches for cases in which a candidate differs, and goes on after each find.

Rules. Owns what has been tried and what differed in one search. Knows how cases are drawn and tried, and not how a find
is written or shown. A search with the same seed finds the same.

Theory of operation. A search goes in rounds. In each, Hypothesis draws some cases and does nothing else with them,
since cases are fast only in batches. Of the causes that occurred and that nothing known explains, one is chosen. If it
occurs as well when its case is run by itself, Hypothesis makes the case smaller as long as that cause still occurs: it
draws the same cases again, from the same seed, until it meets the first one. The smallest case is confirmed in fresh
interpreters. From then on its cause is known; what it explains is not looked at again, and the next unknown cause is
chosen. When none is left, the next round begins.

Finds of earlier searches are in Hypothesis's database, and are replayed before the first round.
"""

from __future__ import annotations

import hashlib
import itertools
import time
import unittest
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import seed as seeded
from hypothesis.database import ExampleDatabase
from hypothesis.strategies import SearchStrategy

from ..cases.model import Case
from ..judge.grouping import CaseSymptoms, Grouping, Symptom
from ..judge.trial import Find, Tally, Trial
from ..observation.batches import batches
from ..observation.side import AgentError, CannotStart
from .examine import Examiner

ROUND = 200  # the number of cases that are drawn before a cause is chosen, and drawn again to make its case smaller
_ATTEMPTS = 400  # the number of cases that may be tried in order to make a case smaller
_HANGING = 3  # the number of those that may hang
_FIRST = 20  # the number of cases of a brief search after which the others may be left out
_STORED = 1000  # Hypothesis replays a tenth as many stored examples


class _Enough(BaseException):
    """Ends a run of Hypothesis from within; not an Exception, which Hypothesis would take for a failing example."""


def search(
    examiner: Examiner,
    strategy: SearchStrategy[Case],
    name: str,
    known: Grouping,
    *,
    examples: int,
    seed: int,
    database: ExampleDatabase | None = None,
    database_key: bytes = b"",
    deadline: float | None = None,
    verbosity: Verbosity = Verbosity.quiet,
    tally: Tally | None = None,
    brief: bool = False,
) -> Iterator[Find]:
    """Draw `examples` cases, and yield a smallest case for each cause that `known` does not explain.

    Stored finds come first. name: of the property; with the seed, it decides which cases are drawn. known: each find is
    added to it. deadline: the time, by `time.monotonic`, after which no more cases are drawn. brief: leave cases out
    once most of those that were tried differ, and only in known ways, since other faults are hidden behind these.
    Raises AgentError.
    """
    own = _Search(examiner, strategy, known, database, database_key or name.encode(), deadline, verbosity, tally)
    own.brief = brief
    yield from own.replay()
    for number in itertools.count():
        if examples <= 0 or own.late():
            return
        size = min(examples, ROUND)
        examples -= size
        yield from own.round(seed_of(seed, name, number), size)


def seed_of(*parts: object) -> int:
    """A number that is always the same for the same parts: Hypothesis's seed for a round of a search."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:8], "big")


def glances(examiner: Examiner, batch: Sequence[Case]) -> Iterator[Trial | None]:
    """The trial of each case of a batch, without confirmation; None if the oracle cannot be observed in a case.

    Such a case proves nothing. Raises CannotStart.
    """
    try:
        yield from examiner.glance_all(batch)
    except CannotStart:
        raise
    except AgentError:
        for case in batch:
            try:
                yield examiner.glance(case)
            except CannotStart:
                raise
            except AgentError:
                yield None


class _Search:
    """One search: what has been tried in it, and what differed.

    It keeps the arguments of `search`, apart from the number of cases and the seed, which each round has for itself:
    that is why it has so many attributes.
    """

    def __init__(
        self,
        examiner: Examiner,
        strategy: SearchStrategy[Case],
        known: Grouping,
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
        self.brief = False
        self._differing: list[CaseSymptoms] = []  # of all rounds

    def late(self) -> bool:
        """True if the deadline has passed and some case has been tried, since even a short budget has to try some."""
        return self._deadline is not None and bool(self._tried) and time.monotonic() >= self._deadline

    def replay(self) -> Iterator[Find]:
        """Try the stored cases of earlier searches; Hypothesis forgets those that no longer differ."""
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
                # With one class of errors for all, Hypothesis would take them for one failure and keep one case.
                kinds[case.digest] = type("Differs", (Exception,), {})
            raise kinds[case.digest]

        self._hypothesis(again, 0, _STORED, Phase.reuse, several=True)
        for trial in sorted(found, key=lambda trial: trial.case.size):
            seen = _symptoms(trial)
            if unknown := self._known.unknown(seen):
                yield from self._offer(trial, unknown[0], 0)

    def round(self, seed: int, size: int) -> Iterator[Find]:
        """Draw cases, try the new ones, and make a smallest case for one unknown cause after another."""
        drawn: dict[str, Case] = {}
        start = time.monotonic()
        self._hypothesis(lambda case: drawn.setdefault(case.digest, case), seed, size, Phase.generate)
        self._tally.drawing += time.monotonic() - start
        self._tally.drawn += size
        new = [case for digest, case in drawn.items() if digest not in self._tried]
        by_id: dict[str, Trial] = {}
        tried = 0
        start = time.monotonic()
        for batch in batches(new, _FIRST) if self.brief else batches(new):
            if self.late():
                break
            if self.brief and 2 * len(by_id) > tried > 0 and self._is_explained(by_id.values()):
                self._tally.left_out += len(batch)
                continue
            self._tried.update(case.digest for case in batch)
            for trial in self._trials(batch):
                if trial.verdict != "not-run":
                    tried += 1
                    self._tally.tried += 1
                    self._known.tried += 1
                if trial.counts(self._known.level):
                    by_id[trial.case.id] = trial
        self._tally.running += time.monotonic() - start
        seen = [_symptoms(trial) for trial in by_id.values()]
        self._differing += seen
        while (choice := self._known.choose(seen)) is not None:  # also when it is late: every cause is reported
            first, cause = choice
            start = time.monotonic()
            trial, attempts = by_id[first.id], 1
            if self._occurs_alone(trial.case, cause):
                trial, attempts = self._smallest(trial, cause, seed, size)
            self._tally.shrinking += time.monotonic() - start
            finds = list(self._offer(trial, cause, attempts))
            yield from finds
            if self._known.explaining(first, cause) is None:
                seen.remove(first)  # it did not differ again, or its smallest case has another cause

    def _is_explained(self, differing: Collection[Trial]) -> bool:
        """True if known findings explain all causes of these trials."""
        return not any(self._known.unknown(_symptoms(trial)) for trial in differing)

    def _trials(self, batch: Sequence[Case]) -> Iterator[Trial]:
        for trial in glances(self._examiner, batch):
            if trial is None:
                self._tally.lost += 1
            else:
                yield trial

    def _occurs_alone(self, case: Case, cause: Symptom) -> bool:
        """True if a cause that occurred in a batch occurs when its case is run by itself."""
        trial = self._glance(case, {})
        return trial is not None and any(symptom.key == cause.key for symptom in self._known.unknown(_symptoms(trial)))

    def _smallest(self, first: Trial, cause: Symptom, seed: int, size: int) -> tuple[Trial, int]:
        """The smallest case that Hypothesis finds in which a cause still occurs and nothing known explains it.

        Also the number of cases that were tried on the way.
        """
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
            if any(symptom.key == cause.key for symptom in self._known.unknown(_symptoms(trial))):
                best = trial if trial.case.size[0] <= best.case.size[0] else best  # later cases are simpler
                raise AssertionError

        if not self.late():
            self._hypothesis(occurs, seed, size, Phase.generate, Phase.shrink)
        return best, len(trials)

    def _offer(self, trial: Trial, cause: Symptom, attempts: int) -> Iterator[Find]:
        """A find, if fresh interpreters show the difference as well."""
        confirmed = self._examiner.confirm(trial)
        seen = _symptoms(confirmed)
        unknown = self._known.unknown(seen)
        if unknown:
            shown = next((symptom for symptom in unknown if symptom.key == cause.key), unknown[0])
            self._known.add(seen, shown, self._differing)
            yield Find(confirmed, shown, attempts)
        elif confirmed.unconfirmed:
            yield Find(replace(confirmed, verdict="agrees", divergences=()), cause, attempts)

    def _glance(self, case: Case, trials: dict[str, Trial]) -> Trial | None:
        if case.digest not in trials:
            try:
                trials[case.digest] = self._examiner.glance(case)
            except CannotStart:
                raise
            except AgentError:
                return None  # a case in which the oracle cannot be observed proves nothing
        return trials[case.digest]

    def _hypothesis(
        self, test: Callable[[Case], Any], seed: int, size: int, *phases: Phase, several: bool = False
    ) -> None:
        """Have Hypothesis call `test` with cases; its failures only steer Hypothesis, and end here."""

        @settings(
            max_examples=size,
            phases=phases,
            database=self._database if Phase.generate not in phases or Phase.shrink in phases else None,
            deadline=None,
            derandomize=False,  # the seed takes care of that
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=several,
            print_blob=False,
            verbosity=self._verbosity,
        )
        @seeded(seed)  # outside of the settings: inside, it would turn the database off
        @given(self._strategy)
        def run(case: Case) -> None:
            test(case)

        run._hypothesis_internal_database_key = self._key  # type: ignore[attr-defined]
        try:
            run()
        except (_Enough, unittest.SkipTest):  # SkipTest: there is no stored case
            pass
        except Exception as exc:
            if not _is_ours(exc):
                raise


def _is_ours(exc: BaseException) -> bool:
    """True if a test function has raised the exception to tell Hypothesis that a case is one that is wanted."""
    if isinstance(exc, BaseExceptionGroup):
        return all(_is_ours(part) for part in exc.exceptions)
    return isinstance(exc, AssertionError) or type(exc).__name__ == "Differs"


def _symptoms(trial: Trial) -> CaseSymptoms:
    return CaseSymptoms.of(trial.case.id, trial.case.size[1], trial.divergences)
