"""Restores the interpreter between cases, so that several can follow one another in one process.

Rules. Nothing that cannot be restored is hidden: a case that leaves a thread behind is the last one of its process, and
changes inside the interpreter's own modules are reported at the end, so that the driver runs all cases again, each by
itself.

Theory of operation. Everything that a case may change is copied once, before the first case, and restored after each.
The namespaces of all modules are too many to compare each time: they are compared only if the text of the case looks as
if it changed one, and once more at the end.
"""

from __future__ import annotations

import builtins
import gc
import os
import re
import sys
import types
import warnings
from typing import TYPE_CHECKING, Any, Dict, FrozenSet, List, Tuple

from .describe import own_dict
from .state import is_candidates, unchanged

if TYPE_CHECKING:
    from .messages import CaseRequest

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
# The globals that a run may change in the interpreter's modules without any consequence.
_HARMLESS = ("__warningregistry__", "__builtins__", "__cached__")
_ABSENT = object()
# The look of code that may change a module's globals, and the words among which it then names the module.
_CHANGES = re.compile(r"\b(?!sys\.)\w+\.\w+ = |attr\(|__dict__|vars\(|globals\(")
_WORDS = re.compile(r"\w+")


def _texts(case: CaseRequest) -> List[str]:
    """The texts of a case that may be executed."""
    parts: List[Any] = [*case["files"].values()]
    for step in case["steps"]:
        parts.extend(step.values())
    return [part if type(part) is str else str(part).replace("\\n", " ") for part in parts]


# By text, since many cases share some: whether it may change a module's globals, and the words in it.
_READ: Dict[str, Tuple[bool, FrozenSet[str]]] = {}
_MOST_READ = 5000


def _read(text: str) -> Tuple[bool, FrozenSet[str]]:
    found = _READ.get(text)
    if found is None:
        found = _READ[text] = bool(_CHANGES.search(text)), frozenset(_WORDS.findall(text))
    return found


def prepare(case: CaseRequest) -> None:
    """Read the texts of a case that will be run: once, in the warm agent."""
    if len(_READ) > _MOST_READ:
        _READ.clear()
    for text in _texts(case):
        _read(text)


def _restore(mapping: Dict[Any, Any], before: Dict[Any, Any]) -> None:
    if not unchanged(before, mapping):
        mapping.clear()
        mapping.update(before)


class Snapshot:
    """The interpreter at the moment when this object is made. folder: the current folder after each case."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._bindings = [(name, getattr(sys, name)) for name in _BINDINGS if hasattr(sys, name)]
        lists: List[Any] = [sys.path, sys.meta_path, sys.path_hooks, warnings.filters]
        self._lists = [(sequence, list(sequence)) for sequence in lists]
        main, under_test = sys.modules["__main__"], sys.modules["under_test"]
        self._dicts: List[Tuple[Dict[Any, Any], Dict[Any, Any]]] = [
            (mapping, dict(mapping))
            for mapping in (
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
            and not is_candidates(name)
            and module not in (sys, builtins, warnings, main, under_test)
            and name.partition(".")[0] != ours
        ]
        self._numbers: Dict[str, List[int]] = {}
        for number, (name, _, _) in enumerate(self._namespaces):
            for part in name.split("."):
                self._numbers.setdefault(part, []).append(number)
        gc.disable()  # so that the moment of a collection does not depend on the cases before

    def restore(self, case: CaseRequest) -> bool:
        """Restore everything after `case`; False if a thread is left, so that no other case can run in this process."""
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
        read = [_read(text) for text in _texts(case)]
        if any(changes for changes, _ in read):
            for word in self._numbers.keys() & set().union(*(words for _, words in read)):
                for number in self._numbers[word]:
                    _restore(*self._namespaces[number][1:])
        environ, entries, raw = self._environ
        if own_dict(environ).get("_data") != raw:  # bytes, which need no decoding
            environ.clear()
            environ.update(entries)
        if sys.getrecursionlimit() != self._recursion:
            sys.setrecursionlimit(self._recursion)
        _chdir(self._folder)
        return _threads() <= self._threads

    def changed(self) -> List[str]:
        """The globals of the interpreter's own modules that have changed: one case may influence the next by them."""
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
