"""Fixtures: cases as the TOML that a person reads and writes.

Rules. This module reads a fixture and writes it; `fixture_file` says what such a file may hold. Neither knows how the
case is run.

Theory of operation. `read` and `toml` are each other's inverse: what one writes, the other reads as an equal case.
`toml` writes for a reader: nothing that is as usual, a single call as `call`, and each text in the form that needs the
fewest escapes. A text that TOML cannot hold is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import UNSET

from ..checked import WrongData, checked, checked_file
from .fixture_file import BESIDE, FixtureFile, check_files, check_requirement, check_source, check_step
from .model import FAMILIES, Case, CaseError, Step


def read(path: Path, root: Path) -> Case:
    """The case in a TOML file below `root`; its id is the path from there. Raises CaseError and OSError."""
    name = path.relative_to(root).with_suffix("").as_posix()
    fixture = checked_file(path, FixtureFile, CaseError)
    try:
        return _case(fixture, name)
    except CaseError as problem:
        raise CaseError(f"{path}: {problem}") from None


def from_plain(data: Mapping[str, Any], name: str) -> Case:
    """The case in a fixture's data. name: its id. Raises CaseError."""
    try:
        fixture = checked(data, FixtureFile)
    except WrongData as problem:
        raise CaseError(str(problem)) from None
    return _case(fixture, name)


def _case(fixture: FixtureFile, name: str) -> Case:
    """The case in a fixture, once all that its types cannot say is checked. name: its id. Raises CaseError."""
    for requirement in fixture.requires:
        check_requirement(requirement)
    check_files(fixture.files, "files")
    steps = tuple(_step(step, f"step {number}") for number, step in enumerate(_steps_in(fixture), 1))
    kinds = {step.kind for step in steps}
    if "command" in kinds and not kinds <= {"command", "write"}:
        raise CaseError("the steps of a case are commands, or they are calls and statements: not both")
    return Case(
        files=fixture.files,
        steps=steps,
        path=fixture.path if isinstance(fixture.path, tuple) else () if "command" in kinds else (".",),
        argv=fixture.argv,
        requires=fixture.requires,
        id=name,
        summary=fixture.summary,
        clauses=fixture.clauses,
    )


def _steps_in(fixture: FixtureFile) -> list[Any]:
    """The steps of a fixture as the tables that it holds, or abbreviates."""
    if isinstance(fixture.call, str):
        return [{"call": fixture.call}]
    if isinstance(fixture.command, tuple):
        beside = {key: getattr(fixture, key) for key in BESIDE["command"] if getattr(fixture, key) is not UNSET}
        return [{"command": list(fixture.command), **beside}]
    return list(fixture.steps or ())


def _step(step: Any, where: str) -> Step:
    kind = check_step(step, where)
    if kind == "command":
        return Step(kind, {key: list(value) if key == kind else value for key, value in step.items() if value})
    if kind != "write":
        check_source(kind, step[kind], where)
    return Step(kind, step[kind])


def fixtures(root: Path) -> Iterator[Path]:
    """The files of all fixtures below `root`, in the order of their ids. The tables of families are left out."""
    return (path for path in sorted(root.glob("*/*.toml")) if path.parent.name != FAMILIES)


_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b", "\f": "\\f"}


def toml(case: Case) -> str:
    """The case as TOML. Raises ValueError for a text with half of a surrogate pair, which TOML cannot hold."""
    lines = [f"summary = {_quoted(case.summary)}"]
    for key, value, usual in (
        ("clauses", case.clauses, ()),
        ("requires", case.requires, ()),
        ("path", case.path, () if case.is_of_commands else (".",)),
        ("argv", case.argv, ("prog",)),
    ):
        if value != usual:
            lines.append(f"{key} = {_toml_value(list(value))}")
    abbreviated = len(case.steps) == 1 and case.steps[0].kind in ("call", "command")
    if abbreviated:
        lines += _toml_step(case.steps[0])
    elif not case.steps:
        lines.append("steps = []")
    lines += ["", "[files]"] if case.files else []
    lines += _toml_table(case.files)
    lines += [""] if case.steps and not abbreviated else []
    for step in case.steps if not abbreviated else ():
        lines.append("[[steps]]")
        lines += _toml_step(step) if step.kind != "write" else ["[steps.write]", *_toml_table(step.files)]
    text = "\n".join(lines) + "\n"
    text.encode("utf-8")  # UnicodeEncodeError is a ValueError
    return text


def _toml_step(step: Step) -> list[str]:
    """The lines of a step that writes no files."""
    table = step.content if isinstance(step.content, Mapping) else {step.kind: step.content}
    return [f"{key} = {_toml_value(value)}" for key, value in table.items()]


def _toml_table(files: Mapping[str, Any]) -> list[str]:
    return [f"{_quoted(name)} = {_toml_value(recipe)}" for name, recipe in files.items()]


def _toml_value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _several_lines(value) if "\n" in value else _quoted(value)
    if isinstance(value, list):
        return "[" + ", ".join(_toml_value(item) for item in value) + "]"
    if isinstance(value, Mapping):
        return (
            "{ " + ", ".join(f"{_toml_key(key)} = {_toml_value(item)}" for key, item in value.items()) + " }"
            if value
            else "{}"
        )
    return str(value)


def _toml_key(key: str) -> str:
    return key if key.isascii() and key.isalpha() else _quoted(key)


def _quoted(text: str) -> str:
    """The text on one line: between apostrophes without escapes, where that is easier to read."""
    if ('"' in text or "\\" in text) and "'" not in text and not any(map(_is_control, text)):
        return f"'{text}'"
    return '"' + "".join(map(_escaped, text)) + '"'


def _several_lines(text: str) -> str:
    if not any(_is_control(character) for character in text if character != "\n"):
        for quote, forbidden in (('"""', ("\\", '"""')), ("'''", ("'''",))):
            if not any(part in text for part in forbidden) and not text.endswith(quote[0]):
                return f"{quote}\n{text}{quote}"
    return '"""\n' + "".join("\n" if character == "\n" else _escaped(character) for character in text) + '"""'


def _is_control(character: str) -> bool:
    return character != "\t" and (character < " " or character == "\x7f")


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    return f"\\u{ord(character):04X}" if _is_control(character) else character
