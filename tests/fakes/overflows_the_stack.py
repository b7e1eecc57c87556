"""Calls itself, by way of the interpreter's own code, until the stack ends; newer ones raise in time.

crashes or diverges
"""

import runpy
import sys


def deeper(depth):
    return max([depth + 1], key=deeper)


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        sys.setrecursionlimit(10**6)
        deeper(0)
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
