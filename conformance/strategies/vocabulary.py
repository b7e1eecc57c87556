"""What a drawn case is made of: tables of texts, the simplest first.

World code is Python 3.8. It depends on nothing of the host, ends soon, leaves nothing behind that cannot be put back,
and looks at no detail of one level to say it at another: no messages or exact types of the call's own errors, no order
of keys, no number of searches.

In texts `$own` is the name of the module that holds them, `$parent` its parent's (or its own), `$next` the name of the
module drawn after it (or the first), `$later` the same but never one drawn before, so that runs inside runs come to an
end, and in what is done before the call `$runs` is the module whose code the call would execute.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

BODY = "$body"


@dataclass(frozen=True)
class Shape:
    """A module and what it needs around it.

    name: below the place where it is put. files: path -> text, one of them being BODY. main: what is appended to the
    name for the module whose code a call executes. holds: the package in which others can be put, if it is one.
    """

    says: str
    name: str
    files: Mapping[str, str]
    main: str = ""
    holds: str = ""


_MAIN = ".__main__"
MODULE = Shape("a module", "m", {"m.py": BODY})
PACKAGE = Shape("a package", "pkg", {"pkg/__init__.py": "", "pkg/__main__.py": BODY}, _MAIN, "pkg")
SUBMODULE = Shape("a submodule", "pkg.m", {"pkg/__init__.py": "", "pkg/m.py": BODY}, "", "pkg")
OTHER = Shape("another module", "n", {"n.py": BODY})
NAMESPACE = Shape("a namespace package", "space", {"space/__main__.py": BODY}, _MAIN, "space")
PLAIN = (MODULE, PACKAGE, SUBMODULE, OTHER)
PACKAGES = (
    PACKAGE,
    SUBMODULE,
    Shape("a package without a __main__", "pkg", {"pkg/__init__.py": BODY}, _MAIN, "pkg"),
    Shape("a __main__", "__main__", {"__main__.py": BODY}),
    Shape("a submodule of a package that acts", "pkg.m", {"pkg/__init__.py": BODY, "pkg/m.py": "x = 1\n"}, "", "pkg"),
    Shape("a package that acts", "pkg", {"pkg/__init__.py": BODY, "pkg/__main__.py": "x = 1\n"}, _MAIN, "pkg"),
    Shape("another package", "pkg2", {"pkg2/__init__.py": "", "pkg2/__main__.py": BODY}, _MAIN, "pkg2"),
    Shape("a package of a module's name", "m", {"m/__init__.py": "", "m/__main__.py": BODY}, _MAIN, "m"),
    Shape(
        "a package whose __main__ is a package",
        "pkg",
        {"pkg/__init__.py": "", "pkg/__main__/__init__.py": "", "pkg/__main__/__main__.py": BODY},
        _MAIN,
        "pkg.__main__",
    ),
    Shape(
        "a package whose __main__ is a namespace package",
        "pkg",
        {"pkg/__init__.py": "", "pkg/__main__/m.py": BODY},
        _MAIN,
        "pkg.__main__",
    ),
    Shape("a package that acts, with parts", "pkg", {"pkg/__init__.py": BODY, "pkg/m.py": "", "pkg/n.py": ""}, "", "pkg"),
    Shape(
        "a deep submodule",
        "pkg.sub.m",
        {"pkg/__init__.py": "", "pkg/sub/__init__.py": "", "pkg/sub/m.py": BODY},
        "",
        "pkg.sub",
    ),
    Shape(
        "a deep package",
        "pkg.sub",
        {"pkg/__init__.py": "", "pkg/sub/__init__.py": "", "pkg/sub/__main__.py": BODY},
        _MAIN,
        "pkg.sub",
    ),
)
NAMESPACES = (
    NAMESPACE,
    Shape("a module of a namespace package", "space.m", {"space/m.py": BODY}, "", "space"),
    Shape("a namespace package without a __main__", "space", {"space/n.py": BODY}, _MAIN, "space"),
    Shape("a package of a namespace package's name", "space", {"space/__init__.py": BODY}, _MAIN, "space"),
    Shape("a module of a namespace package's name", "space", {"space.py": BODY}),
    Shape("a namespace package in a package", "pkg.space", {"pkg/__init__.py": "", "pkg/space/__main__.py": BODY}, _MAIN),
    Shape("a package in a namespace package", "space.pkg", {"space/pkg/__init__.py": BODY}, _MAIN, "space.pkg"),
    Shape("a deep namespace package", "space.sub", {"space/sub/__main__.py": BODY}, _MAIN, "space.sub"),
)
NAMED = (
    Shape("a module in capitals", "M", {"M.py": BODY}),
    Shape("a module of a keyword's name", "class", {"class.py": BODY}),
    Shape("a module with a hyphen", "m-n", {"m-n.py": BODY}),
    Shape("a module with a space", "m n", {"m n.py": BODY}),
    Shape("a file with two dots", "m.n", {"m.n.py": BODY}),
    Shape("a module that seems to be a file", "m.py", {"m/__init__.py": "", "m/py.py": BODY}, "", "m"),
    Shape("a module with a composed letter", "\u00e9", {"\u00e9.py": BODY}),
    Shape("a module with a combining letter", "e\u0301", {"e\u0301.py": BODY}),
    Shape("a module with a lone surrogate", "\udc80", {"\\udc80.py": BODY}),
    Shape("an __init__", "pkg.__init__", {"pkg/__init__.py": BODY}, "", "pkg"),
)

# Where a module is put: the entry of sys.path, and whether into the package drawn last, the first one, or none.
PLACES = ((0, ""), (0, "last"), (1, ""), (1, "last"), (0, "first"), (1, "first"))

# -- what code does ---------------------------------------------------------------------------------------------

SIMPLE = (
    "x = 1\n",
    "",
    '"""Words."""\nx = __doc__\n',
    "x = __name__\n",
)
LOOKS = (
    "import sys\nown = getattr(sys.modules.get(__name__), '__dict__', None) is globals()\n",
    "x = __package__, __file__, getattr(__spec__, 'name', None)\n",
    "import sys\nx = list(sys.argv)\n",
    "from under_test import note\nnote(__name__, __package__)\n",
    "import sys\nx = '__main__' in sys.modules and vars(sys.modules['__main__']) is globals()\n",
    "x = locals() is globals()\n",
    "x = __builtins__ is not None and len('ab')\n",
    "x = __loader__ is getattr(__spec__, 'loader', None)\n",
    "x = 'x' in globals(), '__path__' in globals()\n",
)
ARGV = (
    "import sys\nsys.argv[0] = 'own'\n",
    "import sys\nsys.argv = ['own', 'list']\n",
    "import sys\nsys.argv.append('-x')\n",
    "import sys\nsys.argv.clear()\n",
    "import sys\nsys.argv[:0] = ['first']\n",
    "import sys\ndel sys.argv[1:]\n",
    "import sys\nsys.argv = None\n",
    "import sys\ndel sys.argv\n",
    "import sys\nsys.argv = tuple(sys.argv)\n",
)
MODULES = (
    "import sys\nsys.modules.pop(__name__, None)\n",
    "import sys\nsys.modules[__name__] = None\n",
    "import sys\nclass Own: pass\nsys.modules[__name__] = Own()\n",
    "import sys, types\nsys.modules[__name__] = types.ModuleType('own')\n",
    "import sys\nsys.modules.pop('$next', None)\n",
    "import sys\nsys.modules['$next'] = None\n",
    "import sys\nsys.modules.pop('$parent', None)\n",
    "import sys\nsys.modules.pop('__main__', None)\n",
    "import sys\nsys.modules['__main__'] = sys.modules.get(__name__)\n",
    "import sys\nsys.modules['own.made'] = sys.modules.get(__name__)\n",
    "import sys\nsetattr(sys.modules.get(__name__), 'x', 2)\n",
)
RENAMES = (
    "__name__ = 'renamed'\n",
    "__spec__ = None\n",
    "__file__ = 'renamed'\n",
    "__package__ = 'renamed'\n",
    "del __name__\n",
    "del __spec__, __loader__\n",
    "__doc__ = 'words'\n",
    "globals().clear()\n",
    "x = 1\nglobals().clear()\ny = 2\n",
    "globals()[1] = 'one'\n",
    "globals()['not a name'] = [1]\n",
)
LEAVES = (
    "x = [1]\ndef tell(): return __name__, x\n",
    "x = 1\ndef step():\n    global x\n    x += 1\n    return x\nstep()\n",
    "class Kept:\n    made = __name__\n    def tell(self): return self.made, __name__\n",
    "x = 1\ndef count():\n    while True: yield __name__, x\nstarted = count()\nfirst = next(started)\n",
    "x = lambda: (__name__, __file__)\n",
    "async def wait(): return x\nx = 1\n",
    "def outer():\n    y = [__name__]\n    def inner(): return y\n    return inner\nx = outer()\n",
    "import functools\n@functools.lru_cache(None)\ndef tell(): return __name__\nx = tell()\n",
    "x = 1\nnames = globals()\n",
    "import sys\nx = sys.modules.get(__name__)\n",
    "exec('x = __name__')\nexec('def tell(): return x', globals())\n",
    "x = list(map(lambda y: (y, __name__), [1, 2]))\n",
    "x: int = 1\n",
    "from __future__ import annotations\nx: absent = 1\ndef tell(y: absent): return y\n",
)
IMPORTS = (
    "import importlib\nx = importlib.import_module('$next').__name__\n",
    "import importlib\nx = importlib.import_module('$own').__name__\n",
    "import importlib\nx = importlib.import_module('$parent').__name__\n",
    "from . import n\n",
    "from . import m as found\nx = found.__name__\n",
    "from .n import *\n",
    "from .. import m\n",
    "from . import __name__ as above\n",
    "import absent_module\n",
    "try:\n    import absent_module\nexcept ImportError:\n    x = 'absent'\n",
    "import importlib, sys\nx = vars(importlib.import_module('$own')) is globals()\n",
    "from __main__ import x\n",
)
RUNS = (
    "from under_test import run_module\ninner = run_module('$later')\n",
    "from under_test import run_module\ninner = run_module('$later', alter_sys=True)\n",
    "from under_test import run_module\ninner = run_module('$later', None, '__main__', True)\n",
    "from under_test import run_module\ninner = run_module('$later', {'given': __name__}, '__main__')\n",
    "from under_test import run_module\ninner = run_module('$later', globals(), __name__, True)\n",
    "from under_test import run_module\ntry:\n    run_module('$later', run_name=__name__, alter_sys=True)\nexcept BaseException:\n    x = 'failed'\n",
    "from under_test import run_module\ntry:\n    run_module('$later', alter_sys=True)\nfinally:\n    import sys\n    x = list(sys.argv)\n",
    "from under_test import run_module\ntry:\n    run_module('absent_module', run_name=__name__, alter_sys=True)\nexcept ImportError:\n    x = 'absent'\n",
    "from under_test import run_module\ndepth = globals().get('depth', 0) + 1\nif depth < 3: run_module('$own', {'depth': depth}, __name__, True)\n",
    "from under_test import run_module\ndepth = globals().get('depth', 0) + 1\nif depth < 3: inner = run_module('$own', {'depth': depth})\n",
    "from under_test import run_module\ndef tell(): return run_module('$later')\nx = tell()['__name__']\n",
    "import sys\nfrom under_test import run_module\nrun_module('$later', run_name=__name__, alter_sys=True)\nown = getattr(sys.modules.get(__name__), '__dict__', None) is globals()\n",
)
CHANGES = (
    "globals().get('shared', []).append(2)\n",
    "import sys\nsys.path.append('own-folder')\n",
    "import os\nos.environ['OWN_VARIABLE'] = __name__\n",
    "import warnings\nwarnings.warn('own')\n",
    "import warnings\nwarnings.simplefilter('ignore')\n",
    "import os\nif isinstance(__file__, str) and os.path.exists(__file__): os.remove(__file__)\n",
    "print(__name__)\n",
    "import sys\nsys.stderr.write(__name__)\n",
    "import sys\nsys.path_importer_cache.clear()\n",
    "import sys\nsys.setrecursionlimit(sys.getrecursionlimit() + 7)\n",
    "import sys\nsys.path.insert(0, 'own-folder')\n",
    "import builtins\nbuiltins.own_builtin = __name__\n",
)
PARENTS = (
    "__path__ = []\n",
    "del __path__\n",
    "__path__ = 3\n",
    "import sys\ndel sys.modules[__name__]\n",
    "import sys\nsys.modules[__name__ + '.m'] = sys.modules[__name__ + '.__main__'] = None\n",
    "m = __main__ = 3\n",
    "from . import m\n",
    "from . import __main__\n",
    "import sys\nfrom . import m\nsys.modules.pop(__name__ + '.m')\n",
    "import sys, types\nsys.modules[__name__] = types.ModuleType(__name__)\n",
    "import sys, types\nother = types.ModuleType(__name__)\nother.__path__, other.__spec__ = __path__, __spec__\nsys.modules[__name__] = other\n",
    "def __getattr__(name):\n    if name.startswith('__'): raise AttributeError(name)\n    return 'made up'\n",
    "raise ImportError('own', name=__name__ + '.m')\n",
    "raise ImportError('own', name=__name__[:1])\n",
    "raise ImportError('own', name='')\n",
    "import sys\nsys.argv = ['parent', *sys.argv]\n",
)
BROKEN = ("x = (\n", "return 1\n", "  x = 1\n", "x = 1\n\ty = 2\n", "# coding: absent-codec\nx = 1\n")

NO_ENDING = ""
ENDINGS = (
    "raise ValueError('own')\n",
    "raise SystemExit(3)\n",
    "raise KeyboardInterrupt\n",
    "raise ImportError('own', name=__name__)\n",
    "class Own(Exception): pass\nraise Own('own', 2)\n",
    "raise ImportError('No module named ' + __name__)\n",
    "raise AttributeError('own') from KeyError('cause')\n",
    "class Own(BaseException): pass\nraise Own\n",
    "raise GeneratorExit\n",
    "next(iter(()))\n",
    "def fail(): raise TypeError('own')\nfail()\n",
    "try:\n    1 / 0\nexcept ArithmeticError:\n    raise LookupError\n",
    "raise SystemExit\n",
    "import sys\nsys.exit('own')\n",
    "raise RecursionError('own')\n",
    "raise RuntimeWarning('own')\n",
    "assert x is None, 'own'\n",
)

# -- the name that is asked for ---------------------------------------------------------------------------------

Mutation = Callable[[str], str]


def _said(change: Callable[[str], str]) -> Mutation:
    return lambda name: repr(change(name))


def _last(name: str, change: Callable[[str], str]) -> str:
    above, dot, last = name.rpartition(".")
    return above + dot + change(last)


NAME: Mutation = repr
NAMES: tuple[Mutation, ...] = (
    NAME,
    _said(lambda name: name + ".__main__"),
    _said(lambda name: name.rpartition(".")[0] or name),
    _said(lambda name: name + ".absent"),
    _said(lambda name: "absent_" + name),
    _said(lambda name: name + ".m"),
)
ODD_NAMES: tuple[Mutation, ...] = (
    _said(lambda name: name + ".py"),
    _said(lambda name: "." + name),
    _said(lambda name: name + "."),
    _said(lambda name: name.replace(".", "..") if "." in name else name + "..m"),
    _said(lambda name: name.replace(".", "/")),
    _said(lambda name: name.replace(".", "/") + ".py"),
    _said(str.upper),
    _said(str.swapcase),
    _said(lambda name: _last(name, str.upper)),
    _said(lambda name: " " + name),
    _said(lambda name: name + " "),
    _said(lambda name: name + "\n"),
    _said(lambda name: name + "\0"),
    _said(lambda name: "\ufeff" + name),
    _said(lambda name: "".join(chr(ord(one) + 0xFEE0) if "a" <= one <= "z" else one for one in name)),  # full width
    _said(lambda name: name.replace("\u00e9", "e\u0301") if "\u00e9" in name else name + "\u0301"),
    _said(lambda name: name.replace("e\u0301", "\u00e9") if "e\u0301" in name else "\u00e9" + name),
    _said(lambda name: name + "\udc80"),
    _said(lambda name: name + "\ud800"),
    _said(lambda name: name + "%s"),
    _said(lambda name: name + "{0}"),
    _said(lambda name: name + "'\""),
    _said(lambda name: name[:-1]),
    _said(lambda name: name + name),
    _said(lambda name: name[::-1]),
    _said(lambda name: name + ".__init__"),
    _said(lambda name: name + ".__main__.__main__"),
    _said(lambda name: name + ".absent.__main__"),
    _said(lambda name: name + ".*"),
    _said(lambda name: name + "[0]"),
    _said(lambda name: name + ":x"),
    _said(lambda name: "-m " + name),
    _said(lambda name: "__main__." + name),
    _said(lambda name: "sys." + name),
    lambda name: "''",
    lambda name: "'.'",
    lambda name: "'..'",
    lambda name: "'__main__'",
    lambda name: "'__main__.m'",
    lambda name: "'sys'",
    lambda name: "'marshal'",
    lambda name: "None",
    lambda name: "3",
    lambda name: "True",
    lambda name: "()",
    lambda name: f"[{name!r}]",
    lambda name: f"{{{name!r}: 1}}",
    lambda name: repr(name.encode("utf-8", "surrogateescape")),
    lambda name: f"bytearray({name.encode('utf-8', 'surrogateescape')!r})",
    lambda name: f"type('Text', (str,), {{}})({name!r})",
)


# -- the other arguments, and what is the case before the call -----------------------------------------------------


@dataclass(frozen=True)
class Feature:
    """One thing that makes a case less plain.

    kind: "nothing"; "run_name", "init" or "alter" (text: the expression, `before` what it needs); "style" (text: how
    the arguments are given); "before" (text: statements, files: what they need); "storage" (text: its name); "argv";
    or a step of a sequence: "call", "change", "remove", "add", "package", "import", "forget", with `number` telling
    which module.
    """

    kind: str
    text: str = ""
    before: str = ""
    number: int = 0
    files: Mapping[str, str] | None = None
    argv: tuple[str, ...] = ()


NOTHING = Feature("nothing")


def _features(kind: str, *texts: str) -> tuple[Feature, ...]:
    return tuple(Feature(kind, text) for text in texts)


RUN_NAMES = _features(
    "run_name", "'__main__'", "'own_name'", "'$own'", "'$next'", "''", "None", "'$parent'", "'absent.name'", "'$runs'"
)
ODD_RUN_NAMES = _features(
    "run_name",
    "3",
    "False",
    "('a',)",
    "['a']",
    "b'm'",
    "type('Text', (str,), {})('text')",
    "'\\udc80'",
    "'\\0'",
    "'.'",
    "'m.'",
    "'x' * 300",
)
INITS = (
    Feature("init", "given", "given = {'shared': [1]}"),
    Feature("init", "{}"),
    Feature("init", "None"),
    Feature("init", "{'x': 0, '__name__': 'wrong', '__doc__': 'wrong'}"),
)
ODD_INITS = (
    Feature(
        "init",
        "given",
        "given = dict.fromkeys(['__name__', '__spec__', '__file__', '__cached__', '__loader__', '__package__', '__doc__',"
        " '__path__', '__dict__'], 'wrong')",
    ),
    Feature("init", "given", "import types\ngiven = types.MappingProxyType({'shared': [1]})"),
    Feature("init", "given", "class Own(dict):\n    def __missing__(self, key): return 'made up'\ngiven = Own(shared=[1])"),
    Feature("init", "given", "class Own(dict):\n    def keys(self): return ['other']\n    def __getitem__(self, key): return key\ngiven = Own(shared=[1])"),
    Feature("init", "given", "class Own:\n    def keys(self): return ['shared']\n    def __getitem__(self, key): return [key]\ngiven = Own()"),
    Feature("init", "given", "class Own:\n    def __bool__(self): return False\n    def keys(self): return ['shared']\n    def __getitem__(self, key): return [key]\ngiven = Own()"),
    Feature("init", "given", "class Own:\n    def keys(self): return ['shared', 'fails']\n    def __getitem__(self, key):\n        if key == 'fails': raise LookupError('own')\n        return [key]\ngiven = Own()"),
    Feature("init", "given", "given = {1: 'one', None: 'none', ('a',): 'tuple'}"),
    Feature("init", "given", "given = [('shared', [1]), ('__name__', 'wrong'), ('shared', [2])]"),
    Feature("init", "given", "given = {}\ngiven['itself'] = given"),
    Feature("init", "given", "import builtins\ngiven = {'__builtins__': {'len': len, '__import__': __import__, '__build_class__': builtins.__build_class__}}"),
    Feature("init", "{'__builtins__': {}}"),
    Feature("init", "{'__builtins__': None}"),
    Feature("init", "given", "given = run_module('earlier')", files={"earlier.py": "earlier = __name__\ndef tell(): return earlier\n"}),
    Feature("init", "vars(earlier)", "import earlier", files={"earlier.py": "earlier = __name__\nshared = [1]\n"}),
    Feature("init", "3"),
    Feature("init", "'text'"),
    Feature("init", "()"),
    Feature("init", "[1]"),
    Feature("init", "False"),
    Feature("init", "''"),
    Feature("init", "(pair for pair in [('shared', [1])])"),
    Feature("init", "[('a', 1, 2)]"),
    Feature("init", "[(['a'], 1)]"),
    Feature("init", "type('Own', (), {})"),
)
ALTERS = _features("alter", "True", "False", "1", "None")
ODD_ALTERS = _features(
    "alter",
    "0",
    "''",
    "'no'",
    "[]",
    "[0]",
    "object()",
    "float('nan')",
    "0.0",
    "type('Own', (), {'__len__': lambda self: 0})()",
    "type('Own', (), {'__bool__': lambda self: True, '__len__': lambda self: 0})()",
    "type('Own', (), {'__bool__': lambda self: 1 / 0})()",
    "type('Own', (), {'__bool__': lambda self: 2})()",
    "type('Own', (), {'__eq__': lambda self, other: True, '__bool__': lambda self: False})()",
)
# How the arguments that were drawn are given, and calls that no signature allows.
STYLES = _features(
    "style",
    "$name, $init, $run_name, $alter",
    "mod_name=$name$keywords",
    "$name, $init, run_name=$run_name, alter_sys=$alter",
    "alter_sys=$alter, run_name=$run_name, init_globals=$init, mod_name=$name",
    "*[$name, $init], **{'run_name': $run_name, 'alter_sys': $alter}",
)
WRONG_STYLES = _features(
    "style",
    "",
    "$name, absent=1",
    "$name, $init, $run_name, $alter, 5",
    "$name, mod_name=$name",
    "$name, None, init_globals=None",
    "name=$name",
)

IMPORTED = _features(
    "before",
    "import contextlib, importlib\nwith contextlib.suppress(BaseException): importlib.import_module('$runs')",
    "import contextlib, importlib\nwith contextlib.suppress(BaseException): importlib.import_module('$parent')",
    "import contextlib, importlib\nwith contextlib.suppress(BaseException): importlib.import_module('$own')",
    "import contextlib, importlib\nwith contextlib.suppress(BaseException): importlib.import_module('$next')",
    "import contextlib, importlib, sys\nwith contextlib.suppress(BaseException): importlib.import_module('$runs')\nsys.modules.pop('$runs', None)",
    "import contextlib, importlib, sys\nwith contextlib.suppress(BaseException): importlib.import_module('$runs')\nsys.modules.pop('$parent', None)",
    "import contextlib\nwith contextlib.suppress(BaseException): run_module('$own')",
)
ENTRIES = _features(
    "before",
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
)
MAINS = _features(
    "before",
    "import sys\nmain = sys.modules['__main__']",
    "import sys\ndel sys.modules['__main__']",
    "import sys\nsys.modules['__main__'] = None",
    "import sys\nentry = sys.modules['__main__'] = object()",
    "import __main__\n__main__.x = 'host'",
)
ARGVS = (
    *_features(
        "before",
        "import sys\nsys.argv[:] = []",
        "import sys\nsys.argv = ('tuple', '-x')",
        "import sys\nsys.argv = None",
        "import sys\narguments = sys.argv = ['other', '-x']",
        "import sys\nsys.argv[:] = [[1], None, 3]",
        "import sys\narguments = sys.argv = type('Own', (list,), {})(['prog', '-v'])",
        "import sys\ndel sys.argv",
        "import sys\nsys.argv[:0] = [b'prog']",
        "import sys\nsys.argv = {0: 'prog'}",
        "import sys\nsys.argv = 'prog'",
    ),
    Feature("argv", argv=("prog", "-v", "m")),
    Feature("argv", argv=("",)),
    Feature("argv", argv=("\u00e9",)),
)
FILTERS = _features(
    "before",
    "import warnings\nwarnings.simplefilter('error', RuntimeWarning)",
    "import warnings\nwarnings.simplefilter('ignore', RuntimeWarning)",
    "import warnings\nwarnings.filterwarnings('error', 'own')",
    "import warnings\nwarnings.simplefilter('once')",
)
SURROUNDINGS = _features(
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


def _finder(loader: str = _CODE, find: str = _SPEC) -> Feature:
    text = _FINDER.replace("{loader}", loader).replace("{find}", find)
    return Feature("before", "import own_finder", files={"own_finder.py": text})


FINDERS = (
    _finder(),
    _finder(loader="pass"),
    _finder(loader="get_code = None"),
    *(
        _finder(loader=f"def get_code(self, name): {does}")
        for does in (
            "return None",
            "return 'x = __name__'",
            "return ''",
            "return b'x = 1'",
            "return 3",
            "return TEXT.encode",
            "raise ImportError('own', name='other')",
            "raise ModuleNotFoundError('own')",
            "raise AttributeError('own')",
            "raise OSError('own')",
            "raise SystemExit(5)",
            "raise ImportError('a', 'b') from KeyError('c')",
            "sys.argv = ['loader']; return compile(TEXT, 'world:' + name, 'exec')",
            "sys.modules[name] = None; return compile(TEXT, 'world:' + name, 'exec')",
            "return compile('x = y', 'world:other', 'exec')",
        )
    ),
    _finder(loader=_CODE + "\n    def __len__(self): return 0"),
    _finder(loader=_CODE + "\n    def get_source(self, name): return 'x = 2'\n    def is_package(self, name): return True"),
    _finder(loader="def __init__(self): self.get_code = lambda name: compile(TEXT, 'world:' + name, 'exec')"),
    *(
        _finder(find=does)
        for does in (
            "return None",
            "return 3",
            "return False",
            "raise ImportError('own', name='other')",
            "raise ModuleNotFoundError('own', name=name)",
            "raise AttributeError('own')",
            "raise TypeError('own')",
            "raise ValueError('own', 2)",
            "raise UnicodeError",
            "raise KeyError('own')",
            "raise RecursionError('own')",
            "raise SystemExit(6)",
            "raise GeneratorExit",
            "spec.loader = None; return spec",
            "spec.origin = None; return spec",
            "spec.origin = ('own', 1); return spec",
            "spec.has_location = True; spec.cached = 'world:cached'; return spec",
            "spec.has_location = True; return spec",
            "spec.name = 'absent_outer.other'; return spec",
            "spec.submodule_search_locations = []; return spec",
            "spec.submodule_search_locations = ['world:nowhere']; return spec",
            "spec.submodule_search_locations = (); return spec",
            "spec.extra = [1]; return spec",
            "sys.argv = ['finder']; return spec",
            "from types import SimpleNamespace as Spec; return Spec(name=name, loader=Loader(), origin='world:origin',"
            " cached=None, parent='told', submodule_search_locations=None)",
            "from types import SimpleNamespace as Spec; return Spec(name=name, loader=Loader(), origin='world:origin',"
            " parent='', submodule_search_locations=None)",
            "return type('Spec', (ModuleSpec,), {'parent': 'told'})(name, Loader(), origin='world:origin')",
        )
    ),
)
STORED = _features(
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
    *_features(
        "before",
        "import sys\nsys.path_importer_cache.clear()",
        "import sys\nsys.argv = ['second', '-s']",
        "import os, sys\nsys.path.insert(0, os.path.abspath('two'))",
        "import sys\nsys.modules.pop('$parent', None)",
    ),
    Feature("forget", number=-1),
)
AFTER = (
    Feature("before", "told = result['tell']() if 'result' in globals() and 'tell' in result else None"),
    Feature("before", "told = [next(result['started'])] if 'result' in globals() and 'started' in result else None"),
)
