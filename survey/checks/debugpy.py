"""debugpy's copy of runpy beside the interpreter's."""

import sys

from by_hand import end, function

SETUP = """
import importlib.util, os, sys
from runpy import run_path
place = importlib.util.find_spec("debugpy").submodule_search_locations[0]
sys.path.append(os.path.join(place, "_vendored", "pydevd"))
from _pydevd_bundle.pydevd_runpy import run_module as theirs, run_path
"""
f = function(SETUP, "theirs")
PROGRAM = "import pathlib\nprint(run_path(pathlib.Path('script.py'))['x'])"
f("P-PATH-LIKE", {"script.py": "x = 'ran'\n"}, PROGRAM, "ran", "TypeError: expected str, not")
if sys.version_info >= (3, 15):
    CACHED = {"m.py": "print('cached', '__cached__' in globals())\n"}
    f("CACHED-ABSENT", CACHED, "run_module('m')", "cached False", "cached True")
end()
