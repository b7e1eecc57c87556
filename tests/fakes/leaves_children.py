"""Leaves a child behind that ignores being asked to end.

agrees
"""

import os
import runpy
import signal
import time


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        if not os.fork():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(600)
            os._exit(0)
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
