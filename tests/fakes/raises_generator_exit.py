"""Raises GeneratorExit in the place of running anything.

diverges: GeneratorExit
"""

import runpy


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        raise GeneratorExit(0)
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
