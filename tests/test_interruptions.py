"""Ctrl-C, wherever it comes: all reports that were asked for are written, and the exit status is 130."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from conformance import HOUSE
from conformance.report.reading import read
from tests.harness import conformance

PACKAGES = tuple(
    f"packages/{name}"
    for name in (
        "imported_package_runs_main",
        "main_of_the_package_itself",
        "main_submodule_by_name",
        "nested_package_runs_main",
        "package_is_imported_once",
    )
)
CASES = (*PACKAGES, "warnings/imported_main_warns", "warnings/warned_run_goes_on", "search/packages")
REPORTS = ("out.jsonl", "out.html", "out.md", "out.svg", "out.badge.json")
WRONG = (
    "from runpy import run_module as right\n"
    "def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):\n"
    "    found = right(mod_name, init_globals, run_name, alter_sys)\n"
    "    return {**found, '__package__': 'wrong'} if '__package__' in found else found\n"
)


def interrupted(
    folder: Path, meddle: str, *arguments: str, cases: tuple[str, ...] = CASES
) -> subprocess.CompletedProcess[str]:
    """Run the suite on a wrong candidate, with all reports, and interrupt it from inside (see `meddling`)."""
    (folder / "mine.py").write_text(WRONG, encoding="utf-8")
    reports = [f"--report={folder / name}" for name in REPORTS]
    return conformance(
        *(f"--impl={folder / 'mine.py'}:run_module", *reports, f"--finds={folder / 'finds'}", "--database=none"),
        *("--profile=quick", *arguments, *cases, "-p", "tests.meddling"),
        PYTEST_XDIST_WORKER="",  # that of these tests
        MEDDLE=meddle,
    )


def check_reports(folder: Path, problem: str = "interrupted") -> None:
    """Each is there and whole."""
    run = read(folder / "out.jsonl")
    assert run.end is not None
    assert problem in run.problem
    page = (folder / "out.html").read_text(encoding="utf-8")
    assert page.rstrip().endswith("</html>")
    assert not problem or problem in page
    assert (folder / "out.md").read_text(encoding="utf-8").startswith("## ")
    assert ElementTree.parse(folder / "out.svg").getroot().tag.endswith("svg")
    assert json.loads((folder / "out.badge.json").read_text())["schemaVersion"] == 1


# Where a run may be interrupted, in order. `worker/` is in one of the processes of -n.
PLACES = {
    "when reports have begun": "_pytest.main:Session.from_config=INT",
    "before anything is collected": "conformance.commands.session:Session.progress=INT",
    "by SIGTERM": "conformance.commands.session:Session.progress=TERM",
    "while fixtures are collected": "conformance.commands.items:FixtureFile.collect#5=INT",
    "while the families are enumerated": "conformance.cases.families:generate=INT",
    "while both sides are at work": "conformance.search.examine:Examiner.run_all=INT",
    "while both sides are at work on the second chapter": "conformance.search.examine:Examiner.run_all#2=INT",
    "between cases": "conformance.commands.session:Session.record#3=INT",
    "as a record is written": "conformance.report.stream:Stream.tell#4=INT",
    "as the search begins": "conformance.commands.searching:search=INT",
    "while the search tries": "conformance.search.rounds:_Search._trials=INT",
    "as pytest is told that it was interrupted": "conformance.commands.session:Session.record#3=INT "
    "conformance.commands.session:Session.finish=INT",
    "twice": "conformance.commands.session:Session.record#3=INT conformance.report.page:page=INT",
    "by nox, which has waited for long": "conformance.commands.session:Session.record#3=INT "
    "conformance.report.page:page=TERM",
}


@pytest.mark.parametrize("when", PLACES)
def test_an_interrupted_run_writes_all_its_reports(when: str, tmp_path: Path) -> None:
    """They say that it was interrupted, and nothing conforms there."""
    whole = {"cases": ("packages",)} if "families" in when else {}  # where fixtures are named, no family is needed
    done = interrupted(tmp_path, PLACES[when], **whole)
    assert done.returncode == 130, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "status 130: interrupted" in done.stdout + done.stderr
    check_reports(tmp_path)


LATE = {
    "as the reports are made": "conformance.report.page:page=INT",
    "as the first report is written": "conformance.report.stream:write=INT+TERM+HUP",
    "as the end is written": "conformance.report.stream:Stream.end=TERM",
    "as JUnit's file is written": "_pytest.junitxml:LogXML.pytest_sessionfinish=INT",
}


@pytest.mark.parametrize("when", LATE)
def test_what_is_interrupted_while_it_writes_its_reports_writes_them(when: str, tmp_path: Path) -> None:
    """By then all had been tried, and they say so; the exit status says that nothing is to follow."""
    done = interrupted(tmp_path, LATE[when], f"--junitxml={tmp_path / 'junit.xml'}", cases=PACKAGES)
    assert done.returncode == 130, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    check_reports(tmp_path, "")
    assert read(tmp_path / "out.jsonl").status == 1
    assert ElementTree.parse(tmp_path / "junit.xml").getroot().tag == "testsuites"


RICHER = {
    "the cases are reduced": "conformance.commands.reducing:reduced=INT",
    "the programs of the finds are tried": "conformance.commands.session:write_find=INT",
    "both sides of the findings are shown": "conformance.commands.session:shown_records=INT",
    "both sides were to be shown": "conformance.commands.session:Session.finish=TERM",
}


@pytest.mark.parametrize("when", RICHER)
def test_an_interruption_leaves_out_what_only_makes_reports_richer(when: str, tmp_path: Path) -> None:
    """It is not waited for; the rest is written."""
    done = interrupted(tmp_path, RICHER[when], cases=("search/packages",))
    assert done.returncode == 130, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    check_reports(tmp_path)
    assert not [
        record
        for record in map(json.loads, (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines())
        if record["record"] == "shown"
    ]


def test_whoever_presses_it_again_and_again_is_heard(tmp_path: Path) -> None:
    """Twice while reports are written, and they are left out; after the first time it says so."""
    done = interrupted(tmp_path, "conformance.report.page:page=INT+INT", cases=PACKAGES)
    assert done.returncode == 130
    assert "Ctrl-C once more ends without them" in done.stderr
    assert "status 130: interrupted" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not (tmp_path / "out.md").exists()


@pytest.mark.parametrize(
    ("meddle", "found"),
    [
        ("conformance.search.examine:Examiner.glance=INT", 0),
        ("conformance.search.examine:Examiner.confirm=INT", 0),
        ("conformance.search.rounds:_Search._smallest#2=INT", 1),
        ("conformance.search.examine:Examiner.confirm#2=INT", 1),
    ],
)
def test_a_search_that_is_interrupted_reports_what_it_has_found(meddle: str, found: int, tmp_path: Path) -> None:
    """While it makes cases smaller, too: a find that was settled before stays."""
    done = interrupted(tmp_path, meddle, cases=("search/packages",))
    assert done.returncode == 130, done.stdout + done.stderr
    check_reports(tmp_path)
    assert [trial["chapter"] for trial in read(tmp_path / "out.jsonl").trials] == ["search"] * found


@pytest.mark.parametrize(
    "meddle",
    [
        "xdist.workermanage:NodeManager.setup_nodes=INT",
        "xdist.dsession:DSession.worker_collectionfinish=INT",
        "conformance.commands.session:Session.take#3=INT",
        "conformance.commands.session:Session.take#3=TERM",
        "conformance.commands.session:Session.take#3=INT xdist.dsession:DSession.pytest_sessionfinish=INT",
    ],
)
def test_an_interrupted_run_in_several_processes_writes_its_reports(meddle: str, tmp_path: Path) -> None:
    """They are ended along with it."""
    done = interrupted(tmp_path, meddle, "-n", "2")
    assert done.returncode == 130, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    check_reports(tmp_path)


def test_a_report_that_cannot_be_written_takes_no_other_with_it(tmp_path: Path) -> None:
    """It is named, and the suite has failed; the others are there."""
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no full device here")
    (tmp_path / "full.html").symlink_to(full)
    reports = [f"--report={tmp_path / name}" for name in ("full.html", "out.md")]
    done = conformance(*reports, "packages/nested_package_runs_main")
    assert done.returncode == 4
    assert f"The report {tmp_path / 'full.html'} cannot be written" in done.stderr
    assert (tmp_path / "out.md").read_text(encoding="utf-8").startswith("## ")


def test_a_reader_that_goes_away_leaves_the_reports(tmp_path: Path) -> None:
    """As `head` does."""
    (tmp_path / "mine.py").write_text(WRONG, encoding="utf-8")
    reports = [f"--report={tmp_path / name}" for name in REPORTS]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "conformance", f"--impl={tmp_path / 'mine.py'}:run_module", *reports, *PACKAGES],
        cwd=HOUSE,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
    )
    os.close(writing)
    assert done.returncode == 130
    assert "Traceback" not in done.stderr
    check_reports(tmp_path, "")
