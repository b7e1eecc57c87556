"""A launcher that does what `python -m NAME ARGS...` does: `python right.py NAME ARGS...`.

It is what a launcher's author would write with all clauses of the chapters "python -m" in mind, in one process and
without the interpreter's own `runpy`. `wrong.toml` beside it says what may go wrong with that.
"""

import importlib.machinery
import importlib.util
import os
import sys
from types import ModuleType


class Refused(Exception):
    """Raised if there is no such program: one sentence, for the user of the command."""


def main():
    """Run the program that the command line names, in a fresh `__main__`."""
    name = sys.argv.pop(1)
    sys.argv[0] = "-m"
    if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
        sys.path[0] = os.getcwd()
    program = new_main()
    sys.modules["__main__"] = program
    sys.audit("cpython.run_module", name)
    try:
        spec, code = locate(name)
    except Refused as refusal:
        sys.exit(f"{sys.executable}: {refusal}")
    sys.argv[0] = spec.origin
    run(program, spec, code)


def new_main():
    """The module `__main__` as the interpreter makes it, before there is a program in it."""
    module = ModuleType("__main__")
    module.__builtins__ = sys.modules["builtins"]
    module.__loader__ = importlib.machinery.BuiltinImporter
    if sys.version_info < (3, 14):
        module.__annotations__ = {}
    return module


def locate(name):
    """Find the spec and the code of a module, or of a package's `__main__`. Raises Refused."""
    if name.startswith("."):
        raise Refused("Relative module names not supported")
    parent = name.rpartition(".")[0]
    if parent:
        import_parent(parent)
        warn_if_imported(name, parent)
    spec = find(name)
    if spec.submodule_search_locations is not None:
        return locate_main(name)
    if spec.loader is None:
        raise Refused(f"{name!r} is a namespace package and cannot be executed")
    try:
        code = spec.loader.get_code(name)
    except ImportError as error:
        raise Refused(str(error)) from error
    if code is None:
        raise Refused(f"No code object available for {name}")
    return spec, code


def import_parent(parent):
    """Import a package and all packages around it. If one of them is missing, `find` will say so."""
    try:
        __import__(parent)
    except ImportError as error:
        if error.name is None or (error.name != parent and not parent.startswith(error.name + ".")):
            raise


def warn_if_imported(name, parent):
    """Warn of a module that its package has imported already."""
    imported = sys.modules.get(name)
    if imported is not None and not hasattr(imported, "__path__"):
        from warnings import warn

        text = f"{name!r} found in sys.modules after import of package {parent!r}, but prior to execution of {name!r}; "
        warn(RuntimeWarning(text + "this may result in unpredictable behaviour"), stacklevel=1)


def find(name):
    """The spec of a module whose parents are imported. Raises Refused."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        text = f"Error while finding module specification for {name!r} ({type(error).__name__}: {error})"
        if sys.version_info >= (3, 9) and name.endswith(".py"):
            text += f". Try using '{name[:-3]}' instead of '{name}' as the module name."
        raise Refused(text) from error
    if spec is None:
        raise Refused(f"No module named {name}")
    return spec


def locate_main(package):
    """Find the spec and the code of a package's `__main__`. Raises Refused."""
    if package == "__main__" or package.endswith(".__main__"):
        raise Refused("Cannot use package as __main__ module")
    try:
        return locate(package + ".__main__")
    except Refused as refusal:
        if package not in sys.modules:
            raise
        raise Refused(f"{refusal}; {package!r} is a package and cannot be directly executed") from refusal


def run(program, spec, code):
    """Give the module its special variables, and execute the code in it."""
    namespace = program.__dict__
    namespace["__name__"] = "__main__"
    namespace["__file__"] = spec.origin
    if sys.version_info < (3, 15):
        namespace["__cached__"] = spec.cached
    namespace["__doc__"] = None
    namespace["__loader__"] = spec.loader
    namespace["__package__"] = spec.parent
    namespace["__spec__"] = spec
    exec(code, namespace)


main()
