"""The two streams of the protocol: standard input and output, put aside before any code of others runs.

Rules. Knows lines, and nothing of what they say. After `Channel()` nothing that writes to standard output can reach the
driver, where the platform can duplicate descriptors; where it cannot (WASI), the agent does without.
"""

from __future__ import annotations

import io
import sys
from typing import Iterator, Tuple

from .own import os


class Channel:
    """The lines from the driver, and the way back to it.

    replies: the path of a file, such as a named pipe, to which the replies are written in place of standard output; an
    empty text if there is none. descriptors: those that no process of a case may have.
    """

    def __init__(self, replies: str = "") -> None:
        read = _aside(0)
        self._write = os.open(replies, os.O_WRONLY | os.O_APPEND) if replies else _aside(1)
        if read != 0 and self._write != 1:
            _give_away()
        else:
            sys.stdin = io.TextIOWrapper(io.BytesIO())  # nobody else may read the messages
        self.descriptors: Tuple[int, ...] = (read, self._write)
        self._reader = os.fdopen(read, "r", encoding="ascii", errors="replace", closefd=False)

    def lines(self) -> Iterator[str]:
        """The lines from the driver, each with its end, until the driver closes the stream. The last may be cut off."""
        return iter(self._reader.readline, "")

    def send(self, data: bytes) -> None:
        """Send one or several lines."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._write, view) :]


def _aside(descriptor: int) -> int:
    """Another descriptor for the same stream, which no new process inherits; the same one where there can be none."""
    try:
        return os.dup(descriptor)
    except (AttributeError, OSError):
        return descriptor


def _give_away() -> None:
    """Make standard input empty, and send to standard error what is written to standard output."""
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
    except (AttributeError, OSError):
        pass  # no such platform is known: whoever can duplicate a descriptor can choose its number
