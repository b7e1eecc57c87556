"""coverage's PyRunner, which executes what `coverage run -m NAME` names, as `python -m NAME` would."""

import sys

from coverage.exceptions import _ExceptionDuringRun
from coverage.execfile import PyRunner
from under_test import Unsupported


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    """Run a module as the main program. Its `prepare`, which sets sys.path up for a command, is left out."""
    if run_name != "__main__":
        raise Unsupported("coverage runs modules as '__main__' only")
    if alter_sys is not True:
        raise Unsupported("coverage always alters sys")
    if init_globals is not None:
        raise Unsupported("coverage takes no initial globals")
    if type(sys.argv) is not list or not sys.argv:
        raise Unsupported("coverage is given its arguments: a list, and the module's name in it")
    try:
        PyRunner([mod_name, *sys.argv[1:]], as_module=True).run()
    except _ExceptionDuringRun as wrapper:
        error = wrapper.args[1]
    except SystemExit as leaving:
        if _last_code(leaving) is not PyRunner.run.__code__:
            raise
        error = leaving.__context__
    else:
        return
    # What the code raised, as it raised it.
    context = error.__context__
    try:
        raise error
    finally:
        error.__context__ = context


def _last_code(error):
    """The code object from which an exception comes: coverage shows an error of the code, and exits by itself."""
    traceback = error.__traceback__
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback.tb_frame.f_code


run_module.unseen = {
    "result": "coverage does not return the namespace",
    "stderr": "coverage shows the traceback of an exception that the code raises, as the interpreter would",
}
