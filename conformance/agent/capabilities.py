"""What a case may require of an interpreter and its platform: the capabilities, each with the test for it.

The names are those of `CAPABILITIES` in `cases/model.py`; a self-test compares the two.
"""

from __future__ import annotations

import sys
from typing import Callable, Dict, List

from .own import os


def _imports(name: str) -> bool:
    try:
        __import__(name)
    except ImportError:
        return False
    return True


def _names_files_in_unicode() -> bool:
    try:
        os.fsencode("\u00e9\u0416")
    except UnicodeError:  # the encoding of the locale has no name for such a file
        return False
    return True


CAPABILITIES: Dict[str, Callable[[], bool]] = {
    "fork": lambda: hasattr(os, "fork"),
    "symlinks": lambda: hasattr(os, "symlink") and os.name == "posix",
    "audit": lambda: hasattr(sys, "addaudithook"),
    "cpython": lambda: sys.implementation.name == "cpython",
    "refcounting": lambda: sys.implementation.name == "cpython",
    "unicode": _names_files_in_unicode,
    "threads": lambda: _imports("_thread"),
    "zip": lambda: _imports("zipimport"),
}


def capabilities() -> List[str]:
    """The capabilities of this interpreter."""
    return [name for name, has in CAPABILITIES.items() if has()]
