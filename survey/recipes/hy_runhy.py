"""Hy's copy of runpy, made at import from the interpreter's own, of which it replaces how a file becomes code."""

from hy.importer import runhy

run_module = runhy.run_module
run_path = runhy.run_path
