"""The manual of the options, made from their table: the text of `--help`, and docs/options.md.

Rules. This module owns sentences about the command as a whole; the help of an option is in `options`, that of a command
in `command_line`. It prints nothing: it returns texts.

Theory of operation. `help_text` fills paragraphs to the width of a terminal, and leaves tables as they are. `page` puts
the same tables into a Markdown page, in which a name such as docs/search.md becomes a link.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping

from .. import HOUSE, STATUS, __version__
from .command_line import COMMANDS, command
from .options import OPTIONS

_HELP = """\
runpy-conformance {version}: does an implementation of run_module behave like CPython's runpy.run_module?

{usage}
       {command} --version

{commands}

A candidate that can be imported from the current folder needs no installation. `{list}` lists the clauses,
chapters and fixtures; a run without any of these names tries all cases. {baseline}

{options}

Other options belong to pytest: -x, -k WORDS, -v, --junitxml=FILE ... Exit status: 0 conforms, 1 diverges, 2 usage
error, 3 the candidate cannot be loaded, 4 the suite itself failed, 5 nothing ran, 130 interrupted. Pages such as
docs/search.md are in {docs}.
"""
_BASELINE = "--baseline=FILE.toml --write-baseline writes all divergences into a baseline of expected divergences."
_WIDTH = 110


def help_text() -> str:
    """The text of --help."""
    commands = [(f"{command(name)} {arguments}", help_) for name, (_, arguments, help_) in COMMANDS.items()]
    width = max(len(usage_) for usage_, _ in commands)
    tables = {
        "{commands}": "\n".join(f"  {usage_:<{width}}  {help_}" for usage_, help_ in commands),
        "{options}": listed(),
    }
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
    return "\n\n".join(tables.get(paragraph) or _filled(paragraph) for paragraph in text.rstrip().split("\n\n")) + "\n"


def usage() -> str:
    """The usage in one line."""
    return f"usage: {command()} [--impl=SPEC] [OPTION ...] [CLAUSE | CHAPTER | FIXTURE ...]"


def listed() -> str:
    """The list of all options, for a terminal."""
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

These options are the same for `nox -s conformance -- ...`, for `runpy-conformance ...` where the suite is installed,
and for `python -m conformance ...` in a clone. An argument that is not an option selects cases: it is the name of a
clause, a chapter, a fixture, `families`, `families/NAME`, `search` or `search/PROPERTY`, and only these are tried.
Relative paths start from the current folder. Options cannot be abbreviated. An option is given once, unless it is
repeatable. If an option marked with * is given several times, its last value counts, so that you can override a value
that a script or a hook gives.

| option | meaning |
|---|---|
{options}

This option is for nox only, since nox makes the environments:

| option | meaning |
|---|---|
{nox}

All other options belong to pytest: `-x` stops at the first divergence, `-k WORDS` selects cases by name, `-n 2` uses
two worker processes, `-v` names each case, and `--junitxml=FILE.xml` writes a JUnit report.

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

Nox reports only success or failure as its exit status; its last line says what the status of the run was.
"""
_VARIABLES = {
    "UV_PYTHON_DOWNLOADS": "with the value `never`, uv does not download missing interpreters",
    "XDG_CACHE_HOME": "the folder for caches; the suite's cache is `runpy-conformance` in it (default: `~/.cache`)",
    "TMPDIR": "the folder in which the worlds of cases are built (default: a folder in memory, if there is room)",
    "NO_COLOR": "turns colours off on every terminal",
}


def page() -> str:
    """The text of docs/options.md."""

    def cell(text: str) -> str:
        return re.sub(r"docs/([\w-]+\.md)", r"[\1](\1)", text.replace("|", "\\|"))

    def table(rows: Mapping[str, str]) -> str:
        return "\n".join(f"| `{cell(name)}` | {cell(meaning)} |" for name, meaning in rows.items())

    rows = (
        ("nox -s conformance -- --impl=SPEC", "runpy-conformance --impl=SPEC", "judge the candidate"),
        *(
            (
                f"nox -s {'fixtures' if name == 'export' else name} -- {arguments}",
                f"runpy-conformance {name} {arguments}",
                help_,
            )
            for name, (_, arguments, help_) in COMMANDS.items()
        ),
    )
    return _PAGE.format(
        options=table({option.usage: option.help + " *" * option.overridable for option in OPTIONS if not option.nox}),
        nox=table({option.usage: option.help for option in OPTIONS if option.nox}),
        commands="\n".join(f"| `{cell(nox)}` | `{cell(installed)}` | {help_} |" for nox, installed, help_ in rows),
        variables=table(_VARIABLES),
        statuses=table({str(number): meaning for number, meaning in STATUS.items()}),
    )
