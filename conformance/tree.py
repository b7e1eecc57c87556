"""The whole fixture tree: the named cases, and after them what the families enumerate."""

from __future__ import annotations

from pathlib import Path

from .case import Case, fixtures, read


def cases(root: Path) -> list[Case]:
    """All cases below `root`, in the order of their ids. Raises CaseError."""
    return [read(path, root) for path in fixtures(root)]
