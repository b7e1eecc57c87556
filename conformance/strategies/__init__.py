"""How cases are drawn: Hypothesis makes few, flat choices, and the world is derived from them.

A case is a list of modules (what each is, where it lies, what it does), the name that the last call asks for, and a few
features: arguments, what is the case before the call, how modules are stored, and steps between calls. Every choice
has the simplest alternative first, so that whatever does not matter shrinks away, to `run_module('m')` and a module of
one line. Knows nothing of how a case is run.

    vocabulary  the tables: shapes, bodies, names, arguments, states, steps
    derive      from what was drawn to a case
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ..case import Case
from . import vocabulary as words
from .derive import Asked, Part, derive

Drawn = tuple[list[Part], Asked, tuple[words.Feature, ...]]
Place = tuple[int, str]


@dataclass(frozen=True)
class Property:
    """What cases of one kind are drawn from. Repeated alternatives are drawn more often.

    modules, features: how many there are at most.
    """

    sentence: str
    shapes: Sequence[words.Shape]
    effects: Sequence[str]
    endings: Sequence[str] = (words.NO_ENDING,)
    places: Sequence[Place] = words.PLACES
    names: Sequence[words.Mutation] = (words.NAME,)
    targets: Sequence[int] = (0, 0, 0, 1, 1, 2)
    features: Sequence[words.Feature] = (words.NOTHING,)
    modules: int = 3
    least: int = 1
    count: int = 3


def _mostly(plain: Sequence[words.Feature], *rest: Iterable[words.Feature], nothing: int = 1) -> Sequence[words.Feature]:
    """Nothing, the plain features, and the rest; nothing and the plain ones about as often as they say."""
    others = [one for some in rest for one in some]
    times = max(1, (nothing * len(others)) // (3 * max(1, len(plain) + 1)))
    return (*[words.NOTHING] * times, *[one for one in plain for _ in range(times)], *others)


_CALLS = (words.ALTERS[0], words.RUN_NAMES[0])
_SHAPES = (*words.PLAIN, *words.PLAIN, *words.PACKAGES, *words.NAMESPACES)
_EFFECTS = (*words.SIMPLE, *words.SIMPLE, *words.LOOKS)
_ARGUMENTS = (*words.RUN_NAMES, *words.INITS, *words.ALTERS, *words.STYLES)
_STATES = (*words.IMPORTED, *words.ENTRIES, *words.MAINS, *words.ARGVS, *words.FILTERS, *words.SURROUNDINGS)
_ACTIONS = (
    *(*words.SIMPLE, *words.LOOKS, *words.ARGV, *words.MODULES, *words.RENAMES, *words.LEAVES),
    *(*words.IMPORTS, *words.RUNS, *words.CHANGES, *words.PARENTS, *words.BROKEN),
)
_ENDINGS = (*[words.NO_ENDING] * 2 * len(words.ENDINGS), *words.ENDINGS)

_PROPERTIES: Mapping[str, Property] = {
    "calling_convention": Property(
        "However the arguments are given, the call means the same, or is refused",
        shapes=words.PLAIN,
        effects=_EFFECTS,
        features=_mostly(_CALLS, _ARGUMENTS, words.ODD_ALTERS, words.STYLES, words.WRONG_STYLES),
        modules=2,
        count=4,
    ),
    "finding_modules": Property(
        "The module is found as an import would find it, and its parents are imported on the way",
        shapes=_SHAPES,
        effects=(*_EFFECTS, *words.PARENTS, *words.IMPORTS),
        names=(*[words.NAME] * 8, *words.NAMES),
        features=_mostly(_CALLS, words.IMPORTED, words.ENTRIES, words.STORED, words.FINDERS, words.SURROUNDINGS),
    ),
    "unrunnable_names": Property(
        "A name that names nothing to run is refused, and nothing is executed for it",
        shapes=(*_SHAPES, *words.NAMED),
        effects=words.SIMPLE,
        names=(words.NAME, *words.NAMES, *words.NAMES, *words.ODD_NAMES),
        features=_mostly(_CALLS, words.IMPORTED, words.ENTRIES, words.STORED[:2]),
        count=2,
    ),
    "packages": Property(
        "A package runs by its __main__, or says why it cannot",
        shapes=words.PACKAGES,
        effects=(*_EFFECTS, *words.PARENTS, *words.IMPORTS),
        endings=_ENDINGS,
        names=(*[words.NAME] * 6, *words.NAMES),
        features=_mostly(_CALLS, words.IMPORTED, words.ENTRIES, words.STORED),
        modules=4,
    ),
    "namespace_packages": Property(
        "A namespace package runs by the __main__ in any of its portions",
        shapes=(*words.NAMESPACES, *words.PLAIN[:2]),
        effects=(*_EFFECTS, *words.IMPORTS),
        names=(*[words.NAME] * 6, *words.NAMES),
        features=_mostly(_CALLS, words.IMPORTED, words.ENTRIES, words.STORED, words.SURROUNDINGS),
        modules=4,
    ),
    "loaders": Property(
        "Code comes from the loader that the finders name, whatever both are",
        shapes=_SHAPES,
        effects=_EFFECTS,
        features=_mostly(_CALLS, words.FINDERS, words.STORED, words.IMPORTED[:2]),
        modules=2,
    ),
    "module_names": Property(
        "The code finds its names, file, loader and spec in its globals",
        shapes=(*_SHAPES, *words.NAMED),
        effects=(*_EFFECTS, *words.RENAMES, *words.LOOKS),
        features=_mostly(_CALLS, words.RUN_NAMES, words.ODD_RUN_NAMES, words.INITS, words.STORED),
    ),
    "returned_namespace": Property(
        "What is returned is the namespace as the code left it, and what it left there works",
        shapes=words.PLAIN,
        effects=(words.SIMPLE[0], *words.LEAVES, *words.RENAMES, *words.LOOKS),
        features=_mostly(_CALLS, words.RUN_NAMES, words.INITS, words.AFTER, words.MAINS),
        modules=2,
    ),
    "initial_globals": Property(
        "What init_globals holds is there as the code starts, and stays as it was for the caller",
        shapes=words.PLAIN,
        effects=(*_EFFECTS, *words.CHANGES[:1] * 3, *words.LEAVES),
        features=_mostly(_CALLS, words.INITS, words.ODD_INITS, words.RUN_NAMES[:3]),
        modules=2,
    ),
    "altering_sys": Property(
        "With alter_sys the code owns sys.argv[0] and its entry in sys.modules, and both come back",
        shapes=words.PLAIN,
        effects=(*_EFFECTS, *words.ARGV, *words.MODULES, *words.RENAMES),
        endings=_ENDINGS,
        features=_mostly(
            (words.ALTERS[0], words.ALTERS[0], words.RUN_NAMES[0]),
            (*words.RUN_NAMES, *words.ODD_RUN_NAMES, *words.ODD_ALTERS, *words.ENTRIES, *words.MAINS, *words.ARGVS),
        ),
        modules=2,
    ),
    "exceptions": Property(
        "What the code raises comes out as it is, wherever it was raised",
        shapes=_SHAPES,
        effects=(*_EFFECTS, *words.IMPORTS, *words.RUNS, *words.BROKEN),
        endings=(words.NO_ENDING, *words.ENDINGS),
        features=_mostly(_CALLS, words.RUN_NAMES, words.STORED, words.MAINS),
    ),
    "warnings": Property(
        "Who imported before what is to be run is warned, and nobody else",
        shapes=_SHAPES,
        effects=(*_EFFECTS, *words.PARENTS, words.CHANGES[3], words.CHANGES[4], *words.IMPORTS),
        names=(*[words.NAME] * 6, *words.NAMES),
        features=_mostly(_CALLS, words.IMPORTED * 2, words.ENTRIES, words.FILTERS * 2),
    ),
    "nesting": Property(
        "A run inside a run leaves the outer one what it had",
        shapes=words.PLAIN,
        effects=(words.SIMPLE[0], *words.RUNS, *words.RUNS, *words.ARGV, *words.MODULES),
        endings=_ENDINGS,
        targets=(0, 0, 0, 1),
        features=_mostly(_CALLS, words.RUN_NAMES, words.MAINS, words.ARGVS),
        modules=4,
        least=2,
    ),
    "sequences": Property(
        "Each call does the same whatever the calls before it did, except for what the world has become",
        shapes=_SHAPES,
        effects=(*_EFFECTS, *words.LEAVES, *words.ARGV, *words.MODULES, *words.CHANGES),
        endings=_ENDINGS,
        names=(*[words.NAME] * 12, *words.NAMES),
        features=_mostly(_CALLS, words.SEQUEL, words.HISTORY, words.STORED[:6]),
        count=7,
    ),
}
_EVERYTHING = Property(
    "All of it at once",
    shapes=(*_SHAPES, *words.NAMED),
    effects=(*words.SIMPLE, *words.SIMPLE, *_ACTIONS),
    endings=_ENDINGS,
    names=(*[words.NAME] * 2 * len(words.ODD_NAMES), *words.NAMES, *words.ODD_NAMES),
    features=_mostly(
        (*_CALLS, words.ALTERS[0]),
        (*_ARGUMENTS, *words.ODD_RUN_NAMES, *words.ODD_INITS, *words.ODD_ALTERS, *words.WRONG_STYLES),
        (*_STATES, *words.FINDERS, *words.STORED, *words.SEQUEL, *words.HISTORY, *words.AFTER),
    ),
    modules=4,
    count=5,
)
_ALL: Mapping[str, Property] = {**_PROPERTIES, "everything": _EVERYTHING}

PROPERTIES: Mapping[str, str] = {name: one.sentence for name, one in _ALL.items()}


def drawn(name: str) -> SearchStrategy[Drawn]:
    """The choices for a case of a property, before a case is derived from them."""
    one = _ALL[name]
    # Of three choices each, since a choice costs as much as deriving a file.
    places = [(shape, place) for place in (one.places[0], *one.places) for shape in one.shapes]
    part = st.tuples(st.sampled_from(places), st.sampled_from(one.effects), st.sampled_from(one.endings)).map(
        lambda choices: Part(*choices[0], choices[1], choices[2])
    )
    asked = [Asked(number, change) for change in one.names for number in one.targets]
    return st.tuples(
        st.lists(part, min_size=one.least, max_size=one.modules),
        st.sampled_from(asked),
        st.tuples(*[st.sampled_from(one.features)] * one.count),
    )


def cases(name: str = "everything") -> SearchStrategy[Case]:
    """Cases of a property, one of PROPERTIES. Raises KeyError if there is none of that name."""
    where = f"search/{name}"
    return drawn(name).map(lambda choices: derive(where, *choices))
