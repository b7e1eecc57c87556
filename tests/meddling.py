"""A plugin of pytest's that interrupts a run, or breaks it, from inside: when a certain function is called.

MEDDLE: one or several of `module:name#N=ACTION+ACTION`, with spaces in between: at the Nth call (the first, without #N)
of that function, do these things. INT, TERM: be sent that signal; GROUP: have the parent be sent SIGINT, and be sent it
oneself, as by Ctrl-C on a terminal; FAIL: raise RuntimeError; DIE: end the process. `worker/module:name` is for the
worker processes of `-n`, anything else for the process that leads them. MEDDLE_WHERE: only where this stands in the
command line.
"""

from __future__ import annotations

import functools
import importlib
import os
import signal
import sys
from collections.abc import Callable
from typing import Any


def _act(action: str) -> None:
    if action == "FAIL":
        raise RuntimeError("the suite fails here \udc80\x1b")
    if action == "DIE":
        os._exit(1)
    if action == "GROUP":
        os.kill(os.getppid(), signal.SIGINT)
        action = "INT"
    os.kill(os.getpid(), getattr(signal, f"SIG{action}"))


def _meddle(place: str, number: int, actions: list[str]) -> None:
    module, _, path = place.partition(":")
    *owners, name = path.split(".")
    owner: Any = functools.reduce(getattr, owners, importlib.import_module(module))
    original: Callable[..., Any] = getattr(owner, name)
    calls: list[None] = []

    @functools.wraps(original)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        calls.append(None)
        if len(calls) == number:
            for action in actions:
                _act(action)
        return original(*arguments, **named)

    setattr(owner, name, wrapped)


def _begin() -> None:
    if os.environ.get("MEDDLE_WHERE", "") not in " ".join(sys.argv):
        return
    for call in os.environ["MEDDLE"].split():
        place, _, actions = call.partition("=")
        place, _, number = place.partition("#")
        in_worker = place.startswith("worker/")
        if in_worker == bool(os.environ.get("PYTEST_XDIST_WORKER")):
            _meddle(place.removeprefix("worker/"), int(number or 1), actions.split("+"))


_begin()
