"""The agent survives what it looks at, and sees no difference where only the candidate's own circumstances differ."""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import fcntl
import functools
import json
import os
import shutil
import sys
import time
import zipfile
import zipimport
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from conformance import FIXTURES, REFERENCE
from conformance.agent import MUTE, describe, outputs
from conformance.agent.describe import Describer
from conformance.agent.own import own_spelling
from conformance.agent.steps import world_test
from conformance.cases.families import generate
from conformance.cases.model import Case, Step
from conformance.clauses import Level
from conformance.judge.compare import judge
from conformance.observation.batches import batches
from conformance.observation.interpreters import BadInterpreter, Target, find
from conformance.observation.live import LiveSide
from conformance.observation.side import AgentError
from conformance.search.examine import Examiner
from tests.harness import Oracle, all_cases, judged, target_for

HEAD = "def run_module(mod_name, init_globals=None, run_name=None, alter_sys=False):\n"
CASE = Case(files={"plain_one.py": "x = 1\n"}, steps=(Step("call", "run_module('plain_one')"), Step("do", "after = 1")))

HOSTILE = """
import importlib.machinery, os, sys, types, warnings
class Liar:
    def __getattribute__(self, name): raise RuntimeError(name)
    def __eq__(self, other): raise RuntimeError
    def __hash__(self): raise RuntimeError
    def __bool__(self): raise RuntimeError
    __iter__ = __len__ = __repr__ = __str__ = __bool__
class Meta(type):
    def __getattribute__(cls, name): raise RuntimeError(name)
class Made(metaclass=Meta): pass
class Mapping(dict):
    def items(self): raise RuntimeError
    keys = values = get = __iter__ = __len__ = __getitem__ = __contains__ = items
class Key(str):
    def __eq__(self, other): raise RuntimeError
    __hash__ = str.__hash__
class Links(Exception):
    __cause__ = __context__ = __traceback__ = __suppress_context__ = args = property(lambda self: 1 / 0)
    def __str__(self): raise RuntimeError
class Silent(ImportError):
    def __getattribute__(self, name): raise RuntimeError(name)
class _NamespacePath(list):
    def __iter__(self): raise RuntimeError
class Spec(importlib.machinery.ModuleSpec):
    cached = property(lambda self: sys.exit())
def module(**attributes):
    sys.modules["made_up"] = made = types.ModuleType("made_up")
    vars(made).update(attributes)
    return made
"""

RETURNS = {
    "objects that lie": "{'a': Liar(), 'b': Made, 'c': Made(), 'd': _NamespacePath(), 'e': Spec('x', None)}",
    "a result that lies": "Liar()",
    "a dictionary whose methods raise": "Mapping(a=1)",
    "keys that will not be compared": "{Key('x'): 1, None: 2, (1,): 3}",
    "surrogates": "{'\\udc80': '\\ud800', 'x\\udfff': b'\\xff'}",
    "an integer of many digits": "{'large': 1 << 1_000_000, 'negative': -(10**5000)}",
    "very many keys": "{'k%d' % n: n for n in range(100_000)}",
    "a very long list": "{'a': list(range(1_000_000))}",
    "a module whose name lies": "{'m': module(__name__=Liar(), __file__=Liar(), __spec__=Liar())}",
    "a spec with odd locations": "{'m': module(__spec__=types.SimpleNamespace(submodule_search_locations=3))}",
    "a class whose module lies": "{'c': type('C', (), {'__module__': Liar()})()}",
}
DOES = {
    "raises what hides its links": "raise Links('x')",
    "raises what has no attributes": "raise Silent('x')",
    "raises a syntax error that is odd": "raise SyntaxError('x', ('f', Liar(), 1, 't'))",
    "leaves no sys.path": "del sys.path",
    "leaves no sys.argv": "del sys.argv",
    "leaves no sys.modules": "sys.modules = None",
    "leaves no finders": "sys.meta_path = None",
    "leaves odd search paths": "sys.path.append(Liar())",
    "leaves no warning filters": "warnings.filters = None; del warnings.showwarning",
    "leaves no environment": "del os.environ",
    "warns without a text": "warnings.warn(type('W', (UserWarning,), {'__str__': lambda self: 1 / 0})())",
}
BODIES = {name: f"return {value}" for name, value in RETURNS.items()} | DOES


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_whatever_a_candidate_does_is_described(body: str, candidate_of: Callable[[Target, str], LiveSide]) -> None:
    """An observation comes back, of all steps, and the same one twice."""
    side = candidate_of(find(sys.executable), f"{HOSTILE}\n{HEAD}    {body}\n")
    first, second = (side.run(CASE.plain()) for _ in range(2))
    assert first.observation is not None, first
    assert len(first.observation["steps"]) == len(CASE.steps)
    assert first.observation == second.observation


# -- values -------------------------------------------------------------------------------------------------------


class Colour(enum.Enum):
    RED = 1
    GREEN = 2


class Text(str):
    """A text with attributes of its own."""


class Slotted:
    """An object with slots."""

    __slots__ = ("kept",)

    def __init__(self, kept: object) -> None:
        self.kept = kept


def text(**attributes: object) -> Text:
    made = Text("x")
    vars(made).update(attributes)
    return made


def changed(error: BaseException, **attributes: object) -> BaseException:
    for name, value in attributes.items():
        setattr(error, name, value)
    return error


LONG = "x" * 5000
UNLIKE = {
    "zeros of two signs": (0.0, -0.0),
    "a truth and a number": (True, 1),
    "numbers in a tuple": ((1, True), (1, 1)),
    "a text and one with attributes": (text(), text(mark=1)),
    "attributes of texts": (text(mark=1), text(mark=2)),
    "bytes and a bytearray": (b"x", bytearray(b"x")),
    "bytearrays": (bytearray(b"x"), bytearray(b"y")),
    "slots": (Slotted(1), Slotted(2)),
    "ranges": (range(3), range(4)),
    "slices": (slice(1), slice(2)),
    "members": (Colour.RED, Colour.GREEN),
    "dates": (datetime.date(2001, 1, 1), datetime.date(2001, 1, 2)),
    "decimals that are equal": (decimal.Decimal("1"), decimal.Decimal("1.0")),
    "paths": (PurePosixPath("a"), PurePosixPath("b")),
    "partials": (functools.partial(int, "1"), functools.partial(int, "2")),
    "dictionaries that make up their items": (collections.defaultdict(int), collections.defaultdict(list)),
    "long texts": (LONG + "a", LONG + "b"),
    "SystemExit": (SystemExit(3), changed(SystemExit(3), code=0)),
    "StopIteration": (StopIteration(1), changed(StopIteration(1), value=None)),
    "OSError": (OSError(2, "x", "a"), changed(OSError(2, "x", "a"), filename2=b"a")),
    "UnicodeError": (UnicodeEncodeError("a", "b", 0, 1, "c"), changed(UnicodeEncodeError("a", "b", 0, 1, "c"), end=2)),
    "SyntaxError": (SyntaxError("x", ("f", 1, 1, "t")), changed(SyntaxError("x", ("f", 1, 1, "t")), text="u")),
    "AttributeError": (AttributeError("x"), changed(AttributeError("x"), obj=1)),
    "NameError": (NameError("x"), changed(NameError("x"), name="y")),
    "a note": (ValueError("x"), changed(ValueError("x"), __notes__=["y"])),
}


@pytest.mark.parametrize("values", UNLIKE.values(), ids=UNLIKE)
def test_values_that_look_alike_are_told_apart(values: tuple[object, object]) -> None:
    """And each is described the same way twice, without an address."""
    first, second, again = (
        Describer("/world", {}, __file__.__eq__).value(value, "x") for value in (*values, values[0])
    )
    assert json.dumps(first) != json.dumps(second)
    assert json.dumps(first) == json.dumps(again)
    assert " at 0x" not in json.dumps(first)


def test_paths_of_the_world_have_slashes_on_every_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Also in the `repr` of a path, where each separator is doubled; what is no path of the world stays as it is."""
    monkeypatch.setattr(describe, "SEPARATOR", "\\")
    describer = Describer(r"Z:\tmp\x", {}, __file__.__eq__)
    shown = describer.text(r"no Z:\tmp\x\a\b.py, 'Z:\\tmp\\x\\c.py' and C:\d.py")
    assert shown == r"no <root>/a/b.py, '<root>/c.py' and C:\d.py"
    assert describer.text(r"Z:\tmp\x\it's\a.py") == "<root>/it's/a.py"
    assert describer.text(r"\prefix\tmp\x\a.pyc") == "/prefix<root>/a.pyc"
    archive = tmp_path / "a.zip"
    zipfile.ZipFile(archive, "w").close()
    loader = zipimport.zipimporter(str(archive))
    loader.prefix = "inner\\"
    assert describer.value(loader, "x")["prefix"] == "inner/"


def test_a_line_ends_alike_on_every_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The output of a case to a text stream is read back as on Linux."""
    monkeypatch.setattr(outputs, "LINE_END", "\r\n")
    monkeypatch.delattr(outputs.os, "pread")
    written = tmp_path / "written"
    written.write_bytes(b"one\r\ntwo\r\nthree")
    with written.open("rb") as stream:
        assert outputs.read(stream.fileno(), 100, 5) == b"two\nthree"


@pytest.mark.parametrize("separator", ["/", "\\"])
def test_code_of_the_world_is_known_by_its_file_on_every_platform(separator: str) -> None:
    """On Windows a path may have slashes of both kinds, and that of another drive is absolute."""
    drive = "" if separator == "/" else "Z:"
    root = drive + separator.join(["", "tmp", "x"])
    is_world = world_test(root, {"app.zip", "bin"}, separator)
    inside = [root, root + separator + "a.py", "<step 1>", "world:a", separator.join(["bin", "tool.py"]), "./bin/a.py"]
    assert [file for file in inside if not is_world(file)] == []
    assert is_world(f".{separator}app.zip{separator}__main__.py")
    outside = [root + "y", drive + separator.join(["", "bin", "a.py"]), "<frozen runpy>", "elsewhere/bin/a.py"]
    assert [file for file in outside if is_world(file)] == []
    assert is_world(r"bin\tool.py") is (separator == "\\")
    assert not is_world(r"C:\bin\a.py")


def test_what_the_agent_needs_it_has_for_itself(candidate_of: Callable[[Target, str], LiveSide]) -> None:
    """A candidate that leaves no builtins is seen to do so."""
    side = candidate_of(find(sys.executable), f"{HEAD}    import builtins, sys\n    vars(builtins).clear()\n")
    observation = side.run(CASE.plain()).observation
    assert observation is not None
    assert observation["steps"][0]["state"]["builtins"]["open"] == {"absent": True}


def test_what_a_candidate_breaks_on_one_side_is_told(candidate_of: Callable[[Target, str], LiveSide]) -> None:
    """If nothing can be said any more of what was seen, the agent still says that."""
    hook = "def hook(event, arguments):\n    raise PermissionError\n"
    side = candidate_of(find(sys.executable), f"{hook}{HEAD}    import sys\n    sys.addaudithook(hook)\n")
    reply = side.run(CASE.plain())
    assert (reply.status, reply.detail) == ("exit", MUTE)
    assert side.run(Case(files={}, steps=(Step("do", "x = 1"),)).plain()).observation is not None


@pytest.mark.parametrize("own", ["", "    def __init__(self): pass\n    def __str__(self): return 1 / 0\n"])
def test_unsupported_may_be_subclassed(own: str, candidate_of: Callable[[Target, str], LiveSide]) -> None:
    """An adapter's own kind of it counts, though it neither calls ours nor has a text."""
    source = f"from under_test import Unsupported\nclass Mine(Unsupported):\n    pass\n{own}{HEAD}    raise Mine()\n"
    reply = candidate_of(find(sys.executable), source).run(CASE.plain())
    assert reply.observation is None
    assert reply.unsupported is not None


CALLABLES = {
    "an instance": "class Runner:\n    def __call__(self, {}):\n        return runpy.run_module({})\n"
    "run_module = Runner()\n",
    "one that has no attributes": "class Runner:\n    def __getattr__(self, name): raise RuntimeError(name)\n"
    "    def __call__(self, {}):\n        return runpy.run_module({})\nrun_module = Runner()\n",
    "a partial": "import functools\nrun_module = functools.partial(runpy.run_module)\n",
    "a lambda": "run_module = lambda {}: runpy.run_module({})\n",
}


@pytest.mark.parametrize("source", CALLABLES.values(), ids=CALLABLES)
def test_any_callable_will_do(
    source: str, oracle_of: Callable[[Target], Oracle], candidate_of: Callable[[Target, str], LiveSide]
) -> None:
    """Also when the interpreter's own message about a wrong call names it otherwise."""
    target = find(sys.executable)
    parameters = "mod_name, init_globals=None, run_name=None, alter_sys=False"
    arguments = "mod_name, init_globals, run_name, alter_sys"
    side = candidate_of(target, "import runpy\n" + source.format(parameters, arguments))
    for name in ("calling_convention/wrong_argument_is_named", "packages/nested_package_runs_main"):
        assert judged(oracle_of(target), side, all_cases()[name]) == []


SET_UP = """
import builtins, os, sys, warnings
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None): return None
def hook(path): raise ImportError
sys.meta_path[:] = [Finder, *sys.meta_path, Finder]
sys.path_hooks[:] = [hook, *sys.path_hooks, hook]
sys.path.append(os.path.dirname(__file__))
sys.setrecursionlimit(3000)
warnings.simplefilter("error")
builtins.added_by_the_candidate = os.environ["ADDED_BY_THE_CANDIDATE"] = "1"
sys.excepthook = sys.displayhook = lambda *arguments: None
sys.ps1 = sys.executable = sys.set_by_the_candidate = "set"
sys.setswitchinterval(0.125)
sys.set_asyncgen_hooks(hook, hook)
warnings.formatwarning = lambda *arguments: ""
builtins.open = lambda *arguments, opened=open, **named: opened(*arguments, **named)
"""


IN_A_THREAD = """
import runpy, threading
def run_module(*arguments, **named):
    results = []
    thread = threading.Thread(target=lambda: results.append(runpy.run_module(*arguments, **named)))
    thread.start()
    thread.join()
    return results[0]
"""


@pytest.mark.parametrize("python", [sys.executable, "python3.8", "python3.13"])
def test_code_in_another_thread_is_told_so(
    python: str, oracle_of: Callable[[Target], Oracle], candidate_of: Callable[[Target, str], LiveSide]
) -> None:
    """And not that it was not executed, whatever a fixture is about."""
    try:
        target = find(python)
    except BadInterpreter:
        pytest.skip(f"no {python} here")
    side = candidate_of(target, IN_A_THREAD)
    for name in ("packages/nested_package_runs_main", "loaders/custom_loader_runs", "altering_sys/argv_is_the_file"):
        causes = [found for found in judged(oracle_of(target), side, all_cases()[name]) or () if found.cause]
        assert causes[0].signature.clause == "CODE-IN-CALLERS-THREAD"
        assert all(found.signature.field.startswith("audit.") for found in causes[1:])


def test_what_a_candidate_sets_up_when_imported_is_its_own_affair(
    oracle_of: Callable[[Target], Oracle], candidate_of: Callable[[Target, str], LiveSide]
) -> None:
    """Judged is what changes over a call: over the fixtures and the family that touch the same things."""
    target = find(sys.executable)
    source = SET_UP + (REFERENCE / "__init__.py").read_text(encoding="utf-8")
    oracle, candidate = oracle_of(target), candidate_of(target, source)
    words = ("meta_path", "path_hooks", "sys.path", "recursion", "excepthook", "environ", "builtins", "filter")
    chosen = [case for case in all_cases().values() if any(word in str(case.plain()) for word in words)]
    assert len(chosen) > 50
    chosen += [case for case in generate(FIXTURES) if case.family == "families/settings"][::3]
    judgements = {case.id: judged(oracle, candidate, case) for case in chosen}
    assert not {name: found for name, found in judgements.items() if found}
    assert list(judgements.values()).count([]) > 65  # the others cannot run here


def test_modules_of_a_candidate_give_way_to_those_of_the_world(
    tmp_path: Path,
) -> None:
    """A candidate that consists of modules whose names a case uses as well is judged as any other."""
    (tmp_path / "plain_module.py").write_text("from runpy import run_module\n", encoding="utf-8")
    (tmp_path / "outer.py").write_text("from plain_module import run_module\n", encoding="utf-8")
    target = find(sys.executable)
    oracle, side = (LiveSide(target, name, import_from=str(tmp_path)) for name in ("oracle", "outer"))
    try:
        chosen = [case for case in all_cases().values() if "plain_module" in str(case.plain())]
        chosen += [case for case in all_cases().values() if case.chapter == "packages" and case not in chosen]
        assert len(chosen) > 50
        for case in chosen:
            ours, theirs = oracle.run(case.plain()).observation, side.run(case.plain()).observation
            assert ours is not None
            assert theirs is not None
            assert judge(case, ours, theirs, version=target.version) == [], case.id
    finally:
        oracle.close()
        side.close()


def test_links_on_the_way_to_the_temporary_folder_are_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, oracle_of: Callable[[Target], Oracle]
) -> None:
    """The interpreter names what lies in the current folder without them; on some systems /tmp is one."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "link"))
    monkeypatch.setattr("tempfile.tempdir", None)
    target = find(sys.executable)
    side = LiveSide(target, "oracle")
    try:
        case = all_cases()["finding_modules/empty_entry_of_sys_path_is_the_current_folder"]
        assert judged(oracle_of(target), side, case) == []
    finally:
        side.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="LC_ALL=C has an encoding of its own only there")
def test_a_file_system_without_unicode_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cases that need such names are not run there."""
    for name, value in {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}.items():
        monkeypatch.setenv(name, value)
    side = LiveSide(find(sys.executable), "oracle")
    try:
        assert "unicode" not in side.greeting.capabilities
    finally:
        side.close()


@pytest.mark.parametrize("root", ["/tmp/x", "/tmp/größer 道's", "/tmp/gr\udcc3\udcb6\"'"])
def test_the_root_is_known_however_a_text_spells_it(root: str) -> None:
    """As it is, quoted, quoted in ASCII, and as bytes."""
    describer = Describer(root, {}, __file__.__eq__)
    data = os.fsencode(root + "/m.py")
    for text in (root + "/m.py", repr(root + "/m.py")[1:-1], ascii(root + "/m.py")[1:-1], repr(data)[2:-1]):
        assert describer.text(f"no {text} there") == "no <root>/m.py there"
    assert describer.value(data, "x") == {"bytes": "<root>/m.py"}


@pytest.mark.parametrize("path", ["/tmp/x", "größer 道", "\udcc3", chr(0xD800)])
def test_a_path_that_both_spell_alike_stays(path: str) -> None:
    """And so does one that names no file."""
    assert own_spelling(path) == path


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="LC_ALL=C has an encoding of its own only there")
def test_driver_and_target_may_decode_the_names_of_files_differently(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each finds the same files, and no folder of the machine is seen in a message that quotes a path."""
    for name, value in {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}.items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "größer 道's"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    (folder / "candidate.py").write_text("from runpy import run_module, run_path\n", encoding="utf-8")
    side = LiveSide(find(sys.executable), str(folder / "candidate.py"), import_from=str(folder))
    try:
        case = all_cases()["path_sys/none_in_the_cache"]
        told = str(side.run(case.plain()).observation["steps"][-1])
        assert "<root>/folder" in told
        assert "udcc3" not in told
    finally:
        side.close()


@pytest.mark.parametrize("after", ["None", "before", "lambda *given: None"])
def test_a_candidates_own_trace_function_counts_as_none(
    after: str, tmp_path: Path, oracle_of: Callable[[Target], Oracle]
) -> None:
    """It may have set one when it was imported, and code may set another one, none, or the candidate's again."""
    traces = "import sys\nsys.settrace(lambda frame, event, argument: None)\n"
    (tmp_path / "tracing.py").write_text(
        traces + (REFERENCE / "__init__.py").read_text(encoding="utf-8"), encoding="utf-8"
    )
    step = f"import sys\nbefore = sys.gettrace()\nsys.settrace(lambda *given: None)\nsys.settrace({after})\ndel before"
    case = Case(CASE.files, (Step("do", step), Step("do", "sys.settrace(None)"), *CASE.steps))
    target = find(sys.executable)
    side = LiveSide(target, str(tmp_path / "tracing.py"))
    try:
        assert judged(oracle_of(target), side, case) == []
    finally:
        side.close()


def test_a_case_ends_with_its_run(tmp_path: Path) -> None:
    """Ctrl-C while a candidate hangs leaves no process behind: what it has locked becomes free."""
    held = tmp_path / "held"
    path = tmp_path / "hanging.py"
    source = (
        f"    import fcntl, time\n    file = open({str(held)!r}, 'w')\n    fcntl.flock(file, fcntl.LOCK_EX)\n"
        "    file.write('locked')\n    file.flush()\n    time.sleep(600)\n"
    )
    path.write_text(HEAD + source, encoding="utf-8")
    side = LiveSide(find(sys.executable), str(path))
    side.start([CASE.plain()])
    deadline = time.monotonic() + 30
    while not (held.exists() and held.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    side.close()
    with held.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_case_that_cannot_be_built_does_not_upset_the_next() -> None:
    """The suite's own failure in one case leaves no reply behind that the next one would take for its own."""
    target = find(sys.executable)
    oracle, candidate = LiveSide(target, "oracle"), LiveSide(target, str(REFERENCE))
    try:
        examiner = Examiner(oracle, candidate, Level.EXACT)
        impossible = Case(files={"a": "", "a/b": ""}, steps=(Step("do", "pass"),))
        with pytest.raises(AgentError):
            examiner.run(impossible)
        trial = examiner.run(CASE)
        assert (trial.verdict, trial.unconfirmed) == ("agrees", ())
    finally:
        oracle.close()
        candidate.close()


def step_cases(*sources: str) -> list[dict[str, Any]]:
    """Cases of one step each, as plain data."""
    return [Case(files={"m.py": "x = 1"}, steps=(Step("do", source),)).plain() for source in sources]


LEAVING = """
import sys, os, warnings, builtins, under_test, gc, signal, threading
sys.modules['left'] = sys; sys.modules.pop('os'); sys.modules['__main__'].left = 1
sys.argv = 'gone'; sys.path.append('left'); sys.meta_path.clear(); sys.path_hooks.clear()
sys.path_importer_cache.clear()
builtins.print = None; builtins.left = 1; os.environ['LEFT'] = '1'; os.mkdir('left'); os.chdir('left')
warnings.filters.clear(); warnings.showwarning = None; under_test.run_module = None
sys.stdout = None; sys.excepthook = None; sys.setrecursionlimit(3000); sys.settrace(lambda *args: None)
sys.left = 1; del sys.prefix; sys.setswitchinterval(0.25); sys.set_asyncgen_hooks(print, len); os.umask(0o077)
gc.set_threshold(50000); signal.signal(signal.SIGTERM, signal.SIG_IGN)
threading.settrace(len); threading.excepthook = None; threading.stack_size(262144)
"""
LOOKING = """
import m, sys, os, warnings, builtins
seen = [name for name in sys.modules if name in ('left', 'm', 'os')], hasattr(sys.modules['__main__'], 'left')
found = sys.argv, 'left' in sys.path, len(sys.meta_path), len(sys.path_hooks), len(warnings.filters)
held = hasattr(builtins, 'left'), 'LEFT' in os.environ, os.listdir('.'), run_module is None
others = sys.stdout is None, sys.excepthook is None, sys.getrecursionlimit(), sys.gettrace()
import gc, signal, threading
more = hasattr(sys, 'left'), hasattr(sys, 'prefix'), sys.getswitchinterval(), [*sys.get_asyncgen_hooks()], os.umask(0)
much = gc.get_threshold(), signal.getsignal(signal.SIGTERM).name, threading._trace_hook, threading.excepthook is None
stack = threading.stack_size()
print('out')
"""


@pytest.mark.parametrize("versions", ["<3.15", ">=3.15"])
def test_the_portions_of_a_namespace_package_are_seen(versions: str, oracle_of: Callable[[Target], Oracle]) -> None:
    """Whatever their class is called, which is not the same in every version."""
    target = target_for(versions)
    if target is None:
        pytest.skip(f"there is no CPython {versions} here")
    steps = (Step("do", "import space; found = space.__path__"),)
    case = Case(files={"one/space/a.py": "", "two/space/b.py": ""}, path=("one", "two"), steps=steps)
    observation = oracle_of(target).side.run(case.plain()).observation
    assert observation is not None
    assert observation["steps"][0]["names"]["found"] == {"namespace path": ["<root>/one/space", "<root>/two/space"]}


def test_a_variable_that_is_set_to_its_value_is_no_change(oracle_of: Callable[[Target], Oracle]) -> None:
    """CPython encodes it anew each time, and PyPy finds the same bytes: neither has changed the environment."""
    steps = tuple(Step("do", f"import os; os.environ['OWN'] = {value!r}") for value in ("first", "first", "second"))
    observation = oracle_of(find(sys.executable)).side.run(Case(files={}, steps=steps).plain()).observation
    assert observation is not None
    changed = [step.get("state", {}).get("environ") for step in observation["steps"]]
    assert changed == [{"OWN": {"bytes": "first"}}, None, {"OWN": {"bytes": "second"}}]


def test_a_process_is_put_back_between_cases(oracle_of: Callable[[Target], Oracle]) -> None:
    """A case that runs after one that changed everything shows what it shows by itself, to the byte."""
    side = oracle_of(find(sys.executable)).side
    (alone,) = (side.run(case) for case in step_cases(LOOKING))
    side.start(step_cases(LOOKING, LEAVING, LOOKING, LOOKING))
    first, leaving, *others = side.finish()
    assert {reply.status for reply in (first, leaving, *others)} == {"done"}
    assert {reply.line for reply in (first, *others)} == {alone.line}
    assert b"raised" not in alone.line + leaving.line


def test_each_setting_is_put_back_between_cases(oracle_of: Callable[[Target], Oracle]) -> None:
    """A case of the family that sets all shows the same alone, and in one process after all others, to the byte."""
    side = oracle_of(find(sys.executable)).side
    cases = [case.plain() for case in generate(FIXTURES) if case.family == "families/settings"]
    side.start(cases)
    together = side.finish()
    assert len(together) > 50
    assert {reply.status for reply in together} == {"done"}
    for case, reply in zip(cases, together, strict=True):
        assert reply.line == side.run(case).line


UNHOOKING = """
import sys
sys.setprofile(None)
monitoring = getattr(sys, 'monitoring', None)
if monitoring:
    for number in range(6):
        if monitoring.get_tool(number):
            monitoring.free_tool_id(number)
        monitoring.use_tool_id(number, 'the world')
"""


@pytest.mark.parametrize("python", [sys.executable, "python3.8", "python3.12", "python3.14"])
def test_the_end_of_a_body_is_seen_whatever_hooks_were_taken_away(
    python: str, oracle_of: Callable[[Target], Oracle]
) -> None:
    """Both by sys.setprofile and by sys.monitoring, in the step that follows and in the next case of the process."""
    if shutil.which(python) is None:
        pytest.skip(f"there is no {python}")
    side = oracle_of(find(python)).side
    steps = (Step("do", UNHOOKING), Step("call", "run_module('m')"))
    again = Case(files={"m.py": "import n\n", "n.py": "0 / 0\n"}, steps=steps[1:]).plain()
    side.start([Case(files={"m.py": "x = 1\n"}, steps=steps).plain(), again])
    seen = [(reply.observation or {})["steps"][-1]["events"] for reply in side.finish()]
    told = [[(event["event"], event["file"].rpartition("/")[2]) for event in events] for events in seen]
    assert told[0] == [("run", "m.py"), ("end", "m.py")]
    assert told[1] == [("run", "m.py"), ("import", "n.py"), ("end", "n.py"), ("end", "m.py")]


# The agent follows a run by `sys.setprofile` before Python 3.12, and by `sys.monitoring` since.
PROFILED_BY = ("<3.9", "<3.12", ">=3.12")

WAYS = {
    "exec": "exec(code, namespace)",
    "eval": "eval(code, namespace)",
    "a function": "types.FunctionType(code, namespace)()",
    # The interpreter tells nobody of this one.
    "C": "ctypes.pythonapi.PyEval_EvalCode(*map(ctypes.py_object, (code, namespace, namespace)))",
}


@pytest.mark.parametrize("versions", PROFILED_BY)
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_code_may_be_executed_in_any_way(way: str, versions: str, tmp_path: Path) -> None:
    """It is seen, in the end, as what the oracle executes is; and nothing is said of what was not."""
    source = REFERENCE.joinpath("__init__.py").read_text(encoding="utf-8")
    changed = source.replace(
        "    exec(code, namespace)", f"    namespace.update(__builtins__=vars(builtins))\n    {way}"
    )
    assert changed != source
    (tmp_path / "own_way.py").write_text(changed.replace("import sys\n", "import builtins, ctypes, sys, types\n", 1))
    target = target_for(versions)
    if target is None:
        pytest.skip(f"there is no CPython {versions} here")
    sides = [LiveSide(target, "oracle"), LiveSide(target, str(tmp_path / "own_way.py"))]
    some = [case for case in all_cases().values() if case.chapter in ("packages", "altering_sys")]
    try:
        examiner = Examiner(sides[0], sides[1], Level.DOCUMENTED)
        examiner.smoke()
        trials = examiner.run_all(some[:40])
    finally:
        for side in sides:
            side.close()
    assert {trial.verdict for trial in trials} <= {"agrees", "not-run", "diverges"}
    assert not [trial for trial in trials if trial.counts(Level.DOCUMENTED) or trial.unconfirmed]


PROFILERS = {
    "a function": """
    before = sys.getprofile()
    sys.setprofile(lambda *seen: None)
    try:
        return run(*given, **named)
    finally:
        sys.setprofile(before)
""",
    # From Python 3.12 on, a second cProfile is refused while one is at work, in a nested run or another thread.
    "C": """
    profiler = cProfile.Profile()
    try:
        profiler.enable()
    except ValueError:
        assert sys.monitoring.get_tool(sys.monitoring.PROFILER_ID) == "cProfile", "somebody else is in the way"
        return run(*given, **named)
    try:
        return run(*given, **named)
    finally:
        profiler.disable()
""",
}


@pytest.mark.parametrize("versions", PROFILED_BY)
@pytest.mark.parametrize("body", PROFILERS.values(), ids=PROFILERS)
def test_a_candidate_may_profile_what_it_runs(body: str, versions: str, tmp_path: Path) -> None:
    """The candidate hides nothing of the modules from the agent, and the agent does not keep it from profiling.

    Cases whose own code sets a profile function are left out: it stays after a run, and a profiler puts its own back.
    """
    target = target_for(versions)
    if target is None:
        pytest.skip(f"there is no CPython {versions} here")
    source = "import cProfile, sys\nfrom runpy import run_module as run\ndef run_module(*given, **named):\n"
    (tmp_path / "profiles.py").write_text(source + body)
    sides = [LiveSide(target, "oracle"), LiveSide(target, str(tmp_path / "profiles.py"))]
    chapters = ("packages", "nesting", "altering_sys")
    chosen = (case for case in all_cases().values() if case.chapter in chapters)
    some = [case for case in chosen if "setprofile" not in str(case.plain())]
    try:
        examiner = Examiner(sides[0], sides[1], Level.COMPAT)
        examiner.smoke()
        trials = [trial for batch in batches(some) for trial in examiner.run_all(batch)]
    finally:
        for side in sides:
            side.close()
    assert sum(trial.verdict == "agrees" for trial in trials) > 100
    assert not [trial for trial in trials if trial.counts(Level.COMPAT) or trial.unconfirmed]


def test_a_step_that_is_warned_of_is_warned_of_each_time(oracle_of: Callable[[Target], Oracle]) -> None:
    """The warm agent compiles steps beforehand, but keeps none of which there is something to see."""
    side = oracle_of(find(sys.executable)).side
    warned = step_cases("x = 1 is 1\n", "x = 1 is 1\n")
    side.start(warned)
    seen = [(reply.observation or {})["steps"][0]["events"] for reply in side.finish()]
    assert [[event["category"] for event in events] for events in seen] == [["SyntaxWarning"]] * 2


def test_a_thread_left_behind_ends_the_sharing(oracle_of: Callable[[Target], Oracle]) -> None:
    """The case itself is good; those after it are for another process."""
    side = oracle_of(find(sys.executable)).side
    thread = "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()"
    side.start(step_cases("x = 1", thread, "x = 2"))
    assert [reply.status for reply in side.finish()] == ["done", "done", "not-run"]


@pytest.mark.parametrize("source", ["import os; os._exit(0)", "import os; os.kill(os.getpid(), 9)"])
def test_a_case_that_ends_the_process_is_told_from_the_others(
    source: str, oracle_of: Callable[[Target], Oracle]
) -> None:
    """Those before it are done, and those after it are for another process."""
    side = oracle_of(find(sys.executable)).side
    side.start(step_cases("x = 1", source, "x = 2"))
    before, itself, after = side.finish()
    assert (before.status, after.status) == ("done", "not-run")
    assert itself.status in ("exit", "signal")


@pytest.mark.parametrize(("source", "status"), [("os.getcwd = None", "done"), ("os.getcwd=None", "not-run")])
def test_a_change_inside_the_interpreters_own_modules_is_not_tolerated(
    source: str, status: str, oracle_of: Callable[[Target], Oracle]
) -> None:
    """It is put back where the code looks as if it made one; where it does not, nothing that was seen may stand."""
    side = oracle_of(find(sys.executable)).side
    side.start(step_cases("x = 1", f"import os; {source}", "import os; os.getcwd()"))
    replies = side.finish()
    assert [reply.status for reply in replies] == [status] * 3
    assert not any(b"raised" in reply.line for reply in replies)
