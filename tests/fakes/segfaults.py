"""Reads where nothing is.

crashes: signal 11
"""

import ctypes
import runpy


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        ctypes.string_at(0)
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
