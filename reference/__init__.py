"""What `run_module` and `run_path` do: the smallest implementation that conforms on every version.

Read it from top to bottom: the functions stand, and their lines run, in the order in which things
happen. Each step names the clauses of `conformance/clauses/` that it obeys, and takes its rule from
the library reference, or from what every CPython from 3.8 on was seen to do. Comments say why where
the obvious way would be observably different.

What lives here: behaviour. Not here: anything about how it is judged. Nothing but the standard
library is imported, no `__future__` feature is used (FUTURE-FLAGS-OWN: exec hands them on to source
text), and both functions carry their types in a comment (INSPECTED-SIGNATURE).
"""

import importlib.util
import marshal
import sys
from io import open_code
from os import fsdecode
from os.path import abspath
from pkgutil import get_importer
from types import CodeType, ModuleType
from typing import Any, Dict, Optional, Tuple  # noqa: F401 - Optional stands in a type comment

__all__ = ["run_module", "run_path"]

_MAIN = "__main__"


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    # type: (str, Any, Optional[str], object) -> Dict[str, Any]
    """Execute the code of a module, or of a package's `__main__`, in a fresh namespace.

    In: `mod_name`, an absolute module name; `init_globals`, a mapping (or pairs) that pre-populates
    the namespace; `run_name`, the `__name__` to run under instead of the target's own; `alter_sys`,
    whether `sys.argv[0]` and the entry of `sys.modules` are the module's own meanwhile.
    Out: the namespace as the code left it, with `alter_sys` a copy of it.
    Errors: ImportError if there is no such module or it cannot be run; whatever the parents, the
    loader or the code raise, unchanged.
    Source: library reference, `runpy.run_module`.
    """
    # ORDER-OF-STEPS, FAILED-STEP-ENDS-RUN, FAILURE-NEVER-ALTERS: everything that can fail to be
    # found or loaded does so before alter_sys is as much as looked at.
    target, spec, code = _locate(mod_name)
    # NAME-OF-MODULE, NAME-OF-PACKAGE, NAME-FROM-RUN-NAME, RUN-NAME-EMPTY
    name = target if run_name is None else run_name
    # ALTER-BY-TRUTH, ALTER-TRUTH-ONCE, ALTER-TRUTH-LATE
    if alter_sys:
        return _execute_altering_sys(code, spec, name, init_globals)
    # NAMESPACE-FRESH, RESULT-LIVE, PLAIN-LEAVES-SYS
    return _execute(code, spec, name, init_globals, {})


def run_path(path_name, init_globals=None, run_name=None):
    # type: (Any, Any, Optional[str]) -> Dict[str, Any]
    """Execute a script, or the `__main__` of a folder or an archive, in a fresh namespace.

    In: `path_name`, the path of a source file, a compiled file, a folder or an archive;
    `init_globals`, as for `run_module`; `run_name`, the `__name__` to run under instead of '<run_path>'.
    Out: a copy of the namespace as the code left it.
    Errors: OSError of a file that cannot be read; SyntaxError of its source; ImportError if an entry
    has no `__main__`; whatever the loader or the code raise, unchanged.
    Source: library reference, `runpy.run_path`.
    """
    # P-NAME-DEFAULT, P-NAME-FROM-RUN-NAME, P-PACKAGE-OF-RUN-NAME, P-RUN-NAME-FIRST
    name = "<run_path>" if run_name is None else run_name
    package = name.rpartition(".")[0]
    # P-PATH-LIKE-DECODED, P-PATH-LIKE-KEPT, P-WRONG-PATH-TYPE
    if sys.version_info >= (3, 12, 6):
        path_name = fsdecode(path_name)
    # P-HOOKS-ASKED, P-ENTRY-CACHED, P-CACHE-DECIDES: a path that no hook takes is that of a script.
    if get_importer(path_name) is None:
        # P-SCRIPT-HAS-NO-SPEC, P-SCRIPT-FILE-AS-GIVEN, P-SCRIPT-LEAVES-PATH
        code = _read_script(path_name)
        return _execute_altering_sys(code, _Names(None, path_name, path_name, package), name, init_globals)
    # P-ENTRY-FIRST, P-ENTRY-TWICE
    sys.path.insert(0, path_name)
    try:
        spec, code = _locate_main_of_entry(path_name)
        # P-ENTRY-SPEC, P-ENTRY-FILE, P-ENTRY-PACKAGE
        return _execute_altering_sys(code, _Names(spec, path_name, spec.origin, package), name, init_globals)
    finally:
        try:
            # P-ENTRY-REMOVED, P-ENTRY-REMOVED-ON-ERROR, P-FIRST-EQUAL-REMOVED, P-PATH-REBOUND
            sys.path.remove(path_name)
        except ValueError:
            # P-ENTRY-GONE-ALREADY
            pass


class _Names:
    """The names that code gets from `run_path`, in the place of a spec. spec: the real one, or None for a script."""

    def __init__(self, spec: Any, path: Any, origin: Any, package: str) -> None:
        """Take the rest from the spec. path: for `sys.argv[0]`; origin: for `__file__`."""
        self.spec, self.path, self.origin, self.parent = spec, path, origin, package
        # P-SCRIPT-LOADER-NONE, P-SCRIPT-CACHED-NONE, P-ENTRY-LOADER, P-ENTRY-CACHED-PATH
        names: Tuple[Any, Any] = (None, None) if spec is None else (spec.loader, spec.cached)
        self.loader, self.cached = names


def _read_script(path: Any) -> CodeType:
    """Read the code of a script. In: its path. Out: its code, which was compiled before, or is compiled now.

    Errors: OSError, SyntaxError, and those of a damaged compiled file.
    Source: library reference ("source file, a compiled bytecode file"); observed on CPython 3.8-3.15.
    """
    # P-MISSING-FILE-NAMED, P-RELATIVE-PATH
    full = abspath(fsdecode(path))
    with open_code(full) as file:
        # P-COMPILED-BY-CONTENT, P-OTHER-PYTHON-IS-SOURCE, P-AUDIT-EVENTS
        if file.read(4) == importlib.util.MAGIC_NUMBER:
            # P-COMPILED-AS-IT-IS: the flags, and what tells whether the source has changed (PEP 552)
            file.read(12)
            # P-COMPILED-DAMAGED, P-COMPILED-NONE
            loaded = marshal.load(file)
            if loaded is not None:
                return loaded  # type: ignore[no-any-return]
    with open_code(full) as file:
        # P-SOURCE-ENCODING, P-SOURCE-FILE-NAME, P-SOURCE-OWN-FUTURES
        return compile(file.read(), path, "exec", dont_inherit=True)


def _locate_main_of_entry(entry: Any) -> Tuple[Any, CodeType]:
    """Find the `__main__` that a search of `sys.path` finds. In: its first item. Out: a spec and the code.

    Errors: ImportError, which names the entry, if there is no `__main__`; KeyError if the program has none.
    Source: library reference ("looks for and executes a `__main__` module using the updated path").
    """
    # P-MAIN-HIDDEN, P-PROGRAM-WITHOUT-MAIN: the running `__main__` would be found instead of the entry's.
    running = sys.modules[_MAIN]
    del sys.modules[_MAIN]
    try:
        # P-MAIN-ELSEWHERE, P-MAIN-IS-A-PACKAGE
        _, spec, code = _locate(_MAIN)
    except ImportError as error:
        # P-NO-MAIN, P-NO-MAIN-MESSAGE, P-NO-MAIN-CAUSE, P-DAMAGED-MAIN
        if _MAIN in str(error):
            raise _error("can't find %r module in %r" % (_MAIN, entry), _MAIN) from error
        raise
    finally:
        # P-MAIN-BACK
        sys.modules[_MAIN] = running
    return spec, code


def _locate(name: str) -> Tuple[str, Any, CodeType]:
    """Find what to run. In: the name asked for. Out: the target's name, its spec and its code.

    Errors: ImportError, or what a parent, a finder or the loader raises.
    Source: library reference ("located using the standard import mechanism"), PEP 451.
    """
    # RELATIVE-NAME-REFUSED, NAME-WITHOUT-STARTSWITH: the name's type is not checked otherwise.
    if name.startswith("."):
        raise _error("Relative module names not supported", name)
    parent = name.rpartition(".")[0]
    if parent:
        _import_parent(parent, name)
        _warn_if_imported(parent, name)
    spec = _find(name)
    # PACKAGE-BY-SEARCH-LOCATIONS
    if spec.submodule_search_locations is not None:
        return _locate_main(name)
    return name, spec, _load(name, spec)


def _import_parent(parent: str, name: str) -> None:
    """Import a dotted name's parent, and with it all ancestors.

    Errors: what their code raises. A parent that does not exist is left to `_find` to report.
    Source: CPython's test_runpy (bpo-14285).
    """
    try:
        # PARENTS-IMPORTED, PARENTS-BEFORE-SEARCH, IMPORT-FUNCTION-USED
        __import__(parent)
    except ImportError as error:
        # PARENT-ERROR-PROPAGATES, PARENT-ERROR-NAMING-PARENT, PARENT-ERROR-ODD-NAME
        missing = error.name
        if missing is None or (missing != parent and not parent.startswith(missing + ".")):
            raise


def _warn_if_imported(parent: str, name: str) -> None:
    """Warn that a submodule about to be run has been imported already.

    Errors: the RuntimeWarning itself under an "error" filter.
    Source: observed on CPython 3.8-3.15 (bpo-27487).
    """
    # WARNING-TEST, NO-WARNING-FOR-PACKAGE
    imported = sys.modules.get(name)
    if imported is not None and not hasattr(imported, "__path__"):
        # WARNING-FUNCTION-USED: imported here, since CPython's import of it can be seen as well.
        from warnings import warn

        # WARNING-TEXT, WARNING-LOCATION
        text = (
            "{0!r} found in sys.modules after import of package {1!r}, but prior to execution "
            "of {0!r}; this may result in unpredictable behaviour"
        )
        warn(RuntimeWarning(text.format(name, parent)))


def _find(name: str) -> Any:
    """Search one name. In: a name whose parents are imported. Out: its spec, never None.

    Errors: ImportError; from finders also what is none of the four types below.
    Source: `importlib.util.find_spec`; messages observed on CPython 3.8-3.15.
    """
    try:
        # FIND-SPEC-LOOKED-UP, IMPORTED-MODULE-NOT-SEARCHED
        spec = importlib.util.find_spec(name)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        # FIND-ERROR-WRAPPED, FIND-ERROR-MESSAGE
        text = "Error while finding module specification for {!r} ({}: {})"
        # PY-SUFFIX-HINT: the name becomes part of the pattern, so that braces in it count.
        if sys.version_info >= (3, 9) and name.endswith(".py"):
            text += f". Try using '{name[:-3]}' instead of '{name}' as the module name."
        # FIND-ERROR-CAUSE
        raise _error(text.format(name, type(error).__name__, error), name) from error
    # MISSING-MODULE, BLOCKED-ENTRY
    if spec is None:
        raise _error("No module named %s" % name, name)
    return spec


def _locate_main(package: str) -> Tuple[str, Any, CodeType]:
    """Find a package's `__main__`. In: the package's name. Out: as of `_locate`.

    Errors: ImportError, saying that the package cannot be executed.
    Source: library reference ("the `__main__` submodule within that package is then executed").
    """
    # MAIN-IS-A-PACKAGE, MAIN-PACKAGE-ON-THE-WAY
    if package == _MAIN or package.endswith("." + _MAIN):
        raise _error("Cannot use package as __main__ module", package)
    try:
        # MAIN-SUBMODULE, PACKAGE-IMPORTED: the package is the parent of what is located now.
        return _locate(package + "." + _MAIN)
    except ImportError as error:
        # PACKAGE-ERROR-UNCHANGED
        if package not in sys.modules:
            raise
        # PACKAGE-WITHOUT-MAIN, PACKAGE-ERROR-SUFFIX, PACKAGE-ERROR-CONTEXT
        text = "%s; %r is a package and cannot be directly executed"
        raise _error(text % (error, package), package)


def _load(name: str, spec: Any) -> CodeType:
    """Have the loader make the code. In: the name asked for and its spec. Out: the code.

    Errors: ImportError if there is no code; other errors of the loader unchanged.
    Source: PEP 302 and PEP 451 (`get_code`); messages observed on CPython 3.8-3.15.
    """
    loader = spec.loader
    # SPEC-WITHOUT-LOADER, FALSE-LOADER-RUNS
    if loader is None:
        raise _error("%r is a namespace package and cannot be executed" % name, name)
    try:
        # GET-CODE-CALLED-ONCE, GET-CODE-NAME-ASKED-FOR, LOADER-DOES-NOT-EXECUTE
        code = loader.get_code(name)
    except ImportError as error:
        # GET-CODE-IMPORT-ERROR, GET-CODE-IMPORT-ERROR-CAUSE
        raise _error(format(error), name) from error
    # NO-CODE-OBJECT, CODE-OF-WRONG-TYPE: only None is refused here, the rest is exec's affair.
    if code is None:
        raise _error("No code object available for %s" % name, name)
    return code  # type: ignore[no-any-return]


def _execute_altering_sys(code: CodeType, spec: Any, name: str, init_globals: Any) -> Dict[str, Any]:
    """Execute with `sys.argv[0]` and `sys.modules[name]` being the module's own.

    In and out: as of `_execute`, the result being a copy of the temporary module's namespace.
    Errors: as of `_execute`; those of altering and restoring, which take the result's place.
    Source: library reference (`alter_sys`); order and errors observed on CPython 3.8-3.15.
    """
    # ARGV-IS-FILE, ARGV-IS-NONE
    origin = spec.origin
    if type(spec) is _Names:
        # P-ARGV-IS-PATH
        origin = spec.path
    # TEMPORARY-MODULE-NEW, TEMPORARY-MODULE-TYPE, RUN-NAME-NOT-STR-ALTERED
    temporary = ModuleType(name)
    namespace = temporary.__dict__
    # PREVIOUS-ENTRY-BACK, PREVIOUS-ENTRY-ANY-VALUE: None is an entry, too.
    previous = []
    try:
        previous.append(sys.modules[name])
    except KeyError:
        pass
    # MODULES-ENTRY, MODULES-ONE-ENTRY, RESTORE-ORDER
    sys.modules[name] = temporary
    try:
        # ARGV-LIST-KEPT, ARGV-EMPTY-BEFORE, ALTERED-FROM-PARENTS-STATE
        argv0 = sys.argv[0]
        sys.argv[0] = origin
        try:
            # TEMPORARY-MODULE-NAMESPACE, ENTRY-REPLACED-WHILE-ALTERING, INIT-READ-AFTER-ALTERING
            _execute(code, spec, name, init_globals, namespace)
        finally:
            # ARGV-RESTORED, ARGV-RESTORED-ON-ERROR, ARGV-RESTORED-BY-INDEX, ARGV-UNRESTORABLE
            sys.argv[0] = argv0
    finally:
        # MODULES-RESTORED, MODULES-RESTORED-ON-ERROR, RESTORED-UNDER-INITIAL-NAME
        if previous:
            sys.modules[name] = previous[0]
        else:
            # ENTRY-GONE-KEYERROR
            del sys.modules[name]
    # RESULT-COPY, RESULT-COPIED-LAST, TEMPORARY-MODULE-FREED: nothing that is returned refers to the module.
    return namespace.copy()


def _execute(code: CodeType, spec: Any, name: str, init_globals: Any, namespace: Dict[str, Any]) -> Dict[str, Any]:
    """Fill a namespace and execute code in it.

    In: the code, its spec, the `__name__` it gets, what the caller adds, and the namespace.
    Out: the namespace. Errors: of reading `init_globals`, of the spec, of the code, unchanged.
    Source: library reference ("special global variables"); key order observed.
    """
    # INIT-VISIBLE, INIT-READ-FIRST, INIT-FALSY-MAPPING
    if init_globals is not None:
        namespace.update(init_globals)
    # SPEC-OF-ANY-TYPE, SPEC-ATTRIBUTE-MISSING: `cached` is read on every version.
    loader, origin, cached, package = spec.loader, spec.origin, spec.cached, spec.parent
    # SPECIALS-BEFORE-CODE, INIT-SPECIALS-OVERRIDDEN, KEY-ORDER-PLAIN, KEY-ORDER-ALTERED
    namespace["__name__"] = name
    # FILE-FROM-ORIGIN, FILE-WITHOUT-ORIGIN
    namespace["__file__"] = origin
    # CACHED-FROM-SPEC, CACHED-ABSENT, INIT-CACHED-KEPT
    if sys.version_info < (3, 15):
        namespace["__cached__"] = cached
    # DOC-STARTS-NONE
    namespace["__doc__"] = None
    # LOADER-OF-SPEC
    namespace["__loader__"] = loader
    # PACKAGE-FROM-SPEC
    namespace["__package__"] = package
    # SPEC-SAME-OBJECT
    namespace["__spec__"] = spec
    if type(spec) is _Names:
        namespace.update(__spec__=spec.spec)
    # ONE-NAMESPACE, BUILTINS-LIVE, CODE-ERROR-SAME-OBJECT, HANDLED-EXCEPTION-OF-CALLER
    exec(code, namespace)
    return namespace


def _error(text: str, name: str) -> ImportError:
    """Make the error for a module that cannot be run. In: its text, the name it is about.

    Source: observed on CPython 3.8-3.15; `name` by CPython's changelog (gh-149117).
    """
    # IMPORT-ERROR-NAMED, IMPORT-ERROR-UNNAMED: set from 3.15 on and by two bug-fix releases. The
    # version is asked, not the interpreter's own runpy: to import that while a program is at work
    # would show in its finders and in a replaced `__import__`, and could fail in its `sys.modules`.
    release = sys.version_info[:3]
    if release >= (3, 14, 5) or (3, 13, 14) <= release < (3, 14):
        return ImportError(text, name=name)
    # IMPORT-ERROR-TYPE-EXACT, IMPORT-ERROR-WITHOUT-PATH
    return ImportError(text)
