"""Causes and consequences: which of the divergences of a case explain the others.

A divergence is a consequence if an earlier one of the same case explains it; the earliest is always a cause. The rules
go by the fields of the two: what decides the course of a run explains everything after it, what the world's code can
see explains how that code acts, and a value explains the same value at a later moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..clauses import Clause, Level
from .divergence import Divergence

# Fields that decide the course of everything after them.
CONTROL = ("executions.run", "executions.import", "program.runs", "outcome", "exception.type", "crash", "hang")
# Where the two sides part for good: nothing later can be compared, whatever the level of the clause.
_DECISIVE = ("executions.run", "program.runs", "outcome", "exception.type", "crash", "hang")
# Fields that explain what comes after them also where an earlier difference explains them.
_CARRIES = (*CONTROL, "process.status")
# Fields that the world's code may look at, and so may act on.
_VISIBLE = ("entry.", "import.", "exit.", "note", "warnings", "program.")
# The entry of `sys.modules` under the name that the module has: it depends on that name.
OWN_ENTRY = "sys.modules[__name__]"
# Fields that follow from how the world's code acts.
_ACTED_ON = (
    *("note", "names", "result.values", "result.keys", "exit.globals", "stdout", "stderr", "files"),
    *("program.told", "process.status", "process.stdout", "process.stderr", "process.traceback", "process.files"),
)
# The fields of a process that follow from its exit status.
_OF_THE_END = ("process.", "ended.")
# The text of an exception comes from its arguments, and what it holds in slots comes from them as well.
_SAME_WORDS = (
    ("exception.message", "exception.args"),
    ("exception.message", "exception.held"),
    ("exception.args", "exception.held"),
)
# Fields that no code can see.
_UNSEEN = ("stdout", "stderr", "audit.")
# Fields on which the names of the steps can have an effect, since they are given to a later call.
_OF_WHAT_IS_GIVEN = ("names", "entry.keys", "entry.globals", "exit.globals", "result.keys", "result.values")


def with_causes(divergences: Sequence[Divergence], level: Level, clauses: Mapping[str, Clause]) -> list[Divergence]:
    """The divergences of one case, in the order in which they came about, each marked as a cause or a consequence.

    level: a divergence at this level or a firmer one is never explained by one that does not count at it, unless that
    one parts the two sides for good.
    """
    judged: list[Divergence] = []
    for divergence in divergences:
        explained = any(
            (earlier.cause or earlier.signature.field in _CARRIES)
            and explains(earlier, divergence)
            and (earlier.level <= level or divergence.level > level or earlier.signature.field in _DECISIVE)
            and not _shows_in_programs(earlier, divergence, clauses)
            for earlier in judged
        )
        judged.append(replace(divergence, cause=not explained))
    return judged


def explains(earlier: Divergence, later: Divergence) -> bool:
    """True if the later of two divergences of a case may have come about by the earlier one."""
    first, second = earlier.signature.field, later.signature.field
    if earlier.moment == later.moment and first.split(".")[0] == second.split(".")[0] == "exception":
        return first == "exception.type" or (first, second) in _SAME_WORDS
    if _subject(first) == _subject(second) and earlier.moment <= later.moment:
        return True
    if first.endswith(".__spec__") and second.endswith(".__loader__") and earlier.moment <= later.moment:
        return True  # the loader is that of the spec
    if first.endswith(".__name__") and earlier.moment <= later.moment and _is_entry_of_name(earlier, later):
        return True
    if _subject(first) == "modules" and _subject(second) == "attributes" and earlier.moment <= later.moment:
        return _name_in(earlier) == _name_in(later)  # another module under the same name has attributes of its own
    if earlier.moment == later.moment and earlier.signature.kind == "extra" and first.startswith("executions."):
        return not second.startswith("executions.")  # it comes just before what the oracle shows at that moment
    if first == "entry.code":  # what is met later is known by the file whose code met it first
        return second not in CONTROL
    if first == "entry.namespace" and earlier.moment == later.moment:
        # A namespace that is not fresh still holds its earlier names, so these differ, too.
        return second.startswith("entry.") and _subject(second) not in ("argv", "argv_object", "modules", "state")
    if earlier.moment >= later.moment:
        return False
    if first in CONTROL or _ends_statements(earlier):
        return True
    if (first, second) == ("program.__spec__", "program.__loader__"):
        return True  # the loader is compared with that of the spec
    if (first, second) in (("program.argv0", "ended.argv"), ("program.path0", "program.path")):
        return True
    if second == "ended.keys" and later.signature.kind == "extra":
        # A name that is bound to None counts as none: the program has made something else of what it saw.
        return first.startswith("program.")
    if first == "process.status" or (first == "process.traceback" and second == "process.stderr"):
        return second.startswith(_OF_THE_END)
    if first.startswith(_VISIBLE):
        return second in CONTROL or second.startswith(("exception.", "executions.")) or second in _ACTED_ON
    if first == "result.type":
        return second.startswith("result.") or second == "names"
    if first == "names" and earlier.moment.step < later.moment.step:
        return second in _OF_WHAT_IS_GIVEN
    return second == "names" and not first.startswith(_UNSEEN)


def _ends_statements(divergence: Divergence) -> bool:
    """True if the case's own statements raise on one side alone, so that the rest of them does nothing there."""
    return divergence.signature.field == "names" and divergence.signature.kind in ("raises", "returns")


def _name_in(divergence: Divergence) -> str:
    """The name between the last brackets of the place, as in `sys.modules['m'] afterwards`."""
    return divergence.where.rpartition("[")[2].partition("]")[0]


def _is_entry_of_name(name: Divergence, later: Divergence) -> bool:
    """True if the later divergence is about an entry of `sys.modules` under the name that the module has."""
    own = (OWN_ENTRY, *(f"sys.modules[{side!r}]" for side in (name.oracle, name.candidate)))
    return later.where.endswith(own)


def _shows_in_programs(earlier: Divergence, later: Divergence, clauses: Mapping[str, Clause]) -> bool:
    """True if the later divergence breaks a clause of its own: how programs come to see the earlier one."""
    about = [
        divergence.signature.clause in clauses and clauses[divergence.signature.clause].is_consequence
        for divergence in (earlier, later)
    ]
    return about == [False, True] and earlier.signature.field.startswith(_VISIBLE)


def _subject(field: str) -> str:
    return field.rpartition(".")[2]
