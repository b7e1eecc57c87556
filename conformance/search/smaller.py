"""Makes a case smaller: what it has too much of is taken away, and what remains is written in the simplest way.

Rules. Pure: each function takes a case and `holds`, which says of another case if it still shows what is to be shown,
and returns the smallest case that it came to. How that is tried is not known here.

Theory of operation. The functions follow one another in an order in which each leaves less work to the next. The first
one guesses: most faults show in a call of an empty module. Then come steps, files, kinds of storage, entries of
`sys.path`, `sys.argv`, texts, packages. What can be taken away is a *place* in the plain data of the case: the keys
that lead to a file, to a text in a recipe, or to a step.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..cases.model import Case, Recipe, Step
from .shorter import Mode, fewer, imported, shortened, unbound

Holds = Callable[[Case], bool]
Place = tuple[Any, ...]  # keys and indices that lead to something in the plain data of a case

_HERE = "."
_RAW = "raw:"  # begins an entry of sys.path that is no folder of the world
_ARGV = ("prog",)
_STEPS_KNOW = frozenset(("run_module", "run_path", "note", "result", "error"))
# For each capability, the text that a case which needs it has to hold.
_SIGNS = {"zip": "'zip':", "symlinks": "'symlink':", "threads": "thread", "audit": "audit", "refcounting": "ref"}


def loose_ends(case: Case) -> frozenset[str]:
    """The things that a case lacks, each in a word or two.

    They are the names that its texts use and do not bind, the modules that they import and no file holds, the
    `__init__` of the folders in which there is none, and the files to which links lead.
    """
    found: set[str] = set()
    steps: set[str] = set()
    modules: set[str] = set()
    bound_by_steps = "\n".join(str(step.content) for step in case.steps if step.kind == "do")
    for place, text, mode in _texts(case):
        if place[0] == "steps" and place[2] != "write":
            steps |= unbound(text, mode)
        else:
            found |= unbound(text, mode)
        modules |= imported(text, mode)
    together = unbound(f"{bound_by_steps}\n" + "\n".join(sorted(steps)))
    stems = {part.partition(".")[0] for place in _files(case) for part in str(place[-1]).split("/")}
    return frozenset(
        found
        | (together - _STEPS_KNOW)
        | {f"import {name}" for name in modules - stems}
        | {f"{name}/__init__" for name in _namespaces(case)}
        | {f"link {name}" for name, recipe in case.files.items() if _linked(case.files, name, recipe) is None}
    )


def _namespaces(case: Case) -> Iterator[str]:
    """The names of the folders that hold files, and no `__init__`, and that are on the way to no entry of sys.path."""
    names = ["/".join(map(str, place[-1:] if "zip" not in place else (place[-3], place[-1]))) for place in _files(case)]
    for folder in _folders(names):
        on_the_way = any(f"{entry.rstrip('/')}/".startswith(f"{folder}/") for entry in case.path)
        if not on_the_way and not any(name.startswith(f"{folder}/__init__.") for name in names):
            yield folder.rpartition("/")[2]


# -- places ----------------------------------------------------------------------------------------------------


def _files(case: Case) -> Iterator[Place]:
    """The places of all files: those of the world, those in archives, those that steps write."""
    tables: list[tuple[Place, Mapping[str, Any]]] = [(("files",), case.files)]
    tables += [(("steps", number, "write"), step.files) for number, step in enumerate(case.steps) if step.files]
    for above, files in tables:
        for name, recipe in files.items():
            yield (*above, name)
            if isinstance(recipe, Mapping):
                yield from ((*above, name, "zip", inner) for inner in recipe.get("zip", ()))


def _folders(names: Iterable[str]) -> set[str]:
    """The folders in which files with these names lie, and those above."""
    found: set[str] = set()
    for name in names:
        parts = name.split("/")[:-1]
        found.update("/".join(parts[: depth + 1]) for depth in range(len(parts)))
    return found


def _texts(case: Case) -> Iterator[tuple[Place, str, Mode]]:
    """The place of each Python text, the text, and what it is: statements, or an expression."""
    for number, step in enumerate(case.steps):
        if isinstance(step.content, str):
            yield ("steps", number, step.kind), step.content, "eval" if step.kind == "call" else "exec"
    plain = case.plain()
    for place in _files(case):
        recipe = _at(plain, place)
        if isinstance(recipe, str):
            yield place, recipe, "exec"
        for key in ("pyc", "text"):
            if isinstance(recipe, Mapping) and key in recipe:
                yield (*place, key), recipe[key], "exec"


def _at(plain: Any, place: Place) -> Any:
    for key in place:
        plain = plain[key]
    return plain


def _with(case: Case, place: Place, *new: Any) -> Case:
    """The case with something else at a place, or without what is there."""

    def changed(data: Any, keys: Place) -> Any:
        key, rest = keys[0], keys[1:]
        if isinstance(data, list):
            return [*data[:key], *([changed(data[key], rest)] if rest else new), *data[key + 1 :]]
        if rest:
            return {**data, key: changed(data[key], rest)}
        return {name: new[0] if new and name == key else data[name] for name in data if new or name != key}

    return _case(case, changed(case.plain(), place))


def _case(case: Case, plain: Mapping[str, Any]) -> Case:
    """The case with other data."""
    steps = tuple(Step(*item) for step in plain["steps"] for item in step.items())
    return replace(case, files=plain["files"], steps=steps, path=tuple(plain["path"]), argv=tuple(plain["argv"]))


def _first(case: Case, holds: Holds, candidates: Iterator[Case]) -> Case:
    """The first of some cases that still shows it, or the case itself."""
    return next((candidate for candidate in candidates if holds(candidate)), case)


# -- the simplest worlds ---------------------------------------------------------------------------------------


def in_simplest_world(case: Case, holds: Holds) -> Case:
    """One simple call, in a world that holds only an empty module, or package, of a name that the case gives."""
    for step in case.steps:
        match = re.match(r"run_module\((?:mod_name=)?'([A-Za-z_][\w.]*)'", str(step.content))
        if step.kind != "call" or match is None:
            continue
        *parents, name = match[1].split(".")
        above = {"/".join([*parents[: depth + 1], "__init__.py"]): "" for depth in range(len(parents))}
        module = "/".join([*parents, name])
        plain = f"run_module('{match[1]}'"
        for call in (f"{plain})", f"{plain}, alter_sys=True)", str(step.content)):
            for files in ({f"{module}.py": ""}, {f"{module}/__init__.py": "", f"{module}/__main__.py": ""}):
                steps = (Step("call", call),)
                simplest = replace(case, files={**above, **files}, steps=steps, path=(_HERE,), argv=_ARGV)
                if holds(simplest):
                    return simplest
    return case


# -- what is taken away ----------------------------------------------------------------------------------------


def without_steps(case: Case, holds: Holds) -> Case:
    """The case with as few steps as possible."""
    return replace(case, steps=tuple(fewer(case.steps, lambda steps: holds(replace(case, steps=tuple(steps))))))


def without_files(case: Case, holds: Holds) -> Case:
    """The case with as few files as possible, and with no archive that is empty."""
    places = list(_files(case))

    def with_only(left: Sequence[Place]) -> Case:
        smaller = case
        for place in reversed(places):
            if place not in left or (place[:-2] in places and place[:-2] not in left):
                smaller = _with(smaller, place)
        return smaller

    return with_only(fewer(places, lambda left: holds(with_only(left))))


def in_plain_storage(case: Case, holds: Holds) -> Case:
    """The case with files of source in the place of archives, compiled files, links and dated files."""
    every = [place for place in _files(case) if not isinstance(_at(case.plain(), place), str)]
    whole = case
    for place in reversed(every):
        whole = _plainer(whole, place)
    if every and holds(whole):
        return whole
    for place in reversed(every):
        plainer = _plainer(case, place)
        if plainer is not case and holds(plainer):
            case = plainer
    for place in [place for place in _files(case) if isinstance(_at(case.plain(), place), Mapping)]:
        for key in ("directories", "stale", "mode", "for", "mtime"):
            if key in _at(case.plain(), place):
                case = _first(case, holds, iter([_with(case, (*place, key))]))
    return case


def _plainer(case: Case, place: Place) -> Case:
    """The case with a plain file, or plain files, in the place of one recipe; the same case if there is no way."""
    plain = case.plain()
    above, name = _at(plain, place[:-1]), place[-1]
    recipe: Recipe = above.get(name, "")
    files: dict[str, Any] = {}
    if isinstance(recipe, str):
        return case
    if "zip" in recipe:
        files = {f"{name}/{inner}": content for inner, content in recipe["zip"].items()}
    elif "pyc" in recipe:
        source = re.sub(r"(__pycache__/)?([^/]*?)(\.\{tag\})?\.pyc$", r"\2.py", name)
        files = {source: above.get(source, recipe["pyc"])}
    elif "text" in recipe:
        files = {name: recipe["text"]}
    elif "symlink" in recipe and (linked := _linked(above, name, recipe)) is not None:
        files = {name: linked}
    else:
        return case
    others = {other: content for other, content in above.items() if other != name}
    return _with(case, place[:-1], {**others, **files})


def _linked(files: Mapping[str, Any], name: str, recipe: Recipe) -> Recipe | None:
    """The file to which a link leads, or any other file itself; None for a link to no file."""
    if isinstance(recipe, str) or "symlink" not in recipe:
        return recipe
    found: Recipe | None = files.get(posixpath.normpath(posixpath.join(posixpath.dirname(name), recipe["symlink"])))
    return found


def with_fewer_folders(case: Case, holds: Holds) -> Case:
    """The case with one entry of `sys.path`, the root, if that will do; otherwise with as few as possible."""
    together = _joined(case, case.path)
    if case.path != (_HERE,) and together is not None and holds(together):
        return together
    case = replace(
        case, path=tuple(fewer(case.path, lambda path: bool(path) and holds(replace(case, path=tuple(path)))))
    )
    for entry in case.path:
        joined = _joined(case, [entry])
        if joined is not None and holds(joined):
            case = joined
        elif entry.endswith(".zip") and entry not in case.files:  # a folder now, which needs no such name
            case = _first(case, holds, iter([_without_suffix(case, entry)]))
        archive, _, inside = entry.rstrip("/").partition("/")
        if inside and isinstance(case.files.get(archive), Mapping) and "zip" in case.files[archive]:
            held: Mapping[str, Any] = _at(case.plain(), ("files", archive, "zip"))
            moved = {name.removeprefix(f"{inside}/"): content for name, content in held.items()}
            path = tuple(archive if other == entry else other for other in case.path)
            candidate = replace(_with(case, ("files", archive, "zip"), moved), path=path)
            case = _first(case, holds, iter([candidate]))
    return case


def _without_suffix(case: Case, entry: str) -> Case:
    """The case with another name of a folder that is an entry of `sys.path`."""
    folder = entry.removesuffix(".zip")
    files = {
        f"{folder}/{name.removeprefix(f'{entry}/')}" if name.startswith(f"{entry}/") else name: recipe
        for name, recipe in case.files.items()
    }
    return replace(case, files=files, path=tuple(folder if other == entry else other for other in case.path))


def _joined(case: Case, entries: Sequence[str]) -> Case | None:
    """The case with the files of some entries of `sys.path` in the root; None if two files would be one."""
    prefixes = [f"{entry.rstrip('/')}/" for entry in entries if entry != _HERE and not entry.startswith(_RAW)]

    def moved(files: Mapping[str, Any]) -> dict[str, Any]:
        return {
            next((name.removeprefix(prefix) for prefix in prefixes if name.startswith(prefix)), name): content
            for name, content in files.items()
        }

    tables = [case.files, *(step.files for step in case.steps)]
    if not prefixes or any(len(moved(files)) < len(files) for files in tables):
        return None
    steps = tuple(replace(step, content=moved(step.files)) if step.files else step for step in case.steps)
    path = tuple(dict.fromkeys(_HERE if entry in entries else entry for entry in case.path))
    return replace(case, files=moved(case.files), steps=steps, path=path)


def with_usual_argv(case: Case, holds: Holds) -> Case:
    """The case with the usual `sys.argv`, or with fewer words in it."""
    if case.argv == _ARGV or holds(usual := replace(case, argv=_ARGV)):
        return case if case.argv == _ARGV else usual
    return replace(case, argv=tuple(fewer(case.argv, lambda argv: holds(replace(case, argv=tuple(argv))))))


def with_shorter_texts(case: Case, holds: Holds) -> Case:
    """The case with as little as possible in each of its texts: first in the files, the last ones first."""
    for place, text, mode in sorted(_texts(case), key=lambda item: item[0][0] == "steps"):

        def with_text(shorter: str, case: Case = case, place: Place = place) -> Case:
            return _with(case, place, shorter)

        if mode == "exec" and text and place[0] == "files" and holds(with_text("")):
            case = with_text("")
            continue
        shorter = shortened(text, lambda shorter, whole=with_text: holds(whole(shorter)), mode)  # type: ignore[misc]
        if shorter == text and text.count("\n") == 1 and holds(with_text(text.rstrip("\n"))):
            shorter = text.rstrip("\n")
        case = with_text(shorter)
    return case


# -- what is written in a simpler way --------------------------------------------------------------------------


def with_values_in_place(case: Case, holds: Holds) -> Case:
    """The case with values in the calls that use them, where a step of its own gives each of them a name."""
    for number in reversed(range(len(case.steps))):
        step = case.steps[number]
        match = re.fullmatch(r"([A-Za-z_]\w*) = (\S.*)", str(step.content).strip()) if step.kind == "do" else None
        if match is None:
            continue
        name = re.compile(rf"(?<![\w.'\"]){match[1]}(?![\w'\"=])")
        rest = [
            replace(other, content=name.sub(lambda _: match[2], str(other.content))) if other.kind == "call" else other  # noqa: B023
            for other in case.steps[number + 1 :]
        ]
        case = _first(case, holds, iter([replace(case, steps=(*case.steps[:number], *rest))]))
    return case


def with_joined_steps(case: Case, holds: Holds) -> Case:
    """The case with neighbouring steps of statements as one."""
    for number in reversed(range(1, len(case.steps))):
        first, second = case.steps[number - 1 : number + 1]
        if first.kind == second.kind == "do":
            joined = Step("do", f"{str(first.content).rstrip()}\n{str(second.content).rstrip()}\n")
            candidate = replace(case, steps=(*case.steps[: number - 1], joined, *case.steps[number + 1 :]))
            case = _first(case, holds, iter([candidate]))
    return case


def with_fewer_packages(case: Case, holds: Holds) -> Case:
    """The case with modules in the place of packages, and with what is in packages at the top."""
    folders = _folders(str(place[-1]) for place in _files(case))
    for folder in sorted(folders, key=lambda folder: (-folder.count("/"), folder)):
        above, _, package = folder.rpartition("/")
        if package.isidentifier():
            candidates = (_as_module(case, folder), _without_package(case, above, package))
            case = _first(case, holds, iter([candidate for candidate in candidates if candidate is not None]))
    return case


def _as_module(case: Case, folder: str) -> Case | None:
    """The case with the `__main__` of a package as a module of the package's name."""
    return _renamed(
        case,
        lambda name: {f"{folder}/__init__.py": "", f"{folder}/__main__.py": f"{folder}.py"}.get(name, name),
        lambda text: text,
    )


def _without_package(case: Case, above: str, package: str) -> Case | None:
    """The case with what is in a package one level higher."""
    below = f"{above}/" if above else ""

    def moved(name: str) -> str:
        if name == f"{below}{package}/__init__.py":
            return ""
        return below + name.removeprefix(f"{below}{package}/") if name.startswith(f"{below}{package}/") else name

    return _renamed(case, moved, lambda text: re.sub(rf"\b{package}\.(?=[A-Za-z_])", "", text))


def _renamed(case: Case, new_name: Callable[[str], str], new_text: Callable[[str], str]) -> Case | None:
    """The case with other names of files (no name: the file goes) and other texts; None if nothing would change."""

    def renamed(files: Mapping[str, Any]) -> dict[str, Any]:
        named = {
            new_name(name): {**recipe, "zip": renamed(recipe["zip"])}
            if isinstance(recipe, Mapping) and "zip" in recipe
            else recipe
            for name, recipe in files.items()
        }
        return {name: recipe for name, recipe in named.items() if name}

    steps = tuple(replace(step, content=renamed(step.files)) if step.files else step for step in case.steps)
    candidate = replace(case, files=renamed(case.files), steps=steps)
    if candidate == case:
        return None
    for place, text, _ in list(_texts(candidate)):
        candidate = _with(candidate, place, new_text(text))
    return candidate


def needed(case: Case) -> Case:
    """The case without the requirements that it had for the sake of what was taken away."""
    plain = str(case.plain())
    return replace(case, requires=tuple(word for word in case.requires if _SIGNS.get(word, "") in plain))


PASSES: Sequence[Callable[[Case, Holds], Case]] = (
    in_simplest_world,
    without_steps,
    without_files,
    in_plain_storage,
    with_fewer_folders,
    with_usual_argv,
    with_shorter_texts,
    with_values_in_place,
    with_joined_steps,
    with_fewer_packages,
)
