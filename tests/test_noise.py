"""The oracle against itself: nothing differs, and what does is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.search import self_comparison

SOUND = 'summary = "A module runs"\ncall = "run_module(\'plain_one\')"\n[files]\n"plain_one.py" = "x = 1"\n'


def chapter(folder: Path, **sources: str) -> list[str]:
    """Arguments for a folder of cases."""
    (folder / "packages").mkdir()
    for name, source in sources.items():
        (folder / "packages" / f"{name}.toml").write_text(source, encoding="utf-8")
    return [f"--cases={folder}"]


def test_the_oracle_agrees_with_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """In each way of running a case, over a chapter that leaves much behind."""
    assert self_comparison.main(["warnings"]) == 0
    assert "19 cases, each run in four processes: 0 differ" in capsys.readouterr().out


def test_chance_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A case that is another one each time."""
    chance = SOUND.replace("x = 1", "import os; x = os.urandom(8)")
    assert self_comparison.main(chapter(tmp_path, sound=SOUND, chance=chance)) == 1
    told = capsys.readouterr().out
    assert "packages/chance, after others in one process: steps[0]" in told
    assert "packages/chance, in a fresh interpreter: steps[0]" in told
    assert "packages/sound" not in told


def test_what_cannot_be_compared_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With one sentence."""
    assert self_comparison.main([*chapter(tmp_path, sound=SOUND), "no_such_chapter"]) == 2
    assert self_comparison.main(["--target=/no/such/python"]) == 2
    told = capsys.readouterr().err
    assert "There is no such case" in told
    assert "no interpreter '/no/such/python'" in told


def test_nothing_run_is_no_success(tmp_path: Path) -> None:
    """Where no case can be run."""
    needy = 'requires = ["python>=4"]\n' + SOUND
    assert self_comparison.main(chapter(tmp_path, needy=needy)) == 5
