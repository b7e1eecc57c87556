"""Compares the oracle with itself: any difference is noise, and would one day be a false alarm.

usage: python -m conformance.search.self_comparison [--target=PYTHON] ... [--cases=DIR] [CHAPTER | FAMILY | CASE ...]

Every case is run in each of the ways in which a case is ever run: in a process forked for it, after others in one
process, and in an interpreter started for it; each must show the same, to the byte. Exit status: 0, 1 something
differs, 2 usage, 5 nothing ran.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .. import FIXTURES
from ..cases.model import FAMILIES, Case, CaseError
from ..cases.tree import cases
from ..judge.first_difference import first_difference
from ..observation.batches import batches, run_together
from ..observation.interpreters import BadInterpreter, Target, find
from ..observation.live import LiveSide
from ..observation.side import AgentError, Reply, Side
from ..texts import never_refuse_output

_SHOWN = 20


@dataclass(frozen=True)
class Noise:
    """A case whose observation depends on the way in which it is run."""

    case: Case
    way: str
    difference: str


def main(arguments: list[str] | None = None) -> int:
    """Compare, target after target; the exit status."""
    never_refuse_output()
    parser = argparse.ArgumentParser(
        allow_abbrev=False,
        prog="python -m conformance.search.self_comparison",
        description=str(__doc__).splitlines()[0],
    )
    parser.add_argument("names", nargs="*", metavar="CHAPTER | FAMILY | CASE")
    parser.add_argument("--target", action="append", default=[], metavar="PYTHON")
    parser.add_argument("--cases", default=str(FIXTURES), metavar="DIR")
    options = parser.parse_args(arguments)
    try:
        tree = [case for case in cases(Path(options.cases).resolve()) if wanted(case, options.names)]
        targets = [find(name) for name in options.target or [sys.executable]]
    except (CaseError, BadInterpreter) as exc:
        print(exc, file=sys.stderr)
        return 2
    if not tree:
        print("There is no such case: give a chapter, families/NAME, or the id of a case.", file=sys.stderr)
        return 2
    quiet, ran = True, 0
    for target in targets:
        able, found = compare(target, tree)
        ran += able
        quiet = quiet and not found
        print(f"{target.name}: {able} cases, each run in four processes: {len(found)} differ", flush=True)
        for noise in found[:_SHOWN]:
            print(f"  {noise.case.id}, {noise.way}: {noise.difference}")
    return 5 if not ran else 0 if quiet else 1


def wanted(case: Case, names: Sequence[str]) -> bool:
    """True if no name is given, or if one of the names is the case's, or its chapter's or family's."""
    return not names or any(case.id == name or case.id.startswith(f"{name}/") for name in names)


def compare(target: Target, tree: Sequence[Case]) -> tuple[int, list[Noise]]:
    """The number of cases that the target can run, and the noise among them. Raises AgentError."""
    first, second = LiveSide(target, "oracle"), LiveSide(target, "oracle")
    try:
        greeting = first.greeting
        able = [case for case in tree if not case.unmet(greeting.version, greeting.capabilities)]
        found: list[Noise] = []
        with ThreadPoolExecutor(1) as other:
            for batch in batches(able):
                found.extend(_compare(first, second, batch, other))
        return len(able), found
    finally:
        first.close()
        second.close()


def _compare(first: Side, second: Side, batch: Sequence[Case], other: ThreadPoolExecutor) -> Iterator[Noise]:
    together = other.submit(run_together, first, batch)
    alone = [second.run(case.plain()) for case in batch]
    for case, own, shared in zip(batch, alone, together.result(), strict=True):
        if own.status != "done":
            raise AgentError(f"{case.id} on {first.greeting.version}: no observation ({own.status} {own.detail})")
        # A fixture may change the interpreter in a way that cannot be undone; the cases after it are then not run.
        if shared.status == "done" and own.line != shared.line:
            yield Noise(case, "after others in one process", _difference(own, shared))
        elif shared.status != "done" and case.chapter == FAMILIES:
            yield Noise(case, "after others in one process", f"{shared.status} {shared.detail or ''}")
    for case, own in zip(batch, alone, strict=True):
        fresh = other.submit(first.run, case.plain(), fresh=True)
        again = second.run(case.plain())
        for way, reply in (("once more", again), ("in a fresh interpreter", fresh.result())):
            if reply.line != own.line:
                yield Noise(case, way, _difference(own, reply))


def _difference(first: Reply, second: Reply) -> str:
    if second.observation is None:
        return f"no observation ({second.status} {second.detail})"
    return first_difference(first.observation, second.observation) or "the order of keys"


if __name__ == "__main__":
    sys.exit(main())
