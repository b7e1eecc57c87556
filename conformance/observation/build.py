"""Which build an interpreter is: what a recording is made from, or compared with."""

from __future__ import annotations

import json
import subprocess

from .agent_process import AGENT
from .interpreters import BadInterpreter, Target
from .recording import Build, build_from


def build_of(target: Target) -> Build:
    """Which build a target is. Raises BadInterpreter."""
    command = [target.executable, "-I", str(AGENT.with_name("build.py"))]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if told.returncode:
        raise BadInterpreter(f"{target.executable} does not say which build it is: {told.stderr.strip()[-300:]}")
    return build_from(json.loads(told.stdout))
