"""Campaigns: the same cases however they are stopped and shared, nothing lost, and nothing wrong overlooked."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from conformance import HOUSE, INTERRUPTED, REFERENCE
from conformance.cases.fixtures import read
from conformance.cases.strategies import PROPERTIES, cases, rows
from conformance.commands import campaign, campaign_summary
from conformance.commands.campaign import Kept, main
from conformance.judge.trial import Trial
from conformance.observation.interpreters import find
from conformance.search.campaign import state, stores, work
from conformance.search.campaign.chunks import chunk
from conformance.search.campaign.state import ChunkResult, Figures, Found, State
from conformance.search.campaign.stores import Addition, FileStore, Store, StoreError
from conformance.search.campaign.work import MOST_KINDS, Task
from conformance.search.examine import Examiner
from conformance.search.rounds import seed_of

SIZE = 24  # of a chunk
WORK = (f"--target={sys.executable}", "--workers=1")


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Chunks of a few cases, a campaign in a folder of its own, and no store in memory left open."""
    monkeypatch.setattr(campaign, "ROUND", SIZE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(campaign, "handle_signals", lambda: None)
    yield
    while Memory.opened:
        Memory.opened.pop().close()


def kept_cases(folder: Path) -> set[bytes]:
    """The digests of the cases that the campaign in a folder has tried."""
    (path,) = folder.glob("*.sqlite")
    with contextlib.closing(sqlite3.connect(path)) as file:
        return {row[0] for row in file.execute("SELECT member FROM member WHERE name = 'ran'")}


def figures_in(folder: Path) -> Figures:
    """The figures of the campaign in a folder."""
    (figures,) = campaign_summary.read(folder)
    return figures


# -- the cases ---------------------------------------------------------------------------------------------------


def test_half_of_the_chunks_are_what_a_search_draws() -> None:
    """And the others are larger, for each property in turn."""

    def searched(name: str, number: int) -> set[str]:
        found: set[str] = set()

        @settings(
            max_examples=SIZE,
            phases=[Phase.generate],
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @seed(seed_of(5, name, number))
        @given(cases(name))
        def collect(case: Any) -> None:
            found.add(case.digest)

        collect()
        return found

    names = ("packages", "paths")
    chunks = [chunk(names, 5, number, SIZE)[0] for number in range(6)]
    digests = [{case.digest for case, _, _ in found} for found in chunks]
    assert [digests[0], digests[1], digests[4]] == [
        searched("packages", 0),
        searched("paths", 0),
        searched("packages", 1),
    ]
    assert [{name for _, name, _ in found} for found in chunks] == [{name} for name in names * 3]
    assert max(len(drawn[0]) for _, _, drawn in chunks[2]) > 4 >= max(len(drawn[0]) for _, _, drawn in chunks[0])
    assert max(len(drawn[0]) for _, _, drawn in chunks[3]) > 4 >= max(len(drawn[0]) for _, _, drawn in chunks[1])


def test_rows_have_numbers() -> None:
    """The pairs that were drawn are among those that there can be."""
    assert rows.all_rows(["paths"]) == 13 + 25 + 17 + 11
    between = 13 * 25 + 13 * 17 + 13 * 11 + 25 * 17 + 25 * 11 + 17 * 11
    assert rows.all_pairs(["paths"]) == between + 13 * 7 + 25 * 13 + 17 * 9
    for name in PROPERTIES:
        seen: set[int] = set()
        seen.update(*(rows.pairs(name, drawn) for _, _, drawn in chunk((name,), 1, 0, 20)[0]))
        assert 100 < len(seen) < rows.all_pairs([name])
        assert 20 < rows.rows_in(seen) <= rows.all_rows([name])
    assert not rows.pairs("paths", chunk(("paths",), 1, 0, 3)[0][0][2]) & seen  # a row belongs to one property


# -- stopped, and gone on with -------------------------------------------------------------------------------------


def test_a_campaign_that_was_stopped_has_the_same_cases_as_one_in_one_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Stopped in the middle of a chunk by Ctrl-C, and at the moment of a commit by `kill -9`."""
    assert main(["altering_sys", "paths", *WORK, "--cases=80", "--state=whole"]) == 0
    whole = figures_in(tmp_path / "whole")
    assert 80 <= whole.distinct == len(kept_cases(tmp_path / "whole")) < 80 + SIZE
    assert f"{whole.distinct} different cases of {whole.drawn} drawn" in capsys.readouterr().out

    glance_all, calls = Examiner.glance_all, []

    def interrupted(examiner: Examiner, batch: Any) -> list[Trial]:
        calls.append(batch)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return glance_all(examiner, batch)

    monkeypatch.setattr(Examiner, "glance_all", interrupted)
    assert main(["altering_sys", "paths", *WORK, "--cases=80", "--state=parts"]) == INTERRUPTED
    assert "goes on from here" in capsys.readouterr().err
    assert figures_in(tmp_path / "parts").chunks == 1
    program = (
        "import os, sys\nfrom conformance.commands import campaign\n"
        "from conformance.search.campaign.state import State\n"
        f"campaign.ROUND = {SIZE}; commit = State.commit\n"
        "def killed(state, number, result):\n"
        "    os.kill(os.getpid(), 9) if number == 2 else commit(state, number, result)\n"
        "State.commit = killed; campaign.main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", program, "altering_sys", "paths", *WORK, "--cases=80", "--state=parts"]
    environment = {**os.environ, "PYTHONPATH": str(HOUSE)}
    killed = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert len(kept_cases(tmp_path / "parts")) < 80
    assert main(["altering_sys", "paths", *WORK, "--cases=80", "--state=parts"]) == 0
    assert kept_cases(tmp_path / "parts") == kept_cases(tmp_path / "whole")
    parts = figures_in(tmp_path / "parts")
    assert (parts.drawn, parts.pairs, parts.rows) == (whole.drawn, whole.pairs, whole.rows)

    monkeypatch.setattr(work, "chunk", None)
    assert main(["altering_sys", "paths", *WORK, "--cases=80", "--state=parts"]) == 0  # nothing is left to do


def test_several_workers_share_the_chunks(tmp_path: Path) -> None:
    """No chunk is done twice."""
    target = find(sys.executable)
    task = Task(target, str(REFERENCE), "", ("altering_sys",), 0, 70, SIZE)
    kept = Kept(tmp_path / "shared", "key", "")
    store = kept.open(own=True)
    assert campaign._with_workers(task, kept, 2, lambda: None) == 0
    figures = State(store, task.properties).figures()
    store.close()
    assert 70 <= figures.distinct < 70 + 2 * SIZE
    numbers = range(figures.chunks)
    assert figures.drawn == SIZE * figures.chunks
    expected = {case.digest for number in numbers for case, _, _ in chunk(task.properties, 0, number, SIZE)[0]}
    assert {digest.hex() for digest in kept_cases(tmp_path)} == expected


def test_a_worker_that_fails_ends_the_campaign(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """With its exit status, and one sentence."""
    task = Task(find(sys.executable), str(tmp_path / "absent.py"), "", ("paths",), 0, 70, SIZE)
    kept = Kept(tmp_path / "failing", "key", "")
    kept.open(own=True).close()
    assert campaign._with_workers(task, kept, 1, lambda: None) == 3
    assert "absent.py" in capfd.readouterr().err


# -- what is found -------------------------------------------------------------------------------------------------


def wrong(folder: Path) -> Path:
    """A candidate that does not put sys.argv[0] back."""
    path = folder / "wrong.py"
    right = (REFERENCE / "__init__.py").read_text(encoding="utf-8")
    path.write_text(right.replace("sys.argv[0] = argv0", "pass"), encoding="utf-8")
    return path


def test_a_wrong_candidate_is_found_and_its_case_made_small(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same command says so again without trying anything."""
    command = ["altering_sys", *WORK, "--cases=20", f"--impl={wrong(tmp_path)}", "--finds=finds"]
    assert main(command) == 1
    shown = capsys.readouterr().out
    assert "ARGV-RESTORED · restore · after.argv" in shown
    fixtures = [read(path, tmp_path / "finds") for path in (tmp_path / "finds").glob("*/fixture.toml")]
    assert any("ARGV-RESTORED" in fixture.clauses and fixture.size[0] <= 3 for fixture in fixtures)
    assert len(fixtures) == shown.count("fixture.toml")
    monkeypatch.setattr(work, "chunk", None)
    assert main(command) == 1
    assert capsys.readouterr().out.count("fixture.toml") == len(fixtures)


def test_what_fresh_interpreters_do_not_show_is_no_divergence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is counted as seen once."""
    monkeypatch.setattr(
        Examiner, "confirm", lambda _, trial: Trial(trial.case, "agrees", unconfirmed=trial.divergences)
    )
    command = ["altering_sys", *WORK, "--cases=20", f"--impl={wrong(tmp_path)}", "--state=once"]
    assert main(command) == 0
    figures = figures_in(tmp_path / "once")
    assert figures.once
    assert (figures.found, figures.differing) == ((), 0)
    assert f"{len(figures.once)} seen only once" in capsys.readouterr().out


def test_a_candidate_with_very_many_faults_ends_the_campaign() -> None:
    """After as many kinds as are of use."""
    store = Memory()
    campaign_state = State(store, ("paths",))
    found = [Found(f"CLAUSE-{number} · a · b · c", "", "", "", "", "", "") for number in range(MOST_KINDS)]
    campaign_state.commit(0, ChunkResult(found=found))
    task = Task(find(sys.executable), "", "", ("paths",), 0, 70, SIZE)
    work.work(task, None, campaign_state)  # type: ignore[arg-type]  # it needs no sides
    assert campaign_state.figures().chunks == 1


# -- what is kept --------------------------------------------------------------------------------------------------


class Memory(FileStore):
    """A store that is gone afterwards. opened: those that are not closed."""

    opened: ClassVar[list[Memory]] = []

    def __init__(self) -> None:
        self._file = sqlite3.connect(":memory:", isolation_level=None)
        self._open = contextlib.ExitStack()
        self._open.callback(self._file.close)
        self._prepare()
        self.opened.append(self)


def on_fake_server(monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store on a server that is part of this process."""
    fakeredis = pytest.importorskip("fakeredis")
    redis = pytest.importorskip("redis")
    server = fakeredis.FakeRedis()
    monkeypatch.setattr(redis.Redis, "from_url", lambda url: server)
    return stores.RedisStore("redis://somewhere", "key")


@pytest.mark.parametrize("make", [lambda _: Memory(), on_fake_server], ids=["file", "server"])
def test_a_store_keeps_sets_tables_and_claims(
    make: Callable[[pytest.MonkeyPatch], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And adding the same twice changes nothing."""
    store = make(monkeypatch)
    first = Addition(members={"ran": [b"one", b"two"], "none": []}, texts={("chunks", "0"): "first"})
    second = Addition(members={"ran": [b"two", b"three"]}, texts={("chunks", "0"): "second", ("chunks", "1"): "third"})
    for addition in (first, first, second):
        store.commit(addition)
    assert store.size("ran") == 3
    assert store.size("none") == 0
    assert store.those_in("ran", [b"one", b"four"]) == {b"one"}
    assert store.those_in("ran", []) == set()
    assert set(store.members("ran")) == {b"one", b"two", b"three"}
    assert store.texts("chunks") == {"0": "first", "1": "third"}
    assert sorted(store.keys("chunks")) == ["0", "1"]
    assert [store.claim("7"), store.claim("7"), store.claim("8")] == [True, False, True]
    campaign_state = State(store, ("paths",))
    assert [campaign_state.claim(), campaign_state.claim()] == [2, 3]  # the first two are done
    store.close()


def test_the_memory_is_noted_at_some_numbers_of_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the first chunk that has come so far."""
    monkeypatch.setattr(state, "MARKS", (2, 4, 9))
    campaign_state = State(Memory(), ("paths",))
    for number in range(3):
        digests = [bytes([number, place]) for place in range(2)]
        result = ChunkResult(ran=digests, own=2 * number + 2, memory=(number, 100 + number))
        campaign_state.commit(number, result)
    memory = campaign_state.figures().memory
    assert [(told.at, told.own, told.worker, told.agents) for told in memory] == [(2, 2, 0, 100), (4, 4, 1, 101)]


def test_a_campaign_is_used_by_one_run_at_a_time(tmp_path: Path) -> None:
    """The next run takes what the last one had claimed; a file that is no campaign is refused."""
    path = tmp_path / "campaign.sqlite"
    store = FileStore(path, own=True)
    assert store.claim("0")
    with pytest.raises(StoreError, match="is in use by another run of this campaign; wait for it, or give"):
        FileStore(path, own=True)
    store.close()
    again = FileStore(path, own=True)
    assert again.claim("0")
    again.close()
    path.write_text("something else" * 100, encoding="utf-8")
    with pytest.raises(StoreError, match=r"is no state of a campaign .* remove it, or give another --state"):
        FileStore(path, own=True)


# -- what is said --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--cases=0"], "argument --cases: it is a whole number above 0, not '0'"),
        (["--workers=some"], "argument --workers: it is a whole number above 0, not 'some'"),
        (["--seed=x"], "--seed is a whole number, such as 0 or 42, not 'x'"),
        (["packges"], "There is no property 'packges'; did you mean packages? there are calling_convention, "),
        (
            ["--database=folder"],
            "--database is a Redis server such as redis://localhost, not 'folder'; a folder is given",
        ),
        (["--target=no-python"], "There is no interpreter 'no-python'"),
        (["--frob"], "There is no option --frob"),
        (["--summary", "--state=absent"], "There is no campaign in absent; --state names the folder."),
    ],
)
def test_a_wrong_option_gets_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the exit status 2."""
    try:
        status = main(arguments)
    except SystemExit as ended:
        status = int(str(ended.code))
    error = capsys.readouterr().err
    assert status == 2
    assert error.startswith(sentence)
    assert error.count("\n") == 1


def test_without_a_server_or_a_folder_nothing_begins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence says which of them cannot be used."""
    pytest.importorskip("redis")
    (tmp_path / "file").touch()
    assert main(["altering_sys", "paths", *WORK, "--cases=1", "--database=redis://localhost:1"]) == 2
    assert "--database=redis://localhost:1: no Redis server answers there" in capsys.readouterr().err
    assert main(["altering_sys", "paths", *WORK, "--cases=1", "--state=file"]) == 2
    assert "The campaign cannot be kept in" in capsys.readouterr().err
    assert main(["altering_sys", "paths", *WORK, "--cases=1", "--impl=absent_candidate"]) == 3
    assert "There is no module 'absent_candidate'" in capsys.readouterr().err


def figures(**changes: Any) -> Figures:
    """Figures of a campaign."""
    about = {"target": "CPython 3.12.1", "candidate": "reference", "seed": "0", "suite": "0.1", "hypothesis": "6.170"}
    store = Memory()
    campaign_state = State(store, ("paths",))
    campaign_state.begin({**about, **changes}, "there: 2 cores")
    digests: Iterable[bytes] = [bytes([number]) for number in range(len(changes) + 1)]
    campaign_state.commit(0, ChunkResult(drawn=5, ran=list(digests), drawing=0.25, running=0.25))
    return campaign_state.figures()


def test_the_summary_stands_between_its_marks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One row for each target, of the campaign that came farthest; all else on the page stays."""
    several = (
        figures(),
        figures(seed="1"),
        figures(target="CPython 3.8.18"),
        figures(target="PyPy 8.0.1 (Python 3.11)"),
    )
    for number, told in enumerate(several):
        (tmp_path / f"{number}.json").write_text(json.dumps(told.plain()), encoding="utf-8")
    (tmp_path / "other.json").write_text("[]", encoding="utf-8")
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- campaign -->\nold\n<!-- end of campaign -->\nafter\n", encoding="utf-8")
    assert main([f"--summary={page}", "--state=."]) == 0
    lines = page.read_text(encoding="utf-8").splitlines()
    assert (lines[0], lines[-1]) == ("before", "after")
    assert "old" not in lines
    first = [line for line in lines if line.startswith(("| CPython", "| PyPy"))][:3]
    assert [line.split(" | ")[0] for line in first] == [
        "| CPython 3.8.18",
        "| CPython 3.12.1",
        "| PyPy 8.0.1 (Python 3.11)",
    ]
    assert first[1].startswith("| CPython 3.12.1 | reference | 5 | 2 | 0 | 0 | 0 | 0 of 66 | 0 of ")
    assert first[1].endswith("| 4 | 1 |")
    assert " | 2 cores | " in lines[-6]
    page.write_text("without marks", encoding="utf-8")
    assert main([f"--summary={page}", "--state=."]) == 2
    assert "has no lines <!-- campaign -->" in capsys.readouterr().err


def test_the_page_has_a_place_for_the_summary() -> None:
    """The page in docs/ has the marks."""
    text = (HOUSE / "docs" / "power.md").read_text(encoding="utf-8")
    assert text.count("<!-- campaign -->\n") == text.count("<!-- end of campaign -->\n") == 1
