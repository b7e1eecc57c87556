"""The oracle's side read from the recordings, where no CPython of that version is installed.

It says beforehand what it has no answer for: `left_out` for a case, `unsettled` for clauses whose boundary may lie
between the release that was recorded and the target's. Where CPython is installed, the recordings fill its cache: see
`RecordedLines`.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..cases.model import Case
from ..clauses import Clause, registry
from .differing import about_a_differing_module, changed_within, differing_modules, text_of
from .recording import Build, RecordingError, Recordings, decode
from .side import Greeting, Reply, key_of

_RUN_NAME = re.compile(r"""run_module\(["']([A-Za-z_]\w*)""")


class ReplayedSide:
    """The oracle as it was recorded. What its methods do is described at `Side`.

    tree: the cases that may be asked for; `expect` adds more. target: the build in which the candidate runs;
    capabilities: those of it. python: the name of the Python whose recording it is; default: the CPython of the
    target's version. Raises RecordingError.
    """

    forks = warm = True
    cache_proved_wrong = False

    def __init__(
        self,
        recordings: Recordings,
        tree: Iterable[Case],
        target: Build,
        capabilities: frozenset[str],
        python: str = "",
    ) -> None:
        python = python or target.language
        if python not in recordings.builds:
            known = ", ".join(recordings.builds) or "none"
            raise RecordingError(
                f"There is no recording of Python {python} (there are: {known}); "
                "make one with `nox -s record` in a clone of the suite, where that Python is."
            )
        self.build = recordings.builds[python]
        self._target = target
        self._recordings = recordings
        self._cases: dict[str, list[Case]] = {}  # more than one if they differ in what they require
        self.expect(tree)
        self._started: Sequence[Mapping[str, Any]] = ()
        self._differing = differing_modules(self.build, target)
        self.greeting = Greeting(
            version=self.build.version,
            implementation=self.build.implementation,
            capabilities=frozenset(self.build.capabilities) & capabilities,
            single_threaded=True,
            delegates=False,
            unseen={},
        )

    def expect(self, cases: Iterable[Case]) -> None:
        """Note cases that may be asked for."""
        for case in cases:
            self._cases.setdefault(key_of(case.plain()), []).append(case)

    @property
    def description(self) -> str:
        """See `Side`."""
        return f"recording of {self.build}"

    def left_out(self, case: Case) -> str:
        """See `Side`."""
        for version in (self.build.version, self._target.version):
            if unmet := case.unmet(version, self.greeting.capabilities):
                return f"{unmet} is required"
        if case.is_of_commands:
            return "commands are not recorded"
        entry = self._recordings.entry(case.id)
        if entry is None or self.build.python not in entry.pythons:
            return "it is not in the recording (in a clone of the suite `nox -s record` makes it again)"
        if entry.digest != case.digest:
            return "it has changed since it was recorded (in a clone of the suite `nox -s record` makes it again)"
        if reason := about_a_differing_module(case, self._differing):
            return reason
        if self.build.version != self._target.version:
            for name in sorted(set(_RUN_NAME.findall(text_of(case))) & {*self.build.builtin, *self.build.frozen}):
                return f"{name} may have changed between {self._target.version} and {self.build.version}"
        return ""

    def unsettled(self, clauses: Iterable[Clause]) -> dict[str, str]:
        """The clauses that may hold for only one of the two releases, with the reason."""
        recorded, target = self.build.version, self._target.version
        within = changed_within(clauses := tuple(clauses), self.build, self._target)
        if recorded == target:
            return within
        reason = f"it may differ between {target} and {recorded}, which was recorded"
        return within | {
            clause.id: reason
            for clause in clauses
            if clause.holds(recorded) != clause.holds(target) or clause.is_unsure(recorded) or clause.is_unsure(target)
        }

    def start(self, cases: Sequence[Mapping[str, Any]], *, fresh: bool = False) -> None:
        """See `Side`."""
        self._started = cases

    def finish(self) -> list[Reply]:
        """See `Side`."""
        return [self._reply(case) for case in self._started]

    def run(self, case: Mapping[str, Any], *, fresh: bool = False) -> Reply:
        """See `Side`."""
        return self._reply(case)

    def rerun(self, cases: Sequence[Mapping[str, Any]]) -> list[Reply]:
        """See `Side`."""
        return [self._reply(case) for case in cases]

    def shorten_time_limit(self) -> None:
        """Do nothing: nothing is running."""

    def abandon(self) -> None:
        """Do nothing: nothing is running."""

    def close(self) -> None:
        """Do nothing: nothing was started."""

    def _reply(self, plain: Mapping[str, Any]) -> Reply:
        line = self.line(key_of(plain))
        return Reply("done", line=line) if line else Reply("lost", "the case is not in the recording")

    def line(self, key: str) -> bytes:
        """The result line of a case, by its key (see `key_of`); empty if the case is not in the recording."""
        able = (case for case in self._cases.get(key, ()) if not self.left_out(case))
        entry = next((self._recordings.entry(case.id) for case in able), None)
        if entry is None:
            return b""
        observation = decode(entry.stored(self.build.python), self._target.words)
        return json.dumps(observation).encode("ascii")


class RecordedLines:
    """The result lines that a recording has for the oracle of an installed Python, before the oracle has run a case.

    They are those of the cases in which the release that was recorded and the target cannot differ as far as the
    ledger knows, in the target's words: to the byte what its agent writes. None are known of another
    implementation, or another release of one that is not CPython, of another system or another kind of build.
    """

    def __init__(self, recordings: Recordings, target: Build, capabilities: frozenset[str]) -> None:
        build = recordings.builds.get(target.python)
        self._side: ReplayedSide | None = None
        if build is not None and _kind(build) == _kind(target) and not (target.debug or target.gil_disabled):
            self._side = ReplayedSide(recordings, (), target, capabilities, target.python)

    def expect(self, cases: Iterable[Case]) -> None:
        """Note cases that may be asked for."""
        if self._side is not None:
            self._side.expect(case for case in cases if self._unsettled.isdisjoint(case.clauses))

    def line(self, key: str) -> bytes:
        """The line of a case that `expect` was told of, by its key (see `key_of`); empty if none is known."""
        try:
            return self._side.line(key) if self._side is not None else b""
        except RecordingError:  # an oracle that runs needs no recording, and `nox -s record` tells of the mistake
            return b""

    @functools.cached_property
    def _unsettled(self) -> frozenset[str]:
        return frozenset(self._side.unsettled(registry().values()) if self._side is not None else ())


def _kind(build: Build) -> tuple[object, ...]:
    release = "" if build.implementation == "cpython" else build.own_version  # the ledger knows those of CPython
    return build.implementation, release, build.systems, build.abiflags
