"""Strategies: how Hypothesis draws cases.

The words of this package:

- A *property* is a sentence that holds for every case of one kind, such as "A run inside a run leaves the outer one
  what it had". It has tables, from which its cases are drawn.
- A *part* is a module that was drawn: its shape, its place, its action and its ending.
- A *shape* says which module this is (a package, a submodule, a namespace package ...) and which files it needs.
- A *place* says where the module lies: in which entry of sys.path, and in which of the packages drawn before it.
- An *action* is what the code of a module does, in a line or a few; an *ending* is how it ends, such as by raising.
  Both together are the *body* of the module.
- A *request* says which of the modules the last call runs, and how the module's name is changed before it is given:
  that is a *mutation*, such as appending ".py".
- A *feature* is one thing that makes a case less plain: an argument, a state, a storage, a step between two calls.
- A *state* is something that is the case before the call: a module that is imported already, an odd sys.argv.
- A *storage* says how the modules are stored, as for the families.
- To *derive* is to make a case of the parts, the request and the features, by a pure function.
- A draw is *steady* if the same seed gives the same cases in every process.

Theory of operation. Drawing is dear, so Hypothesis makes few, flat choices: each is one row of a table, and none
depends on another. `derive` makes the case of them. Every table has its simplest row first, so that whatever does not
matter shrinks away, down to `run_module('m')` and a module of one line. A row that stands several times in a table is
drawn more often. Nothing in this package knows how a case is run.

    shapes   the tables of shapes and places
    bodies   the tables of actions and endings
    calls    the tables of mutations, and of features that are arguments
    states   the tables of all other features
    paths    the property of run_path, which has tables of its own
    feature  a feature
    derive   the case of what was drawn
    rows     which rows a case was derived from, and which pairs of rows there can be
    steady   the same draw for the same seed
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ..model import Case
from . import bodies, calls, paths, shapes, states
from .derive import Part, Request, derive
from .feature import NOTHING, Feature
from .shapes import PLACES
from .steady import draw_steadily

draw_steadily()

Drawn = tuple[list[Part], Request, tuple[Feature, ...]]
Place = tuple[int, str]


@dataclass(frozen=True)
class Property:
    """A sentence that holds for all cases of one kind, and the tables from which these are drawn.

    targets: numbers of the module that the last call runs. fewest_modules, most_modules: how many are drawn.
    draws: how many features are drawn, of which most are NOTHING.
    """

    sentence: str
    shapes: Sequence[shapes.Shape]
    actions: Sequence[str]
    endings: Sequence[str] = (bodies.NO_ENDING,)
    places: Sequence[Place] = PLACES
    names: Sequence[calls.Mutation] = (calls.NAME,)
    targets: Sequence[int] = (0, 0, 0, 1, 1, 2)
    features: Sequence[Feature] = (NOTHING,)
    most_modules: int = 3
    fewest_modules: int = 1
    draws: int = 3


def _mostly(plain: Sequence[Feature], *rest: Iterable[Feature], nothing: int = 1) -> Sequence[Feature]:
    """A table of NOTHING, the plain features, and the rest; the rest takes about three quarters of it."""
    others = [feature for features in rest for feature in features]
    times = max(1, (nothing * len(others)) // (3 * max(1, len(plain) + 1)))
    return (*[NOTHING] * times, *[feature for feature in plain for _ in range(times)], *others)


_ODD_NAMES = (*calls.ODD_NAMES, *calls.NO_NAMES, *calls.BYTES_NAMES, *calls.TEXT_NAMES)
_CALLS = (calls.ALTERS[0], calls.RUN_NAMES[0])
_SHAPES = (*shapes.PLAIN, *shapes.PLAIN, *shapes.PACKAGES, *shapes.NAMESPACES)
_ACTIONS = (*bodies.SIMPLE, *bodies.SIMPLE, *bodies.LOOKS)
_ARGUMENTS = (*calls.RUN_NAMES, *calls.INITS, *calls.ALTERS, *calls.STYLES)
_STATES = (*states.IMPORTED, *states.ENTRIES, *states.MAINS, *states.ARGVS, *states.FILTERS, *states.SURROUNDINGS)
_ALL_ACTIONS = (
    *(*bodies.SIMPLE, *bodies.LOOKS, *bodies.ARGV, *bodies.MODULES, *bodies.RENAMES, *bodies.LEAVES),
    *(*bodies.IMPORTS, *bodies.RUNS, *bodies.CHANGES, *bodies.PARENTS, *bodies.BROKEN),
)
_ENDINGS = (*[bodies.NO_ENDING] * 2 * len(bodies.ENDINGS), *bodies.ENDINGS)

_PROPERTIES: Mapping[str, Property] = {
    "calling_convention": Property(
        "However the arguments are given, the call means the same, or is refused",
        shapes=shapes.PLAIN,
        actions=_ACTIONS,
        features=_mostly(_CALLS, _ARGUMENTS, calls.ODD_ALTERS, calls.STYLES, calls.WRONG_STYLES),
        most_modules=2,
        draws=4,
    ),
    "finding_modules": Property(
        "The module is found as an import would find it, and its parents are imported on the way",
        shapes=_SHAPES,
        actions=(*_ACTIONS, *bodies.PARENTS, *bodies.IMPORTS),
        names=(*[calls.NAME] * 8, *calls.NAMES),
        features=_mostly(_CALLS, states.IMPORTED, states.ENTRIES, states.STORED, states.FINDERS, states.SURROUNDINGS),
    ),
    "unrunnable_names": Property(
        "A name that names nothing to run is refused, and nothing is executed for it",
        shapes=(*_SHAPES, *shapes.NAMED),
        actions=bodies.SIMPLE,
        names=(calls.NAME, *calls.NAMES, *calls.NAMES, *_ODD_NAMES),
        features=_mostly(_CALLS, states.IMPORTED, states.ENTRIES, states.STORED[:2]),
        draws=2,
    ),
    "packages": Property(
        "A package runs by its __main__, or says why it cannot",
        shapes=shapes.PACKAGES,
        actions=(*_ACTIONS, *bodies.PARENTS, *bodies.IMPORTS),
        endings=_ENDINGS,
        names=(*[calls.NAME] * 6, *calls.NAMES),
        features=_mostly(_CALLS, states.IMPORTED, states.ENTRIES, states.STORED),
        most_modules=4,
    ),
    "namespace_packages": Property(
        "A namespace package runs by the __main__ in any of its portions",
        shapes=(*shapes.NAMESPACES, *shapes.PLAIN[:2]),
        actions=(*_ACTIONS, *bodies.IMPORTS),
        names=(*[calls.NAME] * 6, *calls.NAMES),
        features=_mostly(_CALLS, states.IMPORTED, states.ENTRIES, states.STORED, states.SURROUNDINGS),
        most_modules=4,
    ),
    "loaders": Property(
        "Code comes from the loader that the finders name, whatever both are",
        shapes=_SHAPES,
        actions=_ACTIONS,
        features=_mostly(_CALLS, states.FINDERS, states.STORED, states.IMPORTED[:2]),
        most_modules=2,
    ),
    "module_names": Property(
        "The code finds its names, file, loader and spec in its globals",
        shapes=(*_SHAPES, *shapes.NAMED),
        actions=(*_ACTIONS, *bodies.RENAMES, *bodies.LOOKS),
        features=_mostly(_CALLS, calls.RUN_NAMES, calls.ODD_RUN_NAMES, calls.INITS, states.STORED),
    ),
    "returned_namespace": Property(
        "What is returned is the namespace as the code left it, and what it left there works",
        shapes=shapes.PLAIN,
        actions=(bodies.SIMPLE[0], *bodies.LEAVES, *bodies.RENAMES, *bodies.LOOKS),
        features=_mostly(_CALLS, calls.RUN_NAMES, calls.INITS, states.AFTER, states.MAINS),
        most_modules=2,
    ),
    "initial_globals": Property(
        "What init_globals holds is there as the code starts, and stays as it was for the caller",
        shapes=shapes.PLAIN,
        actions=(*_ACTIONS, *bodies.CHANGES[:1] * 3, *bodies.LEAVES),
        features=_mostly(_CALLS, calls.INITS, calls.ODD_INITS, calls.RUN_NAMES[:3]),
        most_modules=2,
    ),
    "altering_sys": Property(
        "With alter_sys the code owns sys.argv[0] and its entry in sys.modules, and both come back",
        shapes=shapes.PLAIN,
        actions=(*_ACTIONS, *bodies.ARGV, *bodies.MODULES, *bodies.RENAMES),
        endings=_ENDINGS,
        features=_mostly(
            (calls.ALTERS[0], calls.ALTERS[0], calls.RUN_NAMES[0]),
            (*calls.RUN_NAMES, *calls.ODD_RUN_NAMES, *calls.ODD_ALTERS, *states.ENTRIES, *states.MAINS, *states.ARGVS),
        ),
        most_modules=2,
    ),
    "exceptions": Property(
        "What the code raises comes out as it is, wherever it was raised",
        shapes=_SHAPES,
        actions=(*_ACTIONS, *bodies.IMPORTS, *bodies.RUNS, *bodies.BROKEN),
        endings=(bodies.NO_ENDING, *bodies.ENDINGS),
        features=_mostly(_CALLS, calls.RUN_NAMES, states.STORED, states.MAINS),
    ),
    "warnings": Property(
        "Who imported before what is to be run is warned, and nobody else",
        shapes=_SHAPES,
        actions=(*_ACTIONS, *bodies.PARENTS, bodies.CHANGES[3], bodies.CHANGES[4], *bodies.IMPORTS),
        names=(*[calls.NAME] * 6, *calls.NAMES),
        features=_mostly(_CALLS, states.IMPORTED * 2, states.ENTRIES, states.FILTERS * 2),
    ),
    "nesting": Property(
        "A run inside a run leaves the outer one what it had",
        shapes=shapes.PLAIN,
        actions=(bodies.SIMPLE[0], *bodies.RUNS, *bodies.RUNS, *bodies.ARGV, *bodies.MODULES),
        endings=_ENDINGS,
        targets=(0, 0, 0, 1),
        features=_mostly(_CALLS, calls.RUN_NAMES, states.MAINS, states.ARGVS),
        most_modules=4,
        fewest_modules=2,
    ),
    "sequences": Property(
        "Each call does the same whatever the calls before it did, except for what the world has become",
        shapes=_SHAPES,
        actions=(*_ACTIONS, *bodies.LEAVES, *bodies.ARGV, *bodies.MODULES, *bodies.CHANGES),
        endings=_ENDINGS,
        names=(*[calls.NAME] * 12, *calls.NAMES),
        features=_mostly(_CALLS, states.SEQUEL, states.HISTORY, states.STORED[:6]),
        draws=7,
    ),
}
_EVERYTHING = Property(
    "All of it at once",
    shapes=(*_SHAPES, *shapes.NAMED),
    actions=(*bodies.SIMPLE, *bodies.SIMPLE, *_ALL_ACTIONS),
    endings=_ENDINGS,
    names=(*[calls.NAME] * 2 * len(_ODD_NAMES), *calls.NAMES, *_ODD_NAMES),
    features=_mostly(
        (*_CALLS, calls.ALTERS[0]),
        (*_ARGUMENTS, *calls.ODD_RUN_NAMES, *calls.ODD_INITS, *calls.ODD_ALTERS, *calls.WRONG_STYLES),
        (*_STATES, *states.FINDERS, *states.STORED, *states.SEQUEL, *states.HISTORY, *states.AFTER),
    ),
    most_modules=4,
    draws=5,
)
TABLES: Mapping[str, Property] = {**_PROPERTIES, "everything": _EVERYTHING}

# The sentence of each property.
PROPERTIES: Mapping[str, str] = {
    **{name: property_.sentence for name, property_ in _PROPERTIES.items()},
    "paths": paths.SENTENCE,
    "everything": _EVERYTHING.sentence,
}


def drawn(name: str, wider: int = 0) -> SearchStrategy[Drawn]:
    """The strategy for what a case of a property is derived from. Raises KeyError.

    wider: the number by which more modules, and more features, may be drawn than for an ordinary search.
    """
    table = TABLES[name]
    part = st.tuples(
        st.sampled_from(table.shapes),
        st.sampled_from((table.places[0], *table.places)),
        st.sampled_from(table.actions),
        st.sampled_from(table.endings),
    ).map(lambda choices: Part(*choices))
    request = st.tuples(st.sampled_from(table.targets), st.sampled_from(table.names)).map(
        lambda choices: Request(*choices)
    )
    return st.tuples(
        st.lists(part, min_size=table.fewest_modules, max_size=table.most_modules + wider),
        request,
        st.tuples(*[st.sampled_from(table.features)] * (table.draws + wider)),
    )


def cases(name: str = "everything") -> SearchStrategy[Case]:
    """The strategy for the cases of a property, one of PROPERTIES. Raises KeyError."""
    return choices(name).map(lambda drawn: case_of(name, drawn))


def choices(name: str, wider: int = 0) -> SearchStrategy[Any]:
    """The strategy for the rows of the tables of which `case_of` makes a case. Raises KeyError. wider: see `drawn`."""
    return paths.drawn(wider) if name == "paths" else drawn(name, wider)


def case_of(name: str, drawn: Any) -> Case:
    """The case of a property that drawn rows make."""
    return (paths.derive if name == "paths" else derive)(f"search/{name}", *drawn)
