"""The kinds of option values. Each value is checked here, and each path is made absolute.

Rules. This module knows kinds of values; the table of options is in `options`. A message names the option, says what is
wrong with its value, and says what the option takes. Nothing here imports pytest: the noxfile imports this module each
time that nox starts.

Theory of operation. `checked` is the only way in. It looks at the kind and calls one function for each group of kinds:
candidates, requirements, interpreters, choices, numbers, folders and files. The function returns the value as text, or
raises UsageError. A value is checked once in the folder of the user, where relative paths still mean what they say.
"""

from __future__ import annotations

import difflib
import enum
import math
import os
import re
import shlex
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from .. import HOUSE
from ..agent import MODULE, PATH
from ..report.endings import ENDINGS
from ..search.profiles import seconds
from .launchers import WrongCommand, absolute, with_paths

_SIMILARITY = 0.6  # by difflib's measure: the least that a misspelt word shares with the right one


class UsageError(ValueError):
    """A mistake in the command line; the text is one sentence, which says what is accepted."""


class Kind(enum.Enum):
    """The kind of value that an option takes; the value of each member is an example."""

    FLAG = ""
    CANDIDATE = "mypkg, mypkg.mod:callable or path/to/adapter.py:callable"
    COMMAND = "'coverage run -m'"
    COMMAND_PATH = "'coverage run'"
    TARGET_COMMAND = "'node bridge.mjs'"
    REQUIREMENT = "mypkg, ./mypkg or '-e ./mypkg'"
    INTERPRETER = "path/to/python"
    INTERPRETER_OR_VERSION = "python3.14"  # an interpreter, or the version of a recorded one
    CHOICE = "NAME"
    WHOLE_NUMBER = "42"
    SECONDS = "2.5"
    DURATION = "30m"
    PROCESSES = "2"
    EXISTING_FOLDER = "path/to/folder"
    OUTPUT_FOLDER = "path/to/a/folder"  # made if it does not exist
    DATABASE = "path/to/database"  # a folder, a URL, or none
    INPUT_FILE = "path/to/file.toml"
    REPORT_FILE = "path/to/file.html"
    OUTPUT_FILE = "path/to/file.xml"


def nearest(word: str, names: Iterable[str]) -> str:
    """The name that is most like a misspelt word, whatever its case; an empty text if no name is like it.

    A word that is the beginning of a single name, such as `--inst`, is like that name.
    """
    by_lower: dict[str, str] = {}
    for name in names:
        by_lower.setdefault(name.lower(), name)
    matches = [name for name in by_lower if name.startswith(word.lower())]
    if len(matches) != 1:
        matches = difflib.get_close_matches(word.lower(), by_lower, 1, _SIMILARITY)
    return by_lower[matches[0]] if matches else ""


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """The end of a message, such as "; did you mean --impl?"; an empty text if no name is like the word."""
    name = nearest(word, names)
    return f"; did you mean {name}?" if name else ""


def example(name: str, kind: Kind, choices: Sequence[str] = ()) -> str:
    """An example of an option with a value, for messages."""
    return f"{name}={choices[0] if choices else kind.value}"


def checked(name: str, kind: Kind, text: str, folder: Path | None = None, choices: Sequence[str] = ()) -> str:
    """The value of an option, checked; a path is made absolute.

    folder: the folder from which a relative path starts, if it is not the current one. Without it, the path of a file
    stays relative, so that messages show the path that the user knows. choices: the values of Kind.CHOICE. Raises
    UsageError.
    """
    if not text.strip():
        raise UsageError(f"{name} needs a value, as in {example(name, kind, choices)}")
    try:
        return _checked(name, kind, text, folder, choices)
    except (OSError, RuntimeError) as exc:  # for example: the name is too long, or ~ names no user
        raise UsageError(f"{name}: {text!r} cannot be used: {exc}; give {example(name, kind, choices)}") from None


def _checked(name: str, kind: Kind, text: str, folder: Path | None, choices: Sequence[str]) -> str:
    match kind:
        case Kind.CANDIDATE:
            return _candidate(name, text, folder)
        case Kind.COMMAND | Kind.COMMAND_PATH:
            return _command(text, folder, MODULE if kind is Kind.COMMAND else PATH)
        case Kind.TARGET_COMMAND:
            return _target_command(name, text, folder or Path.cwd())
        case Kind.REQUIREMENT:
            return _requirement(name, text, folder)
        case Kind.INTERPRETER | Kind.INTERPRETER_OR_VERSION:
            is_version = re.fullmatch(r"(recording:)?\d+\.\d+", text)
            return text if kind is Kind.INTERPRETER_OR_VERSION and is_version else _interpreter(name, text, folder)
        case Kind.CHOICE:
            return _choice(name, text, choices)
        case Kind.WHOLE_NUMBER | Kind.SECONDS | Kind.DURATION | Kind.PROCESSES:
            return _number(name, kind, text)
        case Kind.EXISTING_FOLDER:
            return _existing_folder(name, text, folder)
        case Kind.OUTPUT_FOLDER:
            return _output_folder(name, text, folder)
        case Kind.DATABASE:
            return text if text == "none" or "://" in text else _output_folder(name, text, folder)
        case Kind.INPUT_FILE | Kind.REPORT_FILE | Kind.OUTPUT_FILE:
            return _file(name, kind, text, folder)
        case _:
            raise UsageError(f"{name} takes no value")


def _path(text: str, folder: Path | None) -> Path:
    path = Path(text).expanduser()
    return folder / path if folder else path


def _choice(name: str, text: str, choices: Sequence[str]) -> str:
    if text.lower() in choices:
        return text.lower()
    noun = name.lstrip("-")
    raise UsageError(
        f"{name}: there is no {noun} {text!r}; there are {', '.join(choices)}{did_you_mean(text, choices)}"
    )


_NUMBERS = {
    Kind.WHOLE_NUMBER: "a whole number, such as 0 or 42",
    Kind.PROCESSES: "a number of processes, at least 1, or auto",
    Kind.DURATION: "a length of time such as 90s, 30m or 2h",
    Kind.SECONDS: "a number of seconds above 0, such as 10 or 0.5",
}


def _number(name: str, kind: Kind, text: str) -> str:
    try:
        match kind:
            case Kind.WHOLE_NUMBER:
                return str(int(text))
            case Kind.PROCESSES:
                valid = text in ("auto", "logical") or int(text) > 0
            case Kind.DURATION:
                valid = seconds(text) > 0
            case _:
                valid = 0 < float(text) < math.inf
    except ValueError:
        valid = False
    if not valid:
        raise UsageError(f"{name} is {_NUMBERS[kind]}, not {text!r}")
    return text


def _existing_folder(name: str, text: str, folder: Path | None) -> str:
    path = _path(text, folder).absolute()
    if not path.is_dir():
        problem = f"{path} is a file" if path.exists() else f"there is no folder {path}"
        raise UsageError(f"{name}: {problem}; give a folder that exists")
    if not os.access(path, os.R_OK | os.X_OK):
        raise UsageError(f"{name}: you may not read the folder {path}; give one that you may read")
    return str(path)


def _output_folder(name: str, text: str, folder: Path | None) -> str:
    """A folder that exists, or that can be made."""
    path = _path(text, folder).absolute()
    existing = next(parent for parent in (path, *path.parents) if parent.exists())
    if not existing.is_dir():
        raise UsageError(f"{name}: {existing} is a file; give a folder, which is made if it does not exist")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise UsageError(f"{name}: you may not write to the folder {existing}; give one to which you may write")
    return str(path)


def _file(name: str, kind: Kind, text: str, folder: Path | None) -> str:
    """A file. If it is an output, it can be written; if it is a report, the ending of its name is known."""
    path = _path(text, folder)
    if path.is_dir():
        raise UsageError(f"{name}: {path} is a folder; give a file, as in {example(name, kind)}")
    if kind is Kind.INPUT_FILE:
        return str(path)
    if kind is Kind.REPORT_FILE and not path.name.lower().endswith(ENDINGS):
        raise UsageError(f"{name}: {path.name} ends in none of {', '.join(ENDINGS)}")
    if not path.parent.is_dir():
        raise UsageError(f"{name}: {path} cannot be written, since there is no folder {path.parent}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UsageError(f"{name}: you may not write to {path}; give a file elsewhere")
    return str(path)


def _interpreter(name: str, text: str, folder: Path | None) -> str:
    """The absolute path of an interpreter; links are kept, since the interpreter of a virtual environment is one."""
    path = _path(text, folder)
    is_command = not Path(text).parts[1:] and not text.startswith(".")
    if is_command and (command := shutil.which(text)):
        return os.path.abspath(command)
    if path.is_dir():
        inside = next((path / place for place in ("bin/python", "python") if (path / place).is_file()), None)
        hint = f", {inside}" if inside else ""
        raise UsageError(f"{name}: {path} is a folder; give the interpreter in it{hint}")
    if not path.exists():
        raise UsageError(f"{name}: There is no interpreter {text!r}; give a path or a command's name")
    if not os.access(path, os.X_OK):
        raise UsageError(f"{name}: {path} is not a program that you may start; give an interpreter")
    return os.path.abspath(path)


def _candidate(name: str, text: str, folder: Path | None) -> str:
    """A candidate: the path of a file or a folder is made absolute, the name of a module stays as it is."""
    folder = folder or Path.cwd()
    place, colon, attribute = text.rpartition(":")
    if not colon or os.sep in attribute:
        place, colon, attribute = text, "", ""
    accepted = Kind.CANDIDATE.value
    if not place or (colon and not attribute):
        raise UsageError(f"{name}: {text!r} names no callable; give {accepted}")
    if os.sep in place or (place.endswith(".py") and (colon or (folder / place).is_file())):
        return f"{os.path.abspath(_path(place, folder))}{colon}{attribute}"
    if not all(part.isidentifier() for part in place.split(".")):
        hint = _module_name_hint(place, folder)
        raise UsageError(f"{name}: {place!r} cannot be the name of a module{hint}; give {accepted}")
    if colon and not all(part.isidentifier() for part in attribute.split(".")):
        raise UsageError(f"{name}: {attribute!r} cannot be the name of a callable; give {accepted}")
    if (
        text == "reference"
        and folder != HOUSE
        and any((folder / source).exists() for source in ("reference.py", "reference"))
    ):
        raise UsageError(
            f"{name}=reference is the suite's own implementation; {name}=reference:run_module is the module in {folder}"
        )
    return "oracle:run_module" if text == "oracle" else text  # the agent takes the word "oracle" for the oracle itself


def _module_name_hint(place: str, folder: Path) -> str:
    """A hint for a text that is no name of a module: the name of a file, or of a package on PyPI."""
    if (folder / f"{place}.py").is_file():
        return f" (the file is ./{place}.py)"
    plain = place.replace("-", "_")
    if not place.startswith("-") and all(part.isidentifier() for part in plain.split(".")):
        return f" (the name to import may be {plain})"
    return ""


def _command(text: str, folder: Path | None, program: str) -> str:
    try:
        return with_paths(text, folder or Path.cwd(), program)
    except WrongCommand as problem:
        raise UsageError(str(problem)) from None


def _requirement(name: str, text: str, folder: Path | None) -> str:
    """A requirement for pip as one text: "mypkg>=2", "/path/to/mypkg[extra]" or "-e /path/to/mypkg"."""
    from packaging.requirements import InvalidRequirement, Requirement

    value = text.strip()
    editable = re.match(r"(?:-e|--editable)[ =](.*)", value)
    if editable:
        value = editable[1].strip()
    elif value.startswith("-"):
        raise UsageError(f"{name} takes a PyPI name, a path or '-e path', not {value}")
    file, extras = re.fullmatch(r"(.*?)(\[[^]]*\])?", value, re.DOTALL).groups("")  # type: ignore[union-attr]
    is_path = "://" not in value and " @ " not in value
    if is_path and (editable or re.search(r"^[.~]|[/\\]|\.(whl|zip|tar\.\w+)$", file)):
        path = _path(file, folder).resolve()
        if not path.exists():
            raise UsageError(f"{name}: there is nothing at {path}; give a PyPI name, or a path to a package")
        value = f"{path}{extras}"
    elif not editable:
        try:
            Requirement(value)
        except InvalidRequirement as problem:
            reason = str(problem).splitlines()[0]
            raise UsageError(f"{name}: {value!r} is not a requirement: {reason}") from None
    return f"-e {value}" if editable else value


def _target_command(name: str, text: str, folder: Path) -> str:
    """The command line of a bridge, with the paths in it made absolute, since it is run elsewhere."""
    try:
        words = shlex.split(text)
    except ValueError as problem:
        raise UsageError(f"{name}: {text!r} is no command line: {problem}; give {Kind.TARGET_COMMAND.value}") from None
    return shlex.join(absolute(word, folder) for word in words)
