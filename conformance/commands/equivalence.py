"""`nox -s equivalence`: compares what a program sees under a command and under a function of `runpy`.

usage: python -m conformance.commands.equivalence [--impl=SPEC] [--target=PYTHON] [--import-from=DIR]

The commands are `python -m NAME` and `python FILE`, the functions `run_module` and `run_path`. The library reference
calls them equivalent. All in which they differ is in a table (docs/equivalence.md): a difference that is not in it is
printed and fails, and so does a row of the table that no case shows, unless --impl names another implementation than
CPython's own. If --impl names a callable, it is a run_module, and that alone is compared. Exit status: 0, 1 a
difference, 2 usage error, 3 the candidate cannot be loaded, 4 the suite itself failed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence

from .. import FIXTURES, REFERENCE
from ..agent import COMMAND, MARKS, MODULE, PATH
from ..cases.launched import launched, launched_paths
from ..cases.model import Case, CaseError
from ..clauses import Level
from ..clauses.equivalence import KnownDifference, known_differences
from ..clauses.sources import markdown
from ..judge.expected import Expected
from ..judge.trial import Trial
from ..observation.agent_process import AGENT
from ..observation.batches import batches
from ..observation.interpreters import BadInterpreter, Target, find
from ..observation.live import LiveSide
from ..observation.side import AgentError, CandidateError
from ..report import records
from ..report.values import shown
from ..search.examine import Examiner, SmokeFailed
from ..texts import never_refuse_output, visible
from .command_line import Parser, import_hint

_RUNNER = AGENT.with_name("by_function.py")
_FUNCTIONS = {MODULE: "run_module", PATH: "run_path"}


def compare(
    target: Target, impl: str = "runpy", import_from: str = "", kind: str = MODULE, every: int = 1
) -> list[Trial]:
    """The trials of the cases of a kind in which the two can be compared: all, or every so many-th as a sample.

    Raises CandidateError, AgentError, CaseError.
    """
    words = ["{python}", str(_RUNNER), import_from, impl, _FUNCTIONS[kind], MARKS[kind], "{args}"]
    oracle = LiveSide(target, "oracle")
    candidate = LiveSide(target, COMMAND + json.dumps({kind: words}))
    try:
        effects = [effect for known in _known(kind) for effect in known.effects]
        examiner = Examiner(oracle, candidate, Level.EXACT, Expected(effects))
        examiner.smoke(frozenset((kind,)))
        return [trial for batch in batches(_cases(kind)[::every]) for trial in examiner.run_all(batch)]
    finally:
        oracle.close()
        candidate.close()


def _cases(kind: str) -> Sequence[Case]:
    return launched(FIXTURES) if kind == MODULE else launched_paths(FIXTURES)


def _known(kind: str) -> list[KnownDifference]:
    """The known differences that programs of a kind show."""
    return [known for known in known_differences() if kind in known.of]


def unshown(trials: Sequence[Trial], kind: str = MODULE) -> list[str]:
    """The ids of the known differences between programs of a kind that no trial shows."""
    seen = {name for trial in trials for name in trial.known}
    return [known.id for known in _known(kind) if known.id not in seen]


def complaints(trials: Sequence[Trial]) -> Iterator[str]:
    """The differences that are not in the table, a line each."""
    for trial in trials:
        for divergence in records.trial_record(trial)["divergences"]:
            if divergence["cause"]:
                place, ours, theirs = shown(divergence)
                yield f"{trial.case.id}: {divergence['where']}{place}: the command {ours}, the function {theirs}"


def main(arguments: list[str] | None = None) -> int:
    """Compare, and return the exit status."""
    never_refuse_output()
    parser = Parser("equivalence", description="Compare what a program sees under a command and under a function.")
    parser.add_options("--impl", default="runpy", help="the implementation (default: the interpreter's own)")
    parser.add_options("--target", "--import-from")
    options = parser.parse_args(arguments)
    is_ours = options.impl == "reference"
    impl, import_from = (REFERENCE.name, str(REFERENCE.parent)) if is_ours else (options.impl, options.import_from)
    try:
        target = find(options.target)
        trials = {MODULE: compare(target, impl, import_from)}
        if ":" not in impl:
            trials[PATH] = compare(target, impl, import_from, PATH)
    except (BadInterpreter, CaseError) as exc:
        print(exc, file=sys.stderr)
        return 2
    except CandidateError as exc:
        print(f"{exc}{import_hint(exc.missing, options.import_from)}", file=sys.stderr)
        return 3
    except SmokeFailed as exc:
        print(exc, file=sys.stderr)
        return 3
    except AgentError as exc:
        print(exc, file=sys.stderr)
        return 4
    wrong = [line for of_kind in trials.values() for line in complaints(of_kind)]
    if impl == "runpy" and target.implementation == "cpython":
        lost = [name for kind, of_kind in trials.items() for name in unshown(of_kind, kind)]
        wrong += [f"{name}: the table has this difference, and no case shows it" for name in lost]
    for line in wrong:
        print(visible(line))
    ran = sum(trial.verdict != "not-run" for of_kind in trials.values() for trial in of_kind)
    print(f"{ran} programs compared; {len(wrong)} differences that are not in docs/equivalence.md")
    return 1 if wrong else 0


def page() -> str:
    """docs/equivalence.md: the table of differences."""
    return (
        "# Commands and functions\n\n"
        "Generated from `conformance/clauses/equivalence.toml` by `nox -s docs`; change it there.\n\n"
        "The library reference calls `python -m NAME` and `run_module` equivalent (the clause\n"
        "[M-AS-RUN-MODULE](specification.md#m-as-run-module)), and says that `run_path` takes what `python FILE`\n"
        "takes (the clause [S-AS-RUN-PATH](specification.md#s-as-run-path)). These tables have all in which a program\n"
        f"sees a difference. `nox -s equivalence` runs {len(_cases(MODULE))} programs by module and\n"
        f"{len(_cases(PATH))} by path, in both ways, and fails if something else differs; with `-- --impl=mypkg` it\n"
        "runs them by another implementation.\n\n"
        "## `python -m NAME` and `run_module(NAME, run_name='__main__', alter_sys=True)`\n\n"
        f"| under `python -m` | source |\n|---|---|\n{_rows(MODULE)}\n"
        "## `python FILE` and `run_path(FILE, run_name='__main__')`\n\n"
        "The function gets the full path, which is what the command makes of the path since Python 3.9.\n\n"
        f"| under `python FILE` | source |\n|---|---|\n{_rows(PATH)}"
    )


def _rows(kind: str) -> str:
    return "".join(f"| {known.what} | {markdown(known.source)} |\n" for known in _known(kind))


if __name__ == "__main__":
    sys.exit(main())
