"""Compiles the interpreter's own runpy with Cython."""

from compiled import compile_runpy

compile_runpy("cython")
