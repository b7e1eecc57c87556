"""The request of a run: target, cases, level, baseline and search, each checked.

`options` has checked before that each value is one that its option takes; here it is checked that the values fit
together, and that what they name exists.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from .. import HOUSE
from ..cases import families
from ..cases.fixtures import fixtures
from ..cases.model import FAMILIES, SEARCH
from ..cases.strategies import PROPERTIES
from ..clauses import CHAPTERS, Level, registry
from ..judge.baseline import Baseline, Known
from ..judge.baseline import read as read_baseline
from ..observation.interpreters import BadInterpreter, Target, find
from ..search.profiles import PROFILES, Profile, seconds
from . import command_line
from .kinds import UsageError, nearest
from .selection import Selection


class Checking:
    """A pytest plugin whose presence says: check the request, and run nothing."""


@dataclass(frozen=True)
class Plan:
    """The plan of the search: a number of examples for each property, or a length of time in seconds for all.

    alone: true if each property is searched by itself, in a process that knows nothing of the others.
    """

    profile: Profile
    examples: int
    seconds: float | None
    alone: bool


@dataclass(frozen=True)
class Request:
    """All that a run was asked for.

    level: up to which a divergence fails the run. baseline: None, if nothing was said of one. expected: the divergences
    that it expects on the target.
    """

    target: Target
    level: Level
    selection: Selection
    plan: Plan
    baseline: Baseline | None
    expected: tuple[Known, ...]


def read(config: pytest.Config) -> Request:
    """The request in pytest's options. Raises UsageError, BadInterpreter, BaselineError, CaseError."""
    folder = _fixtures_folder(config)
    baseline = _baseline(config, folder)
    names = _names(config, folder, (baseline and baseline.cases) or ())
    _settle_candidate(config)
    plan, target = _plan(config), _target(config)
    return Request(
        target=target,
        level=Level.parse(config.option.level),
        selection=Selection(folder, names, _clauses_of(config), plan.profile.families),
        plan=plan,
        baseline=baseline,
        expected=baseline.on(target.implementation, target.version) if baseline else (),
    )


_POINTED = "packages/nested_package_runs_main::MAIN-SUBMODULE"
_ENDLESS = 10**9  # examples


def _settle_candidate(config: pytest.Config) -> None:
    """Settle from where the candidate is imported; with --interpreter it is its own runpy. Raises UsageError."""
    option = config.option
    if option.interpreter and option.impl not in ("reference", "runpy"):
        raise UsageError("--interpreter judges the interpreter's own runpy, and --impl another: give one of the two.")
    if option.interpreter:
        option.impl = "runpy"
    elif not option.import_from and Path.cwd() != HOUSE:
        option.import_from = str(Path.cwd())


def _target(config: pytest.Config) -> Target:
    """The interpreter that is asked for. Raises UsageError."""
    name = "--interpreter" if config.option.interpreter else "--target"
    try:
        return find(config.option.interpreter or config.option.target)
    except BadInterpreter as exc:
        raise UsageError(f"{name}: {exc}") from None


def _fixtures_folder(config: pytest.Config) -> Path:
    """The folder of the cases. Raises UsageError."""
    folder = Path(config.option.cases).resolve()
    if not any(fixtures(folder)):
        raise UsageError(f"--cases: {folder} holds no fixtures: they are TOML files in folders named after a chapter.")
    return folder


def _names(config: pytest.Config, folder: Path, brought: Iterable[str]) -> frozenset[str]:
    """The clauses, chapters and fixtures that were named on the command line. Raises UsageError.

    brought: ids of cases that a baseline brings.
    """
    known = {path.relative_to(folder).with_suffix("").as_posix() for path in fixtures(folder)} | {FAMILIES}
    known |= {SEARCH, *(f"{SEARCH}/{name}" for name in PROPERTIES), *brought}
    chosen = set()
    given = {str(word) for word in config.invocation_params.args}
    for word in config.args:
        if word not in given:
            continue  # pytest's own idea of where to look
        name, points, asked = _parts(word)
        if name.startswith(f"{FAMILIES}/") and name not in known:
            known.update(name for case in families.generate(folder) for name in (case.id, case.family))
        if name not in registry() and name not in known and name not in CHAPTERS:
            raise UsageError(_unknown(word, name, {*registry(), *known, *CHAPTERS}))
        if points and (asked not in registry() or "/" not in name or name.startswith(f"{SEARCH}/")):
            raise UsageError(f"{word!r} is no case with a clause that it is tried for, as {_POINTED} is one.")
        clause = registry().get(name)
        if clause is not None and clause.untestable:
            raise UsageError(f"{name} is never judged: {clause.untestable}")
        chosen.add(name)
    return frozenset(chosen)


def _unknown(word: str, name: str, known: frozenset[str] | set[str]) -> str:
    """The sentence for a word that names nothing."""
    near = nearest(name, known | command_line.COMMANDS.keys())
    own = [one for one in known if one.partition("/")[2] == name]  # an id without its chapter
    if own or near in command_line.COMMANDS:
        near = min(own) if own else f"{command_line.command(near)} ..."
    hint = f"did you mean {near}? " if near else ""
    return (
        f"{word!r} is neither a clause, nor a chapter, nor a fixture; {hint}{command_line.command('list')} says what "
        "there is."
    )


def _clauses_of(config: pytest.Config) -> dict[str, tuple[str, ...]]:
    """The clauses for which each case is to be tried: those that were named with it, as in `CASE::CLAUSE`."""
    found: dict[str, tuple[str, ...]] = {}
    for word in config.args:
        name, points, clause = _parts(word)
        if points and clause in registry():
            found[name] = (*found.get(name, ()), clause)
    return found


def _parts(word: str) -> tuple[str, str, str]:
    """The name of what was chosen, `::` if a clause stands behind it, and that clause."""
    name, points, clause = word.partition("::")
    return name.removesuffix(".toml").removeprefix("fixtures/"), points, clause


def _baseline(config: pytest.Config, folder: Path) -> Baseline | None:
    """The baseline, if one was named. Raises UsageError, BaselineError, CaseError."""
    option = config.option
    if not option.baseline:
        if option.write_baseline:
            raise UsageError("--write-baseline needs --baseline=FILE.toml, the file to write.")
        return None
    path = Path(option.baseline)
    if option.write_baseline and not path.exists():
        if not path.absolute().parent.is_dir():
            raise UsageError(f"The baseline {path} cannot be written: there is no folder {path.parent}.")
        return Baseline(path)
    if not path.exists():
        raise UsageError(f"There is no baseline {path}: --write-baseline writes one.")
    return read_baseline(path, Ids(folder))


class Ids(Collection[str]):
    """The ids of all cases that there are; those of the families are looked up only if they are asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known = {path.relative_to(folder).with_suffix("").as_posix() for path in fixtures(folder)}

    def __contains__(self, name: object) -> bool:
        if name not in self._known and str(name).startswith(FAMILIES):
            self._known |= {case.id for case in families.generate(self._folder)}
        return name in self._known

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def _plan(config: pytest.Config) -> Plan:
    """The plan of the search."""
    option = config.option
    profile = PROFILES[option.profile]
    if not option.budget:
        return Plan(profile, profile.examples, None, option.profile == "thorough")
    return Plan(profile, _ENDLESS, seconds(option.budget), True)
