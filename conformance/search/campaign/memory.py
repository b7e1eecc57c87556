"""The memory of processes. For Linux, which shows it below /proc; elsewhere it is not known."""

from __future__ import annotations

import contextlib
from pathlib import Path


def descendants(pid: int) -> list[int]:
    """The ids of a process and of all processes below it."""
    pids = [pid]
    for parent in pids:  # the list grows while it is read
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{parent}/task").iterdir():
                pids.extend(map(int, (task / "children").read_text().split()))
    return pids


def memory_share(pid: int) -> int:
    """The memory of a process in bytes; memory that processes share is divided among them. 0 if it is not known."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
