"""The record stream: plain data, one record a line in a report file (docs/report-schema.md).

run      first: who was judged, against what, where
trial    one for each case, and for each find of the search
baseline one for each divergence that a baseline expects, of those whose case was tried
search   one for each property by which was searched
shown    one for each case by which a finding is shown: all that both sides did in it
clause   one for each clause: its statement, its verdict, by what
end      last: the exit status and the counts; a stream without it was cut off
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .. import STATUS
from ..cases.fixtures import toml
from ..cases.model import FAMILIES, SEARCH
from ..clauses import FREE_FIELDS, Clause, Level
from ..judge.causes import CONTROL
from ..judge.divergence import Divergence, Moment, Signature
from ..judge.grouping import CaseSymptoms
from ..judge.trial import Find, Tally, Trial

SCHEMA = 3
Record = dict[str, Any]


def run_record(
    *,
    suite: str,
    candidate: str,
    target: Mapping[str, Any],
    level: Level,
    delegates: bool,
    unseen: Mapping[str, str],
    oracle: str = "",
    baseline: str = "",
    import_from: str = "",
    unsettled: Mapping[str, str] | None = None,
    started: str = "",
    again: str = "",
    search_again: str = "",
    selection: Sequence[str] = (),
    asked: Mapping[str, Sequence[str]] | None = None,
) -> Record:
    """The head of the stream.

    delegates: the candidate is the interpreter's own runpy, which is a fact, no verdict. oracle: what stands in for the
    target's own runpy, if anything does. baseline: the file, if there is one, that says what is expected. import_from:
    where the candidate was found, as the suite was told. unsettled: clauses of which the oracle cannot tell, with the
    reason. started: the time, in UTC. again: the command to which a case's id is added; search_again: that to which
    `search/` and a property is. selection: what alone was to be tried, if not everything. asked: by case, the clauses
    that it was tried for.
    """
    return {
        "record": "run",
        "schema": SCHEMA,
        "suite": suite,
        "candidate": candidate,
        "target": dict(target),
        "oracle": oracle,
        "baseline": baseline,
        "level": str(level),
        "delegates": delegates,
        "unseen": dict(unseen),
        "unsettled": dict(unsettled or {}),
        "import_from": import_from,
        "started": started,
        "again": again,
        "search_again": search_again,
        "selection": list(selection),
        "asked": {case: list(clauses) for case, clauses in (asked or {}).items()},
    }


def trial_record(trial: Trial) -> Record:
    """One case, with its divergences, causes and consequences."""
    return {
        "record": "trial",
        "id": trial.case.id,
        "chapter": trial.case.chapter,
        "summary": trial.case.summary,
        "clauses": list(trial.case.clauses),
        "size": len(trial.case.files) + len(trial.case.steps),
        "verdict": trial.verdict,
        "reason": trial.reason,
        "divergences": [_divergence(one) for one in trial.divergences],
        "unconfirmed": [_divergence(one) for one in trial.unconfirmed],
    }


def find_record(find: Find) -> Record:
    """A find of the search: a trial, with the case itself as the text of a fixture (empty if TOML cannot hold it)."""
    trial = find.trial
    clauses = [find.cause.signature.clause, *(one.signature.clause for one in trial.divergences if one.cause)]
    try:
        text = toml(replace(trial.case, clauses=tuple(dict.fromkeys(clauses))))
    except ValueError:
        text = ""
    return {**trial_record(trial), "fixture": text}


def search_record(name: str, summary: str, tally: Tally, finds: Sequence[str]) -> Record:
    """One property by which was searched. finds: ids of trials."""
    return {
        "record": "search",
        "property": name,
        "summary": summary,
        "drawn": tally.drawn,
        "tried": tally.tried,
        "lost": tally.lost,
        "finds": list(finds),
    }


def shown_record(
    trial: str,
    fixture: str,
    oracle: Mapping[str, Any] | None,
    candidate: Mapping[str, Any] | None,
    reproduces: bool,
    written: str = "",
) -> Record:
    """All of a case that shows a finding, for who is to mend it.

    fixture: its text. oracle, candidate: the observations, None where there is none. reproduces: whether the standalone
    program for it, which was run, shows the difference by itself. written: the file of a find, if it was written.
    """
    return {
        "record": "shown",
        "trial": trial,
        "fixture": fixture,
        "oracle": oracle,
        "candidate": candidate,
        "reproduces": reproduces,
        "written": written,
    }


def symptoms(trial: Record) -> CaseSymptoms:
    """The symptoms in a trial's record, as they are grouped."""
    drawn = trial["chapter"] in (FAMILIES, SEARCH)
    about = "" if drawn else next(iter(trial["clauses"]), "")
    return CaseSymptoms.of(trial["id"], trial["size"], map(divergence_of, trial["divergences"]), about)


def counts(record: Record, level: Level) -> bool:
    """Whether it is a trial that fails a run at this level: by a cause that no baseline expects."""
    return any(
        one["cause"] and not one.get("expected") and Level.parse(one["level"]) <= level
        for one in record.get("divergences", ())
    )


def unexpected(trials: Sequence[Record]) -> list[Record]:
    """The trials without the causes that a baseline expects."""
    return [
        {
            **trial,
            "divergences": [one for one in trial["divergences"] if not (one["cause"] and one.get("expected"))],
        }
        for trial in trials
    ]


def _divergence(one: Divergence) -> Record:
    return {
        "clause": one.signature.clause,
        "level": str(one.level),
        "phase": one.signature.phase,
        "field": one.signature.field,
        "kind": one.signature.kind,
        "step": one.moment.step,
        "where": one.where,
        "oracle": one.oracle,
        "candidate": one.candidate,
        "cause": one.cause,
        "expected": None,
    }


def divergence_of(record: Record) -> Divergence:
    """The divergence in a record. Its place in the order of the step is not recorded, and is 0."""
    return Divergence(
        Signature(record["clause"], record["phase"], record["field"], record["kind"]),
        Level.parse(record["level"]),
        record["where"],
        record["oracle"],
        record["candidate"],
        Moment(record["step"], 0),
        record["cause"],
    )


def clause_records(
    clauses: Iterable[Clause],
    trials: Sequence[Record],
    version: str,
    unseen: Mapping[str, str],
    unsettled: Mapping[str, str] | None = None,
) -> list[Record]:
    """The verdict on each clause that holds for this version.

    A clause diverges when it is the cause of a divergence anywhere. It conforms only when one of its own cases ran,
    went the same way on both sides, and differed in nothing that the clause is about; whatever else is the case, it is
    not counted as conforming. unsettled: clauses of which the oracle cannot tell, with the reason.
    """
    broken = _broken(trials)
    unforeseen = _broken(unexpected(trials))
    found = []
    for clause in clauses:
        if clause.untestable or not clause.holds(version):
            continue
        own = [trial for trial in trials if clause.id in trial["clauses"]]
        verdict, reason = _verdict(clause, own, broken, unseen)
        if unsettled and clause.id in unsettled:
            verdict, reason = "not-run", unsettled[clause.id]
        found.append(
            {
                "record": "clause",
                "id": clause.id,
                "chapter": clause.chapter,
                "level": str(clause.level),
                "statement": clause.statement,
                "source": clause.source,
                "verdict": verdict,
                "reason": reason,
                "expected": clause.id in broken and clause.id not in unforeseen,
                "cases": [trial["id"] for trial in own],
            }
        )
    return found


def _broken(trials: Sequence[Record]) -> dict[str, str]:
    """Clause -> verdict, for those that a divergence names as its cause."""
    broken: dict[str, str] = {}
    for trial in trials:
        for one in trial["divergences"]:
            if one["cause"]:
                worst = trial["verdict"] if trial["verdict"] in ("crashes", "hangs") else "diverges"
                if broken.get(one["clause"], "diverges") == "diverges":
                    broken[one["clause"]] = worst
    return broken


def _verdict(
    clause: Clause, own: Sequence[Record], broken: Mapping[str, str], unseen: Mapping[str, str]
) -> tuple[str, str]:
    if clause.id in broken:
        return broken[clause.id], ""
    if not own:
        return "not-run", "no case for it was selected"
    fields = {field.partition(":")[0].partition(".")[0] for field in clause.fields}
    if fields <= unseen.keys():
        return "unsupported", unseen[min(fields)]
    clean = [trial for trial in own if trial["verdict"] in ("agrees", "diverges") and not spoils(clause, trial)]
    if clean:
        return "conforms", ""
    ran = [trial for trial in own if trial["verdict"] not in ("unsupported", "not-run")]
    if ran:
        return "not-run", f"{ran[0]['id']} went wrong for another clause first"
    return str(own[0]["verdict"]), str(own[0]["reason"])


def spoils(clause: Clause, trial: Record) -> bool:
    """Whether what differs in a case leaves open what it would have shown of a clause."""
    for one in trial["divergences"]:
        if one["field"] in CONTROL or clause.owns(one["field"], one["kind"]):
            return True
        if one["field"] in FREE_FIELDS and trial["clauses"][:1] == [clause.id]:
            return True
    return False


def status_of(
    trials: Sequence[Record],
    level: Level,
    *,
    failures: int = 0,
    searched: int = 0,
    baseline: Sequence[Record] = (),
) -> int:
    """The exit status of a run that came to its end.

    failures: how often the suite itself failed. searched: cases of the search; those that agree leave no record.
    baseline: the records of its entries.
    """
    if failures:
        return 4
    if any(counts(trial, level) for trial in trials) or any(_stale(one) for one in baseline):
        return 1
    ran = [trial for trial in trials if trial["verdict"] not in ("unsupported", "not-run")]
    return 0 if ran or searched else 5


def end_record(
    status: int,
    trials: Sequence[Record],
    clauses: Sequence[Record],
    baseline: Sequence[Record] = (),
    level: Level = Level.EXACT,
) -> Record:
    """The tail of the stream. baseline: the records of its entries."""
    expected = sum(any(one["cause"] and one.get("expected") for one in trial["divergences"]) for trial in trials)
    stale = sum(map(_stale, baseline))
    meaning = STATUS[status]
    if status == 0 and expected:
        meaning = f"conforms, but for what the baseline expects, in {expected} case{'s' if expected > 1 else ''}"
    elif status == 1 and not any(counts(trial, level) for trial in trials):
        meaning = "the baseline is out of date"
    return {
        "record": "end",
        "status": status,
        "meaning": meaning,
        "expected": expected,
        "stale": stale,
        "trials": _count(trials),
        "clauses": _count(clauses),
    }


def _stale(record: Record) -> bool:
    """Whether an entry of a baseline is no longer right."""
    return record["state"] in ("gone", "otherwise")


def _count(records: Sequence[Record]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in records:
        counts[one["verdict"]] = counts.get(one["verdict"], 0) + 1
    return counts
