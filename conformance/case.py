"""The model: a case is a world (files, sys.path, sys.argv) and the steps taken in it.

Plain data. To and from TOML (a fixture, to be read by people) and JSON (the wire, to be read by the agent). Knows
nothing of pytest, of Hypothesis or of processes.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

Recipe = str | Mapping[str, Any]

FAMILIES = "families"  # the folder of their tables, and the chapter of their cases
SEARCH = "search"  # the chapter of what is drawn
CAPABILITIES = ("fork", "symlinks", "audit", "cpython", "refcounting", "threads", "unicode", "zip")
_RECIPES = {
    "pyc": {"for", "mode", "stale"},
    "zip": {"directories"},
    "bytes": set[str](),
    "symlink": set[str](),
    "text": {"mtime"},
    "delete": set[str](),
}
_FIXTURE_KEYS = {"summary", "clauses", "requires", "path", "argv", "call", "files", "steps"}


class CaseError(Exception):
    """A fixture is wrong: one sentence that says what, where, and what to do."""


@dataclass(frozen=True)
class Step:
    """One step: exactly one of `do` (statements), `call` (an expression), `write` (files changed in between)."""

    kind: str
    content: str | Mapping[str, Recipe]

    def plain(self) -> dict[str, Any]:
        """As JSON data."""
        return {self.kind: self.content}


@dataclass(frozen=True)
class Case:
    """A world and the steps taken in it.

    files: path below the world's root -> text or recipe. path: entries of sys.path, below the root. requires:
    capabilities and "python>=3.12"-like specifiers of the target. A fixture also has an id (its path, which is its
    chapter and name), a summary and the clauses that it shows, the point first.
    """

    files: Mapping[str, Recipe]
    steps: tuple[Step, ...]
    path: tuple[str, ...] = (".",)
    argv: tuple[str, ...] = ("prog",)
    requires: tuple[str, ...] = ()
    id: str = ""
    summary: str = ""
    clauses: tuple[str, ...] = field(default=())

    @property
    def chapter(self) -> str:
        """The first part of the id."""
        return self.id.partition("/")[0]

    @property
    def family(self) -> str:
        """The id without its last part: "families/layouts" for a generated case."""
        return self.id.rpartition("/")[0]

    def plain(self) -> dict[str, Any]:
        """What the agent gets: the world and the steps, without a name and without what they are to show."""
        return {
            "files": dict(self.files),
            "path": list(self.path),
            "argv": list(self.argv),
            "steps": [step.plain() for step in self.steps],
        }

    @functools.cached_property
    def digest(self) -> str:
        """A stable id of the content: equal worlds and steps have equal digests, whatever their names."""
        text = json.dumps([self.plain(), sorted(self.requires)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def unmet(self, version: str, capabilities: frozenset[str]) -> str:
        """The first requirement that a target does not meet, or an empty text."""
        for one in self.requires:
            if one.startswith("python"):
                if not SpecifierSet(one[len("python") :], prereleases=True).contains(version):
                    return one
            elif one not in capabilities:
                return one
        return ""


def read(path: Path, root: Path) -> Case:
    """The fixture in a TOML file below `root`. Raises CaseError."""
    name = path.relative_to(root).with_suffix("").as_posix()
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise CaseError(f"{path}: this is not TOML: {exc}") from None
    try:
        return from_plain(data, name)
    except CaseError as exc:
        raise CaseError(f"{path}: {exc}") from None


def from_plain(data: Mapping[str, Any], name: str) -> Case:
    """A case from a fixture's data. Raises CaseError."""
    unknown = data.keys() - _FIXTURE_KEYS
    if unknown:
        known = ", ".join(sorted(_FIXTURE_KEYS))
        raise CaseError(f"there is no key {sorted(unknown)[0]!r} in a fixture; the keys are {known}")
    if ("call" in data) == ("steps" in data):
        raise CaseError("give either `call` or `[[steps]]`")
    steps = [{"call": data["call"]}] if "call" in data else data["steps"]
    return Case(
        files=_files(data.get("files", {}), "files"),
        steps=tuple(_step(step, number) for number, step in enumerate(steps, 1)),
        path=tuple(_texts(data, "path", ["."])),
        argv=tuple(_texts(data, "argv", ["prog"])),
        requires=tuple(_requirement(one) for one in _texts(data, "requires", [])),
        id=name,
        summary=_text(data, "summary"),
        clauses=tuple(_texts(data, "clauses", [])),
    )


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key, "")
    if not isinstance(value, str):
        raise CaseError(f"`{key}` is a text, not {value!r}")
    return value


def _texts(data: Mapping[str, Any], key: str, default: list[str]) -> list[str]:
    value = data.get(key, default)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise CaseError(f"`{key}` is a list of texts, not {value!r}")
    return value


def _requirement(text: str) -> str:
    if text.startswith("python"):
        try:
            SpecifierSet(text[len("python") :])
        except InvalidSpecifier:
            raise CaseError(f"{text!r} in `requires` is no version specifier, such as python>=3.12") from None
    elif text not in CAPABILITIES:
        raise CaseError(f"there is nothing called {text!r} to require; there are {', '.join(CAPABILITIES)}")
    return text


def _step(step: Mapping[str, Any], number: int) -> Step:
    if len(step) != 1 or not step.keys() <= {"do", "call", "write"}:
        raise CaseError(f"step {number} has exactly one of `do`, `call`, `write`")
    ((kind, content),) = step.items()
    if kind == "write":
        return Step(kind, _files(content, f"step {number}"))
    try:
        # The driver's own grammar: what is newer than that belongs into the files of the world.
        ast.parse(content, mode="eval" if kind == "call" else "exec")
    except SyntaxError as exc:
        raise CaseError(f"step {number}: `{kind}` does not parse: {exc.msg} in line {exc.lineno}") from None
    return Step(kind, content)


def _files(files: Any, where: str) -> Mapping[str, Recipe]:
    if not isinstance(files, dict):
        raise CaseError(f"{where}: a table of files is needed")
    for name, recipe in files.items():
        _check_recipe(name, recipe, where)
    return files


def _check_recipe(name: str, recipe: Any, where: str) -> None:
    if name.startswith("/") or ".." in name.split("/"):
        raise CaseError(f"{where}: the file {name!r} lies outside of the world")
    if isinstance(recipe, str):
        return
    kinds = [kind for kind in _RECIPES if isinstance(recipe, dict) and kind in recipe]
    if len(kinds) != 1:
        raise CaseError(f"{where}: {name!r} is a text or a recipe with one of {', '.join(_RECIPES)}")
    unknown = recipe.keys() - _RECIPES[kinds[0]] - {kinds[0]}
    if unknown:
        raise CaseError(f"{where}: {name!r}: there is no {sorted(unknown)[0]!r} in a {kinds[0]} recipe")
    if kinds[0] == "zip":
        for inner, content in recipe["zip"].items():
            _check_recipe(inner, content, f"{where}: {name}")


def fixtures(root: Path) -> Iterator[Path]:
    """The files of all fixtures below `root`, in the order of their ids; the tables of the families are none."""
    return (path for path in sorted(root.glob("*/*.toml")) if path.parent.name != FAMILIES)
