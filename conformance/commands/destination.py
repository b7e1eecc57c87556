"""Where an exported tree is written: a folder, or one compressed file.

Knows nothing of cases: files are a mapping of names to contents, and the last of them is written last. Either all of
them are there in the end, or nothing is left. The same files make the same bytes, in a compressed file too.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

ARCHIVES = (".zip", ".tar.gz", ".tgz")
INSIDE = "runpy-conformance-cases"  # the folder that an archive unpacks to
_BLOCK = 4096  # what a file or a folder takes on most disks, at least
_MOMENT = 1_000_000_000  # 2001-09-09, in UTC
_ZIP_DATE = (2001, 9, 9, 1, 46, 40)


class DestinationError(Exception):
    """Nothing can be written there; the sentence says why. status: the exit status that goes with it."""

    def __init__(self, sentence: str, status: int = 2) -> None:
        super().__init__(sentence)
        self.status = status


class Destination(Protocol):
    """A place that files are written to."""

    path: Path

    def check(self) -> None:
        """Raise DestinationError unless files can be written there."""

    def needed(self, files: Mapping[str, bytes]) -> int:
        """The room, in bytes, that the files take on most disks."""

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write the files. Raises OSError, and leaves nothing then."""


def destination(path: Path) -> Destination:
    """The place that an absolute path names: a compressed file, if its name ends as one's does; else a folder."""
    return _Archive(path) if path.name.lower().endswith(ARCHIVES) else _Folder(path)


def content_size(files: Mapping[str, bytes]) -> int:
    """The bytes in all files together."""
    return sum(map(len, files.values()))


def check_room(place: Destination, files: Mapping[str, bytes]) -> None:
    """Raise DestinationError if the disk is too full for the files."""
    home = place.path if place.path.is_dir() else place.path.parent  # an empty folder may be a disk of its own
    needed, free = place.needed(files), shutil.disk_usage(home).free
    if free < needed:
        raise DestinationError(
            f"{place.path} was not written: it takes {megabytes(needed)}, and {megabytes(free)} are left.",
            status=4,
        )


def megabytes(size: int) -> str:
    """A number of bytes, for a reader."""
    return f"{size / 1_000_000:,.0f} MB" if size >= 10_000_000 else f"{size / 1_000_000:,.1f} MB"


def _check_parent(path: Path, what: str) -> None:
    if not path.parent.is_dir():
        raise DestinationError(f"There is no folder {path.parent} to make {path.name} in.")
    _check_access(path.parent, what)


def _check_access(folder: Path, what: str) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        raise DestinationError(f"{folder} may not be written to: give {what} elsewhere.")


class _Folder:
    """A folder that is new, or empty."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def check(self) -> None:
        """See Destination."""
        if self.path.is_dir():
            if any(self.path.iterdir()):
                raise DestinationError(f"{self.path} is not empty: give a folder that is new, or empty.")
            _check_access(self.path, "a folder")
        elif os.path.lexists(self.path):
            raise DestinationError(f"{self.path} is a file: give a folder that is new, or empty.")
        else:
            _check_parent(self.path, "a folder")

    def needed(self, files: Mapping[str, bytes]) -> int:
        """Each file and each folder takes whole blocks."""
        folders = {parent for name in files for parent in Path(name).parents}
        return _BLOCK * (len(folders) + sum(-(-len(content) // _BLOCK) for content in files.values()))

    def write(self, files: Mapping[str, bytes]) -> None:
        """See Destination: everything is written beside it, and moved there."""
        home = self.path if self.path.exists() else self.path.parent  # an empty one may be a mount point, and stays
        partial = Path(tempfile.mkdtemp(prefix=f".{self.path.name}.", suffix=".partial", dir=home))
        moved: list[Path] = []
        try:
            partial.chmod(0o755)
            for name, content in files.items():
                path = partial / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            if home != self.path:
                partial.rename(self.path)
                return
            last = partial / list(files)[-1]
            for path in sorted(partial.iterdir(), key=lambda path: path == last):
                moved.append(self.path / path.name)
                path.rename(moved[-1])
            partial.rmdir()
        except BaseException:
            for path in reversed(moved):
                path.unlink(missing_ok=True) if path.is_file() else shutil.rmtree(path, ignore_errors=True)
            shutil.rmtree(partial, ignore_errors=True)
            raise


class _Archive:
    """One compressed file, which is new."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._packed: tuple[Mapping[str, bytes], bytes] = ({}, b"")  # for these files, these bytes

    def check(self) -> None:
        """See Destination."""
        if os.path.lexists(self.path):
            raise DestinationError(f"{self.path} exists: give a file that is new.")
        _check_parent(self.path, "a file")

    def needed(self, files: Mapping[str, bytes]) -> int:
        """The size of the compressed file: it is made in memory."""
        return len(self._pack(files))

    def write(self, files: Mapping[str, bytes]) -> None:
        """See Destination."""
        descriptor, name = tempfile.mkstemp(prefix=f".{self.path.name}.", suffix=".partial", dir=self.path.parent)
        os.close(descriptor)
        partial = Path(name)
        try:
            partial.write_bytes(self._pack(files))
            partial.chmod(0o644)
            partial.rename(self.path)
        except BaseException:
            with contextlib.suppress(OSError):
                partial.unlink()
            raise

    def _pack(self, files: Mapping[str, bytes]) -> bytes:
        if self._packed[0] is not files:
            self._packed = (files, _packed(self.path.name, files))
        return self._packed[1]


def _packed(name: str, files: Mapping[str, bytes]) -> bytes:
    """The bytes of a compressed file."""
    *others, last = files
    ordered = {one: files[one] for one in (*sorted(others), last)}
    file = io.BytesIO()
    (_write_zip if name.lower().endswith(".zip") else _write_tar)(file, ordered)
    return file.getvalue()


def _write_zip(file: io.BytesIO, files: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(f"{INSIDE}/{name}", _ZIP_DATE)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16  # Unix, on every system
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)


def _write_tar(file: io.BytesIO, files: Mapping[str, bytes]) -> None:
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=_MOMENT) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name, content in files.items():
            entry = tarfile.TarInfo(f"{INSIDE}/{name}")
            entry.size, entry.mtime, entry.mode = len(content), _MOMENT, 0o644
            archive.addfile(entry, io.BytesIO(content))
