"""Cases made of fixtures: the calls of a fixture are made in a circumstance, or with an argument more.

An implementation may keep a promise in general, and break it in a thread, or if initial globals are given.

Rules. Nothing is written again: files, steps and clauses are those of the fixture, and what is added is a row of the
axes `circumstance` and `variation` of the tables, or several of these rows at once, which a row of the axis `together`
names. A fixture whose calls bind names (`:=`) has no such case, since a call in a circumstance is made in a function;
nor has one about threads, which has a circumstance of its own. Nor is there one where a call has the argument already,
or cannot have it, and nothing else is added.

Theory of operation. A row of a circumstance defines a function `here`, which makes the call that it is given. One of a
variation may do the same, or name a keyword argument that each call of a function under test gets. Where several rows
come together, the `here` of the first row calls that of the second, and so on. What is wrong under one condition shows
there as well, so a case for each fixture does nearly as much as one for each fixture and row.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from .families.tables import Row, rows
from .fixtures import fixtures, read
from .model import FAMILIES, Case, CaseError, Step

# The families, each with its summary.
VARIED, TOGETHER = f"{FAMILIES}/varied", f"{FAMILIES}/together"
OF_FIXTURES: Mapping[str, str] = {
    TOGETHER: "Each fixture in all circumstances at once, and with other arguments",
    VARIED: "Each fixture in each circumstance, and with each argument more that its calls can have",
}
_THREADS = "threads"  # the chapter whose fixtures start threads; one that fails prints the implementation's frames
_ARGUMENT = "argument"  # the value of a row that names a keyword argument
_OF = "of"  # the value of a row that names others, which come together: axes, or rows as "axis.row"
_PARAMETERS = {
    "run_module": ("mod_name", "init_globals", "run_name", "alter_sys"),
    "run_path": ("path_name", "init_globals", "run_name"),
}
_HERE = re.compile("^(?=def here\\()", re.MULTILINE)  # the start of the definition of `here`
_NESTED = """\
import functools
def here(call):
    for circumstance in reversed(circumstances):
        call = functools.partial(circumstance, call)
    return call()
"""


def of_fixtures(root: Path, is_wanted: Callable[[str], bool] = lambda name: True) -> Iterator[Case]:
    """The cases made of the fixtures below `root`, in the order of their ids. Raises CaseError.

    is_wanted: false for the id of a case that need not be made.
    """
    fixture_at = functools.cache(lambda path: read(path, root))
    single = rows(root / FAMILIES, "circumstance", "variation")
    several = rows(root / FAMILIES, "together")
    paths = list(fixtures(root))
    for family, known in (
        (TOGETHER, [(row, _named(row, single)) for row in several]),
        (VARIED, [(row, [row]) for row in single]),
    ):
        for path in paths:
            name = ".".join(path.relative_to(root).with_suffix("").parts)
            for row, parts in known:
                if is_wanted(case_id := f"{family}/{name}.{row.id}"):
                    made = _of_fixture(fixture_at(path), row, parts, case_id)
                    if made is not None:
                        yield made


def fixture_of(name: str) -> str:
    """The id of the fixture of which a case is made, by the id of the case; empty for a case that is made of none."""
    family, _, made = name.rpartition("/")
    return "/".join(made.split(".")[:2]) if family in OF_FIXTURES else ""


def _named(row: Row, known: Sequence[Row]) -> list[Row]:
    """The rows that a row names, in the order in which it names them. Raises CaseError."""
    found: list[Row] = []
    for word in row.values.get(_OF, "").split():
        of_word = [other for other in known if word in (other.axis, other.name)]
        if not of_word:
            raise CaseError(f"[{row.name}]: `{_OF}` names {word!r}, which is no row of a circumstance or a variation")
        found += of_word
    return found


def _of_fixture(fixture: Case, row: Row, parts: Sequence[Row], name: str) -> Case | None:
    """The case that a row makes of a fixture; None if there is none. parts: what is added. name: the case's id."""
    if fixture.chapter == _THREADS or not any(step.kind == "call" for step in fixture.steps):
        return None
    before = _before([part for part in parts if part.steps])
    arguments = [part.values[_ARGUMENT] for part in parts if _ARGUMENT in part.values]
    steps = [_varied(step, arguments, is_in_function=bool(before)) for step in fixture.steps]
    if any(step is None for step in steps):
        return None
    beside = {f"beside/{file}": recipe for part in parts for file, recipe in part.beside.items()}
    return replace(
        fixture,
        files={**fixture.files, **beside},
        steps=(*before, *(step for step in steps if step is not None)),
        path=(*fixture.path, *(["beside"] if beside else [])),
        requires=tuple(dict.fromkeys((*fixture.requires, *(word for part in parts for word in part.requires)))),
        id=name,
        summary=f"{fixture.summary}, {row.says}",
        rows=(f"{row.axis} {row.id}",),
    )


def _before(parts: Sequence[Row]) -> list[Step]:
    """The steps that define `here`, which makes a call in all the circumstances; the first one is the outermost."""
    steps = [Step(*item) for part in parts for added in part.steps["before"] for item in added.items()]
    if len(parts) < 2:
        return steps
    texts = [_HERE.sub("@circumstances.append\n", str(step.content)) for step in steps]
    return [Step("do", "\n".join(["circumstances = []", *texts, _NESTED]))]


def _varied(step: Step, arguments: Sequence[str], *, is_in_function: bool) -> Step | None:
    """A step with its calls as they are to be; None if it calls nothing in that way.

    arguments: those that its calls get. is_in_function: `here` makes the call.
    """
    if step.kind != "call":
        return step
    source = str(step.content)
    tree = ast.parse(source.strip(), mode="eval")
    if any(isinstance(node, ast.NamedExpr) for node in ast.walk(tree)):
        return None
    is_given = [_give(tree, argument) for argument in arguments]
    if any(is_given):
        source = ast.unparse(tree)
    elif not is_in_function:
        return None
    return Step("call", f"here(lambda: {source})" if is_in_function else source)


def _give(tree: ast.AST, argument: str) -> bool:
    """Add a keyword argument to the calls of the functions under test; do nothing, and return False, if one cannot."""
    (added,) = ast.parse(f"f({argument})", mode="eval").body.keywords  # type: ignore[attr-defined]
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _PARAMETERS
    ]
    for call in calls:
        parameters = _PARAMETERS[call.func.id]  # type: ignore[attr-defined]
        given = {*parameters[: len(call.args)], *(keyword.arg for keyword in call.keywords)}
        is_open = None in given or any(isinstance(item, ast.Starred) for item in call.args)
        if is_open or added.arg in given or added.arg not in parameters:
            return False
    for call in calls:
        call.keywords.append(added)
    return bool(calls)
