"""Writes finds for whoever is to mend them: each as a fixture, and beside it a program that shows it by itself.

A folder for each: `fixture.toml`, which becomes one of the suite's own by being saved in `fixtures/<chapter>/`, and
`repro.py`, which is run before it is offered.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..cases.fixtures import from_plain
from .reproducer import program
from .types import TrialRecord


@dataclass(frozen=True)
class Written:
    """The files of a find. shows: the program shows the difference by itself. problem: why there are no files."""

    fixture: Path | None = None
    program: Path | None = None
    shows: bool = False
    problem: str = ""


def name_of(clause: str, case: str) -> str:
    """The name of a find's folder: the clause that it breaks, and a few digits of the case's own id."""
    return f"{clause.lower().replace('-', '_')}_{case.rpartition('/')[2][:6]}"


def write(
    folder: Path,
    record: TrialRecord,
    *,
    difference: str,
    impl: str,
    import_from: str,
    interpreter: str,
    target: str,
    again: str,
    reproduces: Callable[[str, str], bool] | None,
    interpreters: Sequence[str] | None = None,
) -> Written:
    """Write a find, from its record, into a folder of its own. Raises OSError.

    difference: the divergence in words. interpreter, target: those in which it showed. again: the command that judges
    by the case. reproduces: runs a program in an interpreter, and returns True if that shows a difference; None if the
    interpreter runs no programs, and there is no use in writing one.
    interpreters: those of the two sides, if they are two.
    """
    text = record.get("fixture", "")
    if not text:
        return Written(problem="it holds texts that no file can hold")
    folder.mkdir(parents=True, exist_ok=True)
    fixture, script = folder / "fixture.toml", folder / "repro.py"
    fixture.write_text(text, encoding="utf-8")
    if reproduces is None:
        return Written(fixture)
    case = from_plain(tomllib.loads(text), record["id"])
    text = f"{difference}\n\nSeen on {target}."
    source = program(case, difference=text, impl=impl, import_from=import_from, interpreters=interpreters)
    script.write_text(source, encoding="utf-8")
    shows = reproduces(source, interpreter)
    if not shows:
        text = f"{difference}\n\nSeen on {target}, by the suite's own observation alone: {again}"
        source = program(case, difference=text, impl=impl, import_from=import_from, interpreters=interpreters)
        script.write_text(source, encoding="utf-8")
    return Written(fixture, script, shows)
