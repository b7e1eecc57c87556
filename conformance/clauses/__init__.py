"""The registry of clauses: what `run_module` does, one normative statement at a time.

Rules. This module owns ids, levels, the versions for which a statement holds, its source, and the fields of an
observation in which a breach of it shows. It does not know how a case is run, or how two observations are compared.

Theory of operation. One TOML file for each chapter lies beside this module; `ClauseEntry` says what such a file may
hold, and `load` reads all of them into one mapping, which nobody changes. The judge asks a clause two things: does it
hold for this version (`holds`), and may this difference be a breach of it (`owns`)?

Beside it lie the other tables of this room: `ledger` (what the releases of CPython have changed), `natures` (what an
interpreter does in its own way, by its nature), `effects` (the rows of which both consist), `pythons` (the targets).
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from ..checked import Table, checked_file, form, says
from . import pythons

HERE = Path(__file__).resolve().parent

CHAPTERS = {
    "calling_convention": "Calling convention",
    "finding_modules": "Finding modules and parents",
    "unrunnable_names": "Names that cannot be run",
    "packages": "Packages and __main__",
    "namespace_packages": "Namespace packages",
    "loaders": "Loaders and code",
    "module_names": "Names given to the module",
    "initial_globals": "Initial globals",
    "returned_namespace": "The returned namespace",
    "altering_sys": "Altering sys",
    "exceptions": "Exceptions",
    "warnings": "Warnings",
    "nesting": "Nesting and re-entry",
    "threads": "Threads",
    "real_programs": "What real programs see",
    "path_targets": "run_path: what is run",
    "path_namespace": "run_path: names and special globals",
    "path_sys": "run_path: sys.path, sys.argv and sys.modules",
    "path_errors": "run_path: what cannot be run",
    "m_program": "python -m: the program as __main__",
    "m_arguments": "python -m: arguments and sys.path",
    "m_ending": "python -m: how the program ends",
    "m_refusals": "python -m: names that cannot be run",
    "m_options": "python -m: interpreter options",
    "m_as_run_module": "python -m: as run_module does",
    "s_program": "python FILE: the script as __main__",
    "s_arguments": "python FILE: arguments, sys.path and options",
    "s_entries": "python FOLDER and python FILE.zip",
    "s_ending": "python FILE: how the program ends, and what cannot be run",
    "s_as_run_path": "python FILE: as run_path does",
}

# The kinds of things that chapters are about: calls of the functions under test, commands that run a module as
# `python -m` does, and commands that run a path as `python FILE` does.
CALLS, MODULE, PATH = "calls", "module", "path"


def kind_of(chapter: str) -> str:
    """The kind of thing that a chapter is about."""
    return {"m_": MODULE, "s_": PATH}.get(chapter[:2], CALLS)


CHAPTERS_OF_COMMANDS = tuple(chapter for chapter in CHAPTERS if kind_of(chapter) != CALLS)
# The chapter that says what programs come to see of the clauses of all other chapters.
CONSEQUENCES = "real_programs"
# The clauses about runs of one of the two functions inside those of the other.
OF_BOTH_FUNCTIONS = frozenset(("P-MODULE-IN-PATH", "P-PATH-IN-MODULE"))

# Fields that the code of a fixture fills by itself: a difference in them belongs to whatever the fixture is about.
FREE_FIELDS = (
    *("note", "names", "result.values", "entry.globals", "exit.globals", "stdout", "crash", "hang"),
    *("program.told", "process.stdout"),
)


Texts = tuple[str, ...]
LevelName = Literal["documented", "compat", "exact"]


class Level(enum.IntEnum):
    """The firmness with which a clause is promised; a lower level is firmer."""

    DOCUMENTED = 1
    COMPAT = 2
    EXACT = 3

    def __str__(self) -> str:
        return self.name.lower()

    @classmethod
    def parse(cls, text: str) -> Level:
        """The level of that name. Raises ValueError."""
        try:
            return cls[text.upper()]
        except KeyError:
            raise ValueError(f"there is no level {text!r}; the levels are documented, compat, exact") from None


class RegistryError(Exception):
    """Raised for a wrong file of clauses: one sentence, which says where, and what to do."""


@dataclass(frozen=True)
class Clause:
    """One normative statement.

    versions, unsure: alternative version specifiers. Without versions the clause holds for every version; unsure are
    micro releases for which nobody has shown whether it holds. untestable: the reason why the clause is listed and
    never judged; empty for a clause that is judged.
    """

    id: str
    chapter: str
    level: Level
    statement: str
    source: str
    versions: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    untestable: str = ""

    def holds(self, version: str) -> bool:
        """True if the statement is made for this version of the language, such as "3.13.0"; "3.15.0rc1" is 3.15.0."""
        return not self.versions or _matches(self.versions + self.unsure, version)

    @property
    def is_consequence(self) -> bool:
        """True if the clause only says what follows for programs from other clauses: it never breaks alone."""
        return self.chapter == CONSEQUENCES

    @property
    def is_of_path(self) -> bool:
        """True if the clause is about `run_path`, and not about `run_module`."""
        return self.chapter.startswith("path_")

    def is_unsure(self, version: str) -> bool:
        """True if nobody has shown whether the clause holds for this release."""
        return _matches(self.unsure, version)

    def changes_within(self, language: str) -> bool:
        """True if a micro release of this version of the language ("3.11") has changed the clause, or may have."""
        if not self.versions:
            return False
        releases = [f"{language}.{micro}" for micro in pythons.MICROS]
        return len({self.holds(release) for release in releases}) > 1 or any(map(self.is_unsure, releases))

    def owns(self, field: str, kind: str) -> bool:
        """True if a difference of this kind in this field of an observation may be a breach of this clause.

        A pattern stands for every kind of difference, unless the pattern ends in a kind: "entry.__file__:missing". A
        pattern with a wildcard does not cover that a special global is missing, or extra, and "entry.*" covers neither
        the order of the keys nor the state of the interpreter: these show in every case, and have clauses of their own.
        """
        return _owns(self.fields, field, kind)


# Fields that no pattern such as "entry.*" covers.
_EVERYWHERE = ("entry.order", "entry.state", "exit.state", "result.order")


@functools.lru_cache(maxsize=1 << 14)
def _owns(fields: tuple[str, ...], field: str, kind: str) -> bool:
    special = kind in ("missing", "extra") and ".__" in field
    everywhere = field in _EVERYWHERE
    patterns = (
        pattern
        for pattern in fields
        if not (special and "*" in pattern) and not (everywhere and pattern.endswith(".*"))
    )
    return any(fnmatchcase(field, pattern) or fnmatchcase(f"{field}:{kind}", pattern) for pattern in patterns)


@functools.lru_cache(maxsize=4096)
def _matches(specifiers: tuple[str, ...], version: str) -> bool:
    release = Version(version).base_version
    return any(SpecifierSet(specifier).contains(release) for specifier in specifiers)


class ClauseEntry(Table, frozen=True):
    """One normative statement of what `run_module` does."""

    noun = "clause"

    id: Annotated[str, says("an id that will never change, in capitals: ARGV-RESTORED")]
    level: Annotated[LevelName, says("how firmly the statement is promised")]
    statement: Annotated[str, says("the statement, in one sentence")]
    source: Annotated[str, says("where it is promised, or on which releases it was observed")]
    versions: Annotated[Texts, says("alternative version specifiers: the releases for which it holds")] = ()
    unsure: Annotated[Texts, says("specifiers of releases for which nobody has shown whether it holds")] = ()
    fields: Annotated[Texts, says("patterns for the fields of an observation in which a breach of it shows")] = ()
    untestable: Annotated[str, says("why it is never judged; instead of fields")] = ""

    def __post_init__(self) -> None:
        """Check what types cannot say. Raises ValueError."""
        for specifier in self.versions + self.unsure:
            check_specifier(specifier)
        if bool(self.fields) == bool(self.untestable):
            raise ValueError("give either the fields that show it, or why it is untestable")


class Chapter(Table, frozen=True):
    """A file of clauses: one chapter of the specification."""

    noun = "chapter"

    clause: Annotated[tuple[ClauseEntry, ...], form("a list of clauses, each written [[clause]]")] = ()


def check_specifier(text: str) -> None:
    """Check a version specifier, such as ">=3.12,<3.14". Raises ValueError."""
    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        raise ValueError(f"{text!r} is no version specifier, such as >=3.12 or ==3.14.*,>=3.14.5") from None


def load(folder: Path = HERE) -> Mapping[str, Clause]:
    """All clauses by id, in the order of chapters and files. Raises RegistryError."""
    found: dict[str, Clause] = {}
    for chapter in CHAPTERS:
        path = folder / f"{chapter}.toml"
        try:
            entries = checked_file(path, Chapter, RegistryError).clause
        except FileNotFoundError:
            raise RegistryError(f"{path}: the chapter has no file of clauses") from None
        for entry in entries:
            if entry.id in found:
                raise RegistryError(f"{path}: the clause {entry.id} is defined twice")
            found[entry.id] = Clause(
                id=entry.id,
                chapter=chapter,
                level=Level.parse(entry.level),
                statement=entry.statement,
                source=entry.source,
                versions=entry.versions,
                unsure=entry.unsure,
                fields=entry.fields,
                untestable=entry.untestable,
            )
    return found


@functools.cache
def registry() -> Mapping[str, Clause]:
    """The project's own clauses by id; read once in a process."""
    return load()
