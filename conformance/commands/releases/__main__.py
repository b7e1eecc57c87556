"""Compares the `runpy` of successive interpreters, and checks the differences against the ledger.

usage: python -m conformance.commands.releases [--old=PYTHON] [--new=PYTHON] [CASE | CHAPTER | families/NAME ...]

Without --old and --new, each CPython that is found is compared with the release before it, which may be a recording.
With --new alone, that interpreter is compared with the release before it. PYTHON is a path, a command's name, or a
version such as 3.13, for which the recording is taken if there is no such command; recording:3.13 always takes the
recording. Exit status: 0 all differences are in the ledger and the ledger's changes are shown, 1 a difference is not in
the ledger or a change is not shown, 2 usage error, 4 the suite itself failed, 5 nothing ran.
"""

# Rules. This module chooses the interpreters and the cases, prints, and returns the exit status. The comparison is in
# `compare`, its text in `text`.
#
# Theory of operation. `_pairs` yields the pairs of interpreters to compare. Each pair is compared over the tree of
# cases, and its text is printed at once. After the last pair come the changes and clauses that were shown by any pair;
# they are printed only if all interpreters were compared over all cases.

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from packaging.version import Version

from ... import FIXTURES, INTERRUPTED
from ...cases.model import FAMILIES, Case, CaseError
from ...cases.tree import cases, in_sample
from ...clauses import registry
from ...clauses.ledger import LedgerError, disagreements, ledger
from ...observation.interpreters import LANGUAGES, OLDEST, BadInterpreter, command_of, find
from ...observation.recording import FOLDER, RecordingError, Recordings
from ...observation.side import AgentError, CandidateError, CannotStart
from ...search.profiles import PROFILES
from ...search.self_comparison import wanted
from ...texts import never_refuse_output
from ..command_line import Parser, command
from .cases_of_changes import case_of
from .compare import Interpreter, compare, live
from .text import boundary_lines, comparison_lines, summary, write_finds

_RECORDED = "recording:"


class _Usage(Exception):
    """A usage error; the text is one sentence, which says what to give instead."""


def main(arguments: list[str] | None = None) -> int:
    """Compare each pair of interpreters, and return the exit status."""
    never_refuse_output()
    parser = Parser(
        "releases",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="\n".join(str(__doc__).splitlines()[2:]),
        usage=argparse.SUPPRESS,
    )
    parser.add_argument("names", nargs="*", metavar="CASE | CHAPTER | families/NAME", help="compare only these cases")
    parser.add_argument("--old", metavar="PYTHON", default="", help="the older interpreter")
    parser.add_argument("--new", metavar="PYTHON", default="", help="the newer interpreter")
    parser.add_options("--profile", "--seed", "--finds")
    options = parser.parse_args(arguments)
    try:
        recordings = Recordings(FIXTURES / FOLDER)
        pairs = list(_pairs(options.old, options.new, recordings))
        for change in ledger():
            case_of(change)
        faults = list(disagreements(ledger(), registry()))
        tree = _tree(options.names, PROFILES[options.profile].families)
    except (_Usage, BadInterpreter, RecordingError, CaseError, LedgerError) as exc:
        print(exc, file=sys.stderr)
        return 2
    for fault in faults:
        print(f"The ledger and the clauses disagree: {fault}.", file=sys.stderr)
    began = time.monotonic()
    comparisons = []
    for old, new in pairs:
        try:
            comparison = compare(
                old,
                new,
                tree,
                ledger(),
                whole=not options.names and PROFILES[options.profile].families == 1,
                examples=0 if options.names else PROFILES[options.profile].examples,
                seed=options.seed,
                recordings=recordings,
            )
        except (CandidateError, CannotStart, RecordingError) as exc:
            print(f"{old} and {new}: {exc}", file=sys.stderr)
            return 2
        except AgentError as exc:
            print(f"{old} and {new}: the suite itself failed: {exc}", file=sys.stderr)
            return 4
        except KeyboardInterrupt:
            print("Interrupted.", file=sys.stderr)
            return INTERRUPTED
        comparisons.append(comparison)
        written = write_finds(comparison, Path(options.finds).absolute())
        print("\n".join(comparison_lines(comparison, written)), flush=True)
    if not options.names and not (options.old or options.new):
        print("\n" + "\n".join(boundary_lines(comparisons, ledger())))
    print("\n" + summary(comparisons, len(faults), time.monotonic() - began))
    if not any(comparison.tried for comparison in comparisons):
        return 5
    return 1 if faults or any(comparison.differs for comparison in comparisons) else 0


def _tree(names: Sequence[str], step: int) -> list[Case]:
    tree = cases(FIXTURES)
    tried = (case for case in tree if names or case.chapter != FAMILIES or in_sample(case.id, step))
    selected = [case for case in tried if wanted(case, names)]
    if not selected:
        raise _Usage(f"There is no case {names[0]!r}; give a chapter, families/NAME, or the id of a case.")
    return selected


def _pairs(old: str, new: str, recordings: Recordings) -> Iterator[tuple[Interpreter, Interpreter]]:
    """The pairs of interpreters to compare, the older one first. Raises _Usage, BadInterpreter."""
    if old and not new:
        raise _Usage("--old needs a --new, the interpreter with which it is compared.")
    if not new:
        yield from _all_pairs(recordings)
        return
    newer = _named(new, recordings)
    if newer.target is None:
        raise _Usage(f"{newer.name} is only recorded here; --new must be an interpreter that can be started.")
    older = _named(old, recordings) if old else _before(newer, recordings)
    if older.build.implementation != newer.build.implementation:
        raise _Usage(
            f"{older.name} and {newer.name} are different implementations; "
            f"`{command()} --interpreter=...` judges an interpreter by CPython."
        )
    if Version(older.build.version) > Version(newer.build.version):
        raise _Usage(f"--old is {older.name}, which is later than --new, {newer.name}; give them in their order.")
    yield older, newer


def _named(name: str, recordings: Recordings) -> Interpreter:
    language = name.removeprefix(_RECORDED)
    if name.startswith(_RECORDED):
        return _recorded(language, recordings)
    if not re.fullmatch(r"3\.\d+", name):
        return live(find(name))
    try:
        return live(find(command_of(name)))
    except BadInterpreter:
        return _recorded(language, recordings)


def _recorded(language: str, recordings: Recordings) -> Interpreter:
    if language not in recordings.cpythons:
        known = ", ".join(recordings.cpythons) or "none"
        raise _Usage(f"There is no recording of CPython {language}; there are: {known}.")
    return Interpreter(recordings.cpythons[language], None)


def _before(newer: Interpreter, recordings: Recordings) -> Interpreter:
    major, minor = newer.build.language.split(".")
    language = f"{major}.{int(minor) - 1}"
    if Version(language) < OLDEST:
        raise _Usage(f"{newer.name} is the oldest supported release; there is no release before it to compare with.")
    return _named(language, recordings)


def _all_pairs(recordings: Recordings) -> Iterator[tuple[Interpreter, Interpreter]]:
    chain = []
    for language in LANGUAGES:
        try:
            chain.append(_named(language, recordings))
        except _Usage:
            continue  # it is neither found nor recorded
    if not any(interpreter.target for interpreter in chain):
        raise _Usage("There is no CPython here: no python3.8, python3.9 ... on PATH.")
    for older, newer in pairwise(chain):
        if newer.target is not None:
            yield older, newer
        else:
            print(f"{newer.name} is only recorded, so that it is not compared with {older.name}.", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
