"""`nox -s campaign`: tries very many drawn cases on the oracle and a candidate that must agree, target after target.

usage: python -m conformance.commands.campaign [--cases=N] [--target=PYTHON] ... [--impl=SPEC] [--seed=N] [--workers=N]
           [--database=redis://HOST] [--state=DIR] [--finds=DIR] [--summary[=FILE]] [PROPERTY ...]

Whatever ends it, the same command goes on where it was (docs/power.md). Without --cases, --summary writes the summary
of what has been done. Exit status: 0, 1 something diverges, 2 usage, 3 the candidate cannot be loaded, 4 the suite
itself failed, 5 nothing ran, 130 interrupted.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import platform
import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import hypothesis

from .. import HOUSE, INTERRUPTED, REFERENCE, __version__
from ..cases.strategies import PROPERTIES
from ..clauses.pythons import TARGETS
from ..observation.agent_process import cores
from ..observation.interpreters import BadInterpreter, Target, all_found, find
from ..observation.side import AgentError, CandidateError
from ..report.finds import name_of
from ..search.campaign.state import Figures, State
from ..search.campaign.stores import FileStore, RedisStore, Store, StoreError
from ..search.campaign.work import MOST_KINDS, Sides, Task, opened, work
from ..search.examine import SmokeFailed
from ..search.rounds import ROUND
from ..texts import never_refuse_output, visible
from .campaign_summary import line, read, table, write
from .command_line import USAGE, Parser, import_hint
from .interruption import handle_signals
from .kinds import UsageError, did_you_mean
from .marks import NoMarks
from .options import DATABASES

_CASES = 1_000_000
_STATE = ".hypothesis/campaign"
_PAGE = HOUSE / "docs" / "power.md"
_TELLING = 30.0  # seconds between two lines of progress
_CONFORMANCE = Path(__file__).resolve().parents[1]
_ROOMS = ("agent", "cases", "clauses", "judge", "observation", "search")  # those that decide what a case comes to
_CANNOT_LOAD, _FAILED, _NOTHING = 3, 4, 5  # exit statuses


@dataclass(frozen=True)
class Kept:
    """The place where a campaign is kept: a file without its ending, or a server. key: the campaign's own."""

    path: Path
    key: str
    server: str

    def open(self, *, own: bool) -> Store:
        """The store. own: this process starts the campaign, and does not only work on it. Raises StoreError."""
        if self.server:
            return RedisStore(self.server, self.key)
        return FileStore(self.path.with_name(f"{self.path.name}.sqlite"), own=own)

    @property
    def figures(self) -> Path:
        """The file with the figures."""
        return self.path.with_name(f"{self.path.name}.json")


def main(arguments: list[str] | None = None) -> int:
    """Run the campaigns of all targets; the exit status."""
    never_refuse_output()
    handle_signals()
    try:
        options = _options(arguments)
        targets = [] if options.cases is None and options.summary else _targets(options.target)
        statuses = [_campaign(target, options) for target in targets]
        if options.summary:
            _summarise(Path(options.state), Path(options.summary))
            statuses.append(0)
    except (UsageError, BadInterpreter, StoreError, NoMarks) as exc:
        print(exc, file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("Interrupted; the same command goes on from here.", file=sys.stderr)
        return INTERRUPTED
    if not statuses:
        print(f"There is none of the interpreters {', '.join(TARGETS)}: give one with --target.", file=sys.stderr)
    return max(statuses, default=_NOTHING)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    """The command line. Raises UsageError, SystemExit."""
    parser = Parser("campaign", description="Try very many drawn cases on two sides that must agree.")
    parser.add_argument("properties", nargs="*", metavar="PROPERTY", help=f"of {', '.join(PROPERTIES)}; default: all")
    parser.add_argument(
        "--cases", type=_count, metavar="N", help=f"different cases for each target (default: {_CASES})"
    )
    parser.add_options("--impl", "--import-from", "--seed", "--finds")
    parser.add_argument(
        "--target", action="append", default=[], metavar="PYTHON", help="repeatable (default: all that are found)"
    )
    parser.add_argument(
        "--workers", type=_count, default=max(1, cores() // 2), metavar="N", help="default: half of the cores"
    )
    parser.add_argument(
        "--database", default="", metavar="redis://HOST", help="a server, with which several machines share the work"
    )
    parser.add_argument("--state", default=_STATE, metavar="DIR", help=f"where the campaigns are kept ({_STATE})")
    parser.add_argument(
        "--summary",
        nargs="?",
        const=str(_PAGE),
        default="",
        metavar="FILE",
        help="write the summary of all campaigns that are kept (default: docs/power.md)",
    )
    parser.add_argument("--standing-in", default="", metavar="DIR", help=argparse.SUPPRESS)  # where paths start
    given = sys.argv[1:] if arguments is None else arguments
    for word in given:
        if word.startswith("--standing-in="):
            os.chdir(word.partition("=")[2])
    options = parser.parse_args(given)
    for name in options.properties:
        if name not in PROPERTIES:
            hint = did_you_mean(name, PROPERTIES)
            raise UsageError(f"There is no property {name!r}{hint or ':'} there are {', '.join(PROPERTIES)}.")
    if options.database and not options.database.startswith(DATABASES):
        raise UsageError(
            f"--database is a Redis server such as redis://localhost, not {options.database!r}; "
            "a folder is given with --state."
        )
    return options


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"it is a whole number above 0, not {text!r}")
    return int(text)


def _targets(names: Sequence[str]) -> list[Target]:
    """The targets that the user names, or all that are found. Raises BadInterpreter."""
    return [find(name) for name in names] or [*all_found(TARGETS).values()]


# -- one target -------------------------------------------------------------------------------------------------


def _campaign(target: Target, options: argparse.Namespace) -> int:
    """Run the campaign of one target; the exit status. Raises StoreError, KeyboardInterrupt."""
    impl = str(REFERENCE) if options.impl == "reference" else options.impl
    properties = tuple(options.properties) or tuple(PROPERTIES)
    task = Task(target, impl, options.import_from, properties, options.seed, options.cases or _CASES, ROUND)
    try:
        with opened(task) as sides:
            about = _about(task, sides, options.impl)
            kept = _kept(about, Path(options.state), options.database)
            store = kept.open(own=True)
            try:
                state = State(store, properties)
                state.begin(about, _machine())
                return _run(task, sides, state, kept, options)
            finally:
                store.close()
    except CandidateError as exc:
        print(f"{exc}{import_hint(exc.missing, options.import_from)}", file=sys.stderr)
        return _CANNOT_LOAD
    except SmokeFailed as exc:
        print(exc, file=sys.stderr)
        return _CANNOT_LOAD
    except AgentError as exc:
        print(f"{target.name}: {exc}", file=sys.stderr)
        return _FAILED


def _run(task: Task, sides: Sides, state: State, kept: Kept, options: argparse.Namespace) -> int:
    told = time.monotonic()

    def tell() -> None:
        nonlocal told
        if time.monotonic() - told >= _TELLING:
            told = time.monotonic()
            print(_noted(state, kept), file=sys.stderr, flush=True)

    status = 0
    print(_noted(state, kept), file=sys.stderr, flush=True)
    try:
        if options.workers == 1:
            work(task, sides, state, tell)
        else:
            sides.close()  # each worker has its own
            status = _with_workers(task, kept, options.workers, tell)
    finally:
        text = _noted(state, kept)
        print(text, flush=True)
    if status:
        return status
    figures = state.figures()
    for found in figures.found:
        print(f"\n{found.signature}: {found.where}\n  oracle     {found.oracle}\n  candidate  {found.candidate}")
        if found.fixture:
            print(f"  {_write_fixture(Path(options.finds), found.signature, found.case, found.fixture)}")
    if len(figures.found) >= MOST_KINDS:
        print(f"\nIt ends here, with {len(figures.found)} kinds of divergences: mend these first.")
    return 1 if figures.found else 0 if figures.distinct else _NOTHING


def _noted(state: State, kept: Kept) -> str:
    """Write the figures as they are now, and return them in one line."""
    figures = state.figures()
    new = kept.figures.with_suffix(".new")
    new.parent.mkdir(parents=True, exist_ok=True)
    new.write_text(json.dumps(figures.plain(), indent=1), "utf-8")
    new.replace(kept.figures)
    return line(figures)


def _write_fixture(folder: Path, signature: str, case: str, fixture: str) -> Path:
    path = folder / name_of(signature.partition(" ")[0], case) / "fixture.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(fixture, "utf-8")
    return path


# -- several workers --------------------------------------------------------------------------------------------


def _with_workers(task: Task, kept: Kept, count: int, tell: Callable[[], None]) -> int:
    """Have several processes work until one of them fails or all are done; the exit status."""
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_worker, args=(task, kept, os.getpid())) for _ in range(count)]
    try:
        for worker in workers:
            worker.start()
        while any(worker.is_alive() for worker in workers) and not any(worker.exitcode for worker in workers):
            time.sleep(0.2)
            tell()
    finally:
        for worker in workers:
            if worker.is_alive():
                worker.terminate()
        for worker in workers:
            worker.join()
    return max((worker.exitcode or 0 for worker in workers if worker.exitcode not in (None, INTERRUPTED)), default=0)


class _ParentGone(Exception):
    """Raised in a worker whose parent was killed."""


def _worker(task: Task, kept: Kept, parent: int) -> None:
    """Work on a campaign in a process of its own; end it with an exit status."""
    handle_signals()
    store: Store | None = None

    def check() -> None:
        if os.getppid() != parent:
            raise _ParentGone

    try:
        store = kept.open(own=False)
        with opened(task) as sides:
            work(task, sides, State(store, task.properties), check)
        status = 0
    except (KeyboardInterrupt, _ParentGone):
        status = INTERRUPTED
    except (CandidateError, SmokeFailed) as exc:
        print(exc, file=sys.stderr)
        status = _CANNOT_LOAD
    except (AgentError, StoreError) as exc:
        print(exc, file=sys.stderr)
        status = _FAILED
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if store is not None:
            store.close()
    sys.exit(status)


# -- which campaign it is ---------------------------------------------------------------------------------------


def _about(task: Task, sides: Sides, impl: str) -> dict[str, str]:
    """All that decides what a campaign shows, in words. impl: the candidate, as the user has named it."""
    build = sides.greeting.build
    assert build is not None  # a live side has it from its agent
    return {
        "target": build.name,
        "platform": build.platform,
        "build": hashlib.sha256(repr(replace(build, words={})).encode()).hexdigest()[:12],
        "candidate": visible(impl),
        "candidate's code": _digest(_sources(Path(task.impl))) if Path(task.impl).exists() else "",
        "suite": f"{__version__} ({_digest(_sources(*(_CONFORMANCE / room for room in _ROOMS)))})",
        "hypothesis": hypothesis.__version__,
        "properties": ", ".join(task.properties),
        "seed": str(task.seed),
    }


def _sources(*places: Path) -> Iterable[Path]:
    for place in places:
        yield from [place] if place.is_file() else sorted(place.rglob("*.py")) + sorted(place.rglob("*.toml"))


def _digest(files: Iterable[Path]) -> str:
    whole = hashlib.sha256()
    for file in files:
        whole.update(file.name.encode("utf-8", "surrogateescape") + b"\0" + file.read_bytes())
    return whole.hexdigest()[:12]


def _kept(about: dict[str, str], folder: Path, server: str) -> Kept:
    """The place of the campaign about these things."""
    key = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:12]
    name = "".join(letter if letter.isalnum() or letter == "." else "-" for letter in about["target"].lower())
    return Kept(folder.absolute() / f"{name}-{key}", key, server)


def _machine() -> str:
    return f"{platform.node()}: {cores()} cores, {platform.system()} {platform.machine()}"


# -- the summary ------------------------------------------------------------------------------------------------


def _summarise(folder: Path, page: Path) -> None:
    """Print the summary of all campaigns in a folder, and write it into a page. Raises UsageError, NoMarks."""
    campaigns: list[Figures] = read(folder)
    if not campaigns:
        raise UsageError(f"There is no campaign in {folder}; --state names the folder.")
    text = table(campaigns)
    print(text)
    write(page, text)


if __name__ == "__main__":
    sys.exit(main())
