"""Finds the side under test: the interpreter's own `runpy`, or what `--impl` and `--impl-path` name."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from typing import Any, Callable, NamedTuple, Optional

try:
    from . import commands
except ImportError:  # the benchmark takes this module by itself, and has no commands
    commands = None  # type: ignore[assignment]

ORACLE = "oracle"
_NAMES = ("run_module", "run_path")


class Functions(NamedTuple):
    """The functions under test; None for one that the side does not offer."""

    run_module: Optional[Callable[..., Any]]
    run_path: Optional[Callable[..., Any]]


class CannotLoad(Exception):
    """The candidate cannot be loaded; the text is one sentence for its author.

    missing: the top of a module's name, if it is that module which cannot be found; the sentence then has no end yet.
    """

    def __init__(self, text: str, missing: str = "") -> None:
        super().__init__(text)
        self.missing = missing


def load(where: str) -> Functions:
    """The functions that `where` names: `oracle`, `pkg`, `pkg.mod:callable` or `path/to/file.py:callable`.

    A module that is named without a callable offers its own `run_module` and `run_path`; a callable is a
    `run_module`, and one that follows in a line of its own a `run_path`. A command (see `commands`) is an object that
    stands for both.

    Raises CannotLoad, with one sentence, whatever goes wrong while the candidate's own code is imported.
    """
    if where == ORACLE:
        try:
            import runpy

            return Functions(runpy.run_module, runpy.run_path)
        except (ImportError, AttributeError) as exc:
            raise CannotLoad("{} has no runpy.run_module: {}.".format(sys.executable, exc)) from None
    if commands is not None and commands.is_command(where):
        try:
            command = commands.parse(where)
        except ValueError as exc:
            raise CannotLoad(str(exc)) from None
        return Functions(command, command)
    where, _, of_path = where.partition("\n")
    if not where:
        return Functions(None, _callable(of_path))
    _, colon, attribute = where.rpartition(":")
    if not colon or os.sep in attribute:
        module = _module(where)
        found = [getattr(module, name, None) for name in _NAMES]
        run_module, run_path = (function if callable(function) else None for function in found)
        if of_path:
            run_path = _callable(of_path)
        if run_module is None and run_path is None:
            text = (
                "{0} has no callable 'run_module' and no 'run_path': --impl={0}:NAME judges a run_module of another "
                "name, and --impl-path={0}:NAME a run_path."
            )
            raise CannotLoad(text.format(where))
        return Functions(run_module, run_path)
    return Functions(_callable(where), _callable(of_path) if of_path else None)


def _callable(where: str) -> Callable[..., Any]:
    """The callable that `pkg.mod:callable` or `path/to/file.py:callable` names. Raises CannotLoad."""
    place, colon, attribute = where.rpartition(":")
    if not colon or os.sep in attribute:
        place, attribute = where, "run_path"
    if not place or not attribute:
        raise CannotLoad(
            "{!r} names no callable: give pkg, pkg.mod:callable or path/to/file.py:callable.".format(where)
        )
    found: Any = _module(place)
    for part in attribute.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        raise CannotLoad("{} has no callable {!r}.".format(place, attribute))
    return found  # type: ignore[no-any-return]


def _module(place: str) -> Any:
    """The module of a name or a file. Raises CannotLoad."""
    try:
        return _from_path(place) if _is_path(place) else importlib.import_module(place)
    except SystemExit as exc:
        text = "{} exits when it is imported (SystemExit: {}){}."
        raise CannotLoad(text.format(place, exc.code, _raised_at(exc))) from None
    except CannotLoad:
        raise
    except BaseException as exc:
        if isinstance(exc, ModuleNotFoundError) and exc.name and (place + ".").startswith(exc.name + "."):
            text = "There is no module {!r} for {}".format(exc.name, sys.executable)
            raise CannotLoad(text, exc.name.partition(".")[0]) from None
        text = "{} raises {} when it is imported: {}{}"
        said = getattr(exc, "msg", None) if isinstance(exc, SyntaxError) else str(exc)  # its text names a file already
        raise CannotLoad(text.format(place, type(exc).__name__, said, _raised_at(exc))) from None


def _raised_at(exc: BaseException) -> str:
    """Where an error comes from: " (/path/to/mypkg.py, line 3)"; and by which line of the candidate, if elsewhere."""
    ours = (os.path.dirname(os.path.abspath(__file__)), os.path.dirname(importlib.__file__))
    places = []
    traceback = exc.__traceback__
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if "frozen importlib" not in file and os.path.dirname(file) not in ours:
            places.append((file, traceback.tb_lineno))
        traceback = traceback.tb_next
    if isinstance(exc, SyntaxError) and exc.filename and exc.lineno:
        places.append((exc.filename, exc.lineno))
    if not places:
        return ""
    told = ["{}, line {}".format(*place) for place in places]
    return " ({})".format(told[-1] if places[-1][0] == places[0][0] else told[-1] + ", reached from " + told[0])


def _is_path(place: str) -> bool:
    return place.endswith(".py") or os.sep in place


def _from_path(path: str) -> Any:
    """The module of a file, or the package of a folder; nothing is added to sys.path."""
    locations = None
    if os.path.isdir(path):
        locations = [path]
        path = os.path.join(path, "__init__.py")
    if not os.path.isfile(path):
        what = ": the folder is no package, and an adapter is a file" if locations else ""
        raise CannotLoad("There is no file {}{}.".format(path, what))
    name = "_candidate_" + os.path.basename(locations[0] if locations else path).partition(".")[0]
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=locations)
    if spec is None or spec.loader is None:
        raise CannotLoad("{} is not Python source.".format(path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
