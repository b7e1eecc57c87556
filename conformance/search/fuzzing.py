"""The search without end: the properties as plain Hypothesis tests, which HypoFuzz runs until it is stopped.

usage: nox -s fuzz -- --impl=SPEC [--target=PYTHON] [--workers=N] [--database=URL|DIR] [PROPERTY ...]

HypoFuzz keeps what showed something new, and changes that. It looks at code; the candidate's runs in another process,
so each case reports what became of it instead. All workers on all machines that have the same database share what they
keep. A property that has failed rests; what was found is kept where `--database` of an ordinary run finds it, which
makes it small, confirms it and writes it as a fixture (docs/power.md).
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any, NoReturn

from hypothesis import event, given, settings
from hypothesis.database import DirectoryBasedExampleDatabase, ExampleDatabase
from hypothesis.internal.conjecture.data import ConjectureData
from hypothesis.internal.reflection import function_digest

from .. import INTERRUPTED, REFERENCE
from ..cases.model import Case
from ..cases.strategies import PROPERTIES, cases
from ..clauses import Level
from ..judge.divergence import Signature
from ..observation.interpreters import find
from ..observation.live import LiveSide
from ..observation.side import AgentError, Reply
from .examine import Examiner

_ASKED = "RUNPY_CONFORMANCE_FUZZ"  # the environment variable by which workers learn what was asked for


def main(arguments: list[str] | None = None) -> int:
    """Start HypoFuzz; its exit status."""
    parser = argparse.ArgumentParser(
        allow_abbrev=False, prog="python -m conformance.search.fuzzing", description=str(__doc__).splitlines()[0]
    )
    parser.add_argument("names", nargs="*", choices=[[], *PROPERTIES], metavar="PROPERTY", help="all, if none is named")
    parser.add_argument("--impl", default="reference", metavar="SPEC")
    parser.add_argument("--target", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--import-from", default="", metavar="DIR")
    parser.add_argument("--level", default="compat")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--database", default=".hypothesis/fuzz", metavar="redis://HOST | DIR")
    parser.add_argument("--dashboard", type=int, metavar="PORT", help="show HypoFuzz's pages at this port")
    asked = parser.parse_args(arguments)
    if "://" not in asked.database:
        asked.database = os.path.abspath(asked.database)
    shown = ["--no-dashboard"] if asked.dashboard is None else [f"--port={asked.dashboard}"]
    hypothesis = str(Path(sys.executable).with_name("hypothesis"))
    command = [hypothesis, "fuzz", f"--numprocesses={asked.workers}", *shown, "--"]
    command += [str(Path(__file__).resolve()), "-c", os.devnull, f"--rootdir={Path(__file__).resolve().parents[2]}"]
    environment = {**os.environ, _ASKED: json.dumps(vars(asked))}
    try:
        return subprocess.run(command, env=environment, check=False).returncode
    except KeyboardInterrupt:
        return INTERRUPTED


# -- in the workers --------------------------------------------------------------------------------------------

_TESTS: dict[str, Callable[[], None]] = {}  # of each property
_taken: dict[str, Signature] = {}  # what a property has failed by: it is made small, and nothing else


def database(where: str) -> ExampleDatabase:
    """The database at a URL such as redis://host:6379/0, or in a folder.

    It keeps what has failed a second time: under the key by which an ordinary run looks for it.
    """
    if "://" not in where:

        class InFolder(DirectoryBasedExampleDatabase):
            def save(self, key: bytes, value: bytes) -> None:
                for one in (key, *_also(key)):
                    super().save(one, value)

        return InFolder(where)

    from hypothesis.extra.redis import RedisExampleDatabase
    from redis import Redis  # type: ignore[import-not-found, unused-ignore]

    class Shared(RedisExampleDatabase):
        def save(self, key: bytes, value: bytes) -> None:
            for one in (key, *_also(key)):
                super().save(one, value)

        def _start_listening(self) -> None:
            super()._start_listening()
            self._pubsub.run_in_thread(sleep_time=0.2, daemon=True)  # Hypothesis itself never looks

    return Shared(Redis.from_url(where))


def _also(key: bytes) -> list[bytes]:
    """The key of the search for what HypoFuzz keeps of a test that has failed: it takes the digest of its function."""
    digests = ((name, function_digest(test.hypothesis.inner_test)) for name, test in _TESTS.items())  # type: ignore[attr-defined]
    return [name.encode() for name, digest in digests if digest == key]


def _keep_in_step() -> None:
    """Mend HypoFuzz 25.11.1: it loses its place at a choice that Hypothesis forces, so that it replays other cases."""
    draw = ConjectureData._draw

    def counted(data: Any, kind: Any, constraints: Any, *, observe: bool, forced: Any) -> Any:
        state = getattr(data.provider, "_state", None)
        if observe and forced is not None and data.prefix is None and state is not None:
            state.choice_index += 1
        return draw(data, kind, constraints, observe=observe, forced=forced)

    ConjectureData._draw = counted  # type: ignore[assignment, method-assign]


class _Watched(LiveSide):
    """A side whose last replies can be asked for."""

    last: Sequence[Reply] = ()

    def finish(self) -> list[Reply]:
        self.last = found = super().finish()
        return found


@functools.cache
def _sides() -> tuple[Examiner, _Watched]:
    """The two sides of this worker."""
    target = find(_asked["target"])
    impl = str(REFERENCE) if _asked["impl"] == "reference" else _asked["impl"]
    oracle = LiveSide(target, "oracle", import_from=_asked["import_from"])
    candidate = _Watched(target, impl, import_from=_asked["import_from"], timeout=4.0)
    for side in (oracle, candidate):
        Finalize(None, side.close, exitpriority=10)

    def end(*_: object) -> NoReturn:
        oracle.close()
        candidate.close()
        os._exit(INTERRUPTED)

    signal.signal(signal.SIGINT, end)  # Hypothesis would take an exception for a find, or show where it was
    return Examiner(oracle, candidate, _level), candidate


def _try(name: str, case: Case) -> None:
    """Try a case; raise if it differs by what this property has failed by, or by anything if it has not."""
    examiner, candidate = _sides()
    try:
        trial = examiner.glance(case)
        _tell(candidate.last[-1])
        if trial.counts(_level) and name not in _taken:
            trial = examiner.confirm(trial)
    except AgentError:
        return  # a case that the oracle does not survive is none
    causes = [one.signature for one in trial.divergences if one.cause and one.level <= _level]
    if causes and name not in _taken:
        _taken[name] = causes[0]
        print(f"worker {os.getpid()}: {case.id}: {causes[0]}", file=sys.stderr, flush=True)
    if _taken.get(name) in causes:
        raise Differs(str(_taken[name]))


class Differs(Exception):
    """A case in which the candidate differs; the text is the signature."""


def _tell(reply: Reply) -> None:
    """Tell HypoFuzz what became of a case, in outline: it keeps cases that show something new."""
    observation: Mapping[str, Any] = reply.observation or {}
    event(f"came to: {reply.status}")
    for step in observation.get("steps", ()):
        raised = (step.get("exception") or {}).get("exception", "")
        happened = " ".join(one["event"] for one in step.get("events", ()))
        event(f"{step.get('outcome')} {raised} after: {happened[:60]}")
        event(f"changed: {' '.join(sorted(step.keys() - {'outcome', 'exception', 'events', 'result'}))}")


def _test(name: str) -> Callable[[], None]:
    @settings(deadline=None)
    @given(case=cases(name))
    def test(case: Case) -> None:
        _try(name, case)

    test.__name__ = test.__qualname__ = f"test_{name}"
    return test


if _ASKED in os.environ:
    _keep_in_step()
    _asked = json.loads(os.environ[_ASKED])
    _level = Level.parse(_asked["level"])
    settings.register_profile("fuzz", settings(database=database(_asked["database"])))
    settings.load_profile("fuzz")
    _TESTS.update((name, _test(name)) for name in _asked["names"] or PROPERTIES)
    globals().update((f"test_{name}", test) for name, test in _TESTS.items())


if __name__ == "__main__":
    sys.exit(main())
