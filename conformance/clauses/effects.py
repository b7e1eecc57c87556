"""Effects: tables of differences that are known beforehand, and their reader.

An *effect* names a part of an observation, and what each of the two sides shows there. The ledger and the natures of
interpreters consist of effects.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from fnmatch import translate
from typing import Annotated, Any

import msgspec

from ..checked import Table, checked, says


class EffectRow(Table, frozen=True):
    """An effect as it stands in a file."""

    noun = "effect"

    what: Annotated[str, says("a pattern for the place: the field, then the way to the part, with dots")]
    before: Annotated[str, says("a regular expression for the whole of what the first side shows there")]
    after: Annotated[str, says("a regular expression for the whole of what the second side shows there")]
    case: Annotated[str, says("a regular expression that is found in the text of the case")] = ""
    raises: Annotated[str, says("a regular expression for the type of the exception that ends the step")] = ""
    felt: Annotated[bool, says("the code of the case acts on it, so that what follows in the case follows from it")] = (
        False
    )

    def __post_init__(self) -> None:
        """Check what types cannot say. Raises ValueError."""
        if self.felt and not self.case:
            raise ValueError("an effect that is felt needs `case`, which says by what code")
        for pattern in (self.before, self.after, self.case, self.raises):
            try:
                re.compile(pattern)
            except re.error as problem:
                raise ValueError(f"{pattern!r} is no regular expression: {problem}") from None


class Effect(EffectRow, frozen=True, kw_only=True):
    """One part of an observation, and what the two sides show there.

    of: the id of the change, or of the nature, to which the effect belongs. what: a pattern (fnmatch) for the place,
    such as `entry.__cached__` or `exception.namespace.dict.__cached__`. before, after: regular expressions for the
    whole of what the two sides show: a text as it stands, anything else as JSON, or `absent`, or `unchanged`. case,
    raises: restrict the effect to some cases, and to some exceptions. felt: differences that follow in such a case
    are consequences of this one.
    """

    of: str

    def reversed(self) -> Effect:
        """The effect as it shows if the two sides change places."""
        return msgspec.structs.replace(self, before=self.after, after=self.before)

    def covers(self, place: str, before: str, after: str) -> bool:
        """True if the effect is about this part, and these are what its two sides may show."""
        return bool(
            _glob(self.what).match(place)
            and regex(self.before).fullmatch(before)
            and regex(self.after).fullmatch(after)
        )


def effect(of: str, row: Mapping[str, Any]) -> Effect:
    """The effect in a row of a table. of: the id of that to which it belongs. Raises WrongData."""
    (found,) = effects(of, [checked(row, EffectRow)])
    return found


def effects(of: str, rows: Iterable[EffectRow]) -> tuple[Effect, ...]:
    """The effects in the rows of a table. of: the id of that to which they belong."""
    return tuple(Effect(row.what, row.before, row.after, row.case, row.raises, row.felt, of=of) for row in rows)


@functools.cache
def regex(pattern: str) -> re.Pattern[str]:
    """The regular expression, compiled once; its dot matches the end of a line, too."""
    return re.compile(pattern, re.DOTALL)


@functools.cache
def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern))
