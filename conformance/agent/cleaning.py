"""Removes what a request leaves: processes that outlived their case, the world, and the files of its output.

Rules. Runs in the agent, between two requests, and never in the process of a case. Nothing here may fail because of
what a candidate has done: what cannot be removed now is removed by the driver in the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, List

from .own import SIGKILL, os, select

if TYPE_CHECKING:
    from .messages import Request


_folder: List[str] = []


def keep_files_in(folder: str) -> None:
    """Keep the agent's own files in this folder: the world of a case may lie on a disk that the case fills."""
    _folder[:] = [folder]


def file_of(request: Request, ending: str) -> str:
    """The path of a file that belongs to a request, and that is no part of its world."""
    return os.path.join(_folder[0], "{}.{}".format(request["id"], ending))


def kill_orphans(guard: str) -> None:
    """Kill the processes that a case has left, even in sessions of their own.

    guard: the agent's argument --orphans (see `start`). `apart`: only the agent and its descendants are in this
    namespace of processes, whose first process cannot be killed. `guard:PID`: orphans become children of that process.
    """
    if guard == "apart":
        if os.getppid() == 1:
            try:
                os.kill(-1, SIGKILL)
            except OSError:
                pass  # there is no other process
        return
    if not guard:
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
    """The children of a process, if the system tells."""
    try:
        descriptor = os.open("/proc/{0}/task/{0}/children".format(pid), os.O_RDONLY)
    except OSError:
        return []
    try:
        return [int(word) for word in os.read(descriptor, 65536).split()]
    finally:
        os.close(descriptor)


def remove_world(request: Request) -> None:
    """Remove the world of a request, and the files of its output and of its messages."""
    for ending in ("1", "2", "json"):
        try:
            os.unlink(file_of(request, ending))
        except OSError:
            pass
    try:
        _remove(request["root"])
    except Exception:  # the folders may be nested too deeply
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
