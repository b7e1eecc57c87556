"""The page docs/report-schema.md, with the tables of all records in it, and the JSON Schema of a record.

Both are made of the types in `report/types.py`, where the meaning of each key stands.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from ..checked import schema_text
from ..report.types import RECORDS, DivergenceRecord, Expectation, ReducedRecord, Target
from .marks import between

_TABLES_START, _TABLES_END = "<!-- the tables -->\n", "<!-- the end of the tables -->\n"
# The tables that records hold, each with its title.
_PARTS = {
    "A target": Target,
    "A divergence": DivergenceRecord,
    "A smaller case": ReducedRecord,
    "What a baseline says of a divergence": Expectation,
}


def page(text: str) -> str:
    """docs/report-schema.md, with the tables in it made anew."""
    tables = "\n".join(_tables())
    return between(text, _TABLES_START, _TABLES_END, f"{tables}\n", page="docs/report-schema.md")


def _tables() -> Iterator[str]:
    for name, kind in RECORDS.items():
        yield from _table(f"`{name}`", kind)
    for title, kind in _PARTS.items():
        yield from _table(title, kind)


def _table(title: str, kind: type) -> Iterator[str]:
    """The table of a type: its keys, in the order in which they are written, each with its meaning."""
    yield f"### {title}"
    yield ""
    yield _description(kind.__doc__)
    yield ""
    yield "| key | meaning |"
    yield "| --- | --- |"
    for key, hint in get_type_hints(kind, include_extras=True).items():
        if key != "record":
            yield f"| `{key}` | {_meaning(hint)} |"
    yield ""


def _meaning(hint: Any) -> str:
    """The meaning of a key, and the values that it may have, if these can be listed."""
    meaning = next(str(meta.description) for meta in hint.__metadata__ if isinstance(meta, msgspec.Meta))
    kind = hint.__origin__
    choices = [f"`{choice}`" for choice in get_args(kind)] if get_origin(kind) is Literal else []
    if all(choice in meaning for choice in choices):
        return meaning
    return f"{meaning}: {', '.join(choices[:-1])} or {choices[-1]}"


def _description(docstring: str | None) -> str:
    return " ".join(inspect.cleandoc(docstring or "").split())


def schema() -> str:
    """The text of docs/schemas/records.schema.json."""
    references, definitions = msgspec.json.schema_components(RECORDS.values(), ref_template="#/$defs/{name}")
    for definition in definitions.values():
        if "description" in definition:
            definition["description"] = _description(definition["description"])
    return schema_text(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "A record of a report: one line of FILE.jsonl (docs/report-schema.md)",
            "anyOf": list(references),
            "$defs": definitions,
        }
    )
