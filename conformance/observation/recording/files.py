"""The text of a recording file: the entries of a chapter or a family, laid out so that one line states one fact.

Rules. `write` and `read` are each other's inverse, to the letter. They know the form of a file, and not what an entry
means, except which of its parts may be shared.

Theory of operation. Parts that occur again and again are replaced by a name made of their content, and listed under
`shared`: a change of such a part is one change. A part that says how a call ended is shared only if many cases have it,
because its change has to be visible in the case; a whole step never is.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .versions import DIFFERS, NAME, NO_PARTS, Parts, fold, place, unfold

SCHEMA = 1
_WIDTH = 120
_WORTH_SHARING = 60  # characters
_OF_A_STEP = 2  # how deep a step lies in an observation
# How often a part has to occur to be shared: what surrounds a run, and how it ended.
_MANY = 4
_OFTEN = dict.fromkeys(("events", "audit", "modules", "state", "files", "argv"), 2)
_OFTEN |= dict.fromkeys(("exception", "values", "cause", "context"), _MANY)


class RecordingError(Exception):
    """A recording cannot be used; the sentence says why, and what to do."""


@dataclass(frozen=True)
class Entry:
    """The recorded observations of one case.

    digest: of the case's content. pythons: those that were recorded, by name. body: their folded observations (see
    `versions`), in which names may stand for parts. parts: the parts that have a name.
    """

    digest: str
    pythons: tuple[str, ...]
    body: Any
    parts: Parts = NO_PARTS

    @property
    def folded(self) -> Any:
        """The folded observations, with each part in the place of its name."""
        return self.parts.expanded(self.body)

    def stored(self, python: str) -> Any:
        """The observation of one Python, as `encode` returned it. It shares parts with others: do not change it."""
        return unfold(self.body, python, self.parts)


def fold_entry(digest: str, stored: Mapping[str, Any]) -> Entry:
    """The entry of a case. stored: its encoded observations, by Python."""
    return Entry(digest, tuple(sorted(stored, key=place)), fold(stored))


def file_of(case: str) -> str:
    """The name of the file that a case is recorded in, by its id."""
    first, *rest = case.split("/")
    return f"{first}/{rest[0]}.json" if first == "families" else f"{first}.json"


def write(entries: Mapping[str, Entry], everywhere: Sequence[str]) -> str:
    """The text of a file. everywhere: the Pythons of an entry that names none."""
    bodies = {name: entry.folded for name, entry in entries.items()}
    shared, bodies = _share(bodies)
    lines = ["{", f' "schema": {SCHEMA},', f' "pythons": {json.dumps(" ".join(everywhere))},', ' "shared": {']
    lines.append(",\n".join(f"  {json.dumps(name)}: {laid_out(shared[name], 2)}" for name in sorted(shared)))
    lines += [" },", ' "cases": {']
    cases = []
    for name, body in bodies.items():
        head: dict[str, Any] = {"digest": entries[name].digest}
        if tuple(everywhere) != entries[name].pythons:
            head["pythons"] = " ".join(entries[name].pythons)
        cases.append(f"  {json.dumps(name)}: {laid_out(head | body, 2, narrow=True)}")
    lines += [",\n".join(cases), " }", "}"]
    return "\n".join(line for line in lines if line) + "\n"


def read(text: str, where: str) -> dict[str, Entry]:
    """The entries in the text of a file, by case. where: the file's name, for messages. Raises RecordingError."""
    data = checked(text, where)
    everywhere = tuple(data["pythons"].split())
    parts = Parts(data["shared"])
    found = {}
    for name, entry in data["cases"].items():
        pythons = tuple(entry["pythons"].split()) if "pythons" in entry else everywhere
        body = {key: part for key, part in entry.items() if key not in ("digest", "pythons")}
        found[name] = Entry(entry["digest"], pythons, body, parts)
    return found


def checked(text: str, where: str) -> Any:
    """The data of a file of this schema. where: the file's name, for messages. Raises RecordingError."""
    again = "make it again with `nox -s record` in a clone of the suite"
    try:
        data = json.loads(text)
        schema = data["schema"]
    except (ValueError, KeyError, TypeError, IndexError):
        raise RecordingError(f"{where} is no recording: {again}.") from None
    if schema != SCHEMA:
        raise RecordingError(f"{where} is of schema {schema}, and this suite reads schema {SCHEMA}: {again}.")
    return data


def _share(bodies: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The shared parts, by name, and the bodies with the names in their places.

    A whole step is never shared, and how a call ended only where that is the same in many cases: a change of it has to
    be visible in its place.
    """
    counts: Counter[str] = Counter()

    def count(value: Any, depth: int) -> None:
        if isinstance(value, (dict, list)):
            text = json.dumps(value)
            if len(text) >= _WORTH_SHARING and depth > _OF_A_STEP:
                counts[text] += 1
                if counts[text] > 1:
                    return
            for part in value.values() if isinstance(value, dict) else value:
                count(part, depth + 1)

    for body in bodies.values():
        count(body, 0)
    shared: dict[str, Any] = {}

    def replaced(value: Any, often: int, depth: int) -> Any:
        if not isinstance(value, (dict, list)):
            return value
        text = json.dumps(value)
        if counts[text] < often:
            return inside(value, often, depth)
        name = f"{NAME}{_hint(value)}{hashlib.sha256(text.encode()).hexdigest()[:8]}"
        if name not in shared:
            shared[name] = inside(value, often, depth)
        return name

    def inside(value: Any, often: int, depth: int) -> Any:
        if isinstance(value, dict):
            return {key: replaced(part, _OFTEN.get(key, often), depth + 1) for key, part in value.items()}
        return [replaced(part, often, depth + 1) for part in value]

    return shared, {name: replaced(body, _MANY, 0) for name, body in bodies.items()}


def _hint(value: Any) -> str:
    """A word that hints at the content of a shared part, to begin its name."""
    if isinstance(value, list) or DIFFERS in value:
        return ""
    words = re.findall(r"[A-Za-z]+", str(value.get("event", next(iter(value), ""))))
    return f"{words[0]}-" if words else ""


def laid_out(value: Any, indent: int, *, narrow: bool = False) -> str:
    """JSON with one fact on each line; what fits on one line is on one, unless it has to be narrow."""
    text = json.dumps(value)
    if not isinstance(value, (dict, list)) or not value or (not narrow and len(text) + indent < _WIDTH):
        return text
    inner = " " * (indent + 1)
    if isinstance(value, dict):
        items = [f"{inner}{json.dumps(key)}: {laid_out(part, indent + 1)}" for key, part in value.items()]
        return "{\n" + ",\n".join(items) + "}"
    return "[\n" + ",\n".join(inner + laid_out(part, indent + 1) for part in value) + "]"
