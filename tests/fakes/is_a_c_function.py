"""A function of the interpreter's own, which does something else.

diverges: TypeError
"""

run_module = ord
