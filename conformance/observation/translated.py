"""A side whose observations are told in words that all interpreters share: so two of them can be laid side by side.

The cache tag, the suffix of extension modules, the folder of the standard library: what each interpreter calls
otherwise, and what no behaviour of `run_module` is. Recordings are written in the same words (see `recording`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .live import LiveSide
from .recording import Build
from .side import Greeting, Reply


def in_shared_words(build: Build) -> Build:
    """A build whose own words are the shared ones: what is recorded of it is then told in them."""
    return replace(build, words={word: word for word in build.words})


class TranslatedSide:
    """A side, translated; otherwise as it is."""

    def __init__(self, side: LiveSide, build: Build) -> None:
        self._side = side
        self.build = build
        texts = ((json.dumps(own)[1:-1], word) for word, own in build.words.items() if own)
        self._words = [(own.encode("ascii"), word.encode("ascii")) for own, word in texts]

    def __str__(self) -> str:
        return f"runpy of {self.build}"

    @property
    def mistaken(self) -> bool:
        """See `Side`."""
        return self._side.mistaken

    @property
    def forks(self) -> bool:
        """See `Side`."""
        return self._side.forks

    @property
    def greeting(self) -> Greeting:
        """See `Side`."""
        return self._side.greeting

    def start(self, cases: Sequence[Mapping[str, Any]], *, fresh: bool = False) -> None:
        """See `Side`."""
        self._side.start(cases, fresh=fresh)

    def finish(self) -> list[Reply]:
        """See `Side`."""
        return [self._told(reply) for reply in self._side.finish()]

    def anew(self, cases: Sequence[Mapping[str, Any]]) -> list[Reply]:
        """See `Side`."""
        return [self._told(reply) for reply in self._side.anew(cases)]

    def run(self, case: Mapping[str, Any], *, fresh: bool = False) -> Reply:
        """See `Side`."""
        return self._told(self._side.run(case, fresh=fresh))

    def hurry(self) -> None:
        """See `Side`."""
        self._side.hurry()

    def abandon(self) -> None:
        """See `Side`."""
        self._side.abandon()

    def close(self) -> None:
        """See `Side`."""
        self._side.close()

    def _told(self, reply: Reply) -> Reply:
        line = reply.line
        for own, word in self._words:
            line = line.replace(own, word)
        return reply if line is reply.line else replace(reply, line=line)
