"""The traces that a step left, side by side: the state of the interpreter, output, files, names, audit events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .context import Place, StepContext, argv_field
from .descriptions import ABSENT, UNCHANGED
from .divergence import Found
from .fields import AFTER, AUDIT, NAMES, OUTPUT

# State that is told key by key.
_MAPPINGS = ("main", "environ", "builtins", "attributes", "state")
_PHASES = {"open": "load code", "compile": "load code", "exec": "execute", "import": "import parent"}


def compare_aftermath(step: StepContext) -> Iterator[Found]:
    """The differences in what the step left behind."""
    oracle, candidate = step.oracle, step.candidate
    place = Place(AFTER, "restore")
    ours, theirs = oracle.get("argv", UNCHANGED), candidate.get("argv", UNCHANGED)
    yield from step.compare(place, argv_field("after", ours, theirs), "sys.argv afterwards", ours, theirs)
    yield from step.compare_changes(
        place, "after.modules", "sys.modules[{}] afterwards", oracle["modules"], candidate["modules"]
    )
    state: Mapping[str, Any] = oracle["state"]
    other_state: Mapping[str, Any] = candidate["state"]
    for key in sorted(state.keys() | other_state.keys()):
        if key in _MAPPINGS:
            changes: Mapping[str, Any] = state.get(key, {})
            other_changes: Mapping[str, Any] = other_state.get(key, {})
            where = "{} afterwards" if key == "state" else f"{key}[{{}}] afterwards"
            yield from step.compare_changes(place, f"after.{key}", where, changes, other_changes)
        else:
            ours, theirs = state.get(key, UNCHANGED), other_state.get(key, UNCHANGED)
            yield from step.compare(place, f"after.{key}", f"{key} afterwards", ours, theirs)
    yield from _compare_output(step)
    yield from step.compare(place, "files", "files of the world", oracle["files"], candidate["files"])
    yield from _compare_names(step)
    yield from _compare_audit_events(step)


def _compare_output(step: StepContext) -> Iterator[Found]:
    """The differences in what is printed. What the candidate prints beside the same text is a matter of its own."""
    place = Place(OUTPUT, "execute")
    streams = (
        ("stdout", step.oracle["stdout"], step.candidate["stdout"]),
        ("stderr", step.oracle["stderr"], step.candidate["stderr"]),
    )
    for field, ours, theirs in streams:
        if ours != theirs and _holds_in_order(theirs, ours):
            yield step.found(place, field, "extra", field, ours, theirs)
        else:
            yield from step.compare(place, field, field, ours, theirs)


def _holds_in_order(text: str, lines: str) -> bool:
    """True if a text has all of some lines, in their order."""
    rest = iter(text.splitlines())
    return all(line in rest for line in lines.splitlines())


def _compare_names(step: StepContext) -> Iterator[Found]:
    # Statements that run modules bind what they make of it.
    runs_modules = step.step.kind == "do" and "run_module" in step.step.content
    place = Place(NAMES, "execute" if runs_modules else "result")
    names, other_names = step.oracle["names"], step.candidate["names"]
    for name in sorted(names.keys() | other_names.keys()):
        ours, theirs = names.get(name, ABSENT), other_names.get(name, ABSENT)
        yield from step.compare(place, "names", name, ours, theirs, name)


def _compare_audit_events(step: StepContext) -> Iterator[Found]:
    for event, phase in _PHASES.items():
        ours, theirs = (
            [subject for kind, subject in side["audit"] if kind == event and not _is_archive(step, subject)]
            for side in (step.oracle, step.candidate)
        )
        if ours != theirs:
            kind = "missing" if len(ours) > len(theirs) else "extra" if len(ours) < len(theirs) else "value"
            place = Place(AUDIT, phase)
            yield step.found(place, f"audit.{event}", kind, f"audit events {event!r}", ours, theirs)


def _is_archive(step: StepContext, subject: str) -> bool:
    """True for an archive with a folder on sys.path, which any import of anything may open."""
    return any(f"<root>/{entry}".startswith(f"{subject}/") for entry in step.case.path)
