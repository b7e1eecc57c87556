"""The values of --command and --command-path: command lines in which the places of program and arguments are marked.

`{python}` stands for the interpreter, with the options that a case gives it; `{args}` for the arguments of the program.
The program is `{name}` for --command, the name of a module, and `{path}` for --command-path, a script, a folder or an
archive. What is not marked stands at the end.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from ..agent import COMMAND, MARKS, MODULE, PATH

# The options that give commands, by the kind of program that the command runs; and an example of each.
OPTIONS_OF_COMMANDS: Mapping[str, str] = {MODULE: "--command", PATH: "--command-path"}
EXAMPLES: Mapping[str, str] = {MODULE: "coverage run -m {name} {args}", PATH: "coverage run {path} {args}"}


class WrongCommand(ValueError):
    """A mistake in a command; the text is one sentence, which says what is accepted."""


def template(text: str, kind: str = MODULE) -> list[str]:
    """The words of a command, with all marks. kind: of the program that it runs. Raises WrongCommand."""
    option, program = OPTIONS_OF_COMMANDS[kind], MARKS[kind]
    marks = ("{python}", program, "{args}")
    example = repr(EXAMPLES[kind])
    try:
        words = shlex.split(text)
    except ValueError as problem:
        raise WrongCommand(
            f"{option}: {text!r} is no command line: {problem}; give a command such as {example}"
        ) from None
    if not words:
        raise WrongCommand(f"{option} needs a value, as in {option}={example}")
    for mark in re.findall(r"\{[^{}]*\}", text):
        if mark not in marks:
            others = (f"; {mark} stands in {OPTIONS_OF_COMMANDS[other]}" for other in MARKS if MARKS[other] == mark)
            raise WrongCommand(f"{option}: there is no mark {mark}; there are {', '.join(marks)}{next(others, '')}")
    if words[0] in (program, "{args}"):
        raise WrongCommand(f"{option} begins with a program, and not with {words[0]}; give a command such as {example}")
    for mark in ("{python}", "{args}"):
        if sum(mark in word for word in words) > 1 or (
            mark == "{args}" and any(mark in word != mark for word in words)
        ):
            raise WrongCommand(f"{option}: {mark} is a word of its own, and stands there once")
    if not any(program in word for word in words):
        words = [word for word in words if word != "{args}"] + [program, "{args}"]
    elif "{args}" not in words:
        words.append("{args}")
    return words


def with_paths(text: str, folder: Path, kind: str = MODULE) -> str:
    """The command with paths that start from a folder made absolute, since it is run elsewhere. Raises WrongCommand."""
    template(text, kind)
    words = []
    for word in shlex.split(text):
        shown = absolute(word, folder)
        words.append(shown if re.fullmatch(r"[\w@%+=:,./{}-]+", shown, re.ASCII) else shlex.quote(shown))
    return " ".join(words)


def absolute(word: str, folder: Path) -> str:
    """A word of a command line; if it is a path to what there is in a folder, or a script there, it is made absolute.

    A word without a slash that is no script, such as `run`, may have another meaning, and stays as it is.
    """
    is_path = "{" not in word and (os.sep in word or word.endswith((".py", ".js", ".mjs", ".cjs", ".wasm")))
    return str((folder / word).absolute()) if is_path and (folder / word).exists() else word


def side_of(of_modules: str = "", of_paths: str = "") -> str:
    """A command in the form in which an agent loads it. Raises WrongCommand.

    of_modules, of_paths: the values of --command and --command-path; an empty text if there is none.
    """
    given = {MODULE: of_modules, PATH: of_paths}
    return COMMAND + json.dumps({kind: template(text, kind) for kind, text in given.items() if text})
