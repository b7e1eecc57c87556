"""The messages between driver and agent: their types, their schema, and what both ends have to agree on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn, get_origin, get_type_hints

import pytest

from conformance.agent import capabilities, checking, messages
from conformance.cases.model import CAPABILITIES
from conformance.commands.docs import DOCS
from conformance.observation import protocol
from conformance.observation.interpreters import find
from conformance.observation.live import LiveSide
from conformance.observation.protocol import Malformed, same_behaviour
from tests.harness import target_for

OBSERVATION = {
    "steps": [
        {
            "outcome": "raised",
            "exception": {
                "exception": "ImportError",
                "message": "no",
                "bases": ["Exception"],
                "args": ["no"],
                "cause": None,
                "context": None,
                "suppress_context": False,
                "frames": [["<root>/m.py", 1, "<module>"], ["<root>/m.py", None, "f"]],
                "is": "the exception",
                "from_runpy": True,
            },
            "events": [{"event": "run", "file": "<root>/m.py", "specials": {"__name__": "m"}}],
            "state": {"cwd": "/", "attributes": {"a": ["b"]}},
        },
        {},
    ]
}


def line(change: str = "", to: str = "") -> bytes:
    """The observation as an agent sends it, with a part of its text replaced."""
    text = json.dumps(OBSERVATION)
    assert text.count(change) == 1 or not change
    return text.replace(change, to).encode() if change else text.encode()


def test_a_capability_is_known_to_the_agent_and_to_the_cases() -> None:
    """Otherwise a case could require what no agent ever offers, or an agent offer what no case may require."""
    assert sorted(capabilities.CAPABILITIES) == sorted(CAPABILITIES)
    text = (DOCS / "protocol.md").read_text(encoding="utf-8")
    assert not [name for name in CAPABILITIES if f'"{name}"' not in text]


def test_a_capability_is_found_by_trying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That a function exists does not count; and nothing of the trials is left."""
    before = set(capabilities.capabilities(str(tmp_path)))

    def refuse(*_: object) -> NoReturn:
        raise OSError("not on this platform")

    def link(to: str, path: str) -> None:
        refuse() if os.path.isabs(to) else os.symlink(to, path)

    monkeypatch.setattr(capabilities.os, "fork", refuse)
    monkeypatch.setattr(capabilities.os, "symlink", link)
    monkeypatch.setattr("_thread.start_new_thread", refuse)
    after = set(capabilities.capabilities(str(tmp_path / "worlds")))
    assert before - after == {"fork", "absolute-symlinks", "threads"}
    assert list(tmp_path.rglob("*")) == [tmp_path / "worlds"]


def test_an_observation_comes_out_as_it_was_sent() -> None:
    """With its keys in their order, and with what is no Unicode text: a lone surrogate."""
    sent = line('"no", "bases"', '"\\ud800", "bases"')
    assert json.dumps(protocol.result(sent)).encode() == sent


@pytest.mark.parametrize(
    ("change", "to", "problem"),
    [
        ('"raised"', '"left"', "Invalid enum value 'left' - at `$.steps[0].outcome`"),
        ('"message": "no", ', "", "missing required field `message` - at `$.steps[0].exception`"),
        ('"is": "the exception"', '"is": 1', "Expected `str`, got `int` - at `$.steps[0].exception.is`"),
        ('"run"', '"walk"', "Invalid enum value 'walk' - at `$.steps[0].events[0].event`"),
        ('["b"]', '"b"', "Expected `array`, got `str` - at `$.steps[0].state.attributes[...]`"),
        ('"steps"', '"stages"', "it has none of the keys steps, unsupported, agent_failed"),
    ],
)
def test_what_does_not_fit_the_protocol_is_refused_with_the_place(change: str, to: str, problem: str) -> None:
    """Whatever part of the observation it is."""
    assert protocol.result(line())
    with pytest.raises(Malformed) as raised:
        protocol.result(line(change, to))
    assert problem in str(raised.value)


def test_who_raised_is_no_difference_and_everything_else_is() -> None:
    """Also its order, its types, and the same words in another place."""
    assert same_behaviour(line(), line())
    assert same_behaviour(line(), line('"from_runpy": true', '"from_runpy": false'))
    assert same_behaviour(line(', "from_runpy": true', ""), line())
    for change, to in (
        ('"cwd": "/"', '"cwd": "//"'),
        ('"suppress_context": false', '"suppress_context": 0'),
        ('"cause": None, "context": None'.replace("None", "null"), '"context": null, "cause": null'),
        (", {}]", "]"),
        (", {}]", ", {}, {}]"),
    ):
        assert not same_behaviour(line(), line(change, to)), change
    bound = [json.dumps({"steps": [{"names": {"from_runpy": value}}]}).encode() for value in (True, False)]
    assert not same_behaviour(*bound)
    assert not same_behaviour(b'{"unsupported": "a"}', b'{"unsupported": "b"}')
    surrogates = [line('"no", "bases"', f'"\\ud800{end}", "bases"') for end in "ab"]
    assert not same_behaviour(*surrogates)


def test_the_schema_describes_every_message() -> None:
    """Of those that the driver sends, and of those that it reads."""
    schema = protocol.schema()
    named = {reference["$ref"].rpartition("/")[2] for reference in schema["anyOf"]}
    assert named == {
        "Start",
        "Request",
        "Reset",
        "Handshake",
        "CannotLoad",
        "Refused",
        "CaseResult",
        "Answer",
        "Observation",
        "Unsupported",
        "AgentFailed",
    }
    assert named <= schema["$defs"].keys()
    assert "is" in schema["$defs"]["ExceptionDescription"]["properties"]
    assert all("\n" not in definition.get("description", "") for definition in schema["$defs"].values())


def test_both_ends_check_the_same_fields() -> None:
    """The agent by tables of its own, since it does not load the types."""
    kinds = {int: int, float: (int, float), str: str, bool: bool}
    types = {"protocol": messages.Start, "cases": messages.Request, "reset": messages.Reset}
    for key, form in types.items():
        hints = get_type_hints(form)
        kind_of = {name: kinds.get(hint, get_origin(hint) or dict) for name, hint in hints.items()}
        assert checking.MESSAGES[key] == kind_of
    for table, form in ((checking.LIMITS, messages.Limits), (checking.CASE, messages.CaseRequest)):
        assert table == {name: kinds.get(hint, get_origin(hint)) for name, hint in get_type_hints(form).items()}


def test_the_oldest_python_can_import_the_types() -> None:
    """Though an agent has no need to: it imports them for type checkers only."""
    target = target_for(">=3.8,<3.9") or find(sys.executable)
    agent = "conformance/agent"
    program = (
        f"import sys; sys.path.insert(0, {agent!r}); import messages; print(messages.ExceptionDescription.__total__)"
    )
    done = subprocess.run([target.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_an_agent_does_not_load_the_types() -> None:
    """They would cost every target time, at each start."""
    program = """
import sys
sys.path.insert(0, "conformance/agent")
import start
names = []
find = start._Finder.find_spec
start._Finder.find_spec = lambda self, name, *more: names.append(name) or find(self, name, *more)
start.load()
print(*names)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    loaded = [name.rpartition(".")[2] for name in done.stdout.split() if name.startswith("_conformance_agent.")]
    assert "server" in loaded
    assert "messages" not in loaded


def test_a_greeting_is_read_as_it_was_sent() -> None:
    """By the types, into the driver's own words."""
    side = LiveSide(find(sys.executable), "oracle")
    try:
        assert side.greeting.version == ".".join(map(str, sys.version_info[:3]))
        assert side.greeting.capabilities <= set(CAPABILITIES)
        assert side.greeting.made_of
    finally:
        side.close()
