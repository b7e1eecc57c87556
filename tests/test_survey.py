"""The survey: recipes, what they expect, what was shown of it, and the pages made of both."""

import tomllib
from pathlib import Path

import msgspec
import pytest

from conformance.clauses import Level, registry
from survey import pages, recipe, result
from survey.__main__ import compare
from survey.checking import CHECKED
from survey.recipe import CHECKS, RECIPES, REPORTS, Expected, Recipe, RecipeError, read, recipes

ALL = recipes()
KNOWN = {name: result.read(name) for name in ALL}
_LONGEST = 20  # lines of an adapter


@pytest.mark.parametrize("name", ALL)
def test_a_recipe_expects_what_was_shown(name: str) -> None:
    """Neither more nor less, on each of its targets; its clauses exist, and only what is exact is a detail."""
    this = ALL[name]
    assert sorted(KNOWN[name]) == sorted(this.targets)
    assert all(compare(this, shown) == 0 for shown in KNOWN[name].values())
    for entry in this.expected:
        assert all(clause in registry() for clause in entry.clauses)
        if entry.verdict == "detail":
            assert all(registry()[clause].level == Level.EXACT for clause in entry.clauses), entry.name


@pytest.mark.parametrize("name", ALL)
def test_each_divergence_has_a_check_and_each_fault_a_text(name: str) -> None:
    """On the first target: the check names the first clause of the entry, and the text holds the reason."""
    version = KNOWN[name][ALL[name].targets[0]].language
    entries = [entry for entry in ALL[name].expected if entry.holds(version)]
    checked = [entry.name for entry in entries if entry.verdict in CHECKED]
    script = CHECKS / f"{name}.py"
    text = script.read_text(encoding="utf-8") if script.exists() else ""
    assert [clause for clause in checked if f'"{clause}' not in text] == []
    faults = [entry for entry in entries if entry.verdict == "fault"]
    report = (REPORTS / f"{name}.md").read_text(encoding="utf-8") if faults else ""
    assert [entry.name for entry in faults if entry.why[1:] not in report] == []


def test_no_result_holds_what_belongs_to_a_machine() -> None:
    """No path but those in an environment, which is told as such, and no time limit, which may become shorter."""
    for path in result.RESULTS.glob("*.json"):
        text = path.read_text(encoding="utf-8")
        assert path.stem in ALL
        assert not [place for place in ("/tmp/", "/home/", "/root/", "/opt/") if place in text], path
        assert "no end within" not in text, path


def test_an_adapter_is_short() -> None:
    """An adapter leaves out what it cannot say in a few lines."""
    for path in RECIPES.glob("*.py"):
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        body = [line for line in lines if not line.lstrip().startswith(("#", '"""'))]
        assert len(body) <= (2 * _LONGEST if path.stem == "coverage" else _LONGEST), path.name


def test_the_pages_are_up_to_date() -> None:
    """`nox -s survey -- --pages` would write nothing else."""
    assert pages.out_of_date() == []


def test_a_link_of_a_page_leads_somewhere() -> None:
    """On each page, each cell that leads to a finding."""
    for path, mark in ((pages.PAGE, "](#"), (pages.HTML, 'href="#')):
        text = path.read_text(encoding="utf-8")
        targets = {part.partition('"')[0] for part in text.split('id="')[1:]}
        links = {part.replace(")", '"').partition('"')[0] for part in text.split(mark)[1:]}
        assert len(links) > len(ALL)
        assert links <= targets


def test_what_is_new_or_gone_fails() -> None:
    """A clause that diverges and is not expected, and one that is expected and does not."""
    this, shown = ALL["debugpy"], KNOWN["debugpy"]["3.14"]
    assert compare(this, msgspec.structs.replace(shown, broken=shown.broken[1:])) == 1
    assert compare(msgspec.structs.replace(this, expected=this.expected[:1]), shown) == 1


def test_a_divergence_that_counts_is_no_detail() -> None:
    """Nobody is without an opinion on it."""
    this, shown = ALL["debugpy"], KNOWN["debugpy"]["3.14"]
    harmless = [msgspec.structs.replace(entry, verdict="detail") for entry in this.expected]
    assert compare(msgspec.structs.replace(this, expected=tuple(harmless)), shown) == 1


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"install": ["coverage"]}, "pin the version of 'coverage'"),
        ({"command": "coverage run -m"}, "give one of `impl`, `command` and `interpreter`"),
        ({"targets": []}, "give at least one target"),
        ({"surprise": 1}, "surprise"),
        ({"expected": [{"clauses": ["A"], "verdict": "fault", "why": "so"}]}, "A: a fault needs a `source`"),
        ({"expected": [{"clauses": ["A", "A"], "verdict": "detail", "why": "so"}]}, "A is expected twice"),
        ({"expected": [{"clauses": [], "verdict": "detail", "why": "so"}]}, "names no clause"),
        ({"expected": [{"clauses": ["A"], "verdict": "wrong", "why": "so"}]}, "wrong"),
    ],
)
def test_a_recipe_that_contradicts_itself_is_refused(
    changed: dict[str, object], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its file and one sentence."""
    data = tomllib.loads((RECIPES / "debugpy.toml").read_text(encoding="utf-8")) | changed
    monkeypatch.setattr(recipe, "RECIPES", tmp_path)
    monkeypatch.setattr(recipe.tomllib, "loads", lambda text: data)
    (tmp_path / "debugpy.toml").touch()
    with pytest.raises(RecipeError, match=r"debugpy\.toml: ") as problem:
        read("debugpy")
    assert sentence in str(problem.value)


def test_an_entry_holds_for_its_versions() -> None:
    """For all of them, if it names none."""
    entry = Expected(("A",), "detail", "so", versions=("==3.13.*,>=3.13.14", ">=3.15"))
    assert [entry.holds(version) for version in ("3.13.2", "3.13.20", "3.14.1", "3.15.0")] == [False, True, False, True]
    assert msgspec.structs.replace(entry, versions=()).holds("3.8.0")


def test_an_implementation_is_judged_in_one_way() -> None:
    """As a function, a command or an interpreter."""
    kinds = {this.kind for this in ALL.values()}
    assert kinds == {"function", "command", "interpreter"}
    assert isinstance(ALL["debugpy"], Recipe)
