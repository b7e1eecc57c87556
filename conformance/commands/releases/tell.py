"""What a comparison comes to, in words: for whoever has to explain a difference, and to put it into the ledger."""

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
from ...report.values import narrow, show
from .compare import Comparison

_LONGEST_CASE = 30  # lines
_MOST = 20
_WIDEST = 160
_MOST_PARTS = 4


def about(found: Comparison, written: Mapping[str, Written]) -> Iterator[str]:
    """One comparison. written: where smallest cases are, by the id of the trial."""
    findings = found.findings.all
    drawn = f" and {found.drawn} drawn" if found.drawn else ""
    yield (
        f"\n{found.old} -> {found.new}: {found.tried} cases{drawn}, {found.seconds:.0f} s; "
        f"{len(found.shown)} changes of the ledger, {len(findings)} that are not in it"
    )
    for name, cases in sorted(found.shown.items(), key=lambda one: -len(one[1])):
        yield f"    {name:<32} {len(cases)} case{'s' if len(cases) > 1 else ''}"
    for name, reason in found.unseen.items():
        yield f"    {name:<32} could not be looked at: {reason}"
    for change in found.gone:
        yield f"\n  {change.id} is in the ledger, and {change.case} does not show it:"
        yield f"    before  {change.before}"
        yield f"    after   {change.after}"
    for name in found.silent:
        yield f"\n  {name} holds for one of the two, and none of its cases shows that."
    if found.shaky:
        yield f"\n  {found.shaky} cases differed once, and not in fresh interpreters: that does not count."
    by_id = {one["id"]: one for one in found.trials}
    for group in findings[:_MOST]:
        yield from _finding(found, by_id, group.lead.id, {key[:2] for key in group.core}, written)
    if len(findings) > _MOST:
        yield f"\n  ... and {len(findings) - _MOST} more"


def _finding(
    found: Comparison,
    trials: Mapping[str, TrialRecord],
    lead: str,
    core: set[tuple[str, str]],
    written: Mapping[str, Written],
) -> Iterator[str]:
    trial = trials[lead]
    causes = [one for one in trial["divergences"] if one["cause"]]
    one = next((one for one in causes if (one["phase"], one["field"]) in core), causes[0])
    yield f"\n  not in the ledger: {one['field']} ({one['clause']})"
    yield f"    case     {lead}: {trial['summary']}"
    yield f"    differs  {one['where']}"
    old, new = _names(found)
    width = max(len(old), len(new))
    for before, after in _both(one):
        yield f"    {old:<{width}}  {before}"
        yield f"    {new:<{width}}  {after}"
    likewise = [
        other["id"]
        for other in found.trials
        if other["id"] != lead
        and any(this["cause"] and (this["phase"], this["field"]) in core for this in other["divergences"])
    ]
    if likewise:
        more = f", {len(likewise) - 2} more" if len(likewise) > 2 else ""
        yield f"    likewise {', '.join(likewise[:2])}{more}"
    at = written.get(lead)
    if at is not None and at.fixture is not None:
        yield f"    written  {at.fixture.parent}{'' if at.shows else ' (its repro.py sees less than the suite)'}"
        lines = at.fixture.read_text(encoding="utf-8").splitlines()
        if len(lines) <= _LONGEST_CASE:
            yield ""
            yield from (f"      {line}".rstrip() for line in lines)
    elif at is not None and at.problem:
        yield f"    {at.problem}"
    yield "\n    for the ledger:\n"
    yield from (f"      {line}".rstrip() for line in entry_for(found, trial, causes))


def _names(found: Comparison) -> tuple[str, str]:
    """What the two are called, apart."""
    old, new = found.old.name, found.new.name
    return (old, new) if old != new else (f"{old}, old", f"{new}, new")


def _both(one: DivergenceRecord) -> Iterator[tuple[str, str]]:
    """What the two show, in one text each; or part by part, where that is shorter."""
    _, *shown = (show(value) for value in narrow(one["oracle"], one["candidate"]))
    found = list(parts(one["field"], one["oracle"], one["candidate"]))
    if max(map(len, shown)) <= _WIDEST or not found:
        yield shown[0], shown[1]
        return
    for place, before, after in found[:_MOST_PARTS]:
        name = place.removeprefix(one["field"])
        yield f"{name}: {before[:_WIDEST]}", f"{name}: {after[:_WIDEST]}"


def entry_for(found: Comparison, trial: TrialRecord, causes: Sequence[DivergenceRecord]) -> Iterator[str]:
    """The entry of the ledger that would explain a trial, to be completed by whoever knows why."""
    rows = []
    for one in causes:
        for place, before, after in parts(one["field"], one["oracle"], one["candidate"]):
            row = (
                f"  {{ what = {_text(place)}, before = {_text(_pattern(before))}, after = {_text(_pattern(after))} }},"
            )
            if row not in rows:
                rows.append(row)
    yield "[[change]]"
    yield 'id = "..."'
    yield f'release = "{found.new.build.version}"'
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


def write_finds(found: Comparison, folder: Path) -> dict[str, Written]:
    """Write the case of each finding as a fixture, with a program that shows the difference by itself."""
    written = {}
    by_id = {one["id"]: one for one in found.trials}
    for group in found.findings.all[:_MOST]:
        trial = by_id[group.lead.id]
        if not trial.get("fixture") and group.lead.id in found.cases:
            case = found.cases[group.lead.id]
            try:
                trial = {**trial, "id": f"releases/{case.digest}", "fixture": toml(replace(case, clauses=()))}
            except ValueError:
                trial = {**trial, "fixture": ""}
        one = next(one for one in trial["divergences"] if one["cause"])
        place, before, after = narrow(one["oracle"], one["candidate"])
        one_name, two_name = _names(found)
        difference = f"{one['where']}{place}\n  {one_name}  {show(before)}\n  {two_name}  {show(after)}"
        old = found.old.target.executable if found.old.target else ""
        new = found.new.target.executable if found.new.target else ""
        again = f"python -m conformance.commands.releases --old={old or found.old.build.language} --new={new}"
        try:
            written[group.lead.id] = write_find(
                folder / name_of(one["clause"], trial["id"]),
                trial,
                difference=difference,
                impl="runpy",
                import_from="",
                interpreter=new,
                target=f"{found.old.name} and {found.new.name}",
                again=again,
                reproduces=reproduces,
                interpreters=(old, new) if old else None,
            )
        except OSError as exc:
            written[group.lead.id] = Written(problem=f"It could not be written: {exc}")
    return written


def boundaries(found: Sequence[Comparison], changes: Sequence[Change]) -> Iterator[str]:
    """By which two interpreters each change was shown, and which were not; the same of the clauses."""
    yield "Changes by the two releases between which they were shown:"
    for change in changes:
        by = [one for one in found if change.id in one.shown and change.case in one.shown[change.id]]
        first = ", ".join((change.release, *change.backports))
        if by:
            one = by[0]
            yield f"    {change.id:<32} {first:<26} {one.old.name} | {one.new.name}"
        else:
            yield f"    {change.id:<32} {first:<26} unshown"
    limited = [one for one in registry().values() if one.versions and not one.untestable]
    shown = {name for one in found for name in one.boundaries}
    unshown = [one.id for one in limited if one.id not in shown]
    yield f"\n{len(limited)} clauses hold for some releases only; for {len(limited) - len(unshown)} a case of their own"
    yield "behaves otherwise on the two sides of a boundary" + (f"; unshown: {', '.join(unshown)}" if unshown else ".")


def summary(found: Sequence[Comparison], faults: int, seconds: float) -> str:
    """The last line."""
    new = sum(len(one.findings.all) for one in found)
    gone = sum(len(one.gone) + len(one.silent) for one in found)
    shown = len({name for one in found for name in one.shown})
    tried, drawn = sum(one.tried for one in found), sum(one.drawn for one in found)
    parts_ = [f"{shown} changes of the ledger shown", f"{new} differences that are not in it", f"{gone} not to be seen"]
    if faults:
        parts_.append(f"{faults} that the clauses contradict")
    return f"releases: {len(found)} pairs, {tried} cases and {drawn} drawn, {seconds:.0f} s: {', '.join(parts_)}"
