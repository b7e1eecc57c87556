"""Forks until somebody puts an end to it; at most 200 times, should nobody do so.

crashes: processes
"""

import os
import runpy
import time


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        for _ in range(200):
            if not os.fork():
                time.sleep(30)
                os._exit(0)
        time.sleep(30)
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
