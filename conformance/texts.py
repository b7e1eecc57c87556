"""Texts as they can be shown: whatever a candidate says can stand on a terminal, in a file and in a page.

Records hold texts as they are (JSON has an escape for everything); what people read has passed through here.
"""

from __future__ import annotations

import io
import os
import sys


def visible(text: str, keep: str = "") -> str:
    r"""The text with all that is not printed escaped as in Python: `\x1b`, `\n`, `\u2028`, `\udc80`.

    keep: characters that stay as they are, such as the ends of lines.
    """
    odd = [one for one in set(text) if not (one.isprintable() or one in keep)]
    return text.translate({ord(one): one.encode("unicode_escape").decode("ascii") for one in odd}) if odd else text


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
    """Print no more: nobody reads it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
