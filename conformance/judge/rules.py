"""Rules: what the cases that show a finding have in common, and the others have not.

Rules of this module. Pure: sets of cases and their features go in, one rule or none comes out; no rule is a guess,
since each says in how many cases it holds, and the exceptions are counted.

Theory of operation. It is contrast set mining with the smallest sets first: all single features, then the best of these
with one more, then the best of those with a third. A rule is good if most cases with its features fail, and most
failing ones have them; of equally good rules the one with fewer features is taken, then the first by name. Sets of
cases are integers with a bit for each case, so that a rule is tried by one `and`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

_MOST = 3  # features of a rule
_KEPT = 40  # rules that are tried with one more feature
FEWEST = 3  # cases: fewer have too much in common by chance
_GOOD = 0.75  # the part of the cases with these features that fail, and of the failing ones that have them
_LESS = 0.8  # of the passing cases that a rule leaves, a further feature has to leave no more than this part
_FEW = 0.25  # of all passing cases, no more than this part may have what all failing ones have in common
_PART = 0.2  # and no fewer than this part of them may fail
_NEARLY_ALL = 0.9  # the part of the cases that may fail with nothing in common but that they are called
_COST = 0.01  # of a feature more, against the measure of a rule


@dataclass(frozen=True)
class Rule:
    """A conjunction of features. failing: the number of failing cases that have them; passing: of the other cases.

    failing_in_all, passing_in_all: the numbers of all cases.
    """

    features: tuple[str, ...]
    failing: int
    passing: int
    failing_in_all: int
    passing_in_all: int

    @property
    def exact(self) -> bool:
        """True if all cases with these features fail, and no other case does."""
        return self.failing == self.failing_in_all and not self.passing

    @property
    def measure(self) -> float:
        """The harmonic mean of the two shares by which a rule is good (the F1 score)."""
        return 2 * self.failing / (self.failing_in_all + self.failing + self.passing)

    def __str__(self) -> str:
        """The rule as a part of a sentence that begins with "It fails"."""
        where = " and ".join(self.features)
        missed = self.failing_in_all - self.failing
        having = self.failing + self.passing
        if not self.features:
            return f"in {self.failing:,} of all {having:,} cases" if self.passing else f"in all {having:,} cases"
        head = f"in all {having:,} cases" if not self.passing else f"in {self.failing:,} of {having:,} cases"
        others = self.passing_in_all - self.passing + missed
        tail = f"in none of the {others:,} others" if not missed else f"in {missed:,} of the {others:,} others"
        return f"{head} in which {where}, and {tail}" if others else f"{head} in which {where}"


def rule(failing: Collection[str], passing: Collection[str], features: Mapping[str, Collection[str]]) -> Rule | None:
    """The rule that tells failing cases from passing ones; None if there is no good one, or if too few cases fail.

    If no rule tells them apart, one that all failing cases have in common, and few passing ones, is better than none.
    features: by the id of a case, what it has.
    """
    if len(failing) < FEWEST:
        return None
    sets = _sets(failing, passing, features)
    start = Rule((), len(failing), len(passing), len(failing), len(passing))
    best = common = start
    level: list[_Tried] = [(start, (-1, -1))]
    for _ in range(_MOST):
        tried = list(_with_one_more(level, sets))
        level = sorted(tried, key=lambda pair: (-pair[0].measure, pair[0].features))[:_KEPT]
        for found, _ in level[:1]:
            best = found if found.measure > best.measure + _COST else best
        shared = [found for found, _ in tried if found.failing == len(failing)]
        if shared:
            least = min(shared, key=lambda found: (found.passing, found.features))
            common = least if least.passing < _LESS * common.passing else common
        if not level or best.exact:
            break
    if best.features and best.failing >= _GOOD * (best.failing + best.passing) and best.failing >= _GOOD * len(failing):
        return best
    if len(failing) >= _NEARLY_ALL * (len(failing) + len(passing)):
        return start
    telling = common.features and common.passing <= _FEW * len(passing) and common.failing >= _PART * common.passing
    return common if telling else None


_Tried = tuple[Rule, tuple[int, int]]  # a rule, and the failing and passing cases that it holds for, as bits


def _with_one_more(rules: Iterable[_Tried], sets: Mapping[str, tuple[int, int]]) -> Iterator[_Tried]:
    """Each rule with each further feature, once, if that leaves a failing case and excludes a passing one."""
    seen: set[tuple[str, ...]] = set()
    for found, (failing, passing) in rules:
        for feature, (has_failing, has_passing) in sets.items():
            features = tuple(sorted((*found.features, feature)))
            if feature in found.features or features in seen:
                continue
            seen.add(features)
            both = failing & has_failing, passing & has_passing
            counts = both[0].bit_count(), both[1].bit_count()
            if counts[0] and (counts[1] < found.passing or counts[0] < found.failing or not found.features):
                yield Rule(features, *counts, found.failing_in_all, found.passing_in_all), both


def _sets(
    failing: Collection[str], passing: Collection[str], features: Mapping[str, Collection[str]]
) -> dict[str, tuple[int, int]]:
    """For each feature that most failing cases have: the failing and the passing cases that have it, as bits.

    A feature that fewer have is in no good rule, since a rule holds for no more cases than each of its features.
    """
    sets: dict[str, list[int]] = {}
    for which, names in enumerate((sorted(failing), sorted(passing))):
        for number, name in enumerate(names):
            for feature in features.get(name, ()):
                if which == 0 or feature in sets:
                    sets.setdefault(feature, [0, 0])[which] |= 1 << number
    least = _GOOD * len(failing)
    return {feature: (ours, theirs) for feature, (ours, theirs) in sorted(sets.items()) if ours.bit_count() >= least}
