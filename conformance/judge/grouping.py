"""Grouping: the divergences of many cases that one fault of a candidate causes become one finding.

Rules. Pure: knows divergences, and neither how a case was run nor how a finding is shown.

Theory of operation. The judge says within a case which divergences are causes and which are consequences. Over many
cases one fault shows in many ways: as another value here, as a missing key there, as an error where code relies on it.
A finding is known by the *areas* of its fields (an area is one subject, however it is looked at) and by what its cases
show besides. Findings are chosen one after another: the cause that most cases show and no finding explains, in the case
that shows it most plainly; it takes with it what always occurs together with it. What differs in `run_path` is never
in one finding with what differs in `run_module`, and comes after it: a fault in what the two share is two findings.
A case that is made of a fixture is grouped last if the fixture differs as well, at a level as firm: the finding to
which the fixture belongs explains both.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..cases.varied import fixture_of
from ..clauses import OF_BOTH_FUNCTIONS, Level, registry
from .blame import Blamed, Cause, Key, Population, blamed
from .causes import CONTROL
from .divergence import Divergence, Signature
from .observations import REFUSALS
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
_GENERAL = (_SIGHT, "names", "values")
_MOMENTS = ("entry", "exit", "result", "after")
_TRACES = ("files", "audit.open", "audit.compile", "audit.exec", "audit.import")
# What is altered and put back: two things to go wrong.
_PUT_BACK = ("argv", "modules")
_AFTERWARDS = " afterwards"
_IN_FLIGHT = ("after.main",)
# Of a process that is seen from outside, these differ for any reason: they are apart for each clause.
_FROM_OUTSIDE = (
    *("program.runs", "program.told"),
    *("process.status", "process.traceback", "process.stderr", "process.stdout", "process.files"),
)
_LOST_STATUS = "the status of a program that ran"
_REFUSAL_STATUS = "the status of a refusal"
_REFUSAL = "the message of a refusal"
# Several of these at once: it is another module. Then sys.argv has another file, sys.modules another name,
# and other reasons for a warning.
_OF_A_MODULE = {"__name__", "__spec__", "__file__", "__cached__", "__package__", "code"}
_SEVERAL = 3
_OF_ANOTHER = {*_OF_A_MODULE, "argv", "modules", "warnings"}
# How an error of the candidate's own shows.
_OF_AN_ERROR = (*_WAYS, "exception.")
# Causes are one thing if they share so much of their cases, and these are no more than this part of all cases.
_TOGETHER = 0.75
_COMMON = 0.25
# A clause for which no case of its own speaks is a part of a finding that holds so much of its cases, and that does not
# show in more than this part of all cases.
_NEARLY_ALL = 0.9
_EVERYWHERE = 0.5


@dataclass(frozen=True)
class Symptom:
    """A divergence, reduced to what matters for grouping.

    error: the clause about the implementation's own error, where the oracle ends in one; of a process, what tells its
    differences apart. step: of the case, from 1.
    point: true if the case is a fixture about this very clause, which then is not explained by other differences.
    mistake: the line of the candidate that raised an error, unless the error is one with which it refuses on purpose.
    """

    signature: Signature
    level: Level
    cause: bool
    error: str = ""
    step: int = 1
    point: bool = False
    mistake: str = ""

    @classmethod
    def of(cls, divergence: Divergence, *, point: bool = False) -> Symptom:
        """The symptom that a divergence is. point: see the class."""
        signature = divergence.signature
        ends = signature.field in ("outcome", "exception.type", "exception.subclass")
        error = saying(divergence.oracle) if ends else _from_outside(divergence)
        step = divergence.moment.step
        return cls(signature, divergence.level, divergence.cause, error, step, point, _mistake(divergence))

    @functools.cached_property
    def key(self) -> Key:
        """The parts that are the same in every case in which the same field differs at the same point."""
        return self.signature.phase, self.signature.field, self.error

    @functools.cached_property
    def of_path(self) -> bool:
        """True if a clause about `run_path` is broken."""
        return is_of_path(self.signature.clause)

    @functools.cached_property
    def area(self) -> str:
        """The subject of the divergence, however it is looked at."""
        name = self.signature.field
        if self.signature.clause in _GIVEN and name.startswith("entry."):
            return "what is given"
        if name in _WAYS:
            return self.error or _WAY
        if name in _FROM_OUTSIDE:
            return self.error
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

    @functools.cached_property
    def fine_area(self) -> str:
        """The area, with each special global of the result apart: one that a baseline expects hides no other."""
        group, _, last = self.signature.field.rpartition(".")
        return last if group == "result" and last.startswith("__") else self.area


def is_of_path(clause: str) -> bool:
    """True if a clause is one about `run_path`, by its id, which may be unknown."""
    known = registry().get(clause)
    return known is not None and known.is_of_path


def _from_outside(divergence: Divergence) -> str:
    """The text that tells a difference of a process from others in the same field; empty for any other field."""
    signature = divergence.signature
    if signature.field not in _FROM_OUTSIDE:
        return ""
    if signature.field == "process.status" and divergence.candidate == 0:
        return _LOST_STATUS if signature.phase == "execute" else _REFUSAL_STATUS
    if signature.field == "process.stderr" and divergence.level == Level.EXACT and signature.phase == "resolve":
        return _REFUSAL
    return signature.clause


@dataclass(frozen=True)
class CaseSymptoms:
    """A case that was tried. size: how much there is to read. symptoms: in the order in which they came about.

    clauses: those that the case is about, its point first.
    """

    id: str
    size: int
    symptoms: tuple[Symptom, ...]
    clauses: tuple[str, ...] = ()
    _causes: dict[Level, list[Symptom]] = field(default_factory=dict, repr=False, compare=False)
    _areas: dict[tuple[Level, bool], dict[Symptom, str]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(
        cls, case: str, size: int, divergences: Iterable[Divergence], about: str = "", clauses: Sequence[str] = ()
    ) -> CaseSymptoms:
        """The symptoms of a case, by its id. about: the clause that the case is a fixture for, if it is one."""
        symptoms = (Symptom.of(divergence, point=divergence.signature.clause == about) for divergence in divergences)
        return cls(case, size, tuple(symptoms), tuple(clauses))

    def mistake(self, cause: Symptom) -> str:
        """The line of the candidate whose error shows as a cause, if it is a mistake (see `Symptom`); may be empty."""
        if not cause.signature.field.startswith(_OF_AN_ERROR):
            return ""
        in_step = (symptom.mistake for symptom in self.symptoms if symptom.step == cause.step)
        return next(filter(None, in_step), "")

    def causes(self, level: Level) -> list[Symptom]:
        """The causes of the case that count at a level."""
        if level not in self._causes:
            self._causes[level] = [symptom for symptom in self.symptoms if symptom.cause and symptom.level <= level]
        return self._causes[level]

    def areas(self, level: Level, *, fine: bool) -> dict[Symptom, str]:
        """The area of each cause of the case. If another module runs, all specials of it have one area.

        fine: keep the special globals of the result apart.
        """
        if (level, fine) not in self._areas:
            areas = {cause: cause.fine_area if fine else cause.area for cause in self.causes(level)}
            of_a_module = _OF_A_MODULE & set(areas.values())
            ran = {symptom.signature.kind for symptom in self.symptoms if symptom.signature.field == "executions.run"}
            if ("__spec__" in of_a_module and len(of_a_module) >= _SEVERAL) or {"extra", "missing"} <= ran:
                areas = {cause: _WAY if area in _OF_ANOTHER else area for cause, area in areas.items()}
            self._areas[level, fine] = areas
        return self._areas[level, fine]


@dataclass
class Group:
    """One finding: the case that shows it most plainly, and what it is recognised by.

    clause: the clause that says best what is wrong. core: the keys of its causes. areas: the areas of these. keys: of
    everything that differs where nothing else does. mistakes: the lines of the candidate whose errors most of its
    causes are. cases: the ids of those of which it explains something.
    """

    clause: str
    lead: CaseSymptoms
    symptoms: tuple[Symptom, ...]
    areas: frozenset[str]
    core: frozenset[Key]
    keys: set[Key] = field(default_factory=set)
    mistakes: set[str] = field(default_factory=set)
    cases: set[str] = field(default_factory=set)


class Grouping:
    """The findings so far, at a level. tried: the number of cases tried, those that agree among them.

    expected: signatures that a baseline expects, which are never findings. fine: keep the special globals of the result
    apart.
    """

    def __init__(self, level: Level, tried: int = 0, *, fine: bool = False) -> None:
        self.level = level
        self.tried = tried
        self.expected: frozenset[Signature] = frozenset()
        self.fine = fine
        self.all: list[Group] = []

    def explaining(self, case: CaseSymptoms, cause: Symptom, among: Sequence[Group] | None = None) -> Group | None:
        """The finding that explains a cause, or None if no finding does. among: only these are asked."""
        groups = self._of_function(cause.signature.clause, self.all if among is None else among)
        if not groups:
            return None
        for group in groups:
            if cause.key in (group.core if cause.point else group.keys):
                return group
        areas = case.areas(self.level, fine=self.fine)
        for group in groups:
            if areas[cause] in group.areas:
                return group
        if cause.area in _WEAK:
            present = {symptom.key for symptom in case.symptoms if symptom is not cause}
            for group in groups:
                if group.core & present and group.areas != {_OUTPUT}:  # no code can see that
                    return group
        if cause.area == _SIGHT:
            return groups[0]
        # An error that nobody meant, at a line that has raised one before, is the same mistake of the candidate.
        mistake = case.mistake(cause)
        if mistake and (same := [group for group in groups if mistake in group.mistakes]):
            return same[0]
        fixture = fixture_of(case.id)
        return next((group for group in groups if fixture in group.cases), None)

    @staticmethod
    def _of_function(clause: str, groups: Sequence[Group]) -> list[Group]:
        """Those of the findings that are about the same function as a clause; all if it is about both functions."""
        if clause in OF_BOTH_FUNCTIONS:
            return list(groups)
        of_path = is_of_path(clause)
        return [group for group in groups if is_of_path(group.clause) == of_path]

    def unknown(self, case: CaseSymptoms) -> list[Symptom]:
        """The causes in a case that no finding explains."""
        causes = (cause for cause in case.causes(self.level) if cause.signature not in self.expected)
        return [cause for cause in causes if self.explaining(case, cause) is None]

    def choose(self, cases: Sequence[CaseSymptoms]) -> tuple[CaseSymptoms, Symptom] | None:
        """The cause that most cases show and no finding explains, in the case that shows it most plainly, or None."""
        unknown = [(case, causes) for case in cases if (causes := self.unknown(case))]
        counts = Counter(key for _, causes in unknown for key in {cause.key for cause in causes})
        if not counts:
            return None
        firmest = {
            key: min(cause.level for _, causes in unknown for cause in causes if cause.key == key) for key in counts
        }
        sights = {cause.key for _, causes in unknown for cause in causes if cause.area == _SIGHT}
        key = min(counts, key=lambda key: (key in sights, firmest[key], -counts[key], key))
        cases_with_key = (case for case, causes in unknown if any(cause.key == key for cause in causes))
        plainest = min(cases_with_key, key=self._how_plain)
        return plainest, next(cause for cause in self.unknown(plainest) if cause.key == key)

    def add(self, case: CaseSymptoms, cause: Symptom, cases: Sequence[CaseSymptoms] = ()) -> Group:
        """Make a finding of a cause, with the other causes in its case that are about the same.

        cases: others that were tried; a difference that shows there beside this finding alone belongs to it.
        """
        cases = [case, *cases]
        areas = case.areas(self.level, fine=self.fine)
        together = [
            other
            for other in self.unknown(case)
            if other.of_path == cause.of_path
            and (areas[other] == areas[cause] or self._always_together(other.key, cause.key, cases))
        ]
        group = Group(
            cause.signature.clause,
            case,
            tuple(together),
            frozenset(areas[symptom] for symptom in together),
            frozenset(symptom.key for symptom in together),
        )
        group.keys |= group.core
        for other in cases:
            causes = other.causes(self.level)
            if {symptom.key for symptom in causes} <= group.core:
                steps = {symptom.step for symptom in causes}
                group.keys.update(
                    symptom.key for symptom in other.symptoms if symptom.step in steps and symptom.area != _OUTPUT
                )
        self.all.append(group)
        return group

    def blame(self, blamed: Blamed, unknown: Sequence[tuple[CaseSymptoms, Sequence[Symptom]]]) -> Group:
        """Make a finding of a clause that is to blame, or add to the one that there is.

        unknown: the cases still failing, each with its causes that no finding explains.
        """
        cases = [case for case, _ in unknown]
        naming = [
            (case, cause) for case, causes in unknown for cause in causes if cause.signature.clause == blamed.clause
        ]
        lead, cause = min(naming, key=lambda pair: (pair[0].clauses[:1] != (blamed.clause,), self._how_plain(pair[0])))
        group = self._same_fault(blamed) or self.add(lead, cause, cases)
        keys = {*blamed.keys, *(cause.key for _, cause in naming)}
        group.core |= keys
        group.keys |= keys
        mistakes = Counter(case.mistake(cause) for case, cause in naming)
        group.mistakes.update(line for line, count in mistakes.items() if line and count >= _TOGETHER * len(naming))
        return group

    def _same_fault(self, blamed: Blamed) -> Group | None:
        """The finding to which a clause that is to blame belongs; None if it is another fault.

        That is the finding of the same clause, or one whose cases hold nearly all cases that name this clause, if no
        case of its own speaks for it. A finding that shows nearly everywhere says nothing of what else shows there.
        """
        for group in self._of_function(blamed.clause, self.all):
            inside = len(blamed.naming & group.cases)
            is_part = inside >= _NEARLY_ALL * len(blamed.naming) and len(group.cases) <= _EVERYWHERE * self.tried
            if group.clause == blamed.clause or (is_part and not blamed.own):
                return group
        return None

    def _always_together(self, first: Key, second: Key, cases: Sequence[CaseSymptoms]) -> bool:
        """True if two causes occur in the same cases, and in few enough of them for that to mean something."""
        ids, other_ids = (
            {case.id for case in cases if any(symptom.key == key for symptom in case.causes(self.level))}
            for key in (first, second)
        )
        either = len(ids | other_ids)
        return len(ids & other_ids) >= _TOGETHER * either and either <= _COMMON * self.tried

    def _how_plain(self, case: CaseSymptoms) -> tuple[bool, int, int, int, str]:
        causes = case.causes(self.level)
        return len({cause.key for cause in causes}) > 1, case.size, len(causes), len(case.symptoms), case.id


def grouped(cases: Sequence[CaseSymptoms], level: Level, tried: int, *, fine: bool = False) -> Grouping:
    """All findings in these cases, in the order in which to mend them: each explains most of what those before do not.

    cases: all that ran, those that agree among them. tried: their number, with drawn cases that agree.
    """
    grouping = Grouping(level, tried, fine=fine)
    population = Population()
    for case in cases:
        population.add(case.id, case.clauses, case.size)
    failing = {case.id: case for case in cases if case.causes(level)}
    parted = {case.id for case in cases if any(symptom.signature.field in CONTROL for symptom in case.symptoms)}
    firmest = {name: min(cause.level for cause in case.causes(level)) for name, case in failing.items()}
    later = {name for name in failing if firmest.get(fixture_of(name), Level.EXACT + 1) <= firmest[name]}
    for is_later in (False, True):
        several = {name: case for name, case in failing.items() if (name in later) == is_later}
        _explain(several, grouping, population, parted)
    return grouping


def _explain(
    failing: Mapping[str, CaseSymptoms], grouping: Grouping, population: Population, parted: Collection[str]
) -> None:
    """Add the findings that explain these cases, by id. parted: the ids of all cases in which the ways part."""
    unknown = {name: causes for name, case in failing.items() if (causes := grouping.unknown(case))}
    while unknown:
        shown = {
            name: [_for_blame(cause, failing[name].clauses) for cause in causes]
            for name, causes in _of_one(unknown).items()
        }
        first = blamed(shown, population, parted - shown.keys())[0]
        group = grouping.blame(first, [(failing[name], unknown[name]) for name in shown])
        left = {}
        for name, causes in unknown.items():  # no other finding has changed, so only this one is asked
            rest = [cause for cause in causes if grouping.explaining(failing[name], cause, [group]) is None]
            if rest:
                left[name] = rest
        group.cases.update(name for name, causes in unknown.items() if len(left.get(name, ())) < len(causes))
        unknown = left


def _of_one(unknown: Mapping[str, Sequence[Symptom]]) -> dict[str, list[Symptom]]:
    """The causes, by case, of only one of the two functions: of `run_module`, as long as there are any."""
    for of_path in (False, True):
        of_one = {name: [cause for cause in causes if cause.of_path == of_path] for name, causes in unknown.items()}
        if found := {name: causes for name, causes in of_one.items() if causes}:
            return found
    return {}


def _mistake(divergence: Divergence) -> str:
    """The line of the candidate's own that raised an error that is no refusal; empty if there was none."""
    place, kind = divergence.raised_at, divergence.signature.kind
    if kind not in ("raises", "type", "subclass") or not place or place.startswith(("<", "world:")):
        return ""
    error = str(divergence.candidate).removeprefix("raised ").partition(":")[0]
    return "" if error in REFUSALS or ", run by " in place else place


def _by_the_whole_group(signature: Signature) -> bool:
    """True if the clause owns the field only with all that is seen at that moment, as "entry.*" stands for."""
    group = signature.field.partition(".")[0]
    clause = registry().get(signature.clause)
    if clause is None or group not in _MOMENTS:
        return False
    return f"{group}.*" in clause.fields and not any(
        pattern.partition(":")[0] == signature.field for pattern in clause.fields
    )


def _for_blame(symptom: Symptom, listed: Sequence[str]) -> Cause:
    """A symptom as blame looks at it. listed: the clauses that its case lists."""
    signature, area, known = symptom.signature, symptom.area, registry()
    others = [symptom.error]
    if signature.clause in listed:
        about = (known[name] for name in listed if name in known and name != signature.clause)
        others += [clause.id for clause in about if clause.owns(signature.field, signature.kind)]
    return Cause(
        signature.clause,
        symptom.key,
        subject=area if area.endswith(_AFTERWARDS) or area == _WAY else symptom.key,
        general=area in _GENERAL or _by_the_whole_group(signature),
        trace=area in _TRACES,
        others=tuple(others),
        way=area == _WAY,
        output=area == _OUTPUT,
    )
