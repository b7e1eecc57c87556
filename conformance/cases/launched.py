"""Cases of commands made of cases of calls: a command runs what a case runs by a function.

`python -m` runs what a fixture runs by `run_module`, and `python FILE` what a fixture or a case of a family runs by
`run_path`.

Rules. Nothing is written again: files, `sys.path` and requirements are those of the fixture, and only the program that
is run gets a statement by which it tells what it sees. A fixture whose steps do more than call, or whose modules call
the functions under test themselves, has no such case.

Theory of operation. A fixture qualifies if its only step is a call with a literal name or path and no initial globals.
The source of the module, or of the package's `__main__`, is found along the fixture's `path`, and that of a path where
the path leads; there is none if it is one that cannot be run. The telling is put before the first statement that is
neither a docstring nor an import from `__future__`, on the same line where that is possible. `note` of the module
`under_test` tells as well.
"""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .families import by_family
from .fixtures import fixtures, read
from .model import FAMILIES, FUNCTIONS, Case, Recipe, Step

FAMILY = f"{FAMILIES}/launched"
FAMILY_OF_PATHS = f"{FAMILIES}/launched_paths"
_TAKEN = "path_deeds"  # the family of which cases of commands are made
_TELL = "__import__('witness').tell()"
_SIMPLE = (ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Import, ast.ImportFrom, ast.Raise, ast.Pass)


def launched(root: Path) -> list[Case]:
    """The cases that run modules, made of the fixtures below `root` in the order of their ids. Raises CaseError."""
    return [made for path in fixtures(root) if (made := of_fixture(read(path, root))) is not None]


def launched_paths(root: Path) -> list[Case]:
    """The cases that run paths, made of fixtures and of a family below `root`. Raises CaseError."""
    cases = [read(path, root) for path in fixtures(root)]
    cases += [case for family, of_family in by_family(root) if family.id == _TAKEN for case in of_family]
    return [made for case in cases if (made := of_path(case)) is not None]


def of_path(case: Case) -> Case | None:
    """The case of a command that runs the path which a case of calls runs; None if there is none."""
    path = _argument_in(case, "run_path", "path_name")
    if path is None or not _is_fit(case) or not path.isprintable():
        return None
    files = dict(case.files)
    name = _file_behind(posixpath.normpath(path), files)
    entry, archive = next(((file, file) for file in files if name == file or name.startswith(f"{file}/")), (name, ""))
    inside = files.get(archive)
    if isinstance(inside, dict) and "zip" in inside:
        file = posixpath.join(name[len(archive) + 1 :], "__main__.py")
        files[archive] = {**inside, "zip": _with_telling(inside["zip"], (file, f"{file}c"))}
    else:
        files = _with_telling(files, (entry, f"{entry}/__main__.py", f"{entry}/__main__.pyc"))
    return Case(
        files=files,
        steps=(Step("command", {"command": [path, *case.argv[1:]]}),),
        path=case.path,
        requires=_requirements(case, path, files.get(entry)),
        id=f"{FAMILY_OF_PATHS}/{case.id.removeprefix(f'{FAMILIES}/').replace('/', '.')}",
        summary=case.summary,
        clauses=("S-AS-RUN-PATH",),
    )


def _requirements(case: Case, path: str, recipe: Recipe | None) -> tuple[str, ...]:
    """The requirements of the case of a command that runs a path, at which a file of this content lies.

    `run_path` knows a compiled file by its first bytes. That a command does so is a detail of CPython
    (S-COMPILED-BY-CONTENT).
    """
    is_compiled = isinstance(recipe, Mapping) and "pyc" in recipe
    return (*case.requires, "cpython") if is_compiled and not path.endswith(".pyc") else case.requires


def _file_behind(name: str, files: Mapping[str, Recipe]) -> str:
    """The file to which a name leads, through symbolic links of the world; the last link of those that lead nowhere."""
    passed = {name}
    while isinstance(recipe := files.get(name), Mapping) and "symlink" in recipe:
        name = posixpath.normpath(posixpath.join(posixpath.dirname(name), recipe["symlink"]))
        if name in passed:
            break
        passed.add(name)
    return name


def _with_telling(files: Mapping[str, Recipe], names: Sequence[str]) -> dict[str, Recipe]:
    """The files, the first of those with one of these names with the statement by which it tells what it sees."""
    file = next((name for name in names if name in files), None)
    return {name: (_telling(content) or content) if name == file else content for name, content in files.items()}


def _is_fit(case: Case) -> bool:
    """True if the files of a case of calls, and its `sys.path`, mean the same to a command."""
    texts = [str(content) for content in case.files.values()]
    return (
        bool(texts)
        and not case.is_of_commands
        and not any(entry.startswith("raw:") for entry in case.path)
        and not any("under_test" in text and name in text for text in texts for name in FUNCTIONS)
    )


def of_fixture(case: Case) -> Case | None:
    """The case of a command that runs the module which a fixture runs; None if there is none."""
    name = _argument_in(case, "run_module", "mod_name")
    if name is None or not _is_fit(case):
        return None
    files = dict(case.files)
    file = next(filter(None, (_file_of(case.files, entry, name) for entry in case.path)), None)
    if file is not None:
        files[file] = _telling(files[file]) or files[file]
    # The folder in which a command is run is the first entry of sys.path by itself.
    path = case.path[1:] if case.path[0] == "." else case.path
    return Case(
        files=files,
        steps=(Step("command", {"command": ["-m", name, *case.argv[1:]]}),),
        path=path,
        requires=case.requires,
        id=f"{FAMILY}/{case.id.replace('/', '.')}",
        summary=case.summary,
        clauses=("M-AS-RUN-MODULE",),
    )


def _argument_in(case: Case, function: str, parameter: str) -> str | None:
    """The name or the path with which the only step of a case calls a function under test."""
    if len(case.steps) != 1 or case.steps[0].kind != "call":
        return None
    call = ast.parse(str(case.steps[0].content), mode="eval").body
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.func.id != function:
        return None
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    name = call.args[0] if call.args else given.get(parameter)
    named = given.get("run_name", ast.Constant(""))
    if (
        not isinstance(name, ast.Constant)
        or not isinstance(name.value, str)
        or not isinstance(named, ast.Constant)
        or not isinstance(named.value, (str, type(None)))
        or "init_globals" in given
        or call.args[1:]
    ):
        return None
    return name.value if name.value and not name.value.startswith("-") else None


def _file_of(files: Mapping[str, Recipe], entry: str, name: str) -> str | None:
    """The file of the world, below an entry of `sys.path`, whose code runs if a module of that name is run."""
    stem = name.replace(".", "/")
    if entry != ".":
        stem = f"{entry}/{stem}"
    names = (f"{stem}/__main__.py", f"{stem}/__main__.pyc", f"{stem}.py", f"{stem}.pyc")
    if f"{stem}/__init__.py" in files or any(file.startswith(f"{stem}/") for file in files):
        names = names[:2] if any(file in files for file in names[:2]) else ()  # type: ignore[assignment]
    return next((file for file in names if file in files), None)


def _telling(recipe: Recipe) -> Recipe | None:
    """The file of a module with the statement by which it tells what it sees; None if that cannot be done."""
    if isinstance(recipe, str):
        return _with_statement(recipe)
    key = next((key for key in ("pyc", "text") if key in recipe), None)
    source = _with_statement(str(recipe[key])) if key else None
    if key is None or source is None:
        return None
    made: dict[str, Any] = {**recipe, key: source}
    return made


def _with_statement(source: str) -> str | None:
    """A module's source with the telling before its first statement. None if the source cannot be read."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError):
        return None
    first = next(filter(lambda statement: not _stands_first(statement, body), body), None)
    if first is None:
        return f"{source}\n{_TELL}\n" if source and not source.endswith("\n") else f"{source}{_TELL}\n"
    lines = source.splitlines(keepends=True)
    number, column = first.lineno - 1, first.col_offset
    if not isinstance(first, _SIMPLE):
        lines.insert(number, f"{_TELL}\n")
        return "".join(lines)
    line = lines[number].encode()
    lines[number] = f"{line[:column].decode()}{_TELL}; {line[column:].decode()}"
    return "".join(lines)


def _stands_first(statement: ast.stmt, body: list[ast.stmt]) -> bool:
    """True for a docstring, and for an import from `__future__`."""
    if isinstance(statement, ast.ImportFrom):
        return statement.module == "__future__"
    is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return is_text and statement is body[0] and isinstance(statement.value.value, str)  # type: ignore[attr-defined]
