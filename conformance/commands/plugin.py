"""The pytest plugin: options and hooks, nothing else.

Rules. A hook calls the session of the run (`session`), and turns what it returns into pytest's terms: items, reports,
the summary and the exit status. The request of a run is checked in `request`, and the items are defined in `items`.

Theory of operation. pytest hands most hooks its configuration, in which the session is stored. Some hooks get none; for
these, `_run` holds the session of this process. A fault before the first case ends in `pytest_cmdline_main` with one
sentence and its exit status. With -n each worker has a session of its own; records travel to the process that leads the
run as part of pytest's reports, and only that process writes reports.
"""

from __future__ import annotations

import itertools
import os
import pickle
import sys
import traceback
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from _pytest._code.code import ExceptionRepr
from rich.console import Console
from xdist.plugin import parse_numprocesses  # type: ignore[import-untyped]

from .. import INTERRUPTED
from ..cases.model import FAMILIES, SEARCH, CaseError
from ..clauses import CHAPTERS, Level, registry
from ..judge.baseline import BaselineError
from ..observation import batches
from ..observation.agent_process import cores
from ..observation.interpreters import BadInterpreter
from ..observation.recording import RecordingError
from ..observation.side import AgentError, CandidateError, CannotStart
from ..report import baseline as baseline_report
from ..report import terminal
from ..report.console import console_on
from ..report.details import print_details
from ..report.findings import failing
from ..report.numbers import numbers
from ..report.outputs import OutputError
from ..report.types import Record
from ..search.examine import SmokeFailed
from ..texts import encodable, silence, visible
from . import command_line, interruption, request
from .displays import CaseNames, ProgressDisplay
from .items import CaseItem, FamiliesFolder, FixtureFile, SearchItem
from .junit import add_findings, add_numbers, add_run_properties
from .kinds import Kind, UsageError
from .options import OPTIONS, named
from .session import SESSION, Session, status_of
from .smoke import try_bridge


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the suite."""
    group = parser.getgroup("conformance", "runpy-conformance")
    for option in OPTIONS:
        settings = option.settings()
        if option.kind is Kind.PROCESSES:  # another name of xdist's -n, whose default stays
            settings = {"metavar": option.metavar, "dest": "numprocesses", "type": _processes, "help": option.help}
        if not option.nox:
            group.addoption(option.name, **settings)


def _processes(text: str) -> int:
    number: int = parse_numprocesses(named("--cores").settings()["type"](text))
    return number


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Check the request, and start both sides; a fault ends the run with one sentence and its exit status."""
    if config.option.help or config.option.version:
        return None
    try:
        requested = request.read(config)
        if config.option.smoke and not _checks_only(config):
            return _try_bridge(config, requested)
    except (UsageError, BadInterpreter, BaselineError, CaseError) as exc:
        return _complain(str(exc), 2)
    except CandidateError as exc:
        return _complain(str(exc), 3)
    if _checks_only(config):
        print("The command line is valid. Nothing was run.")
        return 0
    config.stash[SESSION] = session = Session(config, requested)
    config.args[:] = [str(requested.selection.folder)]
    _use_all_cores(config, requested)
    _keep_together(config, requested)
    try:
        session.open()
        if not session.is_worker:
            session.open_reports()
            _run.reporting = session
    except (UsageError, BadInterpreter, CaseError, RecordingError, OutputError) as exc:
        session.close()
        return _complain(str(exc), 2)
    except CandidateError as exc:
        session.close()
        return _complain(f"{exc}{command_line.import_hint(exc.missing, config.option.import_from)}", 3)
    except SmokeFailed as exc:
        session.close()
        return _complain(str(exc), 3)
    except (AgentError, OSError) as exc:
        session.close()
        return _complain(f"The suite itself failed: {exc}", 4)
    except BaseException as exc:
        session.close()
        if isinstance(exc, Exception) and hasattr(config, "workerinput"):
            # As a text that can be sent: the process that leads the run would wait for it without end.
            raise AgentError(encodable("".join(traceback.format_exception(exc)), "utf-8")) from None
        raise
    return None


def _checks_only(config: pytest.Config) -> bool:
    return any(isinstance(plugin, request.CheckOnly) for plugin in config.pluginmanager.get_plugins())


def _try_bridge(config: pytest.Config, requested: request.Request) -> int:
    """Try the bridge of --target-command, and print what is found. Raises CandidateError."""
    option = config.option
    try_bridge(requested.target, print, load_timeout=option.load_timeout, timeout=option.case_timeout)
    print("The bridge keeps to the protocol. Nothing was judged.")
    _run.concluded = True
    return 0


def _use_all_cores(config: pytest.Config, requested: request.Request) -> None:
    """Run a command's cases in several workers if there are cores for them: each case takes a process on both sides."""
    option = config.option
    if not (option.command or option.command_path) or option.numprocesses is not None or requested.selection.names:
        return
    if (workers := workers_for(cores())) > 1:
        option.numprocesses, option.dist, option.tx = workers, "load", ["popen"] * workers


def workers_for(number: int) -> int:
    """The number of workers that keep so many cores busy, if each has two processes at work."""
    return number // 2


def _keep_together(config: pytest.Config, requested: request.Request) -> None:
    """Use no worker processes if a word that they need is not UTF-8, since it could not be sent to them."""
    if not config.option.numprocesses:
        return
    given = [*map(str, config.invocation_params.args), *sys.argv, *sys.path, os.getcwd()]
    given += requested.selection.fixture_ids
    odd = next((word for word in sorted(given) if encodable(word, "utf-8") != word), None)
    if odd is not None:
        print(f"No worker processes are used: {visible(odd)} is not UTF-8 and cannot be sent to them.", file=sys.stderr)
        config.option.numprocesses, config.option.dist, config.option.tx = None, "no", []


def pytest_unconfigure(config: pytest.Config) -> None:
    """End both sides."""
    session = config.stash.get(SESSION, None)
    if session is not None:
        session.close()


def _complain(sentence: str, status: int) -> int:
    print(visible(sentence, "\n"), file=sys.stderr)
    print(terminal.last_line(None, status, None), file=sys.stderr)
    _run.concluded = True
    return status


def _console(reporter: Any) -> Console:
    """A console for the stream to which pytest writes."""
    return console_on(reporter._tw._file, colour=reporter._tw.hasmarkup)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> Generator[None]:
    """Set the exit status, write the reports, and print the last lines."""
    ours = session.config.stash.get(SESSION, None)
    if ours is None or ours.results is None or ours.is_worker:
        yield
        return
    with interruption.deferred():
        session.exitstatus = ours.conclude(exitstatus)
        add_numbers(session.config, numbers(ours.run))
        add_findings(session.config, failing(ours.run))
        yield  # pytest ends its workers and writes its JUnit file
        if interruption.has_deferred_signal():
            session.exitstatus = INTERRUPTED
            ours.results.fail(INTERRUPTED)
        if ours.results.trouble is not None:
            status, sentence = ours.results.trouble
            print(visible(f"{'The suite itself failed: ' if status == 4 else ''}{sentence}", "\n"), file=sys.stderr)
        if ours.problem:
            print(f"The suite itself failed: {ours.problem}", file=sys.stderr)
        reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
        files = ours.config.option.report
        reporter._tw.flush()
        terminal.overview(_console(reporter), ours.run, files=files, then=ours.next_command())
        _run.concluded = True


def conclude_early() -> None:
    """Write the reports of a session that was interrupted at a moment at which pytest does not end it."""
    if _run.reporting is not None:
        with interruption.deferred():
            _run.reporting.interrupt()
            _run.reporting.conclude(0)
            _run.reporting.close()


def pytest_keyboard_interrupt(excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    """Note an interruption by Ctrl-C; pytest uses this hook for its own interruptions, too."""
    if excinfo.type is KeyboardInterrupt and _run.session is not None:
        _run.session.interrupt()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the findings and the news of the baseline."""
    ours = config.stash.get(SESSION, None)
    if ours is None or ours.results is None:
        return
    faults = [report for report in terminalreporter.stats.get("error", []) if report.longreprtext]
    failed = terminalreporter.stats.get("failed", [])
    faults += [
        report
        for report in failed
        if getattr(report, "conformance", None) is None and getattr(report, "conformance_trouble", None) is None
    ]
    for report in faults:
        terminalreporter.write_line(f"\nThe suite itself failed: {report.longreprtext}")
    if any(isinstance(report, pytest.CollectReport) for report in faults):
        return  # nothing was run
    results = ours.results
    if not results.trials and not results.searches:
        return  # no case was selected, or cases were only collected
    console = _console(terminalreporter)
    print_details(console, ours.run, registry(), ours.printed.commands, ours.written)
    if ours.request.baseline is not None:
        baseline_report.summary(console, ours.request.baseline, results.trials, results.replays, ours.baseline_news)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(error: object) -> None:
    """Count workers that died."""
    if error and _run.session is not None:
        _run.session.fail()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """With -n, have each batch run by one worker."""
    if getattr(config.option, "numprocesses", None) and config.option.dist == "load":
        config.option.dist = "loadgroup"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the cases into order and into batches, and add the searches; a batch runs in one process of the target."""
    ours = config.stash[SESSION]
    items.sort(key=_place)
    for name in ours.properties:
        item: pytest.Item = SearchItem.from_parent(session, name=name, nodeid=f"{SEARCH}/{name}")
        item.add_marker(pytest.mark.xdist_group(item.nodeid if ours.request.plan.alone else SEARCH))
        items.append(item)
    known = {item.case.id: item for item in items if isinstance(item, CaseItem)}
    first: list[pytest.Item] = []
    for case in ours.to_replay():
        replay = known.get(case.id) or CaseItem.from_parent(session, name=case.id, case=case, nodeid=case.id)
        replay.batch = f"baseline-{len(first) // batches.SIZE}"
        replay.add_marker(pytest.mark.xdist_group(replay.batch))
        first.append(replay)
    items[:] = [*first, *(item for item in items if item not in set(first))]
    case_items = [item for item in items[len(first) :] if isinstance(item, CaseItem)]
    for family, members in itertools.groupby(case_items, lambda item: item.case.family):
        size = batches.SIZE_OF_FAMILIES if family.startswith(f"{FAMILIES}/") else batches.SIZE
        for number, item in enumerate(members):
            item.batch = f"{family}-{number // size}"
            item.add_marker(pytest.mark.xdist_group(item.batch))


def _place(item: pytest.Item) -> tuple[int, int, Level, str]:
    """The place of an item in a run: chapters as in the specification, then the families.

    In a chapter the simplest case is first, and of equally simple ones that whose clause is promised most firmly.
    """
    if not isinstance(item, CaseItem) or item.case.chapter == FAMILIES:
        return len(CHAPTERS) + 1, 0, Level.EXACT, ""
    case, chapters = item.case, list(CHAPTERS)
    chapter = chapters.index(case.chapter) if case.chapter in chapters else len(chapters)
    clause = registry().get(case.clauses[0]) if case.clauses else None
    return chapter, case.size[0], clause.level if clause else Level.EXACT, case.id


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Ignore each file that is not a fixture, or not one that was named."""
    if not collection_path.is_file():
        return None
    if collection_path.suffix != ".toml":
        return True
    selection = config.stash[SESSION].request.selection
    return True if selection.folder in collection_path.parents and not selection.may_want(collection_path) else None


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect the cases of the families from their folder."""
    if path == parent.config.stash[SESSION].request.selection.folder / FAMILIES:
        return FamiliesFolder.from_parent(parent, path=path)
    return None


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect each TOML file below the folder of the fixtures as a fixture."""
    if file_path.suffix == ".toml" and parent.config.stash[SESSION].request.selection.folder in file_path.parents:
        return FixtureFile.from_parent(parent, path=file_path)
    return None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Attach the records to the report, so that they arrive from a worker process, too."""
    report = yield
    if isinstance(item, CaseItem | SearchItem) and call.when == "call" and item.records:
        report.conformance = item.records
    fault = call.excinfo.value if call.excinfo is not None else None
    if isinstance(fault, CandidateError | CannotStart):  # no other case could be tried either
        report.conformance_trouble = status_of(fault), str(fault)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """Send a report to another process as bytes, since execnet sends only texts that UTF-8 can hold."""
    data = yield
    return data if data is None else {_PICKLED: pickle.dumps(data)}


@pytest.hookimpl(wrapper=True)
def pytest_report_from_serializable(data: dict[str, Any]) -> Generator[None, Any, Any]:
    """Read a report that another process has sent."""
    if _PICKLED in data:
        data.update(pickle.loads(data.pop(_PICKLED)))
    return (yield)


_PICKLED = "conformance"


def pytest_runtest_logreport(report: Any) -> None:
    """Keep the records in the session of this process."""
    trouble: tuple[int, str] | None = getattr(report, "conformance_trouble", None)
    if _run.session is not None and _run.items is not None and trouble is not None:
        _run.session.give_up(*trouble)
        _run.items.shouldstop = "the run cannot go on"
    elif _run.session is not None:
        new_records: list[Record] | None = getattr(report, "conformance", None)
        if new_records is not None:
            _run.session.take(new_records)
        elif report.when == "call" or report.failed:  # a worker that died fails a case in no phase at all
            _run.session.fail()


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Count a file that could not be collected as a failure of the suite."""
    if _run.session is not None and report.failed:
        _run.session.fail()


@pytest.hookimpl(tryfirst=True)
def pytest_internalerror(excrepr: ExceptionRepr, excinfo: pytest.ExceptionInfo[BaseException]) -> bool | None:
    """Count an error in pytest or in a worker as a failure of the suite, and not as a verdict."""
    if _run.session is None:
        return None
    if _run.session.is_worker:
        text = encodable(str(excrepr), "utf-8")  # it is sent to the process that leads the run
        excrepr.toterminal = lambda tw: tw.write(text)  # type: ignore[method-assign]
    if isinstance(excinfo.value, BrokenPipeError):  # the reader of our output, such as `head`, has closed it
        silence()
        _run.session.interrupt()
        return True
    _run.session.fail()
    return None


class _Run:
    """The state of the run of this process, for hooks without a configuration and for the command after pytest.

    session: the session of the run, from the start of pytest's session, which is `items`. reporting: the session whose
    report files are open, from the moment at which they are opened; None in a worker. concluded: true once the last
    line was printed.
    """

    def __init__(self) -> None:
        self.reporting: Session | None = None
        self.session: Session | None = None
        self.items: pytest.Session | None = None
        self.concluded = False


_run = _Run()


def concluded() -> bool:
    """True if the plugin has printed the last line of the run."""
    return _run.concluded


def pytest_sessionstart(session: pytest.Session) -> None:
    """Note the session to which the following reports belong, and register the displays of the run."""
    ours = session.config.stash.get(SESSION, None)
    if ours is None or ours.results is None:
        return
    _run.session, _run.items = ours, session
    if ours.is_worker:
        return
    add_run_properties(session.config, ours.results.head)
    session.config.pluginmanager.register(CaseNames(ours.request.level))
    if session.config.option.verbose < 0 and not session.config.option.collectonly:
        first = None if session.config.option.maxfail == 1 else ours.print_first  # with -x the findings come at once
        session.config.pluginmanager.register(ProgressDisplay(ours.progress(), ours.request.level, first))
