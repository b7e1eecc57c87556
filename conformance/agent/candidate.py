"""Finds the side under test: the interpreter's own `runpy.run_module`, or what `--impl` names."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from typing import Any, Callable

ORACLE = "oracle"


class CannotLoad(Exception):
    """The candidate cannot be loaded; the text is one sentence for its author."""


def load(where: str) -> Callable[..., Any]:
    """The callable that `where` names: `oracle`, `pkg`, `pkg.mod:callable` or `path/to/file.py:callable`.

    Raises CannotLoad, with one sentence, whatever goes wrong while the candidate's own code is imported.
    """
    if where == ORACLE:
        try:
            import runpy

            return runpy.run_module
        except (ImportError, AttributeError) as exc:
            raise CannotLoad("{} has no runpy.run_module: {}.".format(sys.executable, exc)) from None
    place, colon, attribute = where.rpartition(":")
    if not colon or os.sep in attribute:
        place, attribute = where, "run_module"
    if not place or not attribute:
        raise CannotLoad(
            "{!r} names no callable: give pkg, pkg.mod:callable or path/to/file.py:callable.".format(where)
        )
    try:
        module = _from_path(place) if _is_path(place) else importlib.import_module(place)
    except SystemExit as exc:
        raise CannotLoad("{} exits when it is imported (SystemExit: {}).".format(place, exc.code)) from None
    except CannotLoad:
        raise
    except BaseException as exc:
        if isinstance(exc, ModuleNotFoundError) and exc.name is not None and place.startswith(exc.name):
            raise CannotLoad(
                "There is no module {!r} for {}; is it installed there (--install), or is its folder the one "
                "you stand in?".format(exc.name, sys.executable)
            ) from None
        raise CannotLoad("{} raises {} when it is imported: {}".format(place, type(exc).__name__, exc)) from None
    found: Any = module
    for part in attribute.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        raise CannotLoad("{} has no callable {!r}.".format(place, attribute))
    return found  # type: ignore[no-any-return]


def _is_path(place: str) -> bool:
    return place.endswith(".py") or os.sep in place


def _from_path(path: str) -> Any:
    """The module of a file, or the package of a folder; nothing is added to sys.path."""
    locations = None
    if os.path.isdir(path):
        locations = [path]
        path = os.path.join(path, "__init__.py")
    if not os.path.isfile(path):
        raise CannotLoad("There is no file {}.".format(path))
    name = "_candidate_" + os.path.basename(locations[0] if locations else path).partition(".")[0]
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=locations)
    if spec is None or spec.loader is None:
        raise CannotLoad("{} is not Python source.".format(path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
