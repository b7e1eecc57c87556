"""What `--report` writes, by the name of the file: records, a page, a summary, a badge."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from . import badge, markdown
from .runs import Run, by_candidate

RECORDS = ".jsonl"


def _page(runs: Sequence[Run]) -> str:
    from .page import page

    return page(runs)


# How a name ends, and what makes the text.
WRITERS: Mapping[str, Callable[[Sequence[Run]], str]] = {
    ".html": _page,
    ".md": markdown.summary,
    ".svg": badge.svg,
    "badge.json": badge.endpoint,
}
ENDINGS = (RECORDS, *WRITERS)
_OF_ONE_CANDIDATE = (".svg", "badge.json")


class OutputError(Exception):
    """What was asked for cannot be written; the text says why."""


def ending(path: str) -> str:
    """Which of the endings a name has. Raises OutputError."""
    for one in ENDINGS:
        if path.lower().endswith(one):
            return one
    raise OutputError(
        f"The report {path} ends in none of {', '.join(ENDINGS)}: records, a page, a summary in Markdown, a badge, the "
        "data of a badge."
    )


def check(path: str) -> None:
    """Whether a file can be written; nothing of it is lost. Raises OutputError."""
    if ending(path) == ".html":
        from . import page  # noqa: F401 - what it needs is missed now, and not when all has been run
    try:
        there = Path(path).exists()
        with Path(path).open("a", encoding="utf-8"):
            pass
        if not there:
            Path(path).unlink()
    except OSError as exc:
        raise OutputError(f"The report {path} cannot be written: {exc.strerror}.") from None


def check_candidates(path: str, runs: Sequence[Run]) -> None:
    """Make sure that such a report can be of these candidates. Raises OutputError."""
    candidates = [*by_candidate(runs)]
    if len(candidates) > 1 and ending(path) in _OF_ONE_CANDIDATE:
        raise OutputError(
            f"{path}: a badge is of one candidate, and these runs judge {len(candidates)}: {', '.join(candidates)}; "
            "make a badge of the runs of each"
        )


def write(path: str, runs: Sequence[Run]) -> None:
    """Write one of them, but for the records. Raises OutputError."""
    text = WRITERS[ending(path)](runs)
    try:
        Path(path).write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as exc:
        raise OutputError(f"The report {path} cannot be written: {exc.strerror}.") from None
