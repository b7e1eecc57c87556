"""Whatever a candidate says, the suite takes it: each way out of it holds any text that Python can hold."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import pytest

from conformance import HOUSE
from conformance.cases.fixtures import from_plain, toml
from conformance.cases.model import Case, Step
from conformance.report import baseline_file
from conformance.report.console import console_on
from conformance.report.markdown import code, fenced, text
from conformance.report.reproducer import program
from conformance.report.values import show, words
from conformance.texts import encodable, visible
from tests.harness import conformance
from tests.odd_texts import ODD, WAYS

CANDIDATE = Path(__file__).resolve().parent / "odd_texts.py"
CHAPTERS = ("warnings", "returned_namespace")
ODD_NAMES = "unrunnable_names/odd_characters_find_nothing"
REFUSES = (
    "import runpy\n"
    "def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):\n"
    "    if not mod_name.isidentifier():\n"
    "        raise ModuleNotFoundError('There is nothing called ' + mod_name)\n"
    "    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)\n"
)


def judged(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the suite on the candidate that speaks oddly, from a folder; it diverges, and nothing else is wrong."""
    done = conformance(f"--impl={CANDIDATE}", "--level=exact", *arguments, folder=folder)
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    assert "INTERNALERROR" not in done.stdout + done.stderr, done.stdout
    assert "status 1: diverges" in done.stdout.splitlines()[-2], done.stdout + done.stderr
    assert done.returncode == 1
    return done


def unprinted(written: str) -> set[str]:
    """The characters in a text that are neither printed nor the end of a line."""
    return {character for character in written if not character.isprintable() and character != "\n"}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all kinds of reports on that candidate, written by one process; and by two, in `two`."""
    folder = tmp_path_factory.mktemp("reports")
    (folder / "two").mkdir()
    for place, more in ((folder, ()), (folder / "two", ("-n", "2"))):
        names = ("out.jsonl", "out.html", "out.md", "out.svg", "out.badge.json")
        options = (*more, *(f"--report={place / name}" for name in names), f"--junitxml={place / 'j.xml'}")
        done = judged(folder, *options, *CHAPTERS)
        (place / "terminal.txt").write_text(done.stdout, encoding="utf-8")
    return folder


def trials(path: Path) -> dict[str, object]:
    """The records of all cases, by id."""
    records = [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]
    return {record["id"]: record for record in records if record["record"] == "trial"}


def test_the_candidate_says_everything(reports: Path) -> None:
    """Or the tests below would show little: each of its ways is tried, and the records have it as it is."""
    said = json.dumps([*trials(reports / "out.jsonl").values()])
    assert json.dumps(ODD)[1:-1] in said
    for place in ("result", "sys.argv", "sys.modules", "builtins", "environ", "stdout", "files", "warnings", "path"):
        assert f": {place}" in said, place
    assert len(WAYS) == 19


@pytest.mark.parametrize("name", ["out.html", "out.md", "out.svg", "out.badge.json", "j.xml", "terminal.txt"])
@pytest.mark.parametrize("processes", [".", "two"])
def test_what_is_written_can_be_read(name: str, processes: str, reports: Path) -> None:
    """It is UTF-8, and holds nothing that a reader would not see."""
    written = (reports / processes / name).read_bytes().decode("utf-8")
    assert unprinted(written) <= {"\t"}
    if name in ("out.html", "out.md", "terminal.txt"):
        assert "\\udc80\\ud800" in written
    if name.endswith((".xml", ".svg")):
        ElementTree.fromstring(written)


def test_what_workers_tell_is_what_was_seen(reports: Path) -> None:
    """To the letter."""
    assert trials(reports / "two" / "out.jsonl") == trials(reports / "out.jsonl")


@pytest.mark.parametrize(
    ("encoding", "option"),
    [("ascii", "-q"), ("ascii", "-n2"), ("ascii", "-rA"), ("latin-1", "-v"), ("utf-8", "-rA"), ("utf-8", "-v")],
)
def test_any_output_takes_it(encoding: str, option: str, tmp_path: Path) -> None:
    """Whatever its encoding lacks is escaped; -v, -r and --tb are pytest's own words."""
    done = subprocess.run(
        [sys.executable, "-m", "conformance", f"--impl={CANDIDATE}", option, "--tb=short", CHAPTERS[0]],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(HOUSE), "PYTHONIOENCODING": encoding},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    printed = done.stdout.decode(encoding)
    assert "status 1: diverges" in printed
    assert not unprinted(printed)
    assert b"Traceback" not in done.stdout + done.stderr


def test_a_baseline_takes_it(tmp_path: Path) -> None:
    """A divergence that was written into a baseline is expected the next time."""
    baseline = f"--baseline={tmp_path / 'known.toml'}"
    impl = f"--impl={CANDIDATE}"
    written = conformance(impl, baseline, "--write-baseline", *CHAPTERS, folder=tmp_path)
    assert written.returncode == 0, written.stdout + written.stderr
    expected = conformance(impl, baseline, "-n", "2", *CHAPTERS, folder=tmp_path)
    assert expected.returncode == 0, expected.stdout + expected.stderr
    assert "conforms, but for what the baseline expects" in expected.stdout


def test_reports_of_records_take_it(reports: Path, tmp_path: Path) -> None:
    """They are the same as those of the run; and so is a comparison."""
    command = [sys.executable, "-m", "conformance", "report"]
    records = str(reports / "out.jsonl")
    options = {"cwd": HOUSE, "env": {**os.environ, "PYTHONIOENCODING": "ascii"}, "capture_output": True, "timeout": 60}
    made = [f"--report={tmp_path / name}" for name in ("out.html", "out.md")]
    done = subprocess.run([*command, records, *made], check=False, **options)  # type: ignore[call-overload]
    assert done.returncode == 1, done.stderr
    for name in ("out.html", "out.md"):
        assert (tmp_path / name).read_bytes() == (reports / name).read_bytes()
    both = ["--compare", records, str(reports / "two" / "out.jsonl"), f"--report={tmp_path / 'compared.md'}"]
    done = subprocess.run([*command, *both], check=False, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stderr
    assert not unprinted((tmp_path / "compared.md").read_bytes().decode("utf-8"))


@pytest.mark.parametrize("processes", [(), ("-n", "2"), ("--cores=2",)])
def test_a_name_that_is_no_text_for_others_is_judged_in_several_processes(
    processes: tuple[str, ...], tmp_path: Path
) -> None:
    """The first thing that a stranger's implementation differs in: the message of an error."""
    (tmp_path / "mine.py").write_text(REFUSES, encoding="utf-8")
    done = conformance(f"--impl={tmp_path / 'mine.py'}", "--level=exact", *processes, ODD_NAMES, folder=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "ODD-CHARACTERS-MESSAGE" in done.stdout
    assert "INTERNALERROR" not in done.stdout


def test_what_a_candidate_does_not_offer_is_said_in_any_words(tmp_path: Path) -> None:
    """In one process and in two; by pytest as well."""
    (tmp_path / "mine.py").write_text(
        "import runpy\nfrom under_test import Unsupported\n"
        "def run_module(mod_name, *arguments, **named):\n"
        "    if mod_name == 'smoke_check':\n        return runpy.run_module(mod_name)\n"
        f"    raise Unsupported({ODD!a})\n"
    )
    for more in ((), ("-n", "2"), ("-v", "-rs"), (f"--junitxml={tmp_path / 'j.xml'}",)):
        done = conformance(f"--impl={tmp_path / 'mine.py'}", *more, "warnings")
        assert done.returncode == 5, done.stdout + done.stderr
        assert "\\udc80\\ud800" in done.stdout
        assert not unprinted(done.stdout)
    ElementTree.parse(tmp_path / "j.xml")


def test_why_a_candidate_cannot_be_loaded_is_said_in_any_words(tmp_path: Path) -> None:
    """Status 3, and nothing in it that a terminal obeys."""
    (tmp_path / "mine.py").write_text(f"raise LookupError({ODD!a})\n")
    done = conformance(f"--impl={tmp_path / 'mine.py'}", "warnings")
    assert done.returncode == 3
    assert not unprinted(done.stderr)
    assert "\\udc80\\ud800" in done.stderr


def test_files_whose_names_are_not_utf_8(tmp_path: Path) -> None:
    """Workers cannot be told of them, so that one process does all the work, and says so."""
    folder = os.fsdecode(os.fsencode(tmp_path / "place") + b"\xff")
    try:
        os.mkdir(folder)
    except OSError:
        pytest.skip("this file system wants names in UTF-8")
    mine = Path(folder, "mine.py")
    mine.write_text(REFUSES, encoding="utf-8")
    reports = [f"--report={folder}/out{ending}" for ending in (".jsonl", ".html", ".md")]
    options = ("--level=exact", "-n", "2", *reports, f"--junitxml={folder}/j.xml")
    done = conformance(f"--impl={mine}", *options, ODD_NAMES, folder=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "No worker processes are used" in done.stderr
    assert "place\\udcff" in done.stdout
    for ending in (".html", ".md"):
        assert Path(folder, f"out{ending}").read_bytes().decode("utf-8")
    ElementTree.parse(f"{folder}/j.xml")


# -- the suite's own faults ------------------------------------------------------------------------------------

FAULTS = {
    "in a case": ("conformance.commands.session:Session.trial=FAIL", ()),
    "in a worker's case": ("worker/conformance.commands.session:Session.trial=FAIL", ("-n", "2")),
    "in a worker, as it tells of a case": ("worker/conformance.commands.plugin:pickle.dumps=FAIL", ("-n", "2")),
    "in a worker, as it begins": ("worker/conformance.commands.session:Session.open=FAIL", ("-n", "2")),
    "in a worker, as it collects": ("worker/conformance.commands.items:FixtureFile.collect=FAIL", ("-n", "2")),
    "by the end of a worker": (
        "worker/conformance.commands.session:Session.trial=DIE",
        ("-n", "2", "--max-worker-restart=0"),
    ),
    "by the end of workers": ("worker/conformance.commands.session:Session.trial=DIE", ("-n", "2")),
    "as a case is gathered": ("conformance.commands.session:Session.take=FAIL", ()),
    "as a worker's case is gathered": ("conformance.commands.session:Session.take=FAIL", ("-n", "2")),
    "as cases are collected": ("conformance.commands.items:FixtureFile.collect=FAIL", ()),
    "as reports are written": ("conformance.report.stream:write=FAIL", ()),
    "as the end is counted": ("conformance.commands.session:Session.finish=FAIL", ()),
    "as the end is printed": ("conformance.report.terminal:overview=FAIL", ()),
    "as it begins": ("conformance.commands.session:Session.progress=FAIL", ()),
    "as both sides are started": ("conformance.commands.session:Session.open=FAIL", ()),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_suite_is_no_verdict(fault: str, tmp_path: Path) -> None:
    """Status 4, and no other: it neither conforms nor diverges, and it is not as if nothing ran."""
    meddle, more = FAULTS[fault]
    done = conformance(
        *(f"--report={tmp_path / 'out.md'}", *more, "packages/nested_package_runs_main", "-p", "tests.meddling"),
        PYTEST_XDIST_WORKER="",  # that of these tests
        MEDDLE=meddle,
    )
    assert done.returncode == 4, done.stdout + done.stderr
    assert "status 4: the suite itself failed" in done.stdout + done.stderr


# -- the parts -------------------------------------------------------------------------------------------------


def test_a_text_is_made_visible() -> None:
    """As Python would write it; what is printed stays, and so does what is asked for."""
    assert visible("plain é \U0001f600") == "plain é \U0001f600"
    assert visible("a\nb\x1b\udc80\u2028") == "a\\nb\\x1b\\udc80\\u2028"
    assert visible("a\nb\t", "\n") == "a\nb\\t"
    assert encodable("é\U0001f600", "ascii") == "\\xe9\\U0001f600"
    assert encodable("é", "latin-1") == encodable("é", None) == "é"


def test_a_value_is_told_on_one_line() -> None:
    """Whatever it is called."""
    for value in (ODD, {"bytes": ODD}, {"exception": ODD, "message": ODD}, {"module": ODD}, {"is": ODD}, {"a": ODD}):
        assert not unprinted(words(value))
        assert "\n" not in words(value)
        assert not unprinted(show(value))
    assert len(show(ODD * 100)) == 300


def test_a_console_prints_it() -> None:
    """Its own colours, and the ends of lines, stay."""
    file = StringIO()
    console = console_on(file, colour=True)
    odd = ODD.replace("\n", "")
    console.print(odd, style="red", markup=False, highlight=False, soft_wrap=True)
    console.print("two\nlines")
    assert file.getvalue() == f"\x1b[31m{visible(odd)}\x1b[0m\ntwo\nlines\n"


def test_markdown_holds_it() -> None:
    """In a cell, in a sentence, and in a block of code."""
    for written in (code(ODD), text(ODD), *fenced(ODD, "toml")):
        assert not unprinted(written) - {"\t"}
    assert "\n" not in code(ODD) + text(ODD)


def test_a_reproducer_says_it(tmp_path: Path) -> None:
    """It is ASCII, Python can read it, and it shows what differs whatever the encoding of its output."""
    case = Case(
        files={f"m{number}.py": f"x = {ODD!a}\n" for number in range(20)},
        steps=tuple(Step("call", f"run_module('m{number}')") for number in range(20)),
        summary=ODD,
    )
    source = program(case, difference=ODD, impl=f"{CANDIDATE}")
    assert source.isascii()
    script = tmp_path / "repro.py"
    script.write_text(source, encoding="ascii")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, str(script), "--all"], capture_output=True, env=environment, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert not done.stderr
    assert not unprinted(done.stdout.decode("ascii"))


def test_a_drawn_case_keeps_its_texts_in_a_baseline() -> None:
    """A character that ends a line elsewhere does not end it in TOML."""
    plain = {
        "summary": "",
        "call": "run_module('m')",
        "files": {"m.py": "x = '\u2028\x85\x0c'\ny = 1\n"},
        "clauses": [],
    }
    case = from_plain(plain, "search/packages/0123456789ab")
    record = {"id": case.id, "fixture": toml(case), "clauses": []}
    written = tomllib.loads(baseline_file._case(record))["cases"][case.id]
    assert from_plain(written, case.id).files == case.files


def test_what_a_case_shows_is_printed_in_any_encoding() -> None:
    """By `nox -s show`, for whoever mends an implementation."""
    command = [sys.executable, "-m", "conformance.commands.show", f"--impl={CANDIDATE}", "warnings/warned_run_goes_on"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, cwd=HOUSE, env=environment, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert not unprinted(done.stdout.decode("ascii"))
