"""The whole tree of cases: the fixtures, and after them the cases of the families."""

from __future__ import annotations

from pathlib import Path

from .families import generate
from .fixtures import fixtures, read
from .model import Case


def cases(root: Path) -> list[Case]:
    """All cases below `root`: the fixtures in the order of their ids, then the families. Raises CaseError."""
    return [*(read(path, root) for path in fixtures(root)), *generate(root)]
