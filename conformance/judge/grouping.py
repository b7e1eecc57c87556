"""Which divergences are one finding: what one fault shows in several fields and cases is told once.

The judge says within a case what is cause and what is consequence. Here are many cases of one candidate, and one fault
shows in them in many ways: as another value here, as a missing key there, as an error where code relies on it. A
finding is known by the *area* of its fields and by what its cases show besides. A cause is a finding of its own only
if no known one explains it. Pure: knows divergences, and neither how a case was run nor how it is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..clauses import Level
from .divergence import Signature
from .owners import saying

_SIGHT = "what the code sees"
_STATE = "other state"
_OUTPUT = "what is printed"
_ERROR = "the error of the code"
# The same thing, looked at in several ways.
_AREAS = {
    "module_type": "modules",
    "main": "modules",
    "attributes": "modules",
    "argv_object": "argv",
    "note": _SIGHT,
    "exit.globals": _SIGHT,
    "stdout": _OUTPUT,
    "stderr": _OUTPUT,
    "state": _STATE,
    "environ": _STATE,
    "filters": _STATE,
    "path_hooks": _STATE,
    "meta_path": _STATE,
    "__loader__": "__spec__",
}
# What the code starts with of what init_globals gives: one thing, whatever it is.
_GIVEN = (
    *("INIT-SPECIALS-OVERRIDDEN", "INIT-DOC-OVERRIDDEN", "INIT-CACHED-OVERRIDDEN", "INIT-CACHED-KEPT"),
    *("INIT-VISIBLE", "INIT-OTHER-DUNDERS-KEPT", "INIT-BUILTINS-USED", "INIT-REUSED-RESULT"),
)
_WAY = "the way it goes"  # which modules are executed, and how the call ends
_CONTENT = "what the result holds"
_WAYS = ("executions.run", "executions.import", "outcome", "exception.type", "exception.subclass")
_CONTENTS = ("result.keys", "result.values")
# What can follow from anything that differs before it in a case; and what from anything that differs in any case, since
# it is all that there is to see of a run inside a run.
_WEAK = (_SIGHT, _STATE, _OUTPUT, "names", "files", "result.functions")
# What is altered and put back: two things to go wrong.
_PUT_BACK = ("argv", "modules")
_AFTERWARDS = " afterwards"
_IN_FLIGHT = ("after.main",)
# Several of these at once: it is another module. Then sys.argv has another file, sys.modules another name,
# and other reasons for a warning.
_OF_A_MODULE = {"__name__", "__spec__", "__file__", "__cached__", "__package__", "code"}
_SEVERAL = 3
_OF_ANOTHER = {*_OF_A_MODULE, "argv", "modules", "warnings"}
# Causes are one thing if they share so much of their cases, and these are no more than this part of all cases.
_TOGETHER = 0.75
_COMMON = 0.25

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Showing:
    """A divergence, as far as it matters here.

    error: the clause about the implementation's own error, where the oracle ends in one. step: of the case, from 0.
    point: whether the case is a fixture about this very clause, which then is not put down to what else differs.
    """

    signature: Signature
    level: Level
    cause: bool
    error: str = ""
    step: int = 0
    point: bool = False

    @classmethod
    def of(cls, signature: Signature, level: Level, cause: bool, oracle: Any, step: int) -> Showing:
        """From the parts of a divergence. oracle: the oracle's value."""
        ends = signature.field in ("outcome", "exception.type", "exception.subclass")
        return cls(signature, level, cause, saying(oracle) if ends else "", step)

    @property
    def key(self) -> Key:
        """What is the same in every case in which the same thing differs at the same point."""
        return self.signature.phase, self.signature.field, self.error

    @property
    def area(self) -> str:
        """What it is about, wherever it shows."""
        name = self.signature.field
        if self.signature.clause in _GIVEN and name.startswith("entry."):
            return "what is given"
        if name in _WAYS:
            return self.error or _WAY
        if self.signature.phase == "execute":
            if name == "names":
                return _SIGHT
            if name.startswith("exception."):
                return _ERROR
        group, _, last = name.rpartition(".")
        if group == "result" and (name in _CONTENTS or last.startswith("__")):
            return _CONTENT
        if name in _AREAS:
            return _AREAS[name]
        if name in _WEAK or group in ("exception", "audit", "result", "warnings"):
            return name
        area = _AREAS.get(last, last)
        return (
            area + _AFTERWARDS if group in ("exit", "after") and name not in _IN_FLIGHT and area in _PUT_BACK else area
        )

    @property
    def fine_area(self) -> str:
        """The same, with each special variable of the result apart: one that is expected hides no other."""
        group, _, last = self.signature.field.rpartition(".")
        return last if group == "result" and last.startswith("__") else self.area


@dataclass(frozen=True)
class Seen:
    """A case that was tried. size: how much there is to read. showings: in the order in which they came about."""

    id: str
    size: int
    showings: tuple[Showing, ...]

    def causes(self, level: Level) -> list[Showing]:
        """What counts at a level, and nothing explains within the case."""
        return [one for one in self.showings if one.cause and one.level <= level]


@dataclass
class Group:
    """One finding: the case that shows it best, and by what it is known again.

    core: what differs as its cause. areas: what these are about. keys: everything that differs where nothing else does.
    """

    lead: Seen
    showings: tuple[Showing, ...]
    areas: frozenset[str]
    core: frozenset[Key]
    keys: set[Key] = field(default_factory=set)


class Groups:
    """The findings so far, at a level. tried: the number of cases that were, those that agree among them.

    expected: what is no finding wherever it shows. fine: keep apart what is otherwise taken together.
    """

    def __init__(self, level: Level, tried: int = 0, *, fine: bool = False) -> None:
        self.level = level
        self.tried = tried
        self.expected: frozenset[Signature] = frozenset()
        self.fine = fine
        self.all: list[Group] = []

    def explaining(self, seen: Seen, one: Showing) -> Group | None:
        """The finding to which a cause belongs, or None: it is not known."""
        for group in self.all:
            if one.key in (group.core if one.point else group.keys):
                return group
        areas = self._areas(seen)
        for group in self.all:
            if areas[one] in group.areas and not (one.point and areas[one].endswith(_AFTERWARDS)):
                return group
        if one.area in _WEAK:
            present = {other.key for other in seen.showings if other is not one}
            for group in self.all:
                if group.core & present and group.areas != {_OUTPUT}:  # no code can see that
                    return group
        if one.area == _SIGHT and self.all:
            return self.all[0]
        return None

    def unknown(self, seen: Seen) -> list[Showing]:
        """The causes in a case that no finding explains."""
        causes = (one for one in seen.causes(self.level) if one.signature not in self.expected)
        return [one for one in causes if self.explaining(seen, one) is None]

    def choose(self, cases: Sequence[Seen]) -> tuple[Seen, Showing] | None:
        """What to take up next: the cause that most cases show and nothing explains, in the case that shows it best."""
        unknown = [(seen, causes) for seen in cases if (causes := self.unknown(seen))]
        counts = Counter(key for _, causes in unknown for key in {one.key for one in causes})
        if not counts:
            return None
        firmest = {key: min(one.level for _, some in unknown for one in some if one.key == key) for key in counts}
        sights = {one.key for _, causes in unknown for one in causes if one.area == _SIGHT}
        key = min(counts, key=lambda key: (key in sights, firmest[key], -counts[key], key))
        seen = min((seen for seen, causes in unknown if any(one.key == key for one in causes)), key=self._how_plain)
        return seen, next(one for one in self.unknown(seen) if one.key == key)

    def add(self, seen: Seen, cause: Showing, cases: Sequence[Seen] = ()) -> Group:
        """Make a finding of a cause, with what else in its case is about the same.

        cases: others that were tried; what shows there beside it alone belongs to it.
        """
        cases = [seen, *cases]
        areas = self._areas(seen)
        together = [
            one
            for one in self.unknown(seen)
            if areas[one] == areas[cause] or self._always_together(one.key, cause.key, cases)
        ]
        group = Group(
            seen, tuple(together), frozenset(areas[one] for one in together), frozenset(one.key for one in together)
        )
        group.keys |= group.core
        for other in cases:
            causes = other.causes(self.level)
            if {one.key for one in causes} <= group.core:
                steps = {one.step for one in causes}
                group.keys.update(one.key for one in other.showings if one.step in steps and one.area != _OUTPUT)
        self.all.append(group)
        return group

    def _always_together(self, one: Key, other: Key, cases: Sequence[Seen]) -> bool:
        """Whether two causes occur in the same cases, and in few enough of them for that to mean something."""
        ones, others = (
            {seen.id for seen in cases if any(showing.key == key for showing in seen.causes(self.level))}
            for key in (one, other)
        )
        return len(ones & others) >= _TOGETHER * len(ones | others) and len(ones | others) <= _COMMON * self.tried

    def _areas(self, seen: Seen) -> dict[Showing, str]:
        """The area of each cause of a case: if it is another module that runs, that is what its specials are about."""
        areas = {one: one.fine_area if self.fine else one.area for one in seen.causes(self.level)}
        of_a_module = _OF_A_MODULE & set(areas.values())
        ran = {one.signature.kind for one in seen.showings if one.signature.field == "executions.run"}
        if ("__spec__" in of_a_module and len(of_a_module) >= _SEVERAL) or {"extra", "missing"} <= ran:
            return {one: _WAY if area in _OF_ANOTHER else area for one, area in areas.items()}
        return areas

    def _how_plain(self, seen: Seen) -> tuple[bool, int, int, int, str]:
        causes = seen.causes(self.level)
        return len({one.key for one in causes}) > 1, seen.size, len(causes), len(seen.showings), seen.id


def groups(cases: Sequence[Seen], level: Level, tried: int, *, fine: bool = False) -> Groups:
    """All findings in these cases, the firmest and most frequent first. tried: how many cases were, agreeing or not."""
    found = Groups(level, tried, fine=fine)
    while (choice := found.choose(cases)) is not None:
        found.add(*choice, cases)
    return found
