"""A side whose observations use names that all interpreters share, so that two of them can be compared.

The cache tag, the suffix of extension modules and the folder of the standard library have another name in each
interpreter, and are no behaviour of `run_module`. Recordings use the same names (see `recording`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..cases.model import Case
from ..clauses import Clause
from .differing import about_a_differing_module, changed_within, differing_modules
from .recording import Build
from .side import Greeting, Reply, Side


def in_shared_words(build: Build) -> Build:
    """A build that calls things by the shared names: an observation decoded for it has those names."""
    return replace(build, words={word: word for word in build.words})


class TranslatedSide:
    """Another side, its result lines translated. What its methods do is described at `Side`.

    build: that of the other side. target: of an oracle, the build with which it is compared.
    """

    def __init__(self, side: Side, build: Build, target: Build | None = None) -> None:
        self._side = side
        self.build = build
        self._target = target
        self._differing = differing_modules(build, target) if target is not None else {}
        texts = ((json.dumps(own)[1:-1], word) for word, own in build.words.items() if own)
        self._words = [(own.encode("ascii"), word.encode("ascii")) for own, word in texts]

    @property
    def description(self) -> str:
        """See `Side`."""
        return f"runpy of {self.build}"

    @property
    def cache_proved_wrong(self) -> bool:
        """See `Side`."""
        return self._side.cache_proved_wrong

    @property
    def forks(self) -> bool:
        """See `Side`."""
        return self._side.forks

    @property
    def warm(self) -> bool:
        """See `Side`."""
        return self._side.warm

    @property
    def greeting(self) -> Greeting:
        """See `Side`."""
        return self._side.greeting

    def left_out(self, case: Case) -> str:
        """See `Side`."""
        return self._side.left_out(case) or about_a_differing_module(case, self._differing)

    def unsettled(self, clauses: Iterable[Clause]) -> Mapping[str, str]:
        """See `Side`."""
        clauses = tuple(clauses)
        if self._target is None:
            return self._side.unsettled(clauses)
        ours, theirs = self.build.version, self._target.version
        reason = f"it is otherwise on {theirs} than on {ours}"
        found = {clause.id: reason for clause in clauses if clause.holds(ours) != clause.holds(theirs)}
        return found | changed_within(clauses, self.build, self._target)

    def start(self, cases: Sequence[Mapping[str, Any]], *, fresh: bool = False) -> None:
        """See `Side`."""
        self._side.start(cases, fresh=fresh)

    def finish(self) -> list[Reply]:
        """See `Side`."""
        return [self._translated(reply) for reply in self._side.finish()]

    def run(self, case: Mapping[str, Any], *, fresh: bool = False) -> Reply:
        """See `Side`."""
        return self._translated(self._side.run(case, fresh=fresh))

    def rerun(self, cases: Sequence[Mapping[str, Any]]) -> list[Reply]:
        """See `Side`."""
        return [self._translated(reply) for reply in self._side.rerun(cases)]

    def shorten_time_limit(self) -> None:
        """See `Side`."""
        self._side.shorten_time_limit()

    def abandon(self) -> None:
        """See `Side`."""
        self._side.abandon()

    def close(self) -> None:
        """See `Side`."""
        self._side.close()

    def _translated(self, reply: Reply) -> Reply:
        line = reply.line
        for own, word in self._words:
            line = line.replace(own, word)
        return reply if line is reply.line else replace(reply, line=line)
