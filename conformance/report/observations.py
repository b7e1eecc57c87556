"""Two observations side by side: what each side showed, in rows, and in which of them they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..judge.descriptions import ABSENT
from .records import Record
from .values import narrow, words

_LONGEST = 2000


@dataclass(frozen=True)
class Row:
    """One thing that was observed.

    where: what it is. oracle, candidate: in three parts, of which the middle one differs. cause: whether it is what the
    divergence says.
    """

    step: int
    where: str
    oracle: tuple[str, str, str]
    candidate: tuple[str, str, str]
    differs: bool
    cause: bool


def side_by_side(
    oracle: Mapping[str, Any] | None, candidate: Mapping[str, Any] | None, divergence: Record
) -> list[Row]:
    """All that two sides showed in a case, in the order of the oracle's observation."""
    ours, theirs = dict(_all(oracle)), dict(_all(candidate))
    rows = []
    caused = False
    for key in _in_order(list(ours), list(theirs)):
        mine, other = ours.get(key, ABSENT), theirs.get(key, ABSENT)
        differs = mine != other
        cause = differs and not caused and _is(key, mine, other, divergence)
        caused = caused or cause
        rows.append(Row(key[0], key[1], *_texts(mine, other, differs), differs, cause))
    return rows


def parts(oracle: Any, candidate: Any) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
    """Two values that differ, each as text before, in and after the part that differs."""
    return _texts(oracle, candidate, True)


_Key = tuple[int, str]


def _all(observation: Mapping[str, Any] | None) -> Iterator[tuple[_Key, Any]]:
    if observation is None:
        yield (1, "the whole case"), {"str": "no observation: it did not come to its end"}
        return
    for number, step in enumerate(observation.get("steps", ()), 1):
        yield from _events(number, step.get("events", []))  # which come before how it ends
        for name, value in step.items():
            if name != "events":
                yield from _entries(number, name, value)


def _events(number: int, events: list[Any]) -> Iterator[tuple[_Key, Any]]:
    met: dict[str, int] = {}
    for event in events:
        name = f"{event['event']} {event['file']}" if "file" in event else str(event["event"])
        met[name] = met.get(name, 0) + 1
        name += f" #{met[name]}" if met[name] > 1 else ""
        if event.keys() <= {"event", "file"}:
            yield (number, name), True
        for key, value in event.items():
            if key not in ("event", "file"):
                yield from _entries(number, f"{name}: {key}", value)


def _entries(number: int, name: str, value: Any) -> Iterator[tuple[_Key, Any]]:
    """One row; or one for each entry of what has entries."""
    if isinstance(value, dict) and isinstance(value.get("dict"), list):
        pairs = value["dict"]
        if all(isinstance(key, str) for key, _ in pairs):
            yield (number, f"{name}: keys"), [key for key, _ in pairs]
            if "is" in value:
                yield (number, f"{name}: which object"), {"is": value["is"]}
            for key, item in pairs:
                yield (number, f"{name}[{key!r}]"), item
            return
    last = name.rpartition(" ")[2]
    if last in ("specials", "modules", "names", "state", "exception") and isinstance(value, dict):
        for key, item in value.items():
            yield (number, f"{name}, {key}"), item
    elif last == "globals" and isinstance(value, list) and all(isinstance(one, list) for one in value):
        for pair in value:
            yield (number, f"{name}[{pair[0]!r}]"), pair[1:]
    else:
        yield (number, name), value


def _in_order(ours: list[_Key], theirs: list[_Key]) -> list[_Key]:
    """All keys; what only the other side has stands behind what it has before it."""
    found = list(ours)
    place = 0
    for key in theirs:
        if key in found:
            place = found.index(key) + 1
        else:
            found.insert(place, key)
            place += 1
    return sorted(found, key=lambda key: key[0])


def _is(key: _Key, mine: Any, other: Any, divergence: Record) -> bool:
    """Whether a row is where a divergence lies."""
    if key[0] != divergence["step"]:
        return False
    wanted = divergence["oracle"], divergence["candidate"]
    if (mine, other) == wanted or narrow(mine, other)[1:] == narrow(*wanted)[1:]:
        return True
    field = divergence["field"].rpartition(".")[2]
    return key[1].endswith((f" {field}", f"[{field!r}]")) or key[1] == field


def _texts(mine: Any, other: Any, differs: bool) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
    one, two = words(mine), words(other)
    if not differs:
        return (_cut(one), "", ""), (_cut(two), "", "")
    if one == two:  # which object it is, is said of neither
        _, mine, other = narrow(mine, other)
        one, two = words(mine), words(other)
    start = 0
    while start < min(len(one), len(two)) and one[start] == two[start]:
        start += 1
    end = 0
    while end < min(len(one), len(two)) - start and one[-1 - end] == two[-1 - end]:
        end += 1
    if start < 3:  # a quotation mark or a bracket in common says nothing
        start = 0
    if end < 3:
        end = 0
    return tuple(  # type: ignore[return-value]
        (_cut(text[:start], tail=True), _cut(text[start : len(text) - end]), _cut(text[len(text) - end :]))
        for text in (one, two)
    )


def _cut(text: str, *, tail: bool = False) -> str:
    if len(text) <= _LONGEST:
        return text
    return "..." + text[-_LONGEST:] if tail else text[:_LONGEST] + "..."
