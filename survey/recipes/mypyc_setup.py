"""Compiles the interpreter's own runpy with mypyc."""

from compiled import compile_runpy

compile_runpy("mypyc")
