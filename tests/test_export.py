"""The exported tree: whole, of its schema, the same bytes each time, and never half there."""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from conformance import FIXTURES, HOUSE
from conformance.cases.model import Case, Step
from conformance.commands import export
from conformance.commands.export import _Names
from conformance.observation.interpreters import Target
from conformance.observation.recording import FOLDER, Recordings
from tests.harness import all_cases, target_for

# One of everything that a world may hold.
ODD = Case(
    files={
        "Plain.py": "x = 1\n",
        "plain.py": "x = 2\n",
        "m\u00f3d \\uDC80.py": "lone = '\ud800'",
        "con.py": "",
        "empty/": "",
        "dated.py": {"text": "", "mtime": 5},
        "raw.py": {"bytes": "\\xff"},
        "link.py": {"symlink": "plain.py"},
        "lib.zip": {"zip": {"inner.py": "x = 1"}},
        "compiled.zip": {"zip": {"inner.pyc": {"pyc": "x = {1, 'a', (2, 'bc')}"}}},
        "__pycache__/m.{tag}.pyc": {"pyc": "def f(x):\n  return x in {'a', 'b', 'c'}\n", "for": "m.py", "stale": True},
    },
    steps=(
        Step("do", "import sys"),
        Step("write", {"plain.py": "x = 3\n", "late.pyc": {"pyc": "x = 4"}, "con.py": {"delete": True}}),
        Step("call", "run_module('plain')"),
    ),
    id="packages/odd case",
    summary="One of everything",
)


def _tree() -> list[Case]:
    cases = list(all_cases().values())
    named = [
        one for one in cases if any("pyc" in recipe for recipe in one.files.values() if not isinstance(recipe, str))
    ]
    return [ODD, *cases[::23], *named[:5]]


@pytest.fixture(scope="session")
def compilers() -> Mapping[str, Target]:
    """Two versions, if they are here."""
    found = {"3.8": target_for(">=3.8,<3.9"), "3.12": target_for(">=3.12,<3.13")}
    return {language: target for language, target in found.items() if target is not None}


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory, compilers: Mapping[str, Target]) -> Path:
    """A part of the tree."""
    folder = tmp_path_factory.mktemp("exported") / "tree"
    export.export(folder, _tree(), Recordings(FIXTURES / FOLDER), compilers)
    return folder


def _files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_is_the_same_bytes_each_time(exported: Path, tmp_path: Path, compilers: Mapping[str, Target]) -> None:
    """Also the compiled files, and in another folder."""
    again = tmp_path / "elsewhere"
    export.export(again, _tree(), Recordings(FIXTURES / FOLDER), compilers)
    assert _files(again) == _files(exported)


def test_it_holds_no_path_of_this_machine(exported: Path) -> None:
    """Neither in texts nor in compiled files."""
    for name, content in _files(exported).items():
        for place in (str(HOUSE), str(exported.parent), str(Path.home()) + "/", "/tmp/"):
            assert place.encode() not in content, f"{name} holds {place}"


def test_every_name_is_good_on_every_file_system(exported: Path) -> None:
    """Plain ASCII, nothing reserved, and no two that are apart in case only."""
    names = [path.relative_to(exported).as_posix() for path in exported.rglob("*")]
    assert len({name.lower() for name in names}) == len(names)
    for name in names:
        for part in name.split("/"):
            assert re.fullmatch(r"[A-Za-z0-9._{}=+,()%~-]{1,200}", part)
            assert not re.match(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)", part)


def test_paths_differ_where_names_differ() -> None:
    """Whatever the order."""
    words = ["a/b", "A/b", "a/B", "A/B", "%41/b", "a%2Fb", "..", ".", "con", "Con", "\udc80", "\\uDC80", "a.", "a"]
    for order in (words, words[::-1]):
        names = _Names()
        paths = {word: names.path(word) for word in order}
        assert len({path.lower() for path in paths.values()}) == len(words)
        assert {word: names.path(word) for word in order} == paths


def test_what_a_case_needs_is_there(exported: Path, compilers: Mapping[str, Target]) -> None:
    """Each file that a case names, for each version that can run it."""
    index = json.loads((exported / "index.json").read_text())
    assert len(index["cases"]) == len(_tree())
    for entry in index["cases"]:
        folder = exported / entry["folder"]
        case = json.loads((folder / "case.json").read_text())
        assert (folder / "observed.json").exists() == bool(entry["recorded"])
        for file in _named(case):
            kinds = file.keys() & {"stored", "compiled", "symlink", "delete"}
            assert len(kinds) == (not file["name"].endswith("/"))
            if "stored" in file:
                assert (folder / file["stored"]).is_file()
            if "compiled" in file:
                for language in compilers.keys() & set(entry["recorded"]):
                    assert (folder / "compiled" / language / file["compiled"]).stat().st_size > 16
    odd = exported / "cases/packages/odd%20case"
    assert (odd / "world/raw.py").read_bytes() == b"\xff"
    assert b"\xed\xa0\x80" in next((odd / "world").glob("m%C3%B3d*")).read_bytes()
    for language in compilers:
        assert b"/runpy-conformance/m.py" in (odd / f"compiled/{language}/world/__pycache__/m.{{tag}}.pyc").read_bytes()


def _named(case: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from case["files"]
    for step in case["steps"]:
        yield from step.get("write", ())


def test_it_is_as_the_schema_says(exported: Path) -> None:
    """The schema that is exported with it."""
    schema = json.loads((exported / "schema.json").read_text())
    kinds = {"index.json": "index", "case.json": "case", "observed.json": "observed"}
    for path in exported.rglob("*.json"):
        if path.name in kinds:
            value = json.loads(path.read_text())
            assert list(_wrong(value, schema["$defs"][kinds[path.name]], schema["$defs"], path.name)) == []


def test_the_check_by_schema_finds_what_is_wrong(exported: Path) -> None:
    """Were it blind, the test above would be worth nothing."""
    schema = json.loads((exported / "schema.json").read_text())["$defs"]
    case = json.loads(next((exported / "cases").rglob("case.json")).read_text())
    for wrong in ({"extra": 1}, {"argv": [1]}, {"digest": "x"}, {"steps": [{"do": 1}]}, {"files": [{}]}):
        assert list(_wrong(case | wrong, schema["case"], schema, "case"))


_TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}


def _wrong(value: Any, schema: Mapping[str, Any], definitions: Mapping[str, Any], place: str) -> Iterator[str]:
    """What is not as a JSON Schema says; as much of JSON Schema as ours needs."""
    known = {"$ref", "type", "enum", "pattern", "items", "required", "properties", "additionalProperties"}
    assert schema.keys() <= known
    if "$ref" in schema:
        yield from _wrong(value, definitions[schema["$ref"].rpartition("/")[2]], definitions, place)
    types: Sequence[str] = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", [])
    if types and type(value) not in [_TYPES[one] for one in types]:
        yield f"{place} is no {types}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{place} is none of {schema['enum']}"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{place} is not like {schema['pattern']}"
    for number, item in enumerate(value if "items" in schema else ()):
        yield from _wrong(item, schema["items"], definitions, f"{place}[{number}]")
    for key in schema.get("required", ()):
        if key not in value:
            yield f"{place} has no {key}"
    more = schema.get("additionalProperties", True)
    for key, part in value.items() if isinstance(value, dict) else ():
        if key in schema.get("properties", {}):
            yield from _wrong(part, schema["properties"][key], definitions, f"{place}.{key}")
        elif more is False:
            yield f"{place} has {key}"
        elif isinstance(more, dict):
            yield from _wrong(part, more, definitions, f"{place}.{key}")


# -- bad input -------------------------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A folder with one fixture."""
    folder = tmp_path / "fixtures" / "packages"
    folder.mkdir(parents=True)
    (folder / "one.toml").write_text(
        "summary = 'Some case'\ncall = \"run_module('plain')\"\n[files]\n'plain.py' = ''\n"
    )
    return folder.parent


def test_a_tree_is_written_by_the_command(small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Into a new folder, and into an empty one; relative too."""
    (tmp_path / "empty").mkdir()
    for name in ("new", "empty"):
        assert export.main([f"--cases={small}", str(tmp_path / name)]) == 0
        assert (tmp_path / name / "index.json").is_file()
    assert "1 cases" in capsys.readouterr().out
    assert sorted(os.listdir(tmp_path)) == ["empty", "fixtures", "new"]


def _refused(words: list[str], status: int, capsys: pytest.CaptureFixture[str]) -> str:
    assert export.main(words) == status
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said


def test_a_place_that_will_not_do_is_refused(small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence, and nothing is touched."""
    full = tmp_path / "full"
    full.mkdir()
    (full / "file").write_text("mine")
    assert "is not empty" in _refused([f"--cases={small}", str(full)], 2, capsys)
    assert "is a file" in _refused([f"--cases={small}", str(full / "file")], 2, capsys)
    assert "There is no folder" in _refused([f"--cases={small}", str(tmp_path / "no" / "where")], 2, capsys)
    assert _files(full) == {"file": b"mine"}


def test_a_read_only_folder_is_refused(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is done; the administrator may write everywhere, so it is simulated."""
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    assert "may not be written to" in _refused([f"--cases={small}", str(tmp_path / "new")], 2, capsys)
    assert os.listdir(tmp_path) == ["fixtures"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
@pytest.mark.parametrize("after", [0, 2, 4])
@pytest.mark.parametrize("exists", [False, True])
def test_a_full_disk_leaves_nothing_behind(
    small: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    after: int,
    exists: bool,
) -> None:
    """Whenever it is that there is no more room."""
    if exists:
        (tmp_path / "new").mkdir()
    before = [path.name for path in tmp_path.rglob("*")]
    left = iter(range(after))
    write = Path.write_bytes

    def write_bytes(path: Path, content: bytes) -> int:
        if next(left, None) is None:
            write(path, content[: len(content) // 2])
            raise OSError(number, os.strerror(number))
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    said = _refused([f"--cases={small}", str(tmp_path / "new")], 4, capsys)
    assert os.strerror(number) in said
    assert sorted(path.name for path in tmp_path.rglob("*")) == sorted(before)


def test_what_cannot_be_put_in_its_place_is_removed(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder that was there, the parts are moved one by one, the index last."""
    (tmp_path / "new").mkdir()
    rename = Path.rename

    def fail_at_the_index(path: Path, target: Path) -> Path:
        if path.name == "index.json":
            assert (tmp_path / "new" / "cases").is_dir()
            raise OSError(errno.EIO, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail_at_the_index)
    assert "Input/output error" in _refused([f"--cases={small}", str(tmp_path / "new")], 4, capsys)
    assert os.listdir(tmp_path / "new") == []


def test_an_interrupted_export_leaves_nothing_behind(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in the middle."""

    def write_bytes(path: Path, content: bytes) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    with pytest.raises(KeyboardInterrupt):
        export.main([f"--cases={small}", str(tmp_path / "new")])
    assert os.listdir(tmp_path) == ["fixtures"]
