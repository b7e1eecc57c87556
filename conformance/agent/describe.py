"""Describes any object as plain JSON, without losing its type and without trusting its methods.

Rules. The objects come from a world that may be hostile: only `type()`, exact-type checks and slot access are used
on what is not a builtin; no `repr`, no `==`, no `__class__`. Where an attribute has to be looked up, that may raise
anything. Addresses and temporary paths never appear.

Notation. None, booleans, integers and exact strings stand for themselves; everything else is an object with one
key that names the kind, and its parts. An object that was met before, at any earlier moment of the case, says where
under `is`; so identity survives the journey. An object inside itself is written `again`, with the same label. The
keys of a dictionary are visited in sorted order: which of two places counts as the first must not depend on theirs.
"""

from __future__ import annotations

import binascii
import importlib.machinery
import itertools
import operator
import os
import re
import sys
import types
import weakref
from typing import Any, Callable, Dict, List, Mapping, Optional, Set, Tuple

from . import namespaces
from .namespaces import REGISTRY, Foreign
from .own import dumps, identity

MAX_DEPTH = 12
MAX_NODES = 20_000
MAX_TEXT = 4_000
MAX_ITEMS = 20_000
MAX_PLAIN = 500  # items of a list, if a checksum can stand for the others
_MAX_CHECKED = 1_000_000  # values
_MAX_INT = 1 << 4_000  # the decimal digits of larger ones take long, or are refused

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
# The separator of paths on this platform, and a path of the world, up to the end of a line or of a quotation.
SEPARATOR = os.sep
_PLACE = re.compile(r"(?:\\[^\s'\"\\]+)*<root>[^'\"\n]*")  # with what a folder for compiled files puts before it
_SHORTEST = 7 if SEPARATOR == "/" else 0  # of texts in which an address could be, or our folder, or a backslash
_LARGE_VALUES = 4  # that are kept with their descriptions, since a value is mostly told several times
_NUMBERS = frozenset((int, bool))
_ATOMS = frozenset((int, bool, type(None), str, float))
_PLAIN = _ATOMS | {list, dict}
_FUNCTIONS = (types.FunctionType,)
_BUILTIN_FUNCTIONS = (types.BuiltinFunctionType, types.MethodWrapperType, types.WrapperDescriptorType)
# Objects whose identity does not matter: values, or objects that are new at each look.
_VALUES = (type(None), bool, int, float, complex, str, bytes, tuple, frozenset)
_isabs, _fsencode = os.path.isabs, os.fsencode  # the world may replace them
# The parts of builtin objects, and of the standard library's values, that have no contents of another kind.
_PARTS = {
    "range": ("start", "stop", "step"),
    "slice": ("start", "stop", "step"),
    "classmethod": ("__func__",),
    "staticmethod": ("__func__",),
    "property": ("fget", "fset", "fdel"),
    "functools.partial": ("func", "args", "keywords"),
    "types.SimpleNamespace": ("__dict__",),
    "collections.defaultdict": ("default_factory",),
}
# Values of the standard library that their texts describe in full.
_WRITTEN = (
    *("date", "time", "datetime", "timedelta", "timezone", "Decimal", "Fraction", "UUID"),
    *("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath"),
)
_OF_WRITTEN = ("datetime.", "decimal.", "fractions.", "uuid.", "pathlib.")
# The slots that the description of every exception has under keys of its own, or that its message says already.
_TOLD = ("args", "msg")
_TOLD_OF = {ImportError: ("name", "path", "name_from"), SyntaxError: ("filename", "lineno")}
_SLOTS = (types.MemberDescriptorType, types.GetSetDescriptorType)
_MACHINERY = ("_frozen_importlib", "_frozen_importlib_external", "zipimport", "importlib.util", "importlib.machinery")


def type_name(cls: type) -> str:
    """The name of a class: bare for a builtin, with its module otherwise."""
    module = type.__getattribute__(cls, "__module__")
    name = type.__getattribute__(cls, "__qualname__")
    if type(module) is not str:
        module = "?"
    return str(name) if module == "builtins" else "{}.{}".format(module, name)


def own_dict(obj: Any) -> Dict[Any, Any]:
    """The instance dictionary of an object, by the slot and not by the object's own word; empty if there is none."""
    try:
        found = object.__getattribute__(obj, "__dict__")
    except Exception:
        return {}
    return found if type(found) is dict else {}


def ask(obj: Any, name: str) -> Any:
    """An attribute by the object's own word; None if there is none, or if it raises."""
    try:
        return getattr(obj, name, None)
    except BaseException:
        return None


class Describer:
    """Describes objects over the whole life of one case, and keeps account of which it has met.

    root: the case's folder; it is written `<root>`. callables: the functions under test, each with the name by which
    the interpreter's own messages about a call of it name it. is_world: tells the file names of the world's code.

    The class is long because each kind of object has a method of its own; they share what has been met.
    """

    def __init__(self, root: str, callables: Mapping[str, str], is_world: Callable[[str], bool]) -> None:
        self._root = root
        as_bytes = _fsencode(root)
        # As it is, in quotes, as most messages have it, and as bytes; all of a plain path are the same.
        spellings = root, repr(root)[1:-1], ascii(root)[1:-1], repr(as_bytes)[2:-1], as_bytes.decode("latin-1")
        self._spellings = tuple(dict.fromkeys(spellings))
        self._callables = [(own + "(", name + "(") for name, own in callables.items() if own != name]
        self._is_world = is_world
        self._met: Dict[int, Tuple[Any, str]] = {}
        self._opaque: Set[int] = set()
        self._inside: Set[int] = set()
        self._nodes = 0
        self._long_texts: List[Tuple[str, str]] = []
        self._checked: List[Tuple[List[Any], str]] = []

    # -- identity ---------------------------------------------------------------------------------------------

    def opaque(self, obj: Any, label: str) -> None:
        """Give a label to an object that is never described, such as the dictionary of builtins."""
        self.name(obj, label)
        self._opaque.add(identity(obj))

    def name(self, obj: Any, label: str) -> None:
        """Give a label to an object, unless it has one."""
        if not issubclass(type(obj), _VALUES) and self.label(obj) is None:
            self._meet(obj, label)

    def _meet(self, obj: Any, label: str) -> None:
        held: Any
        try:  # weakly, since it is observed whether module objects are freed
            held = _Strong(obj) if type(obj) is dict or type(obj) is list else weakref.ref(obj)
        except TypeError:
            held = _Strong(obj)
        self._met[identity(obj)] = (held, label)

    def label(self, obj: Any) -> Optional[str]:
        """The label under which an object was first met, or None."""
        entry = self._met.get(identity(obj))
        if entry is None or entry[0]() is not obj:
            return None
        return entry[1]

    # -- modules ----------------------------------------------------------------------------------------------

    def is_foreign(self, module: Any) -> bool:
        """True for a module from outside the world that an ordinary import has loaded."""
        if type(module) is not types.ModuleType and not issubclass(type(module), types.ModuleType):
            return False
        return own_dict(module).get("__spec__") is not None and not self.of_world(module)

    def of_world(self, module: Any) -> bool:
        """True for a module whose file is in the world, or that was made by hand."""
        fields = own_dict(module)
        file, spec = fields.get("__file__"), fields.get("__spec__")
        if type(file) is str and self._is_world(file):
            return True  # the common case
        places: List[Any] = [file, ask(spec, "origin")]
        try:
            places.extend(ask(spec, "submodule_search_locations") or ())
        except Exception:
            pass  # it is no list
        texts = [place for place in places if type(place) is str]
        if any(self._is_world(place) for place in texts):
            return True
        # Any other module was made in memory, unless it is built in or comes from a folder elsewhere.
        return not any(place in ("built-in", "frozen") or _isabs(place) for place in texts)

    # -- descriptions -----------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Start a new description, with a new allowance of size."""
        self._inside = set()
        self._nodes = 0

    def text(self, text: str) -> str:
        """A text without the temporary folder and without addresses, cut off if it is very long."""
        if len(text) < _SHORTEST:
            return text
        if len(text) > MAX_TEXT:
            return self._long_text(text)
        return self._normal(text)

    def _normal(self, text: str) -> str:
        for spelling in self._spellings:
            text = text.replace(spelling, "<root>")
        if SEPARATOR != "/":
            text = self._with_slashes(text)
        if " at 0x" in text:
            text = _ADDRESS.sub(" at 0x...", text)
        return text

    def _long_text(self, text: str) -> str:
        for known, shown in self._long_texts:
            if known is text:
                return shown
        shown = self._normal(text)
        if len(shown) > MAX_TEXT:
            shown = "{}... {} characters, checksum {}".format(shown[:MAX_TEXT], len(shown), _checksum(shown))
        self._long_texts = [(text, shown), *self._long_texts[: _LARGE_VALUES - 1]]
        return shown

    def _with_slashes(self, text: str) -> str:
        """A text in which the paths of the world have slashes; in the `repr` of a path each separator is doubled."""
        text = text.replace(self._root.partition(":")[2] or "<root>", "<root>")  # compiled files lie there in a prefix
        if "\n" not in text and (text.startswith("<root>") or self._is_world(text)):
            return text.replace(SEPARATOR, "/")
        return _PLACE.sub(lambda place: place.group().replace(SEPARATOR * 2, "/").replace(SEPARATOR, "/"), text)

    def message(self, text: str) -> str:
        """The text of an exception, in which the side under test is called `run_module`."""
        text = self.text(text)
        for own, name in self._callables:
            if own in text:
                text = text.replace(own, name)
        return text

    def value(self, obj: Any, path: str, depth: int = 0) -> Any:
        """Describe one object, met at `path`."""
        kind = type(obj)
        if kind is str:
            return self.text(obj)
        if obj is None or kind is bool or (kind is int and -_MAX_INT < obj < _MAX_INT):
            return obj
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            return {"too deep or too large": type_name(kind)}
        # A class of another metaclass would have a say in how it is looked up.
        describe = _COMMON.get(kind) if type(kind) is type else None
        if describe is None and issubclass(kind, _VALUES):
            return self._plain(obj, kind, path, depth)
        if kind is types.ModuleType and self.is_foreign(obj):
            return {"module": self.value(own_dict(obj).get("__name__"), path, depth)}
        label, number = self.label(obj), identity(obj)
        if label is None:
            self._meet(obj, path)
        elif number in self._opaque:
            return {"is": label}
        elif number in self._inside:
            return {"again": label}
        self._inside.add(number)
        try:
            described = (describe or Describer._structure)(self, obj, kind, path, depth + 1)
        finally:
            self._inside.discard(number)
        if label is not None:
            described["is"] = label
        return described

    def _plain(self, obj: Any, kind: type, path: str, depth: int) -> Any:
        if issubclass(kind, float):
            described: Dict[str, Any] = {"float": float.__repr__(obj)}
        elif issubclass(kind, complex):
            described = {"complex": complex.__repr__(obj)}
        elif issubclass(kind, bytes):
            described = {"bytes": self.text(bytes.__getitem__(obj, slice(None)).decode("latin-1"))}
        elif issubclass(kind, str):
            described = {"str": self.text(str.__str__(obj))}
        elif issubclass(kind, int):
            number = int.__int__(obj)
            described = {"int": number if -_MAX_INT < number < _MAX_INT else self.text(hex(number))}
        elif issubclass(kind, tuple):
            described = {"tuple": self._items(tuple.__iter__(obj), path, depth + 1)}
        else:
            described = {"frozenset": self._sorted(frozenset.__iter__(obj), path, depth + 1)}
        if kind not in _VALUES:
            described["type"] = type_name(kind)
            if own_dict(obj) and self._is_of_world(kind):
                described["attributes"] = self.pairs(own_dict(obj), path, depth + 1)
        return described

    def _items(self, items: Any, path: str, depth: int, foreign: Optional[Foreign] = None) -> List[Any]:
        """Describe the items of a list or a tuple. foreign: those that are left out."""
        objects = list(itertools.islice(items, MAX_ITEMS))
        kinds = set(map(type, objects))
        if foreign is None and kinds <= _NUMBERS and len(objects) <= MAX_PLAIN and _are_small(objects):
            return objects  # they stand for themselves
        if foreign is None and str in kinds:
            foreign = namespaces.names(objects)
        if foreign is None and len(objects) > MAX_PLAIN:
            objects.extend(items)
            check = self._check(objects[MAX_PLAIN:])
            if check is not None:
                more = {"and more": len(objects) - MAX_PLAIN, "checksum": check}
                return [*self._items(iter(objects[:MAX_PLAIN]), path, depth), more]
            items = iter(objects[MAX_ITEMS:])
            del objects[MAX_ITEMS:]
        found: List[Any] = []
        for n, item in enumerate(objects):
            mark = namespaces.ON_THE_PATH if namespaces.on_the_path(item) else foreign
            if mark is not None and (mark is not foreign or _is_one_of(item, mark)):
                if items_of(mark) not in found[-1:]:
                    found.append(items_of(mark))
            elif not _is_registry(item):
                found.append(self.value(item, "{}[{}]".format(path, n), depth))
        return found + ([{"and more": True}] if next(items, found) is not found else [])

    def _check(self, objects: List[Any]) -> Optional[str]:
        """A checksum of texts, numbers, and lists and dictionaries of these; None if there is anything else."""
        kinds = set(map(type, objects))
        if str in kinds and namespaces.is_some_on_the_path(objects):
            return None
        if not kinds <= _ATOMS:
            return self._check_of(objects) if kinds <= _PLAIN and _is_flat(objects) else None
        for known, check in self._checked:
            if len(known) == len(objects) and all(map(operator.is_, known, objects)):
                return check
        found = self._check_of(objects)
        if found is not None:
            self._checked = [(objects, found), *self._checked[: _LARGE_VALUES - 1]]
        return found

    def _check_of(self, objects: List[Any]) -> Optional[str]:
        try:
            return _checksum(self._normal(dumps(objects)))
        except (RuntimeError, ValueError):  # a number has too many digits; another thread adds something
            return None

    def _sorted(self, items: Any, path: str, depth: int) -> List[Any]:
        objects = list(items)
        foreign = namespaces.names(objects)
        own = [
            item
            for item in objects
            if not _is_registry(item) and not (foreign is not None and _is_one_of(item, foreign))
        ]
        found = sorted((self.value(item, path + "{...}", depth) for item in own), key=str)
        return found if foreign is None else [items_of(foreign), *found]

    def _dict(self, obj: Any, kind: type, path: str, depth: int) -> Dict[str, Any]:
        return {"dict": self.pairs(obj, path, depth)}

    def _list(self, obj: Any, kind: type, path: str, depth: int) -> Dict[str, Any]:
        return {"list": self._items(list.__iter__(obj), path, depth, namespaces.items_of_list(obj))}

    def _structure(self, obj: Any, kind: type, path: str, depth: int) -> Dict[str, Any]:
        described: Dict[str, Any]
        if issubclass(kind, dict):
            described = self._dict(obj, kind, path, depth)
        elif issubclass(kind, list):
            described = self._list(obj, kind, path, depth)
        elif issubclass(kind, set):
            described = {"set": self._sorted(set.__iter__(obj), path, depth)}
        elif issubclass(kind, types.ModuleType):
            return self._module(obj, kind, path, depth)
        elif issubclass(kind, _FUNCTIONS):
            return self._function(obj, kind, path, depth)
        elif issubclass(kind, _BUILTIN_FUNCTIONS):
            return {"builtin function": obj.__qualname__}
        elif issubclass(kind, types.MethodType):
            return {"method": self.value(obj.__func__, path, depth), "self": self.value(obj.__self__, path, depth)}
        elif issubclass(kind, type):
            return {"class": type_name(obj)}
        elif issubclass(kind, BaseException):
            return self.exception(obj, path, depth)
        elif issubclass(kind, types.CodeType):
            return {"code": obj.co_name, "file": self.text(obj.co_filename)}
        elif issubclass(kind, types.FrameType):
            return {"frame": obj.f_code.co_name}
        elif issubclass(kind, weakref.ref):
            target = obj()
            return {"weakref": "dead" if target is None else self.value(target, path + "()", depth)}
        elif issubclass(kind, importlib.machinery.ModuleSpec):
            return self.spec(obj, kind, path, depth)
        elif type_name(kind).endswith(("._NamespacePath", "_external.NamespacePath")):  # before and from Python 3.15 on
            try:
                return {"namespace path": [self.value(entry, path, depth) for entry in obj]}
            except Exception as exc:
                return {"namespace path": "raises " + type_name(type(exc))}
        elif type_name(kind).rpartition(".")[0] in _MACHINERY:
            return self._loader(obj, kind, path, depth)
        else:
            return self._instance(obj, kind, path, depth)
        if kind not in (dict, list, set):
            described["type"] = type_name(kind)
            if own_dict(obj):
                described["attributes"] = self.pairs(own_dict(obj), path, depth)
            self._add_parts(described, obj, kind, path, depth)
        return described

    def own_items(self, mapping: Dict[Any, Any]) -> List[Tuple[Any, Any]]:
        """The items of a dictionary without registries of warnings, each with its key.

        One item stands for all that belong to the interpreter, and not to the case: its key is a `Foreign`.
        """
        items = list(itertools.islice(dict.items(mapping), MAX_ITEMS))
        foreign = namespaces.foreign(mapping, items, self._is_world, self.is_foreign)
        if foreign is None:
            return [pair for pair in items if not _is_registry(pair[0])]
        own: List[Tuple[Any, Any]] = []
        marked = False
        for key, item in items:
            if type(key) is str and key in foreign.keys:
                if not marked:
                    own.append((foreign, None))
                marked = True
            elif not _is_registry(key):
                own.append((key, item))
        return own

    def pairs(self, mapping: Dict[Any, Any], path: str, depth: int = 0) -> List[Any]:
        """The items of a dictionary as [key, value] pairs, in its order; in the place of foreign ones stands a mark."""
        items = self.own_items(mapping)
        names = [key if type(key) is str else "" for key, _ in items]
        found: List[Any] = [None] * len(items)
        for n in sorted(range(len(items)), key=names.__getitem__):
            key, item = items[n]
            if type(key) is Foreign:
                found[n] = [items_of(key), {"without": key.missing} if key.missing else None]
            elif type(key) is not str:
                where = path + "[...]"
                found[n] = [self.value(key, where, depth), self.value(item, where, depth)]
            elif item is None or type(item) is str:
                found[n] = [self.text(key), item and self.text(item)]
            elif type(item) is int and -_MAX_INT < item < _MAX_INT:
                found[n] = [self.text(key), item]
            else:
                shown = self.text(key)
                found[n] = [shown, self.value(item, "{}[{!r}]".format(path, shown), depth)]
        if dict.__len__(mapping) > MAX_ITEMS:
            found.append(["and more", dict.__len__(mapping)])
        return found

    def _module(self, obj: Any, kind: type, path: str, depth: int) -> Dict[str, Any]:
        namespace = own_dict(obj)
        name = namespace.get("__name__")
        described: Dict[str, Any] = {"module": self.value(name, path, depth)}
        if kind is not types.ModuleType:
            described["type"] = type_name(kind)
        label = self.label(namespace)
        if label is not None:
            described["dict"] = label
        return described

    def _function(self, obj: Any, kind: type, path: str, depth: int) -> Dict[str, Any]:
        file = getattr(obj.__code__, "co_filename", None)
        if file is None:  # a builtin function of PyPy, which has this type as well
            return {"builtin function": obj.__qualname__}
        described: Dict[str, Any] = {"function": obj.__qualname__}
        if self._is_world(file):
            described["file"] = self.text(obj.__code__.co_filename)
            described["line"] = obj.__code__.co_firstlineno
            # The namespace is described where it is returned; here it matters which one it is, and if it was cleared.
            label = self.label(obj.__globals__)
            described["globals"] = label or self.value(obj.__globals__, path + ".__globals__", depth)
            if all(item is None for item in list(dict.values(obj.__globals__))):
                described["globals_cleared"] = True
        return described

    def spec(self, obj: Any, kind: type, path: str, depth: int) -> Dict[str, Any]:
        """A module spec by its public attributes."""
        fields = own_dict(obj)
        locations = fields.get("submodule_search_locations")
        described: Dict[str, Any] = {
            "spec": self.value(fields.get("name"), path + ".name", depth),
            "loader": self.value(fields.get("loader"), path + ".loader", depth),
            "origin": self.value(fields.get("origin"), path + ".origin", depth),
            "has_location": fields.get("_set_fileattr") is True,
            "cached": self.value(_cached(obj), path + ".cached", depth),
            "search_locations": self.value(locations, path + ".submodule_search_locations", depth),
        }
        if kind is not importlib.machinery.ModuleSpec:
            described["type"] = type_name(kind)
        return described

    def _loader(self, obj: Any, kind: type, path: str, depth: int) -> Dict[str, Any]:
        fields, name = own_dict(obj), type_name(kind)
        described: Dict[str, Any] = {"machinery": name.rpartition(".")[2]}
        for key in ("name", "path", "archive", "prefix"):
            found = fields.get(key, ask(obj, key) if name == "zipimport.zipimporter" else None)
            if type(found) is str:
                described[key] = self.text(found)
        if SEPARATOR != "/" and "prefix" in described:  # a path inside the archive
            described["prefix"] = described["prefix"].replace(SEPARATOR, "/")
        return described

    def _instance(self, obj: Any, kind: type, path: str, depth: int) -> Dict[str, Any]:
        name = type_name(kind)
        described: Dict[str, Any] = {"instance": name}
        # The attributes of instances of foreign classes are an implementation detail of those classes.
        if self._is_of_world(kind):
            described["attributes"] = self.pairs(own_dict(obj), path, depth)
            held = self._held(obj, kind, (), path, depth)
            if held:
                described["slots"] = held
        elif issubclass(kind, bytearray):
            described["bytes"] = self.text(bytes(bytearray.__iter__(obj)).decode("latin-1"))
        elif name.startswith(_OF_WRITTEN) and name.rpartition(".")[2] in _WRITTEN:
            described["text"] = self.text(safe_str(obj, repr))
        elif type_name(type(kind)) in ("enum.EnumMeta", "enum.EnumType"):  # before and from Python 3.11 on
            described["member"] = self.value(own_dict(obj).get("_name_"), path, depth)
        else:
            self._add_parts(described, obj, kind, path, depth)
        return described

    def _is_of_world(self, kind: type) -> bool:
        """True for a class that the code of the world defines."""
        name = type.__getattribute__(kind, "__module__")
        module = sys.modules.get(name) if type(name) is str else None
        file = own_dict(module).get("__file__") if module is not None else None
        return module is None or (type(file) is str and self._is_world(file))

    def _add_parts(self, described: Dict[str, Any], obj: Any, kind: type, path: str, depth: int) -> None:
        """Add the parts of an object of a type in `_PARTS` to its description."""
        for base in type.__getattribute__(kind, "__mro__"):
            names = _PARTS.get(type_name(base))
            if names is not None:
                described["parts"] = {
                    name: self.value(ask(obj, name), "{}.{}".format(path, name), depth) for name in names
                }
                return

    def _held(self, obj: Any, kind: type, told: Tuple[str, ...], path: str, depth: int) -> Dict[str, Any]:
        """The contents of the public slots of an object, except those in `told` and those that hold None or nothing.

        The slots of builtin classes are read as well as those that classes of the world have by `__slots__`.
        """
        found: Dict[str, Any] = {}
        for name, descriptor in _slots(kind):
            if name in told or name in found or name.startswith("_"):
                continue
            try:
                value = descriptor.__get__(obj, kind)
            except Exception:  # nothing has been assigned to it, or it does not apply
                continue
            if value is not None:
                found[name] = self.value(value, "{}.{}".format(path, name), depth)
        return found

    # -- exceptions -------------------------------------------------------------------------------------------

    def exception(self, exc: BaseException, path: str, depth: int = 0) -> Dict[str, Any]:
        """An exception: type, arguments, message, its links, and the frames of the world in its traceback."""
        described: Dict[str, Any] = {"exception": type_name(type(exc)), "message": self.message(safe_str(exc))}
        described["bases"] = [type_name(base) for base in type.__getattribute__(type(exc), "__mro__")[1:-1]]
        described["args"] = [
            self.message(arg) if type(arg) is str else self.value(arg, path + ".args", depth + 1)
            for arg in slot(exc, "args")
        ]
        if issubclass(type(exc), ImportError):
            described["name"] = self.value(ask(exc, "name"), path + ".name", depth)
            described["path"] = self.value(ask(exc, "path"), path + ".path", depth)
        if issubclass(type(exc), SyntaxError):
            described["location"] = [self.value(ask(exc, name), path, depth) for name in ("filename", "lineno")]
        described["cause"] = self.value(slot(exc, "__cause__"), path + ".__cause__", depth)
        described["context"] = self.value(slot(exc, "__context__"), path + ".__context__", depth)
        described["suppress_context"] = slot(exc, "__suppress_context__")
        described["frames"] = self.frames(exc)
        told = next((names for kind, names in _TOLD_OF.items() if issubclass(type(exc), kind)), ())
        held = self._held(exc, type(exc), _TOLD + told, path, depth + 1)
        if held:
            described["held"] = held
        extra = {k: v for k, v in own_dict(exc).items() if type(k) is not str or k not in ("name", "path")}
        if extra:
            described["attributes"] = self.pairs(extra, path, depth + 1)
        return described

    def frames(self, exc: BaseException) -> List[Any]:
        """The frames of a traceback that belong to the world, outermost first: file, line, function.

        The implementation's own frames, and the interpreter's, are left out without a mark.
        """
        found: List[Any] = []
        traceback = slot(exc, "__traceback__")
        while traceback is not None and len(found) < 50:
            code = traceback.tb_frame.f_code
            if self._is_world(code.co_filename):
                found.append([self.text(code.co_filename), traceback.tb_lineno, code.co_name])
            traceback = traceback.tb_next
        return found


def items_of(foreign: Foreign) -> Dict[str, str]:
    """The mark in the place of items that belong to the interpreter."""
    return {"items of": foreign.name}


def _are_small(numbers: List[Any]) -> bool:
    return not numbers or (min(numbers) > -_MAX_INT and max(numbers) < _MAX_INT)


def _is_flat(objects: List[Any]) -> bool:
    """True if the lists and the dictionaries among the objects hold nothing but texts and numbers, and not too many."""
    lists = [obj for obj in objects if type(obj) is list]
    dicts = [obj for obj in objects if type(obj) is dict and obj]
    if sum(map(len, lists)) + sum(map(len, dicts)) > _MAX_CHECKED:
        return False
    join = itertools.chain.from_iterable
    return set(map(type, itertools.chain(join(lists), join(dicts), join(map(dict.values, dicts))))) <= _ATOMS


def _checksum(text: str) -> str:
    return "{:08x}".format(binascii.crc32(text.encode("utf-8", "surrogatepass")))


def _is_one_of(item: Any, foreign: Foreign) -> bool:
    """True for an item of a list that belongs to the interpreter: it is known by its name, or by its identity."""
    return (item if type(item) is str else identity(item)) in foreign.keys


def _is_registry(key: Any) -> bool:
    return type(key) is str and key == REGISTRY


# The methods for the most common types.
_COMMON: Dict[type, Callable[..., Dict[str, Any]]] = {
    dict: Describer._dict,
    list: Describer._list,
    types.ModuleType: Describer._module,
    types.FunctionType: Describer._function,
    importlib.machinery.ModuleSpec: Describer.spec,
    importlib.machinery.SourceFileLoader: Describer._loader,
}


class _Strong:
    """Holds an object that cannot be referenced weakly; it is called like a weak reference."""

    def __init__(self, obj: Any) -> None:
        self._obj = obj

    def __call__(self) -> Any:
        return self._obj


def slot(exc: BaseException, name: str) -> Any:
    """An attribute that every exception has, by the slot and not by the exception's own word."""
    return BaseException.__dict__[name].__get__(exc)


# The slots of each builtin class that was met.
_SLOTS_OF: Dict[type, List[Tuple[str, Any]]] = {object: []}


def _slots(kind: type) -> List[Tuple[str, Any]]:
    """The names and the descriptors of the slots that objects of a class have, in the order of names for each class."""
    found: List[Tuple[str, Any]] = []
    for base in type.__getattribute__(kind, "__mro__"):
        slots = _SLOTS_OF.get(base)
        if slots is None:
            module = type.__getattribute__(base, "__module__")
            is_builtin = type(module) is str and module == "builtins"
            # A class that is written in Python has a descriptor of the other kind for `__dict__` alone.
            kinds = _SLOTS if is_builtin else _SLOTS[:1]
            contents = type.__getattribute__(base, "__dict__")
            slots = [(name, contents[name]) for name in sorted(map(str, contents)) if type(contents.get(name)) in kinds]
            if is_builtin:
                _SLOTS_OF[base] = slots
        found.extend(slots)
    return found


def _cached(spec: Any) -> Any:
    try:
        return spec.cached
    except BaseException as exc:
        return "raises " + type_name(type(exc))


def safe_str(obj: object, convert: Callable[[object], str] = str) -> str:
    """The text that `str` or `repr` makes of an exception, a warning or a value, or a note that it has none."""
    try:
        text = convert(obj)
    except BaseException:
        return "<its __{}__ raises>".format(convert.__name__)
    return str.__str__(text) if isinstance(text, str) else "<its __str__ gives no text>"
