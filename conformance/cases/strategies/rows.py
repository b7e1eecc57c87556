"""The rows of the tables from which a case was drawn, in numbers, and the pairs of rows that one case can hold.

Rules. Knows the tables and what was drawn from them, and not how. A row that stands several times in a table is one
row. The same number means the same row in each process that has the same tables.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import PROPERTIES, TABLES, paths

_SHIFT = 16  # bits for the number of a row within its property


def pairs(name: str, drawn: Any) -> set[int]:
    """The numbers of all pairs of rows that a case of a property was derived from. drawn: as `choices` draws it."""
    numbers, own = _numbers(name), list(PROPERTIES).index(name)
    rows = sorted(numbers[where][_key(row)] for where, row in _drawn_rows(name, drawn))
    return {(own << 2 * _SHIFT) | (one << _SHIFT) | other for one, other in itertools.combinations(rows, 2)}


def rows_in(numbers: Iterable[int]) -> int:
    """The number of rows that these pairs hold."""
    own = (1 << _SHIFT) - 1
    found = set()
    for number in numbers:
        found.add((number >> 2 * _SHIFT, number & own))
        found.add((number >> 2 * _SHIFT, (number >> _SHIFT) & own))
    return len(found)


def all_rows(names: Iterable[str]) -> int:
    """The number of rows that the tables of properties have."""
    return sum(len(rows) for name in names for rows in _numbers(name).values())


def all_pairs(names: Iterable[str]) -> int:
    """The number of pairs of rows that the cases of properties can hold."""
    return sum(map(_possible, names))


def _possible(name: str) -> int:
    sizes = {where: len(rows) for where, rows in _numbers(name).items()}
    between = sum(one * other for one, other in itertools.combinations(sizes.values(), 2))
    return between + sum(size * (size + 1) // 2 for where, size in sizes.items() if where in _several(name))


@functools.cache
def _numbers(name: str) -> Mapping[str, Mapping[object, int]]:
    """For each table of a property the number of each of its rows."""
    counter = itertools.count()
    return {
        where: {key: next(counter) for key in dict.fromkeys(map(_key, table))} for where, table in _tables(name).items()
    }


def _tables(name: str) -> Mapping[str, Sequence[Any]]:
    if name == "paths":
        return {"entry": paths.ENTRIES, "deed": paths.DEEDS, "call": paths.CALLS, "around": paths.AROUND}
    table = TABLES[name]
    return {
        "shape": table.shapes,
        "place": table.places,
        "action": table.actions,
        "ending": table.endings,
        "target": table.targets,
        "name": table.names,
        "feature": table.features,
    }


def _several(name: str) -> set[str]:
    """The tables from which a case of a property can have several rows."""
    if name == "paths":
        return {"entry", "deed", "call"}
    of_parts = {"shape", "place", "action", "ending"} if TABLES[name].most_modules > 1 else set()
    return of_parts | ({"feature"} if TABLES[name].draws > 1 else set())


def _drawn_rows(name: str, drawn: Any) -> Iterable[tuple[str, Any]]:
    """Each row that was drawn, with its table."""
    if name == "paths":
        turns, around = drawn
        yield "around", around
        for turn in turns:
            yield from zip(("entry", "deed", "call"), turn, strict=True)
        return
    parts, request, features = drawn
    for part in parts:
        yield from (("shape", part.shape), ("place", part.place), ("action", part.action), ("ending", part.ending))
    yield from (("target", request.number), ("name", request.mutation))
    yield from (("feature", feature) for feature in features)


def _key(row: Any) -> object:
    """The identity of a row: itself, if it is a text, a number or a place; of other objects their id."""
    return row if type(row) in (str, int, tuple) else id(row)
