"""One step of a case on both sides: what every comparison of its fields needs.

Owns the forms that all comparisons share: two descriptions, two mappings, two sequences of keys. Each difference that
it yields carries the facts about the run around it, by which `owners` chooses the clause. Which fields there are, and
when they come about, is said by `events`, `ending` and `aftermath`.
"""

from __future__ import annotations

import ast
import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..agent import SPECIALS
from ..agent.messages import StepObservation
from ..cases.model import PATH, Case, Step
from ..clauses import FREE_FIELDS
from .descriptions import (
    ABSENT,
    UNCHANGED,
    describes_module,
    difference_kind,
    which_object,
    without_error_details,
)
from .difference import Difference
from .divergence import Found, Moment
from .fields import FIELDS
from .observations import events_of, import_error, refusal, spec_told, world_frames


@dataclass(frozen=True)
class Place:
    """A place in the course of a step: its index among the events, and the phase of the run.

    A difference that is observed after the events has one of the indices in `fields`.
    """

    index: int
    phase: str
    nested_ended: bool = False  # at the end of a module: a run inside its own has ended before
    run_instead: bool = False  # the candidate runs what the oracle imports
    elsewhere: bool = False  # both sides execute the file, or warn, as often, but at another moment or in another way
    in_modules: bool = False  # the candidate's code, too, finds its own namespace in sys.modules under its name
    under_another_name: bool = False  # the candidate has entered the module of the code under another name than its own
    bound_later: frozenset[str] = frozenset()  # the names that the code has bound by its end


class StepContext:
    """The two observations of one step, and the facts about it that the oracle shows."""

    def __init__(
        self,
        case: Case,
        number: int,
        oracle: StepObservation,
        candidate: StepObservation,
        executed: frozenset[str] = frozenset(),
        raised_at: str = "",
    ) -> None:
        """Gather the facts. number: of the step, from 1.

        executed: the files that the candidate was seen to execute. raised_at: where the candidate raised, if known.
        """
        self.case = case
        self.number = number
        self.oracle = oracle
        self.candidate = candidate
        self.raised_at = raised_at
        runs = [event for event in events_of(oracle) if event["event"] == "run"]
        specials = runs[0]["specials"] if runs else {}
        spec = specials.get("__spec__")
        self._facts: dict[str, Any] = {
            "altered": any(event.get("entry") == "own" for event in runs),
            "ran": bool(runs),
            "of_script": self.step.kind == "command" and PATH in case.programs,
            "of_path": isinstance(self.step.content, str) and "run_path" in self.step.content,
            "compiled": isinstance(self.step.content, str) and ".pyc'" in self.step.content,
            "returned": oracle.get("outcome") == "returned",
            # A nested run's own errors pass through the world as well.
            "of_world": bool(runs) and bool(world_frames(oracle)) and not oracle["exception"].get("from_runpy"),
            "same_error": _end_in_the_same_error(oracle, candidate),
            "refusal": "" if runs else refusal(oracle),
            "refused": import_error(candidate) if runs else "",
            "name": specials.get("__name__"),
            "spec_name": spec.get("spec") if isinstance(spec, dict) else spec_told(oracle),
            "located": spec.get("has_location") is not False if isinstance(spec, dict) else True,
            "imported": frozenset(event["file"] for event in events_of(oracle) if event["event"] == "import"),
            "run": frozenset(event["file"] for event in runs),
            "raises": oracle["exception"]["exception"] if oracle.get("outcome") == "raised" else "",
        }
        self._runs_as = [event["specials"].get("__name__") for event in runs]
        self._initial = initial_globals(case)
        files = {event["file"] for event in runs}
        in_threads = {subject for event, subject in candidate.get("audit", ()) if event == "thread-exec"}
        self._ran_unseen = bool(files & in_threads) or (
            bool(files) and files.isdisjoint(executed) and _ends_alike(oracle, candidate)
        )
        self.code_ran = bool(runs) or any(event["event"] == "run" for event in events_of(candidate))

    @property
    def step(self) -> Step:
        """The step itself."""
        return self.case.steps[self.number - 1]

    def found(
        self,
        place: Place,
        field: str,
        kind: str,
        where: str,
        oracle: Any,
        candidate: Any,
        key: str | None = None,
        *,
        raised_at: str = "",
    ) -> Found:
        """A difference at a place.

        field: one of `FIELDS`. where: the field's place, for a reader. key: of the entry or the variable that differs.
        raised_at: see `Divergence`.
        """
        if field not in FIELDS:
            raise ValueError(f"{field} is not in the table of fields (judge/fields.py)")
        difference = Difference(
            field=field,
            kind=kind,
            oracle=oracle,
            candidate=candidate,
            key=key or "",
            unseen=field.startswith("executions.") and kind == "missing" and self._ran_unseen,
            nested_ended=place.nested_ended,
            run_instead=place.run_instead,
            elsewhere=place.elsewhere,
            in_modules=place.in_modules,
            under_another_name=place.under_another_name,
            bound_later=key is not None and key in place.bound_later,
            other_entry=field.endswith(".modules") and key is not None and key not in self._runs_as,
            initial=field == "names" and key in self._initial,
            **self._facts,
        )
        moment = Moment(self.number, place.index)
        return Found(difference, place.phase, f"step {self.number}: {where}", moment, raised_at)

    def compare(
        self, place: Place, field: str, where: str, oracle: Any, candidate: Any, key: str | None = None
    ) -> Iterator[Found]:
        """The difference between two descriptions, if there is one. key: as for `found`."""
        if field in FREE_FIELDS:
            # The texts and the links of errors are judged where the errors come out, at a level of their own.
            oracle, candidate = without_error_details(oracle), without_error_details(candidate)
        kind = difference_kind(oracle, candidate)
        if kind == "order":
            field = "result.order"
        if kind:
            yield self.found(place, field, kind, where, oracle, candidate, key)

    def compare_changes(
        self, place: Place, field: str, where: str, oracle: Mapping[str, Any], candidate: Mapping[str, Any]
    ) -> Iterator[Found]:
        """The differences between two mappings of changed keys, key by key. A key that is not there did not change.

        where: with `{}` for the key.
        """
        for key in sorted(oracle.keys() | candidate.keys()):
            ours, theirs = oracle.get(key, UNCHANGED), candidate.get(key, UNCHANGED)
            shown = where.format(repr(key))
            if field.endswith(".modules") and describes_module(ours) and describes_module(theirs):
                # The type of a module is apart from which module it is: no program that runs as a module asks for it.
                types = [side.get("type", ABSENT) for side in (ours, theirs)]
                ours, theirs = _without_type(ours), _without_type(theirs)
                yield from self.compare(place, field.replace(".modules", ".module_type"), f"type of {shown}", *types)
            yield from self.compare(place, field, shown, ours, theirs, key)

    def compare_keys(
        self, place: Place, group: str, where: str, oracle: list[Any], candidate: list[Any]
    ) -> Iterator[Found]:
        """The keys that one side lacks, and the order of the keys if both sides have the same."""
        ours, theirs = ({json.dumps(key): key for key in keys if key not in SPECIALS} for keys in (oracle, candidate))
        for text in sorted(ours.keys() - theirs.keys()):
            yield self.found(place, f"{group}.keys", "missing", f"keys{where}", ours[text], ABSENT)
        for text in sorted(theirs.keys() - ours.keys()):
            key = theirs[text] if isinstance(theirs[text], str) else None
            yield self.found(place, f"{group}.keys", "extra", f"keys{where}", ABSENT, theirs[text], key)
        if oracle != candidate and sorted(map(json.dumps, oracle)) == sorted(map(json.dumps, candidate)):
            yield self.found(place, f"{group}.order", "order", f"order of keys{where}", oracle, candidate)


def _ends_alike(oracle: StepObservation, candidate: StepObservation) -> bool:
    """True if both sides end in a way in which only code that has run can end: with its names, or with its error."""
    if oracle.get("outcome") != candidate.get("outcome"):
        return False
    if "exception" in oracle and "exception" in candidate:
        frames = [frame for frame in world_frames(oracle) if not frame[0].startswith("<step ")]
        return bool(frames) and all(frame in world_frames(candidate) for frame in frames)
    names, others = (_names_of(side.get("result")) for side in (oracle, candidate))
    return "__name__" in names & others and names ^ others <= {*SPECIALS}


def _end_in_the_same_error(oracle: StepObservation, candidate: StepObservation) -> bool:
    """True if both sides end in an exception that was met before, at the same place."""
    if "exception" not in oracle or "exception" not in candidate:
        return False
    met = which_object(oracle["exception"])
    return bool(met != ABSENT and met == which_object(candidate["exception"]))


def _names_of(result: Any) -> set[str]:
    """The names that a described namespace holds."""
    pairs = result.get("dict") if isinstance(result, dict) else None
    return {str(key) for key, _ in pairs} if isinstance(pairs, list) else set()


@functools.lru_cache(maxsize=256)
def _initial_in(source: str) -> frozenset[str]:
    """The variables in a step's source that are given to `run_module` as init_globals."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "run_module":
            given = [*node.args[1:2], *(word.value for word in node.keywords if word.arg == "init_globals")]
            names = (part for value in given for part in ast.walk(value))
            found.update(name.id for name in names if isinstance(name, ast.Name))
    return frozenset(found)


def initial_globals(case: Case) -> frozenset[str]:
    """The variables of a case's steps that are given to `run_module` as init_globals."""
    texts = (step.content for step in case.steps if step.kind != "write" and isinstance(step.content, str))
    return frozenset().union(*(_initial_in(text) for text in texts if "run_module" in text))


def argv_field(group: str, oracle: Mapping[str, Any], candidate: Mapping[str, Any]) -> str:
    """The field of two changes of `sys.argv`: the right arguments in a list of their own are another field."""
    same_items = all(side == UNCHANGED or side.get("items") == "as before" for side in (oracle, candidate))
    return f"{group}.argv_object" if same_items or difference_kind(oracle, candidate) == "identity" else f"{group}.argv"


def pairs_by_key(oracle: list[Any], candidate: list[Any]) -> Iterator[tuple[str, Any, Any]]:
    """Each key of two lists of pairs, with the oracle's and the candidate's value; `ABSENT` for one that is not there.

    A key that is a text stands for itself, any other one for its description.
    """
    ours, theirs = ({json.dumps(key): (key, value) for key, value in side} for side in (oracle, candidate))
    for text in [*ours, *(text for text in theirs if text not in ours)]:
        key = (ours.get(text) or theirs[text])[0]
        shown = key if isinstance(key, str) else text
        yield shown, ours.get(text, (key, ABSENT))[1], theirs.get(text, (key, ABSENT))[1]


def _without_type(module: Mapping[str, Any]) -> Any:
    return {key: part for key, part in module.items() if key != "type"}
