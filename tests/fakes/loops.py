"""Never ends, and keeps a core busy.

hangs
"""

import runpy


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        while True:
            pass
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
