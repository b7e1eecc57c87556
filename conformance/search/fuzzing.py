"""Searches without end: the properties as plain Hypothesis tests, which HypoFuzz runs until it is stopped.

usage: nox -s fuzz -- --impl=SPEC [--target=PYTHON] [--workers=N] [--database=URL|DIR] [PROPERTY ...]

HypoFuzz keeps each case that did something new, and varies it. It would measure that by the code that runs; but the
candidate runs in another process, so each case reports its outcome as events instead. All workers that have the same
database share the cases that they keep, on all machines. After its first failure, a property looks only for smaller
cases of it; they are kept where an ordinary run with the same `--database` finds them, which makes a smallest case,
confirms it and writes it as a fixture (docs/power.md).
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
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

_VARIABLE = "RUNPY_CONFORMANCE_FUZZ"  # the environment variable that passes the options to the workers


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
    options = parser.parse_args(arguments)
    if "://" not in options.database:
        options.database = os.path.abspath(options.database)
    dashboard = ["--no-dashboard"] if options.dashboard is None else [f"--port={options.dashboard}"]
    hypothesis = str(Path(sys.executable).with_name("hypothesis"))
    command = [hypothesis, "fuzz", f"--numprocesses={options.workers}", *dashboard, "--"]
    command += [str(Path(__file__).resolve()), "-c", os.devnull, f"--rootdir={Path(__file__).resolve().parents[2]}"]
    environment = {**os.environ, _VARIABLE: json.dumps(vars(options))}
    try:
        return subprocess.run(command, env=environment, check=False).returncode
    except KeyboardInterrupt:
        return INTERRUPTED


# -- in the workers --------------------------------------------------------------------------------------------

_TESTS: dict[str, Callable[[], None]] = {}  # of each property
_failures: dict[str, Signature] = {}  # the first failure of each property: only that one is made smaller


def database(where: str) -> ExampleDatabase:
    """The database at a URL such as redis://host:6379/0, or in a folder.

    A case that has failed is kept twice, also under the key by which an ordinary run looks for it.
    """
    if "://" not in where:

        class InFolder(DirectoryBasedExampleDatabase):
            def save(self, key: bytes, value: bytes) -> None:
                for name in (key, *_keys_of_search(key)):
                    super().save(name, value)

        return InFolder(where)

    from hypothesis.extra.redis import RedisExampleDatabase
    from redis import Redis  # type: ignore[import-not-found, unused-ignore]

    class Shared(RedisExampleDatabase):
        def save(self, key: bytes, value: bytes) -> None:
            for name in (key, *_keys_of_search(key)):
                super().save(name, value)

        def _start_listening(self) -> None:
            super()._start_listening()
            self._pubsub.run_in_thread(sleep_time=0.2, daemon=True)  # Hypothesis itself does not read it

    return Shared(Redis.from_url(where))


def _keys_of_search(key: bytes) -> list[bytes]:
    """The key by which a search looks for a case that HypoFuzz keeps under `key`, the digest of the test function."""
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
    """A side that keeps its last replies."""

    last: Sequence[Reply] = ()

    def finish(self) -> list[Reply]:
        self.last = replies = super().finish()
        return replies


@functools.cache
def _sides() -> tuple[Examiner, _Watched]:
    """The two sides of this worker."""
    target = find(_options["target"])
    impl = str(REFERENCE) if _options["impl"] == "reference" else _options["impl"]
    oracle = LiveSide(target, "oracle", import_from=_options["import_from"])
    candidate = _Watched(target, impl, import_from=_options["import_from"], timeout=4.0)
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
        _report(candidate.last[-1])
        if trial.counts(_level) and name not in _failures:
            trial = examiner.confirm(trial)
    except AgentError:
        return  # a case in which the oracle cannot be observed proves nothing
    causes = [
        divergence.signature for divergence in trial.divergences if divergence.cause and divergence.level <= _level
    ]
    if causes and name not in _failures:
        _failures[name] = causes[0]
        print(f"worker {os.getpid()}: {case.id}: {causes[0]}", file=sys.stderr, flush=True)
    if _failures.get(name) in causes:
        raise Differs(str(_failures[name]))


class Differs(Exception):
    """A case in which the candidate differs; the text is the signature."""


def _report(reply: Reply) -> None:
    """Report the outcome of a case to HypoFuzz, in outline: it keeps cases whose outcome is new."""
    event(f"came to: {reply.status}")
    for step in reply.observation["steps"] if reply.observation else ():
        raised = step["exception"]["exception"] if "exception" in step else ""
        happened = " ".join(seen["event"] for seen in step.get("events", ()))
        event(f"{step.get('outcome')} {raised} after: {happened[:60]}")
        event(f"changed: {' '.join(sorted(step.keys() - {'outcome', 'exception', 'events', 'result'}))}")


def _test(name: str) -> Callable[[], None]:
    @settings(deadline=None)
    @given(case=cases(name))
    def test(case: Case) -> None:
        _try(name, case)

    test.__name__ = test.__qualname__ = f"test_{name}"
    return test


if _VARIABLE in os.environ:
    _keep_in_step()
    _options = json.loads(os.environ[_VARIABLE])
    _level = Level.parse(_options["level"])
    settings.register_profile("fuzz", settings(database=database(_options["database"])))
    settings.load_profile("fuzz")
    _TESTS.update((name, _test(name)) for name in _options["names"] or PROPERTIES)
    globals().update((f"test_{name}", test) for name, test in _TESTS.items())


if __name__ == "__main__":
    sys.exit(main())
