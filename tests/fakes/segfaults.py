"""Reads where nothing is.

crashes: signal 11
"""

import ctypes
import runpy


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        return ctypes.c_int.from_address(8).value
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
