"""The level of a divergence: how firmly that is promised which a case shows to be otherwise.

Rules. Nobody is told of a broken documented promise by a case that also rests on something that is not documented. The
level of a divergence is that of its clause, or a softer one: if the case is about something softer, too, or if a softer
divergence of the same case led to this one. A namespace that differs in special globals alone is at the level of these.

There are plain cases for each documented clause, which rest on nothing else; so whoever breaks the clause is told so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..agent import SPECIALS
from ..cases.model import FAMILIES, SEARCH, Case
from ..clauses import Clause, Level
from .causes import explains
from .divergence import Divergence

# Families that combine the call with a state that somebody has made odd beforehand.
_ODD = tuple(f"{FAMILIES}/{name}/" for name in ("states", "crossed", "sequences", "nested_twice", "nested_thrice"))
# Families whose cases rest on what the cases rest on of which they are made: these are about clauses of any level.
_MADE_OF_OTHERS = tuple(f"{FAMILIES}/{name}/" for name in ("together", "varied", "launched", "launched_paths"))
# The parts of fields on which code acts, or from which a later call begins.
_LEADING = frozenset(
    (
        "argv",
        "argv0",
        "argv_object",
        "modules",
        "module_type",
        "path",
        "state",
        "import",
        "main",
        "attributes",
        "names",
        "note",
        "locals",
    )
)
# The parts of fields that the code of a case sees, and the fields that hold what it makes of them.
_SEEN = frozenset((*SPECIALS, "handled"))
_COPIED = ("note", "exit.globals", "result.values", "names")
# The code's file name, and a further name: objects that are met first there go by these.
_NAMES_OBJECTS = ("code", "keys")


def level_in(case: Case, owner: str, version: str, clauses: Mapping[str, Clause]) -> Level:
    """The level at which a case shows a breach of a clause. owner: the clause, by id."""
    if owner not in clauses:
        return Level.DOCUMENTED
    about = [clauses[name].level for name in case.clauses if name in clauses and clauses[name].holds(version)]
    generated = case.chapter in (FAMILIES, SEARCH)
    softest = max(about, default=Level.COMPAT if generated else Level.DOCUMENTED)
    plain = softest == Level.DOCUMENTED and not case.id.startswith((*_ODD, *_MADE_OF_OTHERS))
    return clauses[owner].level if plain else max(clauses[owner].level, Level.COMPAT)


def with_levels(divergences: Sequence[Divergence]) -> list[Divergence]:
    """The divergences of one case, in the order in which they came about, at the levels that their course suggests."""
    found: list[Divergence] = []
    for divergence in divergences:
        is_soft = divergence.level == Level.DOCUMENTED and (
            any(_led_to(earlier, divergence) for earlier in found)
            or any(_is_beside(other, divergence) for other in divergences)
        )
        level = Level.COMPAT if is_soft else divergence.level
        found.append(replace(divergence, level=max(level, _level_of_specials(found, divergence) or level)))
    return found


def _level_of_specials(found: Sequence[Divergence], divergence: Divergence) -> Level | None:
    """The firmest level of the special globals in which alone two namespaces differ; None if there is more to it.

    found: the earlier divergences of the case, among which those of the special globals have to be.
    """
    differing = _differing_names(divergence.oracle, divergence.candidate)
    if not differing:  # as nearly always; to look at all earlier divergences would cost the square of their number
        return None
    levels = {_subject(earlier): earlier.level for earlier in found if earlier.signature.field.startswith("entry.__")}
    return min(levels[name] for name in differing) if differing <= levels.keys() else None


def _differing_names(ours: object, theirs: object) -> set[str]:
    """The names that two described namespaces do not both have with the same value; none if one is no namespace."""
    pairs = [side["dict"] for side in (ours, theirs) if isinstance(side, dict) and isinstance(side.get("dict"), list)]
    if len(pairs) < len((ours, theirs)):
        return set()
    first, second = ({str(name): value for name, value in of_side} for of_side in pairs)
    return {
        name
        for name in first.keys() | second.keys()
        if name not in first or name not in second or first[name] != second[name]
    }


def _is_beside(other: Divergence, divergence: Divergence) -> bool:
    """True if something differs at the same moment that is not documented, and that the divergence only shows again."""
    if other.level == Level.DOCUMENTED or other.moment != divergence.moment:
        return False
    subject, beside = _subject(divergence), _subject(other)
    # sys.argv[0] is the file, and __loader__ the spec's, whatever these are; and objects go by the name of the place in
    # which they were met.
    is_of_other = (beside, subject) in (("__file__", "argv"), ("__file__", "argv0"), ("__spec__", "__loader__"))
    is_named = beside in _NAMES_OBJECTS and divergence.signature.kind == "identity"
    return subject == beside or is_of_other or is_named


def _led_to(earlier: Divergence, later: Divergence) -> bool:
    """True if a divergence of something that is not documented may have led to a later one."""
    if earlier.level == Level.DOCUMENTED or earlier.moment > later.moment:
        return False
    if _subject(earlier) in _NAMES_OBJECTS and later.signature.kind == "identity":
        return True
    if not explains(earlier, later):
        return False
    if _subject(earlier) in _SEEN and later.signature.field in _COPIED:
        return True
    return _subject(earlier) == _subject(later) or _subject(earlier) in _LEADING


def _subject(divergence: Divergence) -> str:
    return divergence.signature.field.rpartition(".")[2]
