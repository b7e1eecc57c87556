"""The environments of nox's sessions: what is installed into them, and how the driver is started from its own.

Rules. This is the only module that imports nox; only the noxfile imports it, so an installed package needs no nox. It
knows no session: what an installation that failed means for a target, the session says.

Theory of operation. Two environments are never mixed. The driver (pytest, Hypothesis ...) runs in the environment that
nox builds for the noxfile from the metadata in it; inside a session its interpreter is `sys.executable`, and `driver`
starts it. The environment of a `conformance` session is the target: it holds the candidate (`install`) and nothing of
ours. The driver's environment has what judging needs. A session that needs more (ruff, mypy, hatchling ...) has an
environment of its own, with a group of `[dependency-groups]` in pyproject.toml (`provide`).
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nox
import nox.command
import nox.project
import nox.virtualenv

from .. import HOUSE
from .command_line import ADDED_VARIABLE, COMMAND_VARIABLE, INSTALLS_VARIABLE, NOX_VARIABLE
from .interruption import only_first_interruption
from .nox_request import local_folders, nox_command

_HINT = "the installer says above why; without a network, its cache must have it"


class NotInstalled(Exception):
    """Raised if something that a session needs cannot be installed; its text is one sentence, without the hint.

    advice: the whole message for the user.
    """

    @property
    def advice(self) -> str:
        """The sentence, and what to do."""
        return f"{self}: {_HINT}"


def driver(
    session: nox.Session,
    module: str,
    *arguments: str,
    again: str = "",
    added: str = "",
    success: tuple[int, ...] = (0,),
) -> None:
    """Run a module in the driver's environment. success: the exit statuses that are no failure.

    again: the beginning of the commands that the driver prints. added: the names of the options that this command adds.
    Raises nox.command.CommandFailed.
    """
    # -E: the user's PYTHON* variables are for the targets, which inherit them, and not for the driver.
    # An interrupted driver gets time to write its reports and to remove its processes and folders.
    with only_first_interruption():
        session.run(
            *(sys.executable, "-E", "-m", module, *arguments),
            external=True,
            env={
                COMMAND_VARIABLE: again or None,
                ADDED_VARIABLE: added or None,
                NOX_VARIABLE: nox_command(Path(session.invoked_from)),
                INSTALLS_VARIABLE: "1" if session.name.startswith("conformance-") else None,
            },
            success_codes=success,
            interrupt_timeout=30,
            terminate_timeout=60,
        )


def python_of(session: nox.Session) -> Path:
    """The interpreter of the session's environment."""
    return Path(session.bin, "python.exe" if sys.platform == "win32" else "python")


def provide(session: nox.Session, group: str, *, driver: bool = False) -> None:
    """Install a group of dependencies into the session's environment; end the session with one sentence if that fails.

    driver: install the driver's dependencies too.
    """
    project = _project()
    dependencies = project["project"]["dependencies"] if driver else []
    install_or_fail(session, *dependencies, *nox.project.dependency_groups(project, group))


def install_or_fail(session: nox.Session, *arguments: str) -> None:
    """Install into the session's environment; if that fails, end the session with one sentence."""
    try:
        _install(session, *arguments)
    except NotInstalled as problem:
        session.error(problem.advice)


def install(session: nox.Session, requirements: Sequence[str]) -> None:
    """Install these requirements and nothing else into the session's environment. Raises NotInstalled.

    A reused environment is kept only if the requirements are the same as before.
    """
    record = session.env_dir / "installed.json"
    folders = local_folders(requirements)  # whose contents may have changed
    installed = json.loads(record.read_text("utf-8")) if record.exists() else []
    if installed == list(requirements) and not folders:
        return
    environment = session.virtualenv
    if isinstance(environment, nox.virtualenv.VirtualEnv):
        if installed:
            environment.reuse_existing = False
            environment.create()
        environment._reused = False  # or -R, which asks for no installs, would leave out one that is needed
    if requirements:
        # uv's cache keeps the wheel of a folder until its pyproject.toml changes.
        options = ["--reinstall"] if folders and session.venv_backend == "uv" else []
        record.write_text("[null]", "utf-8")  # if this is interrupted, the next run makes the environment again
        _install(session, *options, *requirements)
        record.write_text(json.dumps(list(requirements)), "utf-8")


def provide_redis(session: nox.Session) -> None:
    """Install the package for a database of finds on a Redis server into the driver's environment, if it is missing.

    Raises NotInstalled.
    """
    if importlib.util.find_spec("redis") is not None:
        return
    requirements = _project()["project"]["optional-dependencies"]["redis"]
    installer = [sys.executable, "-m", "uv", "pip", "install", "--python", sys.executable]
    try:
        session.run(*installer, *requirements, external=True, silent=True)
    except nox.command.CommandFailed:
        raise NotInstalled(f"could not install {' '.join(requirements)}, which --database needs") from None


def _project() -> dict[str, Any]:
    return nox.project.load_toml(HOUSE / "pyproject.toml")


def _install(session: nox.Session, *arguments: str) -> None:
    """Install into the session's environment. arguments: options and requirements. Raises NotInstalled."""
    try:
        session.install(*arguments)
    except nox.command.CommandFailed:
        requirements = [argument for argument in arguments if argument != "--reinstall"]
        raise NotInstalled(f"could not install {' '.join(requirements)}") from None
