"""Tries one wrong implementation on the cases, in the order in which the suite runs them, until one shows it.

The oracle does not depend on the candidate: it is asked once about each case. Many cases run after one another in one
process; what differs there is tried again by the examiner, which confirms it as in any run.
"""

from __future__ import annotations

import math
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from conformance.cases.model import FAMILIES, Case
from conformance.cases.strategies import PROPERTIES
from conformance.cases.strategies import cases as strategies
from conformance.clauses import Level
from conformance.judge.grouping import Grouping
from conformance.judge.trial import Trial
from conformance.observation.batches import batches
from conformance.observation.cached import CachedSide
from conformance.observation.interpreters import Target
from conformance.observation.live import LiveSide
from conformance.observation.side import CandidateError
from conformance.search.examine import Examiner, SmokeFailed
from conformance.search.rounds import search
from tests.power.wrong import GENERATED, INTERACTION, Equivalent, Wrong

# A case takes milliseconds; a wrong implementation that needs more than this is caught by that.
PATIENCE = 4.0
# What may catch one, in the order in which things are tried.
LOAD, FIXTURE, FAMILY, SEARCH = "load", "fixture", "family", "search"
PARTS = (LOAD, FIXTURE, FAMILY, SEARCH)


class OutOfTime(Exception):
    """The budget is used up."""


class Clock:
    """Says when to give up: at `until`, by time.monotonic()."""

    def __init__(self, until: float = math.inf) -> None:
        self.until = until

    def check(self) -> None:
        """Raises OutOfTime."""
        if time.monotonic() > self.until:
            raise OutOfTime


@dataclass(frozen=True)
class Catch:
    """The way in which the suite caught one wrong implementation.

    part: one of PARTS, or "" if it survived. cases: how many were tried on it.

    named: the clauses that the case named as broken, the first cause first. shown, level: its signature and level.
    """

    part: str
    cases: int
    target: str = ""
    case: str = ""
    named: tuple[str, ...] = ()
    shown: str = ""
    level: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Result:
    """The result for one wrong implementation. catch: None if the time was up; listed: as an equivalent, or not."""

    wrong: Wrong
    catch: Catch | None
    listed: Equivalent | None

    @property
    def bad(self) -> bool:
        """True if it survives without being listed, or is caught although it is listed.

        An interaction fault may survive: that its two features come together may be more than any case could show.
        """
        is_measured = self.wrong.origin == INTERACTION
        return self.catch is not None and not is_measured and bool(self.catch.part) == (self.listed is not None)

    @property
    def survives(self) -> bool:
        """True if it was tried and nothing shows it."""
        return self.catch is not None and not self.catch.part

    def record(self) -> dict[str, Any]:
        """As JSON data, without the source."""
        wrong = self.wrong
        found = {"name": wrong.name, "origin": wrong.origin, "summary": wrong.summary, "clause": wrong.clause}
        if wrong.origin == GENERATED:
            found.update(asdict(wrong.change))
        return {**found, "listed": self.listed is not None, "catch": self.catch and asdict(self.catch)}


def try_all(
    wrong: Sequence[Wrong],
    targets: Sequence[Target],
    cases: Sequence[Case],
    known: Sequence[Equivalent],
    until: float,
    workers: int,
) -> Iterator[Result]:
    """Try them all, each in one target after another until it is caught; results as they come.

    What is listed as equivalent is tried too, in the first target only.
    """
    clock = Clock(until)
    lists = {
        equivalent.change: equivalent
        for equivalent in known
        if not any(equivalent.shows_in(target) for target in targets)
    }
    seen: dict[Target, dict[str, bytes]] = {target: {} for target in targets}
    oracles: dict[tuple[int, Target], CachedSide] = {}

    def oracle(target: Target) -> CachedSide:
        mine = (threading.get_ident(), target)
        if mine not in oracles:
            oracles[mine] = CachedSide(target, seen[target], trusted=True)
        return oracles[mine]

    def work(wrong: Wrong) -> Result:
        listed = lists.get(wrong.change) if wrong.origin == GENERATED else None
        catch = None
        for target in [target for target in targets if wrong.shows_in(target)][: 1 if listed else None]:
            try:
                catch = measure(wrong, target, oracle(target), cases, clock)
            except OutOfTime:
                return Result(wrong, None, listed)
            if catch.part:
                break
        return Result(wrong, catch, listed)

    # Threads will do: what takes time is done by the processes of the two sides, and each thread has its own.
    try:
        with ThreadPoolExecutor(workers) as pool:
            try:
                for future in as_completed([pool.submit(work, implementation) for implementation in wrong]):
                    yield future.result()
            finally:
                clock.until = 0.0
    finally:
        for side in oracles.values():
            side.close()


def measure(wrong: Wrong, target: Target, oracle: CachedSide, cases: Sequence[Case], clock: Clock) -> Catch:
    """Try a wrong implementation on one target. Raises OutOfTime."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "candidate.py")
        path.write_text(wrong.source, encoding="utf-8")
        candidate = LiveSide(target, str(path), timeout=PATIENCE, load_timeout=PATIENCE)
        try:
            found = _first(wrong, oracle, candidate, cases, clock)
        except (CandidateError, SmokeFailed) as exc:
            found = Catch(LOAD, 0, shown=str(exc))
        finally:
            candidate.close()
    return replace(found, target=target.name, seconds=round(time.monotonic() - begun, 2))


def _first(wrong: Wrong, oracle: CachedSide, candidate: LiveSide, cases: Sequence[Case], clock: Clock) -> Catch:
    examiner = Examiner(oracle, candidate, wrong.level)
    examiner.smoke()
    greeting = oracle.greeting
    able = [case for case in cases if not case.unmet(greeting.version, greeting.capabilities)]
    tried = 0
    for batch in batches(able):
        clock.check()
        for case, differs in zip(batch, _differ(batch, oracle, candidate), strict=True):
            tried += 1
            if not differs:
                continue
            trial = examiner.run(case)
            if trial.counts(wrong.level):
                causes = [
                    divergence
                    for divergence in trial.divergences
                    if divergence.cause and divergence.level <= wrong.level
                ]
                return Catch(
                    part_of(case),
                    tried,
                    case=case.id,
                    named=tuple(dict.fromkeys(cause.signature.clause for cause in causes)),
                    shown=str(causes[0].signature),
                    level=str(causes[0].level),
                )
    return Catch("", tried)


def _differ(cases: Sequence[Case], oracle: CachedSide, candidate: LiveSide) -> Sequence[bool]:
    """For each of several cases whether the two sides, or what has become of them, differ in anything."""
    if not candidate.warm:
        return [True] * len(cases)
    plain = [case.plain() for case in cases]
    oracle.start(plain)
    candidate.start(plain)
    pairs = zip(oracle.finish(), candidate.finish(), strict=True)
    return [ours.status != "done" or theirs.status != "done" or ours.line != theirs.line for ours, theirs in pairs]


def part_of(case: Case) -> str:
    """The part of the suite to which a case belongs."""
    return {FAMILIES: FAMILY, "search": SEARCH}.get(case.chapter, FIXTURE)


class _Collector(Examiner):
    """Takes down what it is given to try, and finds nothing wrong with it."""

    def __init__(self) -> None:
        self.cases: dict[str, Case] = {}

    def glance_all(self, cases: Sequence[Case]) -> list[Trial]:
        self.cases.update((case.digest, case) for case in cases)
        return [Trial(case, "agrees") for case in cases]


def drawn(examples: int, seed: int) -> list[Case]:
    """The cases that the search tries as long as it finds nothing, each once. examples: how many for each property."""
    collector = _Collector()
    for name in PROPERTIES:
        for _ in search(collector, strategies(name), name, Grouping(Level.EXACT), examples=examples, seed=seed):
            raise AssertionError("nothing differs")
    return list(collector.cases.values())
