"""The judge is a pure function: two observations in, divergences out."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from conformance.cases.model import Case, Step
from conformance.clauses import Clause, Level, registry
from conformance.judge.baseline import KINDS
from conformance.judge.causes import explains, with_causes
from conformance.judge.compare import failed, judge
from conformance.judge.context import Place, StepContext
from conformance.judge.descriptions import ABSENT, difference_kind
from conformance.judge.difference import Difference
from conformance.judge.divergence import Divergence, Moment, Signature
from conformance.judge.fields import FIELDS
from conformance.judge.owners import OWNERS, UNOWNED, default_owner, is_beyond
from conformance.judge.path_owners import PATH_OWNERS

CASE = Case(files={"m.py": ""}, steps=(Step("call", "run_module('m')"),), id="packages/made_up")

SPEC = {"spec": "m", "loader": {"machinery": "SourceFileLoader"}, "origin": "<root>/m.py"}
SPECIALS = {
    "__name__": "m",
    "__file__": "<root>/m.py",
    "__cached__": "<root>/m.pyc",
    "__doc__": None,
    "__loader__": {"machinery": "SourceFileLoader"},
    "__package__": "",
    "__spec__": SPEC,
    "__builtins__": {"is": "builtins"},
}


def observation() -> dict[str, Any]:
    """A plain run of a module that binds x."""
    run = {
        "event": "run",
        "file": "<root>/m.py",
        "specials": dict(SPECIALS),
        "keys": list(SPECIALS),
        "globals": [],
        "locals": True,
        "entry": "absent",
    }
    end = {"event": "end", "file": "<root>/m.py", "globals": [["x", 1]], "entry": "absent"}
    result = {"dict": [[key, value] for key, value in SPECIALS.items()] + [["x", 1]], "is": "globals of run m"}
    step = {
        "outcome": "returned",
        "result": result,
        "events": [run, end],
        "audit": [],
        "modules": {},
        "state": {},
        "names": {},
        "stdout": "",
        "stderr": "",
        "files": [],
    }
    return copy.deepcopy({"steps": [step]})


def verdict(candidate: dict[str, Any], level: Level = Level.COMPAT, **more: Any) -> list[tuple[str, str, bool]]:
    """(clause, field, is it a cause) of each divergence."""
    found = judge(CASE, observation(), candidate, version="3.13.0", level=level, **more)
    return [(divergence.signature.clause, divergence.signature.field, divergence.cause) for divergence in found]


def test_equal_observations_agree() -> None:
    """No divergence."""
    assert verdict(observation()) == []


def test_the_earliest_difference_is_the_cause() -> None:
    """A wrong name at entry explains the same wrong name in the result."""
    candidate = observation()
    step = candidate["steps"][0]
    step["events"][0]["specials"]["__name__"] = "__main__"
    step["result"]["dict"][0][1] = "__main__"
    assert verdict(candidate) == [
        ("NAME-OF-MODULE", "entry.__name__", True),
        ("NAME-OF-MODULE", "result.__name__", False),
    ]


def test_independent_differences_are_causes_both() -> None:
    """A difference that is left in sys explains no difference in the result."""
    candidate = observation()
    step = candidate["steps"][0]
    step["argv"] = {"list": ["<root>/m.py"], "is": "sys.argv"}
    step["result"]["type"] = "collections.OrderedDict"
    assert verdict(candidate) == [("ARGV-RESTORED", "after.argv", True), ("RESULT-EXACT-DICT", "result.type", True)]


def test_an_exact_difference_never_hides_a_firmer_one() -> None:
    """At level compat a wrong note that may follow from an exact difference still counts."""
    candidate = observation()
    step = candidate["steps"][0]
    step["events"][0]["handled"] = "ValueError"
    step["events"][1]["globals"] = [["x", 2]]
    fields = {field: cause for _, field, cause in verdict(candidate)}
    assert fields == {"entry.handled": True, "exit.globals": True}
    fields = {field: cause for _, field, cause in verdict(candidate, Level.EXACT)}
    assert fields == {"entry.handled": True, "exit.globals": False}


def test_a_module_that_was_not_run() -> None:
    """The missing execution is the cause of everything after it."""
    candidate = observation()
    candidate["steps"][0].update(events=[], result={"dict": []})
    found = verdict(candidate)
    assert found[0] == ("CODE-RUN-EACH-CALL", "executions.run", True)
    assert not any(cause for _, _, cause in found[1:])


def test_raised_instead_of_returned() -> None:
    """The outcome is told with what was raised."""
    candidate = observation()
    step = candidate["steps"][0]
    del step["result"]
    step["outcome"] = "raised"
    step["exception"] = {"exception": "KeyError", "bases": ["LookupError"], "message": "'m'", "args": ["m"]}
    (divergence,) = [
        divergence for divergence in judge(CASE, observation(), candidate, version="3.13.0") if divergence.cause
    ]
    assert (divergence.signature.field, divergence.signature.kind, divergence.candidate) == (
        "outcome",
        "raises",
        "raised KeyError: 'm'",
    )


def test_a_subclass_of_the_right_exception_is_a_detail() -> None:
    """ModuleNotFoundError for ImportError is exact; another type altogether is not."""

    def raising(name: str, bases: list[str]) -> dict[str, Any]:
        seen = observation()
        step = seen["steps"][0]
        del step["result"]
        step["events"] = []
        step["outcome"] = "raised"
        step["exception"] = {"exception": name, "bases": bases, "message": "No module named m", "args": []}
        return seen

    oracle = raising("ImportError", ["Exception"])
    for name, bases, field, level in (
        ("ModuleNotFoundError", ["ImportError", "Exception"], "exception.subclass", Level.EXACT),
        ("LookupError", ["Exception"], "exception.type", Level.COMPAT),
    ):
        (divergence,) = judge(CASE, oracle, raising(name, bases), version="3.13.0")
        assert (divergence.signature.field, divergence.level) == (field, level)


def test_what_an_adapter_cannot_show_is_left_out() -> None:
    """`unseen` names fields, or whole groups of them."""
    candidate = observation()
    candidate["steps"][0]["result"] = None
    assert verdict(candidate)
    assert verdict(candidate, unseen=frozenset({"result"})) == []


def test_a_fixture_names_the_clause() -> None:
    """The first of its clauses that owns the field; free fields belong to its first."""
    case = Case(files={}, steps=CASE.steps, id="packages/x", clauses=("PARENTS-ONCE", "PACKAGE-FROM-SPEC"))
    candidate = observation()
    candidate["steps"][0]["result"]["dict"][5][1] = "p"
    candidate["steps"][0]["result"]["dict"][-1][1] = 2
    found = judge(case, observation(), candidate, version="3.13.0")
    assert [divergence.signature.clause for divergence in found] == ["PACKAGE-FROM-SPEC", "PARENTS-ONCE"]


def test_no_observation_at_all() -> None:
    """A crash or a hang is a divergence, too."""
    divergence = failed(CASE, "crash", "signal 11", version="3.13.0")
    assert (divergence.signature.field, divergence.cause) == ("crash", True)


@pytest.mark.parametrize(
    ("step", "clause"),
    [
        (Step("call", "run_module('m')"), "CODE-RUN-EACH-CALL"),
        (Step("call", "run_path('m.py')"), "P-SOURCE-RUNS"),
        (Step("command", {"command": ["-m", "m"]}), "M-RUNS-ONCE"),
        (Step("command", {"command": ["m.py"]}), "S-RUNS-ONCE"),
    ],
    ids=["run_module", "run_path", "a module by a command", "a path by a command"],
)
def test_what_hangs_breaks_a_clause_about_what_was_called(step: Step, clause: str) -> None:
    """Where no fixture names another one."""
    hanging = failed(replace(CASE, steps=(step,)), "hang", "no end", version="3.13.0")
    assert hanging.signature.clause == clause


@pytest.mark.parametrize(
    ("oracle", "candidate", "kind"),
    [
        (1, 1, ""),
        (1, True, "type"),
        (1, 2, "value"),
        ("1", 1, "type"),
        (ABSENT, None, "extra"),
        (None, ABSENT, "missing"),
        ({"list": [], "is": "given"}, {"list": []}, "identity"),
        ({"list": [{"dict": [], "is": "a"}]}, {"list": [{"dict": [], "is": "b"}]}, "identity"),
        ({"list": []}, {"tuple": []}, "type"),
        ({"float": "nan"}, {"float": "nan"}, ""),
    ],
)
def test_kinds_of_difference(oracle: Any, candidate: Any, kind: str) -> None:
    """By value, type, identity, or presence."""
    assert difference_kind(oracle, candidate) == kind


@pytest.mark.parametrize("version", ["3.8.18", "3.12.1", "3.15.2"])
@pytest.mark.parametrize("field", sorted(FIELDS))
def test_every_field_has_an_owner(field: str, version: str) -> None:
    """On every version, in every situation, also when no fixture says what it is about."""
    for kind in KINDS:
        for altered in (False, True):
            for returned in (False, True):
                for oracle in (None, ABSENT, "text"):
                    difference = Difference(field, kind, oracle, "other", altered=altered, returned=returned)
                    assert default_owner(difference, version, registry()) != UNOWNED, difference


def test_no_clause_about_run_module_is_blamed_for_run_path() -> None:
    """Whatever differs in a step that calls `run_path`, a clause about that owns it."""
    fields = [field for field in sorted(FIELDS) if field.partition(".")[0] not in ("program", "ended", "process")]
    for version in ("3.8.18", "3.13.0", "3.14.0", "3.15.0"):
        for field in fields:
            for kind in ("missing", "extra", "value", "identity"):
                for returned in (False, True):
                    for of_world in (False, True):
                        difference = Difference(
                            field, kind, "text", "other", returned=returned, of_world=of_world, of_path=True
                        )
                        owner = default_owner(difference, version, registry())
                        assert owner.startswith("P-"), (difference, owner)


def test_a_field_that_nobody_owns_is_told() -> None:
    """It is reported, at the firmest level, rather than dropped."""
    difference = Difference("no.such_field", "value", 1, 2)
    assert default_owner(difference, "3.13.0", registry()) == UNOWNED


def test_a_field_that_is_not_in_the_table_cannot_be_compared() -> None:
    """So a new field of the observation is met by `test_every_field_has_an_owner`."""
    step = StepContext(Case({}, (Step("call", "1"),)), 1, {}, {})
    with pytest.raises(ValueError, match=r"no\.such_field is not in the table of fields"):
        list(step.compare(Place(0, "resolve"), "no.such_field", "somewhere", 1, 2))


def test_the_owners_exist() -> None:
    """Each clause that the table names is in the registry, and judged."""
    for _, rows in (*OWNERS, *PATH_OWNERS):
        for _, clause in rows:
            assert clause in registry()
            assert not registry()[clause].untestable


def test_a_clause_of_another_version_owns_nothing() -> None:
    """`__cached__` belongs to another clause from 3.15 on."""
    difference = Difference("entry.__cached__", "extra", ABSENT, "x")
    assert default_owner(difference, "3.15.2", registry()) == "CACHED-ABSENT"
    old = Clause("OLD", "packages", Level.EXACT, "s", "s", versions=("<3.9",), fields=("entry.__cached__",))
    assert not old.holds("3.9.0")
    assert old.holds("3.8.18")


def test_a_consequence_that_leads_elsewhere_explains_what_is_done_there() -> None:
    """A wrong package makes an import fail, and what that import would have left is nobody else's fault."""
    ours, theirs = observation(), observation()
    imported = {"event": "import", "file": "<root>/n.py", "specials": {}, "keys": [], "globals": [], "locals": True}
    ours["steps"][0]["events"][1:1] = [imported, {"event": "end", "file": "<root>/n.py"}]
    ours["steps"][0]["modules"] = {"n": {"module": "n"}}
    theirs["steps"][0]["events"][0]["specials"]["__package__"] = "other"
    found = judge(CASE, ours, theirs, version="3.13.0")
    assert [(divergence.signature.field, divergence.cause) for divergence in found] == [
        ("entry.__package__", True),
        ("executions.import", False),
        ("after.modules", False),
    ]


def test_a_wrong_name_explains_a_wrong_entry_under_it() -> None:
    """Under another name another entry is found, or none."""
    candidate = observation()
    candidate["steps"][0]["events"][0]["specials"]["__name__"] = "sys"
    for event in candidate["steps"][0]["events"]:
        event["entry"] = "another"
    assert [(field, cause) for _, field, cause in verdict(candidate)] == [
        ("entry.__name__", True),
        ("entry.modules", False),
        ("exit.modules", False),
    ]


def test_a_wrong_name_explains_what_stands_under_it() -> None:
    """Whoever runs a module as `__main__` enters it under that name."""
    candidate = observation()
    start = candidate["steps"][0]["events"][0]
    start["specials"]["__name__"] = "__main__"
    start["modules"] = {"__main__": {"module": "__main__", "dict": "globals of run m"}}
    causes = [found[:2] for found in verdict(candidate) if found[2]]
    assert causes == [("NAME-OF-MODULE", "entry.__name__")]


def test_what_only_the_result_lacks_was_taken_out_of_it() -> None:
    """The code has started with its special variables, so none of their clauses is broken."""
    candidate = observation()
    result = candidate["steps"][0]["result"]
    result["dict"] = [pair for pair in result["dict"] if pair[0] != "__package__"]
    assert verdict(candidate) == [("RESULT-IS-GLOBALS", "result.__package__", True)]


def test_builtins_that_the_result_lacks_are_a_detail() -> None:
    """Nobody has promised that a namespace holds them."""
    candidate = observation()
    result = candidate["steps"][0]["result"]
    result["dict"] = [pair for pair in result["dict"] if pair[0] != "__builtins__"]
    assert verdict(candidate) == [("BUILTINS-LIVE", "result.__builtins__", True)]


def test_a_module_that_is_imported_besides_being_run_is_executed_by_its_loader() -> None:
    """It is no parent that is imported once more."""
    candidate = observation()
    run = candidate["steps"][0]["events"][0]
    started = {**run, "event": "import", "entry": "own"}
    candidate["steps"][0]["events"][:0] = [started, {"event": "end", "file": run["file"], "entry": "own"}]
    assert ("LOADER-DOES-NOT-EXECUTE", "executions.import", True) in verdict(candidate)


def test_a_statement_that_fails_belongs_to_what_the_fixture_is_about() -> None:
    """A fixture's own statements raise on one side only."""
    case = Case(files={}, steps=(Step("do", "x = result['f']()"),), clauses=("FUNCTIONS-WORK",), id="packages/made_up")
    ours = {"outcome": "returned", "events": [], "audit": [], "modules": {}, "state": {}, "names": {"x": 1}}
    ours.update(stdout="", stderr="", files=[])
    failure = {"exception": "NameError", "bases": ["Exception"], "message": "no", "args": ["no"]}
    theirs = {**ours, "outcome": "raised", "exception": failure, "names": {}}
    found = judge(case, {"steps": [ours]}, {"steps": [theirs]}, version="3.13.0")
    assert [(divergence.signature.clause, divergence.signature.kind, divergence.cause) for divergence in found] == [
        ("FUNCTIONS-WORK", "raises", True),
        ("FUNCTIONS-WORK", "missing", False),
    ]


def test_a_statement_that_fails_explains_what_comes_later() -> None:
    """The rest of the statements does nothing on that side."""
    raises = Divergence(Signature("FUNCTIONS-WORK", "result", "names", "raises"), Level.COMPAT, "", 1, 2, Moment(1, 5))
    argv = Divergence(
        Signature("ARGV-RESTORED", "restore", "after.argv", "value"), Level.COMPAT, "", 1, 2, Moment(1, 9)
    )
    assert [found.cause for found in with_causes([raises, argv], Level.COMPAT, registry())] == [True, False]
    missing = replace(raises, signature=replace(raises.signature, kind="missing"))
    assert [found.cause for found in with_causes([missing, argv], Level.COMPAT, registry())] == [True, True]


def test_a_key_too_many_is_told_once() -> None:
    """A key that the candidate adds before the code runs is there as the code ends, too."""
    candidate = observation()
    start, end = candidate["steps"][0]["events"]
    start["keys"].append("__own__")
    start["globals"].append(["__own__", 1])
    end["globals"].append(["__own__", 1])
    assert verdict(candidate) == [("KEYS-ONLY-THESE", "entry.keys", True)]


def test_a_parent_that_fails_is_executed_once() -> None:
    """A second execution of it belongs to the failure; that of another module does not."""
    oracle = observation()
    step = oracle["steps"][0]
    del step["result"]
    step["outcome"] = "raised"
    step["exception"] = {"exception": "ImportError", "bases": ["Exception"], "message": "no", "args": ["no"]}
    parent = {**step["events"][0], "event": "import", "file": "<root>/a/__init__.py"}
    ends = {"event": "end", "file": "<root>/a/__init__.py"}
    sibling = {**parent, "file": "<root>/a/b.py"}
    step["events"] = [parent, ends]
    for extra, clause in ((parent, "FAILED-PARENT-RUNS-ONCE"), (sibling, "PARENTS-ONCE")):
        candidate = copy.deepcopy(oracle)
        candidate["steps"][0]["events"] += [extra, ends]
        (divergence,) = judge(CASE, oracle, candidate, version="3.13.0")
        assert (divergence.signature.clause, divergence.signature.field) == (clause, "executions.import")


@pytest.mark.parametrize(("kind", "explained"), [("extra", True), ("missing", False)])
def test_a_program_that_sees_something_else_may_bind_more_names(kind: str, explained: bool) -> None:
    """Such as `said = __doc__`, where `__doc__` is no longer None. A name that is gone at exit is another matter."""
    seen = Signature("M-DOC-IS-OWN", "execute", "program.__doc__", "missing")
    names = Signature("M-NAMES-AT-EXIT", "restore", "ended.keys", kind)
    earlier, later = (
        Divergence(signature, Level.COMPAT, "", None, None, Moment(1, order))
        for order, signature in enumerate((seen, names))
    )
    assert explains(earlier, later) is explained


@pytest.mark.parametrize(("name", "explained"), [("m", True), ("pkg.m", False)])
def test_another_module_under_a_name_has_other_attributes(name: str, explained: bool) -> None:
    """And nobody is accused of both."""
    another = Signature("MODULES-RESTORED", "restore", "after.modules", "identity")
    attributes = Signature("PARENTS-BOUND", "restore", "after.attributes", "missing")
    moment = Moment(1, 7)
    earlier = Divergence(another, Level.COMPAT, "step 1: sys.modules['m'] afterwards", None, None, moment)
    later = Divergence(attributes, Level.COMPAT, f"step 1: attributes['{name}'] afterwards", None, None, moment)
    assert explains(earlier, later) is explained


# -- owners and levels of what no documented sentence is about ----------------------------------------------------


def of_case(candidate: dict[str, Any], oracle: dict[str, Any], **fields: Any) -> list[tuple[str, Level]]:
    """The clause and the level of each divergence in a case with other fields."""
    found = judge(replace(CASE, **fields), oracle, candidate, version="3.13.0", level=Level.DOCUMENTED)
    return [(divergence.signature.clause, divergence.level) for divergence in found]


@pytest.mark.parametrize(
    ("ours", "theirs", "clause"),
    [
        ("", "calling m\n", "PRINTS-NOTHING"),
        ("a\nb\n", "calling m\na\nb\n", "PRINTS-NOTHING"),
        ("a\nb\n", "b\n", "MAIN-SUBMODULE"),
        ("a\nb\n", "b\na\n", "MAIN-SUBMODULE"),
    ],
)
def test_only_what_is_printed_besides_is_a_matter_of_its_own(ours: str, theirs: str, clause: str) -> None:
    """Whatever a fixture is about; other text than it prints is its point."""
    oracle, candidate = observation(), observation()
    oracle["steps"][0]["stdout"], candidate["steps"][0]["stdout"] = ours, theirs
    level = registry()[clause].level
    assert of_case(candidate, oracle, clauses=("MAIN-SUBMODULE",)) == [(clause, level)]


@pytest.mark.parametrize(
    ("call", "value", "clause"),
    [
        ("run_module('m', init_globals=found)", {"dict": [["x", 1]]}, "INIT-UNCHANGED"),
        ("run_module('m', dict(found))", {"dict": [["x", 1]]}, "INIT-UNCHANGED"),
        ("run_module('m', (given := found), 'n')", {"dict": [], "is": "result"}, "INIT-SAME-OBJECTS"),
        ("run_module('m', other, 'found')", {"dict": [["x", 1]]}, "CALLERS-VARIABLES"),
        ("run_module(found)", {"dict": [], "is": "result"}, "CALLERS-VARIABLES"),
    ],
)
def test_only_initial_globals_are_promised_to_be_unchanged(call: str, value: Any, clause: str) -> None:
    """Another variable of the steps breaks another clause, and so does another object."""
    oracle, candidate = observation(), observation()
    oracle["steps"][0]["names"], candidate["steps"][0]["names"] = {"found": {"dict": []}}, {"found": value}
    assert of_case(candidate, oracle, steps=(Step("call", call),)) == [(clause, registry()[clause].level)]


def test_a_case_about_more_accuses_of_no_documented_promise() -> None:
    """Be it by its clauses, or since what is not documented differs there before."""
    candidate = observation()
    candidate["steps"][0]["argv"] = {"list": ["<root>/m.py"], "is": "sys.argv"}
    assert of_case(candidate, observation()) == [("ARGV-RESTORED", Level.DOCUMENTED)]
    assert of_case(candidate, observation(), clauses=("ZIP-RUNS",)) == [("ARGV-RESTORED", Level.COMPAT)]
    assert of_case(candidate, observation(), id="families/made_up/x") == [("ARGV-RESTORED", Level.COMPAT)]
    run = candidate["steps"][0]["events"][0]
    run["state"] = {"path": {"list": ["<root>"], "at": "the start"}}
    candidate["steps"][0]["result"]["dict"][-1][1] = 2
    found = of_case(candidate, observation())
    assert ("RESULT-IS-GLOBALS", Level.COMPAT) in found
    assert ("ARGV-RESTORED", Level.DOCUMENTED) in found


def test_a_namespace_is_no_firmer_than_the_special_globals_in_which_alone_it_differs() -> None:
    """Nobody is accused of changing the caller's values for a detail of `__builtins__` that shows there again."""
    oracle, candidate = observation(), observation()
    candidate["steps"][0]["events"][0]["specials"]["__builtins__"] = {"module": "builtins"}
    for side in (oracle, candidate):
        value = side["steps"][0]["events"][0]["specials"]["__builtins__"]
        side["steps"][0]["names"] = {"found": {"dict": [["x", 1], ["__builtins__", value]]}}
    assert of_case(candidate, oracle) == [("BUILTINS-LIVE", Level.EXACT), ("CALLERS-VARIABLES", Level.EXACT)]
    candidate["steps"][0]["names"]["found"]["dict"][0][1] = 2
    assert ("CALLERS-VARIABLES", registry()["CALLERS-VARIABLES"].level) in of_case(candidate, oracle)


@pytest.mark.parametrize(
    ("family", "level"), [("places", Level.DOCUMENTED), ("launched", Level.COMPAT), ("launched_paths", Level.COMPAT)]
)
def test_a_case_made_of_another_accuses_of_no_documented_promise(family: str, level: Level) -> None:
    """It lists one clause, and rests on all on which the fixture rests of which it is made."""
    candidate = observation()
    candidate["steps"][0]["argv"] = {"list": ["<root>/m.py"], "is": "sys.argv"}
    found = of_case(candidate, observation(), id=f"families/{family}/x", clauses=("ARGV-RESTORED",))
    assert found == [("ARGV-RESTORED", level)]


OWN_MODULE = {"module": "m", "dict": "globals of <root>/m.py"}


def altered(at_start: Any, afterwards: Any = None, *, entry: str = "own", **others: Any) -> dict[str, Any]:
    """A run with alter_sys: the entry as the code starts and ends, and afterwards; None for one that did not change.

    entry: see `Event`. others: further entries as the code starts and ends.
    """
    found = observation()
    step = found["steps"][0]
    for event in step["events"]:
        event.update(entry=entry, modules=others if at_start is None else {"m": at_start, **others})
    step["modules"] = {} if afterwards is None else {"m": afterwards}
    return found


@pytest.mark.parametrize(
    ("candidate", "clause"),
    [
        (altered(None), "TEMPORARY-MODULE-NEW"),
        (altered(None, entry="another"), "MODULES-ENTRY"),
        (altered({"module": "m"}, entry="another"), "TEMPORARY-MODULE-NAMESPACE"),
        (altered(OWN_MODULE, OWN_MODULE), "MODULES-RESTORED"),
        (altered(OWN_MODULE, {"module": "m"}), "PREVIOUS-ENTRY-BACK"),
    ],
    ids=["the old module", "no new entry", "globals apart", "left", "another one put back"],
)
def test_a_wrong_entry_belongs_to_what_is_wrong_with_it(candidate: dict[str, Any], clause: str) -> None:
    """It may be the module that was there, one that does not hold the globals, one that was left, or yet another."""
    assert of_case(candidate, altered(OWN_MODULE))[0] == (clause, Level.DOCUMENTED)


def test_a_module_left_under_its_own_name_was_put_there_besides() -> None:
    """It ran altered under another name, and nothing was to be entered under its own."""
    oracle = observation()
    step = oracle["steps"][0]
    step["events"][0]["specials"]["__name__"] = "__main__"
    for event in step["events"]:
        event.update(entry="own", modules={"__main__": OWN_MODULE})
    candidate = copy.deepcopy(oracle)
    candidate["steps"][0]["modules"] = {"m": OWN_MODULE}
    assert of_case(candidate, oracle)[0] == ("TARGET-NOT-LEFT", Level.COMPAT)


def test_an_imported_copy_that_is_gone_was_not_left_alone() -> None:
    """A module may be run under another name that is imported already."""
    oracle = observation()
    oracle["steps"][0]["events"][0]["specials"]["__name__"] = "__main__"
    candidate = copy.deepcopy(oracle)
    for event in candidate["steps"][0]["events"]:
        event["modules"] = {"m": ABSENT}
    assert of_case(candidate, oracle)[0] == ("IMPORTED-COPY-UNTOUCHED", Level.COMPAT)


def test_a_module_under_another_name_has_the_globals_of_the_code() -> None:
    """The entry is wrong then, and not the module; and that another one is made is not documented."""
    candidate = altered({"module": "m"}, entry="another", other=OWN_MODULE)
    found = [("MODULES-ENTRY", Level.COMPAT), ("MODULES-ONE-ENTRY", Level.COMPAT)]
    assert of_case(candidate, altered(OWN_MODULE))[:2] == found


def test_a_run_inside_gives_the_entry_back_to_the_one_around_it() -> None:
    """Which has the same name, or it would not have taken it."""
    oracle = altered(OWN_MODULE)
    inner = copy.deepcopy(oracle["steps"][0]["events"])
    oracle["steps"][0]["events"][1:1] = inner
    candidate = copy.deepcopy(oracle)
    candidate["steps"][0]["events"][-1].update(entry="absent", modules={"m": ABSENT})
    assert of_case(candidate, oracle)[0] == ("NESTED-SAME-NAME", Level.COMPAT)


@pytest.mark.parametrize(
    ("error", "of_run_module", "of_run_path"),
    [
        ("KeyError: 'm'", "ENTRY-GONE-KEYERROR", "P-MODULES-RESTORED"),
        ("IndexError: list index out of range", "ARGV-EMPTY-BEFORE", "P-ARGV-EMPTY"),
        ("IndexError: list assignment index out of range", "ARGV-UNRESTORABLE", "P-OS-ERROR-UNCHANGED"),
    ],
)
def test_an_error_of_restoring_belongs_to_what_cannot_be_restored(
    error: str, of_run_module: str, of_run_path: str
) -> None:
    """Where the candidate raises none."""
    for of_path, clause in ((False, of_run_module), (True, of_run_path)):
        difference = Difference("outcome", "returns", f"raised {error}", "returned", returned=False, ran=True)
        assert default_owner(replace(difference, of_path=of_path), "3.13.0", registry()) == clause


@pytest.mark.parametrize(
    ("message", "facts", "clause"),
    [
        ("No module named m", {}, "MISSING-MODULE-MESSAGE"),
        ("'Loader' object has no attribute 'get_code'", {}, "NO-GET-CODE-MESSAGE"),
        ("'int' object is not iterable", {}, "INIT-BAD-TEXT"),
        ("loader for m cannot handle __main__", {}, "MAIN-WITH-FOREIGN-SPEC-MESSAGE"),
        ("'outer.m' found in sys.modules after import", {}, "WARNING-TEXT"),
        ("'m'", {"ran": True}, "ENTRY-GONE-KEYERROR"),
        ("'tuple' object does not support item assignment", {"ran": True}, "MISSING-MODULE-MESSAGE"),
        ("on purpose", {"imported": frozenset(("<root>/outer/__init__.py",))}, "MISSING-MODULE-MESSAGE"),
    ],
)
def test_the_words_of_an_error_belong_to_the_clause_about_that_error(
    message: str, facts: dict[str, Any], clause: str
) -> None:
    """And to none that is firmer than the words of errors are, which a compiled implementation has of its own."""
    difference = Difference("exception.message", "value", message, "other words", returned=False, **facts)
    assert default_owner(difference, "3.13.0", registry()) == clause
    assert registry()[clause].level == Level.EXACT


def test_an_error_without_its_frames_may_be_the_same_object() -> None:
    """Then only its traceback is lost."""
    frames = [["<step 1>", 1, "<module>"], ["<root>/m.py", 2, "<module>"]]
    difference = Difference("exception.frames", "value", frames, frames[:1], returned=False, ran=True, of_world=True)
    for same_error, clause in ((False, "CODE-ERROR-SAME-OBJECT"), (True, "CODE-ERROR-TRACEBACK")):
        assert default_owner(replace(difference, same_error=same_error), "3.13.0", registry()) == clause


def test_the_result_of_an_earlier_call_is_no_fresh_one() -> None:
    """A plain run and an altered one both owe a namespace of their own."""
    difference = Difference("result.identity", "identity", ABSENT, {"is": "result"}, altered=True, ran=True)
    assert default_owner(difference, "3.13.0", registry()) == "RESULT-FRESH"
    other = replace(difference, candidate={"is": "globals of run m"})
    assert default_owner(other, "3.13.0", registry()) == "RESULT-COPY"


def test_initial_globals_are_no_matter_of_threads() -> None:
    """Though the fixtures about threads give their objects by these."""
    clause = registry()["OVERLAP-ENDS-AS-NESTED"]
    for initial in (True, False):
        difference = Difference("names", "value", {}, {"__builtins__": 1}, initial=initial)
        assert is_beyond(clause, difference) is initial


def test_a_spec_of_another_finder_is_that_of_an_entry_all_the_same() -> None:
    """So it breaks no documented promise."""
    for kind, clause in (("identity", "P-ENTRY-CACHED"), ("value", "P-ENTRY-SPEC")):
        difference = Difference("entry.__spec__", kind, SPEC, SPEC, ran=True, spec_name="__main__", of_path=True)
        assert default_owner(difference, "3.13.0", registry()) == clause


def test_a_compiled_script_is_no_source() -> None:
    """The script that the call names is the one that does not run."""
    difference = Difference("executions.run", "missing", "run of <root>/tool.py", ABSENT, ran=True, of_path=True)
    for compiled, clause in ((False, "P-SOURCE-RUNS"), (True, "P-COMPILED-RUNS")):
        assert default_owner(replace(difference, compiled=compiled), "3.13.0", registry()) == clause


def test_a_clause_about_all_that_a_module_starts_with_says_nothing_of_other_state() -> None:
    """Nor of the order of the keys: that shows in every case."""
    clause = registry()["P-CALLED-FORM"]
    assert "entry.*" in clause.fields
    owned = [clause.owns(f"entry.{part}", "value") for part in ("__name__", "argv", "order", "state")]
    assert owned == [True, True, False, False]


def test_a_plain_run_leaves_the_entry_of_its_name_alone() -> None:
    """It is promised that none is taken away, unlike that none is added."""
    candidate = observation()
    candidate["steps"][0]["events"][0]["modules"] = {"m": ABSENT}
    assert of_case(candidate, observation())[0] == ("PLAIN-LEAVES-SYS", Level.DOCUMENTED)
    candidate["steps"][0]["events"][0]["modules"] = {"m": {"module": "m"}}
    assert of_case(candidate, observation())[0] == ("TARGET-NOT-ADDED", Level.COMPAT)


def test_the_loader_is_that_of_the_spec() -> None:
    """Where the spec is another object, nobody asks whose loader that of the module is."""
    candidate = observation()
    specials = candidate["steps"][0]["events"][0]["specials"]
    specials["__loader__"] = {"machinery": "SourceFileLoader", "is": "another"}
    assert of_case(candidate, observation())[0] == ("LOADER-OF-SPEC", Level.DOCUMENTED)
    specials["__spec__"] = {**SPEC, "is": "another"}
    assert of_case(candidate, observation())[:2] == [
        ("SPEC-SAME-OBJECT", Level.COMPAT),
        ("LOADER-OF-SPEC", Level.COMPAT),
    ]
    assert [clause for clause, _, is_cause in verdict(candidate) if is_cause] == ["SPEC-SAME-OBJECT"]
    of_spec = of_case(candidate, observation(), clauses=("SPEC-DESCRIBES-TARGET",))
    assert of_spec[0] == ("SPEC-SAME-OBJECT", Level.COMPAT)


def test_a_package_that_is_refused_is_one_whose_main_does_not_run() -> None:
    """The package itself is not imported then, which nobody has to be told first."""
    oracle, candidate = observation(), observation()
    run = oracle["steps"][0]["events"][0]
    run["specials"]["__spec__"] = {**SPEC, "spec": "outer.__main__"}
    package = {"event": "import", "file": "<root>/outer/__init__.py", "specials": {}, "keys": [], "globals": []}
    oracle["steps"][0]["events"].insert(0, package)
    step = candidate["steps"][0]
    step.update(events=[], outcome="raised")
    del step["result"]
    step["exception"] = {"exception": "ImportError", "bases": ["Exception"], "message": "no", "args": ["no"]}
    assert of_case(candidate, oracle)[0] == ("MAIN-SUBMODULE", Level.DOCUMENTED)
    step["exception"]["exception"] = "KeyError"
    assert of_case(candidate, oracle)[0][0] == "PACKAGE-IMPORTED"


def test_the_error_of_a_package_has_a_context_of_its_own() -> None:
    """An error further back in the chain is that of the search."""

    def refusing(context: Any) -> dict[str, Any]:
        seen = observation()
        step = seen["steps"][0]
        step.update(events=[], outcome="raised")
        del step["result"]
        text = "No module named m.__main__; 'm' is a package and cannot be directly executed"
        step["exception"] = {"exception": "ImportError", "bases": ["Exception"], "message": text, "args": [text]}
        step["exception"].update(context=context, from_runpy=True)
        return seen

    inner = {"exception": "ImportError", "message": "No module named m.__main__"}
    first = {**inner, "context": {"exception": "ValueError", "message": "no"}}
    assert of_case(refusing(None), refusing(first)) == [("PACKAGE-ERROR-CONTEXT", Level.EXACT)]
    assert of_case(refusing(inner), refusing(first)) == [("FIND-ERROR-CAUSE", Level.EXACT)]


@pytest.mark.parametrize(("key", "clause"), [("x", "NAMESPACE-FRESH"), ("helper", "KEYS-ONLY-THESE")])
def test_a_name_that_the_code_has_yet_to_bind_was_left_by_an_earlier_run(key: str, clause: str) -> None:
    """Any other name that is there as the code starts is the candidate's own."""
    candidate = observation()
    candidate["steps"][0]["events"][0]["keys"].append(key)
    assert of_case(candidate, observation())[0] == (clause, registry()[clause].level)


def test_an_import_ends_with_what_a_run_inside_it_has_left() -> None:
    """That says nothing of the order of importing and altering, unless the module has run nothing."""
    oracle = observation()
    step = oracle["steps"][0]
    around = [{**step["events"][0], "event": "import", "file": "<root>/a.py"}, {"event": "end", "file": "<root>/a.py"}]
    step["events"] = [around[0], *step["events"], around[1]]
    candidate = copy.deepcopy(oracle)
    candidate["steps"][0]["events"][-1]["argv"] = {"list": ["<root>/m.py"], "is": "sys.argv"}
    assert [clause for clause, _ in of_case(candidate, oracle)] == ["ARGV-RESTORED"]
    for side in (oracle, candidate):
        del side["steps"][0]["events"][1:3]
    assert [clause for clause, _ in of_case(candidate, oracle)] == ["ALTERED-AFTER-PARENTS"]


def test_code_that_ran_unseen_is_not_said_not_to_have_run() -> None:
    """If the step ends as it only can when the code has run; a result of an earlier run proves nothing."""
    candidate = observation()
    candidate["steps"][0]["events"] = []
    assert [clause for clause, _, _ in verdict(candidate)] == ["CODE-IN-CALLERS-THREAD"]
    twice, kept = ({"steps": [*observation()["steps"], *observation()["steps"]]} for _ in range(2))
    kept["steps"][1]["events"] = []
    assert of_case(kept, twice, steps=CASE.steps * 2) == [("CODE-RUN-EACH-CALL", Level.DOCUMENTED)]


def test_imports_in_another_order_break_no_documented_promise() -> None:
    """That a package is imported says nothing of when its parent is."""
    imports = [
        {"event": "import", "file": f"<root>/{name}/__init__.py", "specials": {}, "keys": [], "globals": []}
        for name in ("outer", "outer/inner")
    ]
    oracle, candidate = observation(), observation()
    oracle["steps"][0]["events"][:0] = imports
    candidate["steps"][0]["events"][:0] = imports[::-1]
    found = of_case(candidate, oracle, clauses=("PACKAGE-IMPORTED",))
    assert {clause for clause, _ in found} == {"ORDER-OF-STEPS"}
    del candidate["steps"][0]["events"][:2]
    assert ("PACKAGE-IMPORTED", Level.DOCUMENTED) in of_case(candidate, oracle, clauses=("PACKAGE-IMPORTED",))


def test_a_warning_at_another_moment_breaks_the_clause_about_the_moment() -> None:
    """It is given as often; if it is not, the clause is broken that there is one, whatever the case is about."""
    warning = {
        "event": "warning",
        "category": "RuntimeWarning",
        "text": "found in sys.modules",
        "where": "<implementation>",
    }
    oracle, candidate = observation(), observation()
    oracle["steps"][0]["events"].insert(0, warning)
    candidate["steps"][0]["events"].append(warning)
    about = ("WARNS-OF-IMPORTED-SUBMODULE",)
    assert {clause for clause, _ in of_case(candidate, oracle, clauses=about)} == {"WARNING-BEFORE-SEARCH"}
    candidate["steps"][0]["events"].pop()
    assert {clause for clause, _ in of_case(candidate, oracle, clauses=about)} == {"WARNS-OF-IMPORTED-SUBMODULE"}
