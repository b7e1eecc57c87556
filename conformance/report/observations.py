"""Two observations side by side: what each side showed, in rows, and which rows differ.

Rules. Knows the form of an observation, and neither HTML nor a terminal.

Theory of operation. Each observation becomes rows by itself (`rows_of`): one for each thing that was observed, in the
order in which it came about, known by its step and its name. The rows of both sides are then put into one order, that
of the oracle; a row that only the candidate has stands behind the row that comes before it there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..agent.messages import CommandObservation, Event, Observation
from ..judge.descriptions import ABSENT, UNCHANGED
from ..judge.observations import events_of
from ..judge.unfolding import unfolded
from .types import DivergenceRecord
from .values import common_start, narrow, texts, words

_LONGEST = 2000

Parts = tuple[str, str, str]  # a text in three parts, of which the middle one differs from the other side's
_Key = tuple[int, str]  # the step, from 1, and the name of what was observed


@dataclass(frozen=True)
class Row:
    """One thing that was observed, on both sides. cause: this is what the divergence says."""

    step: int
    where: str
    oracle: Parts
    candidate: Parts
    differs: bool
    cause: bool


def side_by_side(oracle: Observation | None, candidate: Observation | None, divergence: DivergenceRecord) -> list[Row]:
    """All that two sides showed in a case, in the order of the oracle's observation."""
    of_oracle, of_candidate = rows_of(oracle), rows_of(candidate)
    rows = []
    caused = False
    for key in _in_order(list(of_oracle), list(of_candidate)):
        missing = UNCHANGED if _is_change(key[1]) else ABSENT
        ours, theirs = of_oracle.get(key, missing), of_candidate.get(key, missing)
        differs = ours != theirs
        cause = differs and not caused and _is(key, ours, theirs, divergence)
        caused = caused or cause
        both = split_at_difference(ours, theirs) if differs else (_alike(ours), _alike(theirs))
        rows.append(Row(*key, *both, differs, cause))
    return rows


def _is_change(name: str) -> bool:
    """True for a row that holds what changed: a side that has no such row left it as it was."""
    return name.rpartition(": ")[2].partition(", ")[0] in ("argv", "modules", "state")


def rows_of(observation: Observation | None) -> dict[_Key, Any]:
    """The values in an observation, each by its key."""
    return dict(_values(None if observation is None else unfolded(observation)))


def _values(observation: Observation | None) -> Iterator[tuple[_Key, Any]]:
    if observation is None:
        yield (1, "the whole case"), {"str": "no observation: it did not come to its end"}
        return
    for number, step in enumerate(observation["steps"], 1):
        yield from _events(number, events_of(step))  # which come before how the step ends
        if "command" in step:
            yield from _of_a_command(number, step["command"])
        for name, value in step.items():
            if name not in ("events", "command"):
                yield from _entries(number, name, value)


def _events(number: int, events: Sequence[Event]) -> Iterator[tuple[_Key, Any]]:
    times: Counter[str] = Counter()
    for event in events:
        name = f"{event['event']} {event['file']}" if "file" in event else event["event"]
        times[name] += 1
        name += f" #{times[name]}" if times[name] > 1 else ""
        if event.keys() <= {"event", "file"}:
            yield (number, name), True
        for key, value in event.items():
            if key not in ("event", "file"):
                yield from _entries(number, f"{name}: {key}", value)


def _of_a_command(number: int, shown: CommandObservation) -> Iterator[tuple[_Key, Any]]:
    times: Counter[str] = Counter()
    for telling in shown["told"]:
        name = f"{telling['event']} {telling['file']}" if "file" in telling else "at exit"
        times[name] += 1
        name += f" #{times[name]}" if times[name] > 1 else ""
        for key, value in telling.items():
            if key in ("specials", "flags", "told") and isinstance(value, dict):
                for entry, item in value.items():
                    yield (number, f"{name}: {key}, {entry}"), item
            elif key not in ("event", "file"):
                yield (number, f"{name}: {key}"), value
    for key, value in shown.items():
        if key != "told":
            yield (number, key), value


def _entries(number: int, name: str, value: Any) -> Iterator[tuple[_Key, Any]]:
    """A value under its name; or each of its entries, if it has entries."""
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
    elif last == "globals" and isinstance(value, list) and all(isinstance(pair, list) for pair in value):
        for pair in value:
            yield (number, f"{name}[{pair[0]!r}]"), pair[1:]
    else:
        yield (number, name), value


def _in_order(ours: Sequence[_Key], theirs: Sequence[_Key]) -> list[_Key]:
    """All keys; one that only the other side has stands behind the key that comes before it there."""
    keys = list(ours)
    place = 0
    for key in theirs:
        if key in keys:
            place = keys.index(key) + 1
        else:
            keys.insert(place, key)
            place += 1
    return sorted(keys, key=lambda key: key[0])


def _is(key: _Key, ours: Any, theirs: Any, divergence: DivergenceRecord) -> bool:
    """True for the row in which a divergence lies."""
    step, name = key
    if step != divergence["step"]:
        return False
    values = divergence["oracle"], divergence["candidate"]
    if (ours, theirs) == values or narrow(ours, theirs)[1:] == narrow(*values)[1:]:
        return True
    field = divergence["field"].rpartition(".")[2]
    return name.endswith((f" {field}", f"[{field!r}]")) or name == field


def split_at_difference(oracle: Any, candidate: Any) -> tuple[Parts, Parts]:
    """Two values that differ, each as text before, in and after the part that differs."""
    if words(oracle) == words(candidate):  # they differ in which object it is, which neither text says
        _, oracle, candidate = narrow(oracle, candidate)
    return parts_of(*texts(oracle, candidate))


def parts_of(ours: str, theirs: str) -> tuple[Parts, Parts]:
    """Two texts that differ, each as text before, in and after the part that differs."""
    start = common_start(ours, theirs)
    end = 0
    while end < min(len(ours), len(theirs)) - start and ours[-1 - end] == theirs[-1 - end]:
        end += 1
    if start < 3:  # a quotation mark or a bracket in common says nothing
        start = 0
    if end < 3:
        end = 0
    return _three(ours, start, end), _three(theirs, start, end)


def _three(text: str, start: int, end: int) -> Parts:
    """A text in three parts, of which the first has `start` characters and the last has `end`."""
    stop = len(text) - end
    return _cut(text[:start], tail=True), _cut(text[start:stop]), _cut(text[stop:])


def _alike(value: Any) -> Parts:
    """A value that is the same on both sides."""
    return _cut(words(value)), "", ""


def _cut(text: str, *, tail: bool = False) -> str:
    if len(text) <= _LONGEST:
        return text
    return "..." + text[-_LONGEST:] if tail else text[:_LONGEST] + "..."
