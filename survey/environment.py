"""The environments of the survey: one for each implementation and target, made by uv and kept between runs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from conformance.observation.interpreters import command_of

from .recipe import RECIPES, Recipe


class NotInstalled(Exception):
    """Raised if an environment cannot be made; the text is one sentence."""


class NoInterpreter(Exception):
    """Raised if the interpreter of a target is not on this machine; the text is one sentence."""


def environment(recipe: Recipe, target: str, folder: Path) -> Path:
    """The interpreter of an environment that holds the implementation. Raises NoInterpreter, NotInstalled.

    folder: the folder of all environments. An environment is used again if its recipe installs the same as before.
    """
    place = folder / f"{recipe.name}-{target}"
    python = place / "bin" / "python"
    script = RECIPES / recipe.setup if recipe.setup else None
    wanted = json.dumps([*recipe.install, script.read_text(encoding="utf-8") if script else ""])
    record = place / "installed.json"
    if python.exists() and record.exists() and record.read_text(encoding="utf-8") == wanted:
        return python
    uv = [sys.executable, "-m", "uv"]
    name = command_of(target)
    if shutil.which(name) is None:
        raise NoInterpreter(f"there is no {name} on PATH")
    _run([*uv, "venv", "--quiet", "--clear", "--python", name, str(place)], f"could not make an environment of {name}")
    if recipe.install:
        _run(
            [*uv, "pip", "install", "--quiet", "--python", str(python), *recipe.install],
            f"could not install {' '.join(recipe.install)} for {name}",
        )
    if script is not None:
        _run([str(python), str(script)], f"{recipe.setup} has failed on {name}")
    record.write_text(wanted, encoding="utf-8")
    return python


def _run(command: list[str], problem: str) -> None:
    """Run a command to its end. Raises NotInstalled."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotInstalled(f"{problem}: {done.stderr.strip()[-2000:]}")


def installed_versions(python: Path, recipe: Recipe) -> list[str]:
    """The names and versions of the packages that the recipe has installed, such as `coverage 7.17.5`."""
    names = list(dict.fromkeys(re.split(r"[=\[ ;]", requirement)[0] for requirement in recipe.install))
    done = subprocess.run([str(python), "-c", _VERSIONS, *names], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


# A package is missing where the marker of its requirement excludes this Python.
_VERSIONS = """
import sys
from importlib.metadata import PackageNotFoundError, version
for name in sys.argv[1:]:
    try:
        print(name, version(name))
    except PackageNotFoundError:
        pass
"""
