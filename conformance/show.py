"""`python -m conformance.show FIXTURE`: what a case shows (docs/protocol.md says what stands in it).

For whoever writes a fixture: look whether the point is really in the observation, before judging anybody by it.
"""

from __future__ import annotations

import argparse
import pprint
import sys

from . import FIXTURES, REFERENCE
from .case import CaseError, read
from .target import AgentError, BadInterpreter, CandidateError, Side, find


def main(arguments: list[str] | None = None) -> int:
    """Print the observation; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m conformance.show", description="Print the observation of a case.")
    parser.add_argument("fixture", help="its id, such as packages/nested_package_runs_main")
    parser.add_argument("--target", metavar="PYTHON", default=sys.executable, help="default: this interpreter")
    parser.add_argument("--impl", metavar="SPEC", default="oracle", help="default: the target's own runpy")
    asked = parser.parse_args(arguments)
    name = asked.fixture.removeprefix("fixtures/").removesuffix(".toml")
    path = FIXTURES / f"{name}.toml"
    try:
        if not path.is_file():
            raise CaseError(f"There is no fixture {path}.")
        case = read(path, FIXTURES)
        side = Side(find(asked.target), str(REFERENCE) if asked.impl == "reference" else asked.impl)
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


if __name__ == "__main__":
    sys.exit(main())
