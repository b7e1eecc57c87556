"""Tries a case on oracle and candidate, at the same time, and confirms what it finds.

A divergence is reported only if it shows again between two interpreters started for the purpose: what a warm agent
or an accident of timing may have caused is set apart as unconfirmed, and never counted. A case all of whose causes
have been confirmed by earlier cases is not started again.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .case import Case, Step
from .clauses import Level
from .judge import Divergence, Signature, failed, judge
from .target import AgentError, Reply, Side

VERDICTS = ("agrees", "diverges", "crashes", "hangs", "unsupported", "not-run")


@dataclass(frozen=True)
class Trial:
    """What came of one case.

    verdict: one of VERDICTS. reason: why it was not run, or is not supported. unconfirmed: divergences that a pair
    of fresh interpreters did not show; they count for nothing, but a run that has some is not clean.
    """

    case: Case
    verdict: str
    divergences: tuple[Divergence, ...] = ()
    reason: str = ""
    unconfirmed: tuple[Divergence, ...] = ()

    def counts(self, level: Level) -> bool:
        """Whether it fails a run at this level."""
        return any(one.cause and one.level <= level for one in self.divergences)


class SmokeFailed(Exception):
    """The candidate does not run the simplest module: its adapter is broken, rather than its behaviour wrong."""


SMOKE = Case(
    files={"smoke_check.py": "from under_test import note\nnote('ran')\nx = 1\n"},
    steps=(Step("call", "run_module('smoke_check')"),),
    id="smoke",
)


class Examiner:
    """Two sides in one target, and the level at which to judge. Raises what `Side` raises."""

    def __init__(self, oracle: Side, candidate: Side, level: Level) -> None:
        self._oracle = oracle
        self._candidate = candidate
        self._level = level
        self._confirmed: set[Signature] = set()

    def smoke(self) -> None:
        """Check that the candidate can be called at all. Raises SmokeFailed, with one sentence."""
        reply = self._candidate.run(SMOKE.plain())
        observation = reply.observation or {}
        if "unsupported" in observation or reply.status != "done":
            return  # not offered in this form, or worse than an adapter's fault: the cases will tell
        step = observation["steps"][0]
        ran = any(event["event"] in ("note", "run") for event in step["events"])
        if step["outcome"] == "raised" and not ran:
            exc = step["exception"]
            raise SmokeFailed(
                f"run_module('smoke_check') raises {exc['exception']} ({exc['message']}) without running the module, "
                "which is one line long and lies on sys.path: check how the adapter calls the implementation."
            )

    def run(self, case: Case) -> Trial:
        """Try one case; confirm a divergence. Raises AgentError if the oracle, or the suite itself, fails."""
        greeting = self._oracle.greeting
        unmet = case.unmet(greeting.version, greeting.capabilities)
        if unmet:
            return Trial(case, "not-run", reason=f"{unmet} is required")
        unseen = self._candidate.greeting.unseen
        if "result" in unseen and _uses_result(case):
            return Trial(case, "unsupported", reason=unseen["result"])
        first = self._once(case, fresh=False)
        if all(one.signature in self._confirmed for one in first.divergences if one.cause):
            return first
        trial = _confirmed(first, self._once(case, fresh=True))
        self._confirmed.update(one.signature for one in trial.divergences if one.cause)
        return trial

    def _once(self, case: Case, *, fresh: bool) -> Trial:
        plain = case.plain()
        self._oracle.start(plain, fresh=fresh)
        self._candidate.start(plain, fresh=fresh)
        try:
            ours = self._oracle.finish()
        except AgentError:
            self._candidate.abandon()
            raise
        try:
            theirs = self._candidate.finish()
        except AgentError as exc:  # the same agent served the oracle well: the candidate has damaged it
            theirs = Reply("lost", str(exc).strip().splitlines()[-1])
        if ours.observation is None or "unsupported" in ours.observation:
            raise AgentError(f"{case.id}: the oracle itself gave no observation ({ours.status} {ours.detail})")
        version = self._oracle.greeting.version
        if theirs.observation is None:
            return _failure(case, theirs, version)
        if "unsupported" in theirs.observation:
            return Trial(case, "unsupported", reason=str(theirs.observation["unsupported"]))
        unseen = frozenset(self._candidate.greeting.unseen)
        found = judge(case, ours.observation, theirs.observation, version=version, level=self._level, unseen=unseen)
        return Trial(case, "diverges" if found else "agrees", tuple(found))


def _failure(case: Case, reply: Reply, version: str) -> Trial:
    if reply.status == "hang":
        return Trial(case, "hangs", (failed(case, "hang", f"no end within {reply.detail} s", version=version),))
    words: Mapping[str, Any] = {
        "signal": f"the process was killed by signal {reply.detail}",
        "exit": f"the process ended with exit status {reply.detail}",
    }
    said = words.get(reply.status, f"the agent was lost: {reply.detail}")
    return Trial(case, "crashes", (failed(case, "crash", said, version=version),))


def _confirmed(first: Trial, second: Trial) -> Trial:
    again = {one.signature for one in second.divergences}
    kept = tuple(one for one in first.divergences if one.signature in again)
    lost = tuple(one for one in first.divergences if one.signature not in again)
    return replace(first, verdict=first.verdict if kept else "agrees", divergences=kept, unconfirmed=lost)


def _uses_result(case: Case) -> bool:
    """Whether a step looks at what a call returned."""
    for step in case.steps:
        if step.kind != "write" and isinstance(step.content, str):
            names = (node for node in ast.walk(ast.parse(step.content)) if isinstance(node, ast.Name))
            if any(name.id == "result" for name in names):
                return True
    return False
