"""Opens the two sides of a run: the oracle and the candidate."""

from __future__ import annotations

from collections.abc import Iterable

from ..cases.model import Case
from ..observation.build import build_of
from ..observation.interpreters import Target
from ..observation.recording import Recordings
from ..observation.replayed import ReplayedSide
from ..observation.side import Side
from ..observation.translated import TranslatedSide, in_shared_words


def translated_side(side: Side, target: Target) -> TranslatedSide:
    """A side, in the words that all interpreters share. Raises BadInterpreter."""
    return TranslatedSide(side, build_of(target))


def replayed_side(
    recordings: Recordings, tree: Iterable[Case], target: Target, capabilities: frozenset[str]
) -> ReplayedSide:
    """The oracle where no CPython of that language is here. Raises BadInterpreter, RecordingError."""
    return ReplayedSide(recordings, tree, in_shared_words(build_of(target)), capabilities)
