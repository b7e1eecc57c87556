"""`runpy-conformance list`: the names that a command line can select, one in each line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ..cases import families
from ..cases.fixtures import fixtures, read
from ..cases.model import Case
from ..cases.varied import OF_FIXTURES, of_fixtures
from ..clauses import CHAPTERS, registry
from .command_line import Parser, command
from .kinds import did_you_mean


def main(arguments: list[str] | None = None) -> int:
    """Print a list, and return the exit status."""
    parser = Parser("list", description="List the names that a command line can select, each with its meaning.")
    parser.add_argument("kind", nargs="?", metavar="KIND", help=f"{', '.join(_LISTS)} (default: an overview)")
    parser.add_argument("chapter", nargs="?", metavar="CHAPTER", help="list only the names of this chapter")
    parser.add_options("--cases", help="the folder of the fixtures and families (default: the suite's own)")
    options = parser.parse_args(arguments)
    if options.kind in CHAPTERS and not options.chapter:  # `list packages`
        options.kind, options.chapter = "fixtures", options.kind
    if options.kind and options.kind not in _LISTS:
        parser.error(
            f"There is no list of {options.kind!r}; there are {', '.join(_LISTS)}{did_you_mean(options.kind, _LISTS)}"
        )
    if options.chapter and options.chapter not in CHAPTERS:
        hint = f"{did_you_mean(options.chapter, CHAPTERS)}; `{command('list')} chapters` lists them"
        parser.error(f"There is no chapter {options.chapter!r}{hint}")
    for line in _LISTS[options.kind](Path(options.cases), options.chapter) if options.kind else _overview():
        print(line)
    return 0


def _overview() -> Iterator[str]:
    for kind, meaning in (
        ("clauses", "the statements about run_module, with their levels"),
        ("chapters", "the topics of clauses and fixtures"),
        ("fixtures", "the named cases, in folders named after chapters"),
        ("families", "the tables from which all other cases are enumerated"),
    ):
        yield f"{command('list')} {kind:<10} {meaning}"


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
    made = Counter(case.family for case in of_fixtures(folder))
    for name, summary in OF_FIXTURES.items():
        yield f"{name}  {summary}: {made[name]} cases"


def _cases(folder: Path, chapter: str | None) -> list[Case]:
    return [read(path, folder) for path in fixtures(folder) if chapter in (None, path.parent.name)]


_LISTS: Mapping[str, Callable[[Path, str | None], Iterator[str]]] = {
    "clauses": _clauses,
    "chapters": _chapters,
    "fixtures": _fixtures,
    "families": _families,
}
