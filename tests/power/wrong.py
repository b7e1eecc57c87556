"""Wrong implementations: written by hand, made by mutation tools, or in any files; and those that are not wrong at all.

tests/equivalent.toml says of some that tools make, by what was changed, that nothing can tell them from the reference,
or that only releases that are not at hand could.
"""

from __future__ import annotations

import ast
import difflib
import functools
import json
import threading
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import SpecifierSet

from conformance import REFERENCE
from conformance.clauses import Level, registry
from conformance.observation.interpreters import Target
from tests.harness import combined_mutants, mutants, single_faults, unseen_faults

EQUIVALENT = Path(__file__).resolve().parent.parent / "equivalent.toml"
WRITTEN, SINGLE, GENERATED, INTERACTION, FILE = "written", "single", "generated", "interaction", "file"


@dataclass(frozen=True)
class Change:
    """The change that makes a mutant of the reference: in which function, and which lines, without indentation."""

    where: str
    old: str
    new: str

    def __str__(self) -> str:
        return "\n".join(
            [*(f"- {line}" for line in self.old.split("\n")), *(f"+ {line}" for line in self.new.split("\n"))]
        )


@dataclass(frozen=True)
class Wrong:
    """One wrong implementation.

    origin: WRITTEN, SINGLE (in single_faults.toml), a sample of unseen_faults.toml such as sample-1, GENERATED,
    INTERACTION or FILE. clause: what it breaks, "" if nobody said. versions: where the fault shows. level: up to which
    level divergences count. also: other clauses that say just as well what is wrong.
    """

    name: str
    origin: str
    summary: str
    source: str
    clause: str = ""
    versions: str = ""
    level: Level = Level.EXACT
    also: tuple[str, ...] = ()

    def shows_in(self, target: Target) -> bool:
        """True if the fault can show on a target."""
        return SpecifierSet(self.versions, prereleases=True).contains(target.version)

    @functools.cached_property
    def change(self) -> Change:
        """The difference from the reference."""
        return change((REFERENCE / "__init__.py").read_text(encoding="utf-8"), self.source)


@dataclass(frozen=True)
class Equivalent:
    """A generated mutant that nothing shows, and why; versions: the releases that would show it, if there are any."""

    change: Change
    why: str
    versions: str = ""

    def shows_in(self, target: Target) -> bool:
        """True if a target is one of those releases."""
        return bool(self.versions) and SpecifierSet(self.versions).contains(target.version)


def written() -> Iterator[Wrong]:
    """Those of tests/mutants/, tests/combinations.toml, tests/single_faults.toml and tests/unseen_faults.toml."""
    alike = _alike()
    for mutant in (*mutants(), *(combined for combined, _ in combined_mutants())):
        level = max(registry()[mutant.clause].level, Level.COMPAT)
        source = mutant.source()
        facts = mutant.id, WRITTEN, mutant.summary, source, mutant.clause, mutant.versions
        others = (clause for clause in alike[_without_comments(source)] if clause != mutant.clause)
        yield Wrong(*facts, level, tuple(dict.fromkeys((*mutant.also, *others))))
    for fault in single_faults():
        level = max(registry()[fault.clause].level, Level.COMPAT)
        source = fault.source()
        yield Wrong(fault.name, SINGLE, fault.summary, source, fault.clause, level=level, also=fault.also)
    for unseen, sample in unseen_faults():
        level = max(registry()[unseen.clause].level, Level.COMPAT)
        facts = unseen.place, f"sample-{sample}", unseen.summary, unseen.source(), unseen.clause
        yield Wrong(*facts, level=level, also=unseen.also)


@functools.cache
def _alike() -> Mapping[str, Sequence[str]]:
    """The clauses that a mutant stands for, by its source: one that breaks several stands there for each of them."""
    found: dict[str, list[str]] = defaultdict(list)
    for mutant in mutants():
        found[_without_comments(mutant.source())] += mutant.clause, *mutant.also
    return defaultdict(list, found)


def _without_comments(source: str) -> str:
    return "\n".join(line for line in source.splitlines() if line.strip() and not line.strip().startswith("#"))


def generated(lines: Iterable[str]) -> Iterator[Wrong]:
    """Those that `generate` wrote, one JSON line each; named by what was changed, and where."""
    numbers: dict[str, int] = {}
    for line in lines:
        found = json.loads(line)
        wrong = Wrong("", GENERATED, found["operator"], found["source"])
        where = wrong.change.where
        numbers[where] = numbers.get(where, 0) + 1
        yield Wrong(f"{where}-{numbers[where]}", GENERATED, found["operator"], found["source"])


def files(paths: Iterable[Path], level: Level) -> Iterator[Wrong]:
    """Any implementations, by the files that hold them."""
    for path in paths:
        yield Wrong(path.stem, FILE, path.name, path.read_text(encoding="utf-8"), level=level)


def equivalents() -> list[Equivalent]:
    """Those of tests/equivalent.toml."""
    entries = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))["mutant"]
    return [
        Equivalent(Change(entry["where"], entry["old"], entry["new"]), entry["why"], entry.get("versions", ""))
        for entry in entries
    ]


def stale(known: Iterable[Equivalent], wrong: Iterable[Wrong]) -> list[Equivalent]:
    """The entries that are about none of the generated mutants."""
    made = {implementation.change for implementation in wrong if implementation.origin == GENERATED}
    return [equivalent for equivalent in known if equivalent.change not in made]


def change(old: str, new: str) -> Change:
    """The difference between two texts; where: the function that holds the first line, or "module"."""
    before, after = old.splitlines(), new.splitlines()
    blocks = [
        block for block in difflib.SequenceMatcher(None, before, after, False).get_opcodes() if block[0] != "equal"
    ]
    taken = [line for _, start, end, _, _ in blocks for line in before[start:end]]
    given = [line for _, _, _, start, end in blocks for line in after[start:end]]
    return Change(_function(old, blocks[0][1] + 1 if blocks else 0), _text(taken), _text(given))


# CPython 3.11 counts how deep it is in a tree for all threads together, and raises SystemError if two of them parse.
_PARSING = threading.Lock()


def _text(lines: Sequence[str]) -> str:
    return "\n".join(line.strip() for line in lines)


def _function(source: str, line: int) -> str:
    with _PARSING:
        body = ast.parse(source).body
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.lineno <= line <= (node.end_lineno or 0):
            return node.name
    return "module"
