"""Tries a case on oracle and candidate, at the same time, and confirms each divergence that it finds."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..agent import MUTE
from ..cases.model import FAMILIES, Case, Step
from ..clauses import Level, registry
from ..judge.compare import failed, judge
from ..judge.divergence import Signature
from ..judge.expected import Expected
from ..judge.trial import Trial
from ..observation.live import LiveSide
from ..observation.replayed import ReplayedSide
from ..observation.side import AgentError, Reply
from ..observation.translated import TranslatedSide

# How often cases may fail to share a process before it is given up; and how often a case may hang before generated ones
# are left out, and the others get little time.
_PATIENCE = 3
# How often a case may hang at all: with a candidate that hangs everywhere the run would take hours.
_MOST_HUNG = 30


class SmokeFailed(Exception):
    """The candidate does not run the simplest module: its adapter is broken, rather than its behaviour wrong."""


# Beside that it ran, it tells whether the interpreter's own runpy is at work above it.
_SMOKE = """
import sys
from under_test import note
frame = sys._getframe()
while frame is not None and frame.f_globals.get('__name__') != 'runpy':
    frame = frame.f_back
note('ran by runpy' if frame else 'ran')
"""
SMOKE = Case(
    files={"smoke_check.py": _SMOKE},
    steps=(Step("call", "run_module('smoke_check')"),),
    id="smoke",
)


class Examiner:
    """Two sides in one target, or a recording and a side; and the level at which to judge. Raises what `Side` raises.

    They may be in two targets as well, translated; expected: what then may differ. unsettled: clauses of which the
    oracle cannot tell how they stand in the target's release, with the reason.
    """

    def __init__(
        self,
        oracle: LiveSide | TranslatedSide | ReplayedSide,
        candidate: LiveSide | TranslatedSide,
        level: Level,
        expected: Expected | None = None,
    ) -> None:
        self._oracle = oracle
        self._expected = expected
        self.unsettled = oracle.unsettled(registry().values()) if isinstance(oracle, ReplayedSide) else {}
        self._candidate = candidate
        self._upset = ""  # why cases that shared a process are being run again
        self.delegates = False  # whether the candidate has the interpreter's own runpy do the work
        self._level = level
        self._confirmed: set[Signature] = set()
        self._patience = _PATIENCE
        self._hung = 0
        self._started: list[str] = []  # cases that both sides are at work on

    def smoke(self) -> None:
        """Check that the candidate can be called at all. Raises SmokeFailed, with one sentence."""
        reply = self._candidate.run(SMOKE.plain())
        observation = reply.observation or {}
        if reply.status == "hang":  # then few cases will end, and to wait for some is enough
            self._candidate.hurry()
            self._hung = _MOST_HUNG - _PATIENCE
        if "unsupported" in observation or reply.status != "done":
            return  # not offered in this form, or worse than an adapter's fault: the cases will tell
        step = observation["steps"][0]
        self.delegates = any(event.get("values") == ["ran by runpy"] for event in step["events"])
        ran = any(event["event"] in ("note", "run") for event in step["events"])
        if self._candidate.forks:
            self._candidate.start([SMOKE.plain()] * 2)
            if any(_happened(one) != _happened(reply) for one in self._candidate.finish()):
                self._patience = 0  # it runs code in a way that is seen only where a case has a process to itself
        if step["outcome"] == "raised" and not ran:
            exc = step["exception"]
            raise SmokeFailed(
                f"run_module('smoke_check') raises {exc['exception']} ({exc['message']}) without running the module, "
                "which is a few lines long and lies on sys.path: check how the adapter calls the implementation."
            )

    def run(self, case: Case) -> Trial:
        """Try one case; confirm a divergence. Raises AgentError if the oracle, or the suite itself, fails."""
        return self._left_out(case) or self._settled(case, self._once(case, fresh=False))

    def glance(self, case: Case) -> Trial:
        """Try one case, and confirm nothing: for the many attempts on the way to a smallest case. Raises AgentError."""
        return self._left_out(case) or self._once(case, fresh=False)

    def confirm(self, trial: Trial) -> Trial:
        """What of a trial shows again in fresh interpreters, whatever has been confirmed before. Raises AgentError."""
        confirmed = _confirmed(trial, self._once(trial.case, fresh=True))
        self._confirmed.update(one.signature for one in confirmed.divergences if one.cause)
        return confirmed

    def observe(self, case: Case) -> tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]:
        """What both sides show in a case; None for one that does not come to its end. Raises AgentError."""
        ((ours, theirs),) = self._both([case])
        return ours.observation, theirs.observation

    def run_all(self, cases: Sequence[Case], then: Sequence[Case] = ()) -> list[Trial]:
        """Try several cases, one after another in one process on each side, which is many times faster.

        then: what will be asked for next; both sides begin with it, and work while the caller does.

        What comes of it stands for what `run` would say, case by case: a case that does not end well, or differs in a
        way not yet confirmed, is tried again by itself. So is one of the others, as a sample; if it shows anything else
        then, on either side, the cases have reached into one another, and all of them are tried again by themselves.
        """
        left_out = {case.id: trial for case in cases if (trial := self._left_out(case)) is not None}
        running = [case for case in cases if case.id not in left_out]
        shared = self._in_one_process(running) if self._may_share(running) else {}
        trials = [left_out.get(case.id) or self._checked(case, shared.get(case.id)) for case in cases]
        if self._upset and trials:
            trials[0] = replace(trials[0], reason=trials[0].reason or self._upset)
            self._upset = ""
        following = [case for case in then if self._left_out(case) is None]
        if self._may_share(following):
            self._start(following)
        return trials

    def _may_share(self, cases: Sequence[Case]) -> bool:
        return self._patience > 0 and len(cases) > 1 and self._oracle.forks and self._candidate.forks

    def _left_out(self, case: Case) -> Trial | None:
        for side in (self._oracle, self._candidate):
            unmet = case.unmet(side.greeting.version, side.greeting.capabilities)
            if unmet:
                return Trial(case, "not-run", reason=f"{unmet} is required")
        if isinstance(self._oracle, ReplayedSide) and (reason := self._oracle.left_out(case)):
            return Trial(case, "not-run", reason=reason)
        unseen = self._candidate.greeting.unseen
        if "result" in unseen and _uses_result(case):
            return Trial(case, "unsupported", reason=unseen["result"])
        return None

    def _in_one_process(self, cases: Sequence[Case]) -> dict[str, Trial]:
        """The trials of those cases that could be run after one another, by id."""
        replies = dict(zip((case.id for case in cases), self._both(cases), strict=True))
        if not self._recalled(cases, replies):
            self._patience -= 1
            return {}
        self._upset = next((one.upset for pair in replies.values() for one in pair if one.upset), "")
        good = [case for case in cases if all(one.status == "done" for one in replies[case.id])]
        trials: dict[str, Trial] = {}
        if good:
            sample = good[int(good[0].digest, 16) % len(good)]
            self._start([sample])
            trials = {case.id: self._trial(case, *replies[case.id]) for case in good}  # meanwhile
            ((ours, theirs),) = self._finish()
            if (ours.line, theirs.line) != tuple(one.line for one in replies[sample.id]):
                trials = {}
        if not trials:
            self._patience -= 1
        return trials

    def _recalled(self, cases: Sequence[Case], replies: dict[str, tuple[Reply, Reply]]) -> bool:
        """Have the oracle show now what it remembers, where the candidate shows something else.

        Whether what it remembers is right, as far as that has shown.
        """
        unlike = {
            name for name, (ours, theirs) in replies.items() if theirs.status == "done" and not _same(ours, theirs)
        }
        asked = [case for case in cases if case.id in unlike and replies[case.id][0].remembered]
        if asked:
            assert not isinstance(self._oracle, ReplayedSide)
            for case, ours in zip(asked, self._oracle.anew([case.plain() for case in asked]), strict=True):
                replies[case.id] = (ours, replies[case.id][1])
        return not self._oracle.mistaken

    def _checked(self, case: Case, shared: Trial | None) -> Trial:
        if self._hung >= (_PATIENCE if case.chapter == FAMILIES else _MOST_HUNG):
            return Trial(case, "not-run", reason=f"{self._hung} runs before it did not end")
        if shared is None:
            return self.run(case)
        if all(one.signature in self._confirmed for one in shared.divergences if one.cause):
            return shared
        alone = self.run(case)
        if alone.divergences:
            return alone
        self._patience -= 1
        return replace(alone, unconfirmed=shared.divergences)

    def _settled(self, case: Case, first: Trial) -> Trial:
        """A trial all of whose causes are confirmed: by this case, in fresh interpreters, or by an earlier one."""
        if all(one.signature in self._confirmed for one in first.divergences if one.cause):
            return first
        trial = _confirmed(first, self._once(case, fresh=True))
        self._confirmed.update(one.signature for one in trial.divergences if one.cause)
        return trial

    def _once(self, case: Case, *, fresh: bool) -> Trial:
        ((ours, theirs),) = self._both([case], fresh=fresh)
        if ours.status != "done" or b'{"unsupported"' in ours.line[:20]:
            raise AgentError(f"{case.id}: the oracle itself gave no observation ({ours.status} {ours.detail})")
        return self._trial(case, ours, theirs)

    def _both(self, cases: Sequence[Case], *, fresh: bool = False) -> list[tuple[Reply, Reply]]:
        if self._started != [case.id for case in cases] or fresh:
            if self._started:
                self._finish()  # somebody has thought better of it
            self._start(cases, fresh=fresh)
        return self._finish()

    def _start(self, cases: Sequence[Case], *, fresh: bool = False) -> None:
        plain = [case.plain() for case in cases]
        self._oracle.start(plain, fresh=fresh)
        self._candidate.start(plain, fresh=fresh)
        self._started = [case.id for case in cases]

    def _finish(self) -> list[tuple[Reply, Reply]]:
        self._started = []
        try:
            ours = self._oracle.finish()
        except BaseException:
            self._candidate.abandon()
            raise
        return list(zip(ours, self._candidate.finish(), strict=True))

    def _trial(self, case: Case, ours: Reply, theirs: Reply) -> Trial:
        trial, upset = self._judged(case, ours, theirs), ours.upset or theirs.upset
        return replace(trial, reason=trial.reason or upset) if upset else trial

    def _judged(self, case: Case, ours: Reply, theirs: Reply) -> Trial:
        if _same(ours, theirs):
            return Trial(case, "agrees")  # as is most often so, and nothing has to be judged
        version = self._oracle.greeting.version
        if theirs.status == "hang":
            self._hung += 1
            if self._hung == _PATIENCE:
                self._candidate.hurry()
        if theirs.observation is None:
            return _failure(case, theirs, version)
        if "unsupported" in theirs.observation:
            return Trial(case, "unsupported", reason=str(theirs.observation["unsupported"]))
        unseen = frozenset(self._candidate.greeting.unseen)
        assert ours.observation is not None
        found = judge(case, ours.observation, theirs.observation, version=version, level=self._level, unseen=unseen)
        known: tuple[str, ...] = ()
        if self._expected is not None:
            found, known = self._expected.rest(case, ours.observation, theirs.observation, found, self._level)
        trial = Trial(case, "diverges" if found else "agrees", tuple(found), known=known)
        return _settled_only(trial, self.unsettled)


def _same(ours: Reply, theirs: Reply) -> bool:
    return theirs.status == "done" and _alike(ours.line, theirs.line)


def _alike(ours: bytes, theirs: bytes) -> bool:
    """Whether two observations are the same to the byte, but for whether it was the oracle who raised."""
    return ours == theirs or _by_anybody(ours) == _by_anybody(theirs)


def _by_anybody(line: bytes) -> bytes:
    # Within a text the quotes would be escaped.
    return line.replace(b'"from_runpy": true', b'"from_runpy": false')


def _settled_only(trial: Trial, unsettled: Mapping[str, str]) -> Trial:
    """A trial without the divergences that may be the oracle's; if there are no causes besides, it was not run."""
    kept = tuple(one for one in trial.divergences if one.signature.clause not in unsettled)
    if any(one.cause for one in kept) or not trial.divergences:
        return replace(trial, divergences=kept)
    clause = next(one.signature.clause for one in trial.divergences if one.cause)
    return Trial(trial.case, "not-run", reason=f"{clause}: {unsettled[clause]}")


def _failure(case: Case, reply: Reply, version: str) -> Trial:
    if reply.status == "hang":
        return Trial(case, "hangs", (failed(case, "hang", f"no end within {reply.detail} s", version=version),))
    words: Mapping[str, Any] = {
        "done": "what came back is no observation",
        "signal": f"the process was killed by signal {reply.detail}",
        "exit": f"the process ended with exit status {reply.detail}",
        "crowded": f"it started {reply.detail} processes, more than are allowed",
    }
    if (reply.status, reply.detail) == ("exit", MUTE):
        words = {"exit": "it broke what it takes to see anything in its interpreter, or to say so"}
    said = words.get(reply.status, "the agent was lost: " + str(reply.detail).strip().splitlines()[-1])
    return Trial(case, "crashes", (failed(case, "crash", said, version=version),))


def _confirmed(first: Trial, second: Trial) -> Trial:
    again = {one.signature for one in second.divergences}
    kept = tuple(one for one in first.divergences if one.signature in again)
    lost = tuple(one for one in first.divergences if one.signature not in again)
    return replace(first, verdict=first.verdict if kept else "agrees", divergences=kept, unconfirmed=lost)


def _happened(reply: Reply) -> list[str]:
    """What was executed, noted and warned of in a case of one step."""
    return [event["event"] for event in (reply.observation or {"steps": [{"events": []}]})["steps"][0]["events"]]


def _uses_result(case: Case) -> bool:
    """Whether a step looks at what a call returned."""
    for step in case.steps:
        if step.kind != "write" and isinstance(step.content, str):
            names = (node for node in ast.walk(ast.parse(step.content)) if isinstance(node, ast.Name))
            if any(name.id == "result" for name in names):
                return True
    return False
