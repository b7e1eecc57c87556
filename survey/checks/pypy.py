"""PyPy beside the CPython of the same version."""

import os
import sys

from by_hand import check, end

AT_EXIT = {"fails.py": "import atexit\ndef fail():\n    raise ValueError('wrong')\natexit.register(fail)\n"}
OWN = {"own.py": "import builtins\nexec('print(own)', {'__builtins__': {**vars(builtins), 'own': 'found'}})\n"}


# Beside PyPy's programs in the environment there is a `python3.11`, too.
OWN_FOLDER = os.path.dirname(sys.executable)
FOLDERS = [folder for folder in os.environ["PATH"].split(os.pathsep) if folder != OWN_FOLDER]
os.environ["PATH"] = os.pathsep.join([*FOLDERS, OWN_FOLDER])


def both(clauses, files, program, by_oracle, by_candidate):
    """Run a program with both."""
    commands = (f"python3.11 {program}", f"pypy3.11 {program}")
    check(clauses, files, *commands, by_oracle=by_oracle, by_candidate=by_candidate)


both("M-ATEXIT-ERROR", AT_EXIT, "fails.py", 'fails.py", line 3, in fail', "ValueError: wrong")
both("INIT-BUILTINS-USED", OWN, "own.py", "found", "NameError")
end()
