"""The manual of the options, from their table: for `--help`, and for docs/options.md."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping

from .. import HOUSE, __version__
from .command_line import COMMANDS, command
from .options import OPTIONS

_HELP = """\
runpy-conformance {version}: does an implementation of run_module behave as CPython's runpy.run_module?

{usage}
       {command} --version

{commands}

What can be imported from the folder in which you stand can be judged as it is. `{list}` says which clauses, chapters
and fixtures there are; without any, all are tried. {baseline}

{options}

Options that are not listed here are pytest's own: -x, -k WORDS, -v, --junitxml=FILE ... Exit status: 0 conforms, 1
diverges, 2 usage, 3 the candidate cannot be loaded, 4 the suite itself failed, 5 nothing ran, 130 interrupted. Pages
such as docs/search.md are in {docs}.
"""
_BASELINE = "With --baseline=FILE.toml --write-baseline the run writes down what is to be expected."
_WIDTH = 110


def help_text() -> str:
    """The text of --help."""
    commands = [(f"{command(name)} {takes}", does) for name, (_, takes, does) in COMMANDS.items()]
    width = max(len(typed) for typed, _ in commands)
    tables = {"{commands}": "\n".join(f"  {typed:<{width}}  {does}" for typed, does in commands), "{options}": listed()}
    text = _HELP.format(
        version=__version__,
        usage=usage(),
        command=command(),
        list=command("list"),
        baseline=_BASELINE,
        docs=HOUSE / "docs",
        commands="{commands}",
        options="{options}",
    )
    return "\n\n".join(tables.get(one) or _filled(one) for one in text.rstrip().split("\n\n")) + "\n"


def usage() -> str:
    """The usage in one line."""
    return f"usage: {command()} [--impl=SPEC] [OPTION ...] [CLAUSE | CHAPTER | FIXTURE ...]"


def listed() -> str:
    """All options, for a terminal."""
    return "\n".join(_listed())


def _filled(paragraph: str) -> str:
    if paragraph.startswith(("runpy-conformance", "usage:")):
        return paragraph
    return textwrap.fill(paragraph, _WIDTH, break_on_hyphens=False, break_long_words=False)


def _listed() -> Iterator[str]:
    for option in OPTIONS:
        if option.nox and not command().startswith("nox"):
            continue
        lines = textwrap.wrap(option.help, 76, break_on_hyphens=False)
        if len(option.usage) > 24:
            yield f"  {option.usage}"
        else:
            yield f"  {option.usage:<26}{lines.pop(0)}"
        yield from (f"{'':28}{line}" for line in lines)


_PAGE = """\
# Options

Generated from the table of options (`conformance/commands/options.py`) by `nox -s docs`; change it there.

The same for `nox -s conformance -- ...`, for `runpy-conformance ...` where the suite is installed, and for
`python -m conformance ...` in a clone. What is no option is the name of a clause, a chapter, a fixture, `families`,
`families/NAME`, `search` or `search/PROPERTY`: then only those are tried. Relative paths start from the folder in which
you stand. No option may be abbreviated. Each is given once, unless it is repeatable; of those marked with * the last
value counts, so that one that a script or a hook gives can be overridden.

| option | meaning |
|---|---|
{options}

For nox alone, which makes the environments:

| option | meaning |
|---|---|
{nox}

All others are pytest's own: `-x` stops at the first divergence, `-k WORDS` selects by name, `-n 2` takes two processes,
`-v` names each case, `--junitxml=FILE.xml` writes JUnit's form.

## Commands

| in a clone | where the suite is installed | meaning |
|---|---|---|
{commands}

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

    def meaning(marked: bool, help_: str) -> str:
        return f"{help_} *" if marked else help_

    rows = (
        ("nox -s conformance -- --impl=SPEC", "runpy-conformance --impl=SPEC", "judge"),
        *(
            (f"nox -s {'fixtures' if name == 'export' else name} -- {takes}", f"runpy-conformance {name} {takes}", does)
            for name, (_, takes, does) in COMMANDS.items()
        ),
    )
    return _PAGE.format(
        options=table({one.usage: meaning(one.knob, one.help) for one in OPTIONS if not one.nox}),
        nox=table({one.usage: one.help for one in OPTIONS if one.nox}),
        commands="\n".join(f"| `{cell(nox)}` | `{cell(installed)}` | {does} |" for nox, installed, does in rows),
        variables=table(_VARIABLES),
        statuses=table({str(number): meaning for number, meaning in STATUS.items()}),
    )
