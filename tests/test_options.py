"""The table of options: each value that cannot be right is met with what is wrong and what is accepted."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from conformance import HOUSE
from conformance.commands.command_line import COMMANDS, read
from conformance.commands.kinds import Kind, UsageError, nearest
from conformance.commands.options import OPTIONS, Option
from conformance.report import outputs
from conformance.report.endings import ENDINGS, RECORDS
from tests.harness import conformance

SMALL = "packages/nested_package_runs_main"

# What is typed; and the sentence.
REFUSED = {
    "--import-from=no_such": "--import-from: there is no folder {here}/no_such; give a folder that exists",
    "--import-from=file": "--import-from: {here}/file is a file; give a folder that exists",
    "--cases=file": "--cases: {here}/file is a file; give a folder that exists",
    "--case-timeout=0": "--case-timeout is a number of seconds above 0, such as 10 or 0.5, not '0'",
    "--case-timeout=nan": "--case-timeout is a number of seconds above 0, such as 10 or 0.5, not 'nan'",
    "--case-timeout=inf": "--case-timeout is a number of seconds above 0, such as 10 or 0.5, not 'inf'",
    "--load-timeout=-1": "--load-timeout is a number of seconds above 0, such as 10 or 0.5, not '-1'",
    "--load-timeout=soon": "--load-timeout is a number of seconds above 0, such as 10 or 0.5, not 'soon'",
    "--seed=x": "--seed is a whole number, such as 0 or 42, not 'x'",
    "--seed=1.5": "--seed is a whole number, such as 0 or 42, not '1.5'",
    "--oracle=me": "--oracle: there is no oracle 'me'; there are target, recording",
    "--oracle=recordings": "there are target, recording; did you mean recording?",
    "--profile=x": "--profile: there is no profile 'x'; there are quick, default, thorough",
    "--profile=through": "there are quick, default, thorough; did you mean thorough?",
    "--level=x": "--level: there is no level 'x'; there are documented, compat, exact",
    "--cores=x": "--cores is a number of processes, at least 1, or auto, not 'x'",
    "--cores=0": "--cores is a number of processes, at least 1, or auto, not '0'",
    "--budget=x": "--budget is a length of time such as 90s, 30m or 2h, not 'x'",
    "--budget=0": "--budget is a length of time such as 90s, 30m or 2h, not '0'",
    "--target=no_such": "--target: There is no interpreter 'no_such'; give a path or a command's name",
    "--target=.": "--target: {here} is a folder; give the interpreter in it",
    "--target=venv": "--target: {here}/venv is a folder; give the interpreter in it, {here}/venv/bin/python",
    "--interpreter=./file": "--interpreter: {here}/file is not a program that you may start; give an interpreter",
    "--report=out.json": "--report: out.json ends in none of .jsonl, .html, .md, .svg, badge.json",
    "--report=folder.html": "--report: {here}/folder.html is a folder; give a file, as in --report=path/to/file.html",
    "--report=no/out.html": "{here}/no/out.html cannot be written, since there is no folder {here}/no",
    "--junitxml=no/out.xml": "{here}/no/out.xml cannot be written, since there is no folder {here}/no",
    "--baseline=.": "--baseline: {here} is a folder; give a file, as in --baseline=path/to/file.toml",
    "--finds=file": "--finds: {here}/file is a file; give a folder, which is made if it does not exist",
    "--finds=file/finds": "--finds: {here}/file is a file; give a folder, which is made if it does not exist",
    "--database=file": "--database: {here}/file is a file; give a folder, which is made if it does not exist",
    "--write-baseline=yes": "--write-baseline takes no value; give --write-baseline alone",
    "--impl=my-pkg": "the name of a module (the name to import may be my_pkg); give mypkg",
    "--impl=my-file": "'my-file' cannot be the name of a module (the file is ./my-file.py); give mypkg",
    "--impl=-x": "--impl: '-x' cannot be the name of a module; give mypkg, mypkg.mod:callable or path/to/adapter.py",
    "--impl=a..b": "--impl: 'a..b' cannot be the name of a module",
    "--impl=1st": "--impl: '1st' cannot be the name of a module",
    "--impl=mypkg:run()": "--impl: 'run()' cannot be the name of a callable",
    "--impl=reference": "--impl=reference is the suite's own implementation; --impl=reference:run_module is the module",
    "--impl=one --impl=two": "--impl is given twice, as one and as two; give it once",
    "--impl --level=exact": "mypkg.mod:callable or path/to/adapter.py:callable; the next argument is --level=exact",
    "--install=no/such": "--install: there is nothing at {here}/no/such; give a PyPI name, or a path",
    "--install=--index-url=x": "--install takes a PyPI name, a path or '-e path', not --index-url=x",
}


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with one thing of each kind."""
    (tmp_path / "file").write_text("")
    (tmp_path / "my-file.py").write_text("")
    (tmp_path / "reference.py").write_text("")
    for folder in ("folder.html", "src", "venv/bin"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "venv/bin/python").symlink_to(sys.executable)
    return tmp_path


@pytest.mark.parametrize("typed", REFUSED)
def test_a_value_that_cannot_be_right(typed: str, here: Path) -> None:
    """One sentence: the option, what is wrong, what is accepted."""
    with pytest.raises(UsageError) as caught:
        read(typed.split(), here)
    assert REFUSED[typed].format(here=here) in str(caught.value)
    assert str(caught.value).startswith("--")
    assert "\n" not in str(caught.value)


VALUED = [option for option in OPTIONS if option.kind is not Kind.FLAG]


@pytest.mark.parametrize("option", VALUED, ids=lambda option: option.name)
@pytest.mark.parametrize("form", ["{name}=", "{name}= ", "{name}", "{name} -x"])
def test_an_option_without_its_value(option: Option, form: str) -> None:
    """Each says what a value looks like."""
    with pytest.raises(UsageError) as caught:
        read(form.format(name=option.name).split(" ") if "=" not in form else [form.format(name=option.name)])
    assert str(caught.value).startswith(f"{option.name} needs a value, as in {option.name}=")


def test_each_example_is_one_that_is_accepted(here: Path) -> None:
    """An example that a sentence offers can be typed, if there is such a file or folder."""
    (here / "path/to/folder").mkdir(parents=True)
    (here / "path/to/python").symlink_to(sys.executable)
    (here / "path/to/adapter.py").write_text("")
    for option in VALUED:
        for example in option.example.partition("=")[2].replace(" or ", ", ").replace("'", "").split(", "):
            if "./" not in example:
                assert read([f"{option.name}={example}"], here).value(option.name)


def test_paths_are_absolute_and_names_are_not(here: Path) -> None:
    """From the folder in which the user stands; in the order in which all was typed."""
    typed = ["--impl=src/mine.py:run", "-k", "some", "--import-from", "src", "packages"]
    typed += ["--report=a.html", "--report=b.md", "--target=venv/bin/python"]
    assert read([*typed, "--install", "-e", "src", "--cases=src", "--database=none"], here).arguments() == [
        *(f"--impl={here}/src/mine.py:run", "-k", "some", f"--import-from={here}/src", "packages"),
        *(f"--report={here}/a.html", f"--report={here}/b.md", f"--target={here}/venv/bin/python"),
        *(f"--install=-e {here}/src", f"--cases={here}/src", "--database=none"),
    ]
    assert read(["--impl=mypkg.mod:run"], here).value("--impl") == "mypkg.mod:run"
    assert read(["--impl=src/"], here).value("--impl") == f"{here}/src"
    (here / "src/mine.py").touch()
    bridge = ["python3", "src/mine.py", "src/", "./src", "src", "src/absent"]
    absolute = ["python3", f"{here}/src/mine.py", f"{here}/src", f"{here}/src", "src", "src/absent"]
    assert read([f"--target-command={' '.join(bridge)}"], here).value("--target-command") == " ".join(absolute)


def test_what_a_script_gives_can_be_overridden() -> None:
    """Where two values would not mean two things; the last counts."""
    assert read(["--profile=quick", "--seed=1", "--profile=thorough", "--seed=1"]).arguments() == [
        "--profile=thorough",
        "--seed=1",
    ]
    assert read(["--impl=mypkg", "--impl=mypkg"]).arguments() == ["--impl=mypkg"]


def test_a_candidate_called_oracle_is_no_oracle() -> None:
    """The word alone stands for the interpreter's own runpy."""
    assert read(["--impl=oracle"]).value("--impl") == "oracle:run_module"


def test_the_nearest_name() -> None:
    """Upper and lower case aside; nothing, if nothing is near."""
    assert nearest("argv-restord", ["ARGV-RESTORED", "ARGV-IS-FILE"]) == "ARGV-RESTORED"
    assert nearest("zzz", ["ARGV-RESTORED"]) == ""


def test_the_endings_of_reports_are_those_that_are_written() -> None:
    """The table of options knows them without the writers."""
    assert (RECORDS, *outputs.WRITERS) == ENDINGS


def test_the_table_is_read_without_pytest() -> None:
    """The noxfile reads it each time."""
    loaded = "sorted({'pytest', 'hypothesis', 'rich'} & set(sys.modules))"
    program = f"import sys, conformance.commands.command_line; print({loaded})"
    done = subprocess.run([sys.executable, "-c", program], cwd=HOUSE, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_driver_of_a_clone_is_that_of_the_package() -> None:
    """But for nox; and no tool of a single session is in it."""
    text = (HOUSE / "noxfile.py").read_text(encoding="utf-8")
    block = text.partition("# /// script\n")[2].partition("# ///\n")[0]
    script = tomllib.loads(
        "".join(line.removeprefix("#").removeprefix(" ") for line in block.splitlines(keepends=True))
    )
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))
    driver = [needed for needed in script["dependencies"] if not needed.startswith("nox")]
    assert sorted(driver) == sorted(project["project"]["dependencies"])
    assert {"tests", "lint", "types"} <= project["dependency-groups"].keys()


# -- the command -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("--imp=x", "There is no option --imp; did you mean --impl? `python -m conformance --help` lists the options."),
        ("--imp x", "There is no option --imp; did you mean --impl?"),
        ("--levle=exact", "There is no option --levle; did you mean --level?"),
        ("--maxfial=3", "There is no option --maxfial; did you mean --maxfail?"),
        ("--maxfail=x", "--maxfail, an option of pytest: 'x' is not a whole number"),
        ("-nx", "-n/--numprocesses, an option of pytest: 'x' is not a number of processes, or auto"),
        ("-k", "-k, an option of pytest: expected one argument"),
        ("--seed=x", "--seed is a whole number, such as 0 or 42, not 'x'"),
        ("package", "'package' is neither a clause, nor a chapter, nor a fixture; did you mean packages?"),
        ("ARGV-RESTORD", "did you mean ARGV-RESTORED? `python -m conformance list` names the lists of them."),
        ("argv-restored", "did you mean ARGV-RESTORED?"),
        ("nested_package_runs_main", "did you mean packages/nested_package_runs_main?"),
        ("packages/nested_package_runs_man", "did you mean packages/nested_package_runs_main?"),
        ("packages/no_such_case", "nor a fixture; `python -m conformance list fixtures packages` lists those of that"),
        ("pakages/nested_package_runs_man", "did you mean packages/nested_package_runs_main?"),
        ("loaders/nested_package_runs_main", "did you mean packages/nested_package_runs_main?"),
        ("families/no_such_family/x", "nor a fixture; `python -m conformance list` names the lists of them."),
        ("families/cals", "did you mean families/calls?"),
        ("search/pakages", "did you mean search/packages?"),
        ("shwo", "did you mean python -m conformance show ...?"),
        (
            "--interpreter=python3 --impl=mypkg",
            "--interpreter judges the runpy of an interpreter, --impl another implementation",
        ),
    ],
)
def test_what_cannot_be_followed(typed: str, sentence: str) -> None:
    """Our usage or none, one sentence, status 2; pytest's usage is not ours."""
    done = conformance(*typed.split())
    assert done.returncode == 2
    *usage, said, last = done.stderr.splitlines()
    assert sentence in said
    assert last == "status 2: usage error"
    assert len(usage) <= 1
    assert all(line.startswith("usage: python -m conformance ") for line in usage)


def test_a_program_that_is_no_interpreter() -> None:
    """It is not told what we asked it."""
    for program in ("/bin/ls", "/bin/cat", "/bin/echo", "/bin/sh"):
        done = conformance(f"--target={program}", SMALL)
        assert done.returncode == 2
        assert f"{program} does not answer as a Python interpreter does" in done.stderr
        assert "implementation" not in done.stderr
        assert "version_info" not in done.stderr


def test_options_of_another_run_of_pytest_do_not_reach_ours() -> None:
    """PYTEST_ADDOPTS is for the user's own tests."""
    done = conformance(SMALL, PYTEST_ADDOPTS="--no-such-option", PYTEST_PLUGINS="no_such_plugin")
    assert done.returncode == 0, done.stderr


def test_a_candidate_in_src_is_pointed_at(tmp_path: Path) -> None:
    """The folder is named, and that is what is to be typed."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "mine.py").write_text("from runpy import run_module as run_module\n")
    done = conformance("--impl=mine", SMALL, folder=tmp_path)
    assert done.returncode == 3
    option = f"--import-from={tmp_path / 'src'}"
    assert f"it is in {tmp_path / 'src'}: give {option}." in done.stderr
    assert conformance("--impl=mine", SMALL, option, folder=tmp_path).returncode == 0
    done = conformance("--impl=no_such_module", SMALL, folder=tmp_path)
    assert "install it there, or give the folder that holds it with --import-from=DIR." in done.stderr
    assert "--install" not in done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_the_commands_beside_the_judging(name: str) -> None:
    """Each says its own name in its usage, takes no abbreviations, and refuses in one sentence."""
    done = conformance(name, "--help")
    assert done.returncode == 0
    assert f"python -m conformance {name}" in done.stdout or name in ("export", "releases")
    assert name in conformance("--help").stdout
    if name != "export":
        done = conformance(name, "--no-such-option", "x")
        assert done.returncode == 2
        assert done.stderr == (
            f"There is no option --no-such-option; `python -m conformance {name} --help` lists the options.\n"
        )


def test_lists() -> None:
    """All that can be named on a command line."""
    assert conformance("list", "chapters").stdout.startswith("calling_convention  Calling convention: ")
    clauses = conformance("list", "clauses", "packages").stdout.splitlines()
    assert any(line.startswith("MAIN-SUBMODULE  documented: For a package") for line in clauses)
    assert not any(line.startswith("ARGV-RESTORED") for line in clauses)
    assert f"{SMALL}  " in conformance("list", "packages").stdout
    assert "families/calls  " in conformance("list", "families").stdout
    done = conformance("list", "chapter")
    assert done.returncode == 2
    assert done.stderr == (
        "There is no list of 'chapter'; there are clauses, chapters, fixtures, families; did you mean chapters?\n"
    )
    assert "did you mean packages?" in conformance("list", "fixtures", "package").stderr


def test_show_says_which_case_was_meant() -> None:
    """And takes the values that judging takes."""
    done = conformance("show", "nested_package_runs_main")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"did you mean {SMALL}? `python -m conformance list fixtures` lists them." in done.stderr
    assert "--target needs a value" in conformance("show", SMALL, "--target=").stderr
    assert "There is no option --imp; did you mean --impl?" in conformance("show", SMALL, "--imp=x").stderr


def test_a_command_line_can_be_checked_without_being_run() -> None:
    """As nox does before it makes any environment."""
    done = conformance("check", "--impl=no_such_module", SMALL)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "The command line is valid. Nothing was run.\n"
    assert conformance("check", "package").returncode == 2
