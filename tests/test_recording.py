"""Recordings: to the letter what was observed, small, and a change in one place is a change of a few lines."""

from __future__ import annotations

import copy
import difflib
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance import FIXTURES
from conformance.cases.model import Case, Step
from conformance.clauses import CHAPTERS, Clause, Level, pythons
from conformance.commands import record
from conformance.judge.first_difference import first_difference
from conformance.observation.interpreters import find
from conformance.observation.recording import (
    BUILDS,
    SCHEMA,
    Build,
    Entry,
    RecordingError,
    Recordings,
    decode,
    encode,
    fold_entry,
    read,
    read_builds,
    write,
    write_builds,
)
from conformance.observation.recording.shorthand import IN_FULL, restore, shorten
from conformance.observation.replayed import ReplayedSide
from tests.harness import all_cases, conformance, target_for

PYTHONS = ("3.8", "3.9", "3.10", "3.14", "pypy3.9", "pypy3.10")
WORDS = {
    python: {
        "{library}": f"/lib/python{python}",
        "{extension}": f".cp{python}.so",
        "{tag}": f"cpython-{python.replace('.', '')}",
    }
    for python in PYTHONS
}


def build(**changed: Any) -> Build:
    """Some build."""
    facts: dict[str, Any] = {
        "implementation": "cpython",
        "version": "3.12.1",
        "platform": "linux-x86_64",
        "abiflags": "",
        "builtin": ("sys",),
        "frozen": ("os",),
        "words": WORDS["3.8"],
        "capabilities": ("zip",),
    }
    return Build(**(facts | changed))


# -- there and back --------------------------------------------------------------------------------------------

# Texts that look like notation, and the few names of which observations are made.
TEXTS = st.sampled_from(
    [
        "",
        "a",
        "b c",
        "$run-1",
        "'x",
        "?",
        "{tag}",
        "cpython-38",
        "cpython-314",
        "<root>/m.cpython-38.pyc",
        "as it was",
        "in full",
        "/lib/python3.8/x",
        ".cp3.8.so",
        "{library}",
        "run",
        "end",
        "sys.argv",
        "builtins",
        "__spec__ of a",
    ]
)
KEYS = TEXTS | st.sampled_from(
    [
        "steps",
        "events",
        "event",
        "file",
        "specials",
        "keys",
        "globals",
        "dict",
        "result",
        "audit",
        "exception",
        "names",
        "message",
        "args",
        "is",
        "entry",
        "modules",
        "__spec__",
        "spec",
        "loader",
        "'",
        "outcome",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.lists(st.tuples(KEYS, inner).map(list), max_size=3)
    ),
    max_leaves=12,
)
STEPS = st.fixed_dictionaries(
    {"steps": st.lists(st.dictionaries(KEYS, VALUES, max_size=4), max_size=3)},
)


@settings(deadline=None, max_examples=150)
@given(st.dictionaries(st.sampled_from(PYTHONS), STEPS | st.dictionaries(KEYS, VALUES), min_size=1))
def test_what_is_recorded_is_read_to_the_letter(observations: dict[str, Any]) -> None:
    """Through shorthand, folding and a file, for every version; also what no agent would say."""
    stored = {python: encode(seen, WORDS[python]) for python, seen in observations.items()}
    entry = fold_entry("digest", stored)
    again = read(write({"a": entry, "b": entry}, PYTHONS), "file")
    for found in (entry, *again.values()):
        assert (found.digest, found.pythons, found.folded) == (entry.digest, entry.pythons, entry.folded)
        for python, seen in observations.items():
            assert json.dumps(decode(found.stored(python), WORDS[python])) == json.dumps(seen)


def test_real_observations_are_brought_back_and_none_is_kept_in_full(tmp_path: Path) -> None:
    """The shorthand is made for what the agent says; were it not to fit any more, recordings would grow large."""
    recordings = Recordings(FIXTURES / "recordings")
    entries = {case.id: recordings.entry(case.id) for case in list(all_cases().values())[::7]}
    stored = {
        name: entry.stored(pythons.OLDEST)
        for name, entry in entries.items()
        if entry is not None and pythons.OLDEST in entry.pythons
    }
    assert len(stored) > len(entries) / 2
    for name, form in stored.items():
        assert IN_FULL not in form, name
        assert shorten(restore(form)) == form, name


def test_what_pythons_share_is_written_once() -> None:
    """And what differs stands at its place, with the Pythons."""
    values = dict(zip(PYTHONS, (1, 2, 2, 1, 2, 1), strict=True))
    text = write(
        {"a": fold_entry("d", {python: shorten(_observation(value)) for python, value in values.items()})},
        PYTHONS,
    )
    assert text.count("<root>/m.py") == 2
    assert '"result": {"?": {"3.8 3.14+ pypy3.10+": 1, "3.9-3.10 pypy3.9": 2}}' in text


def _observation(value: Any) -> Mapping[str, Any]:
    spec = {
        "spec": "m",
        "loader": {"machinery": "SourceFileLoader", "name": "m", "path": "<root>/m.py"},
        "origin": "<root>/m.py",
        "has_location": True,
        "cached": "<root>/__pycache__/m.{tag}.pyc",
        "search_locations": None,
    }
    start = {
        "event": "run",
        "file": "<root>/m.py",
        "specials": {"__name__": "m", "__spec__": spec, "__file__": "<root>/m.py", "__doc__": None},
        "keys": ["__name__", "__spec__", "__file__", "__doc__"],
        "globals": [],
        "locals": True,
        "entry": "absent",
    }
    step = {"outcome": "returned", "result": value, "events": [start], "audit": [["open", "<root>/m.py"]]}
    step |= {"modules": {}, "state": {}, "names": {}, "stdout": "", "stderr": "", "files": []}
    return {"steps": [step]}


def test_a_change_of_behaviour_is_a_local_difference() -> None:
    """One case of fifty shows something else on one Python: a reviewer sees that, and nothing besides."""
    stored = {f"chapter/case_{n}": dict.fromkeys(PYTHONS[:4], shorten(_observation(n))) for n in range(50)}
    changed = copy.deepcopy(stored)
    changed["chapter/case_7"]["3.14"] = shorten(_observation("new"))
    before, after = (
        write({case: fold_entry("d", seen) for case, seen in side.items()}, PYTHONS[:4]).splitlines()
        for side in (stored, changed)
    )
    difference = [line for line in difflib.ndiff(before, after) if line[0] in "+-"]
    assert len(difference) <= 4
    assert '"result": {"?": {"3.8-3.10": 7, "3.14+": "new"}}' in "\n".join(difference)


def test_pythons_are_written_in_their_order() -> None:
    """Whichever was recorded anew, and so comes before those that are kept."""
    stored = {python: shorten(_observation("old" if python == "3.8" else "new")) for python in PYTHONS}
    anew = dict(reversed(stored.items()))
    assert write({"a": fold_entry("d", anew)}, PYTHONS) == write({"a": fold_entry("d", stored)}, PYTHONS)


def test_builds_are_read_as_they_were_written() -> None:
    """The lists of built-in and frozen modules are read name by name."""
    words = {"{extension}": ".so", "{tag}": "t"}
    builds = {
        "3.8": build(version="3.8.18", builtin=("a", "b"), frozen=("c",), words=words),
        "3.9": build(version="3.9.1rc2", builtin=("a",), frozen=("b", "c"), words=words),
        "pypy3.9": build(implementation="pypy", version="3.9.19", own_version="7.3.16", words=words),
    }
    assert read_builds(write_builds(builds), "file") == builds


@pytest.mark.parametrize("text", [json.dumps({"schema": SCHEMA + 1}), "[]", "no JSON"])
def test_another_schema_is_refused_with_the_command_that_makes_it_again(text: str, tmp_path: Path) -> None:
    """One sentence, on the command line as well."""
    with pytest.raises(RecordingError, match="nox -s record"):
        read(text, "file")
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / BUILDS).write_text(text)
    with pytest.raises(RecordingError, match="nox -s record"):
        Recordings(tmp_path / "recordings")


# -- the committed recordings ----------------------------------------------------------------------------------


def test_the_committed_recordings_are_of_the_fixtures_as_they_are() -> None:
    """Every fixture, for every version that can run it; after a change of one, `nox -s record`."""
    recordings = Recordings(FIXTURES / "recordings")
    assert recordings.builds.keys() == set(pythons.TARGETS)
    for case in all_cases().values():
        able = {
            python
            for python, build in recordings.builds.items()
            if not case.unmet(build.version, frozenset(build.capabilities))
        }
        entry = recordings.entry(case.id)
        if able:
            assert entry is not None, f"{case.id} is not recorded: nox -s record"
            assert entry.digest == case.digest, f"{case.id} has changed since it was recorded: nox -s record"
            assert set(entry.pythons) == able


def test_the_committed_recordings_hold_no_path_and_are_small() -> None:
    """Nothing of the machine that they were made on."""
    files = list((FIXTURES / "recordings").rglob("*.json"))
    assert len(files) > len(CHAPTERS)
    assert sum(path.stat().st_size for path in files) < 7_000_000
    for path in files:
        text = path.read_text("utf-8")
        for place in ("/root", "/home", "/tmp", "/usr/l", "/opt", "runpy-conformance-"):
            assert place not in text, f"{path} holds {place}"


# -- recording -------------------------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A folder with three fixtures."""
    folder = tmp_path / "cases" / "packages"
    folder.mkdir(parents=True)
    for number in range(3):
        (folder / f"case_{number}.toml").write_text(
            "summary = 'Some case'\nclauses = []\ncall = \"run_module('plain')\"\n"
            f"[files]\n'plain.py' = 'x = {number}'\n"
        )
    return folder.parent


def test_a_recording_is_made_checked_and_found_to_have_drifted(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command, from nothing; an unchanged one is not written again."""
    target = target_for("")
    assert target is not None
    words = [f"--cases={small}", f"--target={target.executable}"]
    assert record.main(words) == 0
    path = small / "recordings" / "packages.json"
    first = path.read_text()
    assert record.main(words) == 0
    assert path.read_text() == first
    assert record.main([*words, "--check"]) == 0
    assert "3 cases, 0 differ" in capsys.readouterr().out
    path.write_text(first.replace('"x": 1', '"x": 7'))
    (small / "packages" / "case_2.toml").write_text((small / "packages" / "case_1.toml").read_text() + "'y.py' = ''\n")
    assert record.main([*words, "--check"]) == 1
    said = capsys.readouterr().out
    assert "packages/case_1: steps[0].result.dict" in said
    assert "packages/case_2: has changed since it was recorded" in said
    assert record.main([*words, "--new"]) == 0
    assert "recorded 1 cases" in capsys.readouterr().out
    assert record.main([*words, "--check"]) == 1, "the one that has drifted without a change of its own stays"
    assert "3 cases, 1 differ" in capsys.readouterr().out
    assert record.main(words) == 0
    assert record.main([*words, "--check"]) == 0


def test_another_build_is_not_checked(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It may well show something else: that is said, and nothing is checked."""
    target = target_for("")
    assert target is not None
    words = [f"--cases={small}", f"--target={target.executable}"]
    assert record.main(words) == 0
    path = small / "recordings" / BUILDS
    path.write_text(path.read_text().replace(target.version, "3.8.99"))
    assert record.main([*words, "--check"]) == 0
    assert "not the same build" in capsys.readouterr().out


def test_one_that_cannot_be_read_is_made_again(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of another schema, or with the marks of a conflict: else there would be no way out."""
    target = target_for("")
    assert target is not None
    words = [f"--cases={small}", f"--target={target.executable}"]
    assert record.main(words) == 0
    files = [small / "recordings" / name for name in (BUILDS, "packages.json")]
    first = [path.read_text() for path in files]
    files[0].write_text(first[0].replace(f'"schema": {SCHEMA}', '"schema": 0'))
    files[1].write_text(f"<<<<<<< HEAD\n{first[1]}")
    assert record.main([*words, "--check"]) == 2
    assert "schema 0" in capsys.readouterr().err
    assert record.main(words) == 0
    assert [path.read_text() for path in files] == first


def test_what_is_not_deterministic_is_an_error(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It names the case and the field."""
    (small / "packages" / "case_1.toml").write_text(
        "summary = 'Some case'\nclauses = []\ncall = 'run_module(\"plain\")'\n[files]\n"
        "'plain.py' = 'import os; x = os.getpid()'\n"
    )
    target = target_for("")
    assert target is not None
    assert record.main([f"--cases={small}", f"--target={target.executable}"]) == 4
    said = capsys.readouterr().err
    assert "packages/case_1" in said
    assert "steps[0].result" in said
    assert "shows something else each time" in said


def test_a_first_difference_is_told_by_its_place() -> None:
    """With both sides."""
    assert first_difference({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}) == "a[1].b: 2 and 3"
    assert first_difference({"a": 1}, {"a": 1}) == ""


# -- as the oracle ---------------------------------------------------------------------------------------------


def _recorded(
    tmp_path: Path, case: Case, recorded: Build, target: Build, digest: str = "", stdout: str = ""
) -> ReplayedSide:
    """The side that answers for a target by a recording of one case, which prints something."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    (folder / BUILDS).write_text(write_builds({"3.12": recorded}))
    entry = Entry(digest or case.digest, ("3.12",), encode(_printing(stdout), recorded.words))
    (folder / "packages.json").write_text(write({case.id: entry}, ("3.12",)))
    return ReplayedSide(Recordings(folder), [case], target, frozenset({"zip"}))


def _printing(text: str) -> Mapping[str, Any]:
    """An observation of one step that writes a text to its standard output."""
    (step,) = _observation(None)["steps"]
    return {"steps": [{**step, "stdout": text}]}


def _case(call: str = "run_module('m')", requires: tuple[str, ...] = ()) -> Case:
    return Case(files={}, steps=(Step("call", call),), requires=requires, id="packages/one")


def test_the_recording_answers_in_the_words_of_the_target(tmp_path: Path) -> None:
    """As a side does: to the letter what the agent would write, a compiled file under the name that it has there."""
    here = build(version="3.12.9", words=WORDS["3.14"])
    recorded = _recorded(tmp_path, _case(), build(), here, stdout=f"m.{WORDS['3.8']['{tag}']}.pyc")
    assert recorded.left_out(_case()) == ""
    (reply,) = _asked(recorded, _case())
    assert reply.observation is not None
    assert reply.observation["steps"][0]["outcome"] == "returned"
    assert reply.observation["steps"][0]["stdout"] == f"m.{WORDS['3.14']['{tag}']}.pyc"
    assert recorded.description == "recording of CPython 3.12.1, linux-x86_64"


def _asked(recorded: ReplayedSide, case: Case) -> Any:
    recorded.start([case.plain()])
    return recorded.finish()


@pytest.mark.parametrize(
    ("case", "target", "digest", "reason"),
    [
        (_case(), build(), "other", "has changed since it was recorded"),
        (_case(requires=("python>=3.12.5",)), build(version="3.12.9"), "", "python>=3.12.5 is required"),
        (_case(requires=("symlinks",)), build(), "", "symlinks is required"),
        (_case("run_module('os.path')"), build(frozen=()), "", "os is frozen in the oracle's build, and not in"),
        (_case("run_module('os.path')"), build(version="3.12.9"), "", "os may have changed between 3.12.9 and 3.12.1"),
        (
            Case(files={}, steps=(Step("command", {"command": ["-m", "m"]}),), id="packages/one"),
            build(),
            "",
            "commands are not recorded",
        ),
        (
            _case("run_module('nt')"),
            build(builtin=("sys", "nt")),
            "",
            "nt is a builtin module in the target's build, and not in",
        ),
    ],
)
def test_what_the_recording_cannot_answer_is_left_out(
    tmp_path: Path, case: Case, target: Build, digest: str, reason: str
) -> None:
    """With the reason."""
    assert reason in _recorded(tmp_path, case, build(), target, digest).left_out(case)


def test_a_boundary_between_two_releases_leaves_a_clause_unsettled(tmp_path: Path) -> None:
    """Also one that is not known; but not on the release that was recorded."""
    clauses = [
        Clause("OLD", "packages", Level.COMPAT, "", "", versions=("<3.12.5",), fields=("note",)),
        Clause("EVER", "packages", Level.COMPAT, "", "", versions=(">=3.9",), fields=("note",)),
        Clause("SHAKY", "packages", Level.COMPAT, "", "", (">=3.12.8",), (">3.12.0,<3.12.8",), fields=("note",)),
    ]
    assert not _recorded(tmp_path, _case(), build(), build()).unsettled(clauses)
    (tmp_path / "other").mkdir()
    later = _recorded(tmp_path / "other", _case(), build(), build(version="3.12.9"))
    assert later.unsettled(clauses).keys() == {"OLD", "SHAKY"}


def test_a_version_without_recording_is_refused(tmp_path: Path) -> None:
    """With the command that makes one."""
    with pytest.raises(RecordingError, match="nox -s record"):
        _recorded(tmp_path, _case(), build(), build(version="3.7.1"))


def _conformance(*words: str) -> subprocess.CompletedProcess[str]:
    return conformance("--oracle=recording", *words, timeout=100)


def test_a_run_by_the_recording_says_so_and_finds_what_differs(small: Path, tmp_path: Path) -> None:
    """Agreement, and a candidate that differs; on the command line."""
    target = target_for("")
    assert target is not None
    where = [f"--cases={small}", f"--target={target.executable}"]
    refused = _conformance(*where)
    assert refused.returncode == 2
    assert "nox -s record" in refused.stderr
    assert record.main(where) == 0
    report = tmp_path / "report.jsonl"
    good = _conformance(*where, f"--report={report}")
    assert good.returncode == 0, good.stdout
    by = f"recording of CPython {target.version}"
    assert f"oracle: {by}" in good.stdout
    assert json.loads(report.read_text().splitlines()[0])["oracle"].startswith(by)
    text = (small / "recordings" / "packages.json").read_text()
    (small / "recordings" / "packages.json").write_text(text.replace('"x": 1', '"x": 7'))
    wrong = _conformance(*where, "-k", "case_1")
    assert wrong.returncode == 1
    assert "--oracle=recording" in wrong.stdout
    assert "packages/case_1::CODE-EXECUTED-AS-GIVEN" in wrong.stdout


def test_the_target_says_which_build_it_is() -> None:
    """A probe of its own, in any interpreter."""
    target = target_for("")
    assert target is not None
    found = record.build_of(find(target.executable))
    assert found.version.startswith(target.version)
    assert "sys" in found.builtin
    assert "_frozen_importlib" in found.frozen
