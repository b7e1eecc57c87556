"""Oracles, one for each target that a test run needs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.observation.interpreters import Target
from conformance.observation.live import LiveSide
from tests.harness import Oracle

# Workers of pytest-xdist have a width of 80, whatever the terminal; what the suite prints is tried as wide as it is.
for name in ("COLUMNS", "LINES"):
    os.environ.pop(name, None)


@pytest.fixture(scope="session")
def oracle_of() -> Iterator[Callable[[Target], Oracle]]:
    """The oracle of a target, started once a session."""
    oracles: dict[Target, Oracle] = {}

    def get(target: Target) -> Oracle:
        if target not in oracles:
            oracles[target] = Oracle(target)
        return oracles[target]

    yield get
    for oracle in oracles.values():
        oracle.side.close()


@pytest.fixture
def candidate_of(tmp_path: Path) -> Iterator[Callable[[Target, str], LiveSide]]:
    """A candidate's side, from source text; ended after the test."""
    sides: list[LiveSide] = []

    def get(target: Target, source: str) -> LiveSide:
        path = tmp_path / f"candidate_{len(sides)}.py"
        path.write_text(source, encoding="utf-8")
        sides.append(LiveSide(target, str(path)))
        return sides[-1]

    yield get
    for side in sides:
        side.close()
