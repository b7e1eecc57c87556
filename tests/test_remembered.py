"""Tests of the cache: a cached case is not run again, and a wrong cache is noticed and blamed on nobody.

So it is with what the recordings add to it.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance import REFERENCE
from conformance.cases.model import Case, Step
from conformance.clauses import Level
from conformance.judge.trial import Trial
from conformance.observation.cached import CachedSide, CacheFile
from conformance.observation.interpreters import find
from conformance.observation.live import LiveSide
from conformance.observation.recording import Build, Recordings, encode, fold_entry, texts
from conformance.observation.replayed import RecordedLines
from conformance.observation.side import key_of
from conformance.observation.two_agents import TwoAgentsSide
from conformance.search.examine import Examiner
from tests.harness import conformance, mutants

TARGET = find(sys.executable)
SOME = [
    Case(files={"m.py": f"x = {n}\n"}, steps=(Step("call", "run_module('m')"),), id=f"packages/made_up_{n}")
    for n in range(20)
]
PLAIN = [case.plain() for case in SOME]


@pytest.fixture
def oracle() -> Iterator[Callable[..., CachedSide]]:
    """Makes oracles that remember; ended after the test."""
    sides: list[CachedSide] = []

    def get(seen: dict[str, bytes]) -> CachedSide:
        sides.append(CachedSide(TARGET, seen))
        return sides[-1]

    yield get
    for side in sides:
        side.close()


def asked(side: LiveSide, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of cases that a side's agent is sent, each time."""
    found: list[int] = []
    send = side._send

    def sent(cases: list[Mapping[str, Any]], **more: bool) -> None:
        found.append(len(cases))
        send(cases, **more)

    monkeypatch.setattr(side, "_send", sent)
    return found


def wrong(line: bytes) -> bytes:
    """Another observation."""
    found = json.loads(line)
    found["steps"][0]["stdout"] = "noise"
    return json.dumps(found).encode()


def judged(side: CachedSide, *cases: Case, source: str = "") -> list[Trial]:
    """The trials of an examiner for the reference, or for another file."""
    candidate = LiveSide(TARGET, source or str(REFERENCE))
    try:
        return Examiner(side, candidate, Level.EXACT).run_all(cases)
    finally:
        candidate.close()


def test_only_what_was_not_seen_is_asked_for(
    oracle: Callable[..., CachedSide], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In whatever order; but a case by itself is always run."""
    seen: dict[str, bytes] = {}
    first = oracle(seen)
    sent = asked(first, monkeypatch)
    first.start(PLAIN[:5])
    shown = first.finish()
    second = oracle(seen)
    sent_later = asked(second, monkeypatch)
    second.start(PLAIN[4::-1])
    assert not second.at_work
    found = second.finish()
    assert [answer.line for answer in found] == [answer.line for answer in shown[::-1]]
    assert all(answer.cached for answer in found)
    second.start(PLAIN[3:7])
    assert second.at_work
    found = second.finish()
    assert [answer.line for answer in found[:2]] == [answer.line for answer in shown[3:]]
    assert [answer.cached for answer in found] == [True, True, False, False]
    assert second.run(PLAIN[0]).line == shown[0].line
    assert second.run(PLAIN[0], fresh=True).line == shown[0].line
    assert (sent, sent_later) == ([5], [2, 1, 1])


@pytest.mark.parametrize("line", [None, b"garbage", b"{}", b'{"steps": 3}', b""])
@pytest.mark.parametrize("count", [1, 20])
def test_a_wrong_memory_is_found_out(line: bytes | None, count: int, oracle: Callable[..., CachedSide]) -> None:
    """All of it is given up, whatever is in it; the candidate is not told anything."""
    seen: dict[str, bytes] = {}
    assert [trial.verdict for trial in judged(oracle(seen), *SOME)] == ["agrees"] * 20
    right = dict(seen)
    sampled = int(SOME[0].digest, 16) % 20
    for key in list(seen)[(sampled + 1) % 20 :][:1] if count == 1 else list(seen):
        seen[key] = wrong(seen[key]) if line is None else line
    side = oracle(seen)
    trials = judged(side, *SOME)
    assert [(trial.verdict, trial.unconfirmed, trial.reason) for trial in trials] == [("agrees", (), "")] * 20
    assert seen == right
    side.start(PLAIN[:2])
    side.finish()
    assert not side.cache_proved_wrong, "that was about the answers before"


def build_of(side: LiveSide) -> Build:
    """The build in which a side runs."""
    assert side.greeting.build is not None
    return side.greeting.build


def recorded(
    side: CachedSide, folder: Path, change: Callable[[bytes], bytes] = bytes, build: Build | None = None
) -> Recordings:
    """A recording of what a side shows in SOME, except for what is changed in it. build: that it is said to be of."""
    build = build or build_of(side)
    side.start(PLAIN)
    observations = [json.loads(change(reply.line)) for reply in side.finish()]
    entries = [
        (case.id, fold_entry(case.digest, {build.python: encode(observation, build.words)}))
        for case, observation in zip(SOME, observations, strict=True)
    ]
    for name, text in texts(entries, {build.python: build}):
        (folder / name).write_text(text)
    return Recordings(folder)


def lines(recordings: Recordings, build: Build, cases: Sequence[Case] = SOME) -> RecordedLines:
    """The lines of a recording for a build, with all capabilities, and told of the cases."""
    found = RecordedLines(recordings, build, frozenset(build.capabilities))
    found.expect(cases)
    return found


def test_what_is_recorded_is_not_run_but_for_a_sample(
    oracle: Callable[..., CachedSide], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the byte it is what the oracle would show; and another run has it in its cache."""
    shown: dict[str, bytes] = {}
    recordings = recorded(oracle(shown), tmp_path)
    seen: dict[str, bytes] = {}
    side = oracle(seen)
    side.fill_from(lines(recordings, build_of(side)))
    sent = asked(side, monkeypatch)
    assert [trial.verdict for trial in judged(side, *SOME)] == ["agrees"] * 20
    assert sent == [1]
    assert seen == shown


def test_a_wrong_recording_is_found_out(oracle: Callable[..., CachedSide], tmp_path: Path) -> None:
    """All of it is given up, and the candidate is not told anything."""
    shown: dict[str, bytes] = {}
    recordings = recorded(oracle(shown), tmp_path, wrong)
    seen: dict[str, bytes] = {}
    side = oracle(seen)
    side.fill_from(lines(recordings, build_of(side)))
    trials = judged(side, *SOME)
    assert [(trial.verdict, trial.unconfirmed, trial.reason) for trial in trials] == [("agrees", (), "")] * 20
    assert seen == shown


@pytest.mark.parametrize(
    "other",
    [
        {"implementation": "other"},
        {"platform": "other-x86_64"},
        {"abiflags": "t"},
        {"gil_disabled": True},
        {"debug": True},
        {"version": "4.0.0"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_what_another_kind_of_build_showed_is_not_used(
    other: Mapping[str, Any], oracle: Callable[..., CachedSide], tmp_path: Path
) -> None:
    """Nor is what is recorded of a case that has changed."""
    side = oracle({})
    build = build_of(side)
    recordings = recorded(side, tmp_path)
    assert lines(recordings, build).line(key_of(PLAIN[0]))
    assert lines(recordings, replace(build, **other)).line(key_of(PLAIN[0])) == b""
    changed = replace(SOME[0], argv=("other",))
    assert lines(recordings, build, [changed]).line(key_of(changed.plain())) == b""


def test_of_another_implementation_only_its_own_release_is_used(
    oracle: Callable[..., CachedSide], tmp_path: Path
) -> None:
    """The ledger knows what the releases of CPython have changed, and nothing of those of PyPy."""
    side = oracle({})
    build = replace(build_of(side), implementation="pypy", own_version="8.0.1")
    recordings = recorded(side, tmp_path, build=build)
    for own_version, known in (("8.0.1", True), ("8.0.2", False)):
        found = lines(recordings, replace(build, own_version=own_version))
        assert bool(found.line(key_of(PLAIN[0]))) == known


def test_of_another_release_only_what_has_not_changed_is_used(
    oracle: Callable[..., CachedSide], tmp_path: Path
) -> None:
    """A micro release changed P-PATH-LIKE-KEPT in 3.12, as the ledger knows."""
    side = oracle({})
    build = replace(build_of(side), version="3.12.1")
    recordings = recorded(side, tmp_path, build=build)
    cases = [
        replace(SOME[0], clauses=("NAME-OF-MODULE", "P-PATH-LIKE-KEPT")),
        replace(SOME[1], clauses=("NAME-OF-MODULE",)),
    ]
    for version, known in (("3.12.1", [True, True]), ("3.12.99", [False, True])):
        found = lines(recordings, replace(build, version=version), cases)
        assert [bool(found.line(key_of(plain))) for plain in PLAIN[:2]] == known


def test_a_divergence_is_judged_by_what_the_oracle_shows_now(
    oracle: Callable[..., CachedSide], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked anew only about the cases in which the candidate shows something else."""
    path = tmp_path / "wrong.py"
    path.write_text(
        "import runpy\ndef run_module(name):\n    found = runpy.run_module(name)\n"
        "    return {**found, '__doc__': 'own'} if found['x'] in (3, 5) else found\n"
    )
    seen: dict[str, bytes] = {}
    first = judged(oracle(seen), *SOME, source=str(path))
    side = oracle(seen)
    sent = asked(side, monkeypatch)
    assert judged(side, *SOME, source=str(path)) == first
    assert [trial.verdict for trial in first].count("diverges") == 2
    sample, alone, fresh, again = 1, 1, 1, 1
    assert sent == [sample, alone, fresh, again, alone, fresh]


def test_what_is_kept_comes_back(oracle: Callable[..., CachedSide], tmp_path: Path) -> None:
    """With what another run has kept at the same time; for this interpreter as it is, and no other."""
    greeting = oracle({}).greeting
    memory = CacheFile(tmp_path / "new" / "folder", greeting, TARGET.executable)
    assert memory.read() == {}
    for cases in (PLAIN[:3], PLAIN[2:5]):
        side = oracle({})
        side.start(cases)
        side.finish()
        side.save(memory)
    assert len(memory.read()) == 5
    everything = memory.read()
    side = oracle(everything)
    side.start(PLAIN[:5])
    assert not side.at_work
    assert [json.loads(answer.line)["steps"][0]["outcome"] for answer in side.finish()] == ["returned"] * 5
    another = replace(greeting, made_of=[*greeting.made_of[:-1], [["/some/file.py", 1, 1]]])
    assert CacheFile(tmp_path / "new" / "folder", another, TARGET.executable).read() == {}
    (path,) = (tmp_path / "new" / "folder").iterdir()
    for damaged in (b"", b"garbage", path.read_bytes()[:-20], gzip.compress(b"\xff\n\xff\n")):
        path.write_bytes(damaged)
        assert memory.read() == {}
    CacheFile(path, greeting, TARGET.executable).write({"a": b"b"})  # no folder: it is not kept, and that is all


def test_of_too_much_what_was_not_asked_for_is_forgotten(
    oracle: Callable[..., CachedSide], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is learned beyond."""
    monkeypatch.setattr("conformance.observation.cached._MOST", 4)
    seen: dict[str, bytes] = {"old": b"{}", "older": b"{}"}
    side = oracle(seen)
    memory = CacheFile(tmp_path, side.greeting, TARGET.executable)
    side.start(PLAIN[:5])
    assert [answer.status for answer in side.finish()] == ["done"] * 5
    assert len(seen) == 4
    side.save(memory)
    assert len(memory.read()) == 2
    assert "old" not in memory.read()


def test_what_decides_how_an_oracle_behaves_is_told(oracle: Callable[..., CachedSide]) -> None:
    """Its version, its flags, and its files; of a candidate nothing of the kind."""
    version, _, _, _, importable, files = oracle({}).greeting.made_of
    assert version == sys.version
    assert any("json" in folder for folder in importable)
    named = {Path(file).name: size for file, size, _ in files}
    assert named["runpy.py"] > 1000
    candidate = LiveSide(TARGET, str(REFERENCE))
    assert candidate.greeting.made_of == ()
    candidate.close()


def test_what_was_being_written_when_somebody_was_killed_is_removed(
    oracle: Callable[..., CachedSide], tmp_path: Path
) -> None:
    """By the next one who writes."""
    tell = [sys.executable, "-c", "import os; print(os.getpid())"]
    ended = subprocess.run(tell, capture_output=True, text=True, check=True)
    memory = CacheFile(tmp_path, oracle({}).greeting, TARGET.executable)
    memory.write({"a": b"{}"})
    (path,) = tmp_path.iterdir()
    for suffix in (ended.stdout.strip(), "1", "other"):
        Path(f"{path}.{suffix}").touch()
    memory.write({"b": b"{}"})
    assert memory.read() == {"b": b"{}"}
    assert {path.suffix for path in tmp_path.iterdir()} == {"", ".1", ".other"}


@pytest.mark.parametrize("idle", [True, False])
def test_two_agents_give_the_answers_of_one(idle: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of the cases, also of an odd number; few cases are for one of them."""
    single, doubled = LiveSide(TARGET, str(REFERENCE)), TwoAgentsSide(TARGET, str(REFERENCE), lambda: idle)
    sent = asked(doubled, monkeypatch)
    try:
        for count in (19, 20, 3):
            for side in (single, doubled):
                side.start(PLAIN[:count])
            assert [answer.line for answer in single.finish()] == [answer.line for answer in doubled.finish()]
        assert sent == ([10, 10, 3] if idle else [19, 20, 3])
        doubled.start(PLAIN)
        doubled.abandon()
        assert doubled.run(PLAIN[0]).status == "done", "whatever was let go of"
    finally:
        single.close()
        doubled.close()


def test_what_ends_one_agents_process_is_told_of_its_half(tmp_path: Path) -> None:
    """The other half is none the worse."""
    path = tmp_path / "ends.py"
    path.write_text(
        "import os, runpy\ndef run_module(name, *given):\n    os._exit(3) if given else None\n"
        "    return runpy.run_module(name)\n"
    )
    ending = replace(SOME[1], steps=(Step("call", "run_module('m', {})"),)).plain()
    doubled = TwoAgentsSide(TARGET, str(path), lambda: True)
    try:
        doubled.start([PLAIN[0], ending, *PLAIN[2:10]])
        found = [answer.status for answer in doubled.finish()]
        assert found == ["done", "exit"] + ["done", "not-run"] * 4
    finally:
        doubled.close()


ASSERTS = "assert first\n"
SPEAKS = """
for fd in range(3, 30):
    try:
        first or os.write(fd, b'{}\\n')
    except OSError:
        pass
"""


@pytest.mark.parametrize("loading", [ASSERTS, SPEAKS], ids=["fails", "makes no sense"])
def test_a_candidate_that_cannot_be_loaded_twice_has_one_agent(loading: str, tmp_path: Path) -> None:
    """It is not asked for again, either."""
    path, count = tmp_path / "once.py", tmp_path / "count"
    path.write_text(
        f"import os, runpy\nwith open({str(count)!r}, 'a+') as file:\n    file.write('x')\n    file.seek(0)\n"
        f"    first = file.read() == 'x'\n{loading}run_module = runpy.run_module\n"
    )
    doubled = TwoAgentsSide(TARGET, str(path), lambda: True)
    try:
        for _ in range(3):
            doubled.start(PLAIN)
            assert [answer.status for answer in doubled.finish()] == ["done"] * 20
    finally:
        doubled.close()
    assert count.read_text() == "xx"


def trials_of(path: Path) -> list[dict[str, Any]]:
    """The trials of a report, without what depends on the moment."""
    return [record for record in map(json.loads, path.read_text().splitlines()) if record["record"] == "trial"]


def test_a_candidate_that_takes_long_to_load_has_one_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another would take longer than it saves; and one that fails otherwise when it is loaded again is none, either."""
    monkeypatch.setattr("conformance.observation.two_agents._LONG", 0.0)
    doubled = TwoAgentsSide(TARGET, str(REFERENCE), lambda: True)
    sent = asked(doubled, monkeypatch)
    try:
        doubled.start(PLAIN)
        assert len(doubled.finish()) == 20
        assert sent == [20]
    finally:
        doubled.close()


THREADED = """
import threading, runpy
started = threading.Event()
threading.Thread(target=started.wait, daemon=True).start()
with open({count!r}, "a+") as file:
    file.write("x")
    file.seek(0)
    assert len(file.read()) != {failing}
run_module = runpy.run_module
"""


@pytest.mark.parametrize("failing", [0, 3], ids=["loads", "fails to load once"])
def test_the_next_interpreter_loads_while_a_case_runs(
    failing: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where each case takes one of its own; if the candidate cannot be loaded beside itself, it is loaded later."""
    monkeypatch.setattr("conformance.observation.live.cores", lambda: 2)
    path, count = tmp_path / "threaded.py", tmp_path / "count"
    path.write_text(THREADED.format(count=str(count), failing=failing))
    side = LiveSide(TARGET, str(path))
    try:
        for case in PLAIN[:4]:
            assert side.run(case).status == "done"
        in_advance = len(side._in_advance)
    finally:
        side.close()
    assert in_advance == (0 if failing else 1)
    if failing:
        assert count.read_text() == "x" * (1 + 1 + 1 + 3), "the warm agent, the first case, in advance, the other cases"


@pytest.mark.parametrize("right", [True, False])
def test_a_second_run_says_the_same(right: bool, tmp_path: Path) -> None:
    """Of a right candidate and of a wrong one; in one process or several; and nothing is kept if nothing is to be."""
    impl = str(REFERENCE)
    if not right:
        impl = str(tmp_path / "wrong.py")
        Path(impl).write_text(next(mutant.source() for mutant in mutants() if mutant.clause == "PACKAGE-FROM-SPEC"))
    words = [f"--impl={impl}", "families/legacy", "packages", f"--finds={tmp_path / 'finds'}", "--level=exact"]
    none, kept = [*words, "--database=none"], [*words, f"--database={tmp_path / 'kept'}"]
    found = []
    for number, line in enumerate([none, kept, kept, [*kept, "--cores=2"]]):
        report = tmp_path / f"{number}.jsonl"
        done = conformance(*line, f"--report={report}", XDG_CACHE_HOME=str(tmp_path / "cache"))
        assert done.returncode == (0 if right else 1), done.stdout + done.stderr
        found.append(sorted(trials_of(report), key=lambda record: str(record["id"])))
        assert (tmp_path / "kept").exists() == (number > 0)
    assert found[1:] == found[:1] * 3
    assert len(list((tmp_path / "kept" / "oracle").iterdir())) == 1
    assert not (tmp_path / "cache").exists()
