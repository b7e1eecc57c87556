"""The architecture is as docs/architecture.md says, and as the contracts in pyproject.toml hold it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from conformance import HOUSE

PAGE = (HOUSE / "docs" / "architecture.md").read_text(encoding="utf-8")
ROOMS = sorted(path.parent.name for path in (HOUSE / "conformance").glob("*/__init__.py"))


def test_it_names_only_files_that_are_there() -> None:
    """A path with a placeholder is looked for up to there."""
    named = re.findall(
        r"`((?:conformance|docs|fixtures|tests|bench|survey|reference)/[^`]*|[\w-]+\.(?:py|toml))`", PAGE
    )
    assert len(named) > 30
    everywhere = {path.name for path in (HOUSE / "conformance").rglob("*.py")}
    missing = [
        path
        for path in named
        if not (HOUSE / path.partition("<")[0]).exists() and not ("/" not in path and path in everywhere)
    ]
    assert not missing


def test_each_room_is_on_the_map() -> None:
    """And each room on the map is there."""
    on_the_map = re.findall(r"^\| `conformance/(\w+)/` \|", PAGE, re.MULTILINE)
    assert sorted(on_the_map) == ROOMS


def test_the_first_level_can_be_read_at_a_glance() -> None:
    """At most ten names, so that a newcomer sees where to look."""
    modules = [path.name for path in (HOUSE / "conformance").glob("*.py") if not path.name.startswith("__")]
    assert len(ROOMS) + len(modules) <= 10, [*ROOMS, *modules]


def test_the_contracts_are_kept() -> None:
    """The same as in `nox -s lint`."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    if not Path(command[0]).exists():
        pytest.skip("import-linter is not in this environment; `nox -s lint` has it")
    done = subprocess.run(command, cwd=HOUSE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_each_room_stands_in_a_contract() -> None:
    """A new room has a place in the order of the rooms."""
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))
    layers = next(
        contract["layers"] for contract in project["tool"]["importlinter"]["contracts"] if contract["type"] == "layers"
    )
    placed = {word for layer in layers for word in re.findall(r"conformance\.(\w+)", layer)}
    assert placed >= set(ROOMS)
