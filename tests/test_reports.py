"""Reports that are read back, merged and compared, and what is said of those that cannot be right."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance import HOUSE, __version__
from conformance.clauses import Level, registry
from conformance.commands.report import main
from conformance.judge.baseline import Known
from conformance.report import badge, markdown
from conformance.report.compare import compare, lines
from conformance.report.compare import markdown as compared
from conformance.report.endings import ENDINGS
from conformance.report.expectations import marked, replayed
from conformance.report.merging import merged
from conformance.report.outputs import OutputError, ending
from conformance.report.page import page
from conformance.report.page.columns import columns_of
from conformance.report.reading import read
from conformance.report.records import SCHEMA, signature_of
from conformance.report.runs import ReportError, Run, headline, places, status_of
from conformance.report.stream import Stream
from conformance.report.types import RECORDS
from tests.harness import conformance
from tests.made import divergence, run, search, shown, trial, write
from tests.test_checked import refusals

SMALLER = {"size": 1, "divergences": [divergence()], "leading": 0, "tries": 9, "complete": True}
GOOD = trial("packages/good")
BAD = trial("packages/bad", divergence())


def verdicts(path: Path) -> dict[str, str]:
    """Clause -> verdict, as read back."""
    return {clause["id"]: clause["verdict"] for clause in read(path).clauses}


# -- reading ---------------------------------------------------------------------------------------------------


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    """Nothing is lost on the way."""
    stream = run([GOOD, BAD], searches=[search()], details=[shown("packages/bad")])
    file = Stream([str(tmp_path / "a.jsonl")])
    file.tell(*stream)
    file.end(read(write(tmp_path / "b.jsonl", stream)))
    back = read(tmp_path / "a.jsonl")
    assert [back.run, *back.trials, *back.searches, *back.shown.values(), *back.clauses, back.end] == stream
    assert (back.complete, back.status, back.meaning, back.problem) == (True, 1, "diverges", "")


def changed(stream: list[dict[str, Any]], number: int, **more: Any) -> list[dict[str, Any]]:
    """With other values in one record."""
    return [{**record, **more} if at == number else record for at, record in enumerate(stream)]


WHOLE = run([GOOD, BAD])
WRONG: dict[str, tuple[str, str]] = {
    "nothing in it": ("", "the report is empty"),
    "no JSON": ("<html>\n", ":1: this is no JSON"),
    "another file": ('{"name": "x"}\n', ":1: this is no report: it does not begin with a `run` record"),
    "a list": ("[1]\n", ":1: this is no report"),
    "a head that breaks off": ('{"record": "run", "sch', ":1: this is no report: its first line breaks off"),
}
WRONG_RECORDS: dict[str, tuple[list[dict[str, Any]], str]] = {
    "an older schema": (
        changed(WHOLE, 0, schema=1),
        f":1: the report is of schema 1, and this suite reads schema {SCHEMA}: judge again",
    ),
    "a later schema": (changed(WHOLE, 0, schema=99), ":1: the report is of schema 99"),
    "a schema that says nothing": (changed(WHOLE, 0, schema=None), ":1: the report is of schema None"),
    "another suite": (
        changed(WHOLE, 0, suite="9.9"),
        f":1: the report was written by version 9.9 of the suite, and this is {__version__}",
    ),
    "a strange level": (
        changed(WHOLE, 0, level="strict"),
        ":1: in the `run` record: `level` is documented, compat or exact, not 'strict'",
    ),
    "a target without a name": (
        changed(WHOLE, 0, target={"version": "3"}),
        ":1: in the `run` record: `target`: this target has no 'name'",
    ),
    "a strange record": (
        changed(WHOLE, 2, record="song"),
        ":3: there is no record 'song'; there are run, trial, search, baseline, shown, clause, end",
    ),
    "a record of a list": (changed(WHOLE, 2, record=[]), ":3: there is no record []"),
    "a text that is none": (
        changed(WHOLE, 1, verdict=7),
        ":2: in the `trial` record: `verdict` is agrees, diverges, crashes, hangs, unsupported or not-run, not 7",
    ),
    "a divergence without a clause": (
        changed(WHOLE, 2, divergences=[{"level": "exact"}]),
        ":3: in the `trial` record: item 1 of `divergences`: this divergence record has no 'clause'",
    ),
    "a divergence that is none": (
        changed(WHOLE, 2, divergences=["x"]),
        ":3: in the `trial` record: item 1 of `divergences` is a divergence record, not 'x'",
    ),
    "a verdict that is none": (
        changed(WHOLE, 1, verdict="fine"),
        ":2: in the `trial` record: `verdict` is agrees, diverges, crashes, hangs, unsupported or not-run, not 'fine'",
    ),
    "clauses that are none": (
        changed(WHOLE, 1, clauses=[7]),
        ":2: in the `trial` record: item 1 of `clauses` is a text, not 7",
    ),
    "a number that is none": (
        changed(WHOLE, 1, size=True),
        ":2: in the `trial` record: `size` is a whole number, not true",
    ),
    "a trial without a case": (
        [WHOLE[0], {"record": "trial"}, *WHOLE[2:]],
        ":2: in the `trial` record: this trial record has no 'id'",
    ),
    "an expectation without a reason": (
        changed(WHOLE, 2, divergences=[divergence(expected={"at": "k:1"})]),
        ":3: in the `trial` record: item 1 of `divergences`: `expected`: this expectation has no 'reason'",
    ),
    "an observation that is none": (
        [*WHOLE[:3], shown("packages/bad", oracle={"steps": [7]}), *WHOLE[3:]],
        ":4: in the `shown` record: `oracle`: item 1 of `steps` is a step observation, not 7",
    ),
    "a description that is none": (
        [*WHOLE[:3], shown("packages/bad", candidate={"steps": [{"result": {"dict": [7]}}]}), *WHOLE[3:]],
        ":4: in the `shown` record: `candidate` holds a description of no value (docs/protocol.md)",
    ),
    "the same case twice": ([*WHOLE[:3], WHOLE[1], *WHOLE[3:]], ":4: the trial 'packages/good' stands in line 2"),
    "two runs": ([*WHOLE, *WHOLE], f":{len(WHOLE) + 1}: another run begins here"),
    "more after the end": ([*WHOLE, WHOLE[1]], f":{len(WHOLE) + 1}: there is more after the end"),
}


@pytest.mark.parametrize("fault", [*WRONG, *WRONG_RECORDS])
def test_what_cannot_be_right_is_said_with_file_and_line(fault: str, tmp_path: Path) -> None:
    """In one sentence."""
    path = tmp_path / "it.jsonl"
    if fault in WRONG:
        text, sentence = WRONG[fault]
        path.write_text(text)
    else:
        stream, sentence = WRONG_RECORDS[fault]
        write(path, stream)
    with pytest.raises(ReportError) as caught:
        read(path)
    assert str(caught.value).startswith(str(path))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_line_that_breaks_off_in_the_middle_of_the_file(tmp_path: Path) -> None:
    """That is no run that was killed, and is refused."""
    text = write(tmp_path / "it.jsonl", WHOLE).read_text().splitlines()
    (tmp_path / "it.jsonl").write_text("\n".join([*text[:3], text[3][:20], *text[4:]]) + "\n")
    with pytest.raises(ReportError, match=r"it\.jsonl:4: this is no JSON"):
        read(tmp_path / "it.jsonl")


def test_a_report_that_is_not_there(tmp_path: Path) -> None:
    """One sentence."""
    with pytest.raises(ReportError, match="cannot be read: No such file"):
        read(tmp_path / "none.jsonl")
    with pytest.raises(ReportError, match="cannot be read: Is a directory"):
        read(tmp_path)


# -- runs that were cut off ------------------------------------------------------------------------------------


def test_wherever_a_report_breaks_off_nothing_conforms(tmp_path: Path) -> None:
    """After each byte of it: it is refused, or incomplete; what is broken stays so."""
    whole = write(tmp_path / "whole.jsonl", run([GOOD, BAD, trial("packages/later", clauses=["MAIN-SUBMODULE"])]))
    assert "conforms" in verdicts(whole).values()
    data = whole.read_bytes()
    head = data.index(b"\n") + 1
    cut = tmp_path / "cut.jsonl"
    places = [*range(0, head + 3000, 7), *range(head + 3000, len(data) - 1, 997), len(data) - 1]
    for place in places:
        cut.write_bytes(data[:place])
        if place < head:
            with pytest.raises(ReportError):
                read(cut)
            continue
        broken_off = read(cut)
        assert not broken_off.complete
        assert broken_off.status == 130
        assert "the run was cut off" in broken_off.problem
        assert "conforms" not in {clause["verdict"] for clause in broken_off.clauses}
        if any(found["id"] == "packages/bad" for found in broken_off.trials):
            assert {clause["id"]: clause["verdict"] for clause in broken_off.clauses}["PACKAGE-FROM-SPEC"] == "diverges"
    cut.write_bytes(data)
    assert read(cut).complete


@pytest.mark.parametrize("status", [4, 130])
def test_a_run_that_was_interrupted_or_failed_is_incomplete(status: int, tmp_path: Path) -> None:
    """Though it wrote its end."""
    path = write(tmp_path / "it.jsonl", run([GOOD], status=status))
    assert not read(path).complete
    assert "conforms" not in verdicts(path).values()


def test_the_page_of_an_interrupted_run_says_so(tmp_path: Path) -> None:
    """As it is written by the run itself, which knows its clauses as far as it came."""
    stream = run([GOOD], status=130)
    kinds = {
        kind: [record for record in stream if record["record"] == kind] for kind in ("run", "trial", "clause", "end")
    }
    assert "conforms" in {record["verdict"] for record in kinds["clause"]}
    whole = Run(kinds["run"][0], kinds["trial"], kinds["clause"], end=kinds["end"][0], problem="it was interrupted")
    Stream([str(tmp_path / "it.html")]).end(whole)
    text = (tmp_path / "it.html").read_text(encoding="utf-8")
    assert "is incomplete" in text
    assert 'class="clause conforms"' not in text


def test_an_incomplete_report_conforms_nowhere(tmp_path: Path) -> None:
    """Not in the page, the summary, the badge or the status, and not beside another that does."""
    whole = write(tmp_path / "a.jsonl", run([GOOD]))
    (tmp_path / "b.jsonl").write_text(
        "".join(write(tmp_path / "b.jsonl", run([GOOD], version="3.12.0")).read_text().splitlines(True)[:2])
    )
    runs = merged([read(whole), read(tmp_path / "b.jsonl")])
    assert [run.target for run in runs] == ["CPython 3.12.0", "CPython 3.13.0"]
    assert status_of(runs) == 130
    assert headline(runs) == "is incomplete on 3.12.0; conforms on 3.13.0"
    assert badge.message(runs) == "incomplete"
    assert json.loads(badge.endpoint(runs))["isError"] is True
    said = markdown.summary(runs)
    assert "**Incomplete**" in said
    assert "b.jsonl:2" in said
    assert "| CPython 3.12.0 | ⚠️ incomplete |" in said
    assert "CPython 3.12.0 is incomplete" in page(runs)


# -- merging ---------------------------------------------------------------------------------------------------


def test_targets_are_put_in_the_order_of_their_versions(tmp_path: Path) -> None:
    """3.9 before 3.10, and PyPy behind CPython."""
    paths = [
        write(tmp_path / f"{number}.jsonl", run([GOOD], version=version, implementation=implementation))
        for number, (version, implementation) in enumerate(
            [("3.10.0", "cpython"), ("3.11.9", "pypy"), ("3.9.18", "cpython")]
        )
    ]
    assert [run.target for run in merged(map(read, paths))] == ["CPython 3.9.18", "CPython 3.10.0", "PyPy 3.11.9"]


def test_parts_of_one_run_become_one(tmp_path: Path) -> None:
    """The clauses are judged by the cases of both parts."""
    first = run([GOOD], details=[shown("packages/good")])
    second = run([trial("loaders/other", clauses=["MAIN-SUBMODULE"]), BAD], searches=[search()])
    parts = write(tmp_path / "1.jsonl", first), write(tmp_path / "2.jsonl", second)
    assert verdicts(parts[0])["PACKAGE-FROM-SPEC"] == "conforms"
    (whole,) = merged(map(read, parts))
    found = {clause["id"]: clause["verdict"] for clause in whole.clauses}
    assert (found["PACKAGE-FROM-SPEC"], found["MAIN-SUBMODULE"]) == ("diverges", "conforms")
    assert (whole.status, len(whole.trials), whole.searched, list(whole.shown)) == (1, 3, 60, ["packages/good"])
    expected = run([GOOD, *second[1:3]], searches=[search()])
    assert whole.clauses == [record for record in expected if record["record"] == "clause"]
    assert whole.end == expected[-1]


def test_a_part_that_was_cut_off_leaves_the_whole_incomplete(tmp_path: Path) -> None:
    """However well the other went."""
    complete = write(tmp_path / "1.jsonl", run([GOOD]))
    cut_off = write(tmp_path / "2.jsonl", run([trial("loaders/other")])[:-1])
    (whole,) = merged([read(complete), read(cut_off)])
    assert not whole.complete
    assert "conforms" not in {clause["verdict"] for clause in whole.clauses}


@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [
        ({}, {}, "2.jsonl:2: 'packages/good' was tried on CPython 3.13.0 in {0}/1.jsonl:2 as well: these are two"),
        ({}, {"level": Level.EXACT}, "2.jsonl:1: the report is at level exact, and {0}/1.jsonl:1 compat"),
        ({}, {"oracle": "recording"}, "2.jsonl:1: the report judges by the oracle recording, and {0}/1.jsonl:1 runpy"),
    ],
)
def test_what_does_not_belong_together_is_not_merged(
    first: dict[str, Any], second: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    """Two reports of one target, at two levels, by two oracles: file and line of both."""
    paths = [write(tmp_path / "1.jsonl", run([GOOD], **first)), write(tmp_path / "2.jsonl", run([GOOD], **second))]
    with pytest.raises(ReportError) as caught:
        merged(map(read, paths))
    assert sentence.format(tmp_path) in str(caught.value)


@pytest.mark.parametrize(
    ("platforms", "names"),
    [
        (["linux-x86_64", "darwin-arm64"], ["3.13.0 linux", "3.13.0 darwin"]),
        (["linux-x86_64", "linux-aarch64"], ["3.13.0 linux-x86_64", "3.13.0 linux-aarch64"]),
        (["linux-x86_64"], ["3.13.0"]),
    ],
)
def test_two_platforms_are_two_targets(platforms: list[str], names: list[str], tmp_path: Path) -> None:
    """Of the same version; they are told apart by as much of the platform as that takes."""
    paths = []
    for number, platform in enumerate(platforms):
        target = {**run([GOOD])[0]["target"], "platform": platform}
        paths.append(write(tmp_path / f"{number}.jsonl", run([GOOD], target=target)))
    runs = merged(map(read, paths))
    assert len(runs) == len(platforms)
    assert columns_of(runs).targets == names
    assert all(f'<th scope="col">{name}</th>' in page(runs) for name in names)


# -- several candidates ----------------------------------------------------------------------------------------


def candidates(folder: Path) -> list[Path]:
    """The records of two candidates: `mypkg` diverges on one target of two, `their.py:run` on its only one."""
    same = trial("packages/bad", divergence(candidate="theirs"))
    return [
        write(folder / "mine-13.jsonl", run([GOOD, BAD])),
        write(folder / "theirs.jsonl", run([GOOD, same], candidate="their.py:run")),
        write(folder / "mine-12.jsonl", run([GOOD, trial("packages/bad")], version="3.12.0")),
    ]


def test_runs_of_several_candidates_stand_beside_each_other(tmp_path: Path) -> None:
    """In the order in which the candidates came; the same case of two candidates is no case that was tried twice."""
    runs = merged(map(read, candidates(tmp_path)))
    assert [(run.candidate, run.target) for run in runs] == [
        ("mypkg", "CPython 3.12.0"),
        ("mypkg", "CPython 3.13.0"),
        ("their.py:run", "CPython 3.13.0"),
    ]
    assert (status_of(runs), headline(runs)) == (1, "0 of 2 candidates conform")
    assert headline(runs[:2]) == "diverges on 3.13.0; conforms on 3.12.0"
    good = [*runs[:1], read(write(tmp_path / "g.jsonl", run([BAD], candidate="other")))]
    assert headline(good) == "1 of 2 candidates conforms"
    other = read(write(tmp_path / "part.jsonl", run([trial("loaders/x")], candidate="their.py:run")))
    assert len(merged([*runs, other])) == 3


def test_places_are_said_by_candidate_where_there_are_several(tmp_path: Path) -> None:
    """Without the targets, where it is all of them."""
    runs = merged(map(read, candidates(tmp_path)))
    assert places(runs[1:2], runs[:2]) == "on CPython 3.13.0"
    assert places(runs[1:], runs) == "in their.py:run; in mypkg on 3.13.0"
    assert places(runs, runs) == "in mypkg, their.py:run"
    target = {**runs[1].run["target"], "name": "CPython 3.13.0, free-threaded"}
    both = [runs[0], replace(runs[1], run={**runs[1].run, "target": target})]
    assert places(both, both) == "on CPython 3.12.0 and CPython 3.13.0, free-threaded"


def test_the_terminal_and_the_summary_tell_candidates_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A row each, a headline each, and each divergence with the candidates that show it."""
    records = [*map(str, candidates(tmp_path))]
    path = tmp_path / "all.md"
    assert main([*records, f"--report={path}"]) == 1
    said = capsys.readouterr().out
    assert "mypkg, their.py:run at level compat" in said
    rows = [line.split() for line in said.splitlines() if " CPython 3.1" in line and "/" in line]
    assert [row[:3] for row in rows] == [
        ["mypkg", "CPython", "3.12.0"],
        ["CPython", "3.13.0", rows[1][2]],
        ["their.py:run", "CPython", "3.13.0"],
    ]
    assert "  PACKAGE-FROM-SPEC in their.py:run; in mypkg on 3.13.0: step 1" in said
    assert "mypkg: diverges on 3.13.0; conforms on 3.12.0\n" in said
    assert "their.py:run: diverges on 3.13.0\n" in said
    assert "status 1: 0 of 2 candidates conform" in said
    text = path.read_text(encoding="utf-8")
    assert text.startswith("## ❌ `mypkg`, `their.py:run` as `runpy.run_module`: 0 of 2 candidates conform\n")
    assert "- ❌ `mypkg`: diverges on 3.13.0; conforms on 3.12.0\n" in text
    assert "| candidate | target | verdict |" in text
    assert "| `their.py:run` | CPython 3.13.0 | ❌ diverges |" in text
    table = [line for line in text.partition("### ")[0].splitlines() if line.startswith("|")]
    assert len(table) == 2 + 3
    assert len({line.count("|") for line in table}) == 1
    mine, theirs = text.split("### ")[1:]
    assert mine.startswith("`mypkg`: 1 finding\n")
    assert theirs.startswith("`their.py:run`: 1 finding\n")
    assert "| candidate | `'theirs'` |" in theirs
    assert "--impl=their.py:run packages/bad" in theirs


@pytest.mark.parametrize("name", ["it.svg", "badge.json"])
def test_a_badge_is_of_one_candidate(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence, and nothing is written, not even what could be."""
    records = [*map(str, candidates(tmp_path))]
    assert main([*records, f"--report={tmp_path / 'it.html'}", f"--report={tmp_path / name}"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "a badge is of one candidate, and these runs judge 2: mypkg, their.py:run" in said
    assert not (tmp_path / "it.html").exists()
    assert not (tmp_path / name).exists()


def test_of_several_candidates_each_is_compared_with_itself(tmp_path: Path) -> None:
    """One that is new is not compared with one that is gone."""
    runs = merged(map(read, candidates(tmp_path)))
    new = read(write(tmp_path / "new.jsonl", run([GOOD, BAD], candidate="new")))
    found = compare(runs, [*runs[:2], new])
    assert found.pairs == [(name, name) for name in ("CPython 3.12.0 (mypkg)", "CPython 3.13.0 (mypkg)")]
    assert (found.added, found.missing) == (["CPython 3.13.0 (new)"], ["CPython 3.13.0 (their.py:run)"])
    worse = read(write(tmp_path / "worse.jsonl", run([GOOD, BAD], version="3.12.0")))
    found = compare(runs, [worse, *runs[1:]])
    assert [(change.id, change.target) for change in found.broke] == [("PACKAGE-FROM-SPEC", "CPython 3.12.0 (mypkg)")]
    renamed = read(write(tmp_path / "renamed.jsonl", run([GOOD, BAD], candidate="renamed")))
    assert compare(runs[1:2], [renamed]).pairs == [("CPython 3.13.0", "CPython 3.13.0")]


# -- comparing -------------------------------------------------------------------------------------------------


def test_what_broke_and_what_was_fixed_and_what_was_not_run(tmp_path: Path) -> None:
    """By clause, with the cases that show it."""
    other = divergence("MAIN-SUBMODULE", field="executions.run")
    before = run(
        [
            GOOD,
            trial("packages/main", other, clauses=["MAIN-SUBMODULE"]),
            trial("altering_sys/argv", clauses=["ARGV-IS-FILE"]),
        ]
    )
    after = run([trial("packages/good", divergence()), trial("packages/main", clauses=["MAIN-SUBMODULE"])])
    found = compare([read(write(tmp_path / "1.jsonl", before))], [read(write(tmp_path / "2.jsonl", after))])
    assert [change.id for change in found.broke] == ["PACKAGE-FROM-SPEC"]
    assert found.broke[0].cases == ("packages/good",)
    assert [change.id for change in found.fixed] == ["MAIN-SUBMODULE"]
    assert [change.id for change in found.not_run] == ["ARGV-IS-FILE"]
    assert [change.id for change in found.cases["not_run"]] == ["altering_sys/argv"]
    assert found.status == 1
    text = "\n".join(lines(found))
    assert "Broke: 1 clause, 1 case" in text
    assert "PACKAGE-FROM-SPEC (documented) conforms -> diverges on CPython 3.13.0" in text
    assert "status 1: something broke (clauses: 1 broke, 1 fixed, 1 not run any more)" in text
    assert "`PACKAGE-FROM-SPEC` | documented | conforms | diverges" in compared(found)


def test_what_diverges_and_was_not_run_before_did_not_break(tmp_path: Path) -> None:
    """It is listed by itself, and fails the comparison as well."""
    before = read(write(tmp_path / "1.jsonl", run([trial("packages/main", clauses=["MAIN-SUBMODULE"])])))
    after = read(write(tmp_path / "2.jsonl", run([trial("packages/main", clauses=["MAIN-SUBMODULE"]), BAD])))
    found = compare([before], [after])
    assert (found.broke, found.cases["broke"], found.status) == ([], [], 1)
    assert [change.id for change in found.newly_diverging] == ["PACKAGE-FROM-SPEC"]
    assert [change.id for change in found.cases["newly_diverging"]] == ["packages/bad"]
    text = "\n".join(lines(found))
    assert "Diverges, and was not run before: 1 clause, 1 case" in text
    assert "PACKAGE-FROM-SPEC (documented) not-run -> diverges on CPython 3.13.0" in text
    said = "nothing broke, but something diverges that was not run before"
    assert f"status 1: {said} (clauses: 0 broke, 1 newly diverging, 0 fixed, 0 not run" in text
    assert said in compared(found)


def test_a_find_of_a_search_that_found_nothing_before_broke(tmp_path: Path) -> None:
    """The search has tried its cases before, too, and a case that agrees leaves no record."""
    find = trial("search/packages/123abc", divergence(), clauses=[], fixture="x")
    after = read(write(tmp_path / "2.jsonl", run([GOOD, find], searches=[search()])))
    for searches, kind in (([search()], "broke"), ([], "newly_diverging")):
        found = compare([read(write(tmp_path / "1.jsonl", run([GOOD], searches=searches)))], [after])
        assert [change.id for change in found.cases[kind]] == ["search/packages/123abc"]


def test_the_numbers_of_a_comparison_are_written_as_in_every_report(tmp_path: Path) -> None:
    """Thousands have a comma, and one thing has a singular."""
    trials = [trial(f"packages/case_{number}", clauses=[]) for number in range(1204)]
    before = read(write(tmp_path / "1.jsonl", run([GOOD, *trials])))
    after = read(write(tmp_path / "2.jsonl", run([GOOD])))
    text = "\n".join(lines(compare([before], [after])))
    assert "Not run any more: 0 clauses, 1,204 cases" in text
    clauses = [name for name, clause in registry().items() if clause.chapter == "altering_sys" and not clause.versions]
    before = read(write(tmp_path / "3.jsonl", run([trial("altering_sys/all", clauses=clauses[:11])])))
    assert "  and 1 more clause" in list(lines(compare([before], [after])))


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [
        ([GOOD], [GOOD], 0),
        ([BAD], [trial("packages/bad")], 0),
        ([BAD], [trial("packages/bad", divergence(), verdict="crashes")], 1),
        ([GOOD], [], 5),
        ([BAD], [], 5),
        ([GOOD], [GOOD, BAD], 1),
        ([GOOD], [trial("packages/good", divergence(expected={"reason": "", "link": "", "at": "k:1"}))], 0),
        ([GOOD], [trial("packages/good", divergence("RUN-NAME-ANY-OBJECT", field="x"))], 0),
    ],
)
def test_the_status_of_a_comparison(before: list[Any], after: list[Any], status: int, tmp_path: Path) -> None:
    """0 nothing broke, 1 something did, 5 not all was run again; what is expected or above the level counts not."""
    runs = [[read(write(tmp_path / f"{n}.jsonl", run(some)))] for n, some in enumerate((before, after))]
    assert compare(*runs).status == status


def test_a_run_that_was_cut_off_is_not_better(tmp_path: Path) -> None:
    """A target that one of two reports does not name was not run there."""
    before = read(write(tmp_path / "1.jsonl", run([GOOD, BAD])))
    after = read(write(tmp_path / "2.jsonl", run([GOOD])[:2]))
    found = compare([before], [after])
    assert not found.fixed
    assert found.status == 5
    assert any(note.startswith("incomplete after") for note in found.notes)


def test_a_clause_is_fixed_only_if_the_case_that_broke_it_was_run(tmp_path: Path) -> None:
    """That its other cases agree says nothing of that one; a find of the search is searched for again."""
    before = read(write(tmp_path / "1.jsonl", run([GOOD, BAD])))
    found = compare([before], [read(write(tmp_path / "2.jsonl", run([GOOD])))])
    assert (found.fixed, [change.id for change in found.not_run], found.status) == ([], ["PACKAGE-FROM-SPEC"], 5)
    find = trial("search/packages/123abc", divergence(), clauses=[], fixture="x")
    before = read(write(tmp_path / "3.jsonl", run([GOOD, find], searches=[search()])))
    for searches, status in (([], 5), ([search()], 0)):
        after = read(write(tmp_path / "4.jsonl", run([GOOD], searches=searches)))
        assert compare([before], [after]).status == status


def test_targets_of_other_releases_are_compared_and_others_are_named(tmp_path: Path) -> None:
    """3.13.0 with 3.13.1; one that is missing was not run."""
    first = [
        read(write(tmp_path / f"{version}.jsonl", run([GOOD], version=version))) for version in ("3.12.0", "3.13.0")
    ]
    second = [
        read(write(tmp_path / f"{version}.jsonl", run([GOOD], version=version))) for version in ("3.13.1", "3.14.0")
    ]
    found = compare(first, second)
    assert found.pairs == [("CPython 3.13.0", "CPython 3.13.1")]
    assert (found.missing, found.added, found.status) == (["CPython 3.12.0"], ["CPython 3.14.0"], 5)


# -- what is made of them --------------------------------------------------------------------------------------

HOSTILE = trial(
    "packages/hostile",
    divergence(candidate="</script><script>alert(1)</script> | `x` \ud800", where="</pre>|<b>`_*["),
    summary="<img src=x onerror=alert(1)> | `code` *",
)


def test_no_text_of_a_candidate_becomes_anything_else(tmp_path: Path) -> None:
    """In the page, the summary and the badge."""
    path = write(tmp_path / "a.jsonl", run([HOSTILE], candidate="<b>&'\"</b>", details=[shown("packages/hostile")]))
    runs = [read(path)]
    text = page(runs)
    assert "<script>alert" not in text
    assert "<img" not in text
    assert text.count("</script>") == 3
    said = markdown.summary(runs)
    assert "<script" not in said.replace("`'</script><script>alert(1)</script>", "")
    assert "<img" not in said
    ET.fromstring(badge.svg(runs))


def test_the_page_asks_for_nothing(tmp_path: Path) -> None:
    """No address of anybody's, but for the links to sources, which lead away only if they are clicked."""
    text = page([read(write(tmp_path / "a.jsonl", run([GOOD, BAD], details=[shown("packages/bad")])))])
    links = re.findall(r'<a class="out" href="https://[^"]+" rel="noopener noreferrer">', text)
    assert links
    for link in set(links):
        text = text.replace(link, "")
    for word in ("http://", "https://", "src=", "@import", "url(", "<link", "<iframe"):
        assert word not in text


def test_the_badge(tmp_path: Path) -> None:
    """A picture, and the data of one."""
    runs = [read(write(tmp_path / "a.jsonl", run([GOOD])))]
    assert json.loads(badge.endpoint(runs)) == {
        "schemaVersion": 1,
        "label": "run_module",
        "message": "conforms on 3.13.0",
        "color": "brightgreen",
        "isError": False,
    }
    picture = ET.fromstring(badge.svg(runs))
    assert picture.find("{http://www.w3.org/2000/svg}title").text == "run_module: conforms on 3.13.0"  # type: ignore[union-attr]
    worse = [*runs, read(write(tmp_path / "b.jsonl", run([BAD], version="3.12.0")))]
    assert badge.message(worse) == "diverges on 1 of 2 targets"
    assert badge.message([read(write(tmp_path / "c.jsonl", run([])))]) == "nothing ran"


def test_what_is_expected_is_told_apart(tmp_path: Path) -> None:
    """With its reason."""
    mark = {"reason": "we cannot", "link": "https://example.org/7", "at": "known.toml:3"}
    path = write(tmp_path / "a.jsonl", run([trial("packages/known", divergence(expected=mark))]))
    runs = [read(path)]
    assert (runs[0].status, headline(runs)) == (0, "conforms, but for what the baseline expects, in 1 case on 3.13.0")
    assert "Expected: we cannot" in page(runs)
    assert badge.message(runs) == "conforms, as expected, on 3.13.0"
    assert "PACKAGE-FROM-SPEC" not in markdown.summary(runs)


@pytest.mark.parametrize("name", ["x.html", "x.JSONL", "badge.json", "x.badge.json", "x.md", "x.svg"])
def test_the_name_says_what_is_written(name: str) -> None:
    """Each ending has its kind."""
    assert ending(name) in ENDINGS


@pytest.mark.parametrize("name", ["x", "x.json", "x.txt", "x.jsonl.gz"])
def test_a_name_that_says_nothing(name: str) -> None:
    """Is refused."""
    with pytest.raises(OutputError, match="ends in none of"):
        ending(name)


# -- the command -----------------------------------------------------------------------------------------------


def report(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run `python -m conformance report`."""
    return subprocess.run(
        [sys.executable, "-m", "conformance", "report", *map(str, arguments)],
        cwd=HOUSE,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_command_merges_and_writes(tmp_path: Path) -> None:
    """A folder of records is as good as a list of them."""
    write(tmp_path / "a.jsonl", run([GOOD]))
    write(tmp_path / "b.jsonl", run([BAD], version="3.12.0"))
    wanted = [tmp_path / name for name in ("all.html", "all.md", "all.svg", "badge.json")]
    done = report(tmp_path, *(f"--report={path}" for path in wanted))
    assert done.returncode == 1, done.stderr
    assert "\nstatus 1: diverges on 3.12.0; conforms on 3.13.0\n" in done.stdout
    assert all(path.stat().st_size > 50 for path in wanted)


def test_the_command_compares(tmp_path: Path) -> None:
    """And writes what it says."""
    first, second = write(tmp_path / "a.jsonl", run([GOOD])), write(tmp_path / "b.jsonl", run([BAD, GOOD]))
    done = report("--compare", first, second, f"--report={tmp_path / 'c.md'}")
    assert done.returncode == 1
    assert "something broke" in done.stdout
    assert "something broke" in (tmp_path / "c.md").read_text()
    assert report("--compare", second, first).returncode == 5
    assert report("--compare", first, first).returncode == 0


def test_the_command_refuses_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2, and nothing is written."""
    records = write(tmp_path / "a.jsonl", run([GOOD]))
    empty = tmp_path / "empty"
    empty.mkdir()
    for arguments, sentence in (
        ([tmp_path / "none.jsonl"], "cannot be read"),
        ([empty], "the folder has no file of records"),
        ([records, records], "was tried on CPython 3.13.0 in"),
        ([records, f"--report={tmp_path / 'x.txt'}"], "ends in none of"),
        ([records, f"--report={tmp_path / 'x.jsonl'}"], "this command reads records"),
        ([records, f"--report={tmp_path / 'no' / 'x.html'}"], "cannot be written: No such file or directory"),
        (["--compare", records], "--compare takes two"),
        (["--compare", records, records, f"--report={tmp_path / 'x.html'}"], "a comparison is written as FILE.md"),
    ):
        assert main([str(argument) for argument in arguments]) == 2
        said = capsys.readouterr()
        assert sentence in said.err
        assert said.err.count("\n") == 1
        assert not said.out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", "empty"]


def test_all_records_that_are_written_are_documented() -> None:
    """Each with its keys, in the order in which they are written; each divergence in a record as well."""
    text = (HOUSE / "docs" / "report-schema.md").read_text(encoding="utf-8")
    known = Known(signature_of(divergence()), "packages/bad", "why")
    replay = replayed(marked(BAD, [known], "known.toml"), [known], "known.toml", Level.COMPAT)
    stream = run([BAD], searches=[search()], baseline=replay, details=[shown("packages/bad")])
    assert {record["record"] for record in stream} == RECORDS.keys()
    tables = {f"`{record['record']}`": list(record)[1:] for record in stream}
    tables["A divergence"] = list(divergence(raised_at="mypkg/runner.py:41"))
    tables["A smaller case"] = list(SMALLER)
    for title, keys in tables.items():
        table = text.partition(f"### {title}\n")[2].partition("###")[0]
        documented = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
        assert [key for key in documented if key != "fixture" or title != "`trial`"] == keys, title
    assert f"(`schema` in the `run` record) is {SCHEMA}" in text


def test_the_records_of_a_run_are_as_the_schema_says() -> None:
    """Those of a run that finds something, and not those that `read` refuses."""
    schema = json.loads((HOUSE / "docs" / "schemas" / "records.schema.json").read_text(encoding="utf-8"))
    marked_trial = trial("packages/known", divergence(expected={"reason": "why", "link": "", "at": "known.toml:3"}))
    details = [shown("packages/bad"), shown("packages/good", oracle=None)]
    for record in run([GOOD, BAD, marked_trial], searches=[search()], details=details):
        assert refusals_of(record, schema) == []
    for fault in ("a strange level", "a target without a name", "a text that is none", "an observation that is none"):
        stream, _ = WRONG_RECORDS[fault]
        assert any(refusals_of(record, schema) for record in stream), fault


def refusals_of(record: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    """The places in which a record is not as the schema of its kind says."""
    kinds = {
        choice["$ref"].removeprefix("#/$defs/"): RECORDS[name]
        for choice, name in zip(schema["anyOf"], RECORDS, strict=True)
    }
    name = next(name for name, kind in kinds.items() if kind is RECORDS[record["record"]])
    return list(refusals(record, schema["$defs"][name], schema["$defs"]))


def test_the_smallest_case_of_two_causes_is_one_record(tmp_path: Path) -> None:
    """A search that finds it twice tells of it once, or its records could not be read."""
    (tmp_path / "mine.py").write_text(
        "from runpy import run_module as right\n"
        "def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):\n"
        "    return {**right(mod_name, init_globals, run_name, alter_sys), '__package__': 'wrong'}\n"
    )
    options = [f"--report={tmp_path / 'out.jsonl'}", f"--finds={tmp_path / 'finds'}", "--database=none"]
    done = conformance(f"--impl={tmp_path / 'mine.py'}", *options, "search/packages")
    assert done.returncode == 1, done.stdout + done.stderr
    found = read(tmp_path / "out.jsonl")
    assert found.searches[0]["finds"] == [trial["id"] for trial in found.trials]
    causes = [divergence["clause"] for divergence in found.trials[0]["divergences"] if divergence["cause"]]
    assert len(causes) > 1
