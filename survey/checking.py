"""Runs the checks by hand: survey/checks/NAME.py shows each divergence without the suite.

Rules. A check knows nothing of the suite. It prints what the interpreter does and what the implementation does.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from .recipe import CHECKS, Recipe

# The levels at which each divergence has a check.
CHECKED = ("fault", "choice", "ours")


def check(recipe: Recipe, python: Path) -> int:
    """Run the script of a recipe with the interpreter of its environment; return 0 if it shows each divergence.

    The script prints, and says with its exit status if a check shows no difference. Its last line on standard error
    lists the clauses that it has shown.
    """
    script = CHECKS / f"{recipe.name}.py"
    version = subprocess.run(
        [str(python), "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    wanted = {entry.name for entry in recipe.expected if entry.verdict in CHECKED and entry.holds(version)}
    print(f"\n== {recipe.title}")
    if not script.exists():
        if wanted:
            print(f"There is no {script.name} for {', '.join(sorted(wanted))}.")
        return 1 if wanted else 0
    variables = {
        **os.environ,
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run([str(python), str(script)], env=variables, stderr=subprocess.PIPE, text=True, check=False)
    *problems, last = done.stderr.splitlines() or [""]
    shown = set(last.split())
    print("\n".join(problems), file=sys.stderr)
    for name in sorted(wanted - shown):
        print(f"not shown by hand: {name}")
    return 0 if wanted <= shown and done.returncode == 0 else 1
