"""Writes the whole tree of cases out as a product by itself, for harnesses that know nothing of this suite.

usage: python -m conformance.commands.export [--versions=3.13] [--cases=DIR] [FOLDER | FILE.zip | FILE.tar.gz]

FOLDER: a new or empty one, build/fixtures of the repository if none is given. A name that ends in .zip, .tar.gz or .tgz
makes one compressed file. docs/exported-tree.md, which is put into it, says what stands there. Deterministic to the
byte. Exit status: 0, 2 usage, 4 it could not be written, 130 interrupted; but for 0, nothing is left.
"""

from __future__ import annotations

import argparse
import base64
import itertools
import json
import posixpath
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import FIXTURES, HOUSE, __version__
from ..agent import world
from ..cases.model import Case, CaseError, Recipe
from ..cases.tree import cases
from ..clauses import FREE_FIELDS, registry
from ..judge.owners import OWNERS
from ..observation.agent_process import AGENT
from ..observation.interpreters import BadInterpreter, Target, find
from ..observation.recording import FOLDER, Build, Observation, RecordingError, Recordings, decode
from ..observation.side import AgentError
from .destination import DestinationError, check_room, content_size, destination, megabytes

SCHEMA = 2
ROOT = "/runpy-conformance"  # where compiled files say that their sources lie
INDEX = "index.json"
_DOCUMENTS = {
    "README.md": "exported-tree.md",
    "observation.md": "observation.md",
    "schema.json": "exported-tree.schema.json",
}
_DEFAULT = HOUSE / "build" / "fixtures"
_LARGE = 50_000_000  # bytes on the disk, from which on it is said how to have fewer
_LONGEST = 100
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")


class VersionError(Exception):
    """There is nothing to export for a version; the sentence says which there are."""


def main(arguments: list[str] | None = None) -> int:
    """Export; the exit status."""
    asked = _parser().parse_args(arguments)
    standing = Path(asked.standing_in)
    root = (standing / asked.cases).resolve()
    place = destination(standing.absolute() / asked.folder if asked.folder else _DEFAULT)
    if not asked.folder:
        print(f"No folder was named: {place.path} is taken.")
        _DEFAULT.parent.mkdir(exist_ok=True)
    try:
        if not root.is_dir():
            raise CaseError(f"--cases: there is no folder {root}.")
        place.check()
        recordings = Recordings(root / FOLDER)
        builds = _chosen(recordings.builds, asked.versions)
        tree = [case for case in cases(root) if not asked.versions or _is_for_any(case, builds)]
        if not tree:
            raise CaseError(f"There are no cases in {root}" + (" for these versions." if asked.versions else "."))
    except (CaseError, DestinationError, RecordingError, VersionError) as exc:
        print(exc, file=sys.stderr)
        return 2
    try:
        files = contents(tree, recordings, builds, _compilers(builds))
        large = place.needed(files)
        print(
            f"Writing {len(tree):,} cases in {len(files):,} files to {place.path}: {megabytes(content_size(files))}, "
            f"which take {megabytes(large)} on the disk.",
            flush=True,
        )
        if large > _LARGE and not asked.versions:
            print(
                "--versions=3.13 writes less; a name that ends in .zip or .tar.gz makes one compressed file.",
                flush=True,
            )
        check_room(place, files)
        place.write(files)
    except DestinationError as exc:
        print(exc, file=sys.stderr)
        return exc.status
    except OSError as exc:
        print(f"{place.path} could not be written: {exc.strerror or exc}. Nothing was left there.", file=sys.stderr)
        return 4
    except AgentError as exc:
        print(f"The compiled files could not be made: {exc}", file=sys.stderr)
        return 4
    print(f"{place.path} is written.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m conformance.commands.export",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="\n".join(str(__doc__).splitlines()[4:]),
        usage="python -m conformance.commands.export [--versions=3.13] [--cases=DIR] [FOLDER | FILE.zip | FILE.tar.gz]",
        allow_abbrev=False,
    )
    parser.add_argument("folder", nargs="?", default="", help="where to write to")
    parser.add_argument(
        "--versions",
        action="extend",
        type=lambda text: [one.strip() for one in text.split(",")],
        default=[],
        metavar="3.13",
        help="only these versions of Python, and what they can run; several with commas, or repeated",
    )
    parser.add_argument("--cases", default=str(FIXTURES), metavar="DIR", help="a folder of fixtures; default: our own")
    parser.add_argument("--standing-in", default="", metavar="DIR", help=argparse.SUPPRESS)  # where paths start
    return parser


def _chosen(builds: Mapping[str, Build], versions: Sequence[str]) -> dict[str, Build]:
    """The builds of these versions of the language, or all. Raises VersionError."""
    for version in versions:
        if version not in builds:
            there = f"there are {', '.join(builds)}" if builds else "there are none in this folder of fixtures"
            raise VersionError(f"--versions: nothing is recorded of Python {version or '(empty)'}; {there}.")
    return {language: build for language, build in builds.items() if not versions or language in versions}


def _is_for_any(case: Case, builds: Mapping[str, Build]) -> bool:
    return any(_is_for(case, build.version) for build in builds.values())


def _compilers(builds: Iterable[str]) -> dict[str, Target]:
    """The CPythons that are present, by version of the language; what is missing is said."""
    found = {}
    for language in builds:
        try:
            target = find(f"python{language}")
        except BadInterpreter:
            target = None
        if target is not None and target.implementation == "cpython" and target.version.startswith(f"{language}."):
            found[language] = target
        else:
            print(f"There is no CPython {language} here: no compiled files for it.", file=sys.stderr)
    return found


def contents(
    tree: Sequence[Case], recordings: Recordings, builds: Mapping[str, Build], compilers: Mapping[str, Target]
) -> dict[str, bytes]:
    """The files of an exported tree, by their names in it. Raises AgentError.

    builds: the versions of the language whose observations are told, with what was recorded from. compilers: the
    interpreters that make the compiled files, by version.
    """
    files: dict[str, bytes] = {}
    laid_out = [_Laid(case, where) for case, where in _folders(tree)]
    for one in laid_out:
        files[f"{one.folder}/case.json"] = _json(one.told())
        files.update((f"{one.folder}/{name}", content) for name, content in one.stored.items())
    for language, target in compilers.items():
        files.update(_compiled(laid_out, language, target))
    entries = []
    for one in laid_out:
        groups = _observed(one.case, recordings, builds)
        if groups:
            lines = (json.dumps({"pythons": pythons, "observation": seen}) for pythons, seen in groups)
            files[f"{one.folder}/observed.json"] = ("[\n" + ",\n".join(lines) + "\n]\n").encode("ascii")
        recorded = {language for pythons, _ in groups for language in pythons}
        entries.append(_entry(one, [language for language in builds if language in recorded]))
    for name, document in _DOCUMENTS.items():
        files[name] = (HOUSE / "docs" / document).read_bytes()
    files[INDEX] = _json(_index(entries, builds, compilers))  # the last: without it a tree is not whole
    return files


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1).encode("ascii") + b"\n"


# -- names -----------------------------------------------------------------------------------------------------


class _Names:
    """Names that every file system keeps apart.

    What is odd in them is written as `%` and two digits a byte; where two differ in case only, a number is added.
    """

    def __init__(self) -> None:
        self._given: dict[str, str] = {}

    def path(self, name: str) -> str:
        """A path for a name, which may have folders; for equal names equal paths, for others others."""
        path = given = ""
        for part in name.strip("/").split("/"):
            given = f"{given}/{part}"
            safe = _safe(part)
            tries = (f"{path}/{safe}" + (f"~{number}" if number else "") for number in itertools.count())
            path = next(one for one in tries if self._given.setdefault(one.lower(), given) == given)
        return path[1:]


def _safe(part: str) -> str:
    odd = r"[^A-Za-z0-9._{}=+,()-]|^\.+$|[. ]$" + (r"|^." if _RESERVED.match(part) else "")
    safe = re.sub(
        odd, lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogatepass")), part
    )
    assert len(safe) <= 2 * _LONGEST, f"{part} is too long a name"
    return safe


def _folders(tree: Iterable[Case]) -> Iterator[tuple[Case, str]]:
    names = _Names()
    for case in tree:
        yield case, names.path(f"cases/{case.id}")


# -- one case --------------------------------------------------------------------------------------------------


@dataclass
class _Laid:
    """A case as it is laid out in its folder. stored: path in the folder -> content, the same in every version."""

    case: Case
    folder: str
    stored: dict[str, bytes] = field(default_factory=dict)
    compiled: list[tuple[str, str, Recipe, int]] = field(default_factory=list)  # path, name, recipe, moment

    def told(self) -> dict[str, Any]:
        """case.json; fills `stored` and `compiled`."""
        case = self.case
        return {
            "id": case.id,
            "digest": case.digest,
            "summary": case.summary,
            "clauses": list(case.clauses),
            "requires": list(case.requires),
            "path": [_entry_of_path(entry) for entry in case.path],
            "argv": list(case.argv),
            "files": self._files(case.files, "world", 0),
            "steps": [
                {"write": self._files(step.content, f"step-{number}", number)}
                if isinstance(step.content, Mapping)
                else {step.kind: step.content}
                for number, step in enumerate(case.steps, 1)
            ],
        }

    def _files(self, files: Mapping[str, Recipe], place: str, moment: int) -> list[dict[str, Any]]:
        names = _Names()
        return [self._file(name, recipe, f"{place}/{names.path(name)}", moment) for name, recipe in files.items()]

    def _file(self, name: str, recipe: Recipe, where: str, moment: int) -> dict[str, Any]:
        told: dict[str, Any] = {"name": name}
        if name.endswith("/"):
            return told
        if isinstance(recipe, str):
            recipe = {"text": recipe}
        if "mtime" in recipe:
            told["mtime"] = recipe["mtime"]
        if "symlink" in recipe or "delete" in recipe:
            return told | dict(recipe)
        if _depends_on_version(recipe):
            self.compiled.append((where, name, recipe, moment))
            return told | {"recipe": dict(recipe), "compiled": where}
        when = world.EPOCH + world.STEP * moment
        self.stored[where] = world.content(ROOT, f"{ROOT}/{name}", dict(recipe), when)
        if "zip" in recipe:
            told["recipe"] = dict(recipe)
        return told | {"stored": where}


def _depends_on_version(recipe: Recipe) -> bool:
    if isinstance(recipe, str):
        return False
    inner = recipe.get("zip", {})
    named = any("{tag}" in name or "{extension}" in name for name in inner)
    return "pyc" in recipe or named or any(_depends_on_version(one) for one in inner.values())


def _entry_of_path(entry: str) -> str:
    """An entry of `sys.path` as the agent makes it: below the folder of the world, or after `raw:`, as it is."""
    if entry.startswith("raw:"):
        return entry[len("raw:") :]
    below = posixpath.normpath(entry)
    return "<root>" if below == "." else f"<root>/{below}"


def _observed(case: Case, recordings: Recordings, wanted: Iterable[str]) -> list[tuple[list[str], Observation]]:
    """What was recorded of a case: the versions that showed the same, and what that was."""
    entry = recordings.entry(case.id)
    if entry is None or entry.digest != case.digest:
        return []
    groups: dict[str, tuple[list[str], Observation]] = {}
    for language in wanted:
        if language in entry.languages:
            # In the words that all versions share, so that most observations are the same.
            observation = decode(entry.stored(language), {})
            groups.setdefault(json.dumps(observation), ([], observation))[0].append(language)
    return list(groups.values())


def _entry(one: _Laid, recorded: Sequence[str]) -> dict[str, Any]:
    """A case in the index."""
    case = one.case
    return {
        "id": case.id,
        "folder": one.folder,
        "digest": case.digest,
        "summary": case.summary,
        "clauses": list(case.clauses),
        "requires": list(case.requires),
        "recorded": list(recorded),
    }


def _index(
    entries: Sequence[Mapping[str, Any]], builds: Mapping[str, Build], compilers: Mapping[str, Target]
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "suite": __version__,
        "root": ROOT,
        "pythons": {
            language: {
                "version": build.version,
                "platform": build.platform,
                "capabilities": sorted(build.capabilities),
                "words": {word: own for word, own in build.words.items() if word != "{library}"},
                "compiled": compilers[language].version if language in compilers else None,
            }
            for language, build in builds.items()
        },
        "clauses": {
            one.id: {
                "chapter": one.chapter,
                "level": str(one.level),
                "statement": one.statement,
                "source": one.source,
                "versions": list(one.versions),
                "unsure": list(one.unsure),
                "untestable": one.untestable,
                "fields": list(one.fields),
            }
            for one in registry().values()
        },
        "owners": [
            {"field": pattern, "clauses": list(dict.fromkeys(clause for _, clause in rows))} for pattern, rows in OWNERS
        ],
        "free_fields": list(FREE_FIELDS),
        "cases": list(entries),
    }


# -- compiled files --------------------------------------------------------------------------------------------


def _compiled(laid_out: Sequence[_Laid], language: str, target: Target) -> Iterator[tuple[str, bytes]]:
    """The files that depend on the version, as one version makes them: twice, to be sure."""
    wanted = [
        (f"{one.folder}/compiled/{language}/{where}", [name, recipe, moment])
        for one in laid_out
        if _is_for(one.case, target.version)
        for where, name, recipe, moment in one.compiled
    ]
    request = json.dumps({"root": ROOT, "files": [recipe for _, recipe in wanted]})
    first, again = (_compile(target, request) for _ in range(2))
    for (path, _), content, other in zip(wanted, first, again, strict=True):
        if content != other:
            raise AgentError(f"{target.name} makes other bytes each time for {path}")
        yield path, base64.b64decode(content)


def _is_for(case: Case, version: str) -> bool:
    missing = case.unmet(version, frozenset(case.requires))
    return not missing


def _compile(target: Target, request: str) -> list[str]:
    told = subprocess.run(
        [target.executable, "-s", "-S", "-B", str(AGENT.with_name("compiled.py"))],
        input=request,
        capture_output=True,
        text=True,
        env={"PYTHONHASHSEED": "0", "PYTHONUTF8": "1"},
        cwd="/",
        timeout=120,
        check=False,
    )
    if told.returncode:
        raise AgentError(f"{target.name}: {told.stderr.strip().splitlines()[-1]}")
    made: list[str] = json.loads(told.stdout)
    return made


if __name__ == "__main__":
    try:
        status = main()
    except KeyboardInterrupt:
        print("Interrupted: nothing was left.", file=sys.stderr)
        status = 130
    sys.exit(status)
