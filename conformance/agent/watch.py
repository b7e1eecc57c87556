"""Records what happens while a step runs: modules executed, warnings, audit events, and notes of the world's code.

Rules. Owns the events of a case in the order of time. It must leave no trace that the world's code could see, and it
describes objects at the moment of the event, since they may change afterwards.

Theory of operation. `frames` reports the entry and the exit of every `<module>` frame, also when it raises, without
help from the world. Each becomes an event with the namespace and the changes of the interpreter's state at that moment.
"""

from __future__ import annotations

import re
import sys
import types
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Set

from . import OF_AN_IMPORT, SPECIALS, frames
from .describe import SEPARATOR, Describer, ask, items_of, own_dict, safe_str, type_name
from .frames import get_ident
from .namespaces import Foreign
from .own import identity
from .state import State
from .world import is_compiled_elsewhere

if TYPE_CHECKING:
    from typing import Literal

    from .messages import Event, StepObservation

AUDITED = ("open", "compile", "exec", "import", "function.__new__")
_PYC_TEMPORARY = re.compile(r"(\.pyc)\.\d+$")
_MISSING = object()
_WRITES_BACK = sys.version_info[:2] == (3, 12)


class Watch:
    """The events of one case.

    root: the folder of the world. is_world: tells whether code from a file name belongs to the world. names: those of
    its modules.
    """

    def __init__(
        self, root: str, describer: Describer, state: State, is_world: Callable[[str], bool], names: Set[str]
    ) -> None:
        self._root = root
        self._describer = describer
        self._state = state
        self._is_world = is_world
        self._names = names
        self._counts: Dict[str, int] = {}
        self._running: Dict[int, Any] = {}  # by the identity of their frames: the globals of the bodies that run
        self.throughout = True  # also report bodies that no audit event announces
        self.auditing = False
        self._thread = 0
        self._in_threads: Set[str] = set()  # the files of the world whose code other threads have executed
        self.events: List[Event] = []
        self.audited: List[List[Any]] = []

    def start(self) -> None:
        """Watch from here on."""
        self.auditing = True
        self._running.clear()  # a body whose end was missed has ended with its step
        self._thread = get_ident()
        frames.follow(self._begins, self._ends, self._running, throughout=self.throughout)

    def stop(self) -> None:
        """Stop watching: the agent itself acts from here on."""
        frames.stop()
        self.auditing = False

    def take(self) -> StepObservation:
        """The events since the last call, and the audit events."""
        in_threads = [["thread-exec", file] for file in sorted(self._in_threads)]
        taken: StepObservation = {"events": self.events, "audit": self.audited + in_threads}
        self.events, self.audited = [], []
        self._in_threads = set()
        return taken

    # -- modules executed -------------------------------------------------------------------------------------

    def _begins(self, frame: types.FrameType) -> None:
        if self._is_execution(frame):
            self._record(self._entry, frame)

    def _ends(self, frame: types.FrameType) -> None:
        self._record(self._exit, frame)

    def _record(self, describe: Callable[[types.FrameType], Event], frame: types.FrameType) -> None:
        auditing, self.auditing = self.auditing, False
        try:
            self._describer.begin()
            self.events.append(describe(frame))
        finally:
            self.auditing = auditing

    def _is_execution(self, frame: types.FrameType) -> bool:
        file = frame.f_code.co_filename
        if file.startswith("<step "):
            return False
        if self._is_world(file):
            return True
        # Code from `exec` of a text, or with a wrong file name: it is a run if its namespace is that of a module.
        if "__spec__" not in frame.f_globals:
            return False
        if any(namespace is frame.f_globals for namespace in self._running.values()):
            return False  # a running module has a text evaluated in its own namespace
        place = frame.f_globals.get("__file__")
        if file != "<string>" and not (type(place) is str and self._is_world(place)):
            return False
        return not _has_own_locals(frame)

    def _entry(self, frame: types.FrameType) -> Event:
        """The event of a body that begins."""
        namespace = frame.f_globals
        describe = self._describer.value
        is_import = _is_import(namespace)
        file = self._describer.text(frame.f_code.co_filename)
        count = self._counts[file] = self._counts.get(file, 0) + 1
        where = file + (" #{}".format(count) if count > 1 else "")
        known = self._describer.label(namespace)
        self._describer.name(namespace, "globals of " + where)
        entry: Event = {"event": "import" if is_import else "run", "file": file}
        handled = sys.exc_info()[0]
        if handled is not None:
            entry["handled"] = type_name(handled)
        if known is not None:
            entry["namespace"] = known
        specials = OF_AN_IMPORT if is_import else SPECIALS
        entry["specials"] = {
            key: describe(namespace[key], "{} of {}".format(key, where)) for key in specials if key in namespace
        }
        items = self._describer.own_items(namespace)
        entry["keys"] = [items_of(key) if type(key) is Foreign else describe(key, "key") for key, _ in items]
        entry["globals"] = [
            [items_of(key), {"without": key.missing} if key.missing else None]
            if type(key) is Foreign
            else [describe(key, "key"), describe(value, "{} of {}".format(key if type(key) is str else "key", where))]
            for key, value in sorted(items, key=lambda item: item[0] if type(item[0]) is str else "")
            if key not in SPECIALS
        ]
        entry["locals"] = not _has_own_locals(frame)
        self._surroundings(namespace, entry)
        self._running.pop(identity(frame), None)  # of a body whose end was missed
        self._running[identity(frame)] = namespace
        return entry

    def _exit(self, frame: types.FrameType) -> Event:
        """The event of a body that ends."""
        namespace = frame.f_globals
        while self._running and self._running.popitem()[0] != identity(frame):
            pass
        leaving: Event = {"event": "end", "file": self._describer.text(frame.f_code.co_filename)}
        if not _is_import(namespace):
            leaving["globals"] = [
                pair for pair in self._describer.pairs(namespace, "exit global") if pair[0] != "__builtins__"
            ]
        self._surroundings(namespace, leaving)
        return leaving

    def _surroundings(self, namespace: Dict[Any, Any], event: Event) -> None:
        """Add the changes of the interpreter's state at this moment to an event."""
        argv = self._state.argv()
        if argv is not None:
            event["argv"] = argv
        event["entry"] = _entry_of(namespace)
        told_as, modules = self._state.modules_meanwhile()
        if modules or told_as == "changed_modules":
            event[told_as] = modules
        others = self._state.other_changes(in_flight=True)
        if others:
            event["state"] = others

    # -- the rest ---------------------------------------------------------------------------------------------

    def note(self, *values: object) -> None:
        """Record some values as an event: a function that the world's code may call."""
        self._describer.begin()
        self.events.append({"event": "note", "values": [self._describer.value(v, "noted") for v in values]})

    def showwarning(
        self, message: Any, category: type, filename: str, lineno: int, file: object = None, line: object = None
    ) -> None:
        """Stands in for `warnings.showwarning`."""
        where = self._describer.text(filename) if self._is_world(filename) else "<implementation>"
        if where == "<implementation>" and issubclass(
            category, (DeprecationWarning, PendingDeprecationWarning, ResourceWarning)
        ):
            return  # it is about the implementation's own code, and hidden by default
        text = self._describer.message(safe_str(message))
        self.events.append({"event": "warning", "category": type_name(category), "text": text, "where": where})

    def audit(self, event: str, args: tuple) -> None:  # type: ignore[type-arg]
        """Record one of the AUDITED events (PEP 578) if it concerns the world.

        Only those of the step's own thread: the order of other threads' events, and at times their number, is chance.
        The same holds for modules executed. Of other threads only that is told which code they have executed.
        """
        if get_ident() != self._thread:
            if event == "exec":
                self._executed_elsewhere(getattr(args[0], "co_filename", None))
            return
        subject = args[0]
        if event == "import":
            if type(subject) is str and subject.partition(".")[0] in self._names:
                self.audited.append([event, subject])
            return
        if event in ("exec", "function.__new__"):  # the latter is another way to execute code
            frames.announced(subject)
            if event != "exec":
                return
            subject = getattr(subject, "co_filename", None)
        elif event == "compile":
            subject = args[1]
        if type(subject) is bytes:
            subject = subject.decode("utf-8", "surrogateescape")
        if type(subject) is not str or not self._is_world(subject) or subject.startswith("<step "):
            return
        # Not an archive on sys.path, which any import of anything may open.
        shown = subject.replace(SEPARATOR, "/")  # on Windows `zipimport` changes them
        if any(type(entry) is str and entry.replace(SEPARATOR, "/") == shown for entry in list(sys.path)):
            return
        if event == "open" and is_compiled_elsewhere(subject, self._root):
            return
        text = self._describer.text(subject)
        self.audited.append([event, _PYC_TEMPORARY.sub(r"\1", text) if ".pyc." in text else text])

    def _executed_elsewhere(self, file: object) -> None:
        """Note that another thread executes code of the world."""
        if type(file) is str and self._is_world(file) and not file.startswith("<step "):
            self._in_threads.add(self._describer.text(file))


def _has_own_locals(frame: types.FrameType) -> bool:
    """True if the locals of a frame are not its globals.

    The answer is False without a look on 3.12 where a comprehension has become part of the body: looking would write
    its variables back, as None and with a warning, if there is a profile function.
    """
    if _WRITES_BACK and frame.f_code.co_nlocals:
        return False
    return frame.f_locals is not frame.f_globals


def _is_import(namespace: Dict[Any, Any]) -> bool:
    """True if a module's code is being executed by an import, which marks the spec meanwhile."""
    spec = namespace.get("__spec__")
    if ask(spec, "_initializing") is not True:
        return False
    name = ask(spec, "name")
    module = sys.modules.get(name) if type(name) is str else None
    return module is not None and own_dict(module) is namespace


def _entry_of(namespace: Dict[Any, Any]) -> Literal["absent", "own", "another"]:
    """The entry of `sys.modules` under a module's name: none, the module itself, or another object."""
    try:
        found = sys.modules.get(namespace.get("__name__"), _MISSING)  # type: ignore[arg-type]
    except Exception:  # the name cannot be hashed or compared
        return "absent"
    if found is _MISSING:
        return "absent"
    return "own" if own_dict(found) is namespace else "another"
