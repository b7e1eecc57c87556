"""The options of the command, from its parser: for `--help`, and for docs/options.md."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Option:
    """One option: as it is written, and what it does."""

    name: str
    metavar: str
    help: str

    @property
    def usage(self) -> str:
        """`--level=LEVEL`."""
        return f"{self.name}={self.metavar}" if self.metavar else self.name


class _Listener:
    """Stands where pytest's parser would, and remembers what is added."""

    def __init__(self) -> None:
        self.options: list[Option] = []

    def getgroup(self, *_: str) -> _Listener:
        return self

    def addoption(self, *names: str, **settings: Any) -> None:
        metavar = settings.get("metavar") or ("|".join(settings["choices"]) if "choices" in settings else "")
        name = next(one for one in names if one.startswith("--"))
        self.options.append(Option(name, metavar, settings["help"]))


def options() -> list[Option]:
    """Our own options, in the order of the parser."""
    from . import plugin

    listener = _Listener()
    plugin.pytest_addoption(listener)  # type: ignore[arg-type]
    return listener.options


def listed() -> str:
    """All of them, for a terminal."""
    return "\n".join(_listed())


def _listed() -> Iterator[str]:
    for one in options():
        lines = textwrap.wrap(one.help, 76, break_on_hyphens=False)
        if len(one.usage) > 24:
            yield f"  {one.usage}"
        else:
            yield f"  {one.usage:<26}{lines.pop(0)}"
        yield from (f"{'':28}{line}" for line in lines)
