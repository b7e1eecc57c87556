"""Runs a reproducer: a program that shows the difference between the two sides by itself."""

from __future__ import annotations

from .agent_process import run_guarded

_WAIT = 90.0  # seconds: longer than a reproducer waits for its two sides


def reproduces(source: str, interpreter: str) -> bool:
    """True if the program `source`, run in `interpreter`, shows a difference: exit status 1, and nothing on stderr."""
    ended = run_guarded(interpreter, source, _WAIT)
    return ended is not None and ended[0] == 1 and not ended[1]
