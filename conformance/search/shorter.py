"""Makes Python text shorter: statements, branches, elements of literals and arguments are taken away.

Rules. Pure: knows Python's grammar, and neither cases nor how a shorter text is tried. Every text that is offered can
be parsed, if the text that was given can; a text that cannot be parsed is cut by lines.

Theory of operation. `fewer` is delta debugging over a list: large runs of its parts are taken away first, then smaller
ones, down to single parts. Statements at the top of a text are such parts, and keep their form; a statement that is
changed within is written anew by `ast.unparse`.
"""

from __future__ import annotations

import ast
import builtins
import copy
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, TypeVar

Mode = Literal["exec", "eval"]
_Part = TypeVar("_Part")

# The parameters of run_module after the first one, in their order.
_PARAMETERS = ("init_globals", "run_name", "alter_sys")
_DEFAULTS = {"init_globals": ("None",), "run_name": ("None",), "alter_sys": ("False", "None")}
_BODIES = ("body", "orelse", "finalbody")
_UNWRAPPED = (ast.If, ast.With, ast.Try, ast.For, ast.While)
_SPECIALS = ("__name__", "__spec__", "__file__", "__cached__", "__loader__", "__package__", "__path__", "__builtins__")
_KNOWN = frozenset((*dir(builtins), *_SPECIALS, "__doc__"))


def fewer(parts: Sequence[_Part], holds: Callable[[list[_Part]], bool]) -> list[_Part]:
    """As few of the parts as possible, in their order, for which `holds` is still true; the last ones go first."""
    left, size = list(parts), len(parts)
    while size:
        end = len(left)
        while end > 0:
            start = max(end - size, 0)
            shorter = left[:start] + left[end:]
            if holds(shorter):
                left = shorter
            end = start
        size //= 2
    return left


def shortened(text: str, holds: Callable[[str], bool], mode: Mode = "exec") -> str:
    """The text, as short as possible, for which `holds` is still true."""
    tree = _parsed(text, mode)
    if tree is None:
        lines = fewer(text.splitlines(keepends=True), lambda shorter: holds("".join(shorter)))
        return "".join(lines)
    if isinstance(tree, ast.Expression):
        return _within(text, holds, mode)
    chunks = [_segment(text, statement) for statement in tree.body]
    kept = fewer(chunks, lambda shorter: holds(_joined(shorter)))
    if kept != chunks:
        text = _joined(kept)
    for number, chunk in enumerate(kept):

        def with_chunk(shorter: str, number: int = number) -> str:
            return _joined([*kept[:number], shorter, *kept[number + 1 :]])

        shorter = _within(chunk, lambda shorter, whole=with_chunk: holds(whole(shorter)), mode)  # type: ignore[misc]
        if shorter != chunk:
            text, kept[number] = with_chunk(shorter), shorter
    return text


def _parsed(text: str, mode: Mode) -> ast.Module | ast.Expression | None:
    try:
        tree = ast.parse(text, mode=mode)
    except (SyntaxError, ValueError):  # ValueError: of a NUL, and of half of a surrogate pair
        return None
    assert isinstance(tree, ast.Module | ast.Expression)
    return tree


def _segment(text: str, statement: ast.stmt) -> str:
    """The text of a statement, with its decorators."""
    segment = ast.get_source_segment(text, statement) or ast.unparse(statement)
    decorators = getattr(statement, "decorator_list", [])
    return "".join(f"@{ast.get_source_segment(text, decorator)}\n" for decorator in decorators) + segment


def _joined(chunks: Sequence[str]) -> str:
    """Statements as a text; a single line needs no end."""
    text = "\n".join(chunks)
    return f"{text}\n" if "\n" in text else text


# -- within a statement ----------------------------------------------------------------------------------------


def _within(text: str, holds: Callable[[str], bool], mode: Mode) -> str:
    """One statement, or an expression, with as much as possible taken away within it."""
    at = 0
    while True:
        edits = [edit for edit in _edits(text, mode) if len(edit) < len(text)]
        at, text = next(((number, edit) for number, edit in enumerate(edits[at:], at) if holds(edit)), (-1, text))
        if at < 0:
            return text


def _edits(text: str, mode: Mode) -> Iterator[str]:
    """The text with one thing taken away, in every way, the outermost first."""
    tree = _parsed(text, mode)
    if tree is None:
        return
    for number, node in enumerate(ast.walk(tree)):
        for edit in _edits_of(node):
            changed = copy.deepcopy(tree)
            if edit(list(ast.walk(changed))[number]) is False:
                continue
            yield ast.unparse(ast.fix_missing_locations(changed))


_Edit = Callable[[Any], bool | None]


def _edits_of(node: ast.AST) -> Iterator[_Edit]:
    """Functions that take one thing away from such a node; one returns False if it can do nothing."""
    for body in _BODIES:
        statements = getattr(node, body, None)
        if not isinstance(statements, list):
            continue
        for number, statement in enumerate(statements):
            if isinstance(statement, _UNWRAPPED):
                yield _unwrapping(body, number)
        if body != "body" and statements and not (isinstance(node, ast.Try) and not node.handlers):
            yield _dropping_all(body)
        if not isinstance(node, ast.Module) and len(statements) > 1:
            yield from (_dropping(number, body) for number in range(len(statements)))
    if isinstance(node, ast.Call):
        yield from _edits_of_call(node)
    elif isinstance(node, ast.Dict):
        yield from (_dropping(number, "keys", "values") for number in range(len(node.keys)))
    elif isinstance(node, ast.List | ast.Tuple | ast.Set) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        least = 1 if isinstance(node, ast.Set) else 0  # there is no text for an empty set
        yield from (_dropping(number, "elts") for number in range(len(node.elts)) if len(node.elts) > least)
    elif isinstance(node, ast.Import | ast.ImportFrom) and len(node.names) > 1:
        yield from (_dropping(number, "names") for number in range(len(node.names)))


def _dropping(number: int, *lists: str) -> _Edit:
    """Takes an item out of some lists of a node."""

    def edit(node: Any) -> None:
        for name in lists:
            del getattr(node, name)[number]

    return edit


def _dropping_all(name: str) -> _Edit:
    """Empties a list of a node."""
    return lambda node: getattr(node, name).clear()


def _unwrapping(name: str, number: int) -> _Edit:
    """Puts the body of a compound statement in its place."""

    def edit(node: Any) -> None:
        statements = getattr(node, name)
        statements[number : number + 1] = statements[number].body

    return edit


def _edits_of_call(node: ast.Call) -> Iterator[_Edit]:
    """Simpler arguments of run_module: fewer, by keyword rather than after others that say nothing."""
    if not (isinstance(node.func, ast.Name) and node.func.id == "run_module"):
        return
    yield from (_dropping(number, "keywords") for number in range(len(node.keywords)))
    if len(node.args) > 1:
        yield _dropping(len(node.args) - 1, "args")
    if len(node.args) > 1 or any(keyword.arg == "mod_name" for keyword in node.keywords):
        yield from (functools.partial(_by_keyword, without=name) for name in ("", *_PARAMETERS))


def _by_keyword(call: ast.Call, without: str) -> bool | None:
    """The first argument by position, and the others by keyword, without those that have their default value.

    without: the name of a further one that is left out, or an empty text.
    """
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if None in given or any(isinstance(value, ast.Starred) for value in call.args):
        return False
    given.update(zip(("mod_name", *_PARAMETERS), call.args, strict=False))
    if "mod_name" not in given or len(call.args) > 1 + len(_PARAMETERS):
        return False
    call.args = [given["mod_name"]]
    call.keywords = [
        ast.keyword(name, given[name])
        for name in _PARAMETERS
        if name in given and name != without and ast.unparse(given[name]) not in _DEFAULTS[name]
    ]
    return None


# -- names -----------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=1000)
def unbound(text: str, mode: Mode = "exec") -> frozenset[str]:
    """The names that a text uses and binds nowhere; none for a text that cannot be parsed."""
    tree = _parsed(text, mode)
    used: set[str] = set()
    bound: set[str] = set()
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Name):
            (bound if isinstance(node.ctx, ast.Store) else used).add(node.id)
        elif isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.alias):
            bound.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            bound.add(node.name)
    return frozenset(used - bound - _KNOWN)


@functools.lru_cache(maxsize=1000)
def imported(text: str, mode: Mode = "exec") -> frozenset[str]:
    """The names of modules, part by part, that a text imports."""
    tree = _parsed(text, mode)
    found: set[str] = set()
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            found.update(part for name in names for part in name.split("."))
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            values = [value.value for value in node.args if isinstance(value, ast.Constant)]
            found.update(part for value in values if isinstance(value, str) for part in value.split("."))
    return frozenset(found)
