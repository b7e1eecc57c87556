"""Where sides keep what they need for a while: a temporary folder each, in memory where there is room.

A folder is locked as long as its driver lives. What a driver leaves that is killed together with everything that it
has started is removed by the next one.
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
    """A folder, made now; `remove` ends it, and everything in it."""

    def __init__(self) -> None:
        place = _place()
        _sweep(place)
        # Without links on the way to it: the interpreter says where it is without them (getcwd), or with.
        self.path = os.path.realpath(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        self._lock = os.open(os.path.join(self.path, "new"), os.O_RDWR | os.O_CREAT)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Under its name it was never without its lock: nobody takes the folder for one that was left behind.
        os.rename(os.path.join(self.path, "new"), os.path.join(self.path, _LOCK))

    def remove(self) -> None:
        """Remove the folder; once is enough."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def _place() -> str:
    """Where worlds are built: in memory where there is room, since that is much faster; else where it is usual."""
    if any(name in os.environ for name in ("TMPDIR", "TEMP", "TMP")) or not os.access(_MEMORY, os.W_OK | os.X_OK):
        return tempfile.gettempdir()
    status = os.statvfs(_MEMORY)
    if status.f_flag & os.ST_NOEXEC or status.f_bavail * status.f_frsize < _ROOM:
        return tempfile.gettempdir()
    return _MEMORY


@functools.cache
def _sweep(place: str) -> None:
    """Remove the folders of drivers that are dead: those that are locked no longer."""
    for lock in Path(place).glob(f"{PREFIX}*/{_LOCK}"):
        try:
            descriptor = os.open(lock, os.O_RDWR | os.O_NOFOLLOW)
        except OSError:
            continue  # another user's, or gone by now
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.parent, ignore_errors=True)
        except OSError:
            pass  # at work
        finally:
            os.close(descriptor)
