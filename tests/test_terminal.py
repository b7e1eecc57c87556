"""The texts of a run on a terminal, on its way and at its end, and in pytest's JUnit file."""

from __future__ import annotations

import io
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from fcntl import ioctl
from pathlib import Path

import pytest

from conformance import HOUSE, __version__
from conformance.clauses import CHAPTERS, registry
from conformance.report import terminal
from conformance.report.console import console_on
from conformance.report.findings import finds
from conformance.report.progress import Counter, chapter_of
from conformance.report.runs import Run
from tests import made
from tests.made import divergence, search, trial

ONE_FIXTURE = "packages/nested_package_runs_main"


class Screen(io.StringIO):
    """A terminal, as far as anybody asks."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def end_of(stream: list[made.Record], width: int = 80, height: int = 24, then: str = "python -m more") -> list[str]:
    """The lines with which a run ends, on a terminal of this size."""
    kinds: dict[str, list[made.Record]] = {}
    for record in stream:
        kinds.setdefault(record["record"], []).append(record)
    run = Run(kinds["run"][0], kinds.get("trial", []), kinds["clause"], kinds.get("search", []), end=stream[-1])
    console = console_on(Screen(), colour=False)
    console.width, console.height = width, height
    terminal.overview(console, run, files=["out.html"], then=then)
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined, no-any-return]


def broken_everywhere() -> list[made.Record]:
    """A case for each clause, each of which breaks it in a field of its own."""
    found = []
    for clause in registry().values():
        if not clause.untestable and clause.holds("3.13.0"):
            broken = divergence(clause.id, field=f"entry.{clause.id}", where=f"step 1: {'where it is ' * 12}")
            found.append(trial(f"{clause.chapter}/{clause.id.lower()}", broken, clauses=[clause.id]))
    return found


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_end_of_a_run_fits_a_screen_however_bad_it_is(width: int) -> None:
    """All chapters, the firmest findings, the status, and last the command to run next."""
    lines = end_of(made.run(broken_everywhere(), searches=[search()]), width)
    assert sum(-(-max(len(line), 1) // width) for line in lines) <= 23  # one is left for what is typed
    assert sum(any(title[:20] in line for line in lines) for title in CHAPTERS.values()) >= 8
    assert any(" other chapters " in line for line in lines)
    assert "findings, in the order in which to mend them:" in "\n".join(lines)
    assert any("status 1: diverges" in line for line in lines)
    assert lines[-1] == "next: python -m more"


def test_a_large_screen_shows_more() -> None:
    """All chapters, and a dozen divergences; a small one no less than three."""

    def named(height: int) -> int:
        lines = end_of(made.run(broken_everywhere()), 100, height)
        start = next(n for n, line in enumerate(lines) if "in the order in which to mend them" in line)
        return next(n for n, line in enumerate(lines[start + 1 :]) if not line.startswith("  "))

    assert named(10) == named(24) == 3
    assert named(60) == 12
    lines = end_of(made.run(broken_everywhere()), 80, 60)
    assert all(any(title[:20] in line for line in lines) for title in CHAPTERS.values())


def test_chapters_that_conform_are_one_row() -> None:
    """A reader looks for what is wrong, and finds a row for each chapter that diverges."""
    good = [
        trial(f"x/{clause.id}", clauses=[clause.id])
        for clause in registry().values()
        if clause.fields and clause.holds("3.13.0")
    ]
    lines = end_of(made.run(good))
    assert any(line.startswith(f"{len(CHAPTERS)} chapters") for line in lines)
    assert lines[-1] == "next: python -m more"


def test_a_run_that_only_searched_shows_no_empty_table() -> None:
    """One property is "one property"."""
    lines = end_of(made.run([], searches=[search(tried=1234)]))
    text = "\n".join(lines)
    assert "The search tried 1,234 cases that it drew, by one property, and found nothing" in text
    assert "left out" not in text
    assert "chapter " not in text
    assert "clauses that conform" not in text


def test_cases_that_a_search_left_out_are_told() -> None:
    """With the reason, and the profile that leaves none out."""
    lines = end_of(made.run([], searches=[{**search(), "left_out": 40}, {**search("loaders"), "left_out": 2}]))
    assert "42 cases left out, as most differ in known ways: --profile=thorough." in lines


def test_a_find_is_named_after_the_clause_of_its_finding() -> None:
    """Not after what comes first in the case; and two finds of one clause and field are one."""
    first = divergence("RESULT-COPY", phase="result", field="result.identity", kind="identity")
    main = divergence("ARGV-IS-FILE", phase="execute", field="entry.argv")
    drawn = [trial(f"search/x/{n}23456789", main, first, clauses=[], fixture="x", size=9 - n) for n in range(3)]
    known = trial("returned_namespace/copy", first, clauses=["RESULT-COPY"])
    stream = made.run([*drawn, known])
    findings = finds(Run(stream[0], [*drawn, known], []))
    assert [(finding.clause, finding.trial["id"]) for finding in findings] == [("ARGV-IS-FILE", "search/x/223456789")]


# -- progress --------------------------------------------------------------------------------------------------


class Clock:
    """A time that is set."""

    now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def test_the_rate_and_the_time_that_is_left() -> None:
    """By what was done of late; the search by what it is to draw."""
    clock = Clock()
    counter = Counter(examples=60, clock=clock)
    counter.begin(["packages"] * 100 + ["search"] * 2)
    assert counter.left is None
    for _ in range(50):
        clock.now += 0.1
        counter.start("packages")
        counter.end("packages", False)
    assert round(counter.rate) == 10
    assert round(counter.left or 0, 1) == 5.0 + 1.2
    for _ in range(49):
        counter.end("packages", True)
    assert counter.end("packages", True) == "Packages and __main__: 100 cases, 50 diverge"
    counter.start("search")
    clock.now += 6
    counter.drawn = lambda: 30
    assert round(counter.left or 0) == 18
    assert counter.end("search", False) == ""
    assert counter.end("search", True) == "The search: 2 properties, 1 found something"
    assert counter.left == 0


def test_a_budget_is_what_is_left() -> None:
    """And no longer than that."""
    clock = Clock()
    counter = Counter(examples=10**9, seconds=90, clock=clock)
    counter.begin(["search"] * 15)
    assert counter.left == 90
    counter.start("search")
    clock.now += 40
    assert counter.left == 50
    assert "0:50 left" in counter.words(80)
    clock.now += 60
    assert counter.left == 0


@pytest.mark.parametrize("width", [20, 40, 60, 80, 132])
def test_the_line_is_no_wider_than_the_terminal(width: int) -> None:
    """And begins with the chapter."""
    clock = Clock()
    counter = Counter(clock=clock)
    counter.begin(["finding_modules"] * 4117)
    counter.start("finding_modules")
    clock.now = 1
    for _ in range(1000):
        counter.end("finding_modules", True)
    line = counter.words(width)
    assert len(line) <= width
    assert line.startswith("Finding modules")
    if width >= 80:
        assert "1,000/4,117" in line
        assert "1,000/s" in line
        assert "0:03 left" in line
        assert "1,000 diverge" in line


@pytest.mark.parametrize(
    ("nodeid", "chapter"),
    [
        ("fixtures/packages/nested.toml::nested", "packages"),
        ("fixtures/families::crossed/packages/x", "families"),
        ("search/everything", "search"),
        ("../../tmp/own/things/a.toml::a", "things"),
    ],
)
def test_the_chapter_of_an_item(nodeid: str, chapter: str) -> None:
    """From what pytest calls it."""
    assert chapter_of(nodeid) == chapter


# -- the whole command -----------------------------------------------------------------------------------------


def on_a_terminal(*arguments: str, environ: Mapping[str, str], columns: int = 80) -> str:
    """Run `python -m conformance` in a terminal of 24 lines, and return what it writes."""
    leader, follower = pty.openpty()
    ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    usual = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "CI")}
    process = subprocess.Popen(
        [sys.executable, "-m", "conformance", *arguments],
        cwd=HOUSE,
        env={**usual, "TERM": "xterm-256color", **environ},
        stdin=follower,
        stdout=follower,
        stderr=follower,
    )
    os.close(follower)
    written = b""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        ready, _, _ = select.select([leader], [], [], 0.5)
        if ready:
            try:
                more = os.read(leader, 65536)
            except OSError:  # the other end is closed
                break
            if not more:
                break
            written += more
    process.wait(10)
    os.close(leader)
    return written.decode()


COLOURED = "\x1b[3"


def test_a_terminal_has_colour_and_a_line_that_moves(tmp_path: Path) -> None:
    """And no more columns than it has."""
    candidate = tmp_path / "wrong.py"
    candidate.write_text("def run_module(mod_name, *rest, **named): __import__(mod_name); return {}\n")
    text = on_a_terminal(f"--impl={candidate}:run_module", "packages", "loaders", environ={}, columns=70)
    assert COLOURED in text
    assert text.count("\x1b[2K") >= 4  # also while a case runs, when pytest captures what is printed
    plain = text.replace("\r", "")
    last = [line for line in plain.split("\n") if line.strip()][-1]
    assert last.startswith("next: ")
    assert "Packages and __main__" in plain


def test_no_colour_where_none_is_wanted() -> None:
    """NO_COLOR, and what is no terminal."""
    text = on_a_terminal(ONE_FIXTURE, environ={"NO_COLOR": "1"})
    assert COLOURED not in text
    assert "status 0: conforms" in text
    done = subprocess.run(
        [sys.executable, "-m", "conformance", ONE_FIXTURE],
        cwd=HOUSE,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "\x1b" not in done.stdout + done.stderr
    assert "Packages and __main__: 1 case\n" in done.stdout


def test_the_junit_file_says_what_each_case_is_about(tmp_path: Path) -> None:
    """Clauses, what is broken, and who was judged."""
    candidate, file = tmp_path / "wrong.py", tmp_path / "it.xml"
    candidate.write_text(
        "from runpy import run_module as right\n"
        "def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):\n"
        "    return {**right(mod_name, init_globals, run_name, alter_sys), '__package__': 'wrong'}\n"
    )
    for processes in ([], ["-n", "2"]):
        subprocess.run(
            [
                *(sys.executable, "-m", "conformance", f"--impl={candidate}:run_module", ONE_FIXTURE),
                *("PACKAGE-FROM-SPEC", "--profile=quick", f"--junitxml={file}", *processes),
            ],
            cwd=HOUSE,
            capture_output=True,
            timeout=120,
            check=False,
        )
        suite = ET.parse(file).getroot()[0]
        about = {element.get("name"): element.get("value") for element in suite.findall("properties/property")}
        assert about["candidate"] == f"{candidate}:run_module"
        assert about["suite"] == __version__
        assert str(about["target"]).startswith("CPython ")
        cases = {
            case.get("name"): {
                element.get("name"): element.get("value") for element in case.findall("properties/property")
            }
            for case in suite.findall("testcase")
        }
        own = cases["nested_package_runs_main"]
        assert own["case"] == ONE_FIXTURE
        assert own["chapter"] == "packages"
        assert "MAIN-SUBMODULE" in str(own["clauses"])
        assert own["verdict"] == "diverges"
        assert own["breaks"]
        assert suite.find("testcase/failure") is not None
        assert len(cases) > 1
        leading = r"module_names/\w+: step 1: result\['__package__'\]"  # it shows nothing else
        told = rf"PACKAGE-FROM-SPEC \(documented, {len(cases)} cases\): {leading}; when: in all {len(cases)} cases"
        assert re.fullmatch(told, str(about["finding 1"]))
        assert "finding 2" not in about


def test_a_failure_in_the_junit_file_begins_with_the_exception(tmp_path: Path) -> None:
    """And so does the finding, among the properties of the run."""
    (tmp_path / "mine.py").write_text(
        "import runpy\n"
        "def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):\n"
        "    if mod_name != 'smoke_check':\n        raise KeyError('x')\n"
        "    return runpy.run_module(mod_name)\n"
    )
    subprocess.run(
        [sys.executable, "-m", "conformance", "--impl=mine", ONE_FIXTURE, "--junitxml=it.xml"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(HOUSE)},
        capture_output=True,
        timeout=120,
        check=False,
    )
    suite = ET.parse(tmp_path / "it.xml").getroot()[0]
    begins = "The candidate raises KeyError: 'x' at mine.py:4, where the oracle returns."
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert str(failure.text).startswith(f"{begins}\n")
    about = {node.get("name"): str(node.get("value")) for node in suite.findall("properties/property")}
    assert about["finding 1"].endswith(f"; {begins}")
