"""The addresses of the sources that clauses and the ledger of releases name.

A source is a text such as "library reference: run_module; PEP 366". The tables here say where each document stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_DOCS = "https://docs.python.org"

# The names that may follow "library reference: ", each with its page.
_REFERENCE: Mapping[str, str] = {
    "run_module": "3/library/runpy.html#runpy.run_module",
    'run_module ("an absolute module name")': "3/library/runpy.html#runpy.run_module",
    "run_module (up to 3.14)": "3.14/library/runpy.html#runpy.run_module",
    "run_module (3.15, which no longer lists it)": "3.15/library/runpy.html#runpy.run_module",
    "run_path": "3/library/runpy.html#runpy.run_path",
    "the import system": "3/reference/import.html",
    "the import system (submodules)": "3/reference/import.html#submodules",
    "the import system (__main__)": "3/reference/import.html#main-spec",
    "the import system (the module cache)": "3/reference/import.html#the-module-cache",
    "importlib.abc.MetaPathFinder": "3/library/importlib.html#importlib.abc.MetaPathFinder",
    "importlib.util.find_spec": "3/library/importlib.html#importlib.util.find_spec",
    "sys.argv": "3/library/sys.html#sys.argv",
    "sys.pycache_prefix": "3/library/sys.html#sys.pycache_prefix",
    "zipapp": "3/library/zipapp.html",
    "zipimport": "3/library/zipimport.html",
    "__main__": "3/library/__main__.html",
    "atexit": "3/library/atexit.html",
    "input": "3/library/functions.html#input",
    "os._exit": "3/library/os.html#os._exit",
    "signal": "3/library/signal.html",
    "sys.excepthook": "3/library/sys.html#sys.excepthook",
    "sys.exit": "3/library/sys.html#sys.exit",
    "sys.path": "3/library/sys.html#sys.path",
    "sys.last_value": "3/library/sys.html#sys.last_value",
    "threading": "3/library/threading.html#thread-objects",
    "warnings": "3/library/warnings.html#default-warning-filter",
}

# The names that may follow "command line: ", each with its place in the page about the interpreter's command line.
_COMMAND_LINE: Mapping[str, str] = {
    "interface options": "interface-options",
    "miscellaneous options": "miscellaneous-options",
    "script": "interface-options",
    **{f"-{option}": f"cmdoption-{option}" for option in ("b", "B", "E", "i", "I", "m", "O", "OO", "P", "u", "W", "X")},
    **{name: f"envvar-{name}" for name in ("PYTHONHASHSEED", "PYTHONPATH", "PYTHONSAFEPATH")},
}

# The form in which the rest of a source names a document by its number.
_NUMBERED: Mapping[str, str] = {
    r"PEP ([0-9]+)": "https://peps.python.org/pep-{0:0>4}/",
    r"bpo-([0-9]+)": "https://bugs.python.org/issue{0}",
    r"gh-([0-9]+)": "https://github.com/python/cpython/issues/{0}",
}

# The form in which a source names a release after "changelogs of CPython ".
_RELEASES: Mapping[str, str] = {
    r"([0-9]+)\.([0-9]+)\.([0-9]+)a([0-9]+)": _DOCS + "/{0}.{1}/whatsnew/changelog.html#python-{0}-{1}-{2}-alpha-{3}",
    r"([0-9]+)\.([0-9]+)\.([0-9]+)": _DOCS + "/{0}.{1}/whatsnew/changelog.html#python-{0}-{1}-{2}-final",
}


def linked(source: str) -> Iterator[tuple[str, str]]:
    """Yield the pieces of a source in their order: the text of each, and its address, which is empty if it has none."""
    for number, part in enumerate(source.split("; ")):
        if number:
            yield "; ", ""
        yield from _part(part)


def markdown(source: str) -> str:
    """A source in Markdown, with its links."""
    return "".join(f"[{text}]({address})" if address else text for text, address in linked(source))


def _part(part: str) -> Iterator[tuple[str, str]]:
    kind, _, what = part.partition(": ")
    if kind == "library reference":
        page = _REFERENCE.get(what, "")
        yield part, page and f"{_DOCS}/{page}"
        return
    if kind == "command line":
        anchor = _COMMAND_LINE.get(what, "")
        yield part, anchor and f"{_DOCS}/3/using/cmdline.html#{anchor}"
        return
    table = _RELEASES if part.startswith("changelogs of CPython ") else _NUMBERED
    place = 0
    for found in re.finditer("|".join(f"(?:{pattern})" for pattern in table), part):
        if part[place : found.start()]:
            yield part[place : found.start()], ""
        yield found[0], _address(found[0], table)
        place = found.end()
    if part[place:]:
        yield part[place:], ""


def _address(text: str, table: Mapping[str, str]) -> str:
    matches = ((re.fullmatch(pattern, text), address) for pattern, address in table.items())
    return next(address.format(*match.groups()) for match, address in matches if match)
