"""Makes the case that leads a finding as small as it gets, while it still shows the same thing first.

Rules. Owns what counts as the same thing, and how many cases are tried. In which ways a case can be made smaller is in
`smaller` and `shorter`. Pure but for the function that it is given to try a case: the same case, tried in the same way,
is reduced to the same one.

Theory of operation. A case that an enumeration made, or that was drawn, holds more than it takes to show one thing. One
pass after another offers smaller cases, each of which is tried on both sides. It is taken if the divergence is still
there, with the same signature and the same kind of values, and if no more causes come before it than before: so in the
end the divergence comes first, if that can be had. Passes are repeated until none of them takes anything away.

A smaller case must not be about something else. So its steps end, with the oracle, as those of the case before did, or
return; and a case by which a text would use a name that nothing binds, or import a module that is no longer there, or
by which a package would become a namespace package, is not tried.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ..cases.model import Case
from ..clauses import Level
from ..judge.descriptions import ABSENT, UNCHANGED
from ..judge.divergence import Divergence, Signature
from ..judge.trial import Trial
from ..observation.side import AgentError, CandidateError
from .smaller import PASSES, loose_ends, needed

Glance = Callable[[Case], Trial]

_TRIES = 120  # the number of cases that may be tried for one finding
_HANGS = 2  # the number of those that may hang


@dataclass
class Budget:
    """The number of cases that may still be tried for all findings together, and of those that may hang.

    late: returns True if there is no more time.
    """

    tries: int = 300
    hangs: int = 4
    late: Callable[[], bool] = lambda: False

    @property
    def spent(self) -> bool:
        """True if nothing more may be tried."""
        return self.tries <= 0 or self.hangs <= 0 or self.late()


@dataclass(frozen=True)
class Reduced:
    """The smaller case, the trial of it, and the divergence that it shows.

    changed: something was taken away. tries: the number of cases that were tried. complete: nothing more could be taken
    away; False if a limit was met.
    """

    trial: Trial
    divergence: Divergence
    changed: bool
    tries: int
    complete: bool

    @property
    def case(self) -> Case:
        """The smaller case."""
        return self.trial.case


def reduced(case: Case, signature: Signature, glance: Glance, level: Level, budget: Budget) -> Reduced | None:
    """The smallest case that shows the same, which may be the case itself; None if the case does not show it.

    signature: that of the divergence by which the case leads its finding. glance: tries a case, and may raise
    AgentError. level: that of the run. budget: what is left for all findings; it is used up.
    """
    reduction = _Reduction(signature, glance, level, budget)
    if not reduction.begin(case):
        return None
    while not reduction.ended:
        before = reduction.best
        for smaller in PASSES:
            smaller(reduction.best.case, reduction.holds)
        if reduction.best is before:
            break
    smallest = needed(reduction.best.case)
    changed = smallest.digest != case.digest
    if changed:
        summary = f"{signature.clause}, reduced from {case.id}"
        smallest = replace(smallest, id=f"{case.id}.reduced", summary=summary)
    trial = replace(reduction.best, case=smallest)
    return Reduced(trial, reduction.shown, changed, reduction.tries, not reduction.ended)


class _Reduction:
    """The reduction of one case. best: the trial of the smallest case so far. shown: the divergence in it."""

    best: Trial
    shown: Divergence

    def __init__(self, signature: Signature, glance: Glance, level: Level, budget: Budget) -> None:
        self.tries = 0
        self._signature = signature
        self._glance = glance
        self._level = level
        self._budget = budget
        self._hangs = 0
        self._tried: set[str] = set()
        self._before = (0, 0)  # causes before the divergence: those that count at the level of the run, and all
        self._loose_ends: frozenset[str] = frozenset()

    @property
    def ended(self) -> bool:
        """True if a limit is met."""
        return self.tries >= _TRIES or self._hangs >= _HANGS or self._budget.spent

    def begin(self, case: Case) -> bool:
        """Try the case itself; True if it shows the divergence."""
        for clauses in ((self._signature.clause,), case.clauses):
            trial = self._try(replace(case, clauses=clauses))
            shown = trial and self._found(trial)
            if trial and shown:
                self.best, self.shown = trial, shown
                self._before = self._causes_before(trial, shown)
                self._loose_ends = loose_ends(trial.case)
                return True
        return False

    def holds(self, case: Case) -> bool:
        """True if a case is smaller than the best one and shows the same; then it is the best one."""
        if self.ended or case.digest in self._tried or case.size >= self.best.case.size:
            return case == self.best.case
        if not case.steps or not loose_ends(case) <= self._loose_ends:
            return False
        trial = self._try(case)
        shown = trial and self._found(trial)
        if not trial or not shown or not _alike(self.shown, shown):
            return False
        before = self._causes_before(trial, shown)
        if before > self._before or not set(trial.endings) <= {"returned", *self.best.endings}:
            return False
        self.best, self.shown, self._before = trial, shown, before
        self._loose_ends = loose_ends(case)
        return True

    def _try(self, case: Case) -> Trial | None:
        """The trial of a case; None if the oracle cannot be observed in it."""
        self._tried.add(case.digest)
        self.tries += 1
        self._budget.tries -= 1
        try:
            trial = self._glance(case)
        except (AgentError, CandidateError):
            return None
        if trial.verdict == "hangs":
            self._hangs += 1
            self._budget.hangs -= 1
        return trial

    def _found(self, trial: Trial) -> Divergence | None:
        """The divergence with the signature, if it is a cause."""
        return next(
            (found for found in trial.divergences if found.cause and found.signature == self._signature),
            None,
        )

    def _causes_before(self, trial: Trial, shown: Divergence) -> tuple[int, int]:
        causes = [found for found in trial.divergences[: trial.divergences.index(shown)] if found.cause]
        return sum(cause.level <= self._level for cause in causes), len(causes)


def _alike(first: Divergence, second: Divergence) -> bool:
    """True if two divergences with one signature show the same kind of values, on both sides."""
    if first.signature.field == "crash":
        return bool(first.candidate == second.candidate)  # how the process ended, in words
    return _sort(first.oracle) == _sort(second.oracle) and _sort(first.candidate) == _sort(second.candidate)


def _sort(value: Any) -> object:
    """Of an exception or an outcome in words, the type; of other values, only if there is one, or a change."""
    if isinstance(value, str) and value.startswith(("raised ", "returned")):
        return value.partition(":")[0]
    if isinstance(value, dict) and "exception" in value:
        return value["exception"]
    return "nothing" if value == ABSENT else "unchanged" if value == UNCHANGED else "a value"
