"""The messages of the protocol as types; docs/protocol.md explains them, docs/protocol.schema.json is made from here.

Rules. Types only: nothing here has behaviour, and nothing is imported but `typing`, as Python 3.8 has it. The agent
imports this module only for type checkers, so that it costs a target nothing; the driver checks by these types what an
agent sends (`observation/protocol.py`).

Theory of operation. A message is a JSON object, so its type is a `TypedDict`. Python 3.8 has no `Required`: where some
keys are always present and others are not, the first are in a base class. A key that is a Python keyword needs the
functional form. A message that comes in several forms is told apart by its keys, which type checkers follow if the
types are final. The description of an object is `Described`: it has as many forms as there are kinds of objects;
`describe` writes it and explains its notation.
"""

from __future__ import annotations

from typing import Any, Dict, List, Literal, TypedDict, Union, final

# An object as `describe` writes it: None, a boolean, an integer or a text stands for itself; everything else is an
# object whose first key names the kind.
Described = Any
# A key and a value of a dictionary, as a list of two.
Pair = List[Described]
# The text of a file, or a table of how to make it (see `world`).
Recipe = Union[str, Dict[str, Any]]


# -- what the driver sends -------------------------------------------------------------------------------------


class _CommandRequest(TypedDict):
    command: List[str]  # interpreter options; "-m" and the name of a module, or a path; the arguments of the program


class CommandRequest(_CommandRequest, total=False):
    """A command that runs a module or a path."""

    stdin: str  # the text on standard input; default: none
    variables: Dict[str, str]  # of the environment
    folder: str  # the current folder, below the root of the world


class StepRequest(TypedDict, total=False):
    """One step: exactly one of these keys."""

    do: str  # statements
    call: str  # an expression
    write: Dict[str, Recipe]  # files, by name
    command: CommandRequest


class CaseRequest(TypedDict):
    """A case without its name: the world to build, and the steps to run in it."""

    files: Dict[str, Recipe]
    path: List[str]  # entries of sys.path, below the root of the world
    argv: List[str]
    steps: List[StepRequest]


class Limits(TypedDict):
    """The limits that the driver keeps to; an agent keeps to them itself where it can."""

    load: float  # seconds for answering `start`
    memory: int  # bytes for each process


class Start(TypedDict):
    """The first message: the side to load. The answer is a handshake, or says that the side cannot be loaded."""

    protocol: int
    side: str  # "oracle", "runpy", or the name of a candidate
    import_from: str  # a folder put first on sys.path, or an empty text
    once: bool  # the agent is for a single request of one case, and `spent` afterwards
    folder: str  # where the agent may keep files of its own; the roots of requests lie below it
    limits: Limits


class Request(TypedDict):
    """One or several cases to run one after another."""

    id: int
    cases: List[CaseRequest]
    root: str  # the folder in which the worlds are built; it must not exist
    timeout: float  # seconds for each case


class Reset(TypedDict):
    """Bring the interpreter back to where it was after the handshake. Sent only if that says `resets`."""

    id: int
    reset: bool


# -- what the agent sends --------------------------------------------------------------------------------------


class _BuildFacts(TypedDict):
    implementation: str  # as in sys.implementation.name
    version: str  # of the language: "3.13.0", "3.15.0rc1"
    platform: str  # the system and the machine, such as "linux-x86_64"
    abiflags: str
    builtin: List[str]  # the names of the modules that are built in
    frozen: List[str]  # the names of the modules that are frozen, in this process: an option may turn most of them off
    words: Dict[str, str]  # its names for `{library}`, `{extension}` and `{tag}`, the words that all interpreters share


class BuildFacts(_BuildFacts, total=False):
    """The build of an interpreter: by these facts it is named, and compared with another one."""

    own_version: str  # of the implementation, which for PyPy is another than that of the language: "7.3.19"
    triplet: str  # the platform for which it was compiled, such as "x86_64-linux-musl"
    distribution: str  # the name and version under which a build of CPython is published: "Pyodide 0.29.5"
    gil_disabled: bool  # it was built without a global lock
    debug: bool  # it was built with the checks of Py_DEBUG


class _Handshake(TypedDict):
    protocol: int
    build: BuildFacts
    version: str  # such as "3.13.0"
    executable: str  # empty if it has none
    capabilities: List[str]  # what a case may require, found by trying
    forks: bool  # each request is run in a process of its own, so that nothing can end the agent
    warm: bool  # it takes request after request, and several cases in one
    resets: bool  # it understands `reset`
    single_threaded: bool  # loading the candidate has started no thread
    delegates: bool  # the candidate is the interpreter's own function
    offers: List[str]  # the functions under test that there are: "run_module", "run_path"
    unseen: Dict[str, str]  # fields that cannot be observed through the adapter, with the reason


@final
class Handshake(_Handshake, total=False):
    """The answer to `start`: the interpreter, what it can do, and the side that was loaded."""

    made_of: List[Any]  # of the oracle only: what decides how it behaves, to be compared as a whole


class _CannotLoad(TypedDict):
    cannot_load: str  # one sentence


@final
class CannotLoad(_CannotLoad, total=False):
    """The other answer to `start`, and the last message of an agent whose candidate cannot be loaded."""

    missing: str  # the module that cannot be found, if that is the reason


@final
class Refused(TypedDict):
    """The last message of an agent that was sent something that is no message of the protocol."""

    refused: str  # one sentence, which names the message and the field


@final
class CaseResult(TypedDict):
    """The result of one case of a request. The results of a request come in the order of its cases."""

    id: int  # of the request
    case: int  # its number in the request, from 0
    result: Dict[str, Any]  # an Observation, Unsupported or AgentFailed


class _Answer(TypedDict):
    id: int  # of the request, or of the reset
    status: Literal["done", "signal", "exit", "hang"]


@final
class Answer(_Answer, total=False):
    """The end of a request, after its results; or of a reset."""

    detail: float  # the number of the signal, the exit status, or the seconds after which the case was ended
    changed: List[str]  # what could not be put back after a case; if there is anything, no result counts
    spent: bool  # the interpreter runs no other request: it is in a state that cannot be put back


# -- an observation --------------------------------------------------------------------------------------------

_Label = TypedDict("_Label", {"is": str}, total=False)  # where the same object was met before


class _ExceptionDescription(TypedDict):
    exception: str  # the name of its class
    message: str
    bases: List[str]
    args: List[Described]
    cause: Described
    context: Described
    suppress_context: bool
    frames: List[List[Union[str, int, None]]]  # those of the world, outermost first: file, line, function


class ExceptionDescription(_ExceptionDescription, _Label, total=False):
    """An exception. Also the form of those under `cause` and `context`, unless they were met before."""

    name: Described  # of an ImportError, and so is path
    path: Described
    location: List[Described]  # of a SyntaxError: file and line
    held: Dict[str, Described]  # the contents of its other slots, such as `code` of a SystemExit, unless they are None
    attributes: List[Pair]
    namespace: Described  # of the exception that ended a step: the globals of the innermost module, or None
    from_runpy: bool  # likewise: it was raised in the interpreter's own runpy


class StateChanges(TypedDict, total=False):
    """The parts of the interpreter's state that changed, apart from sys.argv and sys.modules."""

    path: Described
    meta_path: Described
    path_hooks: Described
    filters: Described  # of warnings
    builtins: Dict[str, Described]
    main: Dict[str, Described]  # the globals of `__main__`
    environ: Dict[str, Described]
    cwd: Described
    attributes: Dict[str, List[str]]  # by module of the world, the names under which it now holds modules
    state: Dict[str, Described]  # everything else, such as sys.stdout


class _Event(TypedDict):
    event: Literal["run", "import", "end", "warning", "note"]


# It has many keys since it is the sum of five kinds of events: each kind has those that its docstring names.
class Event(_Event, total=False):
    """One thing that happened while a step ran.

    run, import: the code of a module of the world begins: file, specials, keys, globals, locals and entry are present,
    and the rest down to state where there is something to say. end: the code of a module ends: file, entry, after a run
    globals, and likewise argv, modules, state. warning: category, text, where. note: values.
    """

    file: str
    handled: str  # the class of the exception that is being handled
    namespace: str  # where the namespace was met before
    specials: Dict[str, Described]  # the special globals, such as `__name__`
    keys: List[Described]  # all names in the namespace, in order
    globals: List[Pair]  # the other globals
    locals: bool  # `locals() is globals()`
    argv: Described  # if sys.argv has changed
    entry: Literal["absent", "own", "another"]  # the entry of sys.modules under the module's name
    modules: Dict[str, Described]  # changed entries of sys.modules
    # In the place of modules where these are many: those that are not as they were at the moment before.
    changed_modules: Dict[str, Described]
    state: StateChanges
    category: str  # the class of a warning
    text: str
    where: str  # the file of the world that a warning is about, or "<implementation>"
    values: List[Described]  # the arguments of a note


class _Telling(TypedDict):
    event: Literal["program", "ended", "unreadable"]


class Telling(_Telling, total=False):
    """The facts that a program told of itself while it ran, or as it ended (then keys, main and argv alone)."""

    file: str  # the file of the code that told it
    specials: Dict[str, Described]  # the special globals
    keys: List[str]  # the other names in its namespace
    main: bool  # the namespace is that of `sys.modules['__main__']`
    entry: Literal["absent", "own", "another"]  # the entry of sys.modules under the name in its spec
    argv: Described
    path0: str  # the first entry of sys.path
    path: List[str]  # the entries of sys.path that lie in the world
    flags: Dict[str, Described]  # sys.flags
    cwd: str
    told: Dict[str, Described]  # the values that the case is about


class CommandObservation(TypedDict):
    """The outcome of a command."""

    ending: Union[int, str]  # the exit status, or how it ended otherwise, such as "signal 2"
    told: List[Telling]  # in the order of time
    stdout: List[str]  # lines
    stderr: List[str]  # the lines that belong to no traceback
    tracebacks: List[List[str]]  # of each, the frames of the world, and the exception
    files: List[str]  # that it has written into the world


class StepObservation(TypedDict, total=False):
    """The behaviour of one step: empty for a `write` step, and only `command` for a command.

    Of any other step only exception, result and argv may be missing.
    """

    command: CommandObservation
    outcome: Literal["returned", "raised"]
    exception: ExceptionDescription  # if it raised
    result: Described  # if it is a call that returned
    events: List[Event]  # in the order of time
    audit: List[List[str]]  # audit events that concern the world: the event and its subject
    argv: Described  # if sys.argv has changed
    modules: Dict[str, Described]  # changed entries of sys.modules
    state: StateChanges
    names: Dict[str, Described]  # the names that the case's own steps have bound
    # In the place of names where these are many: those that are not as they were after the step before.
    changed_names: Dict[str, Described]
    stdout: str
    stderr: str
    files: List[str]  # "name", "name created" or "name removed"


class _Observation(TypedDict):
    steps: List[StepObservation]


@final
class Observation(_Observation, total=False):
    """A result: the behaviour of a case that came to its end."""

    # Of a candidate only, by step: its own line at which the exception of the step was raised, or an empty text. The
    # first key of the result, and never compared.
    raised_at: List[str]


@final
class Unsupported(TypedDict):
    """A result: the candidate does not offer what the case calls."""

    unsupported: str  # the reason


@final
class AgentFailed(TypedDict):
    """A result: the agent itself failed, which is a fault of the suite."""

    agent_failed: str  # the traceback
