"""A feature: one thing that makes a case less plain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Feature:
    """One thing that makes a case less plain.

    kind: "nothing"; "run_name", "init" or "alter" (text: the expression, `before` what it needs); "style" (text: how
    the arguments are given); "before" (text: statements, files: what they need); "storage" (text: its name); "argv";
    or a step of a sequence: "call", "change", "remove", "add", "package", "import", "forget", with `number` telling
    which module. "entry": as "before", for an entry of sys.modules. clauses: what it shows that is a matter of its own.
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
    """One of each text. clauses: their ids, with spaces between them."""
    return tuple(Feature(kind, text, clauses=tuple(clauses.split())) for text in texts)
