"""Makes docs/interpreters.md: a page written by hand, with a generated table of the natures of interpreters."""

from __future__ import annotations

from ..clauses.natures import natures
from .marks import between

_TABLE_STARTS, _TABLE_ENDS = "<!-- the table -->\n", "<!-- the end of the table -->\n"


def page(text: str) -> str:
    """The text of docs/interpreters.md with a new table. text: the page as it is."""
    rows = "".join(
        f"| {nature.id} | {nature.what} | {nature.why} | {', '.join(nature.systems) or 'not CPython'} |\n"
        for nature in natures()
    )
    table = f"| | what | why | where |\n|---|---|---|---|\n{rows}"
    return between(text, _TABLE_STARTS, _TABLE_ENDS, table, page="docs/interpreters.md")
