"""Asks for ever more memory; for 16 GB at most, which it never touches.

diverges: OSError
"""

import mmap
import runpy

held = []


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        held.extend(mmap.mmap(-1, 1 << 29) for _ in range(32))
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
