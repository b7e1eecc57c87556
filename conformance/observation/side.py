"""A side of a comparison: what every kind of side offers, and what comes back from it.

Rules. Whoever examines cases knows `Side` and none of its kinds; where two kinds behave differently, that is an
attribute or a method here. Knows no processes.

Theory of operation. A side is sent cases (`start`), works on them while the caller does something else, and then gives
a reply for each (`finish`). A side that is warm takes several cases at once, which follow one another in one process;
any side takes one. `LiveSide` runs an agent, `CachedSide` answers from earlier runs where it can, `TwoAgentsSide`
shares the work between two agents, `TranslatedSide` renames what interpreters call differently, and `ReplayedSide`
reads a recording.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from ..agent.messages import Observation
from ..cases.model import Case
from ..clauses import Clause
from . import protocol
from .recording import Build


class CandidateError(Exception):
    """The candidate cannot be loaded; the text is one sentence.

    missing: the top of a module's name, if that module cannot be found; the sentence then ends in what to do about it.
    """

    def __init__(self, text: str, missing: str = "") -> None:
        super().__init__(text)
        self.missing = missing


class AgentError(Exception):
    """The agent itself failed: a fault of the suite, or of the machine."""


class CannotStart(AgentError):
    """No agent can be started, so that nothing more can be observed; the text is one sentence."""


@dataclass(frozen=True)
class Greeting:
    """The facts that an agent states, when it starts, about its interpreter and the side that it has loaded.

    version: of the language, such as "3.13.0". implementation: as in `sys.implementation.name`. capabilities: those of
    `cases.model.CAPABILITIES` that the interpreter has. single_threaded: loading the side has started no thread.
    delegates: the candidate is the interpreter's own `run_module`. unseen: fields of the observation that the
    candidate's adapter hides, with the reason. offers: the functions under test that there are. made_of: everything
    that decides how the oracle behaves, to be compared as a whole; empty for a candidate. forks, warm, resets: see
    `agent.messages.Handshake`. build: that of the interpreter; None if nobody has said which it is.
    """

    version: str
    implementation: str
    capabilities: frozenset[str]
    single_threaded: bool
    delegates: bool
    unseen: Mapping[str, str]
    offers: Sequence[str] = ("run_module", "run_path")
    made_of: Sequence[Any] = ()
    forks: bool = True
    warm: bool = True
    resets: bool = False
    build: Build | None = None


# How a case ended:
#   done                the case came to its end; there is a result line
#   signal              its process was killed; detail is the number of the signal
#   exit                its process ended without a result; detail is the exit status
#   hang                it did not end in time; detail is the time limit in seconds
#   too-many-processes  it was killed because it started too many; detail is their number
#   too-large           it was killed because it used too much memory; detail is the number of bytes
#   failed              the agent itself failed; detail is the traceback
#   lost                the agent ended, or broke the protocol, twice; detail says how
#   not-run             the process that it was to share ended before it, or left it in an unknown state
Status = Literal["done", "signal", "exit", "hang", "too-many-processes", "too-large", "failed", "lost", "not-run"]


@dataclass(frozen=True)
class Reply:
    """The outcome of one case on one side.

    status: how the case ended. detail: more about that, by status. line: the result line, as the agent wrote it, if
    the status is `done`, without `raised_at`. retry_reason: why the case was run a second time; empty if it was not.
    cached: the line comes from an earlier run, and its case was not run in this one. raised_at: see `Observation`; it
    is apart from the line, so that lines can be compared.
    """

    status: Status
    detail: int | float | str | None = None
    line: bytes = b""
    retry_reason: str = ""
    cached: bool = False
    raised_at: Sequence[str] = ()

    @classmethod
    def of(cls, line: bytes) -> Reply:
        """The reply with this result line, which is checked when it is used. Raises protocol.Malformed."""
        behaviour, places = protocol.without_places(line)
        return cls("done", line=behaviour, raised_at=tuple(places))

    @classmethod
    def checked(cls, line: bytes) -> Reply:
        """The reply with this result line, which is checked now. Raises protocol.Malformed."""
        reply = cls.of(line)
        vars(reply)["result"] = reply.decoded()  # so that it is decoded once
        return reply

    def decoded(self) -> protocol.Result:
        """The result line, decoded and checked. Raises protocol.Malformed."""
        result = protocol.result(self.line)
        if self.raised_at and "steps" in result:
            result["raised_at"] = list(self.raised_at)
        return result

    @functools.cached_property
    def result(self) -> protocol.Result | None:
        """The decoded result line, or None if there is none that fits the protocol."""
        try:
            return self.decoded()
        except protocol.Malformed:
            return None

    @property
    def observation(self) -> Observation | None:
        """The observation, or None if the case did not come to its end or the candidate does not support it."""
        return self.result if self.result is not None and "steps" in self.result else None

    @property
    def unsupported(self) -> str | None:
        """The reason why the candidate does not support the case, or None if it does, as far as one can tell."""
        return self.result["unsupported"] if self.result is not None and "unsupported" in self.result else None


NOT_RUN = Reply("not-run")


class Side(Protocol):
    """The oracle or the candidate. Every method that runs something raises CandidateError and AgentError."""

    @property
    def description(self) -> str:
        """The name of the side in reports; empty for what runs in the target itself, under its own names."""

    @property
    def greeting(self) -> Greeting:
        """The facts about the interpreter and the side; this starts an agent where there is none yet."""

    @property
    def warm(self) -> bool:
        """True if several cases can follow one another in one process; otherwise each takes a fresh interpreter."""

    @property
    def forks(self) -> bool:
        """True if a case that is run by itself has a process of its own, and no other case can have reached into it."""

    @property
    def cache_proved_wrong(self) -> bool:
        """True if a cached result proved wrong since several cases were last started."""

    def left_out(self, case: Case) -> str:
        """The reason why this side has no answer for a case; empty if it has one."""

    def unsettled(self, clauses: Iterable[Clause]) -> Mapping[str, str]:
        """The clauses of which this side cannot tell whether they hold in the target's release, with the reason."""

    def start(self, cases: Sequence[Mapping[str, Any]], *, fresh: bool = False) -> None:
        """Begin to run cases, as plain data. fresh: in an interpreter started for the purpose; for one case only."""

    def finish(self) -> list[Reply]:
        """Wait for the cases started last; a reply for each, in their order."""

    def run(self, case: Mapping[str, Any], *, fresh: bool = False) -> Reply:
        """Run one case: `start` and `finish`."""

    def rerun(self, cases: Sequence[Mapping[str, Any]]) -> list[Reply]:
        """Run cases in one process even if their results are cached."""

    def shorten_time_limit(self) -> None:
        """Wait for no case longer than about a hundred times what an ordinary one takes."""

    def abandon(self) -> None:
        """Give up the cases started last, and whatever is running them."""

    def close(self) -> None:
        """End everything that the side has started, and remove its files."""


def key_of(plain: Mapping[str, Any]) -> str:
    """The key of a case for whoever keeps its result lines: a hash of its world and steps."""
    return hashlib.blake2b(json.dumps(plain, sort_keys=True).encode("ascii"), digest_size=16).hexdigest()
