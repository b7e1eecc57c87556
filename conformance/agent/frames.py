"""Reports when the body of a module begins and ends, without its help.

Rules. Only bodies are reported: frames named `<module>` whose globals are not those of the import system. A profile or
trace function of the candidate keeps working, and the world's code must not see ours.

Theory of operation. Where there is `sys.monitoring`, it is used: each function that is no body switches itself off when
it is first called. Elsewhere `sys.setprofile` reports every call and every return in its thread, which is slow; so,
unless all bodies are to be followed throughout, it is set only from the announcement of a body, an audit event, to the
end of that body.
"""

from __future__ import annotations

import sys
import types
from typing import Any, Callable, Dict, List, Set, Tuple

from .own import identity

try:
    from _thread import get_ident as get_ident  # noqa: PLC0414 - for `watch` as well
except ImportError:  # an interpreter without threads

    def get_ident() -> int:
        """The one thread."""
        return 0


_setprofile, _getprofile, _settrace, _gettrace = (
    sys.setprofile,
    sys.getprofile,
    sys.settrace,
    sys.gettrace,
)  # the world may replace them
_BODY = "<module>"
# The namespaces of modules whose functions carry out an import; the body of a module never runs in one of them.
_MACHINERY = {
    identity(vars(sys.modules[name]))
    for name in (
        "_frozen_importlib",
        "_frozen_importlib_external",
        "importlib.util",
        "zipimport",
        "genericpath",
        "posixpath",
        "codecs",
        "os",
        "io",
        "re",
        "types",
        "_weakrefset",
        __name__,
        __name__.rpartition(".")[0] + ".watch",
    )
    if name in sys.modules
}
# For `sys.monitoring`: one of the numbers that are reserved for no tool.
_TOOL, _NAME = 4, "runpy-conformance"

Told = Callable[[types.FrameType], None]
_AT_WORK: List[Any] = []
_OTHERS: List[Tuple[Any, Any]] = []
_TRACED: List[bool] = []


if hasattr(sys, "monitoring"):
    _monitoring: Any = sys.monitoring
    _events, _DISABLE, _frame = _monitoring.events, _monitoring.DISABLE, sys._getframe
    _WANTED = _events.PY_START | _events.PY_RETURN | _events.PY_UNWIND
    _get_tool, _get_events, _set_events = _monitoring.get_tool, _monitoring.get_events, _monitoring.set_events

    def follow(begins: Told, ends: Told, running: Dict[int, Any], *, throughout: bool) -> None:
        """Call `begins` with the frame of each body that begins in this thread, and `ends` with it as it ends.

        running: the globals of the bodies whose end is reported, by the identity of their frames.
        throughout: also follow bodies that are not announced; here it makes no difference.
        """
        _AT_WORK[:] = [(begins, ends, running, get_ident())]
        if _get_tool(_TOOL) is not _NAME or _get_events(_TOOL) != _WANTED:
            _register()

    def announced(code: Any) -> None:
        """Take note that code is about to be executed; here it makes no difference."""

    def traced() -> bool:
        """True if a trace function of ours was set, which code could see: never, here."""
        return False

    profile_function, trace_function = sys.getprofile, sys.gettrace

    def stop() -> None:
        """Follow no bodies any more."""
        del _AT_WORK[:]

    def _register() -> None:
        """Register once for all cases: a change of the events makes the interpreter go over all its code."""
        if _get_tool(_TOOL) is not None:
            _monitoring.free_tool_id(_TOOL)
        _monitoring.use_tool_id(_TOOL, _NAME)
        for event, callback in (
            (_events.PY_START, _begun),
            (_events.PY_RETURN, _returned),
            (_events.PY_UNWIND, _unwound),
        ):
            _monitoring.register_callback(_TOOL, event, callback)
        _set_events(_TOOL, _WANTED)

    def _begun(code: types.CodeType, offset: int) -> Any:
        if code.co_name != _BODY:
            return _DISABLE
        if _AT_WORK:
            begins, _, _, thread = _AT_WORK[0]
            frame = _frame(1)
            if get_ident() == thread and identity(frame.f_globals) not in _MACHINERY:
                begins(frame)
        return None

    def _returned(code: types.CodeType, offset: int, value: object) -> Any:
        return _ended(_frame(1)) if code.co_name == _BODY else _DISABLE

    def _unwound(code: types.CodeType, offset: int, exc: object) -> None:
        if code.co_name == _BODY:
            _ended(_frame(1))

    def _ended(frame: types.FrameType) -> None:
        if _AT_WORK:
            _, ends, running, thread = _AT_WORK[0]
            if running and get_ident() == thread and _runs(frame, running):
                ends(frame)

else:

    def follow(begins: Told, ends: Told, running: Dict[int, Any], *, throughout: bool) -> None:
        """Call `begins` with the frame of each body that begins in this thread, and `ends` with it as it ends.

        running: the globals of the bodies whose end is reported, by the identity of their frames.
        throughout: also follow bodies that are not announced, which is many times slower.
        """

        # Called some hundred times a case, or a thousand: a plain function, and the tests that mostly decide come
        # first. To look at the code of a frame is an audit event each time.
        def profile(frame: types.FrameType, event: str, arg: object, machinery: Set[int] = _MACHINERY) -> None:
            if event == "call":
                if identity(frame.f_globals) not in machinery and frame.f_code.co_name == _BODY:
                    if not _runs(frame, running):  # another profile function may call ours, so that it is called twice
                        begins(frame)
                    if not (running or throughout):
                        _setprofile(None)
            elif running and event == "return" and _runs(frame, running):
                ends(frame)
                if not (running or throughout):
                    _setprofile(None)

        def beside(other: Any) -> Any:
            """A profile function that calls another one for each event, and takes part until the next body ends."""
            depth = len(running)

            def both(frame: types.FrameType, event: str, arg: object) -> None:
                if event == "call" and frame.f_code.co_name == _BODY and identity(frame.f_globals) not in _MACHINERY:
                    if not _runs(frame, running):
                        begins(frame)
                    if len(running) <= depth:
                        _setprofile(other)
                elif event == "return" and _runs(frame, running):
                    ends(frame)
                    if len(running) <= depth:
                        _setprofile(other)
                other(frame, event, arg)

            _OTHERS.append((both, other))
            return both

        def trace(frame: types.FrameType, event: str, arg: object) -> Any:
            """A trace function that does the same, where the other profiler is not a Python function."""
            if event == "call":
                if frame.f_code.co_name != _BODY or identity(frame.f_globals) in _MACHINERY:
                    return None
                begins(frame)
                if not _runs(frame, running):
                    return None
                frame.f_trace_lines = False
            elif event == "return":
                ends(frame)
                if not running:
                    _settrace(None)
            return trace

        _AT_WORK[:] = [profile, beside, trace]
        del _TRACED[:]
        if throughout:
            _setprofile(profile)

    def announced(code: Any) -> None:
        """Take note that code is about to be executed in this thread (PEP 578's `exec`); follow it if it is a body."""
        if not _AT_WORK or getattr(code, "co_name", None) != _BODY:
            return
        profile, beside, trace = _AT_WORK
        other = _getprofile()
        if other is None:
            _setprofile(profile)
        elif other is profile or any(other is ours for ours, _ in _OTHERS):
            return
        elif callable(other):  # the candidate may have a profiler of its own
            _setprofile(beside(other))
        elif _gettrace() is None:
            _settrace(trace)
            _TRACED[:] = [True]

    def traced() -> bool:
        """True if a trace function of ours was set, which code could see."""
        return bool(_TRACED)

    def profile_function() -> Any:
        """The result of `sys.getprofile`, or the function that ours has replaced."""
        found = _getprofile()
        if _AT_WORK and found is _AT_WORK[0]:
            return None
        return next((other for ours, other in _OTHERS if found is ours), found)

    def trace_function() -> Any:
        """The result of `sys.gettrace`, or None if that is our function."""
        found = _gettrace()
        return None if _AT_WORK and found is _AT_WORK[2] else found

    def stop() -> None:
        """Follow no bodies any more, and remove any profile function."""
        if _AT_WORK and _gettrace() is _AT_WORK[2]:
            _settrace(None)
        del _AT_WORK[:], _OTHERS[:]
        if _getprofile() is not None:
            _setprofile(None)


def finds_announced(text_or_code: Any) -> bool:
    """True if a body that is executed from an empty text, or from a code object, is announced."""
    begun: List[int] = []
    follow(lambda frame: begun.append(1), lambda frame: None, {}, throughout=False)
    exec(text_or_code, {})
    stop()
    return bool(begun)


def _runs(frame: types.FrameType, running: Dict[int, Any]) -> bool:
    # The end of a body is missed if its code puts another profile function in the place of ours, and its frame's number
    # may be given to another frame then.
    number = identity(frame)
    return number in running and running[number] is frame.f_globals
