"""Never ends, and ignores every signal that can be ignored.

hangs
"""

import runpy
import signal
import time


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        while True:
            time.sleep(1)
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
