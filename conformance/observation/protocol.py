"""The driver's end of the protocol: decodes what an agent sends, and checks it against the agent's own message types.

Rules. Every message is decoded here, and nowhere else on the driver's side is the agent's spelling known: no other
module searches the bytes of a message. Knows no processes, files or time limits; what is decoded is data.

Theory of operation. `json` decodes, since observations may hold lone surrogates, which msgspec's decoder refuses;
`msgspec.convert` checks the result against a type of `agent.messages`, and the decoded dictionary itself is returned,
because a converted one has its keys in another order. Nearly all observations of a run are never decoded: the line of
the candidate equals the line of the oracle, byte for byte (see `same_behaviour`).
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from typing import Any, cast

import msgspec

from ..agent.messages import (
    AgentFailed,
    Answer,
    CannotLoad,
    Changed,
    Handshake,
    Observation,
    Request,
    Unsupported,
)

Result = Observation | Unsupported | AgentFailed | Changed

# The key by which a message that comes in several forms shows which one it is.
_GREETINGS: dict[str, type] = {"cannot_load": CannotLoad, "protocol": Handshake}
_RESULTS: dict[str, type] = {
    "steps": Observation,
    "unsupported": Unsupported,
    "agent_failed": AgentFailed,
    "changed": Changed,
}

# The beginning of a result line that says where the candidate raised, and what follows the places.
_PLACES, _STEPS = b'{"raised_at": [', b'], "steps": ['


class Malformed(ValueError):
    """A message does not fit the protocol; the text continues "the agent sent"."""


def encode(request: Request) -> bytes:
    """A request as the line that is sent."""
    return json.dumps(request).encode("ascii") + b"\n"


def message(line: bytes) -> dict[str, Any]:
    """Any message, without a check of what it holds. Raises Malformed."""
    try:
        decoded = json.loads(line)
    except (ValueError, RecursionError):
        decoded = None
    if not isinstance(decoded, dict):
        raise Malformed("what is no message")
    return decoded


def greeting(decoded: dict[str, Any]) -> Handshake | CannotLoad:
    """The first message of an agent, of this version of the protocol. Raises Malformed."""
    return cast(Handshake | CannotLoad, _checked(decoded, _form(decoded, _GREETINGS, "a greeting"), "a greeting"))


def answer(decoded: dict[str, Any]) -> Answer:
    """The answer to a request. Raises Malformed."""
    return cast(Answer, _checked(decoded, Answer, "an answer"))


def result(line: bytes) -> Result:
    """A line of a result file. Raises Malformed."""
    decoded = message(line)
    return cast(Result, _checked(decoded, _form(decoded, _RESULTS, "a result"), "a result"))


def without_places(line: bytes) -> tuple[bytes, list[str]]:
    """A result line without the candidate's own lines at which it raised, which are no behaviour, and those lines.

    Raises Malformed.
    """
    if not line.startswith(_PLACES):
        return line, []
    places, key, rest = line[len(_PLACES) :].partition(_STEPS)  # a text of JSON cannot hold it, for its quotation marks
    try:
        decoded = json.loads(b"[" + places + b"]")
    except ValueError:
        decoded = [None]
    if not all(isinstance(place, str) for place in decoded):
        raise Malformed("a result that does not fit the protocol: `raised_at` is no list of texts")
    return b"{" + key[3:] + rest, decoded


def _form(decoded: dict[str, Any], forms: dict[str, type], name: str) -> type:
    for key, form in forms.items():
        if key in decoded:
            return form
    raise Malformed(f"{name} that does not fit the protocol: it has none of the keys {', '.join(forms)}")


def _checked(decoded: dict[str, Any], form: type, name: str) -> dict[str, Any]:
    try:
        msgspec.convert(decoded, form)
    except msgspec.ValidationError as exc:
        raise Malformed(f"{name} that does not fit the protocol: {exc}") from None
    return decoded


# -- comparing without decoding --------------------------------------------------------------------------------


class _Unread(msgspec.Struct):
    """An observation whose steps are split into their parts, and the parts left as bytes."""

    steps: list[dict[str, msgspec.Raw]]


_split_steps = msgspec.json.Decoder(_Unread)
_split_exception = msgspec.json.Decoder(dict[str, msgspec.Raw])


def same_behaviour(oracle: bytes, candidate: bytes) -> bool:
    """True if two result lines are equal, byte for byte, except for whether the exceptions come from `runpy` itself.

    False does not mean that the judge will find a difference, only that it has to look.
    """
    if oracle == candidate:
        return True
    try:
        return list(_parts(oracle)) == list(_parts(candidate))
    except msgspec.DecodeError:  # no observation, or one with a lone surrogate
        return False


def _parts(line: bytes) -> Iterator[str | bytes]:
    """The parts of an observation in their order, each with its name, without `from_runpy`."""
    for step in _split_steps.decode(line).steps:
        yield "a step"
        for name, part in step.items():
            yield name
            if name == "exception":
                for key, value in _split_exception.decode(part).items():
                    if key != "from_runpy":
                        yield key
                        yield bytes(value)
            else:
                yield bytes(part)


# -- the published schema --------------------------------------------------------------------------------------


def schema() -> dict[str, Any]:
    """The JSON Schema of all messages: what a line may be, by its `$defs`."""
    forms = [Request, *_GREETINGS.values(), Answer, *_RESULTS.values()]
    references, definitions = msgspec.json.schema_components(forms)
    for definition in definitions.values():
        if "description" in definition:
            definition["description"] = " ".join(inspect.cleandoc(definition["description"]).split())
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A message between the driver and the agent (docs/protocol.md)",
        "anyOf": list(references),
        "$defs": definitions,
    }
