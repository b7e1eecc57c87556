"""Finds the case that shows a change of the ledger."""

from __future__ import annotations

from pathlib import Path

from ... import FIXTURES
from ...cases.fixtures import read
from ...cases.model import Case, CaseError
from ...clauses.ledger import Change, LedgerError

HERE = Path(__file__).resolve().parent


def case_of(change: Change) -> Case:
    """The case that shows a change. Raises LedgerError."""
    name = change.case
    root, path = FIXTURES, FIXTURES / f"{name}.toml"
    if name.startswith("releases/"):
        root, path = HERE, HERE / f"cases/{name.partition('/')[2]}.toml"
    try:
        case = read(path, root)
    except (OSError, CaseError) as exc:
        raise LedgerError(f"{change.id}: its case {name} cannot be read: {exc}") from None
    return Case(case.files, case.steps, case.path, case.argv, case.requires, name, case.summary, case.clauses)
