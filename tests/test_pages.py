"""The commands that pages show can be typed: the session, its options and the names behind them exist."""

from __future__ import annotations

import argparse
import functools
import importlib
import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

from conformance import HOUSE, __main__
from conformance.cases.families import by_family
from conformance.cases.model import FAMILIES, SEARCH
from conformance.cases.strategies import PROPERTIES
from conformance.clauses import CHAPTERS, registry
from conformance.clauses.pythons import TARGETS
from conformance.commands import command_line, options
from conformance.commands.kinds import Kind, UsageError, checked
from conformance.commands.options import OF_PYTEST, OPTIONS
from tests.harness import all_cases

PAGES = [
    *sorted((HOUSE / "docs").glob("*.md")),
    *(page for page in sorted(HOUSE.glob("*/README.md")) if not page.parent.name.startswith(".")),
    HOUSE / "README.md",
    HOUSE / "CONTRIBUTING.md",
]

NOXFILE = (HOUSE / "noxfile.py").read_text(encoding="utf-8")

# Pages that show no command; in any other page at least one has to be found.
WITHOUT_COMMANDS = {
    "docs/documentation-gaps.md",
    "docs/observation.md",
    "docs/protocol.md",
    "docs/survival.md",
    "docs/words.md",
    "reference/README.md",
}

# A word in capitals stands for what the reader has: FOLDER, CASE, FILE.html.
PLACEHOLDER = re.compile(r"[A-Z]+(\.[A-Z]+)*(\.\w+)*")
COMMAND = re.compile(r"(?:nox|runpy-conformance|python -m (?:conformance|survey|bench)|pytest)(?: |$)")


@dataclass(frozen=True)
class Command:
    """A command that a page shows.

    program: `nox`, or what else it begins with. before: the words up to `--`; after: those behind it. A program other
    than nox has all its words behind.
    """

    text: str
    program: str
    before: tuple[str, ...]
    after: tuple[str, ...]


def read(text: str) -> Command:
    """Take a command apart. A part in brackets may be left out, and is read as if it were there."""
    words = shlex.split(re.sub(r"\[(-[^\]]*)\]", r"\1", text).replace("...", ""))
    if words[0] != "nox":
        size = 3 if words[1:2] == ["-m"] else 1
        return Command(text, " ".join(words[:size]), (), tuple(words[size:]))
    place = words.index("--") if "--" in words else len(words)
    return Command(text, "nox", tuple(words[1:place]), tuple(words[place + 1 :]))


def commands(page: Path) -> Iterator[Command]:
    """The commands of a page: lines of its blocks, and its code between backticks."""
    text = page.read_text(encoding="utf-8")
    fenced = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
    blocks = "\n".join([*fenced.findall(text), *re.findall(r"^ {4}.*$", fenced.sub("", text), re.MULTILINE)])
    for line in blocks.splitlines():
        # What a run has printed, `again` and `next`, can be pasted too.
        shown = re.sub(r"^(?:again|or|next:) +", "", line.strip())
        if COMMAND.match(shown):
            yield read(re.split(r" {2,}|\s#", shown)[0])
    prose = re.sub(r"^ {4}.*$", "", fenced.sub("", text), flags=re.MULTILINE)
    for code in re.findall(r"(?<!`)`([^`]+)`(?!`)", prose):
        if COMMAND.match(shown := " ".join(code.split())):
            yield read(shown.replace("\\|", "|"))


@functools.cache
def blocks_of_sessions() -> dict[str, str]:
    """The source text of each session of the noxfile, by the session's name."""
    found = {}
    for block in NOXFILE.split("\n@nox.session")[1:]:
        named = re.search(r'^\(name="(\w+)"', block) or re.search(r"^def (\w+)", block, re.MULTILINE)
        assert named is not None
        found[named[1]] = block.partition("\n\n\n")[0]
    return found


def program(session: str) -> tuple[str, ...]:
    """The module that a session starts, with the words that the session puts first."""
    started = re.search(r'(?:driver\(session, |"-m", )"([\w.]+)"(?:, "([a-z]+)")?', blocks_of_sessions()[session])
    assert started is not None, f"nothing is known of what the session {session} does with its words"
    return tuple(filter(None, started.groups()))


@functools.cache
def sessions() -> dict[str, str]:
    """The name of each session's function by what can stand behind `-s`: `conformance-3.13` and `conformance`."""
    command = [sys.executable, "-m", "nox", "-f", str(HOUSE / "noxfile.py"), "--list", "--json", "-s"]
    command += blocks_of_sessions()
    environ = {**os.environ, "NOX_SCRIPT_MODE": "none", "UV_PYTHON_DOWNLOADS": "never"}
    listed = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    return {
        word: session["name"] for session in json.loads(listed.stdout) for word in (session["name"], session["session"])
    }


@functools.cache
def names() -> frozenset[str]:
    """All that can be named in order to be judged alone."""
    of_families = {FAMILIES, *(f"{FAMILIES}/{family.id}" for family, _ in by_family(HOUSE / "fixtures"))}
    of_search = {SEARCH, *(f"{SEARCH}/{name}" for name in PROPERTIES)}
    guide = (HOUSE / "docs" / "writing-a-fixture.md").read_text(encoding="utf-8")
    to_be_saved = re.findall(r"^# fixtures/(\S+)\.toml", guide, re.MULTILINE)  # by a reader who follows that page
    assert len(to_be_saved) == 1
    return frozenset({*registry(), *CHAPTERS, *all_cases(), *of_families, *of_search, *to_be_saved})


@functools.cache
def help_of_pytest() -> str:
    """The help text of pytest and its plugins."""
    command = [sys.executable, "-m", "pytest", "--help"]
    return subprocess.run(command, cwd=HOUSE, capture_output=True, text=True, check=True).stdout


class Understood(Exception):
    """A parser has taken a command line; what it asks for is not to be done."""


@pytest.fixture
def lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have options take files and interpreters that are not here."""
    strict = {Kind.CHOICE, Kind.WHOLE_NUMBER, Kind.SECONDS, Kind.DURATION, Kind.PROCESSES, Kind.REPORT_FILE}

    def check(name: str, kind: Kind, text: str, folder: Path | None = None, choices: Sequence[str] = ()) -> str:
        return checked(name, kind, text, folder, choices) if kind in strict else text

    monkeypatch.setattr(options, "checked", check)


def follow(command: Command) -> None:
    """Read a command as the program would that it starts. Raises AssertionError, UsageError or SystemExit."""
    if command.program == "pytest":
        return judge(command.after)
    if command.program in ("runpy-conformance", "python -m conformance"):
        return start("conformance", command.after)
    if command.program != "nox":
        return start(command.program.split()[-1], command.after)
    words = list(command.before)
    if "-s" not in words:
        assert not command.after
        return None
    given = words[words.index("-s") + 1]
    word = given.replace("VERSION", TARGETS[0])
    assert word in sessions(), f"there is no session {given}"
    nox = pytest.importorskip("nox._options")
    nox.options.parser().parse_args(words)
    session = sessions()[word]
    if session == "conformance":
        judge(command.after)
    elif session in ("tests", "drivers"):
        for option in command.after:
            assert re.search(rf"(?<!\S){option.partition('=')[0]}\b", help_of_pytest()) or not option.startswith("-")
            assert not option.startswith("tests/") or (HOUSE / option).exists(), option
    elif session == "bench":  # which takes versions, and hands on interpreters
        versions = [option for option in command.after if not option.startswith("-")]
        assert set(versions) <= set(TARGETS)
        start("bench", [option for option in command.after if option.startswith("-")])
    elif command.after:
        module, *first = program(session)
        start(module, [*first, *command.after])
    return None


_parse = argparse.ArgumentParser.parse_args


def _stop(parser: argparse.ArgumentParser, *arguments: Any) -> NoReturn:
    """Stand in for `parse_args` in a program that is to read its command line and do no more."""
    _parse(parser, *arguments)
    raise Understood


def start(module: str, words: Sequence[str]) -> None:
    """Have a program read its words, and stop it there."""
    if module == "conformance":
        first = words[0] if words else ""
        if first not in command_line.COMMANDS:
            return judge(words)
        module, words = f"conformance.commands.{command_line.COMMANDS[first][0]}", words[1:]
    elif not module.endswith("__main__"):
        package = (HOUSE / module.replace(".", "/")).is_dir()
        module = f"{module}.__main__" if package else module
    for word in words:
        if re.fullmatch(r"[a-z_]+/\w+", word) and word.partition("/")[0] in CHAPTERS:
            assert word in names(), f"there is no case {word}"
        if re.fullmatch(r"[A-Z0-9]+(-[A-Z0-9]+)+", word):
            assert word in registry(), f"there is no clause {word}"
    main = importlib.import_module(module).main
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [module, *words])
        patch.setattr(argparse.ArgumentParser, "parse_args", _stop)
        try:
            status = main(list(words)) if main.__code__.co_argcount else main()
        except Understood:
            return None
    assert status == 0, f"{module} {' '.join(words)}: status {status}"
    return None


def judge(words: Sequence[str]) -> None:
    """Read the words of the command that judges, of which the rest are pytest's."""
    if {"--help", "--version"} & set(words):
        return
    ours = {option.name for option in (*OPTIONS, *OF_PYTEST)}
    rest = [word for word in command_line.read(words).arguments() if word.partition("=")[0] not in ours]
    while rest:
        word = rest.pop(0)
        if word in ("-n", "-k", "-p"):
            rest.pop(0)
        elif word.startswith("-"):
            assert f"{word} " in help_of_pytest(), f"there is no option {word}"
        elif not PLACEHOLDER.fullmatch(word):
            name, points, clause = word.partition("::")
            assert name in names(), f"there is nothing that is called {name}"
            assert not points or clause in registry(), f"there is no clause {clause}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(HOUSE)))
@pytest.mark.usefixtures("lenient")
def test_each_command_of_a_page_can_be_typed(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No command is refused by the program that it names."""
    found = list(commands(page))
    assert found or str(page.relative_to(HOUSE)) in WITHOUT_COMMANDS
    monkeypatch.chdir(tmp_path)
    refused = {}
    for command in found:
        try:
            follow(command)
        except (AssertionError, UsageError, KeyError, ImportError) as exc:
            refused[command.text] = str(exc) or repr(exc)
        except SystemExit:
            refused[command.text] = capsys.readouterr().err
    assert not refused


@pytest.mark.parametrize(
    "command",
    [
        "nox -s conformances -- --impl=mypkg",
        "nox --session conformance-3.7 -s conformance-3.7",
        "nox -Q -s conformance",
        "nox -s conformance -- --imp=mypkg",
        "nox -s conformance -- --level=strict",
        "nox -s conformance -- --report=out.pdf",
        "nox -s conformance -- packages/no_such_case",
        "nox -s conformance -- package",
        "nox -s conformance -- packages/nested_package_runs_main::MAIN-SUBMODULES",
        "nox -s show -- packages/no_such_case",
        "nox -s show -- packages/nested_package_runs_main --cases",
        "nox -s report -- a.jsonl --compares b.jsonl",
        "nox -s families -- --ids no_such_family",
        "nox -s bench -- 3.7",
        "nox -s bench -- --grow",
        "nox -s mutants -- ARGV-RESTORD",
        "nox -s tests -- tests/test_nothing.py",
        "nox -s tests -- --no-such-option",
        "runpy-conformance shows packages/nested_package_runs_main",
        "python -m survey debugpy --targets=PYTHON",
    ],
)
@pytest.mark.usefixtures("lenient")
def test_a_command_that_would_be_refused_is_noticed(command: str) -> None:
    """Each of these has one mistake, of a kind that pages have had or could have."""
    with pytest.raises((AssertionError, UsageError, SystemExit)):
        follow(read(command))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(HOUSE)))
def test_the_paths_that_a_page_names_exist(page: Path) -> None:
    """Those within the project, up to a placeholder; a module that has moved is not left behind in a page."""
    code = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", page.read_text(encoding="utf-8"))
    made = {line.strip("/") for line in (HOUSE / ".gitignore").read_text(encoding="utf-8").splitlines()}  # by a run
    folders = {path.name for path in HOUSE.iterdir() if path.is_dir() and path.name[0] not in "._"}
    rooms = "|".join(sorted(folders - made))
    paths = {word for word in code if re.fullmatch(rf"(?:{rooms})/[\w./<>-]*", word)}
    assert not {path for path in paths if not (HOUSE / re.split(r"<|[A-Z]{2,}", path)[0]).exists()}
    modules = {word for word in code if re.fullmatch(r"conformance(\.[a-z_]+)+", word) and not word.endswith(".html")}
    assert not {module for module in modules if importlib.util.find_spec(module) is None}


def test_the_command_line_of_the_installed_command_is_ours() -> None:
    """The program that pages call `runpy-conformance` is the one that is read here."""
    project = (HOUSE / "pyproject.toml").read_text(encoding="utf-8")
    assert re.search(r'^runpy-conformance = ".*__main__:main"$', project, re.MULTILINE)
    assert callable(__main__.main)
