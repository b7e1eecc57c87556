"""The standard streams of the cases: files, so that what a case writes can be read afterwards.

Rules. Owns descriptors 0, 1 and 2 while cases run. Where descriptors cannot be redirected (WASI), the program that
starts the interpreter has to give it files as standard output and standard error; otherwise what the cases print is not
observed.
"""

from __future__ import annotations

from typing import Any, List

from .own import LINE_END, os


def redirect(files: List[str]) -> List[Any]:
    """Let standard input be empty, and standard output and standard error write to files; return `current`."""
    if not hasattr(os, "dup2"):
        return current()
    for descriptor, name in enumerate([os.devnull, *files]):
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        output = os.open(name, flags, 0o666)
        if output != descriptor:
            os.dup2(output, descriptor)
            os.close(output)
        else:
            os.set_inheritable(output, True)
    return current()


def current() -> List[Any]:
    """The device and inode of the files behind standard output and standard error; None for a closed stream."""
    found: List[Any] = []
    for descriptor in (1, 2):
        try:
            status = os.fstat(descriptor)
            found.append((status.st_dev, status.st_ino))
        except OSError:
            found.append(None)
    return found


def size(descriptor: int) -> int:
    """The number of bytes that were written to a stream. Raises OSError if the stream is closed."""
    return os.fstat(descriptor).st_size


def read(descriptor: int, count: int, start: int) -> bytes:
    """At most `count` of the bytes that were written to a stream, from byte `start` on. Raises OSError.

    The ends of lines that text streams write are one byte on every platform.
    """
    if hasattr(os, "pread"):
        data = os.pread(descriptor, count, start)
    else:
        os.lseek(descriptor, start, os.SEEK_SET)  # later output is still appended, since the file is opened so
        data = os.read(descriptor, count)
    return data if LINE_END == "\n" else data.replace(LINE_END.encode(), b"\n")
