"""Compares the records of a run with a baseline: what the baseline expects, and which of its lines are out of date."""

from __future__ import annotations

from collections.abc import Sequence

from ..clauses import Level
from ..judge.baseline import Known, text_of
from .records import fails, signature_of
from .types import BaselineRecord, BaselineState, Expectation, TrialRecord


def marked(record: TrialRecord, known: Sequence[Known], file: str) -> TrialRecord:
    """The record of a trial, in which each divergence has a mark: the entry that expects it, or None."""
    marks: dict[object, Expectation] = {
        expected.signature: {"reason": expected.reason, "link": expected.link, "at": f"{file}:{expected.head}"}
        for expected in known
    }
    return {
        **record,
        "divergences": [
            {**divergence, "expected": marks.get(signature_of(divergence))} for divergence in record["divergences"]
        ],
    }


def replayed(record: TrialRecord, known: Sequence[Known], file: str, level: Level) -> list[BaselineRecord]:
    """A record for each line of a baseline that names a case. record: that of the case, marked.

    `BaselineRecord` explains the states.
    """
    causes = {signature_of(divergence) for divergence in record["divergences"] if divergence["cause"]}
    unconfirmed = {signature_of(divergence) for divergence in record["unconfirmed"]}
    unexpected = any(fails(divergence, level) for divergence in record["divergences"])
    replays: list[BaselineRecord] = []
    for expected in known:
        if expected.case != record["id"]:
            continue
        state: BaselineState
        if expected.signature in causes:
            state = "expected"
        elif record["verdict"] == "not-run" or expected.signature in unconfirmed:
            state = "not-run"
        else:
            state = "otherwise" if unexpected else "gone"
        replays.append(
            {
                "record": "baseline",
                "signature": text_of(expected.signature),
                "case": expected.case,
                "state": state,
                "reason": expected.reason,
                "link": expected.link,
                "at": f"{file}:{expected.line}",
                "entry": f"{file}:{expected.head}",
                "of": expected.of,
                "offered": record["verdict"] != "unsupported",
            }
        )
    return replays


def complaint(record: BaselineRecord) -> str:
    """The sentence that says what is wrong with a line of a baseline, and what to do; empty if the line holds."""
    if record["state"] not in ("gone", "otherwise"):
        return ""
    if not record["offered"]:
        change = f"{record['case']} is no longer offered by the candidate"
    elif record["state"] == "gone":
        change = f"{record['case']} no longer diverges in this way"
    else:
        change = f"{record['case']} diverges in another way"
    return f"{record['at']}: {change} ({record['signature']}): remove this {'entry' if record['of'] == 1 else 'line'}"


def complaints(replays: Sequence[BaselineRecord]) -> list[str]:
    """The sentences that say what is wrong with a baseline: one for each line, or for a whole entry that is gone."""
    complaints: list[str] = []
    for entry in dict.fromkeys(replay["entry"] for replay in replays):
        lines = [replay for replay in replays if replay["entry"] == entry]
        sentences = [sentence for line in lines if (sentence := complaint(line))]
        if len(sentences) == len(lines) == lines[0]["of"] and len(lines) > 1:
            way = "another way" if any(line["state"] == "otherwise" for line in lines) else "these ways"
            no = "" if way == "another way" else " no longer"
            sentences = [f"{entry}: the {len(lines)} cases of this entry{no} diverge in {way}: remove this entry"]
        complaints += sentences
    return complaints
