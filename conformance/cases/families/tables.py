"""The tables of the families read and checked: axes of rows, and the families that combine them.

Rules. This module owns the form of `fixtures/families/*.toml` (`RowEntry`, `FamilyEntry`) and what a row and a family
are once they are read. It does not combine rows (`products` does), nor store modules (`storages` does).

Theory of operation. A file holds `[AXIS.ROW]` tables, and `[[family]]` tables that name axes of this file or of another
one. So all files are read first, and then each family gets the rows of its axes.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from ...checked import Table, WrongData, any_of, checked, checked_file, form, near, says
from ..fixture_file import STEPS, Files, check_files, check_step
from ..model import CaseError, Recipe

Texts = tuple[str, ...]
_SLOTS = ("before", "between", "after")
_Steps = Annotated[tuple[Annotated[Any, any_of(str, *STEPS.values())], ...], form("a list of steps")]


# A row may add to any part of a case, and has a key for each part.
class RowEntry(Table, frozen=True):
    """A row of an axis: what it adds to a case."""

    noun = "row"

    says: Annotated[str, says("its part of the summary")] = ""
    clauses: Annotated[Texts, says('what it shows, the point first; "CLAUSE if MARK" only beside such a row')] = ()
    requires: Annotated[Texts, says("as in a fixture")] = ()
    marks: Annotated[Texts, says("words by which other rows refer to this one")] = ()
    stops: Annotated[str, says("the code does not get to run: always, or beside a row with that mark")] = ""
    without: Annotated[Texts, says("rows with which it makes no sense, as axis.row")] = ()
    files: Annotated[Files, says("modules of the world, to be stored in one way or another")] = msgspec.field(
        default_factory=dict
    )
    beside: Annotated[Files, says("files that stay as they are, in a folder at the end of sys.path")] = msgspec.field(
        default_factory=dict
    )
    path: Annotated[Texts, says("as in a fixture")] = ()
    argv: Annotated[Texts, says("as in a fixture")] = ()
    before: Annotated[_Steps, says("steps, where the family has `before`; a text is a `do`")] = ()
    between: Annotated[_Steps, says("steps, where the family has `between`")] = ()
    after: Annotated[_Steps, says("steps, where the family has `after`")] = ()
    values: Annotated[dict[str, str], form("a table of texts"), says("texts for $name in files, steps and values")] = (
        msgspec.field(default_factory=dict)
    )
    storage: Annotated[str, says("a function of conformance/cases/families/storages.py")] = ""


class FamilyEntry(Table, frozen=True):
    """A family: axes that are combined, and how."""

    noun = "family"

    id: Annotated[str, says("the first part of the ids of its cases")]
    summary: Annotated[str, says("what is combined, in a sentence")]
    axes: Annotated[Texts, says("the axes, in the order of the parts of an id; the last is the point of a case")]
    take: Annotated[Literal["all", "pairs"], says("all combinations, or as many as show each pair of rows")] = "all"
    only: Annotated[dict[str, Texts], form("a table of lists of rows"), says("for an axis, the rows it takes")] = (
        msgspec.field(default_factory=dict)
    )
    leave: Annotated[dict[str, Texts], form("a table of lists of rows"), says("for an axis, the rows it leaves")] = (
        msgspec.field(default_factory=dict)
    )
    steps: Annotated[_Steps, says("the order: before, between, after, and steps of its own")] = (
        "before",
        {"call": "run_module($arguments)"},
        "after",
    )
    values: Annotated[dict[str, str], form("a table of texts"), says("texts for $name")] = msgspec.field(
        default_factory=dict
    )


class TableFile(msgspec.Struct, frozen=True):
    """A file of families: its other tables are axes, [AXIS.ROW]."""

    family: Annotated[tuple[FamilyEntry, ...], form("a list of families, each written [[family]]")] = ()


_Axes = dict[str, Annotated[dict[str, Any], form("an axis, with its rows written [axis.row]")]]


@dataclass(frozen=True)
class Row:
    """One row of an axis: what it adds to a case. It has an attribute for each part to which a row may add.

    says: its part of the summary. clauses: ids of the clauses that it shows, the point first; with " if MARK", only
    beside a row that has the mark. stops: "always", or the mark of the rows beside which this row stops the code
    before it runs; then only such rows show anything. without: rows ("axis.row") with which it makes no sense. files:
    the modules of the world, which a storage stores. beside: files that stay as they are. steps: for each slot.
    values: the text for `$name` in files and steps. storage: the name of the function that stores the modules.
    """

    axis: str
    id: str
    says: str = ""
    clauses: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    stops: str = ""
    without: frozenset[str] = frozenset()
    files: Mapping[str, Recipe] = field(default_factory=dict)
    beside: Mapping[str, Recipe] = field(default_factory=dict)
    path: tuple[str, ...] = ()
    argv: tuple[str, ...] = ()
    steps: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    storage: str = ""

    @functools.cached_property
    def name(self) -> str:
        """The name by which other rows refer to this one: "axis.row"."""
        return f"{self.axis}.{self.id}"

    def goes_with(self, other: Row) -> bool:
        """True if the two rows make sense together."""
        return other.name not in self.without and self.name not in other.without


@dataclass(frozen=True)
class Family:
    """Axes that are combined, and how.

    axes: the rows of each axis, in the order of the parts of an id. take: "all" combinations, or as many as show all
    "pairs". steps: the order of the steps: names of slots, and steps of the family's own.
    """

    id: str
    summary: str
    axes: tuple[tuple[Row, ...], ...]
    take: str
    steps: tuple[str | Mapping[str, Any], ...]
    values: Mapping[str, str]


def read(folder: Path) -> list[Family]:
    """The families in the files of a folder, in the order of their ids. Raises CaseError."""
    axes, families = _tables(folder)
    return sorted((_family(path, entry, axes) for path, entry in families), key=lambda family: family.id)


def rows(folder: Path, *names: str) -> list[Row]:
    """The rows of some axes, in the files of a folder; none of an axis that is not there. Raises CaseError."""
    axes, _ = _tables(folder)
    return [row for name in names for row in axes.get(name, {}).values()]


def _tables(folder: Path) -> tuple[dict[str, dict[str, Row]], list[tuple[Path, FamilyEntry]]]:
    """The axes in the files of a folder, with their rows by name; and the entries of its families, with their files."""
    axes: dict[str, dict[str, Row]] = {}
    families: list[tuple[Path, FamilyEntry]] = []
    for path in sorted(folder.glob("*.toml")):
        data = checked_file(path, dict[str, Any], CaseError)
        try:
            entries = checked({key: data.pop(key) for key in ("family",) if key in data}, TableFile).family
            tables = checked(data, _Axes)
        except WrongData as problem:
            raise CaseError(f"{path}: {problem}") from None
        families.extend((path, entry) for entry in entries)
        for axis, of_axis in tables.items():
            if axis in axes:
                raise CaseError(f"{path}: there is an axis {axis!r} in another file as well")
            axes[axis] = {name: _row(f"{path}: [{axis}.{name}]", axis, name, row) for name, row in of_axis.items()}
    return axes, families


def _row(where: str, axis: str, name: str, data: Any) -> Row:
    try:
        entry = checked(data, RowEntry)
    except WrongData as problem:
        raise CaseError(f"{where}: {problem}") from None
    for files in (entry.files, entry.beside):
        check_files(files, where)
    steps = {slot: tuple(_step(step, where) for step in getattr(entry, slot)) for slot in _SLOTS if slot in data}
    plain = {field: getattr(entry, field) for field in entry.__struct_fields__ if field not in _SLOTS}
    return Row(**(plain | {"axis": axis, "id": name, "without": frozenset(entry.without), "steps": steps}))


def _step(step: Any, where: str) -> Mapping[str, Any]:
    if isinstance(step, str):
        return {"do": step}
    check_step(step, f"{where}: a step")
    return {**step}


def _family(path: Path, entry: FamilyEntry, axes: Mapping[str, Mapping[str, Row]]) -> Family:
    where = f"{path}: family {entry.id}"
    for axis in entry.axes:
        if axis not in axes:
            known = ", ".join(sorted(axes))
            raise CaseError(f"{where}: there is no axis {axis!r}; the axes are {known}{near(axis, axes)}")
    for key, choice in (("only", entry.only), ("leave", entry.leave)):
        for axis, names in choice.items():
            if axis not in entry.axes:
                raise CaseError(f"{where}: `{key}` names {axis!r}, which is none of its axes{near(axis, entry.axes)}")
            for name in names:
                if name not in axes[axis]:
                    raise CaseError(f"{where}: there is no row {name!r} in the axis {axis!r}{near(name, axes[axis])}")
    for step in entry.steps:
        if not isinstance(step, str):
            check_step(step, f"{where}: a step")
        elif step not in _SLOTS:
            raise CaseError(
                f"{where}: `steps` names {step!r}, which is none of {', '.join(_SLOTS)}{near(step, _SLOTS)}"
            )
    chosen = []
    for axis in entry.axes:
        taken = [name for name in entry.only.get(axis, axes[axis]) if name not in entry.leave.get(axis, ())]
        chosen.append(tuple(axes[axis][name] for name in taken))
    return Family(entry.id, entry.summary, tuple(chosen), entry.take, entry.steps, entry.values)
