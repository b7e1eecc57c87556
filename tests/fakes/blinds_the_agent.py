"""Replaces what the agent could look with, so that it may put into the result what it likes.

diverges: smuggled
"""

import builtins
import runpy
import sys
import types
import warnings


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    found = runpy.run_module(mod_name, init_globals, run_name, alter_sys)
    if mod_name == "victim":
        found["smuggled"] = 1
    return found


for name in list(sys.modules):
    if name.startswith("_conformance"):
        vars(sys.modules[name]).clear()


def nothing(*arguments, **named):
    return None


sys.setprofile = sys._getframe = warnings.showwarning = nothing
if hasattr(sys, "monitoring"):
    sys.monitoring = types.SimpleNamespace()
true = {name: getattr(builtins, name) for name in ("sorted", "getattr", "type", "id", "repr", "vars")}
builtins.sorted = lambda *arguments, **named: [
    item for item in true["sorted"](*arguments, **named) if item != "smuggled"
]
