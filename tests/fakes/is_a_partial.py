"""A partial of a function that works.

agrees
"""

import functools
import runpy

run_module = functools.partial(runpy.run_module, run_name=None)
