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

from ..agent import PROTOCOL
from ..agent.messages import (
    AgentFailed,
    Answer,
    CannotLoad,
    CaseResult,
    Handshake,
    Observation,
    Refused,
    Request,
    Reset,
    Start,
    Unsupported,
)

Message = Start | Request | Reset
Result = Observation | Unsupported | AgentFailed

# The key by which a message that comes in several forms shows which one it is.
_GREETINGS: dict[str, type] = {"cannot_load": CannotLoad, "protocol": Handshake}
_REPLIES: dict[str, type] = {"case": CaseResult, "status": Answer}
_RESULTS: dict[str, type] = {
    "steps": Observation,
    "unsupported": Unsupported,
    "agent_failed": AgentFailed,
}

# The beginning of a result line that says where the candidate raised, and what follows the places.
_SHOWN = 80  # bytes
_PLACES, _STEPS = b'{"raised_at": [', b'], "steps": ['


class Malformed(ValueError):
    """A message does not fit the protocol; the text continues "the agent sent"."""


def encode(sent: Message) -> bytes:
    """A message as the line that is sent."""
    return json.dumps(sent).encode("ascii") + b"\n"


def message(line: bytes) -> dict[str, Any]:
    """Any message, without a check of what it holds. Raises Malformed."""
    try:
        decoded = json.loads(line)
    except (ValueError, RecursionError):
        decoded = None
    if not isinstance(decoded, dict):
        raise Malformed(f"what is no message: {shown(line)}")
    if "refused" in decoded:
        _checked(decoded, Refused, "a refusal")
        raise Malformed(f"a refusal: {str(decoded['refused']).rstrip('.')}")
    return decoded


def shown(line: bytes) -> str:
    """The beginning of a line, for a message to a person."""
    text = line[:_SHOWN].decode("ascii", "backslashreplace")
    return f"`{text}`" + (f" and {len(line) - _SHOWN:,} bytes more" if len(line) > _SHOWN else "")


def greeting(line: bytes) -> Handshake | CannotLoad:
    """The answer of an agent to `start`, of this version of the protocol. Raises Malformed."""
    decoded = message(line)
    form = _form(decoded, _GREETINGS, "an answer to `start`")
    name = "a handshake" if form is Handshake else "an answer to `start`"
    if form is Handshake and decoded["protocol"] != PROTOCOL:
        raise Malformed(f"a handshake whose `protocol` is {decoded['protocol']}, and not {PROTOCOL}")
    return cast(Handshake | CannotLoad, _checked(decoded, form, name))


def reply(line: bytes, number: int, case: int, count: int) -> bytes | Answer:
    """The next message that follows request `number`: the result of a case, as bytes, or the answer. Raises Malformed.

    case: the number of the case whose result is expected. count: the number of cases in the request; 0 for a reset. The
    result is not checked here; its text is that of the agent if this spells the message as the suite's own agent does.
    """
    prefix = b'{"id": %d, "case": %d, "result": {' % (number, case)
    if line.startswith(prefix) and line.endswith(b"}}") and case < count:
        return line[len(prefix) - 1 : -1]
    decoded = message(line)
    asked = f"request {number}" if count else f"reset {number}"
    form = _form(decoded, _REPLIES, f"a reply to {asked}")
    name = f"an answer to {asked}" if form is Answer else f"a result for {asked}"
    checked = _checked(decoded, form, name)
    if checked["id"] != number:
        raise Malformed(f"{name} whose `id` is {checked['id']}")
    if form is Answer:
        return cast(Answer, checked)
    if checked["case"] != case or case >= count:
        expected = f"where {case} is next" if case < count else f"though there are only {count} cases"
        raise Malformed(f"{name} whose `case` is {checked['case']}, {expected}")
    return json.dumps(checked["result"]).encode("ascii")


def result(line: bytes) -> Result:
    """The result of a case. Raises Malformed."""
    try:
        decoded = json.loads(line)
    except (ValueError, RecursionError):
        raise Malformed(f"a result that is not JSON: {shown(line)}") from None
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
    sent, received = [Start, Request, Reset], [*_GREETINGS.values(), Refused, *_REPLIES.values()]
    forms = [*sent, *received, *_RESULTS.values()]
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
