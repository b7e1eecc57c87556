"""A new Python is one entry in one table, and everything follows it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conformance import HOUSE, INTERRUPTED, STATUS
from conformance.cases.model import CAPABILITIES, usual_capabilities
from conformance.clauses import pythons
from conformance.commands.manual import help_text
from tests.harness import Oracle, target_for

NEW = "3.16"

TOLD = """
from conformance.clauses import pythons, registry
from conformance.clauses.ledger import disagreements, ledger
from conformance.commands.families import table
from conformance.judge.baseline import Condition
from conformance.observation.interpreters import LANGUAGES
from tests.power.__main__ import NAMES
print("targets", pythons.TARGETS[-2:], pythons.NEWEST)
print("ledger", "3.17.30" in pythons.releases(1), "3.18.0" in pythons.releases(1), *disagreements(ledger(), registry()))
print("condition", Condition.parse(">=3.31").text, LANGUAGES[-1])
print("families", [str(column.header) for column in table().columns][-2:])
print("mutants", NAMES[1])
"""


def tell(house: Path, *command: str) -> str:
    """The output of a command in a house of its own."""
    environ = {**os.environ, "NOX_SCRIPT_MODE": "none", "PYTHONPATH": str(house)}
    done = subprocess.run(
        command, cwd=house, env=environ, capture_output=True, text=True, timeout=120, check=False, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_new_python_is_one_entry_in_one_table(tmp_path: Path) -> None:
    """A version that is made up, in a copy of the house: the sessions of nox, the searches on PATH, the tables."""
    for name in ("conformance", "tests", "noxfile.py", "survey"):
        source = HOUSE / name
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, tmp_path / name, ignore=ignored) if source.is_dir() else shutil.copy(source, tmp_path)
    for name in ("fixtures", "reference", "docs", "bench"):
        (tmp_path / name).symlink_to(HOUSE / name)
    table = tmp_path / pythons.TABLE.relative_to(HOUSE)
    before = table.read_text(encoding="utf-8")
    assert NEW not in pythons.TARGETS
    table.write_text(before.replace('    "pypy', f'    "{NEW}",\n    "pypy', 1), encoding="utf-8")

    lines = dict(line.split(" ", 1) for line in tell(tmp_path, sys.executable, "-c", TOLD).splitlines())
    assert lines == {
        "targets": "('3.16', 'pypy3.11') 3.16",
        "ledger": "True False",
        "condition": ">=3.31 3.31",
        "families": "['3.16', 'PyPy 3.11']",
        "mutants": "3.16",
    }
    pytest.importorskip("nox")
    sessions = tell(tmp_path, sys.executable, "-m", "nox", "--list-sessions")
    for name in ("conformance", "noise"):
        assert f"{name}-{NEW}" in sessions
    table.write_text(before, encoding="utf-8")
    assert NEW not in tell(tmp_path, sys.executable, "-m", "nox", "--list-sessions")


def test_ci_looks_for_the_same_pythons() -> None:
    """The driver of CI is one of the table, and nothing else is read there."""
    script = (HOUSE / ".ci" / "run").read_text(encoding="utf-8")
    (read,) = re.findall(r"^versions=.*$", script, re.MULTILINE)
    (loop,) = re.findall(r"^for name in (.*); do$", script, re.MULTILINE)
    names = tell(HOUSE, "bash", "-c", f"{read}\necho {loop}").split()
    assert names == ["python3", *(f"python{version}" for version in pythons.VERSIONS)]


def test_no_other_file_lists_the_versions() -> None:
    """Neither as a range nor one by one, so that a new one cannot be forgotten."""
    listed = re.compile(
        r"range\(\s*8\s*,\s*[12]\d\s*\)|range\(1\d, 7, -1\)|\{\d+\.\.1\d\}"
        r"|[\"']3\.13[\"'],\s*[\"']3\.14[\"'],\s*[\"']3\.15"
    )
    sources = [HOUSE / "noxfile.py", HOUSE / ".ci" / "run"]
    sources += [path for room in ("conformance", "bench", "tests", "survey") for path in (HOUSE / room).rglob("*.py")]
    assert len(sources) > 100
    found = {str(path.relative_to(HOUSE)) for path in sources if listed.search(path.read_text(encoding="utf-8"))}
    assert found <= {"tests/test_pythons.py"}
    assert listed.search("range(8, 16)")
    assert listed.search('"3.13", "3.14", "3.15"')
    assert listed.search("{11..15}")


def test_the_agent_refuses_what_is_older() -> None:
    """It stands alone in the target, and so has the oldest version in its own words."""
    text = (HOUSE / "conformance" / "agent" / "start.py").read_text(encoding="utf-8")
    assert f"Python {pythons.OLDEST} or later is needed" in text


def test_the_capabilities_are_those_that_the_agent_knows() -> None:
    """On a platform that lacks nothing, an interpreter has all of its kind."""
    target = target_for("")
    assert target is not None
    oracle = Oracle(target)
    try:
        found = oracle.side.greeting.capabilities
    finally:
        oracle.side.close()
    assert found <= CAPABILITIES.keys()
    if sys.platform == "linux":
        assert found >= usual_capabilities("cpython") - {"unicode", "undecodable-names"}
    assert usual_capabilities("cpython") == CAPABILITIES.keys()
    assert usual_capabilities("pypy") == CAPABILITIES.keys() - {"cpython", "refcounting"}


def test_each_exit_status_is_explained_in_the_same_words() -> None:
    """By --help, and on the page about records."""
    page = (HOUSE / "docs" / "report-schema.md").read_text(encoding="utf-8")
    for text in (help_text(), page):
        told = re.sub(r"\s+", " ", text[text.index("xit status") :])
        for status, meaning in STATUS.items():
            word = meaning.removesuffix(" error")
            assert f"{status} {word}" in told, f"{status} {word}"
    assert max(STATUS) == INTERRUPTED
