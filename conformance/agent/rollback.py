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
from typing import TYPE_CHECKING, Any, Callable, Dict, FrozenSet, List, Tuple

from .describe import own_dict
from .loaded import is_candidates
from .moment import unchanged

if TYPE_CHECKING:
    from .messages import CaseRequest

try:
    from _thread import _count as _threads
    from _thread import stack_size as _stack_size
except ImportError:  # an interpreter without threads

    def _threads() -> int:
        return 0

    def _stack_size(size: int = 0, /) -> int:
        return 0


try:
    import _signal  # type: ignore[import-not-found]
except ImportError:  # an interpreter without signals
    _signal = None

try:  # where contexts are made in Python, one from before has keys of another class than a later import knows
    from __pypy__ import set_contextvar_context as _set_context  # type: ignore[import-not-found]
except ImportError:

    def _set_context(context: None) -> None:
        pass


# The world may replace them.
_chdir, _setprofile, _settrace = os.chdir, sys.setprofile, sys.settrace
_umask = getattr(os, "umask", lambda mask: mask)  # there is none where files have no permissions
# The settings that no namespace holds: how to read each of them, and how to set it to what was read.
_SETTINGS: List[Tuple[Callable[[], Any], Callable[[Any], object]]] = [
    (getattr(module, read), getattr(module, write))
    for module, read, write in (
        (sys, "getrecursionlimit", "setrecursionlimit"),
        (sys, "getswitchinterval", "setswitchinterval"),
        (sys, "get_int_max_str_digits", "set_int_max_str_digits"),
        (sys, "get_coroutine_origin_tracking_depth", "set_coroutine_origin_tracking_depth"),
        (sys, "getdlopenflags", "setdlopenflags"),
        (sys, "get_lazy_imports", "set_lazy_imports"),
        (gc, "get_debug", "set_debug"),
    )
    if hasattr(module, read) and hasattr(module, write)
]
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


def _handlers() -> Dict[int, Any]:
    """The handler of each signal that may have another one."""
    found: Dict[int, Any] = {}
    for number in range(1, getattr(_signal, "NSIG", 0)):
        try:
            handler = _signal.getsignal(number)
        except (OSError, ValueError):
            continue
        if handler is not None:
            found[number] = handler
    return found


def _hooks_of_threads() -> Dict[str, Any]:
    """The functions that new threads get; none without `threading`: then a case imports one of its own."""
    namespace = own_dict(sys.modules.get("threading"))
    return {name: namespace[name] for name in ("_trace_hook", "_profile_hook", "excepthook") if name in namespace}


def _archives() -> Dict[Any, Any]:
    """The archives that `zipimport` remembers, by path: a relative one means another archive in the next world."""
    found = own_dict(sys.modules.get("zipimport")).get("_zip_directory_cache")
    return found if type(found) is dict else {}


class Snapshot:
    """The interpreter at the moment when this object is made. folder: the current folder after each case."""

    def __init__(self) -> None:
        self.folder = ""
        self._sys = dict(vars(sys))
        lists: List[Any] = [sys.path, sys.meta_path, sys.path_hooks, warnings.filters]
        self._lists = [(sequence, list(sequence)) for sequence in lists]
        main, under_test = sys.modules["__main__"], sys.modules["under_test"]
        self._dicts: List[Tuple[Dict[Any, Any], Dict[Any, Any]]] = [
            (mapping, dict(mapping))
            for mapping in (
                sys.modules,
                sys.path_importer_cache,
                _archives(),
                vars(builtins),
                vars(main),
                vars(under_test),
                vars(warnings),
                warnings.onceregistry,  # type: ignore[attr-defined]
            )
        ]
        self._environ = (os.environ, dict(os.environ), dict(own_dict(os.environ).get("_data", ())))
        self._settings = [(read, read(), write) for read, write in _SETTINGS]
        self._thresholds: Tuple[int, ...] = getattr(gc, "get_threshold", tuple)()  # PyPy has none
        self._asyncgen_hooks = tuple(getattr(sys, "get_asyncgen_hooks", tuple)())
        self._mask = _umask(0o022)
        _umask(self._mask)
        self._stack = _stack_size()  # to read it is to reset it
        _stack_size(self._stack)
        self._handlers = _handlers()
        self._hooks = _hooks_of_threads()
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
        self._restore_sys()
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
        self._restore_settings()
        if any("signal" in words for _, words in read):
            for number, handler in _handlers().items():
                before_it = self._handlers.get(number, handler)
                if handler is not before_it:
                    _signal.signal(number, before_it)
        _chdir(self.folder)
        return _threads() <= self._threads

    def _restore_sys(self) -> None:
        """Restore each attribute of `sys` by itself, since `sys` must not be empty at any moment."""
        now, before = vars(sys), self._sys
        if unchanged(before, now):
            return
        for name, value in before.items():
            if now.get(name, _ABSENT) is not value:
                now[name] = value
        for name in [name for name in now if name not in before]:
            del now[name]

    def _restore_settings(self) -> None:
        for read, value, write in self._settings:
            if read() != value:
                write(value)
        if gc.isenabled():
            gc.disable()
        if self._thresholds and gc.get_threshold() != self._thresholds:
            gc.set_threshold(*self._thresholds)
        hooks: Tuple[Any, ...] = getattr(sys, "get_asyncgen_hooks", tuple)()
        if any(hook is not before for hook, before in zip(hooks, self._asyncgen_hooks)):
            sys.set_asyncgen_hooks(*self._asyncgen_hooks)
        _set_context(None)
        _umask(self._mask)
        _stack_size(self._stack)
        for name, hook in self._hooks.items():
            vars(sys.modules["threading"])[name] = hook

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
