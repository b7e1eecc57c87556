"""The records of a run as types; the JSON Schema and the tables of docs/report-schema.md are made from here.

Rules. Types only: nothing here has behaviour. A record is plain data, one JSON object on a line of a report file, so
its type is a `TypedDict`; keys stand in the order in which they are written. `records` makes records; `reading` reads
them back and checks them by these types.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from ..agent.messages import Described, Observation
from ..checked import says
from ..clauses import LevelName
from ..judge.baseline import KINDS
from ..judge.divergence import PHASES
from ..judge.trial import Verdict

ClauseVerdict = Literal["conforms", "diverges", "crashes", "hangs", "masked", "unsupported", "not-run"]
BaselineState = Literal["expected", "gone", "otherwise", "not-run"]
_PHASES = ", ".join(f"`{phase}`" for phase in PHASES)
_KINDS = ", ".join(f"`{kind}`" for kind in KINDS)


class Target(TypedDict):
    """The interpreter in which the candidate ran."""

    name: Annotated[str, says('such as "CPython 3.13.0"')]
    implementation: Annotated[str, says("as in `sys.implementation.name`")]
    version: Annotated[str, says("of the language")]
    platform: Annotated[str, says("system and machine")]
    capabilities: Annotated[list[str], says("those that the oracle has, by which cases are selected")]


# It has many keys since a report is read without the run that made it: all that is known of the run is here.
class RunRecord(TypedDict):
    """The head of a report: who was judged, against which oracle, and where. The first record."""

    record: Literal["run"]
    schema: Annotated[int, says("the version of this schema")]
    suite: Annotated[str, says("the version of the suite")]
    candidate: Annotated[str, says("the value of `--impl`")]
    target: Annotated[Target, says("the interpreter in which the candidate ran")]
    oracle: Annotated[str, says("what stands in for the target's own `runpy`; empty if nothing does")]
    baseline: Annotated[str, says("the file that says which divergences are expected; empty if there is none")]
    level: Annotated[LevelName, says("the level up to which a divergence fails the run")]
    delegates: Annotated[bool, says("the candidate is the interpreter's own `runpy`, which is a fact and no verdict")]
    unseen: Annotated[dict[str, str], says("fields that cannot be observed through the adapter, with the reason")]
    unsettled: Annotated[dict[str, str], says("clauses of which the oracle cannot tell, with the reason")]
    import_from: Annotated[str, says("the folder from which the candidate is imported, as it was given")]
    started: Annotated[str, says("the time at which the run began, in UTC")]
    again: Annotated[str, says("the command to which the id of a case is added to try that case again")]
    search_again: Annotated[str, says("the command to which `search/PROPERTY` is added to search again")]
    selection: Annotated[list[str], says("what alone was to be tried; empty if everything was")]
    asked: Annotated[dict[str, list[str]], says("for a case, the clauses for which it was tried")]


class Expectation(TypedDict):
    """The entry of a baseline that expects a divergence."""

    reason: Annotated[str, says("why the divergence is there; may be empty")]
    link: Annotated[str, says("where to read more; may be empty")]
    at: Annotated[str, says("the file and the line of the entry")]


class _Divergence(TypedDict):
    clause: Annotated[str, says("the clause that the divergence breaks")]
    level: Annotated[LevelName, says("how firmly that clause is promised")]
    phase: Annotated[str, says(f"the part of the run in which the divergence comes about: {_PHASES}")]
    field: Annotated[str, says("the field of the observation that differs")]
    kind: Annotated[str, says(f"how the field differs: {_KINDS}")]
    step: Annotated[int, says("the step of the case, from 1")]
    where: Annotated[str, says("the field's place in this case, for a reader")]
    oracle: Annotated[
        Described,
        says('the value on the side of the oracle, as the agent describes it; `{"absent": true}` for nothing'),
    ]
    candidate: Annotated[Described, says("the value on the side of the candidate")]
    cause: Annotated[
        bool, says("no earlier divergence of the case explains this one; if one does, it counts for nothing")
    ]
    expected: Annotated[Expectation | None, says("the entry of a baseline that expects it, which then does not count")]


class DivergenceRecord(_Divergence, total=False):
    """One field in which the two observations of a case differ."""

    raised_at: Annotated[
        str,
        says(
            "where the sides differ in raising an exception: the file and the line at which it was raised, of the "
            "candidate or of the world; it is left out if that is not known, and never compared"
        ),
    ]


class _Trial(TypedDict):
    record: Literal["trial"]
    id: Annotated[str, says("the id of the case")]
    chapter: Annotated[str, says("the chapter of the case; `families` or `search`, if it was not written by hand")]
    summary: Annotated[str, says("the point of the case, in one sentence")]
    clauses: Annotated[list[str], says("the clauses that the case is about, the first of all first")]
    size: Annotated[int, says("the number of files and steps")]
    verdict: Annotated[Verdict, says("the verdict on the case")]
    reason: Annotated[str, says("why the case was not run, is not supported, or was run again; otherwise empty")]
    divergences: Annotated[list[DivergenceRecord], says("in the order in which they came about")]
    unconfirmed: Annotated[list[DivergenceRecord], says("divergences that were not the same twice; they never count")]


class TrialRecord(_Trial, total=False):
    """The result of one case, or of one find of the search."""

    features: Annotated[
        list[str],
        says("what the case has in common with some cases and not with others, by which failures are told apart"),
    ]
    fixture: Annotated[str, says("of a find: the case itself, as TOML; empty if TOML cannot hold it")]


class BaselineRecord(TypedDict):
    """The state of one divergence that a baseline expects, if its case was tried."""

    record: Literal["baseline"]
    signature: Annotated[str, says('"CLAUSE, phase, field, kind"')]
    case: Annotated[str, says("the id of the case that shows it")]
    state: Annotated[
        BaselineState,
        says(
            "`expected`: the case still diverges so; `gone`: it no longer does; `otherwise`: it diverges in a way that "
            "is not expected; `not-run`: this run cannot tell"
        ),
    ]
    reason: Annotated[str, says("the same key of the entry")]
    link: Annotated[str, says("the same key of the entry")]
    at: Annotated[str, says("the file and the line of the signature")]
    entry: Annotated[str, says("the file and the line in which the entry begins")]
    of: Annotated[int, says("the number of signatures in the entry")]
    offered: Annotated[bool, says("the candidate offers what the case calls")]


class SearchRecord(TypedDict):
    """The result of a search by one property."""

    record: Literal["search"]
    property: Annotated[str, says("the name of the property")]
    summary: Annotated[str, says("the cases that the property draws, in words")]
    drawn: Annotated[int, says("the number of cases drawn, alike ones among them")]
    tried: Annotated[int, says("the number of cases that differed from all before and that ran")]
    lost: Annotated[int, says("the number of cases in which the oracle could not be observed")]
    left_out: Annotated[int, says("the number of cases left out, since most cases differed, and only in known ways")]
    finds: Annotated[list[str], says("the ids of the trials that are finds")]


class ReducedRecord(TypedDict):
    """The reduced case by which a finding is shown: the case of the trial without everything that is not needed."""

    size: Annotated[int, says("the number of files and steps that are left")]
    divergences: Annotated[
        list[DivergenceRecord], says("those in the smaller case, in the order in which they came about")
    ]
    leading: Annotated[int, says("the number, from 0, of the one among them by which the case leads its finding")]
    tries: Annotated[int, says("the number of cases that were tried on the way")]
    complete: Annotated[bool, says("nothing more can be taken away; false if the limit of tries or of time was met")]


class ShownRecord(TypedDict):
    """All that both sides did in a case by which a finding is shown."""

    record: Literal["shown"]
    trial: Annotated[str, says("the id of the trial")]
    fixture: Annotated[str, says("the case, as TOML; empty if TOML cannot hold it")]
    reduced: Annotated[ReducedRecord | None, says("how that case was made of the trial's; null if it is the same case")]
    oracle: Annotated[Observation | None, says("the whole observation; null if the case did not come to its end")]
    candidate: Annotated[Observation | None, says("the same of the candidate")]
    reproduces: Annotated[bool, says("the standalone program for the case was run and showed the difference")]
    written: Annotated[str, says("the file to which the case was written; empty if it was not")]


class ClauseRecord(TypedDict):
    """The verdict on one clause. A clause that was not run is never counted as conforming."""

    record: Literal["clause"]
    id: Annotated[str, says("the id of the clause")]
    chapter: Annotated[str, says("the chapter of the clause")]
    level: Annotated[LevelName, says("how firmly the statement is promised")]
    statement: Annotated[str, says("one sentence about `run_module`")]
    source: Annotated[str, says("where the statement can be read or checked")]
    verdict: Annotated[
        ClauseVerdict,
        says("the verdict on the clause; `masked` if most of its own cases went wrong for another clause first"),
    ]
    reason: Annotated[str, says("why the clause was not run, is not supported, or is masked; otherwise empty")]
    expected: Annotated[bool, says("the clause is broken only as the baseline expects")]
    cases: Annotated[list[str], says("the ids of the trials that are about the clause")]


class EndRecord(TypedDict):
    """The result of a run that came to its end. The last record; a report without it was cut off."""

    record: Literal["end"]
    status: Annotated[int, says("the exit status")]
    meaning: Annotated[str, says("the status in words")]
    expected: Annotated[int, says("the number of cases that differ as the baseline expects")]
    stale: Annotated[int, says("the number of the baseline's signatures that are no longer right")]
    trials: Annotated[dict[str, int], says("the number of trials by verdict")]
    clauses: Annotated[dict[str, int], says("the number of clauses by verdict")]


Record = RunRecord | TrialRecord | BaselineRecord | SearchRecord | ShownRecord | ClauseRecord | EndRecord

# Each kind of record by the value of its key `record`, in the order in which a report has them.
RECORDS: dict[str, type] = {
    "run": RunRecord,
    "trial": TrialRecord,
    "search": SearchRecord,
    "baseline": BaselineRecord,
    "shown": ShownRecord,
    "clause": ClauseRecord,
    "end": EndRecord,
}
