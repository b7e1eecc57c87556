"""Interaction faults: each condition holds in the calls that it names, and an implementation is wrong only there."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from conformance import REFERENCE
from conformance.cases.model import Case, Step
from conformance.observation.interpreters import Target, find
from conformance.observation.live import LiveSide
from tests.harness import Oracle, judged
from tests.power.interactions import CONDITIONS, composed, interactions
from tests.power.wrong import WRITTEN, Wrong, written

SOURCE = (REFERENCE / "__init__.py").read_text(encoding="utf-8")
FILES = {
    "m.py": "x = 1\n",
    "fails.py": "1 / 0\n",
    "outer/__init__.py": "",
    "outer/m.py": "x = 1\n",
    "compiled.pyc": {"pyc": "x = 1", "for": "compiled.py"},
    "outer/__main__.py": "x = 1\n",
    "nests.py": "from under_test import run_module\nrun_module('m')\n",
}
# For each condition the statements before a call for which it holds, and the arguments of the call.
HOLDS = {
    "only when nested": ("pass", "'nests'"),
    "only the second time": ("run_module('m')", "'m'"),
    "only after a call that failed": ("try:\n    run_module('fails')\nexcept ZeroDivisionError: pass", "'m'"),
    "only in a thread": (
        "import threading\nnames = []\ndef run():\n    names.append(run_module('m')['__name__'])\n"
        "thread = threading.Thread(target=run)\nthread.start()\nthread.join()",
        "'m'",
    ),
    "only while an exception is handled": ("try:\n    1 / 0\nexcept ZeroDivisionError:\n    run_module('m')", "'m'"),
    "only with initial globals": ("pass", "'m', {'y': 2}"),
    "only with a run name that is not __main__": ("pass", "'m', None, 'other'"),
    "only when altering": ("pass", "'m', alter_sys=True"),
    "only for a name with dots": ("pass", "'outer.m'"),
    "only for what has been imported": ("import m", "'m'"),
    "only with an archive on sys.path": ("import sys\nsys.path.append('missing.zip')", "'m'"),
    "only with an empty sys.argv": ("import sys\ndel sys.argv[:]", "'m'"),
    "only with a finder of the program's own": (
        "import sys\nclass Finder:\n    find_spec = staticmethod(lambda *args: None)\nsys.meta_path.append(Finder)",
        "'m'",
    ),
    "only for a package or a folder": ("pass", "'outer'"),
    "only for a submodule": ("pass", "'outer.m'"),
    "only for what lies in no folder": (
        "import sys\nfrom importlib.machinery import ModuleSpec\nclass Finder:\n"
        "    find_spec = staticmethod(lambda name, *args: ModuleSpec(name, Finder) if name == 'held' else None)\n"
        "    get_code = staticmethod(lambda name: compile('x = 1', 'world:held', 'exec'))\n"
        "sys.meta_path.append(Finder)",
        "'held'",
    ),
    "only for compiled files": ("pass", "'compiled'"),
}
PLAIN = Case(files=FILES, steps=(Step("call", "run_module('m')"),))


@pytest.mark.parametrize("name", CONDITIONS)
def test_it_is_wrong_only_where_the_condition_holds(
    name: str, oracle_of: Callable[[Target], Oracle], candidate_of: Callable[[Target, str], LiveSide]
) -> None:
    """With a mutant that any run shows."""
    old = 'namespace["__name__"] = name'
    assert SOURCE.count(old) == 1
    mutant = Wrong("it", WRITTEN, "The name is another one", SOURCE.replace(old, 'namespace["__name__"] = "another"'))
    oracle, side = oracle_of(find(sys.executable)), candidate_of(find(sys.executable), composed(mutant, name).source)
    before, arguments = HOLDS[name]
    case = Case(files=FILES, steps=(Step("do", before), Step("call", f"run_module({arguments})")))
    assert judged(oracle, side, case)
    assert judged(oracle, side, PLAIN) == []


def test_each_condition_that_can_hold_for_a_mutant_is_tried() -> None:
    """Thousands, of different names, in the same order each time."""
    names = [wrong.name for wrong in interactions()]
    assert len(set(names)) == len(names) > len([wrong for wrong in written() if wrong.origin == WRITTEN]) * 10
    assert names == [wrong.name for wrong in interactions()]
