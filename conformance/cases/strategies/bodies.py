"""Tables of actions, which say what the code of a module does, and of endings. The simplest come first.

Rules. The code is Python 3.8. It depends on nothing of the host, ends soon, and leaves nothing behind that cannot be
put back. It shows no detail of level exact by means of a firmer level: no messages or exact types of the call's own
errors, no order of keys, no number of searches.

Names in texts: `$own` is the name of the module that holds the text, `$parent` that of its parent (or its own), `$next`
that of the module drawn after it (or of the first), and `$later` the same, but never of one drawn before, so that runs
inside runs come to an end. `derive` replaces them.
"""

from __future__ import annotations

from collections.abc import Mapping

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
    "import sys\nfor key in [key for key in sys.modules if f'{key}.'.startswith('$parent.')]: del sys.modules[key]\n",
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
    (
        "from under_test import run_module\n"
        "try:\n"
        "    run_module('$later', run_name=__name__, alter_sys=True)\n"
        "except BaseException:\n"
        "    x = 'failed'\n"
    ),
    (
        "from under_test import run_module\n"
        "try:\n"
        "    run_module('$later', alter_sys=True)\n"
        "finally:\n"
        "    import sys\n"
        "    x = list(sys.argv)\n"
    ),
    (
        "from under_test import run_module\n"
        "try:\n"
        "    run_module('absent_module', run_name=__name__, alter_sys=True)\n"
        "except ImportError:\n"
        "    x = 'absent'\n"
    ),
    (
        "from under_test import run_module\n"
        "depth = globals().get('depth', 0) + 1\n"
        "if depth < 3: run_module('$own', {'depth': depth}, __name__, True)\n"
    ),
    (
        "from under_test import run_module\n"
        "depth = globals().get('depth', 0) + 1\n"
        "if depth < 3: inner = run_module('$own', {'depth': depth})\n"
    ),
    "from under_test import run_module\ndef tell(): return run_module('$later')\nx = tell()['__name__']\n",
    (
        "import sys\n"
        "from under_test import run_module\n"
        "run_module('$later', run_name=__name__, alter_sys=True)\n"
        "own = getattr(sys.modules.get(__name__), '__dict__', None) is globals()\n"
    ),
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
    (
        "import sys, types\n"
        "other = types.ModuleType(__name__)\n"
        "other.__path__, other.__spec__ = __path__, __spec__\n"
        "sys.modules[__name__] = other\n"
    ),
    "def __getattr__(name):\n    if name.startswith('__'): raise AttributeError(name)\n    return 'made up'\n",
    "raise ImportError('own', name=__name__ + '.m')\n",
    "raise ImportError('own', name=__name__[:1])\n",
    "raise ImportError('own', name='')\n",
    "import sys\nsys.argv = ['parent', *sys.argv]\n",
)
BROKEN = ("x = (\n", "return 1\n", "  x = 1\n", "x = 1\n\ty = 2\n", "# coding: absent-codec\nx = 1\n")

# Clauses that only a case with that action shows; with " if altered", only where a run is altered.
_UNRESTORABLE = (
    "ARGV-UNRESTORABLE if altered",
    "ARGV-UNRESTORABLE-TEXT if altered",
    "ARGV-UNRESTORABLE-CONTEXT if altered",
    "ARGV-UNRESTORABLE-MODULES if altered",
)
_ENTRY_GONE = ("CODE-DELETES-ENTRY if altered", "ENTRY-GONE-KEYERROR if altered", "ENTRY-GONE-CONTEXT if altered")
_RELATIVE = ("RELATIVE-IMPORT-WORKS", "RELATIVE-IMPORT-AT-TOP", "RELATIVE-IMPORT-AT-TOP-TEXT")
CLAUSES_OF_ACTIONS: Mapping[str, tuple[str, ...]] = {
    ARGV[0]: ("CODE-CHANGES-ARGV0 if altered",),
    ARGV[1]: ("ARGV-REBOUND-STAYS if altered", "ARGV-OLD-LIST-LEFT if altered"),
    ARGV[2]: ("CODE-CHANGES-ARGV-REST if altered",),
    ARGV[3]: _UNRESTORABLE,
    ARGV[4]: ("ARGV-RESTORED-BY-INDEX if altered",),
    ARGV[5]: ("CODE-CHANGES-ARGV-REST if altered",),
    **dict.fromkeys(ARGV[6:], _UNRESTORABLE),
    MODULES[0]: _ENTRY_GONE,
    **dict.fromkeys(MODULES[1:4], ("CODE-REPLACES-ENTRY if altered",)),
    **dict.fromkeys(MODULES[4:], _ENTRY_GONE),
    **dict.fromkeys(RENAMES[:5], ("RESTORED-UNDER-INITIAL-NAME if altered",)),
    **dict.fromkeys(BROKEN, ("BROKEN-SOURCE", "BROKEN-SOURCE-PLACE", "BROKEN-SOURCE-MESSAGE")),
    **{text: _RELATIVE for text in IMPORTS if "from ." in text},
}

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
