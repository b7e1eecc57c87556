"""Returns a namespace of a million keys.

diverges: result
"""

import runpy


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        return {f"key_{n}": n for n in range(1_000_000)}
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
