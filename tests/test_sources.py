"""The addresses of the sources that clauses and the ledger name."""

from __future__ import annotations

import pytest

from conformance.clauses import registry
from conformance.clauses.ledger import ledger
from conformance.clauses.sources import linked, markdown

# What begins so is no document: the clause says what was seen there.
WITHOUT_ADDRESS = "observed on CPython "
SOURCES = sorted({clause.source for clause in registry().values()} | {change.source for change in ledger()})


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_has_an_address_or_is_known_to_have_none(source: str) -> None:
    """Each part of it; and its text stays as it is."""
    assert "".join(text for text, _ in linked(source)) == source
    for part in source.split("; "):
        addresses = [address for _, address in linked(part) if address]
        assert bool(addresses) is not part.startswith(WITHOUT_ADDRESS), part
        assert all(address.startswith("https://") and not set(address) & set(" <>\"')") for address in addresses)


@pytest.mark.parametrize(
    ("source", "addresses"),
    [
        (
            "library reference: run_module; PEP 366",
            ["https://docs.python.org/3/library/runpy.html#runpy.run_module", "https://peps.python.org/pep-0366/"],
        ),
        (
            "library reference: run_module (up to 3.14); PEP 3147",
            ["https://docs.python.org/3.14/library/runpy.html#runpy.run_module", "https://peps.python.org/pep-3147/"],
        ),
        (
            "library reference: the import system (the module cache)",
            ["https://docs.python.org/3/reference/import.html#the-module-cache"],
        ),
        ("PEP 302, PEP 420", ["https://peps.python.org/pep-0302/", "https://peps.python.org/pep-0420/"]),
        (
            "observed on CPython 3.8-3.15; bpo-18214",
            ["https://bugs.python.org/issue18214"],
        ),
        (
            "gh-149117; changelogs of CPython 3.13.14 and 3.14.5",
            [
                "https://github.com/python/cpython/issues/149117",
                "https://docs.python.org/3.13/whatsnew/changelog.html#python-3-13-14-final",
                "https://docs.python.org/3.14/whatsnew/changelog.html#python-3-14-5-final",
            ],
        ),
        (
            "changelogs of CPython 3.12.6 and 3.13.0a3",
            [
                "https://docs.python.org/3.12/whatsnew/changelog.html#python-3-12-6-final",
                "https://docs.python.org/3.13/whatsnew/changelog.html#python-3-13-0-alpha-3",
            ],
        ),
        ("library reference: a chapter that is not there", []),
        ("PEP", []),
        ("", []),
    ],
)
def test_addresses(source: str, addresses: list[str]) -> None:
    """Of each kind of source; one that is not known has none, and is text."""
    assert [address for _, address in linked(source) if address] == addresses
    assert "".join(text for text, _ in linked(source)) == source


def test_in_markdown() -> None:
    """A source with an address is a link, and any other is text."""
    assert markdown("PEP 366; observed on CPython 3.8-3.15") == (
        "[PEP 366](https://peps.python.org/pep-0366/); observed on CPython 3.8-3.15"
    )
