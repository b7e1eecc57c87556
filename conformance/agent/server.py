"""The agent's side of the protocol (docs/protocol.md): a greeting, then one request and one reply a line.

    driver -> agent   {"id": 1, "cases": [{...}], "root": "/new/folder", "result": "/file", "timeout": 10.0}
    agent -> driver   {"id": 1, "status": "done" | "signal" | "exit" | "hang", "detail": ...}

The observations themselves are written to the file `result`, one a line, by the process that ran the cases, through a
descriptor that did not exist while a case ran: whatever a candidate does to its descriptors, it cannot speak in our
name. Several cases in one request follow one another in one process (see `rollback`).
"""

from __future__ import annotations

import gc
import sys
import types
from select import select
from signal import SIGKILL
from time import monotonic
from typing import Any, Callable, Dict, List, Tuple

from . import MUTE, NONSENSE, PROTOCOL, candidate, rollback, state, steps, world
from .describe import ask, safe_str, type_name
from .own import dumps, loads, os

try:
    from _thread import _count as _other_threads
except ImportError:  # an interpreter without threads

    def _other_threads() -> int:
        return 0


_GRACE = 0.05
_FORSAKEN = object()
_streams = (sys.stdout, sys.stderr)
_threads_before = _other_threads()
world.os = os  # type: ignore[attr-defined]  # elsewhere, that module stands by itself


def main(arguments: List[str]) -> None:
    """Load the side under test, greet, then serve requests until the driver closes the line."""
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
    for one in [key for key in sys.modules if key.partition(".")[0] == __name__.partition(".")[0]]:
        del sys.modules[one]  # all of us is loaded, and nobody else's to find
    before = set(sys.modules)
    try:
        run_module = candidate.load(side)
    except candidate.CannotLoad as exc:
        send({"cannot_load": str(exc), "missing": exc.missing})
        return
    name = _called(run_module)
    greeting = _greeting(run_module)
    if side == "oracle":
        greeting["made_of"] = _made_of()
    send(greeting)
    state.bring(before)
    state.preload()
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
            os.close(write_fd)  # the candidate finds no line to write to
            _in_this_process(request, run_module, name)
        reply = _in_a_child(request, run_module, name, (read_fd, write_fd))
        _sweep(guard)
        send(reply)
        clear(request)  # while the driver reads what came of it
    del keep
    os._exit(0)  # the driver is done with us; what the candidate would do at exit is nobody's concern


def _request(line: str) -> Dict[str, Any]:
    """A request, or an exception if it is none."""
    request = loads(line)
    for key, kind in (("id", int), ("cases", list), ("root", str), ("result", str), ("timeout", (int, float))):
        if not line.endswith("\n") or not isinstance(request[key], kind):
            raise ValueError(key)
    return request  # type: ignore[no-any-return]


def _without_compiler() -> None:
    """Turn PyPy's compiler off: in processes that live for a few cases it costs more than it gains."""
    try:
        import pypyjit  # type: ignore[import-not-found]
    except ImportError:
        return
    pypyjit.set_param("off")


def _sender(descriptor: int) -> Callable[[Dict[str, Any]], None]:
    def send(message: Dict[str, Any]) -> None:
        data = dumps(message).encode("ascii") + b"\n"
        while data:
            data = data[os.write(descriptor, data) :]

    return send


def _bare_main() -> Any:
    """Put an empty `__main__` in the place of ours, which executed code could see; ours is returned, to be kept."""
    ours = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    return ours


def _called(run_module: Callable[..., Any]) -> str:
    """The name that the interpreter gives a callable in its own messages about a call of it."""
    name = ask(run_module, "__qualname__")
    if type(name) is not str:
        name = ask(ask(type(run_module), "__call__"), "__qualname__")
    if type(name) is not str:
        name = type(run_module).__name__
    return name if sys.version_info >= (3, 10) else name.rpartition(".")[2]


def _greeting(run_module: Callable[..., Any]) -> Dict[str, Any]:
    unseen = ask(run_module, "unseen")
    return {
        "protocol": PROTOCOL,
        "implementation": sys.implementation.name,
        "version": "{}.{}.{}".format(*sys.version_info[:3]),
        "release": sys.version_info.releaselevel,
        "platform": "-".join([sys.platform, *os.uname()[4:]]) if hasattr(os, "uname") else sys.platform,
        "executable": sys.executable,
        "capabilities": _capabilities(),
        "single_threaded": _other_threads() == _threads_before,
        "delegates": run_module is getattr(sys.modules.get("runpy"), "run_module", None),
        "unseen": {str(k): str(v) for k, v in unseen.items()} if isinstance(unseen, dict) else {},
    }


def _made_of() -> List[Any]:
    """What decides how the oracle behaves: another build, and one in which a file was changed, say something else."""
    named = {ask(module, "__file__") for module in list(sys.modules.values())} | {os.path.realpath(sys.executable)}
    files = []
    for file in sorted(one for one in named if type(one) is str):
        try:
            status = os.stat(file)
        except OSError:
            continue  # there is but a name for it
        files.append([file, status.st_size, status.st_mtime_ns])
    importable = [_importable(entry) for entry in sys.path]
    variables = sorted(one for one in os.environ.items() if one[0].startswith(("PYTHON", "LANG", "LC_")))
    user = os.getuid() if hasattr(os, "getuid") else None
    options = [list(sys.flags), list(sys.warnoptions), sys.getfilesystemencoding()]
    return [sys.version, options, user, variables, importable, files]


def _importable(entry: str) -> List[str]:
    """What there is to import from a folder."""
    try:
        names = os.listdir(entry or ".")
    except (OSError, ValueError):
        return []
    return sorted(one for one in names if one.partition(".")[0].isidentifier() and not one.startswith("__"))


def _capabilities() -> List[str]:
    """What cases may require of an interpreter and its platform."""
    found = []
    if hasattr(os, "fork"):
        found.append("fork")
    if hasattr(os, "symlink") and os.name == "posix":
        found.append("symlinks")
    if hasattr(sys, "addaudithook"):
        found.append("audit")
    if sys.implementation.name == "cpython":
        found.extend(["cpython", "refcounting"])
    try:
        os.fsencode("\u00e9\u0416")
        found.append("unicode")
    except UnicodeError:  # the locale's encoding has not even names of files for that
        pass
    for module, name in (("_thread", "threads"), ("zipimport", "zip")):
        try:
            __import__(module)
        except ImportError:
            continue
        found.append(name)
    return found


# -- one process a case ----------------------------------------------------------------------------------------


def _in_this_process(request: Dict[str, Any], run_module: Callable[..., Any], name: str) -> None:
    """Run the cases, write an observation for each, and end the process.

    After several, one line more says what they changed that was not put back; if it is missing, the process ended
    before its time.
    """
    root, result, cases = request["root"], request["result"], request["cases"]
    os.makedirs(root)
    outputs = _open_outputs(result)

    def tell(line: Dict[str, Any]) -> None:
        data = dumps(line).encode("ascii") + b"\n"
        descriptor = os.open(result, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        while data:
            data = data[os.write(descriptor, data) :]
        os.close(descriptor)

    status = MUTE
    try:
        try:
            if len(cases) == 1:
                tell(steps.observe(cases[0], root, run_module, name, alone=True))
            else:
                snapshot = rollback.Snapshot(root)
                for number, case in enumerate(cases):
                    folder = "{}/{}".format(root, number)
                    os.mkdir(folder)
                    tell(steps.observe(case, folder, run_module, name, alone=False))
                    if not snapshot.restore(case):
                        break
                    if _outputs() != outputs:  # the case has closed them, or led them elsewhere
                        outputs = _open_outputs(result)
                tell({"changed": snapshot.changed()})
        except BaseException as exc:  # a fault of ours, or of the world's recipes: say it, never swallow it
            tell({"agent_failed": _told(exc)})
        status = 0
    finally:
        os._exit(status)


def _open_outputs(result: str) -> List[Any]:
    """Have what is written to the standard streams go to files beside the result."""
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
    found: List[Any] = []
    for descriptor in (1, 2):
        try:
            status = os.fstat(descriptor)
            found.append((status.st_dev, status.st_ino))
        except OSError:
            found.append(None)
    return found


def _told(exc: BaseException) -> str:
    try:
        import traceback

        return "".join(traceback.format_exception(type(exc), exc, exc.__traceback__))
    except BaseException:  # the world has left nothing to import it with
        return "{}: {}".format(type_name(type(exc)), safe_str(exc))


def _in_a_child(
    request: Dict[str, Any], run_module: Callable[..., Any], name: str, ours: Tuple[int, int]
) -> Dict[str, Any]:
    """Run the cases in a forked process, and wait for it. What it leaves is for `clear`."""
    for case in request["cases"]:
        world.prepare(case["files"])
        steps.prepare(case)
        rollback.prepare(case)
    state.preload()
    alive_read, alive_write = os.pipe()
    for stream in _streams:
        try:
            stream.flush()
        except (OSError, ValueError):  # closed, when the candidate was imported
            pass
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        for descriptor in (*ours, alive_read):
            os.close(descriptor)
        _in_this_process(request, run_module, name)
    os.close(alive_write)
    try:
        os.setpgid(child, child)
    except OSError:
        pass  # it has done so itself, or has ended
    status = _wait(child, alive_read, ours[0], request)
    os.close(alive_read)
    try:
        os.killpg(child, SIGKILL)
    except OSError:
        pass
    if status is _FORSAKEN:
        clear(request)
        os._exit(0)
    if status is None:
        os.waitpid(child, 0)
        reply: Dict[str, Any] = {"status": "hang", "detail": request["timeout"]}
    elif os.WIFSIGNALED(status):
        reply = {"status": "signal", "detail": os.WTERMSIG(status)}
    elif os.path.exists(request["result"]):
        reply = {"status": "done"}
    else:
        reply = {"status": "exit", "detail": os.WEXITSTATUS(status)}
    reply["id"] = request["id"]
    return reply


def _sweep(guard: str) -> None:
    """Kill what a case has left behind, though it be in sessions of its own.

    guard: `apart` if nobody but us and what we started is in this namespace of processes, whose first one cannot be
    killed; or `guard:PID`, to whom orphans come.
    """
    if guard == "apart":
        if os.getppid() == 1:
            try:
                os.kill(-1, SIGKILL)
            except OSError:
                pass  # there is nobody
        return
    parent = os.getppid()
    if guard != "guard:{}".format(parent):
        return
    for _ in range(100):
        orphans = [pid for pid in _children(parent) if pid != os.getpid()]
        for pid in orphans:
            try:
                os.kill(pid, SIGKILL)
            except OSError:
                pass
        if not orphans:
            return
        select([], [], [], 0.001)


def _children(pid: int) -> List[int]:
    """The processes that a process has started, or inherited, if this system tells."""
    try:
        descriptor = os.open("/proc/{0}/task/{0}/children".format(pid), os.O_RDONLY)
    except OSError:
        return []
    try:
        return [int(word) for word in os.read(descriptor, 65536).split()]
    finally:
        os.close(descriptor)


def clear(request: Dict[str, Any]) -> None:
    """Remove the world of a case and the files of its output."""
    for descriptor in (1, 2):
        try:
            os.unlink("{}.{}".format(request["result"], descriptor))
        except OSError:
            pass
    try:
        _remove(request["root"])
    except Exception:  # too deep, perhaps: the driver removes the rest in the end
        pass


def _remove(folder: str) -> None:
    try:
        with os.scandir(folder) as listed:
            entries = list(listed)
    except OSError:
        return
    for entry in entries:
        try:
            if entry.is_dir(follow_symlinks=False):
                _remove(entry.path)
            else:
                os.unlink(entry.path)
        except OSError:
            pass
    try:
        os.rmdir(folder)
    except OSError:
        pass


def _wait(child: int, alive: int, line: int, request: Dict[str, Any]) -> Any:
    """The child's exit status, None if a case did not end in time, or _FORSAKEN if the driver is gone.

    The pipe tells at once of an ordinary end; a child may also have closed it early, or left it to a process of its
    own, so the status itself is asked for as well. No request comes before the reply to the last one: if there is
    something to read on the driver's line meanwhile, it is its end.
    """
    deadline, done = monotonic() + request["timeout"], 0
    watch = [alive, line]
    while True:
        remaining = deadline - monotonic()
        grace = _GRACE if alive in watch else 0.001
        ready = select(watch, [], [], max(0.0, min(remaining, grace)))[0]
        if line in ready:
            return _FORSAKEN
        if ready:
            watch = [line]
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return status
        if remaining <= 0:
            size = _size(request["result"])
            if size == done:
                return None
            deadline, done = monotonic() + request["timeout"], size  # the time is for each case


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
