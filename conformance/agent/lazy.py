"""Imports, once and for all, what the side under test imports in nearly every call.

Rules. Only modules of the standard library are imported, and only those whose import shows nowhere else. Nothing of
what a candidate itself does is anticipated, so nothing of it can be hidden; and an agent that runs one case only, as
the driver starts it to confirm a divergence, does nothing of the kind.

Theory of operation. A process that runs several cases takes note of what each of them imports (`Imports`), and leaves a
list in a file. When it has ended, the warm agent tries these imports in a process of their own, and then imports those
that neither print nor change anything (`import_for_all`). The next cases find these modules loaded.
"""

from __future__ import annotations

import importlib
import sys
from collections import Counter
from typing import Any, List, Set

from . import loaded, moment
from .describe import own_dict
from .own import SIGKILL, dumps, loads, os, select

_FILE = "imports"
_TRIED: Set[str] = set()
_PATIENCE = 5.0  # seconds
_LONGEST = 65536  # bytes


class Imports:
    """The imports of the cases of a process. root: the folder in which the list is left."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._before = set(sys.modules)
        self._cases = 0
        self._counts: Counter[str] = Counter()

    def count(self) -> None:
        """Count the modules that the last case has imported."""
        self._cases += 1
        modules = sys.modules
        if type(modules) is dict:
            self._counts.update(
                name for name in modules.keys() - self._before if type(name) is str and _can_be_imported(modules[name])
            )

    def leave(self) -> None:
        """Leave the list of the modules that most cases have imported."""
        names = sorted(name for name, count in self._counts.items() if count > self._cases // 2)
        if names:
            descriptor = os.open(os.path.join(self._root, _FILE), os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            os.write(descriptor, dumps(names).encode("ascii"))
            os.close(descriptor)


def import_for_all(root: str) -> None:
    """Import what most cases of the last process have imported, if nobody can see that. root: as for `Imports`."""
    names = [name for name in _left(root) if name not in _TRIED and name not in sys.modules]
    _TRIED.update(names)
    if names and _is_quiet(names):
        _import(names)


def _can_be_imported(module: Any) -> bool:
    """True for a module of the standard library that an import has loaded: `__mp_main__` is none."""
    return own_dict(module).get("__spec__") is not None and loaded.is_standard(module)


def _left(root: str) -> List[str]:
    try:
        descriptor = os.open(os.path.join(root, _FILE), os.O_RDONLY)
    except OSError:
        return []
    try:
        names = loads(os.read(descriptor, _LONGEST).decode("ascii"))
    except Exception:  # a case has written to it
        return []
    finally:
        os.close(descriptor)
    return [name for name in names if type(name) is str] if type(names) is list else []


def _import(names: List[str]) -> None:
    for name in names:
        importlib.import_module(name)


def _is_quiet(names: List[str]) -> bool:
    """True if the imports print nothing and change nothing, as tried in a process of their own."""
    read, write = os.pipe()
    output, printed = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setpgid(0, 0)
            os.dup2(printed, 1)
            os.dup2(printed, 2)
            quiet: Any = moment.is_unchanged_by(lambda: _import(names)) and all(
                loaded.is_standard(sys.modules[name]) for name in names
            )
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            os.write(write, b"1" if quiet else b"0")
        finally:
            os._exit(0)
    os.close(write)
    os.close(printed)
    try:
        told = select([read], [], [], _PATIENCE)[0] and os.read(read, 1) == b"1"
        silent = not (select([output], [], [], 0)[0] and os.read(output, 1))
    finally:
        os.close(read)
        os.close(output)
        try:
            os.kill(child, SIGKILL)
        except OSError:
            pass
        os.waitpid(child, 0)
    return bool(told) and silent
