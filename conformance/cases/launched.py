"""Cases of commands made of the fixtures: each runs by `python -m` what the fixture runs by `run_module`.

Rules. Nothing is written again: files, `sys.path` and requirements are those of the fixture, and only the module that
is run gets a statement by which it tells what it sees. A fixture whose steps do more than call, or whose modules call
`run_module` themselves, has no such case.

Theory of operation. A fixture qualifies if its only step is a call of `run_module` with a literal name and no initial
globals. The source of the module, or of the package's `__main__`, is found along the fixture's `path`; there is none if
the name is one that cannot be run. The telling is put before the first statement that is neither a docstring nor an
import from `__future__`, on the same line where that is possible. `note` of the module `under_test` tells as well.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .fixtures import fixtures, read
from .model import FAMILIES, Case, Recipe, Step

FAMILY = f"{FAMILIES}/launched"
_TELL = "__import__('witness').tell()"
_SIMPLE = (ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Import, ast.ImportFrom, ast.Raise, ast.Pass)


def launched(root: Path) -> list[Case]:
    """The cases made of the fixtures below `root`, in the order of their ids. Raises CaseError."""
    return [made for path in fixtures(root) if (made := of_fixture(read(path, root))) is not None]


def of_fixture(case: Case) -> Case | None:
    """The case of a command that runs what a fixture runs; None if there is none."""
    name = _name_in(case)
    if name is None or case.is_of_commands or any(entry.startswith("raw:") for entry in case.path):
        return None
    files = dict(case.files)
    if not files or any("under_test" in str(content) and "run_module" in str(content) for content in files.values()):
        return None
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


def _name_in(case: Case) -> str | None:
    """The name of the module that the only step of a case calls `run_module` with."""
    if len(case.steps) != 1 or case.steps[0].kind != "call":
        return None
    call = ast.parse(str(case.steps[0].content), mode="eval").body
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.func.id != "run_module":
        return None
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    name = call.args[0] if call.args else given.get("mod_name")
    if (
        not isinstance(name, ast.Constant)
        or not isinstance(name.value, str)
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
