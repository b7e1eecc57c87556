"""The end of a run, for somebody with ten minutes and a broken implementation.

A table by chapter and level; then each divergence, grouped by what breaks: the clause in words, the case, what the
oracle shows and what the candidate shows, and the command that shows it again.
"""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..case import FAMILIES
from ..clauses import CHAPTERS, Clause, Level
from ..finds import Written
from ..grouping import groups
from ..judge import without_identity
from ..owners import NOTHING, UNCHANGED
from . import records
from .records import STATUS, Record

_MOST_GROUPS = 40
_LONGEST_CASE = 30  # lines
_WIDEST = 300


def summary(
    console: Console,
    run: Record,
    trials: Sequence[Record],
    clauses: Sequence[Record],
    registry: Mapping[str, Clause],
    again: str,
    searches: Sequence[Record] = (),
    written: Mapping[str, Written] | None = None,
) -> None:
    """Print the table, then the divergences.

    again: the command to which a case's id is added. searches: their records. written: where finds are, by id.
    """
    level = Level.parse(run["level"])
    console.print(
        f"\n{run['candidate']} on {run['target']['name']}: clauses that conform, of those that hold",
        style="bold",
        highlight=False,
    )
    if run["oracle"]:
        console.print(f"oracle: {run['oracle']}", highlight=False, markup=False)
    console.print(_table(clauses, level))
    idle = len({one["chapter"] for one in clauses}) - len(_ran(clauses))
    if idle:
        console.print(
            f"No case ran for the clauses of {idle} other chapter{'s' if idle > 1 else ''}.",
            style="dim",
            highlight=False,
        )
    _unsupported(console, run, trials, clauses)
    _searched(console, searches, trials)
    counted = _groups(trials, level)
    for group in counted[:_MOST_GROUPS]:
        _divergence(console, group, registry, again, written or {})
    if len(counted) > _MOST_GROUPS:
        console.print(f"\n... and {len(counted) - _MOST_GROUPS} more; --report=FILE.jsonl has them all.")
    _above(console, trials, level)
    _unconfirmed(console, trials)


def last_line(run: Record | None, status: int, end: Record | None) -> str:
    """One line that says how it ended, and what the status means."""
    words = f"status {status}: {end['meaning'] if end else STATUS.get(status, 'unknown')}"
    if run is None or end is None:
        return words
    counts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(end["clauses"].items()))
    by = f", by the {run['oracle']}," if run["oracle"] else ""
    return f"{run['candidate']} on {run['target']['name']}{by} at level {run['level']}: {words} (clauses: {counts})"


def _ran(clauses: Sequence[Record]) -> set[str]:
    """The chapters of which something was tried."""
    return {one["chapter"] for one in clauses if one["verdict"] != "not-run"}


def _table(clauses: Sequence[Record], level: Level) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("chapter", no_wrap=True)
    for one in Level:
        table.add_column(str(one) if one <= level else f"({one})", justify="right", no_wrap=True)
    table.add_column("otherwise")
    ran = _ran(clauses)
    for chapter, title in CHAPTERS.items():
        own = [clause for clause in clauses if clause["chapter"] == chapter]
        if chapter not in ran:
            continue
        cells = []
        for one in Level:
            at_level = [clause for clause in own if clause["level"] == str(one)]
            good = sum(clause["verdict"] == "conforms" for clause in at_level)
            style = "" if good == len(at_level) else "red" if one <= level else "yellow"
            cells.append(Text(f"{good}/{len(at_level)}" if at_level else "-", style=style))
        others: dict[str, int] = {}
        for clause in own:
            if clause["verdict"] != "conforms":
                others[clause["verdict"]] = others.get(clause["verdict"], 0) + 1
        table.add_row(title, *cells, ", ".join(f"{count} {what}" for what, count in sorted(others.items())))
    return table


_Pair = tuple[Record, Record]  # a trial, and one of its divergences


def _groups(trials: Sequence[Record], level: Level, tried: int = 0) -> list[list[_Pair]]:
    """What is wrong, each thing once: the causes that one finding explains, together (see `grouping`).

    Within a group comes first what differs in the case that the finding is known by; of that, the clause that most
    cases name, by the case that shows it best: one that is about that clause, and small.
    """
    seen = {trial["id"]: records.seen(trial) for trial in trials if trial["divergences"]}
    findings = groups([one for one in seen.values() if one.causes(level)], level, tried or len(trials))
    found: dict[int, list[_Pair]] = {id(finding): [] for finding in findings.all}
    for trial in trials:
        for one, showing in zip(
            trial["divergences"], seen[trial["id"]].showings if trial["divergences"] else (), strict=True
        ):
            if showing.cause and showing.level <= level:
                finding = findings.explaining(seen[trial["id"]], showing)
                assert finding is not None
                found[id(finding)].append((trial, one))
    for finding in findings.all:
        pairs = found[id(finding)]
        count = Counter(one["clause"] for _, one in pairs)
        pairs.sort(
            key=lambda pair: (
                (pair[1]["phase"], pair[1]["field"]) not in {key[:2] for key in finding.core},
                Level.parse(pair[1]["level"]),
                -count[pair[1]["clause"]],
                *_how_well(*pair),
            )
        )
    return sorted(found.values(), key=lambda group: (Level.parse(group[0][1]["level"]), -len(group)))


def finds(trials: Sequence[Record], level: Level) -> list[Record]:
    """The finds of the search that are shown, since no other case shows the same as well."""
    leading = [group[0][0] for group in _groups(trials, level)[:_MOST_GROUPS]]
    return list({trial["id"]: trial for trial in leading if "fixture" in trial}.values())


def says(trial: Record) -> str:
    """What differs in a trial, in words: its first cause."""
    one = next(one for one in trial["divergences"] if one["cause"])
    place, oracle, candidate = narrow(one["oracle"], one["candidate"])
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


def _searched(console: Console, searches: Sequence[Record], trials: Sequence[Record]) -> None:
    """How much was searched."""
    if searches:
        tried, found = sum(one["tried"] for one in searches), sum("fixture" in trial for trial in trials)
        console.print(
            f"\nThe search tried {tried:,} cases that it drew, by {len(searches)} properties, and found "
            f"{found or 'nothing'} that no case before showed.",
            highlight=False,
        )


def _how_well(trial: Record, one: Record) -> tuple[str, bool, int, int, str]:
    """The clause, then how fit the case is to be read: a named one before those that a family made."""
    about = trial["clauses"].index(one["clause"]) if one["clause"] in trial["clauses"] else len(trial["clauses"])
    return one["clause"], trial["chapter"] == FAMILIES, about, trial["size"], trial["id"]


def _divergence(
    console: Console,
    group: list[_Pair],
    registry: Mapping[str, Clause],
    again: str,
    written: Mapping[str, Written],
) -> None:
    trial, one = group[0]
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
    place, oracle, candidate = narrow(one["oracle"], one["candidate"])
    if one["kind"] == "identity":
        oracle, candidate = ({"is": "one not met before"} if side == NOTHING else side for side in (oracle, candidate))
    say("case", f"{trial['id']}: {trial['summary']}")
    say("differs", one["where"] + place)
    say("oracle", show(oracle))
    say("candidate", show(candidate))
    followers = sorted({other["where"] for other in trial["divergences"] if not other["cause"]})
    if followers:
        say("then also", _some(followers, 3, "; "), "dim")
    likewise = [pair[0]["id"] for pair in group[1:] if pair[1]["clause"] == one["clause"]]
    if likewise:
        say("likewise", _some(likewise, 3), "dim")
    others = {pair[1]["clause"]: pair[0]["id"] for pair in reversed(group) if pair[1]["clause"] != one["clause"]}
    if others:
        say("breaks too", _some([f"{other} ({others[other]})" for other in reversed(others)], 6), "dim")
    if "fixture" in trial:
        _find(console, trial, written.get(trial["id"], Written()), again, say)
    else:
        say("again", f"{again} {trial['id']}")


def _find(console: Console, trial: Record, written: Written, again: str, say: Callable[..., None]) -> None:
    """The case itself, if it is short, and where it was written."""
    lines = trial["fixture"].splitlines()
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


def _unsupported(console: Console, run: Record, trials: Sequence[Record], clauses: Sequence[Record]) -> None:
    reasons: dict[str, int] = {}
    for trial in trials:
        if trial["verdict"] == "unsupported":
            reasons[trial["reason"]] = reasons.get(trial["reason"], 0) + 1
    if reasons:
        console.print("\nNot offered by the candidate, and neither conforming nor diverging:", style="bold")
        for reason, count in sorted(reasons.items(), key=lambda pair: -pair[1]):
            console.print(f"  {count} cases: {reason}", highlight=False, markup=False)
    for field, reason in run["unseen"].items():
        console.print(f"  not seen through this adapter: {field} ({reason})", highlight=False, markup=False)
    if run["delegates"]:
        console.print("\nThe candidate is this interpreter's own runpy.run_module.", highlight=False)


def _unconfirmed(console: Console, trials: Sequence[Record]) -> None:
    shaky = [trial["id"] for trial in trials if trial["unconfirmed"]]
    if shaky:
        console.print(
            f"\n{len(shaky)} cases showed a difference that fresh interpreters did not show, and that does not count: "
            + ", ".join(shaky[:10]),
            highlight=False,
        )


def narrow(oracle: Any, candidate: Any) -> tuple[str, Any, Any]:
    """The part of two descriptions that differs: its place, and both sides of it.

    Goes down as long as the two have the same shape and differ in one part only.
    """
    place = ""
    while True:
        if isinstance(oracle, dict) and isinstance(candidate, dict):
            if oracle.get("is") != candidate.get("is") and without_identity(oracle) == without_identity(candidate):
                mine, theirs = ({"is": side.get("is", "one not met before")} for side in (oracle, candidate))
                return place, mine, theirs
            if oracle.keys() != candidate.keys():
                return place, oracle, candidate
            parts = [(str(key), oracle[key], candidate[key]) for key in oracle]
        elif isinstance(oracle, list) and isinstance(candidate, list) and len(oracle) == len(candidate):
            parts = [(str(n), one, two) for n, (one, two) in enumerate(zip(oracle, candidate, strict=True))]
        else:
            return place, oracle, candidate
        differing = [part for part in parts if part[1] != part[2]]
        if len(differing) != 1 or differing[0][0] in ("is", "again"):
            return place, oracle, candidate
        name, oracle, candidate = differing[0]
        place += f", {name}" if not name.isdigit() else f"[{name}]"


def show(value: Any) -> str:
    """A described value on one line, in words a Python programmer reads."""
    text = _words(value)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 3] + "..."


def _words(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_words(item) for item in value) + "]"
    if not isinstance(value, dict):
        return repr(value)
    if value in (NOTHING, UNCHANGED):
        return "nothing" if value == NOTHING else "unchanged"
    if "again" in value or set(value) == {"is"}:
        return f"<{value.get('again', value.get('is'))}>"
    if isinstance(value.get("dict"), list):
        return "{" + ", ".join(f"{_words(key)}: {_words(item)}" for key, item in value["dict"]) + "}"
    for kind, opening, closing in (("list", "[", "]"), ("tuple", "(", ")"), ("set", "{", "}")):
        if kind in value:
            return opening + ", ".join(_words(item) for item in value[kind]) + closing
    if "exception" in value and "message" in value:
        return f"{value['exception']}({value['message']!r})"
    if "module" in value:
        return f"<module {value['module']}>"
    return _plain({key: item for key, item in value.items() if key != "is"})


def _plain(value: dict[str, Any]) -> str:
    if len(value) == 1 and next(iter(value)) in ("float", "bytes", "str", "complex"):
        return str(next(iter(value.values())))
    return json.dumps(value, ensure_ascii=False)
