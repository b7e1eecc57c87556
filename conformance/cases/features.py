"""The features of a case: what it has in common with some cases and not with others, by which failures are told apart.

Rules. Pure: a feature is read off the case itself, its world and its steps. It has a name, which is a phrase that
completes "the cases in which ...". For a case of a family, each row that it combines is a feature as well.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator, Mapping, Sequence, Set

from .model import Case, Recipe

SPECIALS = frozenset(
    ("__name__", "__spec__", "__file__", "__cached__", "__loader__", "__package__", "__doc__", "__builtins__")
)
_ARGUMENTS = ("mod_name", "init_globals", "run_name", "alter_sys")
_FALSE = (None, False, 0, "")
_NESTED = re.compile(r"\bfrom under_test import .*\brun_module\b")


def features(case: Case) -> tuple[str, ...]:
    """The features of a case, in a fixed order."""
    found = dict.fromkeys(_of_calls(case))
    found.update(dict.fromkeys(_of_the_world(case)))
    found.update(dict.fromkeys(case.rows))
    return tuple(found)


def _of_calls(case: Case) -> Iterator[str]:
    """The features of the calls in the steps: how many there are, and what they are given."""
    steps = [_calls_and_words(step.content) for step in case.steps if isinstance(step.content, str)]
    calls = [call for calls, _ in steps for call in calls]
    if len(calls) > 1:
        yield "run_module is called more than once"
    for call in calls:
        given = dict(zip(_ARGUMENTS, call.args, strict=False))
        given.update({keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None})
        yield from _of_arguments(given)
        if len(call.args) > 1:
            yield "more than the name is given by position"
    if any(call.keywords for call in calls):
        yield "an argument is given by keyword"
    if any("init_globals" in _given(call) for call in calls) and any(words & SPECIALS for _, words in steps):
        yield "init_globals holds a special name"


def _of_arguments(given: Mapping[str, ast.expr]) -> Iterator[str]:
    """The features of one call. given: the arguments, by name."""
    altered = given.get("alter_sys")
    constant = altered.value if isinstance(altered, ast.Constant) else ...
    if altered is None or constant in _FALSE:
        yield "alter_sys is not true"
    else:
        yield "alter_sys is true"
        if constant is not True:
            yield "alter_sys is another value than True or False"
    run_name = given.get("run_name")
    if run_name is None or (isinstance(run_name, ast.Constant) and run_name.value is None):
        yield "run_name is not given"
    else:
        yield "run_name is given"
        if isinstance(run_name, ast.Constant) and run_name.value == "__main__":
            yield "run_name is '__main__'"
    init = given.get("init_globals")
    if init is not None and not (isinstance(init, ast.Constant) and init.value is None):
        yield "init_globals is given"
    else:
        yield "init_globals is not given"
    name = given.get("mod_name")
    if isinstance(name, ast.Constant) and isinstance(name.value, str):
        yield "the name has a dot" if "." in name.value else "the name has no dot"
        if name.value.count(".") > 1:
            yield "the name has several dots"
        if name.value.endswith("__main__"):
            yield "the name ends in __main__"


def _of_the_world(case: Case) -> Iterator[str]:
    """The features of the files and of the state before the call."""
    names = list(case.files)
    sources = dict(_sources(case.files))
    if any(name.endswith("__main__.py") or "__main__" in name for name in (*names, *sources)):
        yield "the world has a package with a __main__ submodule"
    for recipe in case.files.values():
        if isinstance(recipe, Mapping):
            for kind in ("zip", "pyc", "symlink"):
                if kind in recipe:
                    yield {
                        "zip": "modules lie in a zip archive",
                        "pyc": "the world has compiled files",
                        "symlink": "the world has symbolic links",
                    }[kind]
    if len(case.path) > 1:
        yield "sys.path has several entries of the world"
    if case.argv != ("prog",):
        yield "sys.argv holds more than a program's name"
    code = "\n".join(sources.values())
    if _NESTED.search(code):
        yield "code of the world calls run_module"
    if re.search(r"\braise\b|\bexit\(", code):
        yield "code of the world raises"
    steps = "\n".join(step.content for step in case.steps if isinstance(step.content, str))
    if "threading" in code or "threading" in steps:
        yield "threads are started"
    if "meta_path" in steps or "path_hooks" in steps:
        yield "a finder of the world is installed"
    if "sys.modules[" in steps:
        yield "a step puts something into sys.modules"
    if "sys.argv" in steps:
        yield "a step changes sys.argv"
    imported = re.findall(r"^\s*(?:import|from) (\w+)", steps, re.MULTILINE)
    tops = {name.partition("/")[0].partition(".")[0] for name in sources}
    tops |= {part for name in sources for part in name.split("/")[1:2]}
    if tops & set(imported):
        yield "a step imports a module of the world first"


def _sources(files: Mapping[str, Recipe]) -> Iterator[tuple[str, str]]:
    """Each text in the files, with its path; those in archives, too."""
    for name, recipe in files.items():
        if isinstance(recipe, str):
            yield name, recipe
        else:
            for kind, content in recipe.items():
                if isinstance(content, Mapping):
                    yield from ((f"{name}/{inner}", text) for inner, text in _sources(content))
                elif kind == "pyc" and isinstance(content, str):
                    yield name, content


@functools.lru_cache(maxsize=4096)  # few of the steps of all cases differ
def _calls_and_words(text: str) -> tuple[Sequence[ast.Call], Set[object]]:
    """The calls of run_module in a step, and the constants in it; none if the step is no Python."""
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError):
        return (), frozenset()
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    words = frozenset(node.value for node in nodes if isinstance(node, ast.Constant))
    return [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "run_module"], words


def _given(call: ast.Call) -> set[str]:
    """The names of the arguments of a call."""
    return {*_ARGUMENTS[: len(call.args)], *(keyword.arg for keyword in call.keywords if keyword.arg is not None)}
