"""The agent's end of the protocol (docs/protocol.md): a greeting, then one answer for each request.

    driver -> agent   {"id": 1, "cases": [{...}], "root": "/new/folder", "result": "/file", "timeout": 10.0}
    agent -> driver   {"id": 1, "status": "done" | "signal" | "exit" | "hang", "detail": ...}

Rules. Owns the order of events in the agent: when the side is loaded, when a process is forked, how long it may take.
Knows nothing of what a case does (`steps`). Nothing that a candidate does may make the agent say something wrong.

Theory of operation. The agent itself runs no case: it stays warm, and forks a process for each request, waits for it,
and kills it if a case does not end in time. In `once` mode, for interpreters without `fork`, it runs one case in its
own process. The process of the cases writes their observations to the file `result`, one a line, through a descriptor
that did not exist while a case ran; so a candidate that writes to every descriptor it finds cannot speak for the agent.
Several cases in one request follow one another in one process (see `rollback`).
"""

from __future__ import annotations

import gc
import sys
import types
from select import select
from signal import SIGKILL
from time import monotonic
from typing import TYPE_CHECKING, Any, Callable, List, Mapping, Tuple

from . import MUTE, NONSENSE, candidate, lazy, raised, rollback, state, steps, world
from .cleaning import kill_orphans, remove_world
from .describe import safe_str, type_name
from .greeting import handshake
from .own import dumps, loads, os

if TYPE_CHECKING:
    from .messages import AgentFailed, Answer, CannotLoad, Changed, Request

try:
    from _thread import _count as _other_threads
except ImportError:  # an interpreter without threads

    def _other_threads() -> int:
        return 0


_GRACE = 0.05  # seconds between two looks at a process that has not ended
_DRIVER_IS_GONE = object()
_streams = (sys.stdout, sys.stderr)
_threads_before = _other_threads()
world.os = os  # type: ignore[attr-defined]  # `world` imports nothing of ours, since reproducers hold its text


def main(arguments: List[str]) -> None:
    """Load the side under test, greet, then serve requests until the driver closes its end."""
    read_fd, write_fd = int(arguments[0]), int(arguments[1])
    once, side, import_from = arguments[2] == "once", arguments[3], arguments[4]
    guard = arguments[5] if len(arguments) > 5 else ""
    for descriptor in (read_fd, write_fd):
        os.set_inheritable(descriptor, False)
    if not once:
        _without_compiler()
    reader = os.fdopen(read_fd, "r", encoding="ascii", errors="replace")
    send = _sender(write_fd)
    if import_from:
        sys.path.insert(0, import_from)
    keep = _bare_main()
    under_test = types.ModuleType("under_test")
    under_test.__dict__["Unsupported"] = steps.Unsupported
    sys.modules["under_test"] = under_test
    for name in [key for key in sys.modules if key.partition(".")[0] == __name__.partition(".")[0]]:
        del sys.modules[name]  # the agent is loaded, and the candidate must not find it
    before = set(sys.modules)
    try:
        functions = candidate.load(side)
    except candidate.CannotLoad as exc:
        refusal: CannotLoad = {"cannot_load": str(exc), "missing": exc.missing}
        send(refusal)
        return
    single_threaded = _other_threads() == _threads_before
    send(handshake(functions, single_threaded=single_threaded, is_oracle=side == candidate.ORACLE))
    if side != candidate.ORACLE:
        raised.note_candidate(sys.path)
    state.note_candidates_modules(before)
    state.note_loaded()
    if hasattr(gc, "freeze"):
        gc.collect()
        gc.freeze()
    for line in reader:
        try:
            request = _request(line)
        except Exception:
            os._exit(NONSENSE)
        if once:
            reader.close()
            os.close(write_fd)  # so that the candidate cannot write to the driver
            _in_this_process(request, functions)
        answer = _in_a_child(request, functions, (read_fd, write_fd))
        kill_orphans(guard)
        if side != candidate.ORACLE and answer["status"] == "done":
            lazy.import_for_all(request["root"])
        send(answer)
        remove_world(request)  # while the driver reads the result
    del keep
    os._exit(0)  # without the functions that the candidate may have registered to run at exit


def _request(line: str) -> Request:
    """The request in a line. Raises some exception if the line holds none."""
    request = loads(line)
    for key, kind in (("id", int), ("cases", list), ("root", str), ("result", str), ("timeout", (int, float))):
        if not line.endswith("\n") or not isinstance(request[key], kind):
            raise ValueError(key)
    return request  # type: ignore[no-any-return]


def _without_compiler() -> None:
    """Turn PyPy's compiler off: in processes that last for a few cases it costs more than it gains."""
    try:
        import pypyjit  # type: ignore[import-not-found]
    except ImportError:
        return
    pypyjit.set_param("off")


def _sender(descriptor: int) -> Callable[[Mapping[str, Any]], None]:
    def send(message: Mapping[str, Any]) -> None:
        data = dumps(message).encode("ascii") + b"\n"
        while data:
            data = data[os.write(descriptor, data) :]

    return send


def _bare_main() -> Any:
    """Put an empty module in the place of `__main__`, which executed code can see; return the old one, to be kept."""
    ours = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    return ours


# -- one process for each request ------------------------------------------------------------------------------


def _in_this_process(request: Request, functions: candidate.Functions) -> None:
    """Run the cases, write an observation for each, and end the process.

    After several cases, one more line lists the changes that could not be undone; if that line is missing, a case has
    ended the process.
    """
    root, result, cases = request["root"], request["result"], request["cases"]
    os.makedirs(root)
    outputs = _open_outputs(result)

    def write(result_line: Mapping[str, Any]) -> None:
        data = dumps(result_line).encode("ascii") + b"\n"
        descriptor = os.open(result, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        while data:
            data = data[os.write(descriptor, data) :]
        os.close(descriptor)

    status = MUTE
    try:
        try:
            if len(cases) == 1:
                write(steps.observe(cases[0], root, functions, alone=True))
            else:
                snapshot, imports = rollback.Snapshot(root), lazy.Imports(root)
                for number, case in enumerate(cases):
                    folder = "{}/{}".format(root, number)
                    os.mkdir(folder)
                    write(steps.observe(case, folder, functions, alone=False))
                    imports.count()
                    if not snapshot.restore(case):
                        break
                    if _outputs() != outputs:  # the case has closed or redirected them
                        outputs = _open_outputs(result)
                last: Changed = {"changed": snapshot.changed()}
                write(last)
                imports.leave()
        except BaseException as exc:  # a fault of the agent, or of the world's recipes
            failure: AgentFailed = {"agent_failed": _traceback(exc)}
            write(failure)
        status = 0
    finally:
        os._exit(status)


def _open_outputs(result: str) -> List[Any]:
    """Redirect the standard streams to files beside the result; return what identifies those files."""
    for descriptor in (0, 1, 2):
        name = "{}.{}".format(result, descriptor) if descriptor else os.devnull
        output = os.open(name, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        if output != descriptor:
            os.dup2(output, descriptor)
            os.close(output)
        else:
            os.set_inheritable(output, True)
    return _outputs()


def _outputs() -> List[Any]:
    """The files behind the standard streams, for comparison; None for a closed stream."""
    found: List[Any] = []
    for descriptor in (1, 2):
        try:
            status = os.fstat(descriptor)
            found.append((status.st_dev, status.st_ino))
        except OSError:
            found.append(None)
    return found


def _traceback(exc: BaseException) -> str:
    try:
        import traceback

        return "".join(traceback.format_exception(type(exc), exc, exc.__traceback__))
    except BaseException:  # the world has broken the import of it
        return "{}: {}".format(type_name(type(exc)), safe_str(exc))


def _in_a_child(request: Request, functions: candidate.Functions, ours: Tuple[int, int]) -> Answer:
    """Run the cases in a forked process, and wait for it; its files remain. ours: the pipes to the driver."""
    for case in request["cases"]:
        world.prepare(case["files"])
        steps.prepare(case)
        rollback.prepare(case)
    state.note_loaded()
    alive_read, alive_write = os.pipe()
    for stream in _streams:
        try:
            stream.flush()
        except (OSError, ValueError):  # the candidate has closed it when it was imported
            pass
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        for descriptor in (*ours, alive_read):
            os.close(descriptor)
        _in_this_process(request, functions)
    os.close(alive_write)
    try:
        os.setpgid(child, child)
    except OSError:
        pass  # the child has done so itself, or has ended
    status = _wait(child, alive_read, ours[0], request)
    os.close(alive_read)
    try:
        os.killpg(child, SIGKILL)
    except OSError:
        pass
    if status is _DRIVER_IS_GONE:
        remove_world(request)
        os._exit(0)
    if status is None:
        os.waitpid(child, 0)
        return {"id": request["id"], "status": "hang", "detail": request["timeout"]}
    if os.WIFSIGNALED(status):
        return {"id": request["id"], "status": "signal", "detail": os.WTERMSIG(status)}
    if os.path.exists(request["result"]):
        return {"id": request["id"], "status": "done"}
    return {"id": request["id"], "status": "exit", "detail": os.WEXITSTATUS(status)}


def _wait(child: int, alive: int, line: int, request: Request) -> Any:
    """The child's exit status; None if a case did not end in time; _DRIVER_IS_GONE if that is so.

    alive: a pipe that the child closes when it ends. It may also close it earlier, or pass it on to a process of its
    own, so the child's status is looked up as well. line: the pipe from the driver. No request comes before the answer
    to the last one, so anything to be read there is the end of the pipe.
    """
    deadline, done = monotonic() + request["timeout"], 0
    watch = [alive, line]
    while True:
        remaining = deadline - monotonic()
        grace = _GRACE if alive in watch else 0.001
        ready = select(watch, [], [], max(0.0, min(remaining, grace)))[0]
        if line in ready:
            return _DRIVER_IS_GONE
        if ready:
            watch = [line]
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return status
        if remaining <= 0:
            size = _size(request["result"])
            if size == done:
                return None
            deadline, done = monotonic() + request["timeout"], size  # the time limit is for each case


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
