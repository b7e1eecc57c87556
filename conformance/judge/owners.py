"""The owners of differences: the clause that a difference breaks, where the fixture does not name one.

A table: for each field, in order, a condition and a clause. The clauses that a fixture is about come first (see
`compare`); the table is for everything else that an observation shows, and for generated cases. A field that no row
covers is `UNOWNED`, and fails the self-tests.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from fnmatch import fnmatchcase
from os.path import normpath

from ..clauses import Clause, Level
from .descriptions import ABSENT, UNCHANGED, describes_module
from .difference import Condition, Difference
from .path_owners import PATH_OWNERS
from .script_owners import SCRIPT_OWNERS

UNOWNED = "UNOWNED"


def _always(_: Difference) -> bool:
    return True


def _missing(difference: Difference) -> bool:
    return difference.kind == "missing"


def _another(difference: Difference) -> bool:
    return difference.kind == "value"


def _identity(difference: Difference) -> bool:
    return difference.kind == "identity"


def _oracle_none(difference: Difference) -> bool:
    return difference.oracle is None


def _oracle_absent(difference: Difference) -> bool:
    return bool(difference.oracle == ABSENT)


def _altered(difference: Difference) -> bool:
    return difference.altered


def _after_nested(difference: Difference) -> bool:
    return difference.nested_ended


def _rest_differs(difference: Difference) -> bool:
    """Two lists for sys.argv with the same first item."""
    ours, theirs = (
        side.get("list") if isinstance(side, dict) else None for side in (difference.oracle, difference.candidate)
    )
    return bool(difference.altered and ours and theirs and ours[0] == theirs[0])


def _change_undone(difference: Difference) -> bool:
    """A run has ended, and what its code has changed for good is as it was before."""
    altered_some_time = difference.altered or difference.nested_ended
    return altered_some_time and difference.kind == "missing" and difference.candidate == UNCHANGED


def _previous_entry_gone(difference: Difference) -> bool:
    """The entry that was there before the step is there afterwards, and the candidate has removed it."""
    altered_some_time = difference.altered or difference.nested_ended
    return altered_some_time and difference.oracle == UNCHANGED and difference.candidate == ABSENT


def _taken_by_nested(difference: Difference) -> bool:
    """A run inside has ended, and the entry of the one around it is gone."""
    own_entry = difference.altered and not difference.other_entry
    gone = difference.candidate in (ABSENT, UNCHANGED)
    return difference.nested_ended and own_entry and describes_module(difference.oracle) and gone


def _another_put_back(difference: Difference) -> bool:
    """The entry is neither what it was nor the module that ran, whose globals are known: another one was put there."""
    own_entry = difference.altered and not difference.other_entry and difference.oracle == UNCHANGED
    return own_entry and describes_module(difference.candidate) and "dict" not in difference.candidate


def _entry_reused(difference: Difference) -> bool:
    """The code runs in the module that had the entry before the step, where the oracle has made a new one."""
    own_entry = difference.altered and not difference.other_entry
    return own_entry and difference.in_modules and difference.candidate == UNCHANGED


def _globals_apart(difference: Difference) -> bool:
    """A new module has the entry, and the code runs in other globals than those of any module."""
    sides = difference.oracle, difference.candidate
    own_entry = difference.altered and not difference.other_entry and not difference.under_another_name
    return own_entry and _identity(difference) and all(map(describes_module, sides)) and not difference.in_modules


def _left_over(difference: Difference) -> bool:
    """A name that the code binds is there as the code starts: an earlier execution has left it."""
    return difference.kind == "extra" and difference.bound_later


def _plain(difference: Difference) -> bool:
    return difference.ran and not difference.altered


def _own_entry_of_plain_run(difference: Difference) -> bool:
    """The entry under the name that the module has is taken away, and nothing is altered for the run."""
    return _plain(difference) and difference.candidate == ABSENT and not difference.other_entry


def _imported_copy_gone(difference: Difference) -> bool:
    """The module that runs under another name was imported before, and the imported copy is gone from sys.modules."""
    is_gone = difference.oracle == UNCHANGED and difference.candidate == ABSENT
    return bool(is_gone and difference.key == difference.spec_name != difference.name)


def _left_under_its_own_name(difference: Difference) -> bool:
    """Something is left under the name of the module that was run altered, under another name."""
    return (
        difference.kind == "extra" and difference.altered and difference.key == difference.spec_name != difference.name
    )


def _earlier_result(difference: Difference) -> bool:
    """The result is the dictionary that an earlier call returned, which the steps know by this name."""
    return bool(difference.candidate == {"is": "result"})


def _raised(difference: Difference) -> bool:
    return not difference.returned


def _of_world(difference: Difference) -> bool:
    return difference.of_world


def _syntax_error(difference: Difference) -> bool:
    """The exception holds what the compiler says of a place in a source."""
    sides = difference.oracle, difference.candidate
    return not difference.of_world and any(isinstance(side, dict) and "offset" in side for side in sides)


def _package_path(difference: Difference) -> str:
    """The end of the path of a package whose `__main__` is what the oracle runs; else a text that ends no path."""
    package, _, last = str(difference.spec_name).rpartition(".")
    return f"/{package.replace('.', '/')}/__init__.py" if package and last == "__main__" else "\0"


def _package_not_imported(difference: Difference) -> bool:
    return _missing(difference) and str(difference.oracle).endswith(_package_path(difference))


def _init_run(difference: Difference) -> bool:
    return difference.kind in ("extra", "value") and str(difference.candidate).endswith(_package_path(difference))


def _main_refused(difference: Difference) -> bool:
    """The candidate refuses a package, the `__main__` of which the oracle runs."""
    return _missing(difference) and bool(difference.refused) and str(difference.spec_name).endswith(".__main__")


def _failed_parent_again(difference: Difference) -> bool:
    """The call ends in an error on the way, and a module that was imported before that is executed once more."""
    again = str(difference.candidate).removeprefix("import of ")
    on_the_way = difference.kind == "extra" and not difference.returned and not difference.of_world
    return on_the_way and again in difference.imported


def _target_imported(difference: Difference) -> bool:
    """The module that the oracle runs is imported besides, or in the place of that."""
    file = str(difference.candidate).removeprefix("import of ")
    return difference.kind == "extra" and file in difference.run and file not in difference.imported


def _of_an_exit(difference: Difference) -> bool:
    """The code ends in an exception that is no error."""
    return difference.of_world and difference.raises in ("SystemExit", "KeyboardInterrupt", "GeneratorExit")


def _of_module(difference: Difference) -> bool:
    return difference.of_module


def _after_nested_in_altered(difference: Difference) -> bool:
    return difference.altered and difference.nested_ended


def ends_as_told(difference: Difference) -> bool:
    """True if the candidate's process has ended where the code raises SystemExit, which its caller should see."""
    return difference.field == "crash" and str(difference.oracle).startswith("raised SystemExit")


def _removed(difference: Difference) -> bool:
    return bool(difference.candidate == ABSENT)


def _imported_by_code(difference: Difference) -> bool:
    """A module that was there afterwards is not, and it is none in which the one that ran lies."""
    module = difference.oracle.get("module") if isinstance(difference.oracle, dict) else None
    lies_in = f"{difference.spec_name}.".startswith(f"{module}.")
    return _missing(difference) and isinstance(difference.spec_name, str) and isinstance(module, str) and not lies_in


def _own_error(difference: Difference) -> bool:
    """Nothing ran, and the oracle's error is new: one that nobody met before, raised in no frame but the call's."""
    frames = difference.oracle if isinstance(difference.oracle, list) else []
    is_new = not difference.of_world and difference.oracle in (None, ABSENT, frames)
    return is_new and all("<step " in frame[0] for frame in frames)


def _raised_anew(difference: Difference) -> bool:
    """The code's exception comes through frames of the world, and the candidate's through none: it is another one."""
    ours, theirs = (side if isinstance(side, list) else [] for side in (difference.oracle, difference.candidate))
    in_world, in_world_as_well = (any("<step " not in frame[0] for frame in side) for side in (ours, theirs))
    return difference.of_world and in_world and not in_world_as_well and not difference.same_error


def _other_entry(difference: Difference) -> bool:
    return difference.other_entry and difference.altered and difference.kind != "missing"


def _initial(difference: Difference) -> bool:
    return difference.initial


def _named_otherwise(difference: Difference) -> bool:
    """The code that runs in the place of the oracle's names no file of the world."""
    return _another(difference) and not str(difference.candidate).startswith(("<root>", "import of "))


def _in_archive(difference: Difference) -> bool:
    """The program lies in a zip file."""
    return ".zip/" in str(difference.oracle)


def _another_failure(difference: Difference) -> bool:
    """The module is refused with another status."""
    return bool(difference.refusal) and difference.candidate != 0


def _with_foreign_context(difference: Difference) -> bool:
    """The traceback is that of the oracle, after the traceback of another exception."""
    ours, theirs = difference.oracle, difference.candidate
    return (
        isinstance(ours, list) and isinstance(theirs, list) and len(theirs) > len(ours) and theirs[-len(ours) :] == ours
    )


def _relative(difference: Difference) -> bool:
    """The candidate shows the oracle's path, as a relative one."""
    ours, theirs = difference.oracle, difference.candidate
    both = isinstance(ours, str) and isinstance(theirs, str)
    return both and not theirs.startswith(("<", "/")) and normpath(f"<root>/{theirs}") == ours


_BEYOND_OF_COMMANDS: Mapping[str, Condition] = {
    "program.runs": _named_otherwise,
    "program.argv0": _in_archive,
    "program.path0": _relative,
    "process.status": _another_failure,
    "process.traceback": _with_foreign_context,
}


def is_beyond(clause: Clause, difference: Difference) -> bool:
    """True if a clause promises less than what differs: then the difference breaks another one.

    These have clauses of their own, which are not documented: the thread in which code runs, and the file name in it;
    the order in which modules are imported; names that the namespace has besides; which objects init_globals and the
    result hold, and which one `__spec__` is; that all that could notice the run is asked; that what the code does to
    `sys.path` stays; that `__package__` at the top is "" and not None; all entries of `sys.modules` but the one that is
    altered, and those of the packages.

    The moment at which a warning is given has a clause of its own, which only that one promises. What becomes of the
    initial globals is no matter of the clauses about threads, whose fixtures give their own objects by these.

    Of a command: the file name in the code, the path through an archive, that an entry of `sys.path` is a full path,
    the status of a refusal, and that no exception is being handled.
    """
    if difference.field == "names" and difference.initial and clause.chapter == "threads":
        return True
    if difference.field == "warnings" and difference.elsewhere:
        return clause.id != "WARNING-BEFORE-SEARCH"
    if clause.level > Level.DOCUMENTED:
        return False
    if difference.unseen or difference.elsewhere or difference.field == "entry.code":
        return True
    if difference.field in _BEYOND_OF_COMMANDS and _BEYOND_OF_COMMANDS[difference.field](difference):
        return True
    if difference.field.endswith(".keys") and difference.kind == "extra":
        return True
    if difference.field in ("entry.globals", "result.values") and difference.kind == "identity":
        return True
    if difference.field.endswith(".__spec__") and difference.kind == "identity":
        return True
    if difference.field in ("note", "after.path") and difference.kind == "missing":
        return True
    if difference.field.endswith(".__package__") and difference.oracle == "" and difference.candidate is None:
        return True
    if not difference.other_entry:
        return False
    return difference.kind != "missing" or not f"{difference.spec_name}".startswith(f"{difference.key}.")


def _dict_subclass(difference: Difference) -> bool:
    return isinstance(difference.candidate, dict) and "dict subclass" in difference.candidate


_NAME: list[tuple[Condition, str]] = [
    (lambda difference: difference.name != difference.spec_name, "NAME-FROM-RUN-NAME"),
    (lambda difference: str(difference.name).endswith(".__main__"), "NAME-OF-PACKAGE"),
    (_always, "NAME-OF-MODULE"),
]
_SPEC: list[tuple[Condition, str]] = [(_identity, "SPEC-SAME-OBJECT"), (_always, "SPEC-DESCRIBES-TARGET")]
_FILE: list[tuple[Condition, str]] = [
    (_oracle_none, "FILE-WITHOUT-ORIGIN"),
    (lambda difference: not difference.located, "FILE-WITHOUT-LOCATION"),
    (_always, "FILE-FROM-ORIGIN"),
]
_CACHED: list[tuple[Condition, str]] = [
    (_oracle_absent, "CACHED-ABSENT"),
    (_oracle_none, "CACHED-NONE"),
    (_always, "CACHED-FROM-SPEC"),
    (_always, "CACHED-ABSENT"),
]
_PACKAGE: list[tuple[Condition, str]] = [
    (lambda difference: difference.oracle == "", "PACKAGE-EMPTY-AT-TOP"),
    (_always, "PACKAGE-FROM-SPEC"),
]
_ORDER: list[tuple[Condition, str]] = [(_altered, "KEY-ORDER-ALTERED"), (_always, "KEY-ORDER-PLAIN")]
_ARGV_IN_FLIGHT: list[tuple[Condition, str]] = [
    (_rest_differs, "ARGV-REST-KEPT"),
    (lambda difference: difference.altered and difference.kind == "type", "ARGV-LIST-KEPT"),
    (_altered, "ARGV-IS-FILE"),
    (_always, "PLAIN-LEAVES-SYS"),
]
_ARGV_AT_THE_END: list[tuple[Condition, str]] = [
    (_change_undone, "CODE-CHANGES-ARGV-REST"),
    (_after_nested_in_altered, "NESTED-RUNS"),
    (_after_nested, "ARGV-RESTORED"),
    *_ARGV_IN_FLIGHT,
]
_MODULES_IN_FLIGHT: list[tuple[Condition, str]] = [
    (_imported_copy_gone, "IMPORTED-COPY-UNTOUCHED"),
    (_previous_entry_gone, "PREVIOUS-ENTRY-BACK"),
    (_entry_reused, "TEMPORARY-MODULE-NEW"),
    (_globals_apart, "TEMPORARY-MODULE-NAMESPACE"),
    (_other_entry, "MODULES-ONE-ENTRY"),
    (lambda difference: difference.altered and difference.kind == "extra", "MODULES-ONE-ENTRY"),
    (_altered, "MODULES-ENTRY"),
    (_own_entry_of_plain_run, "PLAIN-LEAVES-SYS"),
    (_always, "TARGET-NOT-ADDED"),
]


_MODULES_AT_THE_END: list[tuple[Condition, str]] = [
    (_previous_entry_gone, "PREVIOUS-ENTRY-BACK"),
    (lambda difference: difference.nested_ended and difference.kind == "extra", "MODULES-RESTORED"),
    (_taken_by_nested, "NESTED-SAME-NAME"),
    *_MODULES_IN_FLIGHT,
]


def _says(text: str) -> Condition:
    return lambda difference: text in str(difference.oracle)


def _is_quoted(text: object) -> bool:
    """True for a text in quotes and nothing else, which is how a KeyError words itself."""
    return str(text)[:1] == str(text)[-1:] == "'"


def _of_package_error(difference: Difference) -> bool:
    """The error of a package has another error before it, or the right one in another way."""
    ours, theirs = (
        {key: part for key, part in side.items() if key not in ("cause", "context")} if isinstance(side, dict) else side
        for side in (difference.oracle, difference.candidate)
    )
    return "cannot be directly executed" in difference.refusal and ours != theirs


# The implementation's own errors, by what CPython says.
_SAYINGS = (
    ("Error while finding module specification", "FIND-ERROR-WRAPPED", "FIND-ERROR-MESSAGE"),
    ("cannot be directly executed", "PACKAGE-WITHOUT-MAIN", "PACKAGE-WITHOUT-MAIN-MESSAGE"),
    ("Cannot use package as __main__", "MAIN-IS-A-PACKAGE", "MAIN-IS-A-PACKAGE-MESSAGE"),
    ("No code object available", "NO-CODE-OBJECT", "NO-CODE-OBJECT-MESSAGE"),
    ("Relative module names", "RELATIVE-NAME-REFUSED", "RELATIVE-NAME-MESSAGE"),
    ("is a namespace package and cannot be executed", "SPEC-WITHOUT-LOADER", "SPEC-WITHOUT-LOADER"),
    ("cannot handle __main__", "MAIN-WITH-FOREIGN-SPEC", "MAIN-WITH-FOREIGN-SPEC-MESSAGE"),
    ("has no attribute 'get_code'", "NO-GET-CODE", "NO-GET-CODE-MESSAGE"),
    ("has no attribute 'startswith'", "NAME-WITHOUT-STARTSWITH", "NAME-WITHOUT-STARTSWITH-MESSAGE"),
    ("startswith first arg", "NAME-OF-BYTES", "NAME-OF-BYTES"),
    ("argument 'name' must be str", "RUN-NAME-NOT-STR-ALTERED", "RUN-NAME-NOT-STR-TEXT"),
    ("exec() arg 1", "CODE-OF-WRONG-TYPE", "CODE-OF-WRONG-TYPE"),
    ("free variables", "CODE-WITH-FREE-VARIABLES", "CODE-WITH-FREE-VARIABLES-OLD-MESSAGE"),
    ("requires a closure", "CODE-WITH-FREE-VARIABLES", "CODE-WITH-FREE-VARIABLES-MESSAGE"),
    ("object is not iterable", "INIT-NOT-ITERABLE", "INIT-BAD-TEXT"),
    ("dictionary update sequence", "INIT-NOT-PAIRS", "INIT-BAD-TEXT"),
)
_ERROR: list[tuple[Condition, str]] = [
    (_of_an_exit, "CODE-EXIT-PROPAGATES"),
    (_of_world, "CODE-ERROR-PROPAGATES"),
    (lambda difference: str(difference.oracle).removeprefix("raised ").startswith("SyntaxError"), "BROKEN-SOURCE"),
    *((_says(text), clause) for text, clause, _ in _SAYINGS),
    (_says("list index out of range"), "ARGV-EMPTY-BEFORE"),
    (_says("list assignment index out of range"), "ARGV-UNRESTORABLE"),
    (lambda difference: difference.ran and _says("KeyError")(difference), "ENTRY-GONE-KEYERROR"),
    (_says("found in sys.modules"), "WARNING-AS-ERROR"),
    (_always, "MISSING-MODULE"),
]
_MESSAGE: list[tuple[Condition, str]] = [
    (_of_an_exit, "CODE-EXIT-PROPAGATES"),
    (_of_world, "CODE-ERROR-UNCHANGED"),
    (_says("run_module()"), "WRONG-ARGUMENTS-MESSAGE"),
    (_says("list index out of range"), "ARGV-EMPTY-BEFORE-TEXT"),
    (_says("list assignment index out of range"), "ARGV-UNRESTORABLE-TEXT"),
    *((_says(text), clause) for text, _, clause in _SAYINGS),
    (_says("found in sys.modules"), "WARNING-TEXT"),
    (lambda difference: difference.ran and _is_quoted(difference.oracle), "ENTRY-GONE-KEYERROR"),
    # Other words of the implementation's own error belong to no firmer clause, whatever the error is about.
    (_always, "MISSING-MODULE-MESSAGE"),
]
_CHAIN: list[tuple[Condition, str]] = [
    (_of_world, "NO-FOREIGN-CONTEXT"),
    (_of_package_error, "PACKAGE-ERROR-CONTEXT"),
    (_always, "FIND-ERROR-CAUSE"),
]
_REST: list[tuple[Condition, str]] = [(_always, "OTHER-STATE-UNCHANGED")]


def saying(shown: object) -> str:
    """The clause about an error of the implementation's own, if that is how the oracle ended; else an empty text."""
    return next((clause for text, clause, _ in _SAYINGS if text in str(shown)), "")


def _raised_and(condition: Condition) -> Condition:
    return lambda difference: not difference.returned and condition(difference)


def _runs_though(text: str) -> Condition:
    return lambda difference: difference.kind == "extra" and text in difference.refusal


# The clauses about a refusal on standard error, by the text with which CPython refuses.
_SAID: list[tuple[Condition, str]] = [
    (
        lambda difference: _missing(difference) and _says("found in sys.modules")(difference),
        "M-IMPORTED-ALREADY-WARNED",
    ),
    *(
        (_says(text), clause)
        for text, clause in (
            ("found in sys.modules", "M-IMPORTED-ALREADY-MESSAGE"),
            ("Cannot use package as __main__", "M-MAIN-IS-A-PACKAGE-MESSAGE"),
            ("cannot be directly executed", "M-PACKAGE-WITHOUT-MAIN-MESSAGE"),
            ("No code object available", "M-NO-CODE-MESSAGE"),
            ("Relative module names", "M-RELATIVE-MESSAGE"),
            ("Try using", "M-FILE-NAME-HINT"),
            ("__path__ attribute not found", "M-BELOW-A-MODULE-MESSAGE"),
            ("(ValueError: __main__.__spec__ is None)", "M-NAME-MAIN-REFUSED"),
            ("(ModuleNotFoundError: ", "M-MISSING-PARENT-MESSAGE"),
            ("Error while finding module specification", "M-FINDER-FAILS"),
            ("bad magic number", "M-DAMAGED-COMPILED-FILE-MESSAGE"),
            (": No module named ", "M-MISSING-MESSAGE"),
            ("SyntaxWarning", "M-COMPILER-WARNINGS"),
            ("DeprecationWarning", "M-DEPRECATIONS-SHOWN"),
            ("Warning: ", "M-WARNINGS-SHOWN"),
            ("Error", "M-FLUSH-ERROR-PRINTED"),
            ("Exception ignored", "M-FLUSH-ERROR-PRINTED"),
        )
    ),
    (_always, "M-EXIT-TEXT"),
]


def _imports(difference: Difference) -> bool:
    """The program is imported, where it should run."""
    return str(difference.candidate).startswith("import of ")


def is_imported_besides(difference: Difference) -> bool:
    """True if a launcher imports the program besides running it."""
    return difference.field == "program.runs" and difference.kind == "extra" and _imports(difference)


_OF_COMMANDS: list[tuple[str, list[tuple[Condition, str]]]] = [
    (
        "program.runs",
        [
            (_named_otherwise, "M-CODE-FILE-NAME"),
            (lambda difference: str(difference.oracle).endswith("/__main__.py"), "M-PACKAGE-RUNS-MAIN"),
            (lambda difference: _another(difference) and not _imports(difference), "M-FOLDER-FIRST"),
            (_always, "M-RUNS-ONCE"),
        ],
    ),
    ("program.code", [(_always, "M-CODE-FILE-NAME")]),
    ("program.__name__", [(_always, "M-NAME-IS-MAIN")]),
    ("program.__spec__", [(_says(".__main__'"), "M-SPEC-OF-PACKAGE"), (_always, "M-SPEC-OF-MODULE")]),
    ("program.__file__", [(_always, "M-FILE-IS-FULL-PATH")]),
    ("program.__cached__", [(_always, "M-CACHED-OF-SPEC"), (_always, "M-CACHED-ABSENT")]),
    ("program.__loader__", [(_always, "M-LOADER-OF-SPEC")]),
    (
        "program.__package__",
        [(lambda difference: difference.oracle == "", "M-PACKAGE-EMPTY-AT-TOP"), (_always, "M-PACKAGE-IS-PARENT")],
    ),
    ("program.__doc__", [(_always, "M-DOC-IS-OWN")]),
    ("program.__builtins__", [(_always, "M-BUILTINS-MODULE")]),
    ("program.__path__", [(_always, "M-PROGRAM-HAS-NO-PATH")]),
    ("program.keys", [(_always, "M-NO-FOREIGN-NAMES")]),
    ("program.main", [(_always, "M-MAIN-IS-THE-PROGRAM")]),
    ("program.entry", [(_always, "M-NO-OWN-ENTRY")]),
    (
        "program.argv0",
        [
            (lambda difference: difference.oracle == "-m", "M-ARGV0-WHILE-LOADING"),
            (_in_archive, "M-ARGV0-IN-ZIP"),
            (_always, "M-ARGV0-IS-FILE"),
        ],
    ),
    ("program.argv", [(_always, "M-ARGUMENTS-FOLLOW")]),
    ("program.path0", [(_always, "M-PATH0-IS-FOLDER")]),
    ("program.path", [(_always, "M-PYTHONPATH-FOLLOWS")]),
    ("program.flags", [(_always, "M-FLAGS-ARE-GIVEN")]),
    ("program.cwd", [(_always, "M-FOLDER-KEPT")]),
    ("program.told", [(_always, "M-AS-RUN-MODULE")]),
    ("ended.keys", [(_always, "M-NAMES-AT-EXIT")]),
    ("ended.main", [(_always, "M-MAIN-AT-EXIT")]),
    ("ended.argv", [(_always, "M-ARGV-LEFT-ALONE")]),
    (
        "process.status",
        [
            (lambda difference: str(difference.oracle).startswith("signal"), "M-ENDED-BY-SIGNAL"),
            (lambda difference: difference.oracle == 0, "M-END-IS-ZERO"),
            (lambda difference: bool(difference.refusal), "M-MISSING-STATUS"),
            (lambda difference: difference.oracle == 1, "M-EXCEPTION-STATUS"),
            (_always, "M-EXIT-STATUS"),
        ],
    ),
    ("process.traceback", [(_with_foreign_context, "M-NO-FOREIGN-CONTEXT"), (_always, "M-TRACEBACK-FRAMES")]),
    ("process.stderr", _SAID),
    ("process.stdout", [(_always, "M-OUTPUT-UNCHANGED")]),
    ("process.files", [(_always, "M-RUNS-ONCE")]),
]

# The special variables with which the code starts are compared earlier: one that only the result lacks was removed.
_FROM_RESULT: list[tuple[Condition, str]] = [(_missing, "RESULT-IS-GLOBALS")]

OWNERS: list[tuple[str, list[tuple[Condition, str]]]] = [
    *_OF_COMMANDS,
    (
        "executions.run",
        [
            (lambda difference: difference.unseen, "CODE-IN-CALLERS-THREAD"),
            (lambda difference: difference.elsewhere, "ORDER-OF-STEPS"),
            (_init_run, "MAIN-SUBMODULE"),
            (_main_refused, "MAIN-SUBMODULE"),
            *((_runs_though(text), clause) for text, clause, _ in _SAYINGS),
            (_runs_though("No module named"), "MISSING-MODULE"),
            (_another, "STANDARD-SEARCH"),
            (_always, "CODE-RUN-EACH-CALL"),
        ],
    ),
    (
        "executions.import",
        [
            (lambda difference: difference.unseen, "CODE-IN-CALLERS-THREAD"),
            (lambda difference: difference.run_instead, "MAIN-SUBMODULE"),
            (lambda difference: difference.elsewhere and _another(difference), "PARENTS-OUTERMOST-FIRST"),
            (lambda difference: difference.elsewhere, "ORDER-OF-STEPS"),
            (_main_refused, "MAIN-SUBMODULE"),
            (_package_not_imported, "PACKAGE-IMPORTED"),
            (_missing, "PARENTS-IMPORTED"),
            (_another, "PARENTS-IMPORTED"),
            (_failed_parent_again, "FAILED-PARENT-RUNS-ONCE"),
            (_target_imported, "LOADER-DOES-NOT-EXECUTE"),
            (_always, "PARENTS-ONCE"),
        ],
    ),
    ("result.__name__", [*_FROM_RESULT, *_NAME]),
    ("result.__spec__", [*_FROM_RESULT, *_SPEC]),
    ("result.__file__", [*_FROM_RESULT, *_FILE]),
    ("result.__cached__", [*_FROM_RESULT, *_CACHED]),
    ("result.__package__", [*_FROM_RESULT, *_PACKAGE]),
    ("result.__loader__", [*_FROM_RESULT, (_always, "LOADER-OF-SPEC")]),
    ("result.__builtins__", [(_always, "BUILTINS-LIVE")]),  # nobody has promised that it is there
    ("*.__name__", _NAME),
    ("*.__spec__", _SPEC),
    ("*.__file__", _FILE),
    ("*.__cached__", _CACHED),
    ("*.__package__", _PACKAGE),
    ("*.__loader__", [(_always, "LOADER-OF-SPEC")]),
    ("entry.__doc__", [(_always, "DOC-STARTS-NONE")]),
    ("result.__doc__", [*_FROM_RESULT, (_always, "DOC-FROM-DOCSTRING")]),
    ("*.__builtins__", [(_always, "BUILTINS-LIVE")]),
    ("*.__path__", [(_always, "KEYS-ONLY-THESE")]),
    ("import.handled", [(_always, "HANDLED-EXCEPTION-OF-CALLER")]),
    ("*.module_type", [(_always, "TEMPORARY-MODULE-TYPE")]),
    ("import.state", _REST),
    ("import.path", [(_always, "PATH-UNCHANGED")]),
    ("import.*", [(_always, "ALTERED-AFTER-PARENTS")]),
    ("entry.keys", [(_missing, "INIT-VISIBLE"), (_left_over, "NAMESPACE-FRESH"), (_always, "KEYS-ONLY-THESE")]),
    ("*.order", _ORDER),
    ("entry.globals", [(_identity, "INIT-SAME-OBJECTS"), (_always, "INIT-VISIBLE")]),
    ("entry.namespace", [(_always, "NAMESPACE-FRESH")]),
    ("*.argv_object", [(_plain, "PLAIN-LEAVES-SYS"), (_always, "ARGV-LIST-KEPT")]),
    ("entry.argv", _ARGV_IN_FLIGHT),
    ("exit.argv", _ARGV_AT_THE_END),
    ("entry.modules", _MODULES_IN_FLIGHT),
    ("exit.modules", _MODULES_AT_THE_END),
    ("entry.locals", [(_always, "ONE-NAMESPACE")]),
    ("entry.handled", [(_always, "HANDLED-EXCEPTION-OF-CALLER")]),
    ("entry.code", [(_always, "CODE-FILENAME")]),
    ("entry.path", [(_always, "PATH-UNCHANGED")]),
    ("exit.globals", [(_always, "CODE-EXECUTED-AS-GIVEN")]),
    ("exit.path", [(_always, "PATH-UNCHANGED")]),
    ("*.state", _REST),
    ("warnings.text", [(_always, "WARNING-TEXT")]),
    (
        "warnings*",
        [
            (lambda difference: difference.elsewhere, "WARNING-BEFORE-SEARCH"),
            (_missing, "WARNS-OF-IMPORTED-SUBMODULE"),
            (_always, "NO-WARNING-AT-TOP-LEVEL"),
        ],
    ),
    ("note", [(_always, "ORDER-OF-STEPS")]),
    ("outcome", [*((_raised_and(condition), clause) for condition, clause in _ERROR), (_always, "RESULT-IS-GLOBALS")]),
    ("exception.type", _ERROR),
    ("exception.subclass", [(_of_world, "CODE-ERROR-PROPAGATES"), (_always, "IMPORT-ERROR-TYPE-EXACT")]),
    (
        "exception.name",
        [(_of_world, "CODE-ERROR-UNCHANGED"), (_always, "IMPORT-ERROR-NAMED"), (_always, "IMPORT-ERROR-UNNAMED")],
    ),
    ("exception.path", [(_always, "IMPORT-ERROR-WITHOUT-PATH")]),
    ("exception.cause", _CHAIN),
    ("exception.context", _CHAIN),
    (
        "exception.frames",
        [(_raised_anew, "CODE-ERROR-SAME-OBJECT"), (_own_error, "FIND-ERROR-CAUSE"), (_always, "CODE-ERROR-TRACEBACK")],
    ),
    ("exception.identity", [(_own_error, "FIND-ERROR-CAUSE"), (_always, "CODE-ERROR-SAME-OBJECT")]),
    ("exception.namespace", [(_always, "ERROR-NAMESPACE-REACHABLE")]),
    ("exception.location", [(_always, "BROKEN-SOURCE-PLACE")]),
    ("exception.held", [(_syntax_error, "BROKEN-SOURCE-MESSAGE"), *_MESSAGE]),
    ("exception.*", _MESSAGE),
    (
        "result.type",
        [
            (_dict_subclass, "RESULT-EXACT-DICT"),
            (_always, "RESULT-IS-GLOBALS"),
        ],
    ),
    (
        "result.identity",
        [(_earlier_result, "RESULT-FRESH"), (_altered, "RESULT-COPY"), (_always, "RESULT-LIVE")],
    ),
    ("result.keys", [(_missing, "RESULT-IS-GLOBALS"), (_always, "KEYS-ONLY-THESE")]),
    ("result.functions", [(_altered, "FUNCTIONS-WORK-ALTERED"), (_always, "FUNCTIONS-WORK")]),
    (
        "result.values",
        [
            (lambda difference: _identity(difference) and difference.altered, "RESULT-COPY"),
            (_identity, "RESULT-LIVE"),
            (_always, "RESULT-IS-GLOBALS"),
        ],
    ),
    (
        "after.argv",
        [(_change_undone, "CODE-CHANGES-ARGV-REST"), (_raised, "ARGV-RESTORED-ON-ERROR"), (_always, "ARGV-RESTORED")],
    ),
    (
        "after.modules",
        [
            (_previous_entry_gone, "PREVIOUS-ENTRY-BACK"),
            (_left_under_its_own_name, "TARGET-NOT-LEFT"),
            (_another_put_back, "PREVIOUS-ENTRY-BACK"),
            (_own_entry_of_plain_run, "PLAIN-LEAVES-SYS"),
            (_imported_by_code, "IMPORTS-STAY"),
            (_missing, "PARENTS-STAY"),
            (_other_entry, "MODULES-ONE-ENTRY"),
            (lambda difference: difference.altered and difference.returned, "MODULES-RESTORED"),
            (_altered, "MODULES-RESTORED-ON-ERROR"),
            (_removed, "PARENTS-STAY"),
            (_plain, "TARGET-NOT-ADDED"),
            (_always, "TARGET-NOT-LEFT"),
        ],
    ),
    (
        "after.main",
        [
            (_missing, "STATE-CHANGES-STAY"),
            (_altered, "PREVIOUS-ENTRY-UNTOUCHED"),
            (lambda difference: _plain(difference) and difference.name == "__main__", "PLAIN-LEAVES-MAIN"),
            (_always, "OTHER-STATE-UNCHANGED"),
        ],
    ),
    ("after.attributes", [(_missing, "PARENTS-BOUND"), (_always, "RUN-MODULE-NOT-BOUND")]),
    ("after.path", [(_missing, "PATH-CHANGES-STAY"), (_always, "PATH-UNCHANGED")]),
    ("after.*", [(_missing, "STATE-CHANGES-STAY"), *_REST]),
    (
        "names",
        [
            (lambda difference: _initial(difference) and _identity(difference), "INIT-SAME-OBJECTS"),
            (_initial, "INIT-UNCHANGED"),
            (_always, "CALLERS-VARIABLES"),
        ],
    ),
    ("stdout", [(_always, "PRINTS-NOTHING")]),
    ("stderr", [(_always, "PRINTS-NOTHING")]),
    ("files", [(_always, "PYC-WRITTEN")]),
    ("audit.open", [(_always, "AUDIT-OPEN")]),
    ("audit.compile", [(_always, "AUDIT-COMPILE")]),
    ("audit.exec", [(_always, "AUDIT-EXEC")]),
    ("audit.import", [(_missing, "AUDIT-PARENT-IMPORTS"), (_always, "AUDIT-NO-IMPORT-OF-TARGET")]),
    ("crash", [(_of_module, "M-RUNS-ONCE"), (ends_as_told, "CODE-EXIT-PROPAGATES"), (_always, "CODE-RUN-EACH-CALL")]),
    ("hang", [(_of_module, "M-RUNS-ONCE"), (_always, "CODE-RUN-EACH-CALL")]),
]


def default_owner(difference: Difference, version: str, registry: Mapping[str, Clause]) -> str:
    """The id of the clause that owns a difference by the table, for a version of the language; or `UNOWNED`."""
    rows = _rows(difference.field)
    if difference.of_path:
        rows = _path_rows(difference.field)
    elif difference.of_script:
        rows = _script_rows(difference.field)
    for condition, clause in rows:
        if clause in registry and registry[clause].holds(version) and condition(difference):
            return clause
    return UNOWNED


@functools.cache
def _path_rows(field: str) -> list[tuple[Condition, str]]:
    """The rows for a field in a step that calls run_path."""
    return next((rows for pattern, rows in PATH_OWNERS if fnmatchcase(field, pattern)), [])


@functools.cache
def _script_rows(field: str) -> list[tuple[Condition, str]]:
    """The rows for a field in a step that runs a path by a command."""
    return next((rows for pattern, rows in SCRIPT_OWNERS if fnmatchcase(field, pattern)), [])


@functools.cache
def _rows(field: str) -> list[tuple[Condition, str]]:
    """The rows of the table for a field; none if no pattern covers it."""
    return next((rows for pattern, rows in OWNERS if fnmatchcase(field, pattern)), [])
