"""Makes the page: one HTML file that holds all of a report, and asks for nothing from a network.

Rules. A page is of one candidate or several, each on one target or several (`columns`). What it says is decided here;
how that looks is decided in `page.html`, `page.css` and `page.js`.

Theory of operation. What is to be read stands in the file as text, made by jinja from `page.html` out of plain views
(`findings`). The list of all cases, which may be five thousand, is data (`data`), of which `page.js` shows what its
reader wants to see. Nothing that a candidate has said can end the element in which it stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from ...clauses import CHAPTERS, Level
from ...clauses.sources import linked
from ...texts import visible
from ..numbers import conforming
from ..runs import Run, headline, status_of
from .columns import columns_of
from .data import data_of, programs
from .findings import CHAPTER_TITLES, SIGNS, by_chapter, clause_views, finding_views

_HERE = Path(__file__).resolve().parent
_MOST_ROWS = 15  # of two observations that are shown at first


def page(runs: Sequence[Run]) -> str:
    """The page for runs of one candidate or several, each on one target or several."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    environment.filters["prose"] = _prose
    environment.filters["linked"] = _linked
    columns = columns_of(runs)
    findings = finding_views(runs, columns)
    clauses = clause_views(runs, findings)
    rendered = environment.get_template("page.html").render(
        run=runs[0].run,
        started=min(run.run["started"] for run in runs)[:16].replace("T", " "),
        baselines=sorted({run.run["baseline"] for run in runs} - {""}),
        judged_as=runs[0].judged_as,
        status=status_of(runs),
        headline=headline(runs),
        columns=columns,
        levels=[str(level) for level in Level],
        counts=[(str(level), [conforming(run.listed, level) for run in runs]) for level in Level],
        fail_nothing=[str(level) for level in Level if level > runs[0].level],
        chapters=CHAPTER_TITLES,
        matrix=list(_matrix(runs)),
        findings=findings,
        failing=sum(finding.fails for finding in findings),
        expected=sum(finding.expected is not None for finding in findings),
        clauses=clauses,
        index=by_chapter(clauses),
        searches=_searches(runs),
        unconfirmed=[
            (column, trial["id"])
            for column, run in zip(columns.all, runs, strict=True)
            for trial in run.trials
            if trial["unconfirmed"]
        ],
        programs=_script(programs(findings)),
        data=_script(data_of(runs, columns)),
        signs=SIGNS,
        most_rows=_MOST_ROWS,
        style=(_HERE / "page.css").read_text(encoding="utf-8"),
        script=(_HERE / "page.js").read_text(encoding="utf-8"),
    )
    return visible(rendered, "\n\t")


def _prose(text: str) -> Markup:
    """A sentence, with what stands between backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _linked(source: str) -> Markup:
    """A source, with a link to what it names."""
    link = Markup('<a class="out" href="{}" rel="noopener noreferrer">{}</a>')
    return Markup("").join(link.format(address, piece) if address else piece for piece, address in linked(source))


def _script(data: Any) -> Markup:
    """Data, so that no text in it ends the element that it stands in."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=True)
    return Markup(text.replace("<", "\\u003c"))


def _matrix(runs: Sequence[Run]) -> Iterator[tuple[str, list[tuple[int, int, int, str]]]]:
    """Each chapter that was tried with its cells, one for each run.

    A cell is about the clauses up to the level: the numbers of those that conform, that were judged, and of all; and
    the worst verdict on them.
    """
    for chapter in CHAPTERS:
        cells = []
        for run in runs:
            clauses = [
                clause
                for clause in run.listed
                if clause["chapter"] == chapter and Level.parse(clause["level"]) <= run.level
            ]
            worst = min((clause["verdict"] for clause in clauses), key=list(SIGNS).index, default="not-run")
            good, judged = map(sum, zip((0, 0), *(conforming(clauses, level) for level in Level), strict=True))
            partly = good and worst == "not-run"
            cells.append((good, judged, len(clauses), "partly" if partly else worst))
        if any(count for _, _, count, _ in cells):
            yield chapter, cells


def _searches(runs: Sequence[Run]) -> list[tuple[str, int, int]]:
    """Each property, with the numbers of the cases that were tried by it and of its finds."""
    numbers: dict[str, tuple[int, int]] = {}
    for run in runs:
        for search in run.searches:
            tried, finds = numbers.get(search["property"], (0, 0))
            numbers[search["property"]] = tried + search["tried"], finds + len(search["finds"])
    return [(name, *counts) for name, counts in numbers.items()]
