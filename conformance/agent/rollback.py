"""Puts the interpreter back to what it was, so that several cases can follow one another in one process.

What a case may change is taken down once, before the first, and put back after each. What cannot be put back is not
tolerated: a case that leaves a thread behind is the last one of its process, and what was changed inside the
interpreter's own modules is told at the end, so that the driver can run all those cases again, each by itself.
"""

from __future__ import annotations

import builtins
import gc
import os
import re
import sys
import types
import warnings
from typing import Any, Dict, FrozenSet, List, Tuple

from .describe import own_dict
from .state import brought, unchanged

try:
    from _thread import _count as _threads
except ImportError:  # an interpreter without threads

    def _threads() -> int:
        return 0


_BINDINGS = (
    "argv",
    "path",
    "meta_path",
    "path_hooks",
    "path_importer_cache",
    "modules",
    "stdin",
    "stdout",
    "stderr",
    "excepthook",
    "displayhook",
    "unraisablehook",
    "breakpointhook",
    "dont_write_bytecode",
    "pycache_prefix",
    "executable",
    "prefix",
)
_chdir, _setprofile, _settrace = os.chdir, sys.setprofile, sys.settrace  # the world may replace them
# What a run may leave in the globals of the interpreter's modules without any consequence.
_HARMLESS = ("__warningregistry__", "__builtins__", "__cached__")
_ABSENT = object()
# How code looks that may change a module's globals, and where it then names the module: to look at all takes long.
_CHANGES = re.compile(r"\b(?!sys\.)\w+\.\w+ = |attr\(|__dict__|vars\(|globals\(")
_WORDS = re.compile(r"\w+")


def _texts(case: Dict[str, Any]) -> List[str]:
    """What a case has executed."""
    parts = [*case["files"].values()]
    for step in case["steps"]:
        parts.extend(step.values())
    return [part if type(part) is str else str(part).replace("\\n", " ") for part in parts]


# Of texts, which many cases have in common: whether they may change a module's globals, and the words in them.
_SAID: Dict[str, Tuple[bool, FrozenSet[str]]] = {}
_MOST_SAID = 5000


def _said(text: str) -> Tuple[bool, FrozenSet[str]]:
    found = _SAID.get(text)
    if found is None:
        found = _SAID[text] = bool(_CHANGES.search(text)), frozenset(_WORDS.findall(text))
    return found


def prepare(case: Dict[str, Any]) -> None:
    """Look at the texts of a case that is to come: once, in the warm agent."""
    if len(_SAID) > _MOST_SAID:
        _SAID.clear()
    for text in _texts(case):
        _said(text)


def _restore(mapping: Dict[Any, Any], before: Dict[Any, Any]) -> None:
    if not unchanged(before, mapping):
        mapping.clear()
        mapping.update(before)


class Snapshot:
    """The interpreter at the moment of its making. `folder`: where to go back to."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._bindings = [(name, getattr(sys, name)) for name in _BINDINGS if hasattr(sys, name)]
        lists: List[Any] = [sys.path, sys.meta_path, sys.path_hooks, warnings.filters]
        self._lists = [(one, list(one)) for one in lists]
        main, under_test = sys.modules["__main__"], sys.modules["under_test"]
        self._dicts: List[Tuple[Dict[Any, Any], Dict[Any, Any]]] = [
            (one, dict(one))
            for one in (
                sys.modules,
                sys.path_importer_cache,
                vars(builtins),
                vars(main),
                vars(under_test),
                vars(warnings),
                warnings.onceregistry,  # type: ignore[attr-defined]
            )
        ]
        self._environ = (os.environ, dict(os.environ), dict(own_dict(os.environ).get("_data", ())))
        self._recursion = sys.getrecursionlimit()
        self._threads = _threads()
        ours = __name__.rpartition(".")[0]
        self._namespaces = [
            (name, vars(module), dict(vars(module)))
            for name, module in sys.modules.items()
            if type(module) is types.ModuleType
            and not brought(name)
            and module not in (sys, builtins, warnings, main, under_test)
            and name.partition(".")[0] != ours
        ]
        self._numbers: Dict[str, List[int]] = {}
        for number, (name, _, _) in enumerate(self._namespaces):
            for part in name.split("."):
                self._numbers.setdefault(part, []).append(number)
        gc.disable()  # when it runs must not depend on the cases before; what they leave goes with the process

    def restore(self, case: Dict[str, Any]) -> bool:
        """Put everything back; False if a thread is still there, and nothing more can be run in this process.

        case: what was run.
        """
        if sys.getprofile() is not None:
            _setprofile(None)
        if sys.gettrace() is not None:
            _settrace(None)
        for name, value in self._bindings:
            if getattr(sys, name, _ABSENT) is not value:
                setattr(sys, name, value)
        for sequence, items in self._lists:
            sequence[:] = items
        for mapping, before in self._dicts:
            _restore(mapping, before)
        said = [_said(text) for text in _texts(case)]
        if any(changes for changes, _ in said):
            for word in self._numbers.keys() & set().union(*(words for _, words in said)):
                for number in self._numbers[word]:
                    _restore(*self._namespaces[number][1:])
        environ, entries, raw = self._environ
        if own_dict(environ).get("_data") != raw:  # which are bytes, and need no decoding
            environ.clear()
            environ.update(entries)
        if sys.getrecursionlimit() != self._recursion:
            sys.setrecursionlimit(self._recursion)
        _chdir(self._folder)
        return _threads() <= self._threads

    def changed(self) -> List[str]:
        """What is no longer as it was in the interpreter's own modules: by it one case may reach into the next."""
        found: List[str] = []
        for name, now, before in self._namespaces:
            if unchanged(before, now):
                continue
            found.extend(
                "{}.{}".format(name, key)
                for key in {**before, **now}
                if before.get(key, _ABSENT) is not now.get(key, _ABSENT)
                and key not in _HARMLESS
                and not (key not in before and isinstance(now[key], types.ModuleType))
            )
        return found
