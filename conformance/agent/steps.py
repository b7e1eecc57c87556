"""Runs the steps of one case in this process, and assembles the observation.

Rules. Owns the namespace of the steps and the order in which things are looked at. It undoes nothing: either the
process ends afterwards, or `rollback` restores the interpreter. Nothing of the world is trusted (see `describe`).

Theory of operation. First the world is written, and the interpreter prepared as a user's would be: `sys.path`,
`sys.argv`, warnings, the module `under_test`. Then, step by step: the state is marked (`state`), the code is run while
`watch` listens, and afterwards the outcome, the events, the changed state, the names bound by the steps, the output and
the files are described, in this order. The order matters: it decides which place of an object counts as the first.
"""

from __future__ import annotations

import itertools
import operator
import re
import sys
import types
import warnings
from typing import TYPE_CHECKING, Any, Callable, ClassVar, Dict, List, Set, Tuple, Union

from . import MANY, commands, frames, outputs, world
from .describe import SEPARATOR, Describer, safe_str, slot
from .greeting import callable_name
from .loaded import hide_candidates_modules
from .moment import ABSENT
from .namespaces import REGISTRY
from .own import identity, os
from .raised import raised_at
from .state import State
from .watch import AUDITED, Watch

if TYPE_CHECKING:
    from .candidate import Functions
    from .messages import CaseRequest, CommandRequest, ExceptionDescription, Observation, StepObservation, StepRequest
    from .messages import Unsupported as UnsupportedMessage

_hooks = (frames.trace_function, frames.profile_function)
_QUIET = (DeprecationWarning, PendingDeprecationWarning, ResourceWarning)
_MAX_OUTPUT = 20_000
_WORDS = re.compile(r"\w+")
_UNANNOUNCED = ("exec(", "eval(", "get_code", "FunctionType")  # where a case has code executed from text, or called
_OWN_NAMES = frozenset(("__builtins__", "__name__", REGISTRY, "run_module", "run_path", "note", "result", "error"))


class Unsupported(Exception):
    """Raised by an adapter, or by a step, for a call that the candidate does not offer; its text says why.

    It counts as soon as it is created, since the world's code, or one of its threads, may catch it.
    """

    made: ClassVar[List[str]] = []  # the texts of those that were created in this case

    def __init__(self, *reasons: object) -> None:
        super().__init__(*reasons)
        self.made.append(safe_str(self))


def observe(
    case: CaseRequest, root: str, functions: Functions, *, alone: bool
) -> Union[Observation, UnsupportedMessage]:
    """Build the world of `case` in the empty folder `root`, run its steps, and return the observation.

    functions: the functions under test themselves, never wrappers. alone: no other case is run in this process, so a
    slower way of watching is affordable.
    """
    Unsupported.made.clear()
    run = _Run(case, root, functions, alone=alone)
    return run.all_steps(case["steps"])


def _not_offered(name: str) -> Callable[..., Any]:
    """A function in the place of one that the side under test does not offer."""

    def refuse(*_: Any, **__: Any) -> Any:
        raise Unsupported("it offers no {}".format(name))

    return refuse


# The code of steps, which many cases share, by number, text and whether the step is a call.
_CODE: Dict[Tuple[int, str, bool], types.CodeType] = {}
_MOST_CODE = 2000


def prepare(case: CaseRequest) -> None:
    """Compile the steps of a case that will be run: once, in the warm agent."""
    if len(_CODE) > _MOST_CODE:
        _CODE.clear()
    for number, step in enumerate(case["steps"], 1):
        source = step.get("call", step.get("do"))
        if source is None:
            continue  # it writes files, or is a command
        key = (number, source, "call" in step)
        if key not in _CODE:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # a warning has to be given in the case itself
                try:
                    _CODE[key] = _compiled(*key)
                except Exception:  # it has to be raised in the case itself
                    continue


def _compiled(number: int, source: str, is_call: bool) -> types.CodeType:
    return compile(source, "<step {}>".format(number), "eval" if is_call else "exec", dont_inherit=True)


class _Run:
    """One case in one process: the namespace of its steps, and everything that observes them.

    It has more attributes than other classes because it is the place where all observers of a case meet.
    """

    def __init__(self, case: CaseRequest, root: str, functions: Functions, *, alone: bool) -> None:
        self._root = root
        is_world = world_test(root, _tops(case))
        written = world.write(root, case["files"])
        os.chdir(root)
        offered = {name: function for name, function in functions._asdict().items() if function is not None}
        under = {name: offered.get(name) or _not_offered(name) for name in functions._fields}
        callables = {name: callable_name(function) for name, function in offered.items()}
        self._describer = Describer(root, callables, is_world)
        self._state = State(self._describer)
        self._watch = Watch(root, self._describer, self._state, is_world, _names(case))
        text = str(case).replace("\\n", " ")
        hide_candidates_modules(text)
        self._looks_at_trace = "gettrace" in text
        sys.dont_write_bytecode = False
        sys.pycache_prefix = None
        sys.argv = list(case["argv"])
        self._path = [_entry(root, entry) for entry in case["path"]]
        sys.path[:0] = self._path
        self._run_module = functions.run_module
        under_test = sys.modules["under_test"]
        note = self._watch.note
        under_test.__dict__.update(under, note=note, Unsupported=Unsupported)
        warnings.resetwarnings()
        for category in _QUIET:
            warnings.simplefilter("ignore", category)
        warnings.simplefilter("always", append=True)
        warnings.showwarning = self._showwarning = self._watch.showwarning
        self._namespace: Dict[str, Any] = {
            "__name__": "steps",
            **under,
            "note": note,
            "__builtins__": vars(sys.modules["builtins"]),  # not those of the agent
        }
        self._describer.opaque(vars(sys.modules["builtins"]), "builtins")
        self._describer.opaque(sys.modules["builtins"], "builtins module")
        self._describer.opaque(sys.modules, "sys.modules")
        for name, function in under.items():
            self._describer.opaque(function, name)
        self._describer.opaque(note, "note")
        self._describer.opaque(self._showwarning, "warnings.showwarning")
        self._describer.opaque(under_test, "under_test")
        self._describer.opaque(self._namespace, "the steps")
        _listen(self._watch)
        self._watch.throughout = alone or not _AnnouncementTest.announces_all(text)
        self._streams = (sys.stdout, sys.stderr)
        self._read = [_size(1), _size(2)]
        self._shown_names: Dict[str, str] = {}  # of files, by path; empty for those that are not shown
        self._files = (
            self._list_files() if written is None else {self._describer.text(k): v for k, v in written.items()}
        )
        self._hooks: Dict[str, str] = {}
        self._own_hooks = [hook() for hook in _hooks]  # of a candidate that traces or profiles since its import
        self._steps = len(case["steps"])
        self._told: Tuple[List[str], List[int]] = (
            [],
            [],
        )  # the names as of the last step, the identities of their values
        self._fresh: Set[str] = set()  # the names that were told then and not after the step before
        self._is_world = is_world
        self._raised_at: List[str] = []  # by step

    def all_steps(self, steps: List[StepRequest]) -> Union[Observation, UnsupportedMessage]:
        """Run the steps up to the first one that is not supported."""
        observed: List[StepObservation] = []
        for number, step in enumerate(steps):
            self._raised_at.append("")
            try:
                observed.append(self._step(step, number + 1))
            except Unsupported as exc:
                Unsupported.made.append(safe_str(exc))  # a subclass may not have called our constructor
            if frames.traced() and self._looks_at_trace:
                Unsupported.made.append(
                    "a profiler that is C needs a trace function of ours, which this case would see"
                )
            if Unsupported.made:
                return {"unsupported": Unsupported.made[0]}
        if any(self._raised_at):
            return {"raised_at": self._raised_at, "steps": observed}
        return {"steps": observed}

    def _step(self, step: StepRequest, number: int) -> StepObservation:
        if "write" in step:
            world.write(self._root, step["write"], number)
            self._files = self._list_files()
            return {}
        if "command" in step:
            return self._command(step["command"])
        is_call = "call" in step
        source = step["call"] if is_call else step["do"]
        code = _CODE.get((number, source, is_call)) or _compiled(number, source, is_call)
        self._state.mark()
        if is_call:  # the outcome of a call is bound until the next call
            self._namespace.pop("result", None)
            self._namespace.pop("error", None)
        observed: StepObservation = {}
        try:
            self._watch.start()
            hooks = self._foreign_hooks()
            try:
                value = eval(code, self._namespace)
            finally:
                changed = self._foreign_hooks()
                self._watch.stop()
                self._changed_hooks(hooks, changed)
        except Unsupported:
            raise
        except BaseException as exc:
            observed["outcome"] = "raised"
            self._describer.begin()
            exception: ExceptionDescription = self._describer.value(exc, "the exception")
            observed["exception"] = exception
            exception["namespace"] = self._last_namespace(exc)
            frame = _last_frame(exc)
            exception["from_runpy"] = frame is not None and frame.f_globals.get("__name__") == "runpy"
            del frame
            self._raised_at[-1] = raised_at(exc, self._is_world, self._describer.text)
            BaseException.with_traceback(exc, _without_agent(slot(exc, "__traceback__")))
            self._namespace["error"] = exc
        else:
            observed["outcome"] = "returned"
            if is_call:
                self._describer.begin()
                observed["result"] = self._describer.value(value, "result")
                self._namespace["result"] = value
                del value
        observed.update(self._after(source, is_last=number == self._steps))
        return observed

    def _command(self, request: CommandRequest) -> StepObservation:
        command = self._run_module if isinstance(self._run_module, commands.Command) else commands.Command()
        try:
            return {"command": commands.run(command, request, self._root, self._path)}
        except commands.Refused as exc:
            raise Unsupported(exc) from None

    def _after(self, source: str, *, is_last: bool) -> StepObservation:
        """Everything but the outcome of the step that has just been run. source: of the step."""
        observed = self._watch.take()
        self._describer.begin()
        argv = self._state.argv()
        if argv is not None:
            observed["argv"] = argv
        observed["modules"] = self._state.modules()
        observed["state"] = self._state.other_changes()
        if self._hooks:
            observed["state"].setdefault("state", {}).update(self._hooks)
        self._describer.begin()
        self._add_names(observed, source, is_last=is_last)
        observed["stdout"], observed["stderr"] = self._output(1), self._output(2)
        files = self._list_files()
        observed["files"] = sorted(
            [
                name + ("" if name in self._files else " created")
                for name in files
                if files[name] != self._files.get(name)
            ]
            + [name + " removed" for name in self._files if name not in files]
        )
        self._files = files
        return observed

    def _add_names(self, observed: StepObservation, source: str, *, is_last: bool) -> None:
        """Add the names that the steps have bound.

        Where they are many, only the last step tells them all. Any other tells those that it binds or mentions, and
        those of the step before once more, since they are told in another way when they have been met.
        """
        namespace = dict(self._namespace)
        keys = [key for key in namespace if key not in _OWN_NAMES]
        numbers = list(map(identity, map(namespace.get, keys)))
        told, told_numbers = self._told
        self._told = (keys, numbers)
        new = set(_WORDS.findall(source)).intersection(keys)
        gone: List[Any] = []
        if keys[: len(told)] == told:
            new.update(keys[len(told) :])
            new.update(itertools.compress(told, map(operator.ne, told_numbers, numbers)))
        else:
            before = dict(zip(told, told_numbers))
            new.update(key for key, number in zip(keys, numbers) if before.get(key) != number)
            gone = [key for key in told if key not in namespace]
        telling, self._fresh = new | self._fresh, new
        values = ((key, namespace[key]) for key in keys if not isinstance(namespace[key], types.ModuleType))
        whole = is_last or len(list(itertools.islice(values, MANY + 1))) <= MANY
        shown = {
            key: self._describer.value(namespace[key], key)
            for key in keys
            if (whole or key in telling) and not isinstance(namespace[key], types.ModuleType)
        }
        if whole:
            observed["names"] = shown
        else:
            gone += [key for key in keys if key in new and key not in shown]  # now a module, which is not told
            observed["changed_names"] = {**shown, **dict.fromkeys(gone, ABSENT)}

    def _foreign_hooks(self) -> List[Any]:
        """The trace and the profile function; that with which the case began, a candidate's own one, counts as none."""
        return [None if (now := hook()) is own else now for hook, own in zip(_hooks, self._own_hooks)]

    def _changed_hooks(self, before: List[Any], now: List[Any]) -> None:
        """Note the trace or profile function if the step has changed it."""
        self._hooks = {
            name: "none" if new is None else "another"
            for name, old, new in zip(("trace function", "profile function"), before, now)
            if new is not old
        }

    def _last_namespace(self, exc: BaseException) -> Any:
        """The globals of the innermost frame of the traceback, if that is the body of a module of the world."""
        frame = _last_frame(exc)
        if frame is None or frame.f_code.co_name != "<module>":
            return None
        if not frame.f_code.co_filename.startswith((self._root + SEPARATOR, "world:")):
            return None
        return self._describer.value(frame.f_globals, "the failed namespace")

    def _output(self, descriptor: int) -> str:
        """The text written to a standard stream since the last step."""
        try:
            self._streams[descriptor - 1].flush()
            size = outputs.size(descriptor)
            start, self._read[descriptor - 1] = self._read[descriptor - 1], size
            if size == start:
                return ""
            data = outputs.read(descriptor, min(size - start, _MAX_OUTPUT), start)
        except (OSError, ValueError):
            return "<closed>"
        text = self._describer.message(data.decode("utf-8", "backslashreplace"))
        return text if size - start <= _MAX_OUTPUT else "{}... {} bytes".format(text, size - start)

    def _list_files(self) -> Dict[str, Any]:
        """The files of the world, each with the facts by which a changed file is recognised."""
        found: Dict[str, Any] = {}
        folders = [(self._root, "")]
        while folders:
            folder, shown = folders.pop()
            try:
                entries = list(os.scandir(folder))
            except OSError:  # the world has removed it
                continue
            for entry in entries:
                name = shown + entry.name
                if entry.is_dir(follow_symlinks=False):
                    folders.append((entry.path, name + "/"))
                    continue
                known = self._shown_names.get(name)
                if known is None:
                    # Below sys.pycache_prefix the folder of the world is part of the name.
                    elsewhere = world.is_compiled_elsewhere(entry.path, self._root)
                    known = self._shown_names[name] = "" if elsewhere else self._describer.text(name)
                if known:
                    found[known] = world.look(entry.stat(follow_symlinks=False))
        return found


_listeners: List[Any] = []


def _listen(watch: Watch) -> None:
    """Pass each audit event to `watch`. A hook cannot be removed, so there is one for all cases."""
    if not _listeners and hasattr(sys, "addaudithook"):
        _listeners[:] = [_AnnouncementTest]
        sys.addaudithook(_hook)
        _AnnouncementTest.of_code = frames.finds_announced(compile("", "<tried>", "exec", dont_inherit=True))
        _AnnouncementTest.of_text = frames.finds_announced("")
    _listeners[:] = [watch]


class _AnnouncementTest:
    """Listens before the first case, to test whether audit events announce the body of every module (see `frames`)."""

    auditing, of_code, of_text = True, False, False

    @classmethod
    def announces_all(cls, text: str) -> bool:
        """True if each body in a case with this text is announced: PyPy announces only those of code objects."""
        return cls.of_code and (cls.of_text or not any(word in text for word in _UNANNOUNCED))

    @staticmethod
    def audit(event: str, args: Any) -> None:
        if event in ("exec", "function.__new__"):
            frames.announced(args[0])


def _hook(event: str, args: Any, audited: Tuple[str, ...] = AUDITED) -> None:
    watch = _listeners[0]
    if watch.auditing and event in audited:
        watch.audit(event, args)


def _size(descriptor: int) -> int:
    try:
        return outputs.size(descriptor)
    except OSError:  # closed, by an earlier case
        return 0


def _entry(root: str, entry: str) -> str:
    """An entry of `sys.path`: absolute, unless it is written as the escape for a relative one, `raw:`."""
    if entry.startswith("raw:"):
        return entry[4:]
    return os.path.normpath(os.path.join(root, world.real_name(entry)))


def world_test(root: str, tops: Set[str], separator: str = SEPARATOR) -> Callable[[str], bool]:
    """A function that says of the file name of code if the code belongs to the world.

    root: the folder of the world. tops: the names with which relative names of its files begin; `run_path` gives code
    the path that it was given. separator: of the platform, which takes a slash for one too.
    """
    inside = root.replace(separator, "/")
    prefixes = (inside + "/", "world:", "<step ")

    def is_world(file: str) -> bool:
        if separator != "/":
            file = file.replace(separator, "/")
        if file.startswith(prefixes) or file == inside:
            return True
        if file.startswith(("<", "/")) or (separator != "/" and file[1:2] == ":"):  # the second is a drive
            return False
        return (file[2:] if file.startswith("./") else file).partition("/")[0] in tops

    return is_world


def _tops(case: CaseRequest) -> Set[str]:
    """The names that stand first in the paths of the world's files, if the case calls `run_path`."""
    if not any("run_path" in str(step) for step in (*case["steps"], case["files"])):
        return set()
    files = [name for step in case["steps"] for name in step.get("write", ())] + list(case["files"])
    return {world.real_name(name).partition("/")[0] for name in files}


def _names(case: CaseRequest) -> Set[str]:
    """The top-level names that modules of the world could have."""
    found: Set[str] = set()
    files = list(case["files"])
    for step in case["steps"]:
        files.extend(step.get("write", ()))
    for recipe in case["files"].values():
        if isinstance(recipe, dict):
            files.extend(recipe.get("zip", ()))
    for name in files:
        found.update(part.partition(".")[0] for part in world.real_name(name).split("/"))
    return found - {""}


def _last_frame(exc: BaseException) -> Any:
    """The innermost frame of a traceback, or None."""
    traceback = slot(exc, "__traceback__")
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return None if traceback is None else traceback.tb_frame


def _without_agent(traceback: Any) -> Any:
    """The part of a traceback from the step's own frame on, as a caller would get it."""
    while traceback is not None and not traceback.tb_frame.f_code.co_filename.startswith("<step "):
        traceback = traceback.tb_next
    return traceback
