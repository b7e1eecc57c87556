"""Writes the mutants of a source text that two mutation tools make, and a few more, one JSON line each, no doubles.

usage: python generate.py FILE RESULT.jsonl

Runs in an environment of its own that holds the tools and nothing else of ours. Only their operators are used: what is
run for each mutant is our suite, not a test command.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from pathlib import Path


def by_mutmut(source: str) -> Iterator[tuple[str, str]]:
    """The text that was replaced, and the whole mutated text: expressions and assignments, by mutmut's operators."""
    import libcst
    from mutmut.mutation.mutators import mutation_operators

    module = libcst.parse_module(source)
    found: list[libcst.CSTNode] = []

    class Nodes(libcst.CSTVisitor):
        def on_visit(self, node: libcst.CSTNode) -> bool:
            if isinstance(node, libcst.Annotation):
                return False  # which nothing evaluates but the definition
            found.append(node)
            return True

    module.visit(Nodes())
    for node in found:
        for kind, operator in mutation_operators:
            if isinstance(node, kind):
                for mutated in operator(node):
                    name = operator.__name__.removeprefix("operator_")
                    yield f"mutmut {name}", module.deep_replace(node, mutated).code  # type: ignore[arg-type]


def by_cosmic_ray(source: str) -> Iterator[tuple[str, str]]:
    """The same by cosmic-ray's operators: comparisons of every kind, loops, handlers of exceptions."""
    from cosmic_ray import plugins
    from cosmic_ray.mutating import mutate_code

    for name in sorted(plugins.operator_names()):
        operator = plugins.get_operator(name)
        if operator.arguments() or name.endswith("/NoOp"):
            continue
        occurrence = 0
        while (mutated := mutate_code(source, operator(), occurrence)) is not None:
            yield f"cosmic-ray {name.rpartition('/')[2]}", mutated
            occurrence += 1


def by_removal(source: str) -> Iterator[tuple[str, str]]:
    """Mutants that neither tool makes: one statement less, docstrings apart."""
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, (ast.Assign, ast.AugAssign, ast.Delete, ast.Expr, ast.Raise, ast.Return)):
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        rest = " " * node.col_offset + "pass\n"
        yield "removal", "".join([*lines[: node.lineno - 1], rest, *lines[node.end_lineno :]])


def main(path: str, result: str) -> None:
    """Write the mutants of a file to another one."""
    source = Path(path).read_text(encoding="utf-8")
    lines = []
    seen = {ast.dump(ast.parse(source))}
    for operator, mutated in (*by_mutmut(source), *by_removal(source), *by_cosmic_ray(source)):
        try:
            tree = ast.dump(ast.parse(mutated))
        except SyntaxError:
            continue
        if tree not in seen:
            seen.add(tree)
            lines.append(json.dumps({"operator": operator, "source": mutated}))
    Path(result).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
