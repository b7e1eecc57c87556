"""Writes the files of a case.

A file is text, or a recipe that is carried out here, in the target, because compiled files differ by version:
`pyc`, `zip`, `bytes`, `symlink`, `text` with `mtime`, `delete`. Times are fixed, never the clock's: the first
world is dated 2001-09-09, and each later change of it ten seconds on, files and folders alike, so that what a
finder or a loader has cached is stale for certain, or fresh for certain, on every machine.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import io
import os
import re
import sys
from typing import Any, Dict, Optional, Tuple, Union

EPOCH = 1_000_000_000
STEP = 10
_ZIP_DATE = (2001, 9, 9, 1, 46, 40)
_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})")

Recipe = Union[str, Dict[str, Any]]
Look = Tuple[int, int, int]


def prepare(files: Dict[str, Recipe]) -> None:
    """Import what is slow to import and needed by few worlds: once, in the warm agent."""
    if any(isinstance(recipe, dict) and "zip" in recipe for recipe in files.values()):
        import zipfile  # noqa: F401


def real_name(name: str) -> str:
    """A file's name as it is on disk.

    Replaced are `{tag}`, `{extension}` (the suffix of extension modules), and the escape of a code unit (`u` and four
    digits).
    """
    if "{" not in name and "\\" not in name:
        return name
    name = name.replace("{tag}", sys.implementation.cache_tag or "none")
    name = name.replace("{extension}", (importlib.machinery.EXTENSION_SUFFIXES or [".so"])[0])
    return _ESCAPE.sub(lambda match: chr(int(match.group(1), 16)), name)


def write(root: str, files: Dict[str, Recipe], moment: int = 0) -> Optional[Dict[str, Look]]:
    """Write `files` below `root`, which is there; `moment` counts the changes since the world began.

    Returns the look of each written file (see `look`), by its name below `root`; None if the caller has to list the
    folder to know.
    """
    when = EPOCH + STEP * moment
    folders, there = {root}, {root}
    written: Optional[Dict[str, Look]] = {}
    for name, recipe in files.items():
        real = real_name(name)
        path = os.path.join(root, real)
        folder = path.rstrip("/") if name.endswith("/") else os.path.dirname(path)
        if folder not in there:
            os.makedirs(folder, exist_ok=True)
        while folder not in there:
            folders.add(folder)
            there.add(folder)
            folder = os.path.dirname(folder)
        if isinstance(recipe, dict) and "delete" in recipe:
            _delete(path)
            there, written = {root}, None
        elif not name.endswith("/"):
            look = _write_one(root, path, recipe, when, replaces=moment > 0)
            if look is None or os.path.normpath(real) != real:
                written = None
            elif written is not None:
                written[real] = look
    for folder in folders:
        if not moment or os.path.isdir(folder):
            os.utime(folder, (when, when))
    return written


def look(status: os.stat_result) -> Look:
    """The facts by which a changed file, or another one, is recognised."""
    return status.st_size, status.st_mtime_ns, status.st_ino


def is_compiled_elsewhere(path: str, root: str) -> bool:
    """True for a compiled file of a module outside the world at `root`: `sys.pycache_prefix` has put it into the world.

    Below that prefix, such a file has the path of its source, which is a folder somewhere else.
    """
    parts = path[len(root) + 1 :].split(os.sep)
    if ".pyc" not in parts[-1] or len(parts) < 2 or parts[-2] == "__pycache__":
        return False
    folders = (os.sep + os.sep.join(parts[start:-1]) for start in range(len(parts) - 1))
    inside = os.path.splitdrive(root)[1] + os.sep  # the drive is left out below the prefix
    return any(not (folder + os.sep).startswith(inside) and os.path.isdir(folder) for folder in folders)


def _delete(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        import shutil

        shutil.rmtree(path)
    elif os.path.lexists(path):  # a file that a run should have written may be missing, which is not judged here
        os.remove(path)


def _write_one(root: str, path: str, recipe: Recipe, when: int, replaces: bool) -> Optional[Look]:
    if replaces and os.path.islink(path):
        os.remove(path)  # the new file replaces the link, and not the file that it leads to
    if isinstance(recipe, dict) and "symlink" in recipe:
        os.symlink(real_name(recipe["symlink"]), path)
        return None
    # Without a file object, which would double the time.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o666)
    try:
        data = content(root, path, recipe, when)
        while data:
            data = data[os.write(descriptor, data) :]
        if isinstance(recipe, dict):
            when = int(recipe.get("mtime", when))
        if os.utime in os.supports_fd:
            os.utime(descriptor, (when, when))
            return look(os.fstat(descriptor))
    finally:
        os.close(descriptor)
    os.utime(path, (when, when))
    return None


def content(root: str, path: str, recipe: Recipe, when: int) -> bytes:
    """The bytes of a file at `path`, in a world at `root`, written at the time `when`."""
    if isinstance(recipe, str):
        return recipe.encode("utf-8", "surrogatepass")
    if "text" in recipe:
        return str(recipe["text"]).encode("utf-8", "surrogatepass")
    if "bytes" in recipe:
        return str(recipe["bytes"]).encode("latin-1").decode("unicode_escape").encode("latin-1")
    if "zip" in recipe:
        return _zip(root, path, recipe, when)
    return _pyc(root, path, recipe, when)


def _pyc(root: str, path: str, recipe: Dict[str, Any], when: int) -> bytes:
    """A compiled file. `for` names its source, from which the code says that it comes."""
    source = str(recipe["pyc"]).encode("utf-8")
    origin = os.path.join(root, real_name(recipe["for"])) if "for" in recipe else re.sub(r"\.pyc$", ".py", path)
    code = compile(source, origin, "exec", dont_inherit=True)
    return pyc_bytes(code, source, recipe.get("mode", "timestamp"), when - (STEP if recipe.get("stale") else 0))


def pyc_bytes(code: Any, source: bytes, mode: str, mtime: int) -> bytes:
    """The bytes of a `.pyc` (PEP 552): magic, flags, then the source's time and size, or its hash."""
    import marshal

    flags = {"timestamp": 0, "checked-hash": 3, "unchecked-hash": 1}[mode]
    if flags:
        check = importlib.util.source_hash(source)
    else:
        check = mtime.to_bytes(4, "little") + len(source).to_bytes(4, "little")
    return importlib.util.MAGIC_NUMBER + flags.to_bytes(4, "little") + bytes(check) + marshal.dumps(code)


def _zip(root: str, path: str, recipe: Dict[str, Any], when: int) -> bytes:
    """A zip archive, stored and dated alike everywhere; with `directories`, folders have entries of their own."""
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        folders = set()
        for written, inner in recipe["zip"].items():
            name = real_name(written)
            if recipe.get("directories"):
                parts = name.split("/")[:-1]
                for depth in range(1, len(parts) + 1):
                    folder = "/".join(parts[:depth]) + "/"
                    if folder not in folders:
                        folders.add(folder)
                        archive.writestr(zipfile.ZipInfo(folder, _ZIP_DATE), b"")
            data = b"" if name.endswith("/") else content(root, os.path.join(path, name), inner, when)
            archive.writestr(zipfile.ZipInfo(name, _ZIP_DATE), data)
    return buffer.getvalue()
