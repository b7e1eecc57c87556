"""The interpreter's own runpy, compiled by mypyc (mypyc_setup.py)."""

import runpy_by_mypyc

run_module = runpy_by_mypyc.run_module
run_path = runpy_by_mypyc.run_path
