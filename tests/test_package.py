"""The wheel and the sdist: what is in them, and that the suite works from where they are installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance import FIXTURES, HOUSE, __version__
from tests.harness import unpack

pytest.importorskip("hatchling")

NAME = "runpy_conformance"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The wheel, built from the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    build("sdist", HOUSE, folder)
    (sdist,) = folder.glob("*.tar.gz")
    unpack(sdist, folder)
    (unpacked,) = folder.glob(f"{NAME}-*/")
    build("wheel", unpacked, folder)
    (made,) = folder.glob("*.whl")
    yield made
    shutil.rmtree(folder)


def build(kind: str, source: Path, folder: Path) -> None:
    """Run the build backend."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)


def test_the_wheel_takes_one_import_name(wheel: Path) -> None:
    """And holds all that the suite reads."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        entry_points = archive.read(next(name for name in names if name.endswith("entry_points.txt"))).decode()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {NAME}
    fixtures = {f"{NAME}/fixtures/{path.relative_to(FIXTURES).as_posix()}" for path in FIXTURES.rglob("*.toml")}
    assert fixtures <= set(names)
    assert {f"{NAME}/commands/plugin.py", f"{NAME}/agent/start.py", f"{NAME}/reference/__init__.py"} <= set(names)
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]
    assert "runpy-conformance = runpy_conformance.__main__:main" in entry_points
    assert "pytest11" not in entry_points  # its options would meet those of other plugins in every run of pytest


def run(wheel: Path, folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a module of an installed suite, from a folder of the user's."""
    place = wheel.parent / "site"
    if not place.exists():
        shutil.unpack_archive(wheel, place, "zip")
    environment = {**os.environ, "PYTHONPATH": str(place)}
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


WRONG = (
    "from runpy import run_module as right\n"
    "def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):\n"
    "    return {**right(mod_name, init_globals, run_name, alter_sys), '__package__': 'wrong'}\n"
)
ONE = "packages/nested_package_runs_main"


def test_the_command_judges_what_lies_where_the_user_stands(wheel: Path, tmp_path: Path) -> None:
    """By a module's name, or by a path."""
    (tmp_path / "mine.py").write_text(WRONG)
    done = run(wheel, tmp_path, NAME, ONE)
    assert done.returncode == 0, done.stdout + done.stderr
    for impl in ("mine", "mine.py", "./mine.py:run_module"):
        done = run(wheel, tmp_path, NAME, f"--impl={impl}", ONE)
        assert done.returncode == 1, done.stdout + done.stderr
        assert "PACKAGE-FROM-SPEC" in done.stdout
        assert re.search(rf"python\S* -m {NAME} --impl=", done.stdout)
    done = run(wheel, tmp_path, NAME, "--impl=mine", "--install=mine")
    assert done.returncode == 2
    assert done.stderr.startswith("--install is for nox")


def test_the_plugin_works_in_a_project_of_its_own_settings(wheel: Path, tmp_path: Path) -> None:
    """Loaded by its name; and a run of pytest without it knows nothing of it."""
    (tmp_path / "mine.py").write_text(WRONG)
    (tmp_path / "test_mine.py").write_text("def test_mine(): pass\n")
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\naddopts = -ra --strict-markers --strict-config\nfilterwarnings = error\ntestpaths = .\n"
    )
    done = run(wheel, tmp_path, "pytest", "-p", f"{NAME}.commands.plugin", "--impl=mine", ONE, "-n", "1")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "PACKAGE-FROM-SPEC" in done.stdout
    assert "status 1: diverges" in done.stdout
    done = run(wheel, tmp_path, "pytest")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_the_installed_command_offers_what_a_clone_does(wheel: Path, tmp_path: Path) -> None:
    """From a folder that holds nothing of ours; and it names no file, and no option, that is not there."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "mine.py").write_text(WRONG)
    said = run(wheel, tmp_path, NAME, "--help").stdout
    assert said.startswith("runpy-conformance ")
    assert "--version" in said
    assert not re.findall(r"--install\b|\bnox\b", said)
    (docs,) = re.findall(r"Pages such as docs/\S+ are in\s+(\S+)\.\n", said)
    pages = re.findall(r"docs/([\w-]+\.md)", said)
    assert len(pages) >= 3
    assert all(Path(docs, page).is_file() for page in pages)
    assert run(wheel, tmp_path, NAME, "--version").stdout == f"runpy-conformance {__version__}\n"
    assert f"{ONE}  " in run(wheel, tmp_path, NAME, "list", "fixtures").stdout
    shown = run(wheel, tmp_path, NAME, "show", ONE, "--impl=mine", "--import-from=src")
    assert "'wrong'" in shown.stdout, shown.stderr
    assert "nested_package_runs_main" not in run(wheel, tmp_path, NAME, "show", ONE, "--case").stderr
    judged = ["--impl=mine", "--import-from=src", ONE, "--report=mine.jsonl"]
    assert run(wheel, tmp_path, NAME, *judged).returncode == 1
    assert run(wheel, tmp_path, NAME, "report", "mine.jsonl", "--report=mine.html").returncode == 1
    assert (tmp_path / "mine.html").is_file()
    for words in (["ARGV-RESTORD"], ["--imp=mine"], ["show", "nested_package_runs_main"], ["list", "chapter"]):
        done = run(wheel, tmp_path, NAME, *words)
        assert done.returncode == 2
        assert "did you mean" in done.stderr
        assert not re.findall(r"\bnox\b|docs/|fixtures/|python -m conformance", done.stderr)
    missing = run(wheel, tmp_path, NAME, "--impl=no_such_module", ONE)
    assert missing.returncode == 3
    assert "--install" not in missing.stderr


def test_help_lists_our_options() -> None:
    """And not the hundreds of pytest's."""
    done = subprocess.run(
        [sys.executable, "-m", "conformance", "--help"], cwd=HOUSE, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[2].startswith("usage: python -m conformance [--impl=SPEC]")
    assert "--baseline=FILE.toml" in done.stdout
    assert len(done.stdout.splitlines()) < 80
