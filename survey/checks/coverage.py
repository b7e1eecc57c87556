"""coverage's PyRunner beside runpy.run_module."""

import programs as p
from by_hand import end, function

f = function(
    "from coverage.execfile import PyRunner",
    "lambda name, **more: PyRunner([name, *sys.argv[1:]], as_module=True).run()",
)
MAIN = "run_name='__main__', alter_sys=True)\n"
M = {"m.py": "print('ran')\n"}


def run(name="m"):
    """The statement that runs a module."""
    return f"import sys\nrun_module('{name}', {MAIN}"


f(
    "MODULES-RESTORED",
    M,
    f"import sys\nbefore = sys.modules['__main__']\n{run()}print(sys.modules['__main__'] is before)",
    "True",
    "False",
)
f("ARGV-LIST-KEPT", M, f"import sys\nbefore = sys.argv\n{run()}print(sys.argv is before)", "True", "False")
OUTER = {
    "outer.py": "import sys\nfrom shared import run_module\nrun_module('m', run_name='__main__', alter_sys=True)\n"
    "print(vars(sys.modules['__main__']) is globals())\n",
    "m.py": "",
    "shared.py": "",
}
f("NESTED-FAILURE", OUTER, f"import sys, shared\nshared.run_module = run_module\n{run('outer')}", "True", "False")
f("LOADER-OF-SPEC", {"m.py": "print(__loader__)\n"}, run(), "SourceFileLoader", "DummyLoader")
f("SPEC-DESCRIBES-TARGET", {"m.py": "print(__spec__)\n"}, run(), "SourceFileLoader", "DummyLoader")
f("CACHED-FROM-SPEC", {"m.py": "print('cached', __cached__)\n"}, run(), "cached <folder>", "NameError")
COMPILE = "python -c \"import py_compile; py_compile.compile('m.py', 'm.pyc')\"; rm m.py"
f("SOURCELESS-RUNS", {"m.py": "print(__file__)\n"}, run(), "m.pyc", "m.py\n", prepare=COMPILE)
f("MISSING-MODULE", {}, run("absent"), "ImportError: No module", "NoSource: No module")
f("BROKEN-SOURCE", {"m.py": "print(\n"}, run(), "SyntaxError: '(' was", "CoverageException: Couldn't run")
f("NUL-IN-SOURCE-SYNTAXERROR", {"m.py": "x = 1\0\n"}, run(), "\nSyntaxError: source", "CoverageException: Couldn't run")
ODD = """
import sys
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == 'm':
            raise TypeError('odd')
sys.meta_path.insert(0, Finder)
"""
OLD = """
import sys
class Finder:
    @staticmethod
    def find_module(name, path=None):
        return None
sys.meta_path.insert(0, Finder)
"""
f("FIND-ERROR-WRAPPED", M, ODD + run(), "ImportError: Error while", "\nTypeError: odd")
f("LEGACY-META-FINDER-IGNORED", {}, OLD + run("absent"), "ImportError: No module", "NoSource: No module")
f("CUSTOM-LOADER-RUNS", {}, run("__hello__"), "Hello world!", "NoSource: No file to run")
f("MAIN-IS-A-PACKAGE", p.MAIN_IS_PACKAGE, run("mp"), "ImportError", "status 0")
f("WARNS-OF-IMPORTED-SUBMODULE", p.AGAIN, run("again.mod"), "RuntimeWarning", "ran\n")
IMPORTED = """
import sys
from importlib.util import module_from_spec, spec_from_file_location
sys.modules['pk.m'] = module_from_spec(spec_from_file_location('pk.m', 'pk/m.py'))
"""
PARENT = {"pk/__init__.py": "print('parent')\n", "pk/m.py": ""}
f("PARENTS-IMPORTED", PARENT, IMPORTED + run("pk.m"), "parent", "status 0")
HOOK = """
import sys
def hook(event, given):
    if event == 'open' and str(given[0]).endswith(('m.py', '.pyc')):
        print('opens', str(given[0])[-3:])
sys.addaudithook(hook)
import m
"""
f("AUDIT-OPEN", {"m.py": "x = 1\n"}, HOOK + run(), "opens .py\nopens pyc", "opens .py\nopens .py")
end()
