"""How cases are drawn: Hypothesis makes few, flat choices, and the world is derived from them.

A case is a list of modules (what each is, where it lies, what it does), the name that the last call asks for, and a few
features: arguments, what is the case before the call, how modules are stored, and steps between calls. Every choice
has the simplest alternative first, so that whatever does not matter shrinks away, to `run_module('m')` and a module of
one line. Knows nothing of how a case is run.

    shapes   which modules there are, and where
    bodies   what their code does
    calls    names and other arguments
    states   what is the case before a call, and between calls
    feature  what the tables of the last two hold
    derive   from what was drawn to a case
    steady   the same draw for the same seed
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ..model import Case
from . import bodies, calls, shapes, states
from .derive import Asked, Part, derive
from .feature import NOTHING, Feature
from .shapes import PLACES
from .steady import draw_steadily

draw_steadily()

Drawn = tuple[list[Part], Asked, tuple[Feature, ...]]
Place = tuple[int, str]


@dataclass(frozen=True)
class Property:
    """What cases of one kind are drawn from. Repeated alternatives are drawn more often.

    modules, features: how many there are at most.
    """

    sentence: str
    shapes: Sequence[shapes.Shape]
    effects: Sequence[str]
    endings: Sequence[str] = (bodies.NO_ENDING,)
    places: Sequence[Place] = PLACES
    names: Sequence[calls.Mutation] = (calls.NAME,)
    targets: Sequence[int] = (0, 0, 0, 1, 1, 2)
    features: Sequence[Feature] = (NOTHING,)
    modules: int = 3
    least: int = 1
    count: int = 3


def _mostly(plain: Sequence[Feature], *rest: Iterable[Feature], nothing: int = 1) -> Sequence[Feature]:
    """Nothing, the plain features, and the rest; nothing and the plain ones about as often as they say."""
    others = [one for some in rest for one in some]
    times = max(1, (nothing * len(others)) // (3 * max(1, len(plain) + 1)))
    return (*[NOTHING] * times, *[one for one in plain for _ in range(times)], *others)


_ODD_NAMES = (*calls.ODD_NAMES, *calls.NO_NAMES, *calls.BYTES_NAMES, *calls.TEXT_NAMES)
_CALLS = (calls.ALTERS[0], calls.RUN_NAMES[0])
_SHAPES = (*shapes.PLAIN, *shapes.PLAIN, *shapes.PACKAGES, *shapes.NAMESPACES)
_EFFECTS = (*bodies.SIMPLE, *bodies.SIMPLE, *bodies.LOOKS)
_ARGUMENTS = (*calls.RUN_NAMES, *calls.INITS, *calls.ALTERS, *calls.STYLES)
_STATES = (*states.IMPORTED, *states.ENTRIES, *states.MAINS, *states.ARGVS, *states.FILTERS, *states.SURROUNDINGS)
_ACTIONS = (
    *(*bodies.SIMPLE, *bodies.LOOKS, *bodies.ARGV, *bodies.MODULES, *bodies.RENAMES, *bodies.LEAVES),
    *(*bodies.IMPORTS, *bodies.RUNS, *bodies.CHANGES, *bodies.PARENTS, *bodies.BROKEN),
)
_ENDINGS = (*[bodies.NO_ENDING] * 2 * len(bodies.ENDINGS), *bodies.ENDINGS)

_PROPERTIES: Mapping[str, Property] = {
    "calling_convention": Property(
        "However the arguments are given, the call means the same, or is refused",
        shapes=shapes.PLAIN,
        effects=_EFFECTS,
        features=_mostly(_CALLS, _ARGUMENTS, calls.ODD_ALTERS, calls.STYLES, calls.WRONG_STYLES),
        modules=2,
        count=4,
    ),
    "finding_modules": Property(
        "The module is found as an import would find it, and its parents are imported on the way",
        shapes=_SHAPES,
        effects=(*_EFFECTS, *bodies.PARENTS, *bodies.IMPORTS),
        names=(*[calls.NAME] * 8, *calls.NAMES),
        features=_mostly(_CALLS, states.IMPORTED, states.ENTRIES, states.STORED, states.FINDERS, states.SURROUNDINGS),
    ),
    "unrunnable_names": Property(
        "A name that names nothing to run is refused, and nothing is executed for it",
        shapes=(*_SHAPES, *shapes.NAMED),
        effects=bodies.SIMPLE,
        names=(calls.NAME, *calls.NAMES, *calls.NAMES, *_ODD_NAMES),
        features=_mostly(_CALLS, states.IMPORTED, states.ENTRIES, states.STORED[:2]),
        count=2,
    ),
    "packages": Property(
        "A package runs by its __main__, or says why it cannot",
        shapes=shapes.PACKAGES,
        effects=(*_EFFECTS, *bodies.PARENTS, *bodies.IMPORTS),
        endings=_ENDINGS,
        names=(*[calls.NAME] * 6, *calls.NAMES),
        features=_mostly(_CALLS, states.IMPORTED, states.ENTRIES, states.STORED),
        modules=4,
    ),
    "namespace_packages": Property(
        "A namespace package runs by the __main__ in any of its portions",
        shapes=(*shapes.NAMESPACES, *shapes.PLAIN[:2]),
        effects=(*_EFFECTS, *bodies.IMPORTS),
        names=(*[calls.NAME] * 6, *calls.NAMES),
        features=_mostly(_CALLS, states.IMPORTED, states.ENTRIES, states.STORED, states.SURROUNDINGS),
        modules=4,
    ),
    "loaders": Property(
        "Code comes from the loader that the finders name, whatever both are",
        shapes=_SHAPES,
        effects=_EFFECTS,
        features=_mostly(_CALLS, states.FINDERS, states.STORED, states.IMPORTED[:2]),
        modules=2,
    ),
    "module_names": Property(
        "The code finds its names, file, loader and spec in its globals",
        shapes=(*_SHAPES, *shapes.NAMED),
        effects=(*_EFFECTS, *bodies.RENAMES, *bodies.LOOKS),
        features=_mostly(_CALLS, calls.RUN_NAMES, calls.ODD_RUN_NAMES, calls.INITS, states.STORED),
    ),
    "returned_namespace": Property(
        "What is returned is the namespace as the code left it, and what it left there works",
        shapes=shapes.PLAIN,
        effects=(bodies.SIMPLE[0], *bodies.LEAVES, *bodies.RENAMES, *bodies.LOOKS),
        features=_mostly(_CALLS, calls.RUN_NAMES, calls.INITS, states.AFTER, states.MAINS),
        modules=2,
    ),
    "initial_globals": Property(
        "What init_globals holds is there as the code starts, and stays as it was for the caller",
        shapes=shapes.PLAIN,
        effects=(*_EFFECTS, *bodies.CHANGES[:1] * 3, *bodies.LEAVES),
        features=_mostly(_CALLS, calls.INITS, calls.ODD_INITS, calls.RUN_NAMES[:3]),
        modules=2,
    ),
    "altering_sys": Property(
        "With alter_sys the code owns sys.argv[0] and its entry in sys.modules, and both come back",
        shapes=shapes.PLAIN,
        effects=(*_EFFECTS, *bodies.ARGV, *bodies.MODULES, *bodies.RENAMES),
        endings=_ENDINGS,
        features=_mostly(
            (calls.ALTERS[0], calls.ALTERS[0], calls.RUN_NAMES[0]),
            (*calls.RUN_NAMES, *calls.ODD_RUN_NAMES, *calls.ODD_ALTERS, *states.ENTRIES, *states.MAINS, *states.ARGVS),
        ),
        modules=2,
    ),
    "exceptions": Property(
        "What the code raises comes out as it is, wherever it was raised",
        shapes=_SHAPES,
        effects=(*_EFFECTS, *bodies.IMPORTS, *bodies.RUNS, *bodies.BROKEN),
        endings=(bodies.NO_ENDING, *bodies.ENDINGS),
        features=_mostly(_CALLS, calls.RUN_NAMES, states.STORED, states.MAINS),
    ),
    "warnings": Property(
        "Who imported before what is to be run is warned, and nobody else",
        shapes=_SHAPES,
        effects=(*_EFFECTS, *bodies.PARENTS, bodies.CHANGES[3], bodies.CHANGES[4], *bodies.IMPORTS),
        names=(*[calls.NAME] * 6, *calls.NAMES),
        features=_mostly(_CALLS, states.IMPORTED * 2, states.ENTRIES, states.FILTERS * 2),
    ),
    "nesting": Property(
        "A run inside a run leaves the outer one what it had",
        shapes=shapes.PLAIN,
        effects=(bodies.SIMPLE[0], *bodies.RUNS, *bodies.RUNS, *bodies.ARGV, *bodies.MODULES),
        endings=_ENDINGS,
        targets=(0, 0, 0, 1),
        features=_mostly(_CALLS, calls.RUN_NAMES, states.MAINS, states.ARGVS),
        modules=4,
        least=2,
    ),
    "sequences": Property(
        "Each call does the same whatever the calls before it did, except for what the world has become",
        shapes=_SHAPES,
        effects=(*_EFFECTS, *bodies.LEAVES, *bodies.ARGV, *bodies.MODULES, *bodies.CHANGES),
        endings=_ENDINGS,
        names=(*[calls.NAME] * 12, *calls.NAMES),
        features=_mostly(_CALLS, states.SEQUEL, states.HISTORY, states.STORED[:6]),
        count=7,
    ),
}
_EVERYTHING = Property(
    "All of it at once",
    shapes=(*_SHAPES, *shapes.NAMED),
    effects=(*bodies.SIMPLE, *bodies.SIMPLE, *_ACTIONS),
    endings=_ENDINGS,
    names=(*[calls.NAME] * 2 * len(_ODD_NAMES), *calls.NAMES, *_ODD_NAMES),
    features=_mostly(
        (*_CALLS, calls.ALTERS[0]),
        (*_ARGUMENTS, *calls.ODD_RUN_NAMES, *calls.ODD_INITS, *calls.ODD_ALTERS, *calls.WRONG_STYLES),
        (*_STATES, *states.FINDERS, *states.STORED, *states.SEQUEL, *states.HISTORY, *states.AFTER),
    ),
    modules=4,
    count=5,
)
TABLES: Mapping[str, Property] = {**_PROPERTIES, "everything": _EVERYTHING}

PROPERTIES: Mapping[str, str] = {name: one.sentence for name, one in TABLES.items()}


def drawn(name: str) -> SearchStrategy[Drawn]:
    """The choices for a case of a property, before a case is derived from them."""
    one = TABLES[name]
    part = st.tuples(
        st.sampled_from(one.shapes),
        st.sampled_from((one.places[0], *one.places)),
        st.sampled_from(one.effects),
        st.sampled_from(one.endings),
    ).map(lambda choices: Part(*choices))
    asked = st.tuples(st.sampled_from(one.targets), st.sampled_from(one.names)).map(lambda choices: Asked(*choices))
    return st.tuples(
        st.lists(part, min_size=one.least, max_size=one.modules),
        asked,
        st.tuples(*[st.sampled_from(one.features)] * one.count),
    )


def cases(name: str = "everything") -> SearchStrategy[Case]:
    """Cases of a property, one of PROPERTIES. Raises KeyError if there is none of that name."""
    where = f"search/{name}"
    return drawn(name).map(lambda choices: derive(where, *choices))
