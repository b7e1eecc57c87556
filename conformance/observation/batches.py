"""Batches: how many cases share one process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..cases.model import Case
from .side import Reply, Side

# The larger a batch, the less a case costs; but if one case ends the process, or reaches into the others, all those
# after it have to be run again. Fixtures and drawn cases do so now and then, cases of families hardly ever.
SIZE = 40
SIZE_OF_FAMILIES = 200


def batches(cases: Sequence[Case], size: int = SIZE) -> Iterator[Sequence[Case]]:
    """Consecutive cases, `size` at a time."""
    for start in range(0, len(cases), size):
        yield cases[start : start + size]


def run_together(side: Side, batch: Sequence[Case]) -> list[Reply]:
    """Run a batch in one process, or each case by itself where the side cannot do that. Raises what `Side` raises."""
    if not side.warm or len(batch) == 1:
        return [side.run(case.plain()) for case in batch]
    side.start([case.plain() for case in batch])
    return side.finish()
