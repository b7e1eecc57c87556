"""What lies in the nature of an interpreter, and is no behaviour of `run_module`: a table and its reader."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path

from .effects import Effect, EffectError, effect

TABLE = Path(__file__).resolve().parent / "natures.toml"


@dataclass(frozen=True)
class Nature:
    """One thing that interpreters do in their own ways. what, why: for a reader."""

    id: str
    what: str
    why: str
    effects: tuple[Effect, ...]


@functools.cache
def natures() -> tuple[Nature, ...]:
    """The table. Raises EffectError."""
    found = []
    for entry in tomllib.loads(TABLE.read_text(encoding="utf-8"))["nature"]:
        missing = {"id", "what", "why", "effects"} ^ entry.keys()
        if missing:
            raise EffectError(f"{TABLE}: {entry.get('id', 'an entry')}: {min(missing)!r} is missing, or unknown")
        effects = tuple(effect(entry["id"], row) for row in entry["effects"])
        found.append(Nature(entry["id"], entry["what"], entry["why"], effects))
    return tuple(found)
