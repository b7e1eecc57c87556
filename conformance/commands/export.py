"""Writes the whole tree of cases out as a product by itself, for harnesses that know nothing of this suite.

usage: python -m conformance.commands.export [--cases=DIR] FOLDER

FOLDER: a new or empty one. docs/exported-tree.md, which is put into it, says what stands there. Deterministic to the
byte. Exit status: 0, 2 usage, 4 it could not be written; then nothing is left.
"""

from __future__ import annotations

import argparse
import base64
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import FIXTURES, HOUSE, __version__
from ..agent import world
from ..cases.model import Case, CaseError, Recipe
from ..cases.tree import cases
from ..clauses import registry
from ..observation.agent_process import AGENT
from ..observation.interpreters import BadInterpreter, Target, find
from ..observation.recording import FOLDER, Observation, RecordingError, Recordings, decode
from ..observation.side import AgentError

SCHEMA = 1
ROOT = "/runpy-conformance"  # where compiled files say that their sources lie
_DOCUMENTS = {"README.md": "exported-tree.md", "schema.json": "exported-tree.schema.json"}
_INDEX = "index.json"
_LONGEST = 100
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")


class ExportError(Exception):
    """The tree cannot be written there; the sentence says why."""


def main(arguments: list[str] | None = None) -> int:
    """Export; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m conformance.commands.export",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="\n".join(str(__doc__).splitlines()[4:]),
        usage="python -m conformance.commands.export [--cases=DIR] FOLDER",
    )
    parser.add_argument("folder")
    parser.add_argument("--cases", default=str(FIXTURES), metavar="DIR")
    asked = parser.parse_args(arguments)
    root = Path(asked.cases).resolve()
    folder = Path(asked.folder).absolute()
    try:
        _check(folder)
        recordings = Recordings(root / FOLDER)
        tree = cases(root)
    except (ExportError, CaseError, RecordingError) as exc:
        print(exc, file=sys.stderr)
        return 2
    try:
        compilers = _compilers(recordings)
        count = export(folder, tree, recordings, compilers)
    except OSError as exc:
        print(f"{folder} could not be written: {exc.strerror or exc}. Nothing was left there.", file=sys.stderr)
        return 4
    except AgentError as exc:
        print(f"The compiled files could not be made: {exc}", file=sys.stderr)
        return 4
    print(f"{folder}: {len(tree)} cases in {count} files")
    return 0


def _check(folder: Path) -> None:
    """Whether there is a place to write to. Raises ExportError."""
    if folder.exists():
        if not folder.is_dir():
            raise ExportError(f"{folder} is a file: give a folder that is new, or empty.")
        if any(folder.iterdir()):
            raise ExportError(f"{folder} is not empty: give a folder that is new, or empty.")
    elif not folder.parent.is_dir():
        raise ExportError(f"There is no folder {folder.parent} to make {folder.name} in.")
    home = folder if folder.exists() else folder.parent
    if not os.access(home, os.W_OK | os.X_OK):
        raise ExportError(f"{home} may not be written to: give a folder elsewhere.")


def _compilers(recordings: Recordings) -> dict[str, Target]:
    """The CPythons that are present, by version of the language; what is missing is said."""
    found = {}
    for language in recordings.builds:
        try:
            target = find(f"python{language}")
        except BadInterpreter:
            target = None
        if target is not None and target.implementation == "cpython" and target.version.startswith(f"{language}."):
            found[language] = target
        else:
            print(f"There is no CPython {language} here: no compiled files for it.", file=sys.stderr)
    return found


def export(folder: Path, tree: Sequence[Case], recordings: Recordings, compilers: Mapping[str, Target]) -> int:
    """Write the tree; the number of files. Raises OSError, AgentError, and leaves nothing then."""
    home = folder if folder.exists() else folder.parent  # an empty one may be a mount point, and stays
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".partial", dir=home))
    moved: list[Path] = []
    try:
        partial.chmod(0o755)
        writer = _Writer(partial)
        laid_out = [_Laid(case, where) for case, where in _folders(tree)]
        for one in laid_out:
            writer.json(f"{one.folder}/case.json", one.told())
            for name, content in one.stored.items():
                writer.write(f"{one.folder}/{name}", content)
        for language, target in compilers.items():
            _write_compiled(writer, laid_out, language, target)
        entries = [_entry(writer, one, recordings) for one in laid_out]
        for name, document in _DOCUMENTS.items():
            writer.write(name, (HOUSE / "docs" / document).read_bytes())
        writer.json(_INDEX, _index(entries, recordings, compilers))  # the last: without it a tree is not whole
        if home != folder:
            partial.rename(folder)
            return writer.count
        for path in sorted(partial.iterdir(), key=lambda path: path.name == _INDEX):
            moved.append(folder / path.name)
            path.rename(moved[-1])
        partial.rmdir()
        return writer.count
    except BaseException:
        for path in reversed(moved):
            path.unlink(missing_ok=True) if path.is_file() else shutil.rmtree(path, ignore_errors=True)
        shutil.rmtree(partial, ignore_errors=True)
        raise


class _Writer:
    """Writes files below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.count = 0

    def write(self, name: str, content: bytes) -> None:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self.count += 1

    def json(self, name: str, value: Any) -> None:
        self.write(name, json.dumps(value, indent=1).encode("ascii") + b"\n")


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
            "path": list(case.path),
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


def _entry(writer: _Writer, one: _Laid, recordings: Recordings) -> dict[str, Any]:
    """A case in the index; writes what was recorded of it."""
    case = one.case
    entry = recordings.entry(case.id)
    recorded: list[str] = []
    if entry is not None and entry.digest == case.digest:
        recorded = list(entry.languages)
        groups: dict[str, tuple[list[str], Observation]] = {}
        for language in recorded:
            # In the words that all versions share, so that most observations are the same.
            observation = decode(entry.stored(language), {})
            groups.setdefault(json.dumps(observation), ([], observation))[0].append(language)
        lines = (json.dumps({"pythons": pythons, "observation": seen}) for pythons, seen in groups.values())
        writer.write(f"{one.folder}/observed.json", ("[\n" + ",\n".join(lines) + "\n]\n").encode("ascii"))
    return {
        "id": case.id,
        "folder": one.folder,
        "digest": case.digest,
        "summary": case.summary,
        "clauses": list(case.clauses),
        "requires": list(case.requires),
        "recorded": recorded,
    }


def _index(
    entries: Sequence[Mapping[str, Any]], recordings: Recordings, compilers: Mapping[str, Target]
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
            for language, build in recordings.builds.items()
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
            }
            for one in registry().values()
        },
        "cases": list(entries),
    }


# -- compiled files --------------------------------------------------------------------------------------------


def _write_compiled(writer: _Writer, laid_out: Sequence[_Laid], language: str, target: Target) -> None:
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
        writer.write(path, base64.b64decode(content))


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
    sys.exit(main())
