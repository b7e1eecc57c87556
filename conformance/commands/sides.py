"""Opens the two sides of a run: the oracle and the candidate.

The candidate runs in the target. The oracle is the target's own `runpy`; with --interpreter or --target-command the
`runpy` of a CPython of the same language; with --oracle=recording, or where there is no such CPython, the recording
made from one.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .. import REFERENCE
from ..cases.model import Case
from ..cases.tree import cases as whole_tree
from ..judge.expected import Expected, expected_of
from ..observation.agent_process import cores
from ..observation.cached import CachedSide, CacheFile
from ..observation.interpreters import Target, cpython_for
from ..observation.recording import FOLDER, Build, RecordingError, Recordings
from ..observation.replayed import RecordedLines, ReplayedSide
from ..observation.side import Greeting, Side
from ..observation.translated import TranslatedSide, in_shared_words
from ..observation.two_agents import TwoAgentsSide
from ..search.profiles import kept
from .launchers import side_of
from .options import of_interpreter
from .smoke import check_first_case


class Sides:
    """The oracle and the candidate of a run, each with its processes.

    target: the interpreter in which the candidate runs. oracle_target: the interpreter of the oracle, if it is another
    one; None if the oracle runs in the target or is a recording. recorded: true if the oracle is a recording, which
    knows no new case. expected: with two interpreters, the differences between them that are no divergences.
    """

    def __init__(self, option: Any, target: Target, folder: Path, *, alone: bool) -> None:
        """Start both sides.

        option: pytest's options of the run. folder: the folder of the fixtures. alone: true if this run has no other
        worker. Raises BadInterpreter, CandidateError, AgentError, CaseError, RecordingError, OSError.
        """
        self.target = target
        self.oracle_target: Target | None = None
        self.expected: Expected | None = None
        self._alone = alone
        self._open: list[Side] = []
        self._cached: CachedSide | None = None
        self._observations: dict[str, bytes] = {}  # of the oracle, by case
        self._cache: CacheFile | None = None
        try:
            self.candidate, self.oracle = self._start(option, folder)
        except BaseException:
            self.close()
            raise
        self.recorded = self._cached is None

    def _start(self, option: Any, folder: Path) -> tuple[Side, Side]:
        options = {
            "import_from": option.import_from,
            "timeout": option.case_timeout,
            "load_timeout": option.load_timeout,
        }
        judged = TwoAgentsSide(self.target, candidate_of(option), self._has_idle_core, **options)
        self._open.append(judged)
        greeting = judged.greeting
        build = self.build
        if self.target.command:
            check_first_case(judged)
        if not of_interpreter(option):
            if option.oracle == "recording":
                recordings = Recordings(folder / FOLDER)
                return judged, ReplayedSide(recordings, whole_tree(folder), build, greeting.capabilities)
            return judged, self._cached_side(self.target, option, options, folder)
        if option.oracle != "recording":
            self.oracle_target = cpython_for(self.target, option.target if option.target != sys.executable else "")
        candidate: Side = TranslatedSide(judged, build)
        oracle: Side
        if self.oracle_target is not None:
            cached = self._cached_side(self.oracle_target, option, options, folder)
            other = _build_in(cached.greeting)
            oracle = TranslatedSide(cached, other, build)
        else:
            recordings, shared = Recordings(folder / FOLDER), in_shared_words(build)
            replayed = ReplayedSide(recordings, whole_tree(folder), shared, greeting.capabilities)
            oracle, other = replayed, replayed.build
        self.expected = expected_of(build.implementation, build.version, other.version, build.systems)
        return candidate, oracle

    @property
    def build(self) -> Build:
        """The build of the target, as the candidate's agent has told it."""
        return _build_in(self._open[0].greeting)

    def expect(self, cases: Iterable[Case]) -> None:
        """Say which cases the oracle will be asked about; it may have been recorded in them."""
        if self._cached is not None:
            self._cached.expect(cases)

    def _cached_side(self, target: Target, option: Any, options: Mapping[str, Any], folder: Path) -> CachedSide:
        """The oracle, with the observations that earlier runs have cached, and with those that are recorded."""
        self._cached = side = CachedSide(target, self._observations, **options)
        self._open.append(side)
        cache = kept(option.database)
        if cache is not None and side.warm:
            self._cache = CacheFile(cache / "oracle", side.greeting, target.executable)
            self._observations.update(self._cache.read())
            build = _build_in(side.greeting)
            with contextlib.suppress(RecordingError):
                side.fill_from(RecordedLines(Recordings(folder / FOLDER), build, side.greeting.capabilities))
        return side

    def _has_idle_core(self) -> bool:
        """True if a core is idle while the candidate is at work."""
        return self._alone and cores() > 1 and (self._cached is None or not self._cached.at_work)

    def close(self) -> None:
        """Save the cache, and end all processes."""
        try:
            if self._cache is not None and self._cached is not None:
                self._cached.save(self._cache)
        finally:
            for side in self._open:
                side.close()
            self._open.clear()


def _build_in(greeting: Greeting) -> Build:
    assert greeting.build is not None  # a live side has it from its agent
    return greeting.build


def candidate_of(option: Any) -> str:
    """The candidate in the form that an agent can load."""
    if option.command or option.command_path:
        return side_of(option.command, option.command_path)
    impl = str(REFERENCE) if option.impl == "reference" else str(option.impl)
    if not option.impl_path:
        return impl
    return f"{'' if option.impl == 'reference' else impl}\n{option.impl_path}"


def name_of(option: Any) -> str:
    """The candidate as the user has named it."""
    if option.impl_path and option.impl == "reference":
        return str(option.impl_path)
    return " and ".join(filter(None, (option.command, option.command_path))) or str(option.impl)
