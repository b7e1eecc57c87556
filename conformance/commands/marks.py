"""Replaces the generated part of a page that is otherwise written by hand: the lines between two marks."""

from __future__ import annotations


class NoMarks(Exception):
    """Raised for a page without the two marks; the text is one sentence, which begins with what the page is called."""


def between(text: str, begin: str, end: str, part: str, *, page: object) -> str:
    """The text of a page with a new part between two lines. page: its name, for the message. Raises NoMarks."""
    head, found_begin, rest = text.partition(begin)
    _, found_end, tail = rest.partition(end)
    if not found_begin or not found_end:
        raise NoMarks(
            f"{page} has no lines {begin.strip()} and {end.strip()}, between which the generated part stands."
        )
    return f"{head}{begin}{part}{end}{tail}"
