"""Makes the recordings of what CPython shows in every case (docs/recordings.md), or checks them.

usage: python -m conformance.commands.record [--check | --new] [--cases=DIR] [--target=PYTHON] ... [VERSION ...]

VERSION: 3.13, an interpreter on PATH; default: all that were recorded, and all that are found. What is not at hand
keeps its recording; with --new so does every case that has not changed, on the same build. With --check nothing is
written: on the build that a recording was made from, what every case shows now is what was recorded; on any other, that
is said, and nothing is checked. Exit status: 0, 1 drifted, 2 usage, 4 a case is not deterministic.
"""

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
from ..judge.first_difference import first_difference
from ..observation.batches import batches, run_together
from ..observation.build import build_of
from ..observation.interpreters import LANGUAGES, BadInterpreter, Target, find
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
_SHOWN = 20


class NotDeterministic(Exception):
    """A case shows something else each time: which, and in which field."""


def main(arguments: list[str] | None = None) -> int:
    """Record, or check; the exit status."""
    never_refuse_output()
    parser = argparse.ArgumentParser(
        prog="python -m conformance.commands.record",
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="\n".join(str(__doc__).splitlines()[2:]),
        usage=argparse.SUPPRESS,
    )
    parser.add_argument("versions", nargs="*", metavar="VERSION")
    parser.add_argument("--target", action="append", default=[], metavar="PYTHON")
    parser.add_argument("--cases", default=str(FIXTURES), metavar="DIR")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--new", action="store_true", help="take only cases that are new or have changed")
    parser.add_argument("--fresh", action="store_true", help="take every case in a fresh interpreter, not just some")
    asked = parser.parse_args(arguments)
    root = Path(asked.cases).resolve()
    try:
        recordings = Recordings(root / FOLDER, making=not asked.check)
        targets = _targets(asked.versions, asked.target, recordings)
        tree = cases(root)
        if asked.check:
            return _check(tree, recordings, targets)
        return _make(tree, recordings, targets, root / FOLDER, fresh=asked.fresh, new=asked.new)
    except (BadInterpreter, CaseError, RecordingError) as exc:
        print(exc, file=sys.stderr)
        return 2
    except (AgentError, NotDeterministic) as exc:
        print(exc, file=sys.stderr)
        return 4


def _targets(versions: Sequence[str], paths: Sequence[str], recordings: Recordings) -> list[Target]:
    """What was asked for; else every CPython on PATH. Raises BadInterpreter."""
    if versions or paths:
        targets = [find(path) for path in paths]
        targets += [find(one if one.startswith("python") else f"python{one}") for one in versions]
    else:
        targets = []
        for language in LANGUAGES:
            try:
                targets.append(find(f"python{language}"))
            except BadInterpreter:
                if language in recordings.builds:
                    print(f"There is no python{language} here: its recording stays as it is.", file=sys.stderr)
    other = [one.name for one in targets if one.implementation != "cpython"]
    if other or not targets:
        raise BadInterpreter(f"Recordings are made of CPython, and not of {other[0] if other else 'nothing'}.")
    return targets


def take(target: Target, build: Build, tree: Sequence[Case], *, fresh: bool | None) -> dict[str, Any]:
    """What every case shows on a target that can run it, as it is written; each taken twice, in different isolation.

    fresh: the second time in a fresh interpreter, for all; False: for some, the others in a forked process. None: once
    only, unless that failed. Raises AgentError, NotDeterministic.
    """
    side = LiveSide(target, "oracle")
    try:
        capabilities = side.greeting.capabilities
        able = [case for case in tree if not case.unmet(build.version, capabilities)]
        found = {}
        for batch in batches(able):
            for case, reply in zip(batch, run_together(side, batch), strict=True):
                found[case.id] = encode(_agreed(side, target, case, reply, fresh), build.words)
        return found
    finally:
        side.close()


def _agreed(side: Side, target: Target, case: Case, first: Reply, fresh: bool | None) -> Observation:
    """The observation in which two runs agree. first: among others, in one process."""
    if fresh is None and first.status == "done" and first.observation:
        return first.observation
    alone = side.run(case.plain(), fresh=bool(fresh) or int(case.digest, 16) % _FRESH_ONE_IN == 0)
    if alone.observation is None:
        raise AgentError(f"{case.id} on {target.name}: no observation ({alone.status} {alone.detail})")
    if alone.line != first.line:  # perhaps those before it have reached into it: that is not its own fault
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

    def one(target: Target) -> tuple[Build, dict[str, Any]]:
        build = build_of(target)
        side = LiveSide(target, "oracle")
        try:
            build = replace(build, capabilities=tuple(sorted(side.greeting.capabilities)))
        finally:
            side.close()
        keeps = new and recordings.builds.get(build.language) == build
        wanted = [case for case in tree if not (keeps and _is_recorded(recordings, case, build))]
        return build, take(target, build, wanted, fresh=fresh)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for build, found in pool.map(one, targets):
            builds[build.language], taken[build.language] = build, found
            print(f"recorded {len(found)} cases of {build}", flush=True)
    lost: dict[str, int] = {}
    entries = list(_entries(tree, recordings, builds, taken, lost))
    for language, count in sorted(lost.items()):
        print(f"{count} cases are new or have changed, and are not recorded for {language}, which is not at hand.")
    for name in recordings.unreadable:
        print(f"{name} could not be read, and holds now only what is at hand.")
    written = dict(texts(entries, builds))
    for name, text in written.items():
        _write(folder / name, text)
    for path in [*folder.glob("*.json"), *folder.glob("*/*.json")]:
        if path.relative_to(folder).as_posix() not in written:
            path.unlink()
    size = sum(len(text) for text in written.values())
    print(f"{folder}: {len(entries)} cases, {len(builds)} versions, {size / 1e6:.2f} MB")
    return 0


def _entries(
    tree: Sequence[Case],
    recordings: Recordings,
    builds: Mapping[str, Build],
    taken: Mapping[str, Mapping[str, Any]],
    lost: dict[str, int],
) -> Iterator[tuple[str, Entry]]:
    for case in tree:
        stored = {language: found[case.id] for language, found in taken.items() if case.id in found}
        before = recordings.entry(case.id)
        for language in builds.keys() - stored.keys():
            if before is not None and before.digest == case.digest:
                if language in before.languages:
                    stored[language] = before.stored(language)
            elif language not in taken and not _unmet(case, builds[language]):
                lost[language] = lost.get(language, 0) + 1
        if stored:
            yield case.id, fold_entry(case.digest, stored)


def _is_recorded(recordings: Recordings, case: Case, build: Build) -> bool:
    """Whether what a case shows on a build is known, be it that the build cannot run it."""
    before = recordings.entry(case.id)
    return (
        before is not None
        and before.digest == case.digest
        and (build.language in before.languages or bool(_unmet(case, build)))
    )


def _unmet(case: Case, build: Build) -> str:
    return case.unmet(build.version, frozenset(build.capabilities))


def _write(path: Path, text: str) -> None:
    """Write a file whole, or not at all; leave one alone that holds just that."""
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
    drifted = 0
    for target in targets:
        build = build_of(target)
        recorded = recordings.builds.get(build.language)
        if recorded is None or replace(recorded, capabilities=()) != build:
            said = f"the recording is of {recorded}" if recorded else "there is no recording"
            same_name = recorded is not None and str(recorded) == str(build)
            more = ", with other built-in or frozen modules" if same_name else ""
            print(f"{build}: not the same build, {said}{more}; nothing was checked")
            continue
        found = take(target, build, tree, fresh=None)
        shaky = {case for case, _ in _faults(tree, recordings, build, found)}
        found |= take(target, build, [case for case in tree if case.id in shaky], fresh=False)
        faults = [f"{case}: {fault}" for case, fault in _faults(tree, recordings, build, found)]
        print(f"{build}: {len(found)} cases, {len(faults)} drifted")
        for fault in faults[:_SHOWN]:
            print(f"  {fault}")
        if len(faults) > _SHOWN:
            print(f"  and {len(faults) - _SHOWN} more")
        drifted += len(faults)
    if drifted:
        print("Make them again with `nox -s record`, and look at the difference.")
    return 1 if drifted else 0


def _faults(
    tree: Sequence[Case], recordings: Recordings, build: Build, found: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """What differs from the recording: which case, and how."""
    for case in tree:
        entry = recordings.entry(case.id)
        if entry is None or entry.digest != case.digest:
            if case.id in found:
                yield case.id, "is not recorded" if entry is None else "has changed since it was recorded"
        elif (case.id in found) != (build.language in entry.languages):
            yield case.id, "is not recorded" if case.id in found else "is recorded, and is not run"
        elif case.id in found:
            stored, now = entry.stored(build.language), found[case.id]
            if stored != now:
                yield case.id, first_difference(decode(stored, build.words), decode(now, build.words))
    known = {file_of(case.id): set[str]() for case in tree}
    for case in tree:
        known[file_of(case.id)].add(case.id)
    for name, ids in known.items():
        for extra in recordings.names(name) - ids:
            yield extra, "is recorded, and is a case no more"


if __name__ == "__main__":
    sys.exit(main())
