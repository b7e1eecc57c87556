"""Tables of features that are no arguments: states before a call, storages, and the steps of a sequence of calls.

The simplest come first.

Rules. Statements change nothing that cannot be put back, and depend on nothing of the host. A feature that shows what
only some clauses speak of names these clauses.

Names in texts: `$own` is the name of the module of the request, `$runs` that of the module whose code the call would
execute, `$parent` and `$next` as in `bodies`. `derive` replaces them.
"""

from __future__ import annotations

from .feature import Feature, features

_FORGOTTEN = "for key in [key for key in sys.modules if f'{key}.'.startswith('$parent.')]: del sys.modules[key]"


def imported(name: str, afterwards: str = "") -> str:
    """The statements that import a module and ignore whatever that raises."""
    return (
        "import contextlib, importlib, sys\n"
        f"with contextlib.suppress(BaseException): importlib.import_module('{name}'){afterwards}"
    )


IMPORTED = features(
    "before",
    imported("$runs"),
    imported("$parent"),
    imported("$own"),
    imported("$next"),
    imported("$runs", "\nsys.modules.pop('$runs', None)"),
    imported("$runs", f"\n{_FORGOTTEN}"),
    "import contextlib\nwith contextlib.suppress(BaseException): run_module('$own')",
)
ENTRIES = features(
    "entry",
    "import sys, types\nsys.modules['$parent'] = types.ModuleType('$parent')",
    "import sys\nsys.modules['$own'] = None",
    "import sys\nsys.modules['$runs'] = None",
    "import sys\nsys.modules['$parent'] = None",
    "import sys\nentry = sys.modules['$own'] = object()",
    "import sys, types\nentry = sys.modules['$own'] = types.ModuleType('$own')",
    "import sys, types\nentry = sys.modules['$runs'] = types.ModuleType('$runs')\nentry.__spec__ = None",
    "import sys, types\nentry = sys.modules['$own'] = types.ModuleType('$own')\nentry.__path__ = []",
    "import sys, types\nentry = sys.modules['$runs'] = types.SimpleNamespace(__path__=None)",
    "import sys\nentry = sys.modules['$runs'] = type('Own', (), {'__getattr__': lambda self, name: 'made up'})()",
    "import sys\nsys.modules['$own'] = sys",
    "import sys\nsys.modules['own_name'] = 3",
    clauses="BLOCKED-ENTRY BLOCKED-ENTRY-MESSAGE ENTRY-WITHOUT-SPEC ENTRY-WITHOUT-SPEC-MESSAGE",
)
MAINS = features(
    "before",
    "import sys\nmain = sys.modules['__main__']",
    "import sys\ndel sys.modules['__main__']",
    "import sys\nsys.modules['__main__'] = None",
    "import sys\nentry = sys.modules['__main__'] = object()",
    "import __main__\n__main__.x = 'host'",
)
ARGVS = (
    *features(
        "before",
        "import sys\nsys.argv[:] = []",
        clauses="ARGV-EMPTY-BEFORE ARGV-EMPTY-BEFORE-TEXT ARGV-EMPTY-BEFORE-NO-RUN",
    ),
    *features(
        "before",
        "import sys\nsys.argv = ('tuple', '-x')",
        "import sys\nsys.argv = None",
        "import sys\ndel sys.argv",
        "import sys\nsys.argv = {0: 'prog'}",
        "import sys\nsys.argv = 'prog'",
        clauses="ARGV-TUPLE ARGV-ANY-SEQUENCE",
    ),
    *features(
        "before",
        "import sys\narguments = sys.argv = ['other', '-x']",
        "import sys\nsys.argv[:] = [[1], None, 3]",
        "import sys\narguments = sys.argv = type('Own', (list,), {})(['prog', '-v'])",
        "import sys\nsys.argv[:0] = [b'prog']",
    ),
    Feature("argv", argv=("prog", "-v", "m")),
    Feature("argv", argv=("",)),
    Feature("argv", argv=("\u00e9",)),
)
FILTERS = features(
    "before",
    "import warnings\nwarnings.simplefilter('error', RuntimeWarning)",
    "import warnings\nwarnings.simplefilter('ignore', RuntimeWarning)",
    "import warnings\nwarnings.filterwarnings('error', 'own')",
    "import warnings\nwarnings.simplefilter('once')",
)
SURROUNDINGS = features(
    "before",
    "import sys\nsys.dont_write_bytecode = True",
    "import sys\nsys.path.append('absent-folder')",
    "import os, sys\nsys.path.insert(0, os.path.abspath('two'))",
    "import sys\nsys.path[:0] = [None, 3]",
    "import sys\nsys.path.insert(0, '')",
    "import sys\nsys.path_importer_cache.clear()",
    "import builtins\nbuiltins.x = 'builtin'",
    "import sys\nsys.pycache_prefix = 'own-cache'",
)

_FINDER = """
import sys
from importlib.machinery import ModuleSpec

TEXT = "x = __name__\\ndef tell(): return x\\n"

class Loader:
    def create_module(self, spec): return None
    def exec_module(self, module): exec(TEXT, module.__dict__)
    {loader}

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == '$runs':
            spec = ModuleSpec(name, Loader(), origin='world:' + name)
            {find}

sys.meta_path.insert(0, Finder())
"""
_CODE = "def get_code(self, name): return compile(TEXT, 'world:' + name, 'exec')"
_SPEC = "return spec"


def _finder(loader: str = _CODE, find: str = _SPEC, clauses: str = "CUSTOM-LOADER-RUNS") -> Feature:
    text = _FINDER.replace("{loader}", loader).replace("{find}", find)
    return Feature("before", "import own_finder", files={"own_finder.py": text}, clauses=tuple(clauses.split()))


def _loads(does: str, clauses: str = "CUSTOM-LOADER-RUNS") -> Feature:
    return _finder(loader=f"def get_code(self, name): {does}", clauses=clauses)


def _finds(does: str, clauses: str = "") -> Feature:
    return _finder(find=does, clauses=clauses)


_CODE_NONE = "NO-CODE-OBJECT NO-CODE-OBJECT-MESSAGE"
_CODE_TEXT = "CODE-AS-SOURCE-TEXT"
_CODE_ODD = "CODE-OF-WRONG-TYPE"
_CODE_IMPORT_ERROR = "GET-CODE-IMPORT-ERROR GET-CODE-IMPORT-ERROR-CAUSE"
_CODE_ERROR = "GET-CODE-OTHER-ERROR"
_FIND_ERROR = "FIND-ERROR-WRAPPED FIND-ERROR-MESSAGE FIND-ERROR-CAUSE"
_OTHER_ERROR = "OTHER-FIND-ERROR-PROPAGATES"


FINDERS = (
    _finder(),
    _finder(loader="pass", clauses="NO-GET-CODE NO-GET-CODE-MESSAGE"),
    _finder(loader="get_code = None", clauses="NO-GET-CODE NO-GET-CODE-MESSAGE"),
    _finder(loader=_CODE + "\n    def __len__(self): return 0", clauses="FALSE-LOADER-RUNS"),
    _finder(
        loader=_CODE + "\n    def get_source(self, name): return 'x = 2'\n    def is_package(self, name): return True"
    ),
    _finder(loader="def __init__(self): self.get_code = lambda name: compile(TEXT, 'world:' + name, 'exec')"),
    _loads("return None", _CODE_NONE),
    _loads("return 'x = __name__'", _CODE_TEXT),
    _loads("return ''", _CODE_TEXT),
    _loads("return b'x = 1'", _CODE_TEXT),
    _loads("return 3", _CODE_ODD),
    _loads("return TEXT.encode", _CODE_ODD),
    _loads("raise ImportError('own', name='other')", _CODE_IMPORT_ERROR),
    _loads("raise ModuleNotFoundError('own')", _CODE_IMPORT_ERROR),
    _loads("raise ImportError('a', 'b') from KeyError('c')", _CODE_IMPORT_ERROR),
    _loads("raise AttributeError('own')", _CODE_ERROR),
    _loads("raise OSError('own')", _CODE_ERROR),
    _loads("raise SystemExit(5)", _CODE_ERROR),
    _loads("sys.argv = ['loader']; return compile(TEXT, 'world:' + name, 'exec')"),
    _loads("sys.modules[name] = None; return compile(TEXT, 'world:' + name, 'exec')"),
    _loads("return compile('x = y', 'world:other', 'exec')"),
    _finds("return None"),
    _finds("return 3", _FIND_ERROR),
    _finds("return False", _FIND_ERROR),
    _finds("raise ImportError('own', name='other')", _FIND_ERROR),
    _finds("raise ModuleNotFoundError('own', name=name)", _FIND_ERROR),
    _finds("raise AttributeError('own')", _FIND_ERROR),
    _finds("raise TypeError('own')", _FIND_ERROR),
    _finds("raise ValueError('own', 2)", _FIND_ERROR),
    _finds("raise UnicodeError", _FIND_ERROR),
    _finds("raise KeyError('own')", _OTHER_ERROR),
    _finds("raise RecursionError('own')", _OTHER_ERROR),
    _finds("raise SystemExit(6)", _OTHER_ERROR),
    _finds("raise GeneratorExit", _OTHER_ERROR),
    _finds("spec.loader = None; return spec", "SPEC-WITHOUT-LOADER"),
    _finds("spec.origin = None; return spec", "FILE-WITHOUT-ORIGIN ARGV-IS-NONE"),
    _finds("spec.origin = ('own', 1); return spec", "FILE-ORIGIN-VERBATIM"),
    _finds("spec.has_location = True; spec.cached = 'world:cached'; return spec"),
    _finds("spec.has_location = True; return spec"),
    _finds("spec.name = 'absent_outer.other'; return spec", "SPEC-NAME-KEPT"),
    _finds("spec.submodule_search_locations = []; return spec", "PACKAGE-BY-SEARCH-LOCATIONS"),
    _finds("spec.submodule_search_locations = ['world:nowhere']; return spec", "PACKAGE-BY-SEARCH-LOCATIONS"),
    _finds("spec.submodule_search_locations = (); return spec", "PACKAGE-BY-SEARCH-LOCATIONS"),
    _finds("spec.extra = [1]; return spec"),
    _finds("sys.argv = ['finder']; return spec"),
    _finds(
        "from types import SimpleNamespace as Spec; return Spec(name=name, loader=Loader(), origin='world:origin',"
        " cached=None, parent='told', submodule_search_locations=None)",
        "SPEC-OF-ANY-TYPE",
    ),
    _finds(
        "from types import SimpleNamespace as Spec; return Spec(name=name, loader=Loader(), origin='world:origin',"
        " parent='', submodule_search_locations=None)",
        "SPEC-ATTRIBUTE-MISSING",
    ),
    _finds(
        "return type('Spec', (ModuleSpec,), {'parent': 'told'})(name, Loader(), origin='world:origin')",
        "PACKAGE-FROM-SPEC",
    ),
)
STORED = features(
    "storage",
    "sourceless",
    "zip",
    "fresh",
    "memory",
    "stale",
    "unchecked",
    "checked",
    "hook",
    "zip_unlisted",
    "zip_compiled",
    "zip_folder",
    "zip_first",
    "zip_last",
    "sourceless_main",
    "linked",
)

# -- steps of a sequence ------------------------------------------------------------------------------------------

_CALLS = ("", ", alter_sys=True", ", run_name='__main__', alter_sys=True", ", {'shared': [1]}, '__main__'")
SEQUEL = tuple(
    Feature(kind, text, number=number)
    for number in range(3)
    for kind, texts in {
        "call": _CALLS,
        "change": ("x = 'changed'\n", "raise ValueError('changed')\n"),
        "remove": ("",),
        "import": ("",),
        "forget": ("",),
        "package": ("",),
        "add": ("x = 'added'\n",),
    }.items()
    for text in texts
)
HISTORY = (
    *features(
        "before",
        "import sys\nsys.path_importer_cache.clear()",
        "import sys\nsys.argv = ['second', '-s']",
        "import os, sys\nsys.path.insert(0, os.path.abspath('two'))",
        f"import sys\n{_FORGOTTEN}",
    ),
    Feature("forget", number=-1),
)
AFTER = (
    Feature("before", "told = result['tell']() if 'result' in globals() and 'tell' in result else None"),
    Feature("before", "told = [next(result['started'])] if 'result' in globals() and 'started' in result else None"),
)
