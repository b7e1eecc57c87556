"""A harness that has nothing but an exported tree: the proof that the documents in the tree say enough.

usage: plain_harness.py FOLDER PYTHON [--impl=FILE.py] CASE ...

FOLDER: an exported tree. PYTHON: the interpreter to run the cases in; its version has to be recorded. FILE.py: a file
with a `run_module`, a `run_path` or both to judge in the place of `runpy`'s; cases that call another one are left out.
Prints a line for each case that differs, with the field and the clause, and how many agree. Exit status: 0 all agree,
1 some differ.

Standard library alone, and nothing of this suite: what is done here follows README.md, observation.md and schema.json
of the tree. A part of the fields is compared, and no identity.
"""

import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

FIRST_MOMENT, LATER = 1_000_000_000, 10
TAKEN = ("__name__", "__package__", "__file__", "__cached__", "__doc__")
SPECIALS = (*TAKEN, "__spec__", "__loader__", "__builtins__", "__path__")
UNSEEN = {"not looked at": True}
FUNCTIONS = ("run_module", "run_path")


# -- laying out the files (README.md: case.json) -------------------------------------------------------------------


def real_name(name, words):
    for word, own in words.items():
        name = name.replace(word, own)
    return re.sub(r"\\u([0-9A-Fa-f]{4})", lambda match: chr(int(match[1], 16)), name)


def lay_out(files, case_folder, root, language, words, moment=0):
    when, folders = FIRST_MOMENT + LATER * moment, {root}
    for file in files:
        path = os.path.join(root, real_name(file["name"], words))
        folder = path if path.endswith("/") else os.path.dirname(path)
        os.makedirs(folder, exist_ok=True)
        while not os.path.samefile(folder, root):
            folders.add(folder.rstrip("/"))
            folder = os.path.dirname(folder.rstrip("/"))
        if "delete" in file:
            shutil.rmtree(path) if os.path.isdir(path) else os.path.lexists(path) and os.remove(path)
        elif "symlink" in file:
            os.symlink(real_name(file["symlink"], words), path)
        elif "stored" in file or "compiled" in file:
            place = ("stored" in file and [file["stored"]]) or ["compiled", language, file["compiled"]]
            shutil.copyfile(os.path.join(case_folder, *place), path)
            os.utime(path, (file.get("mtime", when),) * 2)
    for folder in folders:
        if os.path.isdir(folder):
            os.utime(folder, (when, when))


# -- inside: one case, in a process of its own ---------------------------------------------------------------------


class Inside:
    def __init__(self, plan):
        self.root, self.plan = plan["root"], plan
        self.case, self.events, self.running = plan["case"], [], []
        files = [*self.case["files"], *(file for step in self.case["steps"] for file in step.get("write", ()))]
        self.tops = {real_name(file["name"], plan["words"]).partition("/")[0] for file in files}

    def run(self):
        import types
        import warnings

        namespace = vars(__import__("runpy"))
        if self.plan["impl"]:
            namespace = {"__name__": "implementation"}
            with open(self.plan["impl"], encoding="utf-8") as file:
                exec(compile(file.read(), self.plan["impl"], "exec"), namespace)
        functions = {name: namespace[name] for name in FUNCTIONS if name in namespace}
        under_test = sys.modules["under_test"] = types.ModuleType("under_test")
        vars(under_test).update(functions, note=self.note)
        sys.modules["__main__"] = types.ModuleType("__main__")
        os.chdir(self.root)
        sys.dont_write_bytecode, sys.pycache_prefix = False, None
        sys.argv = list(self.case["argv"])
        del sys.path[0]  # the folder of this file
        sys.path[:0] = [entry.replace("<root>", self.root) for entry in self.case["path"]]
        warnings.resetwarnings()
        for category in (DeprecationWarning, PendingDeprecationWarning, ResourceWarning):
            warnings.simplefilter("ignore", category)
        warnings.simplefilter("always", append=True)
        warnings.showwarning = self.warning
        names = {"__name__": "steps", "note": self.note, **functions}
        return [self.step(number, step, names) for number, step in enumerate(self.case["steps"], 1)]

    def step(self, number, step, names):
        if "write" in step:
            words = self.plan["words"]
            lay_out(step["write"], self.plan["folder"], self.root, self.plan["language"], words, number)
            return {}
        self.events, seen, files = [], {}, self.files()
        argv, modules = getattr(sys, "argv", UNSEEN), dict(sys.modules)
        items = list(argv) if type(argv) is list else argv
        if "call" in step:
            names.pop("result", None)
            names.pop("error", None)
        code = compile(step.get("call", step.get("do")), f"<step {number}>", "eval" if "call" in step else "exec")
        sys.setprofile(self.profile)
        try:
            value = eval(code, names)
        except BaseException as exc:
            sys.setprofile(None)
            seen["outcome"], seen["exception"] = "raised", self.exception(exc)
            names["error"] = exc
        else:
            sys.setprofile(None)
            seen["outcome"] = "returned"
            if "call" in step:
                seen["result"], names["result"] = self.value(value), value
        seen["events"] = self.events
        now = getattr(sys, "argv", UNSEEN)
        if now is not argv or (type(now) is list and now != items):
            value = {"absent": True} if now is UNSEEN else self.value(now)
            seen["argv"] = value if isinstance(value, dict) else {"value": value}
        changed = {
            key: UNSEEN
            for key, module in sys.modules.items()
            if modules.get(key, UNSEEN) is not module and self.counts(module) and not self.made_by_foreign(key)
        }
        changed.update((key, {"absent": True}) for key in modules if key not in sys.modules)
        seen["modules"] = changed
        hidden = ("__builtins__", "__name__", *FUNCTIONS, "note", "result", "error")
        seen["names"] = {
            key: self.value(value)
            for key, value in names.items()
            if key not in hidden and not isinstance(value, type(sys))
        }
        now = self.files()
        seen["files"] = sorted(
            [name if name in files else f"{name} created" for name in now if now[name] != files.get(name)]
            + [f"{name} removed" for name in files if name not in now]
        )
        return seen

    def profile(self, frame, event, _):
        space = frame.f_globals
        if event == "return" and self.running and self.running[-1] is frame:
            self.running.pop()
        elif event == "call" and frame.f_code.co_name == "<module>" and self.is_module(frame):
            self.running.append(frame)
            spec = space.get("__spec__")
            module = sys.modules.get(getattr(spec, "name", None))
            imported = getattr(spec, "_initializing", False) and getattr(module, "__dict__", None) is space
            file = self.text(frame.f_code.co_filename)
            self.events.append(
                {
                    "event": "import" if imported else "run",
                    "file": file,
                    "specials": {key: self.value(space[key]) for key in TAKEN if key in space},
                    "keys": [key for key in space if type(key) is str],
                }
            )

    def is_module(self, frame):
        file, space = frame.f_code.co_filename, frame.f_globals
        is_text = file == "<string>" and "__spec__" in space and frame.f_locals is space
        return self.of_world(file) or (is_text and not any(other.f_globals is space for other in self.running))

    def note(self, *values):
        self.events.append({"event": "note", "values": [self.value(value) for value in values]})

    def warning(self, message, category, filename, lineno, file=None, line=None):
        self.events.append({"event": "warning", "category": category.__qualname__, "text": self.text(str(message))})

    def of_world(self, file):
        relative = file[2:] if file.startswith("./") else file
        if "run_path" in self.case["functions"] and relative.partition("/")[0] in self.tops:
            return True
        return file.startswith((self.root + "/", self.plan["compiled root"] + "/", "world:"))

    def counts(self, module):
        """A module of the world, or one that was made by hand; no foreign one."""
        fields = object.__getattribute__(module, "__dict__") if isinstance(module, type(sys)) else {}
        spec = fields.get("__spec__")
        places = [fields.get("__file__"), getattr(spec, "origin", None), *fields.get("__path__", ())]
        known = [place for place in places if isinstance(place, str)]
        return spec is None or not known or any(self.of_world(place + "/") for place in known)

    def made_by_foreign(self, key):
        parent = sys.modules.get(key.partition(".")[0]) if "." in key else None
        return parent is not None and not self.counts(parent) and not getattr(sys.modules[key], "__file__", None)

    def files(self):
        found = {}
        for folder, _, names in os.walk(self.root):
            for path in (os.path.join(folder, name) for name in names):
                status = os.lstat(path)
                name = self.text(os.path.relpath(path, self.root))
                found[name] = (status.st_size, status.st_mtime_ns, status.st_ino)
        return found

    # What can be described without identity (observation.md: Values, Exceptions, Texts and escapes).

    def text(self, text):
        for place in (self.root, self.plan["compiled root"]):
            text = text.replace(place, "<root>")
        text = text.replace(self.plan["words"]["{tag}"], "{tag}")
        return re.sub(r" at 0x[0-9a-fA-F]+", " at 0x...", text)

    def value(self, value, depth=0):
        kind = type(value)
        if value is None or kind in (bool, int):
            return value
        if kind is str:
            return self.text(value)
        if depth < 6 and kind in (list, tuple):
            return {kind.__name__: [self.value(item, depth + 1) for item in value]}
        if depth < 6 and kind is dict and value is not vars(sys.modules["builtins"]):
            return {"dict": [[self.value(key), self.value(item, depth + 1)] for key, item in value.items()]}
        if kind is float:
            return {"float": repr(value)}
        if kind is bytes:
            return {"bytes": self.text(value.decode("latin-1"))}
        return UNSEEN

    def exception(self, exc):
        frames, traceback = [], exc.__traceback__
        while traceback is not None:
            code = traceback.tb_frame.f_code
            if self.of_world(code.co_filename) or code.co_filename.startswith("<step "):
                frames.append([self.text(code.co_filename), traceback.tb_lineno, code.co_name])
            traceback = traceback.tb_next
        message = self.text(str(exc)).replace(f"{self.plan['called']}(", "run_module(")
        return {"exception": named(type(exc)), "message": message, "frames": frames}


def named(cls):
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


# -- comparing (observation.md: How two observations are compared) -------------------------------------------------


def alike(oracle, mine):
    """True if two values are the same where both were described, identity apart."""
    if mine == UNSEEN:
        return True
    if isinstance(oracle, dict) and isinstance(mine, dict):
        oracle = {key: part for key, part in oracle.items() if key not in ("is", "type", "items")}
        return "again" in oracle or (oracle.keys() == mine.keys() and all(alike(oracle[k], mine[k]) for k in mine))
    if isinstance(oracle, list) and isinstance(mine, list):
        if any(isinstance(item, dict) and "items of" in item for item in oracle):  # the interpreter's own, left out
            shown = [isinstance(item, dict) and "items of" in item for item in oracle].index(True)
            oracle, mine = oracle[:shown], mine[:shown]
        return len(oracle) == len(mine) and all(map(alike, oracle, mine))
    return type(oracle) is type(mine) and oracle == mine


def differences(oracle, mine):
    """The fields in which one step differs."""
    if not oracle:
        return
    for kind, field in (("run", "executions.run"), ("import", "executions.import")):
        if files_of(oracle, kind) != files_of(mine, kind):
            yield field, files_of(oracle, kind), files_of(mine, kind)
    for field, key in (("note", "values"), ("warnings.category", "category"), ("warnings.text", "text")):
        ours, theirs = ([event[key] for event in side["events"] if key in event] for side in (oracle, mine))
        if not alike(ours, theirs):
            yield field, ours, theirs
    for ours, theirs in zip(starts_of(oracle), starts_of(mine)):  # noqa: B905 - 3.8 has no strict
        prefix = "entry" if ours["event"] == "run" else "import"
        for key in TAKEN:
            expected, shown = (side["specials"].get(key, {"absent": True}) for side in (ours, theirs))
            if (prefix == "entry" or key != "__cached__") and not alike(expected, shown):
                yield f"{prefix}.{key}", expected, shown
        expected, shown = (
            {key for key in side["keys"] if isinstance(key, str)} - {*SPECIALS} for side in (ours, theirs)
        )
        if expected != shown:
            yield f"{prefix}.keys", sorted(expected), sorted(shown)
    if oracle["outcome"] != mine["outcome"]:
        yield "outcome", oracle["outcome"], mine["outcome"]
    elif oracle["outcome"] == "raised":
        for field, key in (("type", "exception"), ("message", "message"), ("frames", "frames")):
            if oracle["exception"][key] != mine["exception"][key]:
                yield f"exception.{field}", oracle["exception"][key], mine["exception"][key]
    elif isinstance(oracle.get("result"), dict) and "dict" in oracle["result"]:
        yield from result_differences(oracle["result"]["dict"], mine["result"].get("dict", []))
    if not alike(oracle.get("argv"), mine.get("argv")):
        yield "after.argv", oracle.get("argv"), mine.get("argv")
    if oracle["modules"].keys() != mine["modules"].keys():
        yield "after.modules", sorted(oracle["modules"]), sorted(mine["modules"])
    for field in ("names", "stdout", "stderr", "files"):
        if not alike(oracle[field], mine[field]):
            yield field, oracle[field], mine[field]


def result_differences(oracle, mine):
    ours, theirs = ({key: value for key, value in side if isinstance(key, str)} for side in (oracle, mine))
    if any(
        isinstance(key, dict) and "items of" in key for key, _ in oracle
    ):  # the interpreter's own, which are left out
        theirs = {key: value for key, value in theirs.items() if key in ours}
    if ours.keys() != theirs.keys():
        yield "result.keys", list(ours), list(theirs)
    for key in ours.keys() & theirs.keys():
        if not alike(ours[key], theirs[key]):
            yield f"result.{key}" if key in SPECIALS else "result.values", ours[key], theirs[key]


def starts_of(step):
    return [event for event in step["events"] if event["event"] in ("run", "import")]


def files_of(step, kind):
    return [event["file"] for event in step["events"] if event["event"] == kind]


def clause_of(index, case, field, version, of_path):
    """README.md and observation.md: Which clause is broken."""
    for clause in case["clauses"]:
        facts = index["clauses"][clause]
        fits = any(fnmatch.fnmatchcase(field, pattern) for pattern in facts["fields"])
        if fits and (not facts["versions"] or any(holds(specifier, version) for specifier in facts["versions"])):
            return clause
    if field in index["free_fields"] and case["clauses"] and not case["id"].startswith("families/"):
        return case["clauses"][0]
    owners = index["path_owners" if of_path else "owners"]
    return " or ".join(next(row["clauses"] for row in owners if fnmatch.fnmatchcase(field, row["field"])))


def holds(specifier, version):
    """True if a specifier such as `>=3.9,<3.12` holds for a version; it knows as much of PEP 440 as is used."""
    now = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
    for part in specifier.split(","):
        sign, numbers = re.fullmatch(r"\s*([<>=!]+)\s*(.*?)\s*", part).groups()
        then = tuple(int(number) for number in re.findall(r"\d+", numbers))
        here = now[: len(then)] if sign in ("==", "!=", "<=", ">") else now
        there = {"==": here == then, "!=": here != then, "<": here < then, "<=": here <= then, ">": here > then}
        if not there.get(sign, here >= then):
            return False
    return True


# -- outside -------------------------------------------------------------------------------------------------------


def main(folder, python, *rest):
    impl = next((os.path.abspath(word[7:]) for word in rest if word.startswith("--impl=")), "")
    wanted = [word for word in rest if not word.startswith("--")]
    offered = offered_by(impl) if impl else FUNCTIONS
    told = "import sys; print('.'.join(map(str, sys.version_info[:3])), sys.implementation.cache_tag)"
    version, _ = subprocess.run([python, "-c", told], capture_output=True, text=True, check=True).stdout.split()
    language = version.rpartition(".")[0]
    with open(os.path.join(folder, "index.json"), encoding="ascii") as file:
        index = json.load(file)
    agree = differ = 0
    for case in index["cases"]:
        if case["id"] in wanted and language in case["recorded"] and set(case["functions"]) <= set(offered):
            found = list(run_one(folder, index, case, python, language, impl))
            for of_path, field, oracle, mine in found:
                clause = clause_of(index, case, field, version, of_path)
                print(f"{case['id']}: {clause}: {field}: {json.dumps(oracle)} {json.dumps(mine)}")
            agree, differ = agree + (not found), differ + bool(found)
    print(f"{agree} agree, {differ} differ")
    return 1 if differ else 0


def offered_by(impl):
    """The functions that an implementation defines."""
    with open(impl, encoding="utf-8") as file:
        text = file.read()
    return [name for name in FUNCTIONS if f"def {name}(" in text]


def run_one(folder, index, entry, python, language, impl):
    case_folder = os.path.join(os.path.abspath(folder), entry["folder"])
    with open(os.path.join(case_folder, "case.json"), encoding="ascii") as file:
        case = json.load(file)
    with open(os.path.join(case_folder, "observed.json"), encoding="ascii") as file:
        oracle = next(recording["observation"] for recording in json.load(file) if language in recording["pythons"])
    with tempfile.TemporaryDirectory() as temporary:
        place = os.path.realpath(temporary)
        root = os.path.join(place, "world")
        os.mkdir(root)
        words = index["pythons"][language]["words"]
        lay_out(case["files"], case_folder, root, language, words)
        plan = {"root": root, "case": case, "folder": case_folder, "language": language, "words": words, "impl": impl}
        plan.update({"compiled root": index["root"], "called": "run_module"})
        facts = os.path.join(place, "facts.json")
        with open(os.path.join(place, "plan.json"), "w", encoding="ascii") as file:
            json.dump(plan, file)
        with open(os.path.join(place, "out"), "wb") as out, open(os.path.join(place, "err"), "wb") as err:
            command = [python, os.path.abspath(__file__), "--inside", file.name, facts]
            subprocess.run(command, stdout=out, stderr=err, timeout=60, check=False)
        if not os.path.exists(facts):
            yield False, "crash", "an observation", None
            return
        with open(facts, encoding="ascii") as file:
            mine = json.load(file)
        if len(case["steps"]) == 1:  # else it would take a look after each step
            for stream, name in (("stdout", "out"), ("stderr", "err")):
                with open(os.path.join(place, name), encoding="utf-8", errors="backslashreplace") as printed:
                    mine[0][stream] = printed.read().replace(root, "<root>")
        for ours, theirs, step in zip(oracle["steps"], mine, case["steps"]):  # noqa: B905
            theirs.setdefault("stdout", UNSEEN)
            theirs.setdefault("stderr", UNSEEN)
            of_path = "run_path" in str(step.get("call", step.get("do", "")))
            yield from ((of_path, *difference) for difference in differences(ours, theirs))


if __name__ == "__main__":
    if sys.argv[1] == "--inside":
        with open(sys.argv[2], encoding="ascii") as read:
            inside, written = Inside(json.load(read)), sys.argv[3]
        seen = inside.run()
        with open(written, "w", encoding="ascii") as file:
            json.dump(seen, file)
    else:
        sys.exit(main(*sys.argv[1:]))
