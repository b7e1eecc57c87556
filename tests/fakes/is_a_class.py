"""A class, that is called in the place of a function.

diverges: result
"""

import runpy


class run_module(dict):  # noqa: N801
    def __init__(self, mod_name, init_globals=None, run_name=None, alter_sys=False):
        super().__init__(runpy.run_module(mod_name, init_globals, run_name, alter_sys))
