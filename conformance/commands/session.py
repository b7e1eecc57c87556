"""One run of the suite: both sides, and the records of what came of the cases."""

from __future__ import annotations

import datetime
import itertools
import os
import sys
import time
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Verbosity
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.database import DirectoryBasedExampleDatabase, ExampleDatabase

from .. import FIXTURES, INTERRUPTED, REFERENCE, STATUS, __version__
from ..cases import families, strategies
from ..cases.fixtures import fixtures, from_plain, read, toml
from ..cases.model import SEARCH, Case
from ..cases.strategies import PROPERTIES
from ..cases.tree import cases as whole_tree
from ..clauses import Level, registry
from ..judge.baseline import Baseline, BaselineError, Known
from ..judge.baseline import parse as parse_baseline
from ..judge.expected import Expected, expected_of
from ..judge.grouping import Grouping, grouped
from ..judge.trial import Tally, Trial
from ..observation.build import build_of
from ..observation.cached import CachedSide, CacheFile
from ..observation.interpreters import Target, cpython_for
from ..observation.recording import FOLDER, Recordings
from ..observation.replayed import ReplayedSide
from ..observation.reproducing import reproduces
from ..observation.side import Side
from ..observation.two_agents import TwoAgentsSide, cores
from ..report import baseline_file, records
from ..report.again import Commands, pointed
from ..report.console import console_on
from ..report.expectations import marked, replayed
from ..report.findings import failing, finds
from ..report.finds import Written
from ..report.finds import name_of as find_name
from ..report.finds import write as write_find
from ..report.outputs import OutputError
from ..report.progress import Counter, Progress, apart
from ..report.runs import Run, uncertain
from ..report.stream import Stream
from ..report.types import (
    BaselineRecord,
    ClauseRecord,
    EndRecord,
    Record,
    RunRecord,
    SearchRecord,
    ShownRecord,
    TrialRecord,
)
from ..report.values import difference
from ..search.examine import Examiner
from ..search.profiles import PROFILES, database, kept
from ..search.rounds import search
from . import interruption
from .kinds import UsageError
from .printed import Printed
from .request import Ids, Plan
from .showing import shown
from .sides import replayed_side, translated_side

_PLATFORM = "-".join([sys.platform, *os.uname()[4:]]) if hasattr(os, "uname") else sys.platform


class Session:
    """One run of the suite: both sides, and the records of what came of the cases."""

    def __init__(
        self,
        config: pytest.Config,
        level: Level,
        selection: frozenset[str],
        folder: Path,
        plan: Plan,
        asked: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.config = config
        self.plan = plan
        self.folder = folder
        self.level = level
        self.selection = selection
        self.asked = asked or {}  # by case, the clauses that it was tried for
        self.trials: list[TrialRecord] = []
        self.failures = 0
        self.interrupted = False
        self.concluded = False  # whether all has been written that was asked for
        self.status = 0  # the exit status, then
        self.problem = ""  # what went wrong with the reports
        self.end: EndRecord | None = None
        self.clauses: list[ClauseRecord] = []
        self.run: RunRecord | None = None
        self.fixtures = {path.relative_to(folder).with_suffix("").as_posix() for path in fixtures(folder)}
        self.examiner: Examiner | None = None
        self._batches: dict[str, list[Case]] = {}
        self.searches: list[SearchRecord] = []
        self.written: dict[str, Written] = {}
        self.baseline: Baseline | None = None
        self.expected: tuple[Known, ...] = ()  # of it, on this target
        self.replays: list[BaselineRecord] = []
        self.told = ""  # what became of it
        self.oracle_in: Target | None = None  # if not in the target
        self._known: Grouping | None = None
        self._database: ExampleDatabase | None = None
        self._ahead: dict[str, Trial] = {}
        self._sides: list[Side] = []
        self._asked: CachedSide | None = None  # the oracle, unless what was recorded is
        self._seen: dict[str, bytes] = {}  # what it has shown
        self._memory: CacheFile | None = None  # where that is kept
        self._report: Stream | None = None
        self.tally = Tally()  # of the search at hand
        self._ends: float | None = None

    def open(self, target: Any) -> None:
        option = self.config.option
        impl = str(REFERENCE) if option.impl == "reference" else option.impl

        options = {
            "import_from": option.import_from,
            "timeout": option.case_timeout,
            "load_timeout": option.load_timeout,
        }
        judged = TwoAgentsSide(target, impl, self._spare, **options)
        self._sides.append(judged)
        greeting = judged.greeting
        candidate: Side = judged
        oracle: Side
        allowed: Expected | None = None
        judge_in = None
        if option.interpreter and option.oracle != "recording":
            asked = option.target if option.target != sys.executable else ""
            judge_in = cpython_for(target, asked)
        if option.interpreter:
            candidate = translated_side(judged, target)
        if judge_in is not None:
            oracle = translated_side(self._asked_in(judge_in, options), judge_in)
        elif option.interpreter or option.oracle == "recording":
            recordings, tree = Recordings(self.folder / FOLDER), whole_tree(self.folder)
            if option.interpreter:
                oracle = replayed_side(recordings, tree, target, greeting.capabilities)
            else:
                oracle = ReplayedSide(recordings, tree, build_of(target), greeting.capabilities)
        else:
            oracle = self._asked_in(target, options)
        if option.interpreter:
            allowed = expected_of(greeting.implementation, greeting.version, oracle.greeting.version)
        self.oracle_in = judge_in
        self.examiner = Examiner(oracle, candidate, self.level, allowed)
        self.examiner.smoke()
        self.target = target
        if self.searched:
            language = greeting.version.rpartition(".")[0]
            try:
                self._database = database(option.database, f"{impl} {greeting.implementation} {language}")
            except ValueError as exc:
                raise UsageError(f"{exc}.") from None
            if self._database is not None and isinstance(self._database, DirectoryBasedExampleDatabase):
                set_hypothesis_home_dir(self._database.path)
        commands = self.printed.commands
        keyword = option.keyword
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
            oracle=oracle.description,
            baseline=option.baseline,
            import_from=option.import_from,
            unsettled=self.examiner.unsettled,
            started=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            again=commands.case,
            search_again=commands.search,
            selection=[*sorted(self.selection), *([f"-k {keyword}"] if keyword else [])],
            asked=self.asked,
            level=self.level,
            delegates=greeting.delegates or self.examiner.delegates,
            unseen=greeting.unseen,
        )

    def _asked_in(self, target: Target, options: Mapping[str, Any]) -> Side:
        """The oracle's side, with what it has shown in earlier runs."""
        self._asked = side = CachedSide(target, self._seen, **options)
        self._sides.append(side)
        folder = kept(self.config.option.database)
        if folder is not None and side.forks:
            self._memory = CacheFile(folder / "oracle", side.greeting, target.executable)
            self._seen.update(self._memory.read())
        return side

    def _spare(self) -> bool:
        """Whether there is a core that nobody uses while the candidate is at work."""
        if hasattr(self.config, "workerinput"):
            return False
        return cores() > 1 and (self._asked is None or not self._asked.at_work)

    def trial(self, case: Case, batch: str, everything: Callable[[], Iterable[tuple[str, Case]]]) -> Trial:
        """What came of a case; the first of a batch that is asked for has all of them run.

        everything: all cases that are to be run, each with its batch; those of a batch stand together.
        """
        assert self.examiner is not None
        if case.id not in self._ahead:
            if not self._batches:
                grouped = itertools.groupby(everything(), lambda one: one[0])
                self._batches = {name: [one for _, one in some] for name, some in grouped}
            cases = self._batches.pop(batch)
            in_order = not hasattr(self.config, "workerinput")
            trials = self.examiner.run_all(cases, next(iter(self._batches.values()), ()) if in_order else ())
            self._ahead = {one.case.id: one for one in trials}
        return self._ahead.pop(case.id)

    def record(self, trial: Trial) -> TrialRecord:
        """What is told of a trial, with what of it is expected."""
        record = records.trial_record(trial)
        if trial.case.chapter == SEARCH and trial.divergences:
            record["fixture"] = toml(trial.case)
        return self.marked(record)

    def marked(self, record: TrialRecord) -> TrialRecord:
        """The record of a trial, with what of it is expected."""
        return marked(record, self.expected, self.config.option.baseline) if self.expected else record

    def replayed(self, record: TrialRecord) -> list[BaselineRecord]:
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
        if self._recorded or self.folder != FIXTURES:
            return []  # there is nobody to ask, or the user's own cases are meant
        chosen = {one for one in self.selection if one.partition("/")[0] == SEARCH}
        if self.selection:
            return [name for name in PROPERTIES if chosen & {SEARCH, f"{SEARCH}/{name}"}]
        return list(PROPERTIES) if self.plan.examples else []

    @property
    def _recorded(self) -> bool:
        """Whether the oracle is what was recorded, which can be asked nothing new."""
        option = self.config.option
        return option.oracle == "recording" or bool(option.interpreter and self.oracle_in is None)

    def search(self, name: str, left: int) -> list[TrialRecord | SearchRecord]:
        """Search by one property; the records of the finds, and of the search. left: properties to be searched yet."""
        assert self.examiner is not None
        if self._known is None or (self.plan.alone and hasattr(self.config, "workerinput")):
            fine = self.baseline is not None  # what is expected is never mended, and must hide nothing
            self._known = grouped(
                [records.symptoms(one) for one in self._met()], self.level, len(self.trials), fine=fine
            )
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
        finds = search(
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
        found: dict[str, TrialRecord] = {}  # one case may be the smallest of several causes

        def all_of_it() -> list[TrialRecord | SearchRecord]:
            return [*found.values(), records.search_record(name, PROPERTIES[name], tally, list(found))]

        try:
            for one in finds:
                record = self.marked(records.find_record(one))
                earlier = found.get(record["id"], record)
                found[record["id"]] = max(earlier, record, key=lambda record: len(record["divergences"]))
        except KeyboardInterrupt:  # pytest reports nothing of an item that is interrupted
            self.take(all_of_it())
            raise
        return all_of_it()

    def _met(self) -> list[TrialRecord]:
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
        commands = self.commands
        for finding in finds(self.whole) if not self.interrupted else ():
            trial, own = finding.trial, folder / find_name(finding.clause, finding.trial["id"])
            try:
                with interruption.heeded():
                    self.written[trial["id"]] = write_find(
                        own,
                        trial,
                        difference=difference(finding.divergence),
                        impl=str(REFERENCE) if option.impl == "reference" else option.impl,
                        import_from=option.import_from,
                        interpreter=self.target.executable,
                        target=self.target.name,
                        again=commands.of(finding, Written(fixture=own / "fixture.toml"))[-1],
                        reproduces=reproduces,
                        interpreters=(self.oracle_in.executable, self.target.executable) if self.oracle_in else None,
                    )
            except OSError as exc:
                self.written[trial["id"]] = Written(problem=f"It could not be written: {exc}")
            except KeyboardInterrupt:
                self.interrupted = True
                self.finish(0)
                return

    def close(self) -> None:
        try:
            if self._memory is not None and self._asked is not None:
                self._asked.save(self._memory)
        finally:
            for side in self._sides:
                side.close()
            self._sides.clear()

    def wants(self, case: Case) -> bool:
        names = {case.id, case.family, case.chapter, *case.clauses}
        return not self.selection or bool(names & self.selection)

    @property
    def printed(self) -> Printed:
        """The commands that the run prints."""
        chosen = [
            word
            for name in sorted(self.selection)
            for word in ([pointed(name, clause) for clause in self.asked.get(name, ())] or [name])
        ]
        return Printed(self.config.option, chosen, searched=not self._recorded, python=self.target.executable)

    @property
    def commands(self) -> Commands:
        """Those for what it finds."""
        return self.printed.commands

    def take(self, own: Iterable[Record]) -> None:
        """Keep the records of a case or of a search, and write them to the reports."""
        for record in own:
            if record["record"] == "trial":
                self.trials.append(record)
            elif record["record"] == "baseline":
                self.replays.append(record)
            elif record["record"] == "search":
                self.searches.append(record)
            if not self.config.option.write_baseline:
                self.tell(record)

    def conclude(self, exit_status: int) -> int:
        """Write the baseline, the finds and the reports that were asked for, once; the exit status then.

        exit_status: pytest's own. An interruption meanwhile leaves out what only makes the reports richer.
        """
        if not self.concluded:
            self.concluded = True
            self.status = self.write_baseline(self.finish(exit_status))
            self.write_finds()
            self.problem = self.end_report()
            if self.interrupted:  # by then, at the latest
                self.status = INTERRUPTED
            if self.problem:
                self.status, self.end = 4, records.end_record(4, self.trials, self.clauses)
        return self.status

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
            self.told = f"The baseline {path} was not written: {STATUS[status]}."
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
            self.baseline = parse_baseline(written.text, path, Ids(self.folder))
            self.expected = self.baseline.on(*where)
            path.write_bytes(written.text.encode("utf-8"))  # nothing of the old one is lost if that is refused
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

    def _clauses(self) -> list[ClauseRecord]:
        assert self.run is not None
        assert self.examiner is not None
        version, unseen = self.run["target"]["version"], self.run["unseen"]
        return records.clause_records(registry().values(), self.trials, version, unseen, self.examiner.unsettled)

    def begin_report(self, paths: Sequence[str]) -> None:
        """Open the reports, and write the head of the records. Raises OutputError."""
        self._report = Stream(paths)
        self.tell(self.run)

    def tell(self, *stream: Record | None) -> None:
        """Write records to the reports, if there are any, as they come: what a run that is cut off found, stays."""
        if self._report is not None:
            self._report.tell(*stream)

    def end_report(self) -> str:
        """Write the tail of the records, and the other reports; what went wrong with that, if anything did."""
        if self._report is None or not self._report.paths:
            return ""
        try:
            with interruption.heeded():
                own = self._shown()
        except KeyboardInterrupt:  # the rest is what the run was for
            self.interrupted, own = True, []
            self.finish(0)
        if self.config.option.write_baseline:  # only now is it known what is expected
            self.tell(*self.trials, *self.searches, *self.replays)
        problems = []
        try:
            self.tell(*own, *self.clauses, self.end)
        except OSError as exc:
            problems.append(f"The records cannot be written: {exc.strerror}.")
        try:
            self._report.end(replace(self.whole, shown={one["trial"]: one for one in own}))
        except (OutputError, OSError) as exc:
            problems.append(str(exc))
        return " ".join(problems)

    @property
    def whole(self) -> Run:
        """All that the run came to."""
        assert self.run is not None
        problem = STATUS[self.end["status"]] if self.end and self.end["status"] in (4, INTERRUPTED) else ""
        return Run(
            self.run,
            self.trials,
            uncertain(self.run, self.trials) if problem else self.clauses,
            self.searches,
            self.replays,
            end=self.end,
            problem=problem and f"{self.target.name}: {problem}",
        )

    def _shown(self) -> list[ShownRecord]:
        """Both sides of the cases by which findings are known; for the reports, and not if the run was broken off."""
        if self.examiner is None or self.end is None or self.end["status"] not in (0, 1):
            return []
        option = self.config.option
        return shown(
            failing(self.whole),
            self._case,
            self.examiner,
            interpreter=self.target.executable,
            target=self.target.name,
            impl=str(REFERENCE) if option.impl == "reference" else option.impl,
            import_from=option.import_from,
            written=self.written,
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
        """The command to type next."""
        return self.printed.following(self.whole, self.written, self.config.option.report)

    def progress(self) -> Progress:
        """What shows how far the run is."""
        reporter: Any = self.config.pluginmanager.get_plugin("terminalreporter")
        counter = Counter(examples=self.plan.examples or PROFILES["default"].examples, seconds=self.plan.seconds)
        counter.drawn = lambda: self.tally.drawn
        return Progress(console_on(apart(reporter._tw._file), colour=reporter._tw.hasmarkup), counter)


SESSION = pytest.StashKey[Session]()
