"""Writes the mutants of a source text that two mutation tools make, one JSON line each, without doubles.

usage: python generate.py FILE

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
    """What was replaced, and the whole mutated text: expressions and assignments, by mutmut's operators."""
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


def main(path: str) -> None:
    """Write the mutants of a file to stdout."""
    source = Path(path).read_text(encoding="utf-8")
    seen = {ast.dump(ast.parse(source))}
    for operator, mutated in (*by_mutmut(source), *by_cosmic_ray(source)):
        try:
            tree = ast.dump(ast.parse(mutated))
        except SyntaxError:
            continue
        if tree not in seen:
            seen.add(tree)
            print(json.dumps({"operator": operator, "source": mutated}))


if __name__ == "__main__":
    main(sys.argv[1])
