"""Removes everything from `builtins`.

diverges: builtins
"""

import builtins
import runpy


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        vars(builtins).clear()
        return {}
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
