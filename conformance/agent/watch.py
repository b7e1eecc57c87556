"""Sees what happens while a step runs: modules executed, warnings shown, audit events, what the world notes down.

The world needs no help for this: `frames` shows the entry and the exit of every `<module>` frame, also when it
raises. Each becomes an event, in the order of time, with the namespace and the state of `sys` at that moment.
"""

from __future__ import annotations

import re
import sys
import types
from typing import Any, Callable, Dict, List, Set, Tuple

from . import OF_AN_IMPORT, SPECIALS, frames
from .describe import Describer, ask, identity, own_dict, safe_str, type_name
from .frames import get_ident
from .state import State

AUDITED = ("open", "compile", "exec", "import", "function.__new__")
_PYC_TEMPORARY = re.compile(r"(\.pyc)\.\d+$")
_MISSING = object()
_WRITES_BACK = sys.version_info[:2] == (3, 12)


class Watch:
    """The events of one case.

    is_world: tells whether code from a file name belongs to the world. names: those of its modules.
    """

    def __init__(self, describer: Describer, state: State, is_world: Callable[[str], bool], names: Set[str]) -> None:
        self._describer = describer
        self._state = state
        self._is_world = is_world
        self._names = names
        self._counts: Dict[str, int] = {}
        self._running: List[Tuple[int, Any]] = []
        self.throughout = True  # see also bodies that are executed without the interpreter telling of it
        self.auditing = False
        self._thread = 0
        self.events: List[Dict[str, Any]] = []
        self.audited: List[List[Any]] = []

    def start(self) -> None:
        """Watch from here on."""
        self.auditing = True
        self._thread = get_ident()
        frames.follow(self._begins, self._ends, self._running, throughout=self.throughout)

    def stop(self) -> None:
        """Stop watching; what happens next is our own doing."""
        frames.rest()
        self.auditing = False

    def take(self) -> Dict[str, Any]:
        """The events since the last call, and the audit events."""
        taken = {"events": self.events, "audit": self.audited}
        self.events, self.audited = [], []
        return taken

    # -- modules executed -------------------------------------------------------------------------------------

    def _begins(self, frame: types.FrameType) -> None:
        if self._is_execution(frame):
            self._take_down(self._entry, frame)

    def _ends(self, frame: types.FrameType) -> None:
        self._take_down(self._exit, frame)

    def _take_down(self, moment: Callable[[types.FrameType], Dict[str, Any]], frame: types.FrameType) -> None:
        auditing, self.auditing = self.auditing, False
        try:
            self._describer.begin()
            self.events.append(moment(frame))
        finally:
            self.auditing = auditing

    def _is_execution(self, frame: types.FrameType) -> bool:
        file = frame.f_code.co_filename
        if file.startswith("<step "):
            return False
        if self._is_world(file):
            return True
        # What exec makes of a text, and code under a wrong name: a run if it is given a module's namespace.
        if "__spec__" not in frame.f_globals:
            return False
        if any(namespace is frame.f_globals for _, namespace in self._running):
            return False  # a module that runs evaluates a text in its own namespace, or has it evaluated
        place = frame.f_globals.get("__file__")
        if file != "<string>" and not (type(place) is str and self._is_world(place)):
            return False
        return not _has_own_locals(frame)

    def _entry(self, frame: types.FrameType) -> Dict[str, Any]:
        namespace = frame.f_globals
        describe = self._describer.value
        how = "import" if _is_import(namespace) else "run"
        file = self._describer.text(frame.f_code.co_filename)
        count = self._counts[file] = self._counts.get(file, 0) + 1
        where = file + (" #{}".format(count) if count > 1 else "")
        known = self._describer.label(namespace)
        self._describer.name(namespace, "globals of " + where)
        entry: Dict[str, Any] = {"event": how, "file": file}
        handled = sys.exc_info()[0]
        if handled is not None:
            entry["handled"] = type_name(handled)
        if known is not None:
            entry["namespace"] = known
        shown = SPECIALS if how == "run" else OF_AN_IMPORT
        entry["specials"] = {
            key: describe(namespace[key], "{} of {}".format(key, where)) for key in shown if key in namespace
        }
        entry["keys"] = [describe(key, "key") for key in list(namespace)]
        entry["globals"] = [
            [describe(key, "key"), describe(value, "{} of {}".format(key if type(key) is str else "key", where))]
            for key, value in sorted(namespace.items(), key=lambda item: str(item[0]) if type(item[0]) is str else "")
            if key not in SPECIALS
        ]
        entry["locals"] = not _has_own_locals(frame)
        entry.update(self._surroundings(namespace))
        self._running.append((identity(frame), namespace))
        return entry

    def _exit(self, frame: types.FrameType) -> Dict[str, Any]:
        namespace = frame.f_globals
        while self._running and self._running.pop()[0] != identity(frame):
            pass
        leaving: Dict[str, Any] = {"event": "end", "file": self._describer.text(frame.f_code.co_filename)}
        if not _is_import(namespace):
            leaving["globals"] = [
                pair
                for pair in self._describer.pairs(namespace, "exit global")
                if pair[0] not in ("__builtins__", "__warningregistry__")
            ]
        leaving.update(self._surroundings(namespace))
        return leaving

    def _surroundings(self, namespace: Dict[Any, Any]) -> Dict[str, Any]:
        found: Dict[str, Any] = {}
        argv = self._state.argv()
        if argv is not None:
            found["argv"] = argv
        found["entry"] = _entry_of(namespace)
        modules = self._state.modules()
        if modules:
            found["modules"] = modules
        rest = self._state.rest(in_flight=True)
        if rest:
            found["state"] = rest
        return found

    # -- the rest ---------------------------------------------------------------------------------------------

    def note(self, *values: object) -> None:
        """What the world's code calls to write something down, in order with everything else."""
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
            return  # about the implementation's own code, and nobody is shown it
        text = self._describer.message(safe_str(message))
        self.events.append({"event": "warning", "category": type_name(category), "text": text, "where": where})

    def audit(self, event: str, args: tuple) -> None:  # type: ignore[type-arg]
        """Hear one of the AUDITED events (PEP 578): kept are those of the step's thread that concern the world.

        Like the modules executed, those of other threads come in an order, and at times in a number, that is chance.
        """
        if get_ident() != self._thread:
            return
        subject = args[0]
        if event == "import":
            if type(subject) is str and subject.partition(".")[0] in self._names:
                self.audited.append([event, subject])
            return
        if event in ("exec", "function.__new__"):  # which is another way to execute code
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
        # Not an archive that is searched: by anybody's import of anything.
        if any(type(entry) is str and entry == subject for entry in list(sys.path)):
            return
        text = self._describer.text(subject)
        self.audited.append([event, _PYC_TEMPORARY.sub(r"\1", text) if ".pyc." in text else text])


def _has_own_locals(frame: types.FrameType) -> bool:
    """Whether code has other locals than globals.

    Not asked on 3.12 where a comprehension has become part of the body: to look is to have its variables written back,
    as None and with a warning, when a profile function is there.
    """
    if _WRITES_BACK and frame.f_code.co_nlocals:
        return False
    return frame.f_locals is not frame.f_globals


def _is_import(namespace: Dict[Any, Any]) -> bool:
    """Whether a module's code is being executed by an import, which marks the spec while it lasts."""
    spec = namespace.get("__spec__")
    if ask(spec, "_initializing") is not True:
        return False
    name = ask(spec, "name")
    module = sys.modules.get(name) if type(name) is str else None
    return module is not None and own_dict(module) is namespace


def _entry_of(namespace: Dict[Any, Any]) -> str:
    """What `sys.modules` holds under the module's own name: nothing, the module itself, or something else."""
    try:
        found = sys.modules.get(namespace.get("__name__"), _MISSING)  # type: ignore[arg-type]
    except Exception:  # a name that cannot be hashed, or that will not be compared
        return "absent"
    if found is _MISSING:
        return "absent"
    return "own" if own_dict(found) is namespace else "another"
