"""The interpreter's own runpy, compiled by Cython (cython_setup.py)."""

import runpy_by_cython

run_module = runpy_by_cython.run_module
run_path = runpy_by_cython.run_path
