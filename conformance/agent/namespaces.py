"""Tells which items of a dictionary or a list belong to the interpreter, and not to the case.

Rules. Of a namespace of the interpreter's own only that is observed which a case has put there, and never all that lies
there: a build of the interpreter, or a candidate as it is imported, may have put anything there. The same holds for a
container of the interpreter's own, and for a copy of either.

Theory of operation. Before the first case the warm agent notes the namespaces of all modules that are loaded, and the
containers in them (`note`). If a dictionary is one of these, or holds most of the objects of one under the same keys,
those objects are *foreign*. So is, in a namespace in which the interpreter's own code has run, everything that this
code binds.
"""

from __future__ import annotations

import importlib.machinery
import sys
import types
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Set, Tuple

from . import SPECIALS
from .own import identity, os

# A warning puts this into the globals of the module for whose line it is given. Which module that is, is up to whoever
# gives the warning: registries are not observed, wherever they lie.
REGISTRY = "__warningregistry__"
_LEAST = 16  # items of a copy that holds a part of a namespace only
_MOST_LOOKED_AT = 20_000
# The parts of a namespace that a dictionary holds at least: if it goes by the same name; if all is said to be copied.
_HALF, _NEARLY_ALL = 0.5, 0.9
_FEWEST = 4
_FEW = 3  # keys that a copy may lack and still be one of all; where it lacks more, it was meant to be one of a part
_DESCRIPTORS = (
    types.WrapperDescriptorType,
    types.MethodDescriptorType,
    types.GetSetDescriptorType,
    types.MemberDescriptorType,
)
_LOADERS = (importlib.machinery.SourceFileLoader, importlib.machinery.SourcelessFileLoader)

Test = Callable[[Any], bool]


class Namespace(NamedTuple):
    """A namespace of the interpreter's own, or a container. items: those that it had before the first case."""

    obj: Any
    name: str
    items: Dict[Any, Any]


class Foreign(NamedTuple):
    """The foreign items of a dictionary.

    name: of the namespace to which they belong. missing: the keys that lie in that namespace and not in the dictionary,
    if they are few.
    """

    name: str
    keys: Set[Any]
    missing: List[str]


ON_THE_PATH = Foreign("sys.path", set(), [])

_KNOWN: Dict[int, Namespace] = {}  # by identity
_NAMED: Dict[str, Namespace] = {}  # those of modules
_WITH_KEY: Dict[str, List[Namespace]] = {}
_ON_THE_PATH: Dict[int, Any] = {}  # the items of `sys.path`, by identity
_NOT_OURS = ("__main__", "under_test")


def note(is_candidates: Test) -> None:
    """Note the namespaces and containers of all modules that have been loaded since the last call.

    is_candidates: tells the names of the candidate's own modules, which a case may give to modules of its own.
    """
    for key, module in list(sys.modules.items()):
        if (
            type(key) is not str
            or key in _NOT_OURS
            or is_candidates(key)
            or not issubclass(type(module), types.ModuleType)
        ):
            continue
        namespace = vars(module)
        known = _KNOWN.get(identity(namespace))
        if known is not None:
            _NAMED.setdefault(key, known)  # a module may go by two names
            continue
        name = namespace.get("__name__")
        known = Namespace(namespace, name if type(name) is str else key, dict(namespace))
        _KNOWN[identity(namespace)] = _NAMED[key] = known
        _WITH_KEY.clear()
        for name, value in known.items.items():
            if (
                type(value) not in (dict, list)
                or identity(value) in _KNOWN
                or value is sys.modules
                or value is sys.argv
            ):
                continue
            items = dict(value) if type(value) is dict else {identity(item): item for item in value}
            _KNOWN[identity(value)] = Namespace(value, "{}.{}".format(known.name, name), items)
    _ON_THE_PATH.update((identity(item), item) for item in sys.path)


def foreign(
    mapping: Dict[Any, Any], items: List[Tuple[Any, Any]], is_world: Callable[[str], bool], is_foreign: Test
) -> Optional[Foreign]:
    """The foreign items of a dictionary; None if there are none.

    items: those of the dictionary. is_world: tells the file names of the world. is_foreign: tells the modules from
    outside the world.
    """
    known = _KNOWN.get(identity(mapping))
    if known is not None and known.obj is mapping:
        keys = _same(mapping, known)
        if mapping is sys.path_importer_cache:  # an import of anything adds to it
            keys.update(key for key in mapping if type(key) is str and not is_world(key))
        return Foreign(known.name, keys, _missing(mapping, known))
    if any(type(key) is not str for key, _ in items):
        return None  # to look up a key could call a method of the world's, and no namespace has such keys
    mapping = mapping if type(mapping) is dict else dict(items)  # a subclass may have methods of its own
    name = dict.get(mapping, "__name__")
    if type(name) is str:
        found = _of_own_code(mapping, is_world) or _of_module(mapping, name, is_foreign)
        if found is not None:
            return found
    if not _LEAST <= len(items) <= _MOST_LOOKED_AT:
        return None
    return _of_class(mapping) or _of_modules(mapping, is_foreign) or _of_environment(mapping) or _of_any(mapping)


def on_the_path(item: Any) -> bool:
    """True for an item of `sys.path` that was there before the first case."""
    return _ON_THE_PATH.get(identity(item), _ON_THE_PATH) is item


def is_some_on_the_path(items: List[Any]) -> bool:
    """True if a text in a list is equal to one of `sys.path` that was there before the first case."""
    texts = {item for item in _ON_THE_PATH.values() if type(item) is str}
    return not texts.isdisjoint([item for item in items if type(item) is str])


def items_of_list(items: List[Any]) -> Optional[Foreign]:
    """The items, by identity, that a list of the interpreter's own had before the first case; None for another list."""
    known = _KNOWN.get(identity(items))
    if known is None or known.obj is not items:
        return None
    return Foreign(known.name, set(known.items), [])


def names(items: List[Any]) -> Optional[Foreign]:
    """The names in a collection that are those of a namespace of the interpreter's own, or of its modules, or None."""
    if not _LEAST <= len(items) <= _MOST_LOOKED_AT:
        return None
    texts = {item for item in items if type(item) is str}
    if len(texts) < _LEAST:
        return None
    if len(_NAMED.keys() & texts) >= _NEARLY_ALL * len(_NAMED):
        return Foreign("sys.modules", texts & (_NAMED.keys() | set(filter(_is_text, list(sys.modules)))), [])
    most: Optional[Foreign] = None
    for known in _KNOWN.values():
        if type(known.obj) is dict and len(known.items) >= _LEAST:
            common = texts & known.items.keys()
            if len(common) >= _NEARLY_ALL * len(known.items) and (most is None or len(common) > len(most.keys)):
                most = Foreign(known.name, common, [])
    return most


def is_of_interpreter(cls: type) -> bool:
    """True for a class of a module that was there before the first case."""
    module = type.__getattribute__(cls, "__module__")
    return type(module) is str and module in _NAMED


# -- to whom the items belong --------------------------------------------------------------------------------------


def _of_module(mapping: Dict[Any, Any], name: str, is_foreign: Test) -> Optional[Foreign]:
    """The items of the module whose name the dictionary holds."""
    known = _NAMED.get(name)
    if known is None:
        module = dict.get(sys.modules, name) if issubclass(type(sys.modules), dict) else None
        if module is None or not is_foreign(module):
            return None
        known = Namespace(vars(module), name, dict(vars(module)))  # it was imported in the case
        if known.obj is mapping:
            return Foreign(name, set(mapping), [])
    keys = _same(mapping, known)
    counted = _counted(known.items)
    # A module of the world may have the name of another one, and import its only function.
    if len(keys & counted) < max(_FEWEST, _HALF * len(counted)):
        return None
    return Foreign(name, keys, _missing(mapping, known))


def _of_own_code(mapping: Dict[Any, Any], is_world: Callable[[str], bool]) -> Optional[Foreign]:
    """The items that a module of the interpreter's own has bound, as its code ran in this very namespace."""
    spec = dict.get(mapping, "__spec__")
    if type(spec) is not importlib.machinery.ModuleSpec:
        return None
    name, origin = spec.name, spec.origin
    loader: Any = spec.loader
    if type(name) is not str or type(origin) is not str:
        return None
    if origin == "frozen":
        if loader is not importlib.machinery.FrozenImporter:
            return None
    elif is_world(origin) or not os.path.isabs(origin) or type(loader) not in _LOADERS:
        return None
    known = _NAMED.get(name)
    if known is not None:
        if any(type(value) is types.FunctionType and value.__globals__ is known.obj for value in mapping.values()):
            return None  # it is a copy of the module's namespace, in which the case may have replaced something
        name, bound = known.name, set(known.items)
    else:
        try:
            bound = set(loader.get_code(name).co_names)
        except Exception:  # there is no such file
            return None
    keys = {key for key in mapping if key in bound and key not in SPECIALS}
    return Foreign(name, {*keys, "__doc__"}, []) if keys else None


def _of_class(mapping: Dict[Any, Any]) -> Optional[Foreign]:
    """The items of the class from which a part of the dictionary was taken."""
    for value in mapping.values():
        cls = getattr(value, "__objclass__", None) if type(value) in _DESCRIPTORS else None
        if isinstance(cls, type) and is_of_interpreter(cls):
            items = dict(type.__dict__["__dict__"].__get__(cls))
            return Foreign(cls.__name__, {key for key in mapping if key in items and items[key] is mapping[key]}, [])
    return None


def _of_modules(mapping: Dict[Any, Any], is_foreign: Test) -> Optional[Foreign]:
    """The modules from outside the world, in a copy of `sys.modules`."""
    if len(_NAMED.keys() & {key for key in mapping if type(key) is str}) < _NEARLY_ALL * len(_NAMED):
        return None
    return Foreign("sys.modules", {key for key, module in mapping.items() if key in _NAMED or is_foreign(module)}, [])


def _of_environment(mapping: Dict[Any, Any]) -> Optional[Foreign]:
    """The variables of the environment, in a copy of `os.environ`."""
    try:
        environment = dict(os.environ)
    except Exception:  # the world has replaced it
        return None
    keys = {key for key, value in environment.items() if type(value) is str and dict.get(mapping, key) == value}
    return Foreign("os.environ", keys, []) if keys and len(keys) >= _NEARLY_ALL * len(environment) else None


def _of_any(mapping: Dict[Any, Any]) -> Optional[Foreign]:
    """The items of the namespace with which the dictionary has most in common, if that is much."""
    if not _WITH_KEY:
        for known in _KNOWN.values():
            if type(known.obj) is dict:
                for key in _counted(known.items):
                    _WITH_KEY.setdefault(key, []).append(known)
    common: Dict[int, int] = {}
    for key, value in list(dict.items(mapping)):
        if type(key) is str and key not in SPECIALS:
            for known in _WITH_KEY.get(key, ()):
                if known.items[key] is value:
                    number = identity(known.obj)
                    common[number] = common.get(number, 0) + 1
    if not common:
        return None
    most = max(common, key=lambda number: (common[number], -len(_KNOWN[number].items), _KNOWN[number].name))
    if common[most] < _LEAST:
        return None
    return Foreign(_KNOWN[most].name, _same(mapping, _KNOWN[most]), _missing(mapping, _KNOWN[most]))


def _same(mapping: Dict[Any, Any], known: Namespace) -> Set[Any]:
    """The keys under which the dictionary holds the same objects as the namespace."""
    items = known.items
    return {key for key, value in list(dict.items(mapping)) if type(key) is str and items.get(key, items) is value}


def _missing(mapping: Dict[Any, Any], known: Namespace) -> List[str]:
    """The keys of a namespace that the dictionary lacks, if they are few."""
    missing = sorted(
        key for key in known.items if type(key) is str and key != REGISTRY and not dict.__contains__(mapping, key)
    )
    return missing if len(missing) <= _FEW else []


def _counted(items: Dict[Any, Any]) -> Set[str]:
    """The keys by which a copy is recognised: any namespace may have the others, and modules that are imported."""
    return {
        key
        for key, value in items.items()
        if type(key) is str and key not in SPECIALS and not issubclass(type(value), types.ModuleType)
    }


def _is_text(item: Any) -> bool:
    return type(item) is str
