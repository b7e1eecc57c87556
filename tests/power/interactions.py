"""Interaction faults: implementations that are wrong only where a second feature is added to the first one.

Each is composed of a mutant and a condition: a call goes to the mutant if the condition holds, and otherwise to the
reference. The author of an implementation knows such faults as "only when nested" or "only the second time".
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from conformance import REFERENCE
from conformance.clauses import registry
from tests.power.wrong import INTERACTION, WRITTEN, Wrong, written

# The conditions by name, each an expression about a call. `case` is the case in which the call is made: `depth` is the
# number of calls that have not ended, this one included; `targets` holds the names and paths of those that have ended;
# `failed` is true if a call has raised an exception.
CONDITIONS = {
    "only when nested": "case.depth > 1",
    "only the second time": "target in case.targets",
    "only after a call that failed": "case.failed",
    "only in a thread": "threading.current_thread() is not threading.main_thread()",
    "only while an exception is handled": "sys.exc_info()[0] is not None",
    "only with initial globals": "bool(init_globals)",
    "only with a run name that is not __main__": "run_name not in (None, '__main__')",
    "only when altering": "bool(alter_sys)",
    "only for a name with dots": "'.' in str(target)",
    "only for what has been imported": "str(target) in sys.modules",
    "only with an archive on sys.path": "any('.zip' in str(entry) and entry not in _path for entry in sys.path)",
    "only with an empty sys.argv": "not getattr(sys, 'argv', True)",
    "only with a finder of the program's own": "len(sys.meta_path) > _finders",
    "only for a package or a folder": "any(map(os.path.isdir, _places(target)))",
    "only for a submodule": "'.' in str(target) and not any(map(os.path.isdir, _places(target)))",
    "only for what lies in no folder": "not any(os.path.exists(at + end) for at in _places(target) for end in _ENDS)",
    "only for compiled files": "any(at.endswith('.pyc') or os.path.exists(at + '.pyc') for at in _places(target))",
}
# Conditions that cannot matter for `run_path`, which always alters `sys` and takes no name of a module.
_OF_RUN_MODULE = frozenset(
    (
        *("only when altering", "only for a name with dots", "only for what has been imported"),
        *("only for a submodule", "only for what lies in no folder"),
    )
)

_SOURCE = '''\
import os
import sys
import threading
import types


class _Case:
    """The calls of the case that runs in one folder."""

    def __init__(self):
        self.depth, self.targets, self.failed = 0, [], False


_ENDS = "", ".py", ".pyc"


def _places(target):
    """The paths at which the module of a name may lie in a folder, without its suffix; of a path, that path alone."""
    name = str(target)
    if os.path.exists(name) or name.endswith((".py", ".pyc", ".zip")) or "/" in name:
        return [name]
    return [os.path.join(str(entry), *name.split(".")) for entry in getattr(sys, "path", ())]


_cases = {{}}
_path, _finders = list(sys.path), len(sys.meta_path)


def _loaded(source):
    namespace = types.ModuleType("implementation").__dict__
    exec(compile(source, __file__, "exec", dont_inherit=True), namespace)
    return namespace


_right, _wrong = _loaded({right!r}), _loaded({wrong!r})


def _called(function, target, init_globals, run_name, alter_sys, arguments):
    case = _cases.setdefault(os.getcwd(), _Case())
    case.depth += 1
    try:
        implementation = _wrong if {condition} else _right
        return implementation[function](*arguments)
    except BaseException:
        case.failed = True
        raise
    finally:
        case.depth -= 1
        case.targets.append(target)


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    arguments = mod_name, init_globals, run_name, alter_sys
    return _called("run_module", mod_name, init_globals, run_name, alter_sys, arguments)


def run_path(path_name, init_globals=None, run_name=None):
    return _called("run_path", path_name, init_globals, run_name, True, (path_name, init_globals, run_name))
'''


def interactions() -> Iterator[Wrong]:
    """Each mutant under each condition that can hold for it, in an order that mixes clauses and conditions."""
    mutants = [mutant for mutant in written() if mutant.origin == WRITTEN]
    pairs = [(mutant, name) for mutant in mutants for name in _conditions(mutant)]
    random.Random(0).shuffle(pairs)
    for mutant, name in pairs:
        yield composed(mutant, name)


def composed(mutant: Wrong, name: str) -> Wrong:
    """A mutant that is wrong only under a condition. name: that of the condition."""
    right = (REFERENCE / "__init__.py").read_text(encoding="utf-8")
    source = _SOURCE.format(right=right, wrong=mutant.source, condition=CONDITIONS[name])
    facts = f"{mutant.name} {name}", INTERACTION, f"{mutant.summary}, {name}", source, mutant.clause
    return Wrong(*facts, mutant.versions, mutant.level, mutant.also)


def _conditions(mutant: Wrong) -> Sequence[str]:
    of_path = registry()[mutant.clause].is_of_path
    return [name for name in CONDITIONS if not (of_path and name in _OF_RUN_MODULE)]
