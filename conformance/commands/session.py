"""One run of the suite: opens the sides, runs the cases, and concludes.

Rules. The plugin makes one `Session` for each run of pytest and hands it cases and records; nothing else writes into
it. A session decides when something happens. What happens is in modules of their own: the request (`request`), the
selected cases (`selection`), the two sides (`sides`), the searches (`searching`), the results (`results`) and the
commands to print (`printed`).

Theory of operation. `open` starts the sides and tries the simplest case. pytest then runs its items: the first case of
a batch has the whole batch run on both sides, and the trials of the others wait in the session until pytest comes to
them. Each trial becomes a record. With -n the workers do this, and pytest carries the records to the process that leads
the run, where `take` keeps them. `conclude` judges the clauses and writes the baseline, the finds and the reports, in
this order: each of them may change what the next one says.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import itertools
import threading
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from .. import INTERRUPTED, STATUS, __version__
from ..cases.fixtures import from_plain, toml
from ..cases.model import SEARCH, Case
from ..cases.strategies import PROPERTIES
from ..clauses import CALLS, registry
from ..judge.baseline import BaselineError
from ..judge.baseline import parse as parse_baseline
from ..judge.grouping import Grouping, grouped
from ..judge.trial import Trial
from ..observation.reproducing import reproduces
from ..observation.side import AgentError, CandidateError
from ..report import baseline_file, records
from ..report.console import console_on
from ..report.details import print_first
from ..report.expectations import marked, replayed
from ..report.findings import Finding, failing, finds
from ..report.finds import Written
from ..report.finds import name_of as find_name
from ..report.finds import write as write_find
from ..report.progress import Counter, Progress, apart
from ..report.reproducer import program
from ..report.runs import Run
from ..report.types import BaselineRecord, Record, RunRecord, SearchRecord, ShownRecord, TrialRecord
from ..report.values import difference
from ..search.examine import Examiner
from ..search.reduce import Reduced
from . import interruption
from .confirming import Confirming
from .leading_cases import shown_records
from .printed import PrintedCommands
from .reducing import shown_records as shown_when_smaller
from .reducing import smaller_cases
from .request import CaseIds, Request
from .results import Results
from .searching import Searching
from .sides import Sides, candidate_of, name_of

# The number of seconds without an answer to the first call after which the user is told what the suite waits for.
_SILENCE = 3.0


class Session:
    """One run of the suite.

    It is longer than other classes since it has a method for each moment of a run at which pytest calls. It has more
    attributes since what one moment leaves (the sides, the batches, the results) is what the next one starts from.

    request: the request of the run. is_worker: true in a worker process of -n. results: None until the sides are open.
    written: the finds that were written, by case. status: the exit status; None until the run has concluded. problem: a
    sentence about reports that could not be written. baseline_news: a sentence about a baseline that was written.
    """

    def __init__(self, config: pytest.Config, request: Request) -> None:
        self.config = config
        self.request = request
        self.is_worker = hasattr(config, "workerinput")
        self.results: Results | None = None
        self.written: dict[str, Written] = {}
        self.status: int | None = None
        self.problem = ""
        self.baseline_news = ""
        self._baseline = request.baseline
        self._expected = request.expected
        self._sides: Sides | None = None
        self._examiner: Examiner | None = None
        self._searching: Searching | None = None
        self._batches: dict[str, list[Case]] = {}  # the batches that have not been run
        self._smaller: dict[str, Reduced] = {}  # the cases that were made smaller, by the id of what they were made of
        self._ahead: dict[str, Trial] = {}  # the trials of cases that pytest has not come to

    # -- opening the sides ----------------------------------------------------------------------------------------

    def open(self) -> None:
        """Start both sides, and try the simplest case.

        Raises UsageError, BadInterpreter, CandidateError, SmokeFailed, AgentError, CaseError, RecordingError, OSError.
        """
        option, request = self.config.option, self.request
        self._sides = sides = Sides(option, request.target, request.selection.folder, alone=not self.is_worker)
        self._examiner = Examiner(
            sides.oracle,
            sides.candidate,
            request.level,
            sides.expected,
            all_output=option.command_output == "judged",
        )
        with self._telling_of_silence():
            self._examiner.smoke(request.selection.kinds)
        greeting = sides.candidate.greeting
        if self.properties:
            language = greeting.version.rpartition(".")[0]
            key = f"{candidate_of(option)} {greeting.implementation} {language}"
            self._searching = Searching(option, request.plan, self._examiner, key)
        self.results = Results(self._head(), request.level, self._examiner.unsettled)

    @contextlib.contextmanager
    def _telling_of_silence(self) -> Iterator[None]:
        """Say that the candidate is being waited for, if the simplest case takes longer than any ordinary one."""
        limit = self.config.option.case_timeout
        silence = min(_SILENCE, limit / 2)
        sentence = f"the simplest call has not ended for {silence:g} s; the suite waits for {limit:g} s"
        timer = threading.Timer(silence, functools.partial(print, sentence, flush=True))
        timer.daemon = True
        if not self.is_worker:
            timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _head(self) -> RunRecord:
        """The first record of the run."""
        assert self._sides is not None
        assert self._examiner is not None
        option, selection, build = self.config.option, self.request.selection, self._sides.build
        greeting, commands = self._sides.candidate.greeting, self.printed.commands
        return records.run_record(
            suite=__version__,
            candidate=name_of(option),
            target={
                "name": build.name,
                "implementation": build.implementation,
                "version": greeting.version,
                "platform": build.platform,
                "capabilities": sorted(self._sides.oracle.greeting.capabilities),
            },
            oracle=self._sides.oracle.description,
            baseline=option.baseline,
            import_from=option.import_from,
            unsettled=self._examiner.unsettled,
            started=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            again=commands.case,
            search_again=commands.search,
            selection=[*sorted(selection.names), *([f"-k {option.keyword}"] if option.keyword else [])],
            asked=selection.clauses_of,
            level=self.request.level,
            delegates=greeting.delegates or self._examiner.delegates,
            unseen=greeting.unseen,
        )

    def open_reports(self) -> None:
        """Open the report files. Raises OutputError."""
        self._results.open_reports(self.config.option.report, at_once=not self.config.option.write_baseline)

    @property
    def _results(self) -> Results:
        assert self.results is not None
        return self.results

    # -- running --------------------------------------------------------------------------------------------------

    def trial(self, case: Case, batch: str, all_cases: Callable[[], Iterable[tuple[str, Case]]]) -> Trial:
        """The trial of a case; the first case of a batch has the whole batch run.

        all_cases: returns all cases of the run, each with its batch; the cases of a batch are neighbours.
        """
        assert self._examiner is not None
        assert self._sides is not None
        if case.id not in self._ahead:
            if not self._batches:
                grouped = itertools.groupby(all_cases(), lambda pair: pair[0])
                self._batches = {name: [case for _, case in pairs] for name, pairs in grouped}
                self._sides.expect(itertools.chain.from_iterable(self._batches.values()))
            if batch not in self._batches:  # trying the whole batch has failed
                return self._examiner.run(case)
            cases = self._batches.pop(batch)
            following = () if self.is_worker else next(iter(self._batches.values()), ())
            self._ahead = {trial.case.id: trial for trial in self._examiner.run_all(cases, following)}
        return self._ahead.pop(case.id)

    def record(self, trial: Trial) -> TrialRecord:
        """The record of a trial; expected divergences of the baseline are marked in it."""
        record = records.trial_record(trial)
        if trial.case.chapter == SEARCH and trial.divergences:
            record["fixture"] = toml(trial.case)
        return self._marked(record)

    def _marked(self, record: TrialRecord) -> TrialRecord:
        return marked(record, self._expected, self.config.option.baseline) if self._expected else record

    def replayed(self, record: TrialRecord) -> list[BaselineRecord]:
        """The records of the baseline's entries for the case of a trial's record."""
        return replayed(record, self._expected, self.config.option.baseline, self.request.level)

    def to_replay(self) -> list[Case]:
        """The cases by which the baseline is checked, in its order: the selected ones, or all if there is a search."""
        if self._baseline is None:
            return []
        selection = self.request.selection
        ids = list(dict.fromkeys(known.case for known in self._expected))
        own_cases = self._baseline.cases or {}
        cases = {**own_cases, **selection.cases([name for name in ids if name not in own_cases])}
        return [cases[name] for name in ids if self.properties or selection.wants(cases[name])]

    @property
    def properties(self) -> list[str]:
        """The properties by which the run searches; none if the oracle is a recording, which knows no new case."""
        assert self._sides is not None
        if self._sides.recorded or not (self.request.plan.examples or self.request.selection.names):
            return []
        return self.request.selection.properties()

    def search(self, name: str, remaining: int) -> list[TrialRecord | SearchRecord]:
        """Search by one property; the records of the finds, and of the search.

        remaining: the number of properties that have not been searched, with this one.
        """
        assert self._searching is not None
        finds: dict[str, TrialRecord] = {}  # by id, since one case may be the smallest of several causes

        def all_records() -> list[TrialRecord | SearchRecord]:
            assert self._searching is not None
            search = records.search_record(name, PROPERTIES[name], self._searching.tally, list(finds))
            return [*finds.values(), search]

        try:
            for find in self._searching.search(name, remaining, self._known):
                record = self._marked(records.find_record(find))
                earlier = finds.get(record["id"], record)
                finds[record["id"]] = max(earlier, record, key=lambda record: len(record["divergences"]))
        except KeyboardInterrupt:  # pytest reports nothing of an item that is interrupted
            self.take(all_records())
            raise
        return all_records()

    def _known(self) -> Grouping:
        """The findings so far, which the search leaves out."""
        trials = self._results.trials
        if self._expected and self.is_worker:  # a worker has tried only some cases, and needs those of the baseline
            assert self._examiner is not None
            tried = {trial["id"] for trial in trials}
            missing = [case for case in self.to_replay() if case.id not in tried]
            trials = [*trials, *(records.trial_record(trial) for trial in self._examiner.run_all(missing))]
        fine = self._baseline is not None  # an expected divergence stays, and must not hide another one
        number = len(self._results.trials)
        known = grouped([records.symptoms(trial) for trial in trials], self.request.level, number, fine=fine)
        known.expected = frozenset(expected.signature for expected in self._expected)
        return known

    def take(self, new_records: Iterable[Record]) -> None:
        """Keep the records of a case or of a search, and write them to the reports."""
        self._results.take(new_records)

    def interrupt(self) -> None:
        """Note that the run is interrupted."""
        if self.results is not None:
            self.results.interrupted = True

    def fail(self) -> None:
        """Note that the suite itself has failed."""
        if self.results is not None:
            self.results.failures += 1

    def give_up(self, status: int, sentence: str) -> None:
        """Note why the run cannot go on. status: the exit status of the run."""
        if self.results is not None and self.results.trouble is None:
            self.results.trouble = status, sentence

    # -- finishing ------------------------------------------------------------------------------------------------

    def conclude(self, exit_status: int) -> int:
        """Write the baseline, the finds and the reports, once, and return the exit status of the run.

        exit_status: pytest's own. After an interruption, the reports are written without the parts that take long.
        """
        if self.status is None:
            self.status = 4  # until the rest has succeeded
            self._confirm_findings()
            self.status = self._write_baseline(self.finish(exit_status))
            self._reduce()
            self._write_finds()
            self.problem = self._write_reports()
            if self._results.interrupted:  # perhaps while the finds were written
                self.status = INTERRUPTED
            if self.problem:
                self.status = 4
                self._results.fail(4)
        return self.status

    def finish(self, exit_status: int) -> int:
        """Judge the clauses, and return the exit status of the run. exit_status: pytest's own."""
        return self._results.finish(exit_status)

    def _confirm_findings(self) -> None:
        """Confirm the cases that lead findings in fresh interpreters; what these do not show does not count."""
        if self._examiner is None or self._results.interrupted or self._results.trouble:
            return
        confirming = Confirming(self._examiner, self._cases, self._is_reproduced)
        try:
            with interruption.interruptible():
                while (trials := confirming.unconfirmed(failing(self.run), self._results.trials)) is not None:
                    self._results.revise(trials)
        except (AgentError, CandidateError) as exc:
            self.give_up(status_of(exc), str(exc))
        except KeyboardInterrupt:
            self.interrupt()

    def _is_reproduced(self, case: Case, finding: Finding) -> bool:
        """True if the reproducer of a case that leads a finding shows a difference."""
        assert self._sides is not None
        option, oracle_target = self.config.option, self._sides.oracle_target
        interpreter = self.request.target.executable
        if self.request.target.command:
            return True  # it cannot start a program; fresh instances have confirmed the case
        source = program(
            case,
            difference=difference(finding.divergence),
            impl=candidate_of(option),
            import_from=option.import_from,
            interpreters=(oracle_target.executable, interpreter) if oracle_target else None,
        )
        return reproduces(source, interpreter)

    def _write_baseline(self, status: int) -> int:
        """Write the baseline if the user asked for it and the run is complete, and return the exit status."""
        if self._baseline is None or not self.config.option.write_baseline:
            return status
        path, target = self._baseline.path, self.request.target
        if status not in (0, 1):
            self.baseline_news = f"The baseline {path} was not written: {STATUS[status]}."
            return status
        try:
            written = baseline_file.update(
                self._baseline,
                path.read_text(encoding="utf-8") if path.exists() else "",
                self._results.trials,
                self._results.replays,
                candidate=name_of(self.config.option),
                implementation=target.implementation,
                version=target.version,
                level=self.request.level,
            )
            self._baseline = parse_baseline(written.text, path, CaseIds(self.request.selection.folder))
            self._expected = self._baseline.on(target.implementation, target.version)
            path.write_bytes(written.text.encode("utf-8"))  # after parsing: a bad text must not replace the old file
        except (OSError, BaselineError) as exc:
            self.baseline_news = f"The baseline {path} could not be written: {exc}"
            return 4
        self.baseline_news = f"The baseline {path} was written: {written}."
        trials = [self._marked(trial) for trial in self._results.trials]
        return self._results.replace(trials, [replay for trial in trials for replay in self.replayed(trial)])

    def _reduce(self) -> None:
        """Make the cases that lead findings smaller, if the run is complete."""
        assert self._sides is not None
        if not self._may_go_on or self._sides.recorded:
            return
        assert self._examiner is not None
        try:
            with interruption.interruptible():
                findings, level = failing(self.run), self.request.level
                self._smaller = smaller_cases(findings, self._case, self._examiner, level)
        except KeyboardInterrupt:
            self.interrupt()
            self.finish(0)
            return
        self._results.shown = shown_when_smaller(self._smaller)

    @property
    def _may_go_on(self) -> bool:
        """True if the run has come to its end, so that what makes its reports richer is worth its time."""
        return self._results.end is not None and self._results.end["status"] in (0, 1)

    def _write_finds(self) -> None:
        """Write the cases that are shown and that are no fixtures: finds of the search, and cases made smaller."""
        assert self._sides is not None
        option, target, oracle_target = self.config.option, self.request.target, self._sides.oracle_target
        folder = Path(option.finds).absolute()
        for finding in finds(self.run) if not self._results.interrupted and not self._results.trouble else ():
            trial = finding.trial
            smaller = self._smaller.get(trial["id"])
            place = folder / find_name(finding.clause, smaller.case.digest if smaller else trial["id"])
            try:
                with interruption.interruptible():
                    self.written[trial["id"]] = write_find(
                        place,
                        trial,
                        difference=difference(finding.divergence),
                        impl=candidate_of(option),
                        import_from=option.import_from,
                        interpreter=target.executable,
                        target=self._sides.build.name,
                        again=self.printed.commands.judging(finding, Written(fixture=place / "fixture.toml")),
                        reproduces=None if target.command else reproduces,
                        interpreters=(oracle_target.executable, target.executable) if oracle_target else None,
                    )
            except OSError as exc:
                self.written[trial["id"]] = Written(problem=f"It could not be written: {exc}")
            except KeyboardInterrupt:
                self.interrupt()
                self.finish(0)
                return

    def _write_reports(self) -> str:
        """Write the reports; return a sentence about those that cannot be written, or an empty text."""
        if not self._results.reports:
            return ""
        try:
            with interruption.interruptible():
                self._results.shown = self._leading_cases()
        except KeyboardInterrupt:  # write the reports all the same, without these cases
            self._results.shown = ()
            self.interrupt()
            self.finish(0)
        return self._results.close_reports()

    def _leading_cases(self) -> list[ShownRecord]:
        """The `shown` records of the cases that lead findings; none if the run is not complete."""
        option = self.config.option
        if self._examiner is None or self._sides is None or not self._may_go_on:
            return []
        return shown_records(
            failing(self.run),
            self._case,
            self._examiner,
            interpreter="" if self.request.target.command else self.request.target.executable,
            target=self._sides.build.name,
            impl=candidate_of(option),
            import_from=option.import_from,
            written=self.written,
            smaller=self._smaller,
        )

    def _case(self, name: str) -> Case | None:
        """The case with this id: a fixture, a find, or one of a family."""
        return self._cases([name]).get(name)

    def _cases(self, names: Sequence[str]) -> Mapping[str, Case]:
        """The cases with these ids, by id: fixtures, finds, and cases of the families."""
        texts = {trial["id"]: trial["fixture"] for trial in self._results.trials if trial.get("fixture")}
        found = {name: from_plain(tomllib.loads(texts[name]), name) for name in names if name in texts}
        return {**self.request.selection.cases([name for name in names if name not in found]), **found}

    def close(self) -> None:
        """End both sides."""
        if self._sides is not None:
            self._sides.close()

    # -- showing the run -----------------------------------------------------------------------------------------

    @property
    def run(self) -> Run:
        """The results so far."""
        return self._results.run()

    @property
    def printed(self) -> PrintedCommands:
        """The commands that the run prints."""
        assert self._sides is not None
        selected, recorded = self.request.selection.words(), self._sides.recorded
        python = self.request.target.executable
        can_search = not recorded and CALLS in self.request.selection.kinds
        return PrintedCommands(self.config.option, selected, can_search=can_search, python=python)

    def next_command(self) -> str:
        """The command to type next."""
        return self.printed.next_command(self.run, self.written, self.config.option.report)

    def progress(self) -> Progress:
        """A display of the progress of the run."""
        reporter: Any = self.config.pluginmanager.get_plugin("terminalreporter")
        searching, plan = self._searching, self.request.plan
        counter = Counter(examples=searching.examples if searching else 0, seconds=plan.seconds)
        if searching is not None:
            counter.drawn = lambda: searching.tally.drawn
        return Progress(console_on(apart(reporter._tw._file), colour=reporter._tw.hasmarkup), counter)

    def print_first(self, console: Console, trial: TrialRecord) -> None:
        """Print the first case that fails the run, before the run ends."""
        path = self.request.selection.folder / f"{trial['id']}.toml"
        file = str(path) if path.is_file() else ""
        print_first(console, trial, self.request.level, registry(), self.printed.commands, file)


def status_of(fault: AgentError | CandidateError) -> int:
    """The exit status of a run that such a fault ends."""
    return 3 if isinstance(fault, CandidateError) else 4


SESSION = pytest.StashKey[Session]()
