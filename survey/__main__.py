"""`python -m survey NAME --target=PYTHON`: judge a real implementation, and compare with what is expected of it.

The recipe NAME.toml says what to expect, and why; the adapter NAME.py makes it a candidate. It has to be installed in
the target: `nox -s survey` does both, for every recipe on every target.

Exit status: 0 as expected, 1 something is new or gone, otherwise the suite's own.
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
    """Run the suite, and say what differs from the recipe."""
    parser = argparse.ArgumentParser(allow_abbrev=False, prog="python -m survey")
    parser.add_argument("name", choices=sorted(path.stem for path in HERE.glob("*.toml")))
    parser.add_argument("--target", required=True, metavar="PYTHON")
    asked = parser.parse_args()
    recipe = tomllib.loads((HERE / f"{asked.name}.toml").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.jsonl")
        command = [sys.executable, "-E", "-m", "conformance", f"--target={asked.target}", f"--report={report}"]
        status = subprocess.run([*command, f"--impl={HERE / recipe['impl']}"], cwd=HERE.parent, check=False).returncode
        if status not in (0, 1):
            return status
        records = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]
    return compare(recipe, records)


def compare(recipe: dict[str, Any], records: list[dict[str, Any]]) -> int:
    """Print the clauses that diverge and those that were to; 1 if these are not the same."""
    run = next(one for one in records if one["record"] == "run")
    verdicts = {one["id"]: one["verdict"] for one in records if one["record"] == "clause"}
    found = {clause for clause, verdict in verdicts.items() if verdict in ("diverges", "crashes", "hangs")}
    reasons = expected(recipe, run["target"]["version"])
    for clause in sorted(found & reasons.keys()):
        print(f"expected  {clause}: {reasons[clause]}")
    for clause in sorted(found - reasons.keys()):
        print(f"new       {clause}: {verdicts[clause]}, which the recipe does not expect")
    for clause in sorted(reasons.keys() - found):
        print(f"gone      {clause}: {verdicts.get(clause, 'no such clause here')}, but expected: {reasons[clause]}")
    return 0 if found == reasons.keys() else 1


def expected(recipe: dict[str, Any], version: str) -> dict[str, str]:
    """Clause -> why it diverges, for a version of the language."""
    return {
        clause: entry["why"]
        for entry in recipe.get("expected", [])
        if not entry.get("versions") or any(SpecifierSet(one).contains(version) for one in entry["versions"])
        for clause in entry["clauses"]
    }


if __name__ == "__main__":
    sys.exit(main())
