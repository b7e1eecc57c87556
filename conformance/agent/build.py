"""Prints, as JSON, which build of which interpreter this is. Run as a script, in the target.

These are the facts on which cases may depend, besides the version: the platform, the names of compiled files and of
extension modules, and which modules are built in or frozen.
"""

import json
import os
import sys


def facts():  # type: () -> dict[str, object]
    """The facts, as plain data."""
    import _imp
    import importlib.machinery

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
        "builtin": sorted(sys.builtin_module_names),
        "frozen": sorted(name for name in listed if _imp.is_frozen(name)),
        # The interpreter's own names for things that have one name in recordings.
        "words": {
            "{library}": os.path.dirname(os.path.abspath(os.__file__)),
            "{extension}": (importlib.machinery.EXTENSION_SUFFIXES or [""])[0],
            "{tag}": sys.implementation.cache_tag or "",
        },
    }


if __name__ == "__main__":
    json.dump(facts(), sys.stdout, sort_keys=True)
