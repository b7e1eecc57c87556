"""Commands that run a path are judged by `python FILE`: how they are named, run, compared and shown."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conformance import FIXTURES
from conformance.agent.commands import split
from conformance.agent.tracebacks import without_tracebacks
from conformance.cases.fixtures import from_plain
from conformance.cases.launched import launched_paths, of_path
from conformance.cases.model import MODULE, PATH, Case, split_command
from conformance.commands.equivalence import compare, complaints, unshown
from conformance.commands.launchers import WrongCommand, side_of, template
from conformance.observation.interpreters import Target, find
from tests.harness import LAUNCHERS, Oracle, conformance, every_case, judged_command

TELLS = {"script.py": "from witness import tell\ntell(x=1)\nprint('done')\n"}
RIGHT = (LAUNCHERS / "right_script.py").read_text(encoding="utf-8")
ONE = "s_as_run_path/script_with_arguments"


def case_of(files: dict[str, object], *command: str, **step: object) -> Case:
    """A case of one command."""
    return from_plain({"files": files, "command": list(command) or ["script.py"], **step}, "test/case")


Causes = Callable[[Case, str], list[tuple[str, object, object]]]


@pytest.fixture
def causes(oracle_of: Callable[[Target], Oracle], tmp_path: Path) -> Causes:
    """Returns a function that judges a launcher, by its source: of each cause the clause and what both sides show."""
    oracle = oracle_of(find(sys.executable))
    path = tmp_path / "launch.py"

    def found(case: Case, source: str) -> list[tuple[str, object, object]]:
        path.write_text(source, encoding="utf-8")
        divergences = judged_command(oracle, side_of(of_paths=f"{{python}} {path}"), case)
        return [(divergence.signature.clause, divergence.oracle, divergence.candidate) for divergence in divergences]

    return found


# -- the command line ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("coverage run", ["coverage", "run", "{path}", "{args}"]),
        ("viztracer {path} -- {args}", ["viztracer", "{path}", "--", "{args}"]),
        ("{python} -m pdb", ["{python}", "-m", "pdb", "{path}", "{args}"]),
    ],
)
def test_what_is_not_marked_stands_at_the_end(text: str, words: list[str]) -> None:
    """The path, then the arguments."""
    assert template(text, PATH) == words


def test_the_mark_of_a_module_stands_in_the_other_option() -> None:
    """The sentence says in which."""
    with pytest.raises(WrongCommand, match=r"--command-path: there is no mark \{name\}.*stands in --command"):
        template("coverage run -m {name}", PATH)


@pytest.mark.parametrize(
    ("words", "kind", "program", "number_of_arguments"),
    [
        (["script.py", "-m", "x"], PATH, "script.py", 2),
        (["-W", "error", "-X", "dev", "app.zip"], PATH, "app.zip", 0),
        (["-I", "-m", "pkg", "script.py"], MODULE, "pkg", 1),
    ],
)
def test_the_first_word_that_is_no_option_is_the_program(
    words: list[str], kind: str, program: str, number_of_arguments: int
) -> None:
    """As the interpreter reads its command line."""
    options, found, name, arguments = split_command(words)
    assert (found, name, len(arguments)) == (kind, program, number_of_arguments)
    assert [*options, *(["-m"] if kind == MODULE else []), name, *arguments] == words


def test_the_agent_reads_a_command_as_the_suite_does() -> None:
    """Each has a reader of its own, since the agent imports nothing of the suite."""
    steps = [step.content for case in every_case().values() for step in case.steps if step.kind == "command"]
    assert len(steps) > 300
    for content in steps:
        assert isinstance(content, dict)
        assert split(content["command"]) == split_command(content["command"])


# -- cases made of cases of calls ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "files", "tells_in"),
    [
        ("app", {"app/__main__.py": "x = 1"}, "app/__main__.py"),
        ("./tool", {"tool": "x = 1"}, "tool"),
        ("link", {"link": {"symlink": "real/tool.py"}, "real/tool.py": "x = 1"}, "real/tool.py"),
        ("a.zip/in", {"a.zip": {"zip": {"in/__main__.py": "x = 1", "in/other.py": "x = 1"}}}, "a.zip"),
    ],
)
def test_the_program_that_a_path_leads_to_tells(path: str, files: dict[str, object], tells_in: str) -> None:
    """And nothing else in the world."""
    made = of_path(from_plain({"files": files, "call": f"run_path({path!r})"}, "test/case"))
    assert made is not None
    assert [name for name, content in made.files.items() if "witness" in str(content)] == [tells_in]
    assert str(made.files[tells_in]).count("witness") == 1


@pytest.mark.parametrize(
    ("name", "content", "requires"),
    [
        ("tool.pyc", {"pyc": "x = 1"}, ()),
        ("tool.py", {"pyc": "x = 1"}, ("cpython",)),
        ("tool", {"pyc": "x = 1"}, ("cpython",)),
        ("tool", "x = 1", ()),
    ],
)
def test_a_compiled_file_is_known_by_its_suffix_except_on_cpython(
    name: str, content: object, requires: tuple[str, ...]
) -> None:
    """PyPy takes `tool.py` for source, whatever it holds; its `run_path` does not, and is not asked for less."""
    case = from_plain({"files": {name: content}, "call": f"run_path({name!r})"}, "test/case")
    made = of_path(case)
    assert case.requires == ()
    assert made is not None
    assert made.requires == requires


@pytest.mark.parametrize(
    "call", ["run_path('tool', {'x': 1})", "run_path('tool', run_name=1)", "run_path('')", "run_path(b'tool')"]
)
def test_a_call_that_no_command_line_can_say_makes_no_case(call: str) -> None:
    """Initial globals, a path that is no text."""
    assert of_path(from_plain({"files": {"tool": "x = 1"}, "call": call}, "test/case")) is None


def test_fixtures_and_a_family_run_by_a_command_as_well() -> None:
    """Most of those that do nothing but call."""
    made = launched_paths(FIXTURES)
    assert len(made) > 300
    assert sum("path_deeds" in case.id for case in made) > 200


def test_python_shows_a_script_what_run_path_shows() -> None:
    """But for the table of differences; a sample here, all of it in `nox -s equivalence`."""
    trials = compare(find(sys.executable), kind=PATH, every=12)
    assert list(complaints(trials)) == []
    assert len(unshown(trials, PATH)) < 6
    assert sum(trial.verdict != "not-run" for trial in trials) > 20


# -- what is compared ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edit", "clause"),
    [
        (('namespace["__file__"] = file', 'namespace["__file__"] = os.path.relpath(file)'), "S-FILE-IN-FULL"),
        (('namespace["__spec__"] = spec', 'namespace["__spec__"] = sys.__spec__'), "S-NO-SPEC"),
        (("put_first(os.path.dirname(os.path.realpath(full)))", "put_first(os.getcwd() + '/x')"), "S-PATH0-IS-SCRIPTS"),
        (("compile(data, full,", "compile(data, '<made up>',"), "S-CODE-FILE-NAME"),
        (("exec(code, namespace)", "exec(code, dict(namespace, extra=1))"), "S-NO-FOREIGN-NAMES"),
    ],
)
def test_a_fault_breaks_a_clause_about_scripts(edit: tuple[str, str], clause: str, causes: Causes) -> None:
    """Whatever the case is about, no clause about `python -m` is blamed."""
    assert RIGHT.count(edit[0]) == 1
    found = causes(replace(case_of(TELLS), clauses=("S-AS-RUN-PATH",)), RIGHT.replace(*edit))
    assert any(name.startswith(clause) for name, _, _ in found), found
    assert not any(name.startswith("M-") for name, _, _ in found)


def test_a_relative_file_name_is_told_once(causes: Causes) -> None:
    """It is not said to be another program, and its code has that name for the same reason."""
    relative = RIGHT.replace("else os.path.join(os.getcwd(), path)", "else path")
    assert [clause for clause, _, _ in causes(case_of(TELLS), relative)] == ["S-FILE-IN-FULL"]


def test_a_relative_file_name_in_a_traceback_breaks_no_documented_promise(causes: Causes) -> None:
    """The frames are there; by what name the file is called has a clause of its own."""
    relative = RIGHT.replace("compile(data, full,", "compile(data, os.path.relpath(full),")
    case = replace(case_of({"script.py": "def f():\n    1 / 0\nf()\n"}), clauses=("S-TRACEBACK-FRAMES",))
    assert causes(case, relative) == []
    late = case_of({"script.py": "import not_there\nfrom witness import tell\ntell()\n"})
    assert causes(late, relative) == []


BARE = """\
  File "script.py", line 2
    x = = 1
        ^
SyntaxError: invalid syntax
script.py:1: UserWarning: mine
"""


def test_an_error_in_the_syntax_of_a_script_is_a_traceback_without_a_head() -> None:
    """The interpreter prints it so, a launcher with a head; a relative path is one of the world."""
    expected = ([["script.py, line 2", "SyntaxError: invalid syntax"]], ["script.py:1: UserWarning: mine"])
    assert without_tracebacks(BARE) == expected
    with_head = f'Traceback (most recent call last):\n  File "/lib/launcher.py", line 3, in main\n    run()\n{BARE}'
    assert without_tracebacks(with_head) == expected


# -- whole runs ------------------------------------------------------------------------------------------------


def test_both_kinds_of_commands_are_judged_in_one_run() -> None:
    """And each kind has its chapters."""
    done = conformance("--command={python} -m", "--command-path={python}", "--level=exact", "m_as_run_module", ONE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 cases conform" in done.stdout


def test_a_command_that_runs_scripts_is_told_its_option(tmp_path: Path) -> None:
    """If it is given as one that runs modules."""
    (tmp_path / "launch.py").write_text(RIGHT)
    done = conformance(f"--command={{python}} {tmp_path}/launch.py", "m_as_run_module")
    assert (done.returncode, "given with --command-path" in done.stderr) == (3, True), done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((ONE,), "--command-path="),
        (("--command=x", ONE), "--command-path="),
        (("--command-path=x", "m_program"), "--command="),
        (("--command-path=x", "--impl=mine", ONE), "give one of them"),
        (("--command-path={name} x", ONE), "stands in --command"),
    ],
)
def test_what_does_not_fit_together_is_told_in_one_sentence(arguments: tuple[str, ...], says: str) -> None:
    """Status 2, before anything is started."""
    done = conformance(*arguments)
    assert (done.returncode, says in done.stderr) == (2, True), done.stderr


def test_a_find_has_a_program_that_shows_it_by_itself(tmp_path: Path) -> None:
    """The reproducer runs both commands, with nothing but the standard library."""
    wrong = RIGHT.replace('namespace["__spec__"] = spec', 'namespace["__spec__"] = None')
    (tmp_path / "launch.py").write_text(wrong)
    name = "families/launched_paths/path_namespace.file_of_an_entry"
    command = f"--command-path={{python}} {tmp_path}/launch.py"
    done = conformance(command, f"--finds={tmp_path / 'finds'}", name)
    assert done.returncode == 1, done.stdout + done.stderr
    (program,) = (tmp_path / "finds").glob("*/repro.py")
    shown = subprocess.run([sys.executable, program], capture_output=True, text=True, cwd="/", check=False)
    assert shown.returncode == 1, shown.stdout + shown.stderr
    assert "__spec__" in shown.stdout
    assert "    python folder" in shown.stdout


def test_show_prints_what_a_command_shows() -> None:
    """For an author of fixtures."""
    done = conformance("show", ONE, "--command-path={python}")
    assert done.returncode == 0, done.stderr
    assert "'argv': ['sub/plain_script.py', 'first', '-x']" in done.stdout
