"""Makes the files of worlds that depend on the version of the language. Run as a script, in the target.

In: the root of the worlds, and a list of [path below it, recipe, moment], as JSON on stdin. Out: the contents in
base64, as JSON. The root is a name only: nothing is written. Reference counts and hash seeds may show in compiled
files, so one process makes them all, in the order in which they are given.
"""

import base64
import importlib
import json
import os
import sys


def main():  # type: () -> None
    world = importlib.import_module("world")  # this folder is where scripts are looked up
    request = json.load(sys.stdin)
    made = []
    for name, recipe, moment in request["files"]:
        path = os.path.join(request["root"], world.real_name(name))
        content = world.content(request["root"], path, recipe, world.EPOCH + world.STEP * moment)
        made.append(base64.b64encode(content).decode("ascii"))
    json.dump(made, sys.stdout)


if __name__ == "__main__":
    main()
