"""A side that runs cases: by a warm agent that forks for each request, or in fresh interpreters."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..agent import PROTOCOL
from .agent_process import AgentProcess, Crowded, Upset
from .guard import WORLDS
from .interpreters import Target
from .scratch import Scratch
from .side import UNREACHED, AgentError, CandidateError, Greeting, Reply

_HURRIED = 2.0  # seconds
_LONGEST_RESULT = 1 << 26  # bytes
_FAILED = b'{"agent_failed"'
_MARGIN = 5.0  # seconds that an agent may take, beyond a case's own time, to say that it timed out


class LiveSide:
    """One side, oracle or candidate, in a target: owns the agent's process and a temporary folder.

    what: "oracle", or an --impl. import_from: a folder put first on sys.path. `start` and `finish` are separate so
    that both sides can work at the same time.
    """

    def __init__(
        self, target: Target, what: str, *, import_from: str = "", timeout: float = 10.0, load_timeout: float = 20.0
    ) -> None:
        self._target = target
        self._what = what
        self._import_from = import_from
        self._timeout = timeout
        self._load_timeout = load_timeout
        self._scratch = Scratch()
        self._folder = self._scratch.path
        os.mkdir(os.path.join(self._folder, WORLDS))
        self._numbers = itertools.count(1)
        self._agent: AgentProcess | None = None
        self._greeting: Greeting | None = None
        self.loading = 0.0  # seconds that it took to load it last
        self._pending: tuple[AgentProcess, dict[str, Any]] | None = None

    @property
    def mistaken(self) -> bool:
        """Whether what it remembers has turned out not to be what it shows, since it was last asked about several."""
        return False

    @property
    def forks(self) -> bool:
        """Whether cases run in forked processes; otherwise there is a fresh interpreter for each."""
        return "fork" in self.greeting.capabilities and self.greeting.single_threaded

    @property
    def greeting(self) -> Greeting:
        """What the agent said first; starts it if need be. Raises CandidateError, AgentError."""
        if self._greeting is None:
            self._warm()
        assert self._greeting is not None
        return self._greeting

    def start(self, cases: Sequence[Mapping[str, Any]], *, fresh: bool = False) -> None:
        """Send cases, as plain data, to the warm agent, or one to an interpreter started for it.

        Several follow one another in one process, which is put back to what it was after each.
        """
        self._send(cases, fresh=fresh)

    def _send(self, cases: Sequence[Mapping[str, Any]], *, fresh: bool) -> None:
        fresh = fresh or not self.forks
        assert len(cases) == 1 or not fresh
        agent = self._launch("once")[0] if fresh else self._warm()
        number = next(self._numbers)
        request = {
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
            agent = self._launch("once")[0] if fresh else self._warm(again=True)
            agent.send(request)
        self._pending = (agent, request)

    def finish(self) -> list[Reply]:
        """The replies to the cases sent last. If the agent is upset, it is ended, and a case is run once more."""
        assert self._pending is not None
        agent, request = self._pending
        count = len(request["cases"])
        try:
            return self._finish()
        except Upset as exc:
            upset = f"run again, since {exc}"
        if count > 1:
            return [replace(UNREACHED, upset=upset)] * count  # each of them is to be run by itself then
        self._send(request["cases"], fresh=agent.once)
        try:
            return [replace(one, upset=upset) for one in self._finish()]
        except Upset as exc:
            return [Reply("lost", str(exc), upset=upset)]

    def _finish(self) -> list[Reply]:
        assert self._pending is not None
        (agent, request), self._pending = self._pending, None
        try:
            status, detail = agent.wait(self._timeout) if agent.once else self._ask(agent, request)
            return _replies(status, detail, Path(request["result"]), len(request["cases"]))
        except Upset:
            self._end(agent)
            raise
        finally:
            if agent.once:
                agent.kill()
            if agent.once or agent is not self._agent:
                shutil.rmtree(request["root"], ignore_errors=True)
                for descriptor in (1, 2):
                    Path(f"{request['result']}.{descriptor}").unlink(missing_ok=True)

    def hurry(self) -> None:
        """Wait for no case longer than a hundred times what one takes."""
        self._timeout = min(self._timeout, _HURRIED)

    def abandon(self) -> None:
        """Let go of what was sent last, and of the agent that is at work on it."""
        assert self._pending is not None
        self._end(self._pending[0])
        self._pending = None

    def anew(self, cases: Sequence[Mapping[str, Any]]) -> list[Reply]:
        """What it shows now in cases that follow one another in one process, whatever it remembers."""
        self._send(cases, fresh=False)
        return LiveSide.finish(self)

    def run(self, case: Mapping[str, Any], *, fresh: bool = False) -> Reply:
        """`start` and `finish` for one case."""
        self.start([case], fresh=fresh)
        return self.finish()[0]

    def close(self) -> None:
        """End the agent, and remove everything that it left."""
        if self._pending is not None:
            self._pending[0].kill()
        if self._agent is not None:
            self._agent.kill()
            self._agent = None
        self._scratch.remove()

    # -- helpers ----------------------------------------------------------------------------------------------

    def _ask(self, agent: AgentProcess, request: Mapping[str, Any]) -> tuple[str, Any]:
        try:
            message = agent.receive(self._timeout * len(request["cases"]) + _MARGIN)
        except TimeoutError:
            if len(request["cases"]) > 1:
                raise Upset("the agent did not answer in time") from None
            self._end(agent)
            return "hang", self._timeout
        except Crowded as exc:
            self._end(agent)
            return "crowded", exc.number
        if message.get("id") != request["id"]:
            raise Upset("the agent answered another request")
        if not isinstance(message.get("status"), str):
            raise Upset("the agent's answer has no status")
        return message["status"], message.get("detail")

    def _end(self, agent: AgentProcess) -> None:
        agent.kill()
        if agent is self._agent:
            self._agent = None

    def _warm(self, *, again: bool = False) -> AgentProcess:
        if self._agent is None or again:
            self._agent, self._greeting = self._launch("serve")
        return self._agent

    def _launch(self, mode: str) -> tuple[AgentProcess, Greeting]:
        agent = AgentProcess(self._target.executable, mode, self._what, self._import_from, self._folder)
        begun = time.monotonic()
        try:
            message = agent.receive(self._load_timeout)
            self.loading = time.monotonic() - begun
        except TimeoutError:
            agent.kill()
            raise CandidateError(
                f"{self._what} did not finish being imported within {self._load_timeout:g} seconds."
            ) from None
        except Crowded as exc:
            agent.kill()
            raise CandidateError(f"{self._what} started {exc.number} processes while it was being imported.") from None
        except Upset as exc:
            agent.kill()
            how = agent.ended or str(exc)
            raise CandidateError(f"{self._what} ended the interpreter while it was being imported ({how}).") from None
        if "cannot_load" in message:
            agent.kill()
            raise CandidateError(str(message["cannot_load"]), str(message.get("missing", "")))
        if message.get("protocol") != PROTOCOL:
            agent.kill()
            raise AgentError(f"the agent speaks protocol {message.get('protocol')}, and not {PROTOCOL}")
        greeting = Greeting(
            version=message["version"],
            implementation=message["implementation"],
            capabilities=frozenset(message["capabilities"]),
            single_threaded=message["single_threaded"],
            delegates=message["delegates"],
            unseen=message["unseen"],
            made_of=message.get("made_of", ()),
        )
        return agent, greeting


def _replies(status: str, detail: Any, result: Path, count: int) -> list[Reply]:
    """One reply a case, from the lines that the agent wrote and from how it ended."""
    try:
        if result.stat().st_size > _LONGEST_RESULT:
            raise Upset(f"what the agent saw is longer than {_LONGEST_RESULT >> 20} MB")
        lines = result.read_bytes().split(b"\n")
    except OSError:
        lines = [b""]
    finally:
        result.unlink(missing_ok=True)
    if status == "hang" and count == 1:
        lines = [b""]  # whatever came before, it has not come to an end
    cut_off = lines.pop()  # what follows the last end of a line: nothing, if all is well
    if status == "done" and (cut_off or not all(line[:1] == b"{" and line[-1:] == b"}" for line in lines)):
        raise Upset("what the agent saw is cut off" if cut_off else "what the agent saw is not JSON")
    if count > 1 and lines and lines[-1].startswith(b'{"changed"'):
        if lines.pop() != b'{"changed": []}':
            return [UNREACHED] * count
    elif len(lines) < count and not (lines and lines[-1].startswith(_FAILED)):
        lines.append(b"")  # the case at work then has ended the process
    found = [_reply(status, detail, line) for line in lines[:count]]
    return found + [UNREACHED] * (count - len(found))


def _reply(status: str, detail: Any, line: bytes) -> Reply:
    if not line:
        return Reply(status, detail) if status != "done" else Reply("exit", 0)
    if line.startswith(_FAILED):
        return Reply("failed", str(json.loads(line)["agent_failed"]))
    return Reply("done", None, line)
