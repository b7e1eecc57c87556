"""One number for one thing: whatever says how many there are of something says the same."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from conformance.clauses import CHAPTERS
from conformance.report.numbers import in_words, numbers
from conformance.report.reading import read
from conformance.report.runs import Run
from tests import made
from tests.harness import conformance
from tests.made import divergence, search, trial

WRONG = (
    "import runpy\n"
    "def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):\n"
    "    found = runpy.run_module(mod_name, init_globals, run_name, alter_sys)\n"
    "    found['__package__'] = found['__name__'].rpartition('.')[0]\n"
    "    if alter_sys:\n"
    "        print()\n"
    "        return dict.copy(found)\n"
    "    found['additional'] = found.pop('__builtins__', None)\n"
    "    return {**found, '__doc__': 'none'}\n"
)


def run_of(*trials: made.Record, **more: object) -> Run:
    """A run with these trials."""
    stream = made.run(trials, **more)  # type: ignore[arg-type]
    clauses = [record for record in stream if record["record"] == "clause"]
    searches = [record for record in stream if record["record"] == "search"]
    return Run(stream[0], list(trials), clauses, searches, end=stream[-1])


ABOVE = divergence("KEYS-ONLY-THESE", phase="result", field="result.keys", kind="extra")
EXPECTED = divergence(expected={"reason": "so be it", "link": "", "at": "known.toml:3"})
IDLE = {"verdict": "not-run", "reason": "it needs zip"}


@pytest.mark.parametrize(
    ("trials", "words"),
    [
        ([trial("a/b")], "1 case conforms"),
        ([trial("a/b", divergence())], "1 case diverges"),
        ([trial("a/b", ABOVE)], "1 case conforms"),
        ([trial("a/b", EXPECTED)], "1 case differs as the baseline expects"),
        ([trial("a/b", **IDLE)], "1 not run"),
        ([trial("a/b"), trial("a/c")], "2 cases conform; 1 clause conforms"),
        ([trial("a/b"), trial("a/c", EXPECTED)], "1 of 2 cases conform; 1 clause diverges"),
        (
            [trial("a/b", divergence()), trial("a/c", **IDLE)],
            "1 case diverges, 1 not run; 1 finding; 1 clause diverges",
        ),
        (
            [trial("a/b", divergence()), trial("a/c"), trial("a/d", **IDLE)],
            "1 of 3 cases diverge, 1 not run; 1 finding; 1 clause diverges",
        ),
        (
            [trial("a/b", divergence()), trial("search/x/1", divergence(), clauses=[], fixture="x")],
            "1 case diverges; 60 drawn, 1 found to diverge; 1 finding; 1 clause diverges",
        ),
    ],
)
def test_the_numbers_in_words(trials: list[made.Record], words: str) -> None:
    """Each is named after what it counts. A case that was not run is one of the cases, and is told beside them."""
    searches = [search(finds=["search/x/1"])] if any(trial["chapter"] == "search" for trial in trials) else []
    assert in_words(numbers(run_of(*trials, searches=searches))) == words


def numbers_in(folder: Path, text: str) -> dict[str, dict[str, int]]:
    """The numbers of each report of a run: by report, by what is counted."""
    found: dict[str, dict[str, int]] = {}
    (last,) = re.findall(r"status 1: diverges \((.*)\)", text)
    cases = re.search(r"([\d,]+) of ([\d,]+) cases diverge", last)
    rest = re.search(r"(\d+) findings?; (\d+) of (\d+) clauses? conform", last)
    assert cases
    assert rest
    keys = ("findings", "conforming", "clauses")
    found["last line"] = {
        "diverging": int(cases[1]),
        "cases": int(cases[2]),
        **dict(zip(keys, map(int, rest.groups()), strict=True)),
    }
    (heading,) = re.findall(r"^(\d+) findings?, in the order in which to mend them:$", text, re.MULTILINE)
    ended = re.split(r": \d+ cases?(?:, \d+ diverges?)?$", text, flags=re.MULTILINE)[-1]  # without the first case
    entries = re.findall(r"^[A-Z][A-Z-]+  \w+, \w+", ended, re.MULTILINE)
    found["overview"] = {"findings": int(heading)}
    found["entries"] = {"findings": len(entries)}
    (counted,) = re.findall(r"^(.*) in [\d.]+s", text, re.MULTILINE)
    kinds = {name: int(number) for number, name in re.findall(r"(\d+) (\w+)", counted)}
    found["pytest's line"] = {"diverging": kinds["diverging"], "cases": sum(kinds.values())}
    lines = re.findall(r": (\d+) cases?(?:, (\d+) diverges?)?$", text, re.MULTILINE)
    found["progress"] = {
        "cases": sum(int(some) for some, _ in lines),
        "diverging": sum(int(some or 0) for _, some in lines),
    }
    table = [(int(good), int(judged)) for good, judged in re.findall(r"(\d+)/(\d+)", columns(text, 2))]
    found["table"] = {"conforming": sum(good for good, _ in table), "clauses": sum(judged for _, judged in table)}
    (above,) = re.findall(r"^(\d+) findings? above the level", text, re.MULTILINE)
    found["terminal"] = {"above": int(above)}

    summary = (folder / "out.md").read_text()
    (row,) = [line for line in summary.splitlines() if line.startswith("| CPython")]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    levels = [tuple(map(int, cell.split("/"))) for cell in cells[2:4]]
    (findings,) = re.findall(r"^### (\d+) finding", summary, re.MULTILINE)
    found["markdown"] = {
        "conforming": sum(good for good, _ in levels),
        "clauses": sum(judged for _, judged in levels),
        "cases": int(cells[6]),
        "diverging": int(cells[7]),
        "findings": int(findings),
    }
    assert summary.count("<details>") == int(findings)

    page = (folder / "out.html").read_text()
    row = page.partition('<table class="counts">')[2].partition("</tbody>")[0]
    cells = re.findall(r'<td class="number[^"]*">([^<]*)</td>', row)
    levels = [tuple(map(int, cell.split("/"))) for cell in cells[:2]]
    (failing, over) = re.findall(
        r'<p class="numbers">(\d+) findings? that fails? the run; (\d+) above the level', page
    )[0]
    (linked,) = re.findall(r'Findings <span class="count">(\d+)<', page)
    listed = page.partition('<section id="divergences"')[2].partition("</section>")[0]
    assert listed.count("<article") == int(failing) + int(over)
    assert listed.count("above the level: fails nothing") == int(over)
    matrix = re.findall(r"(\d+)/(\d+)</span></a>", page.partition('<table class="matrix">')[2].partition("</table>")[0])
    found["page"] = {
        "conforming": sum(good for good, _ in levels),
        "clauses": sum(judged for _, judged in levels),
        "cases": int(cells[4]),
        "diverging": int(cells[5]),
        "findings": int(failing),
        "above": int(over),
    }
    found["page's head"] = {"findings": int(linked)}
    found["matrix"] = {
        "conforming": sum(int(conforming) for conforming, _ in matrix),
        "clauses": sum(int(judged) for _, judged in matrix),
    }

    message = json.loads((folder / "badge.json").read_text())["message"]
    good, judged = re.findall(r"(\d+)/(\d+) clauses", message)[0]
    found["badge"] = {"conforming": int(good), "clauses": int(judged)}
    suite = ET.parse(folder / "out.xml").getroot()[0]
    about = {element.get("name"): str(element.get("value")) for element in suite.findall("properties/property")}
    names = {
        "cases": "cases",
        "cases_diverging": "diverging",
        "findings": "findings",
        "findings_above": "above",
        "clauses": "clauses",
        "clauses_conforming": "conforming",
    }
    found["junit"] = {short: int(about[name]) for name, short in names.items()}
    found["junit's own"] = {"cases": int(str(suite.get("tests"))), "diverging": int(str(suite.get("failures")))}
    return found


def columns(text: str, many: int) -> str:
    """The first columns of the terminal's table, but for that of the chapters."""
    rows = text.partition("\nchapter ")[2].splitlines()[1:]
    kept = [row for row in rows[: next(n for n, row in enumerate(rows) if "finding" in row)] if row.strip()]
    return "\n".join(" ".join(re.findall(r"(?:\d+/\d+|-)(?=\s|$)", row)[:many]) for row in kept)


def test_all_reports_of_a_run_say_the_same_numbers(tmp_path: Path) -> None:
    """Cases, findings and clauses, in each place in which one of them is counted; and only what was selected."""
    (tmp_path / "mine.py").write_text(WRONG)
    names = ("out.html", "out.md", "badge.json", "out.jsonl")
    reports = [f"--report={name}" for name in names]
    done = conformance("--impl=mine", "packages", *reports, "--junitxml=out.xml", folder=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    told = numbers_in(tmp_path, done.stdout)
    count = numbers(read(tmp_path / "out.jsonl"))
    right = {
        "cases": count.cases,
        "diverging": count.cases_diverging,
        "findings": count.findings,
        "above": count.findings_above,
        "clauses": count.clauses,
        "conforming": count.clauses_conforming,
    }
    assert count.findings > 1
    assert 0 < count.clauses_conforming < count.clauses < count.cases
    for place, some in told.items():
        assert some == {key: right[key] for key in some}, place
    assert "skipped" not in done.stdout
    assert "not-run" not in done.stdout
    assert "No case ran for" not in done.stdout


def test_a_case_alone_speaks_of_nothing_else(tmp_path: Path) -> None:
    """Neither of other chapters nor of clauses that it is not about."""
    case = "packages/nested_package_runs_main"
    done = conformance(case, "--report=out.html", "--report=out.md", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-2].endswith("status 0: conforms (1 case conforms)")
    page = (tmp_path / "out.html").read_text()
    shown = set(re.findall(r'<details class="clause [^"]*" id="clause-([A-Z-]+)"', page))
    assert shown == set(next(trial for trial in read_lines(tmp_path, case))["clauses"])
    matrix = page.partition('<table class="matrix">')[2].partition("</table>")[0]
    assert 1 <= matrix.count('<th scope="row">') < len(CHAPTERS)


def read_lines(folder: Path, name: str) -> list[made.Record]:
    """The records of a case, from a run of its own."""
    conformance(name, "--report=out.jsonl", folder=folder)
    return [trial for trial in read(folder / "out.jsonl").trials if trial["id"] == name]


def test_what_nobody_left_out_is_said_to_be_missing() -> None:
    """A run of everything that stopped early: its other clauses are counted, and none of them conforms."""
    whole, part = run_of(trial("a/b")), run_of(trial("a/b"), selection=["packages"])
    assert whole.untried > 100
    assert part.untried == 0
    assert len(whole.listed) == len(part.listed) == 1
