"""Differences that are known beforehand, as tables: what a release has changed, what is an interpreter's nature.

An *effect* says of which part of an observation it speaks, and what each side shows there. A divergence counts no more
if effects cover every part in which the two sides differ. What follows from it in the same case still counts, unless
the effect says that the world's code feels it: then only in cases whose text says so.

Pure: knows cases, observations and divergences, and neither where the tables come from nor how a case was run.
"""

from __future__ import annotations

import difflib
import functools
import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import translate
from typing import Any

from .case import Case
from .clauses import Level, registry
from .judge import Divergence, explains, with_causes
from .owners import NOTHING, UNCHANGED

ABSENT = "absent"
_KEYS = {"what", "before", "after", "case", "raises", "felt"}


class EffectError(Exception):
    """A table is wrong; one sentence."""


@dataclass(frozen=True)
class Effect:
    """One part of an observation, and what the two sides show there.

    what: a pattern (fnmatch) for the place: the field, then the way to the part, with dots: `entry.__cached__`,
    `exception.namespace.dict.__cached__`. before, after: regular expressions for the whole of what the two sides show:
    a text as it stands, anything else as JSON, or `absent`, or `unchanged`. case: one that is found in the case's own
    text. raises: one for the type of the exception in which the step ends on either side. felt: the world's code acts
    on it, so that what follows in such a case follows from it.
    """

    of: str
    what: str
    before: str
    after: str
    case: str = ""
    raises: str = ""
    felt: bool = False

    def covers(self, place: str, before: str, after: str) -> bool:
        """Whether it speaks of this part, and of these two sides of it."""
        return bool(
            _glob(self.what).match(place)
            and _regex(self.before).fullmatch(before)
            and _regex(self.after).fullmatch(after)
        )


def effect(of: str, row: Mapping[str, Any]) -> Effect:
    """An effect, from a row of a table. of: to what it belongs. Raises EffectError."""
    unknown, missing = row.keys() - _KEYS, {"what", "before", "after"} - row.keys()
    if unknown or missing:
        wrong = f"unknown key {min(unknown)!r}" if unknown else f"no {min(missing)!r}"
        raise EffectError(f"{of}: an effect has {wrong}")
    found = Effect(of, **row)
    if found.felt and not found.case:
        raise EffectError(f"{of}: what is felt needs `case`, which says by what code")
    for text in (found.before, found.after, found.case, found.raises):
        try:
            re.compile(text)
        except re.error as exc:
            raise EffectError(f"{of}: {text!r} is no regular expression: {exc}") from None
    return found


class Expected:
    """What may differ between two sides, and is taken out of what the judge finds."""

    def __init__(self, effects: Sequence[Effect]) -> None:
        self._effects = effects

    def rest(
        self,
        case: Case,
        oracle: Mapping[str, Any],
        candidate: Mapping[str, Any],
        found: Sequence[Divergence],
        level: Level,
    ) -> tuple[list[Divergence], tuple[str, ...]]:
        """The divergences that nothing explains, and to what the effects belong that explain the others."""
        text = _text_of(case)
        able = [one for one in self._effects if re.search(one.case, text)]
        if not able:
            return list(found), ()
        raised = [{_raised(side["steps"][number]) for side in (oracle, candidate)} for number in range(len(case.steps))]
        left: list[Divergence] = []
        felt: list[Divergence] = []
        seen: dict[str, None] = {}
        for one in found:
            fitting = [row for row in able if not row.raises or _any_matches(row.raises, raised[one.moment[0]])]
            rows = _covering(one, fitting)
            if rows is None:
                if not any(explains(earlier, one) for earlier in felt):
                    left.append(one)
                continue
            seen.update(dict.fromkeys(row.of for row in rows))
            if any(row.felt for row in rows):
                felt.append(one)
        return with_causes(left, level, registry()), tuple(seen)


def _covering(one: Divergence, rows: Sequence[Effect]) -> list[Effect] | None:
    """Effects that cover every part in which the two sides of a divergence differ, or None."""
    found = []
    for place, before, after in parts(one.signature.field, one.oracle, one.candidate):
        row = next((row for row in rows if row.covers(place, before, after)), None)
        if row is None:
            return None
        found.append(row)
    return found


def parts(place: str, before: Any, after: Any) -> Iterator[tuple[str, str, str]]:
    """The parts in which two descriptions differ: the place, and what each shows there."""
    if _is_pairs(before) and _is_pairs(after):
        mine, theirs = (dict(_keyed(side)) for side in (before, after))
        order = [key for key in mine if key in theirs]
        if order != [key for key in theirs if key in mine]:
            yield f"{place}.order", _shown(list(mine)), _shown(list(theirs))
        before, after = mine, theirs
    if isinstance(before, dict) and isinstance(after, dict) and not _is_marker(before) and not _is_marker(after):
        for key in [*before, *(key for key in after if key not in before)]:
            one, two = before.get(key, NOTHING), after.get(key, NOTHING)
            if one != two or type(one) is not type(two):
                yield from parts(f"{place}.{key}", one, two)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _items(place, before, after)
    elif _shown(before) != _shown(after) or type(before) is not type(after):
        yield place, _shown(before), _shown(after)


def _items(place: str, before: list[Any], after: list[Any]) -> Iterator[tuple[str, str, str]]:
    if len(before) == len(after) and not all(isinstance(item, str) for item in before + after):
        for number, (one, two) in enumerate(zip(before, after, strict=True)):
            if one != two or type(one) is not type(two):
                yield from parts(f"{place}.{number}", one, two)
        return
    mine, theirs = ([json.dumps(item, sort_keys=True) for item in side] for side in (before, after))
    for how, start, stop, begin, end in difflib.SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes():
        if how != "equal":
            for one, two in itertools.zip_longest(before[start:stop], after[begin:end], fillvalue=NOTHING):
                yield f"{place}.item", _shown(one), _shown(two)


def _is_pairs(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, list) and len(item) == 2 for item in value)


def _keyed(pairs: list[Any]) -> Iterator[tuple[str, Any]]:
    for key, value in pairs:
        yield key if isinstance(key, str) else json.dumps(key), value


def _is_marker(value: Any) -> bool:
    return value in (NOTHING, UNCHANGED)


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    if _is_marker(value):
        return ABSENT if value == NOTHING else "unchanged"
    return json.dumps(value)


def _raised(step: Mapping[str, Any]) -> str:
    found = step.get("exception")
    return str(found["exception"]) if found else ""


def _any_matches(pattern: str, texts: set[str]) -> bool:
    return any(_regex(pattern).fullmatch(text) for text in texts)


def _text_of(case: Case) -> str:
    """What stands in a case, on a line: files with their texts and recipes, sys.path, sys.argv and steps."""
    return json.dumps(case.plain(), ensure_ascii=False)


@functools.cache
def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)


@functools.cache
def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern))
