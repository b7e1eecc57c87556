"""The table of fields: every part of an observation in which two sides can differ, and when it comes about in a step.

A field that is not in this table cannot be compared, and each field in it has an owner in `owners`; the self-tests ask
for both. The name of a field is its group and its part: `entry.argv` is `sys.argv` as the code of a module starts.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..agent import OF_AN_IMPORT, SPECIALS

# At the start and at the end of a module's code: the state of `sys`, as changed since before the step.
_AT_A_MOMENT = ("argv", "argv_object", "modules", "module_type", "path", "state")
_AT_THE_START = ("namespace", "keys", "order", "globals", "locals", "handled", *_AT_A_MOMENT)

# Group -> parts. A group without parts is a field by itself.
PARTS: Mapping[str, tuple[str, ...]] = {
    "executions": ("run", "import"),
    "entry": ("code", *_AT_THE_START, *SPECIALS),
    "import": (*_AT_THE_START, *OF_AN_IMPORT),
    "exit": ("globals", *_AT_A_MOMENT),
    "warnings": ("category", "text"),
    "note": (),
    "outcome": (),
    "exception": (
        *("type", "subclass", "message", "args", "name", "path", "cause", "context", "frames", "identity"),
        *("namespace", "attributes", "location", "held"),
    ),
    "result": ("type", "identity", "keys", "order", "values", "functions", *SPECIALS),
    "after": (
        *("argv", "argv_object", "modules", "module_type", "main", "attributes", "builtins", "environ", "path"),
        *("meta_path", "path_hooks", "filters", "cwd", "state"),
    ),
    "names": (),
    "stdout": (),
    "stderr": (),
    "files": (),
    "audit": ("open", "compile", "exec", "import"),
    # Of a command: what its program tells while it runs and as it ends, and what is seen from outside.
    "program": (
        "runs",
        "code",
        *SPECIALS,
        "keys",
        "main",
        "entry",
        "argv0",
        "argv",
        "path0",
        "path",
        "flags",
        "cwd",
        "told",
    ),
    "ended": ("keys", "main", "argv"),
    "process": ("status", "stdout", "stderr", "traceback", "files"),
    "crash": (),
    "hang": (),
}
FIELDS = frozenset(f"{group}.{part}" if part else group for group, parts in PARTS.items() for part in parts or ("",))
# A warning that one side alone gives has no other side by which its parts could be compared.
FIELDS |= {"warnings"}

# The index of what comes about after the events of a step, in this order.
OUTCOME, OUTPUT, AFTER, RESULT, NAMES, AUDIT = range(1_000_000, 1_000_006)
