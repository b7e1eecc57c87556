"""The commands that a run prints: pasted as they stand, they show again what they were printed for, and lead on."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from conformance import HOUSE, REFERENCE
from conformance.commands.options import OPTIONS
from conformance.commands.printed import REPEATED, PrintedCommands, Scope
from conformance.observation.interpreters import BadInterpreter, find
from conformance.report.answers import answers, mended
from conformance.report.findings import failing
from conformance.report.finds import Written
from conformance.report.runs import Run
from tests import made
from tests.harness import conformance
from tests.made import divergence, search, trial

CASE, OTHER = "packages/nested_package_runs_main", "altering_sys/argv_is_restored"
WRONG = (
    "import runpy, sys, time\n"
    "{first}\n"
    "def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):\n"
    "    found = runpy.run_module(mod_name, init_globals, run_name, alter_sys)\n"
    "    {then}\n"
    "    return found\n"
)
PACKAGE = "found['__package__'] = 'wrong'"

# -- the table -------------------------------------------------------------------------------------------------

GIVEN: Mapping[str, object] = {
    "target": "python3.12",
    "interpreter": "pypy3",
    "target_command": "node bridge.mjs",
    "oracle": "recording",
    "impl": "mypkg",
    "impl_path": "mypkg:run_script",
    "command": "coverage run -m",
    "command_path": "coverage run",
    "command_output": "judged",
    "import_from": "/a folder/src",
    "cases": "own",
    "level": "exact",
    "baseline": "known.toml",
    "case_timeout": 2.5,
    "load_timeout": 60.5,
    "profile": "thorough",
    "budget": "30m",
    "seed": 7,
    "database": "none",
    "finds": "elsewhere",
    "keyword": "a or b",
}
# Options that decide nothing of what a command shows.
OTHERWISE = {"--report", "--write-baseline", "--cores", "--smoke"}


def usual(**changed: object) -> Namespace:
    """The options of a run, of which these were given."""
    given = Namespace(**{name: changed.get(name, "") for name in ("interpreter", "target_command")})
    values = {repeated.name: repeated.default(given) for repeated in REPEATED.values()}
    return Namespace(**{**values, **changed})


def printed(*chosen: str, can_search: bool = True, **changed: object) -> PrintedCommands:
    """The commands of a run in which these options were given."""
    return PrintedCommands(usual(**changed), chosen, can_search, "python3", "suite", ())


def test_each_option_is_repeated_or_known_to_decide_nothing() -> None:
    """A new one has to be put into the table, or here."""
    names = {option.name for option in OPTIONS if not option.nox}
    assert names - OTHERWISE == {spelling for spelling in REPEATED if spelling.startswith("--")}
    assert {repeated.name for repeated in REPEATED.values()} == GIVEN.keys()


@pytest.mark.parametrize("spelling", REPEATED)
def test_an_option_that_was_given_is_repeated_where_it_decides_something(spelling: str) -> None:
    """And is one word of the line, whatever is in it; what was not given is not said."""
    repeated = REPEATED[spelling]
    commands = printed(**{repeated.name: GIVEN[repeated.name]})
    said = [f"{spelling}={GIVEN[repeated.name]}"] if spelling != "-k" else [spelling, str(GIVEN[repeated.name])]
    for scope in Scope:
        words = shlex.split(commands.command(scope, "x"))
        assert words == ["suite", *(said if scope >= repeated.scope else []), "x"]
    assert replace(commands, added=[spelling]).command(Scope.SELECTION) == "suite"


# -- what leads on ---------------------------------------------------------------------------------------------


def run_of(*trials: made.Record, **more: object) -> Run:
    """A run with these trials, as it is read back."""
    stream = made.run(trials, **more)  # type: ignore[arg-type]
    kinds: dict[str, list[made.Record]] = {}
    for record in stream:
        kinds.setdefault(record["record"], []).append(record)
    return Run(stream[0], list(trials), kinds["clause"], kinds.get("search", []), end=stream[-1])


GOOD, BAD = trial(CASE), trial(CASE, divergence())


@pytest.mark.parametrize(
    ("chosen", "given", "after"),
    [
        ([CASE], {}, "suite packages"),
        ([f"{CASE}::MAIN-SUBMODULE"], {"seed": 3}, "suite --seed=3 packages"),
        (["families/crossed/x"], {}, "suite families/crossed"),
        (["search/packages"], {}, "suite search"),
        (["packages"], {"level": "exact"}, "suite --level=exact"),
        (["PACKAGE-FROM-SPEC"], {}, "suite"),
        (["own/case"], {"cases": "mine"}, "suite --cases=mine"),
        ([CASE, OTHER], {}, "suite"),
        ([], {"keyword": "word"}, "suite"),
        ([], {"cases": "mine"}, "suite"),
        ([], {"profile": "quick"}, "suite"),
        ([], {}, "suite --profile=thorough"),
        ([], {"budget": "1h"}, "suite --level=exact --budget=1h"),
        ([], {"profile": "thorough"}, "suite --level=exact --profile=thorough"),
    ],
)
def test_what_conforms_leads_on(chosen: Sequence[str], given: Mapping[str, object], after: str) -> None:
    """From a case to its chapter, from a chapter to everything, from everything to more of it."""
    assert printed(*chosen, **given).next_command(run_of(GOOD), {}, []) == after


def test_where_there_is_nothing_more_nothing_is_said() -> None:
    """Everything at every level; and a run of everything in which nothing ran."""
    done = run_of(GOOD, level=made.Level.EXACT)
    assert printed(profile="thorough", level="exact").next_command(done, {}, []) == ""
    assert printed(can_search=False, level="exact").next_command(done, {}, []) == ""
    assert printed().next_command(run_of(), {}, []) == ""
    assert printed("packages").next_command(run_of(), {}, []) == "suite"


def test_what_diverges_leads_to_the_first_finding_and_then_to_both_sides() -> None:
    """The case alone; if it was alone, the page that shows what each side did; if that was made, the chapter."""
    run = run_of(BAD)
    again = f"suite {CASE}::PACKAGE-FROM-SPEC"
    assert printed().next_command(run, {}, []) == again
    assert printed("packages").next_command(run, {}, []) == again
    for word in (CASE, f"{CASE}::PACKAGE-FROM-SPEC", f"{CASE}::MAIN-SUBMODULE"):
        assert printed(word).next_command(run, {}, []) == f"{again} --report=conformance.html"
        assert printed(word).next_command(run, {}, ["x.HTML"]) == "suite packages"


def test_an_interrupted_run_leads_to_a_shorter_one() -> None:
    """If there is one."""
    run = run_of(GOOD, status=130)
    assert printed(level="exact").next_command(run, {}, []) == "suite --level=exact --profile=quick"
    assert printed("packages").next_command(run, {}, []) == ""
    assert printed().next_command(run_of(BAD, status=130), {}, []) == f"suite {CASE}::PACKAGE-FROM-SPEC"


def test_a_find_leads_to_its_program_or_to_its_own_search() -> None:
    """The program only in the interpreter that showed it; the search with all that it was given."""
    name = "search/packages/0123456789"
    run = run_of(trial(name, divergence(), fixture="x", clauses=[]), searches=[search(finds=[name])])
    written = Written(Path("/finds dir/one/fixture.toml"), Path("/finds dir/one/repro.py"), True)
    commands = printed(seed=7, level="exact")
    own = "suite --level=exact '--cases=/finds dir' one/fixture::PACKAGE-FROM-SPEC"
    program = "python3 '/finds dir/one/repro.py'"
    assert commands.commands.of(failing(run)[0], written) == [program, own]
    assert commands.next_command(run, {name: written}, []) == program
    unshown = {name: replace(written, shows=False)}
    assert commands.next_command(run, unshown, []) == own
    assert commands.next_command(run, {}, []) == "suite --level=exact --seed=7 search/packages"


# -- a case that is tried for a clause ---------------------------------------------------------------------------

COPY = divergence("RESULT-COPY", phase="result", field="result.identity", kind="identity")


@pytest.mark.parametrize(
    ("record", "answer"),
    [
        (trial(CASE), "conforms here now"),
        (trial(CASE, COPY), "conforms here now; this case also shows RESULT-COPY"),
        (trial(CASE, divergence(level="exact"), COPY), "differs here, above the level of the run"),
        (trial(CASE, divergence(), COPY), "still diverges here"),
        (
            trial(CASE, divergence(expected={"reason": "so be it", "link": "", "at": "known.toml:3"})),
            "differs here as the baseline expects",
        ),
        (
            trial(CASE, divergence("MISSING-MODULE", phase="resolve", field="outcome", kind="raises")),
            "cannot be told here as yet: this case goes wrong for MISSING-MODULE first",
        ),
        (
            trial(CASE, COPY, divergence(cause=False)),
            "cannot be told here as yet: this case goes wrong for RESULT-COPY first",
        ),
        (trial(CASE, verdict="not-run", reason="it needs zip"), "cannot be told here: it needs zip"),
    ],
)
def test_what_has_become_of_the_clause_that_was_asked_about(record: made.Record, answer: str) -> None:
    """It conforms only where the case shows that: what parts the two sides before it leaves it open."""
    run = run_of(record, asked={CASE: ["PACKAGE-FROM-SPEC"]})
    assert list(answers(run)) == [f"PACKAGE-FROM-SPEC: {answer}"]
    assert mended(run) == answer.startswith("conforms")


def test_the_clause_that_was_asked_about_is_the_first_of_its_finding() -> None:
    """Whichever clause is the first otherwise."""
    both = trial(CASE, divergence("PACKAGE-FROM-SPEC"), divergence("INIT-SPECIALS-OVERRIDDEN"))
    clauses = {}
    for clause in ("PACKAGE-FROM-SPEC", "INIT-SPECIALS-OVERRIDDEN"):
        (finding,) = failing(run_of(both, asked={CASE: [clause]}))
        clauses[clause] = finding.clause
    assert clauses == {clause: clause for clause in clauses}


def test_when_the_mended_clause_conforms_the_rest_is_named(tmp_path: Path) -> None:
    """The case goes on failing the run; when nothing is left, it conforms; and the chapter is next."""
    wrong = WRONG.format(first="", then=f"{PACKAGE}; found.pop('where', 0)")
    (tmp_path / "mine.py").write_text(wrong)
    asked = f"{CASE}::PACKAGE-FROM-SPEC"
    before = conformance("--impl=mine", asked, folder=tmp_path)
    assert before.returncode == 1
    assert "\nPACKAGE-FROM-SPEC: still diverges here\n" in before.stdout
    (tmp_path / "mine.py").write_text(wrong.replace(PACKAGE, "pass"))
    partly = conformance("--impl=mine", asked, folder=tmp_path)
    assert partly.returncode == 1
    assert "\nPACKAGE-FROM-SPEC: conforms here now; this case also shows RESULT-IS-GLOBALS\n" in partly.stdout
    assert "status 1: diverges (1 case diverges)" in partly.stdout
    (tmp_path / "mine.py").write_text("from runpy import run_module\n")
    wholly = conformance("--impl=mine", asked, folder=tmp_path)
    assert wholly.returncode == 0
    assert "\nPACKAGE-FROM-SPEC: conforms here now\n" in wholly.stdout
    assert "status 0: conforms (1 case conforms)" in wholly.stdout
    assert [lines(done, "next")[0].split()[-1] for done in (partly, wholly)] == ["packages", "packages"]


@pytest.mark.parametrize("word", [f"{CASE}::NO-SUCH", f"{CASE}::", "packages::MAIN-SUBMODULE", "search/packages::X"])
def test_only_a_case_is_tried_for_a_clause(word: str, tmp_path: Path) -> None:
    """And only for one that there is; anything else is refused in a sentence."""
    done = conformance(word, folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"{word!r} is ")


# -- pasted ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the command `runpy-conformance`, laid out as it is where the suite is installed."""
    place = tmp_path_factory.mktemp("installed")
    package = place / "site" / "runpy_conformance"
    shutil.copytree(HOUSE / "conformance", package, ignore=shutil.ignore_patterns("__pycache__"))
    for room in ("fixtures", "reference", "docs"):
        shutil.copytree(HOUSE / room, package / room, ignore=shutil.ignore_patterns("__pycache__"))
    command = place / "runpy-conformance"
    command.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(place / 'site')!r})\n"
        "from runpy_conformance.__main__ import main\nsys.exit(main())\n"
    )
    command.chmod(0o755)
    return place


def shell(line: str, folder: Path, *places: Path) -> subprocess.CompletedProcess[str]:
    """Run a line as it would be pasted into a shell in a folder. places: where commands are found first."""
    path = os.pathsep.join([*map(str, places), str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "NOX_SCRIPT_MODE": "none", "XDG_CACHE_HOME": str(folder / "cache")}
    return subprocess.run(
        line, shell=True, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def lines(done: subprocess.CompletedProcess[str], label: str) -> list[str]:
    """The commands behind a label."""
    assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
    return re.findall(rf"^(?:  )?{label}:? +(\S.*)$", done.stdout, re.MULTILINE)


def entries(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The clauses with which the findings begin."""
    return re.findall(r"^([A-Z][A-Z-]+)  \w+, \w+", done.stdout, re.MULTILINE)


@pytest.fixture(params=["installed", "nox"])
def front(request: pytest.FixtureRequest, installed: Path, tmp_path: Path) -> str:
    """The beginning of a command, for somebody who stands in the candidate's folder."""
    if request.param == "nox":
        pytest.importorskip("nox")
        noxfile, environments = HOUSE / "noxfile.py", tmp_path / "environments"
        return shlex.join(["nox", "-R", "-f", str(noxfile), "--envdir", str(environments), "-s", "conformance", "--"])
    return "runpy-conformance"


def own_fixture(folder: Path) -> None:
    """A folder with a fixture of the user's."""
    (folder / "own" / "packages").mkdir(parents=True)
    (folder / "own" / "packages" / "mine.toml").write_text(made.CASE.replace("('m')", "('m', {}, 'a.b')"))


# What is written, which options are given, and by which clause the candidate is then said to diverge. Without the
# options it would not be, or not by that alone.
DECIDING: Mapping[str, tuple[str, str, Sequence[str], str]] = {
    "target": ("", f"if sys.version_info[:2] == (3, 12): {PACKAGE}", ["--target=python3.12"], "PACKAGE-FROM-SPEC"),
    "level": ("", "found['additional'] = found.pop('__builtins__')", ["--level=exact"], "BUILTINS-LIVE"),
    "import-from": ("", PACKAGE, ["--import-from={folder}/src"], "PACKAGE-FROM-SPEC"),
    "cases": ("", "found.pop('x', 0)", ["--cases=own"], "RESULT-IS-GLOBALS"),
    "oracle": ("", PACKAGE, ["--oracle=recording"], "PACKAGE-FROM-SPEC"),
    "case-timeout": ("", "time.sleep(3 * alter_sys)", ["--case-timeout=1"], "ARGV-RESTORED"),
}


@pytest.mark.parametrize("what", DECIDING)
def test_what_is_printed_shows_the_same_again(what: str, front: str, installed: Path, tmp_path: Path) -> None:
    """From nox and from the installed command: the finding stands again; and `next` is not what has just been run."""
    first, then, given, clause = DECIDING[what]
    options = [argument.format(folder=tmp_path) for argument in given]
    if what == "target":
        needs("python3.12")
    own_fixture(tmp_path)
    place = tmp_path / "src" if what == "import-from" else tmp_path
    place.mkdir(exist_ok=True)
    (place / "mine.py").write_text(WRONG.format(first=first, then=then))
    target = [] if what == "target" else [f"--target={sys.executable}"]
    case = ["packages/mine"] if what == "cases" else [CASE, OTHER]
    done = shell(shlex.join([*shlex.split(front), "--impl=mine", *target, *options, *case]), tmp_path, installed)
    assert clause in entries(done), done.stdout + done.stderr
    paste(done, clause, front, installed, tmp_path)


def paste(
    done: subprocess.CompletedProcess[str], clause: str, front: str, installed: Path, folder: Path
) -> subprocess.CompletedProcess[str]:
    """Paste the command of a clause's finding, and see that it stands there again, and what is next leads on."""
    (again,) = [line for line in lines(done, "again") if line.endswith(f"::{clause}")]
    assert again.split()[0] == front.split(maxsplit=1)[0]
    pasted = shell(again, folder, installed)
    assert (pasted.returncode, clause in entries(pasted)) == (1, True), again + pasted.stdout + pasted.stderr
    assert f"\n{clause}: still diverges here\n" in pasted.stdout
    assert "(1 case diverges)" in pasted.stdout
    (following,) = lines(pasted, "next")
    assert following != again
    return pasted


def needs(python: str) -> None:
    """Skip the test where there is no such interpreter."""
    try:
        find(python)
    except BadInterpreter:
        pytest.skip(f"no {python} here")


def test_what_a_baseline_expects_stays_expected(front: str, installed: Path, tmp_path: Path) -> None:
    """In the command that is printed for something else in the same case; and in the next."""
    (tmp_path / "mine.py").write_text(WRONG.format(first="", then=f"{PACKAGE}; found.pop('where', 0)"))
    (tmp_path / "known.toml").write_text(
        '[[expected]]\nreason = "so be it"\n[expected.signatures]\n'
        f'"PACKAGE-FROM-SPEC, result, result.__package__, value" = "{CASE}"\n'
    )
    asked = ["--impl=mine", f"--target={sys.executable}", "--baseline=known.toml", CASE, OTHER]
    done = shell(shlex.join([*shlex.split(front), *asked]), tmp_path, installed)
    assert entries(done) == ["RESULT-IS-GLOBALS"], done.stdout + done.stderr
    pasted = paste(done, "RESULT-IS-GLOBALS", front, installed, tmp_path)
    assert entries(pasted) == ["RESULT-IS-GLOBALS"]
    (following,) = lines(pasted, "next")
    assert "known.toml" in following


def test_a_find_of_the_search_shows_again(front: str, installed: Path, tmp_path: Path) -> None:
    """By its program, by the case that was written, and, for whoever has not these files, by the search."""
    text = (REFERENCE / "__init__.py").read_text(encoding="utf-8")
    assert text.count("return namespace.copy()") == 1
    (tmp_path / "mine.py").write_text(text.replace("return namespace.copy()", "return namespace"))
    asked = ["--impl=mine", f"--target={sys.executable}", "--seed=3", "--finds=my finds", "search/altering_sys"]
    done = shell(shlex.join([*shlex.split(front), *asked, "--report=out.md"]), tmp_path, installed)
    assert entries(done) == ["RESULT-COPY"], done.stdout + done.stderr
    (again,), (other,) = lines(done, "again"), lines(done, "or")
    assert shell(again, tmp_path, installed).returncode == 1
    pasted = shell(other, tmp_path, installed)
    assert entries(pasted) == ["RESULT-COPY"], other + pasted.stdout + pasted.stderr
    assert other in (tmp_path / "out.md").read_text()
    place = Path(shlex.split(again)[-1]).parent
    shutil.rmtree(place)
    place.write_text("no folder can be made here")
    unwritten = shell(shlex.join([*shlex.split(front), *asked]), tmp_path, installed)
    (again,) = lines(unwritten, "again")
    assert "--seed=3" in again
    assert entries(shell(again, tmp_path, installed)) == ["RESULT-COPY"]


def test_what_was_installed_is_installed_again(tmp_path: Path) -> None:
    """By nox, which makes the environment; from a wheel that lies where nobody imports from."""
    pytest.importorskip("nox")
    needs("python3.12")
    wheels = tmp_path / "some wheels"
    wheels.mkdir()
    with zipfile.ZipFile(wheels / "mine-1-py3-none-any.whl", "w") as archive:
        archive.writestr("mine.py", WRONG.format(first="", then=PACKAGE))
        archive.writestr("mine-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: mine\nVersion: 1\n")
        archive.writestr("mine-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("mine-1.dist-info/RECORD", "")
    front = shlex.join(
        ["nox", "-f", str(HOUSE / "noxfile.py"), "--envdir", str(tmp_path / "envs"), "-s", "conformance-3.12", "--"]
    )
    wheel = shlex.quote("--install=some wheels/mine-1-py3-none-any.whl")
    done = shell(f"{front} --impl=mine {wheel} {CASE} {OTHER}", tmp_path)
    assert "PACKAGE-FROM-SPEC" in entries(done), done.stdout + done.stderr
    paste(done, "PACKAGE-FROM-SPEC", front, tmp_path, tmp_path)
