"""Returns an object that never answers when it is asked for anything.

diverges: result
"""

import runpy
import time


class Slow:
    def __getattribute__(self, name):
        time.sleep(600)

    def __eq__(self, other):
        time.sleep(600)

    __hash__ = __repr__ = __str__ = __bool__ = __len__ = __iter__ = lambda self: time.sleep(600)


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        return {"slow": Slow()}
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
