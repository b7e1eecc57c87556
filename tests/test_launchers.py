"""Launchers that do what `python -m` and `python FILE` do, and such as do not: the wrong ones are caught.

`tests/launchers/right.py` and `right_script.py` are the right ones. `wrong.toml` and `wrong_scripts.toml` beside them
have the wrong ones, each an edit of one of these, with the clause that it breaks.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.cases.model import Case
from conformance.clauses import CHAPTERS_OF_COMMANDS, MODULE, PATH, Level, registry
from conformance.commands.launchers import side_of
from conformance.judge.divergence import Divergence
from conformance.observation.interpreters import Target, find
from conformance.observation.live import LiveSide
from tests.harness import LAUNCHERS, Mutant, Oracle, every_case, judged, target_for, wrong_launchers

TIMEOUT = 3.0  # seconds for a case: one of the wrong launchers never ends


WRONG = list(wrong_launchers())


@functools.cache
def own_cases(clause: str) -> list[Case]:
    """The fixtures whose point a clause is."""
    return [case for case in every_case().values() if case.clauses[0] == clause]


def launched(target: Target, launcher: Path) -> LiveSide:
    """The side of a launcher that is a file in Python."""
    command = f"{{python}} {launcher}"
    return LiveSide(target, side_of(command, command), timeout=TIMEOUT)


@pytest.fixture(scope="module")
def launched_by(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Target, str], LiveSide]]:
    """Returns a function that gives the side of a launcher by its source: one agent for all launchers of a target."""
    path = tmp_path_factory.mktemp("launchers") / "launcher.py"
    sides: dict[Target, LiveSide] = {}

    def side_with(target: Target, source: str) -> LiveSide:
        path.write_text(source, encoding="utf-8")
        if target not in sides:
            sides[target] = launched(target, path)
        return sides[target]

    yield side_with
    for side in sides.values():
        side.close()


@pytest.mark.parametrize(("launcher", "kind"), [("right.py", MODULE), ("right_script.py", PATH)])
def test_the_right_launcher_conforms(launcher: str, kind: str, oracle_of: Callable[[Target], Oracle]) -> None:
    """To the last detail, in all fixtures."""
    target = find(sys.executable)
    oracle = oracle_of(target)
    candidate = launched(target, LAUNCHERS / launcher)
    found = [
        f"{case.id}: {divergence.where}: {divergence.signature}"
        for case in every_case().values()
        if case.programs == {kind}
        for divergence in judged(oracle, candidate, case) or ()
    ]
    candidate.close()
    assert not found, "\n".join(found)


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.id)
def test_a_wrong_launcher_is_caught_and_its_clause_named(
    wrong: Mutant, oracle_of: Callable[[Target], Oracle], launched_by: Callable[[Target, str], LiveSide]
) -> None:
    """In one of the clause's own cases it is the clause of the first cause, or it follows from a clause in `also`.

    At its own level if it is documented.
    """
    target = target_for(wrong.versions)
    if target is None:
        pytest.skip(f"no Python {wrong.versions} here")
    candidate = launched_by(target, wrong.source())
    found: list[list[Divergence]] = [
        judged(oracle_of(target), candidate, case, max(registry()[wrong.clause].level, Level.COMPAT)) or []
        for case in own_cases(wrong.clause)
    ]
    causes = [[divergence for divergence in divergences if divergence.cause] for divergences in found]
    named = {divergences[0].signature.clause for divergences in causes if divergences}
    shown = {divergence.signature.clause for divergences in found for divergence in divergences}
    follows = wrong.clause in shown and not named.isdisjoint(wrong.also)
    assert wrong.clause in named or follows, f"{wrong.summary}: named first instead: {sorted(named) or 'nothing'}"
    if registry()[wrong.clause].level == Level.DOCUMENTED:
        levels = {
            divergence.level
            for divergences in found
            for divergence in divergences
            if divergence.signature.clause == wrong.clause
        }
        assert Level.DOCUMENTED in levels, "none of its cases rests on nothing but what is documented"


def test_each_clause_has_a_wrong_launcher() -> None:
    """But for those that are about all programs at once."""
    clauses = {clause.id for clause in registry().values() if clause.chapter in CHAPTERS_OF_COMMANDS}
    assert clauses - {wrong.clause for wrong in WRONG} == {"M-AS-RUN-MODULE", "S-AS-RUN-PATH"}
