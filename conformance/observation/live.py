"""A side that runs cases in an interpreter, by way of an agent or a bridge that speaks the protocol.

Rules. Owns the agent's process and a temporary folder. Knows how requests and answers follow one another, and not how
they are spelled (`protocol`), nor how a process is started and ended (`agent_process`).

Theory of operation. The first request starts an agent, which loads the side and sends its handshake. If that says
`warm`, the agent stays and takes request after request; where it is not, or where a fresh interpreter is wanted, an
agent is started for one case. Where each case takes an interpreter of its own, others are started in advance, so that
they load the candidate while a case runs. An agent that does not fork runs the cases in its own process: if that ends,
it was the case that had no result by then which ended it; if it says `spent`, another is started, and one that says
`resets` is told to reset instead. An agent that forks survives its cases: if it ends in between, or if any agent breaks
the protocol, it is ended and its case is run once more; several cases that shared the request are left to the caller
instead, who runs each by itself.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from ..agent import PROTOCOL
from ..agent.messages import Answer, CaseRequest, Request, Reset, Start
from ..cases.model import Case
from ..clauses import Clause
from . import protocol
from .agent_process import LOG, AgentEnded, AgentLost, AgentProcess, TooMuch, cores, memory_limit
from .guard import WORLDS
from .interpreters import Target
from .recording import build_from
from .scratch import Scratch
from .side import NOT_RUN, AgentError, CandidateError, CannotStart, Greeting, Reply

ORACLE = "oracle"  # the side that is the interpreter's own `runpy`
SHORTENED = 2.0  # seconds
_MOST_IN_ADVANCE = 4  # interpreters that are started before they are needed


class LiveSide:
    """One side, oracle or candidate, in a target. What its methods do is described at `Side`.

    side: "oracle", or an --impl. import_from: a folder put first on sys.path. timeout: seconds for a case;
    load_timeout: seconds for loading the side. margin: seconds that an agent may take, beyond the time of a case, to
    say that it did not end in time.

    It has as many methods as `Side`, whose long way through one request they share; so it is a little longer than
    other classes.
    """

    description = ""

    def __init__(
        self,
        target: Target,
        side: str,
        *,
        import_from: str = "",
        timeout: float = 10.0,
        load_timeout: float = 20.0,
        margin: float = 5.0,
    ) -> None:
        self._target = target
        self._side = side
        self._import_from = import_from
        self._timeout = timeout
        self._load_timeout = load_timeout
        self._scratch = Scratch()
        self._folder = self._scratch.path
        os.mkdir(os.path.join(self._folder, WORLDS))
        self._numbers = itertools.count(1)
        self._agent: AgentProcess | None = None
        self._has_run = self._is_spent = False  # the warm agent has run a request; it can run no other one
        self._margin = margin
        self.died = False  # the agent has ended, or spoken unasked, between two requests
        self.reset_problem = ""  # why the agent was replaced though it says that it can be reset
        self._greeting: Greeting | None = None
        self.loading = 0.0  # seconds that it took to load the side last
        self._pending: tuple[AgentProcess, Request] | None = None
        self._in_advance: list[AgentProcess] = []  # agents for one case each, which are loading or have loaded
        self._most_in_advance = min(max(cores() - 1, 1), _MOST_IN_ADVANCE)

    @property
    def cache_proved_wrong(self) -> bool:
        """See `Side`."""
        return False

    @property
    def forks(self) -> bool:
        """See `Side`."""
        return self.greeting.forks

    @property
    def warm(self) -> bool:
        """See `Side`."""
        return self.greeting.warm

    @property
    def greeting(self) -> Greeting:
        """See `Side`."""
        if self._greeting is None:
            self._warm_agent()
        assert self._greeting is not None
        return self._greeting

    def left_out(self, case: Case) -> str:
        """See `Side`."""
        return ""

    def unsettled(self, clauses: Iterable[Clause]) -> Mapping[str, str]:
        """See `Side`."""
        return {}

    def start(self, cases: Sequence[Mapping[str, Any]], *, fresh: bool = False) -> None:
        """See `Side`."""
        self._send(cast(Sequence[CaseRequest], cases), fresh=fresh)

    def _send(self, cases: Sequence[CaseRequest], *, fresh: bool) -> None:
        fresh = fresh or not self.warm
        assert len(cases) == 1 or not fresh
        number = next(self._numbers)
        request: Request = {
            "id": number,
            "cases": list(cases),
            "root": os.path.join(self._folder, WORLDS, f"{number:07d}"),
            "timeout": self._timeout,
        }
        agent = self._ready(fresh=fresh)
        try:
            agent.send(request)
        except (OSError, AgentLost):
            # It died between two cases, or spoke; the case itself is not to blame.
            self.died = True
            self._end(agent)
            agent = self._ready(fresh=fresh)
            try:
                agent.send(request)
            except (OSError, AgentLost) as exc:
                self._end(agent)
                raise self._unusable(f"the agent cannot be sent a request: {exc}") from None
        if not self.warm:
            while len(self._in_advance) < self._most_in_advance:
                self._in_advance.append(self._process(once=True))
        self._pending = (agent, request)

    def _ready(self, *, fresh: bool) -> AgentProcess:
        """An agent that can take a request. fresh: in an interpreter that has run no other one."""
        if fresh and not self.greeting.resets:
            return self._for_one_case()
        agent = self._warm_agent()
        if (fresh and self._has_run) or self._is_spent:
            self._reset(agent)
        self._has_run = True
        return self._warm_agent()

    def _reset(self, agent: AgentProcess) -> None:
        """Bring the warm agent into its first state, or replace it."""
        if agent.resets:
            number = next(self._numbers)
            message: Reset = {"id": number, "reset": True}
            try:
                agent.send(message)
                answer = protocol.reply(agent.receive(self._load_timeout), number, 0, 0)
                agent.expect_nothing_more()
                if not isinstance(answer, bytes) and answer["status"] == "done" and not answer.get("spent"):
                    self._has_run = self._is_spent = False
                    return
                self.reset_problem = f"the answer to the message `reset` is {answer!r}"
            except TimeoutError:
                self.reset_problem = "there was no answer to the message `reset` in time"
            except protocol.Malformed as exc:
                self.reset_problem = f"the agent sent {exc}"
            except (OSError, TooMuch, AgentLost) as exc:
                self.reset_problem = str(exc)
        self._end(agent)

    def finish(self) -> list[Reply]:
        """See `Side`. If the agent is lost, one case is run once more; several are left to be run by themselves."""
        assert self._pending is not None
        agent, request = self._pending
        count = len(request["cases"])
        try:
            return self._finish()
        except AgentLost as exc:
            reason = f"run again, since {exc}"
        if count > 1:
            return [replace(NOT_RUN, retry_reason=reason)] * count
        self._send(request["cases"], fresh=agent.once)
        try:
            (reply,) = self._finish()
        except AgentLost as exc:
            reply = Reply("lost", str(exc))
        return [replace(reply, retry_reason=reason)]

    def _finish(self) -> list[Reply]:
        assert self._pending is not None
        (agent, request), self._pending = self._pending, None
        lines: list[bytes] = []
        try:
            ending = self._read(agent, request, lines)
            return _replies(ending, lines, len(request["cases"]))
        except protocol.Malformed as exc:
            self._end(agent)
            raise AgentLost(f"the agent sent {exc}") from None
        except AgentLost:
            self._end(agent)
            raise
        finally:
            if agent.once:
                agent.kill()
            if agent.once or agent is not self._agent:
                shutil.rmtree(request["root"], ignore_errors=True)
                for name in ("1", "2", "json"):
                    with contextlib.suppress(OSError):
                        os.unlink(os.path.join(self._folder, f"{request['id']}.{name}"))

    def shorten_time_limit(self) -> None:
        """See `Side`."""
        self._timeout = min(self._timeout, SHORTENED)

    @contextlib.contextmanager
    def time_limit(self, seconds: float) -> Iterator[None]:
        """In the body of the `with` statement, this is the time limit of a case."""
        usual, self._timeout = self._timeout, seconds
        try:
            yield
        finally:
            self._timeout = usual

    def abandon(self) -> None:
        """See `Side`."""
        assert self._pending is not None
        self._end(self._pending[0])
        self._pending = None

    def rerun(self, cases: Sequence[Mapping[str, Any]]) -> list[Reply]:
        """See `Side`."""
        self._send(cast(Sequence[CaseRequest], cases), fresh=False)
        return LiveSide.finish(self)

    def run(self, case: Mapping[str, Any], *, fresh: bool = False) -> Reply:
        """See `Side`."""
        self.start([case], fresh=fresh)
        return self.finish()[0]

    def close(self) -> None:
        """See `Side`."""
        if self._pending is not None:
            self._pending[0].kill()
        while self._in_advance:
            self._in_advance.pop().kill()
        if self._agent is not None:
            self._agent.kill()
            self._agent = None
        self._scratch.remove()

    # -- helpers ----------------------------------------------------------------------------------------------

    def _read(self, agent: AgentProcess, request: Request, lines: list[bytes]) -> Answer:
        """The answer to a request; the results that come before it are added to `lines`.

        If the agent itself cannot give an answer any more, the answer is what it would have said of the process of the
        cases. Raises AgentLost, protocol.Malformed.
        """
        number, count = request["id"], len(request["cases"])
        ended: Answer = {"id": number, "status": "done"}
        try:
            while True:
                message = protocol.reply(agent.receive(self._timeout + self._margin), number, len(lines), count)
                if isinstance(message, bytes):
                    lines.append(message)
                    continue
                agent.expect_nothing_more()
                if not agent.forks and (message.get("spent") or message["status"] != "done"):
                    self._is_spent = agent is self._agent
                return message
        except TimeoutError:
            if agent.unfinished:
                raise AgentLost(
                    f"the agent sent {agent.unfinished:,} bytes without the end of a line, and no answer in time"
                ) from None
            if agent.forks and count > 1:
                raise AgentLost("the agent did not answer in time") from None
            ended["status"], ended["detail"] = "hang", self._timeout
        except TooMuch as exc:
            ended["status"], ended["detail"] = exc.status, exc.number  # type: ignore[typeddict-item]
        except AgentEnded as exc:
            if agent.forks or len(lines) == count:
                raise
            ended["status"], ended["detail"] = exc.status  # type: ignore[typeddict-item]
        self._end(agent)
        return ended

    def _end(self, agent: AgentProcess) -> None:
        agent.kill()
        if agent is self._agent:
            self._agent = None

    def _warm_agent(self) -> AgentProcess:
        if self._agent is None:
            self._agent, self._greeting = self._launch(once=False)
            self._has_run = self._is_spent = False
        return self._agent

    def _for_one_case(self) -> AgentProcess:
        """An agent in an interpreter of its own, for one case: one that was started in advance, if there is any."""
        if self._in_advance:
            agent = self._in_advance.pop(0)
            try:
                self._greeted(agent)
                return agent
            except (CandidateError, AgentError):  # it may need something that only one process can have at a time
                self._most_in_advance = 0
                for started in (agent, *self._in_advance):
                    started.kill()
                self._in_advance.clear()
        return self._launch(once=True)[0]

    def unstarted(self) -> AgentProcess:
        """An agent that was not sent `start`; the caller ends it."""
        return self._process(once=False, silent=True)

    def _process(self, *, once: bool, silent: bool = False) -> AgentProcess:
        start: Start = {
            "protocol": PROTOCOL,
            "side": self._side,
            "import_from": self._import_from,
            "once": once,
            "folder": self._folder,
            "limits": {"load": self._load_timeout, "memory": memory_limit()},
        }
        return AgentProcess(self._target, start, self._folder, silent=silent)

    def _launch(self, *, once: bool) -> tuple[AgentProcess, Greeting]:
        try:
            agent = self._process(once=once)
        except OSError as exc:
            program = exc.filename or self._target.executable  # the guard runs on the driver's own Python
            raise CannotStart(f"{program} cannot be started: {exc.strerror}.") from None
        try:
            return agent, self._greeted(agent)
        except (CandidateError, AgentError) as exc:
            agent.kill()
            if self._greeting is not None:  # what is wrong now was not wrong then
                text = f"{self._target.executable} was started before, and cannot be started any more: {exc}"
                raise type(exc)(text) from None
            raise

    def _greeted(self, agent: AgentProcess) -> Greeting:
        try:
            return self._loaded(agent)
        except CandidateError as exc:
            if self._side == ORACLE:
                raise CannotStart(str(exc)) from None
            raise

    def _loaded(self, agent: AgentProcess) -> Greeting:
        begun = time.monotonic()
        try:
            line = agent.receive(self._load_timeout)
            agent.expect_nothing_more()
            self.loading = time.monotonic() - begun
            greeting = protocol.greeting(line)
        except (TimeoutError, TooMuch, AgentLost, protocol.Malformed) as exc:
            raise self._not_greeted(exc, agent.unfinished) from None
        if "cannot_load" in greeting:
            raise CandidateError(greeting["cannot_load"], greeting.get("missing", ""))
        agent.forks, agent.resets = greeting["forks"], greeting["resets"]
        return Greeting(
            version=greeting["version"],
            implementation=greeting["build"]["implementation"],
            capabilities=frozenset(greeting["capabilities"]),
            single_threaded=greeting["single_threaded"],
            delegates=greeting["delegates"],
            unseen=greeting["unseen"],
            offers=greeting["offers"],
            made_of=greeting.get("made_of", ()),
            forks=greeting["forks"],
            warm=greeting["warm"],
            resets=greeting["resets"],
            build=build_from(greeting["build"]),
        )

    def _not_greeted(self, exc: Exception, unfinished: int) -> CandidateError | AgentError:
        """The error for an agent that did not answer `start`. unfinished: the bytes of a line without an end."""
        is_bridge = bool(self._target.command)
        side = "runpy" if self._side == ORACLE else self._side
        name = f"The bridge {self._target.executable}" if is_bridge else side
        loading = "being started" if is_bridge else "being imported"
        sent = f", after {unfinished:,} bytes of a line without an end" if unfinished else ""
        match exc:
            case TimeoutError():
                missed = "answer the message `start`" if is_bridge else "finish being imported"
                return CandidateError(f"{name} did not {missed} within {self._load_timeout:g} seconds{sent}.")
            case TooMuch():
                is_count = exc.status == "too-many-processes"
                did = f"started {exc.number} processes" if is_count else f"took {exc.number:,} bytes of memory"
                return CandidateError(f"{name} {did} while it was {loading}.")
            case AgentEnded() if is_bridge:
                return CandidateError(f"{name} ended with {exc.how} while it was {loading}{sent}{self.complaint()}.")
            case AgentEnded():
                return CandidateError(f"{name} ended the interpreter while it was {loading} ({exc.how}).")
            case _:
                return self._unusable(str(exc) if isinstance(exc, AgentLost) else f"the agent sent {exc}")

    def complaint(self) -> str:
        """The end of a sentence about a bridge: the last error that it has printed, or the last line; or nothing."""
        try:
            lines = Path(self._folder, LOG).read_text("utf-8", "backslashreplace").splitlines()
        except OSError:
            return ""
        lines = [line.strip() for line in lines if line.strip() and not line.startswith(" ")]
        errors = [line for line in lines if "rror" in line] or lines
        return f": {errors[-1][:300].rstrip('.')}" if errors else ""

    def _unusable(self, said: str) -> CandidateError | AgentError:
        """The error for an agent that does not keep to the protocol: of a bridge it is the user's own fault."""
        if not self._target.command:
            return AgentError(said)
        sentence = said.replace("the agent", "it", 1).rstrip(".")
        return CandidateError(f"The bridge {self._target.executable} breaks the protocol: {sentence}.")


def _replies(answer: Answer, lines: Sequence[bytes], count: int) -> list[Reply]:
    """A reply for each case, from the results and from how the request ended.

    Results are not decoded, but for that of a case by itself. Raises protocol.Malformed.
    """
    status, detail = answer["status"], answer.get("detail")
    if answer.get("changed") and count > 1:  # what a case by itself has changed can have reached no other one
        return [NOT_RUN] * count
    if status == "hang" and count == 1:
        lines = ()  # what came before belongs to a case that has not come to its end
    found = [Reply.of(line) for line in lines]
    if count == 1 and found:
        found = [Reply.checked(lines[0])]
    if lines and lines[-1].startswith(b'{"agent_failed": '):
        failure = protocol.result(lines[-1])
        found[-1] = Reply("failed", failure.get("agent_failed", ""))  # type: ignore[arg-type]
    elif len(found) < count and (status != "done" or not lines):  # the next case has ended the process
        found.append(Reply(status, detail) if status != "done" else Reply("exit", 0))
    return found + [NOT_RUN] * (count - len(found))
