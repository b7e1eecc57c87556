"""Another interpreter's own `runpy`, judged by CPython of the same version of the language.

What is the interpreter's nature, and no behaviour of `run_module`, is in `interpreters.toml`, with the reason; the
docs tell the same table. What CPython itself has changed between the two micro releases is expected as well.
"""

from __future__ import annotations

import functools
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .case import Case
from .effects import Effect, EffectError, Expected, effect
from .record import build_of
from .recorded import Recorded
from .recording import Recordings
from .releases.ledger import ledger
from .target import BadInterpreter, Side, Target, find
from .translated import Translated, in_shared_words

TABLE = Path(__file__).resolve().parent / "interpreters.toml"


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


_TABLE_STARTS, _TABLE_ENDS = "<!-- the table -->\n", "<!-- the end of the table -->\n"


def page(text: str) -> str:
    """docs/interpreters.md, with the table in it made anew."""
    head, start, rest = text.partition(_TABLE_STARTS)
    _, end, tail = rest.partition(_TABLE_ENDS)
    rows = "".join(f"| {one.id} | {one.what} | {one.why} |\n" for one in natures())
    return f"{head}{start}| | what | why |\n|---|---|---|\n{rows}{end}{tail}"


def expected(implementation: str, version: str, oracle: str) -> Expected:
    """What may differ from CPython of the version `oracle`, which speaks the same language."""
    rows: list[Effect] = []
    if implementation != "cpython":
        rows += [row for one in natures() for row in one.effects]
    rows += [row for change in ledger() if change.may_show(oracle, version) for row in change.effects]
    return Expected(rows)


def language_of(target: Target) -> str:
    """The version of the language that an interpreter speaks: "3.11"."""
    return ".".join(target.version.split(".")[:2])


def cpython_for(target: Target, asked: str) -> Target | None:
    """CPython of the same language, or None if there is none here. asked: which one, if one was asked for.

    Raises BadInterpreter.
    """
    language = language_of(target)
    if asked:
        found = find(asked)
        if found.implementation != "cpython" or language_of(found) != language:
            raise BadInterpreter(
                f"{found.name} cannot judge {target.name}: beside --interpreter, --target is a CPython {language}."
            )
        return found
    for name in (f"python{language}", sys.executable):
        try:
            found = find(name)
        except BadInterpreter:
            continue
        if found.implementation == "cpython" and language_of(found) == language:
            return found
    return None


def translated(side: Side, target: Target) -> Translated:
    """A side, in the words that all interpreters share. Raises BadInterpreter."""
    return Translated(side, build_of(target))


def recorded(recordings: Recordings, tree: Iterable[Case], target: Target, capabilities: frozenset[str]) -> Recorded:
    """The oracle where no CPython of that language is here. Raises BadInterpreter, RecordingError."""
    return Recorded(recordings, tree, in_shared_words(build_of(target)), capabilities)
