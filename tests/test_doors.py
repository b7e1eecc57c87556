"""The front doors (nox, the command, pytest, the action, pre-commit): the same words mean the same at each of them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.version import Version

from conformance import HOUSE, __version__
from conformance.clauses.pythons import TARGETS
from tests.harness import conformance

SMALL = "packages/nested_package_runs_main"
WORDS = ["--impl=mypkg", "--import-from=src"]

Done = subprocess.CompletedProcess[str]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of somebody's, whose implementation can be imported from its folder `src` alone, and is wrong."""
    (tmp_path / "src" / "mypkg").mkdir(parents=True)
    (tmp_path / "src" / "mypkg" / "__init__.py").write_text(
        "from runpy import run_module as right\n"
        "def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):\n"
        "    return {**right(mod_name, init_globals, run_name, alter_sys), '__package__': 'wrong'}\n"
    )
    return tmp_path


def run(command: list[str], folder: Path, **environment: str) -> Done:
    """Run a command to its end."""
    everything = {**os.environ, "NOX_SCRIPT_MODE": "none", **environment}
    return subprocess.run(command, cwd=folder, env=everything, capture_output=True, text=True, check=False)


def by_nox(project: Path, *words: str) -> Done:
    """By nox, in this environment; on this interpreter alone, which takes no environment."""
    command = [sys.executable, "-m", "nox", "-f", str(HOUSE / "noxfile.py"), "-s", "conformance", "--"]
    return run([*command, f"--target={sys.executable}", *words], project)


def by_command(project: Path, *words: str) -> Done:
    """By the command."""
    return conformance(*words, folder=project)


def by_pytest(project: Path, *words: str) -> Done:
    """By the user's own pytest."""
    command = [sys.executable, "-m", "pytest", "-p", "conformance.commands.plugin", *words]
    return run(command, project, PYTHONPATH=str(HOUSE))


def by_action(project: Path, *words: str) -> Done:
    """By the script of the action, in whose environment nox is this one's."""
    python = project / "python"
    python.write_text(
        "#!/bin/sh\n"
        'mkdir -p "$3/bin"\n'
        'printf "#!/bin/sh\\n" > "$3/bin/python"\n'
        f'printf "#!/bin/sh\\nexec {sys.executable} -m nox \\"\\$@\\"\\n" > "$3/bin/nox"\n'
        'chmod +x "$3/bin/python" "$3/bin/nox"\n'
    )
    python.chmod(0o755)
    impl, *options = words
    environment = {"PYTHON": str(python), "RUNNER_TEMP": str(project / "tmp"), "IMPL": impl.partition("=")[2]}
    options.append(f"--target={sys.executable}")
    return run(["bash", str(HOUSE / ".ci" / "action")], project, OPTIONS=" ".join(options), **environment)


def by_hook(project: Path, *words: str) -> Done:
    """By the entry of the hook, as pre-commit calls it: from the repository's root, and with no names of files."""
    hook = (HOUSE / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    command, *own = re.findall(r"^  entry: (.*)$", hook, re.MULTILINE)[0].split()
    assert command == "runpy-conformance"
    assert "pass_filenames: false" in hook
    return conformance(*own, *words, folder=project)


DOORS = [by_nox, by_command, by_pytest, by_action, by_hook]


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_a_relative_path_means_the_same(door: Callable[..., Done], project: Path) -> None:
    """It starts from the folder in which the user stands, and the candidate of the project is judged."""
    done = door(project, *WORDS, SMALL)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "PACKAGE-FROM-SPEC" in done.stdout
    done = door(project, *WORDS, SMALL, "--baseline=known.toml", "--write-baseline")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PACKAGE-FROM-SPEC" in (project / "known.toml").read_text()


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_a_folder_that_is_not_there(door: Callable[..., Done], project: Path) -> None:
    """Each says so in the same words, and before anything is run."""
    done = door(project, "--impl=mypkg", "--import-from=lib", SMALL)
    assert done.returncode != 0
    assert f"--import-from: there is no folder {project / 'lib'}; give a folder that exists" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("door", [by_nox, by_command, by_action, by_hook], ids=lambda door: door.__name__)
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--levle=exact"], "There is no option --levle; did you mean --level?"),
        (["package"], "'package' is neither a clause, nor a chapter, nor a fixture; did you mean packages?"),
        (["--seed=x"], "--seed is a whole number, such as 0 or 42, not 'x'"),
    ],
)
def test_what_is_misspelt(door: Callable[..., Done], words: list[str], sentence: str, project: Path) -> None:
    """The nearest is named, by each."""
    done = door(project, *WORDS, *words)
    assert done.returncode != 0
    assert sentence in done.stderr
    assert "usage: pytest" not in done.stderr


def test_nox_checks_a_command_line_before_it_makes_an_environment(project: Path) -> None:
    """Whatever is wrong with it; and the sentence names nox, which was typed."""
    command = [sys.executable, "-m", "nox", "-f", str(HOUSE / "noxfile.py"), "--envdir", str(project / "envs")]
    for words, sentence in (
        (["--imp=x"], "There is no option --imp; did you mean --impl?"),
        (["ARGV-RESTORD"], "did you mean ARGV-RESTORED?"),
        (["--baseline=none.toml"], "--write-baseline writes one"),
        (["--maxfail=x"], "--maxfail, an option of pytest: 'x' is not a whole number"),
    ):
        done = run([*command, "-s", "conformance", "--", *words], project)
        assert done.returncode == 1
        last = done.stderr.strip().splitlines()[-1]
        assert last.startswith("conformance: usage: ")
        assert sentence in last
        assert "python -m conformance" not in last
    assert not list(project.glob("envs/conformance*"))


def test_nox_shows_the_help_of_the_options(project: Path) -> None:
    """Once, and not for each interpreter; with --install, which is for nox alone."""
    command = [sys.executable, "-m", "nox", "-f", str(HOUSE / "noxfile.py"), "-s", "conformance", "--", "--help"]
    done = run(command, project)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("runpy-conformance ")
    assert "--install=REQUIREMENT" in done.stdout
    assert done.stdout.count("--impl=SPEC  ") == 1
    assert "-s list -- [KIND]" in done.stdout
    assert "--install" not in conformance("--help").stdout


def test_nox_lists_what_can_be_named(project: Path) -> None:
    """As the command does."""
    command = [sys.executable, "-m", "nox", "-f", str(HOUSE / "noxfile.py"), "-s", "list", "--", "chapters"]
    assert run(command, project).stdout == conformance("list", "chapters").stdout


def test_what_cannot_be_installed_is_one_sentence(project: Path) -> None:
    """For the candidate, and for what a session needs; without a network and with an empty cache."""
    offline = {"UV_OFFLINE": "1", "UV_CACHE_DIR": str(project / "cache"), "UV_PYTHON_DOWNLOADS": "never"}
    command = [sys.executable, "-m", "nox", "-f", str(HOUSE / "noxfile.py"), "--envdir", str(project / "envs"), "-s"]
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    done = run([*command, f"conformance-{version}", "--", "--install=attrs", SMALL], project, **offline)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == f"conformance: could not install attrs on {version}"
    assert (
        "could not install attrs: the installer says above why; without a network, its cache must have it"
        in done.stderr
    )
    assert "Traceback" not in done.stdout + done.stderr
    done = run([*command, "lint"], project, **offline)
    assert done.returncode == 1
    assert "could not install import-linter" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


# -- pre-commit itself -------------------------------------------------------------------------------------------


def git(folder: Path, *words: str) -> str:
    """Run git, as nobody in particular, whatever the user's own settings."""
    who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def pre_commit(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The real pre-commit, in an environment of its own."""
    folder = tmp_path_factory.mktemp("pre-commit")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True)
    install = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "pre-commit", "hatchling"]
    try:
        subprocess.run(install, check=True, capture_output=True, timeout=180)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.skip("pre-commit cannot be installed here")
    return str(folder / "bin" / "pre-commit")


def example() -> str:
    """The configuration that the guide shows."""
    page = (HOUSE / "docs" / "ci.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"^```yaml\n(repos:\n.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return str(text)


@pytest.mark.skipif(shutil.which("git") is None, reason="no git here")
def test_the_example_for_pre_commit(pre_commit: str, project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """As it stands, but for where the suite comes from, in a repository with a `src` layout."""
    suite = tmp_path_factory.mktemp("suite") / "runpy-conformance"
    left_out = shutil.ignore_patterns(".git", ".nox", "build", "__pycache__", ".*_cache", ".hypothesis")
    shutil.copytree(HOUSE, suite, symlinks=True, ignore=left_out)
    for folder in (suite, project):
        git(folder, "init")
        git(folder, "add", ".")
        git(folder, "commit", "-m", "a")
    text = example().replace("https://github.com/OWNER/runpy-conformance", str(suite))
    (project / ".pre-commit-config.yaml").write_text(
        text.replace("rev: v0.1.0", f"rev: {git(suite, 'rev-parse', 'HEAD')}")
    )
    git(project, "add", ".")
    done = run([pre_commit, "run", "--all-files"], project, PRE_COMMIT_HOME=str(project.parent / "pre-commit-home"))
    if "An unexpected error has occurred" in done.stdout and "pip" in done.stdout:
        pytest.skip("the hook's environment cannot be made here")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "PACKAGE-FROM-SPEC" in done.stdout
    assert "status 1: diverges" in done.stdout
    right = "from runpy import run_module as run_module\n"
    (project / "src" / "mypkg" / "__init__.py").write_text(right)
    git(project, "add", ".")
    done = run([pre_commit, "run"], project, PRE_COMMIT_HOME=str(project.parent / "pre-commit-home"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^runpy-conformance\.+Passed$", done.stdout, re.MULTILINE)


# -- what the guide names ----------------------------------------------------------------------------------------


def test_the_release_that_the_guide_pins() -> None:
    """It is the one that the version will be, by the scheme of CONTRIBUTING.md, and nothing else is left to fill in."""
    page = (HOUSE / "docs" / "ci.md").read_text(encoding="utf-8")
    tag = f"v{Version(__version__).base_version}"
    assert set(re.findall(r"\bv\d+\.\d+\.\d+\b", page)) == {tag}
    assert f"`{tag}`" in (HOUSE / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert not re.search(r"\b(REVISION|VERSION\.whl|TAG)\b", page)


def test_the_matrix_of_the_guide_has_all_targets() -> None:
    """As the table of Pythons lists them."""
    page = (HOUSE / "docs" / "ci.md").read_text(encoding="utf-8")
    matrix = re.search(r"matrix: \{target: \[(.*?)\]\}", page)
    assert matrix is not None
    assert tuple(re.findall(r'"(.*?)"', matrix[1])) == TARGETS
