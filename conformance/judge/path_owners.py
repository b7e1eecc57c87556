"""The owners of differences in the steps that call `run_path`, where the fixture names no owner.

A table of the same form as that of `owners`, which asks this table first for such a step. The last row of each field
fits every difference, so that no clause about `run_module` is blamed for what `run_path` does.
"""

from __future__ import annotations

from .difference import Condition, Difference

_Rows = list[tuple[Condition, str]]


def _always(_: Difference) -> bool:
    return True


def _script(difference: Difference) -> bool:
    """Nothing is seen to have a spec: what runs is a script."""
    return difference.spec_name is None


def _compiled(difference: Difference) -> bool:
    """True if what runs is a script that the call names as a compiled file."""
    return _script(difference) and difference.compiled


def _missing(difference: Difference) -> bool:
    return difference.kind == "missing"


def _raised(difference: Difference) -> bool:
    return not difference.returned


def _of_world(difference: Difference) -> bool:
    return difference.of_world


def _of_an_exit(difference: Difference) -> bool:
    """The code has raised SystemExit."""
    return difference.of_world and difference.raises == "SystemExit"


def _says(text: str) -> Condition:
    return lambda difference: text in f"{difference.oracle} {difference.refusal}"


def _raised_and(condition: Condition) -> Condition:
    return lambda difference: not difference.returned and condition(difference)


def _runs_though(condition: Condition) -> Condition:
    return lambda difference: difference.kind == "extra" and bool(difference.refusal) and condition(difference)


# How the call ends in an error of its own, by what CPython says.
_ENDINGS: _Rows = [
    (_says("can't find '__main__'"), "P-NO-MAIN"),
    (_says("FileNotFoundError"), "P-MISSING-FILE"),
    (_says("SyntaxError"), "P-SYNTAX-ERROR"),
    (_says("IsADirectoryError"), "P-CACHE-DECIDES"),
    (_says("EOFError"), "P-COMPILED-DAMAGED"),
    (_says("os.PathLike"), "P-WRONG-PATH-TYPE"),
    (_says("run_path()"), "P-WRONG-ARGUMENTS"),
    (_says("null "), "P-NULL-BYTE"),
    (_says("rpartition"), "P-RUN-NAME-FIRST"),
    (_says("list index out of range"), "P-ARGV-EMPTY"),
    (_says("KeyError('__main__')"), "P-PROGRAM-WITHOUT-MAIN"),
]
_ERROR: _Rows = [
    (_of_an_exit, "P-CODE-EXIT"),
    (_of_world, "P-CODE-ERROR"),
    *_ENDINGS,
    (lambda difference: difference.ran and _says("KeyError")(difference), "P-MODULES-RESTORED"),
    (_always, "P-OS-ERROR-UNCHANGED"),
]
_TEXT: _Rows = [
    (_of_an_exit, "P-CODE-EXIT"),
    (_of_world, "P-CODE-ERROR"),
    (_says("can't find '__main__'"), "P-NO-MAIN-MESSAGE"),
    (_says("SyntaxError"), "P-SYNTAX-ERROR-PLACE"),
    (_says("list index out of range"), "P-ARGV-EMPTY"),
    (_says("rpartition"), "P-RUN-NAME-FIRST"),
    (_always, "P-MISSING-FILE-NAMED"),
]
_RUN: _Rows = [(_compiled, "P-COMPILED-RUNS"), (_script, "P-SOURCE-RUNS"), (_always, "P-FOLDER-RUNS-MAIN")]
_ARGV: _Rows = [(_always, "P-ARGV-IS-PATH")]
_ARGV_LIST: _Rows = [(_always, "P-ARGV-REST-KEPT")]
_MODULES: _Rows = [
    (lambda difference: difference.key == "__main__" and difference.name != "__main__", "P-MAIN-BACK"),
    (_always, "P-TEMPORARY-MODULE"),
]
_PATH: _Rows = [(_script, "P-SCRIPT-LEAVES-PATH"), (_always, "P-ENTRY-FIRST")]
_REST: _Rows = [(_always, "P-NOTHING-CHANGED")]

PATH_OWNERS: list[tuple[str, _Rows]] = [
    (
        "executions.run",
        [
            (lambda difference: difference.unseen, "P-IN-CALLERS-THREAD"),
            *((_runs_though(condition), clause) for condition, clause in _ENDINGS),
            *_RUN,
        ],
    ),
    (
        "executions.import",
        [
            (lambda difference: difference.unseen, "P-IN-CALLERS-THREAD"),
            (_missing, "P-SIBLINGS"),
            (_always, "P-FOLDER-OF-A-PACKAGE"),
        ],
    ),
    (
        "*.__name__",
        [
            (lambda difference: difference.oracle == "<run_path>", "P-NAME-DEFAULT"),
            (_always, "P-NAME-FROM-RUN-NAME"),
        ],
    ),
    (
        "*.__spec__",
        [
            (_script, "P-SCRIPT-HAS-NO-SPEC"),
            (lambda difference: difference.kind == "identity", "P-ENTRY-CACHED"),
            (_always, "P-ENTRY-SPEC"),
        ],
    ),
    ("*.__file__", [(_script, "P-SCRIPT-FILE-AS-GIVEN"), (_always, "P-ENTRY-FILE")]),
    (
        "*.__cached__",
        [(_script, "P-SCRIPT-CACHED-NONE"), (_always, "P-ENTRY-CACHED-PATH"), (_always, "P-CACHED-LEFT-ALONE")],
    ),
    (
        "*.__package__",
        [
            (lambda difference: difference.oracle == "", "P-PACKAGE-EMPTY"),
            (_script, "P-PACKAGE-OF-RUN-NAME"),
            (_always, "P-ENTRY-PACKAGE"),
        ],
    ),
    ("*.__loader__", [(_script, "P-SCRIPT-LOADER-NONE"), (_always, "P-ENTRY-LOADER")]),
    ("*.__doc__", [(_always, "P-DOC-STARTS-NONE")]),
    ("*.__builtins__", [(_always, "P-BUILTINS-LIVE")]),
    ("*.__path__", [(_always, "P-NO-FOREIGN-NAMES")]),
    ("*.module_type", [(_always, "P-TEMPORARY-MODULE")]),
    ("*.keys", [(_missing, "P-RESULT-HOLDS-GLOBALS"), (_always, "P-NO-FOREIGN-NAMES")]),
    ("*.order", [(_always, "P-KEY-ORDER")]),
    (
        "*.globals",
        [(lambda difference: difference.kind == "identity", "P-INIT-SAME-OBJECTS"), (_always, "P-INIT-VISIBLE")],
    ),
    ("*.namespace", [(_always, "P-NO-FOREIGN-NAMES")]),
    ("entry.locals", [(_always, "P-NO-FOREIGN-NAMES")]),
    ("import.locals", [(_always, "P-NO-FOREIGN-NAMES")]),
    ("*.handled", [(_always, "P-CODE-ERROR")]),
    ("entry.code", [(_always, "P-SOURCE-FILE-NAME")]),
    ("entry.argv", _ARGV),
    ("exit.argv", _ARGV),
    ("import.argv", _ARGV),
    ("*.argv_object", _ARGV_LIST),
    ("entry.modules", _MODULES),
    ("exit.modules", _MODULES),
    ("import.modules", _MODULES),
    ("entry.path", _PATH),
    ("exit.path", _PATH),
    ("import.path", _PATH),
    ("warnings*", [(_always, "P-NOTHING-CHANGED")]),
    ("note", [(_always, "P-FINDERS-ASKED")]),
    (
        "outcome",
        [*((_raised_and(condition), clause) for condition, clause in _ERROR), (_always, "P-RESULT-HOLDS-GLOBALS")],
    ),
    ("exception.type", _ERROR),
    ("exception.subclass", [(_of_world, "P-CODE-ERROR"), (_always, "P-NO-MAIN-TYPE")]),
    (
        "exception.name",
        [(_of_world, "P-CODE-ERROR"), (_always, "P-NO-MAIN-NAMED"), (_always, "P-NO-MAIN-UNNAMED"), *_TEXT],
    ),
    ("exception.cause", [(_of_world, "P-CODE-ERROR"), (_always, "P-NO-MAIN-CAUSE")]),
    ("exception.context", [(_of_world, "P-CODE-ERROR"), (_always, "P-NO-MAIN-CAUSE")]),
    ("exception.frames", [(_always, "P-ERROR-TRACEBACK")]),
    ("exception.location", [(_always, "P-SYNTAX-ERROR-PLACE")]),
    ("exception.namespace", [(_always, "P-ERROR-TRACEBACK")]),
    ("exception.*", _TEXT),
    ("result.identity", [(_always, "P-RESULT-IS-COPY")]),
    ("result.functions", [(_always, "P-FUNCTIONS-WORK")]),
    ("result.*", [(_always, "P-RESULT-HOLDS-GLOBALS")]),
    ("after.argv", [(_raised, "P-ARGV-RESTORED-ON-ERROR"), (_always, "P-ARGV-RESTORED")]),
    (
        "after.modules",
        [
            (lambda difference: difference.key == "__main__" and difference.name != "__main__", "P-MAIN-BACK"),
            (_missing, "P-IMPORTS-STAY"),
            (_raised, "P-MODULES-RESTORED-ON-ERROR"),
            (_always, "P-MODULES-RESTORED"),
        ],
    ),
    ("after.main", [(_always, "P-MAIN-BACK")]),
    (
        "after.path",
        [
            (_missing, "P-PATH-CHANGES-STAY"),
            (_script, "P-SCRIPT-LEAVES-PATH"),
            (_raised, "P-ENTRY-REMOVED-ON-ERROR"),
            (_always, "P-ENTRY-REMOVED"),
        ],
    ),
    ("after.*", _REST),
    ("*.state", _REST),
    ("names", [(_always, "P-INIT-UNCHANGED")]),
    ("stdout", _REST),
    ("stderr", _REST),
    ("files", [(_script, "P-SCRIPT-WRITES-NOTHING"), (_always, "P-MAIN-IS-WRITTEN")]),
    ("audit.*", [(_always, "P-AUDIT-EVENTS")]),
    ("crash", [(lambda difference: str(difference.oracle).startswith("raised SystemExit"), "P-CODE-EXIT"), *_RUN]),
    ("hang", _RUN),
]
