"""Blame: of all clauses that differences name, the one that says best what is wrong.

Rules. Pure: knows what was tried and what differed, and neither how a case was run nor how a finding is shown.

Theory of operation. It is the question of fault localisation by spectra, with clauses in the place of program elements:
some cases fail, some pass, each case is about some clauses, and the clause is wanted that tells the failing ones from
the passing ones. Three facts speak for a clause:

- *Its own cases fail, and name it.* A case is a clause's own if the clause is its point, the first that it lists. Where
  there are fixtures of that kind, cases of families are no further ones: a family puts together what comes to be first.
  A clause most of whose own cases pass is not what is broken, however many other cases name it: initial globals that
  override the specials are named as a wrong `__name__` in every case but those that are about `__name__`.
- *What differs in its own cases differs in the others, too.* So a clause that only few cases are about can be blamed
  for a thousand. That nothing runs, or that the call ends otherwise, has so many reasons that it counts for less, and
  so does what differs in its own cases and belongs to another clause.
- *Others name it.* Where the table of owners has the right row, most of the failing cases do.

A clause about an act of the implementation outweighs a clause about the words of an error, and a difference in a field
that a clause owns outweighs a difference in the values that the executed code computes.

A clause about what programs come to see follows from other clauses, and yields to them. A clause about threads is none
about what differs without threads as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from ..cases.model import FAMILIES
from ..clauses import Level, registry

Key = tuple[str, str, str]
# The weight of a clause of which no own case fails, but for their number. This and the other numbers were chosen by how
# many of the single faults of tests/ they blame rightly; between half and twice of each changes little.
_NO_OWN = 0.01
# The part of the score that does not depend on how many cases name the clause.
_WHOEVER_NAMES_IT = 0.15
# Factors: of a clause that follows from others; of one that is known by traces alone, by what code has made of what it
# saw alone, by another error of the implementation's own alone, where both sides refuse, or by what is printed alone,
# and never without something else that differs.
_FOLLOWS = 0.7
_TRACE = 0.03
_GENERAL = 0.7
_OTHER_ERROR = 0.1
_ACCOMPANIES = 0.1
# The part for which a case counts that a clause covers only by the way in which its own cases go, or by what differs in
# them and belongs to another clause.
_BY_THE_WAY = 0.3
# The chapter about runs beside others: what differs in other cases as well is no matter of threads.
_THREADS = "threads"
_FIRMNESS = {Level.DOCUMENTED: 1.0, Level.COMPAT: 0.85, Level.EXACT: 0.7}


@dataclass(frozen=True)
class Cause:
    """A cause that nothing explains yet, as far as blame needs it.

    others: further clauses that are named as well: the one about the implementation's own error, where the oracle ends
    in one, since there are clauses for some of the reasons of the error, too; and those that the case lists, if the
    field belongs to them as well.
    key: what is the same in every case in which the same field differs at the same point. subject: the same, but equal
    for fields that are about one thing. general: the field can differ
    for any reason, such as what code has made of what it saw. trace: the field is a trace of how the code was loaded.
    way: another module runs, none does, or the call ends otherwise; which says little of the reason. output: something
    is printed.
    """

    clause: str
    key: Key
    subject: object
    general: bool = False
    trace: bool = False
    others: tuple[str, ...] = ()
    way: bool = False
    output: bool = False

    @property
    def is_other_error(self) -> bool:
        """True if both sides refuse the same, and only the errors differ."""
        phase, name, _ = self.key
        return phase in ("resolve", "load code") and name.startswith("exception.")

    def names(self, clause: str) -> bool:
        """True if a clause is named by it, be it as a further one."""
        return clause == self.clause or clause in self.others


@dataclass(frozen=True)
class Blamed:
    """A clause, how strongly it is blamed, and the keys of the causes that it explains.

    own: true if cases of its own fail, and name it. naming: the ids of the cases that name it.
    """

    clause: str
    score: float
    keys: frozenset[Key]
    own: bool
    naming: frozenset[str]


@dataclass
class Population:
    """All cases that ran, by what they are about.

    fixtures, generated: by clause, the ids of the cases whose point it is. sizes: by id of a case, how much there is to
    read.
    """

    fixtures: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    generated: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    sizes: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, case: str, clauses: Sequence[str], size: int = 0) -> None:
        """Add a case, by its id, the clauses that it lists, and how much there is to read."""
        self.sizes[case] = size
        generated = case.startswith(f"{FAMILIES}/")
        for clause in clauses[:1]:
            (self.generated if generated else self.fixtures)[clause].append(case)

    def own(self, clause: str) -> Sequence[str]:
        """The ids of a clause's own cases: of fixtures, or of cases of families if there are none."""
        return self.fixtures.get(clause) or self.generated.get(clause) or ()


def blamed(failing: Mapping[str, Sequence[Cause]], population: Population, masked: Collection[str]) -> list[Blamed]:
    """The clauses that failing cases name, the one that says best what is wrong first.

    failing: by id, the causes that nothing explains yet. masked: the ids of the cases in which other causes hide what
    they would have shown.
    """
    naming: dict[str, set[str]] = defaultdict(set)
    showing: dict[object, set[str]] = defaultdict(set)
    for name, causes in failing.items():
        for cause in causes:
            naming[cause.clause].add(name)
            showing[cause.subject].add(name)
    for name, causes in failing.items():
        for cause in causes:
            for other in naming.keys() & set(cause.others):
                naming[other].add(name)
    # The clauses that all their own cases name.
    standing = {clause for clause, names in naming.items() if names.issuperset(population.own(clause) or [""])}
    candidates = [
        _judged(clause, names, failing, showing, population, masked, standing) for clause, names in naming.items()
    ]

    def plainest(blame: Blamed) -> int:
        return min(population.sizes[case] for case in blame.naming)

    # Of equal ones the plainer one, which the other may be a special case of.
    return sorted(candidates, key=lambda blame: (-round(blame.score, 6), plainest(blame), blame.clause))


def _judged(
    clause: str,
    naming: Collection[str],
    failing: Mapping[str, Sequence[Cause]],
    showing: Mapping[object, set[str]],
    population: Population,
    masked: Collection[str],
    standing: Collection[str],
) -> Blamed:
    own = [name for name in population.own(clause) if name in naming or name not in masked]
    own_failing = [name for name in own if name in naming]
    # One case more, which half fails: so few cases prove less than many.
    weight = (len(own_failing) + 0.5) / (len(own) + 1) if own_failing else _NO_OWN / (len(own) + 1)
    causes = {
        cause
        for name in own_failing or naming
        for cause in failing[name]
        if cause.names(clause) or not (cause.trace or name.startswith(f"{FAMILIES}/"))
    }
    keys = frozenset(cause.key for cause in causes if not _is_firmer(cause, clause, standing))
    # Only what differs for a reason of its own says something of cases that are not about the clause.
    covered, perhaps = set(naming), set[str]()
    for cause in causes:
        if not cause.general:
            is_telling = cause.names(clause) and not cause.way
            (covered if is_telling else perhaps).update(showing[cause.subject])
    known = registry().get(clause)
    if known is not None and known.chapter == _THREADS:
        covered = {name for name in covered if name in naming or name.startswith(f"{_THREADS}/")}
        perhaps.clear()
    perhaps -= covered
    if all(cause.trace for cause in causes):
        weight *= _TRACE
    if all(cause.general for cause in causes):
        weight *= _GENERAL
    printed = (cause.output for name in naming for cause in failing[name] if cause.names(clause))
    if all(printed) and all(any(not cause.output for cause in failing[name]) for name in naming):
        weight *= _ACCOMPANIES
    if all(cause.is_other_error for cause in causes):
        weight *= _OTHER_ERROR
    score = weight * (len(covered) + _BY_THE_WAY * len(perhaps)) / len(failing)
    score *= _WHOEVER_NAMES_IT + (1 - _WHOEVER_NAMES_IT) * len(naming) / len(failing)
    if known is not None:
        score *= _FIRMNESS[known.level] * (_FOLLOWS if known.is_consequence else 1)
    return Blamed(clause, score, keys, bool(own_failing), frozenset(naming))


def _is_firmer(cause: Cause, clause: str, standing: Collection[str]) -> bool:
    """True if a cause names a firmer clause than `clause`, and one for which all its own cases speak.

    The finding of a softer clause does not hide such a clause.
    """
    ours, theirs = registry().get(clause), registry().get(cause.clause)
    if ours is None or theirs is None or cause.names(clause) or cause.way or cause.general:
        return False
    return theirs.level < ours.level and cause.clause in standing
