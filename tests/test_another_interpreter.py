"""The page about other interpreters builds bridges that work, as they are printed there."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from conformance import HOUSE
from conformance.commands.smoke import try_bridge
from conformance.observation import bridges
from conformance.observation.interpreters import Target
from conformance.observation.live import LiveSide
from conformance.search.examine import SMOKE

PAGE = (HOUSE / "docs" / "another-interpreter.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"```python\n# (\w+\.py)\n(.*?)```", PAGE, re.DOTALL))
AGENT = HOUSE / "conformance" / "agent"
# The command lines of the page, after the word for Python.
COMMANDS = {"no bridge": [str(AGENT / "start.py")], "smallest": ["smallest.py", str(AGENT)]}
COMMANDS["bridge"] = ["bridge.py", *COMMANDS["smallest"]]


def target(name: str, folder: Path) -> Target:
    """The target behind a bridge of the page, whose files are written into a folder."""
    for file, source in BLOCKS.items():
        (folder / file).write_text(source, encoding="utf-8")
    words = [str(folder / word) if word in BLOCKS else word for word in COMMANDS[name]]
    return bridges.target_of(name, [sys.executable, *words])


@pytest.mark.parametrize("name", COMMANDS)
def test_a_bridge_of_the_page_keeps_to_the_protocol(name: str, tmp_path: Path) -> None:
    """And answers for its interpreter if the page says that it does."""
    lines: list[str] = []
    try_bridge(target(name, tmp_path), lines.append, load_timeout=60, timeout=60, early=0, hang=2)
    assert any(line.startswith("a reset" if name == "bridge" else "a restart") for line in lines)


def test_the_page_names_the_commands_that_it_builds() -> None:
    """With the files that its blocks hold."""
    assert set(BLOCKS) == {"smallest.py", "bridge.py"}
    for words in ("python3 smallest.py path/to/conformance/agent", "my-interpreter path/to/conformance/agent/start.py"):
        assert f'--target-command="{words}"' in PAGE


def test_a_reset_of_the_page_makes_a_fresh_interpreter(tmp_path: Path) -> None:
    """Which has run nothing before."""
    side = LiveSide(target("bridge", tmp_path), bridges.SIDE)
    try:
        case = SMOKE.plain()
        case["steps"] = [{"do": "import os; note(os.getpid())"}]
        seen = [side.run(case, fresh=True).observation for _ in range(2)]
        assert side.reset_problem == ""
    finally:
        side.close()
    numbers = [str(found["steps"][0]["events"][0]["values"]) for found in seen if found]
    assert len(set(numbers)) == 2
