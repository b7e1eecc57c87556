"""jurigged's copy of runpy, which runs a module in a module object that it is given, and edits it while it runs."""

from types import ModuleType

from jurigged import runpy
from under_test import Unsupported


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    """Run a module in a module object of the name, as jurigged does with `__main__`."""
    if run_name is None:
        raise Unsupported("jurigged is given the module object in which to run, and so the name")
    if not isinstance(run_name, str):
        raise Unsupported("a module object has a text for its name")
    module = ModuleType(run_name)
    runpy.run_module(mod_name, init_globals, module, alter_sys)
    return vars(module)


run_module.unseen = {"result": "jurigged returns the module object, or keeps it for itself"}
