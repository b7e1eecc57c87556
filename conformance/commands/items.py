"""The items that pytest collects and runs: fixtures from TOML files, the cases of the families, the searches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ..cases.fixtures import read
from ..cases.model import SEARCH, Case, CaseError
from ..clauses import registry
from ..judge.trial import Trial
from ..observation.side import AgentError
from ..report import records
from ..report.expectations import complaint
from ..report.types import Record
from ..report.values import show
from ..texts import visible
from .command_line import command
from .session import SESSION
from .watching import add_properties


def _repr_collection(self: pytest.Collector, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
    """A fault in a fixture or a table is one sentence."""
    if isinstance(excinfo.value, CaseError):
        return str(excinfo.value)
    return pytest.Collector._repr_failure_py(self, excinfo, style)


class FixtureFile(pytest.File):
    """A TOML file with one case."""

    def collect(self) -> Iterator[pytest.Item]:
        """The case, if it was selected. Raises CaseError."""
        selection = self.config.stash[SESSION].request.selection
        case = read(self.path, selection.folder)
        unknown = [clause for clause in case.clauses if clause not in registry()]
        if unknown:
            raise CaseError(f"{self.path}: there is no clause {unknown[0]!r}; {command('list')} clauses lists them")
        if selection.wants(case):
            yield CaseItem.from_parent(self, name=case.id.rpartition("/")[2], case=case)

    repr_failure = _repr_collection


class FamiliesFolder(pytest.Directory):
    """The tables of the families."""

    def collect(self) -> Iterator[pytest.Item]:
        """The generated cases that were selected. Raises CaseError."""
        for case in self.config.stash[SESSION].request.selection.generated():
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
        self.records: Sequence[Record] = ()

    def runtest(self) -> None:
        """Try the case on both sides."""
        session = self.config.stash[SESSION]
        trial = session.trial(self.case, self.batch, self._everything)
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
            raise Diverges(trial)
        if reasons := dict.fromkeys(
            divergence["expected"]["reason"]
            for divergence in record["divergences"]
            if divergence["expected"] and divergence["cause"]
        ):
            pytest.xfail("; ".join(filter(None, reasons)) or "the baseline expects it")

    def _everything(self) -> Iterator[tuple[str, Case]]:
        return ((item.batch, item.case) for item in self.session.items if isinstance(item, CaseItem))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """A divergence in one line a field; anything else is the suite's own fault."""
        if isinstance(excinfo.value, Diverges):
            return "\n".join(
                f"{cause.signature}: {cause.where}: oracle {show(cause.oracle)}, candidate {show(cause.candidate)}"
                for cause in excinfo.value.trial.divergences
                if cause.cause
            )
        if isinstance(excinfo.value, AgentError | Stale):
            return visible(str(excinfo.value), "\n")
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where pytest says that it is."""
        return self.path, None, self.case.id


class SearchItem(pytest.Item):
    """A search by one property."""

    def __init__(self, **rest: Any) -> None:
        super().__init__(**rest)
        self.records: Sequence[Record] = ()

    def runtest(self) -> None:
        """Search."""
        session = self.config.stash[SESSION]
        rest = [item for item in self.session.items if isinstance(item, SearchItem)]
        self.records = session.search(self.name, len(rest) - rest.index(self))
        if any(records.counts(record, session.request.level) for record in self.records):
            if self.config.option.write_baseline:
                pytest.xfail("it is written into the baseline")
            raise Found

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The finds in a line each; anything else is the suite's own fault."""
        if isinstance(excinfo.value, Found):
            return "\n".join(f"{find['id']}: {find['summary']}" for find in self.records if find["record"] == "trial")
        return str(excinfo.value) if isinstance(excinfo.value, AgentError) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where pytest says that it is."""
        return self.path, None, f"{SEARCH}/{self.name}"
