"""The agent's answer to `start`: the facts about the interpreter and about the side that it has loaded.

Rules. Knows the interpreter and the candidate's public face, and nothing of cases. It is used once, before the first
case, while the interpreter can still be trusted.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, List

from . import PROTOCOL
from .describe import ask
from .own import os

if TYPE_CHECKING:
    from .candidate import Functions
    from .messages import BuildFacts, Handshake


def handshake(
    functions: Functions, build: BuildFacts, capabilities: List[str], *, forks: bool, warm: bool, single_threaded: bool
) -> Handshake:
    """The message. For its fields see `messages.Handshake`."""
    run_module = functions.run_module or functions.run_path
    unseen = ask(run_module, "unseen")
    return {
        "protocol": PROTOCOL,
        "build": build,
        "version": "{}.{}.{}".format(*sys.version_info[:3]),
        "executable": sys.executable or "",
        "capabilities": capabilities,
        "forks": forks,
        "warm": warm,
        "resets": False,
        "single_threaded": single_threaded,
        "delegates": ask(run_module, "is_usual") is True
        or run_module in [getattr(sys.modules.get("runpy"), name, None) for name in functions._fields],
        "offers": [name for name, function in zip(functions._fields, functions) if function is not None],
        "unseen": {str(k): str(v) for k, v in unseen.items()} if isinstance(unseen, dict) else {},
    }


def callable_name(run_module: Any) -> str:
    """The name of a callable in the interpreter's own messages about a call of it."""
    name = ask(run_module, "__qualname__")
    if type(name) is not str:
        name = ask(ask(type(run_module), "__call__"), "__qualname__")
    if type(name) is not str:
        name = type(run_module).__name__
    return name if sys.version_info >= (3, 10) else name.rpartition(".")[2]


def made_of() -> List[Any]:
    """All that decides how the oracle behaves: it changes with the build and with each file of the library."""
    named = {ask(module, "__file__") for module in list(sys.modules.values())} | {os.path.realpath(sys.executable)}
    files = []
    for file in sorted(name for name in named if type(name) is str):
        try:
            status = os.stat(file)
        except OSError:
            continue  # no file has this name: the module is made in some other way
        files.append([file, status.st_size, status.st_mtime_ns])
    importable = [_importable(entry) for entry in sys.path]
    variables = sorted(item for item in os.environ.items() if item[0].startswith(("PYTHON", "LANG", "LC_")))
    user = os.getuid() if hasattr(os, "getuid") else None
    options = [list(sys.flags), sorted(sys._xoptions.items()), list(sys.warnoptions), sys.getfilesystemencoding()]
    return [sys.version, options, user, variables, importable, files]


def _importable(entry: str) -> List[str]:
    """The names of the modules and packages in a folder."""
    try:
        names = os.listdir(entry or ".")
    except (OSError, ValueError):
        return []
    return sorted(name for name in names if name.partition(".")[0].isidentifier() and not name.startswith("__"))
