"""Writes the generated pages of docs/; with --check, reports the pages that differ from what would be generated.

usage: python -m conformance.commands.docs [--check]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from .. import FIXTURES, HOUSE
from ..cases.fixtures import fixtures, read
from ..cases.model import Case
from ..clauses import CHAPTERS, Clause, Level, registry
from ..clauses.ledger import ledger
from ..clauses.sources import markdown
from ..observation import protocol
from ..observation.recording import FOLDER, Recordings
from . import equivalence, manual, records_page
from .interpreters_page import page as interpreters_page
from .releases.page import page as releases_page
from .schemas import SCHEMAS

DOCS = HOUSE / "docs"

_LEVELS = {
    Level.DOCUMENTED: "the library reference promises it",
    Level.COMPAT: "not promised, but every CPython does it, and real programs rely on it",
    Level.EXACT: "a detail of CPython: wording, order, chaining, identity",
}


def specification(clauses: Mapping[str, Clause], cases: list[Case]) -> str:
    """docs/specification.md: every clause, by chapter, with its source and the cases that show it."""
    return "\n".join(_specification(clauses, cases)) + "\n"


def _specification(clauses: Mapping[str, Clause], cases: list[Case]) -> Iterator[str]:
    judged = [clause for clause in clauses.values() if not clause.untestable]
    yield "# What run_module, run_path and python -m do"
    yield ""
    yield "Generated from `conformance/clauses/` by `nox -s docs`; change it there."
    yield ""
    yield f"{len(judged)} clauses are judged, by {len(cases)} named cases. Each has one of three levels:"
    yield ""
    for level, meaning in _LEVELS.items():
        count = sum(clause.level is level for clause in judged)
        yield f"- **{level}** ({count}): {meaning}."
    yield ""
    yield "A clause without versions holds from Python 3.8 on. No run is judged by this page: the oracle is always an"
    yield "interpreter, or the recording of one."
    for chapter, title in CHAPTERS.items():
        yield ""
        yield f"## {title}"
        for clause in clauses.values():
            if clause.chapter == chapter:
                yield from _clause(clause, [case for case in cases if clause.id in case.clauses])


def _clause(clause: Clause, cases: list[Case]) -> Iterator[str]:
    versions = f", {_versions(clause.versions)}" if clause.versions else ""
    yield ""
    yield f"### {clause.id}"
    yield ""
    yield clause.statement
    yield ""
    yield f"- {clause.level}{versions}; source: {markdown(clause.source)}"
    changes = [change.id for change in ledger() if clause.id in change.clauses]
    if changes:
        yield "- changed by " + ", ".join(f"[{change}](releases.md#{change.lower()})" for change in changes)
    if clause.unsure:
        yield f"- it is not known in which release the change came: {_versions(clause.unsure)}"
    if clause.untestable:
        yield f"- never judged: {clause.untestable}"
    elif cases:
        shown = sorted(cases, key=lambda case: (case.clauses.index(clause.id), case.id))
        yield "- shown by " + ", ".join(f"[{case.id}](../fixtures/{case.id}.toml)" for case in shown)


def _versions(specifiers: tuple[str, ...]) -> str:
    return " or ".join("Python " + specifier.replace(",", ", ") for specifier in specifiers)


def pages() -> dict[Path, Callable[[], str]]:
    """The generated pages, each with the function that makes its text."""
    return {
        DOCS / "specification.md": lambda: specification(
            registry(), [read(path, FIXTURES) for path in fixtures(FIXTURES)]
        ),
        DOCS / "options.md": manual.page,
        DOCS / "equivalence.md": equivalence.page,
        DOCS / "releases.md": lambda: releases_page(ledger(), Recordings(FIXTURES / FOLDER).cpythons),
        DOCS / "protocol.schema.json": lambda: json.dumps(protocol.schema(), indent=1) + "\n",
        DOCS / "interpreters.md": lambda: interpreters_page((DOCS / "interpreters.md").read_text(encoding="utf-8")),
        DOCS / "report-schema.md": lambda: records_page.page((DOCS / "report-schema.md").read_text(encoding="utf-8")),
        DOCS / "schemas" / "records.schema.json": records_page.schema,
        **{DOCS / "schemas" / name: make for name, make in SCHEMAS.items()},
    }


def main(arguments: list[str] | None = None) -> int:
    """Write the pages, or check them; return 1 if --check finds a difference, else 0."""
    parser = argparse.ArgumentParser(
        allow_abbrev=False, prog="python -m conformance.commands.docs", description=__doc__
    )
    parser.add_argument("--check", action="store_true", help="write nothing, and report the pages that are out of date")
    check = parser.parse_args(arguments).check
    status = 0
    for path, make in pages().items():
        text = make()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if check:
            print(f"{path.relative_to(HOUSE)} is out of date: run `nox -s docs`", file=sys.stderr)
            status = 1
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(HOUSE)}")
    return status


if __name__ == "__main__":
    sys.exit(main())
