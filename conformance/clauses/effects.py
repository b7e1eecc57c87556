"""Effects: tables of differences that are known beforehand, and their reader.

An *effect* names a part of an observation, and what each side shows there. The ledger and the natures of interpreters
consist of effects.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import translate
from typing import Any

_KEYS = {"what", "before", "after", "case", "raises", "felt"}


class EffectError(Exception):
    """A table is wrong; one sentence."""


@dataclass(frozen=True)
class Effect:
    """One part of an observation, and what the two sides show there.

    what: a pattern (fnmatch) for the place: the field, then the way to the part, with dots: `entry.__cached__`,
    `exception.namespace.dict.__cached__`. before, after: regular expressions for the whole of what the two sides show:
    a text as it stands, anything else as JSON, or `absent`, or `unchanged`. case: one that is found in the case's own
    text. raises: one for the type of the exception in which the step ends on either side. felt: the world's code acts
    on it, so that what follows in such a case follows from it.
    """

    of: str
    what: str
    before: str
    after: str
    case: str = ""
    raises: str = ""
    felt: bool = False

    def covers(self, place: str, before: str, after: str) -> bool:
        """Whether it speaks of this part, and of these two sides of it."""
        return bool(
            _glob(self.what).match(place)
            and regex(self.before).fullmatch(before)
            and regex(self.after).fullmatch(after)
        )


def effect(of: str, row: Mapping[str, Any]) -> Effect:
    """An effect, from a row of a table. of: to what it belongs. Raises EffectError."""
    unknown, missing = row.keys() - _KEYS, {"what", "before", "after"} - row.keys()
    if unknown or missing:
        wrong = f"unknown key {min(unknown)!r}" if unknown else f"no {min(missing)!r}"
        raise EffectError(f"{of}: an effect has {wrong}")
    found = Effect(of, **row)
    if found.felt and not found.case:
        raise EffectError(f"{of}: what is felt needs `case`, which says by what code")
    for text in (found.before, found.after, found.case, found.raises):
        try:
            re.compile(text)
        except re.error as exc:
            raise EffectError(f"{of}: {text!r} is no regular expression: {exc}") from None
    return found


@functools.cache
def regex(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)


@functools.cache
def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern))
