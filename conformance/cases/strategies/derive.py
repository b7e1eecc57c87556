"""The case of what was drawn: parts, a request and features.

Rules. `derive` is a pure function: the same choices give the same case. It draws nothing, and does not know the tables
from which the choices come.

Theory of operation. First the parts become modules in their places, and their files (`_world`). A storage stores
these. Then each feature adds to the case: arguments go into the call, statements become steps before it, and a step of
a sequence is written out for the module that it is about. Where modules are stored in an archive or in memory, nothing
can be written between the calls; such files go into an entry of sys.path of their own. The last step is the call. The
id is the digest of the case, so equal cases have equal ids however they were drawn.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ..families.storages import STORAGES
from ..model import Case, Recipe, Step
from .bodies import BROKEN, CLAUSES_OF_ACTIONS
from .calls import CLAUSES_OF_NAMES, NAME, Mutation
from .feature import Feature
from .shapes import BODY, Shape
from .states import imported

_ENTRIES = ("one", "two")
_BESIDE = "beside"  # an entry of sys.path for files that features need
_LATE = "late"  # an entry for files that are written between calls, where they cannot be written among the others
_REQUIRES = {"zip": "zip", "linked": "symlinks"}
_INSTEAD = "x = 1\n"


@dataclass(frozen=True)
class Part:
    """A module that was drawn. place: the number of the entry of sys.path, and the package in which it lies."""

    shape: Shape
    place: tuple[int, str]
    action: str
    ending: str


@dataclass(frozen=True)
class Request:
    """The module that the last call runs, by its number, and the mutation of its name."""

    number: int
    mutation: Mutation


@dataclass(frozen=True)
class _Module:
    """A module in its place.

    says: its part of the summary. name: by which it is imported. runs: the module whose code a call of that name
    executes. file, text: the file with its body, and the body.
    """

    says: str
    name: str
    runs: str
    file: str
    text: str

    @property
    def parent(self) -> str:
        return self.name.rpartition(".")[0] or self.name


def derive(where: str, parts: Sequence[Part], request: Request, features: Sequence[Feature]) -> Case:
    """The case that the parts, the request and the features make together. where: the first parts of its id."""
    storage = next((feature.text for feature in reversed(features) if feature.kind == "storage"), "source")
    modules, world, path = _world(parts, compiled=storage not in _AS_TEXT)
    own = modules[request.number % len(modules)]
    following = modules[(request.number + 1) % len(modules)]
    if storage.startswith("zip") and any("\\u" in name for name in world):
        storage = "source"  # an archive cannot hold a lone surrogate
    stored = STORAGES[storage](world, path)
    files: dict[str, Recipe] = dict(stored.files)
    entries = stored.path or (".",)
    steps = [Step("do", statements) for statements in stored.before]
    # In an archive, or in memory, nothing can be written between the calls.
    late = storage in _CLOSED
    call = _Call(request.mutation(own.name))
    argv: tuple[str, ...] = ("prog",)
    shown: list[str] = list(CLAUSES_OF_NAMES.get(request.mutation, ()))
    for feature in features:
        if feature.kind == "entry" and not _can_be_entered(feature.text, own, request.mutation is NAME):
            continue
        shown.extend(feature.clauses)
        if feature.kind == "argv":
            argv = feature.argv
        elif feature.kind in _ARGUMENTS:
            call.put(feature, _filled(feature.text, own, following, following))
        if feature.before:
            steps.append(Step("do", feature.before))
        if feature.files:
            entries = entries if _BESIDE in entries else (*entries, _BESIDE)
            for name, text in feature.files.items():
                files[f"{_BESIDE}/{name}"] = _filled(text, own, following, following)
        if feature.kind in ("before", "entry"):
            steps.append(Step("do", _filled(feature.text, own, following, following)))
        elif feature.kind in _SEQUEL:
            steps.extend(_sequel(feature, modules, _LATE if late else ""))
    if late and any(step.kind == "write" for step in steps):
        entries = (*entries, _LATE)
        files[f"{_LATE}/"] = ""
    last = Step("call", call.text())
    steps.append(last)
    case = Case(
        files=files,
        steps=tuple(steps),
        path=entries,
        argv=argv,
        requires=tuple(_required(storage, files)),
        summary=_summary(modules, storage, str(last.content)),
        clauses=_clauses(shown, parts, steps),
    )
    return replace(case, id=f"{where}/{case.digest}")


# -- the world ----------------------------------------------------------------------------------------------------

_AS_TEXT = ("source", "linked", "zip", "zip_unlisted", "zip_folder", "zip_first", "zip_last", "memory", "hook")
_CLOSED = ("zip", "zip_unlisted", "zip_compiled", "zip_folder", "zip_first", "zip_last", "memory", "hook")


def _world(parts: Sequence[Part], *, compiled: bool) -> tuple[list[_Module], dict[str, Recipe], tuple[str, ...]]:
    """The modules, their files as source, and the entries of sys.path."""
    two = any(part.place[0] for part in parts)
    packages: list[str] = []
    modules: list[_Module] = []
    texts: dict[str, tuple[int, str] | str] = {}
    for number, part in enumerate(parts):
        entry, where = part.place
        above = "" if not where or not packages else packages[-1 if where == "last" else 0]
        below = above + "." if above else ""
        folder = (f"{_ENTRIES[entry]}/" if two else "") + below.replace(".", "/")
        action = _INSTEAD if compiled and part.action in BROKEN else part.action
        body = action + part.ending
        file = ""
        for name, text in part.shape.files.items():
            if text is BODY:
                file = folder + name
                texts[file] = (number, body)
            else:
                texts.setdefault(folder + name, text)
        name = below + part.shape.name
        modules.append(_Module(part.shape.says, name, name + part.shape.main, file, body))
        if part.shape.holds:
            packages.append(below + part.shape.holds)
    files: dict[str, Recipe] = {}
    for name, held in texts.items():
        if isinstance(held, tuple):
            number, body = held
            following = modules[(number + 1) % len(modules)]
            files[name] = _filled(body, modules[number], following, _later(modules, number))
        else:
            files[name] = held
    return modules, files, _ENTRIES if two else ()


_ABSENT = _Module("", "absent_module", "absent_module", "", "")


def _later(modules: Sequence[_Module], number: int) -> _Module:
    """The next module whose name is none of the modules up to this one: else a run could run itself without end.

    Nor is it `__main__`: in a run that is called so, that name finds the module that is running.
    """
    taken = {"__main__"} | {name for module in modules[: number + 1] for name in (module.name, module.runs)}
    free = (module for module in modules[number + 1 :] if taken.isdisjoint((module.name, module.runs)))
    return next(free, _ABSENT)


def _filled(text: str, own: _Module, following: _Module, later: _Module) -> str:
    if "$" not in text:
        return text
    for place, name in (
        ("$own", own.name),
        ("$runs", own.runs),
        ("$parent", own.parent),
        ("$next", following.name),
        ("$later", later.name),
    ):
        if place in text:
            text = text.replace(place, ascii(name)[1:-1])
    return text


# -- the call -----------------------------------------------------------------------------------------------------

_ARGUMENTS = {"init": "init_globals", "run_name": "run_name", "alter": "alter_sys", "style": ""}


@dataclass
class _Call:
    """The arguments of the last call, as features add to them."""

    name: str
    given: dict[str, str] = field(default_factory=dict)

    def put(self, feature: Feature, text: str) -> None:
        """Add the argument, or the style, of a feature."""
        self.given[feature.kind] = text

    def text(self) -> str:
        """The call, as an expression."""
        keywords = "".join(
            f", {keyword}={self.given[kind]}" for kind, keyword in _ARGUMENTS.items() if keyword and kind in self.given
        )
        style = self.given.get("style")
        if style is None:
            return f"run_module({self.name}{keywords})"
        for place, text in (
            ("$keywords", keywords),
            ("$init", self.given.get("init", "None")),
            ("$run_name", self.given.get("run_name", "None")),
            ("$alter", self.given.get("alter", "False")),
            ("$name", self.name),
        ):
            style = style.replace(place, text)
        return f"run_module({style})"


# -- sequences ----------------------------------------------------------------------------------------------------

_SEQUEL = ("call", "change", "remove", "add", "package", "import", "forget")


def _sequel(feature: Feature, modules: Sequence[_Module], folder: str) -> Iterator[Step]:
    """The steps of a feature. folder: the entry in which files are written, if it is not that of the module."""
    module = modules[feature.number % len(modules)]
    file = module.file if not folder else f"{folder}/{module.file.removeprefix('one/').removeprefix('two/')}"
    stem = file.removesuffix(".py").removesuffix("/__main__").removesuffix("/__init__")
    if feature.kind == "call":
        yield Step("call", f"run_module({module.name!r}{feature.text})")
    elif feature.kind == "import":
        yield Step("do", imported(ascii(module.name)[1:-1]))
    elif feature.kind == "forget":
        # With all that lies in it: what is left without its parent would tell how parents are imported.
        names = {module.name} if feature.number >= 0 else {each.name.partition(".")[0] for each in modules}
        above = tuple(f"{name}." for name in sorted(names))
        which = f"[key for key in sys.modules if f'{{key}}.'.startswith({above!a})]"
        yield Step("do", f"import sys\nfor key in {which}: del sys.modules[key]")
    elif feature.kind == "change":
        yield Step("write", {file: feature.text})
    elif feature.kind == "remove":
        yield Step("write", {file: {"delete": True}, file + "c": {"delete": True}})
    elif feature.kind == "package":
        yield Step("write", {f"{stem}/__init__.py": "", f"{stem}/__main__.py": "x = 'package'\n"})
    else:
        yield Step("write", {f"{stem}/absent.py": feature.text, f"{stem}/__main__.py": feature.text})


def _can_be_entered(text: str, own: _Module, unchanged: bool) -> bool:
    """False if an entry put into sys.modules by hand would be the parent of another module, and lack its own parent.

    Such a case would tell how a parent is imported, which is a detail of level exact.
    """
    name = own.parent if "$parent" in text else own.runs if "$runs" in text else own.name
    return "." not in name or (unchanged and name == own.runs)


# -- the rest -----------------------------------------------------------------------------------------------------


def _clauses(shown: Sequence[str], parts: Sequence[Part], steps: Sequence[Step]) -> tuple[str, ...]:
    """The clauses that only such a case shows: those of the call first, then those of the modules' actions."""
    altered = any("alter_sys=" in str(step.content) or ", True)" in str(step.content) for step in steps) or any(
        "True" in part.action for part in parts
    )
    clauses = [*shown, *(clause for part in parts for clause in CLAUSES_OF_ACTIONS.get(part.action, ()))]
    clauses = [clause.removesuffix(_IF_ALTERED) for clause in clauses if altered or not clause.endswith(_IF_ALTERED)]
    return tuple(dict.fromkeys(clauses))


_IF_ALTERED = " if altered"


_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def _required(storage: str, files: dict[str, Recipe]) -> Iterator[str]:
    if storage in _REQUIRES or storage.startswith("zip"):
        yield _REQUIRES.get(storage, "zip")
    names = [*files, *_inside(files)]
    if any(not name.isascii() or "\\u" in name for name in names):
        yield "unicode"
    if any(_SURROGATE.search(name) for name in names):
        yield "undecodable-names"


def _inside(files: dict[str, Recipe]) -> Iterator[str]:
    for recipe in files.values():
        if not isinstance(recipe, str) and "zip" in recipe:
            yield from recipe["zip"]


def _summary(modules: Sequence[_Module], storage: str, call: str) -> str:
    says = " and ".join(dict.fromkeys(module.says for module in modules))
    stored = "" if storage == "source" else f", stored as {storage.replace('_', ' ')},"
    return f"{says[:1].upper()}{says[1:]}{stored} with {ascii(call)[1:-1] if not call.isprintable() else call}"
