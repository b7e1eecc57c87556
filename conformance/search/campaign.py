"""Runs many drawn cases on sides that must agree: a divergence is a false alarm, or a fault of the reference.

usage: nox -s campaign -- [--target=PYTHON] ... [--examples=N] [--seed=N] [--finds=DIR] [PROPERTY ...]

Each case is run by the oracle twice, beside itself and beside the reference, and judged at the level exact. The seeds
follow a fixed sequence, so that the same command draws the same cases. The first divergence ends the campaign of a
target, and its case is written as a fixture into DIR. Exit status: 0, 1 something diverges, 2 usage, 4 the suite itself
failed, 5 nothing ran.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from .. import REFERENCE
from ..cases.fixtures import toml
from ..cases.model import Case
from ..cases.strategies import PROPERTIES, cases
from ..clauses import Level
from ..judge.trial import Trial
from ..observation.batches import batches
from ..observation.interpreters import BadInterpreter, Target, find
from ..observation.live import LiveSide
from ..observation.side import AgentError, CandidateError
from ..texts import never_refuse_output
from .examine import Examiner

_EXAMPLES = 100_000
_DRAWN_AT_ONCE = 500  # the longer Hypothesis draws, the more it only varies what it has drawn before


@dataclass
class Campaign:
    """The outcome for one target.

    ran: cases that were tried, of which `not_run` are not meant for the target. drawn: cases, of which some are equal.
    seconds: by part of the work. found: the first divergence, with the pair of sides that showed it.
    """

    ran: int = 0
    drawn: int = 0
    not_run: int = 0
    seconds: dict[str, float] = field(default_factory=lambda: {"draw": 0.0, "itself": 0.0, "reference": 0.0})
    found: tuple[str, Trial] | None = None

    def line(self) -> str:
        """The figures in one line."""
        rates = ", ".join(f"{part} {1000 * spent / max(1, self.ran):.2f} ms" for part, spent in self.seconds.items())
        rate = self.ran / max(0.001, sum(self.seconds.values()))
        cases_ = f"{self.ran} cases ({self.drawn} drawn, {self.not_run} not for this target)"
        return f"{cases_}, {rate:.0f} a second; a case: {rates}"


def main(arguments: list[str] | None = None) -> int:
    """Run the campaigns, target after target; the exit status."""
    never_refuse_output()
    parser = argparse.ArgumentParser(
        allow_abbrev=False, prog="python -m conformance.search.campaign", description=str(__doc__).splitlines()[0]
    )
    parser.add_argument("properties", nargs="*", metavar="PROPERTY", help=f"of {', '.join(PROPERTIES)}; default: all")
    parser.add_argument("--target", action="append", default=[], metavar="PYTHON")
    parser.add_argument("--examples", type=int, default=_EXAMPLES, metavar="N", help="cases for each target")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="the first of the sequence")
    parser.add_argument("--finds", default="conformance-finds", metavar="DIR")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.properties if name not in PROPERTIES]
    if unknown:
        print(f"There is no property {unknown[0]!r}; there are {', '.join(PROPERTIES)}.", file=sys.stderr)
        return 2
    try:
        targets = [find(name) for name in options.target or [sys.executable]]
    except BadInterpreter as exc:
        print(exc, file=sys.stderr)
        return 2
    status = 0 if options.examples > 0 else 5
    for target in targets:
        try:
            campaign = run(target, options.properties or list(PROPERTIES), options.examples, options.seed)
        except (AgentError, CandidateError) as exc:
            print(f"{target.name}: {exc}", file=sys.stderr)
            return 4
        print(f"{target.name}: {campaign.line()}", flush=True)
        if campaign.found is not None:
            report(*campaign.found, Path(options.finds))
            status = 1
    return status


def run(target: Target, properties: Sequence[str], examples: int, first: int) -> Campaign:
    """The campaign of one target, up to the first divergence. Raises AgentError, CandidateError."""
    campaign = Campaign()
    sides = [LiveSide(target, side) for side in ("oracle", "oracle", "oracle", str(REFERENCE))]
    examiners = {
        "itself": Examiner(sides[0], sides[1], Level.EXACT),
        "reference": Examiner(sides[2], sides[3], Level.EXACT),
    }
    seen: set[str] = set()
    reported = time.monotonic()
    try:
        number = first
        while campaign.ran < examples:
            began = time.monotonic()
            property_name = properties[number % len(properties)]
            drawn = draw(property_name, number, _DRAWN_AT_ONCE)
            campaign.drawn += len(drawn)
            fresh = {case.digest: case for case in drawn if case.digest not in seen}
            new = list(fresh.values())[: examples - campaign.ran]
            seen.update(case.digest for case in new)
            campaign.seconds["draw"] += time.monotonic() - began
            for batch in batches(new):
                for name, examiner in examiners.items():
                    began = time.monotonic()
                    trials = examiner.run_all(batch)
                    campaign.seconds[name] += time.monotonic() - began
                    campaign.found = next(
                        ((name, trial) for trial in trials if trial.divergences or trial.unconfirmed), None
                    )
                    if campaign.found is not None:
                        return campaign
                campaign.ran += len(batch)
                campaign.not_run += sum(trial.verdict == "not-run" for trial in trials)
            if time.monotonic() - reported > 30:
                reported = time.monotonic()
                print(f"{target.name}: {campaign.line()}", file=sys.stderr, flush=True)
            number += 1
        return campaign
    finally:
        for side in sides:
            side.close()


def draw(property_name: str, number: int, examples: int) -> list[Case]:
    """The cases of a property for a seed: always the same cases."""
    found: list[Case] = []

    @settings(
        max_examples=examples,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @seed(number)
    @given(cases(property_name))
    def collect(case: Case) -> None:
        found.append(case)

    collect()
    return found


def report(pair: str, trial: Trial, folder: Path) -> None:
    """Print the divergences, and write the case as a fixture."""
    difference = "the oracle from itself" if pair == "itself" else "the reference from the oracle"
    print(f"{trial.case.id}: {difference} ({trial.verdict}{' once only' if trial.unconfirmed else ''})")
    for line in _differences(trial):
        print(f"  {line}")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{trial.case.id.replace('/', '-')}.toml"
    path.write_text(toml(trial.case), encoding="utf-8")
    print(f"  written to {path}")


def _differences(trial: Trial) -> Iterator[str]:
    for divergence in (*trial.divergences, *trial.unconfirmed):
        if divergence.cause:
            sides = f"{divergence.oracle!r:.300} and {divergence.candidate!r:.300}"
            yield f"{divergence.signature}: {divergence.where}: {sides}"


if __name__ == "__main__":
    sys.exit(main())
