"""A summary in Markdown, for the page of a CI job: who, what, and what to look at first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..clauses import CHAPTERS, Level
from .findings import Finding, of_run
from .records import Record
from .runs import Run, by_candidate, headline, places, problems, status_of
from .texts import visible
from .values import show, two_sides

_MOST = 20  # findings; a job's page is cut off at a megabyte
_LEAST = 3  # of each candidate
_SIGNS = {0: "✅", 1: "❌"}


def summary(runs: Sequence[Run]) -> str:
    """The page for runs of one candidate or several, on one target or several."""
    return "\n".join(_lines(runs)) + "\n"


def _lines(runs: Sequence[Run]) -> Iterator[str]:
    run, candidates = runs[0].run, by_candidate(runs)
    several = len(candidates) > 1
    names = ", ".join(map(code, candidates))
    yield f"## {_SIGNS.get(status_of(runs), '⚠️')} {names} as `runpy.run_module`: {headline(runs)}"
    yield ""
    if several:
        for name, own in candidates.items():
            yield f"- {_SIGNS.get(status_of(own), '⚠️')} {code(name)}: {headline(own)}"
        yield ""
    for problem in problems(runs):
        yield f"> **Incomplete**, and nothing is said to conform there: {text(problem)}"
        yield ""
    yield f"Clauses that conform, of those that hold. Level {run['level']}; suite {run['suite']}" + (
        f"; judged by the {text(run['oracle'])}." if run["oracle"] else "."
    )
    yield ""
    yield f"|{' candidate |' * several} target | verdict | " + " | ".join(str(level) for level in Level) + " | cases |"
    yield "|---" * several + "|---|---|" + "--:|" * (len(Level) + 1)
    for one in runs:
        cells = " | ".join(_count(one.clauses, level) for level in Level)
        word = text(one.meaning) if one.complete else "incomplete"
        sign, cases = _SIGNS.get(one.status, "⚠️"), len(one.trials) + one.searched
        name = f"| {code(one.candidate)} " * several
        yield f"{name}| {text(one.target)} | {sign} {word} | {cells} | {cases:,} |"
    most = max(_MOST // len(candidates), _LEAST)
    for name, own in candidates.items():
        found = _findings(own)
        if found:
            yield ""
            yield f"### {f'{code(name)}: ' * several}{len(found)} divergence{'s' if len(found) > 1 else ''}"
        for showing, finding, owner in found[:most]:
            yield from _finding(showing, finding, owner)
        if len(found) > most:
            yield ""
            yield f"... and {len(found) - most} more; the HTML report and the records have them all."
        broken = [chapter for chapter in CHAPTERS if any(_breaks(one, chapter) for one in own)]
        if broken:
            yield ""
            yield "Chapters in which clauses are broken: " + ", ".join(CHAPTERS[one] for one in broken) + "."


def _breaks(run: Run, chapter: str) -> bool:
    levels = {str(level) for level in Level if level <= run.level}
    return any(
        one["chapter"] == chapter and one["level"] in levels and one["verdict"] in ("diverges", "crashes", "hangs")
        for one in run.clauses
    )


def _count(clauses: Sequence[Record], level: Level) -> str:
    own = [one for one in clauses if one["level"] == str(level)]
    return f"{sum(one['verdict'] == 'conforms' for one in own)}/{len(own)}" if own else "-"


def _findings(runs: Sequence[Run]) -> list[tuple[list[Run], Finding, Run]]:
    """What fails the runs of one candidate, once for all targets that show it: where, the finding, and its own run."""
    found: dict[tuple[str, ...], tuple[list[Run], Finding, Run]] = {}
    for run in runs:
        for fails, _, finding in of_run(run):
            if fails:
                one = finding.divergence
                key = one["clause"], one["phase"], one["field"], one["kind"]
                showing = found.setdefault(key, ([], finding, run))[0]
                if run not in showing:
                    showing.append(run)
    return sorted(found.values(), key=lambda one: one[1].level)


def _finding(showing: Sequence[Run], finding: Finding, run: Run) -> Iterator[str]:
    one, trial = finding.divergence, finding.trial
    statement = next((clause["statement"] for clause in run.clauses if clause["id"] == finding.clause), "")
    place, oracle, candidate = two_sides(one)
    where = places(showing, showing)
    yield ""
    what = f"<b>{html(finding.clause)}</b> ({finding.level}) {html(where)}: {html(one['where'] + place)}"
    yield f"<details><summary>{what}</summary>"
    yield ""
    yield text(statement)
    yield ""
    yield "| | |"
    yield "|---|---|"
    yield f"| case | {code(trial['id'])} |"
    yield f"| oracle | {code(show(oracle))} |"
    yield f"| candidate | {code(show(candidate))} |"
    yield ""
    fixture = str(run.shown.get(trial["id"], {}).get("fixture") or trial.get("fixture", ""))
    if fixture:
        yield from fenced(fixture, "toml")
    name = trial["id"].rpartition("/")[0] if trial["chapter"] == "search" else trial["id"]
    yield from fenced(f"{run.run['again']} {name}\n", "sh")
    yield "</details>"


def fenced(content: str, language: str) -> Iterator[str]:
    """A block of code, whatever is in it."""
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
    return "".join("\\" + one if one in "\\*_[]|" else one for one in value)


def html(value: str) -> str:
    """A text within HTML."""
    return visible(value, "\n").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
