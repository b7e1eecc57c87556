"""The builds of the interpreters that recordings were made from, and the text of pythons.json, which lists them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .files import SCHEMA, checked, laid_out
from .naming import name_of
from .versions import fold_part, place, unfold

BUILDS = "pythons.json"
_KEPT = ("{extension}", "{tag}")  # the other word is a path on one machine


@dataclass(frozen=True)
class Build:
    """The interpreter that a recording was made from, or is compared with.

    version: "3.12.1", or "3.15.0rc1". builtin, frozen: names of modules. words: the interpreter's own names for things
    that have one shared name in recordings: `{tag}` for its cache tag, `{extension}` for the suffix of extension
    modules, `{library}` for the folder of its standard library. capabilities: see `cases.model.CAPABILITIES`.
    own_version and the others are described at `agent.messages.BuildFacts`; a recording has none of the others, and two
    builds do not differ by them alone.
    """

    implementation: str
    version: str
    platform: str
    abiflags: str
    builtin: tuple[str, ...]
    frozen: tuple[str, ...]
    words: Mapping[str, str] = field(compare=False)
    capabilities: tuple[str, ...] = ()
    own_version: str = ""
    triplet: str = field(default="", compare=False)
    distribution: str = field(default="", compare=False)
    gil_disabled: bool = field(default=False, compare=False)
    debug: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        return f"{self.name}, {self.platform}"

    @property
    def name(self) -> str:
        """The name in words, such as "CPython 3.13.5, free-threaded"."""
        return name_of(self)

    @property
    def systems(self) -> tuple[str, ...]:
        """The system, as `sys.platform` names it ("linux", "win32"), and "musl" if that is the C library."""
        return self.platform.partition("-")[0], *(["musl"] if self.is_musl else [])

    @property
    def is_musl(self) -> bool:
        """True if the interpreter is linked with the C library musl."""
        return self.triplet.endswith("musl")

    @property
    def language(self) -> str:
        """The version of the language, such as "3.12"."""
        return ".".join(self.version.split(".")[:2])

    @property
    def python(self) -> str:
        """The name under which the build is recorded, as in `clauses/pythons.toml`: "3.12", or "pypy3.11"."""
        return ("" if self.implementation == "cpython" else self.implementation) + self.language


def write_builds(builds: Mapping[str, Build]) -> str:
    """The text of pythons.json."""
    names = sorted(builds, key=place)
    pythons: dict[str, dict[str, Any]] = {}
    modules: dict[str, dict[str, str]] = {}
    for python in names:
        build = builds[python]
        for kind in ("builtin", "frozen"):
            for name in getattr(build, kind):
                modules.setdefault(name, {})[python] = kind
        pythons[python] = {
            "implementation": build.implementation,
            "version": build.version,
            "own_version": build.own_version,
            "platform": build.platform,
            "abiflags": build.abiflags,
            "capabilities": sorted(build.capabilities),
            "words": {word: build.words[word] for word in _KEPT},
        }
    among = dict.fromkeys(names)
    folded = {name: fold_part(modules[name], among, names) for name in sorted(modules)}
    data = {"schema": SCHEMA, "pythons": pythons, "modules": folded}
    return (
        "{\n"
        + ",\n".join(f" {json.dumps(key)}: {laid_out(part, 1, narrow=True)}" for key, part in data.items())
        + "}\n"
    )


def read_builds(text: str, where: str) -> dict[str, Build]:
    """The builds in the text of pythons.json, by Python. where: see `read`. Raises RecordingError."""
    data = checked(text, where)
    found = {}
    for python, facts in data["pythons"].items():
        modules = unfold(data["modules"], python)
        kinds = {kind: [name for name in modules if modules[name] == kind] for kind in ("builtin", "frozen")}
        found[python] = build_from(facts | kinds)
    return found


def build_from(facts: Mapping[str, Any]) -> Build:
    """A build from plain data, such as the facts that `agent/build.py` prints."""
    plain: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in facts.items()}
    return Build(**plain)
