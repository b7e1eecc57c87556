"""Leaves a daemon behind: in a session of its own, without a parent and without descriptors.

agrees
"""

import os
import runpy
import time


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        if not os.fork():
            os.setsid()
            if os.fork():
                os._exit(0)
            os.closerange(0, 1000)
            os.chdir("/")
            time.sleep(600)
            os._exit(0)
        os.wait()
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
