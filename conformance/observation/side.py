"""What the two sides of a comparison have in common: a greeting, replies, and what can go wrong."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class CandidateError(Exception):
    """The candidate cannot be loaded; the text is one sentence.

    missing: the top of a module's name, if that module cannot be found; the sentence then ends in what to do about it.
    """

    def __init__(self, text: str, missing: str = "") -> None:
        super().__init__(text)
        self.missing = missing


class AgentError(Exception):
    """The agent itself failed: a fault of the suite, or of the machine."""


@dataclass(frozen=True)
class Greeting:
    """What an agent says of its interpreter and of the side that it has loaded.

    made_of: what decides how the oracle behaves, to be compared as a whole; empty for a candidate.
    """

    version: str
    implementation: str
    capabilities: frozenset[str]
    single_threaded: bool
    delegates: bool
    unseen: Mapping[str, str]
    made_of: Sequence[Any] = ()


@dataclass(frozen=True)
class Reply:
    """What came of one case.

    status: `done` with an observation; `signal`, `exit` or `hang` with what is known of it; `crowded` if there were too
    many processes; `failed` if the agent itself did; `lost`, with a reason, if it was gone or made no sense, twice;
    `unreached` if the process of several cases ended before this one. line: the observation, as the agent wrote it.
    upset: why the case was run a second time, if the agent was gone or made no sense in the first. remembered: whether
    the case was not run, since it is known from an earlier run what it shows.
    """

    status: str
    detail: int | float | str | None = None
    line: bytes = b""
    upset: str = ""
    remembered: bool = False

    @functools.cached_property
    def observation(self) -> Mapping[str, Any] | None:
        """What the agent saw, or None if there is no telling."""
        try:
            found = json.loads(self.line)
        except ValueError:
            return None
        return found if isinstance(found, dict) else None


UNREACHED = Reply("unreached")
