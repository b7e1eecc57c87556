"""A command line as it was typed: options with their values, checked, and everything else in its order.

Both front doors read theirs here, the noxfile and the command; the commands beside them (`show`, `report` ...) have a
parser that complains in the same way. What an option means, and which values it takes, is in `options`; which
clauses, chapters and fixtures there are, is not known here. Nothing here imports pytest.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from .. import __name__ as _package
from .kinds import Kind, UsageError, did_you_mean
from .options import OF_PYTEST, OPTIONS, Option, named

USAGE = 2  # the exit status

# The commands beside the judging itself: the module of each, and what it does.
COMMANDS = {
    "show": ("show", "CASE", "print what a case shows, or with --case the case itself"),
    "list": ("listing", "[KIND] [CHAPTER]", "print the clauses, chapters, fixtures or families that there are"),
    "report": ("report", "A.jsonl B.jsonl", "make one report of several runs; --compare compares two"),
    "export": ("export", "FOLDER", "write all cases out for other harnesses"),
    "releases": ("releases.__main__", "[--old=PYTHON] [--new=PYTHON]", "compare the runpy of successive Pythons"),
}

# The environment variable by which nox says how it was called: "nox -f path/to/noxfile.py".
NOX = "RUNPY_CONFORMANCE_NOX"
# The one by which nox says that it makes the target's environment.
INSTALLS = "RUNPY_CONFORMANCE_INSTALLS"


def command(name: str = "") -> str:
    """What its user types to get here, for messages; name: one of COMMANDS, or none to judge."""
    if nox := os.environ.get(NOX):
        session = {"": "conformance", "export": "fixtures"}.get(name, name)
        return f"{nox} -s {session} --"
    script = Path(sys.argv[0]).stem
    front = "runpy-conformance" if script == "runpy-conformance" else f"python -m {_package}"
    return f"{front} {name}".rstrip()


@dataclass(frozen=True)
class Word:
    """An option of ours with its value, or anything else as it was typed (option None)."""

    option: Option | None
    text: str

    def __str__(self) -> str:
        if self.option is None:
            return self.text
        return self.option.name if self.option.kind is Kind.FLAG else f"{self.option.name}={self.text}"


@dataclass(frozen=True)
class CommandLine:
    """What was typed, in its order, each value checked and each path absolute."""

    words: tuple[Word, ...]

    def values(self, name: str) -> list[str]:
        """All values of an option."""
        return [word.text for word in self.words if word.option is not None and word.option.name == name]

    def value(self, name: str) -> str:
        """The value of an option; "" if it was not given."""
        return next(iter(self.values(name)), "")

    def arguments(self, *without: str) -> list[str]:
        """The whole, for another process, but for the options that are named."""
        return [str(word) for word in self.words if word.option is None or word.option.name not in without]


def read(
    words: Sequence[str], here: Path | None = None, options: Iterable[Option] = (*OPTIONS, *OF_PYTEST)
) -> CommandLine:
    """Read a command line.

    here: the folder from which relative paths start, where that is not the current one. options: which to take out and
    check; all others are left to whoever knows them. Raises UsageError.
    """
    known = {option.name: option for option in options}
    found: list[Word] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        option = known.get(name)
        if option is None:
            found.append(Word(None, word))
            continue
        if option.kind is Kind.FLAG:
            if equals:
                raise UsageError(f"{name} takes no value; give {name} alone")
        elif not equals:
            value = _next(option, rest)
        found.append(Word(option, value if option.kind is Kind.FLAG else option.value(value, here)))
    return CommandLine(tuple(_once(found)))


def _next(option: Option, rest: list[str]) -> str:
    """The value of an option that stands in the next word, or the next two."""
    value = rest.pop(0) if rest else ""
    if option.kind is Kind.REQUIREMENT and value in {"-e", "--editable"}:
        return f"-e {rest.pop(0) if rest else ''}"
    if value.startswith("-") and not re.fullmatch(r"-\d+", value):
        raise UsageError(f"{option.name} needs a value, as in {option.example}; the next word is {value}")
    return value


def _once(words: Sequence[Word]) -> Iterable[Word]:
    """The words without values that others replace. Raises UsageError for two that contradict each other."""
    last = {word.option.name: word for word in words if word.option is not None}
    seen = set()
    for word in words:
        if word.option is None or word.option.repeatable:
            yield word
            continue
        name = word.option.name
        counts = last[name]
        if word.text != counts.text and not word.option.knob:
            raise UsageError(f"{name} is given twice, as {word.text} and as {counts.text}; give it once")
        if name not in seen:
            seen.add(name)
            yield counts


def no_such_option(word: str, names: Iterable[str], asked: str = "") -> str:
    """The sentence for an option that does not exist. names: those that do. asked: the command (see `command`)."""
    name = word.partition("=")[0]
    return f"There is no option {name}{did_you_mean(name, names) or ';'} {command(asked)} --help lists the options."


def where_to_find(module: str, import_from: str) -> str:
    """What to do about a candidate's module that is missing, as the end of a sentence; "" if none is."""
    if not module:
        return ""
    folder = Path(import_from or os.curdir, "src").absolute()
    if any((folder / one).exists() for one in (module, f"{module}.py")):
        return f"; it lies in {folder}: say --import-from={folder}."
    install = "install it by --install=REQUIREMENT" if os.environ.get(INSTALLS) else "install it there"
    return f"; {install}, or say with --import-from=DIR in which folder it lies."


class Parser(argparse.ArgumentParser):
    """The parser of one of COMMANDS: takes no abbreviations, and complains in one sentence, with exit status 2.

    asked: the name of the command.
    """

    def __init__(self, asked: str, **settings: Any) -> None:
        super().__init__(prog=command(asked), allow_abbrev=False, **settings)
        self._asked = asked

    def take(self, *names: str, **changed: Any) -> None:
        """Add options of the table. changed: settings that differ here, for all of them."""
        for name in names:
            self.add_argument(name, **{**named(name).settings(), **changed})

    def error(self, message: str) -> NoReturn:
        """End with one sentence."""
        unknown = re.match(r"unrecognized arguments: (-\S*)", message)
        sentence = re.sub(r"^argument (--[\w-]+): (?=\1)", "", message)
        if unknown:
            sentence = no_such_option(unknown[1], self._option_string_actions, self._asked)
        print(sentence, file=sys.stderr)
        sys.exit(USAGE)
