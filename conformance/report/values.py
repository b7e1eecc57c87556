"""Described values (docs/protocol.md) in words that a Python programmer reads."""

from __future__ import annotations

import json
from typing import Any

from ..judge.descriptions import ABSENT, UNCHANGED, without_identity
from ..texts import visible
from .types import DivergenceRecord

_WIDEST = 300


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
    if UNCHANGED in (oracle, candidate):  # then the other side is the one that did something
        oracle, candidate = (side if side == UNCHANGED else {"changed to": side} for side in (oracle, candidate))
    return place, oracle, candidate


def difference(divergence: DivergenceRecord) -> str:
    """A divergence in three lines: its place, and what each side shows."""
    place, oracle, candidate = two_sides(divergence)
    return f"{divergence['where']}{place}\n  runpy      {show(oracle)}\n  candidate  {show(candidate)}"


def show(value: Any) -> str:
    """A described value on one line, in words a Python programmer reads."""
    text = visible(_words(value)[: _WIDEST + 1])
    return text if len(text) <= _WIDEST else text[: _WIDEST - 3] + "..."


def words(value: Any) -> str:
    """A described value on one line, however long; what is not printed is escaped."""
    return visible(_words(value))


def _words(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_words(item) for item in value) + "]"
    if not isinstance(value, dict):
        return repr(value)
    if value in (ABSENT, UNCHANGED):
        return "nothing" if value == ABSENT else "not changed"
    if set(value) == {"changed to"}:
        changed = value["changed to"]
        return "removed" if changed == ABSENT else f"set to {_words(changed)}"
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
