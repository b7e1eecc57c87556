"""No right implementation is accused, whatever its import leaves in the interpreter, and whatever it imports late."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from conformance import REFERENCE
from conformance.cases.model import Case, Step
from conformance.observation.interpreters import Target, find
from conformance.observation.live import LiveSide
from tests.harness import Oracle, judged

ADDS = """
import builtins, importlib._bootstrap, os, os.path, sys, types, warnings
for module in (builtins, importlib._bootstrap, os, os.path, sys, types, warnings):
    module.name_of_the_candidate = 1
sys.path_importer_cache["/of/the/candidate"] = None
os.environ["OF_THE_CANDIDATE"] = "1"
sys.modules["of_the_candidate"] = types.ModuleType("of_the_candidate", "made by hand")
sys.modules["of_the_candidate"].__spec__ = os.__spec__
"""
WARNS = [
    (
        "        warn(RuntimeWarning(text.format(name, parent)))\n",
        "        warn(text.format(name, parent), RuntimeWarning, {})\n",
    )
]
LATE = [("    target, spec, code = _locate(mod_name)\n", "    import {}\n    target, spec, code = _locate(mod_name)\n")]

HOLDS = Case(
    files={
        "m.py": "import os, sys\ninside = {'all': dict(vars(os)), 'path': sys.path, 'names': sorted(vars(os.path))}\n"
    },
    steps=(
        Step(
            "do",
            "import builtins, importlib._bootstrap, json, os, sys, types, warnings\n"
            "modules = builtins, sys, os, os.path, types, importlib._bootstrap\n"
            "namespaces = [vars(module) for module in modules]\n"
            "copies = [dict(namespace, own=1) for namespace in namespaces]\n"
            "parts = {k: v for k, v in vars(os).items() if not k.startswith('_')}, {'at a depth': [vars(builtins)]}\n"
            "later = vars(json), json.__dict__.copy()\n"
            "containers = sys.path, sys.path[:], sys.path_importer_cache, sys.meta_path[:], warnings.filters\n"
            "names = dir(builtins), set(vars(os)), frozenset(sys.modules), list(sys.modules), dict(sys.modules)\n"
            "variables, of_a_class = dict(os.environ), dict(vars(str))\n"
            "given = {'__builtins__': dict(vars(builtins), own=1)}\n",
        ),
        Step("call", "run_module('m', given)"),
        Step("call", "run_module('m', dict(vars(os)), alter_sys=True)"),
        Step("call", "run_module('m', parts[0], '__main__')"),
        Step("call", "run_module('os.path')"),
    ),
)
WARNED = Case(
    files={
        "outer/__init__.py": "from . import part\n",
        "outer/part.py": "x = 1\n",
        "caller.py": "from under_test import note, run_module\nrun_module('outer.part')\n"
        "note(sorted(globals()), dict(globals()), {'all': list(vars())})\n",
        "program.py": "import caller\nkept = vars(caller)\nclass Own: pass\nown = Own()\nown.__dict__ = kept\n"
        "from under_test import run_module\nrun_module('outer.part')\n",
    },
    steps=(
        Step("call", "run_module('outer.part')"),
        Step("do", "import outer.part, caller\nkept = {'of the caller': vars(caller)}\nrun_module('outer.part')"),
        Step("call", "run_module('program', alter_sys=True)"),
        Step("call", "run_module('program', run_name='__main__')"),
        Step("do", "names = sorted(globals())"),
    ),
)
LATELY = Case(
    files={"m.py": "import sys\nx = 1\n", "outer/__init__.py": "", "outer/__main__.py": "y = 1\n"},
    steps=(
        Step(
            "do",
            "import os, sys\nsys.pycache_prefix = os.path.join(os.getcwd(), 'cache')\ncache = sys.path_importer_cache",
        ),
        Step("call", "run_module('m', run_name='__main__', alter_sys=True)"),
        Step("call", "run_module('outer')"),
        Step("call", "run_module('missing')"),
    ),
)
ARCHIVES = Case(
    files={"one.zip": {"zip": {"in/m.py": "x = 1\n"}}, "two.zip": {"zip": {"in/n.py": "x = 2\n"}}},
    path=("two.zip/in", "one.zip/in"),
    steps=(Step("call", "run_module('m')"), Step("call", "run_module('n')")),
)


def source(*edits: tuple[str, str], first: str = "") -> str:
    """The reference with some texts replaced, and some put first."""
    text = (REFERENCE / "__init__.py").read_text(encoding="utf-8")
    for old, new in edits:
        assert text.count(old) == 1
        text = text.replace(old, new)
    return first + text


def late(what: str) -> str:
    """The reference, which imports something when it is called."""
    return source(*((old, new.format(what)) for old, new in LATE))


def warning(level: int) -> str:
    """The reference, whose warning is for the line of a caller so many calls away."""
    return source(*((old, new.format(level)) for old, new in WARNS))


CLOTHES = {
    "adds names when it is imported": source(first=ADDS),
    **{f"warns {level} calls away": warning(level) for level in (2, 3, 4, 5)},
    "imports late what enters __main__ once more": late("multiprocessing"),
    "imports late what is compiled late": late("colorsys, tabnanny"),
}


@pytest.mark.parametrize("clothes", CLOTHES)
@pytest.mark.parametrize("case", [HOLDS, WARNED, LATELY, ARCHIVES], ids=["holds", "warned", "lately", "archives"])
def test_the_reference_conforms_in_other_clothes(
    clothes: str,
    case: Case,
    oracle_of: Callable[[Target], Oracle],
    candidate_of: Callable[[Target, str], LiveSide],
) -> None:
    """In each detail, wherever the case looks."""
    target = find(sys.executable)
    found = judged(oracle_of(target), candidate_of(target, CLOTHES[clothes]), case)
    assert [f"{each.signature}: {each.where}: {each.oracle} {each.candidate}" for each in found or ()] == []


@pytest.mark.parametrize(
    "edit",
    [
        "init_globals = {k: v for k, v in init_globals.items() if k != 'sep'}",
        "init_globals = dict(init_globals, sep=':')",
        "init_globals = dict(init_globals, more=1)",
        "init_globals.pop('sep')",
        "init_globals['sep'] = ':'",
    ],
)
def test_what_is_done_to_a_copy_is_seen(
    edit: str, oracle_of: Callable[[Target], Oracle], candidate_of: Callable[[Target, str], LiveSide]
) -> None:
    """A namespace of the interpreter's own is compared in what differs from it."""
    target = find(sys.executable)
    case = Case(
        files={"m.py": "x = 1\n"},
        steps=(Step("do", "import os\ngiven = dict(vars(os), own=1)"), Step("call", "run_module('m', given)")),
    )
    old = LATE[0][0]
    found = judged(oracle_of(target), candidate_of(target, source((old, f"    {edit}\n{old}"))), case)
    assert found
    assert found[0].signature.clause in {"INIT-VISIBLE", "INIT-UNCHANGED", "KEYS-ONLY-THESE"}


def test_standard_modules_are_imported_once_for_all_cases(candidate_of: Callable[[Target, str], LiveSide]) -> None:
    """From the second request on; in a fresh interpreter, and if the import is seen, in each case anew."""
    old = LATE[0][0]
    tells = "    print(*(name in sys.modules for name in ('colorsys', 'this')))\n    import colorsys, this\n"
    side = candidate_of(find(sys.executable), source((old, tells + old)))
    case = Case(files={"m.py": "x = 1\n"}, steps=(Step("call", "run_module('m')"),)).plain()

    def told(replies: Sequence[Any]) -> list[str]:
        return [reply.observation["steps"][0]["stdout"].splitlines()[0] for reply in replies]

    side.start([case] * 3)
    assert told(side.finish()) == ["False False"] * 3
    quiet = source((old, tells.replace("colorsys, this\n", "colorsys, multiprocessing\n") + old))
    side = candidate_of(find(sys.executable), quiet)
    side.start([case] * 3)
    assert told(side.finish()) == ["False False"] * 3
    side.start([case] * 3)
    assert told(side.finish()) == ["True False"] * 3
    assert told([side.run(case, fresh=True)]) == ["False False"]
