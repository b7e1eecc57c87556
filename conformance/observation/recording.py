"""Recordings: what CPython showed in every case, in files that a person can review as a diff.

One entry for each case: its observation once, and where versions differ, each side of the difference at its place.
A file for each chapter or family; docs/recordings.md describes them. `fold` and `unfold`, `write` and `read` are each
other's inverse, to the letter. Knows nothing of processes.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .shorthand import restore, shorten

SCHEMA = 1
FOLDER = "recordings"
_WIDTH = 120
_WORTH_SHARING = 60  # characters
_OF_A_STEP = 2  # how deep a step lies in an observation
# How often a part has to occur to be shared: what surrounds a run, and how it ended.
_MANY = 4
_OFTEN = dict.fromkeys(("events", "audit", "modules", "state", "files", "argv"), 2)
_OFTEN |= dict.fromkeys(("exception", "values", "cause", "context"), _MANY)

Observation = Mapping[str, Any]


class RecordingError(Exception):
    """A recording cannot be used; the sentence says why, and what to do."""


@dataclass(frozen=True)
class Build:
    """The interpreter that a recording was made from, or is compared with.

    version: "3.12.1", or "3.15.0rc1". builtin, frozen: names of modules. words: what its own names for things are,
    which are told by one word in all versions: `{tag}` is its cache tag, `{extension}` the suffix of extension
    modules, `{library}` the folder of its standard library.
    """

    implementation: str
    version: str
    platform: str
    abiflags: str
    builtin: tuple[str, ...]
    frozen: tuple[str, ...]
    words: Mapping[str, str] = field(compare=False)
    capabilities: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"CPython {self.version}{self.abiflags}, {self.platform}"

    @property
    def language(self) -> str:
        """The version of the language, such as "3.12"."""
        return ".".join(self.version.split(".")[:2])


@dataclass(frozen=True)
class Entry:
    """What was recorded of one case: of which content, on which versions, and what they showed, folded."""

    digest: str
    languages: tuple[str, ...]
    folded: Any

    def stored(self, language: str) -> Any:
        """What one version showed, as it is written."""
        return _unfold(self.folded, language, self.languages)


# -- one observation as it is written --------------------------------------------------------------------------


def encode(observation: Observation, words: Mapping[str, str]) -> Any:
    """An observation as it is written. words: see `Build`."""
    return shorten(_encoded(observation, words))


def decode(stored: Any, words: Mapping[str, str]) -> Observation:
    """An observation out of what is written, in the words of an interpreter."""
    found: Observation = _decoded(restore(stored), words)
    return found


# -- folding: what several versions showed, in one -------------------------------------------------------------


def fold(digest: str, stored: Mapping[str, Any]) -> Entry:
    """The entry of a case, out of what is written of each version of the language."""
    languages = tuple(sorted(stored, key=_numbers))
    return Entry(digest, languages, _fold({one: stored[one] for one in languages}, languages))


def _numbers(language: str) -> tuple[int, ...]:
    return tuple(int(part) for part in language.split("."))


# In a folded value {"?": {"3.8-3.13": ..., "3.14+": ...}} stands for what differs; where a version is not named, the
# item is not there. Texts and keys that would look like notation are quoted (see `_quoted`).
_DIFFERS = "?"


def _fold(values: Mapping[str, Any], languages: Sequence[str]) -> Any:
    everyone = list(values.values())
    texts = {one: json.dumps(value) for one, value in values.items()}
    if len(set(texts.values())) == 1:
        return everyone[0]
    if all(type(value) is dict for value in everyone):
        order = _merged([list(value) for value in everyone])
        if len(set(order)) == len(order):
            return {
                key: _slot({one: value[key] for one, value in values.items() if key in value}, values, languages)
                for key in order
            }
    if all(type(value) is list for value in everyone):
        return _fold_lists(values, languages)
    groups: dict[str, list[str]] = {}
    for one, text in texts.items():
        groups.setdefault(text, []).append(one)
    return {_DIFFERS: {_ranges(group, languages): values[group[0]] for group in groups.values()}}


def _slot(found: Mapping[str, Any], among: Mapping[str, Any], languages: Sequence[str]) -> Any:
    """An item of a collection, which some of the versions may not have."""
    folded = _fold(found, languages)
    if len(found) == len(among) or (isinstance(folded, dict) and folded.keys() == {_DIFFERS}):
        return folded
    return {_DIFFERS: {_ranges(list(found), languages): folded}}


def _fold_lists(values: Mapping[str, list[Any]], languages: Sequence[str]) -> list[Any]:
    signs = {one: [_sign(item) for item in value] for one, value in values.items()}
    order = _merged(list(signs.values()))
    slots: list[dict[str, Any]] = [{} for _ in order]
    for one, value in values.items():
        place = 0
        for item, sign in zip(value, signs[one], strict=True):
            place = order.index(sign, place)
            slots[place][one] = item
            place += 1
    return [_slot(slot, values, languages) for slot in slots]


def _sign(item: Any) -> str:
    """What two items of a list have in common that are the same item, in two versions."""
    if isinstance(item, dict):
        return json.dumps(["dict", item.get("event"), item.get("file")])
    return json.dumps(item if not isinstance(item, list) else ["list", item[:1] if item[:1] != item else []])


def _merged(sequences: list[list[str]]) -> list[str]:
    """A sequence of which each one given is a part, in its order."""
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
    wanted = [one in chosen for one in languages] + [False]
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


def _within(language: str, ranges: str) -> bool:
    number = _numbers(language)
    for one in ranges.split():
        first, dash, last = one.rstrip("+").partition("-")
        if _numbers(first) <= number and (one.endswith("+") or number <= _numbers(last if dash else first)):
            return True
    return False


_NOT_THERE = object()


def _unfold(folded: Any, language: str, languages: Sequence[str]) -> Any:
    if isinstance(folded, dict):
        if folded.keys() == {_DIFFERS}:
            for ranges, value in folded[_DIFFERS].items():
                if _within(language, ranges):
                    return _unfold(value, language, languages)
            return _NOT_THERE
        items = ((key, _unfold(value, language, languages)) for key, value in folded.items())
        return {key: value for key, value in items if value is not _NOT_THERE}
    if isinstance(folded, list):
        found = (_unfold(item, language, languages) for item in folded)
        return [item for item in found if item is not _NOT_THERE]
    return folded


# -- notation --------------------------------------------------------------------------------------------------

_AUDIT = "audit"
_PAIRS = ("dict", "globals")
_WRAPPED = "'"


def _quoted(text: str, words: Mapping[str, str]) -> str:
    """A text in words that all versions share; quoted if it looks like notation."""
    if text[:1] in ("$", "?", "'") or any(word in text for word in words):
        return "'" + text
    for word, own in words.items():
        if own:
            text = text.replace(own, word)
    return text


def _unquoted(text: str, words: Mapping[str, str]) -> str:
    if text[:1] == "'":
        return text[1:]
    for word, own in words.items():
        text = text.replace(word, own)
    return text


def _encoded(value: Any, words: Mapping[str, str], key: str = "") -> Any:
    """Pairs with plain keys as objects, audit events as texts, and all texts quoted where they need it."""
    if isinstance(value, str):
        return _quoted(value, words)
    if isinstance(value, dict):
        plain = {_quoted(one, words): _encoded(part, words, one) for one, part in value.items()}
        return {_WRAPPED: plain} if key in _PAIRS else plain
    if isinstance(value, list):
        if key in _PAIRS and _are_pairs(value):
            return {_quoted(one, words): _encoded(part, words) for one, part in value}
        if key == _AUDIT and all(_is_audited(item) for item in value):
            return [_quoted(" ".join(item), words) for item in value]
        found = [_encoded(item, words) for item in value]
        return {_WRAPPED: found} if key == _AUDIT and all(isinstance(item, str) for item in value) else found
    return value


def _decoded(value: Any, words: Mapping[str, str], key: str = "") -> Any:
    if isinstance(value, str):
        return _unquoted(value, words)
    if isinstance(value, dict):
        if key == _AUDIT and isinstance(value.get(_WRAPPED), list):
            return _decoded(value[_WRAPPED], words)
        if key in _PAIRS and value.keys() != {_WRAPPED}:
            return [[_unquoted(one, words), _decoded(part, words)] for one, part in value.items()]
        plain = {_unquoted(one, words): part for one, part in (value[_WRAPPED] if key in _PAIRS else value).items()}
        return {one: _decoded(part, words, one) for one, part in plain.items()}
    if isinstance(value, list):
        if key == _AUDIT and all(isinstance(item, str) for item in value):
            return [_unquoted(item, words).split(" ", 1) for item in value]
        return [_decoded(item, words) for item in value]
    return value


def _are_pairs(value: list[Any]) -> bool:
    if not all(isinstance(item, list) and len(item) == 2 and isinstance(item[0], str) for item in value):
        return False
    return len({item[0] for item in value}) == len(value)


def _is_audited(item: Any) -> bool:
    parts = isinstance(item, list) and len(item) == 2 and all(isinstance(one, str) for one in item)
    return parts and " " not in item[0]


# -- files -----------------------------------------------------------------------------------------------------


def file_of(case: str) -> str:
    """The name of the file that a case is recorded in, by its id."""
    first, *rest = case.split("/")
    return f"{first}/{rest[0]}.json" if first == "families" else f"{first}.json"


def write(entries: Mapping[str, Entry], everywhere: Sequence[str]) -> str:
    """The text of a file. everywhere: the versions that an entry is for unless it says otherwise."""
    bodies = {name: entry.folded for name, entry in entries.items()}
    shared, bodies = _share(bodies)
    lines = ["{", f' "schema": {SCHEMA},', f' "pythons": {json.dumps(" ".join(everywhere))},', ' "shared": {']
    lines.append(",\n".join(f"  {json.dumps(name)}: {_laid_out(shared[name], 2)}" for name in sorted(shared)))
    lines += [" },", ' "cases": {']
    told = []
    for name, body in bodies.items():
        head: dict[str, Any] = {"digest": entries[name].digest}
        if tuple(everywhere) != entries[name].languages:
            head["pythons"] = " ".join(entries[name].languages)
        told.append(f"  {json.dumps(name)}: {_laid_out(head | body, 2, narrow=True)}")
    lines += [",\n".join(told), " }", "}"]
    return "\n".join(line for line in lines if line) + "\n"


def read(text: str, where: str) -> dict[str, Entry]:
    """The entries of a file's text, by case. Raises RecordingError. where: the file's name, for the sentence."""
    data = _checked(text, where)
    everywhere = tuple(data["pythons"].split())
    shared = data["shared"]
    found = {}
    for name, entry in data["cases"].items():
        languages = tuple(entry["pythons"].split()) if "pythons" in entry else everywhere
        body = {key: part for key, part in entry.items() if key not in ("digest", "pythons")}
        found[name] = Entry(entry["digest"], languages, _expanded(body, shared))
    return found


def _checked(text: str, where: str) -> Any:
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
    """Parts that occur again and again, by a name made of their content; and the bodies, with names in their places.

    Never a whole step, and how a call ended only where that is the same in many cases: a change of it is to be seen in
    its place, and in no other.
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
        name = f"${_hint(value)}{hashlib.sha256(text.encode()).hexdigest()[:8]}"
        if name not in shared:
            shared[name] = inside(value, often, depth)
        return name

    def inside(value: Any, often: int, depth: int) -> Any:
        if isinstance(value, dict):
            return {key: replaced(part, _OFTEN.get(key, often), depth + 1) for key, part in value.items()}
        return [replaced(part, often, depth + 1) for part in value]

    return shared, {name: replaced(body, _MANY, 0) for name, body in bodies.items()}


def _hint(value: Any) -> str:
    """A word that says what a shared part is about."""
    if isinstance(value, list) or _DIFFERS in value:
        return ""
    words = re.findall(r"[A-Za-z]+", str(value.get("event", next(iter(value), ""))))
    return f"{words[0]}-" if words else ""


def _expanded(value: Any, shared: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        return _expanded(shared[value], shared) if value[:1] == "$" else value
    if isinstance(value, dict):
        return {key: _expanded(part, shared) for key, part in value.items()}
    if isinstance(value, list):
        return [_expanded(part, shared) for part in value]
    return value


def _laid_out(value: Any, indent: int, *, narrow: bool = False) -> str:
    """JSON, one fact a line; what fits on a line stands on one, unless it is to be narrow."""
    text = json.dumps(value)
    if not isinstance(value, (dict, list)) or not value or (not narrow and len(text) + indent < _WIDTH):
        return text
    inner = " " * (indent + 1)
    if isinstance(value, dict):
        items = [f"{inner}{json.dumps(key)}: {_laid_out(part, indent + 1)}" for key, part in value.items()]
        return "{\n" + ",\n".join(items) + "}"
    return "[\n" + ",\n".join(inner + _laid_out(part, indent + 1) for part in value) + "]"


# -- the folder ------------------------------------------------------------------------------------------------

BUILDS = "pythons.json"
_KEPT = ("{extension}", "{tag}")  # the other words are paths of a machine


def write_builds(builds: Mapping[str, Build]) -> str:
    """The text of pythons.json: from what the recordings were made."""
    languages = sorted(builds, key=_numbers)
    pythons = {}
    modules: dict[str, dict[str, str]] = {}
    for language in languages:
        one = builds[language]
        for kind in ("builtin", "frozen"):
            for name in getattr(one, kind):
                modules.setdefault(name, {})[language] = kind
        pythons[language] = {
            "implementation": one.implementation,
            "version": one.version,
            "platform": one.platform,
            "abiflags": one.abiflags,
            "capabilities": sorted(one.capabilities),
            "words": {word: one.words[word] for word in _KEPT},
        }
    among = dict.fromkeys(languages)
    folded = {name: _slot(modules[name], among, languages) for name in sorted(modules)}
    told = {"schema": SCHEMA, "pythons": pythons, "modules": folded}
    return (
        "{\n"
        + ",\n".join(f" {json.dumps(key)}: {_laid_out(part, 1, narrow=True)}" for key, part in told.items())
        + "}\n"
    )


def read_builds(text: str, where: str) -> dict[str, Build]:
    """The builds in the text of pythons.json, by version of the language. Raises RecordingError."""
    data = _checked(text, where)
    languages = sorted(data["pythons"], key=_numbers)
    found = {}
    for language, facts in data["pythons"].items():
        modules = _unfold(data["modules"], language, languages)
        kinds = {kind: [name for name in modules if modules[name] == kind] for kind in ("builtin", "frozen")}
        found[language] = build_from(facts | kinds)
    return found


def build_from(facts: Mapping[str, Any]) -> Build:
    """A build, by plain data."""
    plain: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in facts.items()}
    return Build(**plain)


class Recordings:
    """The recordings in a folder; a file is read when it is asked for. Raises RecordingError.

    unreadable: files that cannot be read, with the reason, if they are to be made again and so need not be read.
    """

    def __init__(self, folder: Path, *, making: bool = False) -> None:
        self._folder = folder
        self._making = making
        self._files: dict[str, dict[str, Entry]] = {}
        self.unreadable: dict[str, str] = {}
        self.builds: dict[str, Build] = self._read(BUILDS, read_builds)

    def entry(self, case: str) -> Entry | None:
        """What is recorded of a case, by its id."""
        return self._file(file_of(case)).get(case)

    def names(self, file: str) -> set[str]:
        """The ids of the cases in a file."""
        return set(self._file(file))

    def _file(self, name: str) -> dict[str, Entry]:
        if name not in self._files:
            self._files[name] = self._read(name, read)
        return self._files[name]

    def _read(self, name: str, reader: Callable[[str, str], dict[str, Any]]) -> dict[str, Any]:
        path = self._folder / name
        if not path.exists():
            return {}
        try:
            return reader(path.read_text("utf-8"), str(path))
        except RecordingError as exc:
            if not self._making:
                raise
            self.unreadable[name] = str(exc)
            return {}


def texts(entries: Iterable[tuple[str, Entry]], builds: Mapping[str, Build]) -> Iterator[tuple[str, str]]:
    """The files of a folder of recordings: name and text."""
    languages = sorted(builds, key=_numbers)
    yield BUILDS, write_builds(builds)
    files: dict[str, dict[str, Entry]] = {}
    for case, entry in entries:
        files.setdefault(file_of(case), {})[case] = entry
    for name, found in files.items():
        yield name, write(found, languages)
