"""Reads the tables of the families: axes of rows, and the families that combine them.

A file holds `[AXIS.ROW]` tables, and `[[family]]` tables that name axes, of this file or of another one. A row says
what it adds to a case; it is read as it stands, and put together with others by `products`.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..model import CaseError, Recipe

_SLOTS = ("before", "between", "after")
_LISTS = ("clauses", "requires", "path", "argv", "without", "marks", *_SLOTS)
_ROW_KEYS = {"says", "files", "beside", "values", "storage", "stops", *_LISTS}
_FAMILY_KEYS = {"id", "summary", "axes", "take", "only", "leave", "steps", "values"}


@dataclass(frozen=True)
class Row:
    """One entry of an axis, and what it adds to a case.

    says: its part of the summary. clauses: what it shows, the point first; with " if MARK", what it shows beside a row
    that has the mark. stops: that the code does not get to run, "always" or beside a row with that mark; then only what
    stops it shows anything. without: rows ("axis.row") with which it makes no sense. files: the modules of the world,
    to be stored in one way or another. beside: files that stay as they are. steps: for each place in the order of the
    family's steps. values: what is put for `$name` in files and steps. storage: which function stores the modules.
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
        """How other rows refer to it."""
        return f"{self.axis}.{self.id}"

    def goes_with(self, other: Row) -> bool:
        """Whether the two make sense together."""
        return other.name not in self.without and self.name not in other.without


@dataclass(frozen=True)
class Family:
    """Axes that are combined, and how.

    axes: their rows, in the order of the parts of an id; `only` and `leave` choose some. take: "all" combinations, or
    as many as show all "pairs". steps: the order of the steps: names of slots, and steps of its own.
    """

    id: str
    summary: str
    axes: tuple[tuple[Row, ...], ...]
    take: str
    steps: tuple[str | Mapping[str, Any], ...]
    values: Mapping[str, str]


def read(folder: Path) -> list[Family]:
    """The families in the files of a folder, in the order of their ids. Raises CaseError."""
    axes: dict[str, dict[str, Row]] = {}
    families: list[tuple[Path, Mapping[str, Any]]] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
            raise CaseError(f"{path}: this is not TOML: {exc}") from None
        families.extend((path, entry) for entry in data.pop("family", ()))
        for axis, rows in data.items():
            if axis in axes:
                raise CaseError(f"{path}: there is an axis {axis!r} in another file as well")
            axes[axis] = {name: _row(path, axis, name, row) for name, row in rows.items()}
    return sorted((_family(path, entry, axes) for path, entry in families), key=lambda family: family.id)


def _row(path: Path, axis: str, name: str, data: Mapping[str, Any]) -> Row:
    where = f"{path}: [{axis}.{name}]"
    _check_keys(where, data, _ROW_KEYS)
    for key in _LISTS:
        if not isinstance(data.get(key, []), list):
            raise CaseError(f"{where}: `{key}` is a list")
    return Row(
        axis=axis,
        id=name,
        says=data.get("says", ""),
        clauses=tuple(data.get("clauses", ())),
        requires=tuple(data.get("requires", ())),
        marks=tuple(data.get("marks", ())),
        stops=data.get("stops", ""),
        without=frozenset(data.get("without", ())),
        files=data.get("files", {}),
        beside=data.get("beside", {}),
        path=tuple(data.get("path", ())),
        argv=tuple(data.get("argv", ())),
        steps={slot: tuple(map(_step, data[slot])) for slot in _SLOTS if slot in data},
        values=data.get("values", {}),
        storage=data.get("storage", ""),
    )


def _step(step: str | Mapping[str, Any]) -> Mapping[str, Any]:
    return {"do": step} if isinstance(step, str) else step


def _family(path: Path, data: Mapping[str, Any], axes: Mapping[str, Mapping[str, Row]]) -> Family:
    where = f"{path}: family {data.get('id', '(without id)')}"
    _check_keys(where, data, _FAMILY_KEYS)
    missing = {"id", "summary", "axes"} - data.keys()
    if missing:
        raise CaseError(f"{where}: it has no `{sorted(missing)[0]}`")
    unknown = [axis for axis in data["axes"] if axis not in axes]
    if unknown:
        raise CaseError(f"{where}: there is no axis {unknown[0]!r}; the axes are {', '.join(sorted(axes))}")
    if data.get("take", "all") not in ("all", "pairs"):
        raise CaseError(f"{where}: `take` is all or pairs")
    only, leave = data.get("only", {}), data.get("leave", {})
    chosen = []
    for axis in data["axes"]:
        rows = axes[axis]
        named = [*only.get(axis, ()), *leave.get(axis, ())]
        absent = [name for name in named if name not in rows]
        if absent:
            raise CaseError(f"{where}: there is no row {absent[0]!r} in the axis {axis!r}")
        names = [name for name in only.get(axis, rows) if name not in leave.get(axis, ())]
        chosen.append(tuple(rows[name] for name in names))
    return Family(
        id=data["id"],
        summary=data["summary"],
        axes=tuple(chosen),
        take=data.get("take", "all"),
        steps=tuple(data.get("steps", ("before", {"call": "run_module($arguments)"}, "after"))),
        values=data.get("values", {}),
    )


def _check_keys(where: str, data: Any, known: set[str]) -> None:
    if not isinstance(data, dict):
        raise CaseError(f"{where}: a table is needed")
    unknown = data.keys() - known
    if unknown:
        raise CaseError(f"{where}: there is no key {sorted(unknown)[0]!r}; the keys are {', '.join(sorted(known))}")
