"""The Pythons that the project knows, by one table: `pythons.toml`, which noxfile.py and .ci/run read as well."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

TABLE = Path(__file__).resolve().parent / "pythons.toml"
TO_COME = 15  # versions after the newest that may be met: looked for on PATH, and named in a condition
MICROS = range(31)  # of one version; none has ever had more


def _read(text: str) -> tuple[str, ...]:
    return tuple(tomllib.loads(text)["targets"])


# The names of all targets; the versions among them, which are CPython's, from the oldest to the newest.
TARGETS = _read(TABLE.read_text(encoding="utf-8"))
VERSIONS = tuple(sorted((name for name in TARGETS if name[0].isdigit()), key=lambda name: int(name.partition(".")[2])))
OLDEST, NEWEST = VERSIONS[0], VERSIONS[-1]


def versions(to_come: int = 0) -> tuple[str, ...]:
    """All versions of the language from the oldest to the newest that is known, and so many after it: "3.8"."""
    first, last = (int(version.partition(".")[2]) for version in (OLDEST, NEWEST))
    return tuple(f"3.{minor}" for minor in range(first, last + to_come + 1))


def releases(to_come: int) -> Iterator[str]:
    """Every release that there could be of these versions: "3.8.0"."""
    for version in versions(to_come):
        for micro in MICROS:
            yield f"{version}.{micro}"
