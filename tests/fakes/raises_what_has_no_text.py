"""Raises a BaseException whose `__str__` raises.

diverges: Silent
"""

import runpy


class Silent(BaseException):
    def __str__(self):
        raise self

    __repr__ = __str__


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        raise Silent("x")
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
