"""The form of a fixture's file: its keys, its steps and its recipes, each with what it may hold.

Rules. This module describes the data as it stands in a file; the case that the data makes is a `model.Case`. It opens
no file, and does not know what the target makes of a recipe.

Theory of operation. Each kind of table is a type. From the types come the check of a fixture, the sentences about a
mistake, and the JSON Schema for editors. Of a recipe and of a step, the first key says which type is meant ("pyc" or
"zip", "do" or "call"), which msgspec has no word for: so `check_files` and `check_step` choose the type, and
`any_of` says the same to the schema. The other functions check what types cannot say.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import UNSET, UnsetType, field
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from ..checked import Table, WrongData, any_of, checked, form, near, says, unknown_key
from .model import CAPABILITIES, CaseError, split_command

Texts = tuple[str, ...]


# -- recipes: files for which a text will not do ---------------------------------------------------------------


class Compiled(Table, frozen=True):
    """A compiled file, made by the target."""

    noun = "pyc recipe"

    pyc: Annotated[str, says("the source that is compiled")]
    source: Annotated[str, says("the file from which the code says that it comes")] = field(name="for", default="")
    mode: Annotated[
        Literal["timestamp", "checked-hash", "unchecked-hash"], says("by what it is checked against its source")
    ] = "timestamp"
    stale: Annotated[bool, says("the source has changed since")] = False


class Archive(Table, frozen=True):
    """A zip archive."""

    noun = "zip recipe"

    zip: Annotated[
        dict[str, Annotated[Any, any_of(str, "Compiled", "Archive", "Bytes", "Dated")]],
        form("a table of files"),
        says("its files"),
    ]
    directories: Annotated[bool, says("folders have entries of their own")] = False


class Bytes(Table, frozen=True):
    """A file of any bytes."""

    noun = "bytes recipe"

    bytes: Annotated[str, says(r"its bytes, with Python's escapes: latin-1, \x00")]


class Link(Table, frozen=True):
    """A symbolic link."""

    noun = "symlink recipe"

    symlink: Annotated[str, says("where the link leads, seen from its own folder")]


class Dated(Table, frozen=True):
    """A file with a time of its own."""

    noun = "text recipe"

    text: str
    mtime: Annotated[int, says("when it was changed, in seconds since 1970")] = 0


class Deleted(Table, frozen=True):
    """A file that is removed; in a `write` step."""

    noun = "delete recipe"

    delete: Literal[True]


RECIPES: Mapping[str, type[Table]] = {
    "pyc": Compiled,
    "zip": Archive,
    "bytes": Bytes,
    "symlink": Link,
    "text": Dated,
    "delete": Deleted,
}
IN_ARCHIVES = {key: kind for key, kind in RECIPES.items() if kind not in (Link, Deleted)}
AnyFile = Annotated[Any, any_of(str, *RECIPES.values())]
Files = Annotated[dict[str, AnyFile], form("a table of files")]


# -- steps -----------------------------------------------------------------------------------------------------


class Do(Table, frozen=True):
    """A step of statements."""

    noun = "step"

    do: Annotated[str, says("statements; names that they bind are there in all later steps")]


class Call(Table, frozen=True):
    """A step that calls; binds `result`, or `error`."""

    noun = "step"

    call: Annotated[str, says("an expression: the call of run_module")]


class Write(Table, frozen=True):
    """A step that changes files."""

    noun = "step"

    write: Annotated[Files, says("files that are written, or removed")]


class Command(Table, frozen=True):
    """A step that runs a module or a path by a command, as `python -m NAME` and `python FILE` do."""

    noun = "step"

    command: Annotated[
        Texts,
        says('what follows the interpreter: its options; "-m" and the name of a module, or a path; the arguments'),
    ]
    stdin: Annotated[str, says("the text on standard input")] = ""
    variables: Annotated[dict[str, str], form("a table of texts"), says("variables of the environment")] = field(
        default_factory=dict
    )
    folder: Annotated[str, says("the current folder, below the root of the world")] = "."


STEPS: Mapping[str, type[Table]] = {"do": Do, "call": Call, "write": Write, "command": Command}
# The keys of a step, and those that stand beside the first of them.
BESIDE = {"command": ("stdin", "variables", "folder")}
AnyStep = Annotated[Any, any_of(*STEPS.values())]


# -- the whole -------------------------------------------------------------------------------------------------


class FixtureFile(Table, frozen=True):
    """A fixture: a small world and a call in it. One fixture, one point."""

    noun = "fixture"

    summary: Annotated[str, says("the point, in one sentence without a full stop")] = ""
    clauses: Annotated[Texts, says("ids of the clauses that it shows, the point first")] = ()
    requires: Annotated[
        Texts, says(f"python and a version specifier, such as python>=3.9, or one of {', '.join(CAPABILITIES)}")
    ] = ()
    path: Annotated[
        Texts | UnsetType, says("sys.path, below the root of the world (default: the root); of a command, PYTHONPATH")
    ] = UNSET
    argv: Annotated[Texts, says("sys.argv")] = ("prog",)
    call: Annotated[str | UnsetType, says("the only step: an expression, the call of run_module")] = UNSET
    command: Annotated[Texts | UnsetType, says("the only step: the command, without python")] = UNSET
    stdin: Annotated[str | UnsetType, says("beside `command`: the text on standard input")] = UNSET
    variables: Annotated[
        dict[str, str] | UnsetType, form("a table of texts"), says("beside `command`: variables of the environment")
    ] = UNSET
    folder: Annotated[str | UnsetType, says("beside `command`: the current folder, below the root")] = UNSET
    files: Annotated[Files, says("the files of the world: a text, or a recipe")] = field(default_factory=dict)
    steps: Annotated[
        tuple[AnyStep, ...] | UnsetType, form("a list of steps, each written [[steps]]"), says("the steps, in order")
    ] = UNSET

    def __post_init__(self) -> None:
        """Check what types cannot say. Raises ValueError."""
        if sum(given is not UNSET for given in (self.call, self.command, self.steps)) != 1:
            raise ValueError("give either `call`, `command` or `[[steps]]`")
        alone = next((key for key in BESIDE["command"] if getattr(self, key) is not UNSET), "")
        if alone and self.command is UNSET:
            raise ValueError(f"`{alone}` stands beside `command`")


# All types to which the schema of a fixture refers by name.
NAMED = (*RECIPES.values(), *STEPS.values())


def check_files(files: Mapping[str, Any], where: str, recipes: Mapping[str, type[Table]] = RECIPES) -> None:
    """Check files of a world: their names and recipes. where: how a sentence about them begins. Raises CaseError."""
    for name, recipe in files.items():
        if name.startswith("/") or ".." in name.split("/"):
            raise CaseError(f"{where}: the file {name!r} lies outside of the world")
        if isinstance(recipe, str):
            continue
        keys = list(recipe) if isinstance(recipe, dict) else []
        kinds = [key for key in keys if key in recipes]
        if len(kinds) != 1:
            hint = next(filter(None, (near(key, recipes) for key in keys)), "") if not kinds else ""
            raise CaseError(f"{where}: {name!r} is a text or a recipe with one of {', '.join(recipes)}{hint}")
        try:
            checked(recipe, recipes[kinds[0]])
        except WrongData as problem:
            raise CaseError(f"{where}: {name!r}: {problem}") from None
        if kinds[0] == "zip":
            check_files(recipe["zip"], f"{where}: {name!r}", IN_ARCHIVES)


def check_step(step: Any, where: str) -> str:
    """The kind of a step, once its keys and its files are checked. Raises CaseError."""
    keys: list[str] = list(step) if isinstance(step, dict) else []
    kinds = [key for key in keys if key in STEPS]
    known = {*STEPS, *(key for kind in kinds for key in BESIDE.get(kind, ()))}
    for key in keys:
        if key not in known:
            raise CaseError(f"{where}: {unknown_key(key, 'step', known)}")
    if len(kinds) != 1:
        raise CaseError(f"{where} has exactly one of {', '.join(f'`{kind}`' for kind in STEPS)}")
    try:
        checked(step, STEPS[kinds[0]])
    except WrongData as problem:
        raise CaseError(f"{where}: {problem}") from None
    if kinds[0] == "write":
        check_files(step["write"], where)
    elif kinds[0] == "command":
        check_command(step, where)
    return kinds[0]


def check_command(step: Mapping[str, Any], where: str) -> None:
    """Check the words of a command, and its folder. Raises CaseError."""
    try:
        split_command(step["command"])
    except ValueError:
        raise CaseError(
            f'{where}: `command` is a list such as ["-m", "pkg.mod", "argument"] or ["script.py", "argument"]'
        ) from None
    folder = step.get("folder", ".")
    if folder.startswith("/") or ".." in folder.split("/"):
        raise CaseError(f"{where}: the folder {folder!r} lies outside of the world")


def check_source(kind: str, source: str, where: str) -> None:
    """Check that a step is Python: the driver's own, for newer syntax belongs into files. Raises CaseError."""
    try:
        ast.parse(source, mode="eval" if kind == "call" else "exec")
    except SyntaxError as problem:
        raise CaseError(f"{where}: `{kind}` does not parse: {problem.msg} in line {problem.lineno}") from None
    except ValueError as problem:  # of a NUL, up to Python 3.11, and of half of a surrogate pair
        raise CaseError(f"{where}: `{kind}` does not parse: {problem}") from None


def check_requirement(text: str) -> None:
    """Check what a case requires: a capability, or "python" with a version specifier. Raises CaseError."""
    if text.startswith("python"):
        try:
            SpecifierSet(text[len("python") :])
        except InvalidSpecifier:
            raise CaseError(f"{text!r} in `requires` is no version specifier, such as python>=3.12") from None
    elif text not in CAPABILITIES:
        known = ", ".join(CAPABILITIES)
        raise CaseError(f"there is nothing called {text!r} to require; there are {known}{near(text, CAPABILITIES)}")
