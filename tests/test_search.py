"""The search: every fault once, by a small case, the same each time; and a find that can be handed over."""

from __future__ import annotations

import functools
import hashlib
import itertools
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.database import ExampleDatabase, InMemoryExampleDatabase

from conformance import FIXTURES, REFERENCE
from conformance.cases.fixtures import from_plain, toml
from conformance.cases.model import Case, Step
from conformance.cases.strategies import PROPERTIES, cases
from conformance.cases.tree import cases as whole_tree
from conformance.clauses import Level, registry
from conformance.judge.grouping import Grouping
from conformance.judge.trial import Tally
from conformance.observation.interpreters import Target, find
from conformance.observation.live import LiveSide
from conformance.report.reproducer import program
from conformance.search.examine import Examiner
from conformance.search.profiles import seconds
from conformance.search.rounds import Find, search
from tests.harness import Mutant, conformance, mutants

HERE = Path(__file__).resolve().parent
FAULTS = tomllib.loads((HERE / "twelve_faults.toml").read_text(encoding="utf-8"))["fault"]
SMALLEST = tomllib.loads((HERE / "smallest.toml").read_text(encoding="utf-8"))["mutant"]


@functools.cache
def own() -> Target:
    """The driver's own interpreter."""
    return find(sys.executable)


def faulty(faults: Sequence[Any]) -> str:
    """The reference with some faults in it."""
    text = (REFERENCE / "__init__.py").read_text(encoding="utf-8")
    for fault in faults:
        for old, new in fault["edits"]:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
    return text


Searcher = Callable[..., list[Find]]


@pytest.fixture(scope="module")
def oracle() -> Iterator[LiveSide]:
    """The oracle, for all searches."""
    side = LiveSide(own(), "oracle")
    yield side
    side.close()


@pytest.fixture(scope="module")
def searched(oracle: LiveSide, tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    """A search for what is wrong with a candidate's source text: properties, and what `search` takes."""

    def run(source: str, *names: str, examples: int = 100, **rest: Any) -> list[Find]:
        path = tmp_path_factory.mktemp("candidate") / "candidate.py"
        path.write_text(source, encoding="utf-8")
        candidate = LiveSide(own(), str(path))
        try:
            examiner = Examiner(oracle, candidate, Level.COMPAT)
            known = Grouping(Level.COMPAT)
            found: list[Find] = []
            for name in names:
                found += search(examiner, cases(name), name, known, examples=examples, seed=0, **rest)
            return found
        finally:
            candidate.close()

    return run


# -- every fault, once ----------------------------------------------------------------------------------------


def test_a_brief_search_leaves_out_what_is_hidden_behind_known_faults(searched: Searcher) -> None:
    """Not before these are known; and any other search leaves none out."""
    source = "def run_module(*given, **named): return {}"
    tally, whole = Tally(), Tally()
    searched(source, "packages", "packages", examples=60, brief=True, tally=tally)
    searched(source, "packages", "packages", examples=60, tally=whole)
    assert (whole.left_out, tally.drawn, whole.drawn) == (0, 120, 120)
    assert 0 < tally.left_out < 60
    assert tally.tried + tally.left_out >= whole.tried > tally.tried


def shows(find: Find, fault: Any) -> bool:
    """True if the case was taken up because of what a fault does."""
    signature = find.cause.signature
    return signature.field in fault["fields"] and signature.clause in fault["clauses"]


def test_twelve_faults_give_twelve_small_cases(searched: Searcher) -> None:
    """Also with one among them that shows in every case."""
    found = searched(faulty(FAULTS), *PROPERTIES, examples=60)
    missed = [fault["summary"] for fault in FAULTS if not any(shows(find, fault) for find in found)]
    assert not missed, [str(find.cause.signature) for find in found]
    of_run_module = [find for find in found if not registry()[find.cause.signature.clause].is_of_path]
    assert len(of_run_module) <= len(FAULTS) + 3  # what run_path shares with it is wrong there as well, and told apart
    assert len(found) <= 2 * len(FAULTS)
    assert all(len(find.trial.case.files) <= 3 and len(find.trial.case.steps) <= 2 for find in found)
    assert not any(find.trial.unconfirmed for find in found)


@functools.cache
def sample() -> list[Mutant]:
    """Some mutants, the same ones though others are added."""
    chapters = [name for name in PROPERTIES if name not in ("sequences", "everything")]
    ours = (mutant for mutant in mutants() if not mutant.versions and mutant.place.rpartition("-")[0] in chapters)
    return sorted(ours, key=lambda mutant: hashlib.sha256(mutant.id.encode()).digest())[:25]


@pytest.mark.parametrize("mutant", sample(), ids=lambda mutant: mutant.id)
def test_a_single_fault_gives_two_entries_at_most(mutant: Mutant, searched: Searcher) -> None:
    """However many cases, fields and clauses it shows in."""
    found = searched(mutant.source(), mutant.place.rpartition("-")[0], examples=60)
    assert len(found) <= 2, [str(find.cause.signature) for find in found]


@pytest.mark.parametrize("expected", SMALLEST, ids=lambda expected: expected["id"])
def test_the_smallest_case_is_reached(expected: Any, searched: Searcher) -> None:
    """Each smallest case is one that a person would have written."""
    (mutant,) = (mutant for mutant in mutants() if mutant.id == expected["id"])
    found = searched(mutant.source(), expected["property"], examples=150)
    assert found, "nothing was found"
    case = found[0].trial.case
    shown = {"files": dict(case.files), "steps": [step.plain() for step in case.steps]}
    assert shown == {"files": expected["files"], "steps": expected["steps"]}


def test_the_same_seed_finds_the_same(searched: Searcher) -> None:
    """And shrinks it to the same."""
    source = faulty(FAULTS[2:5])
    first, second = (
        [(find.trial.case, find.cause.signature) for find in searched(source, "altering_sys", examples=80)]
        for _ in range(2)
    )
    assert first
    assert first == second


def test_what_is_met_before_the_deadline_is_told(searched: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though there is no time to make it small: by a clock that goes on whenever it is looked at."""
    ticks = itertools.count()
    monkeypatch.setattr("conformance.search.rounds.time", SimpleNamespace(monotonic=lambda: next(ticks)))
    found = searched(faulty(FAULTS[:1]), "packages", deadline=6)
    assert [find.cause.signature.clause for find in found] == ["PRINTS-NOTHING"]


def test_something_is_tried_even_when_there_is_no_time_at_all(searched: Searcher) -> None:
    """A budget that is over before the search begins does not mean that nothing differs."""
    found = searched(faulty(FAULTS[:1]), "packages", deadline=0.0)
    assert [find.cause.signature.clause for find in found] == ["PRINTS-NOTHING"]


class Kept(InMemoryExampleDatabase):
    """A database that tells how much is in it."""

    def count(self) -> int:
        """The number of examples in a database."""
        return sum(map(len, self.data.values()))


def test_finds_are_replayed_first_and_forgotten_when_mended(searched: Searcher) -> None:
    """Without drawing anything."""
    database: ExampleDatabase = Kept()
    source = faulty(FAULTS[4:5])
    first = searched(source, "altering_sys", examples=80, database=database)
    again = searched(source, "altering_sys", examples=0, database=database)
    assert [find.cause.key for find in again] == [find.cause.key for find in first] != []
    assert searched(faulty([]), "altering_sys", examples=0, database=database) == []
    assert isinstance(database, Kept)
    assert not database.count()


def test_nothing_is_found_in_the_reference(searched: Searcher) -> None:
    """By any property."""
    assert searched(faulty([]), *PROPERTIES, examples=20) == []


# -- a find is a fixture --------------------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["x = 1\n", "'''\n", '"""\n', "\\\n", "a\r\nb", "\t\n'", '\n"', "\x7f\n", "\x85\u2028\n", "''\n'", '""\n"', "\n\n"]
)
ARCHIVED = (
    TEXT
    | st.fixed_dictionaries({"pyc": TEXT}, optional={"for": st.just("m.py"), "stale": st.booleans()})
    | st.fixed_dictionaries({"text": TEXT, "mtime": st.integers(0, 10**10)})
)
RECIPE = ARCHIVED | st.fixed_dictionaries({"symlink": st.just("m.py")})
NAME = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).map(
    lambda text: "f" + text.replace("/", "")
)
FILES = st.dictionaries(
    NAME, RECIPE | st.builds(lambda files: {"zip": files}, st.dictionaries(NAME, ARCHIVED, max_size=2))
)
STEP = st.one_of(
    st.sampled_from(["run_module('m')", 'run_module("m",\n  None)']).map(lambda text: Step("call", text)),
    st.sampled_from(["x = 1", "x = 1\ny = '\\udc80'\n", "if 1:\n    pass"]).map(lambda text: Step("do", text)),
    FILES.map(lambda files: Step("write", files)),
)
CASE = st.builds(
    Case,
    files=FILES,
    steps=st.lists(STEP, max_size=3).map(tuple),
    path=st.lists(TEXT, max_size=2).map(tuple),
    argv=st.lists(TEXT, max_size=2).map(tuple),
    requires=st.sampled_from([(), ("zip",), ("python>=3.9", "threads")]),
    summary=TEXT,
    clauses=st.sampled_from([(), ("ARGV-RESTORED",)]),
    id=st.just("made/up"),
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(CASE)
def test_a_case_is_written_so_that_the_same_is_read(case: Case) -> None:
    """Whatever stands in its texts; files in their order, too."""
    again = from_plain(tomllib.loads(toml(case)), case.id)
    assert again == case
    assert list(again.files) == list(case.files)


def test_the_tree_is_written_so_that_the_same_is_read() -> None:
    """Our own cases and what the families make."""
    for case in whole_tree(FIXTURES)[::7]:
        assert from_plain(tomllib.loads(toml(case)), case.id) == case


def test_half_of_a_surrogate_pair_cannot_be_written() -> None:
    """TOML has no way to say it."""
    with pytest.raises(ValueError, match="surrogates"):
        toml(Case(files={"m.py": "\udc80"}, steps=()))


WORLD = Case(
    files={
        "lib.zip": {"zip": {"pkg/__init__.py": "", "pkg/__main__.py": "import sys\nraise LookupError('no')\n"}},
        "m.py": "'''A \"\"\"text\"\"\" and a \\\\.'''\nfrom under_test import run_module, note\nnote(1)\n",
    },
    steps=(
        Step("do", "given = {'x': 1}"),
        Step("call", "run_module('m', given)"),
        Step("call", "run_module('pkg', alter_sys=True)"),
    ),
    path=(".", "lib.zip"),
    summary='A "case" of \\ all sorts',
)


@pytest.mark.parametrize("python", [sys.executable, "python3.8"])
@pytest.mark.parametrize("wrong", [False, True], ids=["right", "wrong"])
def test_a_reproducer_stands_alone(python: str, wrong: bool, tmp_path: Path) -> None:
    """It shows the difference, if there is one, and says what it is."""
    if shutil.which(python) is None:
        pytest.skip(f"no {python} here")
    candidate, script = tmp_path / "candidate.py", tmp_path / "repro.py"
    candidate.write_text(faulty(FAULTS[2:3] if wrong else []), encoding="utf-8")
    script.write_text(program(WORLD, difference="It differs.", impl=str(candidate)), encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [python, str(script)], capture_output=True, text=True, cwd=tmp_path, env=environment, check=False
    )
    assert done.stderr == ""
    assert done.returncode == (1 if wrong else 0)
    if wrong:
        assert (
            "step 3: afterwards\n  sys.argv\n      runpy      ['prog']\n      candidate  ['<root>/lib.zip/"
            in done.stdout
        )


# -- as a user runs it ----------------------------------------------------------------------------------------


def run(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run the suite on the driver's own interpreter, with a home of its own."""
    cache = str(home / "cache")
    return conformance(f"--target={sys.executable}", *arguments, folder=home, timeout=None, XDG_CACHE_HOME=cache)


def test_a_find_is_shown_and_written(tmp_path: Path) -> None:
    """With its case, and the commands that show it again, which do."""
    candidate = tmp_path / "candidate.py"
    candidate.write_text(faulty(FAULTS[4:5]), encoding="utf-8")
    done = run(f"--impl={candidate}", "search/altering_sys", home=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    (folder,) = (tmp_path / "conformance-finds").iterdir()
    fixture = (folder / "fixture.toml").read_text(encoding="utf-8")
    assert "RESULT-COPY" in fixture
    assert all(f"    {line}".rstrip() in done.stdout for line in fixture.splitlines())
    again = subprocess.run([sys.executable, folder / "repro.py"], capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert re.search(rf"python\S* {folder}/repro.py", done.stdout)
    judged = run(f"--impl={candidate}", f"--cases={folder.parent}", f"{folder.name}/fixture", home=tmp_path)
    assert judged.returncode == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "candidate.py", "conformance-finds"]


def test_what_conforms_leaves_no_finds(tmp_path: Path) -> None:
    """Nothing but what is kept in the cache."""
    done = run("search/packages", home=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


@pytest.mark.parametrize(
    ("argument", "says"),
    [
        ("--profile=slow", "--profile: there is no profile 'slow'; there are quick, default, thorough"),
        ("--budget=soon", "--budget is a length of time such as 90s, 30m or 2h, not 'soon'"),
        ("search/nothing", "neither a clause"),
    ],
)
def test_what_makes_no_sense_is_refused(argument: str, says: str, tmp_path: Path) -> None:
    """In one sentence."""
    done = run(argument, home=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr


def test_a_length_of_time_is_read() -> None:
    """In seconds, minutes or hours."""
    assert [seconds(text) for text in ("90", "90s", "1.5m", "2h")] == [90, 90, 90, 7200]
