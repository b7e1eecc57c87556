"""The processes of a run: their ids, processor time and memory. For Linux, which shows these below /proc."""

from __future__ import annotations

import contextlib
import os
import time
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
    """The memory of a process in bytes; memory that processes share is divided among them."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def processor_time() -> float:
    """The seconds of processor time that this process and all processes below it have taken, ended ones included."""
    ticks = 0
    for pid in descendants(os.getpid())[1:]:
        with contextlib.suppress(OSError):
            # Behind the name, which may hold anything: utime, stime, cutime and cstime are the fields 14 to 17.
            ticks += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]))
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")
