"""An observation in shorthand: without the parts that are usual, or that follow from the others.

Rules. `shorten` and `restore` are each other's inverse for every observation, to the letter. It knows the parts of an
observation, and not what they mean.

Theory of operation. Each `_usual_...` function returns the parts that an ordinary exception, event or spec has, given
the rest of it. `shorten` leaves out the parts that are equal to those, and `restore` puts them back. A module's end is
described by its changes since its start, and the result by its changes since that end (`_Runs` keeps account of these).
An observation that `restore` could not bring back to the letter is kept in full. docs/recordings.md lists the rules for
the reader of a recording.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from ...agent import OF_AN_IMPORT, SPECIALS

IN_FULL = "in full"
AS_IT_WAS = "as it was"
_BUILTINS = {"is": "builtins"}

# The parts of a step in the order in which the agent writes them, and the values with which they are left out.
_STEP: tuple[str, ...] = ("outcome", "exception", "result", "events", "audit", "argv", "modules", "state", "names")
_STEP = (*_STEP, "stdout", "stderr", "files")
_EMPTY = {
    "outcome": "returned",
    "events": [],
    "audit": [],
    "modules": {},
    "state": {},
    "stdout": "",
    "stderr": "",
    "files": [],
}

_EVENT: tuple[str, ...] = ("event", "file", "handled", "namespace", "specials", "keys", "globals", "locals")
_EVENT = (*_EVENT, "argv", "entry", "modules", "state")
_EXCEPTION: tuple[str, ...] = ("exception", "message", "bases", "args", "name", "path", "location", "cause", "context")
_EXCEPTION = (*_EXCEPTION, "suppress_context", "frames", "held", "attributes", "is", "namespace", "from_runpy")
_SPEC = ("spec", "loader", "origin", "has_location", "cached", "search_locations")
_SURROUNDINGS = ("argv", "modules", "state")
# The kinds of descriptions of objects without identity.
_UNNAMED = ("float", "complex", "bytes", "str", "int", "tuple", "frozenset", "is", "again")


def shorten(observation: Any) -> Any:
    """The shorthand of an observation."""
    try:
        short = {"steps": list(_short_steps(observation["steps"]))} if observation.keys() == {"steps"} else None
        if short is not None and _text(restore(short)) == _text(observation):
            return short
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        pass  # the agent of today would not write such an observation
    return {IN_FULL: observation}


def restore(short: Any) -> Any:
    """The observation of a shorthand."""
    if IN_FULL in short:
        return short[IN_FULL]
    return {"steps": list(_full_steps(short["steps"]))}


def _text(value: Any) -> str:
    return json.dumps(value)


# -- steps -----------------------------------------------------------------------------------------------------


def _short_steps(steps: list[Any]) -> Iterator[Any]:
    names: Any = {}
    runs = _Runs()
    for number, step in enumerate(steps, 1):
        if not step:
            yield None  # files were written
            continue
        short = {key: part for key, part in step.items() if key not in _EMPTY or part != _EMPTY[key]}
        runs.begin()
        if "events" in short:
            short["events"] = [runs.shorten(event) for event in step["events"]]
        if "result" in short:
            short["result"] = _short_value(short["result"])
        if "exception" in short:
            short["exception"] = _short_value(short["exception"], _of_the_call(number))
        for description in _ended(short):
            description["dict"] = _changes(runs.ended(), description["dict"])
        unchanged, names = _unchanged_names(names), step["names"]
        short.pop("names")
        if _text(names) != _text(unchanged):
            short["names"] = _short_value(names)
        yield _ordered(short, _STEP)


def _full_steps(steps: list[Any]) -> Iterator[Any]:
    names: Any = {}
    runs = _Runs()
    for number, short in enumerate(steps, 1):
        if short is None:
            yield {}
            continue
        step = {**_EMPTY, "names": _unchanged_names(names), **short}
        runs.begin()
        step["events"] = [runs.restore(event) for event in step["events"]]
        step["names"] = _full_value(step["names"])
        if "result" in step:
            step["result"] = _full_value(step["result"])
        if "exception" in step:
            step["exception"] = _full_value(step["exception"], _of_the_call(number))
        for description in _ended(step):
            changed = description["dict"]
            if changed == AS_IT_WAS:
                description["dict"] = runs.ended()
            elif isinstance(changed, dict) and changed.keys() == {AS_IT_WAS}:
                description["dict"] = runs.ended() | changed[AS_IT_WAS]
        names = step["names"]
        yield _ordered(step, _STEP)


def _ended(step: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The descriptions in a step that hold the globals of the module that ran last."""
    result, exception = step.get("result"), step.get("exception")
    places = [result, exception.get("namespace") if isinstance(exception, dict) else None]
    return [place for place in places if isinstance(place, dict) and "dict" in place]


def _changes(before: Any, now: Any) -> Any:
    """The globals of a module as changes since they were last described."""
    if not isinstance(now, dict) or not isinstance(before, dict) or list(now)[: len(before)] != list(before):
        return now
    changed = {key: value for key, value in now.items() if key not in before or _text(before[key]) != _text(value)}
    return {AS_IT_WAS: changed} if changed else AS_IT_WAS


def _unchanged_names(names: Any) -> Any:
    """The names of a step after which nothing has changed: the objects have been met before."""
    return {key: _labelled(value, key) for key, value in names.items()} if isinstance(names, dict) else names


def _labelled(value: Any, label: str) -> Any:
    """The description of an object when it is met again, after it was first met under a label."""
    if not isinstance(value, dict) or any(key in value for key in _UNNAMED) or list(value) == ["module"]:
        return value
    parts = {key: _labelled(part, f"{label}.{key}") if key == "loader" else part for key, part in value.items()}
    return {**parts, "is": label}


def _ordered(parts: Mapping[str, Any], order: tuple[str, ...]) -> dict[str, Any]:
    return {key: parts[key] for key in order if key in parts} | {
        key: part for key, part in parts.items() if key not in order
    }


# -- exceptions ------------------------------------------------------------------------------------------------


def _usual_exception(exception: Mapping[str, Any]) -> dict[str, Any]:
    """The parts that are usual in an exception with this class and message."""
    usual = {
        "bases": ["Exception", "BaseException"],
        "args": [exception.get("message")],
        "cause": None,
        "context": None,
        "suppress_context": False,
        "frames": [],
    }
    if "ImportError" in (exception.get("exception"), *exception.get("bases", ())):
        usual |= {"name": None, "path": None}
    return usual


def _of_the_call(number: int) -> dict[str, Any]:
    """The further parts that are usual in an exception that ends a step: it is raised by the call itself."""
    return {"frames": [[f"<step {number}>", 1, "<module>"]], "namespace": None, "from_runpy": True}


def _short_value(value: Any, more: Mapping[str, Any] = MappingProxyType({})) -> Any:
    if isinstance(value, list):
        return [_short_value(item) for item in value]
    if not isinstance(value, dict):
        return value
    short = {key: _short_value(part) for key, part in value.items()}
    if "exception" in short and "message" in short:
        usual = {**_usual_exception(short), **more}
        short = {key: part for key, part in short.items() if key not in usual or usual[key] != part}
    return short


def _full_value(value: Any, more: Mapping[str, Any] = MappingProxyType({})) -> Any:
    if isinstance(value, list):
        return [_full_value(item) for item in value]
    if not isinstance(value, dict):
        return value
    full = {key: _full_value(part) for key, part in value.items()}
    if "exception" in full and "message" in full:
        full = _ordered({**_usual_exception(full), **more, **full}, _EXCEPTION)
    return full


# -- events ----------------------------------------------------------------------------------------------------


class _Runs:
    """The modules that are being executed at the current event of a case."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self.begin()

    def begin(self) -> None:
        """Begin a step."""
        self._open: list[tuple[dict[str, Any], str]] = []  # where a module's code starts, and its label
        self._last: tuple[dict[str, Any], dict[str, Any]] | None = None  # the run that ended last: start and end

    def shorten(self, event: dict[str, Any]) -> dict[str, Any]:
        """The shorthand of an event."""
        if event["event"] in ("run", "import"):
            self._start(event)
            usual = _usual_start(event)
            short = {key: part for key, part in event.items() if key not in usual or usual[key] != part}
            short["specials"] = _short_specials(event)
            return short
        if event["event"] != "end" or not self._open or self._open[-1][0]["file"] != event["file"]:
            return event
        start, label = self._open.pop()
        usual = _usual_end(start)
        short = {key: part for key, part in event.items() if key not in usual or usual[key] != part}
        short |= {key: None for key in usual if key not in event}
        if start["event"] == "run":
            self._last = (start, event)
            before = _globals(start, label)
            changed = _changes(before, event["globals"])
            if changed == AS_IT_WAS:
                del short["globals"]
            else:
                short["globals"] = changed
        return short

    def restore(self, short: dict[str, Any]) -> dict[str, Any]:
        """The event of a shorthand."""
        if short["event"] in ("run", "import"):
            event = {**_usual_start(short), **short}
            event["specials"] = _full_specials(event)
            event = _ordered(event, _EVENT)
            self._start(event)
            return event
        if short["event"] != "end" or "file" in short:
            return short
        start, label = self._open.pop()
        event = {**_usual_end(start), **short}
        event = {key: part for key, part in event.items() if part is not None}
        if start["event"] == "run":
            changed = event.get("globals", {AS_IT_WAS: {}})
            if isinstance(changed, dict) and changed.keys() == {AS_IT_WAS}:
                changed = _globals(start, label) | changed[AS_IT_WAS]
            event["globals"] = changed
            self._last = (start, event)
        return _ordered(event, _EVENT)

    def _start(self, event: dict[str, Any]) -> None:
        file = event["file"]
        count = self._counts[file] = self._counts.get(file, 0) + 1
        self._open.append((event, f"{file} #{count}" if count > 1 else file))

    def ended(self) -> Any:
        """All globals of the module that ran last, at its end."""
        if self._last is None or not isinstance(self._last[1]["globals"], dict):
            return None
        start, end = self._last
        names = {**dict.fromkeys(start["keys"]), **end["globals"]} if _plain_keys(start) else {}
        found = end["globals"] | {"__builtins__": _BUILTINS}
        return {key: found[key] for key in names if key in found}


def _plain_keys(start: Mapping[str, Any]) -> bool:
    return all(isinstance(key, str) for key in start["keys"])


def _usual_start(event: Mapping[str, Any]) -> dict[str, Any]:
    return {"globals": {}, "locals": True, "entry": "absent" if event["event"] == "run" else "own"}


def _usual_end(start: Mapping[str, Any]) -> dict[str, Any]:
    """The end of a module that has changed nothing since its start."""
    usual = {"file": start["file"]} | {key: start[key] for key in (*_SURROUNDINGS, "entry") if key in start}
    if isinstance(start.get("modules"), dict):
        usual["modules"] = {key: _labelled(module, f"sys.modules['{key}']") for key, module in start["modules"].items()}
    return usual


def _globals(start: Mapping[str, Any], label: str) -> dict[str, Any]:
    """The globals of a module at its end, if they have not changed since its start."""
    if not _plain_keys(start) or not isinstance(start["globals"], dict):
        return {}
    found = {**start["specials"], **start["globals"]}
    named = {key: _labelled(found[key], f"{key} of {label}") for key in start["keys"] if key in found}
    named.pop("__builtins__", None)
    return named


def _short_specials(event: Mapping[str, Any]) -> dict[str, Any]:
    specials = event["specials"]
    usual = _usual_specials(event, specials)
    short = {key: part for key, part in specials.items() if key not in usual or usual[key] != part}
    if isinstance(short.get("__spec__"), dict):
        spec = specials["__spec__"]
        usual = _usual_spec(event, spec["spec"]) if "spec" in spec else {}
        short["__spec__"] = {key: part for key, part in spec.items() if key not in usual or usual[key] != part}
    return short


def _full_specials(event: Mapping[str, Any]) -> dict[str, Any]:
    short = event["specials"]
    full = dict(short)
    if isinstance(short.get("__spec__"), dict) and "spec" in short["__spec__"]:
        spec = short["__spec__"]
        full["__spec__"] = _ordered(_usual_spec(event, spec["spec"]) | spec, _SPEC)
    return _ordered(_usual_specials(event, full) | full, SPECIALS)


def _usual_specials(event: Mapping[str, Any], specials: Mapping[str, Any]) -> dict[str, Any]:
    """The special globals that follow from the spec and the file, of those that the module has."""
    spec = specials.get("__spec__")
    is_package = str(event["file"]).endswith("/__init__.py")
    usual: dict[str, Any] = {"__file__": event["file"], "__doc__": None, "__builtins__": _BUILTINS}
    if isinstance(spec, dict) and isinstance(spec.get("spec"), str):
        is_package = spec.get("search_locations") is not None
        usual["__name__"] = spec["spec"]
        usual["__cached__"] = spec.get("cached")
        usual["__loader__"] = _labelled(spec.get("loader"), f"__spec__ of {event['file']}.loader")
    name = specials.get("__name__", usual.get("__name__"))
    name = usual.get("__name__", name)
    if isinstance(name, str):
        usual["__package__"] = name if is_package else name.rpartition(".")[0]
    described = SPECIALS if event["event"] == "run" else OF_AN_IMPORT
    return {key: part for key, part in usual.items() if key in described and key in event["keys"]}


def _usual_spec(event: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The spec of a module that lies in a source file."""
    folder, file = posixpath.split(event["file"])
    stem = file.removesuffix(".py")
    return {
        "loader": {"machinery": "SourceFileLoader", "name": name, "path": event["file"]},
        "origin": event["file"],
        "has_location": True,
        "cached": f"{folder}/__pycache__/{stem}.{{tag}}.pyc",
        "search_locations": None,
    }
