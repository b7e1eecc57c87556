"""Copies of what the agent needs, made before the candidate is loaded, to which the candidate has no access.

A candidate may replace `os.write`, or empty `builtins`: the agent has to observe that without being affected. So its
modules have builtins of their own (see `start`), and import from here. Objects that are observed, such as `os.environ`,
are not copied.
"""

from __future__ import annotations

import genericpath
import json
import os
import sys
import types
from typing import TYPE_CHECKING, Any, Callable, Dict

try:
    from select import select
except ImportError:  # an interpreter that has no pipes to wait for

    def select(*_: Any) -> Any:  # type: ignore[misc]
        """Wait for nothing."""
        return [], [], []


try:
    from signal import SIGKILL
except ImportError:  # a platform whose processes get no signals
    SIGKILL = 9  # type: ignore[misc, assignment]

__all__ = ["LINE_END", "SIGKILL", "dumps", "identity", "loads", "os", "own_spelling", "select"]
LINE_END = os.linesep  # which text streams write for the end of a line
# A call of `id` raises an audit event each time; on CPython this does the same without one.
identity: Callable[[Any], int] = object.__hash__ if sys.implementation.name == "cpython" else id
_COPIED = {id(vars(module)): module for module in (os, os.path, genericpath)}
_copies: Dict[int, types.ModuleType] = {}


def _copy(module: types.ModuleType) -> types.ModuleType:
    """A copy of a module, whose functions look their globals up in copies as well."""
    key = id(vars(module))
    if key not in _copies:
        copy = _copies[key] = types.ModuleType(module.__name__)
        for name, value in vars(module).items():
            vars(copy)[name] = _copy_of(value)
        vars(copy)["__builtins__"] = globals()["__builtins__"]
    return _copies[key]


def _copy_of(value: Any) -> Any:
    if type(value) is types.ModuleType and id(vars(value)) in _COPIED:
        return _copy(value)
    if type(value) is not types.FunctionType or id(getattr(value, "__globals__", None)) not in _COPIED:
        return value
    namespace = vars(_copy(_COPIED[id(value.__globals__)]))
    function = types.FunctionType(value.__code__, namespace, value.__name__, value.__defaults__, value.__closure__)
    function.__kwdefaults__ = value.__kwdefaults__
    return function


if not TYPE_CHECKING:
    os = _copy(os)


def own_spelling(path: str) -> str:
    """A path from the driver, as this interpreter spells it: the two may decode the names of files differently."""
    try:
        return os.fsdecode(path.encode("utf-8", "surrogateescape"))
    except UnicodeError:  # no bytes name such a file here, so that its name means nothing else
        return path


def _encoder() -> Callable[[Any], str]:
    """The function that writes JSON, in C where there is one: Python code of the module could be tampered with."""
    make, text = getattr(json.encoder, "c_make_encoder", None), json.encoder.encode_basestring_ascii
    if make is None:
        return json.JSONEncoder().encode
    encode, join = make(None, None, text, None, ": ", ", ", False, False, True), "".join

    def dumps(value: Any) -> str:
        return join(encode(value, 0))

    return dumps


def _decoder() -> Callable[[str], Any]:
    """The function that reads JSON."""
    scan = json.JSONDecoder().scan_once  # type: ignore[attr-defined]

    def loads(text: str) -> Any:
        return scan(text, 0)[0]

    return loads


dumps = _encoder()
loads = _decoder()
