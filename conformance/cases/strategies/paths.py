"""The property of `run_path`: sequences of calls of both functions, and code that calls them again.

Rules. As for the other properties: few flat choices, each a row of a table with its simplest row first, and a pure
function that makes the case of them.

Names in texts: `$target` is the path of a call below the root of the world, `$name` the name of its module for
`run_module`, `$next` the path of the call after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ..model import Case, Recipe, Step
from .bodies import BROKEN

SENTENCE = "A path runs as it would alone, whatever ran before it, around it or inside it"


class Entry(NamedTuple):
    """A kind of entry: its path, and its files with `$deed` for the code. `#` is the number of the entry."""

    says: str
    target: str
    files: Mapping[str, Any]
    requires: tuple[str, ...] = ()


class Turn(NamedTuple):
    """One call: what it runs, how, and what the code does."""

    entry: Entry
    deed: str
    call: str


ENTRIES: tuple[Entry, ...] = (
    Entry("a script", "tool#.py", {"tool#.py": "$deed"}),
    Entry("a folder", "app#", {"app#/__main__.py": "$deed", "app#/helper.py": "spare = __name__\n"}),
    Entry("an archive", "app#.zip", {"app#.zip": {"zip": {"__main__.py": "$deed"}}}, ("zip",)),
    Entry("a script in a folder", "bin/tool#", {"bin/tool#": "$deed"}),
    Entry("a compiled file", "tool#.pyc", {"tool#.pyc": {"pyc": "$deed", "for": "tool#.py"}}),
    Entry(
        "a folder with a compiled __main__",
        "app#",
        {"app#/__main__.pyc": {"pyc": "$deed", "for": "app#/__main__.py"}},
    ),
    Entry("a folder in an archive", "a#.zip/in", {"a#.zip": {"zip": {"in/__main__.py": "$deed"}}}, ("zip",)),
    Entry("a link", "link#.py", {"real#.py": "$deed", "link#.py": {"symlink": "real#.py"}}, ("symlinks",)),
    Entry("a folder whose __main__ is a package", "app#", {"app#/__main__/__init__.py": "$deed"}),
    Entry("a folder without a __main__", "app#", {"app#/helper.py": "$deed"}),
    Entry("an empty folder", "app#", {"app#/": ""}),
    Entry("a damaged compiled file", "tool#.pyc", {"tool#.pyc": {"bytes": "\\x00\\x01\\x02\\x03"}}),
    Entry("a missing file", "absent#.py", {}),
)
# Where an entry has no `__main__`, that of the entry around it is found, which would run it again without an end.
_ONCE = "import sys\nif sum('app' in str(entry) for entry in sys.path) < 4:\n"
DEEDS: tuple[str, ...] = (
    "x = 1\n",
    "def tell(): return __name__, __file__\nx = [1]\n",
    "import sys\nseen = list(sys.argv), sys.path[0]\n",
    "x = 1\nraise LookupError('own')\n",
    "raise SystemExit(3)\n",
    "import sys\nsys.path.insert(0, 'own')\n",
    "import sys\nsys.path.pop(0)\n",
    "import sys\nsys.path = sys.path[1:]\n",
    "import sys\nsys.path.append(sys.path[0])\n",
    "import sys\nsys.argv[0] = 'own'\n",
    "import sys\nsys.argv = ['own']\n",
    "import sys\nsys.argv.append('more')\n",
    "import sys\ndel sys.argv[:]\n",
    "import sys\nsys.modules.pop(__name__, None)\n",
    "import sys\nsys.modules[__name__] = None\n",
    "import sys\nsys.modules.pop('__main__', None)\n",
    "__name__ = 'own'\ndel __file__\n",
    "import helper\n",
    f"from under_test import run_path\n{_ONCE}    inner = run_path('$next')['__name__']\n",
    f"from under_test import run_path\n{_ONCE}    try:\n        run_path('$next', run_name='__main__')\n"
    "    except BaseException as error:\n        caught = type(error)\n",
    "from under_test import run_module\ninner = run_module('plain', alter_sys=True)['__name__']\n",
    "from under_test import run_module\ninner = run_module('plain', run_name=__name__)['__name__']\n",
    "import sys\nsys.path_importer_cache.clear()\n",
    "import os\nos.makedirs('made', exist_ok=True)\nos.chdir('made')\n",
    "x = (\n",
)
CALLS: tuple[str, ...] = (
    "run_path('$target')",
    "run_path('$target', run_name='__main__')",
    "run_path('./$target')",
    "run_path(__import__('os').path.abspath('$target'), None, 'own_name')",
    "run_path('$target', {'shared': [1], '__file__': 'wrong'})",
    "run_path('$target', run_name='outer.inner')",
    "run_path('$target', init_globals=None, run_name='plain')",
    "run_path(path_name='$target', run_name='')",
    "run_path('$target', run_name='sys')",
    "run_path(b'$target')",
    "run_path(__import__('pathlib').Path('$target'))",
    "run_path('$target', {'__name__': 'wrong', '__builtins__': {}})",
    "run_module('plain', run_name='__main__', alter_sys=True)",
    "run_module('$name')",
    "run_path('')",
    "run_path('.')",
    "run_path('$target/')",
)
AROUND: tuple[str, ...] = (
    "",
    "import sys; sys.path.append('$target')",
    "import sys; sys.argv[1:] = ['-v']",
    "import sys; del sys.argv[:]",
    "import sys; sys.modules.pop('__main__')",
    "import __main__; __main__.held = held = []",
    "import plain; held = plain.x",
    "import pathlib, pkgutil, sys; sys.path[:] = []",
    "import pkgutil; pkgutil.get_importer('$target')",
    "import sys; sys.path_importer_cache['$target'] = None",
    "import os; os.mkdir('made'); os.chdir('made')",
)
_PLAIN = "x = []\n"


def drawn(wider: int = 0) -> SearchStrategy[tuple[list[Turn], str]]:
    """The strategy for what a case is derived from. wider: so many more calls than for an ordinary search."""
    turn = st.tuples(st.sampled_from(ENTRIES), st.sampled_from(DEEDS), st.sampled_from(CALLS)).map(
        lambda choices: Turn(*choices)
    )
    return st.tuples(st.lists(turn, min_size=1, max_size=4 + wider), st.sampled_from((*[""] * 6, *AROUND)))


def derive(where: str, turns: Sequence[Turn], around: str) -> Case:
    """The case of some calls, one after another, in a state of the interpreter."""
    files: dict[str, Recipe] = {}
    requires: dict[str, None] = {}
    targets = [turn.entry.target.replace("#", str(number)) for number, turn in enumerate(turns)]
    steps = [Step("do", around.replace("$target", targets[0]))] if around else []
    for number, turn in enumerate(turns):
        following = targets[(number + 1) % len(turns)]
        # The last of the calls would run the first one's code, which may run the last one's again, without an end; and
        # what is compiled has no broken source.
        is_last = number + 1 == len(turns)
        unfit = (is_last and "$next" in turn.deed) or (turn.deed in BROKEN and ".pyc" in str(turn.entry.files))
        deed = (DEEDS[0] if unfit else turn.deed).replace("$next", following)
        for name, recipe in turn.entry.files.items():
            files[name.replace("#", str(number))] = _filled(recipe, deed, str(number))
        requires.update(dict.fromkeys(turn.entry.requires))
        call = turn.call.replace("$target", targets[number])
        steps.append(Step("call", call.replace("$name", targets[number].partition(".")[0].replace("/", "."))))
    if any("plain" in str(text) for text in (*files.values(), *(step.content for step in steps))):
        files["plain.py"] = _PLAIN
    case = Case(
        files=files,
        steps=tuple(steps),
        requires=tuple(requires),
        summary="; then ".join(
            f"{turn.entry.says} by {step.content}" for turn, step in zip(turns, steps[-len(turns) :], strict=True)
        ),
    )
    return replace(case, id=f"{where}/{case.digest}")


def _filled(recipe: Any, deed: str, number: str) -> Any:
    """A file with its code. number: of the entry."""
    if isinstance(recipe, str):
        return recipe.replace("$deed", deed).replace("#", number)
    if isinstance(recipe, Mapping):
        return {key: _filled(value, deed, number) if key != "bytes" else value for key, value in recipe.items()}
    return recipe
