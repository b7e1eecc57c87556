"""The events of a step, side by side: which modules were executed, what each saw as it started and ended, what warned.

The two sequences are aligned first: events of the same kind and file are compared field by field, and an event that
only one side has is a difference by itself. So is a module that the candidate executes in the place of another one: it
starts with what belongs to it, which says nothing of how the other one would have started.
"""

from __future__ import annotations

import difflib
import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ..agent import OF_AN_IMPORT, SPECIALS
from ..agent.messages import Event
from .causes import OWN_ENTRY
from .context import Place, StepContext, argv_field, pairs_by_key
from .descriptions import ABSENT, UNCHANGED
from .divergence import Found
from .observations import events_of


class EventComparison:
    """Compares the events of one step."""

    def __init__(self, step: StepContext) -> None:
        self._step = step
        self._oracle = events_of(step.oracle)
        self._candidate = [_as_import(event, self._oracle) for event in events_of(step.candidate)]
        self._run_instead: set[str] = set()  # the files that the candidate runs where the oracle does something else
        self._sides = (self._oracle, self._candidate)
        self._added: dict[str, set[str]] = {}  # by file: the keys that only the candidate has as the code starts
        self._exchanged: set[tuple[str, str]] = set()  # files of modules that are executed in the place of one another

    def differences(self) -> Iterator[Found]:
        """The differences, in the order of the oracle's events."""
        signs = [[_sign(event) for event in events] for events in (self._oracle, self._candidate)]
        matcher = difflib.SequenceMatcher(a=signs[0], b=signs[1], autojunk=False)
        for how, start, stop, other_start, other_stop in matcher.get_opcodes():
            ours, theirs = self._oracle[start:stop], self._candidate[other_start:other_stop]
            if how == "equal" or (how == "replace" and _kinds(ours) == _kinds(theirs)):
                for offset, (our_event, their_event) in enumerate(zip(ours, theirs, strict=True)):
                    yield from self._matched(start + offset, our_event, their_event)
            else:
                self._run_instead = self._files_run_instead(theirs)
                for offset, event in enumerate(ours):
                    yield from self._unmatched(start + offset, event, "missing")
                for event in theirs:
                    yield from self._unmatched(start, event, "extra")

    def _phase_before(self, index: int) -> str:
        """The phase of the run just before an event that is neither a run's start nor its end."""
        depth = 0
        for event in self._oracle[:index]:
            depth += (event["event"] == "run") - (event["event"] == "end" and "globals" in event)
        return "execute" if depth > 0 else "resolve"

    def _unmatched(self, index: int, event: Event, kind: str) -> Iterator[Found]:
        what = event["event"]
        if what == "end":
            return
        phase = self._phase_before(index)
        if what in ("run", "import"):
            if phase != "execute":
                phase = "prepare" if what == "run" else "import parent"
            shown: Any = f"{what} of {event['file']}"
            field, where = f"executions.{what}", "modules executed"
        elif what == "note":
            shown, field, where = event["values"], "note", "noted"
        else:
            shown, field, where = f"{event['category']}: {event['text']}", "warnings", "warnings"
        oracle, candidate = (shown, ABSENT) if kind == "missing" else (ABSENT, shown)
        instead = kind == "missing" and what == "import" and event["file"] in self._run_instead
        place = Place(index, phase, run_instead=instead, elsewhere=self._is_elsewhere(event))
        yield self._step.found(place, field, kind, where, oracle, candidate)

    def _matched(self, index: int, oracle: Event, candidate: Event) -> Iterator[Found]:
        what = oracle["event"]
        if what in ("run", "import"):
            if _is_another_module(oracle, candidate):
                self._exchanged.add((oracle["file"], candidate["file"]))
                phase = "prepare" if what == "run" else "import parent"
                place = Place(index, phase, elsewhere=self._is_elsewhere(oracle))
                ours, theirs = (f"{what} of {side['file']}" for side in (oracle, candidate))
                yield self._step.found(place, f"executions.{what}", "value", "modules executed", ours, theirs)
            else:
                yield from self._start(index, what, oracle, candidate)
        elif what == "end":
            if (oracle["file"], candidate["file"]) not in self._exchanged:
                yield from self._end(index, oracle, candidate)
        elif what == "note":
            place = Place(index, self._phase_before(index))
            yield from self._step.compare(place, "note", "noted", oracle["values"], candidate["values"])
        else:
            place = Place(index, "resolve")
            yield from self._step.compare(
                place, "warnings.category", "the warning's category", oracle["category"], candidate["category"]
            )
            yield from self._step.compare(
                place, "warnings.text", "the warning's text", oracle["text"], candidate["text"]
            )

    def _is_elsewhere(self, event: Event) -> bool:
        """True if both sides execute the file of an event, or warn, equally often, though not at the same moment."""
        if event["event"] == "warning":
            return len({side.count(event) for side in self._sides}) == 1
        if event["event"] not in ("run", "import"):
            return False
        return len({_executions(side, event["file"]) for side in self._sides}) == 1

    def _start(self, index: int, what: str, oracle: Event, candidate: Event) -> Iterator[Found]:
        step, file = self._step, oracle["file"]
        phase, group = ("prepare", "entry") if what == "run" else ("import parent", "import")
        in_modules = candidate.get("entry") == "own"
        place = Place(index, phase, in_modules=in_modules, bound_later=self._bound_by(index, file))
        in_file = f" as {file} starts"
        # A name that the candidate adds is reported here, and not once more as the code ends.
        if what == "run":
            added = {key for key in candidate["keys"] if isinstance(key, str) and key not in oracle["keys"]}
            self._added.setdefault(file, set()).update(added)
        if file != candidate["file"]:
            field = "entry.code" if what == "run" else "executions.import"
            yield step.found(place, field, "value", "the code's file name", file, candidate["file"])
        ours, theirs = oracle.get("namespace", ABSENT), candidate.get("namespace", ABSENT)
        yield from step.compare(place, f"{group}.namespace", f"the namespace is one met before{in_file}", ours, theirs)
        for key in SPECIALS if what == "run" else OF_AN_IMPORT:
            ours, theirs = (side["specials"].get(key, ABSENT) for side in (oracle, candidate))
            yield from step.compare(place, f"{group}.{key}", key + in_file, ours, theirs)
        yield from step.compare_keys(place, group, in_file, oracle["keys"], candidate["keys"])
        for key, ours, theirs in pairs_by_key(oracle["globals"], candidate["globals"]):
            if ours is not ABSENT and theirs is not ABSENT:
                yield from step.compare(place, f"{group}.globals", f"{key}{in_file}", ours, theirs)
        is_globals: Any = oracle.get("locals", ABSENT)
        other_is_globals: Any = candidate.get("locals", ABSENT)
        yield from step.compare(
            place, f"{group}.locals", f"locals() is globals(){in_file}", is_globals, other_is_globals
        )
        ours, theirs = oracle.get("handled", ABSENT), candidate.get("handled", ABSENT)
        yield from step.compare(place, f"{group}.handled", f"sys.exc_info()[0]{in_file}", ours, theirs)
        yield from self._sys_state(place, group, f"as {file} starts: ", oracle, candidate)

    def _end(self, index: int, oracle: Event, candidate: Event) -> Iterator[Found]:
        file, of_a_run = oracle["file"], "globals" in oracle
        nested_ended = self._nested_ended(index)
        # An import whose code has run a module ends with what that run has left, like code that is run itself.
        phase, group = ("execute", "exit") if of_a_run or nested_ended else ("import parent", "import")
        place = Place(index, phase, nested_ended, in_modules=candidate.get("entry") == "own")
        yield from self._sys_state(place, group, f"at the end of {file}: ", oracle, candidate)
        if of_a_run and "globals" in candidate:
            for key, ours, theirs in pairs_by_key(oracle["globals"], candidate["globals"]):
                if key not in SPECIALS and not (ours is ABSENT and key in self._added.get(file, ())):
                    where = f"{key} at the end of {file}"
                    yield from self._step.compare(place, "exit.globals", where, ours, theirs)

    def _files_run_instead(self, theirs: Sequence[Event]) -> set[str]:
        """The files that the candidate runs at a moment, if it never runs what the oracle runs in the step."""
        ran, others = (
            {event["file"] for event in events if event["event"] == "run"} for events in (self._oracle, self._candidate)
        )
        return {event["file"] for event in theirs if event["event"] == "run"} if ran.isdisjoint(others) else set()

    def _nested_ended(self, index: int) -> bool:
        """True if the module that ends at an event has run another one, and that run has ended."""
        imported = 0  # modules of which the end was met, and not yet the start
        for event in reversed(self._oracle[:index]):
            if event["event"] == "end":
                if "globals" in event:
                    return True
                imported += 1
            elif event["event"] in ("run", "import"):
                if not imported:
                    return False
                imported -= 1
        return False

    def _bound_by(self, index: int, file: str) -> frozenset[str]:
        """The names that the code of a run has bound by its end. index: of the run's start."""
        for event in self._oracle[index:]:
            if event["event"] == "end" and event["file"] == file:
                return frozenset(key for key, _ in event.get("globals", ()) if isinstance(key, str))
        return frozenset()

    def _sys_state(self, place: Place, group: str, where: str, oracle: Event, candidate: Event) -> Iterator[Found]:
        """Compare `sys` at the start or the end of a module's code, as changed since before the step."""
        step = self._step
        place = replace(place, under_another_name=_is_under_another_name(candidate))
        ours, theirs = oracle.get("argv", UNCHANGED), candidate.get("argv", UNCHANGED)
        yield from step.compare(place, argv_field(group, ours, theirs), f"{where}sys.argv", ours, theirs)
        yield from step.compare_changes(
            place,
            f"{group}.modules",
            f"{where}sys.modules[{{}}]",
            oracle.get("modules", {}),
            candidate.get("modules", {}),
        )
        ours, theirs = oracle.get("entry"), candidate.get("entry")
        yield from step.compare(place, f"{group}.modules", where + OWN_ENTRY, ours, theirs)
        changes, other_changes = oracle.get("state", {}), candidate.get("state", {})
        for key in sorted(changes.keys() | other_changes.keys()):
            field = f"{group}.path" if key == "path" else f"{group}.state"
            ours, theirs = changes.get(key, UNCHANGED), other_changes.get(key, UNCHANGED)
            yield from step.compare(place, field, where + key, ours, theirs)


def _is_under_another_name(event: Event) -> bool:
    """True if the entry of the code's own name is no module of its globals, and that of another name is."""
    changed = event.get("modules", {}).values() if event.get("entry") != "own" else ()
    own_globals = f"globals of {event.get('file')}"
    return any(isinstance(module, dict) and module.get("dict") == own_globals for module in changed)


def _sign(event: Event) -> tuple[str, str]:
    return event["event"], event.get("file", "")


def _executions(events: Sequence[Event], file: str) -> int:
    """The number of times that a file is executed, be it by a run or by an import."""
    return sum(event["event"] in ("run", "import") and event["file"] == file for event in events)


def _kinds(events: Sequence[Event]) -> list[str]:
    return [event["event"] for event in events]


def _is_another_module(oracle: Event, candidate: Event) -> bool:
    """True if the candidate executes another module of the world, and not the same one under a wrong file name."""
    file = candidate["file"]
    ours, theirs = (side.get("specials", {}).get("__file__") for side in (oracle, candidate))
    # A script may have a relative name: if its code and its namespace agree on it, that is no wrong file name.
    is_script = file == theirs and posixpath.basename(file) != posixpath.basename(oracle["file"])
    if file == oracle["file"] or not (file.startswith(("<root>", "world:")) or is_script):
        return False
    return bool(ours != theirs)


def _as_import(event: Event, oracle: Sequence[Event]) -> Event:
    """A candidate's event, as an import if that is what it amounts to.

    The agent knows an import by the mark that the import system sets meanwhile. A parent that is imported by hand, into
    its place in `sys.modules`, is imported all the same.
    """
    if event["event"] == "run" and event.get("entry") == "own":
        alike = {other["event"] for other in oracle if _file_and_name(other) == _file_and_name(event)}
        if "import" in alike and "run" not in alike:
            return {**event, "event": "import"}
    return event


def _file_and_name(event: Event) -> tuple[Any, Any]:
    return event.get("file"), event.get("specials", {}).get("__name__")
