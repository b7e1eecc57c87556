"""Prints, as JSON, which build of which interpreter this is. Run as a script, in the target.

These are the facts by which an interpreter is named, and on which cases may depend, besides the version: the platform,
how it was built, the names of compiled files and of extension modules, and which modules are built in or frozen. The
agent sends them in its greeting.
"""

from __future__ import annotations

import _imp
import importlib.machinery
import json
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .messages import BuildFacts


def facts() -> BuildFacts:
    """The facts, as plain data; `BuildFacts` of `messages` says what each means."""
    # Before 3.11 an interpreter does not list its frozen modules; at that time these were all.
    known = ["_frozen_importlib", "_frozen_importlib_external", "zipimport", "__hello__"]
    known += ["__phello__", "__phello__.spam"]
    listed = getattr(_imp, "_frozen_module_names", lambda: known)()
    level = {"alpha": "a", "beta": "b", "candidate": "rc"}.get(sys.version_info[3], "")
    return {
        "implementation": sys.implementation.name,
        "version": "{}.{}.{}".format(*sys.version_info[:3])
        + ("{}{}".format(level, sys.version_info[4]) if level else ""),
        "platform": "-".join([sys.platform] + (list(os.uname()[4:]) if hasattr(os, "uname") else [])),
        "abiflags": getattr(sys, "abiflags", ""),
        "own_version": ".".join(str(part) for part in sys.implementation.version[:3]),
        "gil_disabled": "t" in getattr(sys, "abiflags", "") or "free-threading build" in sys.version,
        "debug": hasattr(sys, "gettotalrefcount"),
        "triplet": getattr(sys.implementation, "_multiarch", ""),
        "distribution": _distribution(),
        "builtin": sorted(sys.builtin_module_names),
        "frozen": sorted(name for name in listed if _imp.is_frozen(name)),
        # The interpreter's own names for things that have one name in recordings.
        "words": {
            "{library}": os.path.dirname(os.path.abspath(os.__file__)),
            "{extension}": (importlib.machinery.EXTENSION_SUFFIXES or [""])[0],
            "{tag}": sys.implementation.cache_tag or "",
        },
    }


def _distribution() -> str:
    """The name and version under which a browser's build of CPython is published; empty for any other build."""
    pyodide = sys.modules.get("pyodide")  # where it is, it has been imported
    if sys.platform != "emscripten" or pyodide is None:
        return ""
    return "Pyodide {}".format(getattr(pyodide, "__version__", "")).strip()


if __name__ == "__main__":
    json.dump(facts(), sys.stdout, sort_keys=True)
