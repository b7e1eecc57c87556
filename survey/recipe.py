"""Recipes: each describes one implementation by other people, as data in survey/recipes/NAME.toml.

Rules. Reads and checks recipes; installs and runs nothing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Literal, get_args

import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet

HERE = Path(__file__).resolve().parent
RECIPES = HERE / "recipes"
CHECKS = HERE / "checks"
REPORTS = HERE / "findings"

Verdict = Literal["fault", "choice", "ours", "detail"]
VERDICTS: Sequence[Verdict] = get_args(Verdict)
Origin = Literal["PyPI", "standard library", "interpreter"]


class RecipeError(Exception):
    """Raised for a recipe that cannot be read or contradicts itself; the text names the file and says what is wrong."""


class Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Divergences that have one reason, and the verdict on them.

    clauses: those that diverge; the first one names the entry, and its case is shown. verdict: `fault` breaks
    what the implementation says of itself, `choice` does not, `ours` is a fault of the suite, and a `detail` is at the
    level exact, on which nobody has an opinion. source: of a fault the promise, of a choice the reason. versions: of
    Python, as in the registry; empty means all.
    """

    clauses: tuple[str, ...]
    verdict: Verdict
    why: str
    source: str = ""
    versions: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The clause that names the entry."""
        return self.clauses[0]

    def holds(self, version: str) -> bool:
        """True if the divergences are expected on a version of Python."""
        return not self.versions or any(SpecifierSet(versions).contains(version) for versions in self.versions)


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One implementation: where it comes from, how it is judged, and what is expected of it.

    title: its name on the page. install: what is installed, with pinned versions. targets: the Pythons on which it is
    judged, such as `3.14`; the checks by hand use the first. impl, command, interpreter: exactly one of them is given:
    an adapter in survey/recipes/, a command as for --command, or an interpreter, where `{python}` stands for that of
    the environment. setup: a script in survey/recipes/ that the environment's Python runs once, after the installation.
    cases: the only cases that are tried; empty means all. part_of: the recipe of the same program, if the program is
    judged in two ways. promise: what the implementation says that it does, with its source. unclaimed: what it does not
    claim to do. notes: what else a reader should know. date: the day on which the recipe was last reviewed.
    """

    title: str
    upstream: str
    origin: Origin
    targets: tuple[str, ...]
    promise: str
    date: date
    install: tuple[str, ...] = ()
    impl: str = ""
    command: str = ""
    interpreter: str = ""
    setup: str = ""
    cases: tuple[str, ...] = ()
    part_of: str = ""
    unclaimed: str = ""
    notes: str = ""
    expected: tuple[Expected, ...] = ()
    name: str = ""

    @property
    def kind(self) -> str:
        """The kind of candidate: function, command or interpreter."""
        return "function" if self.impl else "command" if self.command else "interpreter"

    def reasons(self, version: str) -> dict[str, Expected]:
        """The clauses that are expected to diverge on a version of Python, each with its entry."""
        return {clause: entry for entry in self.expected if entry.holds(version) for clause in entry.clauses}

    def count(self, verdict: Verdict) -> int:
        """The number of entries with a verdict."""
        return sum(entry.verdict == verdict for entry in self.expected)


def names() -> list[str]:
    """The names of all recipes."""
    return sorted(path.stem for path in RECIPES.glob("*.toml"))


def recipes() -> Mapping[str, Recipe]:
    """All recipes by name. Raises RecipeError."""
    return {name: read(name) for name in names()}


def read(name: str) -> Recipe:
    """The recipe of this name. Raises RecipeError."""
    path = RECIPES / f"{name}.toml"
    try:
        recipe = msgspec.convert({**tomllib.loads(path.read_text(encoding="utf-8")), "name": name}, Recipe)
        _check(recipe)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError, InvalidSpecifier, RecipeError) as problem:
        raise RecipeError(f"survey/recipes/{name}.toml: {problem}") from None
    return recipe


def _check(recipe: Recipe) -> None:
    """Make sure that a recipe does not contradict itself. Raises RecipeError, InvalidSpecifier."""
    if len([way for way in (recipe.impl, recipe.command, recipe.interpreter) if way]) != 1:
        raise RecipeError("give one of `impl`, `command` and `interpreter`")
    if not recipe.targets:
        raise RecipeError("give at least one target")
    for requirement in recipe.install:
        if "==" not in requirement:
            raise RecipeError(f"pin the version of {requirement!r}, as in `coverage==7.17.5`")
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for entry in recipe.expected:
        entry.holds("3.8.0")
        if not entry.clauses:
            raise RecipeError("an entry of `expected` names no clause")
        if entry.verdict in ("fault", "choice") and not entry.source:
            raise RecipeError(f"{entry.name}: a {entry.verdict} needs a `source`")
        for clause in entry.clauses:
            if (clause, entry.versions) in seen:
                raise RecipeError(f"{clause} is expected twice")
            seen.add((clause, entry.versions))
