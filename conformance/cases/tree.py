"""The whole fixture tree: the named cases, and after them what the families enumerate."""

from __future__ import annotations

from pathlib import Path

from .families import generate
from .fixtures import fixtures, read
from .model import Case


def cases(root: Path) -> list[Case]:
    """All cases below `root`: named ones in the order of their ids, then those of the families. Raises CaseError."""
    return [*(read(path, root) for path in fixtures(root)), *generate(root)]
