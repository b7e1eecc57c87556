"""The capabilities that a case may require of an interpreter and its platform, each found by trying.

Rules. Nothing is believed because it exists: `os.fork` exists in Pyodide and fails, symbolic links exist in WASI and
absolute ones are refused, and a free-threaded build counts references and frees some objects later. What a trial leaves
is removed. The names are those of `CAPABILITIES` in `cases/model.py`; a self-test compares the two.

Theory of operation. A trial returns True if it succeeds; an exception means that it fails. What a process cannot take
back, such as a thread or an audit hook, is tried in a forked process, where there is one.
"""

from __future__ import annotations

import sys
import types
from typing import Callable, Dict, List

from .own import SIGKILL, os, select

_WAIT = 10.0  # seconds: what has not succeeded by then fails


def make_folder(path: str) -> None:
    """Make a folder, with those above it, where it does not exist. Some platforms show no folder above it."""
    if not os.path.isdir(path):
        os.makedirs(path)


def _forks(folder: str) -> bool:
    """Fork once, and wait for the process."""
    return _in_a_child(lambda: True)


def _in_a_child(trial: Callable[[], object]) -> bool:
    """True if a forked process ends with a trial that succeeds. Raises OSError, AttributeError if nothing forks."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if trial() else 1
        finally:
            os._exit(status)
    for _ in range(int(_WAIT * 1000)):
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0
        select([], [], [], 0.0002)
    os.kill(child, SIGKILL)
    os.waitpid(child, 0)
    return False


def _apart(trial: Callable[[], object]) -> bool:
    """Run a trial in a forked process, or here where nothing forks."""
    try:
        return _in_a_child(trial)
    except Exception:
        return bool(trial())


def _starts_a_thread() -> bool:
    import _thread

    lock = _thread.allocate_lock()
    lock.acquire()
    _thread.start_new_thread(lock.release, ())
    return lock.acquire(True, _WAIT)


def _audits() -> bool:
    heard: List[str] = []

    def hook(event: str, _: object) -> None:  # it stays, where nothing forks
        if event == "conformance.trial":
            heard.append(event)

    sys.addaudithook(hook)
    sys.audit("conformance.trial")
    return bool(heard)


def _links(folder: str, to: str) -> bool:
    """Make a symbolic link in a new folder, and follow it. to: where it leads, to that folder or to the one above."""
    inner = os.path.join(folder, "linking")
    link = os.path.join(inner, "link")
    os.mkdir(inner)
    try:
        os.symlink(to, link)
        try:
            return os.path.islink(link) and os.path.isdir(os.path.join(link, "linking"))
        finally:
            os.unlink(link)
    finally:
        os.rmdir(inner)


def _frees_at_once(folder: str) -> bool:
    """Drop an object, and a module that holds one."""
    freed: List[str] = []

    class Probe:
        def __init__(self, name: str) -> None:
            self.name = name

        def __del__(self) -> None:
            freed.append(self.name)

    Probe("object")
    module = types.ModuleType("module")
    module.__dict__["probe"] = Probe("module")
    del module
    return freed == ["object", "module"]


def _names_files_in_unicode(folder: str) -> bool:
    """Make a file whose name is not ASCII."""
    name = os.path.join(folder, "\u00e9\u0416")
    os.close(os.open(name, os.O_WRONLY | os.O_CREAT, 0o666))
    os.unlink(name)
    return True


def _masks_new_files(folder: str) -> bool:
    """Set the mask of new files, and read it again."""
    before = os.umask(0o027)
    return os.umask(before) == 0o027


def _names_files_in_any_way(folder: str) -> bool:
    """Make a file whose name is not UTF-8, and find it in the folder under this name."""
    name = "\udcff"
    path = os.path.join(folder, name)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o666))
    try:
        return name in os.listdir(folder)
    finally:
        os.unlink(path)


# The argument of a trial is a folder that exists, in which it may write.
CAPABILITIES: Dict[str, Callable[[str], bool]] = {
    "fork": _forks,
    "symlinks": lambda folder: _links(folder, os.pardir),
    "absolute-symlinks": lambda folder: _links(folder, folder),
    "audit": lambda folder: _apart(_audits),
    "cpython": lambda folder: sys.implementation.name == "cpython",
    "refcounting": _frees_at_once,
    "umask": _masks_new_files,
    "unicode": _names_files_in_unicode,
    "undecodable-names": _names_files_in_any_way,
    "threads": lambda folder: _apart(_starts_a_thread),
    "zip": lambda folder: bool(__import__("zipimport")),
}


def capabilities(folder: str) -> List[str]:
    """The capabilities of this interpreter. folder: one for worlds, which is made where it does not exist."""
    make_folder(folder)
    return [name for name, trial in CAPABILITIES.items() if _succeeds(trial, folder)]


def _succeeds(trial: Callable[[str], bool], folder: str) -> bool:
    try:
        return trial(folder)
    except Exception:
        return False
