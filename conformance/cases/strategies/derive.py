"""From what was drawn to a case. A pure function: the same choices give the same case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ..families.storages import STORAGES
from ..model import Case, Recipe, Step
from .bodies import BROKEN, CLAUSES_OF_EFFECTS
from .calls import CLAUSES_OF_NAMES, NAME, Mutation
from .feature import Feature
from .shapes import BODY, Shape
from .states import imported

_ENTRIES = ("one", "two")
_BESIDE = "beside"  # an entry for what other files need, and one for what is written where nothing can be
_LATE = "late"
_REQUIRES = {"zip": "zip", "linked": "symlinks"}
_INSTEAD = "x = 1\n"


@dataclass(frozen=True)
class Part:
    """A module that was drawn: its shape, its place (an entry, and what package to put it in), and what it does."""

    shape: Shape
    place: tuple[int, str]
    effect: str
    ending: str


@dataclass(frozen=True)
class Asked:
    """What the last call asks for: one of the modules, by its number, and how its name is changed."""

    number: int
    change: Mutation


@dataclass(frozen=True)
class _Module:
    """A module in its place. name: as it is imported. runs: the module whose code a call executes. file: its body."""

    says: str
    name: str
    runs: str
    file: str
    text: str

    @property
    def parent(self) -> str:
        return self.name.rpartition(".")[0] or self.name


def derive(where: str, parts: Sequence[Part], asked: Asked, features: Sequence[Feature]) -> Case:
    """The case that the parts, the name asked for and the features make together. where: the first parts of its id."""
    storage = next((one.text for one in reversed(features) if one.kind == "storage"), "source")
    modules, world, path = _world(parts, compiled=storage not in _AS_TEXT)
    own = modules[asked.number % len(modules)]
    following = modules[(asked.number + 1) % len(modules)]
    if storage.startswith("zip") and any("\\u" in name for name in world):
        storage = "source"  # an archive cannot hold a lone surrogate
    stored = STORAGES[storage](world, path)
    files: dict[str, Recipe] = dict(stored.files)
    entries = stored.path or (".",)
    steps = [Step("do", one) for one in stored.before]
    # In an archive, or in memory, nothing can be written between the calls.
    late = storage in _CLOSED
    call = _Call(asked.change(own.name))
    argv: tuple[str, ...] = ("prog",)
    shown: list[str] = list(CLAUSES_OF_NAMES.get(asked.change, ()))
    for one in features:
        if one.kind == "entry" and not _can_be_entered(one.text, own, asked.change is NAME):
            continue
        shown.extend(one.clauses)
        if one.kind == "argv":
            argv = one.argv
        elif one.kind in _ARGUMENTS:
            call.put(one, _filled(one.text, own, following, following))
        if one.before:
            steps.append(Step("do", one.before))
        if one.files:
            entries = entries if _BESIDE in entries else (*entries, _BESIDE)
            for name, text in one.files.items():
                files[f"{_BESIDE}/{name}"] = _filled(text, own, following, following)
        if one.kind in ("before", "entry"):
            steps.append(Step("do", _filled(one.text, own, following, following)))
        elif one.kind in _SEQUEL:
            steps.extend(_sequel(one, modules, _LATE if late else ""))
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
        effect = _INSTEAD if compiled and part.effect in BROKEN else part.effect
        body = effect + part.ending
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
    """The next module that no earlier one could be found in the place of: or runs would run themselves without end."""
    taken = {name for one in modules[: number + 1] for name in (one.name, one.runs)}
    return next((one for one in modules[number + 1 :] if taken.isdisjoint((one.name, one.runs))), _ABSENT)


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
    """The arguments, as they are put together."""

    name: str
    given: dict[str, str] = field(default_factory=dict)

    def put(self, feature: Feature, text: str) -> None:
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


def _sequel(one: Feature, modules: Sequence[_Module], folder: str) -> Iterator[Step]:
    """The steps of one feature. folder: where files are written, if not among those that there are."""
    module = modules[one.number % len(modules)]
    file = module.file if not folder else f"{folder}/{module.file.removeprefix('one/').removeprefix('two/')}"
    stem = file.removesuffix(".py").removesuffix("/__main__").removesuffix("/__init__")
    if one.kind == "call":
        yield Step("call", f"run_module({module.name!r}{one.text})")
    elif one.kind == "import":
        yield Step("do", imported(ascii(module.name)[1:-1]))
    elif one.kind == "forget":
        # With all that lies in it: what is left without its parent would tell how parents are imported.
        names = {module.name} if one.number >= 0 else {each.name.partition(".")[0] for each in modules}
        above = tuple(f"{name}." for name in sorted(names))
        which = f"[key for key in sys.modules if f'{{key}}.'.startswith({above!a})]"
        yield Step("do", f"import sys\nfor key in {which}: del sys.modules[key]")
    elif one.kind == "change":
        yield Step("write", {file: one.text})
    elif one.kind == "remove":
        yield Step("write", {file: {"delete": True}, file + "c": {"delete": True}})
    elif one.kind == "package":
        yield Step("write", {f"{stem}/__init__.py": "", f"{stem}/__main__.py": "x = 'package'\n"})
    else:
        yield Step("write", {f"{stem}/absent.py": one.text, f"{stem}/__main__.py": one.text})


def _can_be_entered(text: str, own: _Module, unchanged: bool) -> bool:
    """Whether what stands in sys.modules by hand would not be the parent of another module, without its own parent.

    For then it would tell how the parent is imported, and that is a detail of its own.
    """
    name = own.parent if "$parent" in text else own.runs if "$runs" in text else own.name
    return "." not in name or (unchanged and name == own.runs)


# -- the rest -----------------------------------------------------------------------------------------------------


def _clauses(shown: Sequence[str], parts: Sequence[Part], steps: Sequence[Step]) -> tuple[str, ...]:
    """What is a matter of its own: of the call first, and then of what the code does."""
    altered = any("alter_sys=" in str(step.content) or ", True)" in str(step.content) for step in steps) or any(
        "True" in part.effect for part in parts
    )
    told = [*shown, *(clause for part in parts for clause in CLAUSES_OF_EFFECTS.get(part.effect, ()))]
    told = [clause.removesuffix(_IF_ALTERED) for clause in told if altered or not clause.endswith(_IF_ALTERED)]
    return tuple(dict.fromkeys(told))


_IF_ALTERED = " if altered"


def _required(storage: str, files: dict[str, Recipe]) -> Iterator[str]:
    if storage in _REQUIRES or storage.startswith("zip"):
        yield _REQUIRES.get(storage, "zip")
    if any(not name.isascii() or "\\u" in name for name in (*files, *_inside(files))):
        yield "unicode"


def _inside(files: dict[str, Recipe]) -> Iterator[str]:
    for recipe in files.values():
        if not isinstance(recipe, str) and "zip" in recipe:
            yield from recipe["zip"]


def _summary(modules: Sequence[_Module], storage: str, call: str) -> str:
    says = " and ".join(dict.fromkeys(one.says for one in modules))
    stored = "" if storage == "source" else f", stored as {storage.replace('_', ' ')},"
    return f"{says[:1].upper()}{says[1:]}{stored} with {ascii(call)[1:-1] if not call.isprintable() else call}"
