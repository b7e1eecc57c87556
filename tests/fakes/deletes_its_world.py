"""Goes elsewhere, and deletes the world in which it was to run something.

diverges: cwd
"""

import os
import runpy
import shutil


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        world = os.getcwd()
        os.chdir("/")
        shutil.rmtree(world)
        return {}
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
