"""A command that runs a module by a `run_module`, as `python -m` does, or a path by a `run_path`, as `python` does.

usage: by_function.py IMPORT-FROM SPEC run_module|run_path PROGRAM [ARGUMENT ...]

SPEC is pkg, pkg.mod:callable or path/to/file.py:callable; for pkg, the next argument names its function. Nothing of the
agent is imported, since the program must not find any module of it.
"""

import importlib
import importlib.util
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any  # noqa: F401 - for a comment that is a type


def load(spec, function):  # type: (str, str) -> Any
    """The callable that a text names. function: the name of the callable, if the text names only a package."""
    place, _, name = spec.rpartition(":") if ":" in os.path.basename(spec) else (spec, "", function)
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
    import_from, spec, function = sys.argv[1:4]
    del sys.argv[:4]
    sys.path[0] = import_from or os.getcwd()
    run = load(spec, function)
    if function == "run_module":
        sys.path[0] = os.getcwd()
        run(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        del sys.path[0]
        path = sys.argv[0]
        run(os.path.join(os.getcwd(), path) if sys.version_info >= (3, 9) else path, run_name="__main__")


if __name__ == "__main__":
    main()
