"""A side that runs cases in an interpreter: through a warm agent that forks for each request, or in fresh interpreters.

Rules. Owns the agent's process and a temporary folder. Knows how requests and answers follow one another, and not how
they are spelled (`protocol`), nor how a process is started and ended (`agent_process`).

Theory of operation. The first request starts an agent, which loads the side and greets. Where it can fork, it stays and
takes request after request; where it cannot, or where a fresh interpreter is wanted, an agent is started for one case
and runs it in its own process. Where each case takes an interpreter of its own, others are started in advance, so that
they load the candidate while a case runs. The observations come through a file. An agent that ends in between, or
breaks the protocol, is ended, and its case is run once more; several cases that shared the request are left to the
caller instead, who runs each by itself.
"""

from __future__ import annotations

import itertools
import os
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, cast

from ..agent import PROTOCOL
from ..agent.messages import CaseRequest, Request
from ..cases.model import Case
from ..clauses import Clause
from . import protocol
from .agent_process import AgentLost, AgentProcess, TooManyProcesses, cores
from .guard import WORLDS
from .interpreters import Target
from .recording import build_from
from .scratch import Scratch
from .side import NOT_RUN, AgentError, CandidateError, CannotStart, Greeting, Reply, Status

ORACLE = "oracle"  # the side that is the interpreter's own `runpy`
_SHORTENED = 2.0  # seconds
_LONGEST_RESULT = 1 << 26  # bytes
_MOST_IN_ADVANCE = 4  # interpreters that are started before they are needed
_MARGIN = 5.0  # seconds that an agent may take, beyond a case's own time, to say that it timed out


class LiveSide:
    """One side, oracle or candidate, in a target. What its methods do is described at `Side`.

    side: "oracle", or an --impl. import_from: a folder put first on sys.path. timeout: seconds for a case;
    load_timeout: seconds for loading the side.

    It has as many methods as `Side`, whose long way through one request they share; so it is a little longer than
    other classes.
    """

    description = ""

    def __init__(
        self, target: Target, side: str, *, import_from: str = "", timeout: float = 10.0, load_timeout: float = 20.0
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
        return "fork" in self.greeting.capabilities and self.greeting.single_threaded

    @property
    def greeting(self) -> Greeting:
        """See `Side`."""
        if self._greeting is None:
            self._warm()
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
        fresh = fresh or not self.forks
        assert len(cases) == 1 or not fresh
        agent = self._for_one_case() if fresh else self._warm()
        number = next(self._numbers)
        request: Request = {
            "id": number,
            "cases": list(cases),
            "root": os.path.join(self._folder, WORLDS, f"{number:07d}"),
            "result": os.path.join(self._folder, f"{number:07d}.json"),
            "timeout": self._timeout,
        }
        try:
            agent.send(request)
        except OSError:
            # It died between two cases; the case itself is not to blame.
            agent.kill()
            agent = self._for_one_case() if fresh else self._warm(again=True)
            agent.send(request)
        if not self.forks:
            while len(self._in_advance) < self._most_in_advance:
                self._in_advance.append(self._process("once"))
        self._pending = (agent, request)

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
        try:
            status, detail = agent.wait(self._timeout) if agent.once else self._answer(agent, request)
            return _replies(status, detail, Path(request["result"]), len(request["cases"]))
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
                for descriptor in (1, 2):
                    Path(f"{request['result']}.{descriptor}").unlink(missing_ok=True)

    def shorten_time_limit(self) -> None:
        """See `Side`."""
        self._timeout = min(self._timeout, _SHORTENED)

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

    def _answer(self, agent: AgentProcess, request: Request) -> tuple[Status, Any]:
        """The status and the detail with which a warm agent answers a request (see `Reply`). Raises AgentLost."""
        try:
            message = agent.receive(self._timeout * len(request["cases"]) + _MARGIN)
        except TimeoutError:
            if len(request["cases"]) > 1:
                raise AgentLost("the agent did not answer in time") from None
            self._end(agent)
            return "hang", self._timeout
        except TooManyProcesses as exc:
            self._end(agent)
            return "too-many-processes", exc.number
        if message.get("id") != request["id"]:
            raise AgentLost("the agent answered another request")
        answer = protocol.answer(message)
        return answer["status"], answer.get("detail")

    def _end(self, agent: AgentProcess) -> None:
        agent.kill()
        if agent is self._agent:
            self._agent = None

    def _warm(self, *, again: bool = False) -> AgentProcess:
        if self._agent is None or again:
            self._agent, self._greeting = self._launch("serve")
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
        return self._launch("once")[0]

    def _process(self, mode: Literal["serve", "once"]) -> AgentProcess:
        return AgentProcess(self._target.executable, mode, self._side, self._import_from, self._folder)

    def _launch(self, mode: Literal["serve", "once"]) -> tuple[AgentProcess, Greeting]:
        try:
            agent = self._process(mode)
        except OSError as exc:
            raise CannotStart(f"{self._target.executable} cannot be started: {exc.strerror}.") from None
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
        name = "runpy" if self._side == ORACLE else self._side
        begun = time.monotonic()
        try:
            message = agent.receive(self._load_timeout)
            self.loading = time.monotonic() - begun
        except TimeoutError:
            raise CandidateError(
                f"{name} did not finish being imported within {self._load_timeout:g} seconds."
            ) from None
        except TooManyProcesses as exc:
            raise CandidateError(f"{name} started {exc.number} processes while it was being imported.") from None
        except AgentLost as exc:
            how = agent.ended or str(exc)
            raise CandidateError(f"{name} ended the interpreter while it was being imported ({how}).") from None
        if "cannot_load" not in message and message.get("protocol") != PROTOCOL:
            raise CannotStart(f"the agent speaks protocol {message.get('protocol')}, and not {PROTOCOL}")
        try:
            greeting = protocol.greeting(message)
        except protocol.Malformed as exc:
            raise CannotStart(f"the agent sent {exc}") from None
        if "cannot_load" in greeting:
            raise CandidateError(greeting["cannot_load"], greeting.get("missing", ""))
        return Greeting(
            version=greeting["version"],
            implementation=greeting["implementation"],
            capabilities=frozenset(greeting["capabilities"]),
            single_threaded=greeting["single_threaded"],
            delegates=greeting["delegates"],
            unseen=greeting["unseen"],
            offers=greeting["offers"],
            made_of=greeting.get("made_of", ()),
            build=build_from(greeting["build"]),
        )


def _replies(status: Status, detail: Any, path: Path, count: int) -> list[Reply]:
    """A reply for each case, from the lines of the result file and from how the process ended.

    Only the last line is decoded, which may be something else than an observation. Raises AgentLost,
    protocol.Malformed.
    """
    lines = _lines(path)
    if status == "hang" and count == 1:
        lines = [b""]  # a line that came before belongs to a case that has not come to its end
    cut_off = lines.pop()  # the text after the last end of a line: nothing, if all is well
    if status == "done" and (cut_off or not all(line[:1] == b"{" and line[-1:] == b"}" for line in lines)):
        raise AgentLost("what the agent saw is cut off" if cut_off else "what the agent saw is not JSON")
    if not lines:
        first = Reply(status, detail) if status != "done" else Reply("exit", 0)
        return [first] + [NOT_RUN] * (count - 1)
    if count == 1 and len(lines) == 1 and (reply := Reply.checked(lines[0])).observation is not None:
        return [reply]
    last = protocol.result(lines[-1])
    ending: list[Reply] = []
    if "changed" in last and count > 1:
        del lines[-1]
        if last["changed"]:
            return [NOT_RUN] * count
    elif "agent_failed" in last:
        del lines[-1]
        ending = [Reply("failed", last["agent_failed"])]
    elif len(lines) < count:  # the next case has ended the process
        ending = [Reply(status, detail) if status != "done" else Reply("exit", 0)]
    found = [*(Reply.of(line) for line in lines), *ending][:count]
    return found + [NOT_RUN] * (count - len(found))


def _lines(path: Path) -> list[bytes]:
    """The lines of a result file, and what follows the last end of a line; the file is removed. Raises AgentLost."""
    try:
        if path.stat().st_size > _LONGEST_RESULT:
            raise AgentLost(f"what the agent saw is longer than {_LONGEST_RESULT >> 20} MB")
        return path.read_bytes().split(b"\n")
    except OSError:
        return [b""]
    finally:
        path.unlink(missing_ok=True)
