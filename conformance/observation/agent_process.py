"""A running agent: the pipes to it, and the guard that started it (see `guard`)."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from ..agent.messages import Request
from . import protocol
from .scratch import Scratch
from .side import Status

# Our folder is the last on the path, so that nothing of ours hides a module of the standard library.
_GUARD = "import sys; sys.path.append(sys.argv[1]); import guard; guard.main(sys.argv[2:])"
_HERE = Path(__file__).resolve().parent
AGENT = _HERE.parent / "agent" / "start.py"
_LOG = "agent.log"
FAREWELL = 3.0  # seconds that a guard may take to end its agent
_LONGEST_MESSAGE = 1 << 20  # bytes


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class AgentLost(Exception):
    """The agent ended, or sent something that the protocol does not allow; the text is a sentence about that."""


class TooManyProcesses(Exception):
    """A guard has killed its agent and everything below it, because there were too many processes."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class AgentProcess:
    """A guard, the agent that it has started, and the two pipes to that agent.

    executable: the target. mode: `serve` or `once` (docs/protocol.md). side, import_from: see `LiveSide`. folder: where
    the agent may write.
    """

    def __init__(
        self, executable: str, mode: Literal["serve", "once"], side: str, import_from: str, folder: str
    ) -> None:
        self.once = mode == "once"
        self.ended = ""  # how the agent ended, in words, if it did so by itself
        theirs_read, self._write = os.pipe()
        self._read, theirs_write = os.pipe()
        self._buffer = b""
        command = [executable, str(AGENT), str(theirs_read), str(theirs_write), mode, side, import_from]
        self._guarded = Guarded(command, folder, mode, (theirs_read, theirs_write), import_from)
        os.close(theirs_read)
        os.close(theirs_write)

    def send(self, request: Request) -> None:
        """Send a request. Raises OSError if the agent has ended."""
        data = protocol.encode(request)
        while data:
            data = data[os.write(self._write, data) :]

    def receive(self, timeout: float) -> dict[str, Any]:
        """The next message, its keys not yet checked. Raises TimeoutError, TooManyProcesses, AgentLost."""
        deadline = time.monotonic() + timeout
        while b"\n" not in self._buffer:
            if not select.select([self._read], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise TimeoutError
            data = os.read(self._read, 65536)
            if not data:
                self.ended = _how_it_ended(self._guarded.wait(FAREWELL))
                raise AgentLost(f"the agent ended, with {self.ended}")
            self._buffer += data
            if len(self._buffer) > _LONGEST_MESSAGE:
                raise AgentLost(f"the agent sent a message longer than {_LONGEST_MESSAGE >> 20} MB")
        line, _, self._buffer = self._buffer.partition(b"\n")
        try:
            message = protocol.message(line)
        except protocol.Malformed as exc:
            raise AgentLost(f"the agent sent {exc}") from None
        if self._buffer:
            raise AgentLost("the agent sent more than it was asked for")
        return message

    def wait(self, timeout: float) -> tuple[Status, Any]:
        """The status and the detail (see `Reply`) of a case that the agent itself has run. Raises AgentLost."""
        try:
            code = self._guarded.wait(timeout)
        except TooManyProcesses as exc:
            return "too-many-processes", exc.number
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
    """Any process, started by a guard (see `guard`), which reports how the process ended.

    folder: where the process may write; removed if the driver dies. mode: `once` and `serve` for agents, `other` for
    any other program. descriptors: those that the process inherits. cwd: its current folder; default: `folder`.
    """

    def __init__(
        self, command: Sequence[str], folder: str, mode: str, descriptors: Sequence[int] = (), cwd: str = ""
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
                cwd=cwd or folder,
                start_new_session=True,
                env=environment,
            )

    def wait(self, timeout: float) -> int:
        """The exit status of the process. Raises TimeoutError, TooManyProcesses, AgentLost."""
        assert self._guard.stdout is not None
        if not select.select([self._guard.stdout], [], [], timeout)[0]:
            raise TimeoutError
        words = os.read(self._guard.stdout.fileno(), 100).split()
        if len(words) != 2:
            raise AgentLost("the agent is gone, and its guard as well")
        if words[0] == b"too-many":
            raise TooManyProcesses(int(words[1]))
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
        except (TimeoutError, TooManyProcesses, AgentLost):
            return None
        finally:
            _running.discard(guarded)
            guarded.kill()
        return status, Path(scratch.path, _LOG).read_text(encoding="utf-8", errors="replace")
    finally:
        scratch.remove()


def stop_guarded() -> None:
    """End the programs that `run_guarded` is running in other threads."""
    for guarded in list(_running):
        guarded.end()


def _how_it_ended(code: int) -> str:
    if code < 0:
        return f"signal {signal.Signals(-code).name}" if -code in set(signal.Signals) else f"signal {-code}"
    return f"exit status {code}"
