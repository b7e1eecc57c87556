"""Makes the records of a run (docs/report-schema.md), and the verdicts on clauses that follow from them.

Rules. Pure: takes what a run came to and returns records, whose types are in `types`; opens no file and starts no
process. A record is made here and nowhere else, so that a divergence has one form in reports (`DivergenceRecord`) and
one in the judge (`Divergence`), with one function for each direction: `divergence_record` and `divergence_of`.

Theory of operation. While a run goes on, each trial and each search becomes a record at once. At its end the verdict on
each clause is derived from the records of the trials alone, and the exit status from these and from the records of the
baseline. The same functions therefore serve for a report that is read back, and for several reports that are merged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from .. import STATUS
from ..agent.messages import Observation
from ..cases.features import features
from ..cases.fixtures import toml
from ..cases.model import FAMILIES, SEARCH
from ..cases.varied import fixture_of
from ..clauses import FREE_FIELDS, Clause, Level, LevelName
from ..judge.causes import CONTROL
from ..judge.compare import ADDED_TO
from ..judge.divergence import Divergence, Moment, Signature
from ..judge.grouping import CaseSymptoms
from ..judge.trial import Find, Tally, Trial
from .types import (
    BaselineRecord,
    ClauseRecord,
    ClauseVerdict,
    DivergenceRecord,
    EndRecord,
    Record,
    ReducedRecord,
    RunRecord,
    SearchRecord,
    ShownRecord,
    Target,
    TrialRecord,
)

SCHEMA = 4

_NONE = Level.EXACT + 1  # softer than any level
_LEVEL_NAMES: Mapping[Level, LevelName] = {
    Level.DOCUMENTED: "documented",
    Level.COMPAT: "compat",
    Level.EXACT: "exact",
}
# The verdicts on a case that did not run.
NOT_TRIED = ("unsupported", "not-run")

# -- records of what a run does --------------------------------------------------------------------------------


def run_record(
    *,
    suite: str,
    candidate: str,
    target: Target,
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
) -> RunRecord:
    """The head of a report. `RunRecord` explains each parameter, under the same name."""
    return {
        "record": "run",
        "schema": SCHEMA,
        "suite": suite,
        "candidate": candidate,
        "target": target,
        "oracle": oracle,
        "baseline": baseline,
        "level": _LEVEL_NAMES[level],
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


def trial_record(trial: Trial) -> TrialRecord:
    """The record of a case, with its divergences, causes and consequences."""
    return {
        "record": "trial",
        "id": trial.case.id,
        "chapter": trial.case.chapter,
        "summary": trial.case.summary,
        "clauses": list(trial.case.clauses),
        "size": len(trial.case.files) + len(trial.case.steps),
        "verdict": trial.verdict,
        "reason": trial.reason,
        "divergences": [divergence_record(divergence) for divergence in trial.divergences],
        "unconfirmed": [divergence_record(divergence) for divergence in trial.unconfirmed],
        "features": [*features(trial.case), *trial.features],
    }


def find_record(find: Find) -> TrialRecord:
    """The record of a find: that of its trial, with the case itself as the text of a fixture."""
    trial = find.trial
    causes = [divergence.signature.clause for divergence in trial.divergences if divergence.cause]
    clauses = dict.fromkeys([find.cause.signature.clause, *causes])
    try:
        text = toml(replace(trial.case, clauses=tuple(clauses)))
    except ValueError:  # TOML cannot hold it
        text = ""
    return {**trial_record(trial), "fixture": text}


def search_record(name: str, summary: str, tally: Tally, finds: Sequence[str]) -> SearchRecord:
    """The record of a search by one property. finds: ids of trials."""
    return {
        "record": "search",
        "property": name,
        "summary": summary,
        "drawn": tally.drawn,
        "tried": tally.tried,
        "lost": tally.lost,
        "left_out": tally.left_out,
        "finds": list(finds),
    }


def shown_record(
    trial: str,
    fixture: str,
    oracle: Observation | None,
    candidate: Observation | None,
    reproduces: bool,
    written: str = "",
    reduced: ReducedRecord | None = None,
) -> ShownRecord:
    """The record of a case by which a finding is shown. `ShownRecord` explains each parameter, under the same name."""
    return {
        "record": "shown",
        "trial": trial,
        "fixture": fixture,
        "reduced": reduced,
        "oracle": oracle,
        "candidate": candidate,
        "reproduces": reproduces,
        "written": written,
    }


def reduced_record(trial: Trial, leading: Divergence, tries: int, *, complete: bool) -> ReducedRecord:
    """The record of a case that was made smaller. `ReducedRecord` explains the parameters, under the same names.

    trial: that of the smaller case. leading: one of its divergences.
    """
    smaller = trial_record(trial)
    return {
        "size": smaller["size"],
        "divergences": smaller["divergences"],
        "leading": trial.divergences.index(leading),
        "tries": tries,
        "complete": complete,
    }


# -- divergences in records ------------------------------------------------------------------------------------


def divergence_record(divergence: Divergence) -> DivergenceRecord:
    """The record of a divergence, before a baseline has been looked at."""
    record: DivergenceRecord = {
        "clause": divergence.signature.clause,
        "level": _LEVEL_NAMES[divergence.level],
        "phase": divergence.signature.phase,
        "field": divergence.signature.field,
        "kind": divergence.signature.kind,
        "step": divergence.moment.step,
        "where": divergence.where,
        "oracle": divergence.oracle,
        "candidate": divergence.candidate,
        "cause": divergence.cause,
        "expected": None,
    }
    if divergence.raised_at:
        record["raised_at"] = divergence.raised_at
    return record


def divergence_of(record: DivergenceRecord) -> Divergence:
    """The divergence in a record. Its place in the order of the step is not recorded, and is 0."""
    return Divergence(
        signature_of(record),
        Level.parse(record["level"]),
        record["where"],
        record["oracle"],
        record["candidate"],
        Moment(record["step"], 0),
        record["cause"],
        record.get("raised_at", ""),
    )


def signature_of(record: DivergenceRecord) -> Signature:
    """The signature of a divergence in a record."""
    return Signature(record["clause"], record["phase"], record["field"], record["kind"])


def symptoms(trial: TrialRecord) -> CaseSymptoms:
    """The symptoms in a trial's record, as they are grouped."""
    drawn = trial["chapter"] in (FAMILIES, SEARCH)
    about = "" if drawn else next(iter(trial["clauses"]), "")
    return CaseSymptoms.of(
        trial["id"], trial["size"], map(divergence_of, trial["divergences"]), about, trial["clauses"]
    )


def counts(record: Record, level: Level) -> bool:
    """True for a trial that fails a run at this level: by a cause that no baseline expects."""
    return record["record"] == "trial" and any(fails(divergence, level) for divergence in record["divergences"])


def fails(divergence: DivergenceRecord, level: Level) -> bool:
    """True for a divergence that fails a run at this level: a cause that no baseline expects."""
    return divergence["cause"] and not divergence["expected"] and Level.parse(divergence["level"]) <= level


def is_expected(trial: TrialRecord) -> bool:
    """True if the case diverges in a way that a baseline expects."""
    return any(divergence["cause"] and divergence["expected"] for divergence in trial["divergences"])


def unexpected(trials: Sequence[TrialRecord]) -> list[TrialRecord]:
    """The trials without the causes that a baseline expects."""
    return [
        {
            **trial,
            "divergences": [
                divergence
                for divergence in trial["divergences"]
                if not (divergence["cause"] and divergence["expected"])
            ],
        }
        for trial in trials
    ]


# -- verdicts on clauses ---------------------------------------------------------------------------------------


def clause_records(
    clauses: Iterable[Clause],
    trials: Sequence[TrialRecord],
    version: str,
    unseen: Mapping[str, str],
    unsettled: Mapping[str, str] | None = None,
) -> list[ClauseRecord]:
    """The verdict on each clause that holds for this version.

    A clause diverges when it is the cause of a divergence anywhere. It conforms only when its own cases, those whose
    point it is, ran, and most of them went the same way on both sides and differed in nothing that the clause is about.
    It is masked when most of them did not, for another clause. A case that is made of a fixture says nothing if
    the fixture differs, too, and as firmly. unseen, unsettled: see `RunRecord`.
    """
    firmest = {trial["id"]: _firmest(trial) for trial in trials}
    trials = [
        trial for trial in trials if not firmest.get(fixture_of(trial["id"]), _NONE) <= firmest[trial["id"]] < _NONE
    ]
    broken = _broken(trials)
    broken_unexpectedly = _broken(unexpected(trials))
    trials_about: dict[str, list[TrialRecord]] = {}
    for trial in trials:
        for named in dict.fromkeys(trial["clauses"]):
            trials_about.setdefault(named, []).append(trial)
    records: list[ClauseRecord] = []
    for clause in clauses:
        if clause.untestable or not clause.holds(version):
            continue
        about = trials_about.get(clause.id, [])
        verdict, reason = _verdict(clause, about, broken, unseen)
        if unsettled and clause.id in unsettled:
            verdict, reason = "not-run", unsettled[clause.id]
        records.append(
            {
                "record": "clause",
                "id": clause.id,
                "chapter": clause.chapter,
                "level": _LEVEL_NAMES[clause.level],
                "statement": clause.statement,
                "source": clause.source,
                "verdict": verdict,
                "reason": reason,
                "expected": clause.id in broken and clause.id not in broken_unexpectedly,
                "cases": [trial["id"] for trial in about],
            }
        )
    return records


def _firmest(trial: TrialRecord) -> int:
    """The number of the firmest level of the causes in a trial; `_NONE` if there are none."""
    return min((Level.parse(found["level"]) for found in trial["divergences"] if found["cause"]), default=_NONE)


def _broken(trials: Sequence[TrialRecord]) -> dict[str, ClauseVerdict]:
    """The verdict on each clause that a divergence names as its cause."""
    broken: dict[str, ClauseVerdict] = {}
    for trial in trials:
        verdict: ClauseVerdict = "diverges"
        if trial["verdict"] == "crashes" or trial["verdict"] == "hangs":
            verdict = trial["verdict"]
        for divergence in trial["divergences"]:
            if divergence["cause"] and broken.get(divergence["clause"], "diverges") == "diverges":
                broken[divergence["clause"]] = verdict
    return broken


def _verdict(
    clause: Clause, about: Sequence[TrialRecord], broken: Mapping[str, ClauseVerdict], unseen: Mapping[str, str]
) -> tuple[ClauseVerdict, str]:
    """The verdict on a clause, and the reason why it was not judged. about: the trials that are about the clause."""
    if clause.id in broken:
        return broken[clause.id], ""
    if not about:
        return "not-run", "no case for it was selected"
    fields = {field.partition(":")[0].partition(".")[0] for field in clause.fields}
    if fields <= unseen.keys():
        return "unsupported", unseen[min(fields)]
    own = [trial for trial in about if trial["clauses"][:1] == [clause.id]]
    ran = [trial for trial in own or about if trial["verdict"] not in NOT_TRIED]
    spoiled = [trial for trial in ran if spoils(clause, trial)]
    if spoiled and 2 * len(spoiled) >= len(ran):
        return "masked", _what_masks(spoiled, len(ran))
    if ran:
        return "conforms", ""
    return "unsupported" if about[0]["verdict"] == "unsupported" else "not-run", about[0]["reason"]


def _what_masks(spoiled: Sequence[TrialRecord], ran: int) -> str:
    """The sentence about a masked clause. spoiled: those of its cases that went wrong first. ran: the number of all."""
    causes = [divergence["clause"] for trial in spoiled for divergence in trial["divergences"] if divergence["cause"]]
    ((first, _),) = Counter(causes).most_common(1)
    return f"{len(spoiled)} of its {ran} cases went wrong for {first} first"


def spoils(clause: Clause, trial: TrialRecord) -> bool:
    """True if the divergences of a case leave open what it would have shown of a clause."""
    for divergence in trial["divergences"]:
        if divergence["field"] in CONTROL or clause.owns(divergence["field"], divergence["kind"]):
            return True
        is_added = divergence["field"] in ADDED_TO and divergence["kind"] == "extra"
        if divergence["field"] in FREE_FIELDS and trial["clauses"][:1] == [clause.id] and not is_added:
            return True
    return False


# -- the end of a run ------------------------------------------------------------------------------------------


def status_of(
    trials: Sequence[TrialRecord],
    level: Level,
    *,
    failures: int = 0,
    searched: int = 0,
    baseline: Sequence[BaselineRecord] = (),
) -> int:
    """The exit status of a run that came to its end.

    failures: the number of times that the suite itself failed. searched: the number of cases that the search tried;
    those that agree leave no record. baseline: the records of its entries.
    """
    if failures:
        return 4
    if any(counts(trial, level) for trial in trials) or any(map(_is_stale, baseline)):
        return 1
    ran = any(trial["verdict"] not in NOT_TRIED for trial in trials)
    return 0 if ran or searched else 5


def end_record(
    status: int,
    trials: Sequence[TrialRecord],
    clauses: Sequence[ClauseRecord],
    baseline: Sequence[BaselineRecord] = (),
    level: Level = Level.EXACT,
) -> EndRecord:
    """The last record of a report. baseline: the records of its entries."""
    expected = sum(map(is_expected, trials))
    stale = sum(map(_is_stale, baseline))
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
        "trials": _by_verdict(trials),
        "clauses": _by_verdict(clauses),
    }


def _is_stale(record: BaselineRecord) -> bool:
    """True if an entry of a baseline is no longer right."""
    return record["state"] in ("gone", "otherwise")


def _by_verdict(records: Sequence[TrialRecord] | Sequence[ClauseRecord]) -> dict[str, int]:
    """The number of records with each verdict, in the order in which the verdicts first come."""
    return dict(Counter(record["verdict"] for record in records))
