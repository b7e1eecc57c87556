"""Tries a bridge, and says in one sentence what is wrong with it: `--target-command=... --smoke`.

Rules. Judges nothing: a bridge passes if it keeps to the protocol (docs/protocol.md), whatever its interpreter's runpy
does. A trial that fails raises CandidateError, with a sentence about the first thing that is wrong.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..cases.model import Case, Step
from ..observation.agent_process import AgentEnded, AgentLost, AgentProcess
from ..observation.bridges import SIDE
from ..observation.interpreters import Target
from ..observation.live import LiveSide
from ..observation.protocol import shown
from ..observation.side import CandidateError, Greeting, Reply
from ..search.examine import SMOKE

_EARLY = 0.5  # seconds in which a bridge that does not wait for `start` is noticed
_HANG = 1.0  # the time limit in seconds of the case that hangs


def _case(source: str, files: Mapping[str, Any] | None = None, path: tuple[str, ...] = (".",)) -> Case:
    return Case(files=files or {}, steps=(Step("do", source),), path=path)


_THREAD = """
import _thread
lock = _thread.allocate_lock()
lock.acquire()
_thread.start_new_thread(lock.release, ())
note(lock.acquire(True, 5))
"""
# For each capability a case that needs it, and the values that this case notes.
_CASES: Mapping[str, tuple[Case, list[Any]]] = {
    "fork": (_case("import os\nchild = os.fork()\nif not child: os._exit(7)\nnote(os.waitpid(child, 0)[1] >> 8)"), [7]),
    "symlinks": (
        _case("note(open('a/link').read())", {"real": "x", "a/link": {"symlink": "../real"}}),
        ["x"],
    ),
    "absolute-symlinks": (
        _case("import os\nos.symlink(os.path.abspath('real'), 'link')\nnote(open('link').read())", {"real": "x"}),
        ["x"],
    ),
    "audit": (_case("import audited"), []),
    "cpython": (_case("import sys\nnote(sys.implementation.name)"), ["cpython"]),
    "refcounting": (_case("class C:\n    def __del__(self): note('gone')\nC()\nnote('after')"), ["gone", "after"]),
    "threads": (_case(_THREAD), [True]),
    "umask": (_case("import os\nos.umask(0o27)\nnote(os.umask(0o22))"), [0o27]),
    "undecodable-names": (_case("import os\nnote('\\udcff' in os.listdir())", {"\\udcff": "x"}), [True]),
    "unicode": (_case("note(open('\\u00e9').read())", {"\\u00e9": "x"}), ["x"]),
    "zip": (_case("import inside\nnote(inside.x)", {"a.zip": {"zip": {"inside.py": "x = 1"}}}, ("a.zip",)), [1]),
}
_LEAVES = "import sys\nsys.path.append('left')\nsys.modules['left'] = left = 1\nsys.argv.append('left')"
_LOOKS = "import sys\nnote('left' in sys.path, 'left' in sys.modules, 'left' in sys.argv)"
_PATH = "import sys\nnote(repr(sys.path))"


def try_bridge(
    target: Target,
    say: Callable[[str], None],
    *,
    load_timeout: float,
    timeout: float,
    early: float = _EARLY,
    hang: float = _HANG,
    margin: float = 5.0,
) -> None:
    """Try everything that the protocol asks of a bridge. say: called with a line for each trial that succeeds.

    timeout: seconds for a case. early: seconds in which the bridge has to send nothing before it is sent `start`. hang:
    seconds for the case that hangs. load_timeout, margin: see `LiveSide`. Raises CandidateError.
    """
    side = LiveSide(target, SIDE, load_timeout=load_timeout, timeout=timeout, margin=margin)
    try:
        _wait_for_start(side, early)
        greeting = _timed(say, "handshake", lambda: side.greeting)
        say(f"           {', '.join(_facts(greeting))}")
        _timed(say, "one case", lambda: check_first_case(side))
        _timed(say, "another", lambda: _check_another(side))
        path = _path(side)
        if side.warm:
            _timed(say, "a batch", lambda: _try_batch(side))
        for name in sorted(greeting.capabilities & _CASES.keys()):
            _try_capability(side, name)
        say("           it has the capabilities that it names")
        _timed(say, "a crash", lambda: _try_ending(side, "import os\nos._exit(3)", ("exit", "signal"), timeout))
        _timed(say, "a hang", lambda: _try_ending(side, "while True: pass", ("hang",), hang))
        _timed(say, "a reset" if greeting.resets else "a restart", lambda: _try_fresh(side, path))
    finally:
        side.close()


def _timed(say: Callable[[str], None], name: str, trial: Callable[[], Any]) -> Any:
    begun = time.monotonic()
    result = trial()
    say(f"{name:10} {time.monotonic() - begun:.2f} s")
    return result


def _facts(greeting: Greeting) -> Iterator[str]:
    if greeting.build is not None:
        yield f"{greeting.build.name} on {greeting.build.platform}"
    yield from (name for name in ("forks", "warm", "resets") if getattr(greeting, name))
    yield "capabilities: " + (" ".join(sorted(greeting.capabilities)) or "none")


def _wait_for_start(side: LiveSide, early: float) -> None:
    agent: AgentProcess = side.unstarted()
    try:
        line = agent.receive(early)
    except TimeoutError:
        if not agent.unfinished:
            return
        line = b""
    except AgentEnded as exc:
        raise CandidateError(
            f"The bridge ended, with {exc.how}, before it was sent anything{side.complaint()}."
        ) from None
    except AgentLost as exc:
        raise CandidateError(f"Before the bridge was sent anything, {exc}.") from None
    finally:
        agent.kill()
    raise CandidateError(
        f"The bridge sent {shown(line)} too early: the first message is `start`, and the driver sends it."
    )


def check_first_case(side: LiveSide) -> None:
    """Run the simplest case. Raises CandidateError if the bridge does not give a result that fits the protocol."""
    observation = _observation(side, side.run(SMOKE.plain()), "the simplest case")
    (step,) = observation["steps"]
    notes = [event["values"] for event in step["events"] if event["event"] == "note"]
    if step["outcome"] != "returned" or notes != [["ran by runpy"]]:
        raised = step.get("exception")
        how = f" and raises {raised['exception']}: {raised['message']}" if raised else ""
        raise CandidateError(f"run_module('smoke_check') does not run a module of a few lines by runpy{how}.")


def _check_another(side: LiveSide) -> None:
    reply = side.run(SMOKE.plain())
    if side.died or (reply.status == "exit" and not side.forks):
        raise CandidateError(
            "The bridge ended, or sent something, between its answer to one request and the next request: it may end "
            "only after an answer that says `spent`."
        )
    _observation(side, reply, "the same case once more")


def _observation(side: LiveSide, reply: Reply, name: str) -> Any:
    if reply.retry_reason:
        problem = reply.detail if reply.status == "lost" else reply.retry_reason.removeprefix("run again, since ")
        raise CandidateError(f"In {name} the bridge breaks the protocol: {problem}.")
    if reply.observation is not None:
        return reply.observation
    if reply.status == "failed":
        raise CandidateError(
            f"In {name} the bridge reports `agent_failed`: {str(reply.detail).strip().splitlines()[-1]}."
        )
    ways = {
        "hang": f"does not end within {reply.detail} s",
        "exit": f"ends the interpreter or the bridge, with exit status {reply.detail}{side.complaint()}",
        "signal": f"ends the bridge by signal {reply.detail}{side.complaint()}",
        "too-large": f"takes {reply.detail} bytes of memory, more than are allowed",
        "not-run": "is not run: the answer names what was `changed`, or there is no `result` for it",
    }
    raise CandidateError(f"{name[0].upper()}{name[1:]} {ways.get(reply.status, 'gives no observation')}.")


def _try_batch(side: LiveSide) -> None:
    """Run a batch in which each case would show what the case before has left."""
    side.start([_case(source).plain() for source in (_LEAVES, _LOOKS, _LOOKS)])
    for number, reply in enumerate(side.finish()):
        if reply.status == "not-run":
            reason = reply.retry_reason.removeprefix("run again, since ") or (
                "it has no result for it, or its answer names something that was `changed`"
            )
            raise CandidateError(f"The bridge says `warm`, but cannot run case {number} of a batch: {reason}.")
        observation = _observation(side, reply, f"case {number} of a batch")
        notes = _notes(observation)
        if number and notes != [False, False, False]:
            raise CandidateError("The bridge says `warm`, but a case finds what the case before has left in `sys`.")


def _notes(observation: Any) -> list[Any]:
    events = observation["steps"][0]["events"]
    return [value for event in events if event["event"] == "note" for value in event["values"]]


def _try_capability(side: LiveSide, name: str) -> None:
    case, expected = _CASES[name]
    if name == "audit":
        case = _case("import audited", {"audited.py": ""})
    begin = f"The handshake names the capability `{name}` in `capabilities`, but the interpreter lacks it"
    try:
        observation = _observation(side, side.run(case.plain()), "a case that needs it")
    except CandidateError as exc:
        raise CandidateError(f"{begin}. {exc}") from None
    step = observation["steps"][0]
    if step["outcome"] == "raised":
        exception = step["exception"]
        raise CandidateError(f"{begin}: {exception['exception']}: {exception['message']}.")
    if _notes(observation) != expected or (name == "audit" and not step["audit"]):
        raise CandidateError(f"{begin}: a case that needs it does something else.")


def _try_ending(side: LiveSide, source: str, expected: tuple[str, ...], limit: float) -> None:
    """Run a case that does not come to its end, with a time limit in seconds, and then the simplest case."""
    with side.time_limit(limit):
        reply = side.run(_case(source).plain())
    if reply.status not in expected:
        told = reply.detail if reply.status == "lost" else reply.status
        raise CandidateError(f"A case that does `{source.splitlines()[-1]}` is answered otherwise: {told}.")
    try:
        check_first_case(side)
    except CandidateError as exc:
        raise CandidateError(f"After a case that did `{source.splitlines()[-1]}` nothing works: {exc}") from None


def _path(side: LiveSide, *, fresh: bool = False) -> Any:
    reply = side.run(_case(_PATH, path=()).plain(), fresh=fresh)
    (path,) = _notes(_observation(side, reply, "a case in a fresh interpreter" if fresh else "a case of one line"))
    return path


def _try_fresh(side: LiveSide, path: Any) -> None:
    """Run two cases, each in a fresh interpreter. path: `sys.path` as it was at first."""
    for _ in range(2):
        fresh = _path(side, fresh=True)
        if side.reset_problem:
            raise CandidateError(f"The handshake says `resets`, but {side.reset_problem}.")
        if fresh != path:
            raise CandidateError(
                f"A fresh interpreter is not as the first one was: its `sys.path` is {fresh} in the place of {path}."
            )
