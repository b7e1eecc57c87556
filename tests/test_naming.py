"""Each interpreter is announced as what it is: by the facts that its agent tells, and by nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.observation.build import build_of
from conformance.observation.interpreters import Target
from conformance.observation.live import LiveSide
from conformance.observation.recording import Build
from tests.harness import target_for

FACTS: dict[str, Any] = {
    "implementation": "cpython",
    "version": "3.13.5",
    "own_version": "3.13.5",
    "platform": "linux-x86_64",
    "abiflags": "",
    "builtin": ("sys",),
    "frozen": ("os", "zipimport"),
    "words": {},
}


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        ({}, "CPython 3.13.5"),
        ({"version": "3.15.0rc1", "own_version": "3.15.0"}, "CPython 3.15.0rc1"),
        ({"abiflags": "t", "gil_disabled": True}, "CPython 3.13.5, free-threaded"),
        ({"platform": "win32", "gil_disabled": True}, "CPython 3.13.5, free-threaded, Windows"),
        ({"abiflags": "d", "debug": True, "frozen": ("zipimport",)}, "CPython 3.13.5 debug"),
        ({"abiflags": "d"}, "CPython 3.13.5 debug, frozen modules on"),
        ({"frozen": ("zipimport",)}, "CPython 3.13.5, frozen modules off"),
        ({"version": "3.10.2", "frozen": ("zipimport",)}, "CPython 3.10.2"),
        ({"triplet": "x86_64-linux-musl"}, "CPython 3.13.5, musl"),
        ({"platform": "wasi-wasm32", "version": "3.11.8"}, "CPython 3.11.8, wasm32-wasi"),
        (
            {"platform": "emscripten-wasm32", "version": "3.13.2", "distribution": "Pyodide 0.29.5"},
            "Pyodide 0.29.5 (CPython 3.13.2, wasm32-emscripten)",
        ),
        (
            {"implementation": "pypy", "version": "3.9.16", "own_version": "7.3.11", "frozen": ()},
            "PyPy 7.3.11 (Python 3.9.16)",
        ),
        ({"implementation": "pypy", "own_version": ""}, "PyPy 3.13.5"),
        ({"implementation": "rustpython"}, "rustpython 3.13.5"),
    ],
)
def test_a_build_is_named_by_all_that_is_unusual_in_it(facts: dict[str, Any], name: str) -> None:
    """A recording, which has fewer facts, is named by those that it has."""
    build = Build(**(FACTS | facts))
    assert build.name == name
    assert str(build) == f"{name}, {build.platform}"


def test_a_build_has_its_c_library_among_its_systems() -> None:
    """If it is musl, whose words and locales are others than those of the recordings."""
    assert Build(**FACTS).systems == ("linux",)
    assert Build(**(FACTS | {"triplet": "x86_64-linux-musl"})).systems == ("linux", "musl")
    assert Build(**(FACTS | {"platform": "win32"})).systems == ("win32",)


def test_a_release_that_is_not_final_is_named_before_an_agent_has_greeted() -> None:
    """It counts as the release that it is to become."""
    assert Target("python3.15", "cpython", "3.15.0", "rc1").name == "CPython 3.15.0rc1"
    assert Target("python3.15", "cpython", "3.15.0").name == "CPython 3.15.0"


def test_an_agent_tells_the_build_when_it_greets() -> None:
    """The same facts as the program that is started for nothing else."""
    target = target_for("")
    assert target is not None
    side = LiveSide(target, "oracle")
    try:
        told = side.greeting.build
    finally:
        side.close()
    asked = build_of(target)
    assert told == asked
    assert told is not None
    assert (told.name, told.words, told.triplet) == (asked.name, asked.words, asked.triplet)
    assert told.name.startswith(f"CPython {target.version}")
