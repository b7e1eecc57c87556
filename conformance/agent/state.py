"""Finds what has changed in the interpreter's state since a step began.

Rules. Absolute state is never observed, only changes: the two sides run in processes that have imported different
modules. A module from outside the world that an import has loaded is a lazy import of the implementation, and no
change; every other changed key of `sys.modules` is one.

Theory of operation. At the beginning of a step the state is copied as it is. Later it is compared by identity, all at
once, since nearly always nothing has changed (`moment`); only what differs is compared in detail and described here.
Modules that were loaded before any case (`loaded`) are not looked at one by one. Where a step changes many entries of
`sys.modules`, each moment tells only those that are not as they were at the moment before: to tell them all again each
time would cost the square of their number.
"""

from __future__ import annotations

import importlib.machinery
import itertools
import operator
import os
import sys
import types
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Tuple

from . import MANY, loaded, moment, namespaces
from .describe import Describer, ask, own_dict

if TYPE_CHECKING:
    from typing import Literal

    from .messages import Described, StateChanges

# A value that was there when the case began: it is the interpreter's, or the candidate's, whose import may have set it.
_AS_AT_FIRST = {"as at first": True}
# In the place of an entry of `sys.modules` that had changed and is again as it was before the step; and of the items of
# a list that were told at the moment before.
_AS_BEFORE = {"as before": True}


# The import of `multiprocessing`, whoever does it, enters the module `__main__` under this name, too.
_SECOND_MAIN = "__mp_main__"
# The attributes of `sys` that are looked at in a way of their own, and those that are no setting: only what displays an
# exception that nobody caught sets them.
_NOT_GENERAL = frozenset(("argv", "modules", *moment.LISTS, "last_type", "last_value", "last_traceback", "last_exc"))
# The world may replace it.
_fsdecode = os.fsdecode
# The types of most globals.
_NO_MODULES = frozenset((str, type(None), dict, int, list, types.FunctionType, importlib.machinery.ModuleSpec))


class State:
    """Compares the interpreter with what it was when `mark` was called."""

    def __init__(self, describer: Describer) -> None:
        self._describer = describer
        self._before: moment.Raw = {}
        self._first: moment.Raw = {}
        self._later_modules: List[Tuple[str, Any]] = []
        self._attributes_after: Tuple[int, Dict[str, List[str]]] = (0, {})  # a step, with the number of modules

        self._in_flight = False
        self._told_lists: Dict[str, List[Any]] = {}  # the items put into lists, as they were told at the last moment
        self._telling: Dict[str, List[Any]] = {}  # the same, of this moment

    def mark(self) -> None:
        """Take the state of this moment as the one with which to compare from here on."""
        earlier = self._before.get("modules", {})
        self._before = before = moment.raw()
        self._first = self._first or before
        self._still = moment.Still(before)
        self._entries = moment.Entries(before["modules"])
        name = self._describer.name
        name(before["argv_object"], "sys.argv")
        name(before["path_object"], "sys.path")
        name(before["modules_object"], "sys.modules")
        if self._later_modules and moment.goes_on(earlier, before["modules"]):
            new = loaded.later(dict(itertools.islice(before["modules"].items(), len(earlier), None)))
            self._later_modules = later = self._later_modules + new
        else:
            self._later_modules = later = new = loaded.later(before["modules"])
        for key, module in new:
            if not self._describer.is_foreign(module):
                name(module, "sys.modules[{!r}]".format(key))
        before["later"], (count, attributes) = later, self._attributes_after
        # To look at many modules twice in a step takes long, and between two steps nothing happens.
        before["attributes"] = attributes if len(later) == count > MANY else self._attributes(later)
        self._attributes_after = (0, {})

    def argv(self) -> Described:
        """The description of `sys.argv` if it is another object or holds other objects than before; None if not."""
        before, now = self._before, getattr(sys, "argv", moment.ABSENT)
        if now is before["argv_object"] and moment.same(before["argv"], moment.sequence(now)):
            return None
        if now is moment.ABSENT:
            return moment.ABSENT
        value = self._describer.value(now, "sys.argv now")
        # A value that stands for itself has no parts.
        described: Dict[str, Any] = value if type(value) is dict else {"value": value}
        if moment.same(before["argv"], moment.sequence(now)):
            described["items"] = "as before"
        return described

    def modules(self) -> Dict[str, Described]:
        """The changed keys of `sys.modules`."""
        before, now = self._before["modules"], getattr(sys, "modules", moment.ABSENT)
        changed: Dict[str, Any] = {}
        if now is not self._before["modules_object"]:
            changed["sys.modules itself"] = self._describer.label(now) or "another object"
        else:
            added = self._still.added()
            if added is not None:  # and nothing else
                return self._added(added, now) if added else {}
        now = moment.copied_modules(now)
        for key, module in now.items():
            if key not in before:
                changed.update(self._added([(key, module)], now))
            elif before[key] is not module:
                changed[self._key(key)] = self._describer.value(module, "new sys.modules[{!r}]".format(key))
        cleared = "sys" not in now  # then the modules that the agent or the candidate had imported do not matter
        for key, module in before.items():
            if key not in now and not (cleared and self._describer.is_foreign(module)):
                changed[self._key(key)] = moment.ABSENT
        return changed

    def modules_meanwhile(self) -> Tuple[Literal["modules", "changed_modules"], Dict[str, Described]]:
        """The changed keys of `sys.modules` at a moment of a step, under the key of the event that holds them.

        Where they are many, only those are told that are not as they were at the moment before.
        """
        entries, now = self._entries, getattr(sys, "modules", moment.ABSENT)
        if entries.replaced or now is not self._before["modules_object"] or not issubclass(type(now), dict):
            entries.replaced = True
            return "modules", self.modules()
        added = self._still.added()
        if added is not None and len(added) <= MANY:
            modules = self._added(added, now) if added else {}
        else:
            touched = entries.touched(now)
            if len(entries.changed) > MANY:
                return self._many_modules(entries, touched, now)
            modules = self.modules()
        entries.told, entries.settled = modules, False
        return "modules", modules

    def _many_modules(
        self, entries: moment.Entries, touched: List[Any], now: Dict[Any, Any]
    ) -> Tuple[Literal["modules", "changed_modules"], Dict[str, Described]]:
        """The same, where many entries have changed; some of them may not be told. now: `sys.modules`."""
        if not entries.settled:
            entries.told = dict(entries.told)  # an event holds the old dictionary
        changed: Dict[str, Any] = {}
        now_described: Dict[Any, Any] = {}
        doubtful = entries.fresh if entries.settled else list(entries.changed)
        entries.fresh = []
        for key in dict.fromkeys([*touched, *doubtful]):
            shown = self._key(key)
            described = now_described[key] = self._entry(key, now)
            if described == entries.told.get(shown):
                continue
            entries.fresh.append(key)  # the next description will say that the entry was met before
            if described is None:
                del entries.told[shown]
                changed[shown] = _AS_BEFORE
            else:
                entries.told[shown] = changed[shown] = described
        entries.settled = True
        if len(entries.told) > MANY:
            return "changed_modules", changed
        for key in entries.changed:
            if self._key(key) in entries.told and key not in now_described:
                now_described[key] = self._entry(key, now)
        modules = {self._key(key): now_described[key] for key in entries.changed if self._key(key) in entries.told}
        entries.told = dict(modules)
        return "modules", modules

    def _entry(self, key: Any, modules: Dict[Any, Any]) -> Any:
        """The description of an entry of `sys.modules` that may have changed; None if there is nothing to tell."""
        before = self._before["modules"]
        old, module = before.get(key, moment.ABSENT), modules.get(key, moment.ABSENT)
        if module is old:
            return None
        if module is moment.ABSENT:
            cleared = "sys" not in modules
            return None if cleared and self._describer.is_foreign(old) else moment.ABSENT
        if old is moment.ABSENT:
            return self._added([(key, module)], modules).get(self._key(key))
        return self._describer.value(module, "new sys.modules[{!r}]".format(key))

    def _added(self, added: List[Tuple[Any, Any]], modules: Dict[Any, Any]) -> Dict[str, Any]:
        """New entries of `sys.modules`, except lazy imports from outside the world."""
        return {
            self._key(key): self._describer.value(module, "sys.modules[{!r}]".format(key))
            for key, module in added
            if not (
                self._describer.is_foreign(module)
                or self._is_part_of_foreign(key, module, modules)
                or moment.equal_text(key, _SECOND_MAIN)
            )
        }

    def other_changes(self, *, in_flight: bool = False) -> StateChanges:
        """All other changes. in_flight: code of the world is running; then `attributes` are not looked at."""
        self._in_flight, self._telling = in_flight, {}
        self._told_lists = self._told_lists if in_flight else {}
        changed: StateChanges = {} if self._still.unchanged(in_flight=in_flight) else self._other_changes()
        self._told_lists = self._telling
        if not in_flight:
            later = self._later()
            bound = self._attributes(later)
            self._attributes_after = (len(later), bound)
            attributes = {
                key: found for key, found in bound.items() if found != self._before["attributes"].get(key, [])
            }
            if attributes:
                changed["attributes"] = attributes
        return changed

    def _other_changes(self) -> StateChanges:
        """All other changes but `attributes`."""
        before, now = self._before, moment.raw()
        describe = self._describer.value
        changed: Any = {}
        for field in moment.LISTS:
            same_object = now[field + "_object"] is before[field + "_object"]
            if not same_object or not moment.same(now[field], before[field]):
                earlier, items = before[field], now[field]
                if field == "filters":
                    earlier, items = ([i for i in side if not _names_implementation(i)] for side in (earlier, items))
                    if moment.same(items, earlier):
                        continue
                first = self._first
                if now[field + "_object"] is first[field + "_object"] and moment.same(now[field], first[field]):
                    changed[field] = _AS_AT_FIRST
                    continue
                changed[field] = self._change(earlier, items, "sys." + field)
                if not same_object and field != "filters":
                    changed[field] = {"another object": changed[field]}
        for field in ("builtins", "main", "environ"):
            if now[field] is None or before[field] is None:  # it has been replaced by something else than a dictionary
                if now[field] is not before[field]:
                    changed[field] = {"itself": moment.ABSENT}
                continue
            if field == "main" and now["main_object"] is not before["main_object"]:
                continue  # another module is `__main__` now: that is a change of `sys.modules`
            found = self._mapping(field, before[field], now[field])
            if found:
                changed[field] = found
        if now["cwd"] != before["cwd"]:
            changed["cwd"] = describe(now["cwd"], "cwd")
        others = self._settings(before, now)
        if others:
            changed["state"] = others
        changes: StateChanges = changed
        return changes

    def _settings(self, before: moment.Raw, now: moment.Raw) -> Dict[str, Described]:
        """The changed settings: attributes of `sys` and of other modules, hooks, and numbers."""
        found: Dict[str, Any] = {}
        for place in ("sys", "warnings", "asyncgen hooks"):
            earlier, later = before[place], now[place]
            for key in sorted({**earlier, **later}, key=self._key):
                if place == "sys" and key in _NOT_GENERAL:
                    continue
                old, new = earlier.get(key, moment.ABSENT), later.get(key, moment.ABSENT)
                if place == "sys" and key == "flags":  # from 3.14 on new ones come with a new number of digits
                    old, new = (self._first_flags(flags) for flags in (old, new))
                if old is not new and not _equal_constants(old, new):
                    name = "{}.{}".format(place, self._key(key))
                    if new is self._first[place].get(key, moment.ABSENT):
                        found[name] = _AS_AT_FIRST
                    elif new is moment.ABSENT:
                        found[name] = moment.ABSENT
                    elif name == "sys.path_importer_cache":  # it holds what each side has ever imported from
                        found[name] = {"another object": {"instance": "dict"}}
                    else:
                        found[name] = self._describer.value(new, name)
        numbers = zip(moment.NUMBERS, before["numbers"], now["numbers"], self._first["numbers"])
        for name, old, new, first in numbers:
            if new == old:
                continue
            if name == "recursion limit":
                found[name] = {"changed by": new - old}
            else:
                found[name] = _AS_AT_FIRST if new == first else self._describer.value(new, name)
        return found

    def _first_flags(self, flags: Any) -> Any:
        """The flags of the interpreter as the case began, in the place of flags that the interpreter has made since."""
        first = self._first["sys"].get("flags", moment.ABSENT)
        return first if type(flags) is type(first) else flags

    # -- helpers ----------------------------------------------------------------------------------------------

    def _change(self, before: List[Any], now: List[Any], name: str) -> Dict[str, Any]:
        """The items that were added to a list or removed from it, and where; other items may differ between sides."""
        shorter = min(len(before), len(now))
        start = _common(before, now, shorter)
        shorter -= start
        rest = _common(reversed(before), reversed(now), shorter)
        described = self._put_in(now[start : len(now) - rest], name)
        if start + rest < len(before):
            gone = before[start : len(before) - rest]
            described["instead of"] = self._describer.value(gone, name + " before") if start or rest else "everything"
        if start and rest:
            described["at"] = "somewhere"
        elif start or rest:
            described["at"] = "the end" if start else "the start"
        return described

    def _put_in(self, items: List[Any], name: str) -> Dict[str, Any]:
        """The description of the items that were put into a list.

        Where they are many texts, those that were told at the moment before are not told again.
        """
        before, telling = self._told_lists.get(name, []), items
        if MANY < len(before) <= len(items) and all(map(operator.is_, before, items)):
            telling = items[len(before) :]
        described: Dict[str, Any] = self._describer.value(telling, name)
        if telling is not items:
            described["list"].insert(0, _AS_BEFORE)
        if self._in_flight and all(type(item) is str for item in telling):
            self._telling[name] = items
        return described

    def _is_part_of_foreign(self, key: Any, module: Any, modules: Dict[Any, Any]) -> bool:
        """True for a module that a foreign module makes by hand as a part of itself: `pyexpat.errors`, `six.moves`."""
        parent = dict.get(modules, key.partition(".")[0]) if type(key) is str and "." in key else None
        namespace = own_dict(module)
        return (
            parent is not None
            and self._describer.is_foreign(parent)
            and namespace.get("__spec__") is None
            and namespace.get("__file__") is None
        )

    def _mapping(self, field: str, before: Dict[Any, Any], now: Dict[Any, Any]) -> Dict[str, Any]:
        if moment.unchanged(before, now):
            return {}
        describe, first = self._describer.value, self._first[field] or {}
        other = [
            (key, value)
            for key, value in now.items()
            if key not in before
            or not (
                before[key] is value
                or moment.equal_text(before[key], value)
                or (field == "environ" and _equal_bytes(before[key], value))
            )
        ]
        changed = {
            self._key(key): _AS_AT_FIRST
            if key in before and value is first.get(key, moment.ABSENT)
            else describe(value, "{}[{!r}]".format(field, key))
            for key, value in sorted(other, key=lambda item: self._key(item[0]))
        }
        removed = ((key, moment.ABSENT if key in first else _AS_AT_FIRST) for key in before if key not in now)
        changed.update((self._key(key), value) for key, value in removed)
        changed.pop(namespaces.REGISTRY, None)
        return changed

    def _key(self, key: Any) -> str:
        if type(key) is bytes:
            return _fsdecode(key)
        return key if type(key) is str else "({})".format(type(key).__name__)

    def _later(self) -> List[Tuple[str, Any]]:
        modules = getattr(sys, "modules", moment.ABSENT)
        added = self._still.added() if modules is self._before["modules_object"] else None
        if added is None:
            return loaded.later(moment.copied_modules(modules))
        return [*self._before["later"], *loaded.later(dict(added))]

    def _attributes(self, later: List[Tuple[str, Any]]) -> Dict[str, List[str]]:
        """For each module of the world, the names under which it holds modules: imports bind these in packages."""
        found = {}
        for key, module in later:
            if type(module) is not types.ModuleType:
                continue
            namespace = own_dict(module)
            spec = namespace.get("__spec__")
            # A module under another name than its spec's is left over from a run, and no package of anything.
            if spec is None or not self._describer.of_world(module):
                continue
            named = ask(spec, "name")
            if named is None or named is key or moment.equal_text(named, key):
                bound = sorted(
                    name
                    for name, value in [item for item in namespace.items() if type(item[1]) not in _NO_MODULES]
                    if type(name) is str and name != "__builtins__" and issubclass(type(value), types.ModuleType)
                )
                if bound:
                    found[key] = bound
        return found


def _common(first: Iterable[Any], second: Iterable[Any], most: int) -> int:
    """The number of items with which two lists begin alike. most: of those looked at."""
    pairs = itertools.islice(zip(first, second), most)
    return next((n for n, (a, b) in enumerate(pairs) if a is not b and not moment.equal_text(a, b)), most)


def _equal_constants(first: Any, second: Any) -> bool:
    return type(first) is type(second) and type(first) in (str, int, float) and bool(first == second)


def _equal_bytes(first: Any, second: Any) -> bool:
    """True for the same bytes: CPython encodes a variable of the environment anew each time it is set."""
    return type(first) is bytes and type(second) is bytes and first == second


def _names_implementation(item: Any) -> bool:
    """True for a warning filter that may name the implementation, or something of what it imports.

    It does so by a module, whose name differs between the sides, or by a category that is none of Python's own.
    """
    if not issubclass(type(item), tuple) or len(item) < 4:
        return False
    if item[3] is not None:
        return True
    module = type.__getattribute__(item[2], "__module__") if isinstance(item[2], type) else "builtins"
    return module != "builtins" and loaded.is_of_a_side(module)
