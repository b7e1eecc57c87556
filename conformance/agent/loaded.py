"""The modules that were loaded before any case, and among them those that were loaded with the side under test.

Rules. What a side has loaded is its own affair and never observed; every case finds it.
"""

from __future__ import annotations

import itertools
import os
import re
import sys
from typing import Any, Dict, List, Set, Tuple

from . import namespaces
from .describe import own_dict
from .moment import ABSENT, goes_on

_LIBRARY = os.path.dirname(os.__file__) + os.sep

# The modules that were loaded before any world: too many to look at each time.
_LOADED: Dict[str, Any] = {}
# All that there was when they were noted, and the entries in it that count as later ones.
_AT_LOADING: Dict[Any, Any] = {}
_NOT_LOADED: List[Tuple[str, Any]] = []


def later(modules: Dict[Any, Any]) -> List[Tuple[str, Any]]:
    """The entries that were added later, under ordinary keys."""
    if goes_on(_AT_LOADING, modules):
        rest = itertools.islice(modules.items(), len(_AT_LOADING), None)
        return [*_NOT_LOADED, *((key, module) for key, module in rest if type(key) is str)]
    return _not_loaded(modules)


def _not_loaded(modules: Dict[Any, Any]) -> List[Tuple[str, Any]]:
    known = _LOADED.get
    return [(key, module) for key, module in modules.items() if type(key) is str and known(key, ABSENT) is not module]


# The names of the modules that were loaded with the side under test and are not of the standard library.
_CANDIDATES: Set[str] = set()


def hide_candidates_modules(text: str) -> None:
    """Remove a module that was loaded with the side from `sys.modules` if the text of a case uses its name."""
    for key in _CANDIDATES:
        if re.search(r"\b{}\b".format(re.escape(key.partition(".")[0])), text):
            sys.modules.pop(key, None)


def is_candidates(name: str) -> bool:
    """True if a module was loaded with the side under test."""
    return name in _CANDIDATES


def is_standard(module: Any) -> bool:
    """True for a module of the standard library."""
    file = own_dict(module).get("__file__")
    if type(file) is not str:
        return own_dict(module).get("__path__") is None  # built in, or frozen
    return file.startswith(_LIBRARY) and "site-packages" not in file


def note_candidates_modules(before: Set[str]) -> None:
    """Note which modules were loaded with the side under test. before: those that were loaded before it."""
    _CANDIDATES.update(
        key for key, module in list(sys.modules.items()) if key not in before and not is_standard(module)
    )


def note_loaded() -> None:
    """Note the modules that are loaded now, in the warm agent, and that every case will find."""
    namespaces.note(is_candidates)
    _LOADED.update(sys.modules)
    for name in ("__main__", "under_test"):
        del _LOADED[name]
    _AT_LOADING.clear()
    _AT_LOADING.update(sys.modules)
    _NOT_LOADED[:] = _not_loaded(_AT_LOADING)


def is_of_a_side(name: Any) -> bool:
    """True for the name of a module of the standard library, or of one that was loaded with the side under test."""
    module = sys.modules.get(name) if type(name) is str else None
    return module is not None and (is_candidates(name) or is_standard(module))
