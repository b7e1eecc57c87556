"""Baselines: what a file may say, what a run makes of it, and how it is written."""

from __future__ import annotations

import io
import json
import subprocess
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from conformance.cases.fixtures import toml
from conformance.cases.model import Case, Step
from conformance.clauses import Level
from conformance.judge.baseline import Baseline, BaselineError, Condition, parse
from conformance.report import baseline, baseline_file, records
from conformance.report.expectations import complaints, marked, replayed
from tests.harness import conformance

HERE = Path("known.toml")
ONE, TWO = "packages/one", "packages/two"
IDS = {ONE, TWO, "packages/three", "families/layouts/x"}
PACKAGE = "PACKAGE-FROM-SPEC, prepare, entry.__package__, value"
ARGV = "ARGV-RESTORED, restore, after.argv, value"


def entry(*signatures: str, more: str = "", reason: str = "known") -> str:
    """The text of an entry; a signature without a case has the first one."""
    lines = [signature if "=" in signature else f'"{signature}" = "{ONE}"' for signature in signatures]
    return "\n".join(["[[expected]]", f'reason = "{reason}"', more, "[expected.signatures]", *lines, ""])


# -- reading ---------------------------------------------------------------------------------------------------


BAD = {
    "is no TOML": ("[[expected]]\nreason = \n", 2, "this is not TOML"),
    "is cut off": ('[[expected]]\nreason = "x', 2, "this is not TOML"),
    "has an unknown table": ("\n[expect]\n", 2, "there is no key 'expect' in a baseline"),
    "has a table for a list": (
        "[expected]\n",
        1,
        "`expected` is a list of entries, each written [[expected]], not a table",
    ),
    "has an unknown key": (entry(PACKAGE, more='why = "x"'), 3, "there is no key 'why' in an entry"),
    "lacks the reason": ("[[expected]]\n[expected.signatures]\n'a' = 'b'\n", 1, "this entry has no 'reason'"),
    "lacks signatures": ("[[expected]]\nreason = ''\n", 1, "this entry has no 'signatures'"),
    "has no signatures": (entry(), 4, "`signatures` is empty; write a table with, at least, one signature = case"),
    "has another reason": ("[[expected]]\nreason = 5\nsignatures = {}\n", 2, "`reason` is a text, not 5"),
    "has no signature": (entry("PACKAGE-FROM-SPEC"), 5, "is no signature, which is 'CLAUSE, phase, field, kind'"),
    "names no clause": (
        entry(PACKAGE, "PACKAGE-FROM-SPECS, prepare, entry.__package__, value"),
        6,
        "there is no clause 'PACKAGE-FROM-SPECS'; is it PACKAGE-FROM-SPEC?",
    ),
    "names what is not judged": (entry("WARNING-LOCATION, resolve, warnings.where, value"), 5, "is never judged"),
    "names no phase": (entry("PACKAGE-FROM-SPEC, before, entry.__package__, value"), 5, "there is no phase 'before'"),
    "names no kind": (entry("PACKAGE-FROM-SPEC, prepare, entry.__package__, odd"), 5, "there is no kind 'odd'"),
    "names no case": (entry(f'"{PACKAGE}" = "packages/onne"'), 5, "no case 'packages/onne'; is it packages/one?"),
    "has no case": (entry(f'"{PACKAGE}" = 5'), 5, f"{PACKAGE!r} is a case, or {{ case = ..., targets"),
    "has a bad condition": (entry(PACKAGE, more='targets = ["3.12"]'), 3, "'3.12' names no targets; write"),
    "has a bad name": (entry(PACKAGE, more='targets = ["CPython 3.12"]'), 3, "'CPython 3.12' names no targets"),
    "has a condition that is no list": (entry(PACKAGE, more='targets = "pypy"'), 3, "`targets` is a list of texts"),
    "has an empty condition": (entry(PACKAGE, more="targets = []"), 3, "`targets` is empty"),
    "has an impossible condition": (
        entry(PACKAGE, more='targets = ["cpython>=3.12,<3.9"]'),
        3,
        "no version of Python is 'cpython>=3.12,<3.9'",
    ),
    "can meet nothing": (
        entry("CACHED-ABSENT, prepare, entry.__cached__, extra", more='targets = ["cpython<3.15"]'),
        5,
        "CACHED-ABSENT holds for >=3.15, and so on none of its targets",
    ),
    "says a key twice": ("[[expected]]\nreason = 'a'\nreason = 'b'\n", 3, "this is not TOML"),
    "says a signature twice": (entry(PACKAGE, PACKAGE), 6, "this is not TOML"),
    "has an entry twice": (entry(PACKAGE) + entry(ARGV, PACKAGE), 11, f"{PACKAGE} is expected in line 5 already"),
    "has an entry twice for a target": (
        entry(PACKAGE, more='targets = ["cpython>=3.9"]') + entry(PACKAGE, more='targets = ["==3.12.*"]'),
        10,
        "is expected in line 5 already",
    ),
    "has a case for nothing": (entry(PACKAGE) + '[cases."search/x/1"]\ncall = "1"\n', 6, "no entry has the case"),
    "has a case that is none": (
        entry(f'"{PACKAGE}" = "search/x/1"') + '[cases."search/x/1"]\ncalls = "1"\n',
        6,
        "the case 'search/x/1': there is no key 'calls'",
    ),
    "was written on nothing": ("\nwritten_on = ['3.12']\n", 2, "'3.12' names no targets"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_baseline_is_refused_at_its_line(fault: str) -> None:
    """One sentence, with the file and the line."""
    text, line, sentence = BAD[fault]
    with pytest.raises(BaselineError) as caught:
        parse(text, HERE, IDS)
    said = str(caught.value)
    assert said.startswith(f"{HERE}:{line}: "), said
    assert sentence in said
    assert "\n" not in said


def test_lines_are_counted_past_texts_that_look_like_tables() -> None:
    """A text of several lines may hold anything."""
    text = "[[expected]]\nreason = '''\n[[expected]]\nwhy = 1\n'''\n" + entry(PACKAGE).partition("\n")[2].replace(
        'reason = "known"', "odd = 1"
    )
    with pytest.raises(BaselineError, match=r":6: there is no key 'odd'"):
        parse(text, HERE, IDS)


def test_the_same_may_be_expected_on_other_targets() -> None:
    """If no target is meant by both."""
    text = entry(PACKAGE, more='targets = ["cpython<3.12"]', reason="old")
    text += entry(PACKAGE, more='targets = ["cpython>=3.12", "pypy"]', reason="new")
    found = parse(text, HERE, IDS)
    reasons = {
        target: [expected.reason for expected in found.on(*target)]
        for target in (("cpython", "3.11.9"), ("cpython", "3.12.0"), ("pypy", "3.11.0"), ("graalpy", "3.12.0"))
    }
    assert list(reasons.values()) == [["old"], ["new"], ["new"], []]


def test_conditions() -> None:
    """An interpreter's name, versions, or both."""
    targets = {("pypy", "3.11.1"), ("pypy", "3.12.0"), ("cpython", "3.12.0"), ("cpython", "3.15.0")}
    for text, holds in (
        ("pypy", {("pypy", "3.11.1"), ("pypy", "3.12.0")}),
        (">=3.12", {("cpython", "3.12.0"), ("pypy", "3.12.0"), ("cpython", "3.15.0")}),
        ("cpython==3.12.*", {("cpython", "3.12.0")}),
        ("cpython>=3.12, <3.14", {("cpython", "3.12.0")}),
    ):
        assert {target for target in targets if Condition.parse(text).holds(*target)} == holds, text


def test_a_clause_that_does_not_hold_is_not_expected() -> None:
    """Whatever the entry says: nothing can be put down to it there."""
    text = entry("CACHED-ABSENT, prepare, entry.__cached__, extra")
    assert [len(parse(text, HERE, IDS).on("cpython", version)) for version in ("3.14.0", "3.15.0")] == [0, 1]


# -- what a run makes of it ------------------------------------------------------------------------------------


def divergence(signature: str, *, cause: bool = True, level: str = "documented") -> dict[str, Any]:
    """The record of a divergence."""
    clause, phase, field, kind = signature.split(", ")
    named = {"clause": clause, "phase": phase, "field": field, "kind": kind}
    more = {"where": field, "oracle": "a", "candidate": "b", "step": 1}
    return {**named, **more, "level": level, "cause": cause, "expected": None}


def trial(case: str, *signatures: str, **more: Any) -> dict[str, Any]:
    """The record of a trial."""
    whole = {"record": "trial", "id": case, "chapter": case.partition("/")[0], "summary": "Some case", "clauses": []}
    whole |= {"size": 2, "verdict": "diverges" if signatures else "agrees", "reason": "", "unconfirmed": []}
    return {**whole, "divergences": [divergence(signature) for signature in signatures], **more}


def states(text: str, *trials: dict[str, Any], target: tuple[str, str] = ("cpython", "3.12.1")) -> list[str]:
    """The states of the lines of a baseline, by the records of trials."""
    known = parse(text, HERE, IDS).on(*target)
    found = [replayed(marked(record, known, str(HERE)), known, str(HERE), Level.COMPAT) for record in trials]
    return [state["state"] for replays in found for state in replays]


def test_the_states_of_a_line() -> None:
    """By its case alone."""
    text = entry(PACKAGE)
    assert states(text, trial(ONE, PACKAGE)) == ["expected"]
    assert states(text, trial(ONE, PACKAGE, ARGV)) == ["expected"]
    assert states(text, trial(ONE)) == ["gone"]
    assert states(text, trial(ONE, ARGV)) == ["otherwise"]
    assert states(text, trial(ONE, divergences=[divergence(ARGV, level="exact")])) == ["gone"]
    assert states(text + entry(ARGV), trial(ONE, ARGV)) == ["gone", "expected"]
    assert states(text, trial(ONE, verdict="not-run")) == ["not-run"]
    assert states(text, trial(ONE, verdict="unsupported")) == ["gone"]
    assert states(text, trial(ONE, unconfirmed=[divergence(PACKAGE)])) == ["not-run"]
    assert states(text, trial(TWO)) == []


def test_only_what_is_expected_is_forgiven() -> None:
    """In any case, and at any level; and what is gone fails the run."""
    known = parse(entry(PACKAGE), HERE, IDS).on("cpython", "3.12.1")
    for found, fails in ((trial(TWO, PACKAGE), False), (trial(TWO, PACKAGE, ARGV), True), (trial(TWO, ARGV), True)):
        record = marked(found, known, str(HERE))
        assert records.counts(record, Level.COMPAT) is fails
        assert records.status_of([record], Level.COMPAT) == int(fails)
    assert record["divergences"][0]["expected"] is None
    gone = replayed(marked(trial(ONE), known, "known.toml"), known, "known.toml", Level.COMPAT)
    assert records.status_of([trial(ONE)], Level.COMPAT, baseline=gone) == 1
    assert complaints(gone) == [f"known.toml:5: {ONE} no longer diverges in this way ({PACKAGE}): remove this entry"]


def test_what_is_printed_is_what_is_meant() -> None:
    """A line's number is no emoji."""
    console = Console(file=io.StringIO(), width=80)
    known = parse("\n" * 95 + entry(PACKAGE), HERE, IDS)
    gone = replayed(trial(ONE), known.known, "known.toml", Level.COMPAT)
    baseline.summary(console, known, [trial(ONE)], gone)
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    assert f"  known.toml:100: {ONE} no longer diverges" in printed
    assert "is out of date, in 1 place (" in printed


def test_an_entry_of_which_nothing_is_left_is_told_once() -> None:
    """One of which something is left, by the line."""
    known = parse(entry(PACKAGE, f'"{ARGV}" = "{TWO}"'), HERE, IDS).on("cpython", "3.12.1")

    def said(*trials: dict[str, Any]) -> list[str]:
        marks = (marked(record, known, "known.toml") for record in trials)
        return complaints([state for mark in marks for state in replayed(mark, known, "known.toml", Level.COMPAT)])

    assert said(trial(ONE), trial(TWO)) == [
        "known.toml:1: the 2 cases of this entry no longer diverge in these ways: remove this entry"
    ]
    (line,) = said(trial(ONE), trial(TWO, ARGV))
    assert line.endswith("remove this line")
    assert "diverges in another way" in said(trial(ONE, ARGV, divergences=[divergence("ARGV-RESTORED, x, y, z")]))[0]


# -- writing ---------------------------------------------------------------------------------------------------


def written(text: str, *trials: dict[str, Any], target: tuple[str, str] = ("cpython", "3.12.1")) -> str:
    """The text of a baseline after a run; which can be read, and expects all that the run has shown."""
    before = parse(text, HERE, IDS) if text else Baseline(HERE)
    known = before.on(*target)
    marks = [marked(record, known, str(HERE)) for record in trials]
    replays = [state for mark in marks for state in replayed(mark, known, str(HERE), Level.COMPAT)]
    found = baseline_file.update(
        before,
        text,
        marks,
        replays,
        candidate="mypkg",
        implementation=target[0],
        version=target[1],
        level=Level.COMPAT,
    )
    now = parse(found.text, HERE, IDS).on(*target)
    after = [marked(record, now, str(HERE)) for record in trials]
    assert not any(records.counts(mark, Level.COMPAT) for mark in after)
    assert all(
        state["state"] in ("expected", "not-run")
        for mark in after
        for state in replayed(mark, now, str(HERE), Level.COMPAT)
    )
    return found.text


def signatures(text: str) -> list[dict[str, Any]]:
    """The signatures in each entry of a text."""
    return [entry["signatures"] for entry in tomllib.loads(text).get("expected", [])]


def test_a_new_baseline() -> None:
    """An entry for each finding, with an empty reason, and the plainest case of the suite's own for each signature."""
    text = written("", trial("families/layouts/x", PACKAGE), trial(TWO, PACKAGE), trial(ONE, ARGV), trial(ONE + "x"))
    assert sorted(map(str, signatures(text))) == sorted(map(str, [{PACKAGE: TWO}, {ARGV: ONE}]))
    assert [entry["reason"] for entry in tomllib.loads(text)["expected"]] == ["", ""]
    assert tomllib.loads(text)["written_on"] == ["cpython==3.12.*"]
    assert written(text, trial(TWO, PACKAGE), trial(ONE, ARGV)) == text


def test_what_conforms_expects_nothing(tmp_path: Path) -> None:
    """The file is there all the same, and a run can be held to it."""
    assert signatures(written("", trial(ONE))) == []
    candidate(tmp_path, "__package__", "found['__package__']")
    words = [FIXTURE, "--baseline=known.toml"]
    done = judged(tmp_path, *words, "--write-baseline")
    assert done.returncode == 0, done.stdout + done.stderr
    text = (tmp_path / "known.toml").read_text(encoding="utf-8")
    assert signatures(text) == []
    done = judged(tmp_path, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "known.toml").read_text(encoding="utf-8") == text


USERS = f"""\
# Our own words.
written_on = ["cpython==3.12.*"]   # for now

# First: we take it from the name.
[[expected]]
reason = 'from the name'  # see the wiki
link = "https://example.org/1"

[expected.signatures]
# the plainest case
"{PACKAGE}" = "{ONE}"   # kept

# Second: never put back.
# (Two lines.)
[[expected]]
signatures = {{ "{ARGV}" = "{TWO}" }}
reason = \"\"\"
Long ago,
[[expected]]
and far away.\"\"\"

# The end.
"""


def test_what_remains_is_left_as_it_stands() -> None:
    """To the letter."""
    assert written(USERS, trial(ONE, PACKAGE), trial(TWO, ARGV)) == USERS


def test_what_was_not_tried_stays() -> None:
    """A run of one fixture says nothing of the others."""
    assert written(USERS, trial(ONE, PACKAGE)) == USERS
    assert written(USERS) == USERS


def test_what_is_gone_goes_with_its_own_comments() -> None:
    """And with no other's."""
    first_gone = written(USERS, trial(ONE), trial(TWO, ARGV))
    assert first_gone == USERS.replace(USERS[USERS.index("# First") : USERS.index("# Second")], "")
    second_gone = written(USERS, trial(ONE, PACKAGE), trial(TWO))
    assert second_gone.startswith(USERS[: USERS.index("# Second")])
    assert "Second" not in second_gone
    assert "far away" not in second_gone


def test_what_is_new_comes_in_where_it_belongs() -> None:
    """Into the entry of the same finding, or at the end; the other lines stay."""
    other = "PACKAGE-EMPTY-AT-TOP, prepare, entry.__package__, value"
    text = written(USERS, trial(ONE, PACKAGE, other), trial(TWO, ARGV))
    assert signatures(text) == [{PACKAGE: ONE, other: ONE}, {ARGV: TWO}]
    assert [line for line in text.splitlines() if line not in USERS.splitlines()] == [f'"{other}" = "{ONE}"']
    third = "SPEC-DESCRIBES-TARGET, prepare, entry.__spec__, value"
    text = written(USERS, trial(ONE, PACKAGE), trial(TWO, ARGV), trial("packages/three", third))
    assert signatures(text)[-1] == {third: "packages/three"}
    assert set(USERS.splitlines()) <= set(text.splitlines())


def test_a_line_whose_case_is_mended_gets_another() -> None:
    """Of those that still show it."""
    assert signatures(written(entry(PACKAGE), trial(ONE), trial(TWO, PACKAGE))) == [{PACKAGE: TWO}]


def test_one_target_after_another() -> None:
    """A divergence that only some targets show names these; one that is gone on one target stays for the others."""
    old, new = ("cpython", "3.11.9"), ("pypy", "3.11.13")
    text = written("", trial(ONE, PACKAGE), trial(TWO, ARGV), target=old)
    text = written(text, trial(ONE, PACKAGE), trial(TWO), target=new)
    (package,), (argv,) = (list(entry.items()) for entry in sorted(signatures(text), key=lambda entry: ARGV in entry))
    assert package == (PACKAGE, ONE)
    assert argv == (ARGV, {"case": TWO, "targets": ["cpython==3.11.*"]})
    third = "SPEC-DESCRIBES-TARGET, prepare, entry.__spec__, value"
    text = written(text, trial(ONE, PACKAGE), trial(TWO, third), target=new)
    assert {third: {"case": TWO, "targets": ["pypy==3.11.*"]}} in signatures(text)
    text = written(text, trial(ONE, PACKAGE), trial(TWO, ARGV, third), target=old)
    assert {third: {"case": TWO, "targets": ["pypy==3.11.*", "cpython==3.11.*"]}} in signatures(text)
    text = written(text, trial(ONE), trial(TWO), target=new)
    text = written(text, trial(ONE), trial(TWO), target=old)
    assert signatures(text) == []


def test_a_users_condition_is_narrowed() -> None:
    """And goes when nothing is left of it."""
    text = written(entry(PACKAGE, more='targets = ["cpython>=3.11,<3.14"]'), trial(ONE))
    assert signatures(text)[0][PACKAGE]["targets"] == ["cpython!=3.12.*,<3.14,>=3.11"]
    for version in ("3.11.5", "3.13.0"):
        text = written(text, trial(ONE), target=("cpython", version))
    assert signatures(text) == []


def test_cases_of_the_search_are_kept_in_the_file() -> None:
    """As a table, which is the same case again, and goes when nothing needs it."""
    case = Case(
        files={"m.py": "x = '''\n[files]\n'''\n", "a.zip": {"zip": {"n.py": "y = 1\n"}}},
        steps=(Step("do", "x = 1"), Step("write", {"n.py": "z = 2\n"}), Step("call", "run_module('m')")),
        id="search/sequences/abc123",
        summary="Drawn",
    )
    find = trial(case.id, PACKAGE, fixture=toml(case).replace("summary", 'clauses = ["PACKAGE-FROM-SPEC"]\nsummary', 1))
    text = written("# mine\n", find)
    found = parse(text, HERE, IDS)
    assert signatures(text) == [{PACKAGE: case.id}]
    assert found.cases is not None
    assert found.cases[case.id].plain() == case.plain()
    assert found.cases[case.id].clauses == ()  # as when its divergences were put down to clauses
    assert written(text, find) == text
    more = written(text, find, trial(TWO, ARGV))
    assert signatures(more) == [{PACKAGE: case.id}, {ARGV: TWO}]
    assert more.index("ARGV-RESTORED") < more.index("[cases.")
    assert "[cases" not in written(more, trial(case.id), trial(TWO, ARGV))


# -- the command -----------------------------------------------------------------------------------------------

WRONG = (
    "import runpy\n"
    "def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):\n"
    "    found = runpy.run_module(mod_name, init_globals, run_name, alter_sys)\n"
    "    found[{key!r}] = {value}\n"
    "    return found\n"
)
FIXTURE = "packages/nested_package_runs_main"


def judged(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder, on the candidate that lies there."""
    return conformance(f"--impl={folder / 'wrong.py'}", *(arguments or [FIXTURE]), folder=folder)


def candidate(folder: Path, key: str = "__package__", value: str = "found['__name__']") -> None:
    """An implementation that puts something else into the result."""
    (folder / "wrong.py").write_text(WRONG.format(key=key, value=value), encoding="utf-8")


def said(done: subprocess.CompletedProcess[str]) -> str:
    """The line that says how it ended."""
    assert "Traceback" not in done.stdout + done.stderr
    return next(line for line in done.stdout.splitlines() if f"status {done.returncode}: " in line)


@pytest.mark.parametrize("division", [[], ["-n", "2"]], ids=["in one process", "in several"])
def test_the_life_of_a_baseline(division: Sequence[str], tmp_path: Path) -> None:
    """Written, held to, one fault mended, another made."""
    words = [FIXTURE, "--baseline=known.toml", *division]
    candidate(tmp_path)
    done = judged(tmp_path, *words, "--write-baseline", "--report=out.jsonl")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The baseline known.toml was written: entries: 1 added." in done.stdout
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [record["record"] for record in lines[:3]] == ["run", "trial", "baseline"]
    causes = [divergence for divergence in lines[1]["divergences"] if divergence["cause"]]
    assert causes
    assert all(divergence["expected"] for divergence in causes)
    text = (tmp_path / "known.toml").read_text().replace('reason = ""', 'reason = "we like it so"')
    (tmp_path / "known.toml").write_text(text)

    done = judged(tmp_path, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "we like it so" in done.stdout
    assert "1 as expected" in done.stdout
    assert "status 0: conforms, but for what the baseline expects, in 1 case" in said(done)
    assert "PACKAGE-FROM-SPEC  documented" not in done.stdout

    candidate(tmp_path, "__package__", "found['__package__']")
    done = judged(tmp_path, *words)
    assert done.returncode == 1
    assert "no longer diverges in this way" in done.stdout
    assert "remove this entry" in done.stdout
    assert "status 1: the baseline is out of date" in said(done)

    candidate(tmp_path, "__doc__", "'another'")
    done = judged(tmp_path, *words)
    assert done.returncode == 1
    assert "diverges in another way" in done.stdout
    assert "candidate  'another'" in done.stdout
    assert "status 1: diverges" in said(done)


def test_the_search_goes_on_past_what_is_expected(tmp_path: Path) -> None:
    """It reports neither that nor its kin, and does not make it small again; something else it finds."""
    candidate(tmp_path)
    done = judged(tmp_path, FIXTURE, "--baseline=known.toml", "--write-baseline")
    assert done.returncode == 0, done.stdout + done.stderr
    words = ["--baseline=known.toml", "--database=none", "--finds=finds", "--report=out.jsonl"]
    done = judged(tmp_path, "search/packages", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "status 0: conforms, but for what the baseline expects" in said(done)
    assert not (tmp_path / "finds").exists()
    (tmp_path / "wrong.py").write_text(
        (tmp_path / "wrong.py").read_text() + "inner = run_module\ndef run_module(*given, **named):\n"
        "    found = inner(*given, **named)\n"
        "    found.update({'__doc__': 'another'} if named.get('alter_sys') else {})\n    return found\n"
    )
    done = judged(tmp_path, "search/packages", *words)
    assert done.returncode == 1, done.stdout + done.stderr
    records_of = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    finds = [record for record in records_of if record["record"] == "trial" and "fixture" in record]
    causes = [d["clause"] for record in finds for d in record["divergences"] if d["cause"] and not d["expected"]]
    assert set(causes) == {"DOC-FROM-DOCSTRING"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--write-baseline"], "--write-baseline needs --baseline=FILE.toml"),
        (["--baseline=none.toml"], "There is no baseline none.toml: --write-baseline writes one"),
        (["--baseline=no/such/none.toml", "--write-baseline"], "there is no folder no/such"),
        (["--baseline=bad.toml"], "bad.toml:5: there is no clause 'NO-SUCH'"),
        (["--baseline=bad.toml", "--write-baseline"], "bad.toml:5: there is no clause 'NO-SUCH'"),
        (["--baseline=."], "--baseline: . is a folder; give a file"),
    ],
)
def test_a_baseline_that_cannot_be_used(arguments: list[str], sentence: str, tmp_path: Path) -> None:
    """Status 2 and one sentence, before anything is run; and the file stays as it is."""
    candidate(tmp_path)
    bad = entry("NO-SUCH, prepare, entry.__package__, value")
    (tmp_path / "bad.toml").write_text(bad)
    done = judged(tmp_path, *arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "bad.toml").read_text() == bad


def test_a_run_without_a_verdict_writes_nothing(tmp_path: Path) -> None:
    """It has nothing to go by."""
    candidate(tmp_path)
    done = judged(tmp_path, "--baseline=known.toml", "--write-baseline", "-k", "nothing_of_that_name")
    assert done.returncode == 5
    assert not (tmp_path / "known.toml").exists()


def test_a_case_that_only_the_baseline_holds_is_replayed_first(tmp_path: Path) -> None:
    """A case that the search once drew is in no table; it can be named, and comes before the fixtures."""
    candidate(tmp_path, "__doc__", "'another'")
    drawn = 'cases."search/sequences/abc"'
    text = entry('"PACKAGE-FROM-SPEC, result, result.__package__, value" = "search/sequences/abc"')
    (tmp_path / "known.toml").write_text(f"{text}[{drawn}]\ncall = \"run_module('m')\"\n[{drawn}.files]\n'm.py' = ''\n")
    done = judged(tmp_path, "--baseline=known.toml", "search/sequences/abc", "-v")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "search/sequences/abc diverges in another way" in done.stdout
    assert "DOC-FROM-DOCSTRING" in done.stdout
    done = judged(tmp_path, "--baseline=known.toml", "search/sequences/abc", FIXTURE, "-v")
    assert done.stdout.index("search/sequences/abc") < done.stdout.index(FIXTURE)
