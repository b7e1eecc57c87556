"""The options of the command, from its parser: for `--help`, and for docs/options.md."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
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


_PAGE = """\
# Options

Generated from the parser (`conformance/commands/plugin.py`) by `nox -s docs`; change it there.

The same for `nox -s conformance -- ...`, for `runpy-conformance ...` where the suite is installed, and for
`python -m conformance ...` in a clone. What is no option is the name of a clause, a chapter, a fixture, `families`,
`families/NAME`, `search` or `search/PROPERTY`: then only those are tried.

| option | meaning |
|---|---|
{options}

For nox alone, which makes the environments:

| option | meaning |
|---|---|
{nox}

All others are pytest's own: `-x` stops at the first divergence, `-k WORDS` selects by name, `-n 2` takes two processes,
`-v` names each case, `--junitxml=FILE.xml` writes JUnit's form.

## Environment variables

| variable | meaning |
|---|---|
{variables}

## Exit status

| status | meaning |
|---|---|
{statuses}

Nox itself passes on only success or failure; its last line says which it was.
"""
_NOX = {
    "--install=REQUIREMENT": "install this for the candidate first: a PyPI name, a path, `-e path`; repeatable",
}
_VARIABLES = {
    "UV_PYTHON_DOWNLOADS": "`never` forbids uv to download interpreters that are missing",
    "XDG_CACHE_HOME": "what is kept between runs is in `runpy-conformance` there (default: `~/.cache`)",
    "TMPDIR": "where the worlds of cases are built (default: in memory, where there is room)",
    "NO_COLOR": "no colours, whatever the terminal",
}


def page() -> str:
    """docs/options.md."""
    from .. import STATUS

    def cell(text: str) -> str:
        return re.sub(r"docs/([\w-]+\.md)", r"[\1](\1)", text.replace("|", "\\|"))

    def table(rows: Mapping[str, str]) -> str:
        return "\n".join(f"| `{cell(name)}` | {cell(meaning)} |" for name, meaning in rows.items())

    return _PAGE.format(
        options=table({one.usage: one.help for one in options()}),
        nox=table(_NOX),
        variables=table(_VARIABLES),
        statuses=table({str(number): meaning for number, meaning in STATUS.items()}),
    )


def _listed() -> Iterator[str]:
    for one in options():
        lines = textwrap.wrap(one.help, 76, break_on_hyphens=False)
        if len(one.usage) > 24:
            yield f"  {one.usage}"
        else:
            yield f"  {one.usage:<26}{lines.pop(0)}"
        yield from (f"{'':28}{line}" for line in lines)
