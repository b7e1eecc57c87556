"""The command as its user meets it: what bad input gets, and which exit status means what."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conformance import HOUSE
from conformance.clauses import CHAPTERS
from tests.harness import all_cases, conformance

ONE_FIXTURE = "packages/nested_package_runs_main"


def adapter(folder: Path, source: str, name: str = "adapter.py") -> str:
    """An --impl whose module has this source."""
    path = folder / name
    path.write_text(source, encoding="utf-8")
    return f"--impl={path}:run_module"


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The text on stderr, which must be one clear sentence and the status, without a traceback."""
    assert "Traceback" not in done.stdout + done.stderr
    sentence, last = done.stderr.strip().splitlines()[-2:]
    assert last.startswith(f"status {done.returncode}: ")
    return sentence


BAD_CANDIDATES = {
    "is a syntax error": (
        "x = 1\ndef run_module(:\n",
        "raises SyntaxError when it is imported: invalid syntax ({file}, line 2)",
    ),
    "cannot import what it needs": ("import no_such\n", "No module named 'no_such' ({file}, line 1)"),
    "has no callable": ("run_module = 5\n", "has no callable 'run_module' and no 'run_path'"),
    "has nothing of that name": ("x = 1\n", "NAME a run_path"),
    "raises at import": (
        "import sys\n\nraise LookupError('no luck')\n",
        "raises LookupError when it is imported: no luck ({file}, line 3)",
    ),
    "raises elsewhere at import": (
        "import json\n\njson.loads('?')\n",
        ", reached from {file}, line 3)",
    ),
    "exits at import": ("raise SystemExit(0)\n", "exits when it is imported (SystemExit: 0) ({file}, line 1)"),
    "ends the process at import": ("import os\nos._exit(0)\n", "ended the interpreter while it was being imported"),
    "crashes at import": (
        "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n",
        "ended the interpreter while it was being imported (signal SIGSEGV)",
    ),
    "hangs at import": ("while True: pass\n", "did not finish being imported within 1 seconds"),
    "cannot be called that way": ("def run_module(): pass\n", "without running the module"),
}


@pytest.mark.parametrize("fault", BAD_CANDIDATES)
def test_a_candidate_that_cannot_be_used_is_refused(fault: str, tmp_path: Path) -> None:
    """Status 3 and one sentence."""
    source, sentence = BAD_CANDIDATES[fault]
    impl = adapter(tmp_path, source).removesuffix(":run_module")  # as a user who has both functions gives it
    done = conformance(impl, "--load-timeout=1", ONE_FIXTURE)
    assert done.returncode == 3
    assert sentence.format(file=tmp_path / "adapter.py") in complaint(done)


@pytest.mark.parametrize(
    ("impl", "sentence"),
    [
        ("--impl=docs/", f"There is no file {HOUSE / 'docs' / '__init__.py'}: the folder is no package"),
        ("--impl=no_such_package_here", "There is no module 'no_such_package_here'"),
        ("--impl=json:no_such_name", "json has no callable 'no_such_name'"),
        ("--impl=/no/such/file.py", "There is no file /no/such/file.py"),
    ],
)
def test_a_candidate_that_is_not_there(impl: str, sentence: str) -> None:
    """Status 3 and one sentence."""
    done = conformance(impl, ONE_FIXTURE)
    assert done.returncode == 3
    assert sentence in complaint(done)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--target=/no/such/python"], "There is no interpreter '/no/such/python'"),
        (["--target=/bin/ls"], "does not answer as a Python interpreter"),
        (["--impl=:run_module"], "--impl: ':run_module' names no callable; give mypkg, mypkg.mod:callable or"),
        (["--impl=json:"], "--impl: 'json:' names no callable"),
        (["--impl=adapter.py:"], "--impl: 'adapter.py:' names no callable"),
        (["--level=strict"], "there is no level 'strict'"),
        (["NO-SUCH-CLAUSE"], "'NO-SUCH-CLAUSE' is neither a clause, nor a chapter, nor a fixture"),
        (["WARNING-LOCATION"], "WARNING-LOCATION is never judged"),
        (["--report=/no/such/folder/out.jsonl"], "cannot be written"),
        (["--cases=/no/such/folder"], "--cases: there is no folder /no/such/folder"),
        (["--cases=.ci"], "holds no fixtures"),
        (["no_such_folder/test_file.py"], "is neither a clause, nor a chapter, nor a fixture"),
    ],
)
def test_a_command_that_makes_no_sense(arguments: list[str], sentence: str) -> None:
    """Status 2 and one sentence."""
    done = conformance(*arguments)
    assert done.returncode == 2
    assert sentence in complaint(done)


def test_an_option_that_does_not_exist() -> None:
    """Status 2, our usage and one sentence."""
    done = conformance("--no-such-option")
    assert done.returncode == 2
    usage, sentence, _ = done.stderr.splitlines()
    assert usage == "usage: python -m conformance [--impl=SPEC] [OPTION ...] [CLAUSE | CHAPTER | FIXTURE ...]"
    assert sentence == "There is no option --no-such-option; `python -m conformance --help` lists the options."


def test_an_interpreter_that_is_too_old(tmp_path: Path) -> None:
    """Status 2 and one sentence."""
    path = tmp_path / "python3.6"
    path.write_text("#!/bin/sh\necho cpython 3.6.15 final0\n")
    path.chmod(0o755)
    done = conformance(f"--target={path}")
    assert done.returncode == 2
    assert "is Python 3.6.15; targets are Python 3.8 and later" in complaint(done)


def test_an_interpreter_of_another_age() -> None:
    """Python 2 says its version, and is refused in the same words."""
    python = shutil.which("python2.7")
    if python is None:
        pytest.skip("no Python 2 here")
    done = conformance(f"--target={python}")
    assert done.returncode == 2
    assert "targets are Python 3.8 and later" in complaint(done)


def test_a_target_may_be_a_relative_path(tmp_path: Path) -> None:
    """From the folder in which the command is given."""
    (tmp_path / "python").symlink_to(sys.executable)
    assert conformance("--target=./python", ONE_FIXTURE, folder=tmp_path).returncode == 0


BAD_FIXTURES = {
    "syntax": ("summary = \n", "this is not TOML"),
    "unknown clause": ("summary = 'A b'\nclauses = ['NO-SUCH']\ncall = '1'\n", "there is no clause 'NO-SUCH'"),
    "unknown key": ("summary = 'A b'\ncalls = '1'\n", "there is no key 'calls' in a fixture"),
    "no step": ("summary = 'A b'\n", "give either `call`, `command` or `[[steps]]`"),
    "call does not parse": ("summary = 'A b'\ncall = 'run_module('\n", "step 1: `call` does not parse"),
    "unknown requirement": (
        "summary = 'A b'\ncall = '1'\nrequires = ['luck']\n",
        "there is nothing called 'luck' to require",
    ),
    "unknown recipe": ("summary = 'A b'\ncall = '1'\n[files]\n'a' = { rar = 'x' }\n", "is a text or a recipe with one"),
    "file outside": ("summary = 'A b'\ncall = '1'\n[files]\n'../a' = 'x'\n", "lies outside of the world"),
}


@pytest.mark.parametrize("fault", BAD_FIXTURES)
def test_a_bad_fixture_is_named(fault: str, tmp_path: Path) -> None:
    """Status 4, the file and one sentence."""
    text, sentence = BAD_FIXTURES[fault]
    path = tmp_path / "packages" / "bad.toml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    done = conformance(f"--cases={tmp_path}")
    assert done.returncode == 4
    assert sentence in done.stdout
    assert str(path) in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    """The last line of what was printed, before the command to run next."""
    return [line for line in done.stdout.strip().splitlines() if not line.startswith("next: ")][-1]


def test_conforming_is_zero() -> None:
    """The reference, by default."""
    done = conformance(ONE_FIXTURE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "status 0: conforms" in last_line(done)


def test_work_can_be_divided() -> None:
    """Pytest's -n: the workers have the plugin and the selection, and what they find arrives."""
    done = conformance(ONE_FIXTURE, "PACKAGE-FROM-SPEC", "-n", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "status 0: conforms" in last_line(done)
    assert "warning" not in done.stdout


@pytest.mark.parametrize("words", [["-k", "no_such_case"], ["--collect-only"]])
def test_what_was_not_run_never_conforms(words: list[str]) -> None:
    """Status 5, and no table of nothing."""
    done = conformance(ONE_FIXTURE, *words)
    assert done.returncode == 5
    assert "status 5: nothing ran" in last_line(done)
    assert "clauses that conform" not in done.stdout


def test_stopping_early_counts_what_was_found(tmp_path: Path) -> None:
    """Pytest's -x."""
    done = conformance(adapter(tmp_path, "def run_module(mod_name, *rest, **named): __import__(mod_name)\n"), "-x")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "status 1: diverges" in last_line(done)


def test_the_simplest_cases_run_first() -> None:
    """Chapter after chapter, in the order of the specification, and in each the smallest case first."""
    done = conformance("--collect-only", "--profile=quick")
    ids = [line.partition("::")[0].removesuffix(".toml").removeprefix("fixtures/") for line in done.stdout.splitlines()]
    cases = [case for name in ids if (case := all_cases().get(name))]
    places = [(list(CHAPTERS).index(case.chapter), case.size[0]) for case in cases]
    assert len(places) == len(all_cases())
    assert places == sorted(places)


def test_stopping_early_shows_a_simple_case(tmp_path: Path) -> None:
    """An implementation that never alters sys is told so by three lines, and not by what a thread prints."""
    source = """
from runpy import run_module as run
def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    return run(mod_name, init_globals, run_name, False)
"""
    given = adapter(tmp_path, source)
    done = conformance(given, "-x", f"--finds={tmp_path}", "--database=none")
    assert done.returncode == 1, done.stderr
    assert done.stdout.count("\nARGV-IS-FILE  documented") == 1
    assert "The first case that diverges" not in done.stdout, "the findings come at once"
    assert "case       calling_convention/main_form_by_keyword" in done.stdout


def test_the_observation_of_a_case_can_be_looked_at() -> None:
    """For whoever writes a fixture; and a fault is one sentence here as well."""

    def show(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "conformance.commands.show", *arguments]
        return subprocess.run(command, cwd=HOUSE, capture_output=True, text=True, timeout=120, check=False)

    done = show(f"fixtures/{ONE_FIXTURE}.toml", "--impl=reference")
    assert done.returncode == 0, done.stderr
    assert "['where', {'tuple': ['__main__', 'outer.inner']}]" in done.stdout
    for arguments, status in ((["no/such"], 2), ([ONE_FIXTURE, "--target=/no"], 2), ([ONE_FIXTURE, "--impl=nope"], 3)):
        done = show(*arguments)
        assert done.returncode == status
        assert len(done.stderr.strip().splitlines()) == 1


def test_diverging_is_one_and_the_report_says_what(tmp_path: Path) -> None:
    """The clause in words, the case, both sides, and the command that shows it again; the same in the records."""
    source = (
        "import runpy\n"
        "def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):\n"
        "    found = runpy.run_module(mod_name, init_globals, run_name, alter_sys)\n"
        "    found['__package__'] = found['__name__']\n"
        "    return found\n"
    )
    report = tmp_path / "out.jsonl"
    done = conformance(adapter(tmp_path, source), ONE_FIXTURE, f"--report={report}")
    assert done.returncode == 1
    assert "status 1: diverges" in last_line(done)
    assert "PACKAGE-FROM-SPEC" in done.stdout
    assert "oracle     'outer.inner'\n" in done.stdout
    assert "candidate  '__main__'\n" in done.stdout
    again = next(line for line in done.stdout.splitlines() if line.strip().startswith("again"))
    assert again.split()[2:4] == ["-m", "conformance"]
    records = [json.loads(line) for line in report.read_text().splitlines()]
    assert [record["record"] for record in records[:2]] == ["run", "trial"]
    assert records[-1]["record"] == "end"
    assert records[-1]["status"] == 1
    (divergence,) = (divergence for divergence in records[1]["divergences"] if divergence["cause"])
    assert (divergence["clause"], divergence["phase"], divergence["kind"]) == ("PACKAGE-FROM-SPEC", "result", "value")
    verdicts = {record["id"]: record["verdict"] for record in records if record["record"] == "clause"}
    assert verdicts["PACKAGE-FROM-SPEC"] == "diverges"
    assert "conforms" not in {verdicts[clause] for clause in verdicts if clause.startswith("ALTER")}


def test_offering_nothing_is_five(tmp_path: Path) -> None:
    """Unsupported is neither conforming nor diverging."""
    source = (
        "from under_test import Unsupported\n"
        "def run_module(*arguments, **named):\n"
        "    raise Unsupported('only on Sundays')\n"
    )
    done = conformance(adapter(tmp_path, source), ONE_FIXTURE)
    assert done.returncode == 5
    assert "only on Sundays" in done.stdout
    assert "status 5: nothing ran" in last_line(done)


def test_an_exact_divergence_fails_only_at_that_level(tmp_path: Path) -> None:
    """It is named all the same."""
    source = (
        "import runpy\n"
        "def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):\n"
        "    found = runpy.run_module(mod_name, init_globals, run_name, alter_sys)\n"
        "    found['additional'] = found.pop('__builtins__')\n"
        "    return found\n"
    )
    impl = adapter(tmp_path, source)
    compat, exact = conformance(impl, ONE_FIXTURE), conformance(impl, ONE_FIXTURE, "--level=exact")
    assert (compat.returncode, exact.returncode) == (0, 1)
    assert "KEYS-ONLY-THESE" in compat.stdout
    assert "KEYS-ONLY-THESE" in exact.stdout


ILL_BEHAVED = {
    "crashes": ("os.kill(os.getpid(), signal.SIGSEGV)", "the process was killed by signal 11"),
    "exits": ("os._exit(0)", "the process ended with exit status 0"),
    "hangs": ("while True: pass", "no end within 1.0 s"),
    "hangs, deaf": (
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n    while True: pass",
        "no end within 1.0 s",
    ),
    "closes everything": ("os.closerange(0, 200)\n    return {}", "step 1"),
    "leaves children": ("os.fork() or time.sleep(60)\n    return {}", "step 1"),
}


@pytest.mark.parametrize("habit", ILL_BEHAVED)
def test_whatever_a_candidate_does_the_run_goes_on(habit: str, tmp_path: Path) -> None:
    """It is a divergence, told as what it is, and the run comes to its end."""
    does, said = ILL_BEHAVED[habit]
    source = f"import os, signal, time\ndef run_module(*arguments, **named):\n    {does}\n"
    done = conformance(adapter(tmp_path, source), "--case-timeout=1", ONE_FIXTURE, "PACKAGE-IMPORTED")
    assert done.returncode == 1, done.stdout + done.stderr
    assert said in done.stdout
    if habit.startswith("hangs"):
        assert "the simplest call has not ended for 0.5 s; the suite waits for 1 s" in done.stdout
    assert "status 1: diverges" in last_line(done)


def test_an_interrupted_run_keeps_its_report_and_leaves_nothing(tmp_path: Path) -> None:
    """Status 130; no process and no temporary folder remains."""
    source = "import time\ndef run_module(*arguments, **named):\n    time.sleep(60)\n"
    report, scratch = tmp_path / "out.jsonl", tmp_path / "tmp"
    scratch.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "conformance", adapter(tmp_path, source), f"--report={report}", "--case-timeout=2"],
        cwd=HOUSE,
        env={**os.environ, "TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - a shell's `&` ignores it
    )
    with process:
        try:
            while not (report.exists() and report.read_text().count("\n") >= 2):
                assert process.poll() is None
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            printed, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert "status 130: interrupted" in printed.strip().splitlines()[-2]
    assert json.loads(report.read_text().splitlines()[-1])["status"] == 130
    assert not list(scratch.iterdir())


def test_an_interruption_before_anything_has_begun_says_nothing(tmp_path: Path) -> None:
    """While pytest is being imported, which takes a while."""
    (tmp_path / "pytest.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    done = subprocess.run(
        [sys.executable, "-m", "conformance"],
        cwd=HOUSE,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
