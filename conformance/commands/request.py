"""The request of a run: its target, cases, level, baseline and search, all checked.

Rules. This module reads pytest's options and returns one frozen `Request`. It starts no side and runs no case; the only
process that it starts asks the target for its version. `options` has already checked each value by itself.

Theory of operation. `read` checks that the values fit together, and that each name on the command line is the name of a
clause, a chapter, a case, a family or a property. The cases of the families are enumerated only if a name could be one
of them, since that takes a while. Every mistake raises an error whose text is one sentence.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .. import HOUSE
from ..cases.fixtures import fixtures
from ..cases.model import FAMILIES, SEARCH
from ..cases.strategies import PROPERTIES
from ..cases.tree import generated
from ..cases.varied import OF_FIXTURES
from ..clauses import CALLS, CHAPTERS, MODULE, PATH, Level, kind_of, registry
from ..judge.baseline import Baseline, Known
from ..judge.baseline import read as read_baseline
from ..observation import bridges
from ..observation.interpreters import BadInterpreter, Target, find
from ..search.profiles import PROFILES, Profile, seconds
from . import command_line
from .kinds import UsageError, nearest
from .options import of_interpreter
from .selection import Selection


class CheckOnly:
    """A pytest plugin without hooks: if it is registered, the request is checked and nothing is run."""


@dataclass(frozen=True)
class Plan:
    """The plan of the search.

    examples: the number of cases that are drawn for each property. seconds: the time limit for all properties together,
    or None. alone: true if each property is searched in a worker of its own, which does not know the finds of others.
    """

    profile: Profile
    examples: int
    seconds: float | None
    alone: bool


@dataclass(frozen=True)
class Request:
    """The request of a run.

    level: the level up to which divergences fail the run. baseline: None if the run has no baseline. expected: the
    entries of the baseline for this target.
    """

    target: Target
    level: Level
    selection: Selection
    plan: Plan
    baseline: Baseline | None
    expected: tuple[Known, ...]


def read(config: pytest.Config) -> Request:
    """Read the request from pytest's options.

    Raises UsageError, BadInterpreter, CandidateError, BaselineError, CaseError.
    """
    folder = _fixtures_folder(config)
    baseline = _baseline(config, folder)
    names = _names(config, folder, (baseline and baseline.cases) or ())
    _settle_candidate(config)
    plan, target = _plan(config), _target(config)
    return Request(
        target=target,
        level=Level.parse(config.option.level),
        selection=Selection(folder, names, _clauses_of(config), plan.profile, _kinds(config, names)),
        plan=plan,
        baseline=baseline,
        expected=baseline.on(target.implementation, target.version) if baseline else (),
    )


_EXAMPLE_CASE = "packages/nested_package_runs_main::MAIN-SUBMODULE"
_ENDLESS = 10**9  # examples


def _settle_candidate(config: pytest.Config) -> None:
    """Set the defaults of --import-from and, with --interpreter, of --impl. Raises UsageError."""
    option = config.option
    if option.smoke and not option.target_command:
        raise UsageError("--smoke tries a bridge: give it with --target-command.")
    if option.target_command and (given := _beside_a_bridge(option)):
        raise UsageError(f"--target-command judges the runpy of an interpreter, {given} something else: give one.")
    given = "--command" if option.command else "--command-path" if option.command_path else ""
    if given and (option.interpreter or option.impl_path or option.impl != "reference"):
        other = "--interpreter" if option.interpreter else "--impl-path" if option.impl_path else "--impl"
        raise UsageError(f"{given} judges a command, and {other} something else: give one of them.")
    if given and option.oracle == "recording":
        raise UsageError(f"{given}: there are no recordings of commands; leave out --oracle=recording.")
    if option.interpreter and option.impl not in ("reference", "runpy"):
        raise UsageError(
            "--interpreter judges the runpy of an interpreter, --impl another implementation: give one of them."
        )
    if of_interpreter(option):
        option.impl = "runpy"
    elif not option.import_from and Path.cwd() != HOUSE:
        option.import_from = str(Path.cwd())


_EVERY_KIND = frozenset((CALLS, MODULE, PATH))
_KINDS = {
    MODULE: "commands that run modules: give one with --command, such as --command='coverage run -m'",
    PATH: "commands that run scripts: give one with --command-path, such as --command-path='coverage run'",
}


def _kinds(config: pytest.Config, names: frozenset[str]) -> frozenset[str]:
    """The kinds of cases that are judged. Raises UsageError if a name is that of a case of another kind."""
    option = config.option
    if option.target_command:
        return frozenset((CALLS,))  # nobody knows how to start a process with that interpreter
    if option.interpreter:
        return _EVERY_KIND
    given = {MODULE: option.command, PATH: option.command_path}
    kinds = frozenset(kind for kind in given if given[kind]) or frozenset((CALLS,))
    for name in sorted(names):
        kind = kind_of(name.partition("/")[0])
        if kind not in (CALLS, *kinds):
            raise UsageError(f"{name} is about {_KINDS[kind]}.")
    return kinds


def _beside_a_bridge(option: Any) -> str:
    """The option that names another candidate than the runpy behind a bridge; an empty text if there is none."""
    if option.impl not in ("reference", "runpy"):
        return "--impl"
    others = {"--command": option.command, "--interpreter": option.interpreter, "--impl-path": option.impl_path}
    return next((name for name, value in others.items() if value), "")


def _target(config: pytest.Config) -> Target:
    """The interpreter of --target, --interpreter or --target-command. Raises UsageError, CandidateError."""
    option = config.option
    if option.target_command:
        try:
            target = bridges.target_of(option.target_command, shlex.split(option.target_command))
        except BadInterpreter as exc:
            raise UsageError(f"--target-command: {exc}") from None
        is_alone = option.smoke or any(isinstance(plugin, CheckOnly) for plugin in config.pluginmanager.get_plugins())
        return target if is_alone else bridges.known(target, option.load_timeout)
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


def _names(config: pytest.Config, folder: Path, ids_of_baseline: Iterable[str]) -> frozenset[str]:
    """The clauses, chapters, cases, families and properties on the command line. Raises UsageError.

    ids_of_baseline: the ids of the cases that the baseline holds itself.
    """
    known = {path.relative_to(folder).with_suffix("").as_posix() for path in fixtures(folder)} | {FAMILIES}
    known |= {SEARCH, *OF_FIXTURES, *(f"{SEARCH}/{name}" for name in PROPERTIES), *ids_of_baseline}
    names = set()
    given = {str(word) for word in config.invocation_params.args}
    for word in config.args:
        if word not in given:
            continue  # a folder that pytest has added
        name, separator, clause_id = _parts(word)
        if name.startswith(f"{FAMILIES}/") and name not in known:
            known.update(name for case in generated(folder, name.__eq__) for name in (case.id, case.family))
        if name not in registry() and name not in known and name not in CHAPTERS:
            raise UsageError(_unknown(word, name, {*registry(), *known, *CHAPTERS}))
        if separator and (clause_id not in registry() or "/" not in name or name.startswith(f"{SEARCH}/")):
            raise UsageError(f"{word!r} is not a case with one of the clauses, such as {_EXAMPLE_CASE}.")
        clause = registry().get(name)
        if clause is not None and clause.untestable:
            raise UsageError(f"{name} is never judged: {clause.untestable}")
        names.add(name)
    return frozenset(names)


def _unknown(word: str, name: str, known: frozenset[str] | set[str]) -> str:
    """The message for a word that is no name. known: all names."""
    chapter, _, case_name = name.rpartition("/")
    same_name = [case for case in known if case.partition("/")[2] == case_name]  # in another chapter, or none was given
    suggestion = min(same_name) if same_name else _similar(name, known | command_line.COMMANDS.keys())
    if suggestion in command_line.COMMANDS:
        suggestion = f"{command_line.command(suggestion)} ..."
    hint = f"did you mean {suggestion}? " if suggestion else ""
    lists = "` names the lists of them."
    if chapter in CHAPTERS:
        lists = f" fixtures {chapter}` lists those of that chapter."
    return f"{word!r} is neither a clause, nor a chapter, nor a fixture; {hint}`{command_line.command('list')}{lists}"


def _similar(name: str, known: Collection[str]) -> str:
    """The known name that is most like a misspelt one; an empty text if none is like it.

    Of a name with slashes each part is compared by itself: that the chapter is right makes none of its cases like it.
    """
    parent, slash, last = name.rpartition("/")
    if not slash:
        return nearest(name, known)
    names: dict[str, list[str]] = {}
    for other in known:
        folder, _, own = other.rpartition("/")
        names.setdefault(folder, []).append(own)
    if parent not in names:
        parent = _similar(parent, [folder for folder in names if folder])
    found = nearest(last, names[parent]) if parent else ""
    return f"{parent}/{found}" if found else ""


def _clauses_of(config: pytest.Config) -> dict[str, tuple[str, ...]]:
    """The clauses for which each case is tried, from arguments such as `CASE::CLAUSE`."""
    clauses: dict[str, tuple[str, ...]] = {}
    for word in config.args:
        name, separator, clause = _parts(word)
        if separator and clause in registry():
            clauses[name] = (*clauses.get(name, ()), clause)
    return clauses


def _parts(word: str) -> tuple[str, str, str]:
    """The name in an argument; and if a clause follows it, `::` and the clause."""
    name, separator, clause = word.partition("::")
    return name.removesuffix(".toml").removeprefix("fixtures/"), separator, clause


def _baseline(config: pytest.Config, folder: Path) -> Baseline | None:
    """The baseline of --baseline, or None. Raises UsageError, BaselineError, CaseError."""
    option = config.option
    if not option.baseline:
        if option.write_baseline:
            raise UsageError("--write-baseline needs --baseline=FILE.toml, the file to update.")
        return None
    path = Path(option.baseline)
    if option.write_baseline and not path.exists():
        if not path.absolute().parent.is_dir():
            raise UsageError(f"The baseline {path} cannot be written: there is no folder {path.parent}.")
        return Baseline(path)
    if not path.exists():
        raise UsageError(f"There is no baseline {path}: --write-baseline writes one.")
    return read_baseline(path, CaseIds(folder))


class CaseIds(Collection[str]):
    """The ids of all cases in a folder; the families are enumerated at the first look-up of one of their cases."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known = {path.relative_to(folder).with_suffix("").as_posix() for path in fixtures(folder)}

    def __contains__(self, name: object) -> bool:
        if name not in self._known and str(name).startswith(FAMILIES):
            self._known |= {case.id for case in generated(self._folder)}
        return name in self._known

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def _plan(config: pytest.Config) -> Plan:
    """The plan of the search, from --profile and --budget."""
    option = config.option
    profile = PROFILES[option.profile]
    if not option.budget:
        return Plan(profile, profile.examples, None, option.profile == "thorough")
    return Plan(profile, _ENDLESS, seconds(option.budget), True)
