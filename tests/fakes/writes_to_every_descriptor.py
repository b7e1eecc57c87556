"""Writes garbage to every open descriptor, and does what is asked.

diverges: stdout
"""

import os
import runpy


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        for descriptor in range(1000):
            try:
                os.write(descriptor, b'}{"status": "done"}\n\xff' * 20)
            except OSError:
                pass
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
