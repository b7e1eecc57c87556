"""Started by the driver as a script, in the target interpreter: makes this folder importable, and hands over.

usage: start.py [--orphans=apart | --orphans=guard:PID] [--replies=FILE] [--unset=NAME]

The messages of the protocol come from standard input, and the replies go to standard output. --orphans: how the agent
finds processes that a case leaves behind outside of its process group. `apart`: the agent is a child of process 1 and
alone with its descendants in a namespace of processes. `guard:PID`: its parent is a subreaper with this number.
--replies: a file, such as a named pipe, that gets the replies in place of standard output, for platforms where
descriptors cannot be duplicated. --unset: a variable of the environment that was meant for the start of the
interpreter, and that no case is to see. A program that has the interpreter in itself calls `load` and makes a
`server.Agent`.
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


def load():  # type: () -> object
    """Load the agent, and return its module `server`."""
    if sys.version_info < (3, 8):
        sys.exit("Python 3.8 or later is needed")
    here = os.path.dirname(os.path.abspath(__file__))
    # The interpreter has put in this folder, where a script lies, or, without a script, the current folder ("").
    sys.path[:] = [entry for entry in sys.path if entry and os.path.abspath(entry) != here]
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
    return server


def main():  # type: () -> None
    load().main(sys.argv[1:])  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
