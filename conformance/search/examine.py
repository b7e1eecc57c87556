"""Tries cases on the oracle and the candidate, at the same time, and confirms each divergence.

Rules. Owns the order in which the two sides are given work, and the decision of what counts. Knows `Side` and none of
its kinds, and not how two observations are compared: the judge does that.

Theory of operation. Several cases in one process cost a fraction of what each costs by itself, so cases come in
batches. What a batch shows is a hint: one of its cases, the sample, is run again by itself, and if either side does
something else then, the cases have influenced one another, and each is run by itself. A divergence counts only when a
pair of fresh interpreters shows it again; once a signature is confirmed, other cases that show it need no confirmation.
Where the two result lines are equal, byte for byte, nothing is decoded and nothing is judged. Where they are not and
the oracle's line was cached, the oracle first reruns the case.

A candidate may hang or end its process in every case. Three counters limit what that costs: of batches that went wrong
(`_PATIENCE`), after which every case is run by itself; of cases that hung (also `_PATIENCE`), after which the time
limit is shorter and generated cases are left out; and again of those (`_MOST_HUNG`), after which all cases are.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..agent import MUTE
from ..agent.messages import Observation
from ..cases.model import FAMILIES, Case, Step
from ..clauses import Level, registry
from ..judge.compare import failed, judge
from ..judge.divergence import Signature
from ..judge.expected import Expected
from ..judge.observations import endings
from ..judge.trial import Trial
from ..observation.protocol import same_behaviour
from ..observation.side import AgentError, Reply, Side

# The number of batches that may go wrong before each case is run by itself; and the number of cases that may hang
# before generated cases are left out, and the time limit of the others is shortened.
_PATIENCE = 3
# The number of cases that may hang before all others are left out: otherwise a run could take hours.
_MOST_HUNG = 30


class SmokeFailed(Exception):
    """The candidate does not run the simplest module: its adapter is broken, rather than its behaviour wrong."""


# The module notes that it runs, and whether the interpreter's own runpy is running it.
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
    """The oracle and the candidate, and the level at which to judge. Its methods raise what those of `Side` raise.

    expected: the differences that are not reported, where the two sides are in different interpreters.

    The class is as long as it is because its state, what has been confirmed and what has gone wrong so far, decides at
    each of its steps which one comes next.
    """

    def __init__(self, oracle: Side, candidate: Side, level: Level, expected: Expected | None = None) -> None:
        self._oracle = oracle
        self._candidate = candidate
        self._level = level
        self._expected = expected
        self.unsettled = oracle.unsettled(registry().values())
        self.delegates = False  # the candidate has the interpreter's own runpy do the work
        self._confirmed: set[Signature] = set()
        self._patience = _PATIENCE
        self._hung = 0
        self._started: list[str] = []  # the ids of the cases that both sides are running
        self._retry_reason = ""  # why the cases of the last batch have to be run again

    def smoke(self) -> None:
        """Check that the candidate can be called at all. Raises SmokeFailed, with one sentence."""
        reply = self._candidate.run(SMOKE.plain())
        if reply.status == "hang":  # then most cases will hang, and it is enough to wait for a few of them
            self._candidate.shorten_time_limit()
            self._hung = _MOST_HUNG - _PATIENCE
        if reply.observation is None:
            return  # not supported in this form, or worse than a fault of the adapter: the cases will show
        step = reply.observation["steps"][0]
        self.delegates = any(event.get("values") == ["ran by runpy"] for event in step["events"])
        ran = any(event["event"] in ("note", "run") for event in step["events"])
        if self._candidate.forks:
            self._candidate.start([SMOKE.plain()] * 2)
            if any(_events(shared) != _events(reply) for shared in self._candidate.finish()):
                self._patience = 0  # its way of running code is observed only where a case has its own process
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
        """Try one case without confirmation, as for the many attempts to make a case smaller. Raises AgentError."""
        return self._left_out(case) or self._once(case, fresh=False)

    def hurry(self) -> None:
        """Wait for no case much longer than an ordinary one takes, since each may be one of many attempts."""
        self._candidate.shorten_time_limit()

    def confirm(self, trial: Trial) -> Trial:
        """The trial with only those divergences that fresh interpreters show again. Raises AgentError."""
        confirmed = _confirmed(trial, self._once(trial.case, fresh=True))
        self._confirmed.update(divergence.signature for divergence in confirmed.divergences if divergence.cause)
        return confirmed

    def observe(self, case: Case) -> tuple[Observation | None, Observation | None]:
        """The observations of both sides; None for a side on which the case does not come to its end."""
        ((ours, theirs),) = self._both([case])
        return ours.observation, theirs.observation

    def run_all(self, cases: Sequence[Case], then: Sequence[Case] = ()) -> list[Trial]:
        """Try several cases, one after another in one process on each side, which is many times faster.

        then: the cases of the next call; both sides begin to run them, and go on while the caller does something else.

        Each trial is what `run` would return: a case that does not end well, or that differs in a way that is not yet
        confirmed, is tried again by itself; so is every case if the sample shows that they have influenced one another.
        """
        left_out = {case.id: trial for case in cases if (trial := self._left_out(case)) is not None}
        running = [case for case in cases if case.id not in left_out]
        shared = self._in_one_process(running) if self._may_share(running) else {}
        trials = [left_out.get(case.id) or self._checked(case, shared.get(case.id)) for case in cases]
        if self._retry_reason and trials:
            trials[0] = replace(trials[0], reason=trials[0].reason or self._retry_reason)
            self._retry_reason = ""
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
        if reason := self._oracle.left_out(case):
            return Trial(case, "not-run", reason=reason)
        unseen = self._candidate.greeting.unseen
        if "result" in unseen and _uses_result(case):
            return Trial(case, "unsupported", reason=unseen["result"])
        return None

    def _in_one_process(self, cases: Sequence[Case]) -> dict[str, Trial]:
        """The trials of the cases that came to their end in a process that they shared, by id of the case."""
        replies = dict(zip((case.id for case in cases), self._both(cases), strict=True))
        if not self._rerun_where_cached(cases, replies):
            self._patience -= 1
            return {}
        both = [reply for pair in replies.values() for reply in pair]
        self._retry_reason = next((reply.retry_reason for reply in both if reply.retry_reason), "")
        good = [case for case in cases if all(reply.status == "done" for reply in replies[case.id])]
        trials: dict[str, Trial] = {}
        if good:
            sample = good[int(good[0].digest, 16) % len(good)]
            self._start([sample])
            trials = {case.id: self._trial(case, *replies[case.id]) for case in good}  # while the sample is running
            ((ours, theirs),) = self._finish()
            if (ours.line, theirs.line) != tuple(reply.line for reply in replies[sample.id]):
                trials = {}
        if not trials:
            self._patience -= 1
        return trials

    def _rerun_where_cached(self, cases: Sequence[Case], replies: dict[str, tuple[Reply, Reply]]) -> bool:
        """Have the oracle rerun the cases of which its reply is cached and in which the candidate differs.

        False if the cache proved wrong; then no reply of this batch counts.
        """
        differing = {
            name for name, (ours, theirs) in replies.items() if theirs.status == "done" and not _same(ours, theirs)
        }
        doubtful = [case for case in cases if case.id in differing and replies[case.id][0].cached]
        if doubtful:
            for case, ours in zip(doubtful, self._oracle.rerun([case.plain() for case in doubtful]), strict=True):
                replies[case.id] = (ours, replies[case.id][1])
        return not self._oracle.cache_proved_wrong

    def _checked(self, case: Case, shared: Trial | None) -> Trial:
        """The trial that counts, given the trial in a process that was shared, if there is one."""
        if self._hung >= (_PATIENCE if case.chapter == FAMILIES else _MOST_HUNG):
            return Trial(case, "not-run", reason=f"{self._hung} runs before it did not end")
        if shared is None:
            return self.run(case)
        if self._is_confirmed(shared):
            return shared
        alone = self.run(case)
        if alone.divergences:
            return alone
        self._patience -= 1
        return replace(alone, unconfirmed=shared.divergences)

    def _settled(self, case: Case, first: Trial) -> Trial:
        """A trial all of whose causes are confirmed: by this case in fresh interpreters, or by an earlier case."""
        if self._is_confirmed(first):
            return first
        trial = _confirmed(first, self._once(case, fresh=True))
        self._confirmed.update(divergence.signature for divergence in trial.divergences if divergence.cause)
        return trial

    def _is_confirmed(self, trial: Trial) -> bool:
        causes = (divergence for divergence in trial.divergences if divergence.cause)
        return all(divergence.signature in self._confirmed for divergence in causes)

    def _once(self, case: Case, *, fresh: bool) -> Trial:
        ((ours, theirs),) = self._both([case], fresh=fresh)
        if ours.observation is None:
            raise AgentError(f"{case.id}: the oracle itself gave no observation ({ours.status} {ours.detail})")
        return self._trial(case, ours, theirs)

    def _both(self, cases: Sequence[Case], *, fresh: bool = False) -> list[tuple[Reply, Reply]]:
        if self._started != [case.id for case in cases] or fresh:
            if self._started:
                self._finish()  # the caller has decided otherwise
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
        trial, reason = self._judged(case, ours, theirs), ours.retry_reason or theirs.retry_reason
        if trial.divergences and ours.observation is not None:
            trial = replace(trial, endings=endings(ours.observation))
        return replace(trial, reason=trial.reason or reason) if reason else trial

    def _judged(self, case: Case, ours: Reply, theirs: Reply) -> Trial:
        if _same(ours, theirs):
            return Trial(case, "agrees")  # in nearly all cases, and then nothing has to be judged
        version = self._oracle.greeting.version
        if theirs.status == "hang":
            self._hung += 1
            if self._hung == _PATIENCE:
                self._candidate.shorten_time_limit()
        if theirs.unsupported is not None:
            return Trial(case, "unsupported", reason=theirs.unsupported)
        if theirs.observation is None:
            return _failure(case, theirs, version)
        unseen = frozenset(self._candidate.greeting.unseen)
        assert ours.observation is not None
        found = judge(case, ours.observation, theirs.observation, version=version, level=self._level, unseen=unseen)
        known: tuple[str, ...] = ()
        if self._expected is not None:
            found, known = self._expected.rest(case, ours.observation, theirs.observation, found, self._level)
        trial = Trial(case, "diverges" if found else "agrees", tuple(found), known=known)
        return _without_unsettled(trial, self.unsettled)


def _same(ours: Reply, theirs: Reply) -> bool:
    return theirs.status == "done" and same_behaviour(ours.line, theirs.line)


def _without_unsettled(trial: Trial, unsettled: Mapping[str, str]) -> Trial:
    """A trial without the divergences that may be the oracle's own; `not-run` if no cause is left without them."""
    kept = tuple(divergence for divergence in trial.divergences if divergence.signature.clause not in unsettled)
    if any(divergence.cause for divergence in kept) or not trial.divergences:
        return replace(trial, divergences=kept)
    clause = next(divergence.signature.clause for divergence in trial.divergences if divergence.cause)
    return Trial(trial.case, "not-run", reason=f"{clause}: {unsettled[clause]}")


def _failure(case: Case, reply: Reply, version: str) -> Trial:
    if reply.status == "hang":
        return Trial(case, "hangs", (failed(case, "hang", f"no end within {reply.detail} s", version=version),))
    endings = {
        "done": "what came back is no observation",
        "signal": f"the process was killed by signal {reply.detail}",
        "exit": f"the process ended with exit status {reply.detail}",
        "too-many-processes": f"it started {reply.detail} processes, more than are allowed",
    }
    if (reply.status, reply.detail) == ("exit", MUTE):
        endings = {"exit": "it broke what it takes to see anything in its interpreter, or to say so"}
    ending = endings.get(reply.status, "the agent was lost: " + str(reply.detail).strip().splitlines()[-1])
    return Trial(case, "crashes", (failed(case, "crash", ending, version=version),))


def _confirmed(first: Trial, second: Trial) -> Trial:
    """The first trial with only the divergences that the second has as well; the others are unconfirmed."""
    again = {divergence.signature for divergence in second.divergences}
    kept = tuple(divergence for divergence in first.divergences if divergence.signature in again)
    lost = tuple(divergence for divergence in first.divergences if divergence.signature not in again)
    return replace(first, verdict=first.verdict if kept else "agrees", divergences=kept, unconfirmed=lost)


def _events(reply: Reply) -> list[str]:
    """The kinds of the events in a case of one step; none if there is no observation."""
    return [event["event"] for event in reply.observation["steps"][0]["events"]] if reply.observation else []


def _uses_result(case: Case) -> bool:
    """True if a step uses the value that a call returned."""
    for step in case.steps:
        if step.kind != "write" and isinstance(step.content, str):
            names = (node for node in ast.walk(ast.parse(step.content)) if isinstance(node, ast.Name))
            if any(name.id == "result" for name in names):
                return True
    return False
