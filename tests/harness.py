"""Helpers that the self-tests share: the project's fixtures, sides in this interpreter, and mutants of the reference.

Verdicts here come straight from the judge, without the confirmation of `trial`, which has tests of its own.
"""

from __future__ import annotations

import ast
import functools
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from packaging.specifiers import SpecifierSet

from conformance import FIXTURES, HOUSE, REFERENCE
from conformance.agent.messages import Observation
from conformance.cases.fixtures import fixtures, read
from conformance.cases.model import Case
from conformance.clauses import Level, pythons
from conformance.judge.compare import failed, judge
from conformance.judge.divergence import Divergence
from conformance.observation.interpreters import BadInterpreter, Target, find
from conformance.observation.live import LiveSide
from conformance.observation.side import Reply

MUTANTS = Path(__file__).resolve().parent / "mutants"
LAUNCHERS = Path(__file__).resolve().parent / "launchers"
SINGLE_FAULTS = Path(__file__).resolve().parent / "single_faults.toml"
UNSEEN_FAULTS = Path(__file__).resolve().parent / "unseen_faults.toml"
COMBINATIONS = Path(__file__).resolve().parent / "combinations.toml"


def conformance(
    *arguments: str, folder: Path = HOUSE, timeout: float | None = 120, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run `python -m conformance` to its end, as a user would from a folder. timeout: seconds."""
    return subprocess.run(
        [sys.executable, "-m", "conformance", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(HOUSE), **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a file that we have made ourselves; Python 3.11.4 and later ask what such a file may do."""
    is_asked = hasattr(tarfile, "data_filter") and archive.suffix != ".zip"
    shutil.unpack_archive(archive, folder, **({"filter": "data"} if is_asked else {}))


@functools.cache
def every_case() -> Mapping[str, Case]:
    """The project's fixtures by id: those of calls and those of commands."""
    return {case.id: case for case in (read(path, FIXTURES) for path in fixtures(FIXTURES))}


@functools.cache
def all_cases() -> Mapping[str, Case]:
    """The project's fixtures that call `run_module`, by id."""
    return {name: case for name, case in every_case().items() if not case.is_of_commands}


@functools.cache
def cases_of(clause: str) -> Sequence[Case]:
    """The fixtures that name a clause."""
    return [case for case in every_case().values() if clause in case.clauses]


@functools.cache
def target_for(versions: str) -> Target | None:
    """The driver's own interpreter if it lies within the versions, else the first one on PATH that does, else none."""
    for name in (sys.executable, *(f"python{version}" for version in reversed(pythons.VERSIONS))):
        try:
            target = find(name)
        except BadInterpreter:
            continue
        if target.implementation == "cpython" and SpecifierSet(versions).contains(target.version):
            return target
    return None


class Oracle:
    """The oracle of one target, asked once for each case."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.side = LiveSide(target, "oracle")
        self._seen: dict[str, Reply] = {}

    def reply(self, case: Case) -> Reply:
        """The reply of the target's own runpy to a case."""
        if case.digest not in self._seen:
            self._seen[case.digest] = self.side.run(case.plain())
        return self._seen[case.digest]

    def observe(self, case: Case) -> Mapping[str, Any]:
        """The observation of the target's own runpy in a case."""
        observation = self.reply(case).observation
        assert observation is not None, f"{case.id}: the oracle gave no observation"
        return observation


def replies(candidate: LiveSide, cases: Sequence[Case]) -> Iterator[tuple[Case, Reply]]:
    """The replies of a candidate to cases that follow one another in one process; a lost case runs by itself."""
    candidate.start([case.plain() for case in cases])
    for case, shared in zip(cases, candidate.finish(), strict=True):
        yield case, shared if shared.status == "done" else candidate.run(case.plain())


def judged(oracle: Oracle, candidate: LiveSide, case: Case, level: Level = Level.EXACT) -> list[Divergence] | None:
    """The divergences of a candidate in a case; None if the target cannot run it, or the candidate not offer it."""
    greeting = oracle.side.greeting
    if case.unmet(greeting.version, greeting.capabilities):
        return None
    reply = candidate.run(case.plain())
    if reply.unsupported is not None:
        return None
    if reply.observation is None:
        field = "hang" if reply.status == "hang" else "crash"
        return [failed(case, field, reply.detail, version=greeting.version)]
    ours = oracle.observe(case)
    return judge(case, ours, reply.observation, version=greeting.version, level=level)


def judged_command(oracle: Oracle, command: str, case: Case, *, all_output: bool = False) -> list[Divergence]:
    """The causes of the divergences of a command in a case, at `compat`. command: a side, as of `side_of`."""
    side = LiveSide(oracle.target, command)
    try:
        candidate = side.run(case.plain()).observation
    finally:
        side.close()
    assert candidate is not None
    version = oracle.side.greeting.version
    found = judge(case, cast(Observation, oracle.observe(case)), candidate, version=version, all_output=all_output)
    return [divergence for divergence in found if divergence.cause]


@dataclass(frozen=True)
class Mutant:
    """A wrong implementation: a right one, which is the reference, with a few texts replaced.

    clause: what it breaks, and what the suite must name. edits: (old, new), each old text standing exactly once in the
    right one. versions: where the fault shows, if not everywhere. also: other clauses that say just as well what is
    wrong, so that any of them may lead a report. right: the file of the right one.
    """

    clause: str
    summary: str
    edits: tuple[tuple[str, str], ...]
    versions: str
    place: str
    also: tuple[str, ...] = ()
    right: Path = REFERENCE / "__init__.py"

    @property
    def id(self) -> str:
        """A name for pytest."""
        return f"{self.clause}-{self.place}"

    def source(self) -> str:
        """The mutant's source text."""
        text = self.right.read_text(encoding="utf-8")
        for old, new in self.edits:
            assert text.count(old) == 1, f"{self.id}: {old!r} stands {text.count(old)} times in {self.right}"
            text = text.replace(old, new)
        return text


def mutants() -> Iterator[Mutant]:
    """All hand-written mutants of the reference: tests/mutants/<chapter>.toml."""
    for path in sorted(MUTANTS.glob("*.toml")):
        yield from mutants_in(path, REFERENCE / "__init__.py")


def wrong_launchers() -> Iterator[Mutant]:
    """Launchers that are wrong, each with edits of the right one beside it: those of modules, then those of scripts."""
    yield from mutants_in(LAUNCHERS / "wrong.toml", LAUNCHERS / "right.py")
    yield from mutants_in(LAUNCHERS / "wrong_scripts.toml", LAUNCHERS / "right_script.py")


def mutants_in(path: Path, right: Path) -> Iterator[Mutant]:
    """The mutants of a file, each with edits of a right implementation."""
    for number, entry in enumerate(tomllib.loads(path.read_text(encoding="utf-8"))["mutant"], 1):
        yield Mutant(
            clause=entry["clause"],
            summary=entry["summary"],
            edits=tuple((old, new) for old, new in entry["edits"]),
            versions=entry.get("versions", ""),
            place=f"{path.stem}-{number}",
            also=tuple(entry.get("also", ())),
            right=right,
        )


@dataclass(frozen=True)
class SingleFault:
    """A wrong implementation with one fault: the reference with other functions.

    name, summary: for a reader. clause, also: see `Mutant`. top: statements before all functions; before all imports,
    if one is about `__future__`. functions: their source texts; those of the same name are replaced, others are added.
    """

    name: str
    summary: str
    clause: str
    functions: str
    top: str = ""
    also: tuple[str, ...] = ()

    def source(self) -> str:
        """The source text of the implementation."""
        text = (REFERENCE / "__init__.py").read_text(encoding="utf-8")
        lines = text.splitlines()
        new = {node.name: node for node in ast.parse(self.functions).body if isinstance(node, ast.FunctionDef)}
        for node in reversed(ast.parse(text).body):
            if isinstance(node, ast.FunctionDef) and node.name in new:
                lines[node.lineno - 1 : node.end_lineno] = [str(ast.get_source_segment(self.functions, new[node.name]))]
                del new[node.name]
        kind = ast.Import if "__future__" in self.top else ast.Assign
        first = next(node for node in ast.parse(text).body if isinstance(node, kind))
        lines[first.lineno - 1 : first.lineno - 1] = self.top.splitlines()
        others = [
            str(ast.get_source_segment(self.functions, node))
            for node in ast.parse(self.functions).body
            if not isinstance(node, ast.FunctionDef) or node.name in new
        ]
        return "\n".join([*lines, *others, ""])


def single_faults() -> list[SingleFault]:
    """All entries of tests/single_faults.toml."""
    entries = tomllib.loads(SINGLE_FAULTS.read_text(encoding="utf-8"))["fault"]
    return [SingleFault(**{**entry, "also": tuple(entry.get("also", ()))}) for entry in entries]


def unseen_faults() -> list[tuple[Mutant, int]]:
    """All entries of tests/unseen_faults.toml as mutants, whose place is their name, each with its sample."""
    entries = tomllib.loads(UNSEEN_FAULTS.read_text(encoding="utf-8"))["fault"]
    return [
        (
            Mutant(
                entry["clause"],
                entry["summary"],
                tuple(map(tuple, entry["edits"])),
                "",
                entry["name"],
                tuple(entry.get("also", ())),
            ),
            entry["sample"],
        )
        for entry in entries
    ]


def combined_mutants() -> list[tuple[Mutant, str]]:
    """Mutants that no named fixture shows, each with the id of a case that does: tests/combinations.toml."""
    entries = tomllib.loads(COMBINATIONS.read_text(encoding="utf-8"))["mutant"]
    return [
        (
            Mutant(entry["clause"], entry["summary"], tuple(map(tuple, entry["edits"])), "", f"combinations-{number}"),
            entry["case"],
        )
        for number, entry in enumerate(entries, 1)
    ]
