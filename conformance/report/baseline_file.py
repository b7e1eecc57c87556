"""Writes a baseline from a run's records: what diverges comes in, what no longer does goes out, all else stays.

Rules. Reasons, links, comments and the order of what remains are the user's: the file is edited, and never made anew.
Texts go in and out; no file is opened here.

Theory of operation. First it is decided which signatures each entry is to have, and which cases stand behind each
(`_entries`, then `_remove_gone`, then `_add_new`). Only then is the text edited to say so: within entries by tomlkit,
which keeps comments, and as blocks of lines where whole entries and cases come and go.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import tomlkit
from packaging.specifiers import SpecifierSet
from tomlkit.items import AoT

from ..cases.fixtures import from_plain, toml
from ..cases.model import FAMILIES, SEARCH
from ..clauses import Level, registry
from ..judge.baseline import Baseline, Condition, Known, Places, after, text_of
from ..judge.divergence import Signature
from ..texts import visible
from .findings import findings
from .records import signature_of
from .types import BaselineRecord, TrialRecord

_HEAD = """\
# What is expected of {candidate}: where it differs from runpy.run_module, with the reason for each.
# `--write-baseline` adds what is new and takes out what is gone; reasons, links and comments stay (docs/baselines.md).
"""
_LONGEST = 110


@dataclass
class Written:
    """A baseline that was written: its text, and the numbers of its entries."""

    text: str
    added: int = 0
    removed: int = 0
    kept: int = 0
    changed: int = 0  # of those that were kept

    def __str__(self) -> str:
        numbers = ((self.added, "added"), (self.removed, "removed"), (self.kept, "kept"))
        words = [f"{number} {verb}" for number, verb in numbers if number] or ["nothing is expected"]
        entries = f"{', '.join(words)}" + (f" ({self.changed} of them changed)" if self.changed else "")
        return entries if not (self.added or self.removed or self.kept) else f"entries: {entries}"


@dataclass(frozen=True)
class _Run:
    """A run: what was tried, and where. signatures: those of the causes that each case has shown, by its id."""

    implementation: str
    version: str
    level: Level
    trials: Sequence[TrialRecord]
    signatures: Mapping[str, set[Signature]]

    @property
    def target(self) -> str:
        """The target as a condition: all releases of this version of the language."""
        major, minor, *_ = self.version.split(".")
        return f"{self.implementation}=={major}.{minor}.*"


@dataclass(frozen=True)
class _Place:
    """A case behind a signature, as it is to be written. targets: those of the case; None for those of the entry."""

    case: str
    targets: tuple[str, ...] | None = None


_Entries = list[dict[str, list[_Place]]]  # for each entry, the places of each of its signatures


def update(
    baseline: Baseline,
    text: str,
    trials: Sequence[TrialRecord],
    replays: Sequence[BaselineRecord],
    *,
    candidate: str,
    implementation: str,
    version: str,
    level: Level,
) -> Written:
    """The baseline as it should be after a run. text: that of the baseline before. trials, replays: the run's records.

    Only what the run has tried is touched; what the baseline says of other targets stays.
    """
    signatures = {
        trial["id"]: {signature_of(divergence) for divergence in trial["divergences"] if divergence["cause"]}
        for trial in trials
        if trial["divergences"]
    }
    run = _Run(implementation, version, level, trials, signatures)
    others = tuple(condition for condition in baseline.written_on if condition != run.target)
    entries = _entries(baseline)
    satisfied = _remove_gone(baseline, entries, run, replays, others)
    new = _add_new(baseline, entries, run, satisfied, others)
    text = text or _HEAD.format(candidate=visible(candidate))
    text = _edited(text, baseline, entries, (*others, run.target))
    empty = [number for number, entry in enumerate(entries) if not entry]
    text = _without_entries(text, empty)
    text = _with_entries(text, [_entry(signatures) for signatures in new])
    used = {place.case for entry in [*entries, *new] for places in entry.values() for place in places}
    text = _with_cases(text, used, {trial["id"]: trial for trial in trials if trial.get("fixture")})
    changed = sum(bool(now) and now != old for old, now in zip(_entries(baseline), entries, strict=True))
    return Written(text, len(new), len(empty), len(entries) - len(empty), changed)


# -- what is to stand there ------------------------------------------------------------------------------------


def _entries(baseline: Baseline) -> _Entries:
    """The entries as they stand in a baseline."""
    entries: _Entries = [{} for _ in range(1 + max((known.entry for known in baseline.known), default=-1))]
    for known in baseline.known:
        targets = tuple(condition.text for condition in known.targets) if known.own else None
        entries[known.entry].setdefault(text_of(known.signature), []).append(_Place(known.case, targets))
    return entries


def _remove_gone(
    baseline: Baseline, entries: _Entries, run: _Run, replays: Sequence[BaselineRecord], others: tuple[str, ...]
) -> set[Signature]:
    """Remove from the entries what no longer shows here; return the signatures that hold here and need not be added."""
    states = {(replay["signature"], replay["case"]): replay["state"] for replay in replays}
    satisfied = set()
    for known in baseline.known:
        if not known.holds(run.implementation, run.version):
            continue
        text = text_of(known.signature)
        if states.get((text, known.case), "not-run") in ("expected", "not-run"):
            satisfied.add(known.signature)
            continue
        places = entries[known.entry][text]
        at = next(number for number, place in enumerate(places) if place.case == known.case)
        left = _without_target(known, run, others)
        places[at : at + 1] = [_Place(known.case, left)] if left else []
        if not places:
            del entries[known.entry][text]
    return satisfied


def _without_target(known: Known, run: _Run, others: tuple[str, ...]) -> tuple[str, ...]:
    """The conditions of a line without this target; none if nothing is left."""
    if not known.targets:
        return others
    left = []
    for condition in known.targets:
        if condition.holds(run.implementation, run.version):
            if condition.text.strip() == run.target:
                continue
            specifiers = [*map(str, condition.versions), "!=" + run.target.partition("==")[2]]
            text = condition.implementation + str(SpecifierSet(",".join(specifiers)))
            if not _reaches(text):
                continue
        else:
            text = condition.text
        left.append(text)
    return tuple(left)


def _reaches(text: str) -> bool:
    """True if some version of Python meets a condition."""
    try:
        Condition.parse(text)
    except ValueError:
        return False
    return True


def _add_new(
    baseline: Baseline, entries: _Entries, run: _Run, satisfied: set[Signature], others: tuple[str, ...]
) -> _Entries:
    """Add what is new to the entries to which it belongs; return the entries that are new."""
    new: _Entries = []
    in_entry = {known.signature: known.entry for known in reversed(baseline.known) if entries[known.entry]}
    for finding in findings(run.trials, run.level):
        cases: dict[Signature, list[TrialRecord]] = {}
        for trial, divergence in finding.pairs:
            cases.setdefault(signature_of(divergence), []).append(trial)
        missing = [signature for signature in cases if signature not in satisfied and signature.clause in registry()]
        home = next((in_entry[signature] for signature in cases if signature in in_entry), None)
        fresh: dict[str, list[_Place]] = {}
        for signature in missing:
            satisfied.add(signature)
            number = next((known.entry for known in baseline.known if known.signature == signature), home)
            if number is None or not entries[number]:
                number = home
            entry = fresh if number is None else entries[number]
            _place(entry.setdefault(text_of(signature), []), cases[signature], signature, run, others)
        if fresh:
            new.append(fresh)
    return new


def _place(
    places: list[_Place], trials: Sequence[TrialRecord], signature: Signature, run: _Run, others: tuple[str, ...]
) -> None:
    """Add a case to a signature: the one that stands there for other targets, if it shows the same here."""
    for number, place in enumerate(places):
        if place.targets is not None and signature in run.signatures.get(place.case, ()):
            places[number] = _Place(place.case, (*place.targets, run.target))
            return
    best = min(trials, key=lambda trial: _how_plain(trial, signature, run))
    alone = not others and not places
    places.append(_Place(best["id"], None if alone else (run.target,)))


def _how_plain(trial: TrialRecord, signature: Signature, run: _Run) -> tuple[int, bool, int, int, str]:
    """A case by which to know a divergence again: one of the suite's, about it, that shows little else, and small."""
    drawn = {FAMILIES: 1, SEARCH: 2}.get(trial["chapter"], 0)
    return drawn, signature.clause not in trial["clauses"], len(run.signatures[trial["id"]]), trial["size"], trial["id"]


# -- the text --------------------------------------------------------------------------------------------------


def _edited(text: str, baseline: Baseline, entries: _Entries, written_on: tuple[str, ...]) -> str:
    """The text with the lines of its entries as they are to be. Entries of which nothing is left are not touched."""
    document = tomlkit.parse(text)
    if tuple(document.get("written_on", ())) != written_on:
        if "written_on" in document:
            document["written_on"] = list(written_on)
        else:
            (name, head), *tables = _blocks(text)
            line = f"written_on = {_value(list(written_on))}\n"
            document = tomlkit.parse(_joined([(name, [*head, line]), *([("", ["\n"])] if tables else []), *tables]))
    before = _entries(baseline)
    tables = document.get("expected", AoT([]))
    for table, old, now in zip(tables, before, entries, strict=True):
        if not now or now == old:
            continue
        signatures = table["signatures"]
        for signature in old.keys() - now.keys():
            del signatures[signature]
        for signature, places in now.items():
            if places != old.get(signature):
                signatures[signature] = tomlkit.value(_places(places))
    return tomlkit.dumps(document)


def _places(places: Sequence[_Place]) -> str:
    texts = [
        _value(place.case)
        if place.targets is None
        else f"{{ case = {_value(place.case)}, targets = {_value(list(place.targets))} }}"
        for place in places
    ]
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def _value(value: str | list[str]) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _entry(signatures: Mapping[str, Sequence[_Place]]) -> str:
    """The text of a new entry, which waits for its reason."""
    statement = " ".join(registry()[next(iter(signatures)).partition(",")[0]].statement.split())
    if len(statement) > _LONGEST:
        statement = statement[: _LONGEST - 4].rpartition(" ")[0] + " ..."
    lines = [f"# {statement}", "[[expected]]", 'reason = ""', "", "[expected.signatures]"]
    lines += [f"{_value(signature)} = {_places(places)}" for signature, places in signatures.items()]
    return "\n".join(lines) + "\n"


def _blocks(text: str) -> list[tuple[str, list[str]]]:
    """The text in parts: what comes before the first table, then each table with the comments just above it."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    starts = []
    for number, name in Places(text).headers:
        start = number - 1
        while start > 0 and lines[start - 1].lstrip().startswith("#"):
            start -= 1
        starts.append((start, name if not lines[number - 1].lstrip().startswith("[[") else f"[{name}]"))
    ends = [*(start for start, _ in starts[1:]), len(lines)] if starts else []
    head = lines[: starts[0][0]] if starts else lines
    return [("", head), *((name, lines[start:end]) for (start, name), end in zip(starts, ends, strict=True))]


def _joined(blocks: Sequence[tuple[str, list[str]]]) -> str:
    return "".join(line for _, lines in blocks for line in lines)


def _without_entries(text: str, numbers: Sequence[int]) -> str:
    kept, entry = [], -1
    for name, lines in _blocks(text):
        entry += name == "[expected]"
        inside = name == "[expected]" or name.startswith("expected.")
        if not (inside and entry in numbers):
            kept.append((name, lines))
    return _joined(kept)


def _with_entries(text: str, new: Sequence[str]) -> str:
    """The text with new entries after the last one, before the cases."""
    if not new:
        return text
    blocks = _blocks(text)
    at = next((number for number, (name, _) in enumerate(blocks) if name.strip("[").startswith("cases")), len(blocks))
    before, following = _joined(blocks[:at]), _joined(blocks[at:])
    return _spaced(before, *new, following)


def _spaced(*parts: str) -> str:
    """Parts with an empty line between them."""
    return "\n\n".join(part.strip("\n") for part in parts if part.strip()) + "\n"


def _with_cases(text: str, used: set[str], drawn: Mapping[str, TrialRecord]) -> str:
    """The text with those cases of the search that its entries keep, and no others."""
    data = tomllib.loads(text).get("cases", {})
    kept = []
    for name, lines in _blocks(text):
        of = re.match(r"""\[?cases\s*\.\s*["']([^"']+)""", name)
        if of is None or of[1] in used:
            kept.append((name, lines))
    text = _joined(kept)
    for name in sorted(used & drawn.keys() - data.keys()):
        text = _spaced(text, _case(drawn[name]))
    return text


def _case(trial: TrialRecord) -> str:
    """A drawn case as a table of its own."""
    data = tomllib.loads(trial["fixture"])
    data["clauses"] = trial["clauses"]  # which decide the clauses of its divergences
    name = f'cases."{trial["id"]}"'
    lines, inside = [f"[{name}]"], ""
    for line in toml(from_plain(data, trial["id"])).rstrip("\n").split("\n"):
        header = not inside and re.fullmatch(r"(\[\[?)(.+?)(\]\]?)", line)
        lines.append(f"{header[1]}{name}.{header[2]}{header[3]}" if header else line)
        inside = after(line, inside)
    return "\n".join(lines) + "\n"
