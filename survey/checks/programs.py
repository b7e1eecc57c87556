"""The small programs that several checks run."""

SHOW = {"show.py": "import sys\nprint(sys.argv)\n"}
THREE = {"three.py": "import sys\nsys.exit(3)\n"}
PICKLES = {"pickles.py": "import pickle\nclass P: pass\nprint(pickle.dumps(P()) != b'')\n"}
LATE = {"late.py": "import atexit\natexit.register(lambda: print(name))\nname = 'found'\n"}
SPEC = {"spec.py": "print(__spec__.loader)\n"}
CACHED = {"cached.py": "print('cached', __cached__)\n"}
DOC = {"doc.py": "print(__doc__)\n"}
NAME = {"name.py": "print('run as', __name__)\n"}
BUILTINS = {"builtin.py": "print(type(__builtins__))\n"}
LAST = {"last.py": "import atexit, sys\natexit.register(lambda: print('last', sys.last_value))\n1/0\n"}
PKG = {"pkg/__init__.py": "import sys\nprint('loading', sys.argv)\n", "pkg/mod.py": "print('ran')\n"}
AGAIN = {"again/__init__.py": "from . import mod\n", "again/mod.py": "print('ran')\n"}
BROKEN = {"broken/__init__.py": "import not_there\n", "broken/mod.py": ""}
BOTH = {"other/both.py": "print('on PYTHONPATH')\n", "both.py": "print('in the folder')\n"}
STD = {"optparse.py": "print('ours')\n"}
MAIN_IS_PACKAGE = {"mp/__init__.py": "", "mp/__main__/__init__.py": "", "mp/__main__/__main__.py": "print('ran')\n"}
OBJECT = {"object.py": "import sys\nsys.exit((1, 2))\n"}
DATA = {
    "data/__init__.py": "",
    "data/a.txt": "text\n",
    "data/__main__.py": "import pkgutil\nprint(pkgutil.get_data(__package__, 'a.txt'))\n",
}
TERM = {"term.py": "import os\nos.kill(os.getpid(), 15)\n"}
INTERRUPTED = {
    "interrupted.py": """
import os, signal
try:
    os.kill(os.getpid(), signal.SIGINT)
    print('went on')
except KeyboardInterrupt:
    print('interrupted')
"""
}
FILE = {"file.py": "print(__file__)\n"}
COMPILED_ALONE = "python -c \"import py_compile; py_compile.compile('file.py', 'file.pyc')\"; rm file.py"
KEPT = {"kept.py": "print('from the cache')\n"}
COMPILED_BEFORE = """python -m compileall -q --invalidation-mode unchecked-hash kept.py
echo "print('from the source')" > kept.py"""
# A finder whose loader has get_code alone.
BY_GET_CODE = {
    "sitecustomize.py": """
import sys
from importlib.machinery import ModuleSpec
class Loader:
    @staticmethod
    def get_code(name):
        return compile("print('by get_code')", 'odd', 'exec')
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == 'odd':
            return ModuleSpec(name, Loader)
sys.meta_path.insert(0, Finder)
"""
}
LATE_IMPORT = {
    "late.py": """
import atexit
@atexit.register
def last():
    import helper
""",
    "helper.py": "print('found')\n",
}
