"""The liar: it has the interpreter's own runpy do the work. That is told, and is no verdict.

agrees
"""

import runpy


def run_module(*arguments, **named):
    return runpy.run_module(*arguments, **named)
