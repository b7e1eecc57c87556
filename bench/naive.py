"""Runs one side of one case in an interpreter of its own, as a person would by hand. A script for the target.

usage: naive.py AGENT-FOLDER SIDE FOLDER < CASE

Builds the world in FOLDER, takes the steps, and prints the result of each: the names that a call returned, or an error.
"""

import importlib
import json
import os
import shutil
import sys
import types


def main():  # type: () -> None
    """Run the case."""
    agent, side, folder = sys.argv[1:]
    sys.path[0] = agent
    world, candidate = importlib.import_module("world"), importlib.import_module("candidate")
    del sys.path[0]
    functions = candidate.load(side)._asdict()
    under_test = sys.modules["under_test"] = types.ModuleType("under_test")
    under_test.__dict__.update(functions, note=print, Unsupported=type("Unsupported", (Exception,), {}))
    case = json.load(sys.stdin)
    os.mkdir(folder)
    world.write(folder, case["files"])
    os.chdir(folder)
    sys.argv = list(case["argv"])
    sys.path[:0] = [os.path.normpath(os.path.join(folder, world.real_name(entry))) for entry in case["path"]]
    namespace = dict(functions, __name__="steps", note=print)
    for number, step in enumerate(case["steps"], 1):
        try:
            if "write" in step:
                world.write(folder, step["write"], number)
            elif "do" in step:
                exec(step["do"], namespace)
            else:
                print(sorted(map(str, eval(step["call"], namespace))))
        except BaseException as exc:
            print(type(exc).__name__, str(exc).replace(folder, ""))
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
