"""The process of the cases: the agent forks it, waits for it, and tells how it ended.

Rules. Owns the fork, the time limit and the end of that process. Knows results only as lines. Only for platforms that
can fork; elsewhere the agent runs cases in its own process.

Theory of operation. The process of the cases has no way to the driver: it writes its messages to a file beside the
world, through a descriptor that does not exist while a case runs. So a candidate that writes to every descriptor it
finds cannot speak for the agent. When the process has ended, the agent passes the lines of the file on, and adds an
answer of its own if the process has written none. If the cases together take longer than the time limit of one case,
the agent passes the lines on that are there already: so the driver hears something within each time limit, as long as
the cases make progress.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, Callable, List, Mapping, Optional, Tuple

from . import MUTE, batch, loaded, rollback, steps, world
from .cleaning import file_of, kill_orphans, remove_world
from .own import SIGKILL, dumps, os, select

if TYPE_CHECKING:
    from .candidate import Functions
    from .messages import Answer, Request

Send = Callable[[bytes], None]
_GRACE = 0.05  # seconds between two looks at the status of the process


class Forked:
    """A process of cases, seen from the agent that has forked it.

    child: the id of the process. alive: the end of a pipe that the process closes when it ends. driver: the descriptor
    of the requests, which shows if the driver is gone. request: the request whose cases the process runs.
    """

    def __init__(self, child: int, alive: int, driver: int, request: Request) -> None:
        self._child = child
        self._alive = alive
        self._driver = driver
        self._request = request
        self._sent = 0  # bytes of the file that were passed on

    def conclude(self, send: Send, orphans: str) -> bytes:
        """Wait for the process, kill what it leaves, and return the lines that remain to be sent.

        orphans: see `cleaning.kill_orphans`. The agent ends here if the driver is gone.
        """
        request = self._request
        status = self._wait(send)
        os.close(self._alive)
        try:
            os.killpg(self._child, SIGKILL)
        except OSError:
            pass
        if status is None:
            os.waitpid(self._child, 0)
        kill_orphans(orphans)
        lines = self._new_lines()
        last = lines[lines.rfind(b"\n", 0, -1) + 1 :] if lines else b""
        if status is None and len(request["cases"]) == 1:
            lines = b""  # a result that came before belongs to a case that has not come to its end
        elif last.startswith(b'{"id": %d, "status": ' % request["id"]):
            return lines
        if status is None:
            answer: Answer = {"id": request["id"], "status": "hang", "detail": request["timeout"]}
        elif os.WIFSIGNALED(status):
            answer = {"id": request["id"], "status": "signal", "detail": os.WTERMSIG(status)}
        else:
            answer = {"id": request["id"], "status": "exit", "detail": os.WEXITSTATUS(status)}
        return lines + line_of(answer)

    def _wait(self, send: Send) -> Optional[int]:
        """The status of the process, as from wait(2); None if a case did not end in time.

        The process may close `alive` before it ends, or pass it on to a process of its own, so its status is asked for
        as well. No request comes before the answer to the last one, so whatever can be read from the driver means that
        the driver is gone.
        """
        timeout = self._request["timeout"]
        deadline = monotonic() + timeout
        watch = [self._alive, self._driver]
        while True:
            remaining = deadline - monotonic()
            grace = _GRACE if self._alive in watch else 0.001
            ready = select(watch, [], [], max(0.0, min(remaining, grace)))[0]
            if self._driver in ready:
                self._end()
            if ready:
                watch = [self._driver]
            pid, status = os.waitpid(self._child, os.WNOHANG)
            if pid:
                return status
            if remaining <= 0:
                lines = self._new_lines() if len(self._request["cases"]) > 1 else b""
                if not lines:
                    return None
                self._sent += len(lines)
                send(lines)
                deadline = monotonic() + timeout  # the time limit is for each case

    def _end(self) -> None:
        """End the process and this agent, since the driver is gone."""
        try:
            os.killpg(self._child, SIGKILL)
        except OSError:
            pass
        remove_world(self._request)
        os._exit(0)

    def _new_lines(self) -> bytes:
        """The complete lines in the file that were not yet passed on."""
        try:
            descriptor = os.open(messages_of(self._request), os.O_RDONLY)
        except OSError:
            return b""
        try:
            os.lseek(descriptor, self._sent, os.SEEK_SET)
            found = []
            while True:
                data = os.read(descriptor, 1 << 20)
                if not data:
                    break
                found.append(data)
        finally:
            os.close(descriptor)
        data = b"".join(found)
        return data[: data.rfind(b"\n") + 1]


def messages_of(request: Request) -> str:
    """The file to which the process of a request writes its messages."""
    return file_of(request, "json")


def line_of(message: Mapping[str, Any]) -> bytes:
    """A message as it is sent."""
    return dumps(message).encode("ascii") + b"\n"


def fork() -> Optional[int]:
    """Fork this process; None where that cannot be done."""
    try:
        return os.fork()
    except (AttributeError, NotImplementedError, OSError):
        return None


def start(request: Request, functions: Functions, descriptors: Tuple[int, ...], streams: Tuple[Any, ...]) -> Forked:
    """Fork a process that runs the cases of a request. descriptors: those of the protocol, which it must not have."""
    prepare(request)
    loaded.note_loaded()
    alive, alive_write = os.pipe()
    for stream in streams:
        try:
            stream.flush()
        except (OSError, ValueError):  # the candidate has closed the stream when it was imported
            pass
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        for descriptor in (*descriptors, alive):
            os.close(descriptor)
        run_and_end(request, functions)
    os.close(alive_write)
    try:
        os.setpgid(child, child)
    except OSError:
        pass  # the child has set its process group itself, or has ended
    return Forked(child, alive, descriptors[0], request)


def prepare(request: Request) -> None:
    """Do the work for the cases of a request that no case can see, before a process for them is forked."""
    for case in request["cases"]:
        world.prepare(case["files"])
        steps.prepare(case)
        rollback.prepare(case)


def run_and_end(request: Request, functions: Functions) -> None:
    """Run the cases of a request in this process, write its messages to their file, and end the process."""
    name = messages_of(request)

    def tell(message: Mapping[str, Any]) -> None:
        data = line_of(message)
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        while data:
            data = data[os.write(descriptor, data) :]
        os.close(descriptor)

    status = MUTE
    try:
        answer = batch.run(request, functions, tell)
        answer.pop("spent", None)  # the agent goes on in any case
        tell(answer)
        status = 0
    finally:
        os._exit(status)


# -- one process for one request, which loads the candidate itself ---------------------------------------------


class Relay:
    """The way back to the agent from a forked process that loads the side and runs a single request.

    That process reads the request, passes it on to the agent, and then runs it as any process of cases does.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def pass_on(self, line: str) -> None:
        """Pass the request on to the agent. The descriptor stays open until the process ends."""
        data = line.encode("ascii")
        while data:
            data = data[os.write(self._descriptor, data) :]


def relayed(descriptors: Tuple[int, ...], send: Send, orphans: str, request_in: Callable[[str], Request]) -> Any:
    """Fork. In the new process, return a Relay; in this one, wait for the request and for its end, and then end.

    request_in: returns the request that a line holds. None is returned where no process can be forked. If the new
    process ends before it has a request, this one ends in the same way.
    """
    alive, alive_write = os.pipe()
    child = fork()
    if child is None:
        os.close(alive)
        os.close(alive_write)
        return None
    if child == 0:
        os.setpgid(0, 0)
        os.close(alive)
        return Relay(alive_write)
    os.close(alive_write)
    parts: List[bytes] = []
    while not (parts and parts[-1].endswith(b"\n")):
        data = os.read(alive, 1 << 16)
        if not data:
            _end_likewise(os.waitpid(child, 0)[1])
        parts.append(data)
    request = request_in(b"".join(parts).decode("ascii"))
    send(Forked(child, alive, descriptors[0], request).conclude(send, orphans))
    remove_world(request)
    return os._exit(0)


def _end_likewise(status: int) -> None:
    """End this process in the way in which another has ended. status: as from wait(2)."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number != SIGKILL:
            from signal import SIG_DFL, signal

            signal(number, SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(status))
