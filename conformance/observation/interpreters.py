"""Finds interpreters, and says which implementation and version of Python each of them is."""

from __future__ import annotations

import difflib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from ..clauses import pythons

OLDEST = Version(pythons.OLDEST)
# The versions whose interpreters are looked for when none is named.
LANGUAGES = pythons.versions(pythons.TO_COME)
_A_QUOTATION = 10  # letters
# In words that Python 2 knows too, so that it can say what it is.
_TELL = (
    "import sys; name = getattr(getattr(sys, 'implementation', None), 'name', 'python'); "
    "print('%s %d.%d.%d %s%d' % ((name,) + tuple(sys.version_info)))"
)


class BadInterpreter(Exception):
    """What was given as an interpreter is none, or too old; the text is one sentence."""


@dataclass(frozen=True)
class Target:
    """An interpreter in which a side runs."""

    executable: str
    implementation: str
    version: str

    @property
    def name(self) -> str:
        """How people call it: "CPython 3.13.0"."""
        names = {"cpython": "CPython", "pypy": "PyPy"}
        return f"{names.get(self.implementation, self.implementation)} {self.version}"


def find(interpreter: str) -> Target:
    """The target for a path or a command's name. Raises BadInterpreter."""
    path = shutil.which(interpreter)
    if path is None:
        raise BadInterpreter(f"There is no interpreter {interpreter!r}: give a path or a command's name.")
    path = os.path.abspath(path)  # agents start elsewhere; its links stay, since a virtual environment is one
    try:
        told = subprocess.run(
            [path, "-c", _TELL], capture_output=True, text=True, errors="replace", timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise BadInterpreter(f"{path} cannot be started as a Python interpreter: {exc}.") from None
    words = told.stdout.split()
    try:
        implementation, version, _ = words
        parsed = Version(version)
    except (ValueError, InvalidVersion):
        said = [line[:200] for line in (told.stderr or told.stdout).strip().splitlines() if not _quotes_us(line)]
        hint = f": {said[-1].rstrip('.')}" if said else ""
        raise BadInterpreter(f"{path} does not answer as a Python interpreter does{hint}.") from None
    if parsed < OLDEST:
        raise BadInterpreter(f"{path} is Python {version}; targets are Python {OLDEST} and later.")
    return Target(path, implementation, version)


def _quotes_us(line: str) -> bool:
    """Whether a line repeats the program that was to tell the version, as a command does that takes it for a file."""
    match = difflib.SequenceMatcher(None, line, _TELL, autojunk=False).find_longest_match()
    return match.size >= _A_QUOTATION


def language_of(target: Target) -> str:
    """The version of the language that an interpreter speaks: "3.11"."""
    return ".".join(target.version.split(".")[:2])


def cpython_for(target: Target, asked: str) -> Target | None:
    """CPython of the same language, or None if there is none here. asked: which one, if one was asked for.

    Raises BadInterpreter.
    """
    language = language_of(target)
    if asked:
        found = find(asked)
        if found.implementation != "cpython" or language_of(found) != language:
            raise BadInterpreter(
                f"{found.name} cannot judge {target.name}: beside --interpreter, --target is a CPython {language}."
            )
        return found
    for name in (f"python{language}", sys.executable):
        try:
            found = find(name)
        except BadInterpreter:
            continue
        if found.implementation == "cpython" and language_of(found) == language:
            return found
    return None
