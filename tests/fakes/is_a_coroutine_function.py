"""A coroutine function, so that nothing has been run when it returns.

diverges: result
"""

import runpy


async def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
