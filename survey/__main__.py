"""`python -m survey [NAME ...]`: judges implementations by other people, and compares the results with the recipes.

The implementation of each recipe (survey/recipes/) is installed into an environment for each target, and judged there.
The divergences are compared with those that the recipe expects. The result is kept in survey/results/, and
docs/survey.md, docs/survey.html and the sentence of the README are written anew. `--check` runs the checks by hand
(survey/checks/) in the place of the suite. survey/README.md explains all of it.

Exit status: 0 all is as expected, 1 a divergence is new or no longer occurs (or a check no longer shows it), 2 usage,
3 an implementation cannot be installed or loaded, otherwise the exit status of the suite. Of several the greatest
counts. A target whose interpreter is not on this machine is left out, and named.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from conformance.report import reading

from . import pages, result
from .checking import check
from .environment import NoInterpreter, NotInstalled, environment, installed_versions
from .recipe import HERE, RECIPES, Recipe, RecipeError, names, read
from .result import OnTarget

USAGE, NOT_LOADED = 2, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge or check the recipes that the command line names, and return the exit status."""
    parser = argparse.ArgumentParser(allow_abbrev=False, prog="python -m survey")
    parser.add_argument("names", nargs="*", metavar="NAME", help="the recipes, without .toml (default: all)")
    parser.add_argument("--target", action="append", help="only this target of a recipe, such as 3.14; repeatable")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--check", action="store_true", help="run the checks by hand in the place of the suite")
    action.add_argument("--pages", action="store_true", help="write the pages from the results that are kept")
    parser.add_argument(
        "--environments",
        type=Path,
        default=HERE.parent / ".nox" / "survey",
        metavar="DIR",
        help="the folder of the environments (default: .nox/survey)",
    )
    options = parser.parse_args(arguments)
    for name in options.names:
        if name not in names():
            parser.error(f"there is no recipe {name!r}; there are {', '.join(names())}")
    try:
        chosen = [read(name) for name in options.names or names()]
    except RecipeError as problem:
        print(f"survey: {problem}", file=sys.stderr)
        return USAGE
    statuses = [0]
    for recipe in [] if options.pages else chosen:
        targets = [target for target in recipe.targets if not options.target or target in options.target]
        for target in targets[:1] if options.check else targets:
            try:
                python = environment(recipe, target, options.environments.resolve())
            except NoInterpreter as problem:
                print(f"survey: {recipe.name} is not judged on {target}: {problem}", file=sys.stderr)
            except NotInstalled as problem:
                print(f"survey: {recipe.name} on {target}: {problem}", file=sys.stderr)
                statuses.append(NOT_LOADED)
            else:
                statuses.append(check(recipe, python) if options.check else judge(recipe, target, python))
    if not options.check:
        pages.write()
    return max(statuses)


def judge(recipe: Recipe, target: str, python: Path) -> int:
    """Run the suite on a target of a recipe, keep the result, and return the exit status."""
    print(f"\n== {recipe.title} on {target}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.jsonl")
        ended = run_suite(recipe, python, report, Path(folder, "finds"))
        if ended not in (0, 1):
            print(f"survey: {recipe.name} on {target}: the suite ended with {ended}", file=sys.stderr)
            return ended
        shown = result.of(reading.read(report), installed_versions(python, recipe), python.parent.parent)
    known = {**result.read(recipe.name), target: shown}
    result.write(recipe.name, {name: known[name] for name in recipe.targets if name in known})
    return compare(recipe, shown)


def run_suite(recipe: Recipe, python: Path, report: Path, finds: Path) -> int:
    """Run the suite on one target of a recipe, and return its exit status."""
    command = [sys.executable, "-E", "-m", "conformance", "--profile=quick", f"--report={report}", f"--finds={finds}"]
    if recipe.interpreter:
        command += [f"--interpreter={recipe.interpreter.replace('{python}', str(python))}"]
    else:
        way = f"--impl={RECIPES / recipe.impl}" if recipe.impl else f"--command={recipe.command}"
        command += [f"--target={python}", way]
    return subprocess.run([*command, *recipe.cases], cwd=HERE.parent, check=False).returncode


def compare(recipe: Recipe, shown: OnTarget) -> int:
    """Print the clauses that diverge and those that are expected to.

    Return 0 if they are the same and each detail diverges at the level exact alone, else 1.
    """
    reasons, diverging = recipe.reasons(shown.language), {broken.id: broken for broken in shown.broken}
    for name in sorted(diverging.keys() & reasons.keys()):
        print(f"expected  {name} ({reasons[name].verdict}): {reasons[name].why}")
    for name in sorted(diverging.keys() - reasons.keys()):
        broken = diverging[name]
        print(f"new       {name} ({broken.level}) {broken.verdict}, which the recipe does not expect: {broken.case}")
    for name in sorted(reasons.keys() - diverging.keys()):
        print(f"gone      {name} no longer diverges, but is expected to: {reasons[name].why}")
    details = [name for name, entry in reasons.items() if entry.verdict == "detail" and name in diverging]
    counting = [name for name in details if diverging[name].level != "exact"]
    for name in counting:
        print(f"wrong     {name} is at the level {diverging[name].level}, and so no detail")
    return 0 if diverging.keys() == reasons.keys() and not counting else 1


if __name__ == "__main__":
    sys.exit(main())
