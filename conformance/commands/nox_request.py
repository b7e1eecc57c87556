"""The request of a nox session: the arguments after `--`, read once for all sessions.

Rules. This module knows the options and the folder in which the user stands. It knows nothing of nox: the noxfile calls
it, makes the environments and starts the driver. It imports no pytest, since the noxfile imports it each time.

Theory of operation. Nox changes to the folder of the noxfile, and the driver starts there, while the user's relative
paths start from another folder. So `read_request` makes each path absolute. It takes out what is for nox alone, the
requirements to install and the reports, and keeps all other arguments for the driver. `check_request` then has the
driver check them, before any environment is made.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import HOUSE
from . import command_line
from .kinds import UsageError
from .options import DATABASES, OF_PYTEST, OF_RELEASES, OPTIONS

# The name of the folder of the environment that nox makes for a noxfile with metadata.
NOX_ENVIRONMENT = "_nox_script_mode"


@dataclass(frozen=True)
class NoxRequest:
    """The arguments of a session, with absolute paths.

    install: arguments for `pip install`. candidate: the value of --impl. reports: the paths of --report. options: all
    other arguments, for the driver.
    """

    install: tuple[str, ...] = ()
    candidate: str = ""
    reports: tuple[Path, ...] = ()
    options: tuple[str, ...] = ()

    @property
    def arguments(self) -> list[str]:
        """The arguments for the driver, with the reports."""
        return [*self.options, *(f"--report={path}" for path in self.reports)]

    def gives(self, name: str) -> bool:
        """True if the user gave this option."""
        return name in {argument.partition("=")[0] for argument in self.options}

    @property
    def needs_redis(self) -> bool:
        """True if the database of finds is on a Redis server, for which the driver needs one more package."""
        databases = tuple(f"--database={beginning}" for beginning in DATABASES)
        return any(argument.startswith(databases) for argument in self.options)


def read_request(arguments: Sequence[str], folder: Path, *, target: str = "", target_option: str = "") -> NoxRequest:
    """Read the arguments of a session. Raises UsageError.

    folder: the folder in which the user stands. target: the name of a target, such as `3.12`, which is put into the
    names of files that pytest writes for each target. target_option: the option that names the interpreter, if no
    environment is made.
    """
    line = command_line.read(arguments, folder, (*OPTIONS, *OF_PYTEST, *OF_RELEASES))
    if target_option and line.values("--install"):
        raise UsageError(
            f"--install is for the environments that nox makes; install into the {target_option} interpreter yourself"
        )
    outputs = {option.name: Path(line.value(option.name)) for option in OF_PYTEST if line.value(option.name)}
    if target:
        outputs = {name: path.with_stem(f"{path.stem}-{target}") for name, path in outputs.items()}
    return NoxRequest(
        install=tuple(word for requirement in line.values("--install") for word in _pip_arguments(requirement)),
        candidate=line.value("--impl"),
        reports=tuple(map(Path, line.values("--report"))),
        options=(
            *line.arguments("--install", "--report", *outputs),
            *(f"{name}={path}" for name, path in outputs.items()),
        ),
    )


def _pip_arguments(requirement: str) -> list[str]:
    """The arguments of `pip install` for a requirement: `-e path` is two of them."""
    return ["-e", requirement[3:]] if requirement.startswith("-e ") else [requirement]


def check_request(request: NoxRequest, folder: Path) -> None:
    """Have the driver check the arguments of a session; nothing is run. Raises UsageError."""
    checking = subprocess.run(
        [sys.executable, "-E", "-m", "conformance", "check", *request.options],
        cwd=HOUSE,
        env={**os.environ, command_line.NOX_VARIABLE: nox_command(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    if checking.returncode == command_line.USAGE:
        lines = checking.stderr.strip().splitlines()
        raise UsageError(lines[-2] if lines[1:] else checking.stderr.strip())  # the last line repeats the status


def path_of_user(path: str, prefix: Path) -> str:
    """The user's PATH: without the environment that nox makes for the noxfile, in which it starts itself again.

    A target such as `python3.13` is one of the user's interpreters, never one beside the suite. path: the value of
    PATH. prefix: the folder of the environment in which this process runs.
    """
    if prefix.name != NOX_ENVIRONMENT:
        return path
    ours = {prefix / "bin", prefix / "Scripts"}
    return os.pathsep.join(entry for entry in path.split(os.pathsep) if Path(entry) not in ours)


def nox_command(folder: Path) -> str:
    """The nox command that a user types in a folder."""
    if folder.resolve() == HOUSE:
        return "nox"
    return shlex.join(["nox", "-f", os.path.relpath(HOUSE / "noxfile.py", folder)])


def command_again(session: str, install: Sequence[str], folder: Path, environments: str = "") -> str:
    """The beginning of the command that runs a session again; the driver adds the candidate, its options and a case.

    install: arguments for `pip install`. folder: the folder in which the user stands. environments: nox's --envdir, if
    the user gave it.
    """
    words = ["nox"] if folder.resolve() == HOUSE else ["nox", "-f", str(HOUSE / "noxfile.py")]
    if environments:
        words += ["--envdir", environments]
    installs = [
        f"--install={'-e ' if previous == '-e' else ''}{word}"
        for previous, word in zip(["", *install], install, strict=False)
        if word != "-e"
    ]
    return shlex.join([*words, "-R", "-s", session, "--", *installs])


def import_folder(candidate: str, folder: Path, environment: Path) -> Path | None:
    """The folder from which the target imports a candidate that is not installed; None if there is no such folder.

    It is the folder in which the user stands. If that is the suite's own, it is a folder in the environment that holds
    only a link to the candidate, since a target never sees the suite. environment: the folder of the environment.
    """
    if folder.resolve() != HOUSE:
        return folder
    name = candidate.partition(":")[0].partition(".")[0]
    for source in (HOUSE / name, HOUSE / f"{name}.py"):
        if name and source.exists():
            alone = environment / "candidate"
            alone.mkdir(parents=True, exist_ok=True)
            for earlier in alone.iterdir():
                earlier.unlink()
            (alone / source.name).symlink_to(source, target_is_directory=source.is_dir())
            return alone
    return None


def local_folders(requirements: Sequence[str]) -> list[str]:
    """The requirements that are folders of source code and are not editable: an environment does not follow them."""
    return [
        requirement
        for previous, requirement in zip(["", *requirements], requirements, strict=False)
        if previous != "-e" and Path(requirement.partition("[")[0]).is_dir()
    ]
