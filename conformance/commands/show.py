"""`python -m conformance.commands.show CASE`: what a case shows (docs/protocol.md says what stands in it), or the case itself.

For whoever mends an implementation; and for whoever writes a fixture: look whether the point is really in the
observation, before judging anybody by it.
"""

from __future__ import annotations

import argparse
import pprint
import sys
from pathlib import Path

from .. import FIXTURES, HOUSE, REFERENCE
from ..cases.families import generate
from ..cases.fixtures import read, toml
from ..cases.model import FAMILIES, Case, CaseError
from ..observation.interpreters import BadInterpreter, find
from ..observation.live import LiveSide
from ..observation.side import AgentError, CandidateError
from ..report.texts import never_refuse_output


def main(arguments: list[str] | None = None) -> int:
    """Print the observation; the exit status."""
    never_refuse_output()
    parser = argparse.ArgumentParser(
        prog=f"python -m {__package__}.show", description="Print the observation of a case."
    )
    parser.add_argument("fixture", help="its id, such as packages/nested_package_runs_main")
    parser.add_argument("--case", action="store_true", help="print the case itself, as a fixture, and run nothing")
    parser.add_argument("--target", metavar="PYTHON", default=sys.executable, help="default: this interpreter")
    parser.add_argument("--impl", metavar="SPEC", default="oracle", help="default: the target's own runpy")
    parser.add_argument("--import-from", metavar="DIR", default="", help="default: where you stand")
    asked = parser.parse_args(arguments)
    name = asked.fixture.removeprefix("fixtures/").removesuffix(".toml")
    here = "" if Path.cwd() == HOUSE else str(Path.cwd())
    try:
        case = _case(name)
        if asked.case:
            print(toml(case), end="")
            return 0
        impl = str(REFERENCE) if asked.impl == "reference" else asked.impl
        side = LiveSide(find(asked.target), impl, import_from=asked.import_from or here)
    except (CaseError, BadInterpreter) as exc:
        print(exc, file=sys.stderr)
        return 2
    try:
        missing = case.unmet(side.greeting.version, side.greeting.capabilities)
        if missing:
            print(f"The case requires {missing}, which {asked.target} does not offer.", file=sys.stderr)
            return 5
        reply = side.run(case.plain())
    except (CandidateError, AgentError) as exc:
        print(exc, file=sys.stderr)
        return 3 if isinstance(exc, CandidateError) else 4
    finally:
        side.close()
    if reply.observation is None:
        print(f"No observation: {reply.status}, {reply.detail}", file=sys.stderr)
        return 1
    pprint.pp(reply.observation, width=110)
    return 0


def _case(name: str) -> Case:
    """The case of that id: a fixture, or one that a family enumerates. Raises CaseError."""
    path = FIXTURES / f"{name}.toml"
    if path.is_file():
        return read(path, FIXTURES)
    if name.startswith(f"{FAMILIES}/"):
        for case in generate(FIXTURES):
            if case.id == name:
                return case
    raise CaseError(f"There is no case {name}.")


if __name__ == "__main__":
    sys.exit(main())
