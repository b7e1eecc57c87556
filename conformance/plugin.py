"""The pytest plugin: options and hooks, nothing else.

Each case is an item: a fixture is collected from its TOML file, and what the families enumerate comes in batches. The
plugin starts the two sides, hands the cases to the examiner, and turns what comes of them into pytest's outcomes, the
record stream, the summary and the exit status.
"""

from __future__ import annotations

import datetime
import itertools
import os
import sys
import time
import tomllib
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Verbosity
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.database import DirectoryBasedExampleDatabase, ExampleDatabase
from rich.console import Console
from xdist.plugin import parse_numprocesses  # type: ignore[import-untyped]

from . import FIXTURES, HOUSE, INTERRUPTED, REFERENCE, __version__, families, interpreters, strategies
from .baseline import Baseline, BaselineError, Known, complaint, marked, replayed
from .baseline import parse as parse_baseline
from .baseline import read as read_baseline
from .case import FAMILIES, SEARCH, Case, CaseError, fixtures, from_plain, read
from .clauses import CHAPTERS, Level, registry
from .effects import Expected
from .finds import Written
from .finds import name_of as find_name
from .finds import write as write_find
from .fixture import toml
from .grouping import Groups, groups
from .profiles import PROFILES, Profile, database, seconds
from .record import build_of
from .recorded import Recorded
from .recording import FOLDER, RecordingError, Recordings
from .report import baseline as baseline_report
from .report import baseline_file, records, terminal
from .report.findings import findings
from .report.outputs import OutputError
from .report.progress import Counter, Progress, apart
from .report.runs import Run
from .report.stream import Stream
from .report.values import show
from .search import Tally, search
from .showing import shown
from .strategies import PROPERTIES
from .target import AgentError, BadInterpreter, CandidateError, Side, Target, find
from .translated import Translated
from .tree import cases as whole_tree
from .trial import Examiner, SmokeFailed, Trial
from .watching import Watcher, add_properties, add_run_properties

_ENDLESS = 10**9  # examples
_PLATFORM = "-".join([sys.platform, *os.uname()[4:]]) if hasattr(os, "uname") else sys.platform
_SESSION = pytest.StashKey["_Session"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options that are ours."""
    group = parser.getgroup("conformance", "runpy-conformance")
    group.addoption(
        "--impl",
        metavar="SPEC",
        default="reference",
        help="the candidate: pkg, pkg.mod:callable or path/to/adapter.py:callable (default: our reference)",
    )
    group.addoption(
        "--target",
        metavar="PYTHON",
        default=sys.executable,
        help="the interpreter in which both sides run, a path or a command's name (default: this one)",
    )
    group.addoption(
        "--interpreter",
        metavar="PYTHON",
        default="",
        help="judge this interpreter's own runpy by CPython of the same version of the language: the one on PATH, the "
        "one that --target names, or the recording (docs/interpreters.md)",
    )
    group.addoption(
        "--oracle",
        choices=("target", "recording"),
        default="target",
        help="whom to judge by: the target's own runpy (the default), or what was recorded of CPython of its version",
    )
    group.addoption(
        "--level",
        metavar="LEVEL",
        default="compat",
        help="up to which level a divergence fails the run: documented, compat (default) or exact",
    )
    group.addoption(
        "--import-from",
        metavar="DIR",
        default="",
        help="a folder put first on sys.path on both sides (default: where you stand, but for the suite's own)",
    )
    group.addoption(
        "--case-timeout", metavar="SECONDS", type=float, default=10.0, help="how long a case may take (default: 10)"
    )
    group.addoption(
        "--load-timeout",
        metavar="SECONDS",
        type=float,
        default=20.0,
        help="how long the candidate may take to be imported (default: 20)",
    )
    group.addoption(
        "--cases", metavar="DIR", default=str(FIXTURES), help="judge by the cases in this folder (default: our own)"
    )
    group.addoption(
        "--report",
        metavar="FILE",
        action="append",
        default=[],
        help="write a report, by the file's name: .jsonl all records, .html a page, .md a summary, .svg a badge, "
        "badge.json a badge's data; repeatable (docs/reports.md)",
    )
    group.addoption(
        "--baseline",
        metavar="FILE.toml",
        default="",
        help="the divergences that are expected (docs/baselines.md): only others fail the run, and those that are gone",
    )
    group.addoption(
        "--write-baseline",
        action="store_true",
        help="write into --baseline what diverges, and take out what no longer does; reasons and comments stay",
    )
    group.addoption(
        "--profile",
        metavar="NAME",
        default="default",
        help=f"how much is tried: {', '.join(PROFILES)} (docs/search.md says what that is)",
    )
    group.addoption("--budget", metavar="TIME", help="search for so long (90s, 30m, 2h), and not for a number of cases")
    group.addoption(
        "--seed", metavar="N", type=int, default=0, help="what the search draws (default: 0, always the same)"
    )
    group.addoption(
        "--database",
        metavar="DIR",
        default="",
        help="where finds are kept between runs: a folder, redis://... or none (default: in the user's cache folder)",
    )
    group.addoption(
        "--finds",
        metavar="DIR",
        default="conformance-finds",
        help="where the smallest cases are written, if any are found (default: conformance-finds)",
    )
    group.addoption(
        "--cores", metavar="N", dest="numprocesses", type=parse_numprocesses, help="work in so many processes (as -n)"
    )


# -- before the session ----------------------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Check what was asked for, and start both sides; a fault ends here, with one sentence and its status."""
    if config.option.help or config.option.version:
        return None
    _started.append(True)
    try:
        folder = _fixtures_folder(config)
        baseline = _baseline(config, folder)
        selection = _selection(config, folder, (baseline and baseline.cases) or ())
        level = Level.parse(config.option.level)
        config.option.impl = _absolute(config.option.impl)
        _with_interpreter(config)
        if not config.option.import_from and Path.cwd() != HOUSE and not config.option.interpreter:
            config.option.import_from = str(Path.cwd())
        plan = _plan(config)
        target = find(config.option.interpreter or config.option.target)
        known = baseline.on(target.implementation, target.version) if baseline else ()
    except (_Usage, ValueError, BadInterpreter, BaselineError, CaseError) as exc:
        return _complain(str(exc), 2)
    session = _Session(config, level, selection, folder, plan)
    session.baseline, session.expected = baseline, known
    config.stash[_SESSION] = session
    config.args[:] = [str(folder)]
    try:
        session.open(target)
        if not hasattr(config, "workerinput"):
            session.begin_report(config.option.report)
    except (_Usage, BadInterpreter, CaseError, RecordingError, OutputError) as exc:
        session.close()
        return _complain(str(exc), 2)
    except (CandidateError, SmokeFailed) as exc:
        session.close()
        return _complain(str(exc), 3)
    except (AgentError, OSError) as exc:
        session.close()
        return _complain(f"The suite itself failed: {exc}", 4)
    except BaseException:
        session.close()
        raise
    return None


def pytest_unconfigure(config: pytest.Config) -> None:
    """End both sides."""
    session = config.stash.get(_SESSION, None)
    if session is not None:
        session.close()


def _absolute(impl: str) -> str:
    """A candidate that lies where the user stands, for agents that start elsewhere; a module's name as it is."""
    path, colon, name = impl.partition(".py:")
    file = Path(path + ".py" if colon else path)
    is_file = file.suffix == ".py" and (colon or file.is_file())
    return f"{file.absolute()}{colon and ':'}{name}" if is_file else impl


class _Usage(Exception):
    """What was asked for makes no sense; the text says what does."""


def _complain(sentence: str, status: int) -> int:
    print(sentence, file=sys.stderr)
    print(terminal.last_line(None, status, None), file=sys.stderr)
    return status


def _with_interpreter(config: pytest.Config) -> None:
    """With --interpreter the candidate is that interpreter's own runpy. Raises _Usage."""
    option = config.option
    if option.interpreter and option.impl not in ("reference", "runpy"):
        raise _Usage("--interpreter judges the interpreter's own runpy, and --impl another: give one of the two.")
    if option.interpreter:
        option.impl = "runpy"


def _fixtures_folder(config: pytest.Config) -> Path:
    folder = Path(config.option.cases).resolve()
    if not any(fixtures(folder)):
        raise _Usage(f"{folder} holds no fixtures: they are TOML files in folders named after a chapter.")
    return folder


def _selection(config: pytest.Config, folder: Path, own: Iterable[str]) -> frozenset[str]:
    """The clauses, chapters and fixtures that were named on the command line; each must name something.

    own: ids of cases that a baseline brings.
    """
    known = {path.relative_to(folder).with_suffix("").as_posix() for path in fixtures(folder)} | {FAMILIES}
    known |= {SEARCH, *(f"{SEARCH}/{name}" for name in PROPERTIES), *own}
    chosen = set()
    given = {str(word) for word in config.invocation_params.args}
    for word in config.args:
        if word not in given:
            continue  # pytest's own idea of where to look
        name = word.removesuffix(".toml").removeprefix("fixtures/")
        if name.startswith(f"{FAMILIES}/") and name not in known:
            known.update(name for case in families.generate(folder) for name in (case.id, case.family))
        if name not in registry() and name not in known and name not in CHAPTERS:
            raise _Usage(
                f"{word!r} is neither a clause, nor a chapter, nor a fixture; docs/specification.md lists the clauses "
                "and fixtures/ holds the fixtures."
            )
        clause = registry().get(name)
        if clause is not None and clause.untestable:
            raise _Usage(f"{name} is never judged: {clause.untestable}")
        chosen.add(name)
    return frozenset(chosen)


def _baseline(config: pytest.Config, folder: Path) -> Baseline | None:
    """What is expected, if anything is said of that. Raises _Usage, BaselineError, CaseError."""
    option = config.option
    if not option.baseline:
        if option.write_baseline:
            raise _Usage("--write-baseline needs --baseline=FILE.toml, the file to write.")
        return None
    path = Path(option.baseline)
    if option.write_baseline and not path.exists():
        if not path.absolute().parent.is_dir():
            raise _Usage(f"The baseline {path} cannot be written: there is no folder {path.parent}.")
        return Baseline(path)
    if not path.exists():
        raise _Usage(f"There is no baseline {path}: --write-baseline writes one.")
    return read_baseline(path, _Ids(folder))


class _Ids(Collection[str]):
    """The ids of all cases that there are; those of the families are looked up only if they are asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known = {path.relative_to(folder).with_suffix("").as_posix() for path in fixtures(folder)}

    def __contains__(self, name: object) -> bool:
        if name not in self._known and str(name).startswith(FAMILIES):
            self._known |= {case.id for case in families.generate(self._folder)}
        return name in self._known

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


@dataclass(frozen=True)
class _Plan:
    """What is to be searched: examples for each property, until when at the latest, and where finds are kept."""

    profile: Profile
    examples: int
    seconds: float | None
    alone: bool  # whether each property is searched by itself, in a process that knows nothing of the others


def _plan(config: pytest.Config) -> _Plan:
    option = config.option
    if option.profile not in PROFILES:
        raise _Usage(f"There is no profile {option.profile!r}; there are {', '.join(PROFILES)}.")
    profile = PROFILES[option.profile]
    if option.budget is None:
        return _Plan(profile, profile.examples, None, option.profile == "thorough")
    return _Plan(profile, _ENDLESS, seconds(option.budget), True)


# -- the session -----------------------------------------------------------------------------------------------


class _Session:
    """One run of the suite: both sides, and the records of what came of the cases."""

    def __init__(
        self, config: pytest.Config, level: Level, selection: frozenset[str], folder: Path, plan: _Plan
    ) -> None:
        self.config = config
        self.plan = plan
        self.folder = folder
        self.level = level
        self.selection = selection
        self.trials: list[records.Record] = []
        self.failures = 0
        self.interrupted = False
        self.end: records.Record | None = None
        self.clauses: list[records.Record] = []
        self.run: records.Record | None = None
        self.fixtures = {path.relative_to(folder).with_suffix("").as_posix() for path in fixtures(folder)}
        self.examiner: Examiner | None = None
        self._batches: dict[str, list[Case]] = {}
        self.searches: list[records.Record] = []
        self.written: dict[str, Written] = {}
        self.baseline: Baseline | None = None
        self.expected: tuple[Known, ...] = ()  # of it, on this target
        self.replays: list[records.Record] = []
        self.told = ""  # what became of it
        self.oracle_in: Target | None = None  # if not in the target
        self._known: Groups | None = None
        self._database: ExampleDatabase | None = None
        self._ahead: dict[str, Trial] = {}
        self._sides: list[Side | Translated | Recorded] = []
        self._report: Stream | None = None
        self.tally = Tally()  # of the search at hand
        self._ends: float | None = None

    def open(self, target: Any) -> None:
        option = self.config.option
        impl = str(REFERENCE) if option.impl == "reference" else option.impl

        def side(what: str, where: Target = target) -> Side:
            one = Side(
                where,
                what,
                import_from=option.import_from,
                timeout=option.case_timeout,
                load_timeout=option.load_timeout,
            )
            self._sides.append(one)
            return one

        judged = side(impl)
        greeting = judged.greeting
        candidate: Side | Translated = judged
        oracle: Side | Translated | Recorded
        allowed: Expected | None = None
        judge_in = None
        if option.interpreter and option.oracle != "recording":
            asked = option.target if option.target != sys.executable else ""
            judge_in = interpreters.cpython_for(target, asked)
        if option.interpreter:
            candidate = interpreters.translated(judged, target)
        if judge_in is not None:
            oracle = interpreters.translated(side("oracle", judge_in), judge_in)
        elif option.interpreter or option.oracle == "recording":
            recordings, tree = Recordings(self.folder / FOLDER), whole_tree(self.folder)
            if option.interpreter:
                oracle = interpreters.recorded(recordings, tree, target, greeting.capabilities)
            else:
                oracle = Recorded(recordings, tree, build_of(target), greeting.capabilities)
        else:
            oracle = side("oracle")
        if option.interpreter:
            allowed = interpreters.expected(greeting.implementation, greeting.version, oracle.greeting.version)
        self.oracle_in = judge_in
        self.examiner = Examiner(oracle, candidate, self.level, allowed)
        self.examiner.smoke()
        self.target = target
        if self.searched:
            language = greeting.version.rpartition(".")[0]
            try:
                self._database = database(option.database, f"{impl} {greeting.implementation} {language}")
            except ValueError as exc:
                raise _Usage(f"{exc}.") from None
            if self._database is not None and isinstance(self._database, DirectoryBasedExampleDatabase):
                set_hypothesis_home_dir(self._database.path)
        self.run = records.run_record(
            suite=__version__,
            candidate=option.impl,
            target={
                "name": target.name,
                "implementation": target.implementation,
                "version": greeting.version,
                "platform": _PLATFORM,
                "capabilities": sorted(oracle.greeting.capabilities),
            },
            oracle="" if isinstance(oracle, Side) else str(oracle),
            baseline=option.baseline,
            import_from=option.import_from,
            unsettled=self.examiner.unsettled,
            started=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            again=self.again,
            level=self.level,
            delegates=greeting.delegates or self.examiner.delegates,
            unseen=greeting.unseen,
        )

    def trial(self, item: CaseItem) -> Trial:
        """What came of a case; the first of a batch that is asked for has all of them run that were not deselected."""
        assert self.examiner is not None
        if item.case.id not in self._ahead:
            if not self._batches:
                ours = (one for one in item.session.items if isinstance(one, CaseItem))
                grouped = itertools.groupby(ours, lambda one: one.batch)
                self._batches = {batch: [one.case for one in items] for batch, items in grouped}
            batch = self._batches.pop(item.batch)
            in_order = not hasattr(self.config, "workerinput")
            trials = self.examiner.run_all(batch, next(iter(self._batches.values()), ()) if in_order else ())
            self._ahead = {one.case.id: one for one in trials}
        return self._ahead.pop(item.case.id)

    def record(self, trial: Trial) -> records.Record:
        """What is told of a trial, with what of it is expected."""
        record = records.trial_record(trial)
        if trial.case.chapter == SEARCH and trial.divergences:
            record["fixture"] = toml(trial.case)
        return self.marked(record)

    def marked(self, record: records.Record) -> records.Record:
        """The record of a trial, with what of it is expected."""
        return marked(record, self.expected, self.config.option.baseline) if self.expected else record

    def replayed(self, record: records.Record) -> list[records.Record]:
        """What a trial's record says of the baseline, in records."""
        return replayed(record, self.expected, self.config.option.baseline, self.level)

    def to_replay(self) -> list[Case]:
        """The cases by which the baseline is checked, in its order: those that were selected; all, before a search."""
        if self.baseline is None:
            return []
        wanted = dict.fromkeys(one.case for one in self.expected)
        own = self.baseline.cases or {}
        named = {one: read(self.folder / f"{one}.toml", self.folder) for one in wanted if one in self.fixtures}
        rest = wanted.keys() - named.keys() - own.keys()
        generated = {case.id: case for case in families.generate(self.folder) if case.id in rest} if rest else {}
        cases = {**own, **named, **generated}
        return [cases[one] for one in wanted if self.searched or self.wants(cases[one])]

    @property
    def searched(self) -> list[str]:
        """The properties by which to search."""
        option = self.config.option
        recorded = option.oracle == "recording" or (option.interpreter and self.oracle_in is None)
        if recorded or self.folder != FIXTURES:
            return []  # there is nobody to ask, or the user's own cases are meant
        chosen = {one for one in self.selection if one.partition("/")[0] == SEARCH}
        if self.selection:
            return [name for name in PROPERTIES if chosen & {SEARCH, f"{SEARCH}/{name}"}]
        return list(PROPERTIES) if self.plan.examples else []

    def search(self, name: str, left: int) -> list[records.Record]:
        """Search by one property; the records of the finds, and of the search. left: properties to be searched yet."""
        assert self.examiner is not None
        if self._known is None or (self.plan.alone and hasattr(self.config, "workerinput")):
            fine = self.baseline is not None  # what is expected is never mended, and must hide nothing
            self._known = groups([records.seen(one) for one in self._met()], self.level, len(self.trials), fine=fine)
            self._known.expected = frozenset(one.signature for one in self.expected)
        verbosity = Verbosity[self.config.getoption("hypothesis_verbosity", None) or "quiet"]
        examples = self.plan.examples or PROFILES["default"].examples
        deadline = None
        if self.plan.seconds is not None:
            if self._ends is None:
                self._ends = time.monotonic() + self.plan.seconds
            workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
            deadline = time.monotonic() + (self._ends - time.monotonic()) / -(-left // workers)
        self.tally = tally = Tally()
        finds = list(
            search(
                self.examiner,
                strategies.cases(name),
                name,
                self._known,
                examples=examples,
                seed=self.config.option.seed,
                database=self._database,
                deadline=deadline,
                verbosity=verbosity,
                tally=tally,
            )
        )
        found = [self.marked(records.find_record(one)) for one in finds]
        return [*found, records.search_record(name, PROPERTIES[name], tally, [one["id"] for one in found])]

    def _met(self) -> list[records.Record]:
        """The trials so far; in a process that has had only some of them, those of the baseline at least."""
        if not self.expected or not hasattr(self.config, "workerinput"):
            return self.trials
        assert self.examiner is not None
        tried = {one["id"] for one in self.trials}
        missing = [case for case in self.to_replay() if case.id not in tried]
        return [*self.trials, *(records.trial_record(one) for one in self.examiner.run_all(missing))]

    def write_finds(self) -> None:
        """Write the finds that are to be shown, where none of the suite's own cases shows the same."""
        option = self.config.option
        assert self.examiner is not None
        folder = Path(option.finds).absolute()
        for finding in terminal.finds(records.unexpected(self.trials), self.level) if not self.interrupted else ():
            trial, own = finding.trial, folder / find_name(finding.clause, finding.trial["id"])
            try:
                self.written[trial["id"]] = write_find(
                    own,
                    trial,
                    says=terminal.says(finding),
                    impl=str(REFERENCE) if option.impl == "reference" else option.impl,
                    import_from=option.import_from,
                    interpreter=self.target.executable,
                    target=self.target.name,
                    again=f"{self.again} --cases={folder} {own.name}/fixture",
                    interpreters=(self.oracle_in.executable, self.target.executable) if self.oracle_in else None,
                )
            except OSError as exc:
                self.written[trial["id"]] = Written(problem=f"It could not be written: {exc}")
            except KeyboardInterrupt:
                self.interrupted = True
                self.finish(0)
                return

    def close(self) -> None:
        for side in self._sides:
            side.close()
        self._sides.clear()

    def wants(self, case: Case) -> bool:
        names = {case.id, case.family, case.chapter, *case.clauses}
        return not self.selection or bool(names & self.selection)

    @property
    def again(self) -> str:
        """The command that runs one case again; its id is to follow."""
        option = self.config.option
        front = os.environ.get("RUNPY_CONFORMANCE_COMMAND", f"python -m {__package__} --target={option.target}")
        front += f" --oracle={option.oracle}" if option.oracle != "target" else ""
        if option.interpreter:
            front = front.replace(f" --target={sys.executable}", "")
            return f"{front} --interpreter={option.interpreter}"
        return front + (f" --impl={option.impl}" if option.impl != "reference" else "")

    def finish(self, exit_status: int) -> int:
        """The exit status of the run, in the project's own terms."""
        self.clauses = self._clauses()
        if self.interrupted:
            status = INTERRUPTED
        elif exit_status in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.INTERRUPTED):
            status = 4
        else:
            searched = sum(one["tried"] for one in self.searches)
            status = records.status_of(
                self.trials, self.level, failures=self.failures, searched=searched, baseline=self.replays
            )
        self.end = records.end_record(status, self.trials, self.clauses, self.replays, self.level)
        return status

    def write_baseline(self, status: int) -> int:
        """Write the baseline, if that was asked for and the run came to its end; the exit status then."""
        if self.baseline is None or not self.config.option.write_baseline:
            return status
        path, where = self.baseline.path, (self.target.implementation, self.target.version)
        if status not in (0, 1):
            self.told = f"The baseline {path} was not written: {records.STATUS[status]}."
            return status
        try:
            text = path.read_text(encoding="utf-8") if path.exists() else ""
            written = baseline_file.update(
                self.baseline,
                text,
                self.trials,
                self.replays,
                candidate=self.config.option.impl,
                implementation=where[0],
                version=where[1],
                level=self.level,
            )
            self.baseline = parse_baseline(written.text, path, _Ids(self.folder))
            self.expected = self.baseline.on(*where)
            path.write_text(written.text, encoding="utf-8")
        except (OSError, BaselineError) as exc:
            self.told = f"The baseline {path} could not be written: {exc}"
            return 4
        self.trials = [self.marked(one) for one in self.trials]
        self.replays = [one for trial in self.trials for one in self.replayed(trial)]
        self.told = f"The baseline {path} was written: {written}."
        self.clauses = self._clauses()
        status = records.status_of(self.trials, self.level, baseline=self.replays)
        status = 0 if status == 5 else status
        self.end = records.end_record(status, self.trials, self.clauses, self.replays, self.level)
        return status

    def _clauses(self) -> list[records.Record]:
        assert self.run is not None
        assert self.examiner is not None
        version, unseen = self.run["target"]["version"], self.run["unseen"]
        return records.clause_records(registry().values(), self.trials, version, unseen, self.examiner.unsettled)

    def begin_report(self, paths: Sequence[str]) -> None:
        """Open the reports, and write the head of the records. Raises OutputError."""
        self._report = Stream(paths)
        self.tell(self.run)

    def tell(self, *stream: records.Record | None) -> None:
        """Write records to the reports, if there are any, as they come: what a run that is cut off found, stays."""
        if self._report is not None:
            self._report.tell(*stream)

    def end_report(self) -> str:
        """Write the tail of the records, and the other reports; what went wrong with that, if anything did."""
        if self._report is None or not self._report.paths:
            return ""
        try:
            own = self._shown()
        except KeyboardInterrupt:  # the rest is what the run was for
            self.interrupted, own = True, []
            self.finish(0)
        if self.config.option.write_baseline:  # only now is it known what is expected
            self.tell(*self.trials, *self.searches, *self.replays)
        try:
            self.tell(*own, *self.clauses, self.end)
            self._report.end(replace(self.whole, shown={one["trial"]: one for one in own}))
        except (OutputError, OSError) as exc:
            return str(exc)
        return ""

    @property
    def whole(self) -> Run:
        """All that the run came to."""
        assert self.run is not None
        problem = records.STATUS[self.end["status"]] if self.end and self.end["status"] in (4, INTERRUPTED) else ""
        return Run(
            self.run,
            self.trials,
            self.clauses,
            self.searches,
            self.replays,
            end=self.end,
            problem=problem and f"{self.target.name}: {problem}",
        )

    def _shown(self) -> list[records.Record]:
        """Both sides of the cases by which findings are known; for the reports, and not if the run was broken off."""
        if self.examiner is None or self.end is None or self.end["status"] not in (0, 1):
            return []
        option = self.config.option
        return shown(
            findings(records.unexpected(self.trials), self.level),
            self._case,
            self.examiner,
            interpreter=self.target.executable,
            target=self.target.name,
            impl=str(REFERENCE) if option.impl == "reference" else option.impl,
            import_from=option.import_from,
        )

    def _case(self, name: str) -> Case | None:
        """The case of an id: a fixture, a find, or one that a family enumerates."""
        if name in self.fixtures:
            return read(self.folder / f"{name}.toml", self.folder)
        text = next((trial["fixture"] for trial in self.trials if trial["id"] == name and trial.get("fixture")), "")
        if text:
            return from_plain(tomllib.loads(text), name)
        return next((case for case in families.generate(self.folder) if case.id == name), None)

    def next_command(self) -> str:
        """What to type where nothing is to be mended."""
        if self.end is None:
            return ""
        status, option, chosen = self.end["status"], self.config.option, " ".join(sorted(self.selection))
        if self.end["stale"]:
            return f"{self.again} --baseline={option.baseline} --write-baseline"
        if status == INTERRUPTED:
            return f"{self.again} {chosen}".strip()
        if status == 5 or (status == 0 and self.selection):
            return self.again
        if status == 0 and option.profile != "thorough":
            return f"{self.again} --profile=thorough"
        if status == 0 and self.level is not Level.EXACT:
            return f"{self.again} --level=exact"
        return ""

    def progress(self) -> Progress:
        """What shows how far the run is."""
        reporter: Any = self.config.pluginmanager.get_plugin("terminalreporter")
        counter = Counter(examples=self.plan.examples or PROFILES["default"].examples, seconds=self.plan.seconds)
        counter.drawn = lambda: self.tally.drawn
        return Progress(terminal.console_on(apart(reporter._tw._file), colour=reporter._tw.hasmarkup), counter)


def _console(reporter: Any) -> Console:
    """Where pytest writes."""
    return terminal.console_on(reporter._tw._file, colour=reporter._tw.hasmarkup)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> Generator[None]:
    """Map the exit status, write the report, and have the last word."""
    ours = session.config.stash.get(_SESSION, None)
    if ours is None or ours.run is None or hasattr(session.config, "workerinput"):
        yield
        return
    session.exitstatus = ours.write_baseline(ours.finish(exitstatus))
    ours.write_finds()
    problem = ours.end_report()
    if ours.interrupted:  # by then, at the latest
        session.exitstatus = INTERRUPTED
    if problem:
        session.exitstatus, ours.end = 4, records.end_record(4, ours.trials, ours.clauses)
    yield
    if problem:
        print(f"The suite itself failed: {problem}", file=sys.stderr)
    reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
    run = replace(ours.whole, trials=records.unexpected(ours.trials))
    files = ours.config.option.report
    reporter._tw.flush()
    terminal.overview(_console(reporter), run, ours.again, ours.written, files=files, then=ours.next_command())
    _concluded.append(True)


def pytest_keyboard_interrupt(excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    """Tell Ctrl-C apart from pytest's own interruptions."""
    if excinfo.type is KeyboardInterrupt and _leading:
        _leading[-1].interrupted = True


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """The table and the divergences."""
    ours = config.stash.get(_SESSION, None)
    if ours is None or ours.run is None:
        return
    faults = [one for one in terminalreporter.stats.get("error", []) if one.longreprtext]
    faults += [one for one in terminalreporter.stats.get("failed", []) if getattr(one, "conformance", None) is None]
    for one in faults:
        terminalreporter.write_line(f"\nThe suite itself failed: {one.longreprtext}")
    if any(isinstance(one, pytest.CollectReport) for one in faults):
        return  # nothing was run
    if not ours.trials and not ours.searches:
        return  # nothing was chosen, or only collected
    console = _console(terminalreporter)
    trials = records.unexpected(ours.trials)
    terminal.details(console, ours.run, trials, registry(), ours.again, ours.written)
    if ours.baseline is not None:
        baseline_report.summary(console, ours.baseline, ours.trials, ours.replays, ours.told)


# -- items -----------------------------------------------------------------------------------------------------

# Cases of a process: it costs little by then, and if one goes wrong the others are not much to repeat. Generated ones,
# which seldom go wrong, show that it still costs something.
_BATCH, _GENERATED = 40, 200


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """With -n, batches stay together."""
    if getattr(config.option, "numprocesses", None) and config.option.dist == "load":
        config.option.dist = "loadgroup"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the searches, and put cases that belong together into batches, which run one after another in one process."""
    run = config.stash[_SESSION]
    for name in run.searched:
        item: pytest.Item = SearchItem.from_parent(session, name=name, nodeid=f"{SEARCH}/{name}")
        item.add_marker(pytest.mark.xdist_group(item.nodeid if run.plan.alone else SEARCH))
        items.append(item)
    known = {item.case.id: item for item in items if isinstance(item, CaseItem)}
    first: list[pytest.Item] = []
    for case in run.to_replay():
        replay = known.get(case.id) or CaseItem.from_parent(session, name=case.id, case=case, nodeid=case.id)
        replay.batch = f"baseline-{len(first) // _BATCH}"
        replay.add_marker(pytest.mark.xdist_group(replay.batch))
        first.append(replay)
    items[:] = [*first, *(item for item in items if item not in set(first))]
    ours = [item for item in items[len(first) :] if isinstance(item, CaseItem)]
    for family, some in itertools.groupby(ours, lambda item: item.case.family):
        size = _GENERATED if family.startswith(f"{FAMILIES}/") else _BATCH
        for number, item in enumerate(some):
            item.batch = f"{family}-{number // size}"
            item.add_marker(pytest.mark.xdist_group(item.batch))


def _repr_collection(self: pytest.Collector, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
    """A fault in a fixture or a table is one sentence."""
    if isinstance(excinfo.value, CaseError):
        return str(excinfo.value)
    return pytest.Collector._repr_failure_py(self, excinfo, style)


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Nothing but fixtures is collected."""
    if collection_path.is_file() and collection_path.suffix != ".toml":
        return True
    return None


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """The folder of the families gives what they enumerate."""
    if path == parent.config.stash[_SESSION].folder / FAMILIES:
        return FamiliesFolder.from_parent(parent, path=path)
    return None


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Each TOML file below `fixtures/` is a fixture."""
    if file_path.suffix == ".toml" and parent.config.stash[_SESSION].folder in file_path.parents:
        return FixtureFile.from_parent(parent, path=file_path)
    return None


class FixtureFile(pytest.File):
    """A TOML file with one case."""

    def collect(self) -> Iterator[pytest.Item]:
        """The case, if it was selected. Raises CaseError."""
        case = read(self.path, self.config.stash[_SESSION].folder)
        unknown = [one for one in case.clauses if one not in registry()]
        if unknown:
            raise CaseError(f"{self.path}: there is no clause {unknown[0]!r}; see docs/specification.md")
        if self.config.stash[_SESSION].wants(case):
            yield CaseItem.from_parent(self, name=case.id.rpartition("/")[2], case=case)

    repr_failure = _repr_collection


class FamiliesFolder(pytest.Directory):
    """The tables of the families."""

    def collect(self) -> Iterator[pytest.Item]:
        """The generated cases that were selected. Raises CaseError."""
        session = self.config.stash[_SESSION]
        if session.selection and all(one in session.fixtures or one.startswith(SEARCH) for one in session.selection):
            return  # no need to enumerate anything
        step = 1 if session.selection else session.plan.profile.families
        for case in itertools.islice(families.generate(session.folder), 0, None, step):
            if session.wants(case):
                yield CaseItem.from_parent(self, name=case.id.partition("/")[2], case=case)

    repr_failure = _repr_collection


class Diverges(Exception):
    """A case in which the candidate differs from the oracle."""

    def __init__(self, trial: Trial) -> None:
        super().__init__(trial.case.id)
        self.trial = trial


class Stale(Exception):
    """A case that no longer shows what the baseline expects of it; the text says what to do."""


class Found(Exception):
    """A search that has found something that counts."""


class CaseItem(pytest.Item):
    """One case."""

    def __init__(self, *, case: Case, **rest: Any) -> None:
        super().__init__(**rest)
        self.case = case
        self.batch = ""
        self.records: list[records.Record] = []

    def runtest(self) -> None:
        """Try the case on both sides."""
        session = self.config.stash[_SESSION]
        trial = session.trial(self)
        record = session.record(trial)
        self.records = [record, *session.replayed(record)]
        add_properties(self, record)
        stale = [sentence for one in self.records[1:] if (sentence := complaint(one))]
        if self.config.option.write_baseline and (stale or records.counts(record, session.level)):
            pytest.xfail("it is written into the baseline")
        if stale and not records.counts(record, session.level):
            raise Stale("\n".join(stale))
        if trial.verdict in ("unsupported", "not-run"):
            pytest.skip(trial.reason)
        if records.counts(record, session.level):
            raise Diverges(trial)
        if reasons := dict.fromkeys(
            one["expected"]["reason"] for one in record["divergences"] if one["expected"] and one["cause"]
        ):
            pytest.xfail("; ".join(filter(None, reasons)) or "the baseline expects it")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """A divergence in one line a field; anything else is the suite's own fault."""
        if isinstance(excinfo.value, Diverges):
            return "\n".join(
                f"{one.signature}: {one.where}: oracle {show(one.oracle)}, candidate {show(one.candidate)}"
                for one in excinfo.value.trial.divergences
                if one.cause
            )
        if isinstance(excinfo.value, AgentError | Stale):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where pytest says that it is."""
        return self.path, None, self.case.id


class SearchItem(pytest.Item):
    """A search by one property."""

    def __init__(self, **rest: Any) -> None:
        super().__init__(**rest)
        self.records: list[records.Record] = []

    def runtest(self) -> None:
        """Search."""
        session = self.config.stash[_SESSION]
        rest = [item for item in self.session.items if isinstance(item, SearchItem)]
        self.records = session.search(self.name, len(rest) - rest.index(self))
        if any(records.counts(one, session.level) for one in self.records):
            if self.config.option.write_baseline:
                pytest.xfail("it is written into the baseline")
            raise Found

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The finds in a line each; anything else is the suite's own fault."""
        if isinstance(excinfo.value, Found):
            return "\n".join(f"{one['id']}: {one['summary']}" for one in self.records if one["record"] == "trial")
        return str(excinfo.value) if isinstance(excinfo.value, AgentError) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where pytest says that it is."""
        return self.path, None, f"{SEARCH}/{self.name}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Send the records along with the report, so that they arrive from a worker process as well."""
    report = yield
    if isinstance(item, CaseItem | SearchItem) and call.when == "call" and item.records:
        report.conformance = item.records
    return report


def pytest_runtest_logreport(report: Any) -> None:
    """Gather the records, where the run is led."""
    if report.when == "call" and _leading:
        session = _leading[-1]
        own: list[records.Record] | None = getattr(report, "conformance", None)
        if own is None:
            session.failures += 1
        for record in own or ():
            kinds = {"trial": session.trials, "baseline": session.replays}
            kinds.get(record["record"], session.searches).append(dict(record))
            if not session.config.option.write_baseline:
                session.tell(record)


_concluded: list[bool] = []


def concluded() -> bool:
    """Whether the plugin had the last word."""
    return bool(_concluded)


_leading: list[_Session] = []
_started: list[bool] = []


def started() -> bool:
    """Whether the plugin got to say how the run ended."""
    return bool(_started)


def pytest_sessionstart(session: pytest.Session) -> None:
    """From here on, reports belong to this session."""
    ours = session.config.stash.get(_SESSION, None)
    if ours is not None:
        _leading.append(ours)
        if ours.run is not None and not hasattr(session.config, "workerinput"):
            add_run_properties(session.config, ours.run)
            if session.config.option.verbose < 0 and not session.config.option.collectonly:
                session.config.pluginmanager.register(Watcher(ours.progress()))
