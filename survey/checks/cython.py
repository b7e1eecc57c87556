"""Functions of one line that Cython has compiled, beside the same functions in the interpreter."""

from by_hand import check, end

FILES = {
    "lines.py": """
def run(code): exec(code, {})
def load(name): return __import__(name)
""",
    "hook.py": """
import sys, lines
code = compile('pass', 'some.py', 'exec')
sys.addaudithook(lambda event, given: event == 'exec' and print('event', given[0].co_filename))
lines.run(code)
""",
    "replaced.py": """
import builtins, lines
old = builtins.__import__
builtins.__import__ = lambda *given: print('called for', given[0]) or old(*given)
lines.load('colorsys')
""",
}
COMPILE = "cythonize -q -i -3 lines.py && rm lines.py && python"


def both(clauses, program, by_oracle, by_candidate):
    """Run a program with the functions as they are, and compiled."""
    files = {name: FILES[name] for name in ("lines.py", program.partition(";")[0])}
    check(clauses, files, f"python {program}", f"{COMPILE} {program}", by_oracle=by_oracle, by_candidate=by_candidate)


both("AUDIT-EXEC", "hook.py; echo end", "event some.py", "end")
both("IMPORT-FUNCTION-USED", "replaced.py; echo end", "called for colorsys", "end")
end()
