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

# The exit statuses of the driver. The last is that of shells for a command that was interrupted.
INTERRUPTED = 130
STATUS = {
    0: "conforms",
    1: "diverges",
    2: "usage error",
    3: "the candidate cannot be loaded",
    4: "the suite itself failed",
    5: "nothing ran",
    INTERRUPTED: "interrupted",
}
