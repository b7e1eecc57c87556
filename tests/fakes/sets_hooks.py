"""Takes the profile function away that it finds, and leaves a trace function behind.

diverges: trace function
"""

import runpy
import sys


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        sys.setprofile(None)
        sys.settrace(lambda *arguments: None)
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
