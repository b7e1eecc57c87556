"""The oracle against itself: whatever differs then is noise, and would one day be a false alarm.

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
from ..commands.record import first_difference
from ..observation.interpreters import BadInterpreter, Target, find
from ..observation.live import LiveSide
from ..observation.side import AgentError, Reply
from ..report.texts import never_refuse_output

_TOGETHER = 40
_SHOWN = 20


@dataclass(frozen=True)
class Noise:
    """A case that shows something else in another way of running it."""

    case: Case
    way: str
    difference: str


def main(arguments: list[str] | None = None) -> int:
    """Compare, target after target; the exit status."""
    never_refuse_output()
    parser = argparse.ArgumentParser(
        prog="python -m conformance.search.self_comparison", description=str(__doc__).splitlines()[0]
    )
    parser.add_argument("names", nargs="*", metavar="CHAPTER | FAMILY | CASE")
    parser.add_argument("--target", action="append", default=[], metavar="PYTHON")
    parser.add_argument("--cases", default=str(FIXTURES), metavar="DIR")
    asked = parser.parse_args(arguments)
    try:
        tree = [one for one in cases(Path(asked.cases).resolve()) if wanted(one, asked.names)]
        targets = [find(one) for one in asked.target or [sys.executable]]
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
    """Whether a case is one of those named, or belongs to one."""
    return not names or any(case.id == name or case.id.startswith(f"{name}/") for name in names)


def compare(target: Target, tree: Sequence[Case]) -> tuple[int, list[Noise]]:
    """How many cases the target can run, and the noise among them. Raises AgentError."""
    first, second = LiveSide(target, "oracle"), LiveSide(target, "oracle")
    try:
        greeting = first.greeting
        able = [case for case in tree if not case.unmet(greeting.version, greeting.capabilities)]
        found: list[Noise] = []
        with ThreadPoolExecutor(1) as other:
            for start in range(0, len(able), _TOGETHER):
                found.extend(_compare(first, second, able[start : start + _TOGETHER], other))
        return len(able), found
    finally:
        first.close()
        second.close()


def _compare(first: LiveSide, second: LiveSide, some: Sequence[Case], other: ThreadPoolExecutor) -> Iterator[Noise]:
    shared = other.submit(_together, first, some)
    alone = [second.run(case.plain()) for case in some]
    for case, one, two in zip(some, alone, shared.result(), strict=True):
        if one.status != "done":
            raise AgentError(f"{case.id} on {first.greeting.version}: no observation ({one.status} {one.detail})")
        # A fixture may do to the interpreter what cannot be put back; those after it are then not reached.
        if two.status == "done" and one.line != two.line:
            yield Noise(case, "after others in one process", _difference(one, two))
        elif two.status != "done" and case.chapter == FAMILIES:
            yield Noise(case, "after others in one process", f"{two.status} {two.detail or ''}")
    for case, one in zip(some, alone, strict=True):
        fresh = other.submit(first.run, case.plain(), fresh=True)
        again = second.run(case.plain())
        for way, reply in (("once more", again), ("in a fresh interpreter", fresh.result())):
            if reply.line != one.line:
                yield Noise(case, way, _difference(one, reply))


def _together(side: LiveSide, some: Sequence[Case]) -> list[Reply]:
    side.start([case.plain() for case in some])
    return side.finish()


def _difference(one: Reply, two: Reply) -> str:
    if two.observation is None:
        return f"no observation ({two.status} {two.detail})"
    return first_difference(one.observation, two.observation) or "the order of keys"


if __name__ == "__main__":
    sys.exit(main())
