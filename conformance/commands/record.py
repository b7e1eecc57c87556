"""Makes the recordings, which hold the observation of every case on each Python, or checks them (docs/recordings.md).

usage: python -m conformance.commands.record [--check | --new] [--cases=DIR] [--target=PYTHON] ... [NAME ...]

NAME is that of an interpreter on PATH, such as 3.13 or pypy3.11 (default: every known Python that is found). A Python
that is not found keeps its recording. With --new, a case that has not changed keeps its recording on the same build.
With --check nothing is written: each observation is compared with the recording if the build is the recorded one; any
other build is reported and not checked. Exit status: 0, 1 a recording differs, 2 usage error, 4 a case is not
deterministic.
"""

# Rules. This module decides what is recorded, and whether an observation is deterministic. The format of recordings is
# in `observation/recording`.
#
# Theory of operation. `take` runs each case of a target in a batch and again by itself, some cases in a fresh
# interpreter; both observations must agree. `_make` does this for all targets at the same time, keeps the recordings of
# interpreters that are not found, and writes only files that change. `_check` runs every case once, and repeats those
# that differ before it reports them.

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import FIXTURES
from ..agent.messages import Observation
from ..cases.model import Case, CaseError
from ..cases.tree import cases
from ..clauses.pythons import TARGETS
from ..judge.first_difference import first_difference
from ..observation.batches import batches, run_together
from ..observation.build import build_of
from ..observation.interpreters import LANGUAGES, BadInterpreter, Target, all_found, command_of, find
from ..observation.live import LiveSide
from ..observation.recording import (
    FOLDER,
    Build,
    Entry,
    RecordingError,
    Recordings,
    decode,
    encode,
    file_of,
    fold_entry,
    texts,
)
from ..observation.side import AgentError, Reply, Side
from ..texts import never_refuse_output

_FRESH_ONE_IN = 16
_MOST_SHOWN = 20  # differences


class NotDeterministic(Exception):
    """A case whose observation differs from run to run; the text names the case and the field."""


def main(arguments: list[str] | None = None) -> int:
    """Record or check, and return the exit status."""
    never_refuse_output()
    parser = argparse.ArgumentParser(
        prog="python -m conformance.commands.record",
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="\n".join(str(__doc__).splitlines()[2:]),
        usage=argparse.SUPPRESS,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="record only these Pythons")
    parser.add_argument("--target", action="append", default=[], metavar="PYTHON", help="an interpreter; repeatable")
    parser.add_argument(
        "--cases", default=str(FIXTURES), metavar="DIR", help="the folder of the cases (default: the suite's fixtures)"
    )
    parser.add_argument("--check", action="store_true", help="write nothing, and compare with the recordings")
    parser.add_argument("--new", action="store_true", help="record only cases that are new or have changed")
    parser.add_argument("--fresh", action="store_true", help="run every case in a fresh interpreter, and not only some")
    options = parser.parse_args(arguments)
    root = Path(options.cases).resolve()
    try:
        recordings = Recordings(root / FOLDER, making=not options.check)
        targets = _targets(options.names, options.target, recordings)
        tree = cases(root)
        if options.check:
            return _check(tree, recordings, targets)
        return _make(tree, recordings, targets, root / FOLDER, fresh=options.fresh, new=options.new)
    except (BadInterpreter, CaseError, RecordingError) as exc:
        print(exc, file=sys.stderr)
        return 2
    except (AgentError, NotDeterministic) as exc:
        print(exc, file=sys.stderr)
        return 4


def _targets(names: Sequence[str], paths: Sequence[str], recordings: Recordings) -> list[Target]:
    """The interpreters to record: the given ones, or else every known Python on PATH. Raises BadInterpreter."""
    if names or paths:
        return [find(path) for path in paths] + [find(command_of(name)) for name in names]
    found = all_found(dict.fromkeys((*LANGUAGES, *TARGETS)))
    for python in recordings.builds:
        if python not in found:
            print(f"There is no {command_of(python)} here; its recording stays as it is.", file=sys.stderr)
    if not found:
        raise BadInterpreter("There is no Python here to record: no python3.8, python3.9 ... on PATH.")
    return [*found.values()]


def take(target: Target, build: Build, tree: Sequence[Case], *, fresh: bool | None) -> dict[str, Any]:
    """The encoded observations of all cases that a target can run, by id. Each case runs twice, in different isolation.

    fresh: True to run every case a second time in a fresh interpreter; False for only some of them, and the others in a
    forked process; None to run each case once, unless the first run fails. Raises AgentError, NotDeterministic.
    """
    side = LiveSide(target, "oracle")
    try:
        capabilities = side.greeting.capabilities
        runnable = [case for case in tree if not case.unmet(build.version, capabilities)]
        observations = {}
        for batch in batches(runnable):
            for case, reply in zip(batch, run_together(side, batch), strict=True):
                observations[case.id] = encode(_agreed(side, target, case, reply, fresh), build.words)
        return observations
    finally:
        side.close()


def _agreed(side: Side, target: Target, case: Case, first: Reply, fresh: bool | None) -> Observation:
    """The observation in which two runs of a case agree. first: the reply of the run in a batch."""
    if fresh is None and first.status == "done" and first.observation:
        return first.observation
    alone = side.run(case.plain(), fresh=bool(fresh) or int(case.digest, 16) % _FRESH_ONE_IN == 0)
    if alone.observation is None:
        raise AgentError(f"{case.id} on {target.name}: no observation ({alone.status} {alone.detail})")
    if alone.line != first.line:  # an earlier case of the batch may have had an effect on it
        again = side.run(case.plain(), fresh=True)
        difference = first_difference(alone.observation, again.observation)
        if difference:
            raise NotDeterministic(f"{case.id} on {target.name} shows something else each time: {difference}")
    return alone.observation


def _make(
    tree: Sequence[Case],
    recordings: Recordings,
    targets: Sequence[Target],
    folder: Path,
    *,
    fresh: bool,
    new: bool,
) -> int:
    builds = dict(recordings.builds)
    taken: dict[str, dict[str, Any]] = {}

    def record(target: Target) -> tuple[Build, dict[str, Any]]:
        build = build_of(target)
        side = LiveSide(target, "oracle")
        try:
            build = replace(build, capabilities=tuple(sorted(side.greeting.capabilities)))
        finally:
            side.close()
        keeps_recordings = new and recordings.builds.get(build.python) == build
        to_record = [case for case in tree if not (keeps_recordings and _is_recorded(recordings, case, build))]
        return build, take(target, build, to_record, fresh=fresh)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for build, observations in pool.map(record, targets):
            builds[build.python], taken[build.python] = build, observations
            print(f"recorded {len(observations)} cases of {build}", flush=True)
    lost: dict[str, int] = {}
    entries = list(_entries(tree, recordings, builds, taken, lost))
    for python, count in sorted(lost.items()):
        print(f"{count} cases are new or have changed and are not recorded for {python}, which is not found here.")
    for name in recordings.unreadable:
        print(f"{name} could not be read; it now has only the recordings of the interpreters that are found here.")
    written = dict(texts(entries, builds))
    for name, text in written.items():
        _write(folder / name, text)
    for path in [*folder.glob("*.json"), *folder.glob("*/*.json")]:
        if path.relative_to(folder).as_posix() not in written:
            path.unlink()
    size = sum(len(text) for text in written.values())
    print(f"{folder}: {len(entries)} cases, {len(builds)} Pythons, {size / 1e6:.2f} MB")
    return 0


def _entries(
    tree: Sequence[Case],
    recordings: Recordings,
    builds: Mapping[str, Build],
    taken: Mapping[str, Mapping[str, Any]],
    lost: dict[str, int],
) -> Iterator[tuple[str, Entry]]:
    for case in tree:
        stored = {python: observations[case.id] for python, observations in taken.items() if case.id in observations}
        before = recordings.entry(case.id)
        for python in builds.keys() - stored.keys():
            if before is not None and before.digest == case.digest:
                if python in before.pythons:
                    stored[python] = before.stored(python)
            elif python not in taken and not _unmet(case, builds[python]):
                lost[python] = lost.get(python, 0) + 1
        if stored:
            yield case.id, fold_entry(case.digest, stored)


def _is_recorded(recordings: Recordings, case: Case, build: Build) -> bool:
    """True if the recordings cover a case on a build: it is recorded, or the build cannot run it."""
    before = recordings.entry(case.id)
    return (
        before is not None
        and before.digest == case.digest
        and (build.python in before.pythons or bool(_unmet(case, build)))
    )


def _unmet(case: Case, build: Build) -> str:
    return case.unmet(build.version, frozenset(build.capabilities))


def _write(path: Path, text: str) -> None:
    """Write a file completely or not at all; do not touch a file that already has this text."""
    if path.exists() and path.read_text("utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with open(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _check(tree: Sequence[Case], recordings: Recordings, targets: Sequence[Target]) -> int:
    total = 0
    for target in targets:
        build = build_of(target)
        recorded = recordings.builds.get(build.python)
        if recorded is None or replace(recorded, capabilities=()) != build:
            reason = f"the recording is of {recorded}" if recorded else "there is no recording"
            same_name = recorded is not None and str(recorded) == str(build)
            detail = ", with other built-in or frozen modules" if same_name else ""
            print(f"{build}: not the same build, {reason}{detail}; nothing was checked")
            continue
        observations = take(target, build, tree, fresh=None)
        changed = {case for case, _ in _differences(tree, recordings, build, observations)}
        observations |= take(target, build, [case for case in tree if case.id in changed], fresh=False)
        differences = [
            f"{case}: {difference}" for case, difference in _differences(tree, recordings, build, observations)
        ]
        print(f"{build}: {len(observations)} cases, {len(differences)} differ")
        for difference in differences[:_MOST_SHOWN]:
            print(f"  {difference}")
        if len(differences) > _MOST_SHOWN:
            print(f"  and {len(differences) - _MOST_SHOWN} more")
        total += len(differences)
    if total:
        print("Make the recordings again with `nox -s record`, and look at the difference.")
    return 1 if total else 0


def _differences(
    tree: Sequence[Case], recordings: Recordings, build: Build, observations: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """The differences from the recording, each with the id of its case."""
    for case in tree:
        entry = recordings.entry(case.id)
        if entry is None or entry.digest != case.digest:
            if case.id in observations:
                yield case.id, "is not recorded" if entry is None else "has changed since it was recorded"
        elif (case.id in observations) != (build.python in entry.pythons):
            yield case.id, "is not recorded" if case.id in observations else "is recorded but not run"
        elif case.id in observations:
            stored, now = entry.stored(build.python), observations[case.id]
            if stored != now:
                yield case.id, first_difference(decode(stored, build.words), decode(now, build.words))
    known = {file_of(case.id): set[str]() for case in tree}
    for case in tree:
        known[file_of(case.id)].add(case.id)
    for name, ids in known.items():
        for extra in recordings.names(name) - ids:
            yield extra, "is recorded but no longer a case"


if __name__ == "__main__":
    sys.exit(main())
