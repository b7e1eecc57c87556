"""Returns a namespace of dictionaries that hold one another.

diverges: result
"""

import runpy


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        found = {}
        for _ in range(1000):
            found = {"inner": found, "itself": []}
            found["itself"].append(found)
        return found
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
