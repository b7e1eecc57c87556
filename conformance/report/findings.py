"""What a run found, each thing once: the causes that one finding explains, with the case that shows it best.

Knows records and how divergences are grouped (`grouping`); not how a finding is shown.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from ..cases.model import FAMILIES
from ..clauses import Level
from ..judge.grouping import grouped
from . import records
from .records import Record
from .runs import Run

Pair = tuple[Record, Record]  # a trial, and one of its divergences


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. pairs: all that shows it, the best first; never empty."""

    pairs: Sequence[Pair]

    @property
    def trial(self) -> Record:
        """The case that shows it best."""
        return self.pairs[0][0]

    @property
    def divergence(self) -> Record:
        """What differs in that case."""
        return self.pairs[0][1]

    @property
    def clause(self) -> str:
        """The clause that it breaks first of all."""
        return str(self.divergence["clause"])

    @property
    def level(self) -> Level:
        """How firmly that clause is promised."""
        return Level.parse(self.divergence["level"])

    @property
    def cases(self) -> int:
        """How many cases show it."""
        return len({trial["id"] for trial, _ in self.pairs})

    @property
    def followers(self) -> list[str]:
        """Where else its case differs, in consequence."""
        return sorted({other["where"] for other in self.trial["divergences"] if not other["cause"]})

    @property
    def likewise(self) -> list[str]:
        """The other cases in which the clause is broken so."""
        return list(dict.fromkeys(trial["id"] for trial, one in self.pairs[1:] if one["clause"] == self.clause))

    @property
    def breaks_too(self) -> dict[str, str]:
        """The other clauses that it breaks, each with the case that shows it best."""
        others: dict[str, str] = {}
        for trial, one in self.pairs:
            if one["clause"] != self.clause:
                others.setdefault(one["clause"], trial["id"])
        return others


def findings(
    trials: Sequence[Record], level: Level, tried: int = 0, asked: Mapping[str, Collection[str]] | None = None
) -> list[Finding]:
    """What is wrong up to a level, the firmest and most frequent first. tried: cases, those that agree among them.

    Within a finding comes first what differs in the case that it is known by; of that, the clause that most cases
    name, by the case that shows it best: one that is about that clause, and small. asked: by case, the clauses that the
    reader wants to see, which come before all.
    """
    wanted = asked or {}
    seen = {trial["id"]: records.symptoms(trial) for trial in trials if trial["divergences"]}
    found = grouped([one for one in seen.values() if one.causes(level)], level, tried or len(trials))
    pairs_of: dict[int, list[Pair]] = {id(group): [] for group in found.all}
    for trial in trials:
        if not trial["divergences"]:
            continue
        for one, symptom in zip(trial["divergences"], seen[trial["id"]].symptoms, strict=True):
            if symptom.cause and symptom.level <= level:
                group = found.explaining(seen[trial["id"]], symptom)
                assert group is not None
                pairs_of[id(group)].append((trial, one))
    for group in found.all:
        pairs = pairs_of[id(group)]
        core = {key[:2] for key in group.core}
        count = Counter(one["clause"] for _, one in pairs)
        pairs.sort(
            key=lambda pair: (
                pair[1]["clause"] not in wanted.get(pair[0]["id"], ()),
                (pair[1]["phase"], pair[1]["field"]) not in core,
                Level.parse(pair[1]["level"]),
                -count[pair[1]["clause"]],
                *_how_well(*pair),
            )
        )
    all_of_them = [Finding(pairs) for pairs in pairs_of.values() if pairs]
    return sorted(all_of_them, key=lambda one: (one.level, -len(one.pairs)))


@functools.lru_cache(maxsize=64)
def of_run(run: Run) -> Sequence[tuple[bool, Record | None, Finding]]:
    """What a run found: whether it fails the run, what a baseline says of it, and the finding."""

    def some(keep: Callable[[Record], bool]) -> list[Record]:
        return [
            {**trial, "divergences": [one for one in trial["divergences"] if not one["cause"] or keep(one)]}
            for trial in run.trials
        ]

    unexpected = findings(records.unexpected(run.trials), run.level, asked=run.asked)
    expected = findings(some(lambda one: bool(one.get("expected"))), Level.EXACT)
    above = findings(some(lambda one: not one.get("expected") and Level.parse(one["level"]) > run.level), Level.EXACT)
    return [
        *((True, None, finding) for finding in unexpected),
        *((False, finding.divergence["expected"], finding) for finding in expected),
        *((False, None, finding) for finding in above),
    ]


def failing(run: Run) -> list[Finding]:
    """The findings that fail a run: the entries of its report."""
    return [finding for fails, _, finding in of_run(run) if fails]


@dataclass(frozen=True)
class Shared:
    """One finding on all targets that show it. finding, run: the first of them. cases: how many show it, by run."""

    finding: Finding
    run: Run
    fails: bool
    expected: Record | None
    cases: dict[Run, int] = field(default_factory=dict)


def across(runs: Sequence[Run]) -> list[Shared]:
    """The findings of several targets, each once: those that fail first, then what is above the level, or expected.

    What differs in one run in the same field twice is two findings there, and so is it on all targets.
    """
    found: dict[tuple[object, ...], Shared] = {}
    for run in runs:
        times: Counter[tuple[object, ...]] = Counter()
        for fails, expected, finding in of_run(run):
            one = finding.divergence
            key = one["clause"], one["phase"], one["field"], one["kind"], fails, expected is not None
            times[key] += 1
            shared = found.setdefault((*key, times[key]), Shared(finding, run, fails, expected))
            shared.cases[run] = finding.cases
    return sorted(found.values(), key=lambda one: (not one.fails, one.expected is not None, one.finding.level))


def _how_well(trial: Record, one: Record) -> tuple[str, bool, int, int, str]:
    """The clause, then how fit the case is to be read: a named one before those that a family made."""
    about = trial["clauses"].index(one["clause"]) if one["clause"] in trial["clauses"] else len(trial["clauses"])
    return one["clause"], trial["chapter"] == FAMILIES, about, trial["size"], trial["id"]
