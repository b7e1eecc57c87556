"""macropython -m beside python -m."""

import programs as p
from by_hand import end, function, launcher

INNER = {
    "o/__init__.py": "",
    "o/inner/__init__.py": "print('init as', __name__)\n",
    "o/inner/__main__.py": "print('main')\n",
}
PACKAGE = {"pk/__init__.py": "", "pk/__main__.py": "print('run as', __name__)\n"}
SPACE = {"space/__main__.py": "print('ran')\n"}
SPEC_NAME = {"name.py": "print(__spec__.name, __loader__.name)\n"}
MAKE_ZIP = "python -c \"import zipfile; zipfile.ZipFile('lib.zip', 'w').write('zipped.py')\"; rm zipped.py"
BROKEN = {"wrong.py": "print(\n"}
FINDER = {
    "sitecustomize.py": """
import sys
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == 'odd':
            raise TypeError('from the finder')
sys.meta_path.insert(0, Finder)
"""
}
c = launcher("macropython -m {}")
c("PACKAGE-WITHOUT-MAIN", INNER, "o.inner", "main\n", "init as __main__\n")
c("MAIN-SUBMODULE", PACKAGE, "pk", "run as __main__", "run as pk.__main__")
c("NAMESPACE-RUNS-MAIN", SPACE, "space", "ran", "AttributeError: 'NoneType' object has no attribute 'endswith'")
c("ZIP-RUNS", {"zipped.py": "print('ran')\n"}, "zipped", "ran", "Error", prepare=MAKE_ZIP, before="PYTHONPATH=lib.zip ")
c("SPEC-DESCRIBES-TARGET", SPEC_NAME, "name", "name name", "__main__ __main__")
c("ARGV-IS-FILE", p.SHOW, "show", "['<folder>/show.py']", "'-m', 'show']")
c("WARNS-OF-IMPORTED-SUBMODULE", p.AGAIN, "again.mod", "RuntimeWarning", "ran\n")
c("BROKEN-SOURCE", BROKEN, "wrong", "SyntaxError", "Failed to parse")
c(
    "FIND-ERROR-WRAPPED",
    FINDER,
    "odd",
    "Error while finding module",
    "TypeError: from the finder",
    before="PYTHONPATH=. ",
)
c("STANDARD-SEARCH", p.BY_GET_CODE, "odd", "by get_code", "AttributeError", before="PYTHONPATH=. ")
f = function(
    "import sys\nfrom mcpyrate.repl import macropython\nmacropython._macropython_module = sys.modules['__main__']",
    "lambda name, **more: macropython.import_module_as_main(name, script_mode=False)",
)
M = {"m.py": "print('ran')\n"}
CALL = "run_module('m', run_name='__main__', alter_sys=True)\n"
f(
    "MODULES-RESTORED",
    M,
    f"import sys\nbefore = sys.modules['__main__']\n{CALL}print(sys.modules['__main__'] is before)",
    "True",
    "False",
)
f("BLOCKED-ENTRY", M, f"import sys\nsys.modules['m'] = None\n{CALL}", "ImportError", "ran")
end()
