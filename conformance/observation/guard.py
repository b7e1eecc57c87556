"""Starts an agent and stands between it and the driver, so that nothing of the agent remains, however either ends.

arguments: FOLDER DESCRIPTORS agent|bridge|other MEMORY COMMAND ...

Rules. It is a process of its own, run by the driver's interpreter, one for each agent: so it imports as little as it
can, and nothing of the suite. It owns the life of the agent's processes, and knows nothing of the protocol.

COMMAND is the suite's agent, or a bridge, which is any other program that speaks the agent's protocol: its standard
input and output are the two DESCRIPTORS (numbers with a comma in between). Or it is another program that runs a
candidate, and DESCRIPTORS is empty. MEMORY is the limit for each process, in bytes. The guard's own standard input
comes from the driver: a byte asks the guard to end the agent; the end of the input without a byte means that the driver
is dead, and then FOLDER is removed as well. On standard output the guard writes one line when the agent ends without
having been asked to: `ended STATUS`, as from wait(2), `too-many NUMBER` if the guard had to kill it because there were
too many processes, or `too-large NUMBER` if a process of a bridge had so many bytes in memory.

Theory of operation. The suite's agent is the parent of the processes of its cases, which may kill it; any other program
gets a parent process of its own for that. The agent's last argument says how it may find orphans: `--orphans=apart` or
`--orphans=guard:PID` (see `agent/start.py`). Addresses are limited, except those of a bridge: an engine such as V8
reserves far more of them than it uses, so the memory that it does use is looked at.

Everything that descends from the agent is killed when the agent ends. As root on Linux, the agent lives in a namespace
of processes of its own, where it can neither see nor kill any other process, and which ends with its first process; its
worlds are on a file system of their own, in memory and of a limited size. For other users on Linux, the agent's orphans
become children of the guard, which kills them. On other systems, the agent's session is killed. Limits on memory and on
the size of files apply everywhere.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # without what `signal` imports to name its numbers
import os
import select
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

WORLDS = "worlds"  # the folder, below FOLDER, in which cases are built
MOST_PROCESSES = 100
_SHARED = "/dev/shm"
_DISK = "size=256m,nr_inodes=65536"
_LARGEST_FILE = 512 << 20  # profilers set out with a sparse file of some hundred megabytes
_LOOK = 50  # milliseconds
_DRIVER_IS_GONE = 3

# From the headers of Linux.
_NEW_MOUNTS, _NEW_PROCESSES, _NEW_MEMORY = 0x20000, 0x20000000, 0x8000000
_SLAVE_MOUNTS, _SAME_PLACE = (1 << 19) | 0x4000, 0x1000
_SET_DEATH_SIGNAL, _SET_SUBREAPER = 1, 36


def main(arguments: list[str]) -> NoReturn:
    """Start the agent, and stay until it ends or has to be ended."""
    status = 1
    try:
        status = _guard(arguments)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status & 255)  # there is nothing to clean up


def _guard(arguments: list[str]) -> int:
    folder, mode, memory, command = arguments[0], arguments[2], int(arguments[3]), arguments[4:]
    descriptors = [int(number) for number in arguments[1].split(",") if number]
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    library = _library()
    apart = library is not None and os.geteuid() == 0 and library.unshare(_NEW_PROCESSES) == 0
    if apart:
        first = os.fork()
        if first:
            for descriptor in (0, 1, *descriptors):
                os.close(descriptor)
            return _remove_if_gone(folder, os.waitstatus_to_exitcode(os.waitpid(first, 0)[1]))
        assert os.getpid() == 1  # in a namespace that was made for this agent
        assert library is not None
        library.prctl(_SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        _own_file_systems(library, folder, command)
    elif library is not None:
        library.prctl(_SET_SUBREAPER, 1, 0, 0, 0)
    if mode == "agent":
        command.append("--orphans=apart" if apart else f"--orphans=guard:{os.getpid()}")
    agent = os.fork()
    if not agent:
        _become(command, mode, library, descriptors, memory)
    for descriptor in descriptors:
        os.close(descriptor)
    status = _keep(agent, apart, memory if mode == "bridge" else 0)
    return status if apart else _remove_if_gone(folder, status)


def _library() -> Any:
    """The C library, for system calls that Python does not offer; None on systems other than Linux."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        import ctypes

        library = ctypes.CDLL(None)
        return library if all(hasattr(library, name) for name in ("unshare", "prctl", "mount")) else None
    except (ImportError, OSError):
        return None


def _own_file_systems(library: Any, folder: str, command: list[str]) -> None:
    """Mount a small disk for the worlds, shared memory and a /proc, if that is allowed; they end with this process."""
    library.unshare(_NEW_MEMORY)
    if library.unshare(_NEW_MOUNTS) != 0 or library.mount(None, b"/", None, _SLAVE_MOUNTS, None) != 0:
        return
    library.mount(b"proc", b"/proc", b"proc", 0, None)
    needed = [*command, os.getcwd(), *os.environ.values()]
    if os.path.isdir(_SHARED) and not any(_SHARED in text.replace(folder, "") for text in needed):
        ours = os.open(folder, os.O_RDONLY)  # the folder itself may be below it
        hidden = library.mount(b"tmpfs", os.fsencode(_SHARED), b"tmpfs", 0, _DISK.encode()) == 0
        if hidden and folder.startswith(_SHARED + "/"):
            os.makedirs(folder)
            library.mount(b"/proc/self/fd/%d" % ours, os.fsencode(folder), None, _SAME_PLACE, None)
        os.close(ours)
    library.mount(b"tmpfs", os.fsencode(os.path.join(folder, WORLDS)), b"tmpfs", 0, _DISK.encode())


def _become(command: list[str], mode: str, library: Any, descriptors: list[int], memory: int) -> NoReturn:
    """Become the agent, in a session of its own, so that signals sent to its group do not reach the guard."""
    import resource

    try:
        os.setsid()
        if library is not None:
            library.prctl(_SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        limits = {resource.RLIMIT_FSIZE: _LARGEST_FILE, resource.RLIMIT_CORE: 0}
        if mode != "bridge":
            limits[resource.RLIMIT_AS] = memory
        for limit, most in limits.items():
            try:
                resource.setrlimit(limit, (most, most))
            except (OSError, ValueError):
                pass  # a stricter limit is already set, or this system has none
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        if mode != "agent" and (agent := os.fork()):
            _end_likewise(os.waitpid(agent, 0)[1])
        if library is not None:
            library.prctl(_SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        nothing = os.open(os.devnull, os.O_RDWR)
        for number, descriptor in enumerate(descriptors or (nothing, nothing)):
            os.dup2(descriptor, number)
        for descriptor in (nothing, *descriptors):
            os.close(descriptor)
        os.execv(command[0], command)
    finally:
        os._exit(127)


def _end_likewise(status: int) -> NoReturn:
    """End this process in the way in which the agent has ended."""
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(max(code, 0))


def _keep(agent: int, apart: bool, memory: int) -> int:
    """Wait until the agent ends, has to be ended or takes too much; kill what is left; return the own exit status.

    memory: the number of bytes that no process may use, or 0 if that is limited in another way.
    """
    awake, wake = os.pipe()
    for descriptor in (awake, wake):
        os.set_blocking(descriptor, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    watch = select.poll()
    for descriptor in (0, awake):
        watch.register(descriptor, select.POLLIN)
    report, gone = "", False
    while True:
        status = _reap(agent)
        if status is not None:
            report = f"ended {status}"
            break
        ready = [descriptor for descriptor, _ in watch.poll(_LOOK)]
        if 0 in ready:
            gone = not os.read(0, 1)
            break
        if awake in ready:
            os.read(awake, 4096)
        number = _processes(apart)
        if number > MOST_PROCESSES:
            report = f"too-many {number}"
            break
        if memory and (number := _largest(apart)) > memory:
            report = f"too-large {number}"
            break
    _kill_all(agent, apart)
    if report:
        try:
            os.write(1, report.encode() + b"\n")
        except OSError:
            pass  # the driver no longer reads
    return _DRIVER_IS_GONE if gone else 0


def _reap(agent: int) -> int | None:
    """The status of the agent if it has ended, else None; other children that have ended are collected as well."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return 0
        if pid in (0, agent):
            return status if pid else None


def _processes(apart: bool) -> int:
    """The number of processes below this one, as far as the system tells; 0 if it does not."""
    if apart:
        return sum(name.isdigit() for name in os.listdir("/proc")) - 1 if _is_own_proc() else 0
    return len(descendants(os.getpid()))


def _largest(apart: bool) -> int:
    """The number of bytes in memory of the largest process below this one, as far as the system tells."""
    page, sizes = os.sysconf("SC_PAGE_SIZE"), [0]
    for pid in os.listdir("/proc") if apart and _is_own_proc() else map(str, descendants(os.getpid())):
        try:
            with open(f"/proc/{pid}/statm", "rb") as stream:
                sizes.append(int(stream.read().split()[1]) * page)
        except OSError:
            continue  # it is no process, or has ended
    return max(sizes)


def _is_own_proc() -> bool:
    try:
        return os.readlink("/proc/self") == "1"
    except OSError:
        return False


def _kill_all(agent: int, apart: bool) -> None:
    for _ in range(1000):
        if apart:
            try:
                os.kill(-1, signal.SIGKILL)  # all at once, so that none can start another in time
            except ProcessLookupError:
                pass
        else:
            for pid in descendants(os.getpid()):
                _kill(pid)
            try:
                os.killpg(agent, signal.SIGKILL)
            except OSError:
                pass
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return  # no process is left
        select.select([], [], [], 0.001)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass


def descendants(pid: int) -> list[int]:
    """The processes that descend from a process, as far as the system tells."""
    found: list[int] = []
    parents = [pid]
    while parents:
        parent = parents.pop()
        try:
            threads = os.listdir(f"/proc/{parent}/task")
        except OSError:
            continue
        for thread in threads:
            try:
                with open(f"/proc/{parent}/task/{thread}/children", "rb") as stream:
                    children = [int(word) for word in stream.read().split()]
            except OSError:
                continue
            found.extend(children)
            parents.extend(children)
    return found


def _remove_if_gone(folder: str, status: int) -> int:
    if status == _DRIVER_IS_GONE:
        import shutil

        shutil.rmtree(folder, ignore_errors=True)
        return 0
    return status
