"""The equivalence of commands and functions, as a table of all in which they differ, and its reader.

The library reference says that the option -m offers the functionality of `run_module`, and that `run_path` takes what
the command line takes. So a program sees the same under both, but for the differences in this table.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from ..checked import Table, checked_file, form, says
from . import MODULE
from .effects import Effect, EffectRow, effects

TABLE = Path(__file__).resolve().parent / "equivalence.toml"


class EquivalenceError(Exception):
    """Raised for a wrong table: one sentence, which says where."""


class DifferenceEntry(Table, frozen=True):
    """One thing in which `python -m` and `run_module` differ, or `python FILE` and `run_path`."""

    noun = "difference"

    id: Annotated[str, says("a name")]
    what: Annotated[str, says("in what the two differ, for a reader")]
    source: Annotated[str, says("where that is promised, or on which releases it was observed")]
    effects: Annotated[tuple[EffectRow, ...], says("by what it is known again in an observation")]
    of: Annotated[
        tuple[Literal["module", "path"], ...], says("the kinds of programs that show it (default: module alone)")
    ] = ("module",)


class EquivalenceFile(Table, frozen=True):
    """The file of differences."""

    noun = "file of differences"

    difference: Annotated[tuple[DifferenceEntry, ...], form("a list of differences, each written [[difference]]")]


@dataclass(frozen=True)
class KnownDifference:
    """One thing in which the two differ.

    what: a sentence for a reader. source: as of a clause. of: the kinds of programs that show it.
    """

    id: str
    what: str
    source: str
    effects: tuple[Effect, ...]
    of: tuple[str, ...] = (MODULE,)


@functools.cache
def known_differences(path: Path = TABLE) -> tuple[KnownDifference, ...]:
    """All differences in the file; read once in a process. Raises EquivalenceError."""
    entries = checked_file(path, EquivalenceFile, EquivalenceError).difference
    return tuple(
        KnownDifference(entry.id, entry.what, entry.source, effects(entry.id, entry.effects), entry.of)
        for entry in entries
    )
