"""The kinds of reports that `--report` writes, by the ending of the file: records, a page, a summary, a badge."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from . import badge, markdown
from .endings import BADGE, BADGE_DATA, ENDINGS, PAGE, SUMMARY
from .runs import Run, by_candidate


def _page(runs: Sequence[Run]) -> str:
    from .page import page

    return page(runs)


# The endings of names, and for each the function that makes the text.
WRITERS: Mapping[str, Callable[[Sequence[Run]], str]] = {
    PAGE: _page,
    SUMMARY: markdown.summary,
    BADGE: badge.svg,
    BADGE_DATA: badge.endpoint,
}
_OF_ONE_CANDIDATE = (BADGE, BADGE_DATA)


class OutputError(Exception):
    """Raised for a report that cannot be written; the text says why."""


def ending(path: str) -> str:
    """The ending of a name, one of ENDINGS. Raises OutputError."""
    for known in ENDINGS:
        if path.lower().endswith(known):
            return known
    raise OutputError(
        f"The report {path} ends in none of {', '.join(ENDINGS)}: records, a page, a summary in Markdown, a badge, the "
        "data of a badge."
    )


def check(path: str) -> None:
    """Make sure that a file can be written; what it holds stays. Raises OutputError."""
    if ending(path) == PAGE:
        from . import page  # noqa: F401 - a missing dependency is noticed now, and not when all has been run
    try:
        existed = Path(path).exists()
        with Path(path).open("a", encoding="utf-8"):
            pass
        if not existed:
            Path(path).unlink()
    except OSError as exc:
        raise OutputError(f"The report {path} cannot be written: {exc.strerror}.") from None


def check_candidates(path: str, runs: Sequence[Run]) -> None:
    """Make sure that a report of this kind can be of several candidates, if there are several. Raises OutputError."""
    candidates = [*by_candidate(runs)]
    if len(candidates) > 1 and ending(path) in _OF_ONE_CANDIDATE:
        raise OutputError(
            f"{path}: a badge is of one candidate, and these runs judge {len(candidates)}: {', '.join(candidates)}; "
            "make a badge of the runs of each"
        )


def write(path: str, runs: Sequence[Run]) -> None:
    """Write a report of any kind but the records. Raises OutputError."""
    text = WRITERS[ending(path)](runs)
    try:
        Path(path).write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as exc:
        raise OutputError(f"The report {path} cannot be written: {exc.strerror}.") from None
