"""The end of a run, for somebody with ten minutes and a broken implementation.

First each divergence, grouped by what breaks: the clause in words, the case, what the oracle shows and what the
candidate shows, and the command that shows it again. Then, on one screen, how the chapters stand, and what to do next.
"""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from .. import STATUS
from ..clauses import CHAPTERS, Clause, Level
from ..texts import encodable, visible
from . import asked
from .again import Commands
from .findings import Finding, across, failing, of_run
from .finds import Written
from .numbers import BROKEN, VERBS, Numbers, conforming, numbers, plural, said, unjudged
from .records import Record
from .runs import Run, by_candidate, headline, places, status_of
from .values import show, two_sides

_MOST_GROUPS = 40
_LONGEST_CASE = 30  # lines
_USUAL_WIDTH = 110  # where there is no terminal
_LEAST_WIDTH = 60
_USUAL_HEIGHT = 24
_LEAST_GROUPS, _MOST_LINES = 3, 12  # divergences that are named at the end, a line each
_LEAST_ROWS = 3  # of chapters


class _Console(Console):
    """A console that escapes what is not printed, or what its file cannot hold: a candidate may say anything."""

    def on_broken_pipe(self) -> None:
        """Leave it to whoever prints, where rich would exit."""
        raise  # noqa: PLE0704 - what is being handled

    def render_str(self, text: str, **options: Any) -> Text:
        """What is about to be printed, as a text: rich drops some characters from those."""
        return super().render_str(visible(text, "\n"), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What is about to be printed, in pieces."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield segment._replace(text=encodable(visible(segment.text, "\n"), self.encoding))


def console_on(file: TextIO, *, colour: bool) -> Console:
    """A console that is as wide as its terminal, and coloured only if that is wanted."""
    known = file.isatty() or "COLUMNS" in os.environ
    console = _Console(file=file, emoji=False, color_system="auto" if colour else None, force_terminal=colour or None)
    console.width = max(console.width, _LEAST_WIDTH) if known else _USUAL_WIDTH
    return console


def details(
    console: Console,
    run: Run,
    registry: Mapping[str, Clause],
    commands: Commands,
    written: Mapping[str, Written] | None = None,
) -> None:
    """Print the findings that fail a run, each in full. written: where finds of the search are, by id."""
    found = failing(run)
    for finding in found[:_MOST_GROUPS]:
        _finding(console, finding, registry, commands, written or {})
    if len(found) > _MOST_GROUPS:
        console.print(
            f"\n... and {plural(len(found) - _MOST_GROUPS, 'finding')} more; --report=FILE.html has them all."
        )
    _above(console, run)
    _unsupported(console, run.run, run.trials)
    _unconfirmed(console, run.trials)
    _run_again(console, run.trials)


def overview(console: Console, run: Run, *, files: Sequence[str] = (), then: str = "") -> None:
    """Print, on one screen, how the chapters stand, what diverges, and how it ended; last the command to run next.

    files: the reports that were written. then: that command.
    """

    def say(text: str, style: str = "") -> None:
        console.print(Text(text, style=style), no_wrap=True, overflow="ellipsis", crop=True)

    level = run.level
    found, count = failing(run), numbers(run)
    end = [*asked.answers(run), *([f"Written: {', '.join(files)}"] if files else [])]
    end.append(last_line(run.run, run.status, run.end, count))
    end += [f"next: {then}"] if then else []
    between = [sentence for sentence in (_untried(run), _searched(run, count)) if sentence]
    height = console.height if console.is_terminal else _USUAL_HEIGHT
    # One line is left for what is typed next, and the table's are its head and rows.
    room = height - 1 - sum(_lines(one, console.width) for one in end) - len(between) - bool(run.run["oracle"]) - 3
    table = _table(run.listed, level, max(room - (_LEAST_GROUPS + 1 if found else 0), _LEAST_ROWS))
    if table.row_count:
        say(f"\n{run.run['candidate']} on {run.target}: {_heading(level)}", "bold")
    else:
        say("")
    if run.run["oracle"]:
        say(f"oracle: {run.run['oracle']}")
    if table.row_count:
        console.print(table)
    for sentence in between:
        say(sentence, "dim")
    if found:
        say(f"{plural(len(found), 'finding')}, the firmest first:", "bold")
    most = min(max(room - table.row_count - 1, _LEAST_GROUPS), _MOST_LINES)
    shown = found if len(found) <= most else found[: most - 1]
    for finding in shown:
        cases = plural(finding.cases, "case")
        say(f"  {finding.clause} ({finding.level}, {cases}): {finding.divergence['where']}", "red")
    if len(shown) < len(found):
        say(f"  and {len(found) - len(shown)} more")
    for line in end:
        console.print(Text(line), soft_wrap=True)  # to be copied as it stands


def _lines(text: str, width: int) -> int:
    return -(-len(text) // width)


def last_line(run: Record | None, status: int, end: Record | None, count: Numbers | None = None) -> str:
    """One line that says how it ended, and what the status means."""
    words = f"status {status}: {end['meaning'] if end else STATUS.get(status, 'unknown')}"
    if run is None or end is None:
        return words
    counted = said(count) if count is not None else ""
    by = f", by the {run['oracle']}," if run["oracle"] else ""
    line = f"{run['candidate']} on {run['target']['name']}{by} at level {run['level']}: {words}"
    return f"{line} ({counted})" if counted else line


def _heading(level: Level) -> str:
    """The title of a table of clauses."""
    above = [str(one) for one in Level if one > level]
    aside = f" ({' and '.join(above)} fail{'s' if len(above) == 1 else ''} nothing)" if above else ""
    return f"clauses that conform, of those judged{aside}"


def _table(clauses: Sequence[Record], level: Level, most: int) -> Table:
    """The chapters of which something was tried, in so many rows at most.

    Those in which all conforms are one row, if there are several; so are the last, if there is no room for all.
    """
    table = Table(box=None, pad_edge=False)
    table.add_column("chapter", no_wrap=True, overflow="ellipsis")
    for one in Level:
        table.add_column(str(one), justify="right", no_wrap=True)
    table.add_column("the others", no_wrap=True, overflow="ellipsis")
    own = {chapter: [clause for clause in clauses if clause["chapter"] == chapter] for chapter in CHAPTERS}
    ran = {chapter: some for chapter, some in own.items() if some}
    clean = [chapter for chapter, some in ran.items() if all(one["verdict"] == "conforms" for one in some)]
    if len(clean) < 2:
        clean = []
    alone = [chapter for chapter in ran if chapter not in clean]
    rest = clean
    if len(alone) + bool(clean) > most:
        alone, rest = alone[: most - 1], [*alone[most - 1 :], *clean]
    for chapter in alone:
        table.add_row(CHAPTERS[chapter], *_cells(ran[chapter], level))
    if rest:
        what = f"{len(rest)} {'other ' if alone else ''}chapters"
        table.add_row(what, *_cells([one for chapter in rest for one in ran[chapter]], level))
    return table


def _cells(clauses: Sequence[Record], level: Level) -> list[Text]:
    cells = []
    for one in Level:
        good, judged = conforming(clauses, one)
        style = "" if good == judged else "red" if one <= level else "yellow"
        cells.append(Text(f"{good}/{judged}" if judged else "-", style=style))
    others: dict[str, int] = {}
    for clause in clauses:
        if clause["verdict"] != "conforms":
            others[clause["verdict"]] = others.get(clause["verdict"], 0) + 1
    return [
        *cells,
        Text(
            ", ".join(
                f"{count} {what if count == 1 and what in BROKEN else VERBS[what]}"
                for what, count in sorted(others.items())
            )
        ),
    ]


def _untried(run: Run) -> str:
    """How many clauses were left out, though nobody asked for that."""
    if not run.listed:
        return "No case ran that is about a clause."
    return f"No case ran for {plural(run.untried, 'other clause')}." if run.untried else ""


def finds(run: Run) -> list[Finding]:
    """The findings that are shown by a find of the search, since no other case shows the same as well.

    One for each clause and field: a search that is short of time may come to two cases of one fault.
    """
    found: dict[tuple[str, str], Finding] = {}
    for finding in failing(run)[:_MOST_GROUPS]:
        if "fixture" in finding.trial:
            key = finding.clause, finding.divergence["field"]
            if key not in found or finding.trial["size"] < found[key].trial["size"]:
                found[key] = finding
    return list(found.values())


def says(finding: Finding) -> str:
    """What differs in the case of a finding, in words."""
    one = finding.divergence
    place, oracle, candidate = two_sides(one)
    return f"{one['where']}{place}\n  runpy      {show(oracle)}\n  candidate  {show(candidate)}"


def _above(console: Console, run: Run) -> None:
    """What differs above the level, in a sentence."""
    found = [finding for fails, expected, finding in of_run(run) if not fails and expected is None]
    if found:
        clauses = {one["clause"]: Level.parse(one["level"]) for finding in found for _, one in finding.pairs}
        fail = "fails" if len(found) == 1 else "fail"
        console.print(
            f"\n{plural(len(found), 'finding')} above the level {run.level} {fail} nothing in this run "
            f"(--level={max(clauses.values())} shows them), in {plural(len(clauses), 'clause')}: "
            + ", ".join(sorted(clauses)),
            highlight=False,
        )


def _searched(run: Run, count: Numbers) -> str:
    """How much was searched."""
    if not run.searches:
        return ""
    by = f"{len(run.searches)} properties" if len(run.searches) > 1 else "one property"
    return (
        f"The search tried {count.drawn:,} cases that it drew, by {by}, and found {count.finds or 'nothing'} that no "
        "case before showed."
    )


def _finding(
    console: Console,
    finding: Finding,
    registry: Mapping[str, Clause],
    commands: Commands,
    written: Mapping[str, Written],
) -> None:
    trial, one = finding.trial, finding.divergence
    clause = registry.get(one["clause"])

    def say(label: str, text: str, style: str = "") -> None:
        width = max(console.width - 1, 40)
        lines = textwrap.wrap(text, width - 13, break_on_hyphens=False, replace_whitespace=False) or [""]
        if label in ("again", "or", "written"):  # to be copied as it stands
            lines = [text]
        for number, line in enumerate(lines):
            label = "" if number else label
            console.print(f"  {label:<10} {line}", style=style, highlight=False, markup=False, soft_wrap=True)

    console.print()
    console.print(Text(f"{one['clause']}", style="bold red").append(f"  {one['level']}, {one['phase']}", style="dim"))
    if clause is not None:
        for line in textwrap.wrap(clause.statement, max(console.width - 3, 40), break_on_hyphens=False):
            console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
        say("source", clause.source, "dim")
    place, oracle, candidate = two_sides(one)
    say("case", f"{trial['id']}: {trial['summary']}")
    say("differs", one["where"] + place)
    say("oracle", show(oracle))
    say("candidate", show(candidate))
    if finding.followers:
        say("then also", _some(finding.followers, 3, "; "), "dim")
    if finding.likewise:
        say("likewise", _some(finding.likewise, 3), "dim")
    if finding.breaks_too:
        say("breaks too", _some([f"{other} ({case})" for other, case in finding.breaks_too.items()], 6), "dim")
    where = written.get(trial["id"], Written())
    if "fixture" in trial:
        _find(console, trial, where, say)
    for label, command in zip(("again", "or"), commands.of(finding, where), strict=False):
        say(label, command)
    if where.problem:
        say("", where.problem)


def _find(console: Console, trial: Record, written: Written, say: Callable[..., None]) -> None:
    """The case itself, if it is short, and where it was written."""
    lines = trial["fixture"].rstrip("\n").split("\n") if trial["fixture"] else []
    if lines and len(lines) <= _LONGEST_CASE:
        console.print()
        for line in lines:
            console.print(f"    {line}", style="dim", highlight=False, markup=False, soft_wrap=True)
        console.print()
    if written.fixture is not None:
        say("written", str(written.fixture))


def _some(words: Sequence[str], most: int, separator: str = ", ") -> str:
    rest = len(words) - most
    return separator.join(words[:most]) + (f"{separator}{rest} more" if rest > 0 else "")


def _unsupported(console: Console, run: Record, trials: Sequence[Record]) -> None:
    reasons: dict[str, int] = {}
    for trial in trials:
        if trial["verdict"] == "unsupported":
            reasons[trial["reason"]] = reasons.get(trial["reason"], 0) + 1
    if reasons:
        console.print("\nNot offered by the candidate, and neither conforming nor diverging:", style="bold")
        for reason, count in sorted(reasons.items(), key=lambda pair: -pair[1]):
            console.print(f"  {count} case{'s' if count > 1 else ''}: {reason}", highlight=False, markup=False)
    for field, reason in run["unseen"].items():
        console.print(f"  not seen through this adapter: {field} ({reason})", highlight=False, markup=False)
    if run["delegates"]:
        console.print(
            "\nThe candidate is this interpreter's own runpy, or has it do the work: a fact, and no verdict.",
            highlight=False,
        )


def _run_again(console: Console, trials: Sequence[Record]) -> None:
    again = [one for one in trials if one["reason"].startswith("run again")]
    for trial in again[:5]:
        console.print(f"\n{trial['id']}: {trial['reason']}", highlight=False, markup=False)
    if len(again) > 5:
        console.print(f"and so were {len(again) - 5} cases more", highlight=False)


def _unconfirmed(console: Console, trials: Sequence[Record]) -> None:
    shaky = [trial["id"] for trial in trials if trial["unconfirmed"]]
    if shaky:
        cases = f"{len(shaky)} case{'s' if len(shaky) > 1 else ''}"
        console.print(
            f"\n{cases} showed a difference that fresh interpreters did not show, and that does not count: "
            + ", ".join(shaky[:10]),
            highlight=False,
        )


def merged(console: Console, runs: Sequence[Run], files: Sequence[str] = ()) -> None:
    """Print how each candidate stands on each target, a row each, and what diverges, once for all of them."""

    def say(text: str, style: str = "") -> None:
        console.print(Text(text, style=style), no_wrap=True, overflow="ellipsis", crop=True)

    candidates = by_candidate(runs)
    several = len(candidates) > 1
    table = Table(box=None, pad_edge=False)
    if several:
        table.add_column("candidate", no_wrap=True, overflow="ellipsis")
    table.add_column("target", no_wrap=True)
    for one in Level:
        table.add_column(str(one), justify="right", no_wrap=True)
    for name in ("not judged", "cases", "diverge", "drawn"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict", overflow="ellipsis")
    for run in runs:
        word = Text(run.meaning, style="" if run.status == 0 else "red")
        *cells, _ = _cells(run.listed, run.level)
        count = numbers(run)
        counted = (unjudged(run.listed), count.cases, count.cases_diverging, count.drawn)
        name = run.candidate if run is candidates[run.candidate][0] else ""
        table.add_row(
            *([Text(name)] if several else []),
            run.target,
            *cells,
            *(f"{number:,}" if number else "-" for number in counted),
            word,
        )
    say(f"{', '.join(candidates)} at level {runs[0].level}: {_heading(runs[0].level)}", "bold")
    console.print(table)
    found = [shared for shared in across(runs) if shared.fails]
    if found:
        say(f"{plural(len(found), 'finding')}, the firmest first:", "bold")
    for shared in found[:_MOST_LINES]:
        where = shared.finding.divergence["where"]
        say(f"  {shared.finding.clause} {places(list(shared.cases), runs)}: {where}", "red")
    if len(found) > _MOST_LINES:
        say(f"  and {len(found) - _MOST_LINES} more")
    if files:
        console.print(Text(f"Written: {', '.join(files)}"), soft_wrap=True)
    if several:
        for name, own in candidates.items():
            console.print(Text(f"{name}: {headline(own)}"), soft_wrap=True)
    console.print(Text(f"status {status_of(runs)}: {headline(runs)}"), soft_wrap=True)
