"""Judges implementations of `runpy.run_module` against CPython's own.

A case flows one way: clause -> case -> agent (inside the target interpreter) -> observation -> judge -> divergence
-> report. Each module knows its own part and what lies before it, and nothing of what comes after.
"""

from pathlib import Path

__version__ = "0.1.0.dev0"

# The other rooms are found as files: beside this one in the repository; within it when installed, under its one name.
_HERE = Path(__file__).resolve().parent
HOUSE = _HERE if (_HERE / "fixtures").is_dir() else _HERE.parent
FIXTURES = HOUSE / "fixtures"
REFERENCE = HOUSE / "reference"

INTERRUPTED = 130  # the exit status, as shells have it
