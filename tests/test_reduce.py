"""The case by which a finding is shown: as small as it gets, and still about the same thing."""

from __future__ import annotations

import ast
import functools
import itertools
import json
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from conformance import FIXTURES
from conformance.cases.fixtures import from_plain, toml
from conformance.cases.model import Case, Step
from conformance.cases.tree import cases as whole_tree
from conformance.clauses import Level
from conformance.judge.divergence import Divergence, Moment, Signature
from conformance.judge.trial import Trial, Verdict
from conformance.observation.interpreters import find
from conformance.observation.live import LiveSide
from conformance.observation.side import AgentError
from conformance.report import markdown
from conformance.report.findings import failing
from conformance.report.page import page
from conformance.report.reading import read
from conformance.report.rerun import command_of
from conformance.search.examine import Examiner
from conformance.search.reduce import Budget, Reduced, reduced
from conformance.search.shorter import shortened
from conformance.search.smaller import loose_ends
from tests.harness import combined_mutants, conformance
from tests.made import CASE, divergence, shown, write
from tests.made import run as made_run
from tests.made import trial as made_trial

SIGNATURE = Signature("RESULT-COPY", "result", "result.identity", "identity")
OTHER = Signature("ARGV-RESTORED", "restore", "after.argv", "value")
LARGE = Case(
    files={
        "one.zip": {"zip": {"inside/pkg/__init__.py": "kept = []\n", "inside/pkg/__main__.py": "x = 1\ny = 2\n"}},
        "spare.py": "z = 3\n",
    },
    steps=(
        Step("do", "import sys; given = {'x': 1}"),
        Step("call", "run_module('pkg', given, None, True)"),
        Step("call", "run_module('spare')"),
    ),
    path=("one.zip/inside/", "."),
    argv=("prog", "-v"),
    requires=("zip", "python>=3.9"),
    id="families/places/made_up",
    summary="Something long",
    clauses=("ZIP-LOADER", "RESULT-COPY"),
)


def cause(signature: Signature, oracle: object = 1, candidate: object = 2) -> Divergence:
    """A divergence that nothing explains."""
    return Divergence(signature, Level.COMPAT, "here", oracle, candidate, Moment(1, 0))


def trial(case: Case, *found: Divergence, verdict: Verdict = "diverges", endings: tuple[str, ...] = ()) -> Trial:
    """The trial of a case with these divergences."""
    return Trial(case, verdict if found else "agrees", found, endings=endings)


Showing = Callable[[Case], bool]


def reduce(shows: Showing, case: Case = LARGE, budget: Budget | None = None) -> Reduced | None:
    """The reduction of a case, given which cases show the divergence."""

    def glance(case: Case) -> Trial:
        return trial(case, cause(SIGNATURE)) if shows(case) else trial(case)

    return reduced(case, SIGNATURE, glance, Level.COMPAT, budget or Budget())


def calls(case: Case) -> str:
    """The calls of a case, as one text."""
    return "\n".join(str(step.content) for step in case.steps if step.kind == "call")


# -- without sides ---------------------------------------------------------------------------------------------


def test_everything_that_is_not_needed_is_taken_away() -> None:
    """Steps, files, arguments, lines, archives, folders, `sys.argv`, and what was required for them."""
    result = reduce(lambda case: "alter_sys=True" in calls(case) or ", True)" in calls(case))
    assert result is not None
    assert toml(result.case).splitlines() == [
        'summary = "RESULT-COPY, reduced from families/places/made_up"',
        'clauses = ["RESULT-COPY"]',
        'requires = ["python>=3.9"]',  # the target meets it, so that nothing can show that it is not needed
        "call = \"run_module('pkg', alter_sys=True)\"",
    ]
    assert (result.changed, result.complete) == (True, True)
    assert result.case.id == "families/places/made_up.reduced"


def test_what_is_needed_stays() -> None:
    """An archive, with the capability that it needs, and what is given by a name."""

    def shows(case: Case) -> bool:
        return isinstance(case.files.get("one.zip"), dict) and ("given" in calls(case) or "{" in calls(case))

    result = reduce(shows)
    assert result is not None
    assert "zip" in result.case.requires
    assert [step.plain() for step in result.case.steps] == [{"call": "run_module('pkg', {})"}]


def test_a_case_that_does_not_show_it_is_not_reduced() -> None:
    """And one in which nothing can be taken away is the same case."""
    assert reduce(lambda case: False) is None
    small = Case(
        files={"m.py": ""}, steps=(Step("call", "run_module('m')"),), id="families/x/y", clauses=("RESULT-COPY",)
    )
    result = reduce(lambda case: case.plain() == small.plain(), small)
    assert result is not None
    assert (result.case, result.changed) == (small, False)


def test_no_other_cause_comes_to_stand_before_it() -> None:
    """A case in which it would no longer come first is not taken; one in which it comes first, where it did not, is."""

    def glance(case: Case) -> Trial:
        before = [cause(OTHER)] if before_where(case) else []
        return trial(case, *before, cause(SIGNATURE))

    before_where: Showing = lambda case: "spare.py" not in case.files  # noqa: E731
    kept = reduced(LARGE, SIGNATURE, glance, Level.COMPAT, Budget())
    assert kept is not None
    assert "spare.py" in kept.case.files
    before_where = lambda case: "spare.py" in case.files  # noqa: E731
    first = reduced(LARGE, SIGNATURE, glance, Level.COMPAT, Budget())
    assert first is not None
    assert [found.signature for found in first.trial.divergences] == [SIGNATURE]


def test_it_stays_about_the_same_thing() -> None:
    """Neither the type of what is raised changes, nor does a step fail that did not."""

    def glance(case: Case) -> Trial:
        spare, argv = "spare.py" in case.files, case.argv != ("prog",)
        return trial(
            case,
            cause(SIGNATURE, "returned", f"raised {'KeyError' if argv else 'TypeError'}: {len(case.files)}"),
            endings=("returned",) if spare else ("raised ImportError",),
        )

    result = reduced(LARGE, SIGNATURE, glance, Level.COMPAT, Budget())
    assert result is not None
    assert list(result.case.files) == ["spare.py"]
    assert result.case.argv != ("prog",)


def test_no_text_comes_to_use_what_is_not_there() -> None:
    """No name that nothing binds, no module without a file, no package without its `__init__`."""
    case = replace(
        LARGE,
        files={"pkg/__init__.py": "", "pkg/m.py": "import sys, helper\nsys.argv\nhelper\n", "helper.py": ""},
        steps=(Step("do", "given = []"), Step("call", "run_module('pkg.m', given)")),
        path=(".",),
    )
    assert loose_ends(case) == {"import sys"}
    tried: list[Case] = []

    def shows(case: Case) -> bool:
        tried.append(case)
        return "given" in calls(case) and "sys.argv" in str(case.files)

    result = reduce(shows, case)
    assert result is not None
    assert all(loose_ends(case) <= {"import sys"} for case in tried)
    assert result.case.files == {"m.py": "import sys\nsys.argv\n"}
    assert "given = " in str(result.case.steps[0].content)


def test_a_case_in_which_the_oracle_fails_is_not_taken() -> None:
    """It proves nothing; the others are tried all the same."""

    def glance(case: Case) -> Trial:
        if "spare.py" not in case.files:
            raise AgentError("the oracle gave no observation")
        return trial(case, cause(SIGNATURE))

    result = reduced(LARGE, SIGNATURE, glance, Level.COMPAT, Budget())
    assert result is not None
    assert list(result.case.files) == ["spare.py"]


@pytest.mark.parametrize("tries", [1, 2, 7])
def test_no_more_cases_are_tried_than_allowed(tries: int) -> None:
    """And that a limit was met is said."""
    tried: list[Case] = []
    budget = Budget(tries=tries)

    def shows(case: Case) -> bool:
        tried.append(case)
        return case.steps == LARGE.steps

    result = reduce(shows, budget=budget)
    assert len(tried) == tries
    assert budget.spent
    assert result is not None
    assert (result.tries, result.complete) == (tries, False)


def test_the_limit_of_time_is_kept() -> None:
    """Nothing is tried when it has passed, and what was found until then counts."""
    ticks = itertools.count()
    result = reduce(lambda case: True, budget=Budget(late=lambda: next(ticks) > 3))
    assert result is not None
    assert not result.complete
    assert result.tries < 6


def test_few_cases_may_hang() -> None:
    """Each takes the whole time limit; a finding that is a hang is reduced by the first tries."""
    tried: list[Case] = []

    def glance(case: Case) -> Trial:
        tried.append(case)
        return trial(case, cause(SIGNATURE), verdict="diverges" if case.steps == LARGE.steps else "hangs")

    budget = Budget(hangs=3)
    result = reduced(LARGE, SIGNATURE, glance, Level.COMPAT, budget)
    assert result is not None
    assert sum(case.steps != LARGE.steps for case in tried) == 2
    assert not result.complete
    again = reduced(LARGE, SIGNATURE, glance, Level.COMPAT, budget)
    assert again is not None
    assert sum(case.steps != LARGE.steps for case in tried) == 3
    assert budget.spent


@pytest.mark.parametrize(
    ("text", "needs", "left"),
    [
        ("import os\nx = 1\ny = 2\n", ("x",), "x = 1"),
        ("import os; x = 1; y = 2", ("x",), "x = 1"),
        ("if x:\n    with y:\n        z = 1\n", ("z",), "z = 1"),
        ("try:\n    a()\nfinally:\n    b()\n", ("b",), "try:\n    a()\nfinally:\n    b()\n"),
        ("def f():\n    a = 1\n    return 2\n", ("def", "return"), "def f():\n    return 2\n"),
        ("@d\nclass C:\n    a = 1\n    b = 2\n", ("@d", "b"), "@d\nclass C:\n    b = 2\n"),
        ("x = {'a': 1, 'b': [2, 3]}\n", ("'b'", "3"), "x = {'b': [3]}"),
        ("from a import b, c\n", ("c",), "from a import c"),
        ("run_module('m', given, None, True)\n", ("True",), "run_module('m', alter_sys=True)"),
        ("value = (\nother\n", ("(",), "value = (\n"),
    ],
)
def test_a_text_is_cut_to_what_is_needed(text: str, needs: tuple[str, ...], left: str) -> None:
    """Each text that is tried can be parsed, if the whole can."""

    def holds(shorter: str) -> bool:
        if not text.startswith("value = ("):
            ast.parse(shorter)
        return all(word in shorter for word in needs)

    assert shortened(text, holds) == left


# -- with both sides -------------------------------------------------------------------------------------------

# For mutants that no named fixture shows, by the clause that each breaks: the case to which the family's is reduced.
EXPECTED = {
    "ARGV-RESTORED": """
        [files]
        "own_module.py" = ""

        [[steps]]
        do = '''
        import sys
        sys.argv[:] = [3]
        '''
        [[steps]]
        call = "run_module('own_module', alter_sys=True)"
    """,
    "RUN-NAME-EMPTY": """
        call = "run_module('own_package', run_name='', alter_sys='no')"

        [files]
        "own_package/__init__.py" = ""
        "own_package/__main__.py" = ""
    """,
    "NAMESPACE-PORTIONS-JOINED": """
        path = [".", "two", "three"]
        call = "run_module('own_space')"

        [files]
        "own_space/sibling.py" = ""
        "two/own_space/other.py" = ""
        "three/own_space/__main__.py" = ""
    """,
    "FILE-SYMLINK-KEPT": """
        requires = ["symlinks"]
        call = "run_module('own_package')"

        [files]
        "own_package/__init__.py" = ""
        "own_package/__main__.py" = { symlink = "../elsewhere/own_package-__main__.py" }
        "elsewhere/own_package-__main__.py" = ""
    """,
    "BLOCKED-ENTRY": """
        [files]
        "own_package/__init__.py" = ""
        "own_package/__main__.py" = ""

        [[steps]]
        do = "import sys; sys.modules['own_package.__main__'] = None"
        [[steps]]
        call = "run_module('own_package')"
    """,
}
COMBINED = {mutant.clause: (mutant, case) for mutant, case in combined_mutants()}


@functools.cache
def tree() -> dict[str, Case]:
    """All cases by id."""
    return {case.id: case for case in whole_tree(FIXTURES)}


@pytest.fixture(scope="module")
def oracle() -> Iterator[LiveSide]:
    """The oracle, for all reductions."""
    side = LiveSide(find(sys.executable), "oracle")
    yield side
    side.close()


@pytest.mark.parametrize("clause", EXPECTED)
def test_the_case_of_a_family_is_reduced_to_a_few_lines(clause: str, oracle: LiveSide, tmp_path: Path) -> None:
    """It reads as if somebody had written it, and is the same each time; the divergence comes first in it."""
    mutant, name = COMBINED[clause]
    path = tmp_path / "candidate.py"
    path.write_text(mutant.source(), encoding="utf-8")
    candidate = LiveSide(find(sys.executable), str(path))
    try:
        examiner = Examiner(oracle, candidate, Level.COMPAT)
        signature = next(
            found.signature
            for found in examiner.glance(tree()[name]).divergences
            if found.cause and found.signature.clause == clause
        )
        results = [reduced(tree()[name], signature, examiner.glance, Level.COMPAT, Budget()) for _ in range(2)]
        result = results[0]
        assert result is not None
        assert results[1] == result
        text = toml(result.case)
        written = from_plain(tomllib.loads(text), result.case.id)
        assert written == result.case
        expected = "\n".join(line.removeprefix("        ") for line in EXPECTED[clause].splitlines())
        assert written.plain() == from_plain(tomllib.loads(expected), "x").plain()
        assert result.complete
        causes = [found for found in examiner.confirm(examiner.glance(written)).divergences if found.cause]
        assert causes[0].signature == signature
    finally:
        candidate.close()


# -- in reports ------------------------------------------------------------------------------------------------


def test_a_report_that_is_read_back_shows_the_smaller_case(tmp_path: Path) -> None:
    """For the finding for which it was made, and for no other that the same case shows; the trial stays as it was."""
    found, other = divergence(), divergence("ARGV-RESTORED", field="after.argv", phase="restore", step=2)
    smaller = {
        "size": 2,
        "tries": 9,
        "complete": True,
        "leading": 1,
        "divergences": [divergence(cause=False, where="before"), divergence(where="step 1: in the smaller case")],
    }
    whole = made_run(
        [made_trial("families/x/y", found, other)], details=[shown("families/x/y", fixture=CASE, reduced=smaller)]
    )
    run = read(write(tmp_path / "it.jsonl", whole))
    by_clause = {finding.clause: finding for finding in failing(run)}
    assert by_clause["PACKAGE-FROM-SPEC"].divergence["where"] == "step 1: in the smaller case"
    assert by_clause["PACKAGE-FROM-SPEC"].consequences == ["before"]
    assert run.fixture_of(by_clause["PACKAGE-FROM-SPEC"].trial) == CASE
    assert command_of(run, by_clause["PACKAGE-FROM-SPEC"]).endswith(" families/x/y::PACKAGE-FROM-SPEC")
    assert by_clause["ARGV-RESTORED"].divergence == other
    assert run.fixture_of(by_clause["ARGV-RESTORED"].trial) == ""
    assert run.trials[0]["divergences"] == [found, other]
    assert "step 1: in the smaller case" in markdown.summary([run])
    assert "step 1: in the smaller case" in page([run])


# -- as a user runs it ----------------------------------------------------------------------------------------


def test_every_report_shows_the_smaller_case(tmp_path: Path) -> None:
    """With its files and its values; and it is written, with a program, while commands name the original."""
    mutant, name = COMBINED["RUN-NAME-EMPTY"]
    candidate = tmp_path / "candidate.py"
    candidate.write_text(mutant.source(), encoding="utf-8")
    reports = [f"--report={tmp_path / 'out'}{ending}" for ending in (".jsonl", ".html", ".md")]
    done = conformance(
        *(f"--impl={candidate}", f"--target={sys.executable}", name, f"--junitxml={tmp_path / 'out.xml'}", *reports),
        folder=tmp_path,
        XDG_CACHE_HOME=str(tmp_path / "cache"),
    )
    assert done.returncode == 1, done.stdout + done.stderr
    (folder,) = (tmp_path / "conformance-finds").glob("run_name_empty_*")
    text = (folder / "fixture.toml").read_text(encoding="utf-8")
    assert f"reduced from {name}" in text
    call = "call = \"run_module('own_package', run_name='', alter_sys='no')\""
    assert call in text
    assert f"    {call}\n" in done.stdout
    assert f"written    {folder / 'fixture.toml'}\n" in done.stdout
    assert f"{name}::RUN-NAME-EMPTY\n" in done.stdout.partition("again ")[2].partition("or ")[0]
    assert f"{folder / 'repro.py'}\n" in done.stdout
    again = subprocess.run([sys.executable, folder / "repro.py"], capture_output=True, text=True, check=False)
    assert again.returncode == 1, again.stdout + again.stderr
    records = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    (shown,) = [record for record in records if record["record"] == "shown"]
    assert (shown["trial"], shown["fixture"], shown["reproduces"]) == (name, text, True)
    assert shown["written"] == str(folder / "fixture.toml")
    assert shown["reduced"]["size"] == 3
    assert shown["reduced"]["complete"]
    assert shown["reduced"]["divergences"][0]["clause"] == "RUN-NAME-EMPTY"
    assert len(shown["oracle"]["steps"]) == 1
    assert call in (tmp_path / "out.md").read_text(encoding="utf-8")
    assert "run_name=&#39;&#39;" in (tmp_path / "out.html").read_text(encoding="utf-8")
    suite = ET.parse(tmp_path / "out.xml").getroot()[0]
    properties = {item.get("name"): item.get("value") for item in suite.findall("properties/property")}
    assert call in str(properties["fixture of RUN-NAME-EMPTY"])


def test_a_named_fixture_is_shown_as_it_was_written(tmp_path: Path) -> None:
    """Nothing is made of it, and nothing is written."""
    candidate = tmp_path / "candidate.py"
    candidate.write_text("def run_module(mod_name, *rest, **more):\n    return {}\n", encoding="utf-8")
    done = conformance(
        *(f"--impl={candidate}", f"--target={sys.executable}", "packages/main_submodule_by_name"),
        f"--report={tmp_path / 'out.jsonl'}",
        folder=tmp_path,
        XDG_CACHE_HOME=str(tmp_path / "cache"),
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert not (tmp_path / "conformance-finds").exists()
    records = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [record["reduced"] for record in records if record["record"] == "shown"] == [None]
