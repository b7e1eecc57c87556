"""Baselines: the divergences that are expected of a candidate, each with a reason and the smallest case that shows it.

Rules. This module owns the form of such a file (docs/baselines.md), whether it can be right, and which of it holds for
a target. It does not know how cases are run, what they have shown (`report/expectations.py`), nor how a baseline is
written.

Theory of operation. `parse` reads the data of a file through its type, `BaselineFile`, and makes of each signature, for
each of its cases, a `Known`. TOML's readers do not say in which line anything stands, so `Places` goes through the text
a second time; every complaint has its line from there.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType, field
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from ..cases.fixture_file import FixtureFile
from ..cases.fixtures import from_plain
from ..cases.model import Case, CaseError
from ..checked import Place, Table, WrongData, any_of, checked, form, near, says
from ..clauses import pythons, registry
from .divergence import PHASES, Signature

KINDS = (
    *("missing", "extra", "value", "type", "identity", "order"),
    *("raises", "returns", "subclass", "crash", "hang"),
)
_CONDITION = re.compile(r"\s*([a-z][a-z0-9_]*)?\s*([<>=!~].*)?", re.DOTALL)
# Releases by which conditions are compared: those that there are, and some to come.
_RELEASES = tuple(pythons.releases(pythons.TO_COME))
_Targets = tuple[str, ...]
_Case = Annotated["str | CaseOfSignature", form("a case, or { case = ..., targets = [...] }")]
_CaseOrCases = Annotated[
    "str | CaseOfSignature | tuple[_Case, ...]", form("a case, or { case = ..., targets = [...] }, or a list of these")
]


class BaselineError(Exception):
    """Raised for a wrong baseline: the file, the line, and one sentence."""


class CaseOfSignature(Table, frozen=True):
    """The case behind a signature, with targets of its own."""

    noun = "case of a signature"

    case: Annotated[str, says("the id of the smallest case that shows it")]
    targets: Annotated[_Targets | UnsetType, says("where it is expected, instead of where the entry says")] = UNSET


class Entry(Table, frozen=True):
    """Divergences that are expected for one reason."""

    noun = "entry"

    reason: Annotated[str, says("why this is expected; may be empty as long as nobody knows")]
    signatures: Annotated[
        dict[str, _CaseOrCases],
        Meta(min_length=1),
        form("a table with, at least, one signature = case"),
        says("'CLAUSE, phase, field, kind', with the smallest case that shows it"),
    ]
    link: Annotated[str, says("where there is more to read")] = ""
    targets: Annotated[_Targets | UnsetType, says("where it is expected: pypy, >=3.12 or cpython>=3.9,<3.13")] = UNSET


class BaselineFile(Table, frozen=True):
    """A baseline: the divergences that are expected of an implementation."""

    noun = "baseline"

    written_on: Annotated[tuple[str, ...], says("targets on which --write-baseline has been at work here")] = ()
    expected: Annotated[tuple[Entry, ...], form("a list of entries, each written [[expected]]")] = ()
    cases: Annotated[
        dict[str, Annotated[dict[str, Any], form("a case, written as a table"), any_of(FixtureFile)]],
        form("a table of cases by id"),
        says("cases that only the search has drawn, in the form of a fixture"),
    ] = field(default_factory=dict)


@dataclass(frozen=True)
class Condition:
    """A condition for targets, by name and version: `cpython>=3.12`, `pypy`, `>=3.9,<3.13`."""

    text: str
    implementation: str
    versions: SpecifierSet

    @classmethod
    def parse(cls, text: str) -> Condition:
        """The condition in a text. Raises ValueError."""
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
        """True for a target that meets the condition: "cpython", "3.13.0"."""
        return self.implementation in ("", implementation) and self.versions.contains(version)

    def reaches(self) -> bool:
        """True if there may be a target that meets the condition."""
        return any(self.versions.contains(version) for version in _RELEASES)


@dataclass(frozen=True)
class Known:
    """One divergence that is expected: its signature, and the smallest case that shows it.

    reason, link: of its entry. targets: where it is expected; without any, everywhere. own: True if these targets
    stand beside the signature, and not in its entry. entry: the number of its entry, from 0; of: how many signatures
    that has. head, line: the lines of its entry and of its signature.
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
        """True if it is expected on a target: its targets name that one, and its clause holds there."""
        named = not self.targets or any(condition.holds(implementation, version) for condition in self.targets)
        return named and registry()[self.signature.clause].holds(version)


@dataclass(frozen=True)
class Baseline:
    """The content of a baseline. cases: by id, those that only this file holds. written_on: targets, as conditions."""

    path: Path
    known: tuple[Known, ...] = ()
    cases: Mapping[str, Case] | None = None
    written_on: tuple[str, ...] = ()

    def on(self, implementation: str, version: str) -> tuple[Known, ...]:
        """The divergences that are expected on a target. Raises BaselineError if one is expected twice."""
        found: dict[Signature, Known] = {}
        for expected in self.known:
            if expected.holds(implementation, version):
                if expected.signature in found:
                    raise _twice(self.path, found[expected.signature], expected)
                found[expected.signature] = expected
        return tuple(found.values())


def text_of(signature: Signature) -> str:
    """The signature as a baseline has it: "CLAUSE, phase, field, kind"."""
    return ", ".join((signature.clause, signature.phase, signature.field, signature.kind))


# -- reading ---------------------------------------------------------------------------------------------------


def read(path: Path, ids: Collection[str]) -> Baseline:
    """The baseline in a file. ids: those of all cases. Raises BaselineError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as exc:
        raise BaselineError(f"{path}: the baseline cannot be read: {exc.strerror}") from None
    except UnicodeDecodeError:
        raise BaselineError(f"{path}: the baseline is not UTF-8") from None
    return parse(text, path, ids)


def parse(text: str, path: Path, ids: Collection[str]) -> Baseline:
    """The baseline in a text. path: of the file, for complaints; ids: those of all cases. Raises BaselineError."""
    places = Places(text)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        message = str(exc)
        at = re.search(r" \(at line (\d+), column (\d+)\)", message)
        line = at[1] if at else text.rstrip("\n").count("\n") + 1
        said = message[: at.start()] if at else message.replace(" (at end of document)", "")
        raise BaselineError(f"{path}:{line}: this is not TOML: {said}") from None
    return _Reader(path, places, ids).baseline(data)


class _Reader:
    """Reads the data of one file, and knows in which line everything stands."""

    def __init__(self, path: Path, places: Places, ids: Collection[str]) -> None:
        self._path = path
        self._places = places
        self._ids = ids

    def baseline(self, data: Mapping[str, Any]) -> Baseline:
        """The baseline in the data. Raises BaselineError."""
        try:
            file = checked(data, BaselineFile)
        except WrongData as problem:
            # The line says already in which entry, or in which case, the mistake is.
            within = problem.within[1 if problem.place[:1] in {("expected",), ("cases",)} else 0 :]
            raise self._wrong(self._line(problem.place), ": ".join((*within, problem.what))) from None
        for text in file.written_on:
            self._condition(text, self._places.key("", "written_on"))
        cases = self._cases(file.cases)
        known = [
            expected for number, entry in enumerate(file.expected) for expected in self._entry(number, entry, cases)
        ]
        self._check_once(known)
        used = {expected.case for expected in known}
        for name in cases:
            if name not in used:
                raise self._wrong(self._places.case(name), f"no entry has the case {name!r}: remove it")
        return Baseline(self._path, tuple(known), cases, file.written_on)

    def _line(self, place: Place) -> int:
        """The line of a part of the data; 0 if that is not known."""
        match place:
            case ("expected", int(number), "signatures", str(signature), *_):
                return self._places.key(f"signatures {number}", signature) or self._in_entry(number, "signatures")
            case ("expected", int(number), str(key), *_):
                return self._in_entry(number, key)
            case ("expected", int(number)):
                return self._places.entry(number)
            case ("cases", str(name), *_):
                return self._places.case(name)
            case (str(key), *_):
                return self._places.key("", key)
        return 0

    def _in_entry(self, number: int, key: str) -> int:
        return self._places.key(f"expected {number}", key) or self._places.entry(number)

    def _cases(self, data: Mapping[str, Mapping[str, Any]]) -> dict[str, Case]:
        found = {}
        for name, fixture in data.items():
            line = self._places.case(name)
            if "/" not in name:
                raise self._wrong(line, f'a case is a table, [cases."search/sequences/name"], not {name!r}')
            try:
                found[name] = from_plain(fixture, name)
            except CaseError as problem:
                raise self._wrong(line, f"the case {name!r}: {problem}") from None
            unknown = [clause for clause in found[name].clauses if clause not in registry()]
            if unknown:
                raise self._wrong(line, f"the case {name!r}: {self._no_clause(unknown[0])}")
        return found

    def _entry(self, number: int, entry: Entry, cases: Collection[str]) -> Iterator[Known]:
        """The divergences that an entry expects."""
        head = self._places.entry(number)
        targets = self._targets(entry.targets, self._in_entry(number, "targets"))
        for text, value in entry.signatures.items():
            line = self._line(("expected", number, "signatures", text))
            signature = self._signature(text, line)
            for shown in value if isinstance(value, tuple) else (value,):
                of_case = shown if isinstance(shown, CaseOfSignature) else CaseOfSignature(shown)
                if of_case.case not in self._ids and of_case.case not in cases:
                    raise self._wrong(line, self._no_case(of_case.case))
                where = self._targets(of_case.targets, line) or targets
                if not _meets(signature.clause, where):
                    versions = " or ".join(registry()[signature.clause].versions)
                    raise self._wrong(line, f"{signature.clause} holds for {versions}, and so on none of its targets")
                yield Known(
                    signature=signature,
                    case=of_case.case,
                    reason=entry.reason.strip(),
                    link=entry.link.strip(),
                    targets=where,
                    own=of_case.targets is not UNSET,
                    entry=number,
                    of=len(entry.signatures),
                    head=head or line,
                    line=line,
                )

    def _signature(self, text: str, line: int) -> Signature:
        parts = [part.strip() for part in text.split(",")]
        if len(parts) != 4 or not all(parts):
            raise self._wrong(line, f"{text!r} is no signature, which is 'CLAUSE, phase, field, kind'")
        clause, phase, place, kind = parts
        if clause not in registry():
            raise self._wrong(line, self._no_clause(clause))
        if registry()[clause].untestable:
            raise self._wrong(line, f"{clause} is never judged: {registry()[clause].untestable}")
        for name, word, choices in (("phase", phase, PHASES), ("kind", kind, KINDS)):
            if word not in choices:
                sentence = f"there is no {name} {word!r}; there are {', '.join(choices)}{near(word, choices)}"
                raise self._wrong(line, sentence)
        return Signature(clause, phase, place, kind)

    def _targets(self, texts: tuple[str, ...] | UnsetType, line: int) -> tuple[Condition, ...]:
        if isinstance(texts, UnsetType):
            return ()
        if not texts:
            raise self._wrong(line, "`targets` is empty, so this is never expected: remove it")
        return tuple(self._condition(text, line) for text in texts)

    def _condition(self, text: str, line: int) -> Condition:
        try:
            return Condition.parse(text)
        except ValueError as problem:
            raise self._wrong(line, str(problem)) from None

    def _check_once(self, known: Sequence[Known]) -> None:
        """Raise BaselineError if a signature is expected twice on any target."""
        for position, second in enumerate(known):
            for first in known[:position]:
                if first.signature == second.signature and _overlap(first, second):
                    raise _twice(self._path, first, second)

    def _no_clause(self, name: str) -> str:
        return f"there is no clause {name!r}{near(name, registry()) or '; docs/specification.md lists them'}"

    def _no_case(self, name: str) -> str:
        return f"there is no case {name!r}{near(name, self._ids, 0.8)}"

    def _wrong(self, line: int, sentence: str) -> BaselineError:
        return BaselineError(f"{self._path}:{line or 1}: {sentence}")


def _twice(path: Path, first: Known, second: Known) -> BaselineError:
    return BaselineError(f"{path}:{second.line}: {text_of(second.signature)} is expected in line {first.line} already")


@functools.lru_cache(maxsize=4096)
def _reached(targets: tuple[str, ...]) -> frozenset[tuple[str, str]]:
    """All targets, as name and release, that meet one of the conditions; the name is empty where none is given."""
    return frozenset(
        (condition.implementation, version)
        for condition in map(Condition.parse, targets)
        for version in _RELEASES
        if condition.versions.contains(version)
    )


def _overlap(first: Known, second: Known) -> bool:
    """True if there may be a target on which both are expected."""
    if not first.targets or not second.targets:
        return True
    reached = [_reached(tuple(condition.text for condition in known.targets)) for known in (first, second)]
    if reached[0] & reached[1]:
        return True
    # A condition without a name meets targets of every name.
    nameless = [{version for name, version in targets if not name} for targets in reached]
    versions = [{version for _, version in targets} for targets in reached]
    return bool(nameless[0] & versions[1] or nameless[1] & versions[0])


def _meets(clause: str, targets: Sequence[Condition]) -> bool:
    """True if a clause holds for any version of the targets."""
    if not targets or not registry()[clause].versions:
        return True
    return any(
        registry()[clause].holds(version)
        for condition in targets
        for version in _RELEASES
        if condition.versions.contains(version)
    )


class Places:
    """The lines in which the parts of a baseline stand, which TOML's readers do not give.

    headers: line and name of all tables, in order.
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
        """Note the table or the key in a line; return the table to which the next lines belong."""
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
    """The quotes of the text within which the next line begins; empty if it begins outside of texts."""
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
