"""Forms of right implementations: read from forms.toml, combined in pairs, and written as modules."""

from __future__ import annotations

import functools
import textwrap
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from conformance import REFERENCE
from conformance.cases.families.products import pairs
from conformance.cases.families.tables import Row

FORMS = Path(__file__).resolve().with_name("forms.toml")
TARGET = "target"
_AXES = ("implementation", "callable", "folder")

_TOP = "import contextlib, functools, inspect, sys\n"
_JUDGED = """
def _judged(inner):
{habits}{wrap}
    return wrapper

run_module, run_path = _judged(run_module), _judged(run_path)
"""
_HABITS = """
function = inner
@functools.wraps(function)
def with_habits(*args, **kwargs):
{late}
    result = function(*args, **kwargs)
{kept}
    return result
"""


@dataclass(frozen=True)
class Form:
    """One thing that may be done to a right implementation, or to the place in which it is judged.

    name: no other form has it. axis: the forms of an axis exclude each other, and one of them always holds; empty for a
    form that is there or not. The other attributes are the keys of forms.toml, which explains them.
    """

    name: str
    axis: str = ""
    summary: str = ""
    source: str = ""
    wrap: str = ""
    before: str = ""
    late: str = ""
    keeps: bool = False
    compiled: bool = False
    variables: dict[str, str] = field(default_factory=dict)
    folder: str = ""
    temporary: str = ""
    umask: int = 0o022
    user: str = ""
    without: tuple[str, ...] = ()
    breaks: tuple[str, ...] = ()


@functools.cache
def forms() -> tuple[Form, ...]:
    """All forms of forms.toml."""
    tables = tomllib.loads(FORMS.read_text(encoding="utf-8"))
    return tuple(Form(**table) for kind in ("choice", "habit", "variable") for table in tables[kind])


@dataclass(frozen=True)
class Combination:
    """Forms that hold together, in one target."""

    target: str
    forms: tuple[Form, ...]

    @property
    def breaks(self) -> frozenset[str]:
        """The clauses that the forms break indeed."""
        return frozenset(clause for form in self.forms for clause in form.breaks)

    def without(self, form: Form) -> Combination:
        """The combination without a form. The first form of an axis, its plain one, takes the place of another."""
        if not form.axis:
            return Combination(self.target, tuple(other for other in self.forms if other is not form))
        plain = next(other for other in forms() if other.axis == form.axis)
        return Combination(self.target, tuple(plain if other is form else other for other in self.forms))

    @property
    def removable(self) -> list[Form]:
        """The forms that are not the plain ones of their axes."""
        return [form for form in self.forms if self.without(form) != self]

    def __str__(self) -> str:
        return f"{self.target}: {', '.join(form.name for form in self.removable) or 'the reference as it is'}"

    def module(self) -> str:
        """The source of the candidate."""
        before = "".join(form.before for form in self.forms)
        late = "".join(form.late for form in self.forms)
        kept = "returned.append(result)\n" if any(form.keeps for form in self.forms) else ""
        source = next(form.source for form in self.forms if form.source)
        wrap = next(form.wrap for form in self.forms if form.wrap).strip()
        if wrap.count("\n") == 0:
            wrap = f"wrapper = {wrap}"
        habits = ""
        if late or kept:
            habits = _HABITS.format(late=_indented(late), kept=_indented(kept)) + "inner = with_habits\n"
        return _TOP + before + source + _JUDGED.format(habits=_indented(habits), wrap=_indented(wrap))


def combinations(targets: Sequence[str], among: Sequence[Form]) -> list[Combination]:
    """Few combinations, in which every two forms occur together, and every form with every target."""
    by_name = {form.name: form for form in among}
    axes = [[Row(TARGET, target) for target in targets]]
    for axis in _AXES:
        axes.append([_row(axis, form) for form in among if form.axis == axis])
    for number, form in enumerate(form for form in among if not form.axis):
        rows = [_row(form.name, form), Row(form.name, "")]
        axes.append(rows if number % 2 else rows[::-1])  # of two rows that add as many pairs, `pairs` takes the first
    return [
        Combination(rows[0].id, tuple(by_name[row.id] for row in rows[1:] if row.id))
        for rows in pairs([tuple(axis) for axis in axes])
    ]


def _row(axis: str, form: Form) -> Row:
    return Row(axis, form.name, without=frozenset(f"{TARGET}.{target}" for target in form.without))


def _indented(text: str) -> str:
    return textwrap.indent(text.strip("\n"), "    ") + "\n" if text else ""


def implementation() -> str:
    """The source of the reference, which the candidate imports as the module `implementation`."""
    return (REFERENCE / "__init__.py").read_text(encoding="utf-8")
