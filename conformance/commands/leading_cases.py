"""Makes the records of the cases that lead findings: both observations, and if a reproducer shows the divergence."""

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
from ..search.reduce import Reduced
from .reducing import reduced_record

_MAXIMUM = 40  # cases: a reproducer takes some tenths of a second
_WORKERS = 2


def shown_records(
    findings: Sequence[Finding],
    case_of: Callable[[str], Case | None],
    examiner: Examiner,
    *,
    interpreter: str,
    target: str,
    impl: str,
    import_from: str,
    written: Mapping[str, Written],
    smaller: Mapping[str, Reduced],
) -> list[ShownRecord]:
    """A `shown` record for each case that leads a finding. case_of: returns the case with an id, or None.

    interpreter, target: the path (empty if it runs no programs) and the name of the target's interpreter. impl,
    import_from: the options of the run. written: the cases that were written, by the case that leads. smaller: the
    cases that are shown in the place of those that lead, by these.
    """
    leading = {finding.trial["id"]: finding for finding in reversed(findings[:_MAXIMUM])}
    found = {name: smaller[name].case if name in smaller else case_of(name) for name in reversed(leading)}
    cases = {name: case for name, case in found.items() if case is not None}

    def is_reproduced(name: str) -> bool:
        if name in written:
            return written[name].shows
        finding = leading[name].divergence
        source = program(cases[name], difference=difference(finding), impl=impl, import_from=import_from)
        return bool(interpreter) and reproduces(source, interpreter)

    with ThreadPoolExecutor(_WORKERS) as pool:
        try:
            reproduced = dict(zip(cases, pool.map(is_reproduced, cases), strict=True))
        except BaseException:  # Ctrl-C: do not wait for the others
            pool.shutdown(wait=False, cancel_futures=True)
            stop_guarded()
            raise
    return [
        records.shown_record(
            name,
            _text(case),
            *_observations(examiner, case),
            reproduced[name],
            str(written.get(name, Written()).fixture or ""),
            reduced_record(smaller[name]) if name in smaller else None,
        )
        for name, case in cases.items()
    ]


def _text(case: Case) -> str:
    try:
        return toml(case)
    except ValueError:  # TOML cannot hold the case
        return ""


def _observations(examiner: Examiner, case: Case) -> tuple[Observation | None, Observation | None]:
    try:
        return examiner.observe(case)
    except AgentError:
        return None, None
