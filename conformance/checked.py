"""Checked data: plain data from a file converted into its type, or one sentence that says what is wrong with it.

A reader of TOML or JSON gives dictionaries, lists and texts. The type of a file is a `Table` that lists its keys; from
it come the check (`checked`), the sentences and the JSON Schema (`schema`), so that none of these can disagree. A
program's own data, such as a record, has a `TypedDict` for its type: it stays a dictionary, and may have further keys.

Rules. Only this module knows how msgspec reports an error. It knows no kind of file: what a table is called in a
sentence is `noun` of its class (or the name of its `TypedDict`, in words), and what a key holds can be put into better
words by `form`. It opens no file; who
calls it adds the file's name, and the line.

Theory of operation. `msgspec.convert` decides whether data is right, in one pass and at the speed of C. Only when it
refuses is the data walked again, side by side with its type, down to the smallest part that is refused. That gives the
keys on the way there, which msgspec's own message does not have for a table of free keys, and needs no look at the
wording of that message.
"""

from __future__ import annotations

import difflib
import functools
import json
import re
import tomllib
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import (
    Annotated,
    Any,
    ClassVar,
    Literal,
    NotRequired,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import msgspec
from msgspec import Meta

T = TypeVar("T")
Place = tuple[str | int, ...]
_Within = tuple[str, ...]
_FORM = "form"
_SIMPLE = {str: "a text", bool: "true or false", int: "a whole number", float: "a number"}
_PLURALS = {str: "texts", int: "whole numbers"}
_LONGEST = 60


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of a file, with the keys that it may have. noun: what a sentence calls such a table."""

    noun: ClassVar[str] = "table"


class WrongData(ValueError):
    """Raised for data that is not of its type; its text is one sentence.

    place: the keys, and the numbers from 0, that lead to the mistake. within: the tables around it in words, such as
    "item 2 of `steps`"; what: the rest of the sentence.
    """

    def __init__(self, place: Place, within: _Within, what: str) -> None:
        super().__init__(": ".join((*within, what)))
        self.place = place
        self.within = within
        self.what = what


def form(words: str) -> Meta:
    """Words for what a key holds, used in a sentence: "`key` is <words>, not 5". For the annotation of a field."""
    return Meta(extra={_FORM: words})


def says(words: str) -> Meta:
    """A description of what a key means, for the schema: an editor shows it. For the annotation of a field."""
    return Meta(description=words)


def checked(data: object, kind: type[T], subject: str = "") -> T:
    """The data as a value of its type. Raises WrongData.

    subject: what the whole is called in a sentence, in case that it is not a table at all.
    """
    try:
        return msgspec.convert(data, kind)
    except (msgspec.ValidationError, UnicodeEncodeError) as problem:  # the latter for half of a surrogate pair in a key
        raise _mistake(data, kind, (), (), subject or _subject(kind)) or WrongData((), (), str(problem)) from None


def checked_file(path: Path, kind: type[T], error: Callable[[str], Exception]) -> T:
    """The data of a TOML file as a value of their type. Raises FileNotFoundError, and `error` with one sentence."""
    try:
        return checked(tomllib.loads(path.read_text(encoding="utf-8")), kind)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise error(f"{path}: this is not TOML: {problem}") from None
    except WrongData as problem:
        raise error(f"{path}: {problem}") from None


def near(word: str, known: Iterable[str], least: float = 0.6) -> str:
    """The end of a sentence about an unknown word: "; is it WORD?", or nothing if no known word is much like it."""
    found = difflib.get_close_matches(word, list(known), 1, least)
    return f"; is it {found[0]}?" if found else ""


def unknown_key(key: str, noun: str, keys: Iterable[str]) -> str:
    """The sentence for a key that there is not."""
    known = sorted(keys)
    return f"there is no key {key!r} in {_article(noun)} {noun}, which may have {_listed(known)}{near(key, known)}"


# -- the part that is wrong ------------------------------------------------------------------------------------


def _mistake(data: Any, kind: Any, place: Place, within: _Within, name: str) -> WrongData | None:
    """The mistake in the smallest part of the data that is not of its type; None if there is none.

    place, within: of this data. name: what a sentence calls it.
    """
    try:
        msgspec.convert(data, kind)
    except UnicodeEncodeError:
        cause: BaseException | None = None
    except msgspec.ValidationError as problem:
        cause = problem.__cause__
    else:
        return None
    kind, metas = _bare(kind)
    inner = _alternative(data, kind)
    inside = (*within, name) if place else ()
    if inner is not None:
        if mistake := _key_at_fault(data, inner, place, inside):
            return mistake
        for key, value, part, its_within, its_name in _parts(data, inner, within, inside, name):
            if mistake := _mistake(value, part, (*place, key), its_within, its_name):
                return mistake
        if isinstance(cause, ValueError):  # of a `__post_init__`
            return WrongData(place, inside, str(cause))
    words = _form_of(metas) or _words(kind)
    words = "a table" if words == name else words
    if inner is not None and not data:
        return WrongData(place, within, f"{name} is empty; write {words}")
    return WrongData(place, within, f"{name} is {words}, not {_shown(data)}{_hint(data, kind)}")


def _bare(kind: Any) -> tuple[Any, list[Meta]]:
    """The type without its annotations, and these."""
    if get_origin(kind) is Annotated:
        return kind.__origin__, [meta for meta in kind.__metadata__ if isinstance(meta, Meta)]
    return kind, []


def _alternatives(kind: Any) -> Sequence[Any]:
    kind, _ = _bare(kind)
    if get_origin(kind) not in (Union, types.UnionType):
        return (kind,)
    return [alternative for alternative in get_args(kind) if alternative not in (msgspec.UnsetType, type(None))]


def _alternative(data: Any, kind: Any) -> Any:
    """The alternative of a type that is a table, or a list, as the data is; None if there is none."""
    for alternative in _alternatives(kind):
        bare, _ = _bare(alternative)
        if isinstance(data, Mapping) and (_is_table(bare) or get_origin(bare) in (dict, Mapping)):
            return bare
        if isinstance(data, list) and get_origin(bare) in (list, tuple, frozenset):
            return bare
    return None


def _is_table(kind: Any) -> bool:
    return is_typeddict(kind) or (isinstance(kind, type) and issubclass(kind, msgspec.Struct))


@dataclass(frozen=True)
class _Key:
    """A key that a table may have: the type of its value, and whether the key must be there."""

    type: Any
    required: bool


@functools.cache
def _keys(kind: Any) -> Mapping[str, _Key]:
    """The keys that a table may have, by name."""
    if is_typeddict(kind):
        keys = {}
        for name, hint in get_type_hints(kind, include_extras=True).items():
            optional = get_origin(hint) is NotRequired or name in kind.__optional_keys__
            keys[name] = _Key(get_args(hint)[0] if get_origin(hint) is NotRequired else hint, not optional)
        return keys
    return {field.encode_name: _Key(field.type, field.required) for field in msgspec.structs.fields(kind)}


def _noun(kind: Any) -> str:
    """The word for a table in a sentence; empty if it has none."""
    if is_typeddict(kind):
        return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).lower()
    return str(getattr(kind, "noun", ""))


def _parts(
    data: Any, kind: Any, within: _Within, inside: _Within, name: str
) -> Iterator[tuple[str | int, Any, Any, _Within, str]]:
    """The parts of a table or a list: key or number, value, type, the tables around it in words, and its name."""
    if _is_table(kind):
        for name_of_key, key in _keys(kind).items():
            if name_of_key in data:
                yield name_of_key, data[name_of_key], key.type, inside, f"`{name_of_key}`"
    elif isinstance(data, Mapping):
        for key, value in data.items():
            yield key, value, get_args(kind)[1], inside, repr(key)
    else:
        for number, value in enumerate(data):
            part = get_args(kind)[0]
            noun, its_id = _noun(part), value.get("id") if isinstance(value, Mapping) else None
            called = f"{noun} {its_id}" if noun and isinstance(its_id, str) else f"item {number + 1} of {name}"
            yield number, value, part, within, called


def _key_at_fault(data: Any, kind: Any, place: Place, inside: _Within) -> WrongData | None:
    """The mistake in a table that has an unknown key, or lacks one; None if its keys are right."""
    if not _is_table(kind):
        return None
    keys, noun = _keys(kind), _noun(kind) or "table"
    for key in data:
        if is_typeddict(kind):
            if not _is_encodable(key):
                return WrongData((*place, key), inside, f"this {noun} has the key {key!r}, which UTF-8 cannot hold")
        elif key not in keys:
            return WrongData((*place, key), inside, unknown_key(key, noun, keys))
    missing = [name for name, key in keys.items() if key.required and name not in data]
    return WrongData(place, inside, f"this {noun} has no {missing[0]!r}") if missing else None


def _is_encodable(text: str) -> bool:
    """True if UTF-8 can hold a text; msgspec looks up keys in that form."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


# -- words -----------------------------------------------------------------------------------------------------


def _subject(kind: Any) -> str:
    noun = _noun(kind)
    return f"{_article(noun)} {noun}" if noun else "the whole"


def _article(noun: str) -> str:
    return "an" if noun[:1] in "aeiou" else "a"


def _form_of(metas: Iterable[Meta]) -> str:
    return next((str(meta.extra[_FORM]) for meta in metas if meta.extra and _FORM in meta.extra), "")


def _words(kind: Any) -> str:
    """A type in words: "a text or a list of texts"."""
    kind, metas = _bare(kind)
    if words := _form_of(metas):
        return words
    alternatives = _alternatives(kind)
    if alternatives != (kind,):
        return " or ".join(map(_words, alternatives))
    origin = get_origin(kind)
    if origin is Literal:
        return _listed(["true" if choice is True else str(choice) for choice in get_args(kind)], "or")
    if origin in (list, tuple, frozenset):
        return f"a list of {_plural(get_args(kind)[0])}"
    if is_typeddict(kind):
        return f"{_article(_noun(kind))} {_noun(kind)}"
    return str(_SIMPLE.get(kind, "a table"))


def _plural(kind: Any) -> str:
    return " or ".join(_PLURALS.get(_bare(alternative)[0], "tables") for alternative in _alternatives(kind))


def _listed(words: Sequence[str], last: str = "and") -> str:
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else "none"


def _shown(data: Any) -> str:
    """A wrong value, as a sentence shows it."""
    if isinstance(data, bool):
        return str(data).lower()
    if isinstance(data, Mapping):
        return "a table"
    if isinstance(data, list):
        return "a list"
    if data is None:
        return "null"
    text = repr(data)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def _hint(data: Any, kind: Any) -> str:
    words = [str(choice) for choice in get_args(kind)] if get_origin(kind) is Literal else []
    return near(data, words) if isinstance(data, str) else ""


# -- schemas ---------------------------------------------------------------------------------------------------


def schema(kind: Any, *others: Any, title: str) -> dict[str, Any]:
    """The JSON Schema of a type. others: those to which `any_of` refers, and which msgspec does not see."""
    (whole, *_), definitions = msgspec.json.schema_components((kind, *others), ref_template="#/$defs/{name}")
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title}
    return {**head, **whole, "$defs": definitions}


def any_of(*kinds: type | str) -> Meta:
    """An annotation by which a schema says that a value is a text (`str`), or one of several tables, by their names."""
    names = [kind if isinstance(kind, str) else kind.__name__ for kind in kinds]
    choices = [{"type": "string"} if name == "str" else {"$ref": f"#/$defs/{name}"} for name in names]
    return Meta(extra_json_schema={"anyOf": choices})


def schema_text(whole: Mapping[str, Any]) -> str:
    """A schema as the text of a file."""
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"
