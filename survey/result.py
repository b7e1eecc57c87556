"""Results: what a run of the suite showed of one implementation, as it is kept in survey/results/NAME.json.

Rules. A result holds nothing that differs from run to run or from machine to machine: no time, no path, no platform. So
a change of an implementation, or of the suite, is a difference that a person reads.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from conformance import FIXTURES
from conformance.cases.model import SEARCH
from conformance.clauses import Level
from conformance.report.findings import Finding, of_run
from conformance.report.numbers import BROKEN, conforming
from conformance.report.runs import Run
from conformance.report.types import ClauseRecord, DivergenceRecord, TrialRecord
from conformance.report.values import exception_of, shown

from .recipe import HERE

RESULTS = HERE / "results"
LEVELS = tuple(str(level) for level in Level)
_LIMIT = re.compile(r"no end within [\d.]+ s")  # the limit is shorter once several programs have reached it


class Broken(msgspec.Struct, frozen=True, omit_defaults=True):
    """A clause that diverges, with the smallest case that shows it.

    softer: the level of the divergence in that case, if it is softer than that of the clause, since the case rests on
    something else as well. leads: a finding of the suite begins with the clause. fixture: the text of the case, if it
    is no fixture. where: the place in which the two sides differ. exception: the sentence about an exception that one
    side alone raises.
    """

    id: str
    level: str
    chapter: str
    verdict: str
    statement: str
    case: str
    where: str
    oracle: str
    candidate: str
    exception: str = ""
    softer: str = ""
    leads: bool = False
    fixture: str = ""

    @property
    def text(self) -> str:
        """The text of the case; empty for a case of a family that was not reduced."""
        named = FIXTURES / f"{self.case}.toml"
        return self.fixture or (named.read_text(encoding="utf-8") if named.is_file() else "")


class OnTarget(msgspec.Struct, frozen=True):
    """The result of one run.

    chapters: for each chapter and level, the number of clauses that conform, and of those that were judged.
    """

    target: str
    language: str
    versions: tuple[str, ...]
    cases: Mapping[str, int]
    chapters: Mapping[str, Mapping[str, tuple[int, int]]]
    broken: tuple[Broken, ...]
    unseen: Mapping[str, str]
    unsupported: Mapping[str, int]

    def counts(self, level: str) -> tuple[int, int]:
        """The numbers of clauses of a level that conform, and that were judged."""
        pairs = [levels[level] for levels in self.chapters.values() if level in levels]
        return sum(good for good, _ in pairs), sum(judged for _, judged in pairs)


Result = dict[str, OnTarget]  # by the name of the target in the recipe


def of(run: Run, versions: Sequence[str], environment: Path) -> OnTarget:
    """The result of a run that came to its end.

    versions: those of the installed packages. environment: the folder of the environment; in all values
    `<environment>` stands for its path.
    """
    chapters: dict[str, dict[str, tuple[int, int]]] = {}
    for chapter in dict.fromkeys(clause["chapter"] for clause in run.listed):
        clauses = [clause for clause in run.listed if clause["chapter"] == chapter]
        pairs = {level: conforming(clauses, Level.parse(level)) for level in LEVELS}
        chapters[chapter] = {level: (good, judged) for level, (good, judged) in pairs.items() if judged}
    found = [finding for _, _, finding in of_run(run)]
    named = [trial for trial in run.trials if trial["chapter"] != SEARCH]
    cases = dict.fromkeys(("agrees", "diverges", "crashes", "hangs", "unsupported", "not-run"), 0)
    unsupported: dict[str, int] = {}
    for trial in named:
        cases[trial["verdict"]] += 1
        if trial["verdict"] == "unsupported":
            unsupported[trial["reason"]] = unsupported.get(trial["reason"], 0) + 1
    return OnTarget(
        target=run.target,
        language=run.run["target"]["version"],
        versions=tuple(versions),
        cases=cases,
        chapters={chapter: levels for chapter, levels in chapters.items() if levels},
        broken=tuple(_broken(clause, found, str(environment)) for clause in run.clauses if clause["verdict"] in BROKEN),
        unseen=run.run["unseen"],
        unsupported=dict(sorted(unsupported.items())),
    )


def _broken(clause: ClauseRecord, found: Sequence[Finding], environment: str) -> Broken:
    """A broken clause, with the best case of a finding that the clause leads, or else of another finding with it."""
    pairs = [
        (finding.clause != clause["id"], number, trial["size"], trial, divergence)
        for number, finding in enumerate(found)
        for trial, divergence in finding.pairs
        if divergence["clause"] == clause["id"]
    ]
    after_another, _, _, trial, divergence = min(pairs, key=lambda pair: (pair[0], pair[1] if not pair[0] else pair[2]))

    def placed(value: str) -> str:
        return _LIMIT.sub("no end", value.replace(environment, "<environment>"))

    place, oracle, candidate = shown(divergence)
    return Broken(
        id=clause["id"],
        level=clause["level"],
        chapter=clause["chapter"],
        verdict=clause["verdict"],
        statement=clause["statement"],
        case=trial["id"],
        where=placed(divergence["where"] + place),
        oracle=placed(oracle),
        candidate=placed(candidate),
        exception=placed(exception_of(_without_lines(trial), divergence)),
        softer=divergence["level"] if divergence["level"] != clause["level"] else "",
        leads=not after_another,
        fixture=trial.get("fixture", ""),
    )


def _without_lines(trial: TrialRecord) -> TrialRecord:
    """The trial without the files and lines at which exceptions were raised, which differ between machines."""
    divergences: list[DivergenceRecord] = [{**divergence, "raised_at": ""} for divergence in trial["divergences"]]
    return {**trial, "divergences": divergences}


def read(name: str) -> Result:
    """The result that was kept of an implementation; empty if there is none."""
    path = RESULTS / f"{name}.json"
    return msgspec.json.decode(path.read_bytes(), type=Result) if path.exists() else {}


def write(name: str, result: Result, folder: Path = RESULTS) -> None:
    """Keep the result of an implementation."""
    text = msgspec.json.format(msgspec.json.encode(result, order="deterministic"), indent=1)
    (folder / f"{name}.json").write_bytes(text + b"\n")
