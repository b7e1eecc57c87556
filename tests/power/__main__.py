"""Tries wrong implementations, and says what catches them, how soon, under which clause, and which survive.

usage: python -m tests.power [OPTION ...] [WHAT ...]   (--help; docs/power.md)

Exit status: 0, 1 something survives that tests/equivalent.toml does not list or lists wrongly, 2 usage, 5 nothing ran.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import random
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from conformance import FIXTURES
from conformance.cases.model import Case
from conformance.cases.tree import cases as tree
from conformance.cases.tree import in_sample
from conformance.cases.varied import of_fixtures
from conformance.clauses import Level
from conformance.clauses.pythons import NEWEST, OLDEST
from conformance.observation.interpreters import BadInterpreter, Target, all_found, find
from conformance.search.profiles import PROFILES
from tests.power import blame
from tests.power.interactions import interactions
from tests.power.measure import FAMILY, PARTS, SEARCH, drawn, part_of, try_all
from tests.power.table import show
from tests.power.wrong import INTERACTION, Wrong, equivalents, files, generated, stale, written

# An implementation that the first of these cannot tell is tried in the next: the driver's own interpreter, the newest,
# the oldest, and those between which something has changed.
NAMES = (sys.executable, NEWEST, OLDEST, "3.9", "3.13", "3.14")

_WHAT = "NAME, CLAUSE, written, single, generated, interaction or FILE.py"


def main(arguments: list[str] | None = None) -> int:
    """Try them, in as many processes as there are cores; the exit status."""
    parser = argparse.ArgumentParser(
        allow_abbrev=False, prog="python -m tests.power", description=str(__doc__).splitlines()[0]
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME | CLAUSE | written | single | generated | interaction | FILE.py"
    )
    parser.add_argument("--generated", type=Path, metavar="FILE", help="the mutants that generate.py wrote")
    parser.add_argument("--target", action="append", default=[], metavar="PYTHON")
    parser.add_argument("--cases", type=Path, default=FIXTURES, metavar="DIR", help="instead of our own")
    parser.add_argument("--part", action="append", choices=PARTS[1:], default=[], help="catch by this part only")
    parser.add_argument("--budget", type=_seconds, default=math.inf, metavar="30m")
    parser.add_argument("--sample", type=int, metavar="N", help="only so many, chosen by chance")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the sample, and of what the search draws")
    parser.add_argument("--profile", choices=PROFILES, default="default", help="by how much to try, as of the suite")
    parser.add_argument("--level", default="compat", help="up to which divergences of FILE.py count (default: compat)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--blame", action="store_true", help="try all named cases, and say which clause is blamed")
    parser.add_argument("--thin", type=int, default=1, metavar="N", help="with --blame: every Nth case of families")
    parser.add_argument("--report", type=Path, metavar="FILE.jsonl")
    asked = parser.parse_args(arguments)
    try:
        targets = [find(name) for name in asked.target] or [*all_found(NAMES).values()]
        wrong = _chosen(asked.names, asked.generated, Level.parse(asked.level))
        known = equivalents()
    except (BadInterpreter, OSError, ValueError) as exc:
        print(exc, file=sys.stderr)
        return 2
    if asked.sample is not None:
        wrong = random.Random(asked.seed).sample(wrong, min(asked.sample, len(wrong)))
    parts = asked.part or PARTS
    profile = PROFILES[asked.profile]
    cases = [
        case
        for case in tree(asked.cases)
        if part_of(case) in parts and (part_of(case) != FAMILY or in_sample(case.id, profile.families))
    ]
    if FAMILY in parts:
        cases += of_fixtures(asked.cases, lambda name: in_sample(name, profile.one_of(name.rpartition("/")[0])))
    if SEARCH in parts and profile.examples:
        cases += drawn(profile.examples, asked.seed)
    if not wrong or not cases:
        print("There is nothing to run: name a mutant, a clause that has one, or a file.", file=sys.stderr)
        return 5
    if asked.blame:
        named = thinned([case for case in cases if part_of(case) != SEARCH], asked.thin)
        return _blame([fault for fault in wrong if fault.clause], targets[0], named, asked.workers, asked.report)
    unused = [] if asked.names or not asked.generated else stale(known, wrong)
    begun = time.monotonic()
    results = []
    with contextlib.ExitStack() as stack:
        report = stack.enter_context(asked.report.open("w", encoding="utf-8")) if asked.report else None
        for result in try_all(wrong, targets, cases, known, begun + asked.budget, asked.workers):
            results.append(result)
            if report:
                report.write(json.dumps(result.record()) + "\n")
                report.flush()
            if sys.stderr.isatty():
                print(f"\r{len(results)} of {len(wrong)}", end="", file=sys.stderr)
    show(Console(), results, unused, targets, len(cases), time.monotonic() - begun)
    return 1 if unused or any(result.bad for result in results) else 0


def thinned(cases: Sequence[Case], every: int) -> list[Case]:
    """The cases, in their order, but for those of families: of these only every so many-th, from the first on."""
    generated = [case.id for case in cases if part_of(case) == FAMILY]
    kept = {*generated[:: max(every, 1)]}
    return [case for case in cases if part_of(case) != FAMILY or case.id in kept]


def _blame(wrong: Sequence[Wrong], target: Target, cases: Sequence[Case], workers: int, report: Path | None) -> int:
    """Print whom the reports on wrong implementations blame, and return 0, since a share is measured and not judged."""
    leads = []
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(report.open("w", encoding="utf-8")) if report else None
        for lead in blame.lead_all([fault for fault in wrong if fault.shows_in(target)], target, cases, workers):
            leads.append(lead)
            if file:
                file.write(json.dumps(lead.record()) + "\n")
                file.flush()
    blame.show(Console(), leads, target)
    return 0


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 90s, 30m or 1h")
    return float(found[1]) * {"h": 3600, "m": 60}.get(found[2], 1)


def _chosen(names: Sequence[str], made: Path | None, level: Level) -> list[Wrong]:
    """The wrong implementations that were asked for; all if no names are given. Raises OSError."""
    paths = [Path(name) for name in names if name.endswith(".py")]
    known = [*written(), *(generated(made.read_text(encoding="utf-8").splitlines()) if made else ())]
    asked = {name for name in names if not name.endswith(".py")}
    if INTERACTION in asked:  # there are thousands, so they are made only if they are asked for
        known += interactions()
    chosen = (
        known
        if not names
        else [
            implementation
            for implementation in known
            if asked & {implementation.name, implementation.clause, implementation.origin}
        ]
    )
    return [*chosen, *files(paths, level)]


if __name__ == "__main__":
    sys.exit(main())
