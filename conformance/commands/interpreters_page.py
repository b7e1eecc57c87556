"""Makes docs/interpreters.md: a page written by hand, with a generated table of the natures of interpreters."""

from __future__ import annotations

from ..clauses.natures import natures

_TABLE_STARTS, _TABLE_ENDS = "<!-- the table -->\n", "<!-- the end of the table -->\n"


def page(text: str) -> str:
    """The text of docs/interpreters.md with a new table. text: the page as it is."""
    head, start, rest = text.partition(_TABLE_STARTS)
    _, end, tail = rest.partition(_TABLE_ENDS)
    rows = "".join(
        f"| {nature.id} | {nature.what} | {nature.why} | {', '.join(nature.systems) or 'not CPython'} |\n"
        for nature in natures()
    )
    return f"{head}{start}| | what | why | where |\n|---|---|---|---|\n{rows}{end}{tail}"
