"""Writes a case as a fixture: the TOML that a person would write, and that `case.read` reads back as the same case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .case import Case

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b", "\f": "\\f"}


def toml(case: Case) -> str:
    """The case as TOML. Raises ValueError for a text that TOML cannot hold: one with half of a surrogate pair."""
    lines = [f"summary = {_text(case.summary)}"]
    for key, value, usual in (
        ("clauses", case.clauses, ()),
        ("requires", case.requires, ()),
        ("path", case.path, (".",)),
        ("argv", case.argv, ("prog",)),
    ):
        if value != usual:
            lines.append(f"{key} = {_value(list(value))}")
    abbreviated = len(case.steps) == 1 and case.steps[0].kind == "call"
    if abbreviated:
        lines.append(f"call = {_value(case.steps[0].content)}")
    elif not case.steps:
        lines.append("steps = []")
    lines += ["", "[files]"] if case.files else []
    lines += _table(case.files)
    lines += [""] if case.steps and not abbreviated else []
    for step in case.steps if not abbreviated else ():
        lines.append("[[steps]]")
        if isinstance(step.content, str):
            lines.append(f"{step.kind} = {_value(step.content)}")
        else:
            lines += ["[steps.write]", *_table(step.content)]
    text = "\n".join(lines) + "\n"
    text.encode("utf-8")  # UnicodeEncodeError is a ValueError
    return text


def _table(files: Mapping[str, Any]) -> list[str]:
    return [f"{_text(name)} = {_value(recipe)}" for name, recipe in files.items()]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _several_lines(value) if "\n" in value else _text(value)
    if isinstance(value, list):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items()) + " }" if value else "{}"
    return str(value)


def _key(key: str) -> str:
    return key if key.isascii() and key.isalpha() else _text(key)


def _text(text: str) -> str:
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
