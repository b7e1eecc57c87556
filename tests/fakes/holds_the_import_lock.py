"""Keeps the import lock for itself.

agrees
"""

import _imp
import runpy


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        _imp.acquire_lock()
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
