"""Leaves a thread behind.

agrees
"""

import runpy
import threading
import time


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
