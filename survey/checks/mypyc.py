"""Functions of a few lines that mypyc has compiled, beside the same functions in the interpreter."""

from by_hand import check, end

FILES = {
    "lines.py": """
import sys

def wrap() -> None:
    try:
        int('x')
    except ValueError as error:
        raise ImportError('no') from error

def has(given: object) -> bool:
    return hasattr(given, 'attribute')

def set_first() -> None:
    sys.argv[0] = 'set'
""",
    "cause.py": """
import lines
try:
    lines.wrap()
except ImportError as error:
    print('cause', repr(error.__cause__))
""",
    "test.py": """
import lines
class Odd:
    @property
    def attribute(self):
        raise ZeroDivisionError('in the test')
print('answer', lines.has(Odd()))
""",
    "argv.py": """
import sys, lines
class Arguments(list):
    def __setitem__(self, *given):
        print('called')
sys.argv = Arguments('a')
lines.set_first()
""",
    "other.py": """
import sys, lines
from collections import UserList
sys.argv = UserList('a')
lines.set_first()
print(sys.argv)
""",
}
COMPILE = "mypyc lines.py >/dev/null && rm lines.py && python"


def both(clauses, program, by_oracle, by_candidate):
    """Run a program with the functions as they are, and compiled."""
    files = {name: FILES[name] for name in ("lines.py", program.partition(";")[0])}
    check(clauses, files, f"python {program}", f"{COMPILE} {program}", by_oracle=by_oracle, by_candidate=by_candidate)


both("FIND-ERROR-CAUSE", "cause.py", "cause ValueError", "cause None")
both("WARNING-TEST-ERROR", "test.py", "ZeroDivisionError", "answer False")
both("ARGV-TUPLE", "other.py", "['set']", "TypeError: list object expected")
both("RESULT-COPIED-LAST", "argv.py; echo end", "called", "end")
end()
