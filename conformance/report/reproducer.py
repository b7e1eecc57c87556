"""Makes the reproducer of a case: a program with the case filled in, and with the module that writes worlds.

The program is `standalone.py`; for a case of commands it is `standalone_command.py`.
"""

from __future__ import annotations

import json
import pprint
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..agent import COMMAND, MODULE, PATH
from ..cases.model import Case, Step, split_command
from ..texts import visible

_HERE = Path(__file__).resolve().parent
_AGENT = _HERE.parent / "agent"
_USUAL = {MODULE: ["{python}", "-m", "{name}", "{args}"], PATH: ["{python}", "{path}", "{args}"]}
_WORLD = "# -- how the world is written --\n"
_WORLD_ENDS = "# -- the end of how the world is written --\n"
_DOCSTRING = re.compile(r'\A""".*?"""', re.DOTALL)


def program(
    case: Case, *, difference: str, impl: str, import_from: str = "", interpreters: Sequence[str] | None = None
) -> str:
    """The text of the reproducer. difference: what it shows, in words. impl, import_from: see docs/options.md.

    interpreters: those of oracle and candidate, if they are two.
    """
    values: dict[str, object] = {
        "FILES": dict(case.files),
        "PATH": list(case.path),
        "STEPS": [(step.kind, step.content) for step in case.steps],
        "INTERPRETERS": list(interpreters or ()),
    }
    if case.is_of_commands:
        templates = json.loads(impl.removeprefix(COMMAND)) if impl.startswith(COMMAND) else _USUAL
        values.update(STEPS=[(step.kind, _in_parts(step)) for step in case.steps])
        values.update(TEMPLATES=templates, WITNESS=(_AGENT / "on_path" / "witness.py").read_text(encoding="utf-8"))
        name, usage = "standalone_command.py", "[--all]"
    else:
        values.update(ARGV=list(case.argv), IMPL=impl, IMPORT_FROM=import_from)
        name, usage = "standalone.py", "[--impl=SPEC] [--all]"
    data = "".join(f"{name} = {pprint.pformat(value, width=100, sort_dicts=False)}\n" for name, value in values.items())
    text = (_HERE / name).read_text(encoding="utf-8")
    text = _between(text, "# -- the case --\n", "# -- the end of the case --\n", data)
    world = (_AGENT / "world.py").read_text(encoding="utf-8")
    world = world.partition("from __future__ import annotations\n")[2].strip()
    text = _between(text, _WORLD, _WORLD_ENDS, f"\n{world}\n\n")
    docstring = f"{case.summary}.\n\n{difference}\n\nusage: python repro.py {usage}\n\n"
    docstring += "Standard library alone, Python 3.8 or later. Exit status: 1 if there is a difference."
    return _DOCSTRING.sub(lambda _: _quoted(docstring), text, count=1).encode("ascii", "backslashreplace").decode()


def _in_parts(step: Step) -> Mapping[str, Any]:
    """The content of a step in a case of commands; of a command, with its words in four parts."""
    content = step.content if isinstance(step.content, Mapping) else {}
    return content if step.kind != "command" else {**content, "command": split_command(content["command"])}


def _between(text: str, start: str, end: str, new: str) -> str:
    head, starts, rest = text.partition(start)
    _, ends, tail = rest.partition(end)
    assert starts
    assert ends
    return f"{head}{start}{new}{end}{tail}"


def _quoted(text: str) -> str:
    return '"""' + visible(text, "\n").replace("\\", "\\\\").replace('"""', "'''") + '\n"""'
