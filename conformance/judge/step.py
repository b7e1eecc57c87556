"""One step of a case, side by side: each field in which the oracle and the candidate differ."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..agent import OF_AN_IMPORT, SPECIALS
from ..cases.model import Case
from ..clauses import FREE_FIELDS
from .causes import OWN_ENTRY
from .descriptions import difference_kind, is_dict, which_object, without_error_details
from .divergence import Found
from .owners import NOTHING, UNCHANGED, Difference

# When things come about within a step, after its events.
_OUTCOME, _OUTPUT, _AFTER, _RESULT, _NAMES, _AUDIT = range(1_000_000, 1_000_006)


class StepComparison:
    """Lays the two observations of one step side by side."""

    def __init__(self, case: Case, number: int, oracle: Mapping[str, Any], candidate: Mapping[str, Any]) -> None:
        self._case = case
        self._number = number
        self._oracle = oracle
        self._candidate = candidate
        runs = [event for event in oracle.get("events", ()) if event["event"] == "run"]
        specials = runs[0]["specials"] if runs else {}
        spec = specials.get("__spec__")
        self._facts: dict[str, Any] = {
            "altered": any(event.get("entry") == "own" for event in runs),
            "returned": oracle.get("outcome") == "returned",
            # A nested run's own errors pass through the world as well.
            "of_world": bool(runs) and bool(_frames(oracle)) and not oracle["exception"].get("from_runpy"),
            "refusal": "" if runs else _refusal(oracle),
            "name": specials.get("__name__"),
            "spec_name": spec.get("spec") if isinstance(spec, dict) else None,
            "located": spec.get("has_location") is not False if isinstance(spec, dict) else True,
            "imported": frozenset(event["file"] for event in oracle.get("events", ()) if event["event"] == "import"),
        }
        self._added: dict[str, set[str]] = {}
        self._ran = bool(runs) or any(event["event"] == "run" for event in candidate.get("events", ()))

    def differences(self) -> Iterator[Found]:
        if not self._oracle:
            return
        yield from self._events()
        yield from self._outcome()
        yield from self._left_behind()
        yield from self._audit()

    def _found(self, moment: int, phase: str, field: str, kind: str, where: str, oracle: Any, candidate: Any) -> Found:
        difference = Difference(field=field, kind=kind, oracle=oracle, candidate=candidate, **self._facts)
        return Found(difference, phase, f"step {self._number + 1}: {where}", (self._number, moment))

    def _compare(self, moment: int, phase: str, field: str, where: str, oracle: Any, candidate: Any) -> Iterator[Found]:
        if field in FREE_FIELDS:
            # What errors say, and how they are linked, is judged where they come out, at its own level.
            oracle, candidate = without_error_details(oracle), without_error_details(candidate)
        kind = difference_kind(oracle, candidate)
        if kind == "order":
            field = "result.order"
        if kind:
            yield self._found(moment, phase, field, kind, where, oracle, candidate)

    # -- events ---------------------------------------------------------------------------------------------------

    def _events(self) -> Iterator[Found]:
        ours = self._oracle["events"]
        theirs = [_as_import(event, ours) for event in self._candidate["events"]]
        matcher = difflib.SequenceMatcher(a=[_sign(e) for e in ours], b=[_sign(e) for e in theirs], autojunk=False)
        for how, start, stop, other, other_stop in matcher.get_opcodes():
            mine, others = ours[start:stop], theirs[other:other_stop]
            if how == "equal" or (how == "replace" and _kinds(mine) == _kinds(others)):
                for offset, (one, two) in enumerate(zip(mine, others, strict=True)):
                    yield from self._event(start + offset, one, two)
            else:
                for offset, event in enumerate(mine):
                    yield from self._unmatched(start + offset, event, "missing")
                for event in others:
                    yield from self._unmatched(start, event, "extra")

    def _phase_before(self, index: int) -> str:
        """Where a run stands just before an event that is neither a run's start nor its end."""
        depth = 0
        for event in self._oracle["events"][:index]:
            depth += (event["event"] == "run") - (event["event"] == "end" and "globals" in event)
        return "execute" if depth > 0 else "resolve"

    def _unmatched(self, index: int, event: Mapping[str, Any], kind: str) -> Iterator[Found]:
        what = event["event"]
        if what == "end":
            return
        if what in ("run", "import"):
            phase = "prepare" if what == "run" else "import parent"
            if self._phase_before(index) == "execute":
                phase = "execute"
            shown: Any = f"{what} of {event['file']}"
            field, where = f"executions.{what}", "modules executed"
        else:
            phase = self._phase_before(index)
            shown = _shown(event)
            field, where = ("note", "noted") if what == "note" else ("warnings", "warnings")
        oracle, candidate = (shown, NOTHING) if kind == "missing" else (NOTHING, shown)
        yield self._found(index, phase, field, kind, where, oracle, candidate)

    def _event(self, index: int, oracle: Mapping[str, Any], candidate: Mapping[str, Any]) -> Iterator[Found]:
        what = oracle["event"]
        if what in ("run", "import"):
            yield from self._start(index, what, oracle, candidate)
        elif what == "end":
            phase, prefix = ("execute", "exit") if "globals" in oracle else ("import parent", "import")
            yield from self._around(index, phase, prefix, f"at the end of {oracle['file']}: ", oracle, candidate)
            if "globals" in oracle and "globals" in candidate:
                for key, mine, theirs in _by_key(oracle["globals"], candidate["globals"]):
                    if key not in SPECIALS and not (mine is NOTHING and key in self._added.get(oracle["file"], ())):
                        where = f"{key} at the end of {oracle['file']}"
                        yield from self._compare(index, "execute", "exit.globals", where, mine, theirs)
        elif what == "note":
            phase = self._phase_before(index)
            yield from self._compare(index, phase, "note", "noted", oracle["values"], candidate["values"])
        else:
            for part in ("category", "text"):
                yield from self._compare(
                    index, "resolve", f"warnings.{part}", f"the warning's {part}", oracle[part], candidate[part]
                )

    def _start(self, index: int, what: str, oracle: Mapping[str, Any], candidate: Mapping[str, Any]) -> Iterator[Found]:
        file = oracle["file"]
        phase, prefix = ("prepare", "entry") if what == "run" else ("import parent", "import")
        in_file = f" as {file} starts"
        # What the candidate adds is told here, and not once more as the code ends.
        if what == "run":
            added = {key for key in candidate["keys"] if isinstance(key, str) and key not in oracle["keys"]}
            self._added.setdefault(file, set()).update(added)
        if file != candidate["file"]:
            field = "entry.code" if what == "run" else "executions.import"
            yield self._found(index, phase, field, "value", "the code's file name", file, candidate["file"])
        mine, theirs = oracle.get("namespace", NOTHING), candidate.get("namespace", NOTHING)
        where = "the namespace is one met before" + in_file
        yield from self._compare(index, phase, f"{prefix}.namespace", where, mine, theirs)
        for key in SPECIALS if what == "run" else OF_AN_IMPORT:
            mine, theirs = (side["specials"].get(key, NOTHING) for side in (oracle, candidate))
            yield from self._compare(index, phase, f"{prefix}.{key}", key + in_file, mine, theirs)
        yield from self._keys(index, phase, prefix, in_file, oracle["keys"], candidate["keys"])
        for key, mine, theirs in _by_key(oracle["globals"], candidate["globals"]):
            if mine is not NOTHING and theirs is not NOTHING:
                yield from self._compare(index, phase, f"{prefix}.globals", f"{key}{in_file}", mine, theirs)
        for part, where in (
            ("locals", "locals() is globals()"),
            ("handled", "sys.exc_info()[0]"),
        ):
            mine, theirs = oracle.get(part, NOTHING), candidate.get(part, NOTHING)
            yield from self._compare(index, phase, f"{prefix}.{part}", where + in_file, mine, theirs)
        yield from self._around(index, phase, prefix, f"as {file} starts: ", oracle, candidate)

    def _around(
        self,
        index: int,
        phase: str,
        prefix: str,
        where: str,
        oracle: Mapping[str, Any],
        candidate: Mapping[str, Any],
    ) -> Iterator[Found]:
        """The state of `sys` at the start or the end of a module's code, as changed since before the step."""
        mine, theirs = oracle.get("argv", UNCHANGED), candidate.get("argv", UNCHANGED)
        yield from self._compare(index, phase, _argv_field(prefix, mine, theirs), where + "sys.argv", mine, theirs)
        yield from self._mapping(index, phase, f"{prefix}.modules", where + "sys.modules[{}]", oracle, candidate)
        mine, theirs = oracle.get("entry"), candidate.get("entry")
        yield from self._compare(index, phase, f"{prefix}.modules", where + OWN_ENTRY, mine, theirs)
        mine, theirs = oracle.get("state", {}), candidate.get("state", {})
        for key in mine.keys() | theirs.keys():
            field = f"{prefix}.path" if key == "path" else f"{prefix}.state"
            one, two = mine.get(key, UNCHANGED), theirs.get(key, UNCHANGED)
            yield from self._compare(index, phase, field, where + key, one, two)

    def _mapping(
        self,
        moment: int,
        phase: str,
        field: str,
        where: str,
        oracle: Mapping[str, Any],
        candidate: Mapping[str, Any],
        part: str = "modules",
    ) -> Iterator[Found]:
        """Changed keys, compared one by one. A key that is absent here did not change."""
        mine, theirs = oracle.get(part, {}), candidate.get(part, {})
        for key in sorted(mine.keys() | theirs.keys()):
            one, two = mine.get(key, UNCHANGED), theirs.get(key, UNCHANGED)
            if field.endswith(".modules") and _is_module(one) and _is_module(two):
                # What kind of module it is, is apart from which: no program that runs as a module asks.
                kinds, one, two = [side.get("type", NOTHING) for side in (one, two)], _untyped(one), _untyped(two)
                typed = field.replace(".modules", ".module_type")
                yield from self._compare(moment, phase, typed, "type of " + where.format(repr(key)), *kinds)
            yield from self._compare(moment, phase, field, where.format(repr(key)), one, two)

    def _keys(
        self, moment: int, phase: str, prefix: str, where: str, oracle: list[Any], candidate: list[Any]
    ) -> Iterator[Found]:
        mine, theirs = ({json.dumps(key): key for key in keys if key not in SPECIALS} for keys in (oracle, candidate))
        for key in sorted(mine.keys() - theirs.keys()):
            yield self._found(moment, phase, f"{prefix}.keys", "missing", f"keys{where}", mine[key], NOTHING)
        for key in sorted(theirs.keys() - mine.keys()):
            yield self._found(moment, phase, f"{prefix}.keys", "extra", f"keys{where}", NOTHING, theirs[key])
        if oracle != candidate and sorted(map(json.dumps, oracle)) == sorted(map(json.dumps, candidate)):
            yield self._found(moment, phase, f"{prefix}.order", "order", f"order of keys{where}", oracle, candidate)

    # -- how it ended ---------------------------------------------------------------------------------------------

    def _outcome(self) -> Iterator[Found]:
        ours, theirs = self._oracle, self._candidate
        phase = self._error_phase()
        if ours["outcome"] != theirs["outcome"]:
            kind = "raises" if theirs["outcome"] == "raised" else "returns"
            # A fixture's own statements look at what it is about: that they fail is seen as a name not bound.
            field = "outcome" if self._case.steps[self._number].kind == "call" else "names"
            yield self._found(_OUTCOME, phase, field, kind, "outcome", _ending(ours), _ending(theirs))
        elif ours["outcome"] == "raised":
            yield from self._exception(phase, ours["exception"], theirs["exception"])
        elif "result" in ours:
            yield from self._result(ours["result"], theirs["result"])

    def _error_phase(self) -> str:
        if self._ran:
            return "execute"
        if any(not frame[0].startswith("<step ") for frame in _frames(self._oracle)):
            return "import parent"
        return "load code" if self._case.chapter == "loaders" else "resolve"

    def _exception(self, phase: str, oracle: Mapping[str, Any], candidate: Mapping[str, Any]) -> Iterator[Found]:
        mine, theirs = oracle["exception"], candidate["exception"]
        if mine != theirs:
            inherits = mine in candidate["bases"]
            field, kind = ("exception.subclass", "subclass") if inherits else ("exception.type", "type")
            yield self._found(_OUTCOME, phase, field, kind, "the exception's type", _short(oracle), _short(candidate))
        for part in ("message", "args", "name", "path", "cause", "context", "frames", "location", "attributes"):
            one, two = oracle.get(part, NOTHING), candidate.get(part, NOTHING)
            field = f"exception.{part}"
            if part in ("cause", "context"):
                one, two = _link(one), _link(two)
                if one != two and _without_names(one) == _without_names(two):
                    field = "exception.name"  # the right exception, and what it lacks is another matter
            yield from self._compare(_OUTCOME, phase, field, f"the exception's {part}", one, two)
        if all(_link(oracle.get(part)) == _link(candidate.get(part)) for part in ("cause", "context")):
            one, two = oracle.get("suppress_context"), candidate.get("suppress_context")
            yield from self._compare(_OUTCOME, phase, "exception.context", "whether its context is hidden", one, two)
        one, two = which_object(oracle), which_object(candidate)
        if one != two:
            yield self._found(_OUTCOME, phase, "exception.identity", "identity", "which exception it is", one, two)
        one, two = oracle.get("namespace"), candidate.get("namespace")
        yield from self._compare(_OUTCOME, phase, "exception.namespace", "the namespace of its last frame", one, two)

    def _result(self, oracle: Any, candidate: Any) -> Iterator[Found]:
        if not is_dict(oracle):
            yield from self._compare(_RESULT, "result", "result.values", "the value", oracle, candidate)
            return
        if not is_dict(candidate):
            yield self._found(_RESULT, "result", "result.type", "type", "the result", _brief(oracle), _brief(candidate))
            if not (isinstance(candidate, dict) and "dict" in candidate):
                return
        one, two = which_object(oracle), which_object(candidate)
        if one != two:
            yield self._found(_RESULT, "result", "result.identity", "identity", "which dictionary it is", one, two)
        if "dict" not in oracle or "dict" not in candidate:
            return
        mine, theirs = oracle["dict"], candidate["dict"]
        yield from self._keys(
            _RESULT, "result", "result", " of the result", [key for key, _ in mine], [key for key, _ in theirs]
        )
        for key, one, two in _by_key(mine, theirs):
            if key in SPECIALS:
                yield from self._compare(_RESULT, "result", f"result.{key}", f"result[{key!r}]", one, two)
            elif one is not NOTHING and two is not NOTHING:
                function = isinstance(one, dict) and "function" in one
                field = "result.functions" if function else "result.values"
                yield from self._compare(_RESULT, "result", field, f"result[{key!r}]", one, two)

    # -- what it left ---------------------------------------------------------------------------------------------

    def _left_behind(self) -> Iterator[Found]:
        ours, theirs = self._oracle, self._candidate
        mine, other = ours.get("argv", UNCHANGED), theirs.get("argv", UNCHANGED)
        field = _argv_field("after", mine, other)
        yield from self._compare(_AFTER, "restore", field, "sys.argv afterwards", mine, other)
        yield from self._mapping(_AFTER, "restore", "after.modules", "sys.modules[{}] afterwards", ours, theirs)
        for key in sorted(ours["state"].keys() | theirs["state"].keys()):
            if key in ("main", "environ", "builtins", "attributes"):
                where = key + "[{}] afterwards"
                yield from self._mapping(_AFTER, "restore", f"after.{key}", where, ours["state"], theirs["state"], key)
            else:
                one, two = ours["state"].get(key, UNCHANGED), theirs["state"].get(key, UNCHANGED)
                yield from self._compare(_AFTER, "restore", f"after.{key}", f"{key} afterwards", one, two)
        for stream in ("stdout", "stderr"):
            yield from self._compare(_OUTPUT, "execute", stream, stream, ours[stream], theirs[stream])
        yield from self._compare(_AFTER, "restore", "files", "files of the world", ours["files"], theirs["files"])
        step = self._case.steps[self._number]
        # Statements that run modules bind what they make of it.
        phase = "execute" if step.kind == "do" and "run_module" in step.content else "result"
        for name in sorted(ours["names"].keys() | theirs["names"].keys()):
            one, two = ours["names"].get(name, NOTHING), theirs["names"].get(name, NOTHING)
            yield from self._compare(_NAMES, phase, "names", name, one, two)

    def _audit(self) -> Iterator[Found]:
        phases = {"open": "load code", "compile": "load code", "exec": "execute", "import": "import parent"}
        for event, phase in phases.items():
            mine, theirs = (
                [subject for kind, subject in side["audit"] if kind == event]
                for side in (self._oracle, self._candidate)
            )
            if mine != theirs:
                kind = "missing" if len(mine) > len(theirs) else "extra" if len(mine) < len(theirs) else "value"
                yield self._found(_AUDIT, phase, f"audit.{event}", kind, f"audit events {event!r}", mine, theirs)


def _sign(event: Mapping[str, Any]) -> tuple[str, str]:
    return event["event"], event.get("file", "")


def _as_import(event: Mapping[str, Any], oracle: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """A candidate's event, as an import if that is what it amounts to.

    The agent knows an import by the mark that the import system sets meanwhile. A parent that is imported by hand, into
    its place in `sys.modules`, is imported all the same.
    """
    if event["event"] == "run" and event.get("entry") == "own":
        alike = {other["event"] for other in oracle if _file_and_name(other) == _file_and_name(event)}
        if "import" in alike and "run" not in alike:
            return {**event, "event": "import"}
    return event


def _file_and_name(event: Mapping[str, Any]) -> tuple[Any, Any]:
    return event.get("file"), event.get("specials", {}).get("__name__")


def _kinds(events: Sequence[Mapping[str, Any]]) -> list[str]:
    return [event["event"] for event in events]


def _shown(event: Mapping[str, Any]) -> Any:
    if event["event"] == "note":
        return event["values"]
    return f"{event['category']}: {event['text']}"


def _by_key(oracle: list[Any], candidate: list[Any]) -> Iterator[tuple[Any, Any, Any]]:
    """(key, oracle's value, candidate's value) of two lists of pairs; keys that are texts stand for themselves."""
    mine, theirs = ({json.dumps(key): (key, value) for key, value in side} for side in (oracle, candidate))
    for text in [*mine, *(text for text in theirs if text not in mine)]:
        key = (mine.get(text) or theirs[text])[0]
        shown = key if isinstance(key, str) else text
        yield shown, mine.get(text, (key, NOTHING))[1], theirs.get(text, (key, NOTHING))[1]


def _frames(step: Mapping[str, Any]) -> list[Any]:
    return list(step.get("exception", {}).get("frames", ()))


def _argv_field(prefix: str, oracle: Mapping[str, Any], candidate: Mapping[str, Any]) -> str:
    """The right arguments in a list of its own are another matter than wrong arguments."""
    unchanged = all(side == UNCHANGED or side.get("items") == "as before" for side in (oracle, candidate))
    return f"{prefix}.argv" + ("_object" if unchanged or difference_kind(oracle, candidate) == "identity" else "")


def _is_module(value: Any) -> bool:
    return isinstance(value, dict) and "module" in value


def _untyped(value: Mapping[str, Any]) -> Any:
    return {key: part for key, part in value.items() if key != "type"}


def _link(value: Any) -> Any:
    """A cause or context, by what is said of it."""
    if isinstance(value, dict) and "exception" in value:
        kept = ("exception", "message", "name", "is", "again")
        short = {key: value[key] for key in kept if key in value}
        for part in ("cause", "context"):
            if value.get(part) is not None:
                short[part] = _link(value[part])
        return short
    return value


def _without_names(link: Any) -> Any:
    if isinstance(link, dict) and "exception" in link:
        return {key: _without_names(value) for key, value in link.items() if key != "name"}
    return link


def _short(exception: Mapping[str, Any]) -> str:
    return f"{exception['exception']}: {exception['message']}" if exception["message"] else exception["exception"]


def _refusal(step: Mapping[str, Any]) -> str:
    """The error with which an implementation refuses a module, if that is how a step ends."""
    own = step.get("outcome") == "raised" and step["exception"].get("from_runpy")
    return _ending(step) if own else ""


def _ending(step: Mapping[str, Any]) -> str:
    return f"raised {_short(step['exception'])}" if step["outcome"] == "raised" else "returned"


def _brief(value: Any) -> Any:
    if isinstance(value, dict) and "dict" in value:
        return {"dict subclass": value["type"]} if "type" in value else "a dict"
    return value
