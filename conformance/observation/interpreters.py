"""Finds interpreters, with their implementation and the version of the language."""

from __future__ import annotations

import contextlib
import difflib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from ..clauses import pythons
from .recording.naming import short_name

if TYPE_CHECKING:
    from .recording import Build

OLDEST = Version(pythons.OLDEST)
# The versions of the language whose interpreters are looked for if no interpreter is named.
LANGUAGES = pythons.versions(pythons.TO_COME)
_A_QUOTATION = 10  # characters
_LEVELS = {"alpha": "a", "beta": "b", "candidate": "rc"}
# A program that Python 2 can run too, so that its version can be reported.
_VERSION_PROGRAM = (
    "import sys; name = getattr(getattr(sys, 'implementation', None), 'name', 'python'); "
    "print('%s %d.%d.%d %s%d' % ((name,) + tuple(sys.version_info)))"
)


class BadInterpreter(Exception):
    """The path or name is not a usable Python 3.8+ interpreter; the text is one sentence."""


@dataclass(frozen=True)
class Target:
    """An interpreter in which a side runs.

    version: that of the language, as numbers. stage: for a release that is not final, how far it is: "rc1". executable:
    its path; of one behind a bridge the command line that starts the bridge, as it was given. command: the words of
    that command line; empty if the suite starts its own agent in the interpreter. build: as a bridge has told it.
    """

    executable: str
    implementation: str
    version: str
    stage: str = ""
    command: tuple[str, ...] = ()
    build: Build | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """The name as far as it is known before an agent has greeted, such as "CPython 3.13.0"; see `Build.name`."""
        return short_name(self.implementation, self.version + self.stage)


def find(interpreter: str) -> Target:
    """The target for a path or a command's name. Raises BadInterpreter."""
    path = shutil.which(interpreter)
    if path is None:
        raise BadInterpreter(f"There is no interpreter {interpreter!r}: give a path or a command's name.")
    path = os.path.abspath(path)  # not resolved: the link makes it a virtual environment's
    try:
        ended = subprocess.run(
            [path, "-c", _VERSION_PROGRAM], capture_output=True, text=True, errors="replace", timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise BadInterpreter(f"{path} cannot be started as a Python interpreter: {exc}.") from None
    words = ended.stdout.split()
    try:
        implementation, version, stage = words
        parsed = Version(version)
    except (ValueError, InvalidVersion):
        output = (ended.stderr or ended.stdout).strip().splitlines()
        lines = [line[:200] for line in output if not _quotes_program(line)]
        hint = f": {lines[-1].rstrip('.')}" if lines else ""
        raise BadInterpreter(f"{path} does not answer as a Python interpreter does{hint}.") from None
    if parsed < OLDEST:
        raise BadInterpreter(f"{path} is Python {version}; targets are Python {OLDEST} and later.")
    return Target(path, implementation, version, _stage(stage))


def all_found(names: Iterable[str]) -> dict[str, Target]:
    """The targets that are found, by the names given: of commands or paths, or a version alone, "3.13"."""
    targets = {}
    for name in names:
        with contextlib.suppress(BadInterpreter):
            targets[name] = find(command_of(name))
    return targets


def command_of(name: str) -> str:
    """The command that starts a Python, by a name that may be a version alone: "python3.13" for "3.13"."""
    return f"python{name}" if name[:1].isdigit() else name


def _stage(text: str) -> str:
    """The stage of a release as a version has it, of one such as "candidate1"; empty for a final release."""
    level = text.rstrip("0123456789")
    return _LEVELS[level] + text[len(level) :] if level in _LEVELS else ""


def _quotes_program(line: str) -> bool:
    """True if a line repeats the program, as the message of a command does that takes the program for a file."""
    match = difflib.SequenceMatcher(None, line, _VERSION_PROGRAM, autojunk=False).find_longest_match()
    return match.size >= _A_QUOTATION


def language_of(target: Target) -> str:
    """The version of an interpreter's language: "3.11"."""
    return ".".join(target.version.split(".")[:2])


def cpython_for(target: Target, chosen: str) -> Target | None:
    """The CPython of the same version of the language as `target`; None if there is none here.

    chosen: the one that the user has named, or an empty text. Raises BadInterpreter.
    """
    language = language_of(target)
    if chosen:
        found = find(chosen)
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
