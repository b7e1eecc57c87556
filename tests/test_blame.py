"""Tests of blame and of rules: the clause that leads a finding, and what its cases have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from conformance import REFERENCE
from conformance.clauses import Level, registry
from conformance.judge.blame import Cause, Population, blamed
from conformance.judge.divergence import Divergence, Moment, Signature
from conformance.judge.grouping import CaseSymptoms, Symptom, grouped
from conformance.judge.rules import rule
from conformance.observation.cached import CachedSide
from tests.harness import SingleFault, all_cases, single_faults, target_for, unseen_faults
from tests.power.blame import interval, lead
from tests.power.wrong import SINGLE, Wrong

ENTRY_NAME = ("prepare", "entry.__name__", "")
PLACE = ("restore", "after.argv", "")


def population(*cases: tuple[str, Sequence[str]]) -> Population:
    """Cases by id, each with the clauses that it lists."""
    found = Population()
    for name, clauses in cases:
        found.add(name, clauses)
    return found


def cause(clause: str, key: tuple[str, str, str] = ENTRY_NAME) -> Cause:
    """A cause that names a clause."""
    return Cause(clause, key, key)


def test_a_clause_whose_own_cases_pass_is_not_to_blame() -> None:
    """However many others name it."""
    cases = population(
        ("a/given", ["INIT-SPECIALS-OVERRIDDEN"]),
        ("a/name", ["NAME-FROM-RUN-NAME"]),
        ("a/name_again", ["NAME-FROM-RUN-NAME"]),
        *((f"families/f/{number}", ["MAIN-SUBMODULE"]) for number in range(9)),
    )
    failing = {
        "a/given": [cause("INIT-SPECIALS-OVERRIDDEN")],
        **{f"families/f/{number}": [cause("NAME-FROM-RUN-NAME")] for number in range(9)},
    }
    assert blamed(failing, cases, ())[0].clause == "INIT-SPECIALS-OVERRIDDEN"
    named = {**failing, "a/name": [cause("NAME-FROM-RUN-NAME")], "a/name_again": [cause("NAME-FROM-RUN-NAME")]}
    assert blamed(named, cases, ())[0].clause == "NAME-FROM-RUN-NAME"


def test_what_most_cases_show_comes_before_a_firmer_clause() -> None:
    """The order is that in which to mend."""
    symptom = Symptom(Signature("PATH-UNCHANGED", "restore", "after.path", "extra"), Level.COMPAT, True)
    firmer = Symptom(Signature("NAME-OF-MODULE", *ENTRY_NAME[:2], "value"), Level.DOCUMENTED, True)
    cases = [
        CaseSymptoms("a/path", 2, (symptom,), ("PATH-UNCHANGED",)),
        *(CaseSymptoms(f"families/f/{number}", 2, (symptom,), ()) for number in range(40)),
        *(CaseSymptoms(f"a/{number}", 2, (firmer, symptom), ("NAME-OF-MODULE",)) for number in range(3)),
    ]
    found = grouped(cases, Level.COMPAT, len(cases)).all
    assert [group.clause for group in found] == ["PATH-UNCHANGED", "NAME-OF-MODULE"]


@pytest.mark.parametrize(
    ("fixture", "level", "findings"),
    [
        ("a/path", Level.COMPAT, ["PATH-UNCHANGED"]),
        ("a/path", Level.DOCUMENTED, ["NAME-OF-MODULE", "PATH-UNCHANGED"]),
        ("a/other", Level.COMPAT, ["NAME-OF-MODULE", "PATH-UNCHANGED"]),
    ],
)
def test_a_case_made_of_a_fixture_that_differs_itself_is_no_finding(
    fixture: str, level: Level, findings: list[str]
) -> None:
    """Unless it shows something firmer than the fixture does."""
    symptom = Symptom(Signature("PATH-UNCHANGED", "restore", "after.path", "extra"), Level.COMPAT, True)
    other = Symptom(Signature("NAME-OF-MODULE", *ENTRY_NAME[:2], "value"), level, True)
    made = [CaseSymptoms(f"families/varied/{fixture.replace('/', '.')}.{row}", 2, (other,), ()) for row in "abcdefg"]
    cases = [
        CaseSymptoms("a/path", 2, (symptom,), ("PATH-UNCHANGED",)),
        CaseSymptoms("a/other", 2, (), ("NAME-OF-MODULE",)),
        *made,
    ]
    grouping = grouped(cases, Level.COMPAT, len(cases))
    assert sorted(group.clause for group in grouping.all) == findings
    assert all(grouping.explaining(case, other) in grouping.all for case in made)


@pytest.mark.parametrize(
    ("own_fails", "findings"), [(True, ["M-CACHED-OF-SPEC", "M-SPEC-OF-MODULE"]), (False, ["M-CACHED-OF-SPEC"])]
)
def test_a_softer_clause_hides_no_firmer_one_whose_own_cases_fail(own_fails: bool, findings: list[str]) -> None:
    """A launcher may have two faults that show in every program: both are told, the firmer one as well."""
    cached = Symptom(Signature("M-CACHED-OF-SPEC", "prepare", "program.__cached__", "missing"), Level.COMPAT, True)
    spec, of_package = (
        Symptom(Signature(clause, "prepare", "program.__spec__", "value"), Level.DOCUMENTED, True)
        for clause in ("M-SPEC-OF-MODULE", "M-SPEC-OF-PACKAGE")
    )
    cases = [
        CaseSymptoms("a/cached", 2, (spec, cached), ("M-CACHED-OF-SPEC",)),
        CaseSymptoms("a/spec", 2, (spec, cached) if own_fails else (), ("M-SPEC-OF-MODULE",)),
        *(CaseSymptoms(f"b/{number}", 2, (spec, cached), ("M-RUNS-ONCE",)) for number in range(20)),
        *(CaseSymptoms(f"c/{number}", 2, (of_package, cached), ("M-RUNS-ONCE",)) for number in range(9)),
    ]
    found = grouped(cases, Level.COMPAT, len(cases))
    assert [group.clause for group in found.all] == findings


def test_a_clause_is_blamed_once() -> None:
    """Also where two groups of cases show it in two ways."""
    symptoms = [
        Symptom(Signature("ARGV-RESTORED", phase, field, "value"), Level.DOCUMENTED, True)
        for phase, field, _ in (ENTRY_NAME, PLACE)
    ]
    cases = [
        CaseSymptoms(f"a/{number}{letter}", 2, (symptom,), ("ARGV-RESTORED",))
        for number in range(3)
        for letter, symptom in zip("ab", symptoms, strict=True)
    ]
    assert [group.clause for group in grouped(cases, Level.COMPAT, len(cases)).all] == ["ARGV-RESTORED"]


def test_the_error_in_which_cases_end_is_named_by_all_of_them() -> None:
    """Where clauses about reasons of the error are broken as well, the clause about the error is to blame."""
    key = ("load code", "exception.type", "NO-CODE-OBJECT")
    reasons = {"NO-CODE-OBJECT": 3, "BUILTIN-HAS-NO-CODE": 6, "EXTENSION-HAS-NO-CODE": 4}
    ids = {clause: [f"a/{clause}{number}" for number in range(count)] for clause, count in reasons.items()}
    cases = population(*((name, [clause]) for clause, names in ids.items() for name in names))
    failing = {
        name: [Cause(clause, key, key, others=("NO-CODE-OBJECT",))] for clause, names in ids.items() for name in names
    }
    assert blamed(failing, cases, ())[0].clause == "NO-CODE-OBJECT"
    only = {name: causes for name, causes in failing.items() if "BUILTIN" in name}
    assert blamed(only, cases, ())[0].clause == "BUILTIN-HAS-NO-CODE"


def test_what_is_refused_outweighs_how_a_refusal_is_worded() -> None:
    """Whoever folds the case of a name raises another AttributeError for a name that is no text."""
    cases = population(("a/literally", ["NAME-TAKEN-LITERALLY"]), ("a/message", ["NAME-WITHOUT-STARTSWITH-MESSAGE"]))
    worded = cause("NAME-WITHOUT-STARTSWITH-MESSAGE", ("resolve", "exception.message", ""))
    failing = {
        "a/literally": [cause("NAME-TAKEN-LITERALLY", ("prepare", "executions.run", ""))],
        "a/message": [worded],
        **{f"families/f/{number}": [worded] for number in range(2)},
    }
    assert blamed(failing, cases, ())[0].clause == "NAME-TAKEN-LITERALLY"
    del failing["a/literally"]
    assert blamed(failing, cases, ())[0].clause == "NAME-WITHOUT-STARTSWITH-MESSAGE"


NEVER_RUNS = ("prepare", "executions.run", "")


def test_of_equal_clauses_the_plainer_one_is_to_blame() -> None:
    """Another one may be a special case of it."""
    cases = Population()
    cases.add("a/context", ["ENTRY-GONE-CONTEXT"], size=9)
    cases.add("a/gone", ["ENTRY-GONE-KEYERROR"], size=4)
    failing = {
        "a/context": [cause("ENTRY-GONE-CONTEXT", NEVER_RUNS)],
        "a/gone": [cause("ENTRY-GONE-KEYERROR", NEVER_RUNS)],
    }
    assert [blame.clause for blame in blamed(failing, cases, ())] == ["ENTRY-GONE-KEYERROR", "ENTRY-GONE-CONTEXT"]


def test_what_is_printed_besides_is_not_to_blame() -> None:
    """Who prints the text of an exit and exits otherwise does two things, and the second is what is wrong."""
    printed = Cause("PRINTS-NOTHING", ("execute", "stderr", ""), "stderr", output=True)
    cases = population(
        ("a/prints", ["PRINTS-NOTHING"]), *((f"a/exit{number}", ["CODE-EXIT-PROPAGATES"]) for number in range(4))
    )
    exits = cause("CODE-EXIT-PROPAGATES", ("execute", "exception.args", ""))
    failing = {"a/prints": [printed, exits], "a/exit1": [printed, exits]}
    assert blamed(failing, cases, ())[0].clause == "CODE-EXIT-PROPAGATES"
    failing["families/f/1"] = [printed]
    assert blamed(failing, cases, ())[0].clause == "PRINTS-NOTHING"


def test_a_case_names_each_clause_that_it_lists() -> None:
    """If the field belongs to each: then their own cases tell which is broken."""
    runs = Signature("NAMESPACE-PORTIONS-JOINED", *NEVER_RUNS[:2], "missing")
    main = Signature("NAMESPACE-RUNS-MAIN", *NEVER_RUNS[:2], "missing")
    both = ("NAMESPACE-PORTIONS-JOINED", "NAMESPACE-RUNS-MAIN")
    cases = [
        *(
            CaseSymptoms(f"a/main{number}", 2, (Symptom(main, Level.COMPAT, True),), ("NAMESPACE-RUNS-MAIN",))
            for number in range(2)
        ),
        CaseSymptoms("a/portions", 2, (Symptom(runs, Level.COMPAT, True),), both[:1]),
        CaseSymptoms("a/joined", 2, (), both[:1]),
        *(CaseSymptoms(f"families/f/{number}", 2, (Symptom(runs, Level.COMPAT, True),), both) for number in range(9)),
    ]
    assert grouped(cases, Level.COMPAT, 400).all[0].clause == "NAMESPACE-RUNS-MAIN"


def test_what_differs_without_threads_is_no_matter_of_threads() -> None:
    """Though the cases about threads fail all, and those about the reason only in part."""
    cases = population(
        *((f"threads/{number}", ["OVERLAP-ENDS-AS-NESTED"]) for number in range(3)),
        *((f"initial_globals/{number}", ["INIT-SAME-OBJECTS"]) for number in range(6)),
    )
    failing = {f"threads/{number}": [cause("OVERLAP-ENDS-AS-NESTED")] for number in range(3)}
    assert blamed(failing, cases, ())[0].clause == "OVERLAP-ENDS-AS-NESTED"
    failing["initial_globals/1"] = [cause("INIT-SAME-OBJECTS")]
    failing |= {f"a/{number}": [cause("INIT-SAME-OBJECTS")] for number in range(9)}
    assert blamed(failing, cases, ())[0].clause == "INIT-SAME-OBJECTS"


def test_a_clause_about_all_that_is_seen_says_little_of_each_part() -> None:
    """Another clause is about the very field."""
    wide, narrow = (
        Symptom(Signature(clause, "prepare", "entry.argv", "value"), Level.COMPAT, True)
        for clause in ("P-NESTED", "P-ARGV-REST-KEPT")
    )
    cases = [
        CaseSymptoms("path_sys/nested", 2, (wide,), ("P-NESTED",)),
        CaseSymptoms("path_sys/kept", 3, (narrow,), ("P-ARGV-REST-KEPT",)),
        CaseSymptoms("path_sys/also_kept", 3, (), ("P-ARGV-REST-KEPT",)),
    ]
    assert grouped(cases, Level.COMPAT, 400).all[0].clause == "P-ARGV-REST-KEPT"


def test_that_nothing_runs_says_little_of_the_reason() -> None:
    """The clause that more cases name goes before the one that could be the reason of all."""
    cases = population(
        ("a/empty", ["INIT-EMPTY-ITERABLE"]),
        *((f"a/{name}", ["INIT-PAIRS"]) for name in ("pairs", "more_pairs", "most_pairs")),
        *((f"families/f/{number}", ["INIT-PAIRS"]) for number in range(4)),
        ("a/missing", ["MISSING-MODULE"]),
    )
    named = {"a/empty": "INIT-EMPTY-ITERABLE", "a/pairs": "INIT-PAIRS"}
    named |= {f"families/f/{number}": "INIT-PAIRS" for number in range(4)}
    named |= {f"families/g/{number}": "MISSING-MODULE" for number in range(16)}
    failing = {name: [Cause(clause, NEVER_RUNS, NEVER_RUNS, way=True)] for name, clause in named.items()}
    assert blamed(failing, cases, ())[0].clause == "INIT-PAIRS"
    unlike = {name: [cause(clause, NEVER_RUNS)] for name, clause in named.items()}
    assert blamed(unlike, cases, ())[0].clause == "INIT-EMPTY-ITERABLE"


def test_a_trace_that_differs_everywhere_speaks_for_no_other_clause() -> None:
    """Code that raises no audit event breaks AUDIT-EXEC, and not the clause of each fixture in which that shows."""
    key = ("prepare", "audit.exec", "")
    trace = Cause("AUDIT-EXEC", key, key, trace=True)
    cases = population(("a/audit", ["AUDIT-EXEC"]), ("a/import", ["IMPORT-FUNCTION-USED"]))
    failing = {
        "a/audit": [trace],
        "a/import": [trace, Cause("IMPORT-FUNCTION-USED", PLACE, PLACE, general=True)],
        **{f"families/f/{number}": [trace] for number in range(30)},
    }
    assert blamed(failing, cases, ())[0].clause == "AUDIT-EXEC"


def argv(clause: str, kind: str, field: str = "after.argv", phase: str = "restore") -> Symptom:
    """A symptom of `sys.argv`, in a fixture for the clause."""
    return Symptom(Signature(clause, phase, field, kind), Level.COMPAT, True, point=True)


def test_what_is_left_in_argv_is_one_thing_wherever_it_shows() -> None:
    """After a call, and after a run inside a run; but what is wrong as the code starts is another thing."""
    left = argv("ARGV-RESTORED-ON-ERROR", "extra"), argv("NESTED-FAILURE", "value", "exit.argv", "execute")
    symptoms = [*[left[0]] * 3, left[1], argv("ARGV-IS-FILE", "value", "entry.argv", "prepare")]
    cases = [
        CaseSymptoms(f"a/{number}", 2, (symptom,), (symptom.signature.clause,))
        for number, symptom in enumerate(symptoms)
    ]
    found = grouped(cases, Level.COMPAT, len(cases)).all
    assert [group.clause for group in found] == ["ARGV-RESTORED-ON-ERROR", "ARGV-IS-FILE"]
    assert found[0].cases == {"a/0", "a/1", "a/2", "a/3"}


def raising(clause: str, field: str, kind: str, oracle: str, error: str) -> CaseSymptoms:
    """A case in which a line of the candidate raises."""
    signature, where = Signature(clause, "execute", field, kind), f"step 1: {field}"
    raised = Divergence(signature, Level.COMPAT, where, oracle, error, Moment(1, 0), raised_at="mypkg/runner.py:41")
    return CaseSymptoms.of(f"a/{clause}", 2, [raised], about=clause, clauses=[clause])


@pytest.mark.parametrize(
    ("error", "findings"),
    [("FileNotFoundError: 'm.py'", 1), ("ImportError: no", 2)],
    ids=["a mistake", "a refusal"],
)
def test_a_mistake_that_raises_is_one_finding(error: str, findings: int) -> None:
    """Wherever its line is come to; an implementation refuses many things on purpose, and may do so at one line."""
    cases = [
        raising("ZIP-RUNS", "outcome", "raises", "returned", f"raised {error}"),
        raising("NO-CODE-OBJECT", "exception.type", "type", "ImportError: No code object available for m", error),
    ]
    assert len(grouped(cases, Level.COMPAT, len(cases)).all) == findings


def test_the_two_functions_have_findings_of_their_own() -> None:
    """Of a fault in what they share, that of run_module comes first, however many more cases run_path has."""
    shared = {
        clause: Symptom(Signature(clause, "restore", "after.argv", "value"), Level.COMPAT, True)
        for clause in ("ARGV-RESTORED", "P-ARGV-RESTORED")
    }
    cases = [
        *(
            CaseSymptoms(f"a/{clause}{number}", 2, (symptom,), (clause,))
            for clause, symptom in shared.items()
            for number in range(9 if symptom.of_path else 2)
        ),
        CaseSymptoms("a/both", 2, tuple(shared.values()), ("P-ARGV-RESTORED",)),
    ]
    found = grouped(cases, Level.COMPAT, len(cases))
    assert [group.clause for group in found.all] == ["ARGV-RESTORED", "P-ARGV-RESTORED"]
    for case in cases:
        for symptom in case.symptoms:
            group = found.explaining(case, symptom)
            assert group is not None
            assert group.clause == symptom.signature.clause


def test_cases_of_families_are_no_fixtures() -> None:
    """They are a clause's own only where nobody wrote a fixture for it."""
    cases = population(
        ("a/main", ["MAIN-SUBMODULE"]),
        *((f"families/f/{number}", ["MAIN-SUBMODULE"]) for number in range(9)),
        ("families/f/place", ["ZIP-RUNS"]),
    )
    assert list(cases.own("MAIN-SUBMODULE")) == ["a/main"]
    assert list(cases.own("ZIP-RUNS")) == ["families/f/place"]


FEATURES = {
    **{f"both{number}": ("altered", "raises", "bare") for number in range(5)},
    **{f"altered{number}": ("altered", "bare") for number in range(20)},
    **{f"raises{number}": ("raises",) for number in range(20)},
}
BOTH = [name for name in FEATURES if name.startswith("both")]
OTHERS = [name for name in FEATURES if name not in BOTH]
SOME = list(FEATURES)[::7]


def test_a_rule_is_the_smallest_conjunction_that_tells_the_cases_apart() -> None:
    """With the numbers of both kinds."""
    found = rule(BOTH, OTHERS, FEATURES)
    assert found is not None
    assert found.exact
    assert str(found) == "in all 5 cases in which altered and raises, and in none of the 40 others"


def test_exceptions_of_a_rule_are_counted() -> None:
    """A case with the features that passes, and one without that fails."""
    features = {**FEATURES, "passes": ("altered", "raises", "bare"), "fails": ()}
    found = rule([*BOTH, "fails"], [*OTHERS, "passes"], features)
    assert str(found) == "in 5 of 6 cases in which altered and raises, and in 1 of the 41 others"


def test_what_all_failing_cases_have_in_common_is_better_than_nothing() -> None:
    """If few others have it."""
    features = {name: ("rare",) if number % 20 == 0 else () for number, name in enumerate(map(str, range(200)))}
    failing = [name for name in features if features[name]][:4]
    found = rule(failing, [name for name in features if name not in failing], features)
    assert str(found) == "in 4 of 10 cases in which rare, and in none of the 190 others"


@pytest.mark.parametrize(
    ("failing", "passing"),
    [(BOTH[:2], OTHERS), (SOME, [name for name in FEATURES if name not in SOME])],
    ids=["too few cases", "by chance"],
)
def test_no_rule_is_a_guess(failing: list[str], passing: list[str]) -> None:
    """None is better than one that does not hold."""
    assert rule(failing, passing, FEATURES) is None


def test_what_fails_everywhere_needs_no_features() -> None:
    """It is said how many cases that is."""
    assert str(rule(list(FEATURES), [], FEATURES)) == "in all 45 cases"


@pytest.fixture(scope="module")
def oracle() -> Iterator[CachedSide]:
    """The oracle of a target, asked once for each case."""
    target = target_for("")
    assert target is not None
    side = CachedSide(target, {}, trusted=True)
    yield side
    side.close()


# A few of the faults, of different chapters: `nox -s mutants -- --blame` tries all of them, with all cases.
SAMPLE = [
    "argv_kept_on_error",
    "deleted_entry_not_put_back",
    "error_raised_from_none",
    "globals_override",
    "symlink_resolved",
    "separate_locals",
]


@pytest.mark.parametrize(
    "fault", [fault for fault in single_faults() if fault.name in SAMPLE], ids=lambda fault: fault.name
)
def test_a_single_fault_is_blamed_on_its_clause(fault: SingleFault, oracle: CachedSide) -> None:
    """By the named fixtures alone."""
    target = target_for("")
    assert target is not None
    wrong = Wrong(fault.name, SINGLE, fault.summary, fault.source(), fault.clause, also=fault.also)
    capable = oracle.greeting
    cases = [case for case in all_cases().values() if not case.unmet(capable.version, capable.capabilities)]
    found = lead(wrong, target, oracle, cases)
    assert found.right, found


@pytest.mark.parametrize(
    ("number", "of", "low", "high"), [(8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0)]
)
def test_the_interval_of_a_share(number: int, of: int, low: float, high: float) -> None:
    """By numbers worked out by hand: of none out of ten, the upper end is z² / (10 + z²)."""
    assert interval(number, of) == pytest.approx((low, high), abs=1e-4)


def test_every_unseen_fault_is_of_known_clauses() -> None:
    """Each has a name of its own, and its texts stand in the reference."""
    faults = [fault for fault, _ in unseen_faults()]
    assert len({fault.place for fault in faults}) == len(faults) > 80
    assert {clause for fault in faults for clause in (fault.clause, *fault.also)} <= registry().keys()
    assert all(fault.source() != (REFERENCE / "__init__.py").read_text(encoding="utf-8") for fault in faults)


def test_every_single_fault_is_of_known_clauses() -> None:
    """Each has a name of its own, and differs from the reference."""
    faults = single_faults()
    assert len({fault.name for fault in faults}) == len(faults) > 70
    assert {clause for fault in faults for clause in (fault.clause, *fault.also)} <= registry().keys()
    assert all(fault.source() != (REFERENCE / "__init__.py").read_text(encoding="utf-8") for fault in faults)
