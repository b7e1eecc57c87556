"""Judges implementations of `runpy.run_module` against CPython's own.

A case flows one way: clause -> case -> agent (inside the target interpreter) -> observation -> judge -> divergence
-> report. Each module knows its own part and what lies before it, and nothing of what comes after.
"""

from pathlib import Path

__version__ = "0.1.0.dev0"

# The three rooms lie side by side, in the repository and when installed; they are found as files.
HOUSE = Path(__file__).resolve().parent.parent
FIXTURES = HOUSE / "fixtures"
REFERENCE = HOUSE / "reference"
