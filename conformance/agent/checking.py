"""Checks what the driver sends, by tables of the keys of each message.

Rules. The tables hold the keys and kinds that `messages` gives to the messages of the driver, since the types
themselves are not loaded in a target; a self-test compares the two. A message that does not fit is refused with a
sentence that names the message and the field.
"""

from __future__ import annotations

from typing import Any, Dict, Tuple, Union

from . import PROTOCOL
from .own import loads, own_spelling

_Kind = Union[type, Tuple[type, ...]]
_NUMBER = (int, float)
# The keys that each message has, by the key that tells which message it is.
LIMITS: Dict[str, _Kind] = {"load": _NUMBER, "memory": int}
CASE: Dict[str, _Kind] = {"files": dict, "path": list, "argv": list, "steps": list}
MESSAGES: Dict[str, Dict[str, _Kind]] = {
    "protocol": {
        "protocol": int,
        "side": str,
        "import_from": str,
        "once": bool,
        "folder": str,
        "limits": dict,
    },
    "cases": {"id": int, "cases": list, "root": str, "timeout": _NUMBER},
    "reset": {"id": int, "reset": bool},
}
_PATHS = ("side", "import_from", "folder", "root")
NAMES = {"protocol": "start", "cases": "request", "reset": "reset"}
_WORDS = {int: "a whole number", _NUMBER: "a number", str: "a text", bool: "true or false", dict: "an object"}


class Nonsense(ValueError):
    """A line that is no message of the protocol; the text is a sentence."""


def message(line: str) -> Tuple[str, Any]:
    """The key that tells which message a line holds, and the message, with paths as this interpreter spells them.

    Raises Nonsense.
    """
    if not line.endswith("\n"):
        raise Nonsense("The last message is cut off: it has no end of line.")
    try:
        decoded = loads(line)
    except Exception:  # the decoder raises StopIteration, too
        decoded = None
    if type(decoded) is not dict:
        raise Nonsense("A line is no JSON object: {!r}.".format(line[:80]))
    kind = next((key for key in MESSAGES if key in decoded), "")
    if not kind:
        raise Nonsense("A message has none of the keys {}.".format(", ".join(MESSAGES)))
    name = "the message `{}`".format(NAMES[kind])
    _check(decoded, MESSAGES[kind], name)
    if kind == "protocol":
        if decoded["protocol"] != PROTOCOL:
            raise Nonsense("{} is of protocol {}, and not {}.".format(_begin(name), decoded["protocol"], PROTOCOL))
        _check(decoded["limits"], LIMITS, "`limits` in " + name)
    for number, case in enumerate(decoded["cases"] if kind == "cases" else ()):
        place = "`cases[{}]` in {}".format(number, name)
        if type(case) is not dict:
            raise Nonsense("{} is no object.".format(_begin(place)))
        _check(case, CASE, place)
    decoded.update((key, own_spelling(decoded[key])) for key in _PATHS if key in decoded)
    return kind, decoded


def _check(found: Dict[str, Any], fields: Dict[str, _Kind], place: str) -> None:
    for key, kind in fields.items():
        if key not in found:
            raise Nonsense("{} has no field `{}`.".format(_begin(place), key))
        value = found[key]
        if not isinstance(value, kind) or (type(value) is bool and kind is not bool):
            words = _WORDS.get(kind, "a list")
            raise Nonsense("The field `{}` of {} is not {}.".format(key, place, words))


def _begin(place: str) -> str:
    return place[0].upper() + place[1:]
