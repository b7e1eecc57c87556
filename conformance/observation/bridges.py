"""Bridges: programs that speak the protocol for an interpreter in which the suite cannot start its own agent."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace

from .interpreters import BadInterpreter, Target
from .live import LiveSide

SIDE = "runpy"  # the candidate of a bridge: the runpy of its interpreter


def target_of(text: str, words: Sequence[str]) -> Target:
    """The target behind a bridge, before the bridge has told anything of it. Raises BadInterpreter.

    text: the command line. words: its words.
    """
    path = shutil.which(words[0])
    if path is None:
        raise BadInterpreter(f"There is no command {words[0]!r}: give its path.")
    return Target(text, "", "0", command=(path, *words[1:]))


def known(target: Target, load_timeout: float) -> Target:
    """The target with the facts of its interpreter that the bridge tells in the handshake. Raises CandidateError."""
    side = LiveSide(target, SIDE, load_timeout=load_timeout)
    try:
        greeting = side.greeting
    finally:
        side.close()
    return replace(target, implementation=greeting.implementation, version=greeting.version, build=greeting.build)
