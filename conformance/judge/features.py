"""The features of what the oracle did in a case; those of the case itself are in `cases.features`.

Rules. Pure. A feature is a phrase that completes "the cases in which ...", and says nothing of the candidate: it is the
same whoever is judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..agent.messages import Event, Observation, StepObservation
from .observations import events_of


def observed_features(observation: Observation) -> tuple[str, ...]:
    """The features of an observation of the oracle, in a fixed order."""
    return tuple(dict.fromkeys(feature for step in observation["steps"] for feature in _of_a_step(step)))


def _of_a_step(step: StepObservation) -> Iterator[str]:
    events = events_of(step)
    depth = 0
    for event in events:
        if event["event"] == "run":
            yield "a run starts inside another" if depth else "a module is run"
            depth += 1
            yield from _of_a_run(event)
        elif event["event"] == "end" and "globals" in event:
            depth -= 1
        elif event["event"] == "import":
            yield "the code that is run imports a module" if depth else "a module is imported before the code is run"
        elif event["event"] == "warning":
            yield "a warning is given"
    altered = any(event.get("entry") == "own" for event in events if event["event"] == "run")
    if step.get("outcome") == "returned" and "result" in step and any(event["event"] == "run" for event in events):
        yield "an altered run returns" if altered else "a plain run returns"
    if step.get("outcome") == "raised":
        refused = bool(step["exception"].get("from_runpy"))
        ran = any(event["event"] == "run" for event in events)
        if refused:
            yield "the call is refused"
        elif ran:
            yield "the code of an altered run raises" if altered else "the code of a plain run raises"
            yield "the code that is run raises"
        else:
            yield "an error comes before anything is run"
    if any(name.endswith(" created") for name in step.get("files", ())):
        yield "compiled files are written"
    if "argv" in step:
        yield "sys.argv is changed afterwards"
    if step.get("modules"):
        yield "sys.modules is changed afterwards"
    if step.get("stdout"):
        yield "the code prints"


def _of_a_run(event: Event) -> Iterator[str]:
    specials = event["specials"]
    yield "a module is run altered" if event.get("entry") == "own" else "a module is run without altering"
    name, spec = specials.get("__name__"), specials.get("__spec__")
    if isinstance(spec, dict) and "spec" in spec and spec["spec"] != name:
        yield "the module has another name than its own"
    if isinstance(spec, dict) and isinstance(spec.get("spec"), str):
        if spec["spec"].endswith(".__main__"):
            yield "a __main__ submodule is run"
        if "." in spec["spec"]:
            yield "a module of a package is run"
    yield f"its loader is {_kind(specials.get('__loader__'))}"
    if specials.get("__file__", "") is None:
        yield "__file__ is None"
    if "__cached__" in specials and specials["__cached__"] is None:
        yield "__cached__ is None"
    if specials.get("__package__"):
        yield "__package__ is not empty"
    if event.get("handled"):
        yield "an exception is being handled"


def _kind(loader: Any) -> str:
    if isinstance(loader, dict):
        return str(loader.get("machinery") or loader.get("instance") or loader.get("class") or "one of the world")
    return "None" if loader is None else "one of the world"
