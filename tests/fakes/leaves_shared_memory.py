"""Leaves shared memory behind.

agrees
"""

import runpy
from multiprocessing import resource_tracker, shared_memory


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "victim":
        memory = shared_memory.SharedMemory(name="left_by_a_fake", create=True, size=1000)
        resource_tracker.unregister(memory._name, "shared_memory")
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
