"""The bare cost of cases: the same worlds, the same calls, and nothing else. Run as a script, in the target.

usage: floor.py AGENT-FOLDER < REQUEST

The request, as JSON: `cases`; `sides`, as for --impl; `folder`, in which to build; `rounds`. The answer: the seconds of
the clock, and of the processor, that each round over all the cases took.

Everything happens in one process, one after another. Nothing is isolated, watched or written down, and put back is only
what the next case needs to run at all.
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
    """Carry out the request."""
    sys.path.insert(0, sys.argv[1])
    world, candidate = importlib.import_module("world"), importlib.import_module("candidate")
    del sys.path[:2]
    importlib.import_module("zipfile")  # the agent, too, has it by the time
    importlib.import_module("traceback")
    asked = json.load(sys.stdin)
    answer, silent = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    sys.modules["__main__"] = types.ModuleType("__main__")
    under_test = sys.modules["under_test"] = types.ModuleType("under_test")
    under_test.__dict__.update(note=_note, Unsupported=_Unsupported)
    sides = [candidate.load(one) for one in asked["sides"]]
    kept = _Kept()
    told = []
    for number in range(asked["rounds"]):
        wall, processor = time.perf_counter(), time.process_time()
        for index, case in enumerate(asked["cases"]):
            for side, run_module in enumerate(sides):
                root = "{}/{}-{}-{}".format(asked["folder"], number, index, side)
                under_test.__dict__["run_module"] = run_module
                os.mkdir(root)
                world.write(root, case["files"])
                _steps(case, root, run_module, world)  # type: ignore[no-untyped-call]
                kept.put_back()
                shutil.rmtree(root)
        told.append([time.perf_counter() - wall, time.process_time() - processor])
    os.write(answer, json.dumps(told).encode("ascii"))


class _Unsupported(Exception):
    """For the worlds that ask for it."""


def _note(*values):  # type: (*object) -> None
    """What the worlds note down is of no interest here."""


def _steps(case, root, run_module, world):  # type: ignore[no-untyped-def]
    os.chdir(root)
    sys.argv = list(case["argv"])
    sys.path[:0] = [os.path.normpath(os.path.join(root, world.real_name(one))) for one in case["path"]]
    namespace = {"__name__": "steps", "run_module": run_module, "note": _note}
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


class _Kept:
    """What cases change of the interpreter, as it is now."""

    def __init__(self):  # type: () -> None
        self._bindings = [
            (name, getattr(sys, name))
            for name in ("argv", "path", "meta_path", "path_hooks", "modules", "stdin", "stdout", "stderr")
        ]
        lists = [sys.path, sys.meta_path, sys.path_hooks, warnings.filters]  # type: list[object]
        self._lists = [(one, list(one)) for one in lists]  # type: ignore[call-overload]
        self._modules = dict(sys.modules)
        self._builtins = dict(vars(builtins))
        self._showwarning = warnings.showwarning
        self._folder = os.getcwd()

    def put_back(self):  # type: () -> None
        """Have it so again."""
        for name, value in self._bindings:
            setattr(sys, name, value)
        for one, items in self._lists:
            one[:] = items  # type: ignore[index]
        for name in [name for name, one in sys.modules.items() if self._modules.get(name) is not one]:
            del sys.modules[name]
        sys.modules.update(self._modules)
        vars(builtins).update(self._builtins)
        warnings.showwarning = self._showwarning
        sys.path_importer_cache.clear()
        os.chdir(self._folder)


if __name__ == "__main__":
    main()
