"""The ledger says what releases have changed, all of it, and nothing else; and a patched interpreter is found out."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from conformance import FIXTURES
from conformance.cases.families import generate
from conformance.cases.fixtures import from_plain
from conformance.cases.model import Case, Step
from conformance.checked import WrongData
from conformance.clauses import Clause, Level, registry
from conformance.clauses.effects import effect
from conformance.clauses.ledger import Change, LedgerError, disagreements, ledger, load
from conformance.commands.releases import __main__ as command
from conformance.commands.releases.cases_of_changes import case_of
from conformance.commands.releases.compare import Interpreter, compare, live
from conformance.judge.compare import judge
from conformance.judge.descriptions import ABSENT
from conformance.judge.expected import Expected, expected_of, parts
from conformance.observation.interpreters import BadInterpreter, Target, find
from conformance.observation.recording import FOLDER, SCHEMA, Recordings, decode
from tests.harness import all_cases, target_for

FIELD = "entry.__cached__"
COMMAND: dict[str, Any] = {"ending": 1, "told": [], "stdout": [], "stderr": [], "tracebacks": [], "files": []}


def change(**facts: Any) -> Change:
    """Some change."""
    plain = {"id": "C", "release": "3.12.0", "before": "a", "after": "b", "source": "s", "case": "c", "effects": ()}
    return Change(**(plain | facts))


# -- the ledger ------------------------------------------------------------------------------------------------


def test_the_ledger_and_the_clauses_agree() -> None:
    """Each boundary of a clause is one of the ledger's, to the micro release."""
    assert list(disagreements(ledger(), registry())) == []


@pytest.mark.parametrize(
    ("id_", "versions", "sentence"),
    [
        ("CACHED-ABSENT", (">=3.14",), "CACHED-ABSENT holds for 3.14.0, and the ledger (CACHED-GONE) says otherwise"),
        ("IMPORT-ERROR-NAMED", (">=3.15", "==3.14.*,>=3.14.6"), "does not hold for 3.13.14"),
        ("NAME-OF-MODULE", ("<3.9",), "NAME-OF-MODULE holds for some versions only"),
        ("CACHED-GONE", (), "names the clause"),
    ],
)
def test_a_clause_of_other_versions_is_told(id_: str, versions: tuple[str, ...], sentence: str) -> None:
    """A release too early, a backport too late, a clause that no change is about, one that is gone."""
    clauses = dict(registry())
    if id_ in clauses:
        clauses[id_] = replace(clauses[id_], versions=versions)
    else:
        del clauses["CACHED-ABSENT"]
    assert any(sentence in disagreement for disagreement in disagreements(ledger(), clauses))


@pytest.mark.parametrize(
    ("version", "holds"),
    [("3.13.13", False), ("3.13.14", True), ("3.14.4", False), ("3.14.5", True), ("3.15.0", True), ("3.12.20", False)],
)
def test_backports_count_in_their_own_version_only(version: str, holds: bool) -> None:
    """A release of 3.14 says nothing of 3.13."""
    assert change(release="3.15.0", backports=("3.14.5", "3.13.14")).holds(version) is holds


def test_a_change_shows_the_same_whichever_side_is_the_older_one() -> None:
    """The sides of its effects change places with them."""
    forwards = effect("X", {"what": "f", "before": "old", "after": "new"})
    (backwards,) = change(release="3.13.14", effects=(forwards,)).effects_between("3.13.18", "3.13.0")
    assert backwards.covers("f", "new", "old")
    assert not backwards.covers("f", "old", "new")
    assert change(release="3.13.14", effects=(forwards,)).effects_between("3.13.0", "3.13.18") == (forwards,)
    assert change(release="3.13.14", effects=(forwards,)).effects_between("3.13.14", "3.13.18") == ()
    assert change(unsure=(">=3.11",), effects=(forwards,)).effects_between("3.11.2", "3.11.7") == (forwards, backwards)


def test_a_release_that_is_not_final_may_have_what_it_is_to_bring() -> None:
    """And may lack it; of what older releases brought it has all."""
    new = change(
        release="3.15.0", backports=("3.14.5",), effects=(effect("X", {"what": "f", "before": "", "after": ""}),)
    )
    assert new.may_show("3.15.2", "3.15.0rc1")
    assert not new.between("3.15.2", "3.15.0rc1")
    assert len(new.effects_between("3.15.2", "3.15.0rc1")) == 2
    assert new.is_unsure("3.14.5rc1")
    old = change(release="3.14.0")
    assert old.holds("3.15.0rc1")
    assert not old.may_show("3.15.2", "3.15.0rc1")
    clause = Clause("X", "packages", Level.COMPAT, "", "", versions=(">=3.15",), fields=("note",))
    assert clause.holds("3.15.0rc1")
    assert Case(files={}, steps=(), requires=("python>=3.15",)).unmet("3.15.0rc1", frozenset()) == ""


def test_another_implementation_may_have_what_a_micro_release_changed_or_lack_it() -> None:
    """The release that it names is that of its library."""
    assert change(release="3.12.0", backports=("3.11.4",)).came_within("3.11.11")
    assert change(release="3.12.0", unsure=(">=3.11.2,<3.11.5",)).came_within("3.11.11")
    assert not change(release="3.12.0").came_within("3.11.11")
    assert not change(release="3.11.0").came_within("3.11.11")
    (backported,) = (known for known in ledger() if known.id == "NUL-IS-A-SYNTAX-ERROR")
    forwards, *_ = backported.effects
    assert forwards in expected_of("pypy", "3.11.11", "3.11.7").effects
    assert forwards.reversed() in expected_of("pypy", "3.11.11", "3.11.7").effects
    assert forwards not in expected_of("cpython", "3.11.11", "3.11.7").effects


def test_where_nobody_has_looked_a_change_may_show_and_need_not() -> None:
    """Between releases of which one is unsure."""
    unsure = change(unsure=(">=3.11,<3.11.7",))
    assert not unsure.between("3.11.2", "3.12.0")
    assert unsure.may_show("3.11.2", "3.12.0")
    assert unsure.between("3.10.0", "3.12.0")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[change]]\nid = 'A'\n", "change A: this change has no 'release'"),
        ("[[change]]\nbefore = 'A'\n", "item 1 of `change`: this change has no 'id'"),
        ("[change]\nid = 'A'\n", "`change` is a list of changes, each written [[change]], not a table"),
        (
            "[[changes]]\n{}\n",
            "there is no key 'changes' in a file of the ledger, which may have change; is it change?",
        ),
        ("x =", "this is not TOML"),
        (
            "[[change]]\n{}\nbegin = ['X']\neffects = []",
            "change A: there is no key 'begin' in a change, which may have",
        ),
        ("[[change]]\n{}\nbegin = ['X']\neffects = []", "; is it begins?"),
        ("[[change]]\n{}\nbegins = 'X'\neffects = []", "change A: `begins` is a list of texts, not 'X'"),
        ("[[change]]\n{}\nends = ['X', 1]\neffects = []", "change A: item 2 of `ends` is a text, not 1"),
        ("[[change]]\n{}\nunsure = ['3.12']\neffects = []", "change A: '3.12' is no version specifier"),
        ("[[change]]\n{}\neffects = 'all'", "change A: `effects` is a list of tables, not 'all'"),
        ("[[change]]\n{}\neffects = [{ what = 'note' }]", "change A: item 1 of `effects`: this effect has no 'before'"),
        (
            "[[change]]\n{}\neffects = [{ what = 1, before = '', after = '' }]",
            "item 1 of `effects`: `what` is a text, not 1",
        ),
        ("[[change]]\n{}\neffects = [{ what = 'n', before = '', after = '', feels = true }]", "; is it felt?"),
        ("[[change]]\n{}\neffects = [{ what = 'n', before = '(', after = '' }]", "is no regular expression"),
        ("[[change]]\n{}\neffects = [{ what = 'n', before = '', after = '', felt = true }]", "needs `case`"),
        ("[[change]]\n{}\nbackports = ['3.13.0']\neffects = []", "is no earlier than"),
        ("[[change]]\n{}\nbackports = ['soon']\neffects = []", "change A: 'soon' is no release, such as 3.15.0"),
        ("[[change]]\n{}\nbackports = ['3.11']\neffects = []", "3.11 is no micro release, such as 3.15.0"),
        ("[[change]]\n{}\neffects = []\n[[change]]\n{}\neffects = []", "the change A is there twice"),
    ],
)
def test_a_ledger_that_is_wrong_is_told_in_a_sentence(text: str, sentence: str, tmp_path: Path) -> None:
    """With the file and the change."""
    whole = "id = 'A'\nrelease = '3.12.0'\nbefore = ''\nafter = ''\nsource = ''\ncase = ''"
    (tmp_path / "3.12.toml").write_text(text.replace("{}", whole))
    with pytest.raises(LedgerError, match=r"3\.12\.toml") as caught:
        load(tmp_path)
    assert sentence in str(caught.value)


def test_a_ledger_that_is_not_there_is_told(tmp_path: Path) -> None:
    """An empty ledger would have every change of a release reported as unknown."""
    with pytest.raises(LedgerError, match="there is no file of the ledger"):
        load(tmp_path / "releases")


# -- held against the recordings -------------------------------------------------------------------------------


@functools.cache
def recordings() -> Recordings:
    """The project's own."""
    return Recordings(FIXTURES / FOLDER)


def recorded(case: Case, language: str) -> Mapping[str, Any] | None:
    """The recording of a case, in words that all versions share."""
    entry = recordings().entry(case.id)
    if entry is None or language not in entry.pythons:
        return None
    words = recordings().builds[language].words
    return decode(entry.stored(language), {word: word for word in words})


def between(case: Case, old: str, new: str) -> tuple[list[Any], tuple[str, ...]]:
    """The differences of a case between two recorded versions: those outside the ledger, and those in it."""
    before, after = recorded(case, old), recorded(case, new)
    if before is None or after is None or before == after:
        return [], ()
    versions = [recordings().builds[language].version for language in (old, new)]
    rows = [effect for change in ledger() for effect in change.effects_between(versions[0], versions[1])]
    found = judge(case, before, after, version=versions[0], level=Level.EXACT)
    return Expected(rows).rest(case, before, after, found, Level.EXACT)


def recorded_pairs() -> Iterator[tuple[str, str]]:
    """Successive versions."""
    return pairwise(recordings().cpythons)


def test_recordings_of_successive_releases_differ_by_the_ledger_alone() -> None:
    """In the fixtures, and in some of what the families enumerate."""
    cases = [*all_cases().values(), *list(generate(FIXTURES))[::25]]
    unexplained = [
        (case.id, old, new, [str(divergence.signature) for divergence in rest])
        for old, new in recorded_pairs()
        for case in cases
        if (rest := between(case, old, new)[0])
    ]
    assert unexplained == []


def test_the_ledger_explains_what_an_older_release_does_otherwise_than_a_newer_one() -> None:
    """The difference between two releases is the same, whichever of them is the oracle."""
    cases = [*list(all_cases().values())[::3], *list(generate(FIXTURES))[::100]]
    unexplained = [
        (case.id, new, old, [str(divergence.signature) for divergence in rest])
        for old, new in recorded_pairs()
        for case in cases
        if (rest := between(case, new, old)[0])
    ]
    assert unexplained == []


def test_each_change_is_shown_by_its_case() -> None:
    """Where the case was recorded on both sides."""
    shown = set()
    for old, new in recorded_pairs():
        versions = [recordings().builds[language].version for language in (old, new)]
        for change in ledger():
            if change.between(*versions):
                case = case_of(change)
                if recorded(case, old) is not None and recorded(case, new) is not None:
                    assert change.id in between(case, old, new)[1], f"{change.id}: {case.id} from {old} to {new}"
                    shown.add(change.id)
    assert len(shown) > len(ledger()) / 3


# -- effects ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("a", ABSENT, [("f", "a", "absent")]),
        ({"dict": [["x", 1], ["y", 2]]}, {"dict": [["x", 1]]}, [("f.dict.y", "2", "absent")]),
        (
            {"dict": [["x", 1], ["y", 2]]},
            {"dict": [["y", 2], ["x", 1]]},
            [("f.dict.order", '["x", "y"]', '["y", "x"]')],
        ),
        (["a", "b"], ["a", "c", "b"], [("f.item", "absent", "c")]),
        ([{"tuple": [1, 2]}], [{"tuple": [1, 3]}], [("f.0.tuple.1", "2", "3")]),
        ({"is": "x", "module": "sys"}, {"module": "sys"}, [("f.is", "x", "absent")]),
        (1, True, [("f", "1", "true")]),
        ("a", "a", []),
    ],
)
def test_the_parts_in_which_two_values_differ(before: object, after: object, found: list[tuple[str, str, str]]) -> None:
    """Down to the single one."""
    assert list(parts("f", before, after)) == found


def test_an_effect_speaks_of_a_part_and_of_both_sides_of_it() -> None:
    """All three have to fit."""
    known = effect("X", {"what": "*.__cached__", "before": ".*\\.pyc", "after": "absent"})
    assert known.covers(FIELD, "a.pyc", "absent")
    assert not known.covers(FIELD, "a.pyc", "b.pyc")
    assert not known.covers(FIELD, "a", "absent")
    assert not known.covers("entry.__file__", "a.pyc", "absent")


def test_what_an_exception_shows_is_known_again_in_the_traceback_that_a_command_prints() -> None:
    """By the type, or if that is the same, by the message; and its place by the line, if it is in the same file."""
    rows = [
        {"what": "exception.type", "before": "ValueError: no", "after": "SyntaxError: no"},
        {"what": "exception.message", "before": "old", "after": "new", "raises": "TypeError"},
        {"what": "process.traceback.line", "before": "2", "after": "1", "raises": "TypeError"},
    ]
    expected = Expected([effect("X", row) for row in rows])
    case = Case(files={}, steps=(Step("command", {"command": ["-m", "m"]}),))

    def rest(*lines: str) -> list[Any]:
        sides = [{"steps": [{"command": COMMAND | {"tracebacks": [text.split("|")]}}]} for text in lines]
        found = judge(case, *sides, version="3.13.0", level=Level.EXACT)
        assert found
        return expected.rest(case, *sides, found, Level.EXACT)[0]

    assert rest("ValueError: no", "SyntaxError: no") == []
    assert rest("TypeError: old", "TypeError: new") == []
    assert rest("<root>/m.py, line 2|TypeError: old", "<root>/m.py, line 1|TypeError: new") == []
    assert rest("<root>/m.py, line 2|TypeError: old", "<root>/n.py, line 1|TypeError: old")
    assert rest("<root>/m.py, line 1|TypeError: old", "<root>/m.py, line 2|TypeError: old")
    assert rest("ValueError: no", "SyntaxError: other")
    assert rest("ValueError: old", "ValueError: new")


def test_what_follows_counts_unless_the_code_feels_it() -> None:
    """A difference in what the code shows is not put down to one that it has not looked at."""
    case = all_cases()["module_names/cached_is_the_compiled_file"]
    old, new = (recorded(case, language) for language in ("3.13", "3.14"))
    assert old is not None
    assert new is not None
    other = json.loads(json.dumps(new))
    run = next(event for event in other["steps"][0]["events"] if event["event"] == "run")
    del run["specials"]["__cached__"]
    other["steps"][0]["outcome"], other["steps"][0]["exception"] = "raised", {"exception": "KeyError", "message": ""}
    found = judge(case, new, other, version="3.14.10", level=Level.EXACT)
    row = {"what": "entry.__cached__", "before": ".*", "after": "absent"}
    rest, known = Expected([effect("X", row)]).rest(case, new, other, found, Level.EXACT)
    assert known == ("X",)
    assert "outcome" in {divergence.signature.field for divergence in rest if divergence.cause}
    felt = effect("X", row | {"case": "cached|plain_module", "felt": True})
    rest, _ = Expected([felt]).rest(case, new, other, found, Level.EXACT)
    assert "outcome" not in {divergence.signature.field for divergence in rest}
    with pytest.raises(WrongData, match="needs `case`"):
        effect("X", row | {"felt": True})


# -- side by side ----------------------------------------------------------------------------------------------

PATCH = """
import runpy
import sys

_real = runpy.run_module


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    try:
        return _real(mod_name, init_globals, run_name or None, alter_sys is True)
    except ImportError as exc:
        if str(exc) == "No module named {}".format(mod_name):
            exc.msg += "!"
        raise


runpy.run_module = run_module
"""


def environment(target: Target, folder: Path, startup: str) -> str:
    """An interpreter that runs some code as it starts; its path."""
    subprocess.run([target.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=60)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "own_startup.py").write_text(startup)
    (packages / "own_startup.pth").write_text("import own_startup\n")
    return str(folder / "bin" / "python")


@pytest.fixture(scope="module")
def target() -> Target:
    """CPython, without our packages."""
    found = target_for(">=3.9")
    if found is None:
        pytest.skip("no CPython here")
    return found


def test_three_subtle_changes_of_runpy_are_all_found(
    target: Target, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each with a small case, which is written, with a program that shows it, and with an entry for the ledger."""
    patched = environment(target, tmp_path / "patched", PATCH)
    finds = tmp_path / "finds"
    names = ["module_names", "unrunnable_names/missing_module_message", "altering_sys/any_true_object_alters"]
    status = command.main([f"--old={target.executable}", f"--new={patched}", f"--finds={finds}", *names])
    printed = capsys.readouterr().out
    assert status == 1, printed
    assert printed.count("for the ledger:") == printed.count("not in the ledger: ") >= 3
    cases = [line.split()[1].rstrip(":") for line in printed.splitlines() if line.startswith("    case ")]
    assert {
        "module_names/empty_run_name_is_a_run_name",
        "unrunnable_names/missing_module_message",
        "altering_sys/any_true_object_alters",
    } <= set(cases)
    programs = sorted(finds.glob("*/repro.py"))
    assert len(programs) == len(cases)
    for program in programs[:3]:
        told = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, timeout=120, check=False)
        assert (told.returncode, told.stderr) == (1, ""), told.stdout
        assert f"{patched} (new)" in told.stdout
    tree = [from_plain(data, "own/case") for path in finds.glob("*/fixture.toml") for data in [_toml(path)]]
    assert max(len(case.files) for case in tree) <= 2


def _toml(path: Path) -> Any:
    import tomllib

    return tomllib.loads(path.read_text(encoding="utf-8"))


def test_the_search_finds_what_no_case_shows(target: Target, tmp_path: Path) -> None:
    """It runs both in lockstep, and makes the case as small as it gets."""
    patched = environment(target, tmp_path / "patched", PATCH)
    smoke = [all_cases()["packages/nested_package_runs_main"]]
    found = compare(live(find(target.executable)), live(find(patched)), smoke, (), whole=False, examples=25)
    assert found.drawn > 100
    assert found.trials
    assert min(len(_case_of(record).files) for record in found.trials) <= 1


def _case_of(record: Mapping[str, Any]) -> Case:
    import tomllib

    return from_plain(tomllib.loads(record["fixture"]), record["id"])


def test_an_interpreter_does_not_differ_from_itself(target: Target, capsys: pytest.CaptureFixture[str]) -> None:
    """Two builds of the same version are compared as any two."""
    assert command.main([f"--old={target.executable}", f"--new={target.executable}", "packages"]) == 0
    assert "0 that are not in it" in capsys.readouterr().out


def _as_of(target: Target, version: str) -> Interpreter:
    interpreter = live(target)
    return Interpreter(replace(interpreter.build, version=version), target)


def test_what_is_in_the_ledger_and_is_not_to_be_seen_is_told(target: Target) -> None:
    """A change whose own case shows nothing, between two releases of which one has it."""
    case = "packages/nested_package_runs_main"
    row = effect("C", {"what": FIELD, "before": ".*", "after": "absent"})
    listed = change(case=case, effects=(row,))
    old, new = _as_of(target, "3.11.9"), _as_of(target, "3.12.9")
    found = compare(old, new, [all_cases()[case]], [listed])
    assert [missing.id for missing in found.not_shown] == ["C"]
    assert found.differs
    unseen = compare(old, new, [], [replace(listed, case="real_programs/unused_lazy_import_stays_lazy")])
    assert list(unseen.not_run) == ["C"]
    assert not unseen.differs


def test_a_boundary_of_a_clause_is_shown_by_a_case_of_its_own(target: Target) -> None:
    """Else it is said that it is not."""
    case = all_cases()["loaders/code_with_free_variables_message"]
    found = compare(_as_of(target, "3.10.9"), _as_of(target, "3.11.9"), [case], ledger())
    assert "CODE-WITH-FREE-VARIABLES-MESSAGE" in found.silent_clauses
    assert found.shown_clauses == {}


def test_a_case_for_one_of_the_two_versions_is_run_by_both(target: Target) -> None:
    """A change is what the other interpreter does with the same case."""
    case = replace(all_cases()["packages/nested_package_runs_main"], requires=("python>=3.12",))
    assert compare(_as_of(target, "3.11.9"), _as_of(target, "3.12.9"), [case], ()).tried == 1
    assert compare(_as_of(target, "3.10.9"), _as_of(target, "3.11.9"), [case], ()).tried == 0


def test_the_older_one_may_be_recorded(target: Target) -> None:
    """Then there is no search, and what was not recorded is not run."""
    new = live(target)
    language = new.build.language
    if language not in recordings().builds:
        pytest.skip(f"there is no recording of {language}")
    old = Interpreter(recordings().builds[language], None)
    tree = [case for case in all_cases().values() if case.chapter == "packages"]
    found = compare(old, new, tree, (), whole=False, examples=10, recordings=recordings())
    assert found.tried > 20
    assert (found.drawn, found.trials) == (0, [])


# -- what cannot be compared -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--old={python}"], "--old needs a --new"),
        (["--new=/no/such/python"], "There is no interpreter '/no/such/python'"),
        (["--new=/bin/ls"], "/bin/ls does not answer as a Python interpreter does"),
        (["--old=recording:3.2", "--new={python}"], "There is no recording of CPython 3.2"),
        (["--new=recording:3.13"], "only recorded here"),
        (["--old={python}", "--new={python}", "no_such/case"], "There is no case 'no_such/case'"),
    ],
)
def test_what_cannot_be_compared_is_said_in_a_sentence(
    arguments: list[str], sentence: str, target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the status for that, and without a traceback."""
    assert command.main([argument.format(python=target.executable) for argument in arguments]) == 2
    printed = capsys.readouterr().err
    assert sentence in printed
    assert "Traceback" not in printed


def test_an_interpreter_that_is_too_old(capsys: pytest.CaptureFixture[str]) -> None:
    """It is named with its version."""
    try:
        find("python3.7")
    except BadInterpreter as exc:
        if "is Python 3.7" not in str(exc):
            pytest.skip("no Python 3.7 here")
    assert command.main(["--old=python3.7", "--new=python3.9"]) == 2
    assert "targets are Python 3.8 and later" in capsys.readouterr().err


def test_an_interpreter_without_runpy(target: Target, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is said that it has none."""
    lacking = environment(target, tmp_path / "lacking", "import sys; sys.modules['runpy'] = None\n")
    assert command.main([f"--old={target.executable}", f"--new={lacking}", "packages"]) == 2
    assert "has no runpy.run_module" in capsys.readouterr().err


def test_recordings_of_another_schema(
    target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are refused, with what to do."""
    folder = tmp_path / FOLDER
    folder.mkdir()
    (folder / "pythons.json").write_text(json.dumps({"schema": SCHEMA + 1, "pythons": {}, "modules": {}}))
    monkeypatch.setattr(command, "FIXTURES", tmp_path)
    assert command.main([f"--new={target.executable}"]) == 2
    assert f"is of schema {SCHEMA + 1}, and this suite reads schema {SCHEMA}" in capsys.readouterr().err


def test_the_later_one_comes_second(capsys: pytest.CaptureFixture[str]) -> None:
    """The other way round nothing would be as the ledger says."""
    try:
        find("python3.9")
        find("python3.12")
    except BadInterpreter:
        pytest.skip("no two versions here")
    assert command.main(["--old=python3.12", "--new=python3.9"]) == 2
    assert "give them in their order" in capsys.readouterr().err
