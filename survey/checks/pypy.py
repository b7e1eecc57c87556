"""PyPy beside the CPython of the same version."""

import os
import shutil
import sys

from by_hand import check, end

AT_EXIT = {"fails.py": "import atexit\ndef fail():\n    raise ValueError('wrong')\natexit.register(fail)\n"}
OWN = {"own.py": "import builtins\nexec('print(own)', {'__builtins__': {**vars(builtins), 'own': 'found'}})\n"}


# Beside PyPy's programs in the environment there is a `python3.11`, too.
FOLDERS = [folder for folder in os.environ["PATH"].split(os.pathsep) if folder != os.path.dirname(sys.executable)]
CPYTHON = shutil.which("python3.11", path=os.pathsep.join(FOLDERS))


def both(clauses, files, program, by_oracle, by_candidate):
    """Run a program with both."""
    commands = (f"{CPYTHON} {program}", f"python {program}")
    check(clauses, files, *commands, by_oracle=by_oracle, by_candidate=by_candidate)


both("M-ATEXIT-ERROR", AT_EXIT, "fails.py", 'fails.py", line 3, in fail', "ValueError: wrong")
both("INIT-BUILTINS-USED", OWN, "own.py", "found", "NameError")
end()
