"""mcpyrate's import_module_as_main, by which `macropython -m NAME` runs a module."""

import sys

from mcpyrate.repl import macropython
from under_test import Unsupported


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    """Run a module as the main program."""
    if run_name != "__main__":
        raise Unsupported("mcpyrate runs modules as '__main__' only")
    if alter_sys is not True:
        raise Unsupported("mcpyrate always replaces sys.modules['__main__']")
    if init_globals is not None:
        raise Unsupported("mcpyrate takes no initial globals")
    macropython._macropython_module = sys.modules.get("__main__")  # as its main() does
    macropython.import_module_as_main(mod_name, script_mode=False)


run_module.unseen = {"result": "mcpyrate returns the module, or the package, and not the namespace"}
