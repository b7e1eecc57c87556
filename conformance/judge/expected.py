"""Expected differences between two sides, which are taken out of the divergences that the judge finds.

Two interpreters differ in more than a candidate does: by what a release has changed (the ledger) and by their nature.
Both are tables of effects. A divergence is expected if effects cover every part in which its two sides differ, or if it
follows from an expected one on which the code of the case acts.
"""

from __future__ import annotations

import difflib
import itertools
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
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
    """Differences that may be there between two sides. effects: the table of them."""

    def __init__(self, effects: Sequence[Effect]) -> None:
        self.effects = effects

    def rest(
        self,
        case: Case,
        oracle: Mapping[str, Any],
        candidate: Mapping[str, Any],
        found: Sequence[Divergence],
        level: Level,
    ) -> tuple[list[Divergence], tuple[str, ...]]:
        """The divergences that no effect explains, and the ids to which the effects belong that explain the others."""
        text = _text_of(case)
        able = [effect for effect in self.effects if re.search(effect.case, text)]
        if not able:
            return list(found), ()
        raised = [
            {name for side in (oracle, candidate) for name in _raised(side["steps"][number])}
            for number in range(len(case.steps))
        ]
        left: list[Divergence] = []
        felt: list[Divergence] = []
        seen: dict[str, None] = {}
        for divergence in found:
            ended = raised[divergence.moment.step - 1]
            fitting = [effect for effect in able if not effect.raises or _any_matches(effect.raises, ended)]
            effects = _covering(divergence, fitting)
            if effects is None:
                if not any(explains(earlier, divergence) for earlier in felt):
                    left.append(divergence)
                continue
            seen.update(dict.fromkeys(effect.of for effect in effects))
            if any(effect.felt for effect in effects):
                felt.append(divergence)
        return with_causes(left, level, registry()), tuple(seen)


def _covering(divergence: Divergence, effects: Sequence[Effect]) -> list[Effect] | None:
    """The effects that cover every part in which the two sides of a divergence differ; None if a part is left."""
    found = []
    field = divergence.signature.field
    if field == "program.flags":  # the name of the flag is known only from where it is
        field += f".{divergence.where.rpartition('.')[2]}"
    for place, before, after in parts(field, divergence.oracle, divergence.candidate):
        shown = (place, before, after), *_as_exception(place, before, after)
        covering = next((effect for effect in effects if any(effect.covers(*part) for part in shown)), None)
        if covering is None:
            return None
        found.append(covering)
    return found


def _as_exception(place: str, before: str, after: str) -> Iterator[tuple[str, str, str]]:
    """The parts of an exception that differ if two lines of a traceback do, which is how a command shows it."""
    if place != "process.traceback.item":
        return
    (file, _, line), (other_file, _, other_line) = before.rpartition(", line "), after.rpartition(", line ")
    if file and file == other_file:
        yield "process.traceback.line", line, other_line
        return
    (one, _, said), (other, _, said_too) = before.partition(": "), after.partition(": ")
    yield ("exception.message", said, said_too) if one == other else ("exception.type", before, after)


def parts(place: str, before: Any, after: Any) -> Iterator[tuple[str, str, str]]:
    """The parts in which two descriptions differ: the place, and what each of them shows there."""
    if _is_pairs(before) and _is_pairs(after):
        mine, theirs = (dict(_keyed(side)) for side in (before, after))
        order = [key for key in mine if key in theirs]
        if order != [key for key in theirs if key in mine]:
            yield f"{place}.order", _shown(list(mine)), _shown(list(theirs))
        before, after = mine, theirs
    if isinstance(before, dict) and isinstance(after, dict) and not _is_marker(before) and not _is_marker(after):
        for key in [*before, *(key for key in after if key not in before)]:
            old, new = before.get(key, NOTHING), after.get(key, NOTHING)
            if old != new or type(old) is not type(new):
                yield from parts(f"{place}.{key}", old, new)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _items(place, before, after)
    elif _shown(before) != _shown(after) or type(before) is not type(after):
        yield place, _shown(before), _shown(after)


def _items(place: str, before: list[Any], after: list[Any]) -> Iterator[tuple[str, str, str]]:
    if len(before) == len(after) and not all(isinstance(item, str) for item in before + after):
        for number, (old, new) in enumerate(zip(before, after, strict=True)):
            if old != new or type(old) is not type(new):
                yield from parts(f"{place}.{number}", old, new)
        return
    mine, theirs = ([json.dumps(item, sort_keys=True) for item in side] for side in (before, after))
    for how, start, stop, begin, end in difflib.SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes():
        if how != "equal":
            for old, new in itertools.zip_longest(before[start:stop], after[begin:end], fillvalue=NOTHING):
                yield f"{place}.item", _shown(old), _shown(new)


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


def _raised(step: Mapping[str, Any]) -> set[str]:
    """The types of the exceptions with which a step ends, those that a command prints among them; else nothing."""
    if "command" in step:
        return {lines[-1].partition(": ")[0] for lines in step["command"]["tracebacks"] if lines} or {""}
    found = step.get("exception")
    return {str(found["exception"]) if found else ""}


def _any_matches(pattern: str, texts: set[str]) -> bool:
    return any(regex(pattern).fullmatch(text) for text in texts)


def _text_of(case: Case) -> str:
    """The text of a case in one line, as JSON: files with their texts and recipes, sys.path, sys.argv and steps."""
    return json.dumps(case.plain(), ensure_ascii=False)


def expected_of(implementation: str, version: str, oracle: str, systems: Collection[str] = ("linux",)) -> Expected:
    """The differences that an interpreter may show from CPython of the release `oracle`, of the same version.

    systems: the interpreter's own (see `Nature`); the oracle's is one that is like Linux.

    The release that another implementation names is that of its library: of what a micro release has changed in CPython
    itself, it may have more or less.
    """
    effects = [effect for nature in natures() if nature.may_show(implementation, systems) for effect in nature.effects]
    if implementation != "cpython":
        effects += [effect for change in ledger() if change.came_within(version) for effect in change.either_way]
    effects += [effect for change in ledger() for effect in change.effects_between(oracle, version)]
    return Expected(effects)
