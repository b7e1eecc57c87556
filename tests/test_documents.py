"""The documents keep up with what they speak of."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from conformance import FIXTURES, HOUSE
from conformance.cases.fixtures import read
from conformance.clauses import CHAPTERS, registry
from conformance.commands.docs import pages
from tests.harness import all_cases, every_case

GAPS = (HOUSE / "docs" / "documentation-gaps.md").read_text(encoding="utf-8")
ID = re.compile(r"\b[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+\b")


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_a_generated_page_has_not_drifted(path: Path) -> None:
    """`nox -s docs` writes it anew."""
    assert path.read_text(encoding="utf-8") == pages()[path]()


def test_each_gap_is_shown_by_fixtures_that_exist() -> None:
    """Each section names at least one."""
    shown = re.findall(r"`fixtures/([\w/]+)\.toml`", GAPS)
    assert len(set(shown)) >= 20
    assert not set(shown) - all_cases().keys()
    sections = re.split(r"^### ", GAPS, flags=re.MULTILINE)[1:]
    assert not [section.splitlines()[0] for section in sections if not re.search(r"`fixtures/[\w/]+\.toml`", section)]


def test_the_clauses_that_documents_name_exist() -> None:
    """In the list of gaps, and in the reference, where each step names its clause."""
    named = re.findall(r"^Clauses: ([\s\S]*?)\n\n", GAPS, re.MULTILINE)
    ids = {clause for line in named for clause in ID.findall(line)}
    assert len(ids) > 20
    reference = (HOUSE / "reference" / "__init__.py").read_text(encoding="utf-8")
    comments = {clause for line in re.findall(r"# (.*)$", reference, re.MULTILINE) for clause in ID.findall(line)}
    assert len(comments) > 80
    assert not (ids | comments) - registry().keys()


def test_the_reference_stays_small() -> None:
    """About 170 lines of code for both functions: without blank lines, comments and docstrings."""
    text = (HOUSE / "reference" / "__init__.py").read_text(encoding="utf-8")
    without = re.sub(r'"""[\s\S]*?"""', "", text)
    assert len([line for line in without.splitlines() if line.strip() and not line.strip().startswith("#")]) <= 170


def test_every_chapter_has_clauses_and_fixtures() -> None:
    """A chapter without either is a heading over nothing."""
    for chapter in CHAPTERS:
        assert any(clause.chapter == chapter for clause in registry().values())
        assert any(case.chapter == chapter for case in every_case().values())


# Pages that are generated from tables, and those that are read without the other pages: beside an exported tree.
BY_THEMSELVES = {
    *(path.name for path in pages() if path.name != "interpreters.md"),
    "exported-tree.md",
    "observation.md",
}


@pytest.mark.parametrize("page", sorted((HOUSE / "docs").glob("*.md")), ids=lambda page: page.name)
def test_a_page_links_to_the_words_and_needs_no_environment(page: Path) -> None:
    """A reader finds the suite's words explained, and can run each command in an environment that nox makes."""
    text = page.read_text(encoding="utf-8")
    assert page.name in {*BY_THEMSELVES, "words.md"} or "(words.md" in text
    assert not re.findall(r"python -m (?:conformance\.|tests|bench|survey|nox|pytest).*", text)


def test_words_are_explained() -> None:
    """Each once, in a place of its own; each is used on another page, in the sense of the table."""
    text = (HOUSE / "docs" / "words.md").read_text(encoding="utf-8")
    explained = re.findall(r"^\| \*\*`?(.+?)`?\*\* \| (.*) \|$", text, re.MULTILINE)
    words = [word for word, _ in explained]
    assert len(set(words)) == len(words) == len(re.findall(r"^\| \*\*", text, re.MULTILINE))
    others = [path for path in (HOUSE / "docs").glob("*.md") if path.name != "words.md"]
    used = "\n".join(path.read_text(encoding="utf-8") for path in [*others, HOUSE / "README.md"])
    assert not [word for word in words if not re.search(rf"(?<!\w){re.escape(word)}", used)]
    # The words that a report shows, and those by which the code names its own modules and classes.
    assert "one not met before" in (HOUSE / "conformance" / "report" / "values.py").read_text(encoding="utf-8")
    assert "<one not met before>" in words
    assert not {"world", "case", "clause", "observation", "divergence", "finding", "trial", "side"} - set(words)
    assert "## The words" in (HOUSE / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_the_fixture_to_copy_is_one(tmp_path: Path) -> None:
    """The example of docs/writing-a-fixture.md, saved as it says, is read without a complaint."""
    text = (HOUSE / "docs" / "writing-a-fixture.md").read_text(encoding="utf-8")
    example = re.search(r"```toml\n# fixtures/(\S+) .*\n([\s\S]*?)```", text)
    assert example is not None
    path = tmp_path / example[1]
    path.parent.mkdir()
    path.write_text(example[2], encoding="utf-8")
    case = read(path, tmp_path)
    assert case.id == "altering_sys/argv_is_seen"
    assert set(case.clauses) <= registry().keys()
    assert not (FIXTURES / example[1]).exists()  # or saving it would overwrite one
    assert f"show -- {case.id} " in text
    assert tomllib.loads(example[2])["call"] == case.steps[0].content
