"""Makes docs/releases.md from the ledger: the changes of each release, for authors of implementations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from packaging.version import Version

from ...clauses.ledger import Change
from ...clauses.sources import markdown
from ...observation.recording import Build
from .cases_of_changes import case_of


def page(changes: Sequence[Change], builds: Mapping[str, Build]) -> str:
    """The text of the page. builds: the recorded builds; a change is shown between two of them."""
    return "\n".join(_page(changes, builds)) + "\n"


def _page(changes: Sequence[Change], builds: Mapping[str, Build]) -> Iterator[str]:
    releases = list(dict.fromkeys(_language(change) for change in changes))
    yield "# What each release has changed"
    yield ""
    yield "Generated from `conformance/clauses/releases/` by `nox -s docs`; change it there."
    yield ""
    yield f"The suite knows {len(changes)} changes of what `run_module` does, or of what a case shows, from Python"
    yield "3.8 to the latest release. Some are changes of `runpy` itself, and others follow from importlib,"
    yield "zipimport, the compiler and the standard library. The table of a release says what an implementation for"
    yield "the release before it has to change. `nox -s releases` compares the interpreters on this machine. It"
    yield "fails if they differ in something that is not in this list (the *ledger*), and if a change in the ledger"
    yield "does not show. [words.md](words.md) explains the words."
    yield ""
    yield "The column *since* has, as the source says it, the first release with the change, and then the first"
    yield "releases of earlier versions to which it was ported back. The column *seen* has two recorded releases"
    yield "between which the case shows the change; `unshown` means that no two recorded releases differ by it."
    yield ""
    yield "| release | changes | of these with clauses |"
    yield "|---|---|---|"
    for release in releases:
        of_release = [change for change in changes if _language(change) == release]
        with_clauses = sum(bool(change.clauses) for change in of_release)
        yield f"| [{release}](#python-{release.replace('.', '')}) | {len(of_release)} | {with_clauses} |"
    for release in releases:
        yield ""
        yield f"## Python {release}"
        yield ""
        yield "| change | before | after | since | seen | clauses | case | source |"
        yield "|---|---|---|---|---|---|---|---|"
        for change in changes:
            if _language(change) == release:
                yield "| " + " | ".join(map(_cell, _cells(change, builds))) + " |"


def _language(change: Change) -> str:
    return change.release.rpartition(".")[0]


def _cells(change: Change, builds: Mapping[str, Build]) -> Iterator[str]:
    yield f'<a id="{change.id.lower()}"></a>{change.id}'
    yield change.before
    yield change.after
    yield ", ".join((change.release, *change.backports))
    yield _seen(change, builds)
    clauses = [f"ends {_clause(name)}" for name in change.ends] + [f"begins {_clause(name)}" for name in change.begins]
    yield ", ".join(clauses)
    path = f"../fixtures/{change.case}.toml"
    if change.case.startswith("releases/"):
        path = f"../conformance/commands/releases/cases/{change.case.partition('/')[2]}.toml"
    yield f"[{case_of(change).summary}]({path})"
    yield markdown(change.source)


def _clause(name: str) -> str:
    return f"[{name}](specification.md#{name.lower()})"


def _seen(change: Change, builds: Mapping[str, Build]) -> str:
    versions = sorted((build.version for build in builds.values()), key=Version)
    pairs = [pair for pair in pairwise(versions) if change.between(*pair)]
    return ", ".join(f"{old} and {new}" for old, new in pairs) or "unshown"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
