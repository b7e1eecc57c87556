"""Runs the checks by hand, and writes texts for maintainers from what the checks show.

Rules. A check (survey/checks/NAME.py) knows nothing of the suite: it prints what the interpreter does and what the
implementation does. A text (survey/findings/NAME.md) holds the faults of one implementation, each with its check; it is
written to be sent, and is not sent from here.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from conformance.report.markdown import fenced

from .environment import installed_versions
from .recipe import CHECKS, REPORTS, Expected, Recipe

# The verdicts that have a check; a detail has none.
CHECKED = ("fault", "choice", "ours")
# Prints the version of the language, and the name and version of the interpreter.
_INTERPRETER = """
import platform, sys
version = platform.python_version()
print(version)
pypy = getattr(sys, "pypy_version_info", None)
print("PyPy %d.%d.%d (Python %s)" % (*pypy[:3], version) if pypy else platform.python_implementation() + " " + version)
"""


class File(msgspec.Struct):
    """The content of a file: as a text, or as an argument of the shell's `printf`."""

    text: str = ""
    printf: str = ""


class Shown(msgspec.Struct):
    """The result of one check: its files, its two commands, and what each printed.

    problems: why the divergence was not shown; empty if it was.
    """

    clauses: list[str]
    files: dict[str, File]
    prepare: str
    commands: tuple[str, str]
    outputs: tuple[str, str]
    problems: list[str]


def check(recipe: Recipe, python: Path) -> int:
    """Run the script of a recipe with the interpreter of its environment; return 0 if it shows each divergence.

    Writes the text for the maintainers if there are faults and the script shows all divergences.
    """
    done = subprocess.run([str(python), "-c", _INTERPRETER], capture_output=True, text=True, check=True)
    version, interpreter = done.stdout.splitlines()
    expected = [entry for entry in recipe.expected if entry.verdict in CHECKED and entry.holds(version)]
    print(f"\n== {recipe.title}", flush=True)
    if not expected:
        return 0
    shown, status = _run(recipe, python)
    missing = {entry.name for entry in expected} - {
        name for result in shown if not result.problems for name in result.clauses
    }
    for name in sorted(missing):
        print(f"not shown by hand: {name}")
    faults = [entry for entry in expected if entry.verdict == "fault"]
    if faults and not missing:
        versions = [*installed_versions(python, recipe), interpreter]
        (REPORTS / f"{recipe.name}.md").write_text("\n".join(_text(recipe, faults, shown, versions)) + "\n", "utf-8")
    return 1 if missing or status else 0


def _run(recipe: Recipe, python: Path) -> tuple[list[Shown], int]:
    """Run the script of a recipe; return the results of its checks, and its exit status."""
    script = CHECKS / f"{recipe.name}.py"
    if not script.exists():
        print(f"there is no survey/checks/{script.name}")
        return [], 1
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder, "shown.json")
        path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"  # the installed programs lie beside the interpreter
        variables = {**os.environ, "PATH": path, "SURVEY_SHOWN": str(told), "PYTHONDONTWRITEBYTECODE": "1"}
        status = subprocess.run([str(python), str(script)], env=variables, check=False).returncode
        if not told.exists():
            print(f"{script.name} ended with {status}, before it told what it has shown", file=sys.stderr)
            return [], 1
        return msgspec.json.decode(told.read_bytes(), type=list[Shown]), status


def _text(recipe: Recipe, faults: Sequence[Expected], shown: Sequence[Shown], versions: Sequence[str]) -> Iterator[str]:
    """The lines of the text for the maintainers of an implementation, in Markdown."""
    number = len(faults)
    yield f"# {recipe.title}: {number} difference{'s' if number > 1 else ''} from the interpreter"
    yield ""
    yield f"For <{recipe.upstream}>, seen with {', '.join(versions)}, on Linux."
    yield "Written by `nox -s survey -- --check`; not sent."
    yield ""
    yield f"What is promised: {recipe.promise}"
    yield ""
    yield "Each example can be pasted into a shell, in an empty folder, which is `<folder>` below."
    yield "`status` is the exit status of a command."
    for entry in faults:
        yield ""
        yield f"## {entry.why[0].upper()}{entry.why[1:]}"
        if not entry.source.startswith("the promise"):
            yield ""
            yield f"By: {entry.source}"
        for result in shown:
            if entry.name in result.clauses:
                yield from _example(result)


def _example(shown: Shown) -> Iterator[str]:
    """A check as commands for a shell, and what they print."""
    lines = []
    for path, file in shown.files.items():
        if "/" in path:
            lines.append(f"mkdir -p {shlex.quote(path.rpartition('/')[0])}")
        if file.printf:
            lines.append(f"printf '{file.printf}' > {shlex.quote(path)}")
        elif not file.text:
            lines.append(f"touch {shlex.quote(path)}")
        else:
            lines += [f"cat > {shlex.quote(path)} <<'END'", file.text.rstrip("\n"), "END"]
    if shown.prepare:
        lines.append(shown.prepare)
    yield ""
    yield from fenced("\n".join([*lines, *shown.commands]), "sh")
    for command, output in zip(shown.commands, shown.outputs, strict=True):
        yield f"`{command}` prints"
        yield ""
        yield from fenced(output, "text")
