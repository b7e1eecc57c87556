"""The whole tree of the cases that call `run_module`: the fixtures, and after them the cases of the families.

The cases that are made of fixtures are apart, as are those of commands: there is no recording of them, and other
harnesses do not get them.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

from .families import generate
from .fixtures import fixtures, read
from .launched import launched, launched_paths
from .model import Case
from .varied import of_fixtures


def cases(root: Path) -> list[Case]:
    """All cases of calls below `root`: the fixtures in the order of their ids, then the families. Raises CaseError."""
    read_cases = (read(path, root) for path in fixtures(root))
    return [*(case for case in read_cases if not case.is_of_commands), *generate(root)]


def generated(root: Path, is_wanted: Callable[[str], bool] = lambda name: True) -> list[Case]:
    """All cases that nobody wrote down: those of the families, and those made of fixtures. Raises CaseError.

    is_wanted: false for the id of a case made of a fixture by which the list may be shorter; there are thousands.
    """
    return [*generate(root), *of_fixtures(root, is_wanted), *launched(root), *launched_paths(root)]


def in_sample(name: str, one_of: int) -> bool:
    """True for about one of `one_of` ids of cases, whichever others there are; for none if that is 0."""
    return one_of > 0 and zlib.crc32(name.encode()) % one_of == 0
