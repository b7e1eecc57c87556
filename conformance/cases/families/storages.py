"""Storages: ways in which the modules of a world are stored.

Rules. A storage is a pure function. It takes the modules as source files below the entries of sys.path, and gives the
files, the entries and the first steps by which the same modules are found again: "one/pack/__init__.py" below the entry
"one" is the package `pack`. It does not know what the modules are for.

Theory of operation. Compiled files differ from version to version, so a storage gives recipes, which the target carries
out. A storage in memory writes a module of its own, `store_finder`, which holds all sources and puts a finder for them
into sys.meta_path, or a hook into sys.path_hooks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..model import Recipe


@dataclass(frozen=True)
class Stored:
    """Modules as a storage stores them: files, entries of sys.path ("." if there are none), first steps."""

    files: Mapping[str, Recipe]
    path: tuple[str, ...]
    before: tuple[str, ...] = ()


Files = Mapping[str, Recipe]
Storage = Callable[[Files, tuple[str, ...]], Stored]

_CACHED = "\nmade_from = 'cached'\n"
_SOURCE = "\nmade_from = 'source'\n"


def _source(files: Files, path: tuple[str, ...]) -> Stored:
    return Stored(files, path)


def _is_source(name: str, recipe: Recipe) -> bool:
    return isinstance(recipe, str) and name.endswith(".py")


def _sourceless(files: Files, path: tuple[str, ...]) -> Stored:
    """Compiled files in the place of the source."""
    return Stored(_compiled(files), path)


def _compiled(files: Files) -> Files:
    return {
        (name + "c" if _is_source(name, text) else name): (
            {"pyc": text, "for": name} if _is_source(name, text) else text
        )
        for name, text in files.items()
    }


def _sourceless_main(files: Files, path: tuple[str, ...]) -> Stored:
    """Compiled files in the place of each `__main__`, or of the only module; the rest is source."""
    mains = {name: text for name, text in files.items() if name.endswith("__main__.py")} or files
    rest = {name: text for name, text in files.items() if name not in mains}
    return Stored({**rest, **_compiled(mains)}, path)


def _with_cache(mode: str, stale: bool) -> Storage:
    def store(files: Files, path: tuple[str, ...]) -> Stored:
        found: dict[str, Recipe] = {}
        for name, text in files.items():
            if isinstance(text, str) and name.endswith(".py"):
                folder, _, last = name.rpartition("/")
                cache = f"{folder}/__pycache__/{last[:-3]}.{{tag}}.pyc".lstrip("/")
                found[name] = text + _SOURCE
                found[cache] = {"pyc": text + _CACHED, "for": name, "mode": mode, **({"stale": True} if stale else {})}
            else:
                found[name] = text
        return Stored(found, path)

    return store


def _zipped(*, compiled: bool = False, directories: bool = True, inside: str = "", only: str = "") -> Storage:
    """An archive for each entry of sys.path. only: "first" or "last", if only that entry becomes an archive."""

    def store(files: Files, path: tuple[str, ...]) -> Stored:
        entries = path or (".",)
        zipped = {"first": entries[:1], "last": entries[-1:]}.get(only, entries)
        found: dict[str, Recipe] = {}
        new_path = []
        for entry in entries:
            own = _below(files, entry)
            if entry not in zipped:
                found.update({_join(entry, name): text for name, text in own.items()})
                new_path.append(entry)
                continue
            archive = ("lib" if entry == "." else entry) + ".zip"
            content = _compiled_inside(own, archive) if compiled else own
            recipe: dict[str, object] = {"zip": {inside + name: text for name, text in content.items()}}
            if directories:
                recipe["directories"] = True
            found[archive] = recipe
            new_path.append(archive + "/" + inside if inside else archive)
        return Stored(found, tuple(new_path))

    return store


def _compiled_inside(files: Files, archive: str) -> Files:
    return {
        (name + "c" if _is_source(name, text) else name): (
            {"pyc": text, "for": f"{archive}/{name}"} if _is_source(name, text) else text
        )
        for name, text in files.items()
    }


def _below(files: Files, entry: str) -> Files:
    if entry == ".":
        return files
    return {name[len(entry) + 1 :]: text for name, text in files.items() if name.startswith(entry + "/")}


def _join(entry: str, name: str) -> str:
    return name if entry == "." else f"{entry}/{name}"


_FINDER = """
import sys
from importlib.machinery import ModuleSpec

STORE = {store}

class Loader:
    def __init__(self, text):
        self.text = text

    def get_code(self, name):
        return compile(self.text, 'world:' + name, 'exec', dont_inherit=True)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(self.get_code(module.__spec__.name), module.__dict__)

def find(name):
    if name not in STORE:
        return None
    text, is_package = STORE[name]
    if text is None:
        spec = ModuleSpec(name, None, is_package=True)
    else:
        spec = ModuleSpec(name, Loader(text), origin='world:' + name, is_package=is_package)
    return spec
"""
_META = """
class Finder:
    def find_spec(self, name, path=None, target=None):
        return find(name)

sys.meta_path.insert(0, Finder())
"""
_HOOK = """
class Finder:
    def find_spec(self, name, target=None):
        spec = find(name)
        if spec is not None and spec.submodule_search_locations is not None:
            spec.submodule_search_locations.append('world:store')
        return spec

def hook(entry):
    if entry != 'world:store':
        raise ImportError('another entry')
    return Finder()

sys.path_hooks.insert(0, hook)
sys.path.insert(0, 'world:store')
"""


def _in_memory(finder: str) -> Storage:
    """A finder and a loader of the world's own, in a module that holds all sources."""

    def store(files: Files, path: tuple[str, ...]) -> Stored:
        held: dict[str, tuple[str | None, bool]] = {}
        for entry in path or (".",):
            for name, text in _below(files, entry).items():
                if isinstance(text, str) and name.endswith(".py"):
                    parts = name[:-3].split("/")
                    is_package = parts[-1] == "__init__"
                    held.setdefault(".".join(parts[: len(parts) - is_package]), (text, is_package))
                    for depth in range(1, len(parts)):
                        held.setdefault(".".join(parts[:depth]), (None, True))
        shown = ",\n    ".join(f"{name!r}: {held[name]!r}" for name in sorted(held))
        module = _FINDER.replace("{store}", "{\n    " + shown + ",\n}") + finder
        return Stored({"store_finder.py": module}, (), ("import store_finder",))

    return store


def _linked(files: Files, path: tuple[str, ...]) -> Stored:
    """Each module is a symbolic link to its source, which lies elsewhere."""
    found: dict[str, Recipe] = {}
    for name, text in files.items():
        if _is_source(name, text):
            real = "elsewhere/" + name.replace("/", "-")
            found[real] = text
            found[name] = {"symlink": "../" * name.count("/") + real}
        else:
            found[name] = text
    return Stored(found, path)


STORAGES: Mapping[str, Storage] = {
    "source": _source,
    "sourceless": _sourceless,
    "sourceless_main": _sourceless_main,
    "fresh": _with_cache("timestamp", stale=False),
    "stale": _with_cache("timestamp", stale=True),
    "unchecked": _with_cache("unchecked-hash", stale=False),
    "checked": _with_cache("checked-hash", stale=False),
    "zip": _zipped(),
    "zip_unlisted": _zipped(directories=False),
    "zip_compiled": _zipped(compiled=True),
    "zip_folder": _zipped(inside="inside/"),
    "zip_first": _zipped(only="first"),
    "zip_last": _zipped(only="last"),
    "memory": _in_memory(_META),
    "hook": _in_memory(_HOOK),
    "linked": _linked,
}
