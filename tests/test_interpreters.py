"""Another interpreter's own runpy, judged by CPython of its language: all but its nature counts."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.cases.model import Case, Step
from conformance.clauses import registry
from conformance.clauses.natures import natures
from conformance.judge.expected import expected_of
from conformance.observation import interpreters
from conformance.observation.build import build_of
from conformance.observation.interpreters import BadInterpreter, Target, find
from conformance.observation.live import LiveSide
from conformance.observation.recording import decode, encode
from conformance.observation.side import Reply
from conformance.observation.translated import TranslatedSide, in_shared_words
from tests.fake_side import FakeSide
from tests.harness import all_cases, conformance, target_for
from tests.test_releases import PATCH, environment

PROG = """
summary = "argparse names the program by how it was called"
clauses = ["M-ARGUMENTS-PARSED"]
command = ["-m", "plain_program"]
[files]
"plain_program.py" = "import argparse; from witness import tell; tell(prog=argparse.ArgumentParser().prog)"
"""


def judge(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end; it leaves no traceback."""
    done = conformance(*arguments, timeout=240, COLUMNS="120")
    assert "Traceback" not in done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def other() -> Target:
    """PyPy, of which there is a CPython of the same language."""
    try:
        found = find("pypy3.11")
    except BadInterpreter:
        pytest.skip("no PyPy here")
    if interpreters.cpython_for(found, "") is None:
        pytest.skip("no CPython of its language here")
    return found


def test_the_table_says_what_and_why() -> None:
    """Each entry is of use to a reader, and of effect."""
    ids = [nature.id for nature in natures()]
    assert len(set(ids)) == len(ids) >= 5
    assert all(nature.what and nature.why and nature.effects for nature in natures())


@pytest.mark.parametrize(
    ("place", "before", "after"),
    [
        ("entry.__builtins__.is", "builtins", "absent"),  # PyPy 3.11, together with the next
        ("entry.__builtins__.module", "absent", "builtins"),
        ("entry.__builtins__.is", "builtins", "builtins module"),  # PyPy 3.9, whose `builtins` has no spec
        ("exit.globals.module", "builtins", "absent"),  # the same, where the code holds the module
        ("exit.globals.is", "absent", "builtins module"),
        (  # PyPy 3.9, since its `builtins` has no spec
            "exception.message",
            "No code object available for builtins",
            "Error while finding module specification for 'builtins' (ValueError: builtins.__spec__ is None)",
        ),
        ("exception.cause", "null", '{"exception": "ValueError", "message": "builtins.__spec__ is None"}'),
        ("program.flags.utf8_mode", "0", "1"),  # PyPy 3.11
        ("exit.state.environ.OWN_VARIABLE", '{"bytes": "value"}', "absent"),  # PyPy 3.11: equal bytes are one object
        ("exception.held", "absent", '{"name": "x"}'),  # PyPy 3.9, ahead of CPython
        (
            "exception.message",
            "dictionary update sequence element #0 has length 1; 2 is required",
            "sequence of pairs expected",
        ),
    ],
)
def test_every_form_of_a_nature_is_known(place: str, before: str, after: str) -> None:
    """One interpreter shows in several ways what another shows in one, and no effect covers any difference."""
    of_others = [nature for nature in natures() if not nature.systems]
    effects = [effect for nature in of_others for effect in nature.effects if not effect.raises and not effect.case]
    assert any(effect.covers(place, before, after) for effect in effects)
    assert not any(effect.covers(place, before, "7") for effect in effects)


@pytest.mark.parametrize(
    ("system", "place", "before", "after"),
    [
        ("wasi", "exception.args.0", "2", "44"),
        ("win32", "exception.message", "[Errno 2] No such file: '<root>/x'", "[WinError 3] No such path: '<root>/x'"),
        ("emscripten", "names.list.3", "C.UTF-8", "C"),
        ("musl", "exception.held.strerror", "Too many levels of symbolic links", "Symbolic link loop"),
        ("emscripten", "audit.open.item", "script.py", "script.py/"),
        ("win32", "after.environ", '{"bytes": "1"}', "1"),
        (
            "win32",
            "exception.type",
            "IsADirectoryError: [Errno 21] Is a directory: '<root>/x'",
            "PermissionError: [Errno 13] Permission denied: '<root>/x'",
        ),
    ],
)
def test_the_nature_of_a_system_is_known_there_alone(system: str, place: str, before: str, after: str) -> None:
    """A build of CPython shows what its own system shows, and nothing of what other implementations show."""

    def is_expected(of_system: str) -> bool:
        effects = expected_of("cpython", "3.13.2", "3.13.2", ("linux", of_system)).effects
        return any(effect.covers(place, before, after) for effect in effects)

    assert is_expected(system)
    assert not is_expected("linux")
    assert {nature.id for nature in natures() if nature.may_show("pypy", ("linux",))} == {
        nature.id for nature in natures() if not nature.systems
    }


def test_what_is_an_interpreters_nature_does_not_count(other: Target) -> None:
    """Where it shows in every case, even at the level exact."""
    done = judge(f"--interpreter={other.executable}", "--level=exact", "packages", "namespace_packages")
    assert done.returncode == 0, done.stdout
    assert "by the runpy of CPython 3.11" in done.stdout
    assert "interpreter's own runpy" not in done.stdout


def test_what_it_does_otherwise_counts(other: Target, tmp_path: Path) -> None:
    """PyPy takes any object for a module's name."""
    report = tmp_path / "out.jsonl"
    case = "module_names/altered_run_refuses_a_run_name_that_is_no_text"
    done = judge(f"--interpreter={other.executable}", "--level=exact", f"--report={report}", case)
    assert done.returncode == 1
    assert "RUN-NAME-NOT-STR-ALTERED" in done.stdout
    run = json.loads(report.read_text().splitlines()[0])
    assert run["oracle"].startswith("runpy of CPython 3.11")
    assert run["target"]["implementation"] == "pypy"


EMPTY = """
summary = "Code is given no builtins, and looks for some"
clauses = ["P-INIT-VISIBLE"]
call = "run_path('tool.py', {{'__name__': 'own', '__builtins__': {{}}}})"
[files]
"tool.py" = "{}"
"plain.py" = ""
"""


def test_what_follows_from_a_nature_does_not_count(other: Target, tmp_path: Path) -> None:
    """PyPy lets code import that is given no builtins, so another module runs, or something of `sys` is changed."""
    (tmp_path / "own").mkdir()
    runs = "from under_test import run_module; ran = run_module('plain')['__name__']"
    changes = "import sys; sys.path.insert(0, 'own')"
    for name, source in (("runs", runs), ("changes", changes)):
        (tmp_path / "own" / f"{name}.toml").write_text(EMPTY.format(source))
    done = judge(f"--interpreter={other.executable}", "--level=exact", f"--cases={tmp_path}", "own/runs", "own/changes")
    assert done.returncode == 0, done.stdout
    assert "2 cases conform" in done.stdout


def test_where_no_cpython_is_at_hand_the_recording_judges(other: Target) -> None:
    """In the same words, and by the same table."""
    done = judge(f"--interpreter={other.executable}", "--oracle=recording", "--level=exact", "packages")
    assert done.returncode == 0, done.stdout
    assert "recording of CPython 3.11" in done.stdout


def test_a_patched_cpython_is_judged_like_any_other(tmp_path: Path) -> None:
    """By the one on PATH, or by what --target names."""
    target = target_for(">=3.9")
    if target is None:
        pytest.skip("no CPython here")
    patched = environment(target, tmp_path / "patched", PATCH)
    arguments = [f"--interpreter={patched}", f"--target={target.executable}", "--level=exact"]
    done = judge(*arguments, "module_names/empty_run_name_is_a_run_name")
    assert done.returncode == 1
    assert "RUN-NAME-EMPTY" in done.stdout
    assert f"--interpreter={patched}" in done.stdout
    assert judge(*arguments, "packages/nested_package_runs_main").returncode == 0


def test_the_name_of_the_executable_is_no_behaviour(tmp_path: Path) -> None:
    """A debug build is called python3.14d, and argparse names a program by it."""
    target = target_for(">=3.14")
    if target is None:
        pytest.skip("no CPython here that names programs so")
    (tmp_path / "python-of-mine").symlink_to(Path(target.executable).resolve())
    (tmp_path / "m_arguments").mkdir()
    (tmp_path / "m_arguments" / "prog.toml").write_text(PROG)
    arguments = [f"--interpreter={tmp_path / 'python-of-mine'}", f"--target={target.executable}"]
    done = judge(*arguments, f"--cases={tmp_path}", "m_arguments")
    assert done.returncode == 0, done.stdout
    assert "1 case conforms" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--interpreter=/no/such/python"], "There is no interpreter '/no/such/python'"),
        (["--interpreter=/bin/ls"], "/bin/ls does not answer as a Python interpreter does"),
        (["--interpreter={python}", "--impl=mypkg"], "give one of them"),
        (["--interpreter={python}", "--target={another}"], "beside --interpreter, --target is a CPython 3."),
    ],
)
def test_what_cannot_be_judged_is_said_in_a_sentence(arguments: list[str], sentence: str) -> None:
    """With the status for a command that makes no sense."""
    target, another = target_for(">=3.9"), target_for("<3.11")
    if target is None or another is None:
        pytest.skip("no two CPythons here")
    done = judge(*(word.format(python=target.executable, another=another.executable) for word in arguments))
    assert done.returncode == 2
    assert sentence in done.stderr


def test_what_is_frozen_on_one_side_only_is_left_out() -> None:
    """A build without frozen modules runs other files, and so does one with other builtin modules."""
    target = target_for(">=3.9")
    if target is None:
        pytest.skip("no CPython here")
    own = build_of(target)
    bare = replace(own, frozen=(), builtin=tuple(name for name in own.builtin if name != "marshal"))
    cases = [
        Case(files={}, steps=(Step("call", f"run_module({name!r})"),))
        for name in (own.frozen[0], "marshal", "sys", "m")
    ]
    side = TranslatedSide(FakeSide(Reply("done")), own, bare)
    assert [bool(side.left_out(case)) for case in cases] == [True, True, False, False]
    assert side.left_out(cases[1]) == "marshal is a builtin module in the oracle's build, and not in the target's"
    assert not any(TranslatedSide(FakeSide(Reply("done")), own, own).left_out(case) for case in cases)


def test_what_changed_between_two_releases_is_not_judged() -> None:
    """Of one version of the language: an earlier one is right in its own way."""
    target = target_for(">=3.9")
    if target is None:
        pytest.skip("no CPython here")
    newer, older = (replace(build_of(target), implementation="cpython", version=text) for text in ("3.11.7", "3.11.2"))
    side = TranslatedSide(FakeSide(Reply("done")), newer, older)
    clauses = registry()
    assert side.unsettled(clauses.values())["NUL-IN-SOURCE-SYNTAXERROR"] == "it is otherwise on 3.11.2 than on 3.11.7"
    assert "ARGV-RESTORED" not in side.unsettled(clauses.values())
    assert not TranslatedSide(FakeSide(Reply("done")), newer, newer).unsettled(clauses.values())


def test_what_a_micro_release_changed_is_not_judged_on_another_implementation() -> None:
    """It names the release of its library, and may have followed or not."""
    target = target_for(">=3.9")
    if target is None:
        pytest.skip("no CPython here")
    ours = replace(build_of(target), implementation="cpython", version="3.11.7")
    pypy = replace(ours, implementation="pypy", own_version="7.3.19", version="3.11.11")
    unsettled = TranslatedSide(FakeSide(Reply("done")), ours, pypy).unsettled(registry().values())
    assert unsettled["NUL-IN-SOURCE-SYNTAXERROR"] == (
        "a micro release of CPython 3.11 has changed it, and PyPy 7.3.19 (Python 3.11.11) may have followed or not"
    )
    assert "CACHED-ABSENT" not in unsettled


def test_shared_words_stand_for_what_interpreters_call_otherwise() -> None:
    """A live oracle and a recording say the same, with `{tag}` for the cache tag and `{library}` for a folder."""
    target = target_for(">=3.9")
    if target is None:
        pytest.skip("no CPython here")
    own, shared = build_of(target), in_shared_words(build_of(target))
    tag = own.words["{tag}"]
    seen = {"steps": [{"stdout": f"m.{tag}.pyc", "stderr": f"{own.words['{library}']}/os.py"}]}
    side = TranslatedSide(FakeSide(Reply("done", line=json.dumps(seen).encode("ascii"))), own)
    translated = json.loads(side.run({}).line)["steps"][0]
    assert translated == {"stdout": "m.{tag}.pyc", "stderr": "{library}/os.py"}
    case = all_cases()["packages/nested_package_runs_main"]
    observation = LiveSide(target, "oracle")
    try:
        said = observation.run(case.plain()).observation
    finally:
        observation.close()
    assert said is not None
    assert f".{tag}.pyc" in json.dumps(said)
    recorded = decode(encode(said, own.words), shared.words)
    assert f".{tag}.pyc" not in json.dumps(recorded)
    assert json.dumps(recorded) == json.dumps(said).replace(f".{tag}.pyc", ".{tag}.pyc")
