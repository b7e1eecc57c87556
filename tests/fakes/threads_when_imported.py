"""Starts a thread when it is imported, so that it cannot be forked.

agrees
"""

import runpy
import threading
import time

threading.Thread(target=time.sleep, args=(600,), daemon=True).start()


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        pass
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
