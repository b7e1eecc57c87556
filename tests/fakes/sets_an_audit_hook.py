"""Sets an audit hook that forbids everything, which nobody can take back.

crashes: broke what it takes
"""

import runpy
import sys


def forbid(event, arguments):
    raise PermissionError(event)


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        sys.addaudithook(forbid)
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
