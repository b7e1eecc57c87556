"""Prints what a case shows (docs/protocol.md says what stands in it), or the case itself: `nox -s show -- CASE`.

For whoever mends an implementation; and for whoever writes a fixture: look whether the point is really in the
observation, before judging anybody by it.
"""

from __future__ import annotations

import pprint
import sys
from pathlib import Path

from .. import FIXTURES, HOUSE, REFERENCE
from ..cases.families import generate
from ..cases.fixtures import fixtures, read, toml
from ..cases.model import FAMILIES, Case, CaseError
from ..observation.interpreters import BadInterpreter, find
from ..observation.live import LiveSide
from ..observation.side import AgentError, CandidateError
from ..texts import never_refuse_output
from .command_line import Parser, command, where_to_find
from .kinds import did_you_mean


def main(arguments: list[str] | None = None) -> int:
    """Print the observation; the exit status."""
    never_refuse_output()
    parser = Parser("show", description="Print what a case shows: the observation of one side (docs/protocol.md).")
    parser.add_argument("fixture", metavar="CASE", help="its id, such as packages/nested_package_runs_main")
    parser.add_argument("--case", action="store_true", help="print the case itself, as a fixture, and run nothing")
    parser.take("--target", "--import-from")
    parser.take("--impl", default=None, help="the side that is to run: a candidate (default: the target's own runpy)")
    asked = parser.parse_args(arguments)
    name = asked.fixture.removeprefix("fixtures/").removesuffix(".toml")
    here = "" if Path.cwd() == HOUSE else str(Path.cwd())
    try:
        case = _case(name)
        if asked.case:
            print(toml(case), end="")
            return 0
        impl = str(REFERENCE) if asked.impl == "reference" else asked.impl or "oracle"
        import_from = asked.import_from or here
        side = LiveSide(find(asked.target), impl, import_from=import_from)
    except (CaseError, BadInterpreter) as exc:
        print(exc, file=sys.stderr)
        return 2
    try:
        missing = case.unmet(side.greeting.version, side.greeting.capabilities)
        if missing:
            print(f"The case requires {missing}, which {asked.target} does not offer.", file=sys.stderr)
            return 5
        reply = side.run(case.plain())
    except CandidateError as exc:
        print(f"{exc}{where_to_find(exc.missing, import_from)}", file=sys.stderr)
        return 3
    except AgentError as exc:
        print(exc, file=sys.stderr)
        return 4
    finally:
        side.close()
    if reply.result is None:
        print(f"No observation: {reply.status}, {reply.detail}", file=sys.stderr)
        return 1
    pprint.pp(reply.result, width=110)
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
    known = [path.relative_to(FIXTURES).with_suffix("").as_posix() for path in fixtures(FIXTURES)]
    own = [one for one in known if one.partition("/")[2] == name]  # an id without its chapter
    hint = f"; did you mean {min(own)}?" if own else did_you_mean(name, known) or ";"
    raise CaseError(f"There is no case {name}{hint} {command('list')} fixtures says which there are.")


if __name__ == "__main__":
    sys.exit(main())
