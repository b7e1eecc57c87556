"""Folding: the data of several versions of the language in one value, which names the versions where they differ.

Rules. `fold` and `unfold` are each other's inverse, to the letter. They know JSON data, and not what it means, except
that two items of a list with the same event and file are one item.

Theory of operation. Data that is equal in all versions stands for itself. Objects and lists are folded part by part;
anything else that differs becomes `{"?": {"3.8-3.13": ..., "3.14+": ...}}`. A part that only some versions have is
folded in the same way, and the other versions are not named.
"""

from __future__ import annotations

import difflib
import functools
import json
from collections.abc import Mapping, Sequence
from typing import Any

DIFFERS = "?"
NAME = "$"  # with which the name of a part begins
_NOT_THERE = object()


def fold(values: Mapping[str, Any]) -> Any:
    """The data of several versions, by version of the language, in one; in whatever order they are given."""
    languages = sorted(values, key=numbers)
    return _fold({language: values[language] for language in languages}, languages)


class Parts:
    """The parts of folded data that have a name, which stands in their places. Each is unfolded once for a version.

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

    def unfolded(self, name: str, language: str) -> Any:
        """The part with this name as it is in one version."""
        key = name, language
        if key not in self._unfolded:
            self._unfolded[key] = unfold(self._parts[name], language, self)
        return self._unfolded[key]


NO_PARTS = Parts({})


def unfold(folded: Any, language: str, parts: Parts = NO_PARTS) -> Any:
    """The data of one of the versions that were folded."""
    if isinstance(folded, dict):
        if folded.keys() == {DIFFERS}:
            choices = folded[DIFFERS]
            if isinstance(choices, str):
                choices = parts.expanded(choices)
            for ranges, value in choices.items():
                if _within(language, ranges):
                    return unfold(value, language, parts)
            return _NOT_THERE
        items = ((key, unfold(value, language, parts)) for key, value in folded.items())
        return {key: value for key, value in items if value is not _NOT_THERE}
    if isinstance(folded, list):
        found = (unfold(item, language, parts) for item in folded)
        return [item for item in found if item is not _NOT_THERE]
    if isinstance(folded, str) and folded[:1] == NAME:
        return parts.unfolded(folded, language)
    return folded


def numbers(language: str) -> tuple[int, ...]:
    """A version as numbers, by which versions are in their order."""
    return tuple(int(part) for part in language.split("."))


def _fold(values: Mapping[str, Any], languages: Sequence[str]) -> Any:
    every = list(values.values())
    texts = {language: json.dumps(value) for language, value in values.items()}
    if len(set(texts.values())) == 1:
        return every[0]
    if all(type(value) is dict for value in every):
        order = _merged([list(value) for value in every])
        if len(set(order)) == len(order):
            return {
                key: fold_part(
                    {language: value[key] for language, value in values.items() if key in value}, values, languages
                )
                for key in order
            }
    if all(type(value) is list for value in every):
        return _fold_lists(values, languages)
    groups: dict[str, list[str]] = {}
    for language, text in texts.items():
        groups.setdefault(text, []).append(language)
    return {DIFFERS: {_ranges(group, languages): values[group[0]] for group in groups.values()}}


def fold_part(found: Mapping[str, Any], among: Mapping[str, Any], languages: Sequence[str]) -> Any:
    """Fold a part of a collection. found: by version, those that have the part; among: all versions."""
    folded = _fold(found, languages)
    if len(found) == len(among) or (isinstance(folded, dict) and folded.keys() == {DIFFERS}):
        return folded
    return {DIFFERS: {_ranges(list(found), languages): folded}}


def _fold_lists(values: Mapping[str, list[Any]], languages: Sequence[str]) -> list[Any]:
    signs = {language: [_sign(item) for item in value] for language, value in values.items()}
    order = _merged(list(signs.values()))
    slots: list[dict[str, Any]] = [{} for _ in order]
    for language, value in values.items():
        place = 0
        for item, sign in zip(value, signs[language], strict=True):
            place = order.index(sign, place)
            slots[place][language] = item
            place += 1
    return [fold_part(slot, values, languages) for slot in slots]


def _sign(item: Any) -> str:
    """The text by which an item of a list is recognised as the same item in another version."""
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


def _ranges(chosen: Sequence[str], languages: Sequence[str]) -> str:
    """Some of the versions, as in "3.8-3.10 3.12+"; "+" is everything later that was recorded."""
    found = []
    wanted = [language in chosen for language in languages] + [False]
    start = None
    for number, inside in enumerate(wanted):
        if inside and start is None:
            start = number
        if not inside and start is not None:
            first, last = languages[start], languages[number - 1]
            open_end = number == len(languages)
            found.append(f"{first}+" if open_end else first if first == last else f"{first}-{last}")
            start = None
    return " ".join(found)


@functools.lru_cache(maxsize=4096)
def _within(language: str, ranges: str) -> bool:
    number = numbers(language)
    for part in ranges.split():
        first, dash, last = part.rstrip("+").partition("-")
        if numbers(first) <= number and (part.endswith("+") or number <= numbers(last if dash else first)):
            return True
    return False
