"""Starts an agent in an interpreter, asks it, times it out, kills it, starts it again.

Knows processes and the protocol; not what an observation means. A side is a warm agent that forks for each case, or,
where that cannot be, a fresh interpreter for each; `fresh()` asks for the latter, to confirm.
"""

from __future__ import annotations

import functools
import itertools
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from .agent import PROTOCOL

AGENT = Path(__file__).resolve().parent / "agent" / "start.py"
OLDEST = Version("3.8")
_ROOM = 1 << 28  # bytes
_HURRIED = 2.0  # seconds
_FAREWELL = 1.0  # seconds that an agent may take to end by itself
_FAILED = b'{"agent_failed"'
_MARGIN = 5.0  # seconds that an agent may take, beyond a case's own time, to say that it timed out

# In words that Python 2 knows too, so that it can say what it is.
_TELL = (
    "import sys; name = getattr(getattr(sys, 'implementation', None), 'name', 'python'); "
    "print('%s %d.%d.%d %s%d' % ((name,) + tuple(sys.version_info)))"
)


class BadInterpreter(Exception):
    """What was given as an interpreter is none, or too old; the text is one sentence."""


class CandidateError(Exception):
    """The candidate cannot be loaded; the text is one sentence."""


class AgentError(Exception):
    """The agent itself failed: a fault of the suite, or of the machine."""


@dataclass(frozen=True)
class Target:
    """An interpreter in which a side runs."""

    executable: str
    implementation: str
    version: str

    @property
    def name(self) -> str:
        """How people call it: "CPython 3.13.0"."""
        names = {"cpython": "CPython", "pypy": "PyPy"}
        return f"{names.get(self.implementation, self.implementation)} {self.version}"


@dataclass(frozen=True)
class Greeting:
    """What an agent says of its interpreter and of the side that it has loaded."""

    version: str
    implementation: str
    capabilities: frozenset[str]
    single_threaded: bool
    delegates: bool
    unseen: Mapping[str, str]


@dataclass(frozen=True)
class Reply:
    """What came of one case.

    status: `done` with an observation; `signal`, `exit` or `hang` with what is known of it; `failed` if the agent
    itself did, or `lost` if it is gone; `unreached` if the process of several cases ended before this one. line: the
    observation as the agent wrote it, JSON.
    """

    status: str
    detail: int | float | str | None = None
    line: bytes = b""

    @functools.cached_property
    def observation(self) -> Mapping[str, Any] | None:
        """What the agent saw, or None if there is no telling."""
        try:
            found = json.loads(self.line)
        except ValueError:
            return None
        return found if isinstance(found, dict) else None


UNREACHED = Reply("unreached")


def find(interpreter: str) -> Target:
    """The target for a path or a command's name. Raises BadInterpreter."""
    path = shutil.which(interpreter)
    if path is None:
        raise BadInterpreter(f"There is no interpreter {interpreter!r}: give --target a path or a command's name.")
    path = os.path.abspath(path)  # agents start elsewhere; its links stay, since a virtual environment is one
    try:
        told = subprocess.run([path, "-c", _TELL], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise BadInterpreter(f"{path} cannot be started as a Python interpreter: {exc}.") from None
    words = told.stdout.split()
    try:
        implementation, version, _ = words
        parsed = Version(version)
    except (ValueError, InvalidVersion):
        said = (told.stderr or told.stdout).strip().splitlines()
        hint = f": {said[-1][:200]}" if said else ""
        raise BadInterpreter(f"{path} does not answer as a Python interpreter does{hint}.") from None
    if parsed < OLDEST:
        raise BadInterpreter(f"{path} is Python {version}; targets are Python {OLDEST} and later.")
    return Target(path, implementation, version)


def _place() -> str | None:
    """Where worlds are built: in memory where there is room, since that is much faster; else where it is usual."""
    memory = "/dev/shm"
    if any(name in os.environ for name in ("TMPDIR", "TEMP", "TMP")) or not os.access(memory, os.W_OK | os.X_OK):
        return None
    status = os.statvfs(memory)
    if status.f_flag & os.ST_NOEXEC or status.f_bavail * status.f_frsize < _ROOM:
        return None
    return memory


class Side:
    """One side, oracle or candidate, in a target: owns the agent's process and a temporary folder.

    what: "oracle", or an --impl. import_from: a folder put first on sys.path. `start` and `finish` are separate so
    that both sides can work at the same time.
    """

    def __init__(
        self, target: Target, what: str, *, import_from: str = "", timeout: float = 10.0, load_timeout: float = 20.0
    ) -> None:
        self._target = target
        self._what = what
        self._import_from = import_from
        self._timeout = timeout
        self._load_timeout = load_timeout
        # Without links on the way to it: the interpreter says where it is without them (getcwd), or with.
        self._folder = os.path.realpath(tempfile.mkdtemp(prefix="runpy-conformance-", dir=_place()))
        self._numbers = itertools.count(1)
        self._agent: _Agent | None = None
        self._greeting: Greeting | None = None
        self._pending: tuple[_Agent, dict[str, Any]] | None = None

    @property
    def forks(self) -> bool:
        """Whether cases run in forked processes; otherwise there is a fresh interpreter for each."""
        return "fork" in self.greeting.capabilities and self.greeting.single_threaded

    @property
    def greeting(self) -> Greeting:
        """What the agent said first; starts it if need be. Raises CandidateError, AgentError."""
        if self._greeting is None:
            self._warm()
        assert self._greeting is not None
        return self._greeting

    def start(self, cases: Sequence[Mapping[str, Any]], *, fresh: bool = False) -> None:
        """Send cases, as plain data, to the warm agent, or one to an interpreter started for it.

        Several follow one another in one process, which is put back to what it was after each.
        """
        fresh = fresh or not self.forks
        assert len(cases) == 1 or not fresh
        agent = self._launch("once")[0] if fresh else self._warm()
        number = next(self._numbers)
        request = {
            "id": number,
            "cases": list(cases),
            "root": os.path.join(self._folder, f"{number:07d}"),
            "result": os.path.join(self._folder, f"{number:07d}.json"),
            "timeout": self._timeout,
        }
        try:
            agent.send(request)
        except OSError:
            # It died between two cases; the case itself is not to blame.
            agent.kill()
            agent = self._launch("once")[0] if fresh else self._warm(again=True)
            agent.send(request)
        self._pending = (agent, request)

    def finish(self) -> list[Reply]:
        """The replies to the cases sent last."""
        assert self._pending is not None
        (agent, request), self._pending = self._pending, None
        try:
            if agent.once:
                status, detail = agent.wait(self._timeout)
                agent.kill()
            else:
                status, detail = self._ask(agent, request)
            return _replies(status, detail, Path(request["result"]), len(request["cases"]))
        finally:
            if agent.once or agent is not self._agent:
                shutil.rmtree(request["root"], ignore_errors=True)
                for descriptor in (1, 2):
                    Path(f"{request['result']}.{descriptor}").unlink(missing_ok=True)

    def hurry(self) -> None:
        """Wait for no case longer than a hundred times what one takes."""
        self._timeout = min(self._timeout, _HURRIED)

    def abandon(self) -> None:
        """Let go of what was sent last, and of the agent that is at work on it."""
        assert self._pending is not None
        self._pending[0].kill()
        if self._pending[0] is self._agent:
            self._agent = None
        self._pending = None

    def run(self, case: Mapping[str, Any], *, fresh: bool = False) -> Reply:
        """`start` and `finish` for one case."""
        self.start([case], fresh=fresh)
        return self.finish()[0]

    def close(self) -> None:
        """End the agent, and remove everything that it left."""
        if self._pending is not None:
            self._pending[0].kill()
        if self._agent is not None:
            self._agent.kill()
            self._agent = None
        shutil.rmtree(self._folder, ignore_errors=True)

    # -- helpers ----------------------------------------------------------------------------------------------

    def _ask(self, agent: _Agent, request: Mapping[str, Any]) -> tuple[str, Any]:
        try:
            message = agent.receive(self._timeout * len(request["cases"]) + _MARGIN)
        except (TimeoutError, EOFError, ValueError) as exc:
            # The agent itself is gone or talks nonsense: the case has reached out of its process.
            agent.kill()
            self._agent = None
            return ("hang", self._timeout) if isinstance(exc, TimeoutError) else ("lost", str(exc))
        if message.get("id") != request["id"]:
            agent.kill()
            self._agent = None
            return ("lost", "the agent answered another request")
        return message["status"], message.get("detail")

    def _warm(self, *, again: bool = False) -> _Agent:
        if self._agent is None or again:
            self._agent, self._greeting = self._launch("serve")
        return self._agent

    def _launch(self, mode: str) -> tuple[_Agent, Greeting]:
        agent = _Agent(self._target.executable, mode, self._what, self._import_from, self._folder)
        try:
            message = agent.receive(self._load_timeout)
        except TimeoutError:
            agent.kill()
            raise CandidateError(
                f"{self._what} did not finish being imported within {self._load_timeout:g} seconds."
            ) from None
        except (EOFError, ValueError):
            code = agent.kill()
            raise CandidateError(
                f"{self._what} ended the interpreter while it was being imported ({_how_it_ended(code)})."
            ) from None
        if "cannot_load" in message:
            agent.kill()
            raise CandidateError(str(message["cannot_load"]))
        if message.get("protocol") != PROTOCOL:
            agent.kill()
            raise AgentError(f"the agent speaks protocol {message.get('protocol')}, and not {PROTOCOL}")
        greeting = Greeting(
            version=message["version"],
            implementation=message["implementation"],
            capabilities=frozenset(message["capabilities"]),
            single_threaded=message["single_threaded"],
            delegates=message["delegates"],
            unseen=message["unseen"],
        )
        return agent, greeting


def _replies(status: str, detail: Any, result: Path, count: int) -> list[Reply]:
    """One reply a case, from the lines that the agent wrote and from how it ended."""
    try:
        lines = result.read_bytes().split(b"\n")
    except OSError:
        lines = [b""]
    finally:
        result.unlink(missing_ok=True)
    lines.pop()  # what follows the last end of a line: nothing, or one that was cut off
    if count > 1 and lines and lines[-1].startswith(b'{"changed"'):
        if lines.pop() != b'{"changed": []}':
            return [UNREACHED] * count
    elif len(lines) < count and not (lines and lines[-1].startswith(_FAILED)):
        lines.append(b"")  # the case at work then has ended the process
    found = [_reply(status, detail, line) for line in lines[:count]]
    return found + [UNREACHED] * (count - len(found))


def _reply(status: str, detail: Any, line: bytes) -> Reply:
    if not line:
        return Reply(status, detail) if status != "done" else Reply("exit", 0)
    if line.startswith(_FAILED):
        return Reply("failed", str(json.loads(line)["agent_failed"]))
    return Reply("done", None, line)


class _Agent:
    """One process that runs the agent, and the two pipes to it."""

    def __init__(self, executable: str, mode: str, what: str, import_from: str, folder: str) -> None:
        self.once = mode == "once"
        theirs_read, self._write = os.pipe()
        self._read, theirs_write = os.pipe()
        self._buffer = b""
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "COV_"))}
        with open(os.path.join(folder, "agent.log"), "ab") as log:
            self._process = subprocess.Popen(
                [executable, str(AGENT), str(theirs_read), str(theirs_write), mode, what, import_from],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(theirs_read, theirs_write),
                cwd=import_from or folder,
                start_new_session=True,
                env=environment,
            )
        os.close(theirs_read)
        os.close(theirs_write)

    def send(self, message: Mapping[str, Any]) -> None:
        data = json.dumps(message).encode("ascii") + b"\n"
        while data:
            data = data[os.write(self._write, data) :]

    def receive(self, timeout: float) -> dict[str, Any]:
        """The next message. Raises TimeoutError, EOFError, ValueError (not a message)."""
        deadline = time.monotonic() + timeout
        while b"\n" not in self._buffer:
            if not select.select([self._read], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise TimeoutError
            data = os.read(self._read, 65536)
            if not data:
                raise EOFError("the agent is gone")
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        message = json.loads(line)
        if not isinstance(message, dict):
            raise ValueError("the agent sent what is no message")
        return message

    def wait(self, timeout: float) -> tuple[str, Any]:
        """How a process that runs one case ended."""
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return "hang", timeout
        return ("signal", -code) if code < 0 else ("done", code)

    def kill(self) -> int:
        """End the process and everything in its session; its return code."""
        for descriptor in (self._read, self._write):
            if descriptor >= 0:
                os.close(descriptor)
        self._read = self._write = -1
        code = self._process.poll()
        if code is None and not self.once:
            # Its line being closed, it ends the case at work, which has a process group of its own.
            try:
                self._process.wait(_FAREWELL)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except OSError:
            pass
        ended = self._process.wait()
        return ended if code is None else code


def _how_it_ended(code: int) -> str:
    if code < 0:
        return f"signal {signal.Signals(-code).name}" if -code in set(signal.Signals) else f"signal {-code}"
    return f"exit status {code}"
