"""Parts of an observation, read: the events of a step, the words for how it ends, the frames of the world."""

from __future__ import annotations

from typing import Any

from ..agent.messages import CommandObservation, Event, ExceptionDescription, Observation, StepObservation

# Errors with which an implementation refuses on purpose.
REFUSALS = ("ImportError", "ModuleNotFoundError")


def events_of(step: StepObservation) -> list[Event]:
    """The events of a step; none, if it only wrote files."""
    return step.get("events", [])


def ending(step: StepObservation) -> str:
    """The outcome of a step in words: "returned", or "raised TypeError: message"."""
    return f"raised {short(step['exception'])}" if step["outcome"] == "raised" else "returned"


def endings(observation: Observation) -> tuple[str, ...]:
    """The outcomes of the steps in order: "returned", or "raised TypeError"; steps that write files are left out."""
    return tuple(ending(step).partition(":")[0] for step in observation["steps"] if "outcome" in step)


def refusal(step: StepObservation) -> str:
    """The error with which an implementation refuses a module, if the step ends with one; else an empty text."""
    if "command" in step:
        return _refused(step["command"])
    own = step.get("outcome") == "raised" and step["exception"].get("from_runpy")
    return ending(step) if own else ""


def import_error(step: StepObservation) -> str:
    """The ImportError with which a step ends before anything runs, and which no code of the world raises; or ""."""
    if step.get("outcome") != "raised" or step["exception"]["exception"] not in REFUSALS:
        return ""
    in_code = any(not frame[0].startswith("<step ") for frame in world_frames(step))
    ran = any(event["event"] == "run" for event in events_of(step))
    return "" if ran or in_code else ending(step)


def spec_told(step: StepObservation) -> Any:
    """The name in the spec of the first program that tells what it sees; None if there is none."""
    told = step["command"]["told"] if "command" in step else ()
    specials = next((telling["specials"] for telling in told if "specials" in telling), {})
    spec = specials.get("__spec__")
    return spec.get("name") if isinstance(spec, dict) else None


def _refused(command: CommandObservation) -> str:
    """The line in which the interpreter refuses a program, if it does; else an empty text."""
    said = [line for line in command["stderr"] if line.startswith("<python>: ")]
    ran = any(telling["event"] == "program" for telling in command["told"])
    return said[-1] if said and not ran and command["ending"] in (1, 2) else ""


def short(exception: ExceptionDescription) -> str:
    """An exception's type and message."""
    return f"{exception['exception']}: {exception['message']}" if exception["message"] else exception["exception"]


def raised_in_world(step: StepObservation) -> str:
    """The line of the world at which the exception of a step was raised; empty if it was raised elsewhere."""
    frames = [] if refusal(step) else [frame for frame in world_frames(step) if not frame[0].startswith("<step ")]
    return f"{frames[-1][0]}:{frames[-1][1]}" if frames else ""


def world_frames(step: StepObservation) -> list[Any]:
    """The frames of the world in the traceback with which a step ends: file, line and function of each."""
    return list(step["exception"].get("frames", ())) if "exception" in step else []
