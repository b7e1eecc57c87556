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
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from .agent import PROTOCOL
from .guard import WORLDS
from .scratch import Scratch

# Found at the end of the path: nothing of ours comes before the standard library.
_GUARD = "import sys; sys.path.append(sys.argv[1]); import guard; guard.main(sys.argv[2:])"
_HERE = Path(__file__).resolve().parent
AGENT = _HERE / "agent" / "start.py"
_LOG = "agent.log"
OLDEST = Version("3.8")
# The languages whose interpreters are looked for when none is named.
LANGUAGES = tuple(f"3.{minor}" for minor in range(OLDEST.minor, 30))
_HURRIED = 2.0  # seconds
_FAREWELL = 3.0  # seconds that a guard may take to end its agent
_LONGEST_MESSAGE, _LONGEST_RESULT = 1 << 20, 1 << 26  # bytes
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
    """What an agent says of its interpreter and of the side that it has loaded.

    made_of: what decides how the oracle behaves, to be compared as a whole; empty for a candidate.
    """

    version: str
    implementation: str
    capabilities: frozenset[str]
    single_threaded: bool
    delegates: bool
    unseen: Mapping[str, str]
    made_of: Sequence[Any] = ()


@dataclass(frozen=True)
class Reply:
    """What came of one case.

    status: `done` with an observation; `signal`, `exit` or `hang` with what is known of it; `crowded` if there were too
    many processes; `failed` if the agent itself did; `lost`, with a reason, if it was gone or made no sense, twice;
    `unreached` if the process of several cases ended before this one. line: the observation, as the agent wrote it.
    upset: why the case was run a second time, if the agent was gone or made no sense in the first. remembered: whether
    the case was not run, since it is known from an earlier run what it shows.
    """

    status: str
    detail: int | float | str | None = None
    line: bytes = b""
    upset: str = ""
    remembered: bool = False

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
        raise BadInterpreter(f"There is no interpreter {interpreter!r}: give a path or a command's name.")
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


class _Upset(Exception):
    """What came from an agent is not what the protocol allows, or nothing comes any more; the text says what."""


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
        self._scratch = Scratch()
        self._folder = self._scratch.path
        os.mkdir(os.path.join(self._folder, WORLDS))
        self._numbers = itertools.count(1)
        self._agent: _Agent | None = None
        self._greeting: Greeting | None = None
        self.loading = 0.0  # seconds that it took to load it last
        self._pending: tuple[_Agent, dict[str, Any]] | None = None

    @property
    def mistaken(self) -> bool:
        """Whether what it remembers has turned out not to be what it shows, since it was last asked about several."""
        return False

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
        self._send(cases, fresh=fresh)

    def _send(self, cases: Sequence[Mapping[str, Any]], *, fresh: bool) -> None:
        fresh = fresh or not self.forks
        assert len(cases) == 1 or not fresh
        agent = self._launch("once")[0] if fresh else self._warm()
        number = next(self._numbers)
        request = {
            "id": number,
            "cases": list(cases),
            "root": os.path.join(self._folder, WORLDS, f"{number:07d}"),
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
        """The replies to the cases sent last. If the agent is upset, it is ended, and a case is run once more."""
        assert self._pending is not None
        agent, request = self._pending
        count = len(request["cases"])
        try:
            return self._finish()
        except _Upset as exc:
            upset = f"run again, since {exc}"
        if count > 1:
            return [replace(UNREACHED, upset=upset)] * count  # each of them is to be run by itself then
        self._send(request["cases"], fresh=agent.once)
        try:
            return [replace(one, upset=upset) for one in self._finish()]
        except _Upset as exc:
            return [Reply("lost", str(exc), upset=upset)]

    def _finish(self) -> list[Reply]:
        assert self._pending is not None
        (agent, request), self._pending = self._pending, None
        try:
            status, detail = agent.wait(self._timeout) if agent.once else self._ask(agent, request)
            return _replies(status, detail, Path(request["result"]), len(request["cases"]))
        except _Upset:
            self._end(agent)
            raise
        finally:
            if agent.once:
                agent.kill()
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
        self._end(self._pending[0])
        self._pending = None

    def anew(self, cases: Sequence[Mapping[str, Any]]) -> list[Reply]:
        """What it shows now in cases that follow one another in one process, whatever it remembers."""
        self._send(cases, fresh=False)
        return Side.finish(self)

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
        self._scratch.remove()

    # -- helpers ----------------------------------------------------------------------------------------------

    def _ask(self, agent: _Agent, request: Mapping[str, Any]) -> tuple[str, Any]:
        try:
            message = agent.receive(self._timeout * len(request["cases"]) + _MARGIN)
        except TimeoutError:
            if len(request["cases"]) > 1:
                raise _Upset("the agent did not answer in time") from None
            self._end(agent)
            return "hang", self._timeout
        except _Crowded as exc:
            self._end(agent)
            return "crowded", exc.number
        if message.get("id") != request["id"]:
            raise _Upset("the agent answered another request")
        if not isinstance(message.get("status"), str):
            raise _Upset("the agent's answer has no status")
        return message["status"], message.get("detail")

    def _end(self, agent: _Agent) -> None:
        agent.kill()
        if agent is self._agent:
            self._agent = None

    def _warm(self, *, again: bool = False) -> _Agent:
        if self._agent is None or again:
            self._agent, self._greeting = self._launch("serve")
        return self._agent

    def _launch(self, mode: str) -> tuple[_Agent, Greeting]:
        agent = _Agent(self._target.executable, mode, self._what, self._import_from, self._folder)
        begun = time.monotonic()
        try:
            message = agent.receive(self._load_timeout)
            self.loading = time.monotonic() - begun
        except TimeoutError:
            agent.kill()
            raise CandidateError(
                f"{self._what} did not finish being imported within {self._load_timeout:g} seconds."
            ) from None
        except _Crowded as exc:
            agent.kill()
            raise CandidateError(f"{self._what} started {exc.number} processes while it was being imported.") from None
        except _Upset as exc:
            agent.kill()
            how = agent.ended or str(exc)
            raise CandidateError(f"{self._what} ended the interpreter while it was being imported ({how}).") from None
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
            made_of=message.get("made_of", ()),
        )
        return agent, greeting


def _replies(status: str, detail: Any, result: Path, count: int) -> list[Reply]:
    """One reply a case, from the lines that the agent wrote and from how it ended."""
    try:
        if result.stat().st_size > _LONGEST_RESULT:
            raise _Upset(f"what the agent saw is longer than {_LONGEST_RESULT >> 20} MB")
        lines = result.read_bytes().split(b"\n")
    except OSError:
        lines = [b""]
    finally:
        result.unlink(missing_ok=True)
    if status == "hang" and count == 1:
        lines = [b""]  # whatever came before, it has not come to an end
    cut_off = lines.pop()  # what follows the last end of a line: nothing, if all is well
    if status == "done" and (cut_off or not all(line[:1] == b"{" and line[-1:] == b"}" for line in lines)):
        raise _Upset("what the agent saw is cut off" if cut_off else "what the agent saw is not JSON")
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


class _Crowded(Exception):
    """There were too many processes, so that they were killed."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class _Agent:
    """A guard, the agent that it stands before, and the two pipes to that."""

    def __init__(self, executable: str, mode: str, what: str, import_from: str, folder: str) -> None:
        self.once = mode == "once"
        self.ended = ""  # how, in words, if by itself
        theirs_read, self._write = os.pipe()
        self._read, theirs_write = os.pipe()
        self._buffer = b""
        command = [executable, str(AGENT), str(theirs_read), str(theirs_write), mode, what, import_from]
        self._guarded = Guarded(command, folder, mode, (theirs_read, theirs_write), import_from)
        os.close(theirs_read)
        os.close(theirs_write)

    def send(self, message: Mapping[str, Any]) -> None:
        data = json.dumps(message).encode("ascii") + b"\n"
        while data:
            data = data[os.write(self._write, data) :]

    def receive(self, timeout: float) -> dict[str, Any]:
        """The next message. Raises TimeoutError, _Crowded, _Upset."""
        deadline = time.monotonic() + timeout
        while b"\n" not in self._buffer:
            if not select.select([self._read], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise TimeoutError
            data = os.read(self._read, 65536)
            if not data:
                self.ended = _how_it_ended(self._guarded.wait(_FAREWELL))
                raise _Upset(f"the agent ended, with {self.ended}")
            self._buffer += data
            if len(self._buffer) > _LONGEST_MESSAGE:
                raise _Upset(f"the agent sent a message longer than {_LONGEST_MESSAGE >> 20} MB")
        line, _, self._buffer = self._buffer.partition(b"\n")
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            raise _Upset("the agent sent what is no message")
        if self._buffer:
            raise _Upset("the agent sent more than it was asked for")
        return message

    def wait(self, timeout: float) -> tuple[str, Any]:
        """How a process that runs one case ended."""
        try:
            code = self._guarded.wait(timeout)
        except _Crowded as exc:
            return "crowded", exc.number
        except TimeoutError:
            return "hang", timeout
        return ("signal", -code) if code < 0 else ("done", code)

    def kill(self) -> None:
        """End the process, and everything that descends from it."""
        for descriptor in (self._read, self._write):
            if descriptor >= 0:
                os.close(descriptor)
        self._read = self._write = -1
        self._guarded.kill()


class Guarded:
    """A process that may be anything, and a guard before it (see `guard`), which says how it ended.

    folder: where it may write, removed if the driver dies. mode: `once` and `serve` for agents, `other` for what is
    none. descriptors: what it inherits. stands: where.
    """

    def __init__(
        self, command: Sequence[str], folder: str, mode: str, descriptors: Sequence[int] = (), stands: str = ""
    ) -> None:
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "COV_"))}
        if mode == "other":
            environment["TMPDIR"] = folder
        inherits = ",".join(map(str, descriptors))
        with open(os.path.join(folder, _LOG), "ab") as log:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _GUARD, str(_HERE), folder, inherits, mode, *command],
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                pass_fds=descriptors,
                cwd=stands or folder,
                start_new_session=True,
                env=environment,
            )

    def wait(self, timeout: float) -> int:
        """How it ended, as an exit status. Raises TimeoutError, _Crowded, _Upset."""
        assert self._guard.stdout is not None
        if not select.select([self._guard.stdout], [], [], timeout)[0]:
            raise TimeoutError
        words = os.read(self._guard.stdout.fileno(), 100).split()
        if len(words) != 2:
            raise _Upset("the agent is gone, and its guard as well")
        if words[0] == b"crowded":
            raise _Crowded(int(words[1]))
        return os.waitstatus_to_exitcode(int(words[1]))

    def end(self) -> None:
        """Have the process ended, and everything that descends from it."""
        assert self._guard.stdin is not None
        try:
            self._guard.stdin.write(b"q")  # without it, we would be dead
        except (OSError, ValueError):
            pass  # it has ended, or was told to

    def kill(self) -> None:
        """End the process and everything that descends from it, and wait for that."""
        assert self._guard.stdin is not None
        assert self._guard.stdout is not None
        self.end()
        self._guard.stdin.close()
        try:
            self._guard.wait(_FAREWELL)
        except subprocess.TimeoutExpired:
            try:
                os.killpg(self._guard.pid, signal.SIGKILL)
            except OSError:
                pass
            self._guard.wait()
        self._guard.stdout.close()


_running: set[Guarded] = set()


def run_guarded(interpreter: str, source: str, timeout: float) -> tuple[int, str] | None:
    """Run a program that lets a candidate loose: its exit status and stderr, or None if it did not end."""
    scratch = Scratch()
    try:
        script = Path(scratch.path, "program.py")
        script.write_text(source, encoding="utf-8")
        guarded = Guarded([interpreter, str(script)], scratch.path, "other", stands=os.getcwd())
        _running.add(guarded)
        try:
            status = guarded.wait(timeout)
        except (TimeoutError, _Crowded, _Upset):
            return None
        finally:
            _running.discard(guarded)
            guarded.kill()
        return status, Path(scratch.path, _LOG).read_text(encoding="utf-8", errors="replace")
    finally:
        scratch.remove()


def stop_guarded() -> None:
    """End whatever `run_guarded` is running, in other threads."""
    for guarded in list(_running):
        guarded.end()


def _how_it_ended(code: int) -> str:
    if code < 0:
        return f"signal {signal.Signals(-code).name}" if -code in set(signal.Signals) else f"signal {-code}"
    return f"exit status {code}"
