"""Writes finds for whoever is to mend them: each as a fixture, and beside it a program that shows it by itself.

A folder for each: `fixture.toml`, which becomes one of the suite's own by being saved in `fixtures/<chapter>/`, and
`repro.py`, which is run before it is offered.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..cases.fixtures import from_plain
from .reproducer import program


@dataclass(frozen=True)
class Written:
    """Where a find is. shows: whether the program shows the difference by itself. problem: why there is nothing."""

    fixture: Path | None = None
    program: Path | None = None
    shows: bool = False
    problem: str = ""


def name_of(clause: str, case: str) -> str:
    """The name of a find's folder: the clause that it breaks, and a few digits of the case's own id."""
    return f"{clause.lower().replace('-', '_')}_{case.rpartition('/')[2][:6]}"


def write(
    own: Path,
    record: Mapping[str, Any],
    *,
    says: str,
    impl: str,
    import_from: str,
    interpreter: str,
    target: str,
    again: str,
    reproduces: Callable[[str, str], bool],
    interpreters: Sequence[str] | None = None,
) -> Written:
    """Write a find, from its record, into `own`, a folder for it. Raises OSError.

    says: what differs, in words. interpreter, target: in which it showed. again: the command that judges by the case.
    reproduces: runs a program in an interpreter, and is true if that shows a difference. interpreters: those of the two
    sides, if they are two.
    """
    text = record["fixture"]
    if not text:
        return Written(problem="it holds texts that no file can hold")
    own.mkdir(parents=True, exist_ok=True)
    fixture, script = own / "fixture.toml", own / "repro.py"
    fixture.write_text(text, encoding="utf-8")
    case = from_plain(tomllib.loads(text), record["id"])
    source = program(
        case, says=f"{says}\n\nSeen on {target}.", impl=impl, import_from=import_from, interpreters=interpreters
    )
    script.write_text(source, encoding="utf-8")
    shows = reproduces(source, interpreter)
    if not shows:
        says = f"{says}\n\nSeen on {target}, by the suite's own observation alone: {again}"
        source = program(case, says=says, impl=impl, import_from=import_from, interpreters=interpreters)
        script.write_text(source, encoding="utf-8")
    return Written(fixture, script, shows)
