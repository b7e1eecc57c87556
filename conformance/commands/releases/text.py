"""Makes the text of a comparison, for the person who explains a difference and adds it to the ledger.

Rules. This module turns a `Comparison` into lines of text, and writes the cases of new differences as fixtures. It
compares nothing itself.

Theory of operation. Each finding of a comparison is led by its smallest case. The text of a finding has this case, both
values of one field, the other cases with the same difference, and an entry for the ledger, in which a person fills in
the fields that are written `"..."`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ...cases.fixtures import toml
from ...clauses import registry
from ...clauses.ledger import Change
from ...judge.expected import parts
from ...observation.reproducing import reproduces
from ...report.finds import Written, name_of
from ...report.finds import write as write_find
from ...report.types import DivergenceRecord, TrialRecord
from ...report.values import narrow, show_both
from .compare import Comparison

_LONGEST_CASE = 30  # lines
_MOST_FINDINGS = 20
_WIDEST = 160  # characters
_MOST_PARTS = 4


def comparison_lines(comparison: Comparison, written: Mapping[str, Written]) -> Iterator[str]:
    """The lines about one comparison. written: the cases that were written, by the id of the trial."""
    findings = comparison.findings.all
    drawn = f" and {comparison.drawn} drawn" if comparison.drawn else ""
    yield (
        f"\n{comparison.old} -> {comparison.new}: {comparison.tried} cases{drawn}, {comparison.seconds:.0f} s; "
        f"{len(comparison.shown)} changes of the ledger, {len(findings)} that are not in it"
    )
    for name, cases in sorted(comparison.shown.items(), key=lambda item: -len(item[1])):
        yield f"    {name:<32} {len(cases)} case{'s' if len(cases) > 1 else ''}"
    for name, reason in comparison.not_run.items():
        yield f"    {name:<32} could not be checked: {reason}"
    for change in comparison.not_shown:
        yield f"\n  {change.id} is in the ledger, but its case {change.case} does not show it:"
        yield f"    before  {change.before}"
        yield f"    after   {change.after}"
    for name in comparison.silent_clauses:
        yield f"\n  {name} holds for only one of the two interpreters, but none of its cases shows this."
    if comparison.unconfirmed:
        yield f"\n  {comparison.unconfirmed} cases differed once, but not in fresh interpreters; they do not count."
    trial_by_id = {trial["id"]: trial for trial in comparison.trials}
    for finding in findings[:_MOST_FINDINGS]:
        fields = {key[:2] for key in finding.core}
        yield from _finding_lines(comparison, trial_by_id[finding.lead.id], fields, written.get(finding.lead.id))
    if len(findings) > _MOST_FINDINGS:
        yield f"\n  ... and {len(findings) - _MOST_FINDINGS} more"


def _finding_lines(
    comparison: Comparison, trial: TrialRecord, fields: set[tuple[str, str]], written: Written | None
) -> Iterator[str]:
    """The lines about one finding. trial: of the case that leads it. fields: the phases and fields that differ."""
    causes = [divergence for divergence in trial["divergences"] if divergence["cause"]]
    in_finding = (cause for cause in causes if (cause["phase"], cause["field"]) in fields)
    divergence = next(in_finding, causes[0])
    yield f"\n  not in the ledger: {divergence['field']} ({divergence['clause']})"
    yield f"    case     {trial['id']}: {trial['summary']}"
    yield f"    differs  {divergence['where']}"
    old, new = _names(comparison)
    width = max(len(old), len(new))
    for before, after in _values(divergence):
        yield f"    {old:<{width}}  {before}"
        yield f"    {new:<{width}}  {after}"
    likewise = [
        other["id"]
        for other in comparison.trials
        if other["id"] != trial["id"]
        and any(shown["cause"] and (shown["phase"], shown["field"]) in fields for shown in other["divergences"])
    ]
    if likewise:
        more = f", {len(likewise) - 2} more" if len(likewise) > 2 else ""
        yield f"    likewise {', '.join(likewise[:2])}{more}"
    if written is not None and written.fixture is not None:
        remark = "" if written.shows else " (its repro.py sees less than the suite)"
        yield f"    written  {written.fixture.parent}{remark}"
        lines = written.fixture.read_text(encoding="utf-8").splitlines()
        if len(lines) <= _LONGEST_CASE:
            yield ""
            yield from (f"      {line}".rstrip() for line in lines)
    elif written is not None and written.problem:
        yield f"    {written.problem}"
    yield "\n    for the ledger:\n"
    yield from (f"      {line}".rstrip() for line in entry_for(comparison, trial, causes))


def _names(comparison: Comparison) -> tuple[str, str]:
    """The names of the two interpreters, which differ even if their versions do not."""
    old, new = comparison.old.name, comparison.new.name
    return (old, new) if old != new else (f"{old}, old", f"{new}, new")


def _values(divergence: DivergenceRecord) -> Iterator[tuple[str, str]]:
    """The values of the two interpreters as text; if they are long, the values of the parts that differ."""
    values = show_both(*narrow(divergence["oracle"], divergence["candidate"])[1:])
    different = list(parts(divergence["field"], divergence["oracle"], divergence["candidate"]))
    if max(map(len, values)) <= _WIDEST or not different:
        yield values[0], values[1]
        return
    for place, before, after in different[:_MOST_PARTS]:
        name = place.removeprefix(divergence["field"])
        yield f"{name}: {before[:_WIDEST]}", f"{name}: {after[:_WIDEST]}"


def entry_for(comparison: Comparison, trial: TrialRecord, causes: Sequence[DivergenceRecord]) -> Iterator[str]:
    """The lines of an entry for the ledger that would explain a trial; a person completes it."""
    rows = []
    for cause in causes:
        for place, before, after in parts(cause["field"], cause["oracle"], cause["candidate"]):
            row = (
                f"  {{ what = {_text(place)}, before = {_text(_pattern(before))}, after = {_text(_pattern(after))} }},"
            )
            if row not in rows:
                rows.append(row)
    yield "[[change]]"
    yield 'id = "..."'
    yield f'release = "{comparison.new.build.version}"'
    yield 'before = "..."'
    yield 'after = "..."'
    yield 'source = "gh-..."'
    yield f"case = {_text(trial['id'])}"
    yield "effects = ["
    yield from rows
    yield "]"


def _pattern(text: str) -> str:
    return re.sub(r"([.^$*+?{}()|\[\]\\])", r"\\\1", text) if len(text) <= _WIDEST else ".*"


def _text(text: str) -> str:
    return f"'{text}'" if "'" not in text and "\n" not in text else json.dumps(text)


def write_finds(comparison: Comparison, folder: Path) -> dict[str, Written]:
    """Write the case that leads each finding as a fixture, with a program that shows the difference; by id."""
    written = {}
    trial_by_id = {trial["id"]: trial for trial in comparison.trials}
    old, new = comparison.old, comparison.new
    old_python = old.target.executable if old.target else ""
    new_python = new.target.executable if new.target else ""
    old_name, new_name = _names(comparison)
    for finding in comparison.findings.all[:_MOST_FINDINGS]:
        name = finding.lead.id
        trial = trial_by_id[name]
        if not trial.get("fixture") and name in comparison.cases:
            case = comparison.cases[name]
            try:
                trial = {**trial, "id": f"releases/{case.digest}", "fixture": toml(replace(case, clauses=()))}
            except ValueError:
                trial = {**trial, "fixture": ""}
        cause = next(divergence for divergence in trial["divergences"] if divergence["cause"])
        place, *sides = narrow(cause["oracle"], cause["candidate"])
        before, after = show_both(*sides)
        again = f"python -m conformance.commands.releases --old={old_python or old.build.language} --new={new_python}"
        try:
            written[name] = write_find(
                folder / name_of(cause["clause"], trial["id"]),
                trial,
                difference=f"{cause['where']}{place}\n  {old_name}  {before}\n  {new_name}  {after}",
                impl="runpy",
                import_from="",
                interpreter=new_python,
                target=f"{old.name} and {new.name}",
                again=again,
                reproduces=reproduces,
                interpreters=(old_python, new_python) if old_python else None,
            )
        except OSError as exc:
            written[name] = Written(problem=f"It could not be written: {exc}")
    return written


def boundary_lines(comparisons: Sequence[Comparison], changes: Sequence[Change]) -> Iterator[str]:
    """The lines about all comparisons: the two releases that show each change, and the clauses that were shown."""
    yield "Changes by the two releases between which they were shown:"
    for change in changes:
        pair = next((pair for pair in comparisons if change.case in pair.shown.get(change.id, ())), None)
        first = ", ".join((change.release, *change.backports))
        where = f"{pair.old.name} | {pair.new.name}" if pair is not None else "unshown"
        yield f"    {change.id:<32} {first:<26} {where}"
    limited = [clause for clause in registry().values() if clause.versions and not clause.untestable]
    shown = {clause for comparison in comparisons for clause in comparison.shown_clauses}
    unshown = [clause.id for clause in limited if clause.id not in shown]
    yield f"\n{len(limited)} clauses hold only for some releases; for {len(limited) - len(unshown)} of them, one of"
    yield "their cases shows where they begin or end" + (f"; unshown: {', '.join(unshown)}" if unshown else ".")


def summary(comparisons: Sequence[Comparison], faults: int, seconds: float) -> str:
    """The last line. faults: the number of disagreements of ledger and clauses. seconds: the time of all pairs."""
    new = sum(len(comparison.findings.all) for comparison in comparisons)
    not_shown = sum(len(comparison.not_shown) + len(comparison.silent_clauses) for comparison in comparisons)
    shown = len({change for comparison in comparisons for change in comparison.shown})
    tried = sum(comparison.tried for comparison in comparisons)
    drawn = sum(comparison.drawn for comparison in comparisons)
    counts = f"{shown} changes of the ledger shown, {new} differences that are not in it, {not_shown} not shown"
    if faults:
        counts += f", {faults} that the clauses contradict"
    return f"releases: {len(comparisons)} pairs, {tried} cases and {drawn} drawn, {seconds:.0f} s: {counts}"
