"""Makes texts that can be shown: any text of a candidate can stand on a terminal, in a file and in a page.

Records hold texts unchanged (JSON has an escape for everything); texts that people read have passed through here.
"""

from __future__ import annotations

import io
import os
import sys


def visible(text: str, keep: str = "") -> str:
    r"""The text with all that is not printed escaped as in Python: `\x1b`, `\n`, `\u2028`, `\udc80`.

    keep: characters that stay as they are, such as the ends of lines.
    """
    hidden = [letter for letter in set(text) if not (letter.isprintable() or letter in keep)]
    if not hidden:
        return text
    return text.translate({ord(letter): letter.encode("unicode_escape").decode("ascii") for letter in hidden})


def encodable(text: str, encoding: str | None) -> str:
    """The text with all that an encoding lacks escaped as in Python."""
    encoding = encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def never_refuse_output() -> None:
    """Have stdout and stderr escape what their encoding lacks, where they would raise UnicodeEncodeError."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def silence() -> None:
    """Stop printing to stdout, since nobody reads it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
