"""Ctrl-C and the other signals that ask a run to end, and the moments at which a signal has to wait.

The first signal raises KeyboardInterrupt, wherever the run is. While the run writes its results, further signals are
only noted: nox sends a second one after some time, and people press Ctrl-C twice. A person who presses Ctrl-C twice
during that time alone means it, and gets KeyboardInterrupt.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_MESSAGE = b"\nThe reports are being written; Ctrl-C once more ends without them.\n"

_received: list[int] = []
_deferring: list[bool] = []  # for each block, the innermost last: true if signals have to wait in it
_deferred: list[int] = []  # the signals that came while they had to wait


def handle_signals() -> None:
    """Handle these signals here from now on; those that are ignored, as under nohup, stay ignored."""
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _handle)


def was_interrupted() -> bool:
    """True if any of these signals has come."""
    return bool(_received)


def has_deferred_signal() -> bool:
    """True if a signal came while signals had to wait."""
    return bool(_deferred)


@contextmanager
def deferred() -> Iterator[None]:
    """A block in which signals have to wait."""
    with _block(deferring=True):
        yield


@contextmanager
def interruptible() -> Iterator[None]:
    """A block in which signals raise KeyboardInterrupt, inside a block in which they have to wait.

    A signal that is already waiting raises KeyboardInterrupt at the start.
    """
    with _block(deferring=False):
        if _deferred:
            raise KeyboardInterrupt
        yield


@contextmanager
def only_first_interruption() -> Iterator[None]:
    """A block in which only the first Ctrl-C or SIGTERM raises KeyboardInterrupt, and all others are ignored.

    For nox, which at a second Ctrl-C would leave the driver behind.
    """
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    handled = [number for number, handler in before.items() if callable(handler)]

    def handle_first(number: int, frame: object) -> NoReturn:
        for handled_number in handled:
            signal.signal(handled_number, signal.SIG_IGN)
        raise KeyboardInterrupt

    try:
        for number in handled:
            signal.signal(number, handle_first)
        yield
    finally:
        for number in handled:
            signal.signal(number, before[number])


@contextmanager
def _block(*, deferring: bool) -> Iterator[None]:
    depth = len(_deferring)
    try:
        _deferring.append(deferring)
        yield
    finally:
        del _deferring[depth:]


def _handle(number: int, frame: object) -> None:
    _received.append(number)
    if not (_deferring and _deferring[-1]):
        raise KeyboardInterrupt
    _deferred.append(number)
    presses = _deferred.count(signal.SIGINT)
    if number == signal.SIGINT and presses == 1:
        try:
            os.write(2, _MESSAGE)
        except OSError:
            pass  # nobody reads stderr any more
    if number == signal.SIGINT and presses > 1:
        raise KeyboardInterrupt
