"""Nothing a candidate does can break the run, and nothing of it remains.

Each file of `tests/fakes` is a candidate that does one thing to its surroundings when it is asked to run the module
`victim`, and otherwise what runpy does. Its docstring says what must come out of that case, and how it is told; what
comes out of the cases before and after it is what always does.
"""

from __future__ import annotations

import ast
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from conformance import HOUSE
from conformance.agent import NONSENSE, PROTOCOL
from conformance.cases.model import Case, Step
from conformance.clauses import Level
from conformance.judge.trial import Trial
from conformance.observation import agent_process, scratch
from conformance.observation.interpreters import Target, find
from conformance.observation.live import LiveSide
from conformance.observation.side import AgentError
from conformance.search.examine import Examiner
from tests.harness import Oracle, all_cases

FAKES = {path.stem: path for path in sorted((Path(__file__).parent / "fakes").glob("*.py"))}
LINUX = sys.platform.startswith("linux")
QUIET = all_cases()["packages/nested_package_runs_main"]
VICTIM = Case(
    files={"victim.py": "x = 1\n"},
    steps=(Step("call", "run_module('victim')"),),
    id="packages/victim",
    clauses=("PACKAGE-FROM-SPEC",),
)
CASES = [QUIET, VICTIM, replace(QUIET, id="packages/once_more")]
# With everything that root may have on Linux; and as it is for others.
GUARDS = {"apart": "", "as anybody": "import os; os.geteuid = lambda: 1; "}
# Those to whom it makes a difference.
SERIOUS = ("fills_memory", "forks_endlessly", "kills_its_parent", "leaves_a_daemon", "leaves_children", "segfaults")
# Fakes whose every case is like the victim's.
THOROUGH = ("is_a_class", "is_a_c_function", "is_a_coroutine_function", "is_a_partial", "delegates")


def promised(fake: str) -> tuple[set[str], str]:
    """The verdicts of which one must come out, and a text with which it is told."""
    told = (ast.get_docstring(ast.parse(FAKES[fake].read_text(encoding="utf-8"))) or "").splitlines()[-1]
    verdicts, _, text = told.partition(": ")
    return set(verdicts.split(" or ")), text


def words(trial: Trial) -> str:
    """The places and values of a trial's differences, as one text."""
    return " ".join(
        f"{divergence.where} {divergence.oracle} {divergence.candidate}" for divergence in trial.divergences
    )


def processes(of: str) -> list[int]:
    """The processes that were started with this text among their arguments, and what they have forked."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):  # its files are asked for below: a process may end meanwhile
        try:
            if of.encode() in (process / "cmdline").read_bytes():
                found.append(int(process.name))
        except OSError:
            continue
    return found


def eventually(true: Callable[[], bool], seconds: float = 30) -> bool:
    """Wait for it."""
    deadline = time.monotonic() + seconds
    while not (done := true()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return done


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the temporary folders are made."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder


@pytest.fixture
def examined(
    oracle_of: Callable[[Target], Oracle], request: pytest.FixtureRequest
) -> Iterator[Callable[[str], Examiner]]:
    """The examiner of a fake; what it has left behind is looked for afterwards."""
    oracle = oracle_of(find(sys.executable)).side  # which other tests use, and so before `place`
    place: Path = request.getfixturevalue("place")
    sides: list[LiveSide] = []
    names: list[str] = []
    shared = set(os.listdir("/dev/shm")) if LINUX else set()

    def get(fake: str) -> Examiner:
        timeout = 2 if "hangs" in promised(fake)[0] else 20
        sides.append(LiveSide(find(sys.executable), str(FAKES[fake]), timeout=timeout))
        names.append(fake)
        return Examiner(oracle, sides[-1], Level.EXACT)

    yield get
    for side in sides:
        side.close()
    assert not list(place.iterdir())
    if LINUX:
        assert not any(processes(str(FAKES[name])) for name in names)
        left = Path("/dev/shm", "left_by_a_fake")
        if os.geteuid() == 0:
            assert left.name in shared or not left.exists()
        elif left.name not in shared:  # as docs/survival.md says
            left.unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("fake", "guard"), [(fake, guard) for guard in GUARDS for fake in FAKES if guard == "apart" or fake in SERIOUS]
)
def test_a_fake_gets_its_verdict_and_the_others_theirs(
    fake: str, guard: str, examined: Callable[[str], Examiner], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The verdict that its docstring promises; what comes before and after agrees, and nothing is unconfirmed."""
    monkeypatch.setattr(agent_process, "_GUARD", GUARDS[guard] + agent_process._GUARD)
    verdicts, text = promised(fake)
    before, victim, after = examined(fake).run_all(CASES)
    if fake == "fills_the_disk" and victim.verdict == "agrees":
        pytest.skip("no small disk is to be had here, so that nothing was filled")
    if fake == "fills_memory" and not LINUX:
        pytest.skip("memory is not limited here")
    assert victim.verdict in verdicts, words(victim)
    assert text in words(victim)
    if fake not in THOROUGH:
        assert (before.verdict, after.verdict) == ("agrees", "agrees")
    assert not before.unconfirmed + victim.unconfirmed + after.unconfirmed


def test_who_has_the_interpreters_runpy_do_the_work_is_told(examined: Callable[[str], Examiner]) -> None:
    """As a fact; a candidate that does the work itself is not taken for it."""
    for fake, told in (("delegates", True), ("is_a_coroutine_function", False)):
        examiner = examined(fake)
        examiner.smoke()
        assert examiner.delegates is told


# -- what comes over the line -----------------------------------------------------------------------------------

# An agent that misbehaves in its first answer, or in each; otherwise it is the real one.
UPSTART = """
import json, os, runpy, sys
started = __file__ + ".started"
first = not os.path.exists(started)
open(started, "w").close()
if first or ALWAYS:
    line, write = sys.stdin, 1
    def send(text):
        text = text.encode()
        while text:
            text = text[os.write(write, text):]
    start = json.loads(line.readline())
    greeting = {"protocol": PROTOCOL, "version": "3.13.0", "executable": "e", "capabilities": ["fork"]}
    greeting["build"] = {"implementation": "cpython", "version": "3.13.0", "platform": "p", "abiflags": ""}
    greeting["build"].update(builtin=[], frozen=[], words={})
    greeting.update(forks=True, warm=True, resets=False, single_threaded=True, delegates=False, unseen={})
    greeting["offers"] = ["run_module", "run_path"]
    GREETING
    send(json.dumps(greeting) + "\\n")
    request = json.loads(line.readline())
    done = json.dumps({"id": request["id"], "status": "done"}) + "\\n"
    def result(text, case=0):
        send('{"id": %d, "case": %d, "result": %s}\\n' % (request["id"], case, text))
    ANSWER
    sys.exit(7)
sys.argv[0] = REAL
runpy.run_path(REAL, run_name="__main__")
"""
MISFIT = "the agent sent an answer to request 1 that does not fit the protocol"
BAD_ANSWERS = {
    "truncated": (
        "send(done[:9])",
        "the agent ended, with exit status 7, in the middle of a message (9 bytes without the end of a line)",
    ),
    "nothing": ("pass", "the agent ended, with exit status 7"),
    "a megabyte without an end": (
        "send('x' * (1 << 20))",
        "the agent ended, with exit status 7, in the middle of a message (1,048,576 bytes without the end of a line)",
    ),
    "oversized": ("send('x' * (65 << 20))", "the agent sent a message longer than 64 MB"),
    "not JSON": ("send('done' + chr(10))", "the agent sent what is no message: `done`"),
    "not an object": ("send('[1]' + chr(10))", "the agent sent what is no message: `[1]`"),
    "nested without end": (
        "send('[' * 100000 + chr(10))",
        f"the agent sent what is no message: `{'[' * 80}` and 99,920 bytes more",
    ),
    "another number": (
        "send(done.replace(str(request['id']), '77'))",
        "the agent sent an answer to request 1 whose `id` is 77",
    ),
    "no known key": (
        "send('{}' + chr(10))",
        "the agent sent a reply to request 1 that does not fit the protocol: it has none of the keys case, status",
    ),
    "no number": (
        'send(\'{"status": "done"}\' + chr(10))',
        f"{MISFIT}: Object missing required field `id`",
    ),
    "a status that there is not": (
        "send(done.replace('done', 'fine'))",
        f"{MISFIT}: Invalid enum value 'fine' - at `$.status`",
    ),
    "a detail that is no number": (
        "send(json.dumps({'id': request['id'], 'status': 'exit', 'detail': 'x'}) + chr(10))",
        f"{MISFIT}: Expected `float`, got `str` - at `$.detail`",
    ),
    "more than one": (
        "send(done + done)",
        'the agent sent more than it was asked for: `{"id": 1, "status": "done"}`',
    ),
    "a refusal": (
        'send(\'{"refused": "`root` is odd."}\' + chr(10))',
        "the agent sent a refusal: `root` is odd",
    ),
    "the result of another case": (
        "result('{}', 1)",
        "the agent sent a result for request 1 whose `case` is 1, where 0 is next",
    ),
    "one result too many": (
        "result('{\"steps\": []}'); result('{\"steps\": []}', 1)",
        "the agent sent a result for request 1 whose `case` is 1, though there are only 1 cases",
    ),
    "a result that is cut off": (
        "result('{\"steps\": [1, 2'); send(done)",
        'the agent sent what is no message: `{"id": 1, "case": 0, "result": {"steps": [1, 2}`',
    ),
    "a result that is not JSON": (
        "result('{garbage}'); send(done)",
        "the agent sent a result that is not JSON: `{garbage}`",
    ),
    "a result of other parts": (
        'result(\'{"steps": [{"outcome": 3}]}\'); send(done)',
        "the agent sent a result that does not fit the protocol: Expected `str`, got `int` - at `$.steps[0].outcome`",
    ),
    "an object that is no result": (
        "result('{\"x\": 1}'); send(done)",
        "the agent sent a result that does not fit the protocol: "
        "it has none of the keys steps, unsupported, agent_failed",
    ),
}


def upstart(folder: Path, answer: str, *, always: bool, protocol: int = PROTOCOL, greeting: str = "pass") -> Path:
    """The agent that misbehaves."""
    names = {
        "ALWAYS": repr(always),
        "PROTOCOL": str(protocol),
        "REAL": repr(str(agent_process.AGENT)),
        "ANSWER": answer,
        "GREETING": greeting,
    }
    path = folder / "start.py"
    path.write_text(
        re.sub("|".join(rf"\b{name}\b" for name in names), lambda found: names[found[0]], UPSTART), encoding="utf-8"
    )
    return path


@pytest.mark.parametrize("always", [False, True], ids=["once", "again and again"])
@pytest.mark.parametrize("fault", BAD_ANSWERS)
def test_an_agent_that_makes_no_sense_is_ended_and_the_case_run_again_once(
    fault: str, always: bool, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If that goes well it stands, and is told; if not, the case is lost, and why is told as well."""
    answer, said = BAD_ANSWERS[fault]
    monkeypatch.setattr(agent_process, "AGENT", upstart(tmp_path, answer, always=always))
    side = LiveSide(find(sys.executable), "oracle", timeout=10)
    try:
        reply = side.run(QUIET.plain())
    finally:
        side.close()
    assert reply.retry_reason == f"run again, since {said}"
    again = said.replace("request 1", "request 2").replace('"id": 1', '"id": 2')
    assert (reply.status, reply.detail) == (("lost", again) if always else ("done", None))
    assert not list(place.iterdir())
    assert not LINUX or eventually(lambda: not processes(str(tmp_path)))


def test_what_was_run_again_is_told_with_its_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the trial, and so in the report."""
    oracle, candidate = (LiveSide(find(sys.executable), "oracle") for _ in range(2))
    try:
        assert oracle.greeting
        monkeypatch.setattr(agent_process, "AGENT", upstart(tmp_path, "send('nonsense' + chr(10))", always=False))
        trial = Examiner(oracle, candidate, Level.EXACT).run(QUIET)
    finally:
        oracle.close()
        candidate.close()
    assert (trial.verdict, trial.reason) == ("agrees", "run again, since the agent sent what is no message: `nonsense`")


def test_an_agent_of_another_version_is_not_spoken_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another try would be no better."""
    monkeypatch.setattr(agent_process, "AGENT", upstart(tmp_path, "pass", always=True, protocol=PROTOCOL + 1))
    side = LiveSide(find(sys.executable), "oracle")
    try:
        with pytest.raises(AgentError, match=f"whose `protocol` is {PROTOCOL + 1}, and not {PROTOCOL}"):
            side.run(QUIET.plain())
    finally:
        side.close()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("del greeting['build']['abiflags']", "Object missing required field `abiflags` - at `$.build`"),
        ("greeting['capabilities'] = 'fork'", "Expected `array`, got `str` - at `$.capabilities`"),
        ("greeting['single_threaded'] = 1", "Expected `bool`, got `int` - at `$.single_threaded`"),
    ],
)
def test_a_greeting_that_does_not_fit_the_protocol_is_a_fault_of_the_suite(
    change: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the field."""
    monkeypatch.setattr(agent_process, "AGENT", upstart(tmp_path, "pass", always=True, greeting=change))
    side = LiveSide(find(sys.executable), "oracle")
    try:
        with pytest.raises(AgentError, match=re.escape(f"sent a handshake that does not fit the protocol: {problem}")):
            side.run(QUIET.plain())
    finally:
        side.close()


START = {"protocol": PROTOCOL, "side": "oracle", "import_from": "", "once": False, "limits": {"load": 9, "memory": 9}}


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (b"nonsense\n", "A line is no JSON object: 'nonsense\\n'."),
        (b"[]\n", "A line is no JSON object: '[]\\n'."),
        (b"{}\n", "A message has none of the keys protocol, cases, reset."),
        (b'{"id": 1, "cases": []}\n', "The message `request` has no field `root`."),
        (
            b'{"id": "1", "cases": [], "root": "", "timeout": 1}\n',
            "The field `id` of the message `request` is not a whole number.",
        ),
        (
            b'{"id": 1, "cases": [{}], "root": "", "timeout": 1}\n',
            "`cases[0]` in the message `request` has no field `files`.",
        ),
        (b'{"id": 1, "cases": [], "root', "The last message is cut off: it has no end of line."),
        (b'{"id": 1, "reset": true}\n', "The message `reset` came, although the handshake says `resets`: false."),
        (b"again\n", "The message `start` came twice."),
        (b"\xff\n", "A line is no JSON object: '\ufffd\\n'."),
    ],
)
def test_an_agent_that_is_sent_nonsense_says_so_and_ends(line: bytes, sentence: str, tmp_path: Path) -> None:
    """With a sentence that names the message and the field, and with an exit status of its own."""
    start = json.dumps({**START, "folder": str(tmp_path)}).encode() + b"\n"
    sent = start + (start if line == b"again\n" else line)
    done = subprocess.run([sys.executable, str(agent_process.AGENT)], input=sent, capture_output=True, check=False)
    greeting, refusal = map(json.loads, done.stdout.splitlines())
    assert greeting["protocol"] == PROTOCOL
    assert refusal == {"refused": sentence}
    assert done.returncode == NONSENSE


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"protocol": PROTOCOL + 1}, f"The message `start` is of protocol {PROTOCOL + 1}, and not {PROTOCOL}."),
        ({"limits": {"load": 1}}, "`limits` in the message `start` has no field `memory`."),
        ({"once": 1}, "The field `once` of the message `start` is not true or false."),
    ],
)
def test_an_agent_does_not_start_on_nonsense(change: dict[str, object], sentence: str, tmp_path: Path) -> None:
    """Nor by another protocol; and a request does not stand first."""
    for message, said in (
        ({**START, "folder": str(tmp_path), **change}, sentence),
        ({"id": 1, "cases": [], "root": "", "timeout": 1}, "The message `start` has to come first."),
    ):
        line = json.dumps(message).encode() + b"\n"
        done = subprocess.run([sys.executable, str(agent_process.AGENT)], input=line, capture_output=True, check=False)
        assert json.loads(done.stdout) == {"refused": said}
        assert done.returncode == NONSENSE


# -- what remains -----------------------------------------------------------------------------------------------

ENDS = {
    "Ctrl-C": (signal.SIGINT, 130),
    "SIGTERM": (signal.SIGTERM, 130),
    "SIGHUP": (signal.SIGHUP, 130),
    "SIGKILL": (signal.SIGKILL, -signal.SIGKILL),
}


def heeding() -> None:
    """Heed what a shell's `&` and nohup have their children ignore."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@pytest.mark.parametrize(
    ("end", "cores", "when"),
    [(end, cores, "in a case") for end in ENDS for cores in (1, 2)]
    + [(end, 1, "in a reproducer") for end in ("Ctrl-C", "SIGKILL") if LINUX],
)
def test_nothing_remains_however_a_run_ends(end: str, cores: int, when: str, place: Path, tmp_path: Path) -> None:
    """No process and no file; and what was found so far is in the report, if there was time to write it."""
    number, status = ENDS[end]
    in_case = when == "in a case"
    text = (
        "summary = 'One module'\nclauses = ['MAIN-SUBMODULE']\ncall = \"run_module('{0}')\"\n[files]\n'{0}.py' = ''\n"
    )
    for name, module in (("packages/first", "quiet"), ("exceptions/second", "victim")):  # which makes two batches
        path = tmp_path / "cases" / f"{name}.toml"
        path.parent.mkdir(parents=True)
        path.write_text(text.format(module), encoding="utf-8")
    hanging, at_work = tmp_path / "hanging.py", tmp_path / "at_work"
    source = FAKES["loops_ignoring_signals"].read_text(encoding="utf-8")
    told = f"if mod_name == 'victim':\n        open({str(at_work)!r}, 'w').close()\n"
    hanging.write_text(re.sub('if mod_name == "victim":\n', told, source), encoding="utf-8")
    report, arguments = tmp_path / "out.jsonl", [] if cores == 1 else [f"-n{cores}"]
    command = [sys.executable, "-m", "conformance", f"--impl={hanging}:run_module", f"--report={report}"]
    command += [f"--cases={tmp_path / 'cases'}", f"--case-timeout={20 if in_case else 1}", *arguments]
    process = subprocess.Popen(
        command,
        cwd=HOUSE,
        env={**os.environ, "TMPDIR": str(place)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=heeding,  # noqa: PLW1509
    )
    with process:
        try:
            assert eventually(lambda: at_work.exists() and report.read_text().count("\n") >= 2, 60)
            assert in_case or eventually(lambda: bool(processes("/program.py\0--impl")), 60)
            process.send_signal(number)
            printed, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == status, printed
    assert eventually(lambda: not list(place.iterdir())), list(place.rglob("*"))
    assert not LINUX or eventually(lambda: not processes(str(tmp_path)))
    if number != signal.SIGKILL:
        assert "status 130: interrupted" in printed
        records = [json.loads(line) for line in report.read_text().splitlines()]
        assert records[-1]["status"] == status
        assert "packages/first" in [record["id"] for record in records if record["record"] == "trial"]


def test_an_agent_can_be_ended_again_after_an_interruption(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal may come between any two lines: no descriptor is closed twice, and the process ends all the same."""
    side = LiveSide(find(sys.executable), "oracle", load_timeout=60)
    agent = side.unstarted()
    close, closed = os.close, list[int]()

    def interrupted(descriptor: int) -> None:
        closed.append(descriptor)
        close(descriptor)
        if len(closed) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(agent_process.os, "close", interrupted)
    try:
        with pytest.raises(KeyboardInterrupt):
            agent.kill()
        agent.kill()
    finally:
        monkeypatch.undo()
        side.close()
    assert len(closed) == len(set(closed)) >= 1
    assert eventually(lambda: not processes(str(place)))


def test_what_a_dead_driver_has_left_is_removed_by_the_next(place: Path) -> None:
    """Its folder is locked no longer; one that is in use, or that is none of ours, stays."""
    dead, other = place / f"{scratch.PREFIX}dead", place / "another"
    for folder in (dead, other):
        (folder / "worlds").mkdir(parents=True)
        (folder / "driver").touch()
    at_work = scratch.Scratch()
    try:
        scratch._sweep.cache_clear()
        another = scratch.Scratch()
        another.remove()
        assert {path.name for path in place.iterdir()} == {"another", Path(at_work.path).name}
    finally:
        at_work.remove()


# -- what is written of it --------------------------------------------------------------------------------------


def listed() -> list[str]:
    """The table of the fakes, as docs/survival.md has it."""
    rows = ["| fake | what it does | what comes out |", "| --- | --- | --- |"]
    for name, path in FAKES.items():
        first, *_, last = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").splitlines()
        rows.append(f"| `{name}` | {first.rstrip('.')} | {last} |")
    return rows


def test_the_document_lists_the_fakes() -> None:
    """As they are."""
    text = (HOUSE / "docs" / "survival.md").read_text(encoding="utf-8")
    assert "\n".join(listed()) in text
