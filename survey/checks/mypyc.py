"""What mypyc compiles beside the interpreter, in functions of a few lines."""

from by_hand import check, end

FILES = {
    "lines.py": "import sys\ndef wrap() -> None:\n    try:\n        int('x')\n    except ValueError as error:\n"
    "        raise ImportError('no') from error\n"
    "def has(given: object) -> bool:\n    return hasattr(given, 'attribute')\n"
    "def set_first() -> None:\n    sys.argv[0] = 'set'\n",
    "cause.py": "import lines\ntry: lines.wrap()\nexcept ImportError as error: print('cause', repr(error.__cause__))\n",
    "test.py": "import lines\nclass Odd:\n    @property\n    def attribute(self): raise ZeroDivisionError('in the test')\n"
    "print('answer', lines.has(Odd()))\n",
    "argv.py": "import sys, lines\nclass L(list):\n    def __setitem__(self, *given): print('called')\n"
    "sys.argv = L('a')\nlines.set_first()\n",
    "other.py": "import sys, lines\nfrom collections import UserList\nsys.argv = UserList('a')\nlines.set_first()\nprint(sys.argv)\n",
}
COMPILE = "mypyc lines.py >/dev/null && rm lines.py && python"


def both(clauses, program, by_oracle, by_candidate):
    """Run a program with the functions as they are, and compiled."""
    check(clauses, FILES, f"python {program}", f"{COMPILE} {program}", by_oracle=by_oracle, by_candidate=by_candidate)


both("FIND-ERROR-CAUSE", "cause.py", "cause ValueError", "cause None")
both("WARNING-TEST-ERROR", "test.py", "ZeroDivisionError", "answer False")
both("ARGV-TUPLE", "other.py", "['set']", "TypeError: list object expected")
both("RESULT-COPIED-LAST", "argv.py; echo end", "called", "end")
end()
