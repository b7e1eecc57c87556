"""Equivalence of two generated cases: the same world and the same steps, but for the names of the world's modules.

Results play no part in it. What a name is to other names is kept: two names of which one begins with the other, and two
names that differ in upper and lower case only, are not like any other two names.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..model import Case

_WORD = re.compile(r"[A-Za-z_]\w*")
# Names that mean something by themselves, and are not renamed.
_MEANT = re.compile(r"__\w+__|lib|inside|elsewhere|beside|world|store")


def canonical(case: Case) -> object:
    """The canonical form of a case: a value that is equal for two cases exactly if they are equivalent."""
    names = _any_of(tuple(sorted(set(_names(case)))))
    parts: list[str] = []
    _flatten([list(case.path), list(case.argv), [[step.kind, step.content] for step in case.steps]], parts)
    files = [_flat(name, recipe) for name, recipe in case.files.items()]
    files.sort(key=lambda text: names.sub("?", text))
    text = "\0".join(parts + files)
    tokens = _tokens(list(dict.fromkeys(names.findall(text))))
    return names.sub(lambda word: tokens[word.group()], text), tuple(sorted(case.requires))


@functools.cache
def _any_of(names: tuple[str, ...]) -> re.Pattern[str]:
    """The pattern that matches each of the names where it stands as a word."""
    return re.compile(rf"\b(?:{'|'.join(names)})\b" if names else r"(?!)")


def _tokens(names: list[str]) -> dict[str, str]:
    """A token for each name: its number, that of the name of which it is a spelling, and those that it begins with."""
    folded: dict[str, int] = {}
    tokens = {}
    for number, name in enumerate(names):
        like = folded.setdefault(name.casefold(), number)
        begins = [place for place, other in enumerate(names) if other != name and name.startswith(other)]
        tokens[name] = f"<{number} {like} {begins}>"
    return tokens


def _names(case: Case) -> Iterable[str]:
    """The names of the world's modules: the words in the names of its files."""
    for name, recipe in case.files.items():
        yield from _words(name)
        if isinstance(recipe, Mapping):
            for inner in recipe.get("zip", ()):
                yield from _words(inner)
    for step in case.steps:
        if not isinstance(step.content, str):
            for name in step.files:
                yield from _words(name)


def _words(name: str) -> Iterable[str]:
    for part in name.split("/"):
        word = _WORD.match(part)
        if word and not _MEANT.fullmatch(word.group()):
            yield word.group()


def _flat(name: str, recipe: Any) -> str:
    parts: list[str] = [name]
    _flatten(recipe, parts)
    return "\1".join(parts)


def _flatten(value: Any, into: list[str]) -> None:
    """Append the texts in nested data to a list, with marks for where lists and tables begin and end."""
    if isinstance(value, str):
        into.append(value)
    elif isinstance(value, Mapping):
        into.append("{")
        for key, item in value.items():
            into.append(key)
            _flatten(item, into)
        into.append("}")
    elif isinstance(value, (list, tuple)):
        into.append("[")
        for item in value:
            _flatten(item, into)
        into.append("]")
    else:
        into.append(repr(value))
