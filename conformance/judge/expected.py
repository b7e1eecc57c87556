"""What is expected to differ between two sides, and is taken out of what the judge finds."""

from __future__ import annotations

import difflib
import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..cases.model import Case
from ..clauses import Level, registry
from ..clauses.effects import Effect, regex
from ..clauses.ledger import ledger
from ..clauses.natures import natures
from .causes import explains, with_causes
from .descriptions import ABSENT as NOTHING
from .descriptions import UNCHANGED
from .divergence import Divergence

ABSENT = "absent"


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
            fitting = [row for row in able if not row.raises or _any_matches(row.raises, raised[one.moment.step - 1])]
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
    return any(regex(pattern).fullmatch(text) for text in texts)


def _text_of(case: Case) -> str:
    """What stands in a case, on a line: files with their texts and recipes, sys.path, sys.argv and steps."""
    return json.dumps(case.plain(), ensure_ascii=False)


def expected_of(implementation: str, version: str, oracle: str) -> Expected:
    """What may differ from CPython of the version `oracle`, which speaks the same language."""
    rows: list[Effect] = []
    if implementation != "cpython":
        rows += [row for one in natures() for row in one.effects]
    rows += [row for change in ledger() if change.may_show(oracle, version) for row in change.effects]
    return Expected(rows)
