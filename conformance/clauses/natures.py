"""Natures: what an interpreter does in its own way, and is no behaviour of `run_module`: a table and its reader."""

from __future__ import annotations

import functools
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from ..checked import Table, checked_file, form, says
from . import Texts
from .effects import Effect, EffectRow, effects

TABLE = Path(__file__).resolve().parent / "natures.toml"


class NatureError(Exception):
    """Raised for a wrong table: one sentence, which says where."""


class NatureEntry(Table, frozen=True):
    """A way in which interpreters differ that is no behaviour of `run_module`."""

    noun = "nature"

    id: Annotated[str, says("a name")]
    what: Annotated[str, says("in what interpreters differ, for a reader")]
    why: Annotated[str, says("why that is no behaviour of `run_module`, for a reader")]
    effects: Annotated[tuple[EffectRow, ...], says("by what it is known again in an observation")]
    systems: Annotated[Texts, says("the systems whose nature it is, as `sys.platform` names them, or `musl`")] = ()


class NaturesFile(Table, frozen=True):
    """The file of natures."""

    noun = "file of natures"

    nature: Annotated[tuple[NatureEntry, ...], form("a list of natures, each written [[nature]]")]


@dataclass(frozen=True)
class Nature:
    """One way in which interpreters differ. what, why: sentences for a reader.

    systems: those whose nature it is, as `sys.platform` names them, whatever the interpreter is; "musl" is the C
    library of that name. If there are none, it is the nature of other implementations than CPython, on any system.
    """

    id: str
    what: str
    why: str
    effects: tuple[Effect, ...]
    systems: tuple[str, ...] = ()

    def may_show(self, implementation: str, systems: Collection[str]) -> bool:
        """True if an interpreter may show it, by the name of `sys.implementation` and its systems (see above)."""
        return not set(self.systems).isdisjoint(systems) if self.systems else implementation != "cpython"


@functools.cache
def natures(path: Path = TABLE) -> tuple[Nature, ...]:
    """All natures in the file; read once in a process. Raises NatureError."""
    entries = checked_file(path, NaturesFile, NatureError).nature
    return tuple(
        Nature(entry.id, entry.what, entry.why, effects(entry.id, entry.effects), entry.systems) for entry in entries
    )
