"""Compares the `runpy` of successive interpreters, and holds what differs against the ledger.

usage: python -m conformance.commands.releases [--old=PYTHON] [--new=PYTHON] [CASE | CHAPTER | families/NAME ...]

Without --old and --new: each CPython found, with the release before it, live or as it was recorded. --new alone: that
one with the release before it. PYTHON: a path, a command's name, or a version such as 3.13, which is taken from the
recordings where there is no such command; recording:3.13 is taken from there in any case. Exit status: 0, 1 something
differs that is not in the ledger, or something in the ledger is not to be seen, 2 usage, 4 the suite itself failed, 5
nothing ran.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from pathlib import Path

from packaging.version import Version

from ... import FIXTURES, INTERRUPTED
from ...cases.model import FAMILIES, Case, CaseError
from ...cases.tree import cases
from ...clauses import registry
from ...clauses.ledger import LedgerError, disagreements, ledger
from ...observation.interpreters import LANGUAGES, OLDEST, BadInterpreter, find
from ...observation.recording import FOLDER, RecordingError, Recordings
from ...observation.side import AgentError, CandidateError
from ...search.profiles import PROFILES
from ...search.self_comparison import wanted
from ...texts import never_refuse_output
from ..command_line import Parser, command
from .cases_of_changes import case_of
from .compare import Interpreter, compare, live
from .tell import about, boundaries, summary, write_finds

_RECORDED = "recording:"


class _Usage(Exception):
    """What was asked for makes no sense; the text says what does."""


def main(arguments: list[str] | None = None) -> int:
    """Compare, pair after pair; the exit status."""
    never_refuse_output()
    parser = Parser(
        "releases",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="\n".join(str(__doc__).splitlines()[2:]),
        usage=argparse.SUPPRESS,
    )
    parser.add_argument("names", nargs="*", metavar="CASE | CHAPTER | families/NAME")
    parser.add_argument("--old", metavar="PYTHON", default="")
    parser.add_argument("--new", metavar="PYTHON", default="")
    parser.take("--profile", "--seed", "--finds")
    asked = parser.parse_args(arguments)
    try:
        recordings = Recordings(FIXTURES / FOLDER)
        pairs = list(_pairs(asked.old, asked.new, recordings))
        for change in ledger():
            case_of(change)
        faults = list(disagreements(ledger(), registry()))
        tree = _tree(asked.names, PROFILES[asked.profile].families)
    except (_Usage, BadInterpreter, RecordingError, CaseError, LedgerError) as exc:
        print(exc, file=sys.stderr)
        return 2
    for fault in faults:
        print(f"The ledger and the clauses disagree: {fault}.", file=sys.stderr)
    began = time.monotonic()
    found = []
    for old, new in pairs:
        try:
            one = compare(
                old,
                new,
                tree,
                ledger(),
                whole=not asked.names and PROFILES[asked.profile].families == 1,
                examples=0 if asked.names else PROFILES[asked.profile].examples,
                seed=asked.seed,
                recordings=recordings,
            )
        except (CandidateError, RecordingError) as exc:
            print(f"{old} and {new}: {exc}", file=sys.stderr)
            return 2
        except AgentError as exc:
            print(f"{old} and {new}: the suite itself failed: {exc}", file=sys.stderr)
            return 4
        except KeyboardInterrupt:
            print("Interrupted.", file=sys.stderr)
            return INTERRUPTED
        found.append(one)
        print("\n".join(about(one, write_finds(one, Path(asked.finds).absolute()))), flush=True)
    if not asked.names and not (asked.old or asked.new):
        print("\n" + "\n".join(boundaries(found, ledger())))
    print("\n" + summary(found, len(faults), time.monotonic() - began))
    if not any(one.tried for one in found):
        return 5
    return 1 if faults or any(one.differs for one in found) else 0


def _tree(names: Sequence[str], step: int) -> list[Case]:
    tree = cases(FIXTURES)
    named = [case for case in tree if case.chapter != FAMILIES]
    generated = islice((case for case in tree if case.chapter == FAMILIES), 0, None, 1 if names else step)
    found = [case for case in (*named, *generated) if wanted(case, names)]
    if not found:
        raise _Usage(f"There is no case {names[0]!r}: give a chapter, families/NAME, or the id of a case.")
    return found


def _pairs(old: str, new: str, recordings: Recordings) -> Iterator[tuple[Interpreter, Interpreter]]:
    """The interpreters to compare, each with the one before it. Raises _Usage, BadInterpreter."""
    if old and not new:
        raise _Usage("--old needs a --new to be compared with.")
    if not new:
        yield from _all_pairs(recordings)
        return
    newer = _named(new, recordings)
    if newer.target is None:
        raise _Usage(f"{newer.name} is only recorded here: --new must be an interpreter that can be started.")
    older = _named(old, recordings) if old else _before(newer, recordings)
    if older.build.implementation != newer.build.implementation:
        raise _Usage(
            f"{older.name} and {newer.name} are different implementations: "
            f"`{command()} --interpreter=...` judges one by CPython."
        )
    if Version(older.build.version) > Version(newer.build.version):
        raise _Usage(f"--old is {older.name}, which is later than --new, {newer.name}: give them in their order.")
    yield older, newer


def _named(what: str, recordings: Recordings) -> Interpreter:
    language = what.removeprefix(_RECORDED)
    if what.startswith(_RECORDED):
        return _recorded(language, recordings)
    if not re.fullmatch(r"3\.\d+", what):
        return live(find(what))
    try:
        return live(find(f"python{what}"))
    except BadInterpreter:
        return _recorded(language, recordings)


def _recorded(language: str, recordings: Recordings) -> Interpreter:
    if language not in recordings.builds:
        known = ", ".join(recordings.builds) or "none"
        raise _Usage(f"There is no recording of CPython {language}; there are: {known}.")
    return Interpreter(recordings.builds[language], None)


def _before(newer: Interpreter, recordings: Recordings) -> Interpreter:
    major, minor = newer.build.language.split(".")
    language = f"{major}.{int(minor) - 1}"
    if Version(language) < OLDEST:
        raise _Usage(f"{newer.name} is the first that is supported: there is none before it to compare with.")
    return _named(language, recordings)


def _all_pairs(recordings: Recordings) -> Iterator[tuple[Interpreter, Interpreter]]:
    chain = []
    for language in LANGUAGES:
        try:
            chain.append(_named(language, recordings))
        except _Usage:
            continue  # neither here, nor recorded
    if not any(one.target for one in chain):
        raise _Usage("There is no CPython here: no python3.8, python3.9 ... on PATH.")
    for older, newer in pairwise(chain):
        if newer.target is not None:
            yield older, newer
        else:
            print(f"{newer.name} is not here, and is not compared with {older.name}.", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
