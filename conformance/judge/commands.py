"""Two runs of a command, side by side: what the program told, how the process ended, and what it left.

Rules. What a launcher does beside running the program is not judged: its own lines on standard output and standard
error, its own files, and its own entries of `sys.path`. So the oracle's lines have to be among the candidate's, in
their order; a run that judges the output as well asks for equal lines.
"""

from __future__ import annotations

import difflib
import os.path
from collections.abc import Iterator, Sequence
from typing import Any

from ..agent import SPECIALS
from ..agent.messages import CommandObservation, Telling
from .context import Place, StepContext
from .descriptions import ABSENT
from .divergence import Found

_FACTS = ("keys", "main", "entry", "argv0", "argv", "path0", "path", "cwd")
_WORDS = {
    "main": "the program's namespace is that of sys.modules['__main__']",
    "entry": "the entry of sys.modules under the name of the spec",
    "argv0": "sys.argv[0]",
    "argv": "sys.argv",
    "path0": "sys.path[0]",
    "path": "the entries of sys.path in the world",
    "keys": "the names in the namespace",
    "cwd": "the current folder",
}
# Tellings of one step are this far apart, as far as the order of differences goes.
_STRIDE = 100
_STATUS, _TRACEBACK, _STDERR, _STDOUT, _FILES, _ENDED = range(1_000_000, 1_000_006)


def compare_command(step: StepContext, *, all_output: bool = False) -> Iterator[Found]:
    """The differences between the two runs of a command. all_output: what a launcher prints of its own counts, too."""
    oracle, candidate = step.oracle["command"], step.candidate["command"]
    yield from _compare_tellings(step, oracle, candidate)
    phase = "resolve" if _is_refusal(oracle) else "execute"
    yield from step.compare(
        Place(_STATUS, phase), "process.status", "how the process ends", oracle["ending"], candidate["ending"]
    )
    yield from _compare_tracebacks(step, Place(_TRACEBACK, phase), oracle["tracebacks"], candidate["tracebacks"])
    for index, field, name in (
        (_STDERR, "process.stderr", "standard error"),
        (_STDOUT, "process.stdout", "standard output"),
    ):
        ours, theirs = (side["stderr" if index == _STDERR else "stdout"] for side in (oracle, candidate))
        yield from _compare_lines(step, Place(index, phase), field, name, ours, theirs, all_lines=all_output)
    for name in oracle["files"]:
        if name not in candidate["files"]:
            yield step.found(Place(_FILES, phase), "process.files", "missing", f"the file {name}", "written", ABSENT)


def _programs(observation: CommandObservation) -> list[Telling]:
    return [telling for telling in observation["told"] if telling["event"] == "program"]


def _is_refusal(observation: CommandObservation) -> bool:
    """True if the interpreter has said that it does not run the program."""
    return any(line.startswith("<python>: ") for line in observation["stderr"])


def _compare_tellings(step: StepContext, oracle: CommandObservation, candidate: CommandObservation) -> Iterator[Found]:
    programs, others = _programs(oracle), _programs(candidate)
    pairs, differences = _paired(programs, others)
    for number, ours, theirs in pairs:
        yield from _compare_programs(step, number, ours, theirs)
    for number, kind, ours, theirs in differences:
        place = Place(number * _STRIDE, "execute")
        failed = _failing(candidate, str(ours)) if kind == "missing" else None
        if failed is None:
            yield step.found(place, "program.runs", kind, "the code that runs and tells", ours, theirs)
        else:
            yield step.found(place, "program.told", "value", f"{ours}: what it tells", "told", failed)
    ended, other_ended = (
        next((telling for telling in side["told"] if telling["event"] == "ended"), None) for side in (oracle, candidate)
    )
    if ended is not None and other_ended is not None:
        for part in ("keys", "main", "argv"):
            where = f"at exit: {_WORDS[part]}"
            place = Place(_ENDED, "restore")
            if part == "keys":
                yield from _compare_keys(step, place, "ended.keys", where, ended["keys"], other_ended["keys"])
            else:
                yield from step.compare(place, f"ended.{part}", where, ended[part], other_ended[part])


def _paired(
    programs: Sequence[Telling], others: Sequence[Telling]
) -> tuple[list[tuple[int, Telling, Telling]], list[tuple[int, str, Any, Any]]]:
    """The tellings of both sides that belong together, and those that have no counterpart, each with its number."""
    ours, theirs = ([_runner(telling) for telling in side] for side in (programs, others))
    pairs: list[tuple[int, Telling, Telling]] = []
    differences: list[tuple[int, str, Any, Any]] = []
    for tag, start, end, other_start, other_end in difflib.SequenceMatcher(None, ours, theirs, False).get_opcodes():
        both = min(end - start, other_end - other_start)
        for number in range(both):
            first, second = start + number, other_start + number
            pairs.append((first, programs[first], others[second]))
            if tag != "equal" and not _is_same(programs[first], others[second]):
                differences.append((first, "value", ours[first], theirs[second]))
        differences += [(number, "missing", ours[number], ABSENT) for number in range(start + both, end)]
        differences += [(start, "extra", ABSENT, theirs[number]) for number in range(other_start + both, other_end)]
    return pairs, differences


def _is_same(telling: Telling, other: Telling) -> bool:
    """True if both are of one file, and only the file names in their code differ."""
    first, second = (shown["specials"].get("__file__") for shown in (telling, other))
    return _is_one_file(first, second) and _is_import(telling) == _is_import(other)


def _is_named_by_its_code(telling: Telling) -> bool:
    """True if the file name in the code is the `__file__`: then two sides differ in that, and in nothing else."""
    return bool(telling["file"] == telling["specials"].get("__file__"))


def _is_one_file(first: Any, second: Any) -> bool:
    """True for two paths that are equal, or that lead to the same file, one from the root and one from a folder."""
    if not isinstance(first, str) or not isinstance(second, str):
        return False
    first, second = sorted(map(os.path.normpath, (first, second)), key=len, reverse=True)
    return first == second or (not second.startswith(("/", "<")) and first.endswith(f"/{second}"))


def _is_import(telling: Telling) -> bool:
    return telling["entry"] == "own" and telling["specials"].get("__name__") != "__main__"


def _runner(telling: Telling) -> str:
    """The file of the code that tells; of an import, the text says so."""
    return f"import of {telling['file']}" if _is_import(telling) else telling["file"]


def _failing(observation: CommandObservation, file: str) -> list[str] | None:
    """The traceback of a program's file, which ran and failed before it told anything; None if there is none."""
    for traceback in observation["tracebacks"]:
        if any(_below_the_root(line).startswith(f"{_below_the_root(file)}, ") for line in traceback):
            return traceback
    return None


def _below_the_root(line: str) -> str:
    """A path, or the line of a frame, from the root of the world on: a launcher may name a file by a relative path."""
    return line.removeprefix("<root>/").removeprefix("./")


def _compare_programs(step: StepContext, number: int, oracle: Telling, candidate: Telling) -> Iterator[Found]:
    first = number * _STRIDE + 1
    who = f"{oracle['file']}: "
    specials, others = oracle["specials"], candidate["specials"]
    if _is_same(oracle, candidate) and not all(map(_is_named_by_its_code, (oracle, candidate))):
        place = Place(first - 1, "load code")
        where = f"{who}the file name in the code"
        yield from step.compare(place, "program.code", where, oracle["file"], candidate["file"])
    for index, name in enumerate(SPECIALS, first):
        ours, theirs = specials.get(name, ABSENT), others.get(name, ABSENT)
        yield from step.compare(Place(index, "prepare"), f"program.{name}", f"{who}{name}", ours, theirs)
    for index, part in enumerate(_FACTS, first + len(SPECIALS)):
        place, where = Place(index, "prepare"), f"{who}{_WORDS[part]}"
        if part == "keys":
            yield from _compare_keys(step, place, "program.keys", where, oracle["keys"], candidate["keys"])
        elif part == "argv0":
            yield from step.compare(place, "program.argv0", where, _first(oracle), _first(candidate))
        elif part == "argv":
            if _first(oracle) != "-m" or _first(candidate) == "-m":  # else the launcher has not set it yet
                yield from step.compare(place, "program.argv", f"{who}sys.argv[1:]", _rest(oracle), _rest(candidate))
        else:
            yield from step.compare(place, f"program.{part}", where, oracle.get(part), candidate.get(part))
    place = Place(first + len(SPECIALS) + len(_FACTS), "prepare")
    for kind, field, where in (("flags", "program.flags", "sys.flags."), ("told", "program.told", "it tells ")):
        facts, other_facts = oracle.get(kind, {}), candidate.get(kind, {})
        assert isinstance(facts, dict)
        assert isinstance(other_facts, dict)
        for key in sorted(facts.keys() | other_facts.keys()):
            ours, theirs = facts.get(key, ABSENT), other_facts.get(key, ABSENT)
            yield from step.compare(place, field, f"{who}{where}{key}", ours, theirs)
        place = Place(place.index + 1, "execute")


def _first(telling: Telling) -> Any:
    """The first element of sys.argv; what sys.argv is, if it is no list or has none."""
    argv = telling["argv"]
    return argv[0] if isinstance(argv, list) and argv else argv


def _rest(telling: Telling) -> Any:
    argv = telling["argv"]
    return argv[1:] if isinstance(argv, list) else []


def _compare_keys(
    step: StepContext, place: Place, field: str, where: str, oracle: Sequence[str], candidate: Sequence[str]
) -> Iterator[Found]:
    for key in sorted({*oracle} - {*candidate}):
        yield step.found(place, field, "missing", where, key, ABSENT)
    for key in sorted({*candidate} - {*oracle}):
        yield step.found(place, field, "extra", where, ABSENT, key)


def _compare_tracebacks(
    step: StepContext, place: Place, oracle: Sequence[list[str]], candidate: Sequence[list[str]]
) -> Iterator[Found]:
    ours, theirs = ([list(map(_below_the_root, lines)) for lines in side] for side in (oracle, candidate))
    lost = [oracle[ours.index(lines)] for lines in _not_among(ours, theirs)]
    if lost:
        left = [candidate[theirs.index(lines)] for lines in _not_among(theirs, ours)]
        kind = "value" if left else "missing"
        shown = left[0] if left else ABSENT
        yield step.found(place, "process.traceback", kind, "the traceback on standard error", lost[0], shown)


def _compare_lines(
    step: StepContext,
    place: Place,
    field: str,
    name: str,
    oracle: list[str],
    candidate: list[str],
    *,
    all_lines: bool,
) -> Iterator[Found]:
    lost = _not_among(oracle, candidate)
    if lost and oracle.count(lost[0]) <= candidate.count(lost[0]):
        ours, theirs = [line for line in oracle if line in candidate], [line for line in candidate if line in oracle]
        yield step.found(place, field, "value", f"the order of the lines of {name}", ours, theirs)
    elif lost:
        nearest = difflib.get_close_matches(lost[0], _not_among(candidate, oracle), 1)
        line = nearest[0] if nearest else ABSENT
        yield step.found(place, field, "value" if nearest else "missing", f"a line of {name}", lost[0], line)
    elif all_lines and oracle != candidate:
        extra = _not_among(candidate, oracle)
        yield step.found(place, field, "extra", f"a line of {name}", ABSENT, extra[0] if extra else candidate)


def _not_among(items: Sequence[Any], others: Sequence[Any]) -> list[Any]:
    """The items that are not among others, in the same order."""
    lost = []
    remaining = list(others)
    for item in items:
        if item in remaining:
            del remaining[: remaining.index(item) + 1]
        else:
            lost.append(item)
    return lost
