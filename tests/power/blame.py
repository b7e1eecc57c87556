"""Measures blame: the clause that leads the report on a wrong implementation, beside the clause that it breaks.

Every wrong implementation is tried on every case, without stopping at the first that shows it. The oracle does not
depend on the candidate and is asked once about each case. Cases share processes, and differences are not confirmed: a
wrong implementation is known to be wrong, and the question is what the report says of it.
"""

from __future__ import annotations

import math
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

from rich.console import Console
from rich.table import Table

from conformance.cases.model import Case
from conformance.clauses import Level, registry
from conformance.judge.grouping import is_of_path
from conformance.judge.trial import Trial
from conformance.observation.batches import batches
from conformance.observation.cached import CachedSide
from conformance.observation.interpreters import Target
from conformance.observation.live import LiveSide
from conformance.observation.side import CandidateError
from conformance.report import records
from conformance.report.findings import findings
from conformance.search.examine import Examiner, SmokeFailed
from tests.power.measure import PATIENCE
from tests.power.wrong import Wrong

_BATCH = 200


@dataclass(frozen=True)
class Lead:
    """The report on one wrong implementation: the clauses of its entries, in order, and when the first one shows.

    summary, clause, also: of the implementation (see `Wrong`). refused: the sentence with which it was refused.
    """

    name: str
    summary: str
    clause: str
    also: tuple[str, ...]
    entries: tuple[str, ...] = ()
    when: str = ""
    refused: str = ""

    @property
    def shown(self) -> bool:
        """True if there is something to blame."""
        return bool(self.entries)

    @property
    def strict(self) -> bool:
        """True if the first entry names the clause that is broken."""
        return self.entries[:1] == (self.clause,)

    @property
    def right(self) -> bool:
        """True if it names that clause, or another one that says what is wrong just as well."""
        return self.strict or self.entries[:1] in [(clause,) for clause in self.also]

    def record(self) -> dict[str, Any]:
        """The lead as JSON data."""
        return asdict(self)


class _Unconfirmed(Examiner):
    """Takes what a batch shows as it stands, unless its sample shows that the cases have influenced one another."""

    def _is_known(self, trial: Trial) -> bool:
        return True

    def _wants_fresh(self, trial: Trial) -> bool:
        return False

    def _shown_again(self, cases: Sequence[Case], hints: dict[str, Any]) -> dict[str, Any]:
        return {name: hint._replace(shown_again=True) for name, hint in hints.items()}


def trials(wrong: Wrong, target: Target, oracle: CachedSide, cases: Sequence[Case], level: Level) -> list[Trial]:
    """The trials of all cases. Raises CandidateError, SmokeFailed, AgentError."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "candidate.py")
        path.write_text(wrong.source, encoding="utf-8")
        side = str(path) if is_of_path(wrong.clause) else f"{path}:run_module"
        candidate = LiveSide(target, side, timeout=PATIENCE, load_timeout=PATIENCE)
        try:
            examiner = _Unconfirmed(oracle, candidate, level)
            examiner.smoke()
            return [trial for batch in batches(cases, _BATCH) for trial in examiner.run_all(batch)]
        finally:
            candidate.close()


def lead(wrong: Wrong, target: Target, oracle: CachedSide, cases: Sequence[Case]) -> Lead:
    """The lead of the report on one wrong implementation, at the level of what it breaks. Raises AgentError.

    A fault in what both functions share shows in both, in findings that are apart: it is asked which clause of its own
    function leads, by the cases of that function.
    """
    of_path = is_of_path(wrong.clause)
    cases = [case for case in cases if ("run_path" in case.functions) == of_path]
    known = registry().get(wrong.clause)
    level = max(known.level, Level.COMPAT) if known else wrong.level
    about = wrong.name, wrong.summary, wrong.clause, wrong.also
    try:
        tried = [records.trial_record(trial) for trial in trials(wrong, target, oracle, cases, level)]
    except (CandidateError, SmokeFailed) as exc:
        return Lead(*about, refused=str(exc))
    found = [finding for finding in findings(tried, level, len(tried)) if is_of_path(finding.clause) == of_path]
    return Lead(*about, tuple(finding.clause for finding in found), found[0].when if found else "")


def lead_all(wrong: Sequence[Wrong], target: Target, cases: Sequence[Case], workers: int) -> Iterator[Lead]:
    """The leads of all that show on a target, as they come."""
    seen: dict[str, bytes] = {}
    oracles: dict[int, CachedSide] = {}

    def work(one_fault: Wrong) -> Lead:
        mine = threading.get_ident()
        if mine not in oracles:
            oracles[mine] = CachedSide(target, seen, trusted=True)
        return lead(one_fault, target, oracles[mine], cases)

    try:
        with ThreadPoolExecutor(workers) as pool:
            for future in as_completed([pool.submit(work, one_fault) for one_fault in wrong]):
                yield future.result()
    finally:
        for side in oracles.values():
            side.close()


def interval(number: int, of: int) -> tuple[float, float]:
    """The interval of Wilson for a share, at 95%: what share a whole may have of which so many were taken by chance."""
    z = NormalDist().inv_cdf(0.975)
    middle, spread = number + z * z / 2, z * math.sqrt(number * (of - number) / of + z * z / 4)
    return (middle - spread) / (of + z * z), (middle + spread) / (of + z * z)


def show(console: Console, leads: Sequence[Lead], target: Target) -> None:
    """Print the share that is blamed rightly, by level, and each that is not."""
    table = Table(title=f"The first entry of the report on {target.name} names", title_justify="left")
    table.add_column("level")
    for heading in ("the clause", "it or as good a one", "of"):
        table.add_column(heading, justify="right")
    shown = [lead for lead in leads if lead.shown]
    for level in (*Level, None):
        chosen = [lead for lead in shown if level is None or registry()[lead.clause].level == level]
        if chosen:
            numbers = sum(lead.strict for lead in chosen), sum(lead.right for lead in chosen)
            shares = (f"{number} ({number / len(chosen):.0%})" for number in numbers)
            table.add_row(str(level) if level else "all together", *shares, str(len(chosen)))
    console.print(table)
    if shown:
        low, high = interval(sum(lead.right for lead in shown), len(shown))
        console.print(f"Of all that are like these: {low:.0%} to {high:.0%} (Wilson, 95%).", highlight=False)
    entries = Counter(min(len(lead.entries), 4) for lead in shown)
    counts = (f"{entries[number]} have {number if number < 4 else '4 or more'}" for number in sorted(entries))
    console.print(f"Entries in a report: {', '.join(counts)}.", highlight=False)
    for lead in sorted(leads, key=lambda lead: lead.name):
        if not lead.shown:
            text = f"{lead.name} ({lead.summary}): {lead.refused or 'nothing differs'}"
            console.print(text, highlight=False, markup=False)
        elif not lead.right:
            text = f"{lead.name} ({lead.summary}): {', '.join(lead.entries[:4])}; {lead.when}"
            console.print(text, highlight=False, markup=False)
