"""One agent at work in an interpreter: the pipes to it, and the guard before it."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .scratch import Scratch

# Found at the end of the path: nothing of ours comes before the standard library.
_GUARD = "import sys; sys.path.append(sys.argv[1]); import guard; guard.main(sys.argv[2:])"
_HERE = Path(__file__).resolve().parent
AGENT = _HERE.parent / "agent" / "start.py"
_LOG = "agent.log"
FAREWELL = 3.0  # seconds that a guard may take to end its agent
_LONGEST_MESSAGE = 1 << 20  # bytes


class Upset(Exception):
    """What came from an agent is not what the protocol allows, or nothing comes any more; the text says what."""


class Crowded(Exception):
    """There were too many processes, so that they were killed."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class AgentProcess:
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
                self.ended = _how_it_ended(self._guarded.wait(FAREWELL))
                raise Upset(f"the agent ended, with {self.ended}")
            self._buffer += data
            if len(self._buffer) > _LONGEST_MESSAGE:
                raise Upset(f"the agent sent a message longer than {_LONGEST_MESSAGE >> 20} MB")
        line, _, self._buffer = self._buffer.partition(b"\n")
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            raise Upset("the agent sent what is no message")
        if self._buffer:
            raise Upset("the agent sent more than it was asked for")
        return message

    def wait(self, timeout: float) -> tuple[str, Any]:
        """How a process that runs one case ended."""
        try:
            code = self._guarded.wait(timeout)
        except Crowded as exc:
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
            raise Upset("the agent is gone, and its guard as well")
        if words[0] == b"crowded":
            raise Crowded(int(words[1]))
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
    """Run a program that lets a candidate loose: its exit status and stderr, or None if it did not end."""
    scratch = Scratch()
    try:
        script = Path(scratch.path, "program.py")
        script.write_text(source, encoding="utf-8")
        guarded = Guarded([interpreter, str(script)], scratch.path, "other", stands=os.getcwd())
        _running.add(guarded)
        try:
            status = guarded.wait(timeout)
        except (TimeoutError, Crowded, Upset):
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
