"""The notation of a recording: pairs as objects, audit events as texts, and the names that all versions share.

Rules. `encoded` and `decoded` are each other's inverse, to the letter, for any JSON data.

Theory of operation. Whatever would look like notation (see `versions` and `files` for `?` and `$`) or like a shared
name is quoted: a text with an apostrophe before it, an object or a list inside an object with that key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_AUDIT = "audit"
_PAIRS = ("dict", "globals")
_WRAPPED = "'"


def _quoted(text: str, words: Mapping[str, str]) -> str:
    """A text with the shared names; quoted if it looks like notation."""
    if text[:1] in ("$", "?", "'") or any(word in text for word in words):
        return "'" + text
    for word, own in words.items():
        if own:
            text = text.replace(own, word)
    return text


def _unquoted(text: str, words: Mapping[str, str]) -> str:
    if text[:1] == "'":
        return text[1:]
    if "{" not in text:  # with which each word begins
        return text
    for word, own in words.items():
        text = text.replace(word, own)
    return text


def encoded(value: Any, words: Mapping[str, str], key: str = "") -> Any:
    """JSON data in the notation. words: see `Build`. key: the key of the value, on which its notation may depend."""
    if isinstance(value, str):
        return _quoted(value, words)
    if isinstance(value, dict):
        plain = {_quoted(name, words): encoded(part, words, name) for name, part in value.items()}
        return {_WRAPPED: plain} if key in _PAIRS else plain
    if isinstance(value, list):
        if key in _PAIRS and _are_pairs(value):
            return {_quoted(name, words): encoded(part, words) for name, part in value}
        if key == _AUDIT and all(_is_audited(item) for item in value):
            return [_quoted(" ".join(item), words) for item in value]
        found = [encoded(item, words) for item in value]
        return {_WRAPPED: found} if key == _AUDIT and all(isinstance(item, str) for item in value) else found
    return value


def decoded(value: Any, words: Mapping[str, str], key: str = "") -> Any:
    """The JSON data of what `encoded` returned; the words may be those of another interpreter."""
    kind = type(value)
    if kind is str:
        return _unquoted(value, words)
    if kind is dict:
        if key == _AUDIT and isinstance(value.get(_WRAPPED), list):
            return decoded(value[_WRAPPED], words)
        if key in _PAIRS:
            if value.keys() != {_WRAPPED}:
                return [[_unquoted(name, words), decoded(part, words)] for name, part in value.items()]
            value = value[_WRAPPED]
        return {(own := _unquoted(name, words)): decoded(part, words, own) for name, part in value.items()}
    if kind is list:
        if key == _AUDIT and all(isinstance(item, str) for item in value):
            return [_unquoted(item, words).split(" ", 1) for item in value]
        return [decoded(item, words) for item in value]
    return value


def _are_pairs(value: list[Any]) -> bool:
    if not all(isinstance(item, list) and len(item) == 2 and isinstance(item[0], str) for item in value):
        return False
    return len({item[0] for item in value}) == len(value)


def _is_audited(item: Any) -> bool:
    parts = isinstance(item, list) and len(item) == 2 and all(isinstance(text, str) for text in item)
    return parts and " " not in item[0]
