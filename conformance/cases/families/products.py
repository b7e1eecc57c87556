"""Combinations of rows, and the case that a combination makes.

Rules. Nothing here is left to chance: the same tables give the same cases in the same order. This module does not read
tables, and does not know how modules are stored.

Theory of operation. `combinations` chooses one row of each axis: all that make sense together, or, for a family that
takes pairs, greedily as few as have each two rows together once. `compose` makes a case of one combination. Later rows
overrule earlier ones in files, values, sys.path and sys.argv; steps are collected for each slot. Then every `$name` is
replaced by its value, the modules are stored, and the steps are put in the order that the family gives.
"""

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
    """The combinations that a family takes: all, or as many as show all pairs. All rows of one make sense together."""
    return pairs(family.axes) if family.take == "pairs" else full(family.axes)


def full(axes: Sequence[Rows]) -> Iterator[Rows]:
    """All combinations of rows that make sense together."""
    for rows in itertools.product(*axes):
        if _sensible(rows):
            yield rows


def pairs(axes: Sequence[Rows]) -> Iterator[Rows]:
    """The combinations in which each two rows of different axes that go together are together at least once.

    The choice is greedy: the first pair that is missing begins a combination, and each further axis gives the row that
    adds most pairs.
    """
    missing: dict[tuple[str, str], tuple[int, Row, int, Row]] = {}
    for (first, first_rows), (second, second_rows) in itertools.combinations(enumerate(axes), 2):
        for row, other in itertools.product(first_rows, second_rows):
            if row.goes_with(other):
                missing[row.name, other.name] = (first, row, second, other)
    while missing:
        first, row, second, other = next(iter(missing.values()))
        chosen: dict[int, Row] = {first: row, second: other}
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
        missing.pop((row.name, other.name), None)


def _best(axis: Rows, number: int, chosen: Mapping[int, Row], missing: Mapping[tuple[str, str], object]) -> Row | None:
    """The row that goes with the chosen ones and adds most missing pairs; None if no row goes with them."""
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
    return all(row.goes_with(other) for row, other in itertools.combinations(rows, 2))


def compose(family: Family, rows: Rows) -> Case:
    """The case that a combination makes. Raises CaseError if no row gives a value that is needed."""
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
    # An axis of one row is the setting that all cases share, and is not part of an id.
    chosen = [row for row, axis in zip(rows, family.axes, strict=True) if len(axis) > 1]
    name = f"{FAMILIES}/{family.id}/{'.'.join(row.id for row in chosen)}"
    fill = _Fill(values, name)
    stored = STORAGES[store or "source"]({fill(file): fill.recipe(recipe) for file, recipe in files.items()}, path)
    taken = [Step("do", statements) for statements in stored.before]
    for part in family.steps:
        for step in slots[part] if isinstance(part, str) else [part]:
            ((kind, content),) = step.items()
            taken.append(Step(kind, fill.recipe(content)))
    says = [part for part in (fill(row.says) for row in rows) if part]
    # An entry of its own, so that the files beside the modules can be imported wherever the modules are stored.
    entries = (*(stored.path or (".",)), *(["beside"] if beside else []))
    apart = {f"beside/{fill(file)}": fill.recipe(recipe) for file, recipe in beside.items()}
    return Case(
        files={**stored.files, **apart},
        steps=tuple(taken),
        path=entries,
        argv=argv or ("prog",),
        requires=tuple(requires),
        id=name,
        summary=_sentence(says),
        clauses=_shown(rows),
        rows=tuple(f"{row.axis} {row.id}" for row in chosen),
    )


def _shown(rows: Rows) -> tuple[str, ...]:
    """The clauses that rows show together: those of the last axis first, or, if rows stop the code, theirs alone."""
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
    """Replaces `$name` in texts by its value, which may hold further names."""

    def __init__(self, values: Mapping[str, str], where: str) -> None:
        self._values = values
        self._where = where

    def __call__(self, text: str) -> str:
        while "$" in text:
            text = _PLACE.sub(self._value, text)
        return text

    def recipe(self, content: Any) -> Any:
        """A text, or a recipe, with all its names replaced."""
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
