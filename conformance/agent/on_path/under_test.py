"""Stands in for the module that a case of calls finds under this name: what its code notes is told."""

import sys

from witness import tell_of  # type: ignore[import-not-found]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any  # noqa: F401 - for a comment that is a type


def note(*values):  # type: (*Any) -> None
    """Tell the values, and what the calling module sees."""
    tell_of(sys._getframe(1), {"noted": values})
