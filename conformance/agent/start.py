"""Started by the driver as a script, in the target interpreter: makes this folder importable, and hands over.

usage: start.py READ-FD WRITE-FD once|serve SIDE IMPORT-FROM [apart | guard:PID]
"""

import builtins
import importlib.machinery
import importlib.util
import os
import sys

_BUILTINS = dict(vars(builtins))  # for the agent alone: a candidate may change the others


class _Loader(importlib.machinery.SourceFileLoader):
    def exec_module(self, module):  # type: ignore[no-untyped-def]
        vars(module)["__builtins__"] = _BUILTINS
        super().exec_module(module)


class _Finder:
    def __init__(self, here):  # type: (str) -> None
        self._here = here

    def find_spec(self, name, path=None, target=None):  # type: ignore[no-untyped-def]
        parent, _, last = name.rpartition(".")
        if parent != "_conformance_agent":
            return None
        file = os.path.join(self._here, last + ".py")
        return importlib.util.spec_from_file_location(name, file, loader=_Loader(name, file))


def main():  # type: () -> None
    if sys.version_info < (3, 8):
        sys.exit("Python 3.8 or later is needed")
    here = os.path.dirname(os.path.abspath(__file__))
    if sys.path and os.path.abspath(sys.path[0]) == here:
        del sys.path[0]
    spec = importlib.util.spec_from_file_location(
        "_conformance_agent", os.path.join(here, "__init__.py"), submodule_search_locations=[here]
    )
    assert spec is not None and spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = package
    spec.loader.exec_module(package)
    finder = _Finder(here)
    sys.meta_path.insert(0, finder)
    server = importlib.import_module("_conformance_agent.server")
    sys.meta_path.remove(finder)
    server.main(sys.argv[1:])


if __name__ == "__main__":
    main()
