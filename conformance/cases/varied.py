"""Cases made of fixtures: the calls of a fixture are made in a circumstance, or with an argument more.

An implementation may keep a promise in general, and break it in a thread, or if initial globals are given.

Rules. Nothing is written again: files, steps and clauses are those of the fixture, and what is added is a row of the
axes `circumstance` and `variation` of the tables. A fixture whose calls bind names (`:=`) has no such case, since a
call in a circumstance is made in a function; nor has one about threads, which has a circumstance of its own. Nor is
there one where a call has the argument already, or cannot have it.

Theory of operation. A row of a circumstance defines a function `here`, which makes the call that it is given. One of a
variation may do the same, or name a keyword argument that each call of a function under test gets.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from .families.tables import Row, rows
from .fixtures import fixtures, read
from .model import FAMILIES, Case, Step

NAME = "varied"
FAMILY = f"{FAMILIES}/{NAME}"
SUMMARY = "Each fixture in each circumstance, and with each argument more that its calls can have"
_AXES = "circumstance", "variation"
_THREADS = "threads"  # the chapter whose fixtures start threads; one that fails prints the implementation's frames
_ARGUMENT = "argument"  # the value of a row that names a keyword argument
_PARAMETERS = {
    "run_module": ("mod_name", "init_globals", "run_name", "alter_sys"),
    "run_path": ("path_name", "init_globals", "run_name"),
}


def varied(root: Path, is_wanted: Callable[[str], bool] = lambda name: True) -> Iterator[Case]:
    """The cases made of the fixtures below `root`, in the order of their ids. Raises CaseError.

    is_wanted: false for the id of a case that need not be made.
    """
    known = rows(root / FAMILIES, *_AXES)
    for path in fixtures(root):
        start = f"{FAMILY}/{'.'.join(path.relative_to(root).with_suffix('').parts)}"
        wanted = [(name, row) for row in known if is_wanted(name := f"{start}.{row.id}")]
        if wanted:
            fixture = read(path, root)
            made = (_of_fixture(fixture, row, name) for name, row in wanted)
            yield from (case for case in made if case is not None)


def _of_fixture(fixture: Case, row: Row, name: str) -> Case | None:
    """The case that a row makes of a fixture; None if there is none. name: its id."""
    if fixture.chapter == _THREADS or not any(step.kind == "call" for step in fixture.steps):
        return None
    steps = [_varied(step, row) for step in fixture.steps]
    if any(step is None for step in steps):
        return None
    before = [Step(*part) for added in row.steps.get("before", ()) for part in added.items()]
    return replace(
        fixture,
        files={**fixture.files, **{f"beside/{file}": recipe for file, recipe in row.beside.items()}},
        steps=(*before, *(step for step in steps if step is not None)),
        path=(*fixture.path, *(["beside"] if row.beside else [])),
        requires=tuple(dict.fromkeys((*fixture.requires, *row.requires))),
        id=name,
        summary=f"{fixture.summary}, {row.says}",
        rows=(f"{row.axis} {row.id}",),
    )


def _varied(step: Step, row: Row) -> Step | None:
    """A step with its calls as the row has them; None if it calls nothing in that way."""
    if step.kind != "call":
        return step
    source = str(step.content)
    tree = ast.parse(source.strip(), mode="eval")
    if any(isinstance(node, ast.NamedExpr) for node in ast.walk(tree)):
        return None
    if _ARGUMENT not in row.values:
        return Step("call", f"here(lambda: {source})")
    (added,) = ast.parse(f"f({row.values[_ARGUMENT]})", mode="eval").body.keywords  # type: ignore[attr-defined]
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _PARAMETERS
    ]
    for call in calls:
        parameters = _PARAMETERS[call.func.id]  # type: ignore[attr-defined]
        given = {*parameters[: len(call.args)], *(keyword.arg for keyword in call.keywords)}
        is_open = None in given or any(isinstance(argument, ast.Starred) for argument in call.args)
        if is_open or added.arg in given or added.arg not in parameters:
            return None
        call.keywords.append(added)
    return Step("call", ast.unparse(tree)) if calls else None
