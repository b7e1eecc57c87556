"""Prints three megabytes to stdout and stderr, beside doing what is asked.

diverges: stdout
"""

import os
import runpy
import sys


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        sys.stdout.write("o" * 3_000_000)
        os.write(2, b"e" * 3_000_000)
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
