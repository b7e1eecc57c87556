"""Ends the process in mid-call, as if all were well.

crashes: exit status 0
"""

import os
import runpy


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        os._exit(0)
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
