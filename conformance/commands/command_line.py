"""The command line: its options with checked values, and all other arguments in their order.

Rules. Both front doors, the noxfile and the command, read their command line here. This module knows no clause, chapter
or fixture, and the meaning of an option is in `options`. It imports no pytest: the noxfile imports it each time.

Theory of operation. `read` goes through the arguments once. An argument that is one of our options becomes an
`Argument` with that option and its checked value; any other argument stays as it is, since it may be an option of
pytest or a name. Of an option that may be given once, only the value that counts is kept. `Parser` is the parser of the
commands beside judging (`show`, `report` ...); it takes the same options and reports mistakes in the same way.
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

USAGE = 2  # the exit status of a usage error

# The commands beside judging: the module of each, its arguments, and its help.
COMMANDS = {
    "show": ("show", "CASE", "print the observation of a case, or with --case the case itself"),
    "list": ("listing", "[KIND] [CHAPTER]", "list the clauses, chapters, fixtures or families"),
    "report": ("report", "A.jsonl B.jsonl", "make one report of several runs, or with --compare compare two runs"),
    "export": ("export", "FOLDER", "export all cases for other harnesses"),
    "releases": (
        "releases.__main__",
        "[--old=PYTHON] [--new=PYTHON]",
        "compare the runpy of successive releases of CPython",
    ),
}

# Environment variables that nox sets for the driver: the nox command that the user typed, such as
# "nox -f path/to/noxfile.py"; a flag that is set if nox makes the target's environment; the beginning of the commands
# that the driver prints; and the names of the options that this beginning adds by itself.
NOX_VARIABLE = "RUNPY_CONFORMANCE_NOX"
INSTALLS_VARIABLE = "RUNPY_CONFORMANCE_INSTALLS"
COMMAND_VARIABLE = "RUNPY_CONFORMANCE_COMMAND"
ADDED_VARIABLE = "RUNPY_CONFORMANCE_ADDED"


def command(name: str = "") -> str:
    """The command that the user types, for messages. name: one of COMMANDS; an empty text for judging."""
    if nox := os.environ.get(NOX_VARIABLE):
        session = {"": "conformance", "export": "fixtures"}.get(name, name)
        return f"{nox} -s {session} --"
    script = Path(sys.argv[0]).stem
    program = "runpy-conformance" if script == "runpy-conformance" else f"python -m {_package}"
    return f"{program} {name}".rstrip()


@dataclass(frozen=True)
class Argument:
    """One argument: an option of ours with its value, or any other text (option is None)."""

    option: Option | None
    text: str

    def __str__(self) -> str:
        if self.option is None:
            return self.text
        return self.option.name if self.option.kind is Kind.FLAG else f"{self.option.name}={self.text}"


@dataclass(frozen=True)
class CommandLine:
    """A command line that was read: its arguments in order, each value checked and each path absolute."""

    parsed: tuple[Argument, ...]

    def values(self, name: str) -> list[str]:
        """All values of an option."""
        return [argument.text for argument in self.parsed if argument.option and argument.option.name == name]

    def value(self, name: str) -> str:
        """The value of an option; an empty text if the option was not given."""
        return next(iter(self.values(name)), "")

    def arguments(self, *without: str) -> list[str]:
        """All arguments as texts, for another process. without: names of options to leave out."""
        return [str(argument) for argument in self.parsed if not argument.option or argument.option.name not in without]


def read(
    arguments: Sequence[str], folder: Path | None = None, options: Iterable[Option] = (*OPTIONS, *OF_PYTEST)
) -> CommandLine:
    """Read a command line.

    folder: the folder from which relative paths start, if it is not the current one. options: the options to check; any
    other argument is kept as it is. Raises UsageError.
    """
    known = {option.name: option for option in options}
    parsed: list[Argument] = []
    remaining = list(arguments)
    while remaining:
        text = remaining.pop(0)
        name, equals, value = text.partition("=")
        option = known.get(name)
        if option is None:
            parsed.append(Argument(None, text))
            continue
        if option.kind is Kind.FLAG:
            if equals:
                raise UsageError(f"{name} takes no value; give {name} alone")
        elif not equals:
            value = _separate_value(option, remaining)
        parsed.append(Argument(option, value if option.kind is Kind.FLAG else option.value(value, folder)))
    return CommandLine(tuple(_without_repetition(parsed)))


def _separate_value(option: Option, remaining: list[str]) -> str:
    """Take the value of an option from the next argument, or from the next two (`-e PATH`)."""
    value = remaining.pop(0) if remaining else ""
    if option.kind is Kind.REQUIREMENT and value in {"-e", "--editable"}:
        return f"-e {remaining.pop(0) if remaining else ''}"
    if value.startswith("-") and not re.fullmatch(r"-\d+", value):
        raise UsageError(f"{option.name} needs a value, as in {option.example}; the next argument is {value}")
    return value


def _without_repetition(arguments: Sequence[Argument]) -> Iterable[Argument]:
    """Yield the arguments that count: of each option that is not repeatable, one. Raises UsageError for two values."""
    last = {argument.option.name: argument for argument in arguments if argument.option is not None}
    seen = set()
    for argument in arguments:
        if argument.option is None or argument.option.repeatable:
            yield argument
            continue
        name = argument.option.name
        counting = last[name]
        if argument.text != counting.text and not argument.option.overridable:
            raise UsageError(f"{name} is given twice, as {argument.text} and as {counting.text}; give it once")
        if name not in seen:
            seen.add(name)
            yield counting


def no_such_option(argument: str, names: Iterable[str], command_name: str = "") -> str:
    """The message for an option that does not exist. names: the options that do. command_name: see `command`."""
    name = argument.partition("=")[0]
    hint = did_you_mean(name, names) or ";"
    return f"There is no option {name}{hint} `{command(command_name)} --help` lists the options."


def import_hint(module: str, import_from: str) -> str:
    """The end of a message about a candidate that cannot be imported: what to do about its missing module.

    module: the missing module; if it is empty, so is the hint. import_from: the value of --import-from.
    """
    if not module:
        return ""
    folder = Path(import_from or os.curdir, "src").absolute()
    if any((folder / name).exists() for name in (module, f"{module}.py")):
        return f"; it is in {folder}: give --import-from={folder}."
    install = "install it with --install=REQUIREMENT" if os.environ.get(INSTALLS_VARIABLE) else "install it there"
    return f"; {install}, or give the folder that holds it with --import-from=DIR."


class Parser(argparse.ArgumentParser):
    """The parser of one of COMMANDS. It takes no abbreviations; a mistake ends it with one sentence, status 2."""

    def __init__(self, command_name: str, **settings: Any) -> None:
        super().__init__(prog=command(command_name), allow_abbrev=False, **settings)
        self._command_name = command_name

    def add_options(self, *names: str, **changes: Any) -> None:
        """Add options of the table. changes: settings that replace those of the table, for all of these options."""
        for name in names:
            self.add_argument(name, **{**named(name).settings(), **changes})

    def error(self, message: str) -> NoReturn:
        """Print one sentence and exit with status 2."""
        unknown = re.match(r"unrecognized arguments: (-\S*)", message)
        sentence = re.sub(r"^argument (--[\w-]+): (?=\1)", "", message)
        if unknown:
            sentence = no_such_option(unknown[1], self._option_string_actions, self._command_name)
        print(sentence, file=sys.stderr)
        sys.exit(USAGE)
