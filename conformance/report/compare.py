"""Compares two runs: what broke, what was fixed, what was not run any more. What was not run before is neither.

Rules. Knows runs as they are read back; judges nothing anew.

Theory of operation. Each run after is paired with the run before on the same target, or on another release of the same
version of the language. Within a pair each clause and each case has a verdict before and after, and the two say to
which list the change belongs (`_kind`). A clause counts as fixed only if the cases that broke it were tried again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..clauses import Level
from .markdown import code, text
from .numbers import plural
from .records import counts
from .runs import Run, by_candidate
from .types import TrialRecord

_GOOD = ("conforms", "agrees")
_BAD = ("diverges", "crashes", "hangs")
_MOST = 25  # cases that are named
_EXAMPLES = 3  # of the cases of a clause
_MOST_CLAUSES = 10  # that are no worse


@dataclass(frozen=True)
class Change:
    """A clause or a case whose verdict has changed.

    level, statement: those of a clause. cases: those that break the clause. counts: the change decides the exit status.
    """

    target: str
    id: str
    before: str
    after: str
    level: str = ""
    statement: str = ""
    cases: tuple[str, ...] = ()
    counts: bool = True


@dataclass
class Comparison:
    """The changes between two runs. Each list of changes holds clauses; `cases` holds those of cases, by list."""

    pairs: list[tuple[str, str]] = field(default_factory=list)
    broke: list[Change] = field(default_factory=list)
    fixed: list[Change] = field(default_factory=list)
    otherwise: list[Change] = field(default_factory=list)
    not_run: list[Change] = field(default_factory=list)
    newly_diverging: list[Change] = field(default_factory=list)  # and not run before
    newly_run: list[Change] = field(default_factory=list)  # and conform
    cases: dict[str, list[Change]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)  # targets
    added: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    same: int = 0

    @property
    def broken(self) -> bool:
        """True if anything broke that decides the exit status."""
        return any(change.counts for change in (*self.broke, *self.otherwise)) or bool(self.cases["broke"])

    @property
    def status(self) -> int:
        """1 if anything broke, or diverges that was not run before; 5 if not all was run again; otherwise 0."""
        if self.broken or any(change.counts for change in self.newly_diverging) or self.cases["newly_diverging"]:
            return 1
        return 5 if self.not_run or self.cases["not_run"] or self.missing or not self.pairs else 0


def compare(before: Sequence[Run], after: Sequence[Run]) -> Comparison:
    """The changes on the targets of `after`."""
    comparison = Comparison()
    for names in ("broke", "fixed", "otherwise", "not_run", "newly_diverging", "newly_run"):
        comparison.cases[names] = []
    for name, values in (
        ("candidate", [{run.candidate for run in runs} for runs in (before, after)]),
        ("level", [{run.run["level"] for run in runs} for runs in (before, after)]),
        ("oracle", [{run.run["oracle"] or "runpy" for run in runs} for runs in (before, after)]),
    ):
        was, now = (", ".join(sorted(texts)) for texts in values)
        if was != now:
            comparison.notes.append(f"the {name} was {was}, and is {now}")
    for runs, when in ((before, "before"), (after, "after")):
        comparison.notes += [f"incomplete {when}: {run.problem}" for run in runs if run.problem]
    several = max(len(by_candidate(before)), len(by_candidate(after))) > 1

    def name_of(run: Run) -> str:
        return f"{run.target} ({run.candidate})" if several else run.target

    partners = _partners(before, after, several=several)
    comparison.added += [name_of(run) for run in after if run not in partners]
    comparison.missing += [name_of(run) for run in before if run not in partners.values()]
    for run in after:
        if run in partners:
            earlier = partners[run]
            comparison.pairs.append((name_of(earlier), name_of(run)))
            _compare_clauses(comparison, earlier, run, name_of(run))
            _compare_cases(comparison, earlier, run, name_of(run))
    return comparison


def _partners(before: Sequence[Run], after: Sequence[Run], *, several: bool) -> dict[Run, Run]:
    """For each run after, the one before: of the same target, or of another release of the same language version.

    several: there are several candidates; then it must be of the same candidate, too.
    """
    partners: dict[Run, Run] = {}
    left = list(before)
    keys = (_exactly, _roughly)
    if several:
        keys = (lambda run: (run.candidate, *_exactly(run)), lambda run: (run.candidate, *_roughly(run)))
    for key in keys:
        for run in after:
            fitting = [earlier for earlier in left if key(earlier) == key(run)]
            if run not in partners and len(fitting) == 1:
                partners[run] = fitting[0]
                left.remove(fitting[0])
    return partners


def _exactly(run: Run) -> tuple[object, ...]:
    return run.target, run.run["target"]["platform"]


def _roughly(run: Run) -> tuple[object, ...]:
    return run.run["target"]["implementation"], run.version[:2], run.run["target"]["platform"]


def _kind(before: str, after: str) -> str:
    """The list to which a change belongs; empty if nothing changed."""
    if after in _BAD:
        if before in _BAD:
            return "" if before == after else "otherwise"
        return "broke" if before in _GOOD else "newly_diverging"
    if after in _GOOD:
        return "fixed" if before in _BAD else "" if before in _GOOD else "newly_run"
    return "not_run" if before in (*_GOOD, *_BAD) else ""


def _compare_clauses(comparison: Comparison, before: Run, after: Run, target: str) -> None:
    earlier, later = ({clause["id"]: clause for clause in run.clauses} for run in (before, after))
    for name in {**earlier, **later}:
        clause = later.get(name) or earlier[name]
        old: str = earlier[name]["verdict"] if name in earlier else "not-run"
        new: str = later[name]["verdict"] if name in later else "not-run"
        kind = _kind(old, new)
        if not kind:
            comparison.same += 1
            continue
        run = after if new in _BAD else before
        if kind == "fixed" and any(not _tried(case, after) for case in _breaking(before.trials, name)):
            kind, new = "not_run", "conforms in other cases"
        change = Change(
            target,
            name,
            old,
            new,
            level=clause["level"],
            statement=clause["statement"],
            cases=tuple(_breaking(run.trials, name)),
            counts=Level.parse(clause["level"]) <= after.level and not clause["expected"],
        )
        getattr(comparison, kind).append(change)


def _breaking(trials: Sequence[TrialRecord], clause: str) -> Iterator[str]:
    """The ids of the cases that break a clause."""
    for trial in trials:
        if any(divergence["cause"] and divergence["clause"] == clause for divergence in trial["divergences"]):
            yield trial["id"]


def _tried(case: str, run: Run) -> bool:
    """True if a case was run; or searched for, since a case of a search that agrees leaves no record."""
    trial = next((trial for trial in run.trials if trial["id"] == case), None)
    if trial is not None:
        return trial["verdict"] not in ("not-run", "unsupported")
    chapter, _, name = case.partition("/")
    return chapter == "search" and any(search["property"] == name.partition("/")[0] for search in run.searches)


def _compare_cases(comparison: Comparison, before: Run, after: Run, target: str) -> None:
    level = after.level
    earlier, later = ({trial["id"]: _verdict(trial, level) for trial in run.trials} for run in (before, after))
    for name in {**earlier, **later}:
        old, new = earlier.get(name, "not-run"), later.get(name, "not-run")
        if name not in later and _tried(name, after):
            new = "agrees"
        if name not in earlier and _tried(name, before):
            old = "agrees"
        if kind := _kind(old, new):
            comparison.cases[kind].append(Change(target, name, old, new))


def _verdict(trial: TrialRecord, level: Level) -> str:
    """The verdict on a case, up to a level, without what is expected."""
    return "agrees" if trial["verdict"] in _BAD and not counts(trial, level) else trial["verdict"]


_TITLES: Mapping[str, str] = {
    "broke": "Broke",
    "otherwise": "Differs in another way",
    "newly_diverging": "Diverges, and was not run before",
    "fixed": "Fixed",
    "not_run": "Not run any more",
}
_WORSE = ("broke", "otherwise", "newly_diverging")


def lines(comparison: Comparison) -> Iterator[str]:
    """The comparison, to be read on a terminal."""
    yield "compared: " + (
        ", ".join(old if old == new else f"{old} -> {new}" for old, new in comparison.pairs) or "nothing"
    )
    yield from (f"note: {note}" for note in comparison.notes)
    for name, title in _TITLES.items():
        changes = getattr(comparison, name)
        cases = comparison.cases[name]
        if changes or cases:
            yield ""
            yield f"{title}: {plural(len(_ids(changes)), 'clause')}, {plural(len(_ids(cases)), 'case')}"
        worse = name in _WORSE
        by_id = list(_by_id(changes))
        for clause, on_targets in by_id[: None if worse else _MOST_CLAUSES]:
            first = on_targets[0]
            yield f"  {clause} ({first.level}{'' if first.counts else ', fails nothing'}) {_how(on_targets)}"
            if worse:
                yield f"    {first.statement}"
                if first.cases:
                    yield f"    {_examples(first.cases)}"
        if not worse and len(by_id) > _MOST_CLAUSES:
            yield f"  and {plural(len(by_id) - _MOST_CLAUSES, 'more clause')}"
        others = _unexplained(changes, cases)
        if others and worse:
            yield f"  {plural(len(others), 'more case')}: {_examples(others)}"
    if comparison.missing:
        yield f"\nNot run at all: {', '.join(comparison.missing)}"
    if comparison.added:
        yield f"\nNot run before: {', '.join(comparison.added)}"
    if comparison.newly_run:
        yield f"\nConforms, and was not run before: {plural(len(_ids(comparison.newly_run)), 'clause')}"
    yield ""
    yield f"status {comparison.status}: {verdict(comparison)}"


def verdict(comparison: Comparison) -> str:
    """The comparison in one line."""
    numbers = [
        f"{len(_ids(comparison.broke)) + len(_ids(comparison.otherwise))} broke",
        f"{len(_ids(comparison.fixed))} fixed",
        f"{len(_ids(comparison.not_run))} not run any more",
    ]
    if comparison.newly_diverging:
        numbers.insert(1, f"{len(_ids(comparison.newly_diverging))} newly diverging")
    words = {0: "nothing broke", 1: "something broke", 5: "nothing broke in what was run, but not all was run"}
    if comparison.status == 1 and not comparison.broken:
        words[1] = "nothing broke, but something diverges that was not run before"
    return f"{words[comparison.status]} (clauses: {', '.join(numbers)})"


def markdown(comparison: Comparison) -> str:
    """The comparison, for the page of a CI job."""
    return "\n".join(_markdown(comparison)) + "\n"


def _markdown(comparison: Comparison) -> Iterator[str]:
    yield f"## {'✅❌'[comparison.status == 1] if comparison.status != 5 else '⚠️'} {verdict(comparison)}"
    yield ""
    yield (
        "Compared: "
        + (", ".join(text(old if old == new else f"{old} -> {new}") for old, new in comparison.pairs) or "nothing")
        + "."
    )
    for note in comparison.notes:
        yield f"\n> {text(note)}"
    for name, title in _TITLES.items():
        changes = getattr(comparison, name)
        if not changes and not comparison.cases[name]:
            continue
        cases = plural(len(_ids(comparison.cases[name])), "case")
        yield f"\n### {title}: {plural(len(_ids(changes)), 'clause')}, {cases}\n"
        if changes:
            yield "| clause | level | before | after | on | |"
            yield "|---|---|---|---|---|---|"
        for clause, on_targets in list(_by_id(changes))[:50]:
            first = on_targets[0]
            targets = text(_targets(on_targets))
            cells = (code(clause), first.level, first.before, first.after, targets, text(first.statement))
            yield "| " + " | ".join(cells) + " |"
        others = _unexplained(changes, comparison.cases[name])
        if others and name in _WORSE:
            yield "\nMore cases: " + ", ".join(code(case) for case in others[:_MOST])
    for title, names in (("Not run at all", comparison.missing), ("Not run before", comparison.added)):
        if names:
            yield f"\n{title}: {text(', '.join(names))}."


def _by_id(changes: Sequence[Change]) -> Iterator[tuple[str, list[Change]]]:
    for name in _ids(changes):
        yield name, [change for change in changes if change.id == name]


def _ids(changes: Sequence[Change]) -> list[str]:
    return list(dict.fromkeys(change.id for change in changes))


def _unexplained(changes: Sequence[Change], cases: Sequence[Change]) -> list[str]:
    """The cases that show none of the clauses that are named already."""
    named = {case for change in changes for case in change.cases}
    return [name for name in _ids(cases) if name not in named]


def _how(changes: Sequence[Change]) -> str:
    return f"{changes[0].before} -> {changes[0].after} on {_targets(changes)}"


def _targets(changes: Sequence[Change]) -> str:
    names = [change.target for change in changes]
    return ", ".join(names) if len(names) <= 3 else f"{len(names)} targets"


def _examples(names: Sequence[str]) -> str:
    rest = len(names) - _EXAMPLES
    return ", ".join(names[:_EXAMPLES]) + (f", {rest:,} more" if rest > 0 else "")
