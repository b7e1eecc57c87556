"""A command that runs a module by a `run_module`, as `python -m` runs it.

usage: by_run_module.py IMPORT-FROM SPEC NAME [ARGUMENT ...]

SPEC is pkg, pkg.mod:callable or path/to/file.py:callable. Nothing of the agent is imported: the program must not find
any of it.
"""

import importlib
import importlib.util
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any  # noqa: F401 - for a comment that is a type


def load(spec):  # type: (str) -> Any
    """The callable that a text names."""
    place, _, name = spec.rpartition(":") if ":" in os.path.basename(spec) else (spec, "", "run_module")
    if place.endswith(".py"):
        found = importlib.util.spec_from_file_location("_candidate", place)
        assert found is not None
        assert found.loader is not None
        module = sys.modules[found.name] = importlib.util.module_from_spec(found)
        found.loader.exec_module(module)
    else:
        module = importlib.import_module(place)
    for part in name.split("."):
        module = getattr(module, part)
    return module


def main():  # type: () -> None
    """Load the callable, and call it."""
    import_from, spec = sys.argv[1:3]
    del sys.argv[:3]
    sys.path[0] = import_from or os.getcwd()
    run_module = load(spec)
    sys.path[0] = os.getcwd()
    run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
