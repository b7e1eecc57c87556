"""The model: a case is a world (files, sys.path, sys.argv) and the steps taken in it.

A case is plain data. This module does not know how a case is read, run or judged.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.version import Version

# The content of a file: its text, or a table with one of the forms in `fixture_file.RECIPES`, as the agent gets it.
Recipe = str | Mapping[str, Any]
FAMILIES = "families"  # the folder of the families' tables, and the chapter of their cases
SEARCH = "search"  # the chapter of drawn cases

FUNCTIONS = ("run_module", "run_path")  # the functions under test

# Each thing, beside a version, that a case can require of its target; the agent finds out which of them are there.
CAPABILITIES: Mapping[str, str] = {
    "fork": "processes can be forked",
    "symlinks": "files can be symbolic links, by a relative path",
    "absolute-symlinks": "files can be symbolic links, by an absolute path",
    "audit": "`sys.addaudithook` is there",
    "cpython": "the interpreter is CPython",
    "refcounting": "objects go as soon as nothing refers to them",
    "threads": "threads can be started",
    "umask": "the mask of new files can be set",
    "unicode": "names of files can hold any letter",
    "undecodable-names": "names of files need not be UTF-8",
    "zip": "modules can be imported from zip archives",
}
MODULE, PATH = "module", "path"  # the kinds of programs that a command runs
_WITH_VALUES = ("-W", "-X")  # interpreter options whose value is the next word
_OF_CPYTHON = frozenset(("cpython", "refcounting"))


def usual_capabilities(implementation: str) -> frozenset[str]:
    """The capabilities of "cpython", or of another implementation, on a platform that lacks nothing."""
    return frozenset(CAPABILITIES) - (frozenset() if implementation == "cpython" else _OF_CPYTHON)


def split_command(words: Sequence[str]) -> tuple[list[str], str, str, list[str]]:
    """The interpreter options of a command, the kind of program that it runs, the program, and the arguments.

    words: such as ["-O", "-m", "pkg", "argument"] or ["script.py", "argument"]. Raises ValueError if they name neither
    a module nor a path.
    """
    number = 0
    while number < len(words) and words[number].startswith("-") and words[number] != "-m":
        number += 2 if words[number] in _WITH_VALUES else 1
    options, rest = list(words[:number]), list(words[number:])
    if rest[:1] == ["-m"] and rest[1:]:
        return options, MODULE, rest[1], rest[2:]
    if rest and rest[0] != "-m":
        return options, PATH, rest[0], rest[1:]
    raise ValueError("the command names neither a module nor a path")


class CaseError(Exception):
    """Raised for a wrong fixture, or a wrong table of families: one sentence, which says what to do."""


@dataclass(frozen=True)
class Step:
    """One step, by its kind: `do` (statements), `call` (an expression), `write` (files changed in between), `command`.

    content: the source of a `do` or `call`; the files that are written; of a command, the table that the agent gets.
    """

    kind: str
    content: str | Mapping[str, Any]

    @property
    def files(self) -> Mapping[str, Recipe]:
        """The files that the step writes."""
        return self.content if self.kind == "write" and isinstance(self.content, Mapping) else {}

    def plain(self) -> dict[str, Any]:
        """The step as JSON data."""
        return {self.kind: self.content}


@dataclass(frozen=True)
class Case:
    """A world and the steps taken in it.

    files: the content of each file, by its path below the world's root. path: entries of sys.path, below the root.
    requires: capabilities of the target, and specifiers such as "python>=3.12". id: chapter and name, which for a
    fixture is its path. summary: the point in a sentence. clauses: ids of the clauses that the case shows, the point
    first. rows: for a case of a family, the rows that it combines, as "axis row".
    """

    files: Mapping[str, Recipe]
    steps: tuple[Step, ...]
    path: tuple[str, ...] = (".",)
    argv: tuple[str, ...] = ("prog",)
    requires: tuple[str, ...] = ()
    id: str = ""
    summary: str = ""
    clauses: tuple[str, ...] = field(default=())
    rows: tuple[str, ...] = field(default=(), compare=False)

    @property
    def is_of_commands(self) -> bool:
        """True if the case is one of commands, and not one of calls of the functions under test."""
        return any(step.kind == "command" for step in self.steps)

    @functools.cached_property
    def programs(self) -> frozenset[str]:
        """The kinds of programs that the commands of the case run: MODULE, PATH, both, or none."""
        tables = (step.content for step in self.steps if step.kind == "command" and isinstance(step.content, Mapping))
        return frozenset(split_command(table["command"])[1] for table in tables)

    @functools.cached_property
    def functions(self) -> frozenset[str]:
        """The functions under test that the case calls: "run_module", "run_path", or both."""
        text = str(self.plain())
        return frozenset(name for name in FUNCTIONS if name in text)

    @property
    def chapter(self) -> str:
        """The first part of the id."""
        return self.id.partition("/")[0]

    @property
    def family(self) -> str:
        """The id without its last part: "families/layouts" for a generated case."""
        return self.id.rpartition("/")[0]

    def plain(self) -> dict[str, Any]:
        """The data that the agent gets: the world and the steps, without id, summary and clauses."""
        return {
            "files": dict(self.files),
            "path": list(self.path),
            "argv": list(self.argv),
            "steps": [step.plain() for step in self.steps],
        }

    @functools.cached_property
    def digest(self) -> str:
        """A stable id of the content: cases with equal worlds and steps have equal digests."""
        text = json.dumps([self.plain(), sorted(self.requires)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @functools.cached_property
    def size(self) -> tuple[int, int]:
        """The size of the case to its reader: first the number of files and steps (recipes count twice), then the text.

        Requirements, an unusual `sys.argv`, and each entry of `sys.path` count as well.
        """
        count = len(self.steps) + len(self.requires) + (self.argv != ("prog",)) + len(self.path)
        for files in (self.files, *(step.files for step in self.steps)):
            for recipe in files.values():
                count += 1 if isinstance(recipe, str) else 2 + len(recipe.get("zip", ()))
        return count, len(str(self.plain()))

    def unmet(self, version: str, capabilities: frozenset[str]) -> str:
        """The first requirement that a target of this version does not meet, or an empty text; 3.15.0rc1 is 3.15.0."""
        for requirement in self.requires:
            if requirement.startswith("python"):
                if not SpecifierSet(requirement[len("python") :]).contains(Version(version).base_version):
                    return requirement
            elif requirement not in capabilities:
                return requirement
        return ""
