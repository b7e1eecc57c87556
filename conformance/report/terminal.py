"""Prints the screen with which a run ends, and that of several runs that are read back.

Rules. What is printed here fits one screen: how the chapters stand, the findings in a line each, how it ended, and the
command to run next. Everything in full is in `details`, above it.

Theory of operation. The lines at the end are long commands and are never cut; the table of chapters and the list of
findings share the lines of the screen that these leave. Chapters in which all conforms become one row, and so do the
last if there is no room for all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .. import STATUS
from ..clauses import CHAPTERS, Level
from .answers import answers
from .findings import across, failing
from .numbers import BROKEN, VERBS, Numbers, conforming, in_words, numbers, order, plural, unjudged
from .runs import Run, by_candidate, headline, places, status_of
from .types import ClauseRecord, EndRecord, RunRecord

_USUAL_HEIGHT = 24  # where there is no terminal
_LEAST_FINDINGS, _MOST_FINDINGS = 3, 12  # that are named, a line each
_LEAST_ROWS = 3  # of chapters
_MOST_REASONS = 3  # for which cases were not judged

# -- one run ---------------------------------------------------------------------------------------------------


def overview(console: Console, run: Run, *, files: Sequence[str] = (), then: str = "") -> None:
    """Print, on one screen, how the chapters stand, what diverges, and how it ended.

    files: the reports that were written. then: the command to run next, which is printed last.
    """
    say = _speaker(console)
    level = run.level
    findings, count = failing(run), numbers(run)
    end = [*answers(run), *([f"Written: {', '.join(files)}"] if files else [])]
    end.append(last_line(run.run, run.status, run.end, count))
    end += [f"next: {then}"] if then else []
    between = [
        sentence for sentence in (_untried(run), _unjudged(run), _searched(run, count), _left_out(run)) if sentence
    ]
    height = console.height if console.is_terminal else _USUAL_HEIGHT
    # One line is left for what is typed next, and the table's are its head and rows.
    end_lines = sum(_lines(line, console.width) for line in end)
    room = height - 1 - end_lines - len(between) - bool(run.run["oracle"]) - 3
    table = _table(run.listed, level, max(room - (_LEAST_FINDINGS + 1 if findings else 0), _LEAST_ROWS))
    if table.row_count:
        say(f"\n{run.candidate} on {run.target}: {_heading(level)}", "bold")
    else:
        say("", "")
    if run.run["oracle"]:
        say(f"oracle: {run.run['oracle']}", "")
    if table.row_count:
        console.print(table)
    for sentence in between:
        say(sentence, "dim")
    if findings:
        say(f"{order(len(findings))}:", "bold")
    most = min(max(room - table.row_count - 1, _LEAST_FINDINGS), _MOST_FINDINGS)
    named = findings if len(findings) <= most else findings[: most - 1]
    for finding in named:
        cases = plural(finding.cases, "case")
        say(f"  {finding.clause} ({finding.level}, {cases}): {finding.divergence['where']}", "red")
    if len(named) < len(findings):
        say(f"  and {len(findings) - len(named)} more", "")
    for line in end:
        console.print(Text(line), soft_wrap=True)  # to be copied as it stands


def _speaker(console: Console) -> Callable[[str, str], None]:
    """A function that prints a text in a style, on one line, cut off at the width of the console."""

    def say(text: str, style: str) -> None:
        console.print(Text(text, style=style), no_wrap=True, overflow="ellipsis", crop=True)

    return say


def _lines(text: str, width: int) -> int:
    """The number of lines that a text takes."""
    return -(-len(text) // width)


def last_line(run: RunRecord | None, status: int, end: EndRecord | None, count: Numbers | None = None) -> str:
    """The line that says how a run ended, and what its status means."""
    words = f"status {status}: {end['meaning'] if end else STATUS.get(status, 'unknown')}"
    if run is None or end is None:
        return words
    counted = in_words(count) if count is not None else ""
    by = f", by the {run['oracle']}," if run["oracle"] else ""
    line = f"{run['candidate']} on {run['target']['name']}{by} at level {run['level']}: {words}"
    return f"{line} ({counted})" if counted else line


def _heading(level: Level) -> str:
    """The title of a table of clauses."""
    above = [str(higher) for higher in Level if higher > level]
    aside = f" ({' and '.join(above)} fail{'s' if len(above) == 1 else ''} nothing)" if above else ""
    return f"clauses that conform, of those judged{aside}"


def _untried(run: Run) -> str:
    """The sentence about clauses that were left out, though nobody asked for that; empty if there are none."""
    if not run.listed:
        return "No case ran that is about a clause."
    return f"No case ran for {plural(run.untried, 'other clause')}." if run.untried else ""


def _unjudged(run: Run) -> str:
    """The sentence about cases that the oracle could not judge, though the interpreter has all that they require."""
    reasons = Counter(
        trial["reason"]
        for trial in run.trials
        if trial["verdict"] == "not-run" and not trial["reason"].endswith(" is required")
    ).most_common()
    words = [f"{plural(count, 'case')} ({reason})" for reason, count in reasons[:_MOST_REASONS]]
    if rest := sum(count for _, count in reasons[_MOST_REASONS:]):
        words.append(f"{plural(rest, 'case')} for other reasons")
    return f"Not judged: {', '.join(words)}." if words else ""


def _searched(run: Run, count: Numbers) -> str:
    """The sentence about the search; empty if there was none."""
    if not run.searches:
        return ""
    by = f"{len(run.searches)} properties" if len(run.searches) > 1 else "one property"
    return (
        f"The search tried {count.drawn:,} cases that it drew, by {by}, and found {count.finds or 'nothing'} that no "
        "case before showed."
    )


def _left_out(run: Run) -> str:
    """The sentence about cases that the search left out; empty if there are none."""
    count = sum(search["left_out"] for search in run.searches)
    return f"{plural(count, 'case')} left out, as most differ in known ways: --profile=thorough." if count else ""


# -- the table of chapters -------------------------------------------------------------------------------------


def _table(clauses: Sequence[ClauseRecord], level: Level, most: int) -> Table:
    """The table of the chapters of which something was tried. most: the number of rows that it may have.

    Chapters in which all conforms are one row, if there are several; so are the last, if there is no room for all.
    """
    table = Table(box=None, pad_edge=False)
    table.add_column("chapter", no_wrap=True, overflow="ellipsis")
    for column in Level:
        table.add_column(str(column), justify="right", no_wrap=True)
    table.add_column("the others", no_wrap=True, overflow="ellipsis")
    by_chapter = {chapter: [clause for clause in clauses if clause["chapter"] == chapter] for chapter in CHAPTERS}
    tried = {chapter: of_chapter for chapter, of_chapter in by_chapter.items() if of_chapter}
    clean = [
        chapter
        for chapter, of_chapter in tried.items()
        if all(clause["verdict"] == "conforms" for clause in of_chapter)
    ]
    if len(clean) < 2:
        clean = []
    alone = [chapter for chapter in tried if chapter not in clean]
    rest = clean
    if len(alone) + bool(clean) > most:
        alone, rest = alone[: most - 1], [*alone[most - 1 :], *clean]
    for chapter in alone:
        table.add_row(CHAPTERS[chapter], *_cells(tried[chapter], level))
    if rest:
        title = f"{len(rest)} {'other ' if alone else ''}chapters"
        table.add_row(title, *_cells([clause for chapter in rest for clause in tried[chapter]], level))
    return table


def _cells(clauses: Sequence[ClauseRecord], level: Level) -> list[Text]:
    """The cells of some clauses: those that conform of those judged, for each level; then the other verdicts."""
    cells = []
    for column in Level:
        good, judged = conforming(clauses, column)
        style = "" if good == judged else "red" if column <= level else "yellow"
        cells.append(Text(f"{good}/{judged}" if judged else "-", style=style))
    others = Counter(clause["verdict"] for clause in clauses if clause["verdict"] != "conforms")
    words = (
        f"{count} {verdict if count == 1 and verdict in BROKEN else VERBS[verdict]}"
        for verdict, count in sorted(others.items())
    )
    return [*cells, Text(", ".join(words))]


# -- several runs ----------------------------------------------------------------------------------------------


def merged(console: Console, runs: Sequence[Run], files: Sequence[str] = ()) -> None:
    """Print how each candidate stands on each target, a row each, and what diverges, once for all of them."""
    say = _speaker(console)
    candidates = by_candidate(runs)
    several = len(candidates) > 1
    table = Table(box=None, pad_edge=False)
    if several:
        table.add_column("candidate", no_wrap=True, overflow="ellipsis")
    table.add_column("target", no_wrap=True)
    for level in Level:
        table.add_column(str(level), justify="right", no_wrap=True)
    for name in ("not judged", "cases", "diverge", "drawn"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict", overflow="ellipsis")
    for run in runs:
        verdict = Text(run.meaning, style="" if run.status == 0 else "red")
        *cells, _ = _cells(run.listed, run.level)
        count = numbers(run)
        counted = (unjudged(run.listed), count.cases, count.cases_diverging, count.drawn)
        name = run.candidate if run is candidates[run.candidate][0] else ""
        table.add_row(
            *([Text(name)] if several else []),
            run.target,
            *cells,
            *(f"{number:,}" if number else "-" for number in counted),
            verdict,
        )
    say(f"{', '.join(candidates)} at level {runs[0].level}: {_heading(runs[0].level)}", "bold")
    console.print(table)
    findings = [shared for shared in across(runs) if shared.fails]
    if findings:
        say(f"{order(len(findings))}:", "bold")
    for shared in findings[:_MOST_FINDINGS]:
        where = shared.finding.divergence["where"]
        say(f"  {shared.finding.clause} {places(list(shared.cases), runs)}: {where}", "red")
    if len(findings) > _MOST_FINDINGS:
        say(f"  and {len(findings) - _MOST_FINDINGS} more", "")
    if files:
        console.print(Text(f"Written: {', '.join(files)}"), soft_wrap=True)
    if several:
        for name, of_candidate in candidates.items():
            console.print(Text(f"{name}: {headline(of_candidate)}"), soft_wrap=True)
    console.print(Text(f"status {status_of(runs)}: {headline(runs)}"), soft_wrap=True)
