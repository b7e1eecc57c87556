"""The value of --command: a command line in which the place of the module's name and of its arguments is marked.

`{python}` stands for the interpreter, with the options that a case gives it; `{name}` for the name of the module;
`{args}` for the arguments of the program. What is not marked stands at the end.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from pathlib import Path

from ..agent import COMMAND


class WrongCommand(ValueError):
    """A mistake in a command; the text is one sentence, which says what is accepted."""


_MARKS = ("{python}", "{name}", "{args}")
EXAMPLE = "coverage run -m {name} {args}"


def template(text: str) -> list[str]:
    """The words of a command, with all marks. Raises WrongCommand."""
    try:
        words = shlex.split(text)
    except ValueError as problem:
        raise WrongCommand(
            f"--command: {text!r} is no command line: {problem}; give a command such as {EXAMPLE!r}"
        ) from None
    if not words:
        raise WrongCommand(f"--command needs a value, as in --command={EXAMPLE!r}")
    for mark in re.findall(r"\{[^{}]*\}", text):
        if mark not in _MARKS:
            raise WrongCommand(f"--command: there is no mark {mark}; there are {', '.join(_MARKS)}")
    if words[0] in ("{name}", "{args}"):
        raise WrongCommand(
            f"--command begins with a program, and not with {words[0]}; give a command such as {EXAMPLE!r}"
        )
    for mark in ("{python}", "{args}"):
        if sum(mark in word for word in words) > 1 or (
            mark == "{args}" and any(mark in word != mark for word in words)
        ):
            raise WrongCommand(f"--command: {mark} is a word of its own, and stands there once")
    if not any("{name}" in word for word in words):
        words = [word for word in words if word != "{args}"] + ["{name}", "{args}"]
    elif "{args}" not in words:
        words.append("{args}")
    return words


def with_paths(text: str, folder: Path) -> str:
    """The command with the paths of files in a folder made absolute, since it is run elsewhere. Raises WrongCommand."""
    template(text)
    words = []
    for word in shlex.split(text):
        shown = absolute(word, folder)
        words.append(shown if re.fullmatch(r"[\w@%+=:,./{}-]+", shown, re.ASCII) else shlex.quote(shown))
    return " ".join(words)


def absolute(word: str, folder: Path) -> str:
    """A word of a command line; if it is the path of a file in a folder, or of a script there, that is absolute."""
    is_path = "{" not in word and (os.sep in word or word.endswith((".py", ".js", ".mjs", ".cjs", ".wasm")))
    return str((folder / word).absolute()) if is_path and (folder / word).is_file() else word


def side_of(text: str) -> str:
    """The command in the form in which an agent loads it. Raises WrongCommand."""
    return COMMAND + json.dumps(template(text))
