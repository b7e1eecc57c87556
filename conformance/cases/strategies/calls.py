"""Tables of the arguments of a call: mutations of the name, other arguments, and styles in which they are given.

The simplest come first.

Rules. All that stands here is an expression, or statements that an expression needs. Nothing here knows the other
arguments of the same call: `derive` puts them together.

Names in texts: `$own` and the like stand for names of modules (`states`); in a style, `$name`, `$init`, `$run_name`,
`$alter` and `$keywords` stand for the arguments. A mutation takes the module's name, and gives the expression for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .feature import Feature, features

Mutation = Callable[[str], str]


def _said(change: Callable[[str], str]) -> Mutation:
    return lambda name: repr(change(name))


def _full_width(letter: str) -> str:
    return chr(ord(letter) + 0xFEE0) if "a" <= letter <= "z" else letter


def _last(name: str, change: Callable[[str], str]) -> str:
    above, dot, last = name.rpartition(".")
    return above + dot + change(last)


NAME: Mutation = repr
NAMES: tuple[Mutation, ...] = (
    NAME,
    _said(lambda name: name + ".__main__"),
    _said(lambda name: name.rpartition(".")[0] or name),
    _said(lambda name: name + ".absent"),
    _said(lambda name: "absent_" + name),
    _said(lambda name: name + ".m"),
)
ODD_NAMES: tuple[Mutation, ...] = (
    _said(lambda name: name + ".py"),
    _said(lambda name: "." + name),
    _said(lambda name: name + "."),
    _said(lambda name: name.replace(".", "..") if "." in name else name + "..m"),
    _said(lambda name: name.replace(".", "/")),
    _said(lambda name: name.replace(".", "/") + ".py"),
    _said(str.upper),
    _said(str.swapcase),
    _said(lambda name: _last(name, str.upper)),
    _said(lambda name: " " + name),
    _said(lambda name: name + " "),
    _said(lambda name: name + "\n"),
    _said(lambda name: name + "\0"),
    _said(lambda name: "\ufeff" + name),
    _said(lambda name: "".join(map(_full_width, name))),
    _said(lambda name: name.replace("\u00e9", "e\u0301") if "\u00e9" in name else name + "\u0301"),
    _said(lambda name: name.replace("e\u0301", "\u00e9") if "e\u0301" in name else "\u00e9" + name),
    _said(lambda name: name + "\udc80"),
    _said(lambda name: name + "\ud800"),
    _said(lambda name: name + "%s"),
    _said(lambda name: name + "{0}"),
    _said(lambda name: name + "'\""),
    _said(lambda name: name[:-1]),
    _said(lambda name: name + name),
    _said(lambda name: name[::-1]),
    _said(lambda name: name + ".__init__"),
    _said(lambda name: name + ".__main__.__main__"),
    _said(lambda name: name + ".absent.__main__"),
    _said(lambda name: name + ".*"),
    _said(lambda name: name + "[0]"),
    _said(lambda name: name + ":x"),
    _said(lambda name: "-m " + name),
    _said(lambda name: "__main__." + name),
    _said(lambda name: "sys." + name),
    lambda name: "''",
    lambda name: "'.'",
    lambda name: "'..'",
    lambda name: "'__main__'",
    lambda name: "'__main__.m'",
    lambda name: "'sys'",
    lambda name: "'marshal'",
)
# Names that are no texts, or texts of a class of their own; and clauses that only a case with such a name shows.
NO_NAMES: tuple[Mutation, ...] = (
    lambda name: "None",
    lambda name: "3",
    lambda name: "True",
    lambda name: "()",
    lambda name: f"[{name!r}]",
    lambda name: f"{{{name!r}: 1}}",
)
BYTES_NAMES: tuple[Mutation, ...] = (
    lambda name: repr(name.encode("utf-8", "surrogateescape")),
    lambda name: f"bytearray({name.encode('utf-8', 'surrogateescape')!r})",
)
TEXT_NAMES: tuple[Mutation, ...] = (lambda name: f"type('Text', (str,), {{}})({name!r})",)
CLAUSES_OF_NAMES: Mapping[Mutation, tuple[str, ...]] = {
    **dict.fromkeys(NO_NAMES, ("NAME-WITHOUT-STARTSWITH", "NAME-WITHOUT-STARTSWITH-MESSAGE")),
    **dict.fromkeys(BYTES_NAMES, ("NAME-OF-BYTES",)),
    **dict.fromkeys(TEXT_NAMES, ("NAME-STR-SUBCLASS",)),
}


# -- the other arguments ----------------------------------------------------------------------------------------------

RUN_NAMES = features(
    "run_name", "'__main__'", "'own_name'", "'$own'", "'$next'", "''", "None", "'$parent'", "'absent.name'", "'$runs'"
)
ODD_RUN_NAMES = features(
    "run_name",
    "3",
    "False",
    "('a',)",
    "['a']",
    "b'm'",
    "type('Text', (str,), {})('text')",
    "'\\udc80'",
    "'\\0'",
    "'.'",
    "'m.'",
    "'x' * 300",
    clauses="RUN-NAME-NOT-STR-ALTERED RUN-NAME-NOT-STR-TEXT RUN-NAME-ANY-OBJECT",
)
_OVERRIDDEN = ("INIT-SPECIALS-OVERRIDDEN", "INIT-DOC-OVERRIDDEN", "INIT-CACHED-OVERRIDDEN", "INIT-CACHED-KEPT")
INITS = (
    Feature("init", "given", "given = {'shared': [1]}"),
    Feature("init", "{}"),
    Feature("init", "None"),
    Feature(
        "init",
        "{'x': 0, '__name__': 'wrong', '__doc__': 'wrong'}",
        clauses=_OVERRIDDEN,
    ),
)
_MAPPING = "    def keys(self): return ['shared']\n    def __getitem__(self, key): return [key]\n"
_FAILING = (
    "    def keys(self): return ['shared', 'fails']\n    def __getitem__(self, key):\n"
    "        if key == 'fails': raise LookupError('own')\n        return [key]\n"
)
_SPECIALS = ["__name__", "__spec__", "__file__", "__cached__", "__loader__", "__package__", "__doc__", "__path__"]


def _given(statements: str, clauses: str = "", files: Mapping[str, str] | None = None) -> Feature:
    return Feature("init", "given", statements, clauses=tuple(clauses.split()), files=files)


ODD_INITS = (
    _given(
        f"given = dict.fromkeys({_SPECIALS}, 'wrong')",
        " ".join((*_OVERRIDDEN, "INIT-OTHER-DUNDERS-KEPT")),
    ),
    _given("import types\ngiven = types.MappingProxyType({'shared': [1]})"),
    _given(
        "class Own(dict):\n    def __missing__(self, key): return 'own'\ngiven = Own(shared=[1])", "INIT-DICT-SUBCLASS"
    ),
    _given(f"class Own(dict):\n{_MAPPING}given = Own(other=1)", "INIT-DICT-SUBCLASS"),
    _given(f"class Own:\n{_MAPPING}given = Own()"),
    _given(f"class Own:\n    def __bool__(self): return False\n{_MAPPING}given = Own()", "INIT-FALSY-MAPPING"),
    _given(f"class Own:\n{_FAILING}given = Own()", "INIT-MAPPING-RAISES"),
    _given("given = {1: 'one', None: 'none', ('a',): 'tuple'}", "INIT-KEYS-NOT-STR"),
    _given("given = [('shared', [1]), ('__name__', 'wrong'), ('shared', [2])]", "INIT-PAIRS"),
    _given("given = {}\ngiven['itself'] = given"),
    _given("given = {'__builtins__': dict(vars(__import__('builtins')), own_builtin=1)}", "INIT-BUILTINS-USED"),
    _given("given = {'__builtins__': {'len': len, '__import__': __import__}}", "INIT-BUILTINS-USED"),
    *features("init", "{'__builtins__': {}}", "{'__builtins__': None}", clauses="INIT-BUILTINS-USED"),
    _given(
        "given = run_module('earlier')",
        " ".join(("INIT-REUSED-RESULT", *_OVERRIDDEN)),
        {"earlier.py": "earlier = __name__\ndef tell(): return earlier\n"},
    ),
    Feature(
        "init",
        "vars(earlier)",
        "import earlier",
        files={"earlier.py": "earlier = __name__\nshared = [1]\n"},
        clauses=_OVERRIDDEN,
    ),
    *features("init", "3", "False", "type('Own', (), {})", clauses="INIT-NOT-ITERABLE INIT-BAD-TEXT"),
    *features("init", "'text'", "[1]", "[('a', 1, 2)]", "[(['a'], 1)]", clauses="INIT-NOT-PAIRS INIT-BAD-TEXT"),
    *features("init", "()", "''", "[]", clauses="INIT-EMPTY-ITERABLE"),
    *features("init", "(pair for pair in [('shared', [1])])", "zip(['shared'], [[1]])", clauses="INIT-PAIRS"),
)
ALTERS = features("alter", "True", "False", "1", "None")
ODD_ALTERS = features(
    "alter",
    "0",
    "''",
    "'no'",
    "[]",
    "[0]",
    "object()",
    "float('nan')",
    "0.0",
    "type('Own', (), {'__len__': lambda self: 0})()",
    "type('Own', (), {'__bool__': lambda self: True, '__len__': lambda self: 0})()",
    "type('Own', (), {'__eq__': lambda self, other: True, '__bool__': lambda self: False})()",
)
# Styles in which the drawn arguments are given, and calls that no signature allows.
STYLES = features(
    "style",
    "$name, $init, $run_name, $alter",
    "mod_name=$name$keywords",
    "$name, $init, run_name=$run_name, alter_sys=$alter",
    "alter_sys=$alter, run_name=$run_name, init_globals=$init, mod_name=$name",
    "*[$name, $init], **{'run_name': $run_name, 'alter_sys': $alter}",
)
WRONG_STYLES = features(
    "style",
    "",
    "$name, absent=1",
    "$name, $init, $run_name, $alter, 5",
    "$name, mod_name=$name",
    "$name, None, init_globals=None",
    "name=$name",
    clauses="WRONG-ARGUMENTS WRONG-ARGUMENTS-MESSAGE",
)
