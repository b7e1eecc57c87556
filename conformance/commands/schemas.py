"""The JSON Schemas in docs/schemas/, made of the types by which the files are checked.

Editors read them (Taplo, Even Better TOML): the head of such a file may say `#:schema PATH`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..cases.families.tables import RowEntry, TableFile
from ..cases.fixture_file import NAMED, FixtureFile
from ..checked import schema, schema_text
from ..clauses import Chapter
from ..clauses.equivalence import EquivalenceFile
from ..clauses.ledger import LedgerFile
from ..clauses.natures import NaturesFile
from ..judge.baseline import BaselineFile


def _of(kind: Any, *others: Any, title: str) -> Callable[[], str]:
    return lambda: schema_text(schema(kind, *others, title=title))


def _families() -> str:
    whole = schema(TableFile, RowEntry, *NAMED, title="Axes and families: fixtures/families/NAME.toml")
    axis = {"type": "object", "additionalProperties": {"$ref": "#/$defs/RowEntry"}}
    whole["$defs"]["TableFile"]["additionalProperties"] = axis
    return schema_text(whole)


# The files in docs/schemas/, and for each the function that makes its text.
SCHEMAS: Mapping[str, Callable[[], str]] = {
    "fixture.schema.json": _of(FixtureFile, *NAMED, title="A fixture: fixtures/CHAPTER/NAME.toml"),
    "families.schema.json": _families,
    "baseline.schema.json": _of(BaselineFile, FixtureFile, *NAMED, title="A baseline of expected divergences"),
    "clauses.schema.json": _of(Chapter, title="Clauses: conformance/clauses/CHAPTER.toml"),
    "ledger.schema.json": _of(LedgerFile, title="Changes: conformance/clauses/releases/VERSION.toml"),
    "equivalence.schema.json": _of(
        EquivalenceFile, title="Differences between python -m and run_module: conformance/clauses/equivalence.toml"
    ),
    "natures.schema.json": _of(NaturesFile, title="Natures of interpreters: conformance/clauses/natures.toml"),
}
