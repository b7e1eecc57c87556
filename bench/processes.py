"""The processor time of a run and of its processes. For Linux, which shows it below /proc."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from conformance.search.campaign.memory import descendants


def processor_time() -> float:
    """The seconds of processor time that this process and all processes below it have taken, ended ones included."""
    ticks = 0
    for pid in descendants(os.getpid())[1:]:
        with contextlib.suppress(OSError):
            # Behind the name, which may hold anything: utime, stime, cutime and cstime are the fields 14 to 17.
            ticks += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]))
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")
