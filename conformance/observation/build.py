"""Asks an interpreter which build it is, so that it can be recorded, or compared with a recording."""

from __future__ import annotations

import json
import subprocess

from .agent_process import AGENT
from .interpreters import BadInterpreter, Target
from .recording import Build, build_from


def build_of(target: Target) -> Build:
    """The build of a target. Raises BadInterpreter."""
    if target.build is not None:
        return target.build
    # With the variables of the environment, by which the agents are affected, too: they may turn frozen modules off.
    command = [target.executable, str(AGENT.with_name("build.py"))]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if ended.returncode:
        raise BadInterpreter(f"{target.executable} does not say which build it is: {ended.stderr.strip()[-300:]}")
    return build_from(json.loads(ended.stdout))
