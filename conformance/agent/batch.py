"""Runs the cases of a request, one after another, in this process.

Rules. Knows nothing of how the process came about, nor of how results travel: each result is handed to `tell`. The
caller decides if the process ends afterwards.

Theory of operation. A case that is alone in its process needs no clearing up. Otherwise everything is restored after
each case (`rollback`). A case that leaves something that cannot be restored is the last one of its process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional

from . import lazy, outputs, rollback, steps
from .capabilities import make_folder
from .cleaning import file_of
from .describe import safe_str, type_name
from .own import os

if TYPE_CHECKING:
    from .candidate import Functions
    from .messages import Answer, Request

Tell = Callable[[Mapping[str, Any]], None]


def run(request: Request, functions: Functions, tell: Tell, snapshot: Optional[rollback.Snapshot] = None) -> Answer:
    """Run the cases, tell the result of each as a message, and return the answer.

    snapshot: the state to which the interpreter returns after the cases; None if the process ends with the request.
    """
    # On Windows the driver may have left out the drive.
    root, cases = os.path.abspath(request["root"]), request["cases"]
    answer: Answer = {"id": request["id"], "status": "done"}
    number = 0

    def result(found: Mapping[str, Any]) -> None:
        tell({"id": request["id"], "case": number, "result": found})

    try:
        make_folder(os.path.dirname(root))
        os.mkdir(root)
        files = [file_of(request, ending) for ending in ("1", "2")]
        streams = outputs.redirect(files)
        if snapshot is None and len(cases) == 1:
            result(steps.observe(cases[0], root, functions, alone=True))
            return answer
        imports = lazy.Imports(root) if snapshot is None else None
        state = snapshot or rollback.Snapshot()
        state.folder = root
        for number, case in enumerate(cases):
            folder = os.path.join(root, str(number))
            os.mkdir(folder)
            result(steps.observe(case, folder, functions, alone=False))
            if imports is not None:
                imports.count()
            if not state.restore(case):
                answer["spent"] = True
                break
            if outputs.current() != streams:  # the case has closed or redirected the streams
                streams = outputs.redirect(files)
        answer["changed"] = state.changed()
        if imports is not None:
            imports.leave()
    except BaseException as exc:  # a fault of the agent, or of the world's recipes
        result({"agent_failed": _traceback(exc)})
        answer["spent"] = True
    return answer


def _traceback(exc: BaseException) -> str:
    try:
        import traceback

        return "".join(traceback.format_exception(type(exc), exc, exc.__traceback__))
    except BaseException:  # the world has broken the import of `traceback`
        return "{}: {}".format(type_name(type(exc)), safe_str(exc))
