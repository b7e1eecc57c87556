"""Files that people write: a wrong one is refused with one sentence, and the published schemas say the same."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired, TypedDict, get_args

import pytest
from msgspec import Meta

from conformance import FIXTURES, HOUSE
from conformance.cases.fixtures import fixtures, from_plain, read
from conformance.cases.model import CAPABILITIES, CaseError
from conformance.checked import Table, WrongData, checked, form
from conformance.clauses import CHAPTERS, HERE, Level, LevelName, RegistryError, load
from conformance.clauses.equivalence import TABLE as EQUIVALENCE
from conformance.clauses.ledger import LEDGER
from conformance.clauses.natures import TABLE, NatureError, natures
from conformance.commands.schemas import SCHEMAS

# -- the check itself ------------------------------------------------------------------------------------------


class Leaf(Table, frozen=True):
    """A small table."""

    noun = "leaf"

    id: str
    size: int = 0
    colour: Literal["green", "red"] = "green"
    by_name: Annotated[dict[str, int], Meta(min_length=1), form("a table of numbers")] | None = None

    def __post_init__(self) -> None:
        """Have a rule of its own."""
        if self.size < 0:
            raise ValueError("a leaf has no size below 0")


class BirdNest(TypedDict):
    """Data of a program, which stays a dictionary."""

    eggs: int
    twigs: NotRequired[list[Leaf]]


class Tree(Table, frozen=True):
    """A table of tables."""

    noun = "oak"

    leaves: tuple[Leaf, ...] = ()
    either: str | Leaf | list[str] = ""
    tall: bool = False


def test_data_of_a_program_may_have_further_keys() -> None:
    """A `TypedDict` is called in a sentence as its class is; a key that msgspec cannot look up is refused."""
    assert checked({"eggs": 2, "feathers": 7}, BirdNest) == {"eggs": 2}
    for data, sentence in (
        (5, "a bird nest is a table, not 5"),
        ({"feathers": 7}, "this bird nest has no 'eggs'"),
        ({"eggs": True}, "`eggs` is a whole number, not true"),
        ({"eggs": 1, "twigs": [{"id": 5}]}, "item 1 of `twigs`: `id` is a text, not 5"),
        ({"eggs": 1, "\udc80": 7}, "this bird nest has the key '\\udc80', which UTF-8 cannot hold"),
    ):
        with pytest.raises(WrongData) as caught:
            checked(data, BirdNest)
        assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("data", "place", "sentence"),
    [
        (5, (), "an oak is a table, not 5"),
        ([], (), "an oak is a table, not a list"),
        (None, (), "an oak is a table, not null"),
        ({"leafs": []}, ("leafs",), "there is no key 'leafs' in an oak, which may have either, leaves and tall; is it leaves?"),
        ({"x": 1}, ("x",), "there is no key 'x' in an oak, which may have either, leaves and tall"),
        ({"\udc80": 1}, ("\udc80",), "there is no key '\\udc80' in an oak, which may have either, leaves and tall"),
        ({"tall": 1}, ("tall",), "`tall` is true or false, not 1"),
        ({"leaves": {}}, ("leaves",), "`leaves` is a list of tables, not a table"),
        ({"leaves": [{}]}, ("leaves", 0), "item 1 of `leaves`: this leaf has no 'id'"),
        ({"leaves": [{"id": "a"}, 5]}, ("leaves", 1), "item 2 of `leaves` is a table, not 5"),
        ({"leaves": [{"id": 5}]}, ("leaves", 0, "id"), "item 1 of `leaves`: `id` is a text, not 5"),
        ({"leaves": [{"id": "a", "size": "b"}]}, ("leaves", 0, "size"), "leaf a: `size` is a whole number, not 'b'"),
        ({"leaves": [{"id": "a", "size": -1}]}, ("leaves", 0), "leaf a: a leaf has no size below 0"),
        ({"leaves": [{"id": "a", "colour": "gren"}]}, ("leaves", 0, "colour"), "leaf a: `colour` is green or red, not 'gren'; is it green?"),
        ({"leaves": [{"id": "a", "by_name": {}}]}, ("leaves", 0, "by_name"), "leaf a: `by_name` is empty; write a table of numbers"),
        ({"leaves": [{"id": "a", "by_name": {"b": "c"}}]}, ("leaves", 0, "by_name", "b"), "leaf a: `by_name`: 'b' is a whole number, not 'c'"),
        ({"either": 5}, ("either",), "`either` is a text or a table or a list of texts, not 5"),
        ({"either": ["a", 5]}, ("either", 1), "item 2 of `either` is a text, not 5"),
        ({"either": {"id": "a", "size": None}}, ("either", "size"), "`either`: `size` is a whole number, not null"),
    ],
)  # fmt: skip
def test_a_mistake_is_said_in_a_sentence(data: object, place: tuple[str | int, ...], sentence: str) -> None:
    """With the way to it: the smallest part that is wrong, and what would be right."""
    with pytest.raises(WrongData) as caught:
        checked(data, Tree)
    assert str(caught.value) == sentence
    assert caught.value.place == place


def test_texts_may_hold_half_of_a_surrogate_pair() -> None:
    """Cases of the search have such names, and such files."""
    assert checked({"leaves": [{"id": "\udc80", "by_name": {"\ud800": 1}}]}, Tree).leaves[0].by_name == {"\ud800": 1}
    case = from_plain({"call": "1", "files": {"\udc80.py": "x = '\ud800'"}, "summary": "\udc80"}, "search/x")
    assert case.files == {"\udc80.py": "x = '\ud800'"}


# -- fixtures --------------------------------------------------------------------------------------------------

FIXTURE: dict[str, tuple[str | bytes, str]] = {
    "no TOML": ("call = ", "this is not TOML"),
    "an unknown key": ("call = '1'\nfils = {}", "there is no key 'fils' in a fixture, which may have argv, call, clauses, command, files,"),
    "a key that is nearly right": ("call = '1'\nrequire = []", "; is it requires?"),
    "another summary": ("call = '1'\nsummary = 5", "`summary` is a text, not 5"),
    "another call": ("call = 5", "`call` is a text, not 5"),
    "neither call nor steps": ("summary = 'x'", "give either `call`, `command` or `[[steps]]`"),
    "both": ("call = '1'\nsteps = []", "give either `call`, `command` or `[[steps]]`"),
    "a text for a list": ("call = '1'\nrequires = 'zip'", "`requires` is a list of texts, not 'zip'"),
    "a number in a list": ("call = '1'\nargv = ['a', 5]", "item 2 of `argv` is a text, not 5"),
    "an unknown requirement": ("call = '1'\nrequires = ['thread']", "there is nothing called 'thread' to require; there are"),
    "a requirement that is nearly right": ("call = '1'\nrequires = ['thread']", "; is it threads?"),
    "a bad specifier": ("call = '1'\nrequires = ['python3.9']", "'python3.9' in `requires` is no version specifier, such as python>=3.12"),
    "a table for steps": ("[steps]\ndo = '1'", "`steps` is a list of steps, each written [[steps]], not a table"),
    "a step of two kinds": ("[[steps]]\ndo = '1'\ncall = '1'", "step 1 has exactly one of `do`, `call`, `write`, `command`"),
    "a step of no kind": ("[[steps]]", "step 1 has exactly one of `do`, `call`, `write`, `command`"),
    "a step of an unknown kind": ("[[steps]]\ndo = '1'\n[[steps]]\ncal = '1'", "step 2: there is no key 'cal' in a step, which may have call, command, do and write; is it call?"),
    "a number for a step": ("[[steps]]\ndo = 5", "step 1: `do` is a text, not 5"),
    "a step that does not parse": ("[[steps]]\ndo = 'x ='", "step 1: `do` does not parse: invalid syntax in line 1"),
    "a call that is a statement": ("call = 'x = 1'", "step 1: `call` does not parse"),
    "a list for files": ("call = '1'\nfiles = []", "`files` is a table of files, not a list"),
    "a number for a file": ("call = '1'\nfiles.x = 5", "files: 'x' is a text or a recipe with one of pyc, zip, bytes, symlink, text, delete"),
    "a file outside of the world": ("call = '1'\n[files]\n'../x.py' = ''", "files: the file '../x.py' lies outside of the world"),
    "an absolute file": ("[[steps]]\n[steps.write]\n'/x.py' = ''", "step 1: the file '/x.py' lies outside of the world"),
    "a file outside, in an archive": ("call = '1'\nfiles.x = { zip = { '../y' = '' } }", "files: 'x': the file '../y' lies outside of the world"),
    "an unknown recipe": ("call = '1'\nfiles.x = { byte = '' }", "one of pyc, zip, bytes, symlink, text, delete; is it bytes?"),
    "two recipes": ("call = '1'\nfiles.x = { bytes = '', pyc = '' }", "files: 'x' is a text or a recipe with one of"),
    "an unknown key in a recipe": ("call = '1'\nfiles.x = { pyc = '', mod = '' }", "files: 'x': there is no key 'mod' in a pyc recipe, which may have for, mode, pyc and stale; is it mode?"),
    "a key of another recipe": ("call = '1'\nfiles.x = { bytes = '', mtime = 5 }", "files: 'x': there is no key 'mtime' in a bytes recipe, which may have bytes"),
    "an unknown mode": ("call = '1'\nfiles.x = { pyc = '', mode = 'hash' }", "files: 'x': `mode` is timestamp, checked-hash or unchecked-hash, not 'hash'"),
    "a text for a time": ("call = '1'\nfiles.x = { text = '', mtime = '5' }", "files: 'x': `mtime` is a whole number, not '5'"),
    "a recipe at depth": ("call = '1'\nfiles.x = { zip = { y = { pyc = 5 } } }", "files: 'x': 'y': `pyc` is a text, not 5"),
    "a link in an archive": ("call = '1'\nfiles.x = { zip = { y = { symlink = 'z' } } }", "files: 'x': 'y' is a text or a recipe with one of pyc, zip, bytes, text"),
    "no deletion": ("[[steps]]\nwrite = { x = { delete = false } }", "step 1: 'x': `delete` is true, not false"),
    "no text": (b"summary = '\xff'", "this is not TOML"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FIXTURE)
def test_a_wrong_fixture_is_refused(fault: str, tmp_path: Path) -> None:
    """With its file, and one sentence."""
    text, sentence = FIXTURE[fault]
    path = tmp_path / "packages" / "own.toml"
    path.parent.mkdir()
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(CaseError) as caught:
        read(path, tmp_path)
    said = str(caught.value)
    assert said.startswith(f"{path}: ")
    assert sentence in said
    assert "\n" not in said


# -- clauses and natures ---------------------------------------------------------------------------------------

CLAUSE = "[[clause]]\nid = 'A'\nlevel = 'exact'\nstatement = 'x'\nsource = 'x'\n"
CLAUSES = {
    "no TOML": ("x =", "this is not TOML"),
    "an unknown table": ("[[clauses]]\nid = 'A'", "there is no key 'clauses' in a chapter, which may have clause; is it clause?"),
    "a table for a list": ("[clause]\nid = 'A'", "`clause` is a list of clauses, each written [[clause]], not a table"),
    "an unknown key": (CLAUSE + "field = []", "clause A: there is no key 'field' in a clause, which may have fields, id,"),
    "a missing key": ("[[clause]]\nid = 'A'", "clause A: this clause has no 'level'"),
    "no id": ("[[clause]]\nlevel = 'exact'", "item 1 of `clause`: this clause has no 'id'"),
    "an unknown level": (CLAUSE.replace("exact", "exakt") + "fields = ['x']", "clause A: `level` is documented, compat or exact, not 'exakt'; is it exact?"),
    "a text for a list": (CLAUSE + "fields = 'note'", "clause A: `fields` is a list of texts, not 'note'"),
    "a number in a list": (CLAUSE + "fields = ['note', 5]", "clause A: item 2 of `fields` is a text, not 5"),
    "a bad specifier": (CLAUSE + "fields = ['note']\nversions = ['3.9']", "clause A: '3.9' is no version specifier, such as >=3.12"),
    "neither fields nor untestable": (CLAUSE, "clause A: give either the fields that show it, or why it is untestable"),
    "both": (CLAUSE + "fields = ['x']\nuntestable = 'x'", "clause A: give either the fields that show it, or"),
    "a clause twice": ((CLAUSE + "fields = ['x']\n") * 2, "the clause A is defined twice"),
}  # fmt: skip


@pytest.mark.parametrize("fault", CLAUSES)
def test_a_wrong_file_of_clauses_is_refused(fault: str, tmp_path: Path) -> None:
    """With its file, the clause, and one sentence."""
    text, sentence = CLAUSES[fault]
    first = next(iter(CHAPTERS))
    for chapter in CHAPTERS:
        (tmp_path / f"{chapter}.toml").write_text(text if chapter == first else "")
    with pytest.raises(RegistryError) as caught:
        load(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / first}.toml: ")
    assert sentence in str(caught.value)


NATURE = "[[nature]]\nid = 'a'\nwhat = 'x'\nwhy = 'x'\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x =", "this is not TOML"),
        ("", "this file of natures has no 'nature'"),
        (NATURE, "nature a: this nature has no 'effects'"),
        (
            NATURE + "effects = []\nwhen = 'now'",
            "nature a: there is no key 'when' in a nature, which may have effects, id,",
        ),
        (
            NATURE + "effects = [{ what = 'n', before = '*', after = '' }]",
            "nature a: item 1 of `effects`: '*' is no regular",
        ),
    ],
)
def test_a_wrong_table_of_natures_is_refused(text: str, sentence: str, tmp_path: Path) -> None:
    """With its file, the nature, and one sentence."""
    path = tmp_path / "natures.toml"
    path.write_text(text)
    with pytest.raises(NatureError) as caught:
        natures(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert sentence in str(caught.value)


def test_the_levels_of_a_file_are_the_levels() -> None:
    """The one list is for types, the other has an order."""
    assert list(get_args(LevelName)) == [str(level) for level in Level]


# -- schemas ---------------------------------------------------------------------------------------------------

SCHEMATA = {name.partition(".")[0]: json.loads(make()) for name, make in SCHEMAS.items()}
FILES: Mapping[str, Callable[[], list[Path]]] = {
    "fixture": lambda: list(fixtures(FIXTURES)),
    "families": lambda: list((FIXTURES / "families").glob("*.toml")),
    "clauses": lambda: [HERE / f"{chapter}.toml" for chapter in CHAPTERS],
    "ledger": lambda: list(LEDGER.glob("*.toml")),
    "equivalence": lambda: [EQUIVALENCE],
    "natures": lambda: [TABLE],
}
_TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}
_KNOWN = {
    *("$schema", "$defs", "$ref", "anyOf", "type", "enum", "items", "properties", "required", "additionalProperties"),
    *("minProperties", "minItems", "title", "description", "default"),
}


def refusals(data: Any, schema: Mapping[str, Any], definitions: Mapping[str, Any], place: str = "") -> Iterator[str]:
    """The places in which data is not as a JSON Schema says; as much of JSON Schema as ours need."""
    assert schema.keys() <= _KNOWN
    if "$ref" in schema:
        yield from refusals(data, definitions[schema["$ref"].removeprefix("#/$defs/")], definitions, place)
    if "anyOf" in schema and all(list(refusals(data, choice, definitions)) for choice in schema["anyOf"]):
        yield f"{place} is none of the choices"
    if "type" in schema and type(data) is not _TYPES[schema["type"]]:
        yield f"{place} is no {schema['type']}"
        return
    if "enum" in schema and data not in schema["enum"]:
        yield f"{place} is none of {schema['enum']}"
    if isinstance(data, list):
        for number, item in enumerate(data):
            yield from refusals(item, schema.get("items", {}), definitions, f"{place}[{number}]")
    if isinstance(data, dict):
        yield from (f"{place} has no {key}" for key in schema.get("required", ()) if key not in data)
        if len(data) < schema.get("minProperties", 0):
            yield f"{place} is empty"
        others = schema.get("additionalProperties", {})
        for key, value in data.items():
            part = schema.get("properties", {}).get(key, others)
            if part is False:
                yield f"{place} has {key}"
            else:
                yield from refusals(value, part, definitions, f"{place}.{key}")


def refused(data: object, name: str) -> list[str]:
    """The complaints of a published schema about the data of a file."""
    return list(refusals(data, SCHEMATA[name], SCHEMATA[name]["$defs"]))


@pytest.mark.parametrize("name", FILES)
def test_the_projects_own_files_are_as_their_schemas_say(name: str) -> None:
    """All of them; an editor that warns of a right file is of no use."""
    paths = FILES[name]()
    assert paths
    for path in paths:
        assert refused(tomllib.loads(path.read_text(encoding="utf-8")), name) == [], path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("fixture", "call = '1'\nfils = {}"),
        ("fixture", "call = 5"),
        ("fixture", "call = '1'\nfiles.x = 5"),
        ("fixture", "call = '1'\nfiles.x = { pyc = '', mode = 'hash' }"),
        ("fixture", "call = '1'\nfiles.x = { zip = { y = { pyc = 5 } } }"),
        ("fixture", "[[steps]]\ncal = '1'"),
        ("families", "[layout.one]\nsay = 'x'"),
        ("families", "[[family]]\nid = 'x'\nsummary = 'x'\naxes = ['a']\ntake = 'some'"),
        ("clauses", CLAUSE.replace("exact", "exakt")),
        ("ledger", "[[change]]\nid = 'A'"),
        ("natures", NATURE),
        ("baseline", "[[expected]]\nreason = 'x'\nsignatures = {}"),
        ("baseline", "[[expected]]\nreason = 'x'\nsignatures = { x = { cases = 'x' } }"),
        ("baseline", "[cases.'search/x/1']\ncalls = '1'"),
    ],
)
def test_the_schemas_refuse_what_the_suite_refuses(name: str, text: str) -> None:
    """As far as a schema can say it."""
    assert refused(tomllib.loads(text), name)


def test_a_baseline_as_the_guide_shows_it_is_as_its_schema_says() -> None:
    """The example in docs/baselines.md."""
    guide = (HOUSE / "docs" / "baselines.md").read_text(encoding="utf-8")
    example = tomllib.loads(guide.partition("```toml\n")[2].partition("```")[0])
    assert example["expected"]
    assert refused(example, "baseline") == []


def test_the_schema_of_a_fixture_names_every_capability() -> None:
    """It is what an editor shows."""
    words = SCHEMATA["fixture"]["$defs"]["FixtureFile"]["properties"]["requires"]["description"]
    assert all(capability in words for capability in CAPABILITIES)


def test_editors_are_told_of_each_schema_and_of_no_other() -> None:
    """By .taplo.toml; the schema of a baseline is named by the file itself, which lies with its user."""
    rules = tomllib.loads((HOUSE / ".taplo.toml").read_text(encoding="utf-8"))["rule"]
    named = {rule["schema"]["path"].removeprefix("docs/schemas/") for rule in rules}
    assert named == SCHEMAS.keys() - {"baseline.schema.json"}
    for rule in rules:
        name = rule["schema"]["path"].removeprefix("docs/schemas/").partition(".")[0]
        left_out = {path for pattern in rule.get("exclude", ()) for path in HOUSE.glob(pattern)}
        meant = {path for pattern in rule["include"] for path in HOUSE.glob(pattern)} - left_out
        assert meant >= set(FILES[name]()), name
        assert not [path for path in meant if refused(tomllib.loads(path.read_text(encoding="utf-8")), name)]
