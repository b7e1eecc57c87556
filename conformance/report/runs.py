"""Runs as they are read back from report files: one of each target, and what cannot be right is said with its line.

A file that breaks off is read up to there. Its run is incomplete, and then no clause conforms.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import INTERRUPTED, STATUS, __version__
from ..clauses import Level, registry
from ..judge.trial import VERDICTS
from . import records
from .observations import side_by_side
from .records import SCHEMA, Record

# What each record must hold, and of which type. What else it holds is no matter.
_TRIAL_TEXTS = ("id", "chapter", "summary", "verdict", "reason")
_CLAUSE_TEXTS = ("id", "chapter", "level", "statement", "source", "verdict", "reason")
_DIVERGENCE_TEXTS = ("clause", "level", "phase", "field", "kind", "where")
_KEYS: Mapping[str, Mapping[str, type | tuple[type, ...]]] = {
    "run": {
        **dict.fromkeys(("suite", "candidate", "oracle", "baseline", "level", "import_from", "started"), str),
        **dict.fromkeys(("again", "search_again"), str),
        **dict.fromkeys(("target", "unseen", "unsettled", "asked"), dict),
        "selection": list,
    },
    "trial": {
        **dict.fromkeys(_TRIAL_TEXTS, str),
        **dict.fromkeys(("clauses", "divergences", "unconfirmed"), list),
        "size": int,
    },
    "baseline": {"signature": str, "case": str, "state": str},
    "search": {"property": str, "summary": str, "drawn": int, "tried": int, "lost": int, "finds": list},
    "shown": {
        "trial": str,
        "fixture": str,
        "written": str,
        "oracle": (dict, type(None)),
        "candidate": (dict, type(None)),
    },
    "clause": {**dict.fromkeys(_CLAUSE_TEXTS, str), "cases": list},
    "end": {"status": int, "meaning": str, "trials": dict, "clauses": dict},
}
_DIVERGENCE: Mapping[str, type | tuple[type, ...]] = {
    **dict.fromkeys(_DIVERGENCE_TEXTS, str),
    "step": int,
    "cause": bool,
    "oracle": object,
    "candidate": object,
    "expected": (dict, type(None)),
}
_EXPECTED = dict.fromkeys(("reason", "link", "at"), str)
_TARGET = dict.fromkeys(("name", "implementation", "version", "platform"), str)
_LEVELS = {str(level) for level in Level}
_VERDICTS = {"conforms", *VERDICTS} - {"agrees"}
_CUT_OFF = "the run was cut off"


class ReportError(Exception):
    """A report cannot be read, or not together with another: the file, the line, and one sentence."""


@dataclass(frozen=True, eq=False)
class Run:
    """What one run on one target came to.

    shown: by the id of the trial. end: None if the run was cut off. problem: why it is incomplete, or an empty text.
    lines: where the trials and searches stand, by id, as `file:line`. at: where the run itself stands.
    """

    run: Record
    trials: Sequence[Record]
    clauses: Sequence[Record]
    searches: Sequence[Record] = ()
    baseline: Sequence[Record] = ()
    shown: Mapping[str, Record] = field(default_factory=dict)
    end: Record | None = None
    problem: str = ""
    at: str = ""
    lines: Mapping[str, str] = field(default_factory=dict)

    @property
    def candidate(self) -> str:
        """The candidate, as it was named."""
        return str(self.run["candidate"])

    @property
    def target(self) -> str:
        """The target's name, such as "CPython 3.13.0"."""
        return str(self.run["target"]["name"])

    @property
    def version(self) -> tuple[int, ...]:
        """The target's version, to sort by."""
        return tuple(int(part) for part in str(self.run["target"]["version"]).split(".") if part.isdigit())

    @property
    def level(self) -> Level:
        """Up to which level a divergence fails it."""
        return Level.parse(self.run["level"])

    @property
    def listed(self) -> list[Record]:
        """The clauses that the run was about: a case that it tried names them, or they were broken."""
        return [one for one in self.clauses if one["cases"] or one["verdict"] != "not-run"]

    @property
    def untried(self) -> int:
        """The number of clauses that were to be tried, and for which no case ran."""
        return 0 if self.run["selection"] else len(self.clauses) - len(self.listed)

    @property
    def asked(self) -> Mapping[str, Collection[str]]:
        """By case, the clauses that it was tried for."""
        return dict(self.run["asked"])

    @property
    def complete(self) -> bool:
        """Whether it came to its end, and the suite did not fail in it."""
        return self.end is not None and self.end["status"] not in (4, INTERRUPTED)

    @property
    def status(self) -> int:
        """Its exit status; of one that was cut off, that of one that was interrupted."""
        return INTERRUPTED if self.end is None else int(self.end["status"])

    @property
    def meaning(self) -> str:
        """What it came to, in a few words."""
        if self.end is None:
            return "incomplete"
        return str(self.end["meaning"])

    @property
    def searched(self) -> int:
        """How many cases the search tried."""
        return sum(one["tried"] for one in self.searches)


# -- reading ---------------------------------------------------------------------------------------------------


def read(path: Path) -> Run:
    """The run in a report file. Raises ReportError."""
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise ReportError(f"{path}: the report cannot be read: {exc.strerror}") from None
    if not data.strip():
        raise ReportError(f"{path}: the report is empty: the run wrote nothing, or is about to")
    *lines, rest = data.split(b"\n")
    kept: dict[str, list[tuple[int, Record]]] = {}
    for number, line in enumerate(lines, 1):
        one = _record(path, number, line)
        if number == 1:
            _head(path, one)
        elif one["record"] == "run":
            raise ReportError(f"{path}:{number}: another run begins here: a report holds one run; give each by itself")
        elif "end" in kept:
            raise ReportError(f"{path}:{number}: there is more after the end of the run")
        kept.setdefault(one["record"], []).append((number, one))
    if not lines:
        raise ReportError(f"{path}:1: this is no report: its first line breaks off")
    where: dict[str, str] = {}
    for key, name in (("trial", "id"), ("search", "property")):
        for number, one in kept.get(key, ()):
            if one[name] in where:
                before = where[one[name]].rpartition(":")[2]
                raise ReportError(f"{path}:{number}: the {key} {one[name]!r} stands in line {before} already")
            where[one[name]] = f"{path}:{number}"
    found = {key: [one for _, one in pairs] for key, pairs in kept.items()}
    end = found["end"][0] if "end" in found else None
    if end is not None and rest.strip():
        raise ReportError(f"{path}:{len(lines) + 1}: there is more after the end of the run")
    broken = " in the middle of it" if rest.strip() else ""
    problem = "" if end else f"{path}:{len(lines) + bool(rest.strip())}: the report breaks off{broken}: {_CUT_OFF}"
    if end is not None and end["status"] in (4, INTERRUPTED):
        problem = f"{path}:{len(lines)}: {STATUS[end['status']]}"
    run = found["run"][0]
    trials = found.get("trial", [])
    return Run(
        run=run,
        trials=trials,
        clauses=found.get("clause", []) if end and not problem else uncertain(run, trials),
        searches=found.get("search", []),
        baseline=found.get("baseline", []),
        shown={one["trial"]: one for one in found.get("shown", [])},
        end=end,
        problem=problem,
        at=f"{path}:1",
        lines=where,
    )


def _record(path: Path, number: int, line: bytes) -> Record:
    try:
        one = json.loads(line)
    except ValueError as exc:
        first = "; a report is the file that --report=FILE.jsonl writes" if number == 1 else ""
        raise ReportError(f"{path}:{number}: this is no JSON: {exc}{first}") from None
    kind = one.get("record") if isinstance(one, dict) else None
    if number == 1 and kind != "run":
        raise ReportError(f"{path}:1: this is no report: it does not begin with a `run` record")
    if not isinstance(kind, str) or kind not in _KEYS:
        raise ReportError(f"{path}:{number}: there is no record {kind!r}")
    if kind == "run" and one.get("schema") != SCHEMA:
        _head(path, one)  # what it holds is another matter, then
    wrong = _wrong(one, _KEYS[kind]) or _odd(kind, one)
    if wrong:
        raise ReportError(f"{path}:{number}: {wrong} in the `{kind}` record")
    return dict(one)


def _wrong(one: Any, keys: Mapping[str, type | tuple[type, ...]]) -> str:
    if not isinstance(one, dict):
        return "there is something else than an object"
    for key, kind in keys.items():
        if key not in one:
            return f"there is no {key!r}"
        if not isinstance(one[key], kind):
            return f"{key!r} is {one[key]!r:.40}"
    return ""


def _odd(kind: str, one: Record) -> str:
    """What makes no sense within a record that has all its keys."""
    if kind == "run":
        for words in (one["selection"], *one["asked"].values()):
            if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
                return "'selection' or 'asked' holds something else than texts"
        return _wrong(one["target"], _TARGET) or _unknown(one, "level", _LEVELS)
    if kind == "clause":
        return _unknown(one, "level", _LEVELS) or _unknown(one, "verdict", _VERDICTS)
    if kind == "trial":
        if not all(isinstance(clause, str) for clause in one["clauses"]):
            return "'clauses' holds something else than texts"
        wrong = _unknown(one, "verdict", {*VERDICTS})
        for other in (*one["divergences"], *one["unconfirmed"]):
            wrong = wrong or _wrong(other, _DIVERGENCE) or _unknown(other, "level", _LEVELS)
            wrong = wrong or (_wrong(other["expected"], _EXPECTED) if other["expected"] is not None else "")
        return wrong
    if kind == "shown":
        try:
            side_by_side(one["oracle"], one["candidate"], {"step": 0})
        except (TypeError, ValueError, KeyError, AttributeError):
            return "there is an observation that is none"
    return ""


def _unknown(one: Record, key: str, known: Collection[str]) -> str:
    return "" if one[key] in known else f"there is no {key} {one[key]!r:.40}"


def _head(path: Path, run: Record) -> None:
    """Whether it is for us to read. Raises ReportError."""
    schema, suite = run.get("schema"), run.get("suite")
    if schema != SCHEMA:
        raise ReportError(
            f"{path}:1: the report is of schema {schema}, and this suite reads schema {SCHEMA}: judge again, or read "
            f"it with the version of the suite that wrote it ({suite})"
        )
    if suite != __version__:
        raise ReportError(
            f"{path}:1: the report was written by version {suite} of the suite, and this is {__version__}, whose "
            "clauses may be others: judge again, or read it with that version"
        )


def uncertain(run: Record, trials: Sequence[Record]) -> list[Record]:
    """The clauses of a run that did not come to its end: what is broken is broken, and nothing conforms."""
    found = _clauses(run, trials)
    return [
        one
        if one["verdict"] in ("diverges", "crashes", "hangs")
        else {**one, "verdict": "not-run", "reason": one["reason"] if one["verdict"] == "not-run" else _CUT_OFF}
        for one in found
    ]


def _clauses(run: Record, trials: Sequence[Record]) -> list[Record]:
    version = str(run["target"]["version"])
    return records.clause_records(registry().values(), trials, version, run["unseen"], run["unsettled"])


# -- merging ---------------------------------------------------------------------------------------------------


def merged(runs: Iterable[Run]) -> list[Run]:
    """One run for each candidate and target: what was tried in several parts becomes one. Raises ReportError.

    Two runs are parts of one if they judge the same on the same target, and have no case in common. Candidates keep
    the order in which they come; the targets of each are in the order of their versions.
    """
    parts: dict[tuple[str, str, str], list[Run]] = {}
    first: Run | None = None
    for one in runs:
        if first is not None:
            _fits(first, one)
        first = first or one
        target = one.run["target"]
        parts.setdefault((one.candidate, target["name"], target.get("platform", "")), []).append(one)
    found = [_one(some) for some in parts.values()]
    order = list(by_candidate(found))
    return sorted(
        found,
        key=lambda one: (order.index(one.candidate), one.run["target"]["implementation"], one.version, one.target),
    )


def _fits(first: Run, one: Run) -> None:
    for key, what in (("level", "is at level"), ("oracle", "judges by the oracle")):
        mine, theirs = (run.run[key] or "runpy" for run in (first, one))
        if mine != theirs:
            raise ReportError(
                f"{one.at}: the report {what} {theirs}, and {first.at} {mine}: they cannot be merged; --compare "
                "compares two"
            )


def _one(parts: Sequence[Run]) -> Run:
    """One run of several parts of it. Raises ReportError."""
    if len(parts) == 1:
        return parts[0]
    where: dict[str, str] = {}
    for part in parts:
        for name, place in part.lines.items():
            if name in where:
                raise ReportError(
                    f"{place}: {name!r} was tried on {part.target} in {where[name]} as well: these are two reports of "
                    "the same target, and no parts of one; give one of them, or --compare both"
                )
            where[name] = place
    selections = [part.run["selection"] for part in parts]
    chosen = sorted({word for some in selections for word in some}) if all(selections) else []
    asked = {case: clauses for part in parts for case, clauses in part.asked.items()}
    run = {**parts[0].run, "selection": chosen, "asked": asked}
    trials = [trial for part in parts for trial in part.trials]
    searches = [one for part in parts for one in part.searches]
    baseline = [one for part in parts for one in part.baseline]
    problem = next((part.problem for part in parts if part.problem), "")
    end = None
    clauses = uncertain(run, trials)
    if not problem:
        clauses = _clauses(run, trials)
        level = parts[0].level
        searched = sum(one["tried"] for one in searches)
        status = records.status_of(trials, level, searched=searched, baseline=baseline)
        end = records.end_record(status, trials, clauses, baseline, level)
    return Run(
        run=run,
        trials=trials,
        clauses=clauses,
        searches=searches,
        baseline=baseline,
        shown={name: one for part in parts for name, one in part.shown.items()},
        end=end,
        problem=problem,
        at=parts[0].at,
        lines=where,
    )


def status_of(runs: Sequence[Run]) -> int:
    """The exit status of several runs together: what is worst of them; 0 only if all are complete and conform."""
    statuses = [run.status for run in runs]
    return next((one for one in (4, INTERRUPTED, 1, 5) if one in statuses), 0 if statuses else 5)


def by_candidate(runs: Iterable[Run]) -> dict[str, list[Run]]:
    """The runs of each candidate, in the order in which the candidates come."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(run.candidate, []).append(run)
    return found


def headline(runs: Sequence[Run]) -> str:
    """The verdict in one line: "diverges on 3.8.18, 3.9.18; conforms on 7 targets"; "1 of 2 candidates conforms"."""
    candidates = by_candidate(runs)
    if len(candidates) > 1:
        good = sum(status_of(own) == 0 for own in candidates.values())
        return f"{good} of {len(candidates)} candidates conform{'s' if good == 1 else ''}"
    words: dict[str, list[str]] = {}
    for run in runs:
        words.setdefault(run.meaning if run.complete else "is incomplete", []).append(
            run.target.removeprefix("CPython ")
        )
    order = sorted(words, key=lambda word: (word == "conforms", word))
    return "; ".join(f"{word} on {_named(words[word])}" for word in order)


def places(some: Sequence[Run], among: Sequence[Run]) -> str:
    """Where something shows: "on CPython 3.9.18, PyPy 3.11.9"; among several candidates "in mypkg; in other on 3.9.18".

    A candidate that shows it on each of its targets is named without them.
    """
    all_of_them = by_candidate(among)
    if len(all_of_them) == 1:
        return f"on {_named([run.target for run in some])}"
    found = by_candidate(some)
    whole = [name for name, own in found.items() if len(own) == len(all_of_them[name])]
    parts = [f"in {', '.join(whole)}"] if whole else []
    for name, own in found.items():
        if name not in whole:
            parts.append(f"in {name} on {_named([run.target.removeprefix('CPython ') for run in own])}")
    return "; ".join(parts)


def _named(names: Sequence[str]) -> str:
    """The names of targets; of many, the number."""
    return ", ".join(names) if len(names) < 4 else f"{len(names)} targets"


def problems(runs: Iterable[Run]) -> Iterator[str]:
    """What makes runs incomplete, a sentence each."""
    return (run.problem for run in runs if run.problem)
