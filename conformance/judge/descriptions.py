"""Described values, compared: how two descriptions differ, and what is left of one without some of its parts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

# The marks in the place of a description: of a value that is missing, and of a value that did not change.
ABSENT: Mapping[str, Any] = {"absent": True}
UNCHANGED: Mapping[str, Any] = {"unchanged": True}


def difference_kind(oracle: Any, candidate: Any) -> str:
    """The kind of a difference: "missing", "extra", "identity", "order", "type" or "value"; empty if there is none."""
    if oracle is candidate or (type(oracle) is type(candidate) is str and oracle == candidate):
        return ""  # the commonest case, told without any text being made
    if oracle == candidate and type(oracle) is type(candidate) and json.dumps(oracle) == json.dumps(candidate):
        return ""
    if candidate in (ABSENT, UNCHANGED):
        return "missing"
    if oracle in (ABSENT, UNCHANGED):
        return "extra"
    ours, theirs = without_identity(oracle), without_identity(candidate)
    if json.dumps(ours, sort_keys=True) == json.dumps(theirs, sort_keys=True):
        return "identity"
    if json.dumps(unordered(oracle), sort_keys=True) == json.dumps(unordered(candidate), sort_keys=True):
        return "order"
    return "type" if type_of(oracle) != type_of(candidate) else "value"


def without_identity(value: Any) -> Any:
    """A description without the places where its objects were met before."""
    if isinstance(value, dict):
        if "again" in value:
            return "met before"
        return {key: without_identity(item) for key, item in value.items() if not _is_label(key, item)}
    if isinstance(value, list):
        return [without_identity(item) for item in value]
    return value


def _is_label(key: str, item: Any) -> bool:
    """True for the part of a description that says where an object, or its namespace, was met before."""
    return key == "is" or (key in ("globals", "dict") and isinstance(item, str))


def unordered(value: Any) -> Any:
    """A description in which the order of a dictionary's keys does not count."""
    if isinstance(value, dict):
        plain = {key: unordered(item) for key, item in value.items()}
        if "dict" in plain:
            plain["dict"] = sorted(plain["dict"], key=lambda pair: json.dumps(pair[0], sort_keys=True))
        return plain
    if isinstance(value, list):
        return [unordered(item) for item in value]
    return value


def without_error_details(value: Any) -> Any:
    """A description in which an exception is its type and its identity."""
    if isinstance(value, dict):
        if "exception" in value and "bases" in value:
            return {key: value[key] for key in ("exception", "is") if key in value}
        return {key: without_error_details(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_error_details(item) for item in value]
    return value


def type_of(value: Any) -> str:
    """The type of a described value."""
    if isinstance(value, dict):
        return str(value.get("type") or next(iter(value), ""))
    return type(value).__name__


def is_dict(value: Any) -> bool:
    """True if an exact dictionary is described, be it one that was met before."""
    return isinstance(value, dict) and ("dict" in value or value.get("is") is not None) and "type" not in value


def which_object(value: Mapping[str, Any]) -> Any:
    """The identity of an object: the place where it was met before, or `ABSENT`."""
    return {key: value[key] for key in ("is", "again") if key in value} or ABSENT


def describes_module(value: Any) -> bool:
    """True if a module is described."""
    return isinstance(value, dict) and "module" in value
