"""Features: single things that make a case less plain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Feature:
    """One thing that makes a case less plain.

    kind says how the other fields are read:

    - "nothing": the case stays as it is.
    - "run_name", "init", "alter": text is the expression of that argument, before the statements that it needs.
    - "style": text is the way in which all arguments are given.
    - "before": text are statements before the call, files what these import.
    - "entry": the same for statements that put an entry into sys.modules.
    - "storage": text is the storage's name.
    - "argv": argv is sys.argv.
    - "call", "change", "remove", "add", "package", "import", "forget": a step before the last call, which is about the
      module of that number.

    clauses: ids of the clauses that only a case with this feature shows.
    """

    kind: str
    text: str = ""
    before: str = ""
    number: int = 0
    files: Mapping[str, str] | None = None
    argv: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()


NOTHING = Feature("nothing")


def features(kind: str, *texts: str, clauses: str = "") -> tuple[Feature, ...]:
    """A feature for each text. clauses: their ids, with spaces between them."""
    return tuple(Feature(kind, text, clauses=tuple(clauses.split())) for text in texts)
