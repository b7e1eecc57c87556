"""Folding: the data of several Pythons in one value, which names the Pythons where they differ.

Rules. `fold` and `unfold` are each other's inverse, to the letter. They know JSON data, and not what it means, except
that two items of a list with the same event and file are one item.

A Python is known by the name that it has in `clauses/pythons.toml`: "3.12" for CPython, "pypy3.11" for PyPy.

Theory of operation. Data that is equal in all Pythons stands for itself. Objects and lists are folded part by part;
anything else that differs becomes `{"?": {"3.8-3.13": ..., "3.14+": ...}}`. A part that only some Pythons have is
folded in the same way, and the others are not named.
"""

from __future__ import annotations

import difflib
import functools
import itertools
import json
import string
from collections.abc import Mapping, Sequence
from typing import Any

DIFFERS = "?"
NAME = "$"  # with which the name of a part begins
_NOT_THERE = object()


def fold(values: Mapping[str, Any]) -> Any:
    """The data of several Pythons, by their names, in one; in whatever order they are given."""
    pythons = sorted(values, key=place)
    return _fold({python: values[python] for python in pythons}, pythons)


class Parts:
    """The parts of folded data that have a name, which stands in their places. Each is unfolded once for a Python.

    parts: by name, still folded; there may be names in them as well.
    """

    def __init__(self, parts: Mapping[str, Any]) -> None:
        self._parts = parts
        self._unfolded: dict[tuple[str, str], Any] = {}

    def expanded(self, value: Any) -> Any:
        """Folded data with the parts in the places of their names."""
        if isinstance(value, str):
            return self.expanded(self._parts[value]) if value[:1] == NAME else value
        if isinstance(value, dict):
            return {key: self.expanded(part) for key, part in value.items()}
        if isinstance(value, list):
            return [self.expanded(part) for part in value]
        return value

    def unfolded(self, name: str, python: str) -> Any:
        """The part with this name as it is in one Python."""
        key = name, python
        if key not in self._unfolded:
            self._unfolded[key] = unfold(self._parts[name], python, self)
        return self._unfolded[key]


NO_PARTS = Parts({})


def unfold(folded: Any, python: str, parts: Parts = NO_PARTS) -> Any:
    """The data of one of the Pythons that were folded."""
    if isinstance(folded, dict):
        if folded.keys() == {DIFFERS}:
            choices = folded[DIFFERS]
            if isinstance(choices, str):
                choices = parts.expanded(choices)
            for ranges, value in choices.items():
                if _within(python, ranges):
                    return unfold(value, python, parts)
            return _NOT_THERE
        items = ((key, unfold(value, python, parts)) for key, value in folded.items())
        return {key: value for key, value in items if value is not _NOT_THERE}
    if isinstance(folded, list):
        found = (unfold(item, python, parts) for item in folded)
        return [item for item in found if item is not _NOT_THERE]
    if isinstance(folded, str) and folded[:1] == NAME:
        return parts.unfolded(folded, python)
    return folded


def place(python: str) -> tuple[str, tuple[int, ...]]:
    """The place of a Python in their order: those of CPython come first, and each implementation's by version."""
    version = python.lstrip(string.ascii_lowercase)
    return python[: -len(version)], tuple(int(part) for part in version.split("."))


def _fold(values: Mapping[str, Any], pythons: Sequence[str]) -> Any:
    every = list(values.values())
    texts = {python: json.dumps(value) for python, value in values.items()}
    if len(set(texts.values())) == 1:
        return every[0]
    if all(type(value) is dict for value in every):
        order = _merged([list(value) for value in every])
        if len(set(order)) == len(order):
            return {
                key: fold_part(
                    {python: value[key] for python, value in values.items() if key in value}, values, pythons
                )
                for key in order
            }
    if all(type(value) is list for value in every):
        return _fold_lists(values, pythons)
    groups: dict[str, list[str]] = {}
    for python, text in texts.items():
        groups.setdefault(text, []).append(python)
    return {DIFFERS: {_ranges(group, pythons): values[group[0]] for group in groups.values()}}


def fold_part(found: Mapping[str, Any], among: Mapping[str, Any], pythons: Sequence[str]) -> Any:
    """Fold a part of a collection. found: by Python, those that have the part; among: all Pythons."""
    folded = _fold(found, pythons)
    if len(found) == len(among) or (isinstance(folded, dict) and folded.keys() == {DIFFERS}):
        return folded
    return {DIFFERS: {_ranges(list(found), pythons): folded}}


def _fold_lists(values: Mapping[str, list[Any]], pythons: Sequence[str]) -> list[Any]:
    signs = {python: [_sign(item) for item in value] for python, value in values.items()}
    order = _merged(list(signs.values()))
    slots: list[dict[str, Any]] = [{} for _ in order]
    for python, value in values.items():
        place = 0
        for item, sign in zip(value, signs[python], strict=True):
            place = order.index(sign, place)
            slots[place][python] = item
            place += 1
    return [fold_part(slot, values, pythons) for slot in slots]


def _sign(item: Any) -> str:
    """The text by which an item of a list is recognised as the same item in another Python."""
    if isinstance(item, dict):
        return json.dumps(["dict", item.get("event"), item.get("file")])
    return json.dumps(item if not isinstance(item, list) else ["list", item[:1] if item[:1] != item else []])


def _merged(sequences: list[list[str]]) -> list[str]:
    """A sequence that contains each of the sequences, in its order."""
    merged: list[str] = []
    for sequence in sequences:
        if sequence == merged:
            continue
        longer: list[str] = []
        for _, start, end, begin, stop in difflib.SequenceMatcher(None, merged, sequence, False).get_opcodes():
            longer += merged[start:end]
            if merged[start:end] != sequence[begin:stop]:
                longer += sequence[begin:stop]
        merged = longer
    return merged


def _ranges(chosen: Sequence[str], pythons: Sequence[str]) -> str:
    """Some of the Pythons, as in "3.8-3.10 3.12+"; "+" is everything later of that implementation."""
    found = []
    for _, group in itertools.groupby(pythons, key=lambda python: place(python)[0]):
        known = list(group)
        for is_chosen, neighbours in itertools.groupby(known, key=lambda python: python in chosen):
            span = list(neighbours)
            first, last = span[0], span[-1]
            if is_chosen:
                found.append(f"{first}+" if last == known[-1] else first if first == last else f"{first}-{last}")
    return " ".join(found)


@functools.lru_cache(maxsize=4096)
def _within(python: str, ranges: str) -> bool:
    own = place(python)
    for part in ranges.split():
        first, _, last = part.rstrip("+").partition("-")
        begin, end = place(first), own if part.endswith("+") else place(last or first)
        if begin[0] == own[0] and begin <= own <= end:
            return True
    return False
