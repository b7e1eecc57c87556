"""PyPy beside the CPython of the same version."""

import os
import sys

from by_hand import check, end

OWN = {"own.py": "import builtins\nexec('print(own)', {'__builtins__': {**vars(builtins), 'own': 'found'}})\n"}

# Beside PyPy's programs in the environment there is a `python3.11`, too.
OWN_FOLDER = os.path.dirname(sys.executable)
FOLDERS = [folder for folder in os.environ["PATH"].split(os.pathsep) if folder != OWN_FOLDER]
os.environ["PATH"] = os.pathsep.join([*FOLDERS, OWN_FOLDER])


def both(clauses, files, program, by_oracle, by_candidate, prepare=""):
    """Run a program with both. prepare: a command that is run before."""
    commands = (f"{name} {program}" for name in ("python3.11", "pypy3.11"))
    check(clauses, files, *commands, by_oracle=by_oracle, by_candidate=by_candidate, prepare=prepare)


both("INIT-BUILTINS-USED", OWN, "own.py", "found", "NameError")
both("S-MISSING-FILE", {}, "link.py", "Too many levels of symbolic links", "RecursionError", "ln -s link.py link.py")
end()
