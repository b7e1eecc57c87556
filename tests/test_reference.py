"""The reference conforms at level exact; so does CPython, and so does the reference in other clothes."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable

import pytest

from conformance import REFERENCE
from conformance.observation.interpreters import Target, find
from conformance.observation.live import LiveSide
from tests.harness import Oracle, all_cases, judged

TEXT = (REFERENCE / "__init__.py").read_text(encoding="utf-8")
HEAD = "def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):"


class _Inline(ast.NodeTransformer):
    """Puts the body of a helper in the place of each statement that calls it with variables named as its parameters."""

    def __init__(self, module: ast.Module) -> None:
        self._helpers = {node.name: node for node in module.body if isinstance(node, ast.FunctionDef)}
        self.inlined: set[str] = set()

    def visit_Expr(self, node: ast.Expr) -> ast.AST | list[ast.stmt]:
        call = node.value
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            return node
        helper = self._helpers.get(call.func.id, None)
        if helper is None or any(isinstance(part, ast.Return) for part in ast.walk(helper)):
            return node
        if [ast.unparse(argument) for argument in call.args] != [argument.arg for argument in helper.args.args]:
            return node
        self.inlined.add(helper.name)
        return helper.body[1:]  # without its docstring


def _with_helpers_inlined(text: str) -> str:
    module = ast.parse(text)
    inline = _Inline(module)
    module = ast.fix_missing_locations(inline.visit(module))
    assert {"_import_parent", "_warn_if_imported"} <= inline.inlined
    module.body = [node for node in module.body if getattr(node, "name", "") not in inline.inlined]
    return ast.unparse(module) + "\n"


CLOTHES = {
    "as it is": TEXT,
    "CPython's own": "from runpy import run_module, run_path\n",
    "renamed": TEXT.replace("def run_module(", "def execute(").replace('"run_module", ', '"execute", ')
    + "\nrun_module = execute\n",
    "wrapped": TEXT.replace("def run_module(", "def inner(")
    + f"\n{HEAD}\n    return inner(mod_name, init_globals, run_name, alter_sys)\n",
    "with its helpers inlined": _with_helpers_inlined(TEXT),
    "importing lazily": f"{HEAD}\n    import colorsys, pyexpat, runpy, xml.dom.minidom\n"
    "    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)\n\n"
    "def run_path(path_name, init_globals=None, run_name=None):\n    import colorsys, pyexpat, runpy, xml.dom.minidom\n"
    "    return runpy.run_path(path_name, init_globals, run_name)\n",
}


@pytest.mark.parametrize("clothes", CLOTHES)
def test_no_divergence_at_any_level(
    clothes: str, oracle_of: Callable[[Target], Oracle], candidate_of: Callable[[Target, str], LiveSide]
) -> None:
    """Over all fixtures, in this interpreter, and over a third of them in clothes; `nox -s forms` tries all."""
    target = find(sys.executable)
    oracle, candidate = oracle_of(target), candidate_of(target, CLOTHES[clothes])
    cases = [*all_cases().values()][:: 1 if CLOTHES[clothes] == TEXT else 3]
    ran = 0
    for case in cases:
        found = judged(oracle, candidate, case)
        if found is not None:
            ran += 1
            assert found == [], case.id
    assert ran > len(cases) / 2


def test_the_clothes_differ_from_the_reference() -> None:
    """A replacement that finds nothing to replace would test the same thing twice: as code, not as text."""
    assert len({ast.dump(ast.parse(source)) for source in CLOTHES.values()}) == len(CLOTHES)
