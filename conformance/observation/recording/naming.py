"""The name of an interpreter in words, made of the facts of its build.

Rules. The only place where facts become words: every part of the suite that names an interpreter calls it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .builds import Build

_IMPLEMENTATIONS = {"cpython": "CPython", "pypy": "PyPy", "graalpy": "GraalPy"}
# The words for the systems that a name mentions; the usual systems are left out of it.
_SYSTEMS = {"win32": "Windows", "emscripten": "{machine}-emscripten", "wasi": "{machine}-wasi"}
_FREEZES_ITS_LIBRARY = (3, 11)


def short_name(implementation: str, version: str) -> str:
    """The name made of the two facts that are known before the handshake, such as "CPython 3.15.0rc1"."""
    return f"{_IMPLEMENTATIONS.get(implementation, implementation)} {version}"


def name_of(build: Build) -> str:
    """The name of a build, with everything in which it differs from the usual build of its version.

    Examples: "CPython 3.13.5, free-threaded", "CPython 3.14.10 debug", "PyPy 7.3.19 (Python 3.11.11)" and
    "Pyodide 0.29.5 (CPython 3.13.2, wasm32-emscripten)".
    """
    if build.implementation != "cpython":
        return _of_another_implementation(build)
    name = short_name(build.implementation, build.version) + (" debug" if _is_debug(build) else "")
    parts = [name, *_peculiarities(build), *_system(build.platform)]
    return f"{build.distribution} ({', '.join(parts)})" if build.distribution else ", ".join(parts)


def _of_another_implementation(build: Build) -> str:
    own = build.own_version
    name = short_name(build.implementation, own or build.version)
    parts = [f"Python {build.version}"] if own and own != build.version else []
    parts += _system(build.platform)
    return f"{name} ({', '.join(parts)})" if parts else name


def _peculiarities(build: Build) -> list[str]:
    freezes = tuple(int(part) for part in build.language.split(".")) >= _FREEZES_ITS_LIBRARY
    is_off = freezes and "os" not in build.frozen
    found = {
        "free-threaded": build.gil_disabled or "t" in build.abiflags,
        "musl": build.is_musl,
        # In a debug build the frozen modules are off, unless an option turns them on.
        "frozen modules off": is_off and not _is_debug(build),
        "frozen modules on": freezes and not is_off and _is_debug(build),
    }
    return [words for words, holds in found.items() if holds]


def _is_debug(build: Build) -> bool:
    return build.debug or "d" in build.abiflags


def _system(platform: str) -> list[str]:
    system, _, machine = platform.partition("-")
    return [_SYSTEMS[system].format(machine=machine)] if system in _SYSTEMS else []
