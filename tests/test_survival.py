"""Nothing a candidate does can break the run, and nothing of it remains.

Each file of `tests/fakes` is a candidate that does one thing to its surroundings when it is asked to run the module
`victim`, and otherwise what runpy does. Its docstring says what must come out of that case, and how it is told; what
comes out of the cases before and after it is what always does.
"""

from __future__ import annotations

import ast
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from conformance import HOUSE, scratch, target
from conformance.agent import NONSENSE
from conformance.case import Case, Step
from conformance.clauses import Level
from conformance.target import AgentError, Side, Target, find
from conformance.trial import Examiner, Trial
from tests.harness import Oracle, all_cases

FAKES = {path.stem: path for path in sorted((Path(__file__).parent / "fakes").glob("*.py"))}
LINUX = sys.platform.startswith("linux")
QUIET = all_cases()["packages/nested_package_runs_main"]
VICTIM = Case(
    files={"victim.py": "x = 1\n"},
    steps=(Step("call", "run_module('victim')"),),
    id="packages/victim",
    clauses=("PACKAGE-FROM-SPEC",),
)
CASES = [QUIET, VICTIM, replace(QUIET, id="packages/once_more")]
# With everything that root may have on Linux; and as it is for others.
GUARDS = {"apart": "", "as anybody": "import os; os.geteuid = lambda: 1; "}
# Those to whom it makes a difference.
SERIOUS = ("fills_memory", "forks_endlessly", "kills_its_parent", "leaves_a_daemon", "leaves_children", "segfaults")
# Fakes whose every case is like the victim's.
THOROUGH = ("is_a_class", "is_a_c_function", "is_a_coroutine_function", "is_a_partial", "delegates")


def promised(fake: str) -> tuple[set[str], str]:
    """The verdicts of which one must come out, and a text with which it is told."""
    told = (ast.get_docstring(ast.parse(FAKES[fake].read_text(encoding="utf-8"))) or "").splitlines()[-1]
    verdicts, _, text = told.partition(": ")
    return set(verdicts.split(" or ")), text


def words(trial: Trial) -> str:
    """How what differs is told."""
    return " ".join(f"{one.where} {one.oracle} {one.candidate}" for one in trial.divergences)


def processes(of: str) -> list[int]:
    """The processes that were started with this text among their arguments, and what they have forked."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if of.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def eventually(true: Callable[[], bool], seconds: float = 30) -> bool:
    """Wait for it."""
    deadline = time.monotonic() + seconds
    while not (done := true()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return done


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the temporary folders are made."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder


@pytest.fixture
def examined(
    oracle_of: Callable[[Target], Oracle], request: pytest.FixtureRequest
) -> Iterator[Callable[[str], Examiner]]:
    """The examiner of a fake; what it has left behind is looked for afterwards."""
    oracle = oracle_of(find(sys.executable)).side  # which other tests use, and so before `place`
    place: Path = request.getfixturevalue("place")
    sides: list[Side] = []
    names: list[str] = []
    shared = set(os.listdir("/dev/shm")) if LINUX else set()

    def get(fake: str) -> Examiner:
        timeout = 2 if "hangs" in promised(fake)[0] else 20
        sides.append(Side(find(sys.executable), str(FAKES[fake]), timeout=timeout))
        names.append(fake)
        return Examiner(oracle, sides[-1], Level.EXACT)

    yield get
    for side in sides:
        side.close()
    assert not list(place.iterdir())
    if LINUX:
        assert not any(processes(str(FAKES[name])) for name in names)
        assert "left_by_a_fake" not in set(os.listdir("/dev/shm")) - shared


@pytest.mark.parametrize(
    ("fake", "guard"), [(fake, guard) for guard in GUARDS for fake in FAKES if guard == "apart" or fake in SERIOUS]
)
def test_a_fake_gets_its_verdict_and_the_others_theirs(
    fake: str, guard: str, examined: Callable[[str], Examiner], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The verdict that its docstring promises; what comes before and after agrees, and nothing is unconfirmed."""
    monkeypatch.setattr(target, "_GUARD", GUARDS[guard] + target._GUARD)
    verdicts, text = promised(fake)
    before, victim, after = examined(fake).run_all(CASES)
    if fake == "fills_the_disk" and victim.verdict == "agrees":
        pytest.skip("no small disk is to be had here, so that nothing was filled")
    if fake == "fills_memory" and not LINUX:
        pytest.skip("memory is not limited here")
    assert victim.verdict in verdicts, words(victim)
    assert text in words(victim)
    if fake not in THOROUGH:
        assert (before.verdict, after.verdict) == ("agrees", "agrees")
    assert not before.unconfirmed + victim.unconfirmed + after.unconfirmed
