"""The registry of clauses: what `run_module` does, one normative statement at a time.

One TOML file a chapter lies beside this module. What belongs here: ids, levels, the versions for which a statement
holds, its source, and the fields of an observation in which a breach of it shows. How anything is run does not.
"""

from __future__ import annotations

import enum
import functools
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet

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
    "real_programs": "What real programs see",
}

# This one says what programs come to see of all the others.
CONSEQUENCES = "real_programs"

# Fields in which the world speaks for itself: they belong to whatever a fixture is about.
FREE_FIELDS = ("note", "names", "result.values", "entry.globals", "exit.globals", "stdout", "crash", "hang")


class Level(enum.IntEnum):
    """How firmly a clause is promised; a lower one is firmer."""

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
    """A clause file is wrong: the sentence says where, and what to do."""


@dataclass(frozen=True)
class Clause:
    """One normative statement.

    `versions` and `unsure` are alternatives of version specifiers (packaging's); an empty `versions` is every
    version, and `unsure` holds micro releases between which a boundary lies that nobody has shown. A clause with
    `untestable` is listed with that reason and never judged.
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
        """Whether the statement is made for this version of the language, such as "3.13.0"."""
        return not self.versions or _matches(self.versions + self.unsure, version)

    @property
    def is_consequence(self) -> bool:
        """Whether it says what follows for programs from other clauses, and so is broken only beside one of those."""
        return self.chapter == CONSEQUENCES

    def is_unsure(self, version: str) -> bool:
        """Whether this release lies where the boundary is not known."""
        return _matches(self.unsure, version)

    def owns(self, field: str, kind: str) -> bool:
        """Whether a difference of this kind in this field of an observation may be a breach of this clause.

        A pattern stands for every kind of difference, unless it ends in one: "entry.__file__:missing". One with a
        wildcard leaves out whether a special global is there at all: that shows in every case, and has its own clauses.
        """
        special = kind in ("missing", "extra") and ".__" in field
        patterns = (one for one in self.fields if not (special and "*" in one))
        return any(fnmatchcase(field, one) or fnmatchcase(f"{field}:{kind}", one) for one in patterns)


@functools.lru_cache(maxsize=4096)
def _matches(specifiers: tuple[str, ...], version: str) -> bool:
    return any(SpecifierSet(one, prereleases=True).contains(version) for one in specifiers)


_KEYS = {"id", "level", "statement", "source", "versions", "unsure", "fields", "untestable"}


def load(folder: Path = HERE) -> Mapping[str, Clause]:
    """All clauses by id, in the order of chapters and files. Raises RegistryError."""
    found: dict[str, Clause] = {}
    for chapter in CHAPTERS:
        path = folder / f"{chapter}.toml"
        try:
            entries = tomllib.loads(path.read_text(encoding="utf-8")).get("clause", [])
        except FileNotFoundError:
            raise RegistryError(f"{path}: the chapter has no file of clauses") from None
        except tomllib.TOMLDecodeError as exc:
            raise RegistryError(f"{path}: {exc}") from None
        for entry in entries:
            clause = _clause(path, chapter, entry)
            if clause.id in found:
                raise RegistryError(f"{path}: the clause {clause.id} is defined twice")
            found[clause.id] = clause
    return found


def _clause(path: Path, chapter: str, entry: dict[str, object]) -> Clause:
    name = entry.get("id", "(without id)")
    unknown = entry.keys() - _KEYS
    missing = {"id", "level", "statement", "source"} - entry.keys()
    if unknown or missing:
        wrong = f"unknown key {sorted(unknown)[0]!r}" if unknown else f"no {sorted(missing)[0]!r}"
        raise RegistryError(f"{path}: clause {name}: {wrong}")
    try:
        level = Level.parse(str(entry["level"]))
        versions, unsure = (_texts(entry.get(key, [])) for key in ("versions", "unsure"))
        for specifier in versions + unsure:
            SpecifierSet(specifier)
    except (ValueError, InvalidSpecifier) as exc:
        raise RegistryError(f"{path}: clause {name}: {exc}") from None
    fields = _texts(entry.get("fields", []))
    untestable = str(entry.get("untestable", ""))
    if bool(fields) == bool(untestable):
        raise RegistryError(f"{path}: clause {name}: give either the fields that show it, or why it is untestable")
    return Clause(
        id=str(entry["id"]),
        chapter=chapter,
        level=level,
        statement=str(entry["statement"]),
        source=str(entry["source"]),
        versions=versions,
        unsure=unsure,
        fields=fields,
        untestable=untestable,
    )


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, Iterable) or isinstance(value, str):
        raise ValueError(f"{value!r} is not a list of texts")
    return tuple(str(one) for one in value)


@functools.cache
def registry() -> Mapping[str, Clause]:
    """The project's own clauses by id; read once."""
    return load()
