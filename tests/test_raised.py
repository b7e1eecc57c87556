"""The exception that one side alone raises: the line at which it was raised is shown, and never compared."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.agent.messages import Observation
from conformance.cases.model import Case, Step
from conformance.clauses import Level
from conformance.judge.compare import judge
from conformance.observation import protocol
from conformance.observation.interpreters import find
from conformance.observation.live import LiveSide
from conformance.observation.side import Reply
from conformance.report.records import divergence_of, divergence_record, trial_record
from conformance.report.values import exception_of
from conformance.search.examine import Examiner, SmokeFailed
from tests.harness import all_cases

# A package whose helper fails, by a file of the world's or by itself.
RUNNER = """
import runpy
from .table import look_up

def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    if mod_name == "lost":
        look_up(mod_name)
    if mod_name == "other":
        return runpy.run_module("broken")
    return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
"""
TABLE = """{}def look_up(name):
    return dict()[name]
"""
FILES = {"lost.py": "", "other.py": "", "broken.py": "x = 1\nx.y\n", "good.py": ""}


def case(call: str) -> Case:
    """One call in a world of four modules."""
    return Case(files=FILES, steps=(Step("call", call),), id="packages/made_up", clauses=("MAIN-SUBMODULE",))


def package(folder: Path, above: str = "") -> LiveSide:
    """The side of the package. above: what stands above the helper's lines."""
    (folder / "mypkg").mkdir(parents=True)
    (folder / "mypkg" / "__init__.py").write_text("from .runner import run_module\n")
    (folder / "mypkg" / "runner.py").write_text(RUNNER)
    (folder / "mypkg" / "table.py").write_text(TABLE.format(above))
    return LiveSide(find(sys.executable), "mypkg", import_from=str(folder))


@pytest.fixture(scope="module")
def oracle() -> Iterator[LiveSide]:
    """The interpreter's own runpy."""
    side = LiveSide(find(sys.executable), "oracle")
    yield side
    side.close()


@pytest.fixture(scope="module")
def candidate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSide]:
    """The package."""
    side = package(tmp_path_factory.mktemp("candidate"))
    yield side
    side.close()


@pytest.mark.parametrize(
    ("call", "places"),
    [
        ("run_module('lost')", ["mypkg/table.py:2"]),
        ("run_module('other')", ["<root>/broken.py:2, run by mypkg/runner.py:9"]),
        ("run_module('good')", []),
        ("run_module()", []),  # raised in the step's own line
    ],
)
def test_the_agent_says_where_the_candidate_raised(call: str, places: list[str], candidate: LiveSide) -> None:
    """By the innermost of its own frames, with the name of the file as its author knows it."""
    reply = candidate.run(case(call).plain())
    assert list(reply.raised_at) == places
    assert b"raised_at" not in reply.line
    assert reply.observation is not None
    assert reply.observation.get("raised_at", []) == places


def test_nothing_is_said_of_where_the_oracle_raised(oracle: LiveSide) -> None:
    """Its lines are those of the interpreter."""
    assert not oracle.run(case("run_module('nothing.here')").plain()).raised_at


def test_the_line_of_the_implementation_is_not_compared(candidate: LiveSide, tmp_path: Path) -> None:
    """The same failure two lines further down is the same behaviour; also of several cases in one process."""
    cases = [case(f"run_module('{name}')").plain() for name in ("lost", "good", "other")]
    candidate.start(cases)
    first = candidate.finish()
    other = package(tmp_path, above="\n\n")
    try:
        other.start(cases)
        second = other.finish()
    finally:
        other.close()
    assert [reply.line for reply in first] == [reply.line for reply in second]
    assert [list(reply.raised_at) for reply in second] == [
        ["mypkg/table.py:4"],
        [],
        ["<root>/broken.py:2, run by mypkg/runner.py:9"],
    ]


def test_places_are_taken_off_a_result_line_whatever_they_hold() -> None:
    """The rest is the line as it would be without them."""
    places = ['a "], "steps": [" b', "\ud800", ""]
    bare = json.dumps({"steps": [{"outcome": "returned"}]}).encode()
    full = json.dumps({"raised_at": places, "steps": [{"outcome": "returned"}]}).encode()
    assert protocol.without_places(full) == (bare, places)
    assert protocol.without_places(bare) == (bare, [])
    assert Reply.of(full) == Reply("done", line=bare, raised_at=tuple(places))
    for wrong in (b'{"raised_at": [7], "steps": []}', b'{"raised_at": ["x'):
        with pytest.raises(protocol.Malformed, match="raised_at"):
            protocol.without_places(wrong)


def sentence(case_tried: Case, oracle: LiveSide, candidate: LiveSide) -> str:
    """The sentence with which the entry for the first cause begins."""
    trial = Examiner(oracle, candidate, Level.EXACT).run(case_tried)
    record = trial_record(trial)
    first = next(divergence for divergence in record["divergences"] if divergence["cause"])
    return exception_of(record, first)


@pytest.mark.parametrize(
    ("call", "begins"),
    [
        ("run_module('lost')", "The candidate raises KeyError: 'lost' at mypkg/table.py:2, where the oracle returns."),
        (
            "run_module('other')",
            "The candidate raises AttributeError: 'int' object has no attribute 'y' at <root>/broken.py:2, run by "
            "mypkg/runner.py:9, where the oracle returns.",
        ),
    ],
)
def test_an_entry_begins_with_the_exception(call: str, begins: str, oracle: LiveSide, candidate: LiveSide) -> None:
    """Also where it is the module that did not run by which the finding is led."""
    assert sentence(case(call), oracle, candidate) == begins


def test_the_exception_of_the_oracle_is_shown_where_the_candidate_goes_on(oracle: LiveSide, tmp_path: Path) -> None:
    """A module that is to be refused runs; statements that are to fail do not; and another exception is raised."""
    (tmp_path / "lenient.py").write_text(
        "import runpy\n"
        "def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):\n"
        "    if mod_name == 'nothing':\n        return {}\n"
        "    try:\n        return runpy.run_module(mod_name, init_globals, run_name, alter_sys)\n"
        "    except AttributeError as exc:\n        raise LookupError('no') from exc\n"
    )
    lenient = LiveSide(find(sys.executable), "lenient", import_from=str(tmp_path))
    try:
        assert sentence(case("run_module('nothing')"), oracle, lenient) == (
            "The oracle raises ImportError: No module named nothing, where the candidate returns."
        )
        statements = replace(case(""), steps=(Step("do", "run_module('nothing')"),))
        assert sentence(statements, oracle, lenient) == (
            "The oracle raises ImportError: No module named nothing, where the candidate raises nothing."
        )
        assert sentence(case("run_module('broken')"), oracle, lenient) == (
            "The candidate raises LookupError: no at lenient.py:8, where the oracle raises AttributeError: 'int' "
            "object has no attribute 'y'."
        )
    finally:
        lenient.close()


def test_a_record_keeps_where_the_exception_was_raised() -> None:
    """And has no such key where that is not known."""
    step = {"outcome": "returned", "events": [], "audit": [], "modules": {}, "state": {}, "names": {}}
    step |= {"stdout": "", "stderr": "", "files": []}
    exc = {"exception": "KeyError", "message": "'m'", "bases": ["LookupError"], "args": ["m"], "frames": []}
    ours: Observation = {"steps": [step]}
    theirs: Observation = {"steps": [{**step, "outcome": "raised", "exception": exc}]}
    for places in ([], ["a.py:1"]):
        seen: Observation = {**theirs, "raised_at": places}
        (divergence,) = judge(case("run_module('good')"), ours, seen, version="3.13.0")
        record = divergence_record(divergence)
        assert record.get("raised_at") == (places[0] if places else None)
        assert divergence_of(record).raised_at == "".join(places)


# -- adapters that are broken ----------------------------------------------------------------------------------

HEAD = "import runpy\n\ndef helper(found):\n    return found['lost']\n\n"
SIGNATURE = "mod_name, init_globals=None, run_name=None, alter_sys=False"
CALL = "runpy.run_module(mod_name, init_globals, run_name, alter_sys)"
ADAPTERS = {
    "fails before the module runs": (
        f"def run_module({SIGNATURE}):\n    return helper(dict())\n",
        r"^run_module\('smoke_check'\) raises KeyError \('lost'\) at adapter.py:4 without running the module",
    ),
    "fails after the module has run": (
        f"def run_module({SIGNATURE}):\n    return helper({CALL})\n",
        r"runs the module to its end, and then raises KeyError \('lost'\) at adapter.py:4: check",
    ),
    "exits as a launcher does": (
        f"def run_module({SIGNATURE}):\n    {CALL}\n    raise SystemExit(0)\n",
        r"runs the module to its end, and then raises SystemExit \(0\) at adapter.py:8",
    ),
    "takes a name alone": (
        "def run_module(name):\n    return runpy.run_module(name)\n",
        r"raises TypeError \(run_module\(\) got an unexpected keyword argument .*\), and so .* by position",
    ),
    "passes on what nobody takes": (
        "def run_module(*args, **options):\n    return runpy.run_module(*args, **options, verbose=False) "
        "if options or args[1:] else runpy.run_module(*args)\n",
        r"raises TypeError .* at adapter.py:7, and so it does when",
    ),
}
WRONG = {
    "raises for packages": f"def run_module({SIGNATURE}):\n    if '.' in mod_name or mod_name == 'pkg':\n"
    f"        raise ImportError(mod_name)\n    return {CALL}\n",
    "takes the options by name alone": f"def run_module({SIGNATURE.replace('mod_name,', 'mod_name, *,')}):\n"
    f"    return {CALL}\n",
    "takes the name by position alone": f"def run_module({SIGNATURE.replace('mod_name,', 'mod_name, /, *,')}):\n"
    f"    return {CALL}\n",
    "has other names": "def run_module(a, b=None, c=None, d=False):\n    return runpy.run_module(a, b, c, d)\n",
    "has the module's code fail": "def run_module(mod_name, *args, **options):\n"
    "    exec('from under_test import note as note_it', {})\n"
    "    raise_in_code = compile('raise LookupError(1)', __import__('sys').path[0] + '/smoke_check.py', 'exec')\n"
    "    exec(raise_in_code, {'__spec__': None, '__name__': 'smoke_check'})\n",
    "returns nothing": "def run_module(mod_name, *args, **options):\n    return {}\n",
}


def smoke(text: str, oracle: LiveSide, folder: Path) -> None:
    """Check an adapter with this text."""
    (folder / "adapter.py").write_text(HEAD + text)
    side = LiveSide(find(sys.executable), "adapter", import_from=str(folder))
    try:
        Examiner(oracle, side, Level.COMPAT).smoke()
    finally:
        side.close()


@pytest.mark.parametrize("kind", ADAPTERS)
def test_an_adapter_that_fails_every_call_is_told_so_at_once(kind: str, oracle: LiveSide, tmp_path: Path) -> None:
    """With the exception, and with its own line."""
    text, message = ADAPTERS[kind]
    with pytest.raises(SmokeFailed, match=message):
        smoke(text, oracle, tmp_path)


@pytest.mark.parametrize("kind", WRONG)
def test_an_implementation_that_is_merely_wrong_is_judged(kind: str, oracle: LiveSide, tmp_path: Path) -> None:
    """Only the simplest call counts, and arguments that are taken in no form."""
    smoke(WRONG[kind], oracle, tmp_path)


# -- another module in the place of the right one ----------------------------------------------------------------

RUNS_INIT = """
import importlib, importlib.util, runpy

def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    spec = importlib.util.find_spec(mod_name)
    if spec is None or spec.submodule_search_locations is None:
        return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
    importlib.import_module(mod_name)
    namespace = dict(init_globals or {}, __name__=run_name or mod_name, __spec__=spec, __file__=spec.origin)
    exec(spec.loader.get_code(mod_name), namespace)
    return namespace
"""


def test_nothing_is_said_of_how_a_module_starts_that_never_starts(oracle: LiveSide, tmp_path: Path) -> None:
    """A package's `__init__` in the place of its `__main__` is one cause, which breaks the clause about that."""
    (tmp_path / "runs_init.py").write_text(RUNS_INIT)
    side = LiveSide(find(sys.executable), "runs_init", import_from=str(tmp_path))
    tried = all_cases()["packages/nested_package_runs_main"]
    generated = replace(tried, id="families/x/y", clauses=())
    assert generated.chapter == "families"
    try:
        for each in (tried, generated):
            divergences = Examiner(oracle, side, Level.COMPAT).run(each).divergences
            (cause,) = [divergence for divergence in divergences if divergence.cause and divergence.level < Level.EXACT]
            assert (cause.signature.clause, cause.signature.field) == ("MAIN-SUBMODULE", "executions.run")
            assert cause.oracle == "run of <root>/outer/inner/__main__.py"
            assert cause.candidate == "run of <root>/outer/inner/__init__.py"
            for divergence in divergences:
                assert "__main__.py starts" not in divergence.where
                assert "end of <root>/outer/inner/__main__.py" not in divergence.where
    finally:
        side.close()


def test_the_same_module_under_a_wrong_file_name_is_still_compared(oracle: LiveSide, tmp_path: Path) -> None:
    """Its code has another file name, and that is all."""
    (tmp_path / "renames.py").write_text(
        "import runpy\nfrom importlib.machinery import SourceFileLoader\n"
        "def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):\n"
        "    real = SourceFileLoader.get_code\n"
        "    SourceFileLoader.get_code = lambda self, name: compile(\n"
        "        open(self.path).read(), self.path.replace('good', 'lost'), 'exec')\n"
        "    try:\n        return runpy.run_module(mod_name, init_globals, run_name, alter_sys)\n"
        "    finally:\n        SourceFileLoader.get_code = real\n"
    )
    side = LiveSide(find(sys.executable), "renames", import_from=str(tmp_path))
    try:
        trial = Examiner(oracle, side, Level.COMPAT).run(case("run_module('good')"))
    finally:
        side.close()
    fields = {divergence.signature.field for divergence in trial.divergences if divergence.cause}
    assert "entry.code" in fields
    assert "executions.run" not in fields
