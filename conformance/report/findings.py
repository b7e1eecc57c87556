"""The findings of a run, each thing once: the causes that one fault explains, with the case that shows it best.

Rules. Knows records, and asks `judge/grouping.py` how divergences are grouped; does not know how a finding is shown.

Theory of operation. The trials of a run are grouped three times, by what their causes come to: those that fail the run,
those that a baseline expects, and those above the level of the run. Consequences stay in each, since a grouping looks
at all that differs in a case. Over several runs (`across`) a finding is known again by the signature of the divergence
that leads it.
"""

from __future__ import annotations

import functools
from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from ..cases.model import FAMILIES, SEARCH
from ..clauses import FREE_FIELDS, Level, registry
from ..judge.causes import CONTROL
from ..judge.grouping import CaseSymptoms, grouped
from ..judge.rules import FEWEST, rule
from . import records
from .runs import Run
from .types import DivergenceRecord, Expectation, TrialRecord

MOST_SHOWN = 40  # findings that are shown in full by a run itself

Pair = tuple[TrialRecord, DivergenceRecord]  # a trial, and one of its divergences


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    pairs: all that shows it, the best first; never empty. when: the cases in which it shows, by what they have in
    common, as a part of a sentence; empty if too few show it, or if nothing tells them apart.
    """

    pairs: Sequence[Pair]
    when: str = ""

    @property
    def trial(self) -> TrialRecord:
        """The case that shows the finding best."""
        return self.pairs[0][0]

    @property
    def divergence(self) -> DivergenceRecord:
        """The divergence in that case."""
        return self.pairs[0][1]

    @property
    def clause(self) -> str:
        """The clause that the finding breaks first of all."""
        return self.divergence["clause"]

    @property
    def level(self) -> Level:
        """The level of that clause."""
        return Level.parse(self.divergence["level"])

    @property
    def case_ids(self) -> list[str]:
        """The ids of all cases that show the finding, the leading case first: the cases that are counted and listed.

        The cases in which the clause of the finding is broken stand before those that show it in other ways.
        """
        breaking = {trial["id"]: None for trial, divergence in self.pairs if divergence["clause"] == self.clause}
        return list({**breaking, **{trial["id"]: None for trial, _ in self.pairs}})

    @property
    def cases(self) -> int:
        """The number of cases that show the finding."""
        return len(self.case_ids)

    @property
    def breaking_cases(self) -> int:
        """The number of those cases in which the clause of the finding is broken."""
        return len({trial["id"] for trial, divergence in self.pairs if divergence["clause"] == self.clause})

    @property
    def consequences(self) -> list[str]:
        """The places in which the leading case differs in consequence."""
        return sorted({divergence["where"] for divergence in self.trial["divergences"] if not divergence["cause"]})

    @property
    def other_cases(self) -> list[str]:
        """The ids of the other cases that show the finding."""
        return self.case_ids[1:]

    @property
    def other_clauses(self) -> dict[str, str]:
        """The other clauses that the finding breaks, each with the id of the case that shows that best."""
        others: dict[str, str] = {}
        for trial, divergence in self.pairs:
            if divergence["clause"] != self.clause:
                others.setdefault(divergence["clause"], trial["id"])
        return others


def findings(
    trials: Sequence[TrialRecord],
    level: Level,
    tried: int = 0,
    wanted: Mapping[str, Collection[str]] | None = None,
) -> list[Finding]:
    """The findings up to a level, in the order in which to mend them. tried: cases, those that agree among them.

    Within a finding comes first the clause that is to blame, by the case that shows it best: one that is about that
    clause, in a field that the clause owns, and small. wanted: by case, the clauses that the reader wants to see, which
    come before all.
    """
    wanted = wanted or {}
    ran = [trial for trial in trials if trial["verdict"] not in records.NOT_TRIED]
    cases = {trial["id"]: _symptoms(trial, level) for trial in ran}
    grouping = grouped(list(cases.values()), level, tried or len(trials))
    pairs_of: dict[int, list[Pair]] = {id(group): [] for group in grouping.all}
    for trial in ran:
        case = cases[trial["id"]]
        if not case.symptoms:
            continue
        for divergence, symptom in zip(trial["divergences"], case.symptoms, strict=True):
            if symptom.cause and symptom.level <= level:
                group = grouping.explaining(case, symptom)
                assert group is not None
                pairs_of[id(group)].append((trial, divergence))
    for group in grouping.all:
        pairs = pairs_of[id(group)]
        core = {key[:2] for key in group.core}
        count = Counter(divergence["clause"] for _, divergence in pairs)
        pairs.sort(
            key=lambda pair: (
                pair[1]["clause"] not in wanted.get(pair[0]["id"], ()),
                pair[1]["clause"] != group.clause,
                (pair[1]["phase"], pair[1]["field"]) not in core,
                Level.parse(pair[1]["level"]),
                _is_shown_by_code(pair[1]),
                -count[pair[1]["clause"]],
                *_how_well(*pair),
            )
        )
    named = {trial["id"]: trial for trial in ran if trial["chapter"] != SEARCH}
    features = {name: trial.get("features", ()) for name, trial in named.items()}
    parted = {name for name, trial in named.items() if _is_parted(trial)}
    return [Finding(pairs, _when(pairs, features, parted)) for pairs in pairs_of.values() if pairs]


def _is_shown_by_code(divergence: DivergenceRecord) -> bool:
    """True if a divergence lies in what the code of its case makes of what it sees, of which its clause is silent."""
    clause = registry().get(divergence["clause"])
    owned = clause is not None and clause.owns(divergence["field"], divergence["kind"])
    return divergence["field"] in FREE_FIELDS and not owned


def _is_parted(trial: TrialRecord) -> bool:
    """True if the two sides went different ways in a case, so that it may not have come to what else would differ."""
    return any(divergence["field"] in CONTROL for divergence in trial["divergences"])


def _when(pairs: Sequence[Pair], features: Mapping[str, Sequence[str]], parted: Set[str]) -> str:
    """The rule that tells the cases of a finding from the others, in words; empty if there is none.

    features: of all cases that ran, by id, but for drawn ones: of those only the ones that differ have records. parted:
    the cases in which the two sides went different ways; where they do not show the finding, they are left out.
    """
    failing = {trial["id"] for trial, _ in pairs if trial["id"] in features}
    passing = features.keys() - failing - parted
    found = rule(failing, passing, features)
    if found is not None:
        return str(found)
    return f"in {len(failing)} cases that nothing sets apart from the others" if len(failing) >= FEWEST else ""


def _symptoms(trial: TrialRecord, level: Level) -> CaseSymptoms:
    """The symptoms of a case; none if no cause counts, since such cases are many, and would be read in vain."""
    causes = (divergence for divergence in trial["divergences"] if divergence["cause"])
    if any(Level.parse(divergence["level"]) <= level for divergence in causes):
        return records.symptoms(trial)
    return CaseSymptoms(trial["id"], trial["size"], (), tuple(trial["clauses"]))


@functools.lru_cache(maxsize=64)
def of_run(run: Run) -> Sequence[tuple[bool, Expectation | None, Finding]]:
    """The findings of a run, each with two facts: it fails the run, and the entry of a baseline that expects it."""
    unexpected, expected, above = _grouped(run)
    return [
        *((True, None, _by_smaller_case(finding, run)) for finding in unexpected),
        *((False, finding.divergence["expected"], finding) for finding in expected),
        *((False, None, finding) for finding in above),
    ]


_Grouped = tuple[list[Finding], list[Finding], list[Finding]]
# The findings in the trials of the last runs, with these trials and their number: what else is known of a run, such as
# the smaller cases, comes later and changes nothing of this.
_last_grouped: deque[tuple[Sequence[TrialRecord], int, _Grouped]] = deque(maxlen=64)


def _grouped(run: Run) -> _Grouped:
    """The findings that fail a run, those that a baseline expects, and those above the level."""
    for trials, number, grouped_before in _last_grouped:
        if trials is run.trials and number == len(trials):
            return grouped_before

    def with_causes(keep: Callable[[DivergenceRecord], bool]) -> list[TrialRecord]:
        """The trials with those causes alone that are to be kept, and with all consequences."""
        return [
            {
                **trial,
                "divergences": [
                    divergence for divergence in trial["divergences"] if not divergence["cause"] or keep(divergence)
                ],
            }
            for trial in run.trials
        ]

    def above_level(divergence: DivergenceRecord) -> bool:
        return not divergence["expected"] and Level.parse(divergence["level"]) > run.level

    if not any(trial["divergences"] for trial in run.trials):
        return [], [], []
    found = (
        findings(records.unexpected(run.trials), run.level, wanted=run.wanted),
        findings(with_causes(lambda divergence: bool(divergence["expected"])), Level.EXACT),
        findings(with_causes(above_level), Level.EXACT),
    )
    _last_grouped.appendleft((run.trials, len(run.trials), found))
    return found


def _by_smaller_case(finding: Finding, run: Run) -> Finding:
    """The finding, led by the smaller case that was made for it, if there is one."""
    signature = records.signature_of(finding.divergence)
    for trial, divergence in finding.pairs:
        shown = run.shown.get(trial["id"])
        if shown is None or shown["reduced"] is None or records.signature_of(divergence) != signature:
            continue
        smaller = shown["reduced"]
        leading = smaller["divergences"][smaller["leading"]]
        if records.signature_of(leading) == signature:
            changed: TrialRecord = {
                **trial,
                "fixture": shown["fixture"],
                "size": smaller["size"],
                "divergences": smaller["divergences"],
            }
            others = [pair for pair in finding.pairs if pair[1] is not divergence]
            return replace(finding, pairs=[(changed, leading), *others])
    return finding


def failing(run: Run) -> list[Finding]:
    """The findings that fail a run: the entries of its report."""
    return [finding for fails, _, finding in of_run(run) if fails]


@dataclass(frozen=True)
class Shared:
    """One finding on all targets that show it.

    finding, run: those of the first target. fails: it fails these runs. expected: the entry of a baseline that expects
    it, if there is one. cases: the number of cases that show it, by run.
    """

    finding: Finding
    run: Run
    fails: bool
    expected: Expectation | None
    cases: dict[Run, int] = field(default_factory=dict)


def across(runs: Sequence[Run]) -> list[Shared]:
    """The findings of several targets, each once: those that fail first, then those above the level, or expected.

    If one run has two findings with the same signature, they stay two findings on all targets.
    """
    by_key: dict[tuple[object, ...], Shared] = {}
    for run in runs:
        times: Counter[tuple[object, ...]] = Counter()
        for fails, expected, finding in of_run(run):
            key = records.signature_of(finding.divergence), fails, expected is not None
            times[key] += 1
            shared = by_key.setdefault((*key, times[key]), Shared(finding, run, fails, expected))
            shared.cases[run] = finding.cases
    return sorted(by_key.values(), key=lambda shared: (not shared.fails, shared.expected is not None))


def _how_well(trial: TrialRecord, divergence: DivergenceRecord) -> tuple[str, bool, int, int, str]:
    """The clause, then how well the case can be read: a named one before those that a family made."""
    clause, clauses = divergence["clause"], trial["clauses"]
    about = clauses.index(clause) if clause in clauses else len(clauses)
    return clause, trial["chapter"] == FAMILIES, about, trial["size"], trial["id"]


def finds(run: Run) -> list[Finding]:
    """The findings that are shown by no fixture: by a find of the search, or by a case that was made smaller.

    One for each clause and field: a search that is short of time may come to two cases of one fault.
    """
    by_key: dict[tuple[str, str], Finding] = {}
    for finding in failing(run)[:MOST_SHOWN]:
        if "fixture" in finding.trial:
            key = finding.clause, finding.divergence["field"]
            if key not in by_key or finding.trial["size"] < by_key[key].trial["size"]:
                by_key[key] = finding
    return list(by_key.values())
