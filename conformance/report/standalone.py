"""Shows one difference between a candidate and the interpreter's own runpy.run_module.

The reproducer of a find is this file with the case filled in (see `reproducer`): it stands alone, on Python 3.8 and
later. Each side runs in a process of its own, which builds the world in a temporary folder and takes the steps.
"""

import argparse
import importlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import types
import warnings

# -- the case --
FILES = {}
PATH = ["."]
ARGV = ["prog"]
STEPS = []
IMPL = "runpy"
IMPORT_FROM = ""
INTERPRETERS = []
# -- the end of the case --

STEPS_TEXT = repr((STEPS, FILES))
SPECIALS = ["__name__", "__package__", "__spec__", "__loader__", "__file__", "__cached__", "__doc__", "__builtins__"]
SLOTS = (types.MemberDescriptorType, types.GetSetDescriptorType)
KNOWN = ["modules", "argv", "path", "meta_path", "path_hooks", "last_type", "last_value", "last_traceback", "last_exc"]
MOST = 6
TIMEOUT = 20
HAPPENS = "what happens"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--impl", default=IMPL, help="the candidate: pkg, pkg.mod:callable or path/to/file.py:callable (%(default)s)"
    )
    parser.add_argument(
        "--interpreters",
        nargs=2,
        default=INTERPRETERS or [sys.executable] * 2,
        help="of the two sides",
        metavar="PYTHON",
    )
    parser.add_argument("--all", action="store_true", help="print everything that was seen, and not what differs alone")
    parser.add_argument("--side", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    sys.stdout.reconfigure(errors="backslashreplace")
    if asked.side:
        take(asked.impl, *asked.side)
        return 0
    oracle, candidate = (
        run(side, asked.impl, python) for side, python in zip(("oracle", "candidate"), asked.interpreters)
    )
    for moment, _, text in candidate:
        if moment == "loading":
            print("The candidate cannot be loaded: " + text)
            return 3
    if asked.interpreters == [sys.executable] * 2:
        sides = ["runpy", "candidate"]
        print("{}: runpy and {}".format(sys.version.partition(" ")[0], asked.impl.replace("\n", " and ").strip()))
    else:
        sides = ["old", "new"]
        print("runpy of {} (old) and {} (new)".format(*asked.interpreters))
    for kind, content in STEPS:
        print("".join("\n    " + line for line in (content if kind != "write" else "(files are changed)").splitlines()))
    differences = list(compare(oracle, candidate, asked.all))
    last = None
    for moment, what, ours, theirs in differences if asked.all else differences[:MOST]:
        if moment != last:
            print("\n" + moment)
            last = moment
        print("  " + what)
        if ours == theirs:
            print("      both       " + ours)
        else:
            print("      {:<10} {}".format(sides[0], ours))
            print("      {:<10} {}".format(sides[1], theirs))
    if len(differences) > MOST and not asked.all:
        print(
            "\n... and {} more that differ, perhaps because of it; --all prints everything".format(
                len(differences) - MOST
            )
        )
    if not differences:
        print("\nNo difference.")
    return 1 if any(ours != theirs for _, _, ours, theirs in differences) else 0


def run(side, impl, python):
    """The facts that one side showed, in order: (moment, name, text)."""
    with tempfile.TemporaryDirectory() as folder:
        facts = os.path.join(os.path.realpath(folder), "facts")
        root = os.path.join(os.path.realpath(folder), "world")
        os.mkdir(root)
        command = [python, os.path.abspath(__file__), "--impl", impl, "--side", side, facts]
        with open(os.path.join(folder, "output"), "w+b") as output:
            try:
                status = subprocess.run(
                    command, cwd=root, stdin=subprocess.DEVNULL, stdout=output, stderr=output, timeout=TIMEOUT
                ).returncode
                ended = "" if status == 0 else "exit status {}".format(status)
            except subprocess.TimeoutExpired:
                ended = "no end within {} seconds".format(TIMEOUT)
            output.seek(0)
            printed = output.read().decode("utf-8", "backslashreplace").replace(root, "<root>")
        found = []
        if os.path.exists(facts):
            with open(facts) as lines:
                found = [tuple(json.loads(line)) for line in lines]
        if printed:
            found.append(("at the end", "printed", repr(printed)))
        if ended:
            found.append(("at the end", "the process", ended))
        return found


def compare(oracle, candidate, everything):
    """(moment, what, the oracle's text, the candidate's) of what differs, in the order in which it came about."""
    ours, theirs = ({(moment, what): text for moment, what, text in side} for side in (oracle, candidate))
    places = [(moment, what) for moment, what, _ in oracle]
    for number, (moment, what, _) in enumerate(candidate):
        if (moment, what) not in ours:
            before = [(earlier, name) for earlier, name, _ in candidate[:number] if (earlier, name) in places]
            places.insert(places.index(before[-1]) + 1 if before else 0, (moment, what))
    for place in places:
        moment, what = place
        if what != HAPPENS and ((moment, HAPPENS) in ours) != ((moment, HAPPENS) in theirs):
            continue  # it has been said that one side has nothing of this
        if everything or ours.get(place) != theirs.get(place):
            yield moment, what, ours.get(place, "nothing"), theirs.get(place, "nothing")


# -- in the process of one side --


class Unsupported(Exception):
    """For adapters: what the candidate does not offer."""


def take(impl, side, facts):
    """Take the steps, and write down what is seen."""
    root = os.getcwd()
    keep = sys.modules["__main__"]  # what follows needs its globals
    sys.modules["__main__"] = types.ModuleType("__main__")
    sys.modules["__main__"].__dict__["__builtins__"] = sys.modules["builtins"]
    sys.path[0] = IMPORT_FROM
    if not IMPORT_FROM:
        del sys.path[0]
    seer = Seer(root, facts)
    under_test = types.ModuleType("under_test")
    under_test.Unsupported = Unsupported
    sys.modules["under_test"] = under_test
    try:
        functions = load_all(impl if side == "candidate" else "runpy")
    except BaseException as exc:
        seer.fact("loading", "error", "{}: {}".format(type(exc).__name__, exc))
        seer.write()
        return
    under_test.__dict__.update(functions, note=seer.note)
    write(root, FILES)
    sys.dont_write_bytecode, sys.pycache_prefix = False, None
    sys.argv = list(ARGV)
    sys.path[:0] = [
        entry[4:] if entry.startswith("raw:") else os.path.normpath(os.path.join(root, entry)) for entry in PATH
    ]
    warnings.resetwarnings()
    for category in (DeprecationWarning, PendingDeprecationWarning, ResourceWarning):
        warnings.simplefilter("ignore", category)
    warnings.simplefilter("always", append=True)
    warnings.showwarning = seer.warning
    namespace = dict(functions, __name__="steps", note=seer.note)
    for number, (kind, content) in enumerate(STEPS, 1):
        if kind == "write":
            write(root, content, number)
        else:
            seer.step(number, kind, content, namespace)
    sys.modules["__main__"] = keep


def load_all(impl):
    """The functions that an --impl names, and in a second line an --impl-path, by name."""
    impl, _, of_path = impl.partition("\n")
    found = {}
    if impl:
        found["run_module"] = load(impl)
        if ":" not in os.path.basename(impl) and "run_path" in STEPS_TEXT:
            found["run_path"] = load(impl + ":run_path")
    if of_path:
        found["run_path"] = load(of_path)
    return found


def load(place):
    """The callable that `pkg`, `pkg.mod:callable` or `path/to/file.py:callable` names."""
    place, _, name = place.rpartition(":") if ":" in os.path.basename(place) else (place, ":", "run_module")
    if place.endswith(".py") or os.sep in place:
        locations = [place] if os.path.isdir(place) else None
        file = os.path.join(place, "__init__.py") if locations else place
        own = "_candidate_" + os.path.basename(place).partition(".")[0]
        spec = importlib.util.spec_from_file_location(own, file, submodule_search_locations=locations)
        module = sys.modules[own] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    else:
        module = importlib.import_module(place)
    for part in name.split("."):
        module = getattr(module, part)
    return module


def visible(text):
    """The text with what is not printed escaped."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


class Seer:
    """Looks at what happens, and writes it down as texts that can be compared.

    It is long, and remembers much, since a reproducer is one file that needs nothing else: this class does what the
    modules of the agent do together, and what it remembers is the state before the step.
    """

    def __init__(self, root, file):
        self.root, self.file = root, file
        self.facts, self.moments, self.ran = [], {}, []
        self.number = 0

    def fact(self, moment, what, text):
        self.facts.append([visible(part) for part in (moment, what, text)])

    def write(self):
        with open(self.file, "a") as output:
            for fact in self.facts:
                output.write(json.dumps(fact) + "\n")
        del self.facts[:]

    def moment(self, text):
        """A moment that has come before gets a number."""
        text = "step {}: {}".format(self.number, text)
        count = self.moments[text] = self.moments.get(text, 0) + 1
        return text if count == 1 else "{} ({})".format(text, count)

    def text(self, value, depth=0):
        """A value in words that are the same in another process."""
        if isinstance(value, types.ModuleType):
            return "<module {}>".format(getattr(value, "__name__", "?"))
        if type(value) in (list, tuple, dict) and depth < 3 and len(value) < 20:
            if type(value) is dict:
                items = [(key, item) for key, item in value.items() if key != "__builtins__"]
                inner = ("{}: {}".format(self.text(key), self.text(item, depth + 1)) for key, item in items)
                return "{" + ", ".join(inner) + "}"
            return "[" + ", ".join(self.text(item, depth + 1) for item in value) + "]"
        try:
            text = repr(value)
        except BaseException as exc:
            text = "<{} whose repr raises {}>".format(type(value).__name__, type(exc).__name__)
        text = re.sub(r" at 0x[0-9A-Fa-f]+", "", text).replace(self.root, "<root>")
        return ascii(text)[1:-1].replace("\\'", "'").replace("\\\\", "\\")[:300]

    def note(self, *values):
        self.fact(self.moment("note"), HAPPENS, ", ".join(map(self.text, values)))

    def warning(self, message, category, filename, lineno, file=None, line=None):
        self.fact(self.moment("warning"), HAPPENS, "{}: {}".format(category.__name__, self.text(str(message))))

    def profile(self, frame, event, argument):
        """The body of a module of the world starts or ends."""
        name = frame.f_code.co_filename
        if event not in ("call", "return") or frame.f_code.co_name != "<module>":
            return
        if not name.startswith((self.root + os.sep, "world:")):
            return
        sys.setprofile(None)
        try:
            self.module(name.replace(self.root, "<root>"), event, frame.f_globals, frame)
        finally:
            sys.setprofile(self.profile)

    def module(self, name, event, namespace, frame):
        moment = self.moment("{} {}".format(name, "starts" if event == "call" else "ends"))
        self.fact(moment, HAPPENS, "this")
        if event == "call":
            self.ran.append(namespace)
            for key in SPECIALS:
                if key != "__builtins__":
                    self.fact(moment, key, self.text(namespace[key]) if key in namespace else "missing")
            builtins = namespace.get("__builtins__")
            self.fact(
                moment,
                "__builtins__",
                "the usual"
                if builtins in (vars(sys.modules["builtins"]), sys.modules["builtins"])
                else self.text(builtins),
            )
            self.fact(moment, "locals() is globals()", str(frame.f_locals is namespace or frame.f_locals == namespace))
        for key in list(namespace):
            if key not in SPECIALS:
                self.fact(moment, "global {}".format(self.text(key)), self.text(namespace[key]))
        self.fact(moment, "sys.argv", self.text(getattr(sys, "argv", "missing")))
        self.fact(moment, "sys.argv is the list that it was", str(getattr(sys, "argv", None) is self.argv))
        own = sys.modules.get(namespace.get("__name__"), "missing")
        self.fact(moment, "sys.modules[__name__]", self.entry(own, namespace))
        self.state(moment)

    def entry(self, module, namespace=None):
        if module == "missing":
            return "missing"
        if namespace is not None and getattr(module, "__dict__", None) is namespace:
            return "the module that runs"
        return self.text(module)

    def step(self, number, kind, content, namespace):
        self.number = number
        self.argv, self.modules, self.path = sys.argv if hasattr(sys, "argv") else None, dict(sys.modules), sys.path[:]
        self.main = dict(vars(sys.modules["__main__"])) if "__main__" in sys.modules else {}
        self.lists = [(name, list(getattr(sys, name))) for name in ("meta_path", "path_hooks")]
        self.filters, self.cwd, self.environ = list(warnings.filters), os.getcwd(), dict(os.environ)
        self.settings = self.sys_settings()
        before = self.files()
        del self.ran[:]
        source = "<step {}>".format(number)
        code = compile(content, source, "eval" if kind == "call" else "exec", dont_inherit=True)
        if kind == "call":
            namespace.pop("result", None)
            namespace.pop("error", None)
        try:
            sys.setprofile(self.profile)
            try:
                value = eval(code, namespace)
            finally:
                sys.setprofile(None)
        except BaseException as exc:
            namespace["error"] = exc
            self.raised(self.moment("ends"), exc)
        else:
            moment = self.moment("ends")
            self.fact(moment, "how", "returned")
            if kind == "call":
                namespace["result"] = value
                self.returned(moment, value)
        moment = self.moment("afterwards")
        for key in list(namespace):
            if key not in ("__builtins__", "__name__", "run_module", "run_path", "note", "result", "error"):
                if not isinstance(namespace[key], types.ModuleType):
                    self.fact(moment, key, self.text(namespace[key]))
        self.fact(moment, "sys.argv", self.text(getattr(sys, "argv", "missing")))
        self.fact(moment, "sys.argv is the list that it was", str(getattr(sys, "argv", None) is self.argv))
        self.state(moment)
        after = self.files()
        for name in sorted(set(before) ^ set(after)):
            self.fact(moment, "file {}".format(self.text(name)), "written" if name in after else "removed")
        self.write()

    def state(self, moment):
        """The facts that differ from before the step."""
        for name in list(sys.modules):
            module, was = sys.modules[name], self.modules.get(name, "missing")
            if module is was:
                continue
            file = getattr(module, "__file__", None) or ""
            spec = getattr(module, "__spec__", None)
            if was != "missing" or self.of_world(file) or spec is None or self.of_world(getattr(spec, "origin", "")):
                text = self.entry(module, self.ran[-1] if self.ran else None)
                self.fact(moment, "sys.modules[{}]".format(self.text(name)), text)
        for name in self.modules:
            if name not in sys.modules:
                self.fact(moment, "sys.modules[{}]".format(self.text(name)), "removed")
        main = sys.modules.get("__main__")
        if main is self.modules.get("__main__") and main is not None:
            for key, value in vars(main).items():
                if key not in self.main or self.main[key] is not value:
                    self.fact(moment, "{} in the caller's __main__".format(key), self.text(value))
            for key in self.main:
                if key not in vars(main):
                    self.fact(moment, "{} in the caller's __main__".format(key), "removed")
        now = [("sys.path", sys.path, self.path), ("warnings.filters", warnings.filters, self.filters)]
        now += [("sys." + name, getattr(sys, name), was) for name, was in self.lists]
        now += [("os.environ", dict(os.environ), self.environ), ("the working directory", os.getcwd(), self.cwd)]
        for name, value, was in now:
            if value != was:
                self.fact(moment, name, self.text(value))
        now, was = self.sys_settings(), self.settings
        for name in {**was, **now}:
            if name not in now:
                self.fact(moment, name, "removed")
            elif name not in was or (now[name] is not was[name] and now[name] != was[name]):
                kept = name == "sys.path_importer_cache"
                self.fact(moment, name, "another dictionary" if kept else self.text(now[name]))

    def sys_settings(self):
        """The attributes of sys that are not looked at in another way, and what its functions tell."""
        found = {"sys." + name: value for name, value in vars(sys).items() if name not in KNOWN}
        found.update({"sys.getrecursionlimit()": sys.getrecursionlimit(), "sys.gettrace()": sys.gettrace()})
        found["sys.getswitchinterval()"] = sys.getswitchinterval()
        return found

    def of_world(self, file):
        return isinstance(file, str) and file.startswith((self.root, "world:"))

    def raised(self, moment, exc):
        self.fact(moment, "how", "raised {}".format(type(exc).__name__))
        self.fact(moment, "the exception's text", self.text(str(exc)))
        slots = [name for cls in type(exc).__mro__ for name, slot in sorted(vars(cls).items()) if type(slot) in SLOTS]
        for name in dict.fromkeys(slots + sorted(map(str, vars(exc)))):
            if not name.startswith("_") and hasattr(exc, name):
                self.fact(moment, "the exception's " + name, self.text(getattr(exc, name)))
        for name in ("__cause__", "__context__"):
            linked = getattr(exc, name)
            text = "none" if linked is None else "{}: {}".format(type(linked).__name__, self.text(str(linked)))
            self.fact(moment, "the exception's " + name, text)
        self.fact(moment, "the exception's context is hidden", str(exc.__suppress_context__))
        places, traceback = [], exc.__traceback__
        while traceback is not None:
            file = traceback.tb_frame.f_code.co_filename
            if file.startswith((self.root, "<step", "world:")):
                places.append("{}:{}".format(file.replace(self.root, "<root>"), traceback.tb_lineno))
            traceback = traceback.tb_next
        self.fact(moment, "the exception's traceback", ", ".join(places))

    def returned(self, moment, value):
        kind = type(value)
        self.fact(moment, "the type of the result", "dict" if kind is dict else "{} {}".format("a", kind.__name__))
        if not isinstance(value, dict):
            self.fact(moment, "the result", self.text(value))
            return
        if self.ran:
            live = any(value is namespace for namespace in self.ran)
            self.fact(moment, "the result is the namespace in which the code ran", str(live))
        owners = sorted(
            name for name, module in list(sys.modules.items()) if getattr(module, "__dict__", None) is value
        )
        self.fact(moment, "the result is the dictionary of a module", ", ".join(owners) or "no")
        self.fact(moment, "the keys of the result", ", ".join(self.text(key) for key in value))
        for key in list(value):
            if key != "__builtins__":
                self.fact(moment, "result[{}]".format(self.text(key)), self.text(value[key]))
                if isinstance(value[key], types.FunctionType) and not value[key].__code__.co_argcount:
                    try:
                        text = self.text(value[key]())
                    except BaseException as exc:
                        text = "raises {}".format(type(exc).__name__)
                    self.fact(moment, "{}(), from the result".format(key), text)

    def files(self):
        return {
            os.path.relpath(os.path.join(folder, name), self.root)
            for folder, _, names in os.walk(self.root)
            for name in names
        }


# -- how the world is written --
from ..agent.world import write  # noqa: E402 - a reproducer holds the text of that module here

# -- the end of how the world is written --

if __name__ == "__main__":
    sys.exit(main())
