"""Temporary folders for the sides, in memory where there is room.

A folder is locked as long as its driver lives. If a driver is killed together with everything that it has started, its
folders remain, and the next driver removes them.
"""

from __future__ import annotations

import fcntl
import functools
import os
import shutil
import tempfile
from pathlib import Path

PREFIX = "runpy-conformance-"
_LOCK = "driver"
_ROOM = 1 << 28  # bytes
_MEMORY = "/dev/shm"


class Scratch:
    """A new temporary folder, at `path`."""

    def __init__(self) -> None:
        place = _place()
        _sweep(place)
        # Without symbolic links: the interpreter reports its current folder with or without them, as the case may be.
        self.path = os.path.realpath(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        self._lock = os.open(os.path.join(self.path, "new"), os.O_RDWR | os.O_CREAT)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Renamed only once it is locked: so no other driver takes the folder for one that was left behind.
        os.rename(os.path.join(self.path, "new"), os.path.join(self.path, _LOCK))

    def remove(self) -> None:
        """Remove the folder and everything in it; a second call does nothing."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def _place() -> str:
    """The folder for temporary folders: in memory where there is room, which is much faster; else the usual one."""
    if any(name in os.environ for name in ("TMPDIR", "TEMP", "TMP")) or not os.access(_MEMORY, os.W_OK | os.X_OK):
        return tempfile.gettempdir()
    status = os.statvfs(_MEMORY)
    if status.f_flag & os.ST_NOEXEC or status.f_bavail * status.f_frsize < _ROOM:
        return tempfile.gettempdir()
    return _MEMORY


@functools.cache
def _sweep(place: str) -> None:
    """Remove the folders of dead drivers, which are no longer locked."""
    for lock in Path(place).glob(f"{PREFIX}*/{_LOCK}"):
        try:
            descriptor = os.open(lock, os.O_RDWR | os.O_NOFOLLOW)
        except OSError:
            continue  # it belongs to another user, or has just been removed
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.parent, ignore_errors=True)
        except OSError:
            pass  # its driver is alive
        finally:
            os.close(descriptor)
