"""A candidate that puts texts that few files can hold into all that a case shows, up to three things in each case."""

import functools
import os
import runpy
import sys
import types
import warnings
import zlib

# Halves of surrogate pairs, control characters, ends of lines and files, what changes the direction of writing, private
# use, no character, beyond the first plane; and what HTML, XML, Markdown, TOML, shells and Python read as their own.
ODD = (
    "\udc80\ud800 \0\x01\x1b[31m\x07\x08\t\r\n\x0b\x0c\x1a\x1c\x7f\x85\x9b"
    "\u2028\u2029\u202e\ue000\ufeff\ufffe\U0001f600 "
    "<b>]]>&amp; \"'`|$() \\ ''' \"\"\" \\N{x} {0} %s [red] end"
)
# Those of them that the name of a class, or of a file, can have.
NAME = ODD.replace("\0", "").replace("\udc80", "").replace("\ud800", "")
FILE = NAME.replace("/", "").encode("utf-8")[:100] + b"\xff"


class Text(str):
    """A text that calls itself something else."""

    def __repr__(self):
        return ODD


def raised(exc):
    """Another exception in the place of one that was raised."""
    kind = type(NAME, (type(exc),), {"__module__": NAME, "__str__": lambda self: ODD})
    found = kind.__new__(kind, ODD, Text("x"), NAME.encode())
    found.__dict__["attribute " + ODD] = ODD
    return found


def another_message(exc):
    """The same kind of exception with another text."""
    return ModuleNotFoundError(ODD, name=ODD, path=ODD) if isinstance(exc, ImportError) else type(exc)(ODD)


def value(found):
    found["value"] = ODD


def names(found):
    found[ODD] = 1
    found[Text("key")] = Text("value")


def special(found):
    found["__doc__"] = found["__package__"] = ODD


def nested(found):
    found["nested"] = {ODD: [ODD, (ODD,), {ODD}], b"\xff": Text("x"), 1: types.SimpleNamespace(text=ODD)}


def classes(found):
    kind = type(NAME, (), {"__module__": ODD, "__doc__": ODD, "__repr__": lambda self: ODD})
    found["kind"], found["object"] = kind, kind()


def functions(found):
    found["function"] = functools.partial(lambda: ODD)
    exec("def called(): return ODD", {"ODD": ODD}, found)


def very_long(found):
    found["long"] = ODD * 20_000


def modules(found):
    sys.modules["entry " + ODD] = module = types.ModuleType(ODD, ODD)
    module.__file__ = ODD
    sys.modules["text"] = ODD


def arguments(found):
    sys.argv[:] = [ODD, Text("x")]


def path(found):
    sys.path.append(ODD)
    sys.meta_path.append(type(NAME, (), {"__module__": ODD, "find_spec": staticmethod(lambda *given: None)}))


def environment(found):
    os.environb[b"ODD\xff\x1b\r\n"] = NAME.encode() + b"\xff"


def builtins(found):
    sys.modules["builtins"].__dict__[ODD] = ODD


def main(found):
    sys.modules["__main__"].__dict__[ODD] = ODD


def output(found):
    os.write(1, ODD.encode("utf-8", "surrogatepass") + b"\xff\xfe")
    os.write(2, ODD.encode("utf-16", "surrogatepass"))


def printed(found):
    sys.stdout.write(ODD.replace("\udc80", "").replace("\ud800", ""))


def files(found):
    with open(FILE, "wb") as file:
        file.write(b"\xff")
    os.mkdir(FILE + b" folder")


def warned(found):
    warnings.warn(ODD, stacklevel=1)
    warnings.warn(type(NAME, (UserWarning,), {"__module__": NAME})(ODD), stacklevel=1)


def ended(found):
    raise LookupError(ODD) from ValueError(Text(ODD))


def exited(found):
    sys.exit(ODD)


WAYS = [value, names, special, nested, classes, functions, very_long, modules, arguments, path, environment, builtins]
WAYS += [main, output, printed, files, warned, ended, exited]


def same_in_each_run(argument):
    """A path by its last part, since the folder of a world is another one each time; an object by its class."""
    if isinstance(argument, str):
        return os.path.basename(str(argument))
    return argument if any(argument is known for known in (None, True, False)) else type(argument).__name__


def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):
    """Do what runpy does, and up to three things more."""
    if mod_name == "smoke_check":
        return runpy.run_module(mod_name, init_globals, run_name, alter_sys)
    argv = [same_in_each_run(argument) for argument in sys.argv]
    world = [*map(same_in_each_run, (mod_name, run_name, alter_sys)), argv, sorted(os.listdir("."))]
    number = zlib.crc32(ascii(world).encode())
    try:
        found = runpy.run_module(mod_name, init_globals, run_name, alter_sys)
    except BaseException as exc:
        raise (raised if number % 2 else another_message)(exc) from None
    # In the order of the list, whose last two end the call.
    for place in sorted({number // len(WAYS) ** power % len(WAYS) for power in range(3)}):
        WAYS[place](found)
    return found
