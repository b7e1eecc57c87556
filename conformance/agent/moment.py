"""The interpreter's state at one moment, copied as it is, and its comparison with a later moment by identity.

Rules. Nothing is described here, and no code of the world is executed: what it may have replaced is taken beforehand.

Theory of operation. `raw` copies the state. `Still` compares it with a later one all at once, since nearly always
nothing has changed. `Entries` follows the entries of `sys.modules` from moment to moment, for steps that change many.
"""

from __future__ import annotations

import builtins
import gc
import itertools
import operator
import os
import sys
import warnings
from typing import Any, Callable, Dict, List, Optional, Tuple

from .describe import own_dict

ABSENT = {"absent": True}
Raw = Dict[str, Any]
LISTS = ("path", "meta_path", "path_hooks", "filters")
_OF_WARNINGS = ("filters", "showwarning", "formatwarning")
# The settings of the interpreter that no attribute of `sys` holds: numbers, and tuples of numbers.
NUMBERS = {
    name: getattr(module, function)
    for name, module, function in (
        ("recursion limit", sys, "getrecursionlimit"),
        ("switch interval", sys, "getswitchinterval"),
        ("digits of integers", sys, "get_int_max_str_digits"),
        ("coroutine origins", sys, "get_coroutine_origin_tracking_depth"),
        ("flags of dlopen", sys, "getdlopenflags"),
        ("lazy imports", sys, "get_lazy_imports"),
        ("garbage thresholds", gc, "get_threshold"),
        ("garbage debugging", gc, "get_debug"),
    )
    if hasattr(module, function)
}
_READERS = tuple(NUMBERS.values())
_asyncgen_hooks = getattr(sys, "get_asyncgen_hooks", tuple)
# The world may replace it.
_getcwd = os.getcwd
_sys = vars(sys)


class Entries:
    """The entries of `sys.modules` from one moment of a step to the next.

    before: the entries at the beginning of the step. changed: the keys whose entries are not as they were then. told:
    the description of each entry as it was told last, by the key as it is shown. settled: true if `told` has all keys
    in `changed`, and only the descriptions of the keys in `fresh` may be others now. replaced: `sys.modules` was
    another object at some moment.
    """

    def __init__(self, before: Dict[Any, Any]) -> None:
        self._before = self._seen = before
        self.changed: Dict[Any, bool] = {}
        self.told: Dict[str, Any] = {}
        self.settled = False
        self.fresh: List[Any] = []
        self.replaced = False

    def touched(self, modules: Dict[Any, Any]) -> List[Any]:
        """The keys whose entries are not as they were at the last call, or at the beginning."""
        before, seen = self._before, self._seen
        self._seen = now = dict.copy(modules)
        if goes_on(seen, now):
            touched = list(itertools.islice(now, len(seen), None))
        else:
            touched = [key for key, module in now.items() if seen.get(key, ABSENT) is not module]
            touched += [key for key in seen if key not in now]
        for key in touched:
            if now.get(key, ABSENT) is before.get(key, ABSENT):
                self.changed.pop(key, None)
            else:
                self.changed[key] = True
        return touched


class Still:
    """The state at one moment, for a comparison all at once.

    It compares by identity. While code is running, which is most of the time, dictionaries are compared by equality
    instead, which takes a fifth of the time; an object that claims to be equal is found at the end of the step.
    """

    def __init__(self, raw: Raw) -> None:
        self._modules = raw["modules_object"]
        self._keys, self._values = list(raw["modules"]), list(raw["modules"].values())
        self._objects, self._cwd, self._numbers = _objects(), raw["cwd"], raw["numbers"]
        self._lists = [(raw[field + "_object"], raw[field]) for field in LISTS if _is_list(raw[field + "_object"])]
        self._dicts = [
            (live, list(raw[field]), list(raw[field].values()))
            for field, live in (
                ("builtins", vars(builtins)),
                ("main", own_dict(raw["main_object"])),
                ("environ", _environ()),
            )
            if type(live) is dict
        ]

    def added(self) -> Optional[List[Tuple[Any, Any]]]:
        """The entries added to `sys.modules`, still the same object; None if anything else has happened to it."""
        modules, count = self._modules, len(self._values)
        if not issubclass(type(modules), dict) or dict.__len__(modules) < count:
            return None
        try:
            if all(map(operator.is_, self._values, dict.values(modules))) and all(
                map(operator.is_, self._keys, dict.__iter__(modules))
            ):
                return list(itertools.islice(dict.items(modules), count, None))
        except RuntimeError:  # another thread imports something
            pass
        return None

    def unchanged(self, *, in_flight: bool) -> bool:
        """True if nothing of what `State.other_changes` compares has changed, apart from `attributes`."""
        try:
            return (
                all(map(operator.is_, self._objects, _objects()))
                and self._numbers == _numbers()
                and self._cwd == _folder()
                and all(
                    len(items) == list.__len__(live) and all(map(operator.is_, items, list.__iter__(live)))
                    for live, items in self._lists
                )
                and all(
                    (keys == list(live) and values == list(live.values()))
                    if in_flight
                    else (
                        len(live) == len(keys)
                        and all(map(operator.is_, values, live.values()))
                        and all(map(operator.is_, keys, live))
                    )
                    for live, keys, values in self._dicts
                )
            )
        except BaseException:  # raised because of another thread, or by an object that is compared
            return False


def _is_list(obj: Any) -> bool:
    return issubclass(type(obj), list)


def _objects() -> List[Any]:
    """The objects that are compared each as a whole, as they are now."""
    return [
        *_sys.values(),
        *_of(warnings, _OF_WARNINGS).values(),
        *_asyncgen_hooks(),
        _environ(),
    ]


def _numbers() -> List[Any]:
    """The values of `NUMBERS`, in the same order."""
    return [read() for read in _READERS]


def _of(module: Any, names: Tuple[str, ...]) -> Dict[str, Any]:
    return {name: getattr(module, name, ABSENT) for name in names}


def _environ() -> Any:
    return own_dict(getattr(os, "environ", None)).get("_data")  # not decoded, since it rarely changes


def _folder() -> Optional[str]:
    try:
        return _getcwd()
    except OSError:
        return None


def raw() -> Raw:
    """The copy of the state, by the name of each part."""
    modules = getattr(sys, "modules", ABSENT)
    entries = copied_modules(modules)
    main, environ = entries.get("__main__"), _environ()
    raw: Raw = {
        "modules_object": modules,
        "modules": entries,
        "builtins": dict(vars(builtins)),
        "main_object": main,
        "main": dict(own_dict(main)),
        "environ": dict(environ) if type(environ) is dict else None,
        "cwd": _folder(),
        "sys": dict(_sys),
        "warnings": _of(warnings, _OF_WARNINGS[1:]),
        "asyncgen hooks": dict(zip(("first iteration", "finalizer"), _asyncgen_hooks())),
        "numbers": _numbers(),
        "argv_object": getattr(sys, "argv", ABSENT),
    }
    raw["argv"] = sequence(raw["argv_object"])
    for field in LISTS:
        raw[field + "_object"] = found = getattr(warnings if field == "filters" else sys, field, ABSENT)
        raw[field] = sequence(found)
    return raw


def is_unchanged_by(act: Callable[[], object]) -> bool:
    """True if an act changes nothing of the interpreter's state but the modules that are loaded."""
    still = Still(raw())
    act()
    return still.unchanged(in_flight=False)


def unchanged(before: Dict[Any, Any], now: Dict[Any, Any]) -> bool:
    """True if two dictionaries hold the same objects under the same keys in the same order."""
    return len(before) == len(now) and goes_on(before, now)


def goes_on(before: Dict[Any, Any], now: Dict[Any, Any]) -> bool:
    """True if a dictionary holds what it held before, and then perhaps more."""
    return (
        len(before) <= len(now)
        and all(map(operator.is_, before.values(), now.values()))
        and all(map(operator.is_, before, now))
    )


def copied_modules(modules: Any) -> Dict[Any, Any]:
    """A copy of `sys.modules`; empty if it is no dictionary."""
    return dict.copy(modules) if issubclass(type(modules), dict) else {}


def sequence(obj: Any) -> List[Any]:
    """The items of a list; anything else by itself."""
    return list(list.__iter__(obj)) if _is_list(obj) else [obj]


def same(first: List[Any], second: List[Any]) -> bool:
    """True if two lists hold the same objects, or equal texts."""
    return len(first) == len(second) and (
        all(map(operator.is_, first, second)) or all(a is b or equal_text(a, b) for a, b in zip(first, second))
    )


def equal_text(first: Any, second: Any) -> bool:
    """True for two texts that are equal, and of no class derived from `str`."""
    return type(first) is str and type(second) is str and first == second
