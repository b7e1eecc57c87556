"""Shows the cases by which findings are known: what both sides do in them, and whether a program shows it by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from ..agent.messages import Observation
from ..cases.fixtures import toml
from ..cases.model import Case
from ..observation.agent_process import stop_guarded
from ..observation.reproducing import reproduces
from ..observation.side import AgentError
from ..report import records
from ..report.findings import Finding
from ..report.finds import Written
from ..report.reproducer import program
from ..report.types import ShownRecord
from ..report.values import difference
from ..search.examine import Examiner

_MOST = 40  # cases: a program takes some tenths of a second
_AT_ONCE = 2


def shown(
    found: Sequence[Finding],
    case_of: Callable[[str], Case | None],
    examiner: Examiner,
    *,
    interpreter: str,
    target: str,
    impl: str,
    import_from: str,
    written: Mapping[str, Written],
) -> list[ShownRecord]:
    """A record for each case by which a finding is known. case_of: the case of an id, if there is one.

    interpreter, target: in which it showed. impl, import_from: the candidate, as the suite was told of it. written:
    where finds of the search are, by id.
    """
    leading = {finding.trial["id"]: finding for finding in found[:_MOST]}
    cases = {name: case for name in leading if (case := case_of(name)) is not None}

    def tried(name: str) -> bool:
        source = program(
            cases[name], difference=difference(leading[name].divergence), impl=impl, import_from=import_from
        )
        return reproduces(source, interpreter)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            reproducing = dict(zip(cases, pool.map(tried, cases), strict=True))
        except BaseException:  # Ctrl-C: no need to wait for the others
            pool.shutdown(wait=False, cancel_futures=True)
            stop_guarded()
            raise
    return [
        records.shown_record(
            name,
            _text(case),
            *_observed(examiner, case),
            reproducing[name],
            str(written.get(name, Written()).fixture or ""),
        )
        for name, case in cases.items()
    ]


def _text(case: Case) -> str:
    try:
        return toml(case)
    except ValueError:  # no file can hold it
        return ""


def _observed(examiner: Examiner, case: Case) -> tuple[Observation | None, Observation | None]:
    try:
        return examiner.observe(case)
    except AgentError:
        return None, None
