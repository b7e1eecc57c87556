"""Closes every descriptor.

diverges: stdout
"""

import os
import runpy


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        os.closerange(0, 1000)
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
