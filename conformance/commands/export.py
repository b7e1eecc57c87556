"""Exports the tree of all cases, for harnesses that do not use this suite.

usage: python -m conformance.commands.export [--versions=3.13] [--cases=DIR] [FOLDER | FILE.zip | FILE.tar.gz]

FOLDER is new or empty (default: build/fixtures where the command is typed). A name that ends in .zip, .tar.gz or
.tgz makes one compressed file. docs/exported-tree.md describes the tree and becomes its README. The same cases give
the same bytes. Exit status: 0 written, 2 usage error, 4 not written, 130 interrupted; unless it is 0, nothing is left
behind.
"""

# Rules. This module knows cases, recordings and the layout of the tree; how files get to the disk is in `destination`.
#
# Theory of operation. `contents` makes all files in memory, as a mapping of names to bytes. The files that are the same
# in every version come from the agent's own code (`world.content`); the compiled files are made by each interpreter
# that is found, twice, and must be the same. The index is the last file: a tree without it is not complete.

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
from ..judge.path_owners import PATH_OWNERS
from ..observation.agent_process import AGENT
from ..observation.interpreters import Target, all_found, language_of
from ..observation.recording import FOLDER, Build, Observation, RecordingError, Recordings, decode
from ..observation.side import AgentError
from .destination import DestinationError, check_room, content_size, destination, megabytes

SCHEMA = 3
ROOT = "/runpy-conformance"  # the folder of the sources, as compiled files name it
INDEX = "index.json"
_DOCUMENTS = {
    "README.md": "exported-tree.md",
    "observation.md": "observation.md",
    "schema.json": "exported-tree.schema.json",
}
_DEFAULT = Path("build", "fixtures")
_LARGE = 50_000_000  # bytes on the disk; a larger tree is announced with a hint to make it smaller
_LONGEST = 100
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")


class VersionError(Exception):
    """A version for which there is nothing to export; the text is a sentence with the versions that there are."""


def main(arguments: list[str] | None = None) -> int:
    """Export the cases, and return the exit status."""
    options = _parser().parse_args(arguments)
    user_folder = Path(options.standing_in)
    root = (user_folder / options.cases).resolve()
    place = destination(user_folder.absolute() / (options.folder or _DEFAULT))
    if not options.folder:
        print(f"No folder was given; the tree is written to {place.path}.")
        place.path.parent.mkdir(exist_ok=True)
    try:
        if not root.is_dir():
            raise CaseError(f"--cases: there is no folder {root}.")
        place.check()
        recordings = Recordings(root / FOLDER)
        builds = _selected_builds(recordings.cpythons, options.versions)
        tree = [case for case in cases(root) if not options.versions or _runs_on_any(case, builds)]
        if not tree:
            raise CaseError(f"There are no cases in {root}" + (" for these versions." if options.versions else "."))
    except (CaseError, DestinationError, RecordingError, VersionError) as exc:
        print(exc, file=sys.stderr)
        return 2
    try:
        files = contents(tree, recordings, builds, _compilers(builds))
        size = place.needed(files)
        print(
            f"Writing {len(tree):,} cases in {len(files):,} files to {place.path}: {megabytes(content_size(files))}, "
            f"which take {megabytes(size)} on the disk.",
            flush=True,
        )
        if size > _LARGE and not options.versions:
            print(
                "--versions=3.13 exports one version; a name that ends in .zip or .tar.gz makes one compressed file.",
                flush=True,
            )
        check_room(place, files)
        place.write(files)
    except DestinationError as exc:
        print(exc, file=sys.stderr)
        return exc.status
    except OSError as exc:
        print(f"{place.path} could not be written: {exc.strerror or exc}. Nothing is left there.", file=sys.stderr)
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
    parser.add_argument("folder", nargs="?", default="", help="the folder or the compressed file to write")
    parser.add_argument(
        "--versions",
        action="extend",
        type=lambda text: [version.strip() for version in text.split(",")],
        default=[],
        metavar="3.13",
        help="export only these versions of Python, and the cases that they run; several with commas",
    )
    parser.add_argument(
        "--cases",
        default=str(FIXTURES),
        metavar="DIR",
        help="the folder of fixtures to export (default: the suite's fixtures)",
    )
    parser.add_argument("--standing-in", default="", metavar="DIR", help=argparse.SUPPRESS)  # where paths start
    return parser


def _selected_builds(builds: Mapping[str, Build], versions: Sequence[str]) -> dict[str, Build]:
    """The builds of these versions of the language, or all. Raises VersionError."""
    for version in versions:
        if version not in builds:
            there = f"there are {', '.join(builds)}" if builds else "there are none in this folder of fixtures"
            raise VersionError(f"--versions: nothing is recorded of Python {version or '(empty)'}; {there}.")
    return {language: build for language, build in builds.items() if not versions or language in versions}


def _runs_on_any(case: Case, builds: Mapping[str, Build]) -> bool:
    return any(_runs_on(case, build.version) for build in builds.values())


def _compilers(builds: Iterable[str]) -> dict[str, Target]:
    """The CPythons that are found, by language version; each missing one is reported on stderr."""
    targets = {
        language: target
        for language, target in all_found(builds).items()
        if target.implementation == "cpython" and language_of(target) == language
    }
    for language in builds:
        if language not in targets:
            print(f"There is no CPython {language} here, so the tree has no compiled files for it.", file=sys.stderr)
    return targets


def contents(
    tree: Sequence[Case], recordings: Recordings, builds: Mapping[str, Build], compilers: Mapping[str, Target]
) -> dict[str, bytes]:
    """The files of an exported tree, by their names in it. Raises AgentError.

    builds: the recorded builds whose observations are exported, by language version. compilers: the interpreters that
    make the compiled files, by language version.
    """
    files: dict[str, bytes] = {}
    exported = [_ExportedCase(case, folder) for case, folder in _folders(tree)]
    for case in exported:
        files[f"{case.folder}/case.json"] = _json(case.description())
        files.update((f"{case.folder}/{name}", content) for name, content in case.stored.items())
    for language, target in compilers.items():
        files.update(_compiled(exported, language, target))
    entries = []
    for case in exported:
        groups = _observed(case.case, recordings, builds)
        if groups:
            lines = (json.dumps({"pythons": pythons, "observation": seen}) for pythons, seen in groups)
            files[f"{case.folder}/observed.json"] = ("[\n" + ",\n".join(lines) + "\n]\n").encode("ascii")
        recorded = {language for pythons, _ in groups for language in pythons}
        entries.append(_entry(case, [language for language in builds if language in recorded]))
    for name, document in _DOCUMENTS.items():
        files[name] = (HOUSE / "docs" / document).read_bytes()
    files[INDEX] = _json(_index(entries, builds, compilers))  # the last file: a tree without it is not complete
    return files


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1).encode("ascii") + b"\n"


# -- names -----------------------------------------------------------------------------------------------------


class _Names:
    """File names that differ on every file system.

    An unusual character is written as `%` and two digits for each byte. If two names differ only in case, one of them
    gets a number.
    """

    def __init__(self) -> None:
        self._given: dict[str, str] = {}

    def path(self, name: str) -> str:
        """The path for a name, which may have folders; different names have different paths."""
        path = given = ""
        for part in name.strip("/").split("/"):
            given = f"{given}/{part}"
            safe = _safe(part)
            tries = (f"{path}/{safe}" + (f"~{number}" if number else "") for number in itertools.count())
            path = next(path_ for path_ in tries if self._given.setdefault(path_.lower(), given) == given)
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
class _ExportedCase:
    """A case and its folder in the tree.

    stored: the contents of the files that are the same in every version, by path in the folder. compiled: the files
    that each version compiles, as path, name, recipe and moment.
    """

    case: Case
    folder: str
    stored: dict[str, bytes] = field(default_factory=dict)
    compiled: list[tuple[str, str, Recipe, int]] = field(default_factory=list)

    def description(self) -> dict[str, Any]:
        """The contents of case.json; fills `stored` and `compiled`."""
        case = self.case
        return {
            "id": case.id,
            "digest": case.digest,
            "summary": case.summary,
            "clauses": list(case.clauses),
            "functions": sorted(case.functions),
            "requires": list(case.requires),
            "path": [_entry_of_path(entry) for entry in case.path],
            "argv": list(case.argv),
            "files": self._files(case.files, "world", 0),
            "steps": [
                {"write": self._files(step.files, f"step-{number}", number)}
                if step.kind == "write"
                else {step.kind: step.content}
                for number, step in enumerate(case.steps, 1)
            ],
        }

    def _files(self, files: Mapping[str, Recipe], place: str, moment: int) -> list[dict[str, Any]]:
        names = _Names()
        return [self._file(name, recipe, f"{place}/{names.path(name)}", moment) for name, recipe in files.items()]

    def _file(self, name: str, recipe: Recipe, where: str, moment: int) -> dict[str, Any]:
        entry: dict[str, Any] = {"name": name}
        if name.endswith("/"):
            return entry
        if isinstance(recipe, str):
            recipe = {"text": recipe}
        if "mtime" in recipe:
            entry["mtime"] = recipe["mtime"]
        if "symlink" in recipe or "delete" in recipe:
            return entry | dict(recipe)
        if _depends_on_version(recipe):
            self.compiled.append((where, name, recipe, moment))
            return entry | {"recipe": dict(recipe), "compiled": where}
        when = world.EPOCH + world.STEP * moment
        self.stored[where] = world.content(ROOT, f"{ROOT}/{name}", dict(recipe), when)
        if "zip" in recipe:
            entry["recipe"] = dict(recipe)
        return entry | {"stored": where}


def _depends_on_version(recipe: Recipe) -> bool:
    if isinstance(recipe, str):
        return False
    inner = recipe.get("zip", {})
    named = any("{tag}" in name or "{extension}" in name for name in inner)
    return "pyc" in recipe or named or any(_depends_on_version(part) for part in inner.values())


def _entry_of_path(entry: str) -> str:
    """An entry of `sys.path` as the agent makes it: a path below the world's folder, or the text after `raw:`."""
    if entry.startswith("raw:"):
        return entry[len("raw:") :]
    below = posixpath.normpath(entry)
    return "<root>" if below == "." else f"<root>/{below}"


def _observed(case: Case, recordings: Recordings, languages: Iterable[str]) -> list[tuple[list[str], Observation]]:
    """The recorded observations of a case, each with the language versions that showed it."""
    entry = recordings.entry(case.id)
    if entry is None or entry.digest != case.digest:
        return []
    groups: dict[str, tuple[list[str], Observation]] = {}
    for language in languages:
        if language in entry.pythons:
            # In the words that all versions share, so that most versions have the same observation.
            observation = decode(entry.stored(language), {})
            groups.setdefault(json.dumps(observation), ([], observation))[0].append(language)
    return list(groups.values())


def _entry(exported: _ExportedCase, recorded: Sequence[str]) -> dict[str, Any]:
    """The entry of a case in the index. recorded: the language versions with an observation of it."""
    case = exported.case
    return {
        "id": case.id,
        "folder": exported.folder,
        "digest": case.digest,
        "summary": case.summary,
        "clauses": list(case.clauses),
        "functions": sorted(case.functions),
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
                "words": {word: text for word, text in build.words.items() if word != "{library}"},
                "compiled": compilers[language].version if language in compilers else None,
            }
            for language, build in builds.items()
        },
        "clauses": {
            clause.id: {
                "chapter": clause.chapter,
                "level": str(clause.level),
                "statement": clause.statement,
                "source": clause.source,
                "versions": list(clause.versions),
                "unsure": list(clause.unsure),
                "untestable": clause.untestable,
                "fields": list(clause.fields),
            }
            for clause in registry().values()
        },
        "owners": _owners(OWNERS),
        "path_owners": _owners(PATH_OWNERS),
        "free_fields": list(FREE_FIELDS),
        "cases": list(entries),
    }


def _owners(table: Sequence[tuple[str, Sequence[tuple[Any, str]]]]) -> list[dict[str, Any]]:
    """A table of owners, without its conditions."""
    return [{"field": pattern, "clauses": list(dict.fromkeys(clause for _, clause in rows))} for pattern, rows in table]


# -- compiled files --------------------------------------------------------------------------------------------


def _compiled(exported: Sequence[_ExportedCase], language: str, target: Target) -> Iterator[tuple[str, bytes]]:
    """The compiled files of one version; they are made twice, and must be the same."""
    recipes = [
        (f"{case.folder}/compiled/{language}/{where}", [name, recipe, moment])
        for case in exported
        if _runs_on(case.case, target.version)
        for where, name, recipe, moment in case.compiled
    ]
    request = json.dumps({"root": ROOT, "files": [recipe for _, recipe in recipes]})
    first, second = (_compile(target, request) for _ in range(2))
    for (path, _), content, other in zip(recipes, first, second, strict=True):
        if content != other:
            raise AgentError(f"{target.name} compiles {path} to different bytes each time")
        yield path, base64.b64decode(content)


def _runs_on(case: Case, version: str) -> bool:
    missing = case.unmet(version, frozenset(case.requires))
    return not missing


def _compile(target: Target, request: str) -> list[str]:
    compiling = subprocess.run(
        [target.executable, "-s", "-S", "-B", str(AGENT.with_name("compiled.py"))],
        input=request,
        capture_output=True,
        text=True,
        env={"PYTHONHASHSEED": "0", "PYTHONUTF8": "1"},
        cwd="/",
        timeout=120,
        check=False,
    )
    if compiling.returncode:
        raise AgentError(f"{target.name}: {compiling.stderr.strip().splitlines()[-1]}")
    contents_: list[str] = json.loads(compiling.stdout)
    return contents_


if __name__ == "__main__":
    try:
        status = main()
    except KeyboardInterrupt:
        print("Interrupted; nothing is left.", file=sys.stderr)
        status = 130
    sys.exit(status)
