"""The cases of a chunk: always the same for the same campaign and number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from ...cases.model import Case
from ...cases.strategies import case_of, choices
from ..rounds import ROUND, seed_of

_WIDER = 2  # the number by which more modules and features are drawn in every second round


def chunk(
    properties: Sequence[str], first_seed: int, number: int, size: int = ROUND
) -> tuple[list[tuple[Case, str, Any]], int]:
    """The different cases of a chunk, each with its property and its rows; and how many were drawn, with equal ones.

    size: the number of cases that are drawn. Chunks go through the properties in turn, once in each round. Every second
    round draws what a thorough search with the same seed draws; the others draw larger cases, since there are few small
    ones.
    """
    turn, place = divmod(number, len(properties))
    name = properties[place]
    round_, is_wide = divmod(turn, 2)
    seed_number = seed_of(first_seed, f"{name}, wider", round_) if is_wide else seed_of(first_seed, name, round_)
    drawn = draw(name, seed_number, size, _WIDER if is_wide else 0)
    return list({case.digest: (case, name, rows) for case, rows in drawn}.values()), len(drawn)


def draw(name: str, seed_number: int, examples: int, wider: int = 0) -> list[tuple[Case, Any]]:
    """The cases that Hypothesis draws by a property from a seed, some of them equal, each with its rows.

    wider: see `strategies.drawn`.
    """
    found: list[tuple[Case, Any]] = []

    @settings(
        max_examples=examples,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @seed(seed_number)
    @given(choices(name, wider).map(lambda rows: (case_of(name, rows), rows)))  # mapped, or it would draw other rows
    def collect(drawn: tuple[Case, Any]) -> None:
        found.append(drawn)

    collect()
    return found
