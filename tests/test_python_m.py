"""Commands are judged by `python -m`: how they are named, run, observed, compared and shown."""

from __future__ import annotations

import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conformance import FIXTURES
from conformance.agent.tracebacks import without_tracebacks
from conformance.cases.fixtures import fixtures, from_plain, read, toml
from conformance.cases.launched import launched, of_fixture
from conformance.cases.model import Case, CaseError
from conformance.clauses.equivalence import known_differences
from conformance.commands.equivalence import compare, complaints, unshown
from conformance.commands.launchers import WrongCommand, side_of, template, with_paths
from conformance.observation.interpreters import Target, find
from conformance.observation.live import LiveSide
from tests.harness import Oracle, conformance, judged_command

USUAL = "{python} -m {name} {args}"
IN_PROCESS = """
import importlib.util, os, sys, types
sys.path[0] = os.getcwd()
name = sys.argv[1]
spec = importlib.util.find_spec(name)
main = types.ModuleType("__main__")
vars(main).update(__file__=spec.origin, __spec__=spec, __package__=spec.parent, __loader__=spec.loader)
vars(main)["__cached__"] = spec.cached
vars(main)["__builtins__"] = sys.modules["builtins"]
sys.argv[:2] = [spec.origin]
sys.modules["__main__"] = main
{before}
exec(spec.loader.get_code(name), vars(main))
{after}
"""


def case_of(files: dict[str, str], *command: str, **step: object) -> Case:
    """A case of one command."""
    words = list(command) or ["-m", "program"]
    return from_plain({"files": files, "command": words, **step}, "test/case")


def launcher(folder: Path, before: str = "", after: str = "") -> str:
    """The command of a launcher in Python that behaves as `python -m` does, but for these statements."""
    file = folder / "launch.py"
    file.write_text(IN_PROCESS.format(before=before, after=after))
    return f"{{python}} {file} {{name}} {{args}}"


Fields = Callable[..., list[str]]


@pytest.fixture
def fields(oracle_of: Callable[[Target], Oracle]) -> Fields:
    """Returns a function that finds the fields in which a command differs from `python -m`, without consequences."""
    oracle = oracle_of(find(sys.executable))

    def compared(case: Case, command: str, *, all_output: bool = False) -> list[str]:
        found = judged_command(oracle, side_of(command), case, all_output=all_output)
        return [divergence.signature.field for divergence in found]

    return compared


# -- the command line ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("coverage run -m", ["coverage", "run", "-m", "{name}", "{args}"]),
        ("{python} -m pdb -m {name} --", ["{python}", "-m", "pdb", "-m", "{name}", "--", "{args}"]),
        ("launch {args} --module={name}", ["launch", "{args}", "--module={name}"]),
        ("'my tool' {name}", ["my tool", "{name}", "{args}"]),
    ],
)
def test_what_is_not_marked_stands_at_the_end(text: str, words: list[str]) -> None:
    """The name, then the arguments."""
    assert template(text) == words


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "needs a value"),
        ("a 'b", "no command line"),
        ("tool {module}", "there is no mark {module}"),
        ("tool {path}", "{path} stands in --command-path"),
        ("{name} {args}", "begins with a program"),
        ("tool x{args} {name}", "a word of its own"),
        ("tool {python} {python}", "a word of its own"),
    ],
)
def test_a_wrong_command_is_told_in_one_sentence(text: str, says: str) -> None:
    """Before anything is started."""
    with pytest.raises(WrongCommand, match=says.replace("{", r"\{").replace("}", r"\}")):
        template(text)


def test_a_file_in_the_users_folder_is_found_from_elsewhere(tmp_path: Path) -> None:
    """The command is run in the folder of a case."""
    (tmp_path / "my launcher.py").write_text("")
    made = with_paths("{python} 'my launcher.py' {name}", tmp_path)
    assert made == f"{{python}} '{tmp_path}/my launcher.py' {{name}}"
    assert with_paths(made, Path("/")) == made


# -- cases -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"command": ["-O", "-m"]}, r'a list such as \["-m"'),
        ({"command": ["-m", "p"], "folder": "../x"}, "outside of the world"),
        ({"call": "run_module('m')", "stdin": "x"}, "`stdin` stands beside `command`"),
        ({"command": ["-m", "p"], "call": "run_module('m')"}, "give either"),
        ({"steps": [{"command": ["-m", "p"]}, {"do": "x = 1"}]}, "not both"),
        ({"steps": [{"command": ["-m", "p"], "stdinn": "x"}]}, "is it stdin"),
    ],
)
def test_a_wrong_case_is_told_in_one_sentence(data: dict[str, object], says: str) -> None:
    """The sentence names the key of the step that is wrong, and what it may hold."""
    with pytest.raises(CaseError, match=says):
        from_plain({"files": {}, **data}, "test/case")


def test_a_case_of_commands_is_written_as_it_was_read() -> None:
    """With all that can stand beside a command."""
    steps = [
        {"command": ["-O", "-m", "p", "a"], "stdin": "x\n", "variables": {"A": "b"}, "folder": "sub"},
        {"write": {"p.py": ""}},
        {"command": ["-m", "p"]},
    ]
    several = from_plain({"files": {"p.py": "1"}, "path": ["lib"], "steps": steps}, "test/case")
    one = case_of({"program.py": ""}, "-m", "program", stdin="typed", folder="sub")
    for case in (several, one):
        assert from_plain(tomllib.loads(toml(case)), case.id) == case


# -- cases made of fixtures ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "made"),
    [
        ("x = 1\n", "TELL; x = 1\n"),
        ('"""Doc."""\nfrom __future__ import annotations\nx = 1\n', None),
        ("def f():\n    pass\n", "TELL\ndef f():\n    pass\n"),
        ("", "TELL\n"),
        ("x = (\n", "x = (\n"),
    ],
)
def test_a_program_tells_before_its_first_statement(source: str, made: str | None) -> None:
    """Its docstring and its features stay what they are; a broken source stays broken."""
    case = Case(files={"m.py": source}, steps=from_plain({"files": {}, "call": "run_module('m')"}, "x").steps, id="a/b")
    found = of_fixture(case)
    assert found is not None
    text = str(found.files["m.py"]).replace("__import__('witness').tell()", "TELL")
    expected = '"""Doc."""\nfrom __future__ import annotations\nTELL; x = 1\n' if made is None else made
    assert text == expected


def test_most_fixtures_run_by_a_command_as_well() -> None:
    """At least half of those that do nothing but call, with modules on disk."""
    read_cases = [read(path, FIXTURES) for path in fixtures(FIXTURES)]
    fit = [case for case in read_cases if len(case.steps) == 1 and case.steps[0].kind == "call" and case.files]
    assert len(launched(FIXTURES)) >= len(fit) / 2


def test_python_m_shows_a_program_what_run_module_shows() -> None:
    """But for the table of differences, each of which some program sees."""
    trials = compare(find(sys.executable))
    assert list(complaints(trials)) == []
    assert unshown(trials) == []
    assert len(known_differences()) > 5
    assert sum(trial.verdict != "not-run" for trial in trials) > 200


# -- what is compared ------------------------------------------------------------------------------------------

TELLS = {"program.py": "from witness import tell\ntell(x=1)\nprint('done')\n"}


def test_python_m_agrees_with_itself(fields: Fields) -> None:
    """And so does a launcher that does what it does."""
    assert fields(case_of(TELLS), USUAL) == []


def test_a_launcher_that_does_what_python_m_does_agrees(tmp_path: Path, fields: Fields) -> None:
    """Its own output and files are not judged, unless --command-output asks for that."""
    noisy = launcher(
        tmp_path, "print('starting'); open('profile.out', 'w').close(); sys.path.append('/own')", "print('end')"
    )
    assert fields(case_of(TELLS), noisy) == []
    assert fields(case_of(TELLS), noisy, all_output=True) == ["process.stdout"]


@pytest.mark.parametrize(
    ("before", "after", "field"),
    [
        ("sys.modules['__main__'] = types.ModuleType('__main__')", "", "program.main"),
        ("sys.argv[0] = name", "", "program.argv0"),
        ("sys.argv.append('more')", "", "program.argv"),
        ("sys.path[0] = '/elsewhere'", "", "program.path0"),
        ("main.__spec__ = None", "", "program.__spec__"),
        ("main.__package__ = 'own'", "", "program.__package__"),
        ("main.__builtins__ = vars(sys.modules['builtins'])", "", "program.__builtins__"),
        ("main.left_over = 1", "", "program.keys"),
        ("", "vars(main).clear()", "ended.keys"),
        ("", "sys.modules['__main__'] = types.ModuleType('__main__')", "ended.main"),
        ("", "sys.exit(3)", "process.status"),
        ("sys.stdout = open('/dev/null', 'w')", "", "process.stdout"),
        ("import subprocess; subprocess.run([sys.executable, '-m', name])", "", "program.runs"),
        ("sys.exit(0)", "", "program.runs"),
        ("__import__('os').chdir('/')", "", "program.cwd"),
    ],
)
def test_each_fault_of_a_launcher_shows_in_its_own_field(
    before: str, after: str, field: str, tmp_path: Path, fields: Fields
) -> None:
    """And is the cause of whatever follows from it."""
    assert fields(case_of(TELLS), launcher(tmp_path, before, after))[:1] == [field]


@pytest.mark.parametrize(
    "source",
    ["raise LookupError('no')", "def f():\n    1 / 0\nf()", "raise SystemExit('bye')", "raise SystemExit(7)"],
)
def test_the_end_of_a_program_is_its_own(source: str, tmp_path: Path, fields: Fields) -> None:
    """Frames of the launcher are left out of tracebacks."""
    case = case_of({"program.py": source + "\n"})
    assert fields(case, launcher(tmp_path)) == []
    swallowed = launcher(tmp_path).replace("launch.py", "quiet.py")
    (tmp_path / "quiet.py").write_text(
        IN_PROCESS.format(before="", after="").replace("exec(", "try:\n    exec(") + "except BaseException:\n    pass\n"
    )
    assert fields(case, swallowed)[:1] == ["process.status"]


def test_standard_input_variables_folder_and_options_reach_the_program() -> None:
    """As a shell would give them."""
    shown = "sys.stdin.read(), os.environ['A'], os.path.basename(os.getcwd()), __debug__, sys.argv[1:]"
    source = f"import os, sys\nprint({shown})\n"
    case = case_of(
        {"sub/program.py": source}, "-O", "-m", "program", "x y", stdin="typed", variables={"A": "b"}, folder="sub"
    )
    side = LiveSide(find(sys.executable), "oracle")
    try:
        observation = side.run(case.plain()).observation
    finally:
        side.close()
    assert observation is not None
    assert observation["steps"][0]["command"]["stdout"] == ["typed b sub False ['x y']"]


def test_interpreter_options_need_a_place_in_the_command() -> None:
    """Otherwise the case is not supported, which is no divergence."""
    side = LiveSide(find(sys.executable), side_of(f"{sys.executable} -m"))
    try:
        reply = side.run(case_of(TELLS, "-O", "-m", "program").plain())
    finally:
        side.close()
    assert reply.unsupported is not None
    assert "{python}" in reply.unsupported


CHAINED = """\
Traceback (most recent call last):
  File "/lib/launcher.py", line 3, in main
    run()
  File "<root>/m.py", line 1, in <module>
    f()
    ~^^
  File "<root>/m.py", line 2, in f
ValueError: a

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "<root>/m.py", line 4, in <module>
LookupError: b
/lib/own.py:12: RuntimeWarning: beware
  warn("beware")
<root>/m.py:1: UserWarning: mine
last words
"""


def test_a_traceback_is_its_frames_in_the_world_and_its_exception() -> None:
    """Other lines stay, and a warning that is not about the world has no place."""
    tracebacks, rest = without_tracebacks(CHAINED)
    assert tracebacks == [
        [
            "<root>/m.py, line 1, in <module>",
            "<root>/m.py, line 2, in f",
            "ValueError: a",
            "The above ...",
            "<root>/m.py, line 4, in <module>",
            "LookupError: b",
        ]
    ]
    assert rest == ["<implementation>: RuntimeWarning: beware", "<root>/m.py:1: UserWarning: mine", "last words"]


GROUP = """\
  + Exception Group Traceback (most recent call last):
  |   File "/lib/launcher.py", line 3, in main
  |   File "<root>/m.py", line 1, in <module>
  |     raise group
  | ExceptionGroup: two (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "<root>/m.py", line 2, in f
    | ValueError: a
    +---------------- 2 ----------------
    | LookupError: b
    +------------------------------------
"""


def test_a_group_of_exceptions_is_read_like_its_members() -> None:
    """Each behind a margin of its own."""
    tracebacks, rest = without_tracebacks(GROUP)
    assert tracebacks == [
        ["<root>/m.py, line 1, in <module>", "ExceptionGroup: two (2 sub-exceptions)"],
        ["<root>/m.py, line 2, in f", "ValueError: a"],
    ]
    assert "    | LookupError: b" in rest


def test_the_prompts_of_an_interpreter_are_no_part_of_what_is_said() -> None:
    """With -i they stand before what follows on the same line."""
    text = ">>> >>> Traceback (most recent call last):\nNameError: x\n>>> said\n>>> \n"
    assert without_tracebacks(text) == ([["NameError: x"]], ["said"])


LOGGED = """\
E+00000.078: Error while looking for the module
    Traceback (most recent call last):
      File "/lib/launcher.py", line 3, in main
    LookupError: logged
Traceback (most recent call last):
  File "/lib/launcher.py", line 9, in run
Traceback (most recent call last):
  File "<root>/pkg/__init__.py", line 1
    x = = 1
        ^
SyntaxError: invalid syntax
"""


def test_a_traceback_in_a_log_and_one_that_breaks_off_hide_no_other() -> None:
    """A launcher may log an error, and the program's own traceback follows."""
    tracebacks, rest = without_tracebacks(LOGGED)
    assert tracebacks == [
        ["LookupError: logged"],
        [],
        ["<root>/pkg/__init__.py, line 1", "SyntaxError: invalid syntax"],
    ]
    assert rest == ["E+00000.078: Error while looking for the module"]


# -- what is said of a difference ------------------------------------------------------------------------------

Causes = Callable[[Case, str], list[tuple[str, object, object]]]


@pytest.fixture
def causes(oracle_of: Callable[[Target], Oracle]) -> Causes:
    """Returns a function that judges a command by a case: of each cause the clause and what the two sides show."""
    oracle = oracle_of(find(sys.executable))

    def found(case: Case, command: str) -> list[tuple[str, object, object]]:
        divergences = judged_command(oracle, side_of(command), case)
        return [(divergence.signature.clause, divergence.oracle, divergence.candidate) for divergence in divergences]

    return found


def test_a_program_that_fails_before_it_tells_is_not_said_not_to_run(tmp_path: Path, causes: Causes) -> None:
    """The traceback shows that its code ran, and why it told nothing."""
    case = case_of({"program.py": "from witness import tell\ntell(name=__spec__.name)\n"})
    (told,) = causes(case, launcher(tmp_path, "main.__spec__ = None"))
    shown = ["<root>/program.py, line 2, in <module>", "AttributeError: 'NoneType' object has no attribute 'name'"]
    assert told == ("M-AS-RUN-MODULE", "told", shown)


def test_a_program_that_is_imported_is_not_taken_for_one_that_runs(tmp_path: Path, causes: Causes) -> None:
    """Before it runs as well, or in its place."""
    file = "<root>/program.py"
    twice = launcher(tmp_path, "__import__(name)")
    for about in ("M-PATH0-IS-FOLDER", "M-DOUBLE-DASH"):  # cases about something else, which may show in what runs
        case = replace(case_of(TELLS), clauses=(about,))
        assert causes(case, twice)[0] == ("M-RUNS-ONCE", {"absent": True}, f"import of {file}")
    (tmp_path / "launch.py").write_text("import os, sys; sys.path[0] = os.getcwd(); __import__(sys.argv[1])")
    assert causes(case_of(TELLS), twice)[0] == ("M-RUNS-ONCE", file, f"import of {file}")


def test_a_wrong_file_name_in_the_code_is_not_taken_for_another_program(tmp_path: Path, causes: Causes) -> None:
    """Nor does it hide what else differs."""
    command = launcher(tmp_path, "main.left_over = 1")
    file = tmp_path / "launch.py"
    code = "compile(spec.loader.get_source(name), '<made up>', 'exec')"
    file.write_text(file.read_text().replace("spec.loader.get_code(name)", code))
    found = causes(case_of(TELLS), command)
    assert found == [
        ("M-CODE-FILE-NAME", "<root>/program.py", "<made up>"),
        ("M-NO-FOREIGN-NAMES", {"absent": True}, "left_over"),
    ]


def test_sys_argv_while_a_package_loads_has_a_clause_of_its_own(tmp_path: Path, causes: Causes) -> None:
    """It is no breach of what the program itself finds there."""
    tells = "from witness import tell\ntell()\n"
    case = case_of({"pkg/__init__.py": "from . import mod", "pkg/mod.py": tells}, "-m", "pkg.mod")
    found = causes(case, launcher(tmp_path))
    assert [clause for clause, ours, _ in found if ours == "-m"] == ["M-ARGV0-WHILE-LOADING"]


def test_lines_in_another_order_are_not_said_to_be_missing(tmp_path: Path, causes: Causes) -> None:
    """Both orders are shown."""
    case = case_of({"program.py": "import atexit\natexit.register(print, 'last')\nprint('first')\n"})
    (tmp_path / "launch.py").write_text("import sys\nprint('last')\nprint('first')\n")
    assert causes(case, f"{{python}} {tmp_path}/launch.py {{name}}") == [
        ("M-OUTPUT-UNCHANGED", ["first", "last"], ["last", "first"])
    ]


def test_what_follows_from_a_status_that_follows_from_something_is_no_cause(tmp_path: Path, causes: Causes) -> None:
    """Names that are missing at exit, as the program has failed on what it saw."""
    source = "from witness import tell\ntell()\nname = __spec__.name\nlate = 1\n"
    found = causes(case_of({"program.py": source}), launcher(tmp_path, "main.__spec__ = None"))
    assert [clause for clause, _, _ in found] == ["M-SPEC-OF-MODULE"]


# -- whole runs ------------------------------------------------------------------------------------------------

ONE = "m_as_run_module/package_with_arguments"


def test_a_whole_run_of_python_m_conforms() -> None:
    """It is a fact, and no verdict, that the command is `python -m` itself."""
    done = conformance("--command={python} -m", "m_as_run_module", "--level=exact")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "conforms" in done.stdout.splitlines()[-2]


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("import sys; sys.exit(7)", "does not run the module `smoke_check`, and ends with 7"),
        ("input('sure? ')", "EOFError"),
        ("open('/dev/tty')", "does not run the module"),
        ("import time; time.sleep(100)", "has not ended within 2 s"),
        ("import sys; print('\\x1b[?1049h\\x1b[H'); sys.exit(1)", "moves the cursor of a terminal"),
    ],
    ids=["never runs it", "asks a question", "needs a terminal", "never ends", "draws"],
)
def test_a_command_that_runs_nothing_is_told_in_one_sentence(script: str, says: str, tmp_path: Path) -> None:
    """Status 3, and no traceback of ours."""
    (tmp_path / "launch.py").write_text(script)
    done = conformance(f"--command={{python}} {tmp_path}/launch.py", "--case-timeout=2", ONE)
    assert done.returncode == 3, done.stdout + done.stderr
    assert says in done.stderr
    assert "  File " not in done.stderr


def test_a_command_that_is_not_there_or_no_program(tmp_path: Path) -> None:
    """The sentence says what to do."""
    done = conformance("--command=no-such-command run", ONE)
    assert (done.returncode, "install it there" in done.stderr) == (3, True)
    (tmp_path / "plain.sh").write_text("#!/bin/sh\n")
    done = conformance(f"--command={tmp_path}/plain.sh", ONE)
    assert (done.returncode, "make it executable" in done.stderr) == (3, True)


@pytest.mark.parametrize(
    "arguments",
    [("--impl=mine",), ("--interpreter=" + sys.executable,), ("--oracle=recording",)],
)
def test_a_command_is_judged_alone(arguments: tuple[str, ...]) -> None:
    """Status 2 for what contradicts it."""
    done = conformance("--command=coverage run -m", *arguments, ONE)
    assert done.returncode == 2
    assert "--command" in done.stderr


def test_faults_that_show_in_the_same_way_are_findings_of_their_own(tmp_path: Path) -> None:
    """A lost status is one, in all cases; lines that are missing for two reasons are two."""
    (tmp_path / "quiet.py").write_text(
        IN_PROCESS.format(before="sys.setrecursionlimit(3333)", after="").replace("exec(", "try:\n    exec(")
        + "except BaseException:\n    pass\n__import__('atexit')._clear()\n"
    )
    names = ("exit_with_a_number", "exit_raised_by_hand", "registered_functions", "recursion_limit")
    done = conformance(f"--command={{python}} {tmp_path}/quiet.py", *(f"m_ending/{name}" for name in names))
    assert "3 findings" in done.stdout, done.stdout + done.stderr
    for finding in ("M-EXIT-STATUS (documented, 2 cases)", "M-ATEXIT-ORDER", "M-RECURSION-LIMIT"):
        assert finding in done.stdout, done.stdout


def test_an_executable_that_is_no_python_breaks_no_clause_about_hashes() -> None:
    """Under such a launcher the program of the fixture has nothing to compare its hashes with."""
    program = read(FIXTURES / "m_options" / "hash_seed.toml", FIXTURES).files["plain_program.py"]
    start = "import sys\nsys.executable = '/bin/false'\n"
    done = subprocess.run([sys.executable, "-c", f"{start}{program}"], capture_output=True, text=True, check=False)
    assert done.stdout == "True\n", done.stderr


def test_cases_of_commands_need_a_command() -> None:
    """Naming one without a command is a mistake, with a sentence that says how."""
    done = conformance(ONE)
    assert done.returncode == 2
    assert "--command=" in done.stderr


STAYS = "import subprocess\nsubprocess.Popen(['sleep', '98765'], start_new_session=True)"


def test_a_command_that_writes_without_end_is_killed(tmp_path: Path, fields: Fields) -> None:
    """It has a verdict, and the run goes on."""
    assert "process.status" in fields(case_of(TELLS), launcher(tmp_path, after="while True: print('x' * 100000)"))


def test_a_launcher_may_set_out_with_a_large_file(tmp_path: Path, fields: Fields) -> None:
    """A profiler's buffer, most of which holds nothing."""
    large = "import tempfile; buffer = tempfile.TemporaryFile(); buffer.truncate(200 << 20)"
    assert fields(case_of(TELLS), launcher(tmp_path, large)) == []


def test_nothing_that_a_command_has_started_is_left(tmp_path: Path, fields: Fields) -> None:
    """Not even in a session of its own."""
    assert fields(case_of(TELLS), launcher(tmp_path, STAYS)) == []
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        left = subprocess.run(["pgrep", "-f", "sleep 98765"], capture_output=True, text=True, check=False).stdout
        if not left:
            return
        time.sleep(0.1)
    pytest.fail("a process is left")


def test_a_find_has_a_program_that_shows_it_by_itself(tmp_path: Path) -> None:
    """The reproducer runs both commands, with nothing but the standard library."""
    command = launcher(tmp_path, "main.__spec__ = None")
    name = "families/launched/altering_sys.argv_is_restored"
    done = conformance(f"--command={command}", f"--finds={tmp_path / 'finds'}", name)
    assert done.returncode == 1, done.stdout + done.stderr
    (program,) = (tmp_path / "finds").glob("*/repro.py")
    shown = subprocess.run([sys.executable, program], capture_output=True, text=True, cwd="/", check=False)
    assert shown.returncode == 1, shown.stdout + shown.stderr
    assert "__spec__" in shown.stdout
    assert "python -m plain_module" in shown.stdout


def test_show_prints_what_a_command_shows() -> None:
    """For an author of fixtures."""
    done = conformance("show", ONE)
    assert done.returncode == 0, done.stderr
    assert "'ending': 0" in done.stdout
