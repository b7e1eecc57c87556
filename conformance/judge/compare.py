"""A case and two observations in, divergences out: the judge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..cases.model import FAMILIES, SEARCH, Case
from ..clauses import FREE_FIELDS, Clause, Level, registry
from .causes import with_causes
from .divergence import PHASES, Divergence, Found, Signature
from .owners import Difference, default_owner
from .step import StepComparison


def judge(
    case: Case,
    oracle: Mapping[str, Any],
    candidate: Mapping[str, Any],
    *,
    version: str,
    level: Level = Level.COMPAT,
    unseen: frozenset[str] = frozenset(),
    clauses: Mapping[str, Clause] | None = None,
) -> list[Divergence]:
    """The divergences of a candidate's observation from the oracle's, in the order in which they came about.

    version: the targets' version of the language. level: divergences at this level or a firmer one are never
    explained away by one that does not count, unless that parts the two sides for good. unseen: fields, or groups of
    them such as "result", that cannot be seen through the candidate's adapter; they are left out.
    """
    known = registry() if clauses is None else clauses
    found: list[Divergence] = []
    for number, (ours, theirs) in enumerate(zip(oracle["steps"], candidate["steps"], strict=True)):
        for one in StepComparison(case, number, ours, theirs).differences():
            if any(one.difference.field.split(".")[0] == field or one.difference.field == field for field in unseen):
                continue
            found.append(_owned(case, one, version, known))
    found.sort(key=lambda one: (one.moment, PHASES.index(one.signature.phase)))
    return with_causes(found, level, known)


def failed(
    case: Case, field: str, detail: Any, *, version: str, clauses: Mapping[str, Clause] | None = None
) -> Divergence:
    """The divergence of a candidate that gave no observation at all. field: "crash" or "hang"."""
    known = registry() if clauses is None else clauses
    difference = Difference(field=field, kind=field, oracle="an observation", candidate=detail)
    return _owned(case, Found(difference, "execute", "the process", (0, 0)), version, known)


def _owned(case: Case, one: Found, version: str, clauses: Mapping[str, Clause]) -> Divergence:
    difference = one.difference
    owner = _owner(case, difference, version, clauses)
    level = clauses[owner].level if owner in clauses else Level.DOCUMENTED
    signature = Signature(owner, one.phase, difference.field, difference.kind)
    return Divergence(signature, level, one.where, difference.oracle, difference.candidate, one.moment)


def _owner(case: Case, difference: Difference, version: str, clauses: Mapping[str, Clause]) -> str:
    about = [clauses[one] for one in case.clauses if one in clauses and clauses[one].holds(version)]
    for clause in about:
        if clause.owns(difference.field, difference.kind):
            return clause.id
    generated = case.chapter in (FAMILIES, SEARCH)  # it has many points, and a fixture has one
    if about and difference.field in FREE_FIELDS and not generated:
        return about[0].id
    return default_owner(difference, version, clauses)
