"""The judge: a case and two observations in, divergences out. A pure function: no processes, no files.

The two observations are laid side by side, step by step and moment by moment: the modules executed and what each saw
as it started and ended (`events`), how the step ended (`outcome`), what it left behind (`aftermath`). Each field that
differs becomes a divergence with a phase, a clause (`owners`) and a level. The divergences are put in the order in
which they came about, and one that an earlier one explains is filed under it (`causes`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..agent.messages import Observation, StepObservation
from ..cases.model import FAMILIES, PATH, SEARCH, Case
from ..clauses import FREE_FIELDS, Clause, Level, registry
from .aftermath import compare_aftermath
from .causes import with_causes
from .commands import compare_command
from .context import StepContext
from .difference import Difference
from .divergence import PHASES, Divergence, Found, Moment, Signature
from .events import EventComparison
from .levels import level_in, with_levels
from .observations import ending, events_of
from .outcome import compare_outcome
from .owners import default_owner, ends_as_told, is_beyond, is_imported_besides
from .unfolding import unfolded

# Fields to which a candidate may add something that no code of the case has asked for.
ADDED_TO = ("stdout", "stderr", "names")


def judge(
    case: Case,
    oracle: Observation,
    candidate: Observation,
    *,
    version: str,
    level: Level = Level.COMPAT,
    unseen: frozenset[str] = frozenset(),
    clauses: Mapping[str, Clause] | None = None,
    all_output: bool = False,
) -> list[Divergence]:
    """The divergences of a candidate's observation from the oracle's, in the order in which they came about.

    version: the targets' version of the language. level: see `with_causes`. unseen: fields, or groups of them such as
    "result", that cannot be seen through the candidate's adapter; they are left out. clauses: by id; default: the
    registry. all_output: what a launcher prints of its own is judged as well.
    """
    known = registry() if clauses is None else clauses
    oracle, candidate = unfolded(oracle), unfolded(candidate)
    places = candidate.get("raised_at", ())
    divergences = [
        _divergence(case, found, version, known)
        for number, (ours, theirs) in enumerate(zip(oracle["steps"], candidate["steps"], strict=True), 1)
        for found in _differences(
            case, number, ours, theirs, _executed(candidate["steps"][:number]), _at(places, number), all_output
        )
        if unseen.isdisjoint((found.difference.field, found.difference.field.split(".")[0]))
    ]
    divergences.sort(key=lambda divergence: (divergence.moment, PHASES.index(divergence.signature.phase)))
    return with_causes(with_levels(divergences), level, known)


def failed(
    case: Case,
    field: str,
    detail: Any,
    *,
    version: str,
    oracle: Observation | None = None,
    clauses: Mapping[str, Clause] | None = None,
) -> Divergence:
    """The divergence of a candidate that gave no observation at all. field: "crash" or "hang".

    oracle: the other side's observation, if it is at hand; its first error is what is shown.
    """
    known = registry() if clauses is None else clauses
    errors = (ending(step) for step in (oracle["steps"] if oracle else ()) if step.get("outcome") == "raised")
    of_script = case.is_of_commands and PATH in case.programs
    difference = Difference(
        field=field,
        kind=field,
        oracle=next(errors, "came to its end"),
        candidate=detail,
        of_path=case.functions == {"run_path"},
        of_script=of_script,
        of_module=case.is_of_commands and not of_script,
    )
    return _divergence(case, Found(difference, "execute", "the process", Moment(1, 0)), version, known)


def _at(places: Sequence[str], number: int) -> str:
    """The line at which the candidate raised in a step, from 1; empty if that is not known."""
    return places[number - 1] if number <= len(places) else ""


def _executed(steps: Sequence[StepObservation]) -> frozenset[str]:
    """The files that were seen to be executed in some steps."""
    return frozenset(
        event["file"] for step in steps for event in events_of(step) if event["event"] in ("run", "import")
    )


def _differences(
    case: Case,
    number: int,
    oracle: StepObservation,
    candidate: StepObservation,
    executed: frozenset[str],
    raised_at: str,
    all_output: bool,
) -> Iterator[Found]:
    if "command" in oracle:
        yield from compare_command(StepContext(case, number, oracle, candidate), all_output=all_output)
    elif oracle:  # a step that only writes files shows nothing
        step = StepContext(case, number, oracle, candidate, executed, raised_at)
        yield from EventComparison(step).differences()
        yield from compare_outcome(step)
        yield from compare_aftermath(step)


def _divergence(case: Case, found: Found, version: str, clauses: Mapping[str, Clause]) -> Divergence:
    difference = found.difference
    owner = _owner(case, difference, version, clauses)
    level = level_in(case, owner, version, clauses)
    signature = Signature(owner, found.phase, difference.field, difference.kind)
    return Divergence(
        signature,
        level,
        found.where,
        difference.oracle,
        difference.candidate,
        found.moment,
        raised_at=found.raised_at,
    )


def _owner(case: Case, difference: Difference, version: str, clauses: Mapping[str, Clause]) -> str:
    if difference.unseen or is_imported_besides(difference):
        return default_owner(difference, version, clauses)  # whatever the case is about
    is_added = difference.field in ADDED_TO and difference.kind == "extra"
    about = [clauses[name] for name in case.clauses if name in clauses and clauses[name].holds(version)]
    for clause in about:
        is_beyond_it = is_beyond(clause, difference) or (is_added and clause.level == Level.DOCUMENTED)
        if clause.owns(difference.field, difference.kind) and not is_beyond_it:
            return clause.id
    generated = case.chapter in (FAMILIES, SEARCH)  # it has many points, and a fixture has one
    is_free = difference.field in FREE_FIELDS and not is_added and not ends_as_told(difference)
    if about and is_free and not generated and not is_beyond(about[0], difference):
        return about[0].id
    return default_owner(difference, version, clauses)
