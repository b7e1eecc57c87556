"""Shows how far a run is: a line that moves on a terminal, and otherwise a line for each chapter that is done.

Rules. `Counter` is pure but for its clock; `Progress` shows a counter, and knows pytest's items only by their ids. It
stands in the place of pytest's own dots and percentages, unless -v asks for these.

Theory of operation. The rate is that of the cases of the last seconds, and what is left follows from it. A search has a
budget instead: a number of cases to draw, or a time; until its rate is known, one is assumed.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from ..clauses import CHAPTERS

_TITLES = {**CHAPTERS, "families": "Families", "search": "The search", "baseline": "Baseline"}
_RECENT = 8.0  # seconds, of which the rate is taken
_SEARCHED = 100.0  # cases a second that a search tries, until it is known better
_PER_SECOND = 4


class Counter:
    """Counts what is done and what is left.

    examples: the number of cases that each search is to draw. seconds: or the time for which all of them may search.

    It has many attributes since named cases and searches are counted apart, each in whole and by chapter.
    """

    def __init__(
        self, *, examples: int = 0, seconds: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._examples = examples
        self._seconds = seconds
        self._left: dict[str, int] = {}
        self._failed: dict[str, int] = {}
        self._all: dict[str, int] = {}
        self._marks: list[tuple[float, int]] = []
        self._searching: float | None = None
        self._done_in_search = 0
        self.drawn: Callable[[], int] = lambda: 0  # the number of cases that the present search has drawn
        self.total = 0
        self.done = 0
        self.failed = 0
        self.chapter = ""

    def begin(self, chapters: Iterable[str]) -> None:
        """Take note of what is to be done. chapters: that of each item."""
        for chapter in chapters:
            self._left[chapter] = self._left.get(chapter, 0) + 1
        self._all = dict(self._left)
        self.total = sum(count for chapter, count in self._all.items() if chapter != "search")
        self._marks = [(self._clock(), 0)]

    def start(self, chapter: str) -> None:
        """Note that an item begins."""
        self.chapter = chapter
        if chapter == "search" and self._searching is None:
            self._searching = self._clock()

    def end(self, chapter: str, failed: bool) -> str:
        """Note that an item has ended; return the line of its chapter, empty unless the item was its last."""
        self._left[chapter] = self._left.get(chapter, 1) - 1
        self.failed += failed
        self._failed[chapter] = self._failed.get(chapter, 0) + failed
        if chapter != "search":
            self.done += 1
            self._marks.append((self._clock(), self.done))
            while len(self._marks) > 2 and self._marks[1][0] < self._clock() - _RECENT:
                self._marks.pop(0)
        else:
            self._done_in_search += 1
        return self.line(chapter) if not self._left[chapter] else ""

    def line(self, chapter: str) -> str:
        """The line of a chapter that is done."""
        count = self._all.get(chapter, 0)
        noun = "propert" + ("ies" if count != 1 else "y") if chapter == "search" else "case" + "s" * (count != 1)
        failed = self._failed.get(chapter, 0)
        verb = (
            ("found something" if chapter == "search" else "diverges" if failed == 1 else "diverge") if failed else ""
        )
        tail = f", {failed:,} {verb}" if failed else ""
        return f"{_TITLES.get(chapter, chapter)}: {count:,} {noun}{tail}"

    @property
    def rate(self) -> float:
        """Cases a second, over the last seconds."""
        (start, before), (end, done) = self._marks[0], self._marks[-1]
        return (done - before) / (end - start) if end > start else 0.0

    @property
    def left(self) -> float | None:
        """The seconds that are left; None if that is not known."""
        rest = self.total - self.done
        if rest and not self.rate:
            return None
        return (rest / self.rate if rest else 0.0) + self._left_to_search()

    def _left_to_search(self) -> float:
        properties = self._left.get("search", 0)
        if not properties:
            return 0.0
        now = self._clock()
        if self._seconds is not None:
            begun = now if self._searching is None else self._searching
            return max(self._seconds - (now - begun), 0.0)
        drawn = self._done_in_search * self._examples + min(self.drawn(), self._examples)
        rate = _SEARCHED
        if self._searching is not None and drawn and now > self._searching:
            rate = drawn / (now - self._searching)
        return (self._all["search"] * self._examples - drawn) / rate

    def words(self, width: int) -> str:
        """The whole count in one line. width: characters that it may have; what matters least is left out first."""
        title = _TITLES.get(self.chapter, self.chapter)
        if self.chapter == "search":
            count = f"{self._done_in_search}/{self._all['search']} properties  {self.drawn():,} drawn"
        else:
            count = f"{self.done:,}/{self.total:,}"
        rate = f"{self.rate:,.0f}/s" if self.rate and self.chapter != "search" else ""
        seconds = self.left
        # A search that has drawn all its cases is shrinking finds; nobody knows how long that takes.
        known = seconds is not None and (self.chapter != "search" or seconds >= 1)
        left = f"{_clock(seconds)} left" if known else ""
        failed = f"{self.failed:,} diverge" if self.failed else ""
        parts = [part for part in (count, rate, left, failed) if part]
        whole = self.total + self._all.get("search", 0)
        fraction = (self.done + self._done_in_search) / whole if whole else 0.0
        rest = "  ".join(parts)
        room = width - len(title) - len(rest) - 4
        bar = ""
        if room >= 10:
            full = min(room, 40)
            bar = "━" * round(fraction * full) + "╌" * (full - round(fraction * full))
        return "  ".join(part for part in (title, bar, rest) if part)[:width]


def apart(file: TextIO) -> TextIO:
    """A second file for the same terminal: while a case runs, pytest redirects the first."""
    try:
        return os.fdopen(os.dup(file.fileno()), "w", encoding=file.encoding or "utf-8", errors="backslashreplace")
    except OSError:  # it has no file descriptor
        return file


def _clock(seconds: float | None) -> str:
    minutes, rest = divmod(round(seconds or 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def chapter_of(nodeid: str) -> str:
    """The chapter of one of pytest's items."""
    parts = PurePosixPath(re.split(r"::", nodeid)[0]).parts
    if "families" in parts:
        return "families"
    for part in parts:
        if part in _TITLES:
            return part
    return parts[-2] if len(parts) > 1 else parts[0] if parts else ""


class Progress:
    """Shows a counter on a console, as it goes."""

    def __init__(self, console: Console, counter: Counter) -> None:
        self.counter = counter
        self._console = console
        self._live: Live | None = None

    def begin(self, nodeids: Sequence[str]) -> None:
        """Begin to show the counter."""
        self.counter.begin(chapter_of(nodeid) for nodeid in nodeids)
        if self._console.is_terminal and not self._console.is_dumb_terminal:
            self._live = Live(
                get_renderable=lambda: Text(self.counter.words(self._console.width - 1), no_wrap=True),
                console=self._console,
                refresh_per_second=_PER_SECOND,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()

    def start(self, nodeid: str) -> None:
        """Note that an item begins."""
        self.counter.start(chapter_of(nodeid))

    def end(self, nodeid: str, failed: bool) -> None:
        """Note that an item has ended; print the line of its chapter, where nothing moves."""
        line = self.counter.end(chapter_of(nodeid), failed)
        if line and self._live is None:
            self._console.print(line, highlight=False, markup=False)

    def show(self, what: Callable[[Console], None]) -> None:
        """Have something printed above the moving line."""
        what(self._console)

    def close(self) -> None:
        """Take the moving line away."""
        if self._live is not None:
            self._live.stop()
            self._live = None
