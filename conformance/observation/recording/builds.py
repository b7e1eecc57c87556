"""The builds of CPython that recordings were made from, and the text of pythons.json, which lists them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .files import SCHEMA, checked, laid_out
from .naming import name_of
from .versions import fold_part, numbers, unfold

BUILDS = "pythons.json"
_KEPT = ("{extension}", "{tag}")  # the other word is a path on one machine


@dataclass(frozen=True)
class Build:
    """The interpreter that a recording was made from, or is compared with.

    version: "3.12.1", or "3.15.0rc1". builtin, frozen: names of modules. words: the interpreter's own names for things
    that have one shared name in recordings: `{tag}` for its cache tag, `{extension}` for the suffix of extension
    modules, `{library}` for the folder of its standard library. capabilities: see `cases.model.CAPABILITIES`. The
    others are described at `agent.messages.BuildFacts`; a recording has none of them, and two builds do not differ by
    them alone.
    """

    implementation: str
    version: str
    platform: str
    abiflags: str
    builtin: tuple[str, ...]
    frozen: tuple[str, ...]
    words: Mapping[str, str] = field(compare=False)
    capabilities: tuple[str, ...] = ()
    own_version: str = field(default="", compare=False)
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


def write_builds(builds: Mapping[str, Build]) -> str:
    """The text of pythons.json."""
    languages = sorted(builds, key=numbers)
    pythons = {}
    modules: dict[str, dict[str, str]] = {}
    for language in languages:
        build = builds[language]
        for kind in ("builtin", "frozen"):
            for name in getattr(build, kind):
                modules.setdefault(name, {})[language] = kind
        pythons[language] = {
            "implementation": build.implementation,
            "version": build.version,
            "platform": build.platform,
            "abiflags": build.abiflags,
            "capabilities": sorted(build.capabilities),
            "words": {word: build.words[word] for word in _KEPT},
        }
    among = dict.fromkeys(languages)
    folded = {name: fold_part(modules[name], among, languages) for name in sorted(modules)}
    data = {"schema": SCHEMA, "pythons": pythons, "modules": folded}
    return (
        "{\n"
        + ",\n".join(f" {json.dumps(key)}: {laid_out(part, 1, narrow=True)}" for key, part in data.items())
        + "}\n"
    )


def read_builds(text: str, where: str) -> dict[str, Build]:
    """The builds in the text of pythons.json, by version of the language. where: see `read`. Raises RecordingError."""
    data = checked(text, where)
    found = {}
    for language, facts in data["pythons"].items():
        modules = unfold(data["modules"], language)
        kinds = {kind: [name for name in modules if modules[name] == kind] for kind in ("builtin", "frozen")}
        found[language] = build_from(facts | kinds)
    return found


def build_from(facts: Mapping[str, Any]) -> Build:
    """A build from plain data, such as the facts that `agent/build.py` prints."""
    plain: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in facts.items()}
    return Build(**plain)
