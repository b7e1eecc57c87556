"""The data that a page holds for its script: all cases, and the reproducers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...texts import visible
from ..runs import Run
from ..types import DivergenceRecord
from ..values import shown
from .columns import Columns
from .findings import CHAPTER_TITLES, SIGNS, FindingView


class _Texts:
    """Texts that occur many times, each kept once."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        """The number of a text, from 0."""
        text = visible(text)
        if text not in self._numbers:
            self._numbers[text] = len(self.all)
            self.all.append(text)
        return self._numbers[text]


def data_of(runs: Sequence[Run], columns: Columns) -> dict[str, Any]:
    """All cases, as `page.js` reads them: texts by number, and a divergence once for all columns that show it."""
    texts = _Texts()
    verdicts = list(SIGNS)
    cases: dict[str, list[Any]] = {}
    divergences: dict[str, dict[tuple[Any, ...], list[int]]] = {}
    reasons: dict[str, list[int]] = {}
    for number, run in enumerate(runs):
        for trial in run.trials:
            name = trial["id"]
            if name not in cases:
                clauses = [texts.number(clause) for clause in trial["clauses"]]
                cases[name] = [name, trial["summary"], texts.number(trial["chapter"]), clauses, [-1] * len(runs)]
            cases[name][4][number] = verdicts.index(trial["verdict"])
            if trial["reason"]:
                reasons.setdefault(name, []).extend((number, texts.number(trial["reason"])))
            of_case = divergences.setdefault(name, {})
            for divergence in trial["divergences"]:
                of_case.setdefault(_key(divergence, texts), []).append(number)
    for name, case in cases.items():
        case.append([[*key, numbers] for key, numbers in divergences[name].items()])
        case.append(reasons.get(name, []))
    return {
        "candidates": [candidate.name for candidate in columns.candidates],
        "targets": columns.targets,
        "columns": [
            [at, columns.targets.index(columns.all[number].short)]
            for at, candidate in enumerate(columns.candidates)
            for number in candidate.numbers
        ],
        "chapters": CHAPTER_TITLES,
        "verdicts": verdicts,
        "signs": list(SIGNS.values()),
        "levels": {clause["id"]: clause["level"] for run in runs for clause in run.clauses},
        "again": [run.run["again"] for run in runs],
        "search_again": [run.run["search_again"] for run in runs],
        "texts": texts.all,
        "cases": list(cases.values()),
    }


def _key(divergence: DivergenceRecord, texts: _Texts) -> tuple[Any, ...]:
    """The clause, level and place of a divergence; of a cause also the two values, and 1 if it is expected."""
    clause, level = texts.number(divergence["clause"]), divergence["level"][0]
    if not divergence["cause"]:
        return (clause, level, texts.number(divergence["where"]))
    place, oracle, candidate = shown(divergence)
    return (
        clause,
        level,
        texts.number(divergence["where"] + place),
        texts.number(oracle),
        texts.number(candidate),
        int(bool(divergence["expected"])),
    )


def programs(findings: Sequence[FindingView]) -> dict[str, Any]:
    """The reproducers, by slug, with the text that is the same in all of them only once."""
    first, last = "# -- the case --\n", "# -- the end of the case --\n"
    common: list[str] = []
    by_slug = {}
    for finding in findings:
        if not finding.program:
            continue
        before, _, rest = finding.program.partition(first)
        case, _, after = rest.partition(last)
        end = before.index('"""', before.index('"""') + 3) + 3
        if not common:
            common = [before[end:] + first, last + after]
        by_slug[finding.slug] = [before[:end], case]
    return {"common": common, "own": by_slug}
