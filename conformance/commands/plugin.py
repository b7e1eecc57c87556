"""The pytest plugin: options and hooks, nothing else.

The request of a run is checked (`request`), a session opens the two sides and has the cases examined (`session`),
pytest collects and runs them (`items`); here all of that meets pytest, and becomes its outcomes, the summary and the
exit status.
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
from ..clauses import registry
from ..judge.baseline import BaselineError
from ..observation import batches
from ..observation.interpreters import BadInterpreter
from ..observation.recording import RecordingError
from ..observation.side import AgentError, CandidateError
from ..report import baseline as baseline_report
from ..report import terminal
from ..report.console import console_on
from ..report.details import print_details
from ..report.numbers import numbers
from ..report.outputs import OutputError
from ..report.types import Record
from ..search.examine import SmokeFailed
from ..texts import encodable, silence, visible
from . import command_line, interruption, request
from .items import CaseItem, FamiliesFolder, FixtureFile, SearchItem
from .kinds import Kind, UsageError
from .options import OPTIONS, named
from .session import SESSION, Session
from .watching import Watcher, Words, add_numbers, add_run_properties


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options that are ours."""
    group = parser.getgroup("conformance", "runpy-conformance")
    for option in OPTIONS:
        settings = option.settings()
        if option.kind is Kind.CORES:  # xdist's own -n by another name, whose default stays
            settings = {"metavar": option.metavar, "dest": "numprocesses", "type": _processes, "help": option.help}
        if not option.nox:
            group.addoption(option.name, **settings)


def _processes(text: str) -> int:
    number: int = parse_numprocesses(named("--cores").settings()["type"](text))
    return number


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Check what was asked for, and start both sides; a fault ends here, with one sentence and its status."""
    if config.option.help or config.option.version:
        return None
    try:
        requested = request.read(config)
    except (UsageError, BadInterpreter, BaselineError, CaseError) as exc:
        return _complain(str(exc), 2)
    if any(isinstance(plugin, request.Checking) for plugin in config.pluginmanager.get_plugins()):
        print("The command line can be followed. Nothing was run.")
        return 0
    config.stash[SESSION] = session = Session(config, requested)
    config.args[:] = [str(requested.selection.folder)]
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
        return _complain(f"{exc}{command_line.where_to_find(exc.missing, config.option.import_from)}", 3)
    except SmokeFailed as exc:
        session.close()
        return _complain(str(exc), 3)
    except (AgentError, OSError) as exc:
        session.close()
        return _complain(f"The suite itself failed: {exc}", 4)
    except BaseException as exc:
        session.close()
        if isinstance(exc, Exception) and hasattr(config, "workerinput"):
            # In words that can be sent: whoever leads would wait for them without end.
            raise AgentError(encodable("".join(traceback.format_exception(exc)), "utf-8")) from None
        raise
    return None


def _keep_together(config: pytest.Config, requested: request.Request) -> None:
    """Work in one process where others could not be told what to do: what they are sent has to be UTF-8."""
    if not config.option.numprocesses:
        return
    given = [*map(str, config.invocation_params.args), *sys.argv, *sys.path, os.getcwd()]
    given += requested.selection.fixture_ids
    odd = next((word for word in sorted(given) if encodable(word, "utf-8") != word), None)
    if odd is not None:
        print(
            f"One process does all the work: {visible(odd)} is not UTF-8, and others cannot be told.", file=sys.stderr
        )
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
    """Where pytest writes."""
    return console_on(reporter._tw._file, colour=reporter._tw.hasmarkup)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> Generator[None]:
    """Map the exit status, write the report, and have the last word."""
    ours = session.config.stash.get(SESSION, None)
    if ours is None or ours.results is None or ours.is_worker:
        yield
        return
    with interruption.held():
        session.exitstatus = ours.conclude(exitstatus)
        add_numbers(session.config, numbers(ours.run))
        yield  # pytest ends its workers and writes its JUnit file
        if interruption.waiting():
            session.exitstatus = INTERRUPTED
            ours.results.fail(INTERRUPTED)
        if ours.problem:
            print(f"The suite itself failed: {ours.problem}", file=sys.stderr)
        reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
        files = ours.config.option.report
        reporter._tw.flush()
        terminal.overview(_console(reporter), ours.run, files=files, then=ours.next_command())
        _run.concluded = True


def conclude_early() -> None:
    """Write the reports of a session that was interrupted where pytest does not end it."""
    if _run.reporting is not None:
        with interruption.held():
            _run.reporting.interrupt()
            _run.reporting.conclude(0)
            _run.reporting.close()


def pytest_keyboard_interrupt(excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    """Tell Ctrl-C apart from pytest's own interruptions."""
    if excinfo.type is KeyboardInterrupt and _run.gathering is not None:
        _run.gathering.interrupt()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """The table and the divergences."""
    ours = config.stash.get(SESSION, None)
    if ours is None or ours.results is None:
        return
    faults = [report for report in terminalreporter.stats.get("error", []) if report.longreprtext]
    failed = terminalreporter.stats.get("failed", [])
    faults += [report for report in failed if getattr(report, "conformance", None) is None]
    for report in faults:
        terminalreporter.write_line(f"\nThe suite itself failed: {report.longreprtext}")
    if any(isinstance(report, pytest.CollectReport) for report in faults):
        return  # nothing was run
    results = ours.results
    if not results.trials and not results.searches:
        return  # nothing was chosen, or only collected
    console = _console(terminalreporter)
    print_details(console, ours.run, registry(), ours.printed.commands, ours.written)
    if ours.request.baseline is not None:
        baseline_report.summary(console, ours.request.baseline, results.trials, results.replays, ours.baseline_news)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(error: object) -> None:
    """Count workers that died."""
    if error and _run.gathering is not None:
        _run.gathering.fail()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """With -n, batches stay together."""
    if getattr(config.option, "numprocesses", None) and config.option.dist == "load":
        config.option.dist = "loadgroup"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the searches, and put cases that belong together into batches, which run one after another in one process."""
    ours = config.stash[SESSION]
    for name in ours.searched:
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


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Nothing but fixtures is collected."""
    if collection_path.is_file() and collection_path.suffix != ".toml":
        return True
    return None


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """The folder of the families gives what they enumerate."""
    if path == parent.config.stash[SESSION].request.selection.folder / FAMILIES:
        return FamiliesFolder.from_parent(parent, path=path)
    return None


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Each TOML file below `fixtures/` is a fixture."""
    if file_path.suffix == ".toml" and parent.config.stash[SESSION].request.selection.folder in file_path.parents:
        return FixtureFile.from_parent(parent, path=file_path)
    return None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Send the records along with the report, so that they arrive from a worker process as well."""
    report = yield
    if isinstance(item, CaseItem | SearchItem) and call.when == "call" and item.records:
        report.conformance = item.records
    return report


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """Send a report to another process in bytes: as texts, execnet takes only those that UTF-8 can hold."""
    data = yield
    return data if data is None else {_SENT: pickle.dumps(data)}


@pytest.hookimpl(wrapper=True)
def pytest_report_from_serializable(data: dict[str, Any]) -> Generator[None, Any, Any]:
    """Read a report that another process has sent."""
    if _SENT in data:
        data.update(pickle.loads(data.pop(_SENT)))
    return (yield)


_SENT = "conformance"


def pytest_runtest_logreport(report: Any) -> None:
    """Gather the records, where the run is led."""
    if _run.gathering is not None:
        taken: list[Record] | None = getattr(report, "conformance", None)
        if taken is not None:
            _run.gathering.take(taken)
        elif report.when == "call" or report.failed:  # a worker that died fails a case in no phase at all
            _run.gathering.fail()


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Count what could not be collected, where the run is led."""
    if _run.gathering is not None and report.failed:
        _run.gathering.fail()


@pytest.hookimpl(tryfirst=True)
def pytest_internalerror(excrepr: ExceptionRepr, excinfo: pytest.ExceptionInfo[BaseException]) -> bool | None:
    """Count what went wrong in pytest, or in a worker, where the run is led: it is no verdict."""
    if _run.gathering is None:
        return None
    if _run.gathering.is_worker:
        said = encodable(str(excrepr), "utf-8")  # which is sent
        excrepr.toterminal = lambda tw: tw.write(said)  # type: ignore[method-assign]
    if isinstance(excinfo.value, BrokenPipeError):  # whoever read our output, `head` perhaps, has had enough
        silence()
        _run.gathering.interrupt()
        return True
    _run.gathering.fail()
    return None


class _Run:
    """The state of this process's run, for hooks that pytest tells no configuration, and for the command afterwards.

    reporting: the session whose report files are open; a worker has none. gathering: the session to which pytest's
    reports belong, from its start on. concluded: true once all was written and said.
    """

    def __init__(self) -> None:
        self.reporting: Session | None = None
        self.gathering: Session | None = None
        self.concluded = False


_run = _Run()


def concluded() -> bool:
    """True if the plugin had the last word."""
    return _run.concluded


def pytest_sessionstart(session: pytest.Session) -> None:
    """From here on, reports belong to this session."""
    ours = session.config.stash.get(SESSION, None)
    if ours is None or ours.results is None:
        return
    _run.gathering = ours
    if ours.is_worker:
        return
    add_run_properties(session.config, ours.results.head)
    session.config.pluginmanager.register(Words(ours.request.level))
    if session.config.option.verbose < 0 and not session.config.option.collectonly:
        session.config.pluginmanager.register(Watcher(ours.progress(), ours.request.level))
