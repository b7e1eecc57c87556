"""`nox -s show -- CASE`: prints the observation of a case (docs/protocol.md), or with --case the case itself.

For people who mend an implementation, and for authors of fixtures, who see here if the observation has the point of
their fixture.
"""

from __future__ import annotations

import pprint
import sys
from pathlib import Path

from .. import FIXTURES, HOUSE, REFERENCE
from ..cases.fixtures import fixtures, read, toml
from ..cases.model import FAMILIES, Case, CaseError
from ..cases.tree import generated
from ..observation.interpreters import BadInterpreter, find
from ..observation.live import LiveSide
from ..observation.side import AgentError, CandidateError
from ..texts import never_refuse_output
from .command_line import Parser, command, import_hint
from .kinds import did_you_mean
from .launchers import side_of


def main(arguments: list[str] | None = None) -> int:
    """Print the observation, and return the exit status."""
    never_refuse_output()
    parser = Parser("show", description="Print the observation of a case on one side (docs/protocol.md).")
    parser.add_argument("fixture", metavar="CASE", help="the id of the case, such as packages/nested_package_runs_main")
    parser.add_argument("--case", action="store_true", help="print the case itself as a fixture; nothing is run")
    parser.add_options(
        "--target", help="the interpreter in which the case runs (default: the Python that runs the suite)"
    )
    parser.add_options("--import-from")
    parser.add_options("--impl", default=None, help="the side to run: a candidate (default: the target's own runpy)")
    parser.add_options(
        "--command", default="", help="the command to run, for a case of `python -m` (default: python -m)"
    )
    parser.add_options(
        "--command-path", default="", help="the command to run, for a case of `python FILE` (default: python)"
    )
    options = parser.parse_args(arguments)
    name = options.fixture.removeprefix("fixtures/").removesuffix(".toml")
    here = "" if Path.cwd() == HOUSE else str(Path.cwd())
    try:
        case = _case(name)
        if options.case:
            print(toml(case), end="")
            return 0
        impl = str(REFERENCE) if options.impl == "reference" else options.impl or "oracle"
        if options.command or options.command_path:
            impl = side_of(options.command, options.command_path)
        import_from = options.import_from or here
        side = LiveSide(find(options.target), impl, import_from=import_from)
    except (CaseError, BadInterpreter) as exc:
        print(exc, file=sys.stderr)
        return 2
    try:
        missing = case.unmet(side.greeting.version, side.greeting.capabilities)
        if missing:
            print(f"The case requires {missing}, which {options.target} does not offer.", file=sys.stderr)
            return 5
        reply = side.run(case.plain())
    except CandidateError as exc:
        print(f"{exc}{import_hint(exc.missing, import_from)}", file=sys.stderr)
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
    """The case with this id: a fixture, or a case of a family. Raises CaseError."""
    path = FIXTURES / f"{name}.toml"
    if path.is_file():
        return read(path, FIXTURES)
    if name.startswith(f"{FAMILIES}/"):
        for case in generated(FIXTURES, name.__eq__):
            if case.id == name:
                return case
    known = [path.relative_to(FIXTURES).with_suffix("").as_posix() for path in fixtures(FIXTURES)]
    same_name = [case for case in known if case.partition("/")[2] == name]  # the user left out the chapter
    hint = f"; did you mean {min(same_name)}?" if same_name else did_you_mean(name, known) or ";"
    raise CaseError(f"There is no case {name}{hint} `{command('list')} fixtures` lists them.")


if __name__ == "__main__":
    sys.exit(main())
