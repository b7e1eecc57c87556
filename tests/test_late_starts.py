"""An interpreter that could be started and cannot be started any more: one sentence, and the right exit status."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.cases.model import Case, Step
from conformance.observation.interpreters import Target
from conformance.observation.live import LiveSide
from conformance.observation.side import CandidateError, CannotStart
from tests.harness import conformance, target_for

CASE = Case(files={"m.py": "x = 1"}, steps=(Step("call", "run_module('m')"),))
# It imports a module by which `runpy` differs, so that fresh interpreters are wanted to confirm what a case shows.
WRAPPER = """#!/bin/sh
echo >> '{folder}/starts'
[ "$(wc -l < '{folder}/starts')" -le {most} ] || exit 7
PYTHONPATH='{folder}' exec '{python}' "$@"
"""
WRONG = """
import runpy
_real = runpy.run_module
runpy.run_module = lambda name, *rest, **more: {**_real(name, *rest, **more), 'one more': 1}
"""


def limited(folder: Path, target: Target, most: int, startup: str = "") -> str:
    """The path of an interpreter that starts so many times. startup: code that it runs then."""
    (folder / "sitecustomize.py").write_text(startup)
    path = folder / "limited"
    path.write_text(WRAPPER.format(folder=folder, most=most, python=target.executable))
    path.chmod(0o755)
    return str(path)


@pytest.fixture(scope="module")
def target() -> Target:
    """CPython, without our packages."""
    found = target_for(">=3.9")
    if found is None:
        pytest.skip("no CPython here")
    return found


@pytest.mark.parametrize(("side", "fault"), [("runpy", CandidateError), ("oracle", CannotStart)])
def test_a_side_says_that_its_interpreter_was_started_before(
    tmp_path: Path, target: Target, side: str, fault: type[Exception]
) -> None:
    """If it is the oracle's, no candidate is to blame."""
    path = limited(tmp_path, target, most=1)
    live = LiveSide(Target(path, target.implementation, target.version), side)
    try:
        assert live.run(CASE.plain()).observation is not None
        with pytest.raises(fault) as caught:
            live.run(CASE.plain(), fresh=True)
    finally:
        live.close()
    assert type(caught.value) is fault
    assert str(caught.value) == (
        f"{path} was started before, and cannot be started any more: "
        "runpy ended the interpreter while it was being imported (exit status 7)."
    )


def test_a_run_ends_with_one_sentence_if_the_interpreter_starts_no_more(tmp_path: Path, target: Target) -> None:
    """Its cases are not tried one by one, and it is no fault of the suite."""
    path = limited(tmp_path, target, most=2, startup=WRONG)  # once for its version, and once for its agent
    done = conformance(f"--interpreter={path}", f"--target={target.executable}", "packages", timeout=100)
    printed = done.stdout + done.stderr
    assert done.returncode == 3, printed
    assert printed.count("cannot be started any more") == 1, printed
    assert "The suite itself failed" not in printed
    assert "KeyError" not in printed


def test_a_run_is_at_an_end_as_well_if_it_is_the_oracle_that_starts_no_more(tmp_path: Path, target: Target) -> None:
    """Then the suite itself has failed."""
    wrong = tmp_path / "wrong"
    wrong.mkdir()
    candidate = limited(wrong, target, most=99, startup=WRONG)
    path = limited(tmp_path, target, most=2)
    done = conformance(f"--interpreter={candidate}", f"--target={path}", "packages", timeout=100)
    assert done.returncode == 4, done.stdout
    assert done.stderr.count(f"The suite itself failed: {path} was started before") == 1, done.stderr
    assert "KeyError" not in done.stdout + done.stderr
