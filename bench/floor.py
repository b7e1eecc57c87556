"""Measures the bare cost of cases: the same worlds and the same calls, and nothing else. A script for the target.

usage: floor.py AGENT-FOLDER < REQUEST

The request is JSON: `cases`; `sides`, as for --impl; `folder`, in which worlds are built; `rounds`. The answer is a
list with the wall-clock seconds and the processor seconds of each round over all cases.

All cases run one after another in one process. Nothing is isolated or observed, and after a case only the state that
the next case needs is restored.
"""

import builtins
import importlib
import json
import os
import shutil
import sys
import time
import types
import warnings


def main():  # type: () -> None
    """Run all rounds of the request, and print their times."""
    sys.path.insert(0, sys.argv[1])
    world, candidate = importlib.import_module("world"), importlib.import_module("candidate")
    del sys.path[:2]
    importlib.import_module("zipfile")  # the agent has imported it, too, when a case runs
    importlib.import_module("traceback")
    request = json.load(sys.stdin)
    answer, silent = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    sys.modules["__main__"] = types.ModuleType("__main__")
    under_test = sys.modules["under_test"] = types.ModuleType("under_test")
    under_test.__dict__.update(note=_note, Unsupported=_Unsupported)
    sides = [candidate.load(side) for side in request["sides"]]
    state = _State()
    times = []
    for number in range(request["rounds"]):
        wall, processor = time.perf_counter(), time.process_time()
        for index, case in enumerate(request["cases"]):
            for side, functions in enumerate(sides):
                root = "{}/{}-{}-{}".format(request["folder"], number, index, side)
                under_test.__dict__.update(functions._asdict())
                os.mkdir(root)
                world.write(root, case["files"])
                _steps(case, root, functions, world)  # type: ignore[no-untyped-call]
                state.restore()
                shutil.rmtree(root)
        times.append([time.perf_counter() - wall, time.process_time() - processor])
    os.write(answer, json.dumps(times).encode("ascii"))


class _Unsupported(Exception):
    """The exception `Unsupported`, which a world may import from `under_test`."""


def _note(*values):  # type: (*object) -> None
    """Ignore the values that a world notes."""


def _steps(case, root, functions, world):  # type: ignore[no-untyped-def]
    os.chdir(root)
    sys.argv = list(case["argv"])
    sys.path[:0] = [os.path.normpath(os.path.join(root, world.real_name(entry))) for entry in case["path"]]
    namespace = dict(functions._asdict(), __name__="steps", note=_note)
    for number, step in enumerate(case["steps"], 1):
        try:
            if "write" in step:
                world.write(root, step["write"], number)
            elif "do" in step:
                exec(step["do"], namespace)
            else:
                namespace["result"] = eval(step["call"], namespace)
        except BaseException as exc:
            namespace["error"] = exc


class _State:
    """The state of the interpreter that cases change, as it was when this object was made."""

    def __init__(self):  # type: () -> None
        self._bindings = [
            (name, getattr(sys, name))
            for name in ("argv", "path", "meta_path", "path_hooks", "modules", "stdin", "stdout", "stderr")
        ]
        lists = [sys.path, sys.meta_path, sys.path_hooks, warnings.filters]  # type: list[object]
        self._lists = [(items, list(items)) for items in lists]  # type: ignore[call-overload]
        self._modules = dict(sys.modules)
        self._builtins = dict(vars(builtins))
        self._showwarning = warnings.showwarning
        self._folder = os.getcwd()

    def restore(self):  # type: () -> None
        """Restore the state."""
        for name, value in self._bindings:
            setattr(sys, name, value)
        for changed, items in self._lists:
            changed[:] = items  # type: ignore[index]
        for name in [name for name, module in sys.modules.items() if self._modules.get(name) is not module]:
            del sys.modules[name]
        sys.modules.update(self._modules)
        vars(builtins).update(self._builtins)
        warnings.showwarning = self._showwarning
        sys.path_importer_cache.clear()
        os.chdir(self._folder)


if __name__ == "__main__":
    main()
