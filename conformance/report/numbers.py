"""The numbers of a run: each counts one thing, is named after it, and is the same in every report.

- **cases** were selected and tried. A case diverges if it fails the run: by a cause up to the level of the run that no
  baseline expects. Cases that the search drew are counted by themselves.
- **findings** are the entries of a report: one for each thing that is wrong, however many cases show it. The number of
  cases beside a finding is that of the cases listed under its entry.
- **clauses** are those that a case of the run was about, or that one broke. A clause is judged if it conforms or is
  broken; the candidate may not offer it, or its cases may not have come to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from ..cases.model import SEARCH
from ..clauses import Level
from . import records
from .findings import Finding, of_run
from .runs import Run
from .types import ClauseRecord

BROKEN = ("diverges", "crashes", "hangs")
# The verdicts on clauses, as they stand behind a number.
VERBS = {
    "conforms": "conform",
    "diverges": "diverge",
    "crashes": "crash",
    "hangs": "hang",
    "masked": "masked",
    "unsupported": "not offered",
    "not-run": "not run",
}


@dataclass(frozen=True)
class Numbers:
    """The numbers of one run; `clauses` and what follows counts up to the level of the run.

    Each attribute is one number; there are many so that no report has to count anything itself.
    """

    cases: int
    cases_conforming: int
    cases_diverging: int
    cases_expected: int  # that differ as a baseline expects
    cases_unsupported: int
    cases_not_run: int
    drawn: int
    finds: int  # cases that were drawn and fail the run
    findings: int
    findings_expected: int
    findings_above: int  # above the level
    clauses: int  # that were judged
    clauses_conforming: int

    @property
    def named(self) -> dict[str, int]:
        """All numbers by name, for programs."""
        return asdict(self)


def numbers(run: Run) -> Numbers:
    """The numbers of a run."""
    named = [trial for trial in run.trials if trial["chapter"] != SEARCH]
    diverging = [trial for trial in named if records.counts(trial, run.level)]
    expected = [trial for trial in named if records.is_expected(trial)]
    idle = Counter(trial["verdict"] for trial in named if trial["verdict"] in records.NOT_TRIED)
    differing = {trial["id"] for trial in (*diverging, *expected)}
    kinds = [(fails, entry is not None) for fails, entry, _ in of_run(run)]
    up_to_level = (conforming(run.listed, level) for level in Level if level <= run.level)
    clauses_conforming, clauses_judged = (sum(pair) for pair in zip(*up_to_level, strict=True))
    return Numbers(
        cases=len(named),
        cases_conforming=len(named) - len(differing) - idle.total(),
        cases_diverging=len(diverging),
        cases_expected=len(expected),
        cases_unsupported=idle["unsupported"],
        cases_not_run=idle["not-run"],
        drawn=run.searched,
        finds=sum(trial["chapter"] == SEARCH and records.counts(trial, run.level) for trial in run.trials),
        findings=sum(fails for fails, _ in kinds),
        findings_expected=sum(expected for _, expected in kinds),
        findings_above=sum(not fails and not expected for fails, expected in kinds),
        clauses=clauses_judged,
        clauses_conforming=clauses_conforming,
    )


def conforming(clauses: Sequence[ClauseRecord], level: Level) -> tuple[int, int]:
    """The number of clauses of a level that conform, and the number of those that were judged."""
    verdicts = [clause["verdict"] for clause in clauses if clause["level"] == str(level)]
    return verdicts.count("conforms"), sum(verdict in ("conforms", *BROKEN) for verdict in verdicts)


def unjudged(clauses: Sequence[ClauseRecord]) -> int:
    """The number of clauses that are neither said to conform nor to be broken."""
    return sum(clause["verdict"] not in ("conforms", *BROKEN) for clause in clauses)


def in_words(count: Numbers) -> str:
    """The numbers in words, for the line with which a run ends."""
    ran = count.cases - count.cases_unsupported - count.cases_not_run
    words = ""
    if count.cases_diverging:
        words = "1 case diverges" if ran == 1 else f"{count.cases_diverging:,} of {count.cases:,} cases diverge"
    elif count.cases_conforming == ran:
        words = "1 case conforms" if ran == 1 else f"{ran:,} cases conform" if ran else ""
    elif ran == 1:
        words = "1 case differs as the baseline expects"
    else:
        words = f"{count.cases_conforming:,} of {count.cases:,} cases conform"
    idle = [(count.cases_unsupported, "not offered"), (count.cases_not_run, "not run")]
    cases = ", ".join([*filter(None, [words]), *(f"{number:,} {verb}" for number, verb in idle if number)])
    parts = [cases] if cases else []
    if count.drawn:
        parts.append(f"{count.drawn:,} drawn" + (f", {count.finds:,} found to diverge" if count.finds else ""))
    if count.cases == 1 and not count.drawn:
        return cases
    if count.findings:
        parts.append(plural(count.findings, "finding"))
    if count.clauses == 1:
        parts.append("1 clause conforms" if count.clauses_conforming else "1 clause diverges")
    elif count.clauses:
        parts.append(f"{count.clauses_conforming:,} of {count.clauses:,} clauses conform")
    return "; ".join(parts)


def counted(finding: Finding) -> str:
    """The number of cases that show a finding, and by what: the clause of the finding need not be broken in each."""
    cases, breaking = finding.cases, finding.breaking_cases
    if breaking == cases:
        return plural(cases, "case")
    verbs = "breaks" if breaking == 1 else "break", "shows" if cases - breaking == 1 else "show"
    rest = f"{cases - breaking:,} {verbs[1]} the same fault in other ways"
    return f"{plural(cases, 'case')}: {breaking:,} {verbs[0]} {finding.clause}, {rest}"


def order(number: int) -> str:
    """The heading of a list of findings, without a colon: their number and their order."""
    return plural(number, "finding") + (", in the order in which to mend them" if number > 1 else "")


def plural(number: int, name: str) -> str:
    """A number with the name of what it counts: "1 case", "1,200 cases"."""
    return f"{number:,} {name}{'' if number == 1 else 's'}"
