"""The entry of a finding, in every report: who did what, where two values differ, and which cases are counted."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest

from conformance.clauses import registry
from conformance.judge.descriptions import ABSENT, UNCHANGED
from conformance.report import findings as findings_module
from conformance.report import markdown, terminal
from conformance.report.console import console_on
from conformance.report.details import print_details
from conformance.report.findings import Finding
from conformance.report.numbers import counted
from conformance.report.page import page
from conformance.report.rerun import Commands
from conformance.report.runs import Run
from conformance.report.values import shown
from tests import made
from tests.made import divergence, trial

# -- which side did what ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "field", "oracle", "candidate", "said"),
    [
        (
            "sys.argv afterwards",
            "after.argv",
            UNCHANGED,
            {"list": ["x"], "is": "sys.argv"},
            ("left as it was", "set to ['x']"),
        ),
        (
            "sys.argv afterwards",
            "after.argv_object",
            {"list": ["x"], "items": "as before"},
            UNCHANGED,
            ("another object with the same items", "left as it was"),
        ),
        ("sys.modules['m'] afterwards", "after.modules", ABSENT, UNCHANGED, ("removed", "left as it was")),
        (
            "sys.modules['m'] afterwards",
            "after.modules",
            {"module": "m"},
            ABSENT,
            ("set to <module m>", "removed"),
        ),
        (
            "as <root>/m.py starts: path",
            "entry.path",
            UNCHANGED,
            {"list": ["<root>"], "at": "the start"},
            ("left as it was", "['<root>'] added at the start"),
        ),
        (
            "path afterwards",
            "after.path",
            {"list": [], "instead of": {"list": ["a"]}, "at": "the end"},
            {"list": ["b"], "instead of": {"list": ["a"]}, "at": "somewhere"},
            ("['a'] taken out at the end", "['b'] in the place of ['a'] in the middle"),
        ),
        (
            "path afterwards",
            "after.path",
            UNCHANGED,
            {"another object": {"list": ["b"], "instead of": "everything"}},
            ("left as it was", "another list: set to ['b']"),
        ),
        (
            "at the end of <root>/m.py: state",
            "exit.state",
            {"path_importer_cache": {"dict": []}, "recursion limit": {"changed by": 10}},
            UNCHANGED,
            ("path_importer_cache set to {}; recursion limit changed by 10", "left as it was"),
        ),
        ("as <root>/m.py starts: sys.modules[__name__]", "entry.modules", "own", "absent", ("'own'", "'absent'")),
        ("modules executed", "executions.run", "run of <root>/m.py", ABSENT, ("'run of <root>/m.py'", "nothing")),
        ("found", "names", ABSENT, 1, ("nothing", "1")),
    ],
)
def test_what_changed_is_told_as_something_that_a_side_did(
    where: str, field: str, oracle: object, candidate: object, said: tuple[str, str]
) -> None:
    """A side that changed nothing has left things as they were, be it the oracle or the candidate."""
    kind = "missing" if candidate in (ABSENT, UNCHANGED) else "extra" if oracle in (ABSENT, UNCHANGED) else "value"
    one = divergence(field=field, where=f"step 1: {where}", oracle=oracle, candidate=candidate, kind=kind)
    assert shown(one) == ("", *said)


# -- long values -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [0, 100, 290, 5000])
def test_two_long_values_are_cut_where_they_differ(before: int) -> None:
    """The difference is on the screen, on both sides, with what stands before it; and so it is in every report."""
    same, rest = "=" * before, "." * 1000
    one = divergence(
        "RESULT-IS-GLOBALS", field="result.values", oracle=f"{same}this{rest}", candidate=f"{same}that{rest}"
    )
    _, oracle, candidate = shown(one)
    assert "this" in oracle
    assert "that" in candidate
    assert oracle.replace("this", "that") == candidate
    assert len(oracle) <= 300
    assert oracle.startswith("...=" if before > 120 else "'")
    if before:
        assert "=" * min(before, 50) + "this" in oracle


def test_values_that_are_alike_in_words_are_shown_as_they_are_described() -> None:
    """A list and an instance of a subclass of list are the same words."""
    one = divergence(field="names", oracle={"list": [1]}, candidate={"list": [1], "type": "m.List"}, kind="type")
    assert shown(one) == ("", '{"list": [1]}', '{"list": [1], "type": "m.List"}')


# -- the cases of a finding ------------------------------------------------------------------------------------


def the_run() -> list[made.Record]:
    """One fault: seven cases break the clause that leads, six others break another clause by the same field."""
    leading = [trial(f"module_names/a{number}", divergence()) for number in range(7)]
    rest = [trial(f"packages/b{number}", divergence("PACKAGE-IGNORES-RUN-NAME")) for number in range(6)]
    return made.run([*leading, *rest])


def run_of(stream: list[made.Record]) -> Run:
    """The run of its records."""
    trials = [record for record in stream if record["record"] == "trial"]
    clauses = [record for record in stream if record["record"] == "clause"]
    return Run(stream[0], trials, clauses, end=stream[-1])


def terminal_text(run: Run) -> tuple[str, str]:
    """The output of a run: the entries in full, and the last screen."""
    texts = []
    for show in (
        lambda console: print_details(console, run, registry(), Commands("try", "search")),
        lambda console: terminal.overview(console, run),
    ):
        console = console_on(io.StringIO(), colour=False)
        console.width = 300
        show(console)
        texts.append(console.file.getvalue())
    return texts[0], texts[1]


def only_finding(run: Run) -> Finding:
    """The finding of a run that has one."""
    (finding,) = findings_module.failing(run)
    return finding


def test_the_cases_that_are_counted_are_those_that_are_listed() -> None:
    """By each report: those of the clause that leads first, then those that show the same in other ways."""
    run = run_of(the_run())
    finding = only_finding(run)
    assert finding.cases == len(finding.case_ids) == len(set(finding.case_ids)) == 13
    assert finding.case_ids == [finding.trial["id"], *finding.other_cases]
    assert all(case.startswith("module_names/") for case in finding.case_ids[:7])
    entry, end = terminal_text(run)
    assert "PACKAGE-FROM-SPEC (documented, 13 cases)" in end
    assert "  shown by   13 cases: 7 break PACKAGE-FROM-SPEC, 6 show the same fault in other ways\n" in entry
    (named, more) = re.findall(r"  likewise   (.*), and (\d+) more \(--report=FILE.html lists all\)\n", entry)[0]
    assert 1 + len(named.split(", ")) + int(more) == 13
    summary = markdown.summary([run])
    (named, more) = re.findall(r"\| likewise \| (.*), and (\d+) more \(the HTML report lists all\) \|", summary)[0]
    assert 1 + len(named.split(", ")) + int(more) == 13
    whole = page([run]).partition('<section id="divergences"')[2].partition("</section>")[0]
    listed = re.findall(r'<a href="#case-([^"]+)">', whole)
    assert "(13 cases)" in whole
    assert listed == finding.case_ids
    assert "12 other cases (13 cases: 7 break PACKAGE-FROM-SPEC, 6 show the same fault in other ways)" in whole


def test_a_finding_whose_clause_every_case_breaks_is_counted_in_a_number() -> None:
    """There is nothing to explain."""
    run = run_of(made.run([trial("packages/a", divergence()), trial("packages/b", divergence())]))
    assert counted(only_finding(run)) == "2 cases"
    entry, _ = terminal_text(run)
    assert "shown by" not in entry
    assert "  likewise   packages/b\n" in entry


def test_a_finding_is_led_by_a_field_that_its_clause_owns() -> None:
    """And not by what the code of a case makes of it, however small that case is."""
    noted = divergence("ARGV-IS-FILE", field="note", phase="execute")
    seen = divergence("ARGV-IS-FILE", field="entry.argv")
    trials = [
        trial("altering_sys/a", noted, clauses=["ARGV-IS-FILE"], size=1),
        trial("altering_sys/b", seen, clauses=["ARGV-IS-FILE"], size=9),
    ]
    assert only_finding(run_of(made.run(trials))).trial["id"] == "altering_sys/b"


# -- the order, the rule and the exception -----------------------------------------------------------------------


@pytest.mark.parametrize("many", [1, 2])
def test_the_list_of_findings_says_that_it_is_the_order_in_which_to_mend(many: int) -> None:
    """If there is anything to order."""
    trials = [
        trial("packages/a", divergence()),
        trial("altering_sys/b", divergence("ARGV-IS-FILE", field="entry.argv")),
    ]
    run = run_of(made.run(trials[:many]))
    _, end = terminal_text(run)
    heading = ["1 finding", "2 findings, in the order in which to mend them"][many - 1]
    assert f"\n{heading}:\n" in end
    assert f"### {heading}\n" in markdown.summary([run])
    assert ("in the order in which to mend them" in page([run])) == (many > 1)


def test_an_entry_says_when_it_fails_and_what_was_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exception first, then the clause, then the rule; each in the terminal, in Markdown and on the page."""
    outcome = divergence(
        "MISSING-MODULE",
        field="outcome",
        kind="raises",
        phase="execute",
        where="step 1: outcome",
        oracle="returned",
        candidate="raised KeyError: 'x<y'",
        cause=False,
        raised_at="mypkg/runner.py:41",
    )
    run = run_of(made.run([trial("packages/a", divergence(), outcome)]))
    whole = findings_module.of_run(run)
    rule = "in all 124 cases in which the code raises"
    with_rule = [(fails, expected, replace(finding, when=rule)) for fails, expected, finding in whole]
    monkeypatch.setattr(findings_module, "of_run", lambda of: with_rule if of is run else whole)
    statement = registry()["PACKAGE-FROM-SPEC"].statement
    raised = "The candidate raises KeyError: 'x<y' at mypkg/runner.py:41, where the oracle returns."
    entry, _ = terminal_text(run)
    assert entry.index("PACKAGE-FROM-SPEC  documented") < entry.index(f"  {raised}\n") < entry.index(statement[:60])
    assert entry.index(statement[:60]) < entry.index(f"  when       {rule}\n") < entry.index("  source  ")
    summary = markdown.summary([run])
    assert (
        summary.index(raised.replace("<", "&lt;")) < summary.index("spec's `parent`") < summary.index(f"When: {rule}")
    )
    text = page([run])
    assert text.index('<p class="raised">The candidate raises KeyError') < text.index('<p class="statement">')
    assert text.index('<p class="statement">') < text.index(rule) < text.index('<p class="case">')
