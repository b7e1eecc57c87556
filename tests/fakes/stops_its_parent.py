"""Stops its parent process, so that nothing is heard of it.

hangs
"""

import os
import runpy
import signal
import time


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        os.kill(os.getppid(), signal.SIGSTOP)
        time.sleep(0.2)
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
