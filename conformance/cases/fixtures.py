"""Fixtures: cases as the TOML that a person reads and writes.

`read` and `toml` are each other's inverse. A text that TOML cannot hold is refused with a sentence.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from .model import CAPABILITIES, FAMILIES, Case, CaseError, Recipe, Step

_RECIPES = {
    "pyc": {"for", "mode", "stale"},
    "zip": {"directories"},
    "bytes": set[str](),
    "symlink": set[str](),
    "text": {"mtime"},
    "delete": set[str](),
}
_FIXTURE_KEYS = {"summary", "clauses", "requires", "path", "argv", "call", "files", "steps"}


def read(path: Path, root: Path) -> Case:
    """The fixture in a TOML file below `root`. Raises CaseError."""
    name = path.relative_to(root).with_suffix("").as_posix()
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise CaseError(f"{path}: this is not TOML: {exc}") from None
    try:
        return from_plain(data, name)
    except CaseError as exc:
        raise CaseError(f"{path}: {exc}") from None


def from_plain(data: Mapping[str, Any], name: str) -> Case:
    """A case from a fixture's data. Raises CaseError."""
    unknown = data.keys() - _FIXTURE_KEYS
    if unknown:
        known = ", ".join(sorted(_FIXTURE_KEYS))
        raise CaseError(f"there is no key {sorted(unknown)[0]!r} in a fixture; the keys are {known}")
    if ("call" in data) == ("steps" in data):
        raise CaseError("give either `call` or `[[steps]]`")
    steps = [{"call": data["call"]}] if "call" in data else data["steps"]
    return Case(
        files=_files(data.get("files", {}), "files"),
        steps=tuple(_step(step, number) for number, step in enumerate(steps, 1)),
        path=tuple(_texts(data, "path", ["."])),
        argv=tuple(_texts(data, "argv", ["prog"])),
        requires=tuple(_requirement(one) for one in _texts(data, "requires", [])),
        id=name,
        summary=_text(data, "summary"),
        clauses=tuple(_texts(data, "clauses", [])),
    )


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key, "")
    if not isinstance(value, str):
        raise CaseError(f"`{key}` is a text, not {value!r}")
    return value


def _texts(data: Mapping[str, Any], key: str, default: list[str]) -> list[str]:
    value = data.get(key, default)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise CaseError(f"`{key}` is a list of texts, not {value!r}")
    return value


def _requirement(text: str) -> str:
    if text.startswith("python"):
        try:
            SpecifierSet(text[len("python") :])
        except InvalidSpecifier:
            raise CaseError(f"{text!r} in `requires` is no version specifier, such as python>=3.12") from None
    elif text not in CAPABILITIES:
        raise CaseError(f"there is nothing called {text!r} to require; there are {', '.join(CAPABILITIES)}")
    return text


def _step(step: Mapping[str, Any], number: int) -> Step:
    if len(step) != 1 or not step.keys() <= {"do", "call", "write"}:
        raise CaseError(f"step {number} has exactly one of `do`, `call`, `write`")
    ((kind, content),) = step.items()
    if kind == "write":
        return Step(kind, _files(content, f"step {number}"))
    try:
        # The driver's own grammar: what is newer than that belongs into the files of the world.
        ast.parse(content, mode="eval" if kind == "call" else "exec")
    except SyntaxError as exc:
        raise CaseError(f"step {number}: `{kind}` does not parse: {exc.msg} in line {exc.lineno}") from None
    return Step(kind, content)


def _files(files: Any, where: str) -> Mapping[str, Recipe]:
    if not isinstance(files, dict):
        raise CaseError(f"{where}: a table of files is needed")
    for name, recipe in files.items():
        _check_recipe(name, recipe, where)
    return files


def _check_recipe(name: str, recipe: Any, where: str) -> None:
    if name.startswith("/") or ".." in name.split("/"):
        raise CaseError(f"{where}: the file {name!r} lies outside of the world")
    if isinstance(recipe, str):
        return
    kinds = [kind for kind in _RECIPES if isinstance(recipe, dict) and kind in recipe]
    if len(kinds) != 1:
        raise CaseError(f"{where}: {name!r} is a text or a recipe with one of {', '.join(_RECIPES)}")
    unknown = recipe.keys() - _RECIPES[kinds[0]] - {kinds[0]}
    if unknown:
        raise CaseError(f"{where}: {name!r}: there is no {sorted(unknown)[0]!r} in a {kinds[0]} recipe")
    if kinds[0] == "zip":
        for inner, content in recipe["zip"].items():
            _check_recipe(inner, content, f"{where}: {name}")


def fixtures(root: Path) -> Iterator[Path]:
    """The files of all fixtures below `root`, in the order of their ids; the tables of the families are none."""
    return (path for path in sorted(root.glob("*/*.toml")) if path.parent.name != FAMILIES)


_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b", "\f": "\\f"}


def toml(case: Case) -> str:
    """The case as TOML. Raises ValueError for a text that TOML cannot hold: one with half of a surrogate pair."""
    lines = [f"summary = {_quoted(case.summary)}"]
    for key, value, usual in (
        ("clauses", case.clauses, ()),
        ("requires", case.requires, ()),
        ("path", case.path, (".",)),
        ("argv", case.argv, ("prog",)),
    ):
        if value != usual:
            lines.append(f"{key} = {_toml_value(list(value))}")
    abbreviated = len(case.steps) == 1 and case.steps[0].kind == "call"
    if abbreviated:
        lines.append(f"call = {_toml_value(case.steps[0].content)}")
    elif not case.steps:
        lines.append("steps = []")
    lines += ["", "[files]"] if case.files else []
    lines += _toml_table(case.files)
    lines += [""] if case.steps and not abbreviated else []
    for step in case.steps if not abbreviated else ():
        lines.append("[[steps]]")
        if isinstance(step.content, str):
            lines.append(f"{step.kind} = {_toml_value(step.content)}")
        else:
            lines += ["[steps.write]", *_toml_table(step.content)]
    text = "\n".join(lines) + "\n"
    text.encode("utf-8")  # UnicodeEncodeError is a ValueError
    return text


def _toml_table(files: Mapping[str, Any]) -> list[str]:
    return [f"{_quoted(name)} = {_toml_value(recipe)}" for name, recipe in files.items()]


def _toml_value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _several_lines(value) if "\n" in value else _quoted(value)
    if isinstance(value, list):
        return "[" + ", ".join(_toml_value(one) for one in value) + "]"
    if isinstance(value, Mapping):
        return (
            "{ " + ", ".join(f"{_toml_key(key)} = {_toml_value(one)}" for key, one in value.items()) + " }"
            if value
            else "{}"
        )
    return str(value)


def _toml_key(key: str) -> str:
    return key if key.isascii() and key.isalpha() else _quoted(key)


def _quoted(text: str) -> str:
    """On one line; as it stands between apostrophes, where that is easier to read."""
    if ('"' in text or "\\" in text) and "'" not in text and not any(map(_is_control, text)):
        return f"'{text}'"
    return '"' + "".join(map(_escaped, text)) + '"'


def _several_lines(text: str) -> str:
    if not any(_is_control(one) for one in text if one != "\n"):
        for quote, forbidden in (('"""', ("\\", '"""')), ("'''", ("'''",))):
            if not any(one in text for one in forbidden) and not text.endswith(quote[0]):
                return f"{quote}\n{text}{quote}"
    return '"""\n' + "".join(one if one == "\n" else _escaped(one) for one in text) + '"""'


def _is_control(character: str) -> bool:
    return character != "\t" and (character < " " or character == "\x7f")


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    return f"\\u{ord(character):04X}" if _is_control(character) else character
