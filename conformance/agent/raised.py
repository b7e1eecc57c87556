"""Finds the line of the candidate's own files at which an exception was raised, for whoever has to mend it.

Rules. The files and lines of an implementation are never compared: the driver takes them off a result line before it
compares that line with another one. Nothing is said of the oracle.

Theory of operation. The innermost frame of the traceback that is not the interpreter's, its standard library's or the
agent's is where the exception was raised. If that frame belongs to the world, the candidate's innermost frame ran it.
"""

from __future__ import annotations

from typing import Callable, List, Sequence

from .describe import slot
from .own import os

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_LIBRARY = os.path.dirname(os.__file__) + os.sep
_INSTALLED = ("site-packages", "dist-packages")  # folders below that of the standard library, and no part of it
# The folders from which the candidate may have been imported, the longest first; none for the oracle.
_folders: List[str] = []


def note_candidate(path: Sequence[str]) -> None:
    """Note that the side is a candidate. path: `sys.path` after it was loaded; files are named from its entries on."""
    folders = {os.path.abspath(entry).rstrip(os.sep) + os.sep for entry in path if type(entry) is str}
    _folders[:] = sorted(folders, key=len, reverse=True)


def raised_at(exc: BaseException, is_world: Callable[[str], bool], text: Callable[[str], str]) -> str:
    """The place where an exception was raised: "mypkg/runner.py:41", or "<root>/m.py:1, run by mypkg/runner.py:41".

    is_world: tells by its name if a file belongs to the world. text: replaces what no text may show. The place is empty
    if no frame is the candidate's, as for one that is written in C, and for the oracle.
    """
    if not _folders:
        return ""
    own = deeper = ""
    traceback = slot(exc, "__traceback__")
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if is_world(file):
            if not file.startswith("<step "):
                deeper = "{}:{}".format(text(file), traceback.tb_lineno)
        elif not file.startswith(("<", _HERE)) and not _is_library(file):
            own, deeper = "{}:{}".format(text(_short(file)), traceback.tb_lineno), ""
        traceback = traceback.tb_next
    return "{}, run by {}".format(deeper, own) if own and deeper else own


def _is_library(file: str) -> bool:
    return file.startswith(_LIBRARY) and not file[len(_LIBRARY) :].startswith(_INSTALLED)


def _short(file: str) -> str:
    """A file as its author knows it: from the folder on from which it is imported."""
    return next((file[len(folder) :] for folder in _folders if folder != os.sep and file.startswith(folder)), file)
