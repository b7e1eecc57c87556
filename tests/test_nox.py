"""The front door: what nox makes of a command line, and what its last line says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from conformance import HOUSE
from conformance.clauses.pythons import TABLE
from conformance.commands.nox_request import NOX_ENVIRONMENT, path_of_user
from conformance.observation.interpreters import BadInterpreter, find

pytest.importorskip("nox")

SMALL = "packages/nested_package_runs_main"


def nox(folder: Path, *arguments: str, session: str = "conformance") -> subprocess.CompletedProcess[str]:
    """Run nox on our noxfile from a folder, in this environment, with environments of its own."""
    environ = {**os.environ, "NOX_SCRIPT_MODE": "none"}
    return subprocess.run(
        [
            *(sys.executable, "-m", "nox", "-f", str(HOUSE / "noxfile.py"), "--envdir", str(folder / ".nox")),
            *("-s", session, "--", *arguments),
        ],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def is_here(interpreter: str) -> bool:
    """True if there is such an interpreter."""
    try:
        find(interpreter)
    except BadInterpreter:
        return False
    return True


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    """The last line of a command, which no traceback may precede."""
    assert "Traceback" not in done.stdout + done.stderr
    return done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--impl="], "--impl needs a value"),
        (["--impl"], "--impl needs a value"),
        (["--interpreter="], "--interpreter needs a value"),
        (["--install=/no/such/place"], "there is nothing at /no/such/place"),
        (["--install=a b"], "'a b' is not a requirement"),
        (["--install=--index-url=x"], "--install takes a PyPI name, a path or '-e path'"),
        (["--report=/no/such/folder/out.jsonl"], "there is no folder /no/such/folder"),
        (["--target=python3", "--install=x"], "--install is for the environments that nox makes"),
    ],
)
def test_a_command_line_that_cannot_be_followed(arguments: list[str], sentence: str, tmp_path: Path) -> None:
    """It is refused in one sentence, before any environment is made."""
    done = nox(tmp_path, *arguments)
    assert done.returncode == 1
    assert last_line(done).startswith("conformance: usage: ")
    assert sentence in last_line(done)
    assert "aborted" not in done.stderr
    assert not list(tmp_path.glob(".nox/conformance*"))


@pytest.mark.parametrize(
    ("arguments", "status", "sentence", "outcome"),
    [
        (["--target=/no/such/python"], 1, "There is no interpreter '/no/such/python'", "usage"),
        (["--target={python}", "NO-SUCH-CLAUSE"], 1, "'NO-SUCH-CLAUSE' is neither a clause", "usage"),
        (["--target={python}", "--impl=no_such_module"], 1, "There is no module 'no_such_module'", "cannot be loaded"),
        (["--target={python}", "-k", "no_such_case", SMALL], 1, "status 5", "nothing ran"),
        (["--interpreter=/no/such/python"], 1, "There is no interpreter '/no/such/python'", "usage"),
        (["--interpreter={python}", "--target={python}", SMALL], 0, "status 0", "conforms"),
        (
            ["--target-command={python} {agent}", "--smoke"],
            0,
            "a hang",
            "the bridge keeps to the protocol; nothing was",
        ),
        (["--target={python}", "--impl=mine.py:wrong", SMALL], 1, "PACKAGE-FROM-SPEC", "diverges"),
        (["--target={python}", "--impl=mine:right", SMALL], 0, "status 0", "conforms"),
    ],
)
def test_the_last_line_says_which_it_was(
    arguments: list[str], status: int, sentence: str, outcome: str, tmp_path: Path
) -> None:
    """Nox itself tells only success from failure. What lies where the user stands can be judged."""
    (tmp_path / "mine.py").write_text(
        "from runpy import run_module as right\n"
        "def wrong(mod_name, init_globals=None, run_name=None, alter_sys=False):\n"
        "    return {**right(mod_name, init_globals, run_name, alter_sys), '__package__': 'wrong'}\n"
    )
    agent = HOUSE / "conformance" / "agent" / "start.py"
    done = nox(tmp_path, *(argument.format(python=sys.executable, agent=agent) for argument in arguments))
    assert (done.returncode, outcome in last_line(done)) == (status, True), done.stdout + done.stderr
    assert sentence in done.stdout + done.stderr


def test_a_target_goes_with_no_version(tmp_path: Path) -> None:
    """The session of one version has its own interpreter."""
    environ = {**os.environ, "NOX_SCRIPT_MODE": "none"}
    command = [sys.executable, "-m", "nox", "-f", str(HOUSE / "noxfile.py"), "-s", "conformance-3.12"]
    done = subprocess.run(
        [*command, "--", "--target=python3"], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "--target names the interpreter itself" in done.stderr


def test_without_an_interpreter_nothing_ran(tmp_path: Path) -> None:
    """That is a failure, on CI too."""
    environ = {**os.environ, "NOX_SCRIPT_MODE": "none", "CI": "true", "UV_PYTHON_DOWNLOADS": "never"}
    shutil.copy(HOUSE / "noxfile.py", tmp_path)
    (tmp_path / "survey").mkdir()
    table = tmp_path / "conformance" / "clauses" / TABLE.name
    shutil.copytree(HOUSE / "conformance", tmp_path / "conformance", ignore=shutil.ignore_patterns("__pycache__"))
    table.write_text(TABLE.read_text(encoding="utf-8").replace('"3.8"', '"3.99"'), encoding="utf-8")
    (tmp_path / "fixtures").symlink_to(HOUSE / "fixtures")
    done = subprocess.run(
        [sys.executable, "-m", "nox", "-s", "conformance-3.99"],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "3.99" in done.stderr
    assert last_line(done) == "conformance: nothing ran: no interpreter that was asked for could be used"


def test_what_is_asked_for_is_installed_when_environments_are_reused(tmp_path: Path) -> None:
    """Nox's -R leaves installs out; one that is needed is not to be left out, nor taken for done."""
    try:
        find("python3.12")
    except BadInterpreter:
        pytest.skip("no Python 3.12 here")
    environ = {**os.environ, "NOX_SCRIPT_MODE": "none"}
    command = [sys.executable, "-m", "nox", "-R", "-f", str(HOUSE / "noxfile.py"), "--envdir", str(tmp_path / ".nox")]

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [*command, "-s", "conformance-3.12", "--", SMALL, *arguments],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        return last_line(done)

    assert run() == "conformance: conforms on 3.12"
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "pyproject.toml").write_text("this is no TOML")
    for _ in range(2):
        assert run("--install=./broken").startswith("conformance: could not install ")


def test_one_report_of_all_targets(tmp_path: Path) -> None:
    """Each target leaves its records, of which one page is made; `nox -s report` makes and compares others."""
    names = []
    for name in ("3.11", "3.12"):
        try:
            find(f"python{name}")
        except BadInterpreter:
            continue
        names.append(name)
    if not names:
        pytest.skip("neither Python 3.11 nor 3.12 is here")
    (tmp_path / "mine.py").write_text(
        "import sys\n"
        "from runpy import run_module as right\n"
        "def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):\n"
        "    found = right(mod_name, init_globals, run_name, alter_sys)\n"
        "    return {**found, '__package__': 'wrong'} if sys.version_info >= (3, 12) else found\n"
    )
    (tmp_path / "all-3.11.jsonl").write_text("what an earlier run has left\n")
    environ = {**os.environ, "NOX_SCRIPT_MODE": "none"}
    command = [sys.executable, "-m", "nox", "-f", str(HOUSE / "noxfile.py"), "--envdir", str(tmp_path / ".nox"), "-s"]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *arguments], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )

    sessions = [f"conformance-{name}" for name in names]
    done = run(*sessions, "--", "--impl=mine:run_module", SMALL, "--report=all.html", "--report", "all.badge.json")
    assert "Traceback" not in done.stdout + done.stderr
    assert sorted(path.name for path in tmp_path.glob("all*")) == sorted(
        [*(f"all-{name}.jsonl" for name in names), "all.badge.json", "all.html"]
    )
    page = (tmp_path / "all.html").read_text(encoding="utf-8")
    for name in names:
        assert f"CPython {name}." in page
    again = run("report", "--", *(f"all-{name}.jsonl" for name in names), "--report=again.html")
    assert "mine:run_module at level compat" in again.stdout
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == page
    compared = run("report", "--", "--compare", f"all-{names[-1]}.jsonl", f"all-{names[-1]}.jsonl")
    assert compared.returncode == 0
    assert "nothing broke" in compared.stdout
    refused = run("report", "--", "all.html")
    assert refused.returncode == 1
    assert "all.html:1: this is no JSON" in refused.stderr + refused.stdout


@pytest.mark.parametrize(
    ("meddle", "first", "status", "summary"),
    [
        ("conformance.commands.session:Session.record=GROUP", "right", 130, "conforms on {0}; interrupted on {1}"),
        (
            "conformance.commands.session:Session.record=GROUP conformance.report.stream:Stream.end=GROUP",
            *("right", 130, "conforms on {0}; interrupted on {1}"),
        ),
        ("conformance.commands.session:Session.record=TERM", "right", 130, "conforms on {0}; interrupted on {1}"),
        ("conformance.commands.session:Session.open=GROUP", "right", 130, "conforms on {0}; interrupted on {1}"),
        ("", "wrong", 1, "diverges on {0}"),
    ],
    ids=["Ctrl-C", "Ctrl-C twice", "SIGTERM", "Ctrl-C before anything", "the first failure, with -x"],
)
def test_a_run_that_ends_before_its_time_makes_its_reports(
    meddle: str, first: str, status: int, summary: str, tmp_path: Path
) -> None:
    """Of the targets that were judged by then: nox never comes to `verdict`."""
    names = [name for name in ("3.11", "3.12", "3.13") if is_here(f"python{name}")][:2]
    if len(names) < 2:
        pytest.skip("there are no two of Python 3.11, 3.12 and 3.13 here")
    (tmp_path / "mine.py").write_text(
        "from runpy import run_module as right\n"
        "def wrong(mod_name, init_globals=None, run_name=None, alter_sys=False):\n"
        "    return {**right(mod_name, init_globals, run_name, alter_sys), '__package__': 'wrong'}\n"
    )
    environ = {**os.environ, "NOX_SCRIPT_MODE": "none"}
    if meddle:
        environ |= {
            "PYTEST_XDIST_WORKER": "",
            "MEDDLE": meddle,
            "MEDDLE_WHERE": f"all-{names[1]}.jsonl",
        }
    done = subprocess.run(
        [
            *(sys.executable, "-m", "nox", "-x", "-f", str(HOUSE / "noxfile.py"), "--envdir", str(tmp_path / ".nox")),
            *("-s", *(f"conformance-{name}" for name in names), "--", f"--impl=mine:{first}", SMALL),
            *("--report=all.html", "--report=all.md", *(["-p", "tests.meddling"] if meddle else [])),
        ],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        start_new_session=True,
    )
    assert done.returncode == status, done.stdout + done.stderr
    assert last_line(done) == "conformance: " + summary.format(*names)
    page = (tmp_path / "all.html").read_text(encoding="utf-8")
    assert page.rstrip().endswith("</html>")
    judged = [name for name in names if f"CPython {name}." in page]
    recorded = [name for name in names if (tmp_path / f"all-{name}.jsonl").exists()]
    assert judged == recorded
    assert recorded[0] == names[0]
    assert (tmp_path / "all.md").read_text(encoding="utf-8").startswith("## ")


@pytest.mark.parametrize("name", ["out", "out.json", "out.xml"])
def test_a_report_whose_name_says_nothing(name: str, tmp_path: Path) -> None:
    """It is refused before any environment is made."""
    done = nox(tmp_path, f"--report={name}")
    assert done.returncode == 1
    assert f"--report: {name} ends in none of .jsonl, .html, .md, .svg, badge.json" in last_line(done)


def test_sessions_that_judge_nothing_see_the_folder_of_the_user(tmp_path: Path) -> None:
    """Commands of docs/recordings.md, docs/exported-tree.md and docs/families.md work in a folder with one fixture."""
    chapter = tmp_path / "mine" / "packages"
    chapter.mkdir(parents=True)
    (chapter / "one.toml").write_text(
        "summary = 'One'\ncall = \"run_module('m')\"\n[files]\n'm.py' = ''\n", encoding="utf-8"
    )
    recorded = nox(tmp_path, "--new", "--cases=mine", f"--target={sys.executable}", session="record")
    assert recorded.returncode == 0, recorded.stdout + recorded.stderr
    assert (tmp_path / "mine" / "recordings" / "packages.json").is_file()
    exported = nox(tmp_path, "tree.zip", "--cases", "mine", session="fixtures")
    assert exported.returncode == 0, exported.stdout + exported.stderr
    assert str(tmp_path / "tree.zip") in exported.stdout
    assert (tmp_path / "tree.zip").is_file()
    listed = nox(tmp_path, "--ids", "names", session="families")
    assert listed.returncode == 0, listed.stderr
    assert "families/names/" in listed.stdout


def environment_of_nox() -> dict[str, str]:
    """For a nox that is run in this environment, and downloads no interpreter."""
    return {**os.environ, "NOX_SCRIPT_MODE": "none", "UV_PYTHON_DOWNLOADS": "never"}


def test_the_versions_that_may_drive_the_suite() -> None:
    """They are the CPythons judged that `requires-python` allows; all that names the oldest of them agrees."""
    command = [sys.executable, "-m", "nox", "-f", str(HOUSE / "noxfile.py"), "-s", "conformance", "drivers"]
    command += ["--list", "--json"]
    listed = subprocess.run(command, env=environment_of_nox(), capture_output=True, text=True, check=True)
    versions: dict[str, list[str]] = {}
    for session in json.loads(listed.stdout):
        versions.setdefault(session["name"], []).append(session["python"])
    project = (HOUSE / "pyproject.toml").read_text(encoding="utf-8")
    (required,) = re.findall(r'^requires-python = "(.*)"$', project, re.MULTILINE)
    judged = [version for version in versions["conformance"] if not version.startswith("pypy")]
    assert versions["drivers"] == [version for version in judged if SpecifierSet(required).contains(version)]
    oldest = versions["drivers"][0]
    assert required == f">={oldest}"
    assert f'# requires-python = "{required}"' in (HOUSE / "noxfile.py").read_text(encoding="utf-8")
    assert f'target-version = "py{oldest.replace(".", "")}"' in project  # ruff's
    assert f'python_version = "{oldest}"' in project  # mypy's
    assert f"with Python {oldest} or later" in (HOUSE / "README.md").read_text(encoding="utf-8")


def test_the_suite_is_tried_on_each_python_that_may_drive_it(tmp_path: Path) -> None:
    """In an environment with what a driver needs; one that is missing is named, and arguments go to pytest."""
    here = ".".join(map(str, sys.version_info[:2]))
    wheel = tmp_path / "pytest-9-py3-none-any.whl"  # stands in for what a driver needs
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("pytest/__main__.py", "import sys; print('pytest', sys.prefix, *sys.argv[1:])")
        archive.writestr("pytest-9.dist-info/METADATA", "Metadata-Version: 2.1\nName: pytest\nVersion: 9\n")
        archive.writestr("pytest-9.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("pytest-9.dist-info/RECORD", "")
    text = (HOUSE / "noxfile.py").read_text(encoding="utf-8")
    project = f'[project]\ndependencies = ["pytest @ {wheel.as_uri()}"]\n[dependency-groups]\ntests = []\n'
    (tmp_path / "pyproject.toml").write_text(project, encoding="utf-8")
    shutil.copytree(HOUSE / "conformance", tmp_path / "conformance", ignore=shutil.ignore_patterns("__pycache__"))
    table = tmp_path / "conformance" / "clauses" / TABLE.name
    table.write_text(re.sub(r"(?s)\[.*\]", f'["{here}", "3.99"]', table.read_text(encoding="utf-8")), encoding="utf-8")
    (tmp_path / "noxfile.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "nox", "-s", "drivers", "--", "-k", "judge"]
    done = subprocess.run(command, cwd=tmp_path, env=environment_of_nox(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"pytest {tmp_path / '.nox' / 'drivers'}-{here.replace('.', '-')} -k judge\n"
    assert "drivers-3.99 skipped: Python interpreter 3.99 not found" in done.stderr


def test_a_target_is_an_interpreter_of_the_user(tmp_path: Path) -> None:
    """Never the one of the environment that nox makes for the noxfile, though nox puts that first on PATH."""
    environment = tmp_path / ".nox" / NOX_ENVIRONMENT
    path = os.pathsep.join([str(environment / "bin"), "/usr/local/bin", "/usr/bin"])
    assert path_of_user(path, environment) == os.pathsep.join(["/usr/local/bin", "/usr/bin"])
    assert path_of_user(path, tmp_path / "venv") == path
