"""The page docs/interpreters.md, with the table of natures in it."""

from __future__ import annotations

from ..clauses.natures import natures

_TABLE_STARTS, _TABLE_ENDS = "<!-- the table -->\n", "<!-- the end of the table -->\n"


def page(text: str) -> str:
    """docs/interpreters.md, with the table in it made anew."""
    head, start, rest = text.partition(_TABLE_STARTS)
    _, end, tail = rest.partition(_TABLE_ENDS)
    rows = "".join(f"| {one.id} | {one.what} | {one.why} |\n" for one in natures())
    return f"{head}{start}| | what | why |\n|---|---|---|\n{rows}{end}{tail}"
