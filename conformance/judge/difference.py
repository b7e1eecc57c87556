"""One field that differs between two observations of a step, as the tables of owners look at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Difference:
    """One field that differs, with what the oracle shows about the run around it."""

    field: str
    kind: str
    oracle: Any
    candidate: Any
    altered: bool = False
    ran: bool = False  # a module is seen to run
    returned: bool = True
    of_world: bool = False
    same_error: bool = False  # both sides end in the same exception object, which was met before
    name: Any = None
    spec_name: Any = None
    located: bool = True
    imported: frozenset[str] = frozenset()  # the files of the modules that the oracle imports
    run: frozenset[str] = frozenset()  # the files of the modules that the oracle runs
    raises: str = ""  # the type of the exception with which the oracle ends
    refusal: str = ""  # with what the oracle ended, if nothing ran and the error is its own
    refused: str = ""  # with what the candidate ended, if it ran nothing and the error is its own ImportError
    nested_ended: bool = False  # as a module ends: a run inside its own has ended before
    run_instead: bool = False  # the candidate runs what the oracle imports
    key: str = ""  # of the entry or the variable that differs
    unseen: bool = False  # the code has run, as can be told by how the step ends, but it was not seen to run
    elsewhere: bool = False  # the other side executes the file, or warns, as often, at another moment or in another way
    other_entry: bool = False  # it is about an entry of sys.modules under which no module of this step runs
    initial: bool = False  # it is about a variable that is given as init_globals
    of_path: bool = False  # the step calls run_path
    compiled: bool = False  # and names a compiled file
    of_script: bool = False  # the step runs a path by a command
    of_module: bool = False  # the step runs a module by a command
    in_modules: bool = False  # the candidate's code, too, finds its own namespace in sys.modules under its name
    under_another_name: bool = False  # the candidate has entered the module of the code under another name than its own
    bound_later: bool = False  # it is about a name that the code has bound by its end


Condition = Callable[[Difference], bool]
