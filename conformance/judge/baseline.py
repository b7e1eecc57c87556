"""Baselines: the divergences that are expected of a candidate, each with a reason and the smallest case that shows it.

A file of TOML (docs/baselines.md). What belongs here: what such a file says, whether it can be right, which of it holds
for a target, and what of a case's record it expects. How cases are run, and how a baseline is written, does not.
"""

from __future__ import annotations

import difflib
import functools
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from ..cases.fixtures import from_plain
from ..cases.model import Case, CaseError
from ..clauses import Level, registry
from .divergence import PHASES, Signature

KINDS = (
    *("missing", "extra", "value", "type", "identity", "order"),
    *("raises", "returns", "subclass", "crash", "hang"),
)
_ENTRY = {"signatures", "reason", "link", "targets"}
_MORE = {"case", "targets"}
_CONDITION = re.compile(r"\s*([a-z][a-z0-9_]*)?\s*([<>=!~].*)?", re.DOTALL)
# Versions by which conditions are compared: those that there are, and some to come.
_VERSIONS = [f"3.{minor}.{micro}" for minor in range(8, 31) for micro in range(31)]


class BaselineError(Exception):
    """A baseline is wrong: the file, the line, and one sentence."""


@dataclass(frozen=True)
class Condition:
    """Targets by name and version: `cpython>=3.12`, `pypy`, `>=3.9,<3.13`."""

    text: str
    implementation: str
    versions: SpecifierSet

    @classmethod
    def parse(cls, text: str) -> Condition:
        """From its text. Raises ValueError."""
        found = _CONDITION.fullmatch(text)
        try:
            if found is None or not text.strip():
                raise InvalidSpecifier(text)
            condition = cls(text, found[1] or "", SpecifierSet(found[2] or "", prereleases=True))
        except InvalidSpecifier:
            raise ValueError(f"{text!r} names no targets; write cpython>=3.12, ==3.13.* or pypy") from None
        if not condition.reaches():
            raise ValueError(f"no version of Python is {text!r}")
        return condition

    def holds(self, implementation: str, version: str) -> bool:
        """Whether it names a target: "cpython", "3.13.0"."""
        return self.implementation in ("", implementation) and self.versions.contains(version)

    def reaches(self) -> bool:
        """Whether there may be any such target."""
        return any(self.versions.contains(version) for version in _VERSIONS)


@dataclass(frozen=True)
class Known:
    """One divergence that is expected: its signature, and the smallest case that shows it.

    targets: where; everywhere if there are none. own: whether these stand beside the signature, and not in its entry.
    entry: which of the entries, from 0, and of how many signatures. head, line: where that and this stand in the file.
    """

    signature: Signature
    case: str
    reason: str
    link: str = ""
    targets: tuple[Condition, ...] = ()
    own: bool = False
    entry: int = 0
    of: int = 1
    head: int = 1
    line: int = 1

    def holds(self, implementation: str, version: str) -> bool:
        """Whether it is expected on a target. What its clause does not say of a version is not expected there."""
        named = not self.targets or any(one.holds(implementation, version) for one in self.targets)
        return named and registry()[self.signature.clause].holds(version)


@dataclass(frozen=True)
class Baseline:
    """What a file says. cases: those that only this file holds, by id."""

    path: Path
    known: tuple[Known, ...] = ()
    cases: Mapping[str, Case] | None = None
    written_on: tuple[str, ...] = ()

    def on(self, implementation: str, version: str) -> tuple[Known, ...]:
        """What is expected on a target. Raises BaselineError if something is expected twice."""
        found: dict[Signature, Known] = {}
        for one in self.known:
            if one.holds(implementation, version):
                if one.signature in found:
                    raise _twice(self.path, found[one.signature], one)
                found[one.signature] = one
        return tuple(found.values())


def text_of(signature: Signature) -> str:
    """A signature as a baseline has it."""
    return ", ".join((signature.clause, signature.phase, signature.field, signature.kind))


# -- what a run shows of it ------------------------------------------------------------------------------------


def marked(record: Mapping[str, Any], known: Sequence[Known], file: str) -> dict[str, Any]:
    """A trial's record, in which each divergence says whether it is expected: by which entry, and for which reason."""
    by_signature = {one.signature: one for one in known}
    divergences = []
    for one in record["divergences"]:
        entry = by_signature.get(_signature(one))
        mark = None if entry is None else {"reason": entry.reason, "link": entry.link, "at": f"{file}:{entry.head}"}
        divergences.append({**one, "expected": mark})
    return {**record, "divergences": divergences}


def replayed(record: Mapping[str, Any], known: Sequence[Known], file: str, level: Level) -> list[dict[str, Any]]:
    """What the record of a case says of the entries that keep it: a record for each.

    Its `state`: "expected", it still diverges in the same way; "gone", it does so no longer; "otherwise", the case
    diverges in a way that is not expected, up to the level; "not-run", there is no telling here. record: marked.
    """
    shown = {_signature(one) for one in record["divergences"] if one["cause"]}
    shaky = {_signature(one) for one in record["unconfirmed"]}
    unexpected = any(
        one["cause"] and not one["expected"] and Level.parse(one["level"]) <= level for one in record["divergences"]
    )
    found = []
    for one in known:
        if one.case != record["id"]:
            continue
        if one.signature in shown:
            state = "expected"
        elif record["verdict"] == "not-run" or one.signature in shaky:
            state = "not-run"
        else:
            state = "otherwise" if unexpected else "gone"
        found.append(
            {
                "record": "baseline",
                "signature": text_of(one.signature),
                "case": one.case,
                "state": state,
                "reason": one.reason,
                "link": one.link,
                "at": f"{file}:{one.line}",
                "entry": f"{file}:{one.head}",
                "of": one.of,
                "offered": record["verdict"] != "unsupported",
            }
        )
    return found


def complaint(record: Mapping[str, Any]) -> str:
    """What is wrong with a line of an entry, and what to do, in one sentence; empty if nothing is."""
    if record["state"] not in ("gone", "otherwise"):
        return ""
    if not record["offered"]:
        how = f"{record['case']} is no longer offered by the candidate"
    elif record["state"] == "gone":
        how = f"{record['case']} no longer diverges in this way"
    else:
        how = f"{record['case']} diverges in another way"
    return f"{record['at']}: {how} ({record['signature']}): remove this {'entry' if record['of'] == 1 else 'line'}"


def complaints(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is wrong with a baseline, a sentence each: one for an entry of which nothing is left."""
    found = []
    for entry in dict.fromkeys(one["entry"] for one in records):
        own = [one for one in records if one["entry"] == entry]
        said = [sentence for one in own if (sentence := complaint(one))]
        if len(said) == len(own) == own[0]["of"] and len(own) > 1:
            way = "another way" if any(one["state"] == "otherwise" for one in own) else "these ways"
            no = "" if way == "another way" else " no longer"
            said = [f"{own[0]['entry']}: the {len(own)} cases of this entry{no} diverge in {way}: remove this entry"]
        found += said
    return found


def _signature(one: Mapping[str, Any]) -> Signature:
    return Signature(one["clause"], one["phase"], one["field"], one["kind"])


# -- reading ---------------------------------------------------------------------------------------------------


def read(path: Path, ids: Collection[str]) -> Baseline:
    """The baseline in a file. ids: of the cases that there are. Raises BaselineError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as exc:
        raise BaselineError(f"{path}: the baseline cannot be read: {exc.strerror}") from None
    except UnicodeDecodeError:
        raise BaselineError(f"{path}: the baseline is not UTF-8") from None
    return parse(text, path, ids)


def parse(text: str, path: Path, ids: Collection[str]) -> Baseline:
    """The baseline in a text. Raises BaselineError."""
    places = Places(text)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        message = str(exc)
        at = re.search(r" \(at line (\d+), column (\d+)\)", message)
        line = at[1] if at else text.rstrip("\n").count("\n") + 1
        said = message[: at.start()] if at else message.replace(" (at end of document)", "")
        raise BaselineError(f"{path}:{line}: this is not TOML: {said}") from None
    reader = _Reader(path, places, ids)
    return reader.baseline(data)


class _Reader:
    """Reads the data of one file, and knows where in it everything stands."""

    def __init__(self, path: Path, places: Places, ids: Collection[str]) -> None:
        self._path = path
        self._places = places
        self._ids = ids

    def baseline(self, data: Mapping[str, Any]) -> Baseline:
        unknown = data.keys() - {"written_on", "expected", "cases"}
        if unknown:
            key = sorted(unknown)[0]
            raise self._wrong(self._places.key("", key), f"there is no {key!r} in a baseline; entries are [[expected]]")
        written_on = self._texts(data.get("written_on", []), "written_on", self._places.key("", "written_on"))
        for one in written_on:
            self._condition(one, self._places.key("", "written_on"))
        entries = data.get("expected", [])
        if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
            raise self._wrong(self._places.key("", "expected"), "entries are written [[expected]]")
        cases = self._cases(data.get("cases", {}))
        known = [one for number, entry in enumerate(entries) for one in self._entry(number, entry, cases)]
        self._once(known)
        used = {one.case for one in known}
        for name in cases:
            if name not in used:
                raise self._wrong(self._places.case(name), f"no entry has the case {name!r}: remove it")
        return Baseline(self._path, tuple(known), cases, written_on)

    def _cases(self, data: Any) -> dict[str, Case]:
        if not isinstance(data, dict):
            raise self._wrong(self._places.key("", "cases"), "`cases` is a table of cases by id")
        found = {}
        for name, one in data.items():
            line = self._places.case(name)
            if not isinstance(one, dict) or "/" not in name:
                raise self._wrong(line, f'a case is a table, [cases."search/sequences/name"], not {name!r}')
            try:
                found[name] = from_plain(one, name)
            except CaseError as exc:
                raise self._wrong(line, f"the case {name!r}: {exc}") from None
            unknown = [clause for clause in found[name].clauses if clause not in registry()]
            if unknown:
                raise self._wrong(line, f"the case {name!r}: {self._no_clause(unknown[0])}")
        return found

    def _entry(self, number: int, entry: Mapping[str, Any], cases: Collection[str]) -> Iterator[Known]:
        line = self._places.entry(number)

        def at(key: str) -> int:
            return self._places.key(f"expected {number}", key) or line

        for key in entry:
            if key not in _ENTRY:
                keys = ", ".join(sorted(_ENTRY))
                raise self._wrong(at(key), f"there is no key {key!r} in an entry; the keys are {keys}")
        for key in ("signatures", "reason"):
            if key not in entry:
                raise self._wrong(line, f"this entry has no {key!r}")
        for key in ("reason", "link"):
            if not isinstance(entry.get(key, ""), str):
                raise self._wrong(at(key), f"`{key}` is a text, not {entry[key]!r}")
        signatures = entry["signatures"]
        if not isinstance(signatures, dict) or not signatures:
            raise self._wrong(at("signatures"), "`signatures` is a table with, at least, one signature = case")
        targets = self._targets(entry, at("targets"))
        for text, value in signatures.items():
            place = self._places.key(f"signatures {number}", text) or at("signatures")
            signature = self._signature(text, place)
            for one in value if isinstance(value, list) else [value]:
                more = one if isinstance(one, dict) else {"case": one}
                if not more.keys() <= _MORE or not isinstance(more.get("case"), str):
                    raise self._wrong(place, "behind a signature stands a case, or { case = ..., targets = [...] }")
                if more["case"] not in self._ids and more["case"] not in cases:
                    raise self._wrong(place, self._no_case(more["case"]))
                where = self._targets(more, place) or targets
                if not _meets(signature.clause, where):
                    versions = " or ".join(registry()[signature.clause].versions)
                    raise self._wrong(place, f"{signature.clause} holds for {versions}, and so on none of its targets")
                yield Known(
                    signature=signature,
                    case=more["case"],
                    reason=entry["reason"].strip(),
                    link=entry.get("link", "").strip(),
                    targets=where,
                    own="targets" in more,
                    entry=number,
                    of=len(signatures),
                    head=line or place,
                    line=place,
                )

    def _signature(self, text: str, line: int) -> Signature:
        parts = [one.strip() for one in text.split(",")]
        if len(parts) != 4 or not all(parts):
            raise self._wrong(line, f"{text!r} is no signature, which is 'CLAUSE, phase, field, kind'")
        clause, phase, field, kind = parts
        if clause not in registry():
            raise self._wrong(line, self._no_clause(clause))
        if registry()[clause].untestable:
            raise self._wrong(line, f"{clause} is never judged: {registry()[clause].untestable}")
        for name, one, choices in (("phase", phase, PHASES), ("kind", kind, KINDS)):
            if one not in choices:
                raise self._wrong(line, f"there is no {name} {one!r}; there are {', '.join(choices)}")
        return Signature(clause, phase, field, kind)

    def _targets(self, entry: Mapping[str, Any], line: int) -> tuple[Condition, ...]:
        if "targets" not in entry:
            return ()
        texts = self._texts(entry["targets"], "targets", line)
        if not texts:
            raise self._wrong(line, "`targets` is empty, so this entry is never expected: remove it")
        return tuple(self._condition(one, line) for one in texts)

    def _condition(self, text: str, line: int) -> Condition:
        try:
            return Condition.parse(text)
        except ValueError as exc:
            raise self._wrong(line, str(exc)) from None

    def _texts(self, value: Any, key: str, line: int) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self._wrong(line, f"`{key}` is a list of texts, not {value!r}")
        return tuple(value)

    def _once(self, known: Sequence[Known]) -> None:
        """Raise if a signature is expected twice on any target."""
        for position, one in enumerate(known):
            for other in known[:position]:
                if one.signature == other.signature and _overlap(one, other):
                    raise _twice(self._path, other, one)

    def _no_clause(self, name: str) -> str:
        near = difflib.get_close_matches(name, registry(), 1)
        hint = f"; is it {near[0]}?" if near else "; docs/specification.md lists them"
        return f"there is no clause {name!r}{hint}"

    def _no_case(self, name: str) -> str:
        near = difflib.get_close_matches(name, self._ids, 1, 0.8)
        return f"there is no case {name!r}" + (f"; is it {near[0]}?" if near else "")

    def _wrong(self, line: int, sentence: str) -> BaselineError:
        return BaselineError(f"{self._path}:{line or 1}: {sentence}")


def _twice(path: Path, first: Known, second: Known) -> BaselineError:
    return BaselineError(f"{path}:{second.line}: {text_of(second.signature)} is expected in line {first.line} already")


@functools.lru_cache(maxsize=4096)
def _reached(targets: tuple[str, ...]) -> frozenset[tuple[str, str]]:
    conditions = [Condition.parse(one) for one in targets]
    names = {one.implementation for one in conditions}
    return frozenset(
        (name, version)
        for one in conditions
        for name in names
        for version in _VERSIONS
        if one.implementation == name and one.versions.contains(version)
    )


def _overlap(one: Known, other: Known) -> bool:
    """Whether there may be a target on which both are expected."""
    if not one.targets or not other.targets:
        return True
    ours, theirs = (_reached(tuple(condition.text for condition in known.targets)) for known in (one, other))
    if ours & theirs:
        return True
    anywhere = ({version for name, version in side if not name} for side in (ours, theirs))
    everywhere = ({version for _, version in side} for side in (theirs, ours))
    return any(first & second for first, second in zip(anywhere, everywhere, strict=True))


def _meets(clause: str, targets: Sequence[Condition]) -> bool:
    """Whether a clause holds for any version of the targets."""
    if not targets or not registry()[clause].versions:
        return True
    return any(
        registry()[clause].holds(version) for one in targets for version in _VERSIONS if one.versions.contains(version)
    )


class Places:
    """In which lines the parts of a baseline stand: TOML's readers do not say.

    headers: of all tables, in order: line and name.
    """

    def __init__(self, text: str) -> None:
        self.headers: list[tuple[int, str]] = []
        self._entries: list[int] = []
        self._keys: dict[tuple[str, str], int] = {}
        table = ""
        inside = ""  # the quotes of a text that goes over several lines
        for number, line in enumerate(text.split("\n"), 1):
            if not inside:
                table = self._note(line, number, table)
            inside = after(line, inside)

    def _note(self, line: str, number: int, table: str) -> str:
        """Note what stands in a line; the table in which the following ones stand."""
        if header := re.match(r"\s*\[\[?\s*(.+?)\s*\]\]?\s*(?:#.*)?$", line):
            name = header[1]
            self.headers.append((number, name))
            if line.lstrip().startswith("[[") and name == "expected":
                self._entries.append(number)
                return f"expected {len(self._entries) - 1}"
            if re.fullmatch(r"expected\s*\.\s*signatures", name):
                self._keys.setdefault((f"expected {len(self._entries) - 1}", "signatures"), number)
                return f"signatures {len(self._entries) - 1}"
            return name
        if key := re.match(r"""\s*("[^"]*"|'[^']*'|[\w-]+)\s*=""", line):
            self._keys.setdefault((table, key[1].strip("\"'")), number)
        return table

    def entry(self, number: int) -> int:
        """The line in which an entry begins."""
        return self._entries[number] if number < len(self._entries) else 0

    def key(self, table: str, key: str) -> int:
        """The line of a key, or of a table's header; 0 if it stands within another line."""
        found = self._keys.get((table, key))
        return found or next((line for line, name in self.headers if name == key), 0)

    def case(self, name: str) -> int:
        """The line in which a case begins."""
        return next((line for line, header in self.headers if name in header), 0)


def after(line: str, inside: str) -> str:
    """The quotes within which the next line begins, if it begins within a text."""
    position = 0
    while position < len(line):
        if inside:
            if inside == '"""' and line[position] == "\\":
                position += 2
            elif line.startswith(inside, position):
                position += 3
                inside = ""
            else:
                position += 1
            continue
        rest = line[position:]
        if rest.startswith("#"):
            break
        if rest.startswith(('"""', "'''")):
            inside = rest[:3]
            position += 3
        else:
            text = re.match(r""""(?:\\.|[^"\\])*"|'[^']*'""", rest)
            position += text.end() if text else 1
    return inside
