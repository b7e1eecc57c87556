"""Compares how a step ended on the two sides: the outcome, the exception, the result."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..agent import SPECIALS
from ..agent.messages import ExceptionDescription
from .context import Place, StepContext, pairs_by_key
from .descriptions import ABSENT, is_dict, which_object
from .divergence import Found
from .fields import OUTCOME, RESULT
from .observations import ending, raised_in_world, short, world_frames

_PARTS = ("message", "args", "name", "path", "cause", "context", "frames", "location", "attributes", "held")


def compare_outcome(step: StepContext) -> Iterator[Found]:
    """The differences in how the step ended."""
    oracle, candidate = step.oracle, step.candidate
    place = Place(OUTCOME, _phase_of_errors(step))
    if oracle["outcome"] != candidate["outcome"]:
        kind = "raises" if candidate["outcome"] == "raised" else "returns"
        # A fixture's own statements look at what it is about: that they fail is seen as a name not bound.
        field = "outcome" if step.step.kind == "call" else "names"
        at = (step.raised_at or raised_in_world(candidate)) if kind == "raises" else raised_in_world(oracle)
        yield step.found(place, field, kind, "outcome", ending(oracle), ending(candidate), raised_at=at)
    elif oracle["outcome"] == "raised":
        yield from _compare_exceptions(step, place, oracle["exception"], candidate["exception"])
    elif "result" in oracle:
        yield from _compare_results(step, oracle["result"], candidate["result"])


def _phase_of_errors(step: StepContext) -> str:
    if step.code_ran:
        return "execute"
    if any(not frame[0].startswith("<step ") for frame in world_frames(step.oracle)):
        return "import parent"
    return "load code" if step.case.chapter == "loaders" else "resolve"


def _compare_exceptions(
    step: StepContext, place: Place, oracle: ExceptionDescription, candidate: ExceptionDescription
) -> Iterator[Found]:
    if oracle["exception"] != candidate["exception"]:
        inherits = oracle["exception"] in candidate["bases"]
        field, kind = ("exception.subclass", "subclass") if inherits else ("exception.type", "type")
        at = step.raised_at or raised_in_world(step.candidate)
        yield step.found(place, field, kind, "the exception's type", short(oracle), short(candidate), raised_at=at)
    for part in _PARTS:
        ours, theirs = oracle.get(part, ABSENT), candidate.get(part, ABSENT)
        field = f"exception.{part}"
        if part in ("cause", "context"):
            ours, theirs = _link(ours), _link(theirs)
            if ours != theirs and _without(ours, "name") == _without(theirs, "name"):
                field = "exception.name"  # the right exception, and what it lacks is another matter
            elif ours != theirs and _without(ours, "message") == _without(theirs, "message"):
                field = "exception.message"
        yield from step.compare(place, field, f"the exception's {part}", ours, theirs)
    if all(_link(oracle.get(part)) == _link(candidate.get(part)) for part in ("cause", "context")):
        hidden, other_hidden = oracle.get("suppress_context"), candidate.get("suppress_context")
        yield from step.compare(place, "exception.context", "whether its context is hidden", hidden, other_hidden)
    ours, theirs = which_object(oracle), which_object(candidate)
    if ours != theirs:
        yield step.found(place, "exception.identity", "identity", "which exception it is", ours, theirs)
    ours, theirs = oracle.get("namespace"), candidate.get("namespace")
    yield from step.compare(place, "exception.namespace", "the namespace of its last frame", ours, theirs)


def _compare_results(step: StepContext, oracle: Any, candidate: Any) -> Iterator[Found]:
    place = Place(RESULT, "result")
    if not is_dict(oracle):
        yield from step.compare(place, "result.values", "the value", oracle, candidate)
        return
    if not is_dict(candidate):
        yield step.found(place, "result.type", "type", "the result", _brief(oracle), _brief(candidate))
        if not (isinstance(candidate, dict) and "dict" in candidate):
            return
    ours, theirs = which_object(oracle), which_object(candidate)
    if ours != theirs:
        yield step.found(place, "result.identity", "identity", "which dictionary it is", ours, theirs)
    if "dict" not in oracle or "dict" not in candidate:
        return
    pairs, other_pairs = oracle["dict"], candidate["dict"]
    keys, other_keys = [key for key, _ in pairs], [key for key, _ in other_pairs]
    yield from step.compare_keys(place, "result", " of the result", keys, other_keys)
    for key, ours, theirs in pairs_by_key(pairs, other_pairs):
        if key in SPECIALS:
            yield from step.compare(place, f"result.{key}", f"result[{key!r}]", ours, theirs)
        elif ours is not ABSENT and theirs is not ABSENT:
            is_function = isinstance(ours, dict) and "function" in ours
            field = "result.functions" if is_function else "result.values"
            yield from step.compare(place, field, f"result[{key!r}]", ours, theirs)


def _link(value: Any) -> Any:
    """A cause or context, by its type, message, name, slots and identity, and by its own links."""
    if isinstance(value, dict) and "exception" in value:
        kept = ("exception", "message", "name", "held", "is", "again")
        link = {key: value[key] for key in kept if key in value}
        for part in ("cause", "context"):
            if value.get(part) is not None:
                link[part] = _link(value[part])
        return link
    return value


def _without(link: Any, part: str) -> Any:
    """A cause or context without one part of it, and of its own links."""
    if isinstance(link, dict) and "exception" in link:
        return {key: _without(value, part) for key, value in link.items() if key != part}
    return link


def _brief(value: Any) -> Any:
    if isinstance(value, dict) and "dict" in value:
        return {"dict subclass": value["type"]} if "type" in value else "a dict"
    return value
