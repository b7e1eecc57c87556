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

from ..clauses import CHAPTERS, Clause, Level
from .findings import Finding, findings, of_run
from .finds import Written
from .records import STATUS, Record
from .runs import Run, headline, status_of
from .texts import encodable, visible
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
    run: Record,
    trials: Sequence[Record],
    registry: Mapping[str, Clause],
    again: str,
    written: Mapping[str, Written] | None = None,
) -> None:
    """Print the divergences, each in full.

    trials: without what is expected of them. again: the command to which a case's id is added. written: where finds
    are, by id.
    """
    level = Level.parse(run["level"])
    found = findings(trials, level)
    for finding in found[:_MOST_GROUPS]:
        _divergence(console, finding, registry, again, written or {})
    if len(found) > _MOST_GROUPS:
        console.print(f"\n... and {len(found) - _MOST_GROUPS} more; --report=FILE.html has them all.")
    _above(console, trials, level)
    _unsupported(console, run, trials)
    _unconfirmed(console, trials)
    _run_again(console, trials)


def overview(
    console: Console,
    run: Run,
    again: str,
    written: Mapping[str, Written] | None = None,
    *,
    files: Sequence[str] = (),
    then: str = "",
) -> None:
    """Print, on one screen, how the chapters stand, what diverges, and how it ended; last the command to run next.

    run: without what is expected of it. again: as for `details`. files: the reports that were written. then: the
    command, where there is nothing to be mended.
    """

    def say(text: str, style: str = "") -> None:
        console.print(Text(text, style=style), no_wrap=True, overflow="ellipsis", crop=True)

    level = run.level
    found = findings(run.trials, level)
    end = [f"Written: {', '.join(files)}"] if files else []
    end.append(last_line(run.run, run.status, run.end))
    following = next_command(run, found, again, written or {}, then)
    end += [f"next: {following}"] if following else []
    between = [sentence for sentence in (_idle(run.clauses), _searched(run)) if sentence]
    height = console.height if console.is_terminal else _USUAL_HEIGHT
    # One line is left for what is typed next, and the table's are its head and rows.
    room = height - 1 - sum(_lines(one, console.width) for one in end) - len(between) - bool(run.run["oracle"]) - 3
    table = _table(run.clauses, level, max(room - (_LEAST_GROUPS + 1 if found else 0), _LEAST_ROWS))
    if table.row_count:
        say(f"\n{run.run['candidate']} on {run.target}: clauses that conform, of those that hold", "bold")
    else:
        say("")
    if run.run["oracle"]:
        say(f"oracle: {run.run['oracle']}")
    if table.row_count:
        console.print(table)
    for sentence in between:
        say(sentence, "dim")
    if found:
        say(f"{len(found)} divergence{'s' if len(found) > 1 else ''}, the firmest first:", "bold")
    most = min(max(room - table.row_count - 1, _LEAST_GROUPS), _MOST_LINES)
    shown = found if len(found) <= most else found[: most - 1]
    for finding in shown:
        cases = len({trial["id"] for trial, _ in finding.pairs})
        one = finding.divergence
        say(f"  {finding.clause} ({finding.level}, {cases} case{'s' if cases > 1 else ''}): {one['where']}", "red")
    if len(shown) < len(found):
        say(f"  and {len(found) - len(shown)} more")
    for line in end:
        console.print(Text(line), soft_wrap=True)  # to be copied as it stands


def _lines(text: str, width: int) -> int:
    return -(-len(text) // width)


def next_command(run: Run, found: Sequence[Finding], again: str, written: Mapping[str, Written], then: str) -> str:
    """What to type next: the first divergence alone; or else whatever leads further."""
    if not found:
        return then
    trial = found[0].trial
    if trial["chapter"] != "search":
        return f"{again} {trial['id']}"
    where = written.get(trial["id"], Written())
    if where.program is not None and where.shows:
        return f"python {where.program}"
    return f"{again} {trial['id'].rpartition('/')[0]}"


def last_line(run: Record | None, status: int, end: Record | None) -> str:
    """One line that says how it ended, and what the status means."""
    words = f"status {status}: {end['meaning'] if end else STATUS.get(status, 'unknown')}"
    if run is None or end is None:
        return words
    counts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(end["clauses"].items()))
    by = f", by the {run['oracle']}," if run["oracle"] else ""
    return f"{run['candidate']} on {run['target']['name']}{by} at level {run['level']}: {words} (clauses: {counts})"


def _table(clauses: Sequence[Record], level: Level, most: int) -> Table:
    """The chapters of which something was tried, in so many rows at most.

    Those in which all conforms are one row, if there are several; so are the last, if there is no room for all.
    """
    table = Table(box=None, pad_edge=False)
    table.add_column("chapter", no_wrap=True, overflow="ellipsis")
    for one in Level:
        table.add_column(str(one) if one <= level else f"({one})", justify="right", no_wrap=True)
    table.add_column("otherwise", no_wrap=True, overflow="ellipsis")
    own = {chapter: [clause for clause in clauses if clause["chapter"] == chapter] for chapter in CHAPTERS}
    ran = {chapter: some for chapter, some in own.items() if any(one["verdict"] != "not-run" for one in some)}
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
        at_level = [clause for clause in clauses if clause["level"] == str(one)]
        good = sum(clause["verdict"] == "conforms" for clause in at_level)
        style = "" if good == len(at_level) else "red" if one <= level else "yellow"
        cells.append(Text(f"{good}/{len(at_level)}" if at_level else "-", style=style))
    others: dict[str, int] = {}
    for clause in clauses:
        if clause["verdict"] != "conforms":
            others[clause["verdict"]] = others.get(clause["verdict"], 0) + 1
    return [*cells, Text(", ".join(f"{count} {what}" for what, count in sorted(others.items())))]


def _idle(clauses: Sequence[Record]) -> str:
    """How many chapters were left out."""
    chapters = {one["chapter"] for one in clauses}
    idle = len(chapters) - len({one["chapter"] for one in clauses if one["verdict"] != "not-run"})
    if not idle:
        return ""
    if idle == len(chapters):
        return "No case ran that is about a clause."
    return f"No case ran for the clauses of {idle} other chapter{'s' if idle > 1 else ''}."


def finds(trials: Sequence[Record], level: Level) -> list[Finding]:
    """The findings that are shown by a find of the search, since no other case shows the same as well.

    One for each clause and field: a search that is short of time may come to two cases of one fault.
    """
    found: dict[tuple[str, str], Finding] = {}
    for finding in findings(trials, level)[:_MOST_GROUPS]:
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


def _above(console: Console, trials: Sequence[Record], level: Level) -> None:
    """What differs above the level, in a sentence."""
    above: dict[str, Level] = {}
    for trial in trials:
        for one in trial["divergences"]:
            if one["cause"] and Level.parse(one["level"]) > level:
                above[one["clause"]] = Level.parse(one["level"])
    if above:
        console.print(
            f"\n{len(above)} more above the level {level}, which do not fail this run "
            f"(--level={max(above.values())} shows them): " + ", ".join(sorted(above)),
            highlight=False,
        )


def _searched(run: Run) -> str:
    """How much was searched."""
    if not run.searches:
        return ""
    by = f"{len(run.searches)} properties" if len(run.searches) > 1 else "one property"
    found = sum(trial["chapter"] == "search" for trial in run.trials)
    return (
        f"The search tried {run.searched:,} cases that it drew, by {by}, and found {found or 'nothing'} that no case "
        "before showed."
    )


def _divergence(
    console: Console,
    finding: Finding,
    registry: Mapping[str, Clause],
    again: str,
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
    if "fixture" in trial:
        _find(console, trial, written.get(trial["id"], Written()), again, say)
    else:
        say("again", f"{again} {trial['id']}")


def _find(console: Console, trial: Record, written: Written, again: str, say: Callable[..., None]) -> None:
    """The case itself, if it is short, and where it was written."""
    lines = trial["fixture"].rstrip("\n").split("\n") if trial["fixture"] else []
    if lines and len(lines) <= _LONGEST_CASE:
        console.print()
        for line in lines:
            console.print(f"    {line}", style="dim", highlight=False, markup=False, soft_wrap=True)
        console.print()
    if written.fixture is None or written.program is None:
        say("again", f"{again} {trial['id'].rpartition('/')[0]}")
        if written.problem:
            say("", written.problem)
        return
    say("written", str(written.fixture))
    folder = written.fixture.parent
    if written.shows:
        say("again", f"python {written.program}")
        say("or", f"{again} --cases={folder.parent} {folder.name}/{written.fixture.stem}")
    else:
        say("again", f"{again} --cases={folder.parent} {folder.name}/{written.fixture.stem}")


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
    """Print how several targets stand: a row each, and what diverges, once for all of them."""

    def say(text: str, style: str = "") -> None:
        console.print(Text(text, style=style), no_wrap=True, overflow="ellipsis", crop=True)

    table = Table(box=None, pad_edge=False)
    table.add_column("target", no_wrap=True)
    for one in Level:
        table.add_column(str(one) if one <= runs[0].level else f"({one})", justify="right", no_wrap=True)
    table.add_column("cases", justify="right", no_wrap=True)
    table.add_column("verdict", overflow="ellipsis")
    targets: dict[tuple[str, str], list[str]] = {}
    for run in runs:
        word = Text(run.meaning, style="" if run.status == 0 else "red")
        *cells, _ = _cells(run.clauses, run.level)
        table.add_row(run.target, *cells, f"{len(run.trials) + run.searched:,}", word)
        for fails, _, finding in of_run(run):
            if fails:
                targets.setdefault((finding.clause, finding.divergence["where"]), []).append(run.target)
    say(f"{runs[0].run['candidate']} at level {runs[0].level}: clauses that conform, of those that hold", "bold")
    console.print(table)
    for (clause, where), names in list(targets.items())[:_MOST_LINES]:
        say(f"  {clause} on {', '.join(names) if len(names) < 4 else f'{len(names)} targets'}: {where}", "red")
    if len(targets) > _MOST_LINES:
        say(f"  and {len(targets) - _MOST_LINES} more divergences")
    if files:
        console.print(Text(f"Written: {', '.join(files)}"), soft_wrap=True)
    console.print(Text(f"status {status_of(runs)}: {headline(runs)}"), soft_wrap=True)
