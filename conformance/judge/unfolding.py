"""Makes observations whole again: where much changes, the agent tells only what differs from the moment before.

Rules. Knows the notation of `changed_modules`, `changed_names` and `as before` (docs/observation.md). Judges nothing.
"""

from __future__ import annotations

from typing import Any

from ..agent.messages import Event, Observation, StateChanges, StepObservation
from .descriptions import ABSENT
from .observations import events_of

_AS_BEFORE = {"as before": True}
_LISTS = ("path", "meta_path", "path_hooks", "filters")


def unfolded(observation: Observation) -> Observation:
    """The observation with its lists whole, and with `modules` and `names` in the place of their changed parts.

    Parts that are equal at several moments may be the same objects. An observation that is whole already is returned
    itself.
    """
    if not any(map(_is_folded, observation["steps"])):
        return observation
    steps: list[StepObservation] = []
    names: dict[str, Any] = {}
    for step in observation["steps"]:
        whole = step.copy()
        if "events" in step:
            whole["events"] = _whole_events(step["events"])
        if "changed_names" in whole:
            changed = whole.pop("changed_names")
            together = {**names, **changed}
            whole["names"] = {key: value for key, value in together.items() if changed.get(key) != ABSENT}
        names = whole.get("names", names)
        steps.append(whole)
    unfolded_observation = observation.copy()
    unfolded_observation["steps"] = steps
    return unfolded_observation


def _is_folded(step: StepObservation) -> bool:
    return "changed_names" in step or any(
        "changed_modules" in event or _folded_lists(event.get("state", {})) for event in events_of(step)
    )


def _folded_lists(state: StateChanges) -> list[str]:
    """The names of the lists in `state` whose first items are told as `as before`."""
    return [name for name in _LISTS if _items(state.get(name))[:1] == [_AS_BEFORE]]


def _items(change: Any) -> Any:
    """The items that were put into a list."""
    return change.get("another object", change).get("list", []) if isinstance(change, dict) else []


def _whole_state(state: StateChanges, before: StateChanges) -> StateChanges:
    changes: Any = dict(state)
    for name in _folded_lists(state):
        change = changes[name]
        whole = {**change.get("another object", change), "list": [*_items(before.get(name)), *_items(change)[1:]]}
        changes[name] = {"another object": whole} if "another object" in change else whole
    whole_state: StateChanges = changes
    return whole_state


def _whole_events(events: list[Event]) -> list[Event]:
    modules: dict[str, Any] = {}
    state: StateChanges = {}
    found: list[Event] = []
    for event in events:
        whole = event
        if "changed_modules" in event:
            whole = event.copy()
            changed = whole.pop("changed_modules")
            together = {**modules, **changed}
            whole["modules"] = {key: value for key, value in together.items() if changed.get(key) != _AS_BEFORE}
        if "entry" in event:  # only such events tell the state of the interpreter
            if _folded_lists(event.get("state", {})):
                whole = whole.copy()
                whole["state"] = _whole_state(event["state"], state)
            modules, state = whole.get("modules", {}), whole.get("state", {})
        found.append(whole)
    return found
