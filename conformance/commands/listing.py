"""`runpy-conformance list`: what can be named on a command line, one a line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ..cases import families
from ..cases.fixtures import fixtures, read
from ..cases.model import Case
from ..clauses import CHAPTERS, registry
from .command_line import Parser, command
from .kinds import did_you_mean


def main(arguments: list[str] | None = None) -> int:
    """Print a list; the exit status."""
    parser = Parser("list", description="Print what can be named on a command line, one a line, with what it says.")
    parser.add_argument("kind", nargs="?", metavar="KIND", help=f"{', '.join(_LISTS)}; an overview if none is given")
    parser.add_argument("chapter", nargs="?", metavar="CHAPTER", help="only what belongs to this chapter")
    parser.take("--cases")
    asked = parser.parse_args(arguments)
    if asked.kind in CHAPTERS and not asked.chapter:  # `list packages`
        asked.kind, asked.chapter = "fixtures", asked.kind
    if asked.kind and asked.kind not in _LISTS:
        parser.error(
            f"There is no list of {asked.kind!r}; there are {', '.join(_LISTS)}{did_you_mean(asked.kind, _LISTS)}"
        )
    if asked.chapter and asked.chapter not in CHAPTERS:
        names = f"; {command('list')} chapters says which there are"
        parser.error(f"There is no chapter {asked.chapter!r}{did_you_mean(asked.chapter, CHAPTERS)}{names}")
    for line in _LISTS[asked.kind](Path(asked.cases), asked.chapter) if asked.kind else _overview():
        print(line)
    return 0


def _overview() -> Iterator[str]:
    for kind, what in (
        ("clauses", "what run_module does, one statement each"),
        ("chapters", "what clauses and fixtures are about"),
        ("fixtures", "named cases, in folders named after chapters"),
        ("families", "what enumerates the other cases"),
    ):
        yield f"{command('list')} {kind:<10} {what}"


def _clauses(folder: Path, chapter: str | None) -> Iterator[str]:
    for clause in registry().values():
        if chapter in (None, clause.chapter):
            yield f"{clause.id}  {clause.level}{', never judged' * bool(clause.untestable)}: {clause.statement}"


def _chapters(folder: Path, chapter: str | None) -> Iterator[str]:
    for name, title in CHAPTERS.items():
        if chapter in (None, name):
            clauses = sum(clause.chapter == name for clause in registry().values())
            yield f"{name}  {title}: {clauses} clauses, {len(_cases(folder, name))} fixtures"


def _fixtures(folder: Path, chapter: str | None) -> Iterator[str]:
    for case in _cases(folder, chapter):
        yield f"{case.id}  {case.summary}"


def _families(folder: Path, chapter: str | None) -> Iterator[str]:
    for family, cases in families.by_family(folder):
        yield f"families/{family.id}  {family.summary}: {len(cases)} cases"


def _cases(folder: Path, chapter: str | None) -> list[Case]:
    return [read(path, folder) for path in fixtures(folder) if chapter in (None, path.parent.name)]


_LISTS: Mapping[str, Callable[[Path, str | None], Iterator[str]]] = {
    "clauses": _clauses,
    "chapters": _chapters,
    "fixtures": _fixtures,
    "families": _families,
}
