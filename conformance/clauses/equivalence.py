"""The equivalence of `python -m` and `run_module`, as a table of all in which they differ, and its reader.

The library reference says that the option -m offers the functionality of `run_module`. So a program sees the same under
both, but for the differences in this table.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from ..checked import Table, checked_file, form, says
from .effects import Effect, EffectRow, effects

TABLE = Path(__file__).resolve().parent / "equivalence.toml"


class EquivalenceError(Exception):
    """Raised for a wrong table: one sentence, which says where."""


class DifferenceEntry(Table, frozen=True):
    """One thing in which `python -m` and `run_module` differ."""

    noun = "difference"

    id: Annotated[str, says("a name")]
    what: Annotated[str, says("in what the two differ, for a reader")]
    source: Annotated[str, says("where that is promised, or on which releases it was observed")]
    effects: Annotated[tuple[EffectRow, ...], says("by what it is known again in an observation")]


class EquivalenceFile(Table, frozen=True):
    """The file of differences."""

    noun = "file of differences"

    difference: Annotated[tuple[DifferenceEntry, ...], form("a list of differences, each written [[difference]]")]


@dataclass(frozen=True)
class KnownDifference:
    """One thing in which the two differ. what: a sentence for a reader. source: as of a clause."""

    id: str
    what: str
    source: str
    effects: tuple[Effect, ...]


@functools.cache
def known_differences(path: Path = TABLE) -> tuple[KnownDifference, ...]:
    """All differences in the file; read once in a process. Raises EquivalenceError."""
    entries = checked_file(path, EquivalenceFile, EquivalenceError).difference
    return tuple(
        KnownDifference(entry.id, entry.what, entry.source, effects(entry.id, entry.effects)) for entry in entries
    )
