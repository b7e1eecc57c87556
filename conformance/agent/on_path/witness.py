"""Tells what a program sees that a command runs: `from witness import tell` in a module of the world.

Rules. Both sides find this module on their path. It imports as little as it can, sets neither a trace nor a profile
function, and changes nothing that a program or a launcher can see, but that `atexit` calls it. Python 3.8 and later.

Theory of operation. Each telling is a line that `ast.literal_eval` can read, added to the file that the variable
`RUNPY_CONFORMANCE_TELL` names. At exit, the first namespace that has told something is looked at once more.
"""

import atexit
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List  # noqa: F401 - for the comments that are types

_FILE = os.environ.get("RUNPY_CONFORMANCE_TELL")
_SPECIALS = ("__name__", "__spec__", "__file__", "__cached__", "__loader__", "__package__", "__doc__", "__path__")
_SPEC = ("name", "origin", "cached", "parent", "has_location", "submodule_search_locations", "loader")
_FLAGS = (
    *("debug", "inspect", "interactive", "optimize", "dont_write_bytecode", "no_user_site", "no_site"),
    *("ignore_environment", "verbose", "bytes_warning", "quiet", "isolated", "dev_mode", "utf8_mode"),
    *("warn_default_encoding", "safe_path", "int_max_str_digits"),
)
_MOST = 1000  # items of a collection
_program = []  # type: List[Dict[str, Any]]  # the namespace that was the first to tell something
_process = os.getpid()


def tell(**values):  # type: (**Any) -> None
    """Tell what the calling module sees. values: plain data that the fixture is about."""
    tell_of(sys._getframe(1), values)


def tell_of(frame, values):  # type: (Any, Dict[str, Any]) -> None
    """Tell what the code of a frame sees. values: as for `tell`."""
    namespace = frame.f_globals
    if not _program:
        _program.append(namespace)
        atexit.register(_tell_at_exit)
    spec = namespace.get("__spec__")
    specials = {name: _plain(namespace[name]) for name in _SPECIALS if name in namespace}
    if spec is not None:
        specials["__spec__"] = {name: _plain(getattr(spec, name, None)) for name in _SPEC}
        specials["__loader__"] = _loader(namespace.get("__loader__"), spec)
    if (
        namespace.get("__name__") == "__main__" and "__builtins__" in namespace
    ):  # of an import it is the interpreter's own
        specials["__builtins__"] = _plain(type(namespace["__builtins__"]).__name__)
    _write(
        {
            "event": "program",
            "file": frame.f_code.co_filename,
            "specials": specials,
            "keys": sorted(key for key in namespace if type(key) is str and not key.startswith("__")),
            "main": _is_main(namespace),
            "entry": _entry(getattr(spec, "name", None), namespace),
            "argv": _argv(),
            "path": _plain(sys.path),
            "flags": {name: int(getattr(sys.flags, name)) for name in _FLAGS if hasattr(sys.flags, name)},
            "cwd": os.getcwd(),
            "told": {name: _plain(value) for name, value in values.items()},
        }
    )


def _tell_at_exit():  # type: () -> None
    if os.getpid() == _process:
        namespace = _program[0]
        keys = sorted(key for key, value in namespace.items() if not key.startswith("__") and value is not None)
        _write({"event": "ended", "keys": keys, "main": _is_main(namespace), "argv": _argv()})


def _argv():  # type: () -> Any
    return _plain(getattr(sys, "argv", "there is none"))


def _is_main(namespace):  # type: (Dict[str, Any]) -> bool
    return getattr(sys.modules.get("__main__"), "__dict__", None) is namespace


def _entry(name, namespace):  # type: (Any, Dict[str, Any]) -> str
    module = sys.modules.get(name)
    if module is None:
        return "absent"
    return "own" if getattr(module, "__dict__", None) is namespace else "another"


def _loader(loader, spec):  # type: (Any, Any) -> Any
    if loader is None:
        return None
    return [type(loader).__name__, "that of the spec" if loader is spec.loader else "another than that of the spec"]


def _plain(value, depth=0):  # type: (Any, int) -> Any
    kind = type(value)
    if value is None or kind in (bool, int, float, str, bytes):
        return value
    if depth > 5:
        return "..."
    if kind in (list, tuple):
        return [_plain(item, depth + 1) for item in value[:_MOST]]
    if kind in (set, frozenset):
        return sorted((_plain(item, depth + 1) for item in value), key=repr)
    if kind is dict:
        return {str(key): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, BaseException):
        return {"exception": kind.__name__, "message": str(value)}
    return {"object": kind.__name__}


def _write(telling):  # type: (Dict[str, Any]) -> None
    if _FILE:
        descriptor = os.open(_FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        os.write(descriptor, ascii(telling).encode("ascii") + b"\n")
        os.close(descriptor)
