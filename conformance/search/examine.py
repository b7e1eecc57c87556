"""Tries cases on the oracle and the candidate, at the same time, and confirms each divergence.

Rules. Owns the order in which the two sides are given work, and the decision of what counts. Knows `Side` and none of
its kinds, and not how two observations are compared: the judge does that.

Theory of operation. Several cases in one process cost a fraction of what each costs by itself, so cases come in
batches. What a batch shows is a hint: one of its cases, the sample, is run again by itself, and if either side does
something else then, the cases have influenced one another, and each is run by itself. Where the two result lines are
equal, byte for byte, nothing is decoded and nothing is judged.

A case diverges only if it shows the same divergences twice, in two processes. The cases of a batch that differ are run
once more in one process, in the opposite order; a case that differs in a way that no case before did is run by itself;
and so is a case that was not the same twice, which is then run twice by itself. The first cases that differ are run in
fresh interpreters, and if these do not show what forked processes show, each case is run by itself from then on. The
cases that lead findings are confirmed in fresh interpreters at the end of the run (`confirm`).

The oracle reruns a case that differs as well, until some cases in which the same fields differ have been shown again.
After that its first result line is good enough, also a cached one.

A candidate may hang or end its process in every case. Three counters limit what that costs: of batches that went wrong
(`_PATIENCE`), after which every case is run by itself; of cases that hung (also `_PATIENCE`), after which the time
limit is shorter and generated cases are left out; and again of those (`_MOST_HUNG`), after which all cases are. And of
the cases that are made of fixtures, the first ones of a batch go before: if most of these differ, what is wrong in most
fixtures hides what they are about, and the others of the batch are left out.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from ..agent import MUTE
from ..agent.messages import Observation
from ..cases.model import FAMILIES, SEARCH, Case, Step
from ..cases.varied import OF_FIXTURES
from ..clauses import CALLS, MODULE, PATH, Level, registry
from ..judge.compare import failed, judge
from ..judge.divergence import Divergence
from ..judge.expected import Expected
from ..judge.features import observed_features
from ..judge.observations import endings
from ..judge.trial import Trial
from ..observation.protocol import same_behaviour
from ..observation.side import AgentError, Reply, Side

# The number of batches that may go wrong before each case is run by itself; and the number of cases that may hang
# before generated cases are left out, and the time limit of the others is shortened.
_PATIENCE = 3
# The number of cases that may hang before all others are left out: otherwise a run could take hours.
_MOST_HUNG = 30
# The number of cases made of fixtures that go before the others of their batch.
_FIRST = 20
# The number of cases that fresh interpreters confirm as they come: the first ones that fail the run.
_FRESH = 3
# The number of cases that have to show a field differ twice on both sides before the oracle is believed at once.
_WELL_KNOWN = 3

# For each kind of command: what it runs, what that is called in the first case, and the option that gives the command.
_PROGRAMS = {MODULE: ("module", "smoke_check", "--command"), PATH: ("script", "smoke_check.py", "--command-path")}
_HIDDEN = f"most of the first {_FIRST} cases like it differ, and what is wrong there hides what it is about"
_What = tuple[str, str]  # the field and the kind of a divergence


class _Hint(NamedTuple):
    """The trial of a case in a process that several shared, with the replies of the oracle and of the candidate."""

    trial: Trial
    ours: Reply
    theirs: Reply
    shown_again: bool = False


class SmokeFailed(Exception):
    """The simplest call fails: the candidate's adapter is broken, rather than its behaviour wrong."""


# The module notes in its last line that it runs, and whether the interpreter's own runpy is running it.
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
_SMOKE_FILES = {"smoke_check.py": "from witness import tell\ntell()\nprint('it runs')\n"}
SMOKE_OF_COMMANDS = {
    kind: Case(files=_SMOKE_FILES, steps=(Step("command", {"command": words}),), path=(), id="smoke")
    for kind, words in ((MODULE, ["-m", "smoke_check"]), (PATH, ["smoke_check.py"]))
}
# All arguments in the forms in which they can be given. A candidate that takes one of the forms is judged.
_ALL_ARGUMENTS = Case(
    files=SMOKE.files,
    steps=(
        Step("call", "run_module('smoke_check', init_globals=None, run_name=None, alter_sys=False)"),
        Step("call", "run_module(mod_name='smoke_check', init_globals=None, run_name=None, alter_sys=False)"),
        Step("call", "run_module('smoke_check', None, None, False)"),
    ),
    id="smoke",
)


class Examiner:
    """The oracle and the candidate, and the level at which to judge. Its methods raise what those of `Side` raise.

    expected: the differences that are not reported, where the two sides are in different interpreters. all_output: what
    a command prints beside its program is judged as well.

    The class is as long as it is because its state, what has been confirmed and what has gone wrong so far, decides at
    each of its steps which one comes next.
    """

    def __init__(
        self,
        oracle: Side,
        candidate: Side,
        level: Level,
        expected: Expected | None = None,
        *,
        all_output: bool = False,
    ) -> None:
        self._oracle = oracle
        self._candidate = candidate
        self._level = level
        self._expected = expected
        self._all_output = all_output
        self.unsettled = oracle.unsettled(registry().values())
        self.delegates = False  # the candidate has the interpreter's own runpy do the work
        self._shown: Counter[_What] = Counter()  # the number of cases that have shown a cause twice
        self._fresh: set[str] = set()  # the digests of the cases that fresh interpreters have confirmed
        self._patience = _PATIENCE
        self._hung = 0  # the number of runs that did not end
        self._most_hung = _MOST_HUNG
        self._started: list[str] = []  # the ids of the cases that both sides are running
        self._retry_reason = ""  # why the cases of the last batch have to be run again

    def smoke(self, kinds: frozenset[str] = frozenset((CALLS,))) -> None:
        """Check that the candidate can be called at all. Raises SmokeFailed, with one sentence.

        kinds: the kinds of cases that are going to be judged. If these are commands alone, the candidate is a command.
        """
        if CALLS not in kinds:
            for kind in sorted(kinds):
                self._smoke_of_commands(kind)
            return
        reply = self._candidate.run(SMOKE.plain())
        if reply.status == "hang":  # then most cases will hang, and it is enough to wait for one of them, twice
            self._candidate.shorten_time_limit()
            self._hung, self._most_hung = 1, _PATIENCE
            self._patience = 0
        if reply.observation is None:
            return  # not supported in this form, or worse than a fault of the adapter: the cases will show
        step = reply.observation["steps"][0]
        self.delegates = any(event.get("values") == ["ran by runpy"] for event in step["events"])
        ran = any(event["event"] in ("note", "run") for event in step["events"])
        if self._candidate.warm:
            self._candidate.start([SMOKE.plain()] * 2)
            if any(_events(shared) != _events(reply) for shared in self._candidate.finish()):
                self._patience = 0  # its way of running code is observed only where a case has its own process
        if step["outcome"] == "raised":
            raised = f"raises {_error(reply.observation, 0)}"
            if not ran:
                raise SmokeFailed(
                    f"run_module('smoke_check') {raised} without running the module, which is a few lines long and "
                    "lies on sys.path: check how the adapter calls the implementation."
                )
            if any(event["event"] == "note" for event in step["events"]):  # the module came to its last line
                raise SmokeFailed(
                    f"run_module('smoke_check') runs the module to its end, and then {raised}: check what the adapter "
                    "does with what the implementation gives back."
                )
        if reply.status == "done":
            self._check_arguments()

    def _smoke_of_commands(self, kind: str) -> None:
        """Check that the command runs a program of a kind at all. Raises SmokeFailed."""
        what, program, option = _PROGRAMS[kind]
        reply = self._candidate.run(SMOKE_OF_COMMANDS[kind].plain())
        if reply.status == "hang":
            limit = f"{float(reply.detail or 0):g} s"
            raise SmokeFailed(
                f"The command has not ended within {limit}, although the {what} that it is to run only prints a line: "
                "does it wait for a terminal, or for input?"
            )
        if reply.observation is None:
            return
        shown = reply.observation["steps"][0]["command"]
        if not any(telling["event"] == "program" for telling in shown["told"]):
            said = " | ".join(
                [*shown["stderr"], *shown["stdout"], *(lines[-1] for lines in shown["tracebacks"] if lines)]
            )
            if "\x1b[" in said:
                raise SmokeFailed(
                    f"The command does not run the {what} `{program}`, ends with {shown['ending']}, and writes what "
                    f"moves the cursor of a terminal: does it have a form that runs a {what} without one?"
                )
            raise SmokeFailed(
                f"The command does not run the {what} `{program}`, and ends with {shown['ending']}"
                f"{': ' + said[:300] if said else ''}. Check where the {what} stands in {option}."
                + (" A command that runs scripts is given with --command-path." if kind == MODULE else "")
            )

    def _check_arguments(self) -> None:
        """Check that the candidate takes the arguments of run_module in some form. Raises SmokeFailed."""
        observation = self._candidate.run(_ALL_ARGUMENTS.plain()).observation
        if observation is None:
            return
        for step in observation["steps"]:
            if step["outcome"] != "raised" or step["exception"]["exception"] != "TypeError" or step["events"]:
                return
        call = _ALL_ARGUMENTS.steps[0].content
        raise SmokeFailed(
            f"{call} raises {_error(observation, 0)}, and so it does when all arguments are given by name or all by "
            "position: the adapter has to take mod_name, init_globals, run_name and alter_sys, and may raise "
            "under_test.Unsupported for what the implementation does not offer."
        )

    def run(self, case: Case) -> Trial:
        """Try one case by itself, twice if it differs. Raises AgentError if the oracle, or the suite itself, fails."""
        return self._left_out(case) or self._settled(self._once(case))

    def glance(self, case: Case) -> Trial:
        """Try one case without confirmation, as for the many attempts to make a case smaller. Raises AgentError."""
        return self._left_out(case) or self._once(case)

    def glance_all(self, cases: Sequence[Case]) -> list[Trial]:
        """Try several cases in one process without confirmation, as for the drawn ones. Raises AgentError."""
        running = [case for case in cases if self._left_out(case) is None]
        hints = self._in_one_process(running) if self._may_share(running) else {}
        self._retry_reason = ""
        return [
            self._too_many_hung(case) or (hints[case.id].trial if case.id in hints else self.glance(case))
            for case in cases
        ]

    def hurry(self) -> None:
        """Wait for no case much longer than an ordinary one takes, since each may be one of many attempts."""
        self._candidate.shorten_time_limit()

    def confirm(self, trial: Trial) -> Trial:
        """The trial with only those divergences that fresh interpreters show again. Raises AgentError."""
        if trial.case.digest in self._fresh:
            return trial
        confirmed = _confirmed(trial, self._once(trial.case, fresh=True))
        self._note(confirmed)
        if not confirmed.unconfirmed:
            self._fresh.add(trial.case.digest)
        return confirmed

    def afresh(self, case: Case) -> Trial:
        """The trial of a case in a pair of fresh interpreters. Raises AgentError."""
        return self._left_out(case) or self._once(case, fresh=True)

    def is_confirmed(self, case: Case) -> bool:
        """True if fresh interpreters have confirmed all that the case shows."""
        return case.digest in self._fresh

    def observe(self, case: Case) -> tuple[Observation | None, Observation | None]:
        """The observations of both sides; None for a side on which the case does not come to its end."""
        ((ours, theirs),) = self._both([case])
        return ours.observation, theirs.observation

    def run_all(self, cases: Sequence[Case], then: Sequence[Case] = ()) -> list[Trial]:
        """Try several cases, one after another in one process on each side, which is many times faster.

        then: the cases of the next call; both sides begin to run them, and go on while the caller does something else.

        Each trial is what `run` would return: a case that does not end well, that differs in a new way, or that was not
        the same twice, is tried again by itself; so is every case if the sample shows that they have influenced one
        another. If most of the first cases made of fixtures differ, the others are not run.
        """
        first, rest = _divided(cases)
        trials = self._run_batch(first)
        differing = sum(trial.counts(self._level) for trial in trials)
        if rest and 2 * differing > len(first):
            trials += [self._left_out(case) or Trial(case, "not-run", reason=_HIDDEN) for case in rest]
        elif rest:
            trials += self._run_batch(rest)
        following = [case for case in _divided(then)[0] if self._left_out(case) is None]
        if self._may_share(following):
            self._start(following)
        return trials

    def _run_batch(self, cases: Sequence[Case]) -> list[Trial]:
        """See `run_all`."""
        left_out = {case.id: trial for case in cases if (trial := self._left_out(case)) is not None}
        running = [case for case in cases if case.id not in left_out]
        hints = self._in_one_process(running) if self._may_share(running) else {}
        new = {
            case.id: self._checked(case, hints[case.id])
            for case in running
            if case.id in hints and not self._is_known(hints[case.id].trial)  # asked as we go: one case is enough
        }
        hints = self._shown_again([case for case in running if case.id not in new], hints)
        trials = [
            left_out.get(case.id) or new.get(case.id) or self._checked(case, hints.get(case.id)) for case in cases
        ]
        if self._retry_reason and trials:
            trials[0] = replace(trials[0], reason=trials[0].reason or self._retry_reason)
            self._retry_reason = ""
        return trials

    def _may_share(self, cases: Sequence[Case]) -> bool:
        return self._patience > 0 and len(cases) > 1 and self._oracle.warm and self._candidate.warm

    def _left_out(self, case: Case) -> Trial | None:
        for side in (self._oracle, self._candidate):
            unmet = case.unmet(side.greeting.version, side.greeting.capabilities)
            if unmet:
                return Trial(case, "not-run", reason=f"{unmet} is required")
        if reason := self._oracle.left_out(case):
            return Trial(case, "not-run", reason=reason)
        missing = [name for name in case.functions if name not in self._candidate.greeting.offers]
        if missing:
            return Trial(case, "unsupported", reason=f"the candidate offers no {missing[0]}")
        unseen = self._candidate.greeting.unseen
        if "result" in unseen and _uses_result(case):
            return Trial(case, "unsupported", reason=unseen["result"])
        return None

    def _in_one_process(self, cases: Sequence[Case]) -> dict[str, _Hint]:
        """The hints of the cases that came to their end in a process that they shared, by id of the case."""
        replies = dict(zip((case.id for case in cases), self._both(cases), strict=True))
        both = [reply for pair in replies.values() for reply in pair]
        self._retry_reason = next((reply.retry_reason for reply in both if reply.retry_reason), "")
        good = [case for case in cases if all(reply.status == "done" for reply in replies[case.id])]
        unreadable = [case for case in good if _is_unreadable(*replies[case.id])]
        if unreadable:
            self._oracle.rerun([case.plain() for case in unreadable])  # which proves the cache wrong
            good = []
        hints: dict[str, _Hint] = {}
        if good:
            sample = good[int(good[0].digest, 16) % len(good)]
            self._start([sample])
            hints = {case.id: _Hint(self._trial(case, *replies[case.id]), *replies[case.id]) for case in good}
            ((ours, theirs),) = self._finish()  # the sample ran in the meantime
            lines = tuple(reply.line for reply in replies[sample.id])
            if (ours.line, theirs.line) != lines or self._oracle.cache_proved_wrong:
                hints = {}
        if not hints:
            self._patience -= 1
        return hints

    def _shown_again(self, cases: Sequence[Case], hints: dict[str, _Hint]) -> dict[str, _Hint]:
        """The hints, with a note at those that a second process has shown again; none if the cache proved wrong.

        The cases that differ run once more, in the opposite order.
        """
        if self._oracle.cache_proved_wrong and hints:
            self._patience -= 1
            return {}
        again = [case for case in reversed(cases) if case.id in hints and hints[case.id].trial.divergences]
        if not again or self._patience <= 0:
            return hints
        doubtful = self._doubtful(again, hints)
        self._candidate.start([case.plain() for case in again])
        try:
            lines = (
                [reply.line for reply in self._oracle.rerun([case.plain() for case in doubtful])] if doubtful else []
            )
        except BaseException:
            self._candidate.abandon()
            raise
        oracle = dict(zip((case.id for case in doubtful), lines, strict=True))
        candidate = {case.id: reply.line for case, reply in zip(again, self._candidate.finish(), strict=True)}
        if self._oracle.cache_proved_wrong:
            self._patience -= 1
            return {}
        hints = dict(hints)
        for case in again:
            hint = hints[case.id]
            if candidate[case.id] == hint.theirs.line and oracle.get(case.id, hint.ours.line) == hint.ours.line:
                hints[case.id] = hint._replace(shown_again=True)
                self._note(hint.trial)
        return hints

    def _doubtful(self, cases: Sequence[Case], hints: Mapping[str, _Hint]) -> list[Case]:
        """Those of the cases that the oracle reruns: the first ones in which a field differs."""
        shown = self._shown.copy()
        found = []
        for case in cases:
            causes = _causes(hints[case.id].trial)
            if any(shown[cause] < _WELL_KNOWN for cause in causes):
                shown.update(causes)
                found.append(case)
        return found

    def _too_many_hung(self, case: Case) -> Trial | None:
        if self._hung >= (_PATIENCE if case.chapter == FAMILIES else self._most_hung):
            return Trial(case, "not-run", reason=f"{self._hung} runs before it did not end")
        return None

    def _checked(self, case: Case, hint: _Hint | None) -> Trial:
        """The trial that counts. hint: what came of the case in a process that was shared, if it came to its end."""
        if hung := self._too_many_hung(case):
            return hung
        if hint is None:
            return self.run(case)
        if (hint.shown_again or not hint.trial.divergences) and not self._wants_fresh(hint.trial):
            return hint.trial
        alone = self._settled(self._once(case), hint.trial)
        if self._oracle.cache_proved_wrong:
            return alone
        gone = _without(hint.trial.divergences, alone.divergences, alone.unconfirmed)
        if gone:
            self._patience -= 1
        return replace(alone, unconfirmed=(*alone.unconfirmed, *gone))

    def _settled(self, first: Trial, before: Trial | None = None) -> Trial:
        """The trial of a case that was run by itself, with those divergences that a second run shows again.

        before: the trial in a process that was shared, which is the second run if it shows exactly the same.
        """
        if not first.divergences:
            return first
        if self._wants_fresh(first):
            trial = self.confirm(first)
            if trial.unconfirmed and before is not None and not _without(first.divergences, before.divergences):
                self._patience = 0  # forked processes show something, and fresh interpreters do not
            return trial
        if before is not None and before.divergences == first.divergences:
            self._note(first)
            return first
        if not self._is_known(first) and self._patience <= 0:
            return self.confirm(first)
        trial = _confirmed(first, self._once(first.case))
        self._note(trial)
        return trial

    def _wants_fresh(self, trial: Trial) -> bool:
        """True if fresh interpreters should confirm the case at once.

        It is one of the first that fail the run; or the candidate does not fork, so that another run of the case by
        itself would be in the same process.
        """
        is_due = len(self._fresh) < _FRESH or not self._candidate.forks
        return is_due and trial.case.digest not in self._fresh and trial.counts(self._level)

    def _note(self, trial: Trial) -> None:
        """Note that a case has shown its causes twice."""
        self._shown.update(_causes(trial))

    def _is_known(self, trial: Trial) -> bool:
        """True if some case has shown each cause of a trial twice."""
        return all(what in self._shown for what in _causes(trial))

    def _once(self, case: Case, *, fresh: bool = False) -> Trial:
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
        # Of a drawn case that agrees no record is kept, and its line need not be decoded.
        if (trial.divergences or case.chapter != SEARCH) and ours.observation is not None:
            ended = endings(ours.observation) if trial.divergences else ()
            trial = replace(trial, features=observed_features(ours.observation), endings=ended)
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
            return _failure(case, ours.observation, theirs, version)
        unseen = frozenset(self._candidate.greeting.unseen)
        assert ours.observation is not None
        found = judge(
            case,
            ours.observation,
            theirs.observation,
            version=version,
            level=self._level,
            unseen=unseen,
            all_output=self._all_output,
        )
        known: tuple[str, ...] = ()
        if self._expected is not None:
            found, known = self._expected.rest(case, ours.observation, theirs.observation, found, self._level)
        trial = Trial(case, "diverges" if found else "agrees", tuple(found), known=known)
        return _without_unsettled(trial, self.unsettled)


def _divided(cases: Sequence[Case]) -> tuple[Sequence[Case], Sequence[Case]]:
    """The cases of a batch that are run first, and the others; there are others if the cases are made of fixtures."""
    size = _FIRST if cases and cases[0].family in OF_FIXTURES else len(cases)
    return cases[:size], cases[size:]


def _error(observation: Observation, step: int) -> str:
    """The exception with which a step ended, from 0: type, message, and the candidate's line if it is known."""
    exc, places = observation["steps"][step]["exception"], observation.get("raised_at", ())
    return f"{exc['exception']} ({exc['message']})" + (f" at {places[step]}" if places and places[step] else "")


def _same(ours: Reply, theirs: Reply) -> bool:
    return theirs.status == "done" and same_behaviour(ours.line, theirs.line)


def _is_unreadable(ours: Reply, theirs: Reply) -> bool:
    """True if the oracle's reply is cached, and its line is needed and holds no observation."""
    return ours.cached and not _same(ours, theirs) and ours.observation is None


def _without_unsettled(trial: Trial, unsettled: Mapping[str, str]) -> Trial:
    """A trial without the divergences that may be the oracle's own; `not-run` if no cause is left without them."""
    kept = tuple(divergence for divergence in trial.divergences if divergence.signature.clause not in unsettled)
    if any(divergence.cause for divergence in kept) or not trial.divergences:
        return replace(trial, divergences=kept)
    clause = next(divergence.signature.clause for divergence in trial.divergences if divergence.cause)
    return Trial(trial.case, "not-run", reason=f"{clause}: {unsettled[clause]}")


def _failure(case: Case, oracle: Observation | None, reply: Reply, version: str) -> Trial:
    if reply.status == "hang":
        ending = f"no end within {reply.detail} s"
        return Trial(case, "hangs", (failed(case, "hang", ending, version=version, oracle=oracle),))
    endings = {
        "done": "what came back is no observation",
        "signal": f"the process was killed by signal {reply.detail}",
        "exit": f"the process ended with exit status {reply.detail}",
        "too-many-processes": f"it started {reply.detail} processes, more than are allowed",
        "too-large": f"it used {reply.detail} bytes of memory, more than are allowed",
    }
    if (reply.status, reply.detail) == ("exit", MUTE):
        endings = {"exit": "it broke what it takes to see anything in its interpreter, or to say so"}
    ending = endings.get(reply.status, "the agent was lost: " + str(reply.detail).strip().splitlines()[-1])
    return Trial(case, "crashes", (failed(case, "crash", ending, version=version, oracle=oracle),))


def _confirmed(first: Trial, second: Trial) -> Trial:
    """The first trial with only the divergences that the second has as well; the others are unconfirmed."""
    lost = _without(first.divergences, second.divergences)
    kept = _without(first.divergences, lost)
    if not any(divergence.cause for divergence in kept):
        return replace(first, verdict="agrees", divergences=(), unconfirmed=first.divergences)
    return replace(first, divergences=kept, unconfirmed=lost)


def _causes(trial: Trial) -> set[_What]:
    """The causes of a trial, whatever clauses they break: which clause that is does not depend on the process."""
    signatures = (divergence.signature for divergence in trial.divergences if divergence.cause)
    return {(signature.field, signature.kind) for signature in signatures}


def _without(divergences: Sequence[Divergence], *others: Sequence[Divergence]) -> tuple[Divergence, ...]:
    """The divergences whose signature none of the others has."""
    signatures = {divergence.signature for several in others for divergence in several}
    return tuple(divergence for divergence in divergences if divergence.signature not in signatures)


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
