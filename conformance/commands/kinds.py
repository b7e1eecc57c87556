"""The kinds of value that options take: each is checked here, and a path made absolute.

Which options there are is the business of `options`. Each sentence says which option, what is wrong with its value, and
what is accepted. Nothing here imports pytest, since the noxfile imports it each time.
"""

from __future__ import annotations

import difflib
import enum
import math
import os
import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from .. import HOUSE
from ..search.profiles import seconds

# How the files end that --report writes. Records are kept for each target; everything else is made of them all.
RECORDS = ".jsonl"
ENDINGS = (RECORDS, ".html", ".md", ".svg", "badge.json")


_ALIKE = 0.6  # how much a misspelt word has in common with the right one, by difflib's measure


class UsageError(ValueError):
    """A command line that cannot be followed; the text is one sentence that says what is accepted."""


class Kind(enum.Enum):
    """The kind of value that an option takes. Each names an example of it."""

    FLAG = ""
    CANDIDATE = "mypkg, mypkg.mod:callable or path/to/adapter.py:callable"
    REQUIREMENT = "mypkg, ./mypkg or '-e ./mypkg'"
    INTERPRETER = "path/to/python"
    RELEASE = "python3.14"  # an interpreter, or the version of one that was recorded
    CHOICE = "NAME"
    WHOLE = "42"
    SECONDS = "2.5"
    LENGTH = "30m"
    CORES = "2"
    FOLDER = "path/to/folder"  # which is there
    PLACE = "path/to/a/folder"  # which is made if it is not there
    STORE = "path/to/database"  # a folder, a URL, or none
    FILE = "path/to/file.toml"
    REPORT = "path/to/file.html"
    WRITTEN = "path/to/file.xml"


def nearest(word: str, names: Iterable[str]) -> str:
    """The name that a misspelt word most likely stands for, upper and lower case aside; "" if there is none."""
    by_lower: dict[str, str] = {}
    for name in names:
        by_lower.setdefault(name.lower(), name)
    near = difflib.get_close_matches(word.lower(), by_lower, 1, _ALIKE)
    return by_lower[near[0]] if near else ""


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """A question for the end of a sentence: "; did you mean --impl?", or "" if nothing is near."""
    near = nearest(word, names)
    return f"; did you mean {near}?" if near else ""


def example(name: str, kind: Kind, choices: Sequence[str] = ()) -> str:
    """An option as somebody might type it."""
    return f"{name}={choices[0] if choices else kind.value}"


def checked(name: str, kind: Kind, text: str, here: Path | None = None, choices: Sequence[str] = ()) -> str:
    """The value of an option as it is to be handed on.

    here: the folder from which a relative path starts, where that is not the current one. Without it, a file that only
    this process opens keeps the name that its user knows. choices: of Kind.CHOICE. Raises UsageError.
    """
    if not text.strip():
        raise UsageError(f"{name} needs a value, as in {example(name, kind, choices)}")
    try:
        return _checked(name, kind, text, here, choices)
    except (OSError, RuntimeError) as exc:  # a name that is too long, perhaps, or the home of nobody
        raise UsageError(f"{name}: {text!r} cannot be used: {exc}; give {example(name, kind, choices)}") from None


def _checked(name: str, kind: Kind, text: str, here: Path | None, choices: Sequence[str]) -> str:
    match kind:
        case Kind.CANDIDATE:
            return _candidate(name, text, here)
        case Kind.REQUIREMENT:
            return _requirement(name, text, here)
        case Kind.INTERPRETER | Kind.RELEASE:
            is_version = re.fullmatch(r"(recording:)?\d+\.\d+", text)
            return text if kind is Kind.RELEASE and is_version else _interpreter(name, text, here)
        case Kind.CHOICE:
            return _choice(name, text, choices)
        case Kind.WHOLE | Kind.SECONDS | Kind.LENGTH | Kind.CORES:
            return _number(name, kind, text)
        case Kind.FOLDER:
            return _folder(name, text, here)
        case Kind.PLACE:
            return _place(name, text, here)
        case Kind.STORE:
            return text if text == "none" or "://" in text else _place(name, text, here)
        case Kind.FILE | Kind.REPORT | Kind.WRITTEN:
            return _file(name, kind, text, here)
        case _:
            raise UsageError(f"{name} takes no value")


def _path(text: str, here: Path | None) -> Path:
    path = Path(text).expanduser()
    return here / path if here else path


def _choice(name: str, text: str, choices: Sequence[str]) -> str:
    if text.lower() in choices:
        return text.lower()
    noun = name.lstrip("-")
    there_are = f"there are {', '.join(choices)}{did_you_mean(text, choices)}"
    raise UsageError(f"{name}: there is no {noun} {text!r}; {there_are}")


_NUMBERS = {
    Kind.WHOLE: "a whole number, such as 0 or 42",
    Kind.CORES: "a number of processes from 1 on, or auto",
    Kind.LENGTH: "a length of time such as 90s, 30m or 2h",
    Kind.SECONDS: "a number of seconds above 0, such as 10 or 0.5",
}


def _number(name: str, kind: Kind, text: str) -> str:
    try:
        match kind:
            case Kind.WHOLE:
                return str(int(text))
            case Kind.CORES:
                right = text in ("auto", "logical") or int(text) > 0
            case Kind.LENGTH:
                right = seconds(text) > 0
            case _:
                right = 0 < float(text) < math.inf
    except ValueError:
        right = False
    if not right:
        raise UsageError(f"{name} is {_NUMBERS[kind]}, not {text!r}")
    return text


def _folder(name: str, text: str, here: Path | None) -> str:
    path = _path(text, here).absolute()
    if not path.is_dir():
        wrong = f"{path} is a file" if path.exists() else f"there is no folder {path}"
        raise UsageError(f"{name}: {wrong}; give a folder that is there")
    if not os.access(path, os.R_OK | os.X_OK):
        raise UsageError(f"{name}: the folder {path} may not be read by you; give one that may")
    return str(path)


def _place(name: str, text: str, here: Path | None) -> str:
    """A folder that is there, or can be made."""
    path = _path(text, here).absolute()
    there = next(parent for parent in (path, *path.parents) if parent.exists())
    if not there.is_dir():
        raise UsageError(f"{name}: {there} is a file; give a folder, which is made if it is not there")
    if not os.access(there, os.W_OK | os.X_OK):
        raise UsageError(f"{name}: the folder {there} may not be written to by you; give one that may")
    return str(path)


def _file(name: str, kind: Kind, text: str, here: Path | None) -> str:
    """A file; and one that is to be written can be, and its name says what is to be written."""
    path = _path(text, here)
    if path.is_dir():
        raise UsageError(f"{name}: {path} is a folder; give a file, as in {example(name, kind)}")
    if kind is Kind.FILE:
        return str(path)
    if kind is Kind.REPORT and not path.name.lower().endswith(ENDINGS):
        raise UsageError(f"{name}: {path.name} ends in none of {', '.join(ENDINGS)}")
    if not path.parent.is_dir():
        raise UsageError(f"{name}: {path} cannot be written, since there is no folder {path.parent}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UsageError(f"{name}: {path} cannot be written by you; give a file elsewhere")
    return str(path)


def _interpreter(name: str, text: str, here: Path | None) -> str:
    """A path, absolute; a command's name becomes its path. Links stay, since a virtual environment is one."""
    path = _path(text, here)
    if not Path(text).parts[1:] and (found := shutil.which(text)) and not text.startswith("."):
        return os.path.abspath(found)
    if path.is_dir():
        inside = next((path / one for one in ("bin/python", "python") if (path / one).is_file()), None)
        hint = f", {inside}" if inside else ""
        raise UsageError(f"{name}: {path} is a folder; give the interpreter in it{hint}")
    if not path.exists():
        raise UsageError(f"{name}: There is no interpreter {text!r}; give a path or a command's name")
    if not os.access(path, os.X_OK):
        raise UsageError(f"{name}: {path} is no program that you may start; give an interpreter")
    return os.path.abspath(path)


def _candidate(name: str, text: str, here: Path | None) -> str:
    """A file or a folder with its path absolute; the name of a module as it is."""
    here = here or Path.cwd()
    place, colon, attribute = text.rpartition(":")
    if not colon or os.sep in attribute:
        place, colon, attribute = text, "", ""
    if os.sep in place or (place.endswith(".py") and (colon or (here / place).is_file())):
        return f"{os.path.abspath(_path(place, here))}{colon}{attribute}"
    if not place or (colon and not attribute):
        return text  # the agent says that it names no callable
    accepted = Kind.CANDIDATE.value
    if not all(part.isidentifier() for part in place.split(".")):
        hint = _meant(place, here)
        raise UsageError(f"{name}: {place!r} cannot be the name of a module{hint}; give {accepted}")
    if colon and not all(part.isidentifier() for part in attribute.split(".")):
        raise UsageError(f"{name}: {attribute!r} cannot be the name of a callable; give {accepted}")
    if text == "reference" and here != HOUSE and any((here / one).exists() for one in _sources("reference")):
        raise UsageError(
            f"{name}=reference is the suite's own implementation; {name}=reference:run_module is the module that lies "
            f"in {here}"
        )
    return "oracle:run_module" if text == "oracle" else text  # alone, the word stands for the oracle itself


def _sources(module: str) -> tuple[str, str]:
    return f"{module}.py", module


def _meant(place: str, here: Path) -> str:
    """A hint for a name that cannot be a module's, but is nearly one, or a file's."""
    if (here / f"{place}.py").is_file():
        return f" (the file is ./{place}.py)"
    plain = place.replace("-", "_")
    if not place.startswith("-") and all(part.isidentifier() for part in plain.split(".")):
        return f" (perhaps it is called {plain} when it is imported)"
    return ""


def _requirement(name: str, text: str, here: Path | None) -> str:
    """A requirement for pip, in one text: "mypkg>=2", "/path/to/mypkg[extra]", "-e /path/to/mypkg"."""
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
        path = _path(file, here).resolve()
        if not path.exists():
            raise UsageError(
                f"{name}: there is nothing at {path}; give a PyPI name, or a path to what can be installed"
            )
        value = f"{path}{extras}"
    elif not editable:
        try:
            Requirement(value)
        except InvalidRequirement as problem:
            reason = str(problem).splitlines()[0]
            raise UsageError(f"{name}: {value!r} is no requirement: {reason}") from None
    return f"-e {value}" if editable else value
