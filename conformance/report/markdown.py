"""A summary in Markdown, for the page of a CI job: who, what, and what to look at first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..clauses import CHAPTERS, Level
from ..texts import visible
from .findings import Shared, across
from .numbers import BROKEN, conforming, counted, numbers, order, plural, unjudged
from .rerun import command_of
from .runs import Run, by_candidate, headline, places, problems, status_of
from .values import exception_of, shown

_MOST = 20  # findings; a job's page is cut off at a megabyte
_LEAST = 3  # of each candidate
_MOST_CASES = 3  # that are named beside the leading case
_SIGNS = {0: "✅", 1: "❌"}


def summary(runs: Sequence[Run]) -> str:
    """The page for runs of one candidate or several, on one target or several."""
    return "\n".join(_lines(runs)) + "\n"


def _lines(runs: Sequence[Run]) -> Iterator[str]:
    head, candidates = runs[0].run, by_candidate(runs)
    several = len(candidates) > 1
    names = ", ".join(map(code, candidates))
    yield f"## {_SIGNS.get(status_of(runs), '⚠️')} {names} as `{runs[0].judged_as}`: {headline(runs)}"
    yield ""
    if several:
        for name, of_candidate in candidates.items():
            yield f"- {_SIGNS.get(status_of(of_candidate), '⚠️')} {code(name)}: {headline(of_candidate)}"
        yield ""
    for problem in problems(runs):
        yield f"> **Incomplete**, and nothing is said to conform there: {text(problem)}"
        yield ""
    above = [str(level) for level in Level if level > runs[0].level]
    aside = f" ({' and '.join(above)} fail{'s' if len(above) == 1 else ''} nothing)" if above else ""
    yield f"Clauses that conform, of those judged. Level {head['level']}{aside}; suite {head['suite']}" + (
        f"; judged by the {text(head['oracle'])}." if head["oracle"] else "."
    )
    yield ""
    levels = " | ".join(map(str, Level))
    yield f"|{' candidate |' * several} target | verdict | {levels} | not judged | cases | that diverge | drawn |"
    yield "|---" * several + "|---|---|" + "--:|" * (len(Level) + 4)
    for run in runs:
        cells = " | ".join(_cell(*conforming(run.listed, level)) for level in Level)
        meaning = text(run.meaning) if run.complete else "incomplete"
        count, sign = numbers(run), _SIGNS.get(run.status, "⚠️")
        counted = (unjudged(run.listed), count.cases, count.cases_diverging, count.drawn)
        rest = " | ".join(f"{number:,}" if number else "-" for number in counted)
        name = f"| {code(run.candidate)} " * several
        yield f"{name}| {text(run.target)} | {sign} {meaning} | {cells} | {rest} |"
    most = max(_MOST // len(candidates), _LEAST)
    for name, of_candidate in candidates.items():
        failing = [shared for shared in across(of_candidate) if shared.fails]
        if failing:
            yield ""
            yield f"### {f'{code(name)}: ' * several}{order(len(failing))}"
        for shared in failing[:most]:
            yield from _finding(shared)
        if len(failing) > most:
            yield ""
            more = plural(len(failing) - most, "finding")
            yield f"... and {more} more; the HTML report and the records have them all."
        broken = [chapter for chapter in CHAPTERS if any(_breaks(run, chapter) for run in of_candidate)]
        if broken:
            yield ""
            yield "Chapters in which clauses are broken: " + ", ".join(CHAPTERS[chapter] for chapter in broken) + "."


def _breaks(run: Run, chapter: str) -> bool:
    levels = {str(level) for level in Level if level <= run.level}
    return any(
        clause["chapter"] == chapter and clause["level"] in levels and clause["verdict"] in BROKEN
        for clause in run.clauses
    )


def _cell(good: int, judged: int) -> str:
    return f"{good}/{judged}" if judged else "-"


def _finding(shared: Shared) -> Iterator[str]:
    finding, run = shared.finding, shared.run
    divergence, trial = finding.divergence, finding.trial
    statement = next((clause["statement"] for clause in run.clauses if clause["id"] == finding.clause), "")
    place, oracle, candidate = shown(divergence)
    where = places(list(shared.cases), list(shared.cases))
    yield ""
    summary = f"<b>{html(finding.clause)}</b> ({finding.level}) {html(where)}: {html(divergence['where'] + place)}"
    yield f"<details><summary>{summary}</summary>"
    yield ""
    when = f"When: {finding.when}" if finding.when else ""
    for sentence in filter(None, (exception_of(trial, divergence), statement, when)):
        yield text(sentence)
        yield ""
    yield "| | |"
    yield "|---|---|"
    yield f"| case | {code(trial['id'])} |"
    yield f"| oracle | {code(oracle)} |"
    yield f"| candidate | {code(candidate)} |"
    if finding.other_cases:
        rest = len(finding.other_cases) - _MOST_CASES
        more = f", and {rest:,} more (the HTML report lists all)" if rest > 0 else ""
        yield f"| likewise | {', '.join(map(code, finding.other_cases[:_MOST_CASES]))}{more} |"
    if finding.breaking_cases < finding.cases:
        yield f"| shown by | {text(counted(finding))} |"
    yield ""
    fixture = run.fixture_of(trial)
    if fixture:
        yield from fenced(fixture, "toml")
    yield from fenced(f"{command_of(run, finding)}\n", "sh")
    yield "</details>"


def fenced(content: str, language: str) -> Iterator[str]:
    """A block of code that holds any text."""
    fence = "```"
    while fence in content:
        fence += "`"
    yield f"{fence}{language}"
    yield visible(content.rstrip("\n"), "\n\t")
    yield fence
    yield ""


def code(value: str) -> str:
    """A text as code, in a cell of a table as well."""
    value = visible(" ".join(value.split())).replace("|", "\\|")
    fence = "`"
    while fence in value:
        fence += "`"
    space = " " if value.startswith("`") or value.endswith("`") else ""
    return f"{fence}{space}{value}{space}{fence}" if value else ""


def text(value: str) -> str:
    """A text in which nothing is Markdown or HTML, but for `code`."""
    pieces = value.split("`")
    if len(pieces) % 2 == 0:
        pieces = ["'".join(pieces)]
    return "".join(f"`{piece}`" if number % 2 else _escaped(piece) for number, piece in enumerate(pieces))


def _escaped(value: str) -> str:
    value = html(" ".join(value.split(" ")).replace("\n", " "))
    return "".join("\\" + letter if letter in "\\*_[]|" else letter for letter in value)


def html(value: str) -> str:
    """A text within HTML."""
    return visible(value, "\n").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
