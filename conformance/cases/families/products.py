"""Which rows are put together, and what case that makes. No chance: the same tables give the same cases in order."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..model import FAMILIES, Case, CaseError, Recipe, Step
from .storages import STORAGES
from .tables import Family, Row

_PLACE = re.compile(r"\$(\w+)")
Rows = tuple[Row, ...]


def combinations(family: Family) -> Iterator[Rows]:
    """One row of each axis, all or as many as show all pairs; never two that make no sense together."""
    return pairs(family.axes) if family.take == "pairs" else full(family.axes)


def full(axes: Sequence[Rows]) -> Iterator[Rows]:
    """The whole product."""
    for rows in itertools.product(*axes):
        if _sensible(rows):
            yield rows


def pairs(axes: Sequence[Rows]) -> Iterator[Rows]:
    """Combinations in which each two rows of different axes that go together are together at least once.

    Greedy: the first pair that is missing begins a combination, and each further axis gives the row that adds most.
    """
    missing: dict[tuple[str, str], tuple[int, Row, int, Row]] = {}
    for (first, ones), (second, others) in itertools.combinations(enumerate(axes), 2):
        for one, other in itertools.product(ones, others):
            if one.goes_with(other):
                missing[one.name, other.name] = (first, one, second, other)
    while missing:
        first, one, second, other = next(iter(missing.values()))
        chosen: dict[int, Row] = {first: one, second: other}
        for number, axis in enumerate(axes):
            if number not in chosen:
                best = _best(axis, number, chosen, missing)
                if best is None:
                    break
                chosen[number] = best
        rows = tuple(chosen[number] for number in sorted(chosen))
        for pair in itertools.combinations(rows, 2):
            missing.pop((pair[0].name, pair[1].name), None)
        if len(rows) == len(axes):
            yield rows
        missing.pop((one.name, other.name), None)


def _best(axis: Rows, number: int, chosen: Mapping[int, Row], missing: Mapping[tuple[str, str], object]) -> Row | None:
    """The row that goes with what is chosen and adds most pairs; None if there is none."""
    best, most = None, -1
    for row in axis:
        adds = 0
        for place, other in chosen.items():
            if not row.goes_with(other):
                break
            adds += ((row.name, other.name) if number < place else (other.name, row.name)) in missing
        else:
            if adds > most:
                best, most = row, adds
    return best


def _sensible(rows: Rows) -> bool:
    return all(one.goes_with(other) for one, other in itertools.combinations(rows, 2))


def compose(family: Family, rows: Rows) -> Case:
    """The case that one row of each axis make together. Raises CaseError."""
    values = {"name": "'$target'", **family.values}
    files: dict[str, Recipe] = {}
    beside: dict[str, Recipe] = {}
    path: tuple[str, ...] = ()
    argv: tuple[str, ...] = ()
    requires: dict[str, None] = {}
    slots: dict[str, list[Mapping[str, Any]]] = {"before": [], "between": [], "after": []}
    store = ""
    for row in rows:
        values.update(row.values)
        files.update(row.files)
        beside.update(row.beside)
        path = row.path or path
        argv = row.argv or argv
        store = row.storage or store
        requires.update(dict.fromkeys(row.requires))
        for slot, steps in row.steps.items():
            slots[slot].extend(steps)
    # An axis of one row is the setting that all share, and says nothing.
    told = [row.id for row, axis in zip(rows, family.axes, strict=True) if len(axis) > 1]
    name = f"{FAMILIES}/{family.id}/{'.'.join(told)}"
    fill = _Fill(values, name)
    stored = STORAGES[store or "source"]({fill(one): fill.recipe(recipe) for one, recipe in files.items()}, path)
    taken = [Step("do", one) for one in stored.before]
    for part in family.steps:
        for step in slots[part] if isinstance(part, str) else [part]:
            ((kind, content),) = step.items()
            taken.append(Step(kind, fill.recipe(content)))
    says = [one for one in (fill(row.says) for row in rows) if one]
    # An entry of its own, so that what stands beside the modules can be imported wherever those are.
    entries = (*(stored.path or (".",)), *(["beside"] if beside else []))
    apart = {f"beside/{fill(one)}": fill.recipe(recipe) for one, recipe in beside.items()}
    return Case(
        files={**stored.files, **apart},
        steps=tuple(taken),
        path=entries,
        argv=argv or ("prog",),
        requires=tuple(requires),
        id=name,
        summary=_sentence(says),
        clauses=_shown(rows),
    )


def _shown(rows: Rows) -> tuple[str, ...]:
    """The clauses that rows show together: those of the last axis first, or of what stops the code the first axis."""
    marks = {mark for row in rows for mark in row.marks}
    always = [row for row in rows if row.stops == "always"]
    stopping = always or [row for row in rows if row.stops in marks]
    clauses = (clause.partition(" if ") for row in stopping or reversed(rows) for clause in row.clauses)
    return tuple(dict.fromkeys(name for name, _, mark in clauses if not mark or mark in marks))


def _sentence(parts: Sequence[str]) -> str:
    text = ""
    for part in parts:
        text += (" " if text.endswith((",", " that")) else ", " if text else "") + part
    return text[:1].upper() + text[1:]


class _Fill:
    """Puts the values for `$name` into texts; a value may hold further ones."""

    def __init__(self, values: Mapping[str, str], where: str) -> None:
        self._values = values
        self._where = where

    def __call__(self, text: str) -> str:
        while "$" in text:
            text = _PLACE.sub(self._value, text)
        return text

    def recipe(self, content: Any) -> Any:
        """A text, or the texts inside a recipe."""
        if isinstance(content, str):
            return self(content)
        if isinstance(content, dict):
            return {self(key): self.recipe(value) for key, value in content.items()}
        return content

    def _value(self, match: re.Match[str]) -> str:
        try:
            return self._values[match.group(1)]
        except KeyError:
            raise CaseError(f"{self._where}: no row gives a value for ${match.group(1)}") from None
