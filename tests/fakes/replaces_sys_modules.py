"""Puts an empty dictionary in the place of `sys.modules`.

diverges: sys.modules itself
"""

import runpy
import sys


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        sys.modules = {}
        return {}
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
