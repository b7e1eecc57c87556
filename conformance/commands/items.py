"""The items that pytest collects and runs: fixtures from TOML files, cases of the families, and searches.

Rules. An item asks the session of the run for its records, and turns them into an outcome of pytest: a failure, a skip
or an expected failure. It does not know how a case is run or judged.

Theory of operation. `CaseItem.runtest` and `SearchItem.runtest` keep their records in `records`; the plugin attaches
these to pytest's report. The exceptions below carry a failure to `repr_failure`, where pytest asks for its text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ..cases.fixtures import read
from ..cases.model import SEARCH, Case, CaseError
from ..clauses import registry
from ..observation.side import AgentError, CandidateError
from ..report import records
from ..report.expectations import complaint
from ..report.types import Record, TrialRecord
from ..report.values import exception_of, shown
from ..texts import visible
from .command_line import command
from .junit import add_properties
from .session import SESSION


def _repr_collection(self: pytest.Collector, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
    """A fault in a fixture or a table as one sentence."""
    if isinstance(excinfo.value, CaseError):
        return str(excinfo.value)
    return pytest.Collector._repr_failure_py(self, excinfo, style)


class FixtureFile(pytest.File):
    """A TOML file with one case."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield the case if it is selected. Raises CaseError."""
        selection = self.config.stash[SESSION].request.selection
        case = read(self.path, selection.folder)
        unknown = [clause for clause in case.clauses if clause not in registry()]
        if unknown:
            raise CaseError(f"{self.path}: there is no clause {unknown[0]!r}; `{command('list')} clauses` lists them")
        if selection.wants(case):
            yield CaseItem.from_parent(self, name=case.id.rpartition("/")[2], case=case)

    repr_failure = _repr_collection


class FamiliesFolder(pytest.Directory):
    """The tables of the families."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield the selected cases of the families. Raises CaseError."""
        for case in self.config.stash[SESSION].request.selection.generated():
            yield CaseItem.from_parent(self, name=case.id.partition("/")[2], case=case)

    repr_failure = _repr_collection


class Diverges(Exception):
    """A case in which the candidate differs from the oracle."""

    def __init__(self, record: TrialRecord) -> None:
        super().__init__(record["id"])
        self.record = record


class Stale(Exception):
    """A case without the divergence that the baseline expects; the text says what to do."""


class HasFinds(Exception):
    """A search with a find that fails the run."""


class CaseItem(pytest.Item):
    """One case."""

    def __init__(self, *, case: Case, **rest: Any) -> None:
        super().__init__(**rest)
        self.case = case
        self.batch = ""
        self.records: Sequence[Record] = ()

    def runtest(self) -> None:
        """Try the case on both sides."""
        session = self.config.stash[SESSION]
        trial = session.trial(self.case, self.batch, self._all_cases)
        record = session.record(trial)
        replays = session.replayed(record)
        self.records = [record, *replays]
        add_properties(self, record)
        stale = [sentence for replay in replays if (sentence := complaint(replay))]
        if self.config.option.write_baseline and (stale or records.counts(record, session.request.level)):
            pytest.xfail("it is written into the baseline")
        if stale and not records.counts(record, session.request.level):
            raise Stale("\n".join(stale))
        if trial.verdict in ("unsupported", "not-run"):
            pytest.skip(visible(trial.reason))
        if records.counts(record, session.request.level):
            raise Diverges(record)
        if reasons := dict.fromkeys(
            divergence["expected"]["reason"]
            for divergence in record["divergences"]
            if divergence["expected"] and divergence["cause"]
        ):
            pytest.xfail("; ".join(filter(None, reasons)) or "the baseline expects it")

    def _all_cases(self) -> Iterator[tuple[str, Case]]:
        return ((item.batch, item.case) for item in self.session.items if isinstance(item, CaseItem))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The causes, one in each line; any other error is a fault of the suite."""
        if isinstance(excinfo.value, Diverges):
            return "\n".join(_causes(excinfo.value.record))
        # pytest would describe the suite's own frames for each case that the baseline expects, which takes 50 ms.
        if isinstance(excinfo.value, AgentError | CandidateError | Stale | pytest.xfail.Exception):
            return visible(str(excinfo.value), "\n")
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """The place of the item, for pytest's messages."""
        return self.path, None, self.case.id


def _causes(record: TrialRecord) -> Iterator[str]:
    """The exceptions that one side alone raises, then the causes, one in each line."""
    causes = [divergence for divergence in record["divergences"] if divergence["cause"]]
    yield from filter(None, dict.fromkeys(exception_of(record, cause) for cause in causes))
    for cause in causes:
        place, oracle, candidate = shown(cause)
        yield f"{records.signature_of(cause)}: {cause['where']}{place}: oracle {oracle}, candidate {candidate}"


class SearchItem(pytest.Item):
    """A search by one property."""

    def __init__(self, **rest: Any) -> None:
        super().__init__(**rest)
        self.records: Sequence[Record] = ()

    def runtest(self) -> None:
        """Search by the property."""
        session = self.config.stash[SESSION]
        searches = [item for item in self.session.items if isinstance(item, SearchItem)]
        self.records = session.search(self.name, len(searches) - searches.index(self))
        if any(records.counts(record, session.request.level) for record in self.records):
            if self.config.option.write_baseline:
                pytest.xfail("it is written into the baseline")
            raise HasFinds

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The finds, one in each line; any other error is a fault of the suite."""
        if isinstance(excinfo.value, HasFinds):
            return "\n".join(f"{find['id']}: {find['summary']}" for find in self.records if find["record"] == "trial")
        if isinstance(excinfo.value, AgentError | CandidateError):
            return visible(str(excinfo.value), "\n")
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """The place of the item, for pytest's messages."""
        return self.path, None, f"{SEARCH}/{self.name}"
