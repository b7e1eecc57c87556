"""The owners of differences in the steps that run a path by a command, where the fixture names no owner.

A table of the same form as that of `owners`, which asks this table first for such a step. A program with a spec is the
`__main__` of a folder or an archive; a program without a spec is a script.
"""

from __future__ import annotations

from os.path import normpath

from .difference import Condition, Difference

_Rows = list[tuple[Condition, str]]


def _always(_: Difference) -> bool:
    return True


def _of_entry(difference: Difference) -> bool:
    """True if the program is the `__main__` of a folder or an archive."""
    return difference.spec_name is not None


def _says(text: str) -> Condition:
    return lambda difference: text in str(difference.oracle)


def _named_otherwise(difference: Difference) -> bool:
    """True if the code that runs in the place of the oracle's names no file of the world."""
    candidate = str(difference.candidate)
    return difference.kind == "value" and not candidate.startswith(("<root>", "import of "))


def _with_foreign_context(difference: Difference) -> bool:
    """True if the traceback is that of the oracle, after the traceback of another exception."""
    ours, theirs = difference.oracle, difference.candidate
    both = isinstance(ours, list) and isinstance(theirs, list)
    return both and len(theirs) > len(ours) and bool(theirs[-len(ours) :] == ours)


def _of_the_compiler(difference: Difference) -> bool:
    """True if the oracle's traceback is the compiler's error about the program: a SyntaxError without a frame."""
    lines = difference.oracle
    is_own = isinstance(lines, list) and bool(lines) and lines[-1].startswith("SyntaxError: ")
    return is_own and not any(", in " in line for line in lines[:-1])


def _normalised(difference: Difference) -> bool:
    """True if the two sides show full paths of one file, in which only dots or slashes differ."""
    ours, theirs = difference.oracle, difference.candidate
    both = isinstance(ours, str) and isinstance(theirs, str) and ours.startswith("<root>")
    return both and normpath(ours) == normpath(theirs)


def _relative(difference: Difference) -> bool:
    """True if the candidate shows a relative path."""
    theirs = difference.candidate
    return isinstance(theirs, str) and not theirs.startswith(("<", "/"))


_RUNS: _Rows = [
    (_normalised, "S-FILE-NOT-NORMALISED"),
    (_named_otherwise, "S-CODE-FILE-NAME"),
    (lambda difference: ".zip/" in str(difference.oracle), "S-ARCHIVE-RUNS-MAIN"),
    (lambda difference: str(difference.oracle).endswith("/__main__.py"), "S-FOLDER-RUNS-MAIN"),
    (_always, "S-RUNS-ONCE"),
]
_FILE: _Rows = [
    (_normalised, "S-FILE-NOT-NORMALISED"),
    (_of_entry, "S-ENTRY-FILE"),
    (_always, "S-FILE-IN-FULL"),
    (_always, "S-FILE-AS-TYPED"),
]
_CACHED: _Rows = [(_of_entry, "S-ENTRY-CACHED"), (_always, "S-CACHED-NONE"), (_always, "S-CACHED-ABSENT")]
_STATUS: _Rows = [
    (lambda difference: str(difference.oracle).startswith("signal"), "S-ENDED-BY-SIGNAL"),
    (lambda difference: difference.oracle == 0, "S-END-IS-ZERO"),
    (lambda difference: "can't find '__main__'" in difference.refusal, "S-NO-MAIN"),
    (lambda difference: bool(difference.refusal), "S-MISSING-FILE"),
    (lambda difference: difference.oracle == 1, "S-EXCEPTION-STATUS"),
    (_always, "S-EXIT-STATUS"),
]
_STDERR: _Rows = [
    (_says("can't find '__main__'"), "S-NO-MAIN-MESSAGE"),
    (_says("can't open file"), "S-MISSING-FILE-MESSAGE"),
    (_says("SyntaxError"), "S-UNREADABLE-MESSAGE"),
    (_says("RuntimeError"), "S-DAMAGED-COMPILED-MESSAGE"),
    (_says("Warning: "), "S-WARNINGS-SHOWN"),
    (_always, "S-EXIT-TEXT"),
]

SCRIPT_OWNERS: list[tuple[str, _Rows]] = [
    ("program.runs", _RUNS),
    ("program.code", [(_normalised, "S-FILE-NOT-NORMALISED"), (_always, "S-CODE-FILE-NAME")]),
    ("program.__name__", [(_always, "S-NAME-IS-MAIN")]),
    ("program.__spec__", [(_of_entry, "S-ENTRY-SPEC"), (_always, "S-NO-SPEC")]),
    ("program.__file__", _FILE),
    ("program.__cached__", _CACHED),
    ("program.__loader__", [(_of_entry, "S-ENTRY-LOADER"), (_always, "S-LOADER-OF-FILE")]),
    ("program.__package__", [(_of_entry, "S-ENTRY-PACKAGE"), (_always, "S-PACKAGE-NONE")]),
    ("program.__doc__", [(_always, "S-DOC-IS-OWN")]),
    ("program.__builtins__", [(_always, "S-BUILTINS-MODULE")]),
    ("program.__path__", [(_always, "S-NO-FOREIGN-NAMES")]),
    ("program.keys", [(_always, "S-NO-FOREIGN-NAMES")]),
    ("program.main", [(_always, "S-MAIN-IS-THE-PROGRAM")]),
    ("program.entry", [(_always, "S-MAIN-IS-THE-PROGRAM")]),
    ("program.argv0", [(_of_entry, "S-ENTRY-ARGV0"), (_always, "S-ARGV0-AS-TYPED")]),
    ("program.argv", [(_always, "S-ARGUMENTS-FOLLOW")]),
    (
        "program.path0",
        [
            (_of_entry, "S-ENTRY-FIRST"),
            (_relative, "S-PATH0-FIXED"),
            (_always, "S-PATH0-IS-SCRIPTS-FOLDER"),
        ],
    ),
    ("program.path", [(_always, "S-PYTHONPATH-FOLLOWS")]),
    ("program.flags", [(_always, "S-FLAGS-ARE-GIVEN")]),
    ("program.cwd", [(_always, "S-FOLDER-KEPT")]),
    ("program.told", [(_always, "S-AS-RUN-PATH")]),
    ("ended.keys", [(_always, "S-NAMES-AT-EXIT")]),
    ("ended.main", [(_always, "S-MAIN-AT-EXIT")]),
    ("ended.argv", [(_always, "S-ARGV-LEFT-ALONE")]),
    ("process.status", _STATUS),
    (
        "process.traceback",
        [
            (_with_foreign_context, "S-NO-FOREIGN-CONTEXT"),
            (_of_the_compiler, "S-UNREADABLE-MESSAGE"),
            (_always, "S-TRACEBACK-FRAMES"),
        ],
    ),
    ("process.stderr", _STDERR),
    ("process.stdout", [(_always, "S-OUTPUT-UNCHANGED")]),
    ("process.files", [(_always, "S-RUNS-ONCE")]),
    ("crash", [(_always, "S-RUNS-ONCE")]),
    ("hang", [(_always, "S-RUNS-ONCE")]),
]
