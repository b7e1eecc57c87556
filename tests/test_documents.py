"""The documents keep up with what they speak of."""

from __future__ import annotations

import re

import pytest

from conformance import HOUSE
from conformance.clauses import CHAPTERS, registry
from conformance.commands.docs import pages
from tests.harness import all_cases

GAPS = (HOUSE / "docs" / "documentation-gaps.md").read_text(encoding="utf-8")
ID = re.compile(r"\b[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+\b")


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_a_generated_page_has_not_drifted(path: object) -> None:
    """`nox -s docs` writes it anew."""
    ((_, make),) = [(one, make) for one, make in pages().items() if one == path]
    assert path.read_text(encoding="utf-8") == make()  # type: ignore[attr-defined]


def test_each_gap_is_shown_by_fixtures_that_exist() -> None:
    """Each section names at least one."""
    shown = re.findall(r"`fixtures/([\w/]+)\.toml`", GAPS)
    assert len(set(shown)) >= 20
    assert not [one for one in shown if one not in all_cases()]


def test_the_clauses_that_documents_name_exist() -> None:
    """In the list of gaps, and in the reference, where each step names its clause."""
    named = re.findall(r"^Clauses: ([\s\S]*?)\n\n", GAPS, re.MULTILINE)
    ids = {one for line in named for one in ID.findall(line)}
    reference = (HOUSE / "reference" / "__init__.py").read_text(encoding="utf-8")
    comments = {one for line in re.findall(r"# (.*)$", reference, re.MULTILINE) for one in ID.findall(line)}
    assert len(comments) > 80
    assert not [one for one in ids | comments if one not in registry()]


def test_the_reference_stays_small() -> None:
    """About 150 lines of code: without blank lines, comments and docstrings."""
    text = (HOUSE / "reference" / "__init__.py").read_text(encoding="utf-8")
    without = re.sub(r'"""[\s\S]*?"""', "", text)
    assert len([line for line in without.splitlines() if line.strip() and not line.strip().startswith("#")]) <= 150


def test_every_chapter_has_clauses_and_fixtures() -> None:
    """A chapter without either is a heading over nothing."""
    for chapter in CHAPTERS:
        assert any(clause.chapter == chapter for clause in registry().values())
        assert any(case.chapter == chapter for case in all_cases().values())
