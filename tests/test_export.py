"""The exported tree: whole, of its schema, the same bytes each time, never half there, and enough by itself."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conformance import FIXTURES, HOUSE
from conformance.agent import SPECIALS
from conformance.cases.model import Case, Step
from conformance.clauses import CHAPTERS_OF_COMMANDS, registry
from conformance.commands import export
from conformance.commands.destination import INSIDE, destination
from conformance.commands.export import INDEX, _Names
from conformance.judge.compare import judge
from conformance.judge.owners import OWNERS
from conformance.judge.path_owners import PATH_OWNERS
from conformance.observation.interpreters import Target
from conformance.observation.recording import FOLDER, Recordings
from tests.harness import Oracle, all_cases, target_for, unpack

DOCUMENT = (HOUSE / "docs" / "observation.md").read_text("utf-8")

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


# What few worlds hold, and nothing of it is an error.
_OBJECTS = "[1.5, 2j, b'x', {1}, frozenset(), (1,), sys._getframe(), int, len, 1 << 5000]"
RARE = Case(
    files={"m.py": "import sys\nsys.path.append('x')\nsys.path[:] = ['y', 'z']\nsys.path = list(sys.path)\n"},
    steps=(
        Step("do", f"import sys; before = {_OBJECTS}; long = 'x' * 9999"),
        Step("do", "class Own(dict): pass\ngiven = Own(x=1); given.itself = given; sys.setrecursionlimit(3000)"),
        Step("do", "class Text(str): pass\nodd = [Text('x'), Own.get, given.get, (lambda: 1).__code__]; del sys.argv"),
        Step("do", "sys.modules = dict(sys.modules); sys.modules[3] = 4"),
        Step("do", "import os; os.environ['A'] = 'b'; os.chdir('/')"),
        Step("call", "run_module('m')"),
    ),
)


def _tree() -> list[Case]:
    cases = list(all_cases().values())
    named = [
        case for case in cases if any("pyc" in recipe for recipe in case.files.values() if not isinstance(recipe, str))
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
    destination(folder).write(_contents(compilers))
    return folder


def _contents(compilers: Mapping[str, Target]) -> dict[str, bytes]:
    recordings = Recordings(FIXTURES / FOLDER)
    return export.contents(_tree(), recordings, recordings.cpythons, compilers)


def _files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_is_the_same_bytes_each_time(exported: Path, tmp_path: Path, compilers: Mapping[str, Target]) -> None:
    """Also the compiled files, and in another folder."""
    again = tmp_path / "elsewhere"
    destination(again).write(_contents(compilers))
    assert _files(again) == _files(exported)


@pytest.mark.parametrize("ending", [".zip", ".tar.gz"])
def test_a_compressed_file_holds_the_same(exported: Path, tmp_path: Path, ending: str) -> None:
    """The same bytes each time, whatever it is called, and whatever the order in which it is made."""
    files = _files(exported)
    index = files.pop(INDEX)
    first, again = (tmp_path / f"{name}{ending}" for name in ("one", "other"))
    destination(first).write({**files, INDEX: index})
    destination(again).write({**dict(reversed(files.items())), INDEX: index})
    assert first.read_bytes() == again.read_bytes()
    assert first.stat().st_size < sum(map(len, files.values())) / 2
    opened: Any = zipfile.ZipFile if ending == ".zip" else tarfile.open
    with opened(first) as archive:
        names = archive.namelist() if ending == ".zip" else archive.getnames()
    assert names[-1] == f"{INSIDE}/{INDEX}"
    unpack(first, tmp_path / "unpacked")
    assert _files(tmp_path / "unpacked" / INSIDE) == {**files, INDEX: index}
    assert sorted(os.listdir(tmp_path)) == sorted([first.name, again.name, "unpacked"])


def test_folders_on_sys_path_are_plain(exported: Path) -> None:
    """A folder and a name, joined, are `<root>/m.py`, as in the observations, and not `<root>/./m.py`."""
    paths = [entry for path in exported.rglob("case.json") for entry in json.loads(path.read_text())["path"]]
    assert "<root>" in paths
    assert any(entry.startswith("<root>/") for entry in paths)
    assert not [entry for entry in paths if re.search(r"/\.?(/|$)", entry)]
    # An archive made by hand by a path with dots is for the case to say.
    observed = "".join(path.read_text() for path in exported.rglob("observed.json"))
    assert "<root>/m" in observed or "<root>/plain_module.py" in observed
    assert "<root>/." not in observed
    assert export._entry_of_path("raw:") == ""
    assert export._entry_of_path("raw:late") == "late"
    assert export._entry_of_path("lib.zip/inside/") == "<root>/lib.zip/inside"


def test_it_holds_no_path_of_this_machine(exported: Path) -> None:
    """Neither in texts nor in compiled files."""
    files = _files(exported)
    assert any("/compiled/" in name for name in files)
    assert any(name.endswith("/observed.json") for name in files)
    for name, content in files.items():
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
    of_kinds = [path for path in exported.rglob("*.json") if path.name in kinds]
    assert {path.name for path in of_kinds} == kinds.keys()
    for path in of_kinds:
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
    """The places where a value breaks a JSON Schema; it knows as much of JSON Schema as ours needs."""
    known = {"$ref", "anyOf", "type", "enum", "pattern", "items", "required", "properties", "additionalProperties"}
    assert schema.keys() <= known
    if "anyOf" in schema:
        tried = [list(_wrong(value, choice, definitions, place)) for choice in schema["anyOf"]]
        yield from min(tried, key=len)
    if "$ref" in schema:
        yield from _wrong(value, definitions[schema["$ref"].rpartition("/")[2]], definitions, place)
    types: Sequence[str] = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", [])
    if types and type(value) not in [_TYPES[kind] for kind in types]:
        yield f"{place} is no {types}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{place} is none of {schema['enum']}"
        return
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{place} is not like {schema['pattern']}"
    for number, item in enumerate(value if "items" in schema and isinstance(value, list) else ()):
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


# -- it says enough --------------------------------------------------------------------------------------------


# The tables of observation.md, by the definition of the schema that has the same keys.
_TABLES = {
    "step": "A step",
    "start": "`run` and `import`: the code",
    "end": "`end`: that code",
    "warning": "`warning`: a warning",
    "note": "`note`: the world",
    "state": "`state` may have",
    "exception": "## Exceptions",
    "spec": "A module spec, by",
}


def _described(beginning: str) -> list[str]:
    """The first column of the first table after a place in observation.md."""
    table = re.search(r"^\|[\s\S]*?\n\n", DOCUMENT[DOCUMENT.index(beginning) :], re.MULTILINE)
    assert table is not None
    columns = [line.split("|")[1] for line in table[0].splitlines()[2:] if line]
    return [key for column in columns for key in re.findall(r"`([^`]+)`", column)]


@pytest.fixture(scope="session")
def schema() -> Mapping[str, Any]:
    """The definitions of the schema."""
    found: Mapping[str, Any] = json.loads((HOUSE / "docs" / "exported-tree.schema.json").read_text("utf-8"))["$defs"]
    return found


@pytest.mark.parametrize("name", _TABLES)
def test_each_field_is_described(schema: Mapping[str, Any], name: str) -> None:
    """Those of the schema, which are those of real observations (see below), and no others."""
    assert sorted(_described(_TABLES[name])) == sorted(schema[name]["properties"])


def test_each_kind_of_value_is_described(schema: Mapping[str, Any]) -> None:
    """And each part of one."""
    kinds, parts = _described("## Values"), _described("The keys after the first")
    assert {*kinds, *parts} == {*schema["object"]["properties"], "spec", "exception"}
    assert len(set(kinds)) == len(kinds)
    assert len(set(parts)) == len(parts)


def test_a_field_that_is_not_described_is_found(exported: Path, schema: Mapping[str, Any]) -> None:
    """Wherever in an observation it is new."""
    observed = json.loads(next(exported.rglob("observed.json")).read_text())
    step = next(step for step in observed[0]["observation"]["steps"] if step.get("events"))
    for place in (step, step["events"][0], step["events"][-1]):
        place["new"] = 1
        assert list(_wrong(observed, schema["observed"], schema, "observed"))
        del place["new"]
    step["names"] = {"x": {"new kind": 1}}
    assert list(_wrong(observed, schema["observed"], schema, "observed"))


def test_the_agent_writes_nothing_else(schema: Mapping[str, Any], oracle_of: Callable[[Target], Oracle]) -> None:
    """Observations of this interpreter, in one case of every seven and in one that holds what is rare."""
    target = target_for("")
    assert target is not None
    oracle = oracle_of(target)
    for case in (RARE, *list(all_cases().values())[::7]):
        if not case.unmet(oracle.side.greeting.version, oracle.side.greeting.capabilities):
            observed = [{"pythons": ["3.8"], "observation": oracle.observe(case)}]
            assert list(_wrong(observed, schema["observed"], schema, case.id)) == []


# There is no observation to change, or none that holds it: imports begin with an empty module.
RARELY_MET = {"crash", "hang", "import.globals"}


def _fields() -> list[str]:
    table = DOCUMENT[DOCUMENT.index("| field | what is compared |") :].partition("\n\n")[0]
    named = re.findall(r"`([^`]+)`", "".join(line.split("|")[1] for line in table.splitlines()[2:]))
    return [*named, "import.__*__"]


def test_each_field_that_is_compared_is_described(exported: Path) -> None:
    """Whatever part of an observation is changed, the judge calls the field as the document does."""
    met: set[str] = set()
    for path in sorted(exported.rglob("observed.json"))[::4]:  # the others show no other field
        case = all_cases().get(path.parent.relative_to(exported / "cases").as_posix())
        if case is None:
            continue
        text = json.dumps(json.loads(path.read_text())[-1]["observation"])
        for other in _changed(text):
            try:
                found = judge(case, json.loads(text), other, version="3.12.0")
            except (AttributeError, IndexError, KeyError, TypeError, ValueError):
                continue  # what no agent would write
            met.update(divergence.signature.field for divergence in found)
    patterns = _fields()
    assert sorted(field for field in met if not any(fnmatchcase(field, pattern) for pattern in patterns)) == []
    # Those that only rarer observations hold.
    rare = {
        "crash",
        "hang",
        "exception.attributes",
        "exception.location",
        "exception.subclass",
        "after.cwd",
        "warnings",
    }
    missing = {pattern for pattern in patterns if not any(fnmatchcase(field, pattern) for field in met)}
    assert not {pattern for pattern in missing - rare if not _is_owned(pattern)}
    assert len(met) > 50


def _is_owned(field: str) -> bool:
    return any(clause.owns(field, "value") for clause in registry().values())


_LISTS = ("path", "meta_path", "path_hooks", "filters", "cwd")
_KEYED = ("main", "environ", "builtins", "attributes", "state")
_STATE = {**dict.fromkeys(_LISTS, "new"), **{key: {"key": "new"} for key in _KEYED}}
_AROUND: dict[str, Any] = {"argv": {"list": ["new"]}, "state": _STATE}
# What a description may have besides, by a key that it has.
_OPTIONAL: dict[str, list[dict[str, Any]]] = {
    "specials": [{"handled": "new"}, {"namespace": "new"}, _AROUND, {"argv": {"items": "as before"}}],
    "event": [_AROUND, {"argv": {"items": "as before"}}],
    "outcome": [_AROUND, {"argv": {"items": "as before"}}],
    "bases": [{"location": ["new", 1]}, {"attributes": [["new", 1]]}, {"held": {"new": 1}}, {"is": "new"}],
    "module": [{"type": "new"}],
}


def _changed(text: str) -> Iterator[Any]:
    """An observation with one thing changed, again and again: another value, one item less, or one more."""
    for path in _places(json.loads(text)):
        for change in ("other", "less", "more", "reversed", "another type", *range(7)):
            whole = holder = json.loads(text)
            for key in path[:-1]:
                holder = holder[key]
            value = holder[path[-1]]
            if change == "less":
                del holder[path[-1]]
            elif change == "other" and not isinstance(value, (dict, list)):
                holder[path[-1]] = f"{value}!" if isinstance(value, str) else 77
            elif change == "more" and isinstance(value, list):
                value.append("new")
            elif change == "reversed" and isinstance(value, list):
                value.reverse()
            elif change == "another type" and isinstance(value, dict) and "bases" in value:
                value["bases"], value["exception"] = [value["exception"]], "new"
            elif isinstance(change, int) and isinstance(value, dict):
                more = [parts for key, found in _OPTIONAL.items() if key in value for parts in found]
                if change >= len(more):
                    continue
                value.update(more[change])
            else:
                continue
            yield whole


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in items:
        if path:
            yield (*path, key)
        if len(path) < 6:
            yield from _places(part, (*path, key))


def test_clauses_own_fields_that_are_described() -> None:
    """Else a reader could not tell what a clause is judged by."""
    described = [field.replace("__*__", special) for field in _fields() for special in SPECIALS]
    exported = [clause for clause in registry().values() if clause.chapter not in CHAPTERS_OF_COMMANDS]
    patterns = {pattern.partition(":")[0] for clause in exported for pattern in clause.fields}
    of_commands = ("program.", "ended.", "process.")  # whose cases are not exported
    owned_by_default = {pattern for pattern, _ in (*OWNERS, *PATH_OWNERS) if not pattern.startswith(of_commands)}
    for pattern in patterns | owned_by_default:
        owned = [field for field in described if fnmatchcase(field, pattern)]
        assert owned, f"{pattern} owns nothing that observation.md describes"


HARNESS = HOUSE / "tests" / "plain_harness.py"
WRONG = """
import runpy, sys
def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    result = runpy.run_module(mod_name, init_globals, run_name, alter_sys)
    if alter_sys:
        sys.argv[0] = 'left behind'
    return result
"""
WRONG_PATH = """
import runpy, sys
def run_path(path_name, init_globals=None, run_name=None):
    result = runpy.run_path(path_name, init_globals, run_name)
    sys.argv[0] = 'left behind'
    return result
"""


def _harness(exported: Path, target: Target, *arguments: str) -> subprocess.CompletedProcess[str]:
    alone = exported.parent / "plain_harness.py"
    shutil.copy(HARNESS, alone)
    return subprocess.run(
        [sys.executable, "-I", str(alone), str(exported), target.executable, *arguments],
        cwd=exported.parent,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize("language", ["3.8", "3.12"])
def test_a_harness_can_be_written_by_the_documents(
    exported: Path, compilers: Mapping[str, Target], language: str
) -> None:
    """One that knows nothing of this suite runs the cases, and sees what was recorded."""
    if language not in compilers:
        pytest.skip(f"there is no CPython {language}")
    wanted = [case.id for case in _tree()]
    told = _harness(exported, compilers[language], *wanted)
    assert told.stdout.splitlines()[:-1] == [], told.stderr
    assert int(told.stdout.split()[0]) >= 30


def test_such_a_harness_names_the_clause(exported: Path, compilers: Mapping[str, Target], tmp_path: Path) -> None:
    """By the fields that clauses own, as the index has them."""
    if not compilers:
        pytest.skip("neither CPython 3.8 nor 3.12 is here")
    wrong = tmp_path / "wrong.py"
    wrong.write_text(WRONG)
    told = _harness(exported, next(iter(compilers.values())), f"--impl={wrong}", *[case.id for case in _tree()])
    assert told.returncode == 1, told.stderr
    assert ": ARGV-RESTORED: after.argv: " in told.stdout
    assert {line.split(": ")[2] for line in told.stdout.splitlines()[:-1]} <= {"after.argv", "names"}


def test_such_a_harness_leaves_out_what_is_not_offered(
    exported: Path, compilers: Mapping[str, Target], tmp_path: Path
) -> None:
    """By the functions that a case calls, as the index has them: here an implementation has `run_path` alone."""
    if not compilers:
        pytest.skip("neither CPython 3.8 nor 3.12 is here")
    index = json.loads((exported / INDEX).read_text())
    of_functions = [tuple(case["functions"]) for case in index["cases"]]
    assert {("run_module",), ("run_path",)} <= set(of_functions)
    wrong = tmp_path / "wrong.py"
    wrong.write_text(WRONG_PATH)
    told = _harness(exported, next(iter(compilers.values())), f"--impl={wrong}", *[case.id for case in _tree()])
    assert told.returncode == 1, told.stderr
    assert "P-ARGV-RESTORED: after.argv: " in told.stdout
    tried = re.fullmatch(r"(\d+) agree, (\d+) differ", told.stdout.splitlines()[-1])
    assert tried is not None
    assert 0 < sum(map(int, tried.groups())) <= of_functions.count(("run_path",))


def test_the_harness_knows_nothing_of_the_suite() -> None:
    """Or it would prove nothing."""
    imported = set(re.findall(r"^\s*(?:import|from) (\w+)", HARNESS.read_text("utf-8"), re.MULTILINE))
    assert imported <= set(sys.stdlib_module_names)
    assert imported


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
    told = capsys.readouterr().out
    assert "1 cases" in told
    assert told.index("Writing 1 cases in 6 files to") < told.index("is written")
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


def test_what_there_is_nothing_of_is_refused(small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Versions that are not recorded, folders that are not there or hold no case, a compressed file that exists."""
    new = str(tmp_path / "new")
    assert "nothing is recorded of Python 2.7; there are 3.8, 3.9" in _refused([new, "--versions=3.13,2.7"], 2, capsys)
    assert "there are none in this folder" in _refused([f"--cases={small}", new, "--versions=3.13"], 2, capsys)
    assert "--cases: there is no folder" in _refused([f"--cases={tmp_path / 'no'}", new], 2, capsys)
    (tmp_path / "hollow").mkdir()
    assert "There are no cases in" in _refused([f"--cases={tmp_path / 'hollow'}", new], 2, capsys)
    (tmp_path / "mine.zip").write_text("mine")
    assert "mine.zip exists" in _refused([f"--cases={small}", str(tmp_path / "mine.zip")], 2, capsys)
    assert (tmp_path / "mine.zip").read_text() == "mine"
    assert sorted(os.listdir(tmp_path)) == ["fixtures", "hollow", "mine.zip"]


@pytest.mark.parametrize("name", ["new", "new.zip"])
def test_a_disk_that_is_too_full_is_refused(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Before anything is written, with both sizes."""
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=0))
    assert "and 0.0 MB are left" in _refused([f"--cases={small}", str(tmp_path / name)], 4, capsys)
    assert os.listdir(tmp_path) == ["fixtures"]


def test_paths_start_where_the_user_stands(small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nox goes to the folder of the noxfile, and says where it came from."""
    words = [f"--standing-in={tmp_path}", "--cases=fixtures", "tree.tar.gz"]
    assert export.main(words) == 0
    assert sorted(os.listdir(tmp_path)) == ["fixtures", "tree.tar.gz"]
    assert str(tmp_path / "tree.tar.gz") in capsys.readouterr().out


def test_without_a_folder_it_says_where_it_writes(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The tree is in a folder of its own, which is made where the user stands, never among installed files."""
    assert export.main([f"--cases={small}", f"--standing-in={tmp_path}"]) == 0
    assert (
        capsys.readouterr().out.splitlines()[0]
        == f"No folder was given; the tree is written to {tmp_path / 'build' / 'fixtures'}."
    )
    assert (tmp_path / "build" / "fixtures" / INDEX).is_file()


def test_a_tree_for_some_versions_holds_nothing_of_others(tmp_path: Path, compilers: Mapping[str, Target]) -> None:
    """No observation, no compiled file, no case that none of them can run."""
    recordings = Recordings(FIXTURES / FOLDER)
    builds = export._selected_builds(recordings.cpythons, ["3.12"])
    newest = next(case for case in all_cases().values() if "python>=3.14" in case.requires)
    assert not export._runs_on_any(newest, builds)
    assert export._runs_on_any(newest, recordings.cpythons)
    files = export.contents(
        _tree(), recordings, builds, {language: compilers[language] for language in compilers if language == "3.12"}
    )
    index = json.loads(files[INDEX])
    assert list(index["pythons"]) == ["3.12"]
    assert {tuple(case["recorded"]) for case in index["cases"]} == {("3.12",), ()}
    observed = [json.loads(content) for name, content in files.items() if name.endswith("/observed.json")]
    assert observed
    assert all(len(recorded) == 1 and recorded[0]["pythons"] == ["3.12"] for recorded in observed)
    assert not [name for name in files if "/compiled/" in name and "/compiled/3.12/" not in name]


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
