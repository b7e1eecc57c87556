"""The trials of whole runs: every wrong implementation on every case, without stopping at the first that shows it.

The oracle does not depend on the candidate and is asked once about each case. Cases share processes, and differences
are not confirmed: a wrong implementation is known to be wrong, and the question is what the report says of it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from conformance.cases.model import Case
from conformance.clauses import Level
from conformance.judge.trial import Trial
from conformance.observation.batches import batches
from conformance.observation.cached import CachedSide
from conformance.observation.interpreters import Target
from conformance.observation.live import LiveSide
from conformance.search.examine import Examiner
from tests.power.measure import PATIENCE
from tests.power.wrong import Wrong


class _Unconfirmed(Examiner):
    """Takes what a batch shows as it stands."""

    def _is_confirmed(self, trial: Trial) -> bool:
        return True


def trials(wrong: Wrong, target: Target, oracle: CachedSide, cases: Sequence[Case], level: Level) -> list[Trial]:
    """The trials of all cases. Raises CandidateError, SmokeFailed, AgentError."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "candidate.py")
        path.write_text(wrong.source, encoding="utf-8")
        candidate = LiveSide(target, str(path), timeout=PATIENCE, load_timeout=PATIENCE)
        try:
            examiner = _Unconfirmed(oracle, candidate, level)
            examiner.smoke()
            return [trial for batch in batches(cases, 200) for trial in examiner.run_all(batch)]
        finally:
            candidate.close()
