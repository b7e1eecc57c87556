"""Two runs compared: what broke, what was fixed, what was not run any more. What was not run is neither."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..clauses import Level
from .markdown import code, text
from .records import Record
from .runs import Run, by_candidate

_GOOD = ("conforms", "agrees")
_BAD = ("diverges", "crashes", "hangs")
_MOST = 25  # cases that are named
_EXAMPLES = 3  # of the cases of a clause
_MOST_CLAUSES = 10  # that are no worse


@dataclass(frozen=True)
class Change:
    """A clause or a case that reads otherwise. statement: of a clause. cases: that show it. counts: for the status."""

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
    """What is different after. Each list holds clauses; `cases` holds the cases, by the same names."""

    pairs: list[tuple[str, str]] = field(default_factory=list)
    broke: list[Change] = field(default_factory=list)
    fixed: list[Change] = field(default_factory=list)
    otherwise: list[Change] = field(default_factory=list)
    not_run: list[Change] = field(default_factory=list)
    newly_run: list[Change] = field(default_factory=list)
    cases: dict[str, list[Change]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)  # targets
    added: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    same: int = 0

    @property
    def status(self) -> int:
        """1 if anything broke; 5 if nothing did, but not all that was run before was run again; otherwise 0."""
        if any(one.counts for one in (*self.broke, *self.otherwise)) or self.cases["broke"]:
            return 1
        return 5 if self.not_run or self.cases["not_run"] or self.missing or not self.pairs else 0


def compare(before: Sequence[Run], after: Sequence[Run]) -> Comparison:
    """What is different on the targets of `after`."""
    found = Comparison()
    for names in ("broke", "fixed", "otherwise", "not_run", "newly_run"):
        found.cases[names] = []
    for what in ("candidate", "level", "oracle"):
        mine, theirs = ({run.run[what] or "runpy" for run in runs} for runs in (before, after))
        if mine != theirs:
            found.notes.append(f"the {what} was {', '.join(sorted(mine))}, and is {', '.join(sorted(theirs))}")
    for runs, when in ((before, "before"), (after, "after")):
        found.notes += [f"incomplete {when}: {run.problem}" for run in runs if run.problem]
    several = max(len(by_candidate(before)), len(by_candidate(after))) > 1

    def name(run: Run) -> str:
        return f"{run.target} ({run.candidate})" if several else run.target

    partners = _partners(before, after, several=several)
    for one in after:
        if id(one) not in partners:
            found.added.append(name(one))
    met = {id(one) for one in partners.values()}
    found.missing += [name(one) for one in before if id(one) not in met]
    for one in after:
        if id(one) in partners:
            earlier = partners[id(one)]
            found.pairs.append((name(earlier), name(one)))
            _clauses(found, earlier, one, name(one))
            _cases(found, earlier, one, name(one))
    return found


def _partners(before: Sequence[Run], after: Sequence[Run], *, several: bool) -> dict[int, Run]:
    """For each run after, the one before: of the same target, or of another release of the same language version.

    several: whether there are several candidates; then it must be of the same candidate, too.
    """
    partners: dict[int, Run] = {}
    left = list(before)
    keys = (_exactly, _roughly)
    if several:
        keys = (lambda run: (run.candidate, *_exactly(run)), lambda run: (run.candidate, *_roughly(run)))
    for key in keys:
        for one in after:
            fitting = [other for other in left if key(other) == key(one)]
            if id(one) not in partners and len(fitting) == 1:
                partners[id(one)] = fitting[0]
                left.remove(fitting[0])
    return partners


def _exactly(run: Run) -> tuple[object, ...]:
    return run.target, run.run["target"].get("platform")


def _roughly(run: Run) -> tuple[object, ...]:
    return run.run["target"].get("implementation"), run.version[:2], run.run["target"].get("platform")


def _kind(before: str, after: str) -> str:
    """To which list a change belongs; empty if it is none."""
    if after in _BAD:
        return "" if before == after else "otherwise" if before in _BAD else "broke"
    if after in _GOOD:
        return "fixed" if before in _BAD else "" if before in _GOOD else "newly_run"
    return "not_run" if before in (*_GOOD, *_BAD) else ""


def _clauses(found: Comparison, before: Run, after: Run, where: str) -> None:
    earlier, later = ({one["id"]: one for one in run.clauses} for run in (before, after))
    for name in {**earlier, **later}:
        one = later.get(name) or earlier[name]
        old, new = (some[name]["verdict"] if name in some else "not-run" for some in (earlier, later))
        kind = _kind(old, new)
        if not kind:
            found.same += 1
            continue
        run = after if new in _BAD else before
        if kind == "fixed" and any(not _tried(case, after) for case in _breaking(before.trials, name)):
            kind, new = "not_run", "conforms in other cases"
        change = Change(
            where,
            name,
            old,
            new,
            level=one["level"],
            statement=one["statement"],
            cases=tuple(_breaking(run.trials, name)),
            counts=Level.parse(one["level"]) <= after.level and not one.get("expected"),
        )
        getattr(found, kind).append(change)


def _breaking(trials: Sequence[Record], clause: str) -> Iterator[str]:
    for trial in trials:
        if any(one["cause"] and one["clause"] == clause for one in trial["divergences"]):
            yield trial["id"]


def _tried(case: str, run: Run) -> bool:
    """Whether a case was run; or searched for, since what agrees in a search leaves no record."""
    trial = next((one for one in run.trials if one["id"] == case), None)
    if trial is not None:
        return trial["verdict"] not in ("not-run", "unsupported")
    chapter, _, name = case.partition("/")
    return chapter == "search" and any(one["property"] == name.partition("/")[0] for one in run.searches)


def _cases(found: Comparison, before: Run, after: Run, where: str) -> None:
    level = after.level
    earlier, later = ({one["id"]: _verdict(one, level) for one in run.trials} for run in (before, after))
    for name in {**earlier, **later}:
        old, new = earlier.get(name, "not-run"), later.get(name, "not-run")
        if name not in later and _tried(name, after):
            new = "agrees"
        if kind := _kind(old, new):
            found.cases[kind].append(Change(where, name, old, new))


def _verdict(trial: Record, level: Level) -> str:
    """The verdict on a case, up to a level, without what is expected."""
    if trial["verdict"] not in _BAD:
        return str(trial["verdict"])
    counts = any(
        one["cause"] and not one.get("expected") and Level.parse(one["level"]) <= level for one in trial["divergences"]
    )
    return str(trial["verdict"]) if counts else "agrees"


_TITLES: Mapping[str, str] = {
    "broke": "Broke",
    "otherwise": "Differs in another way",
    "fixed": "Fixed",
    "not_run": "Not run any more",
}


def lines(found: Comparison) -> Iterator[str]:
    """The comparison, to be read on a terminal."""
    yield "compared: " + (", ".join(a if a == b else f"{a} -> {b}" for a, b in found.pairs) or "nothing")
    yield from (f"note: {one}" for one in found.notes)
    for name, title in _TITLES.items():
        changes = getattr(found, name)
        cases = found.cases[name]
        if changes or cases:
            yield ""
            yield f"{title}: {_plural(len(_ids(changes)), 'clause')}, {_plural(len(_ids(cases)), 'case')}"
        worse = name in ("broke", "otherwise")
        by_id = list(_by_id(changes))
        for clause, some in by_id[: None if worse else _MOST_CLAUSES]:
            yield f"  {clause} ({some[0].level}{'' if some[0].counts else ', fails nothing'}) {_how(some)}"
            if worse:
                yield f"    {some[0].statement}"
                if some[0].cases:
                    yield f"    {_some(some[0].cases)}"
        if not worse and len(by_id) > _MOST_CLAUSES:
            yield f"  and {len(by_id) - _MOST_CLAUSES} more clauses"
        others = _unexplained(changes, cases)
        if others and worse:
            yield f"  {_plural(len(others), 'more case')}: {_some(others)}"
    if found.missing:
        yield f"\nNot run at all: {', '.join(found.missing)}"
    if found.added:
        yield f"\nNot run before: {', '.join(found.added)}"
    if found.newly_run:
        yield f"\nConforms, and was not run before: {_plural(len(_ids(found.newly_run)), 'clause')}"
    yield ""
    yield f"status {found.status}: {verdict(found)}"


def verdict(found: Comparison) -> str:
    """It all in one line."""
    numbers = [
        f"{len(_ids(found.broke)) + len(_ids(found.otherwise))} broke",
        f"{len(_ids(found.fixed))} fixed",
        f"{len(_ids(found.not_run))} not run any more",
    ]
    words = {0: "nothing broke", 1: "something broke", 5: "nothing broke in what was run, but not all was run"}
    return f"{words[found.status]} (clauses: {', '.join(numbers)})"


def markdown(found: Comparison) -> str:
    """The comparison, for the page of a CI job."""
    return "\n".join(_markdown(found)) + "\n"


def _markdown(found: Comparison) -> Iterator[str]:
    yield f"## {'✅❌'[found.status == 1] if found.status != 5 else '⚠️'} {verdict(found)}"
    yield ""
    yield "Compared: " + (", ".join(text(a if a == b else f"{a} -> {b}") for a, b in found.pairs) or "nothing") + "."
    for note in found.notes:
        yield f"\n> {text(note)}"
    for name, title in _TITLES.items():
        changes = getattr(found, name)
        if not changes and not found.cases[name]:
            continue
        cases = _plural(len(_ids(found.cases[name])), "case")
        yield f"\n### {title}: {_plural(len(_ids(changes)), 'clause')}, {cases}\n"
        if changes:
            yield "| clause | level | before | after | on | |"
            yield "|---|---|---|---|---|---|"
        for clause, some in list(_by_id(changes))[:50]:
            one = some[0]
            cells = (code(clause), one.level, one.before, one.after, text(_targets(some)), text(one.statement))
            yield "| " + " | ".join(cells) + " |"
        others = _unexplained(changes, found.cases[name])
        if others and name in ("broke", "otherwise"):
            yield "\nMore cases: " + ", ".join(code(one) for one in others[:_MOST])
    for title, names in (("Not run at all", found.missing), ("Not run before", found.added)):
        if names:
            yield f"\n{title}: {text(', '.join(names))}."


def _by_id(changes: Sequence[Change]) -> Iterator[tuple[str, list[Change]]]:
    for name in _ids(changes):
        yield name, [one for one in changes if one.id == name]


def _ids(changes: Sequence[Change]) -> list[str]:
    return list(dict.fromkeys(one.id for one in changes))


def _unexplained(changes: Sequence[Change], cases: Sequence[Change]) -> list[str]:
    """The cases that show none of the clauses that are named already."""
    named = {case for one in changes for case in one.cases}
    return [name for name in _ids(cases) if name not in named]


def _how(changes: Sequence[Change]) -> str:
    return f"{changes[0].before} -> {changes[0].after} on {_targets(changes)}"


def _targets(changes: Sequence[Change]) -> str:
    names = [one.target for one in changes]
    return ", ".join(names) if len(names) <= 3 else f"{len(names)} targets"


def _some(names: Sequence[str]) -> str:
    rest = len(names) - _EXAMPLES
    return ", ".join(names[:_EXAMPLES]) + (f", {rest} more" if rest > 0 else "")


def _plural(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
