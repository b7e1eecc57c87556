"""Tables of shapes (which module a part is) and of places (where it lies). The simplest come first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

BODY = "$body"


@dataclass(frozen=True)
class Shape:
    """A module and the files that it needs around it.

    says: its part of the summary. name: its name, below the place where it lies. files: text by path, one of them
    BODY. main: appended to the name, the module whose code a call executes. holds: the package in which later modules
    can lie, if it is one.
    """

    says: str
    name: str
    files: Mapping[str, str]
    main: str = ""
    holds: str = ""


_MAIN = ".__main__"
MODULE = Shape("a module", "m", {"m.py": BODY})
PACKAGE = Shape("a package", "pkg", {"pkg/__init__.py": "", "pkg/__main__.py": BODY}, _MAIN, "pkg")
SUBMODULE = Shape("a submodule", "pkg.m", {"pkg/__init__.py": "", "pkg/m.py": BODY}, "", "pkg")
OTHER = Shape("another module", "n", {"n.py": BODY})
NAMESPACE = Shape("a namespace package", "space", {"space/__main__.py": BODY}, _MAIN, "space")
PLAIN = (MODULE, PACKAGE, SUBMODULE, OTHER)
PACKAGES = (
    PACKAGE,
    SUBMODULE,
    Shape("a package without a __main__", "pkg", {"pkg/__init__.py": BODY}, _MAIN, "pkg"),
    Shape("a __main__", "__main__", {"__main__.py": BODY}),
    Shape("a submodule of a package that acts", "pkg.m", {"pkg/__init__.py": BODY, "pkg/m.py": "x = 1\n"}, "", "pkg"),
    Shape("a package that acts", "pkg", {"pkg/__init__.py": BODY, "pkg/__main__.py": "x = 1\n"}, _MAIN, "pkg"),
    Shape("another package", "pkg2", {"pkg2/__init__.py": "", "pkg2/__main__.py": BODY}, _MAIN, "pkg2"),
    Shape("a package of a module's name", "m", {"m/__init__.py": "", "m/__main__.py": BODY}, _MAIN, "m"),
    Shape(
        "a package whose __main__ is a package",
        "pkg",
        {"pkg/__init__.py": "", "pkg/__main__/__init__.py": "", "pkg/__main__/__main__.py": BODY},
        _MAIN,
        "pkg.__main__",
    ),
    Shape(
        "a package whose __main__ is a namespace package",
        "pkg",
        {"pkg/__init__.py": "", "pkg/__main__/m.py": BODY},
        _MAIN,
        "pkg.__main__",
    ),
    Shape(
        "a package that acts, with parts", "pkg", {"pkg/__init__.py": BODY, "pkg/m.py": "", "pkg/n.py": ""}, "", "pkg"
    ),
    Shape(
        "a deep submodule",
        "pkg.sub.m",
        {"pkg/__init__.py": "", "pkg/sub/__init__.py": "", "pkg/sub/m.py": BODY},
        "",
        "pkg.sub",
    ),
    Shape(
        "a deep package",
        "pkg.sub",
        {"pkg/__init__.py": "", "pkg/sub/__init__.py": "", "pkg/sub/__main__.py": BODY},
        _MAIN,
        "pkg.sub",
    ),
)
NAMESPACES = (
    NAMESPACE,
    Shape("a module of a namespace package", "space.m", {"space/m.py": BODY}, "", "space"),
    Shape("a namespace package without a __main__", "space", {"space/n.py": BODY}, _MAIN, "space"),
    Shape("a package of a namespace package's name", "space", {"space/__init__.py": BODY}, _MAIN, "space"),
    Shape("a module of a namespace package's name", "space", {"space.py": BODY}),
    Shape(
        "a namespace package in a package", "pkg.space", {"pkg/__init__.py": "", "pkg/space/__main__.py": BODY}, _MAIN
    ),
    Shape("a package in a namespace package", "space.pkg", {"space/pkg/__init__.py": BODY}, _MAIN, "space.pkg"),
    Shape("a deep namespace package", "space.sub", {"space/sub/__main__.py": BODY}, _MAIN, "space.sub"),
)
NAMED = (
    Shape("a module in capitals", "M", {"M.py": BODY}),
    Shape("a module of a keyword's name", "class", {"class.py": BODY}),
    Shape("a module with a hyphen", "m-n", {"m-n.py": BODY}),
    Shape("a module with a space", "m n", {"m n.py": BODY}),
    Shape("a file with two dots", "m.n", {"m.n.py": BODY}),
    Shape("a module that seems to be a file", "m.py", {"m/__init__.py": "", "m/py.py": BODY}, "", "m"),
    Shape("a module with a composed letter", "\u00e9", {"\u00e9.py": BODY}),
    Shape("a module with a combining letter", "e\u0301", {"e\u0301.py": BODY}),
    Shape("a module with a lone surrogate", "\udc80", {"\\udc80.py": BODY}),
    Shape("an __init__", "pkg.__init__", {"pkg/__init__.py": BODY}, "", "pkg"),
)

# Where a module lies: the number of the entry of sys.path, and the package: the one drawn last, the first, or none.
PLACES = ((0, ""), (0, "last"), (1, ""), (1, "last"), (0, "first"), (1, "first"))
