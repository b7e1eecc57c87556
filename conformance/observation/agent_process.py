"""A running agent: the pipes to it, and the guard that started it (see `guard`)."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from ..agent.messages import Start
from . import protocol
from .interpreters import Target
from .protocol import Message
from .scratch import Scratch
from .side import Status

# Our folder is the last on the path, so that nothing of ours hides a module of the standard library.
_GUARD = "import sys; sys.path.append(sys.argv[1]); import guard; guard.main(sys.argv[2:])"
_HERE = Path(__file__).resolve().parent
AGENT = _HERE.parent / "agent" / "start.py"
LOG = "agent.log"
FAREWELL = 3.0  # seconds that a guard may take to end its agent
_LONGEST_MESSAGE = 1 << 26  # bytes
_AT_ONCE = 1 << 20  # bytes
_LEAST_MEMORY, _MOST_MEMORY = 2 << 30, 4 << 30
# PyPy makes the part of the memory that it fills first as large as half of the processor's cache. Each forked process
# takes it anew from the system, page by page; where the cache is large, that took a third of the agent's time.
_NURSERY = {"PYPY_GC_NURSERY": "1M"}


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_limit() -> int:
    """The number of bytes that a process of a side may have: half of the machine's, within bounds."""
    return max(_LEAST_MEMORY, min(_MOST_MEMORY, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2))


class AgentLost(Exception):
    """The agent ended, or sent something that the protocol does not allow; the text is a sentence about that."""


class AgentEnded(AgentLost):
    """The agent ended by itself. status: how, as `Reply` has it: "exit" or "signal", and the number."""

    def __init__(self, code: int, unfinished: int) -> None:
        rest = f", in the middle of a message ({unfinished:,} bytes without the end of a line)" if unfinished else ""
        super().__init__(f"the agent ended, with {how_it_ended(code)}{rest}")
        self.status: tuple[Status, int] = ("signal", -code) if code < 0 else ("exit", code)
        self.how = how_it_ended(code)


class TooMuch(Exception):
    """A guard has killed its agent and everything below it, because it took too much.

    status: of what, as `Reply` has it. number: so many processes, or bytes.
    """

    def __init__(self, status: Status, number: int) -> None:
        super().__init__(number)
        self.status = status
        self.number = number


class AgentProcess:
    """A guard, the agent that it has started, and the two streams of that agent.

    target: the interpreter, or the bridge. start: the first message, which is sent at once, unless `silent`. folder:
    where the agent may write. forks, resets: what the agent's handshake says of itself (see `messages.Handshake`); set
    by the caller.
    """

    def __init__(self, target: Target, start: Start, folder: str, *, silent: bool = False) -> None:
        self.once = start["once"]
        self.forks = self.resets = False
        theirs_read, self._write = os.pipe()
        self._read, theirs_write = os.pipe()
        widen(self._read)
        self._lines: deque[bytes] = deque()
        self._rest: list[bytes] = []  # the parts of a line that has no end yet
        self._length = 0  # of these
        command = target.command or [target.executable, str(AGENT)]
        mode = "bridge" if target.command else "agent"
        is_pypy = mode == "agent" and target.implementation == "pypy"  # a bridge starts its interpreter as it likes
        variables = _NURSERY if is_pypy and not os.environ.keys() & _NURSERY else {}
        command = [*command, *(f"--unset={name}" for name in variables)]
        self._guarded = Guarded(command, folder, mode, (theirs_read, theirs_write), variables=variables)
        os.close(theirs_read)
        os.close(theirs_write)
        try:
            if not silent:
                self.send(start)
        except (OSError, AgentLost):
            pass  # it has spoken too early, or has ended, as will be found when its answer is read

    def send(self, message: Message) -> None:
        """Send a message. Raises OSError if the agent has ended, AgentLost if it has said something unasked."""
        if self._lines or self._rest or select.select([self._read], [], [], 0)[0]:
            self._refuse_unasked()
        data = protocol.encode(message)
        while data:
            data = data[os.write(self._write, data) :]

    def _refuse_unasked(self) -> None:
        """Raise AgentLost if the agent has sent something, and OSError if it has ended."""
        try:
            line = self.receive(0)
        except AgentEnded as exc:
            raise BrokenPipeError(str(exc)) from None
        except TimeoutError:
            line = b"".join(self._rest)
        raise AgentLost(f"the agent sent more than it was asked for: {protocol.shown(line)}")

    def receive(self, timeout: float) -> bytes:
        """The next line, without its end. Raises TimeoutError, TooMuch, AgentLost."""
        deadline = time.monotonic() + timeout
        while not self._lines:
            if not select.select([self._read], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise TimeoutError
            data = os.read(self._read, _AT_ONCE)
            if not data:
                try:
                    code = self._guarded.wait(FAREWELL)
                except TimeoutError:
                    raise AgentLost("the agent closed its standard output, and did not end") from None
                raise AgentEnded(code, self._length)
            first, *others = data.split(b"\n")
            self._rest.append(first)
            if others:
                self._lines.append(b"".join(self._rest))
                self._lines.extend(others[:-1])
                self._rest, self._length = [others[-1]] if others[-1] else [], 0
                first = others[-1]
            self._length += len(first)
            if self._length > _LONGEST_MESSAGE:
                raise AgentLost(f"the agent sent a message longer than {_LONGEST_MESSAGE >> 20} MB")
        return self._lines.popleft()

    @property
    def unfinished(self) -> int:
        """The number of bytes that the agent has sent of a line that has no end."""
        return self._length

    def expect_nothing_more(self) -> None:
        """Raise AgentLost if another message lies ready."""
        if self._lines or self._rest:
            line = self._lines[0] if self._lines else b"".join(self._rest)
            raise AgentLost(f"the agent sent more than it was asked for: {protocol.shown(line)}")

    def kill(self) -> None:
        """End the process, and everything that descends from it. It may be called again, also after an interruption."""
        # A signal may raise an exception after any line: no descriptor may be closed twice.
        descriptors = self._read, self._write
        self._read = self._write = -1
        for descriptor in descriptors:
            if descriptor >= 0:
                os.close(descriptor)
        self._guarded.kill()


def widen(pipe: int) -> None:
    """Let a pipe hold as much as it can, so that an agent can go on while the driver does something else."""
    try:
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _AT_ONCE)
    except (AttributeError, OSError):
        pass  # another system, or more pipes than a user may widen


class Guarded:
    """Any process, started by a guard (see `guard`), which reports how the process ended.

    folder: where the process may write; removed if the driver dies. mode: `agent`, `bridge`, or `other` for any other
    program. descriptors: its standard input and output, if they are not empty. cwd: its current folder; default:
    `folder`. variables: put into its environment beside the driver's.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: str,
        mode: str,
        descriptors: Sequence[int] = (),
        cwd: str = "",
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "COV_"))}
        environment.update(variables)
        if mode == "other":
            environment["TMPDIR"] = folder
        inherits = ",".join(map(str, descriptors))
        arguments = [str(_HERE), folder, inherits, mode, str(memory_limit()), *command]
        with open(os.path.join(folder, LOG), "ab") as log:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _GUARD, *arguments],
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                pass_fds=descriptors,
                cwd=cwd or folder,
                start_new_session=True,
                env=environment,
            )

    def wait(self, timeout: float) -> int:
        """The exit status of the process. Raises TimeoutError, TooMuch, AgentLost."""
        assert self._guard.stdout is not None
        if not select.select([self._guard.stdout], [], [], timeout)[0]:
            raise TimeoutError
        words = os.read(self._guard.stdout.fileno(), 100).split()
        if len(words) != 2:
            raise AgentLost("the agent is gone, and its guard as well")
        if words[0] == b"too-many":
            raise TooMuch("too-many-processes", int(words[1]))
        if words[0] == b"too-large":
            raise TooMuch("too-large", int(words[1]))
        return os.waitstatus_to_exitcode(int(words[1]))

    def end(self) -> None:
        """Ask the guard to end the process and everything that descends from it; do not wait for that."""
        assert self._guard.stdin is not None
        try:
            self._guard.stdin.write(b"q")  # without this byte the guard would take the driver for dead
        except (OSError, ValueError):
            pass  # it has ended, or has been asked to

    def kill(self) -> None:
        """End the process and everything that descends from it, and wait for that."""
        assert self._guard.stdin is not None
        assert self._guard.stdout is not None
        self.end()
        self._guard.stdin.close()
        try:
            self._guard.wait(FAREWELL)
        except subprocess.TimeoutExpired:
            try:
                os.killpg(self._guard.pid, signal.SIGKILL)
            except OSError:
                pass
            self._guard.wait()
        self._guard.stdout.close()


_running: set[Guarded] = set()


def run_guarded(interpreter: str, source: str, timeout: float) -> tuple[int, str] | None:
    """Run a program that runs a candidate: its exit status and stderr, or None if it did not end in time (seconds)."""
    scratch = Scratch()
    try:
        script = Path(scratch.path, "program.py")
        script.write_text(source, encoding="utf-8")
        guarded = Guarded([interpreter, str(script)], scratch.path, "other", cwd=os.getcwd())
        _running.add(guarded)
        try:
            status = guarded.wait(timeout)
        except (TimeoutError, TooMuch, AgentLost):
            return None
        finally:
            _running.discard(guarded)
            guarded.kill()
        return status, Path(scratch.path, LOG).read_text(encoding="utf-8", errors="replace")
    finally:
        scratch.remove()


def stop_guarded() -> None:
    """End the programs that `run_guarded` is running in other threads."""
    for guarded in list(_running):
        guarded.end()


def how_it_ended(code: int) -> str:
    if code < 0:
        return f"signal {signal.Signals(-code).name}" if -code in set(signal.Signals) else f"signal {-code}"
    return f"exit status {code}"
