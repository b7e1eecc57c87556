"""Ctrl-C and the other signals by which a run is asked to end, and which of them has to wait.

The first raises KeyboardInterrupt wherever the run is. While what the run has found is being written, further ones are
only remembered: nox sends a second when it has waited for long, and people press Ctrl-C twice. A person who presses
it twice during that time alone means it, and gets KeyboardInterrupt.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SAID = b"\nThe reports are being written; Ctrl-C once more ends without them.\n"

_received: list[int] = []
_holding: list[bool] = []  # the innermost block last: whether signals have to wait there
_waiting: list[int] = []  # those that came while they had to wait


def listen() -> None:
    """From now on, have these signals handled here, but for those that are ignored, as under nohup."""
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _handle)


def happened() -> bool:
    """Whether any of these signals has come."""
    return bool(_received)


def waiting() -> bool:
    """Whether any of them came when it had to wait."""
    return bool(_waiting)


@contextmanager
def held() -> Iterator[None]:
    """A block in which signals have to wait."""
    with _as(True):
        yield


@contextmanager
def heeded() -> Iterator[None]:
    """A block within one in which signals have to wait, in which they raise KeyboardInterrupt all the same.

    So does one that has been waiting.
    """
    with _as(False):
        if _waiting:
            raise KeyboardInterrupt
        yield


@contextmanager
def _as(holding: bool) -> Iterator[None]:
    before = len(_holding)
    try:
        _holding.append(holding)
        yield
    finally:
        del _holding[before:]


def _handle(number: int, frame: object) -> None:
    _received.append(number)
    if not (_holding and _holding[-1]):
        raise KeyboardInterrupt
    _waiting.append(number)
    pressed = _waiting.count(signal.SIGINT)
    if number == signal.SIGINT and pressed == 1:
        try:
            os.write(2, _SAID)
        except OSError:
            pass  # nobody is there to read it
    if number == signal.SIGINT and pressed > 1:
        raise KeyboardInterrupt
