"""Runs a command as a step of a case, and describes what the program that it runs sees and leaves.

Rules. Owns the process of a command: its environment, its standard streams, its end. It does not know whether the
command is the oracle's, `python -m NAME` or `python FILE`, or a launcher that is judged. Only POSIX systems.

Theory of operation. A command has a template for each kind of program that it runs, a module or a path. A template is a
list of words: `{python}` stands for the target with the interpreter options of the step, `{name}` for the module,
`{path}` for the path, `{args}` for the arguments of the program. The process gets a session of its own, a home folder
that is empty, and pipes that are read until it ends; whatever it has started is killed afterwards. The program itself
tells what it sees by the module `witness`, whose folder is the last entry of PYTHONPATH.
"""

from __future__ import annotations

import ast
import re
import shutil
import signal
import site
import sys
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Tuple

from . import COMMAND, MARKS, MODULE, PATH
from .own import loads, os, select
from .tracebacks import without_tracebacks

if TYPE_CHECKING:
    from .messages import CommandObservation, CommandRequest, Telling

USUAL = {
    MODULE: ("{python}", "-m", "{name}", "{args}"),
    PATH: ("{python}", "{path}", "{args}"),
}
_HERE = os.path.dirname(os.path.abspath(__file__))
_MOST_OUTPUT = 16 << 20  # bytes; a program that writes more is killed
_SHOWN = 20_000  # characters
_LOOK = 0.02  # seconds between two looks at a process that keeps its streams open
_WITH_VALUES = ("-W", "-X")  # interpreter options whose value is the next word
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")


class Refused(Exception):
    """The command cannot be started for a case; the text says why."""


class Command:
    """A command as its templates, by kind; a step that calls it as if it were `run_module` fails."""

    def __init__(self, templates: Mapping[str, Tuple[str, ...]] = USUAL) -> None:
        self._templates = templates
        self.is_usual = all(words == USUAL[kind] for kind, words in templates.items())

    def __call__(self, *_: Any, **__: Any) -> Any:
        """Refuse a call. Raises TypeError."""
        raise TypeError("a command cannot be called")

    def words(self, request: CommandRequest) -> List[str]:
        """The words of the process for a step. Raises Refused."""
        options, kind, program, arguments = split(request["command"])
        template = self._templates.get(kind)
        if template is None:
            raise Refused("the command runs no {}s".format(kind))
        if options and "{python}" not in template:
            raise Refused("the command takes no interpreter options: begin it with {python} to have these cases judged")
        values = {"{python}": [sys.executable, *options], "{args}": arguments}
        mark = MARKS[kind]
        found: List[str] = []
        for word in template:
            if word in values:
                found.extend(values.pop(word))
            else:
                found.append(word.replace("{python}", sys.executable).replace(mark, program))
        return found


def is_command(side: str) -> bool:
    """True if a side is a command, and no candidate to be imported."""
    return side.startswith(COMMAND)


def parse(side: str) -> Command:
    """The command that a side names. Raises ValueError, with a sentence, if its program cannot be started."""
    templates = {kind: tuple(words) for kind, words in loads(side[len(COMMAND) :]).items()}
    for program, *_ in templates.values():
        if program != "{python}" and shutil.which(program, path=_path()) is None:
            if os.path.exists(program):
                raise ValueError("{} is not a program that you may start: make it executable.".format(program))
            raise ValueError(
                "There is no command {!r} beside {} or on PATH: install it there (with nox by --install=REQUIREMENT), "
                "or give its path.".format(program, sys.executable)
            )
    return Command(templates)


def _path() -> str:
    return os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", os.defpath)])


def split(command: List[str]) -> Tuple[List[str], str, str, List[str]]:
    """The parts of a command such as ["-O", "-m", "pkg", "argument"] or ["script.py", "argument"].

    They are the interpreter options, the kind of program, the program and its arguments.
    """
    number = 0
    while command[number].startswith("-") and command[number] != "-m":
        number += 2 if command[number] in _WITH_VALUES else 1
    options, rest = command[:number], command[number:]
    if rest[0] == "-m":
        return options, MODULE, rest[1], rest[2:]
    return options, PATH, rest[0], rest[1:]


def run(command: Command, request: CommandRequest, root: str, path: List[str]) -> CommandObservation:
    """Run a command in a world, and describe what came of it.

    root: the folder of the world. path: the entries of PYTHONPATH, absolute. Raises Refused.
    """
    words = [word.replace("<root>", root) for word in command.words(request)]
    base = root + "~"
    witness, home = os.path.join(base, "on_path"), os.path.join(base, "home")
    os.makedirs(home)
    shutil.copytree(os.path.join(_HERE, "on_path"), witness, ignore=shutil.ignore_patterns("__pycache__"))
    try:
        before = _files(root)
        tell = os.path.join(base, "told")
        folder = os.path.normpath(os.path.join(root, request.get("folder", ".")))
        variables = _environment(request, folder, [*path, witness], home, tell)
        ending, outputs = _Process(words, folder, variables, request.get("stdin", "")).finish()
        show = _Shown(root, witness, home)
        stdout, stderr = (show.text(data.decode("utf-8", "backslashreplace")) for data in outputs)
        tracebacks, messages = without_tracebacks(stderr)
        return {
            "ending": ending,
            "told": [show.telling(line) for line in _lines(tell)],
            "stdout": stdout[:_SHOWN].splitlines(),
            "stderr": messages[:_SHOWN],
            "tracebacks": tracebacks,
            "files": sorted(
                show.text(name) for name, look in _files(root).items() if before.get(name) != look and _counts(name)
            ),
        }
    finally:
        shutil.rmtree(base, ignore_errors=True)


def _environment(request: CommandRequest, folder: str, path: List[str], home: str, tell: str) -> Dict[str, str]:
    variables = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    base = site.getuserbase() if site.ENABLE_USER_SITE else ""
    if base and os.path.isdir(base):
        variables["PYTHONUSERBASE"] = base  # the launcher may be installed there
    variables.update(
        PATH=_path(),
        PWD=folder,  # as a shell sets it, with the symbolic links by which the folder was entered
        PYTHONPATH=os.pathsep.join(path),
        RUNPY_CONFORMANCE_TELL=tell,
        HOME=home,
        TMPDIR=home,
        NO_COLOR="1",
        COLUMNS="200",
    )
    variables.update(request.get("variables", {}))
    return variables


class _Process:
    """A process whose output is read until it ends."""

    def __init__(self, words: List[str], folder: str, variables: Dict[str, str], stdin: str) -> None:
        self._pipes = [os.pipe() for _ in range(2)]
        given = os.open(os.path.join(os.path.dirname(variables["HOME"]), "stdin"), os.O_RDWR | os.O_CREAT)
        os.write(given, stdin.encode("utf-8", "surrogatepass"))
        os.lseek(given, 0, 0)
        self._child = os.fork()
        if self._child == 0:
            try:
                os.setsid()
                for target, descriptor in enumerate((given, *(write for _, write in self._pipes))):
                    os.dup2(descriptor, target)
                os.closerange(3, 256)
                signal.signal(signal.SIGPIPE, signal.SIG_DFL)
                signal.signal(signal.SIGINT, signal.SIG_DFL)
                os.chdir(folder)
                os.execvpe(words[0], words, variables)
            except BaseException as exc:
                os.write(2, "cannot start {}: {}\n".format(words[0], exc).encode("utf-8", "backslashreplace"))
            finally:
                os._exit(126)
        os.close(given)
        for _, write in self._pipes:
            os.close(write)

    def finish(self) -> Tuple[Any, List[bytes]]:
        """Wait for the end; how it ended, and what was written to standard output and standard error."""
        outputs: Dict[int, List[bytes]] = {read: [] for read, _ in self._pipes}
        waiting, size = set(outputs), 0
        status = None
        while waiting:
            ready = select(list(waiting), [], [], _LOOK if status is None else 0)[0]
            for descriptor in ready:
                data = os.read(descriptor, 65536)
                outputs[descriptor].append(data)
                size += len(data)
                if not data:
                    waiting.discard(descriptor)
            if size > _MOST_OUTPUT:
                break
            if not ready:
                if status is not None:
                    break  # others keep the streams open
                pid, ended = os.waitpid(self._child, os.WNOHANG)
                status = ended if pid else None
        if size <= _MOST_OUTPUT and status is None:
            status = os.waitpid(self._child, 0)[1]
        try:
            os.killpg(self._child, signal.SIGKILL)
        except OSError:
            pass
        if status is None:
            os.waitpid(self._child, 0)
        for descriptor in outputs:
            os.close(descriptor)
        return _ending(status), [b"".join(outputs[read]) for read, _ in self._pipes]


def _ending(status: Any) -> Any:
    if status is None:
        return "killed, since it wrote more than {} MB".format(_MOST_OUTPUT >> 20)
    if os.WIFSIGNALED(status):
        return "signal {}".format(os.WTERMSIG(status))
    return os.WEXITSTATUS(status)


def _files(root: str) -> Dict[str, Tuple[int, int]]:
    """The files of a world, each with its size and its time."""
    found: Dict[str, Tuple[int, int]] = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            try:
                status = os.lstat(path)
            except OSError:
                continue
            found[path[len(root) + 1 :]] = (status.st_size, status.st_mtime_ns)
    return found


def _counts(name: str) -> bool:
    """True for a file that the program itself may have written."""
    return not name.endswith(".pyc")


def _lines(path: str) -> List[str]:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return []  # the program did not run, or has not told anything
    try:
        data = b""
        while True:
            part = os.read(descriptor, 1 << 20)
            if not part:
                return data.decode("ascii", "replace").splitlines()
            data += part
    finally:
        os.close(descriptor)


class _Shown:
    """Texts and values as they are shown: the world is `<root>`, and what differs from run to run is left out."""

    def __init__(self, root: str, witness: str, home: str) -> None:
        self._root = root
        self._witness = witness
        self._places = [(witness, "<witness>"), (home, "<home>"), (root, "<root>")]
        called = os.path.basename(sys.executable)
        # As argparse names the program: `python3.14 -m tool`, and `python3.14d -m tool` where that is its name.
        self._called = [(sys.executable, "<python>"), (called + " -m ", "<python> -m ")] if called else []
        real = os.path.realpath(root)
        if real != root:
            self._places.append((real, "<root>"))

    def text(self, text: str) -> str:
        """A text with the places and addresses of one run replaced."""
        for place, shown in self._places + self._called:
            text = text.replace(place, shown)
        return _ADDRESS.sub("0x...", text)

    def telling(self, line: str) -> Telling:
        """A line that the program has told."""
        try:
            telling = ast.literal_eval(line)
        except (ValueError, SyntaxError):
            return {"event": "unreadable"}
        shown: Telling = self._value(telling)
        if "path" in telling:
            path = [entry for entry in shown["path"] if entry != "<witness>"]
            shown["path0"] = path[0] if path and self._is_world(path[0]) else "<elsewhere>"
            shown["path"] = [entry for entry in path if self._is_world(entry)]
        return shown

    @staticmethod
    def _is_world(entry: Any) -> bool:
        """True if an entry of `sys.path` lies in the world; one that is relative does."""
        return type(entry) is str and (entry.startswith("<root>") or not entry.startswith(("/", "<")))

    def _value(self, value: Any) -> Any:
        if type(value) is str:
            return self.text(value)
        if type(value) is bytes:
            return {"bytes": self.text(value.decode("latin-1"))}
        if type(value) is float:
            return {"float": repr(value)}
        if type(value) is list:
            return [self._value(item) for item in value]
        if type(value) is dict:
            return {self.text(key): self._value(item) for key, item in value.items()}
        return value
