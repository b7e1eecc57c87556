"""Drawn cases: whole, readable, the same for the same choices, and small once shrunk."""

from __future__ import annotations

import ast
import importlib
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, seed, settings

from conformance import FIXTURES
from conformance.cases.families.storages import STORAGES
from conformance.cases.fixtures import from_plain, read, toml
from conformance.cases.model import CAPABILITIES, Case, Step
from conformance.cases.strategies import PROPERTIES, TABLES, bodies, calls, cases, drawn, paths, shapes, states
from conformance.cases.strategies.derive import Part, Request, derive
from conformance.cases.strategies.feature import NOTHING, Feature
from conformance.cases.strategies.shapes import MODULE, Shape
from conformance.clauses import Level, registry
from conformance.observation.interpreters import find as target_of
from conformance.observation.live import LiveSide
from conformance.search.campaign.chunks import draw
from conformance.search.examine import Examiner
from tests.test_levels import own_ways

QUIETLY = settings(
    max_examples=400,
    phases=[Phase.generate],
    database=None,
    deadline=None,
    derandomize=False,
    suppress_health_check=list(HealthCheck),
)
SHRUNK = settings(QUIETLY, phases=[Phase.generate, Phase.shrink], max_examples=2000)


def tables(module: Any, kind: type) -> Iterator[Any]:
    """The rows of the tables of a module."""
    for name, table in vars(module).items():
        if name.isupper() and not name.startswith("_") and isinstance(table, tuple):
            yield from (row for row in table if isinstance(row, kind))


ENDINGS = list(bodies.ENDINGS)
ACTIONS = [action for action in dict.fromkeys(tables(bodies, str)) if action not in ENDINGS]
CHANGES = [
    change for name, table in vars(calls).items() if name.endswith("NAMES") for change in table if callable(change)
]
FEATURES = [*tables(calls, Feature), *tables(states, Feature)]


def plain_part(action: str = bodies.SIMPLE[0], ending: str = "", shape: Shape = MODULE) -> Part:
    """The plainest module, or one that differs from it in one thing."""
    return Part(shape, shapes.PLACES[0], action, ending)


def one_of_each() -> Iterator[Case]:
    """For each word of the vocabulary a case that is plain but for it."""
    plainly = Request(0, calls.NAME)
    other = plain_part(shape=shapes.OTHER)
    for action in ACTIONS:
        for ending in ("", ENDINGS[0]):
            yield derive("search/test", [plain_part(action, ending), other], plainly, [])
    for ending in ENDINGS:
        yield derive("search/test", [plain_part(ending=ending)], plainly, [])
    for shape in tables(shapes, Shape):
        for place in shapes.PLACES:
            parts = [plain_part(shape=shapes.PACKAGE), Part(shape, place, bodies.SIMPLE[0], "")]
            yield derive("search/test", parts, Request(1, calls.NAME), [])
    for shape in (MODULE, shapes.SUBMODULE):
        for change in CHANGES:
            yield derive("search/test", [plain_part(shape=shape)], Request(0, change), [])
    for feature in FEATURES:
        for storage in ("source", "zip"):
            features = [Feature("storage", storage), feature]
            yield derive("search/test", [plain_part(shape=shapes.PACKAGE), other], plainly, features)


def texts(recipes: Iterable[Any]) -> Iterator[str]:
    """The Python source in files: as it is, to be compiled, or in archives."""
    for recipe in recipes:
        if isinstance(recipe, str):
            yield recipe
        elif "pyc" in recipe:
            yield recipe["pyc"]
        elif "zip" in recipe:
            yield from texts(recipe["zip"].values())


def check(case: Case, tmp_path: Path) -> None:
    """A case is whole: it goes into a fixture and comes back, and all that it names exists."""
    path = tmp_path / f"{case.id}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(toml(case), encoding="utf-8")
    assert read(path, tmp_path) == case
    plain = {**case.plain(), "summary": case.summary, "clauses": list(case.clauses), "requires": list(case.requires)}
    assert from_plain(json.loads(json.dumps(plain)), case.id) == case
    assert case.summary
    assert set(case.clauses) <= registry().keys()
    assert set(case.requires) <= set(CAPABILITIES)
    for step in case.steps:
        if isinstance(step.content, str):
            ast.parse(step.content, mode="eval" if step.kind == "call" else "exec", feature_version=(3, 8))
    assert case.steps[-1].kind == "call"


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_each_word_makes_a_case_that_python_3_8_understands(tmp_path: Path) -> None:
    """World code but for what is broken on purpose, steps and calls."""
    for case in one_of_each():
        check(case, tmp_path)
        for text in texts(case.files.values()):
            if not text.startswith(bodies.BROKEN):
                ast.parse(text, feature_version=(3, 8))
                compile(text, "world", "exec", dont_inherit=True)


@pytest.mark.parametrize("name", PROPERTIES)
def test_drawn_cases_are_whole_and_the_same_for_a_seed(name: str, tmp_path: Path) -> None:
    """Of the seed, and not of the process; each one can be written down and read again."""
    first = draw(name, 7, 25)
    assert first == draw(name, 7, 25)
    assert first != draw(name, 8, 25)
    for case, _ in first:
        assert case.id == f"search/{name}/{case.digest}"
        check(case, tmp_path)


def test_every_word_can_be_drawn() -> None:
    """By `everything`, which draws evenly from its tables; and each property has a sentence of its own."""
    tables_of = TABLES["everything"]
    assert {*ACTIONS} == {*tables_of.actions}
    assert {"", *ENDINGS} == {*tables_of.endings}
    assert {*CHANGES} == {*tables_of.names}
    assert {repr(feature) for feature in (NOTHING, *FEATURES)} == {repr(feature) for feature in tables_of.features}
    assert {shape.says for shape in tables(shapes, Shape)} == {shape.says for shape in tables_of.shapes}
    assert {stored.text for stored in states.STORED} | {"source"} == STORAGES.keys()
    assert len(set(PROPERTIES.values())) == len(PROPERTIES)
    assert PROPERTIES.keys() <= {path.stem for path in FIXTURES.iterdir()} | {"sequences", "paths", "everything"}


def test_a_few_hundred_cases_show_nearly_all_words_of_a_property() -> None:
    """None is drawn much less often than it stands there."""
    seen: set[object] = set()

    @seed(1)
    @QUIETLY
    @given(drawn("initial_globals"))
    def collect(choices: tuple[list[Part], Request, tuple[Feature, ...]]) -> None:
        parts, _, features = choices
        seen.update(part.action for part in parts)
        seen.update(map(repr, features))

    collect()
    own = TABLES["initial_globals"]
    wanted = {*own.actions, *map(repr, own.features)}
    assert seen <= wanted
    assert len(wanted - seen) <= 3


def test_runs_inside_runs_come_to_an_end() -> None:
    """A module never runs one that would be found in the place of itself, or of one that may have run it."""
    runs = bodies.RUNS[0]
    hidden = Part(Shape("", "m", {"m/__main__.py": shapes.BODY}, ".__main__"), shapes.PLACES[2], runs, "")
    parts = [plain_part(runs), plain_part(runs, shape=shapes.OTHER), hidden]
    case = derive("search/test", parts, Request(0, calls.NAME), [])
    assert case.files["one/m.py"] == runs.replace("$later", "n")
    assert case.files["one/n.py"] == runs.replace("$later", "absent_module")
    main = Part(Shape("", "__main__", {"__main__.py": shapes.BODY}), shapes.PLACES[0], runs, "")
    case = derive("search/test", [plain_part(runs), main], Request(0, calls.NAME), [])
    assert case.files["m.py"] == runs.replace("$later", "absent_module")


def test_what_is_forgotten_is_the_world_s_own() -> None:
    """And not the interpreter's modules, many of which begin alike."""
    parts, plainly = [plain_part(), plain_part(shape=shapes.SUBMODULE)], Request(0, calls.NAME)
    for forget in (Feature("forget", number=-1), Feature("forget", number=0), states.HISTORY[3]):
        do = str(derive("search/test", parts, plainly, [forget]).steps[0].content)
        kept = ["math", "pkgutil", "sys"]
        modules = dict.fromkeys([*kept, "m", "m.n"])
        statements = do.replace("import sys\n", "").replace("sys.modules", "modules")
        exec(statements, {"modules": modules})
        assert list(modules) == kept


def test_the_same_seed_draws_the_same_whatever_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hypothesis reads constants in modules of the project at hand."""
    first = drawn_by_seed()
    (tmp_path / "full_of_constants.py").write_text(f"NUMBERS = {list(range(2, 400))}\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("full_of_constants")
    try:
        assert drawn_by_seed() == first
    finally:
        del sys.modules["full_of_constants"]


def drawn_by_seed() -> list[str]:
    """The digests of some cases, one seed for all."""
    digests: list[str] = []

    @seed(7)
    @settings(QUIETLY, max_examples=100, phases=[Phase.generate])
    @given(cases("everything"))
    def draw_one(case: Case) -> None:
        digests.append(case.digest)

    draw_one()
    return digests


PLAIN = {"packages": "pkg", "namespace_packages": "space"}


@pytest.mark.parametrize("name", PROPERTIES)
def test_what_does_not_matter_shrinks_away(name: str) -> None:
    """Down to the plain call of a module of one line; where two modules are drawn at least, to two."""
    case = find(cases(name), lambda case: True, settings=SHRUNK, random=Random(0))
    plain = "run_path('tool0.py')" if name == "paths" else f"run_module({PLAIN.get(name, 'm')!r})"
    assert case.steps == (Step("call", plain),)
    assert set(case.files.values()) <= {"", "x = 1\n"}
    assert case.path == (".",)
    assert case.argv == ("prog",)
    assert not case.clauses


def shrunk(name: str, text: str) -> Case:
    """The smallest case in which some step, or the code of some module, holds a text."""
    return find(
        cases(name),
        lambda case: any(
            text in str(written) for written in (*(step.content for step in case.steps), *texts(case.files.values()))
        ),
        settings=SHRUNK,
        random=Random(0),
    )


@pytest.mark.parametrize(
    ("name", "text", "files", "steps"),
    [
        ("altering_sys", "alter_sys=True", {"m.py": "x = 1\n"}, ["run_module('m', alter_sys=True)"]),
        ("everything", "SystemExit(3)", {"m.py": "x = 1\nraise SystemExit(3)\n"}, ["run_module('m')"]),
        ("everything", "sys.argv.clear()", {"m.py": "import sys\nsys.argv.clear()\n"}, ["run_module('m')"]),
        ("unrunnable_names", "run_module('.')", {"m.py": "x = 1\n"}, ["run_module('.')"]),
        ("packages", "'pkg.sub.m'", {"pkg/sub/m.py": "x = 1\n"}, ["run_module('pkg.sub.m')"]),
        ("initial_globals", "init_globals={}", {"m.py": "x = 1\n"}, ["run_module('m', init_globals={})"]),
        ("sequences", "x = 'changed'", {"m.py": "x = 1\n"}, [{"m.py": "x = 'changed'\n"}, "run_module('m')"]),
        (
            "nesting",
            "inner = run_module('n')",
            {"m.py": "from under_test import run_module\ninner = run_module('n')\n", "n.py": "x = 1\n"},
            ["run_module('m')"],
        ),
    ],
)
def test_what_matters_stays_and_the_rest_shrinks_away(
    name: str, text: str, files: dict[str, str], steps: list[object]
) -> None:
    """The smallest cases, written down."""
    case = shrunk(name, text)
    assert {key: value for key, value in case.files.items() if value} == files
    assert [step.content for step in case.steps] == steps


def test_levels_are_kept_apart_in_drawn_cases(tmp_path: Path) -> None:
    """An implementation that is right at compat in its own way is not blamed at compat."""
    (tmp_path / "own_ways.py").write_text(own_ways(), encoding="utf-8")
    target = target_of(sys.executable)
    oracle, candidate = LiveSide(target, "oracle"), LiveSide(target, str(tmp_path / "own_ways.py"))
    try:
        examiner = Examiner(oracle, candidate, Level.COMPAT)
        trials = examiner.run_all(list({case.id: case for case, _ in draw("everything", 5, 50)}.values()))
    finally:
        oracle.close()
        candidate.close()
    assert [trial.case.id for trial in trials if trial.counts(Level.COMPAT)] == []
    assert any(trial.divergences for trial in trials)


@pytest.mark.parametrize(
    "entry", [entry for entry in paths.ENTRIES if "pyc" in str(entry.files)], ids=lambda entry: entry.says
)
def test_what_is_compiled_can_be_compiled(entry: paths.Entry) -> None:
    """A world that cannot be built shows nothing, and ends a run that needs it."""
    for deed in paths.DEEDS:
        case = paths.derive("search/paths", [paths.Turn(entry, deed, paths.CALLS[0])] * 2, "")
        for recipe in case.files.values():
            if isinstance(recipe, dict) and "pyc" in recipe:
                compile(recipe["pyc"], "file", "exec")
