"""The reference conforms at level exact; so does CPython, and so does the reference in other clothes."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from conformance import REFERENCE
from conformance.observation.interpreters import Target, find
from conformance.observation.live import LiveSide
from tests.harness import Oracle, all_cases, judged

TEXT = (REFERENCE / "__init__.py").read_text(encoding="utf-8")
HEAD = "def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):"

CLOTHES = {
    "as it is": TEXT,
    "CPython's own": "from runpy import run_module\n",
    "renamed": TEXT.replace("def run_module(", "def execute(").replace('"run_module"]', '"execute"]')
    + "\nrun_module = execute\n",
    "wrapped": TEXT.replace("def run_module(", "def inner(")
    + f"\n{HEAD}\n    return inner(mod_name, init_globals, run_name, alter_sys)\n",
    "with its helpers inlined": TEXT.replace(
        "    _execute(code, spec, name, init_globals, namespace)",
        "    _execute(code, spec, name, init_globals, namespace)",
    ).replace(
        "    loader, origin, cached, package = spec.loader, spec.origin, spec.cached, spec.parent\n",
        "    loader = spec.loader\n    origin = spec.origin\n    cached = spec.cached\n    package = spec.parent\n",
    ),
    "importing lazily": f"{HEAD}\n    import colorsys, pyexpat, runpy, xml.dom.minidom\n"
    "    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)\n",
}


@pytest.mark.parametrize("clothes", CLOTHES)
def test_no_divergence_at_any_level(
    clothes: str, oracle_of: Callable[[Target], Oracle], candidate_of: Callable[[Target, str], LiveSide]
) -> None:
    """Over all fixtures, in this interpreter; `nox -s conformance` does it on all."""
    target = find(sys.executable)
    oracle, candidate = oracle_of(target), candidate_of(target, CLOTHES[clothes])
    ran = 0
    for case in all_cases().values():
        found = judged(oracle, candidate, case)
        if found is not None:
            ran += 1
            assert found == [], case.id
    assert ran > len(all_cases()) / 2


def test_the_clothes_differ_from_the_reference() -> None:
    """A replacement that finds nothing to replace would test the same thing twice."""
    assert len(set(CLOTHES.values())) == len(CLOTHES)
