"""`python -m survey NAME --target=PYTHON`: judges an implementation by other people, and checks its known divergences.

The recipe NAME.toml lists the clauses from which the implementation is expected to diverge, each with the reason. The
adapter NAME.py makes the implementation a candidate. It must be installed in the target; `nox -s survey` installs and
judges it, for every recipe on every target.

Exit status: 0 as expected, 1 a divergence is new or no longer occurs, otherwise the exit status of the suite.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from packaging.specifiers import SpecifierSet

HERE = Path(__file__).resolve().parent


def main() -> int:
    """Run the suite, print the differences from the recipe, and return the exit status."""
    parser = argparse.ArgumentParser(allow_abbrev=False, prog="python -m survey")
    parser.add_argument("name", choices=sorted(path.stem for path in HERE.glob("*.toml")), help="the recipe")
    parser.add_argument(
        "--target", required=True, metavar="PYTHON", help="the interpreter in which the implementation is installed"
    )
    options = parser.parse_args()
    recipe = tomllib.loads((HERE / f"{options.name}.toml").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.jsonl")
        command = [sys.executable, "-E", "-m", "conformance", f"--target={options.target}", f"--report={report}"]
        status = subprocess.run([*command, f"--impl={HERE / recipe['impl']}"], cwd=HERE.parent, check=False).returncode
        if status not in (0, 1):
            return status
        records = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]
    return compare(recipe, records)


def compare(recipe: dict[str, Any], records: list[dict[str, Any]]) -> int:
    """Print the clauses that diverge, and those that should; return 0 if these are the same, else 1."""
    run = next(record for record in records if record["record"] == "run")
    verdicts = {record["id"]: record["verdict"] for record in records if record["record"] == "clause"}
    diverging = {clause for clause, verdict in verdicts.items() if verdict in ("diverges", "crashes", "hangs")}
    reasons = expected(recipe, run["target"]["version"])
    for clause in sorted(diverging & reasons.keys()):
        print(f"expected  {clause}: {reasons[clause]}")
    for clause in sorted(diverging - reasons.keys()):
        print(f"new       {clause}: {verdicts[clause]}, which the recipe does not expect")
    for clause in sorted(reasons.keys() - diverging):
        print(f"gone      {clause}: {verdicts.get(clause, 'no such clause here')}, but expected: {reasons[clause]}")
    return 0 if diverging == reasons.keys() else 1


def expected(recipe: dict[str, Any], version: str) -> dict[str, str]:
    """The clauses that are expected to diverge on a version of Python, each with the reason."""
    return {
        clause: entry["why"]
        for entry in recipe.get("expected", [])
        if not entry.get("versions")
        or any(SpecifierSet(specifier).contains(version) for specifier in entry["versions"])
        for clause in entry["clauses"]
    }


if __name__ == "__main__":
    sys.exit(main())
