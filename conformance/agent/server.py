"""The agent's end of the protocol (docs/protocol.md): a handshake, then results and an answer for each request.

    driver -> agent   {"protocol": 3, "side": "oracle", ...}
    agent -> driver   {"protocol": 3, "build": {...}, "capabilities": [...], ...}
    driver -> agent   {"id": 1, "cases": [{...}], "root": "/new/folder", "timeout": 10.0}
    agent -> driver   {"id": 1, "case": 0, "result": {...}}
    agent -> driver   {"id": 1, "status": "done" | "signal" | "exit" | "hang", "detail": ...}

Rules. Owns the order of events in the agent: when the side is loaded, and in which process a request is run. Knows
nothing of what a case does (`batch`, `steps`). Nothing that a candidate does may make the agent say something wrong.

Theory of operation. Where processes can be forked, the agent itself runs no case: it stays warm, and forks a process
for each request (`processes`). If the driver wants a single request to be run in a fresh interpreter (`once`), the
agent forks before it loads the side, so that the new process loads it and runs the request, and the agent waits.
Where nothing can be forked, the agent runs the cases in its own process, restores the interpreter after each, and
answers `spent` when it cannot go on. A program that has an interpreter in itself, such as a bridge, makes an `Agent`
and hands it the lines one by one.
"""

from __future__ import annotations

import gc
import sys
import types
from typing import TYPE_CHECKING, Any, Callable, List, Mapping, Optional, Tuple

from . import NONSENSE, batch, candidate, checking, lazy, loaded, processes, raised, rollback, steps, world
from .build import facts
from .capabilities import capabilities
from .channel import Channel
from .cleaning import keep_files_in, kill_orphans, remove_world
from .greeting import handshake, made_of
from .own import os
from .processes import line_of

if TYPE_CHECKING:
    from .messages import CannotLoad, Refused, Request, Start

try:
    from _thread import _count as _other_threads
except ImportError:  # an interpreter without threads

    def _other_threads() -> int:
        return 0


_streams = (sys.stdout, sys.stderr)
_threads_before = _other_threads()
world.os = os  # type: ignore[attr-defined]  # `world` imports nothing of ours, since reproducers hold its text


def main(arguments: List[str]) -> None:
    """Serve the driver at the other end of standard input and output until it closes its end.

    arguments: see `start`.
    """
    options = dict(word.partition("=")[::2] for word in arguments)
    os.environ.pop(options.get("--unset", ""), None)
    channel = Channel(options.get("--replies", ""))
    agent = Agent(channel.send, channel.descriptors, options.get("--orphans", ""))
    for line in channel.lines():
        if not agent.take(line):
            break
    os._exit(agent.status)  # without the functions that the candidate may have registered to run at exit


class Agent:
    """One side, and the answers to the driver's messages.

    send: sends lines to the driver. descriptors: those of the protocol, the driver's lines first; none if the lines
    come in another way. orphans: how processes that a case leaves are found (see `cleaning.kill_orphans`). status: the
    exit status with which the process ends, once `take` has returned False.
    """

    def __init__(self, send: Callable[[bytes], None], descriptors: Tuple[int, ...] = (), orphans: str = "") -> None:
        self.status = 0
        self._send = send
        self._descriptors = descriptors
        self._orphans = orphans
        self._side = ""
        self._once = self._forks = False
        self._functions: Optional[candidate.Functions] = None
        self._relay: Optional[processes.Relay] = None
        self._snapshot: Optional[rollback.Snapshot] = None
        self._kept: Any = None  # the module `__main__` of the host

    def take(self, line: str) -> bool:
        """Do what a message asks for; return False if the agent takes no more of them."""
        try:
            kind, message = checking.message(line)
            if (kind == "protocol") is (self._functions is not None):
                late = "`start` came twice." if kind == "protocol" else "`start` has to come first."
                raise checking.Nonsense("The message " + late)
            if kind == "reset":
                raise checking.Nonsense("The message `reset` came, although the handshake says `resets`: false.")
        except checking.Nonsense as exc:
            refused: Refused = {"refused": str(exc)}
            self._tell(refused)
            self.status = NONSENSE
            return False
        if kind == "protocol":
            return self._start(message)
        return self._run(message, line)

    def _tell(self, message: Mapping[str, Any]) -> None:
        self._send(line_of(message))

    def _start(self, start: Start) -> bool:
        """Load the side, and send the handshake; False if it cannot be loaded."""
        self._side, self._once = start["side"], start["once"]
        keep_files_in(start["folder"])
        if self._once and self._descriptors:
            self._relay = processes.relayed(self._descriptors, self._send, self._orphans, _request)
        if not self._once:
            _without_compiler()
        build: Any = facts()
        able = capabilities(start["folder"])  # while nobody else has run any code
        if start["import_from"]:
            sys.path.insert(0, start["import_from"])
        self._kept = _bare_main()
        under_test = types.ModuleType("under_test")
        under_test.__dict__["Unsupported"] = steps.Unsupported
        sys.modules["under_test"] = under_test
        for name in [key for key in sys.modules if key.partition(".")[0] == __name__.partition(".")[0]]:
            del sys.modules[name]  # the agent is loaded, and the candidate must not find it
        before = set(sys.modules)
        try:
            self._functions = candidate.load(self._side)
        except candidate.CannotLoad as exc:
            refusal: CannotLoad = {"cannot_load": str(exc), "missing": exc.missing}
            self._tell(refusal)
            return False
        single_threaded = _other_threads() == _threads_before
        can_fork = "fork" in able and bool(self._descriptors)  # a bridge's own lines must not be at hand in a child
        self._forks = self._relay is not None or (can_fork and single_threaded and not self._once)
        message = handshake(
            self._functions,
            build,
            able,
            forks=self._forks,
            warm=not self._once and (self._forks or not can_fork),
            single_threaded=single_threaded,
        )
        if self._side == candidate.ORACLE:
            message["made_of"] = made_of()
        self._tell(message)
        if self._side != candidate.ORACLE:
            raised.note_candidate(sys.path)
        loaded.note_candidates_modules(before)
        loaded.note_loaded()
        if hasattr(gc, "freeze"):
            gc.collect()
            gc.freeze()
        return True

    def _run(self, request: Request, line: str) -> bool:
        """Run a request and send what comes of it; False if the agent runs no other one."""
        assert self._functions is not None
        if self._relay is not None:
            self._relay.pass_on(line)
            for descriptor in self._descriptors:
                os.close(descriptor)
            processes.run_and_end(request, self._functions)
        if not self._forks:
            return self._run_here(request)
        forked = processes.start(request, self._functions, self._descriptors, _streams)
        lines = forked.conclude(self._send, self._orphans)
        if self._side != candidate.ORACLE and not _ended_early(lines):
            lazy.import_for_all(request["root"])
        self._send(lines)
        remove_world(request)  # while the driver reads
        return True

    def _run_here(self, request: Request) -> bool:
        """Run a request in this process."""
        assert self._functions is not None
        if self._snapshot is None and not self._once:
            processes.prepare(request)
            loaded.note_loaded()
            self._snapshot = rollback.Snapshot()
        answer = batch.run(request, self._functions, self._tell, self._snapshot)
        if self._once or answer.get("changed"):
            answer["spent"] = True
        kill_orphans(self._orphans)
        os.chdir(os.path.dirname(request["root"]))
        remove_world(request)
        gc.collect()  # what is left of the cases; nothing is collected while they run
        self._tell(answer)
        return not answer.get("spent")


def _request(line: str) -> Request:
    """The request in a line that was checked before."""
    request: Request = checking.message(line)[1]
    return request


def _ended_early(lines: bytes) -> bool:
    """True if the process of the cases did not come to write an answer."""
    return b'"status": "done"' not in lines[lines.rfind(b"\n", 0, -1) + 1 :]


def _without_compiler() -> None:
    """Turn PyPy's compiler off: in processes that last for a few cases it costs more than it gains."""
    try:
        import pypyjit  # type: ignore[import-not-found]
    except ImportError:
        return
    pypyjit.set_param("off")


def _bare_main() -> Any:
    """Put an empty module in the place of `__main__`, which executed code can see; return the old one, to be kept."""
    ours = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    return ours
