"""A launcher that does what `python PATH ARGS...` does: `python right_script.py PATH ARGS...`.

It is what a launcher's author would write with all clauses of the chapters "python FILE" in mind, in one process and
without the interpreter's own `runpy`. `wrong_scripts.toml` beside it says what may go wrong with that.
"""

import importlib.machinery
import importlib.util
import marshal
import os
import sys
import tokenize
from types import ModuleType


def main():
    """Run the program that the command line names, in a fresh `__main__`."""
    del sys.argv[0]
    path = sys.argv[0]
    full = in_full(path)
    program = new_main()
    sys.modules["__main__"] = program
    if is_entry(full):
        run_entry(program, full)
    else:
        run_script(program, full)


def in_full(path):
    """The path as the program sees it."""
    if sys.version_info[:2] == (3, 8):
        return path
    return os.getcwd() if path == "." and sys.version_info >= (3, 11) else os.path.join(os.getcwd(), path)


def new_main():
    """The module `__main__` as the interpreter makes it, before there is a program in it."""
    module = ModuleType("__main__")
    module.__builtins__ = sys.modules["builtins"]
    if sys.version_info < (3, 14):
        module.__annotations__ = {}
    return module


def is_entry(full):
    """True for a folder, for an archive and for a folder in an archive: a hook takes it."""
    for hook in sys.path_hooks:
        try:
            hook(full)
        except ImportError:
            continue
        return True
    return False


def run_entry(program, full):
    """Run the `__main__` in a folder or an archive, which becomes the first entry of sys.path."""
    put_first(full, always=True)
    spec = find_main()
    code = None
    if spec is not None and spec.submodule_search_locations is None:
        try:
            code = spec.loader.get_code("__main__")
        except ImportError:
            pass  # compiled by another Python
    if code is None:
        sys.exit(f"{sys.executable}: can't find '__main__' module in {full!r}")
    run(program, code, spec.origin, spec.loader, spec)


def find_main():
    """The spec of the first `__main__` on sys.path; None if there is none."""
    for finder in sys.meta_path:
        spec = finder.find_spec("__main__", None)
        if spec is not None:
            return spec
    return None


def put_first(entry, always=False):
    """Put an entry first on sys.path, in the place of this launcher's folder, if there is to be such an entry."""
    if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
        sys.path[0] = entry
    elif always:
        sys.path.insert(0, entry)


def run_script(program, full):
    """Run a source file or a compiled file, whose folder becomes the first entry of sys.path."""
    put_first(os.path.dirname(os.path.realpath(full)))
    try:
        with open(full, "rb") as file:
            data = file.read()
    except OSError as error:
        print(f"{sys.executable}: can't open file {full!r}: [Errno {error.errno}] {error.strerror}", file=sys.stderr)
        sys.exit(2)
    if full.endswith(".pyc") or data[:4] == importlib.util.MAGIC_NUMBER:
        if data[:4] != importlib.util.MAGIC_NUMBER:
            sys.exit("RuntimeError: Bad magic number in .pyc file")
        code = marshal.loads(data[16:])
        loader = importlib.machinery.SourcelessFileLoader("__main__", full)
    else:
        refuse_undecodable(full, data)
        code = compile(data, full, "exec", dont_inherit=True)
        loader = importlib.machinery.SourceFileLoader("__main__", full)
    run(program, code, full, loader, None)


def refuse_undecodable(full, data):
    """End, with the interpreter's own words, if a source cannot be decoded."""
    try:
        encoding, _ = tokenize.detect_encoding(iter(data.splitlines(keepends=True)).__next__)
        data.decode(encoding)
        return
    except SyntaxError as error:
        text = str(error)
    number = 0
    if text.startswith("unknown encoding: "):
        text = f"encoding problem: {text[18:]}"
    else:
        number = next(number for number, line in enumerate(data.splitlines(), 1) if max(line) > 127)
        text = f"Non-UTF-8 code starting with '\\x{max(data):x}' in file {full} on line {number}"
        text += ", but no encoding declared; see https://peps.python.org/pep-0263/ for details"
    if sys.version_info >= (3, 14) and number:
        raise SyntaxError(text, (full, number, 0, ""))
    sys.exit(f"SyntaxError: {text}")


def run(program, code, file, loader, spec):
    """Give the module its special variables, and execute the code in it."""
    namespace = program.__dict__
    namespace["__name__"] = "__main__"
    namespace["__file__"] = file
    if sys.version_info < (3, 15):
        namespace["__cached__"] = spec.cached if spec else None
    namespace["__doc__"] = None
    namespace["__loader__"] = loader
    namespace["__package__"] = spec.parent if spec else None
    namespace["__spec__"] = spec
    try:
        exec(code, namespace)
    finally:
        if spec is None and (sys.version_info >= (3, 14) or not isinstance(sys.exc_info()[1], SystemExit)):
            for name in ("__file__", "__cached__"):
                namespace.pop(name, None)


main()
