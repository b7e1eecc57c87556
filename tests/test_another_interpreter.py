"""The page about other interpreters builds bridges that work, as they are printed there."""

from __future__ import annotations

import re
import shutil
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
BLOCKS = dict(re.findall(r"```\w+\n(?:#|//) (\w+\.m?[jp][sy])\n(.*?)```", PAGE, re.DOTALL))
AGENT = HOUSE / "conformance" / "agent"
# The command lines of the page.
COMMANDS = {"no bridge": ["python3", str(AGENT / "start.py")], "smallest": ["python3", "smallest.py", str(AGENT)]}
COMMANDS["bridge"] = ["python3", "bridge.py", *COMMANDS["smallest"][1:]]
COMMANDS["bridge in JavaScript"] = ["node", "bridge.mjs", *COMMANDS["smallest"]]


def target(name: str, folder: Path) -> Target:
    """The target behind a bridge of the page, whose files are written into a folder."""
    if "node" in COMMANDS[name] and shutil.which("node") is None:
        pytest.skip("no Node here")
    for file, source in BLOCKS.items():
        (folder / file).write_text(source, encoding="utf-8")
    shutil.copy(HOUSE / "bridges" / "serve.mjs", folder)
    words = [str(folder / word) if word in BLOCKS else word for word in COMMANDS[name]]
    return bridges.target_of(name, [sys.executable if word == "python3" else word for word in words])


@pytest.mark.parametrize("name", COMMANDS)
def test_a_bridge_of_the_page_keeps_to_the_protocol(name: str, tmp_path: Path) -> None:
    """And answers for its interpreter if the page says that it does."""
    lines: list[str] = []
    try_bridge(target(name, tmp_path), lines.append, load_timeout=60, timeout=60, early=0, hang=2)
    assert any(line.startswith("a reset" if name.startswith("bridge") else "a restart") for line in lines)


def test_the_page_names_the_commands_that_it_builds() -> None:
    """With the files that its blocks hold."""
    assert set(BLOCKS) == {"smallest.py", "bridge.py", "bridge.mjs"}
    for words in (
        "node bridge.mjs python3 smallest.py path/to/conformance/agent",
        "python3 bridge.py smallest.py path/to/conformance/agent",
        "python3 smallest.py path/to/conformance/agent",
        "my-interpreter path/to/conformance/agent/start.py",
    ):
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
