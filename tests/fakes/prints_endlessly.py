"""Prints for ever; at most a gigabyte, should nothing stop it.

diverges: OSError
"""

import os
import runpy


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        for _ in range(1024):
            os.write(1, b"x" * (1 << 20))
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
