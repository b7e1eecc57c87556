"""The badge: how a candidate stands in a few letters, as a picture and as the data that badge services read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape

from .numbers import numbers
from .runs import Run, status_of

# By exit status: the colour's name for services, and as it is drawn.
_COLOURS = {0: ("brightgreen", "#2f7d32"), 1: ("red", "#b3261e")}
_OTHERWISE = ("lightgrey", "#6b6f76")
# DejaVu Sans at 11 pixels, about as wide as other fonts of its kind.
_NARROW, _WIDE, _USUAL = 3.9, 10.4, 6.9


def message(runs: Sequence[Run]) -> str:
    """The text of the badge: "conforms on 9 targets", "187/189 clauses on 3.12.1", "incomplete"."""
    status = status_of(runs)
    where = runs[0].target.removeprefix("CPython ") if len(runs) == 1 else f"{len(runs)} targets"
    if status == 0:
        expected = any(run.end and run.end["expected"] for run in runs)
        return f"conforms{', as expected,' if expected else ''} on {where}"
    if status == 1:
        if len(runs) > 1:
            return f"diverges on {sum(run.status == 1 for run in runs)} of {where}"
        count = numbers(runs[0])
        return f"{count.clauses_conforming}/{count.clauses} clauses on {where}"
    return "nothing ran" if status == 5 else "incomplete"


def label(runs: Sequence[Run]) -> str:
    """The left part of the badge: "run_module", or "python -m"."""
    return runs[0].judged_as.removeprefix("runpy.")


def endpoint(runs: Sequence[Run]) -> str:
    """The JSON that badge services read (shields.io calls it an endpoint)."""
    status = status_of(runs)
    data = {
        "schemaVersion": 1,
        "label": label(runs),
        "message": message(runs),
        "color": _COLOURS.get(status, _OTHERWISE)[0],
        "isError": status not in (0, 1),
    }
    return json.dumps(data, indent=2) + "\n"


def svg(runs: Sequence[Run]) -> str:
    """The picture. It needs no font, image or link from elsewhere."""
    verdict, what = message(runs), label(runs)
    colour = _COLOURS.get(status_of(runs), _OTHERWISE)[1]
    left, right = (round(_width(text)) + 12 for text in (what, verdict))
    whole = left + right
    title = escape(f"{what}: {verdict}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="20" role="img" aria-label="{title}">'
        f"<title>{title}</title>"
        f'<clipPath id="round"><rect width="{whole}" height="20" rx="3"/></clipPath>'
        f'<g clip-path="url(#round)"><rect width="{left}" height="20" fill="#444"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{colour}"/></g>'
        f'<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f'<text x="{left / 2:g}" y="14" textLength="{left - 12}">{escape(what)}</text>'
        f'<text x="{left + right / 2:g}" y="14" textLength="{right - 12}">{escape(verdict)}</text></g></svg>\n'
    )


def _width(text: str) -> float:
    return sum(_NARROW if letter in " .,:;'ijl|/()-" else _WIDE if letter in "mwMW" else _USUAL for letter in text)
