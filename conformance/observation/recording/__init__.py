"""Recordings: the observations of every known Python in every case, in files that a person can review as a diff.

Rules. Reading gives back what was written, to the letter. Knows nothing of processes.

Theory of operation. An observation becomes an entry in three steps, each in a module of its own and each with its
inverse: `shorthand` leaves out what follows from the rest or is usual; `notation` uses the names that all versions
share; `versions` folds the observations of all Pythons into one. `files` lays the entries of a chapter or a family out
in a file, and `builds` says which Pythons were recorded. docs/recordings.md explains the files to their reader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ...agent.messages import Observation
from . import notation, shorthand
from .builds import BUILDS, Build, build_from, read_builds, write_builds
from .files import SCHEMA, Entry, RecordingError, file_of, fold_entry, read, write
from .versions import place

__all__ = [
    "BUILDS",
    "FOLDER",
    "SCHEMA",
    "Build",
    "Entry",
    "Observation",
    "RecordingError",
    "Recordings",
    "build_from",
    "decode",
    "encode",
    "file_of",
    "fold_entry",
    "read",
    "read_builds",
    "texts",
    "write",
    "write_builds",
]
FOLDER = "recordings"


def encode(observation: Observation, words: Mapping[str, str]) -> Any:
    """An observation as it is recorded. words: see `Build`."""
    return shorthand.shorten(notation.encoded(observation, words))


def decode(stored: Any, words: Mapping[str, str]) -> Observation:
    """The observation of what is recorded, in the words of an interpreter (see `Build`)."""
    found: Observation = notation.decoded(shorthand.restore(stored), words)
    return found


class Recordings:
    """The recordings in a folder. A file is read when one of its cases is asked for. Raises RecordingError.

    making: the recordings are being made again, so a file that cannot be read is no error, but has its name and the
    reason in `unreadable`.
    """

    def __init__(self, folder: Path, *, making: bool = False) -> None:
        self._folder = folder
        self._making = making
        self._files: dict[str, dict[str, Entry]] = {}
        self.unreadable: dict[str, str] = {}
        self.builds: dict[str, Build] = self._read(BUILDS, read_builds)

    @property
    def cpythons(self) -> dict[str, Build]:
        """The builds of CPython among those that were recorded, by version."""
        return {python: build for python, build in self.builds.items() if build.implementation == "cpython"}

    def entry(self, case: str) -> Entry | None:
        """The entry of a case, by its id; None if it is not recorded."""
        return self._file(file_of(case)).get(case)

    def names(self, file: str) -> set[str]:
        """The ids of the cases in a file."""
        return set(self._file(file))

    def _file(self, name: str) -> dict[str, Entry]:
        if name not in self._files:
            self._files[name] = self._read(name, read)
        return self._files[name]

    def _read(self, name: str, reader: Callable[[str, str], dict[str, Any]]) -> dict[str, Any]:
        path = self._folder / name
        if not path.exists():
            return {}
        try:
            return reader(path.read_text("utf-8"), str(path))
        except RecordingError as exc:
            if not self._making:
                raise
            self.unreadable[name] = str(exc)
            return {}


def texts(entries: Iterable[tuple[str, Entry]], builds: Mapping[str, Build]) -> Iterator[tuple[str, str]]:
    """The files of a folder of recordings: the name and the text of each."""
    pythons = sorted(builds, key=place)
    yield BUILDS, write_builds(builds)
    files: dict[str, dict[str, Entry]] = {}
    for case, entry in entries:
        files.setdefault(file_of(case), {})[case] = entry
    for name, found in files.items():
        yield name, write(found, pythons)
