"""Described values (docs/protocol.md) in words that a Python programmer reads.

Rules. The two sides of a divergence are put into words together: neither is accused, since a change of one side may be
the fault of the other, and two long values are cut at the same places, so that what differs is on the screen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..judge.causes import OWN_ENTRY
from ..judge.descriptions import ABSENT, UNCHANGED, without_identity
from ..texts import visible
from .types import DivergenceRecord, TrialRecord

_WIDEST = 300
_BEFORE = 60  # characters that stand before the first difference of two long texts
# The parts of a field that hold what changed, and not what is there.
_CHANGES = frozenset(
    (
        *("argv", "argv_object", "modules", "path", "state", "meta_path", "path_hooks", "filters"),
        *("main", "attributes", "builtins", "environ", "cwd"),
    )
)
# Those that are told name by name, and of which the whole may be shown.
_MAPPINGS = ("state", "main", "builtins", "environ", "attributes")
_TYPES = ("exception.type", "exception.subclass")


def narrow(oracle: Any, candidate: Any) -> tuple[str, Any, Any]:
    """The part of two descriptions that differs: its place, and both sides of it.

    Goes down as long as the two have the same shape and differ in one part only.
    """
    place = ""
    while True:
        if isinstance(oracle, dict) and isinstance(candidate, dict):
            if oracle.get("is") != candidate.get("is") and without_identity(oracle) == without_identity(candidate):
                mine, theirs = ({"is": side.get("is", "one not met before")} for side in (oracle, candidate))
                return place, mine, theirs
            if oracle.keys() != candidate.keys():
                return place, oracle, candidate
            parts = [(str(key), oracle[key], candidate[key]) for key in oracle]
        elif isinstance(oracle, list) and isinstance(candidate, list) and len(oracle) == len(candidate):
            pairs = zip(oracle, candidate, strict=True)
            parts = [(str(number), *pair) for number, pair in enumerate(pairs)]
        else:
            return place, oracle, candidate
        differing = [part for part in parts if part[1] != part[2]]
        if len(differing) != 1 or differing[0][0] in ("is", "again"):
            return place, oracle, candidate
        name, oracle, candidate = differing[0]
        place += f", {name}" if not name.isdigit() else f"[{name}]"


def two_sides(divergence: DivergenceRecord) -> tuple[str, Any, Any]:
    """The part of a divergence that differs: its place in the field, and both sides of it, to be shown."""
    place, oracle, candidate = narrow(divergence["oracle"], divergence["candidate"])
    if divergence["kind"] == "identity":
        oracle, candidate = ({"is": "one not met before"} if side == ABSENT else side for side in (oracle, candidate))
    return place, oracle, candidate


def shown(divergence: DivergenceRecord) -> tuple[str, str, str]:
    """The part of a divergence that differs: its place in the field, and both sides of it, on a line each."""
    place, oracle, candidate = in_words(divergence)
    return place, *_cut_alike(oracle, candidate)


def in_words(divergence: DivergenceRecord) -> tuple[str, str, str]:
    """The same, however long."""
    place, oracle, candidate = two_sides(divergence)
    group, _, part = divergence["field"].partition(".")
    where = divergence["where"].removesuffix(" afterwards")
    is_change = part in _CHANGES and group in ("entry", "import", "exit", "after") and not where.endswith(OWN_ENTRY)
    if is_change and not place:
        whole = where.endswith(_MAPPINGS)
        return "", _change(oracle, whole=whole), _change(candidate, whole=whole)
    return place, *texts(oracle, candidate)


def texts(oracle: Any, candidate: Any) -> tuple[str, str]:
    """Two values that differ as texts that differ, however long."""
    ours, theirs = words(oracle), words(candidate)
    if ours == theirs:  # they differ in a part that is not told in words
        ours, theirs = (visible(json.dumps(side, ensure_ascii=False)) for side in (oracle, candidate))
    return ours, theirs


def show_both(oracle: Any, candidate: Any) -> tuple[str, str]:
    """Two values that differ, on a line each."""
    return _cut_alike(*texts(oracle, candidate))


def difference(divergence: DivergenceRecord) -> str:
    """A divergence in three lines: its place, and what each side shows."""
    place, oracle, candidate = shown(divergence)
    return f"{divergence['where']}{place}\n  runpy      {oracle}\n  candidate  {candidate}"


def exception_of(trial: TrialRecord, divergence: DivergenceRecord) -> str:
    """The sentence about the exception that one side alone raises in the step of a divergence, and where it does.

    The same for two exceptions of different types; empty if the step ends alike on both sides.
    """
    in_step = [other for other in trial["divergences"] if other["step"] == divergence["step"]]
    about = (other for other in in_step if other["kind"] in ("raises", "returns") or other["field"] in _TYPES)
    found = next(about, None)
    if found is None:
        return ""
    oracle, candidate = (_cut(visible(str(found[side]))) for side in ("oracle", "candidate"))
    place = f" at {visible(found['raised_at'])}" if found.get("raised_at") else ""
    if found["field"] in _TYPES:
        return f"The candidate raises {candidate}{place}, where the oracle raises {oracle}."
    returns = "returns" if found["field"] == "outcome" else "raises nothing"
    if found["kind"] == "raises":
        return f"The candidate raises {candidate.removeprefix('raised ')}{place}, where the oracle {returns}."
    return f"The oracle raises {oracle.removeprefix('raised ')}{place}, where the candidate {returns}."


def show(value: Any) -> str:
    """A described value on one line, in words a Python programmer reads."""
    return _cut(visible(_words(value)[: _WIDEST + 1]))


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else text[: _WIDEST - 3] + "..."


def _cut_alike(ours: str, theirs: str) -> tuple[str, str]:
    """Two texts that differ, cut so that each has the first difference in it, and a little before that."""
    if max(len(ours), len(theirs)) <= _WIDEST:
        return ours, theirs
    start = common_start(ours, theirs) - _BEFORE
    if start <= _BEFORE:
        return _cut(ours), _cut(theirs)
    return _cut("..." + ours[start:]), _cut("..." + theirs[start:])


def common_start(ours: str, theirs: str) -> int:
    """The number of characters with which both of two texts begin."""
    pairs = enumerate(zip(ours, theirs, strict=False))
    return next((number for number, (mine, other) in pairs if mine != other), min(len(ours), len(theirs)))


# -- changes ---------------------------------------------------------------------------------------------------


def _change(value: Any, *, whole: bool) -> str:
    """A change of the interpreter's state over a step. whole: the value holds the changes of several names."""
    if value == UNCHANGED:
        return "left as it was"
    if value == ABSENT:
        return "removed"
    if whole and isinstance(value, dict):
        return "; ".join(f"{visible(name)} {_change(item, whole=False)}" for name, item in value.items())
    if isinstance(value, dict) and ("at" in value or "instead of" in value):
        return visible(_change_of_a_list(value))
    if isinstance(value, dict) and value.keys() == {"another object"}:
        return f"another list: {_change(value['another object'], whole=False)}"
    if isinstance(value, dict) and value.keys() == {"changed by"}:
        return f"changed by {value['changed by']}"
    if isinstance(value, dict) and value.keys() == {"is"}:  # both sides changed it, and differ in the object alone
        return words(value)
    if isinstance(value, dict) and value.get("items") == "as before":
        return "another object with the same items"
    return f"set to {words(value)}"


def _change_of_a_list(change: Mapping[str, Any]) -> str:
    """The items that were put into a list and taken out of it, and where."""
    now = _words({"list": change.get("list", [])})
    before = change.get("instead of")
    at = {"the start": " at the start", "the end": " at the end", "somewhere": " in the middle"}.get(
        change.get("at", ""), ""
    )
    if before == "everything":
        return f"set to {now}"
    if before is None:
        return f"{now} added{at}"
    if not change.get("list"):
        return f"{_words(before)} taken out{at}"
    return f"{now} in the place of {_words(before)}{at}"


# -- values ----------------------------------------------------------------------------------------------------


def words(value: Any) -> str:
    """A described value on one line, however long; what is not printed is escaped."""
    return visible(_words(value))


def _words(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_words(item) for item in value) + "]"
    if not isinstance(value, dict):
        return repr(value)
    if value in (ABSENT, UNCHANGED):
        return "nothing" if value == ABSENT else "left as it was"
    if "again" in value or set(value) == {"is"}:
        return f"<{value.get('again', value.get('is'))}>"
    if isinstance(value.get("dict"), list):
        return "{" + ", ".join(f"{_words(key)}: {_words(item)}" for key, item in value["dict"]) + "}"
    for kind, opening, closing in (("list", "[", "]"), ("tuple", "(", ")"), ("set", "{", "}")):
        if kind in value:
            return opening + ", ".join(_words(item) for item in value[kind]) + closing
    if "exception" in value and "message" in value:
        return f"{value['exception']}({value['message']!r})"
    if "module" in value:
        return f"<module {value['module']}>"
    return _plain({key: item for key, item in value.items() if key != "is"})


def _plain(value: dict[str, Any]) -> str:
    if len(value) == 1 and next(iter(value)) in ("float", "bytes", "str", "complex"):
        return str(next(iter(value.values())))
    return json.dumps(value, ensure_ascii=False)
