"""A bridge is judged like any interpreter; what is wrong with one is said in a sentence, and nothing of it remains."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conformance import HOUSE
from conformance.agent import PROTOCOL
from conformance.cases.model import Case, Step
from conformance.commands.smoke import try_bridge
from conformance.observation import agent_process, bridges
from conformance.observation.interpreters import Target
from conformance.observation.live import LiveSide
from conformance.observation.side import CandidateError
from tests.harness import conformance
from tests.test_survival import LINUX, eventually, place, processes

__all__ = ["place"]
CASE = "packages/nested_package_runs_main"
# An agent in an interpreter that cannot fork. CHANGE: statements that see the lines that it sends, as `lines`.
BRIDGE = f"""
import importlib.util, json, os, sys
def fail(): raise OSError("this platform has no processes")
os.fork = fail
spec = importlib.util.spec_from_file_location("start", {str(HOUSE / "conformance" / "agent" / "start.py")!r})
start = importlib.util.module_from_spec(spec)
spec.loader.exec_module(start)
server = start.load()
channel = server.Channel()
def send(data):
    lines = data.decode()
    CHANGE
    channel.send(lines.encode())
agent = server.Agent(send)
for line in channel.lines():
    if not agent.take(line):
        break
    AFTER
os._exit(agent.status)
"""
HANDSHAKE = {
    "protocol": PROTOCOL,
    "build": {
        "implementation": "cpython",
        "version": "3.13.0",
        "platform": "p",
        "abiflags": "",
        "builtin": [],
        "frozen": [],
        "words": {},
    },
    "version": "3.13.0",
    "executable": "",
    "capabilities": [],
    "forks": False,
    "warm": False,
    "resets": False,
    "single_threaded": True,
    "delegates": True,
    "offers": ["run_module"],
    "unseen": {},
}
# A bridge without an interpreter. EARLY comes before `start` is read, FIRST answers it, and REST follows.
HOLLOW = """
import json, os, sys, time
def send(*messages):
    data = b"".join(json.dumps(m).encode() + b"\\n" if type(m) is dict else m for m in messages)
    while data:
        data = data[os.write(1, data):]
def receive():
    return json.loads(sys.stdin.readline() or sys.exit(0))
handshake = HANDSHAKE
EARLY
start = receive()
FIRST
request = receive()
done = {"id": request["id"], "status": "done"}
REST
sys.stdin.read()
"""


def bridge(folder: Path, source: str, **parts: str) -> Target:
    """The target behind a bridge in Python, with some words of its source replaced."""
    path = folder / "bridge.py"
    path.write_text(re.sub(r"\b(CHANGE|AFTER|EARLY|FIRST|REST|HANDSHAKE)\b", lambda found: parts[found[0]], source))
    return bridges.target_of("the bridge", [sys.executable, str(path)])


def hollow(folder: Path, early: str = "", first: str = "send(handshake)", rest: str = "") -> Target:
    """The target behind a bridge without an interpreter."""
    return bridge(folder, HOLLOW, EARLY=early, FIRST=first, REST=rest, HANDSHAKE=repr(HANDSHAKE))


def warm(folder: Path, change: str = "pass", after: str = "pass") -> Target:
    """The target behind a bridge that has an interpreter that cannot fork."""
    return bridge(folder, BRIDGE, CHANGE=change, AFTER=after)


def fault(target: Target, early: float = 0, load_timeout: float = 60) -> str:
    """The sentence about a bridge; empty if it keeps to the protocol."""
    try:
        try_bridge(target, lambda line: None, load_timeout=load_timeout, timeout=60, early=early)
    except CandidateError as exc:
        return str(exc)
    return ""


AFTER_START: dict[str, tuple[str, str]] = {
    "ends": ("sys.exit(3)", "The bridge the bridge ended with exit status 3 while it was being started."),
    "ends with an error": (
        "import no_such_module",
        "while it was being started: ModuleNotFoundError: No module named 'no_such_module'.",
    ),
    "a megabyte without an end": (
        "send(b'x' * (1 << 20)); sys.exit(0)",
        "ended with exit status 0 while it was being started, after 1,048,576 bytes of a line without an end.",
    ),
    "no JSON": ("send(b'hello\\n')", "breaks the protocol: it sent what is no message: `hello`."),
    "no answer to start": (
        "send({'id': 1, 'status': 'done'})",
        "an answer to `start` that does not fit the protocol: it has none of the keys cannot_load, protocol.",
    ),
    "another protocol": (
        f"send(dict(handshake, protocol={PROTOCOL + 1}))",
        f"a handshake whose `protocol` is {PROTOCOL + 1}, and not {PROTOCOL}.",
    ),
    "a wrong field": (
        "send(dict(handshake, warm='yes'))",
        "a handshake that does not fit the protocol: Expected `bool`, got `str` - at `$.warm`.",
    ),
    "a field that is missing": (
        "del handshake['build']['frozen']; send(handshake)",
        "a handshake that does not fit the protocol: Object missing required field `frozen` - at `$.build`.",
    ),
    "two answers": ("send(handshake, handshake)", "breaks the protocol: it sent more than it was asked for: `{"),
    "cannot load": ("send({'cannot_load': 'There is no runpy.'})", "There is no runpy."),
}


@pytest.mark.parametrize("name", AFTER_START)
def test_a_bad_answer_to_start_is_told(name: str, tmp_path: Path, place: Path) -> None:
    """With the message and the field; nothing of the bridge remains."""
    answer, sentence = AFTER_START[name]
    assert sentence in fault(hollow(tmp_path, first=answer))
    assert not list(place.iterdir())
    assert not LINUX or eventually(lambda: not processes(str(tmp_path)))


def test_no_answer_to_start_is_told(tmp_path: Path) -> None:
    """After the time limit for it."""
    said = fault(hollow(tmp_path, first="time.sleep(600)"), load_timeout=0.2)
    assert said == "The bridge the bridge did not answer the message `start` within 0.2 seconds."


def test_an_answer_that_comes_too_early_is_told(tmp_path: Path) -> None:
    """Since the driver speaks first."""
    said = fault(hollow(tmp_path, early="send({'protocol': 3})"), early=60)
    assert said.startswith('The bridge sent `{"protocol": 3}` too early: the first message is `start`')
    assert fault(hollow(tmp_path, early="sys.exit(5)"), early=60) == (
        "The bridge ended, with exit status 5, before it was sent anything."
    )
    assert fault(hollow(tmp_path, early="raise OSError('no engine')"), early=60) == (
        "The bridge ended, with exit status 1, before it was sent anything: OSError: no engine."
    )
    assert fault(hollow(tmp_path, early="sys.exit('The engine is missing.')"), early=60) == (
        "The bridge ended, with exit status 1, before it was sent anything: The engine is missing."
    )


def test_a_bridge_that_takes_too_much_memory_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By what it has in memory: its engine may reserve any number of addresses."""
    monkeypatch.setattr(agent_process, "memory_limit", lambda: 100 << 20)
    reserves = "import mmap; reserved = mmap.mmap(-1, 8 << 30); "
    said = fault(hollow(tmp_path, first=reserves + "taken = b'x' * (200 << 20); sys.stdin.read()"))
    found = re.fullmatch(r"The bridge .* took ([\d,]+) bytes of memory while it was being started\.", said)
    assert found, said
    assert int(found[1].replace(",", "")) > 100 << 20


AFTER_REQUEST: dict[str, tuple[str, str]] = {
    "another id": ("send(dict(done, id=77))", "an answer to request {n} whose `id` is 77"),
    "two answers": ("send(done, done)", "sent more than it was asked for: `{{"),
    "no JSON": ("send(b'{{\\n')", "sent what is no message: `{{`"),
    "a wrong status": (
        "send(dict(done, status='fine'))",
        "an answer to request {n} that does not fit the protocol: Invalid enum value 'fine' - at `$.status`",
    ),
    "the result of another case": (
        "send({'id': request['id'], 'case': 1, 'result': {}})",
        "a result for request {n} whose `case` is 1, where 0 is next",
    ),
    "a result of other parts": (
        "send({'id': request['id'], 'case': 0, 'result': {'steps': 3}}, done)",
        "a result that does not fit the protocol: Expected `array`, got `int` - at `$.steps`",
    ),
    "no result": ("send(done)", "The simplest case ends the interpreter or the bridge, with exit status 0."),
    "the agent failed": (
        "send({'id': request['id'], 'case': 0, 'result': {'agent_failed': 'a\\nKeyError: 1'}}, done)",
        "In the simplest case the bridge reports `agent_failed`: KeyError: 1.",
    ),
    "ends": ("sys.exit(4)", "The simplest case ends the interpreter or the bridge, with exit status 4."),
    "fails": ("raise KeyError(7)", "ends the interpreter or the bridge, with exit status 1: KeyError: 7."),
}


@pytest.mark.parametrize("name", AFTER_REQUEST)
def test_a_bad_answer_to_a_request_is_told(name: str, tmp_path: Path) -> None:
    """With the message and the field."""
    answer, sentence = AFTER_REQUEST[name]
    said = fault(hollow(tmp_path, rest=answer.replace("{{", "{")))
    assert re.search(
        re.escape(sentence).replace(re.escape("{n}"), r"\d+").replace(re.escape("{{"), re.escape("{")), said
    )


CLAIMS: dict[str, tuple[str, str, str]] = {
    "a capability": (
        'lines = lines.replace(\'"unicode"\', \'"unicode", "fork"\')',
        "pass",
        "The handshake names the capability `fork` in `capabilities`, but the interpreter lacks it: "
        "OSError: this platform has no processes.",
    ),
    "that it can be reset": (
        "lines = lines.replace('\"resets\": false', '\"resets\": true')",
        "pass",
        "After a case that did `os._exit(3)` nothing works",
    ),
    "to be warm, and ends": (
        "pass",
        "if '\"cases\"' in line: os._exit(0)",
        "it may end only after an answer that says `spent`.",
    ),
}


def test_a_bridge_that_keeps_to_the_protocol_passes(tmp_path: Path, place: Path) -> None:
    """Without a fork: the cases follow one another in one process, and a crash or a hang ends it.

    Only the case that hangs has a short time limit, since the first case of a new instance may take longer.
    """
    lines: list[str] = []
    limits = tmp_path / "limits"
    side = warm(tmp_path, after=f"print(json.loads(line).get('timeout', ''), file=open({str(limits)!r}, 'a'))")
    try_bridge(side, lines.append, load_timeout=60, timeout=60, early=0, hang=2, margin=2)
    assert [line.split("  ")[0] for line in lines if not line.startswith(" ")] == [
        "handshake",
        "one case",
        "another",
        "a batch",
        "a crash",
        "a hang",
        "a restart",
    ]
    assert set(limits.read_text().split()) == {"60"}
    assert not list(place.iterdir())
    assert not LINUX or eventually(lambda: not processes(str(tmp_path)))


@pytest.mark.parametrize("name", ["a capability", "to be warm, and ends"])
def test_what_a_bridge_claims_and_lacks_is_told(name: str, tmp_path: Path) -> None:
    """With the name of what it claims."""
    change, after, sentence = CLAIMS[name]
    assert sentence in fault(warm(tmp_path, change, after))


def test_a_fresh_interpreter_that_is_not_as_the_first_one_is_told(tmp_path: Path) -> None:
    """An engine may put the current folder on the path once more when it starts from an image of its memory."""
    after = "if json.loads(line).get('once'): sys.path.insert(0, 'once more')"
    said = fault(warm(tmp_path, after=after))
    assert said.startswith("A fresh interpreter is not as the first one was: its `sys.path` is ['once more', ")


def test_a_reset_that_a_bridge_only_claims_is_no_loss(tmp_path: Path) -> None:
    """Its process is replaced; and it is told."""
    side = LiveSide(warm(tmp_path, CLAIMS["that it can be reset"][0]), bridges.SIDE)
    try:
        replies = [side.run(do("x = 1"), fresh=True) for _ in range(2)]
        assert [reply.status for reply in replies] == ["done", "done"]
        assert "the agent sent a refusal: The message `reset` came" in side.reset_problem
    finally:
        side.close()


# -- warm, without a fork -----------------------------------------------------------------------------------------


def do(source: str) -> dict[str, Any]:
    """A case of one step."""
    return Case(files={}, steps=(Step("do", source),)).plain()


@pytest.fixture
def without_fork(tmp_path: Path) -> Any:
    """A side whose interpreter cannot fork."""
    side = LiveSide(warm(tmp_path), bridges.SIDE)
    yield side
    side.close()


def test_cases_follow_one_another_in_one_process(without_fork: LiveSide) -> None:
    """Each as if it were the first; the process stays the same from request to request."""
    assert (without_fork.warm, without_fork.forks) == (True, False)
    seen = []
    for _ in range(2):
        source = "import os, sys\nnote(os.getpid(), 'left' in sys.modules)\nsys.modules['left'] = sys"
        without_fork.start([do(source)] * 3)
        for reply in without_fork.finish():
            assert reply.observation is not None
            seen += [event["values"] for event in reply.observation["steps"][0]["events"]]
    assert len({number for number, _ in seen}) == 1
    assert [left for _, left in seen] == [False] * 6


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()", "done"),
        ("import os; os._exit(5)", "exit"),
        ("import os; os.kill(os.getpid(), 9)", "signal"),
    ],
)
def test_a_process_that_cannot_go_on_is_replaced(source: str, status: str, without_fork: LiveSide) -> None:
    """Because it said `spent`, or ended; what came before the case stands, and what comes after is for another one."""
    without_fork.start([do("x = 1"), do(source), do("x = 2")])
    assert [reply.status for reply in without_fork.finish()] == ["done", status, "not-run"]
    assert without_fork.run(do("x = 3")).status == "done"


def test_a_change_that_cannot_be_put_back_makes_no_result_count(without_fork: LiveSide) -> None:
    """And the process is replaced."""
    without_fork.start([do("x = 1"), do("import os; os.getcwd=None"), do("x = 2")])
    assert [reply.status for reply in without_fork.finish()] == ["not-run"] * 3
    assert without_fork.run(do("import os; os.getcwd=None")).status == "done"  # by itself it has reached no other one
    assert without_fork.run(do("import os; os.getcwd()")).status == "done"


# Functions that Windows, WASI or both have not.
LACKING = "fork pread umask dup2 dup getppid getuid uname killpg setpgid waitpid symlink pipe"


def test_the_agent_does_without_what_a_platform_lacks(tmp_path: Path) -> None:
    """It is imported, runs cases and brings its interpreter back; what a case prints is seen if it goes to a file."""
    lacks = f"import io, signal\nfor name in {LACKING.split()}: delattr(os, name)\ndel signal.SIGKILL\n"
    lacks += "sys.modules['select'] = sys.modules['fcntl'] = None\n"
    path = tmp_path / "replies"
    os.mkfifo(path)
    pipe = os.open(path, os.O_RDWR)
    source = re.sub(r"(?s)def fail.*?os.fork = fail\n", lacks, BRIDGE)
    source = source.replace("server.Channel()", f"server.Channel({str(path)!r})")
    target = bridge(tmp_path, source, CHANGE="pass", AFTER="pass")
    start = {"protocol": PROTOCOL, "side": "runpy", "import_from": "", "once": False, "folder": str(tmp_path / "w")}
    start["limits"] = {"load": 60, "memory": 1}
    requests = [
        {"id": number, "cases": [do("print('hello')")] * 2, "root": str(tmp_path / f"w/{number}"), "timeout": 60}
        for number in (1, 2)
    ]
    sent = "".join(json.dumps(message) + "\n" for message in (start, *requests))
    with (tmp_path / "output").open("w+") as output:
        subprocess.run(target.command, input=sent, text=True, stdout=output, stderr=output, timeout=120, check=True)
    handshake, *replies = map(json.loads, os.read(pipe, 1 << 20).splitlines())
    os.close(pipe)
    assert not {"fork", "symlinks", "absolute-symlinks"} & set(handshake["capabilities"])
    assert (handshake["warm"], handshake["forks"]) == (True, False)
    assert [reply["result"]["steps"][0]["stdout"] for reply in replies if "case" in reply] == ["hello\n"] * 4
    assert [reply["status"] for reply in replies if "status" in reply] == ["done"] * 2


# -- judging ------------------------------------------------------------------------------------------------------


def judge(target: Target, *arguments: str) -> Any:
    """Run the command to its end; it leaves no traceback."""
    command = shlex.join(target.command)
    done = conformance(f"--target-command={command}", "--profile=quick", "--database=none", *arguments, timeout=240)
    assert "Traceback" not in done.stdout + done.stderr
    return done


def test_a_bridge_is_judged_by_cpython_of_its_version(tmp_path: Path) -> None:
    """Or by the recording of one; at every level."""
    done = judge(warm(tmp_path), "--level=exact", "packages")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"by the runpy of CPython {sys.version_info[0]}.{sys.version_info[1]}" in done.stdout
    done = judge(warm(tmp_path), "--oracle=recording", CASE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "recording of CPython" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["--smoke"], 0, "The bridge keeps to the protocol. Nothing was judged."),
        (["--impl=mypkg"], 2, "--target-command judges the runpy of an interpreter, --impl something else: give one."),
        (["--target-command=/no/such/bridge"], 2, "--target-command: There is no command '/no/such/bridge'"),
    ],
)
def test_the_command_line_of_a_bridge(arguments: list[str], status: int, sentence: str, tmp_path: Path) -> None:
    """It is checked before anything is started."""
    command = shlex.join(warm(tmp_path).command)
    given = [] if any("target-command" in word for word in arguments) else [f"--target-command={command}"]
    done = conformance(*given, *arguments, "--case-timeout=60")
    assert done.returncode == status, done.stdout + done.stderr
    assert sentence in done.stdout + done.stderr


def test_a_bridge_that_breaks_the_protocol_is_not_judged(tmp_path: Path) -> None:
    """The run ends with the sentence, and the status of what cannot be loaded."""
    done = judge(hollow(tmp_path, rest="send(dict(done, id=77))"), CASE)
    assert done.returncode == 3
    assert "whose `id` is 77" in done.stderr
