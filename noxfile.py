# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "nox[uv]>=2026.10",
#     "pytest>=9",
#     "pytest-xdist>=3.8",
#     "hypothesis>=6.170",
#     "jinja2>=3.1",
#     "msgspec>=0.22",
#     "rich>=15",
#     "packaging>=26",
#     "tomlkit>=0.15",
# ]
# ///
"""The front door of the conformance suite for runpy.run_module.

nox -s conformance -- --impl=mypkg     judge mypkg on every Python found
nox -s releases                        what the releases of CPython have changed, and whether there is anything new
nox -s tests                           the suite's own tests
nox -s drivers                         the same, on each Python that may drive the suite
nox -s record                          record anew what CPython shows in every case
nox -s fixtures -- FOLDER              write the cases out for other harnesses
nox -s noise                           compare CPython with itself: nothing may differ
nox -s mutants                         how many wrong implementations are caught, and how soon
nox -s fuzz -- --impl=mypkg            search without end, on one machine or several
nox -s campaign                        run drawn cases between sides that must agree
nox -s bench                           how fast it is, beside the bare calls
nox -s survey                          judge other people's implementations
nox -s package                         build wheel and sdist, and try them in an empty environment
nox -s show -- CASE                    print what a case shows
nox -s list                            print what can be named: clauses, chapters, fixtures, families
nox -s report -- A.jsonl B.jsonl       one report of several runs, or two compared

Two environments, never mixed. The driver (pytest, Hypothesis ...) is the environment that nox builds
for this file from the metadata above; inside a session it is `sys.executable`. The environment of a
`conformance` session is the target: it holds the candidate and nothing of ours.

The driver holds what judging needs. A session that needs more (ruff, mypy, hatchling ...) has an environment of
its own, with a group of `[dependency-groups]` in pyproject.toml. Which options there are, and which values they
take, is in `conformance/commands/options.py`.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import nox
import nox.command
import nox.project
import nox.virtualenv
from packaging.specifiers import SpecifierSet

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from conformance import INTERRUPTED, STATUS  # noqa: E402
from conformance.clauses.pythons import TARGETS  # noqa: E402
from conformance.commands import command_line as typed  # noqa: E402
from conformance.commands.command_line import USAGE  # noqa: E402
from conformance.commands.kinds import RECORDS, UsageError  # noqa: E402
from conformance.commands.options import DATABASES, OF_PYTEST, OF_RELEASES, OPTIONS  # noqa: E402

sys.path.remove(str(HERE))

# The versions of Python that may drive the suite: the CPythons among the targets that the metadata above allows.
METADATA = nox.project.load_toml(__file__)
DRIVERS = [name for name in TARGETS if name[0].isdigit() and name in SpecifierSet(METADATA["requires-python"])]


# -- --target=PATH or --interpreter=PATH names an interpreter itself: one session then, without an environment.
INTERPRETERS = ("--target", "--interpreter")
OWN_TARGET = next((one for one in sys.argv if one.partition("=")[0] in INTERPRETERS), "").partition("=")[0]
if OWN_TARGET and any(argument.startswith("conformance-") for argument in sys.argv):
    sys.exit(
        f"usage: {OWN_TARGET} names the interpreter itself; "
        f"say `nox -s conformance -- {OWN_TARGET}=...`, without a version"
    )

# The driver's exit statuses, as the end of a sentence about the target.
STATUSES = {**STATUS, USAGE: "usage: the command line was refused"}

# Other people's implementations: survey/<name>.toml says what to install and what to expect.
RECIPES = sorted(path.stem for path in (HERE / "survey").glob("*.toml"))

nox.needs_version = ">=2026.10"
nox.options.default_venv_backend = "uv|virtualenv"
# A missing interpreter is skipped and named, on CI too; `verdict` fails when none was found.
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["lint", "types", "tests", "conformance"]


@dataclass
class Asked:
    """What the user asked for after `--`: what to install, and the rest for the driver."""

    install: list[str] = field(default_factory=list)  # arguments for `pip install`
    candidate: str = ""  # the value of --impl
    reports: list[Path] = field(default_factory=list)
    options: list[str] = field(default_factory=list)


# What each conformance session of this run came to, in order; "" stands for the run as a whole.
outcomes: dict[str, str] = {}

# What `verdict` is to make, and of which records.
reports: list[Path] = []
recorded: list[Path] = []


@nox.session(python=False)
def command_line(session: nox.Session) -> None:
    """Runs before conformance: check what was asked before any environment is made."""
    if session.parallel:
        session.error("usage: conformance judges one target at a time; leave --parallel out")
    here = Path(session.invoked_from)
    if {"-h", "--help", "--version"} & set(session.posargs):
        driver(session, "conformance", *session.posargs)
        raise SystemExit(0)
    try:
        check(read_command_line(session.posargs, here), here)
    except UsageError as problem:
        conclude(session, "", f"usage: {problem}".rstrip("."))
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as after Ctrl-C, with the reports
    session.notify("verdict")


@nox.session(python=False if OWN_TARGET else TARGETS, requires=["command_line"], allow_parallel=False)
def conformance(session: nox.Session) -> None:
    """Judge --impl (default: the reference) on one target: -- --impl=mypkg [OPTION ...] [CLAUSE | CHAPTER | FIXTURE].

    `nox -s conformance -- --help` lists the options (docs/options.md). Relative paths start from the folder in which
    you stand; what can be imported there needs no --install. --report=FILE.jsonl is kept for each target, in
    FILE-<target>.jsonl; every other report is made of all targets.
    """
    if "" in outcomes:
        session.error("not run: the command line was refused")
    here = Path(session.invoked_from)
    asked = read_command_line(session.posargs, here, target_name(session))
    provide_database(session, asked)
    arguments = report_options(asked, target_name(session))
    if not OWN_TARGET:
        install(session, asked.install)
        arguments.append(f"--target={python_of(session)}")
    given = {option.partition("=")[0] for option in asked.options}
    if "--finds" not in given:
        arguments.append(f"--finds={here / 'conformance-finds'}")
    if "--import-from" not in given and OWN_TARGET != "--interpreter":
        import_from = folder_of_candidate(session, asked, here)
        arguments += [f"--import-from={import_from}"] if import_from else []
    # What is added here, the command that is printed adds as well.
    added = " ".join(option.partition("=")[0] for option in arguments)
    again = command_again(session, asked, here)
    try:
        driver(session, "conformance", *arguments, *asked.options, again=again, added=added)
    except KeyboardInterrupt:
        outcomes[session.name] = "interrupted"
        raise
    except nox.command.CommandFailed as failure:
        status = failure.return_code
        if status == INTERRUPTED:
            outcomes[session.name] = "interrupted"
            raise KeyboardInterrupt from None
        if status in STATUSES:
            name = "" if status == USAGE else session.name
            conclude(session, name, STATUSES[status], f" (exit status {status})")
        conclude(session, session.name, f"the suite itself failed, with exit status {status}")
    expects = any(option.startswith("--baseline=") for option in asked.options)
    outcomes[session.name] = "conforms, but for what the baseline expects," if expects else STATUSES[0]


@nox.session(python=False)
def releases(session: nox.Session) -> None:
    """Say what differs between successive CPythons and is not in the ledger: -- [--old=PYTHON] [--new=PYTHON].

    Without them: each CPython found, with the release before it (docs/adding-a-python.md).
    """
    arguments = absolute(session)
    if not any(option.startswith("--finds=") for option in arguments):
        arguments.append(f"--finds={Path(session.invoked_from, 'conformance-finds')}")
    driver(session, "conformance", "releases", *arguments)


@nox.session(python=False)
def verdict(session: nox.Session) -> None:
    """Runs after conformance: make one report of all targets, and fail when one does not conform or none was judged."""
    if arguments := reports_to_make():
        try:
            # Its exit status says again what each target came to.
            driver(session, "conformance", "report", *arguments, success=(0, 1, 4, 5, INTERRUPTED))
        except nox.command.CommandFailed:
            reports.clear()
            raise
        reports.clear()
    if not outcomes:
        conclude(session, "", "nothing ran: no interpreter that was asked for could be used")
    if not all(outcome.startswith(STATUSES[0]) for outcome in outcomes.values()):
        session.error(summary())


@nox.session(python=False)
def report(session: nox.Session) -> None:
    """Make one report of several runs: -- A.jsonl B.jsonl --report=FILE.html; or -- --compare BEFORE AFTER."""
    here, asked = Path(session.invoked_from), asked_of(session)
    arguments = [one if one.startswith("-") else str(here / one) for one in asked.options]
    driver(session, "conformance", "report", *arguments, *(f"--report={path}" for path in asked.reports))


@nox.session
def tests(session: nox.Session) -> None:
    """Run the suite's own tests; arguments after -- go to pytest."""
    self_tests(session)


@nox.session(python=DRIVERS)
def drivers(session: nox.Session) -> None:
    """Run the suite's own tests with each Python that may drive it; arguments after -- go to pytest."""
    self_tests(session)


@nox.session
def mutants(session: nox.Session) -> None:
    """Try wrong implementations: -- [--budget=30m] [--sample=N] [written | generated | NAME ...] (docs/power.md)."""
    arguments = absolute(session)
    if "written" not in arguments:
        provide(session, "mutants")
        made = session.env_dir / "generated.jsonl"
        script = HERE / "tests" / "power" / "generate.py"
        session.run("python", str(script), str(HERE / "reference" / "__init__.py"), str(made), silent=True)
        arguments.append(f"--generated={made}")
    driver(session, "tests.power", *arguments)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Search without end: -- --impl=... [--target=PYTHON] [--workers=N] [--database=redis://...] (docs/power.md)."""
    here, asked = Path(session.invoked_from), asked_of(session)
    if asked.install:
        session.error("usage: install the candidate yourself, and give its interpreter as --target")
    provide(session, "fuzz")
    arguments = asked.options
    if here.resolve() != HERE and not any(one.startswith("--import-from") for one in arguments):
        arguments.append(f"--import-from={here}")
    session.run("python", "-m", "conformance.search.fuzzing", *arguments)


@nox.session(python=TARGETS)
@nox.parametrize("name", RECIPES, ids=RECIPES)
def survey(session: nox.Session, name: str) -> None:
    """Judge what others wrote (survey/), and fail when it diverges in other ways than expected."""
    recipe = tomllib.loads((HERE / "survey" / f"{name}.toml").read_text("utf-8"))
    install(session, [recipe["requirement"]])
    driver(session, "survey", name, f"--target={python_of(session)}")


@nox.session(python=False)
def record(session: nox.Session) -> None:
    """Record anew what CPython shows in every case: -- [--new] [3.13 ...]; -- --check says what has drifted."""
    new = [one for one in session.posargs if one == "--new"]  # which names an interpreter for `releases`, and none here
    rest = [one for one in session.posargs if one != "--new"]
    driver(session, "conformance.commands.record", *new, *absolute(session, rest))


@nox.session(python=False)
def fixtures(session: nox.Session) -> None:
    """Write all cases out for other harnesses: -- [FOLDER | FILE.zip] [--versions=3.13] (docs/exported-tree.md)."""
    driver(session, "conformance.commands.export", f"--standing-in={session.invoked_from}", *session.posargs)


@nox.session(python=False)
def families(session: nox.Session) -> None:
    """Say what the families combine, and how many cases that makes: -- [--ids [FAMILY]] (docs/families.md)."""
    driver(session, "conformance.commands.families", *session.posargs)


@nox.session(python=TARGETS)
def noise(session: nox.Session) -> None:
    """Compare the oracle with itself, in every way of running a case: -- [CHAPTER | families/NAME | CASE ...]."""
    driver(session, "conformance.search.self_comparison", f"--target={python_of(session)}", *session.posargs)


@nox.session(python=TARGETS)
def campaign(session: nox.Session) -> None:
    """Run drawn cases between sides that must agree: -- [--examples=N] [--seed=N] [PROPERTY ...]."""
    finds = f"--finds={Path(session.invoked_from, 'conformance-finds')}"
    driver(session, "conformance.search.campaign", f"--target={python_of(session)}", finds, *session.posargs)


@nox.session
def package(session: nox.Session) -> None:
    """Build sdist and wheel into build/dist, install the wheel into an empty environment, and try it all there."""
    made = HERE / "build" / "dist"
    shutil.rmtree(made, ignore_errors=True)
    try:  # the wheel from the sdist, which holds all of it
        session.run(sys.executable, "-m", "uv", "build", "--out-dir", str(made), external=True)
    except nox.command.CommandFailed:
        session.error("could not build the package; what `uv build` says stands above")
    install_or_say(session, "--reinstall-package=runpy-conformance", str(next(made.glob("*.whl"))))
    place = Path(session.create_tmp())
    (place / "src").mkdir(exist_ok=True)
    (place / "src" / "mine.py").write_text("from runpy import run_module as run_module\n")
    command = "runpy-conformance"
    with session.chdir(place):
        session.run(command, "--version")
        for words in INSTALLED:
            session.run(command, *words, silent=True)
        session.run(command, "--imp=mine", success_codes=[2], silent=True)
        session.run(command, *(session.posargs or ["packages"]))


# Command lines by which the installed command is tried, in a folder that holds src/mine.py.
CASE = "packages/nested_package_runs_main"
INSTALLED = [
    ["--help"],
    ["list", "chapters"],
    ["list", "fixtures", "packages"],
    ["show", CASE],
    ["show", CASE, "--case"],
    ["--impl=mine", "--import-from=src", CASE, "--report=mine.jsonl", "--report=mine.html"],
    ["--impl=mine", "--import-from=src", CASE, "--baseline=known.toml", "--write-baseline"],
    ["report", "mine.jsonl", "--report=again.html"],
    ["report", "--compare", "mine.jsonl", "mine.jsonl"],
]


@nox.session(name="list", python=False)
def listing(session: nox.Session) -> None:
    """Print what can be named: -- [clauses | chapters | fixtures | families] [CHAPTER]."""
    driver(session, "conformance", "list", *session.posargs)


@nox.session(python=False)
def show(session: nox.Session) -> None:
    """Print what a case shows: -- CASE [--impl=SPEC] [--target=PYTHON]; or the case itself: -- CASE --case."""
    arguments = absolute(session)
    here = Path(session.invoked_from)
    if here.resolve() != HERE and not any(one.startswith("--import-from") for one in arguments):
        arguments.append(f"--import-from={here}")
    driver(session, "conformance", "show", *arguments)


@nox.session(python=False)
def bench(session: nox.Session) -> None:
    """Measure the speed beside the bare calls: -- [3.13 ...] [--growth] [--memory=TIME] [--write] (docs/speed.md)."""
    given = [one for one in session.posargs if not one.startswith("-")] or TARGETS
    names = [one if one.startswith("pypy") else f"python{one}" for one in given]
    found = [path for name in names if (path := shutil.which(name))]
    if not found:
        session.error("nothing to measure: there is none of " + ", ".join(names))
    options = [one for one in session.posargs if one.startswith("-")]
    driver(session, "bench", *(f"--target={one}" for one in found), *options)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format (ruff), and that no import points the wrong way (import-linter)."""
    provide(session, "lint")
    session.run("lint-imports", "--no-cache", "--no-logo")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types (mypy --strict)."""
    provide(session, "types", driver=True)
    checked = ["conformance", "reference", "bench", "noxfile.py", "survey/__main__.py", "tests/fake_side.py"]
    session.run("mypy", "--strict", *checked)


@nox.session(python=False)
def docs(session: nox.Session) -> None:
    """Write docs/specification.md from the clauses; -- --check only says whether it has drifted."""
    driver(session, "conformance.commands.docs", *session.posargs)


def absolute(session: nox.Session, words: list[str] | None = None) -> list[str]:
    """What stands after `--`, or these words, with folders and interpreters as seen from where the user stands."""
    asked = asked_of(session, words)
    return [*asked.options, *(f"--report={path}" for path in asked.reports)]


def asked_of(session: nox.Session, words: list[str] | None = None) -> Asked:
    """What stands after `--`, or these words; the session fails if that cannot be followed."""
    try:
        return read_command_line(session.posargs if words is None else words, Path(session.invoked_from))
    except UsageError as problem:
        session.error(f"usage: {problem}")


def command_again(session: nox.Session, asked: Asked, here: Path) -> str:
    """What to type to run this session again; the driver adds the candidate, its own options and a case."""
    words = ["nox"] if here.resolve() == HERE else ["nox", "-f", str(HERE / "noxfile.py")]
    if "--envdir" in {word.partition("=")[0] for word in sys.argv}:
        words += ["--envdir", str(session._runner.global_config.envdir)]
    before = ["", *asked.install]
    installs = [
        f"--install={'-e ' if previous == '-e' else ''}{word}"
        for previous, word in zip(before, asked.install, strict=False)
        if word != "-e"
    ]
    return shlex.join([*words, "-R", "-s", session.name, "--", *installs])


def driver(
    session: nox.Session,
    module: str,
    *arguments: str,
    again: str = "",
    added: str = "",
    success: tuple[int, ...] = (0,),
) -> None:
    """Run a module of the driver. success: exit statuses with which all is well.

    again: the command that printed commands begin with; added: the options that it gives by itself.
    """
    # -E: the user's PYTHON* variables are for the targets, which inherit them, not for the driver.
    # A driver that is interrupted is given the time to write its reports, and to take its processes and folders away.
    with interrupted_once():
        session.run(
            *(sys.executable, "-E", "-m", module, *arguments),
            external=True,
            env={
                "RUNPY_CONFORMANCE_COMMAND": again or None,
                "RUNPY_CONFORMANCE_ADDED": added or None,
                typed.NOX: nox_command(Path(session.invoked_from)),
                typed.INSTALLS: "1" if session.name.startswith("conformance-") else None,
            },
            success_codes=success,
            interrupt_timeout=30,
            terminate_timeout=60,
        )


@contextlib.contextmanager
def interrupted_once() -> Iterator[None]:
    """Have only the first Ctrl-C end the session: at a second one nox would leave the driver behind."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    handled = [number for number, handler in before.items() if callable(handler)]

    def first(number: int, frame: object) -> NoReturn:
        for handled_number in handled:
            signal.signal(handled_number, signal.SIG_IGN)
        raise KeyboardInterrupt

    try:
        for number in handled:
            signal.signal(number, first)
        yield
    finally:
        for number in handled:
            signal.signal(number, before[number])


def conclude(session: nox.Session, name: str, outcome: str, more: str = "") -> NoReturn:
    """Remember what a session came to, and fail it with that sentence."""
    outcomes[name] = outcome
    session.error(outcome + more)


def reports_to_make() -> list[str]:
    """The arguments by which the reports of all targets are made of their records; none if there is nothing to make."""
    written = [path for path in recorded if path.exists()]
    return [*map(str, written), *(f"--report={path}" for path in reports)] if reports and written else []


def summary() -> str:
    """All outcomes in one line: "conforms on 3.8, 3.9; diverges on 3.15"."""
    targets: dict[str, list[str]] = {}
    for name, outcome in outcomes.items():
        targets.setdefault(outcome, []).append(name.removeprefix("conformance").removeprefix("-"))
    return "; ".join(
        outcome if names == [""] else f"{outcome} on {', '.join(names)}" for outcome, names in targets.items()
    )


@atexit.register
def conclude_run() -> None:
    """Make the reports if nox ended before `verdict`; and say what it came to: nox tells only success from failure."""
    if arguments := reports_to_make():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        subprocess.run([sys.executable, "-E", "-m", "conformance", "report", *arguments], cwd=HERE, check=False)
    if outcomes:
        print(f"conformance: {summary()}", file=sys.stderr)


def target_name(session: nox.Session) -> str:
    """`3.12` or `pypy3.11`, as a file name can hold it (nox -P may give a path); "" for --target."""
    name = session.name.removeprefix("conformance").removeprefix("-")
    return re.sub(r"[^\w.]+", "-", name).strip("-")


# The command line


def read_command_line(arguments: list[str], here: Path, target: str = "") -> Asked:
    """What is asked for after `--`, with paths absolute: the driver starts elsewhere. Raises UsageError.

    target: by which the files are told apart that the driver writes for one target, as against all.
    """
    read = typed.read(arguments, here, (*OPTIONS, *OF_PYTEST, *OF_RELEASES))
    if OWN_TARGET and read.values("--install"):
        raise UsageError(f"--install is for the environments made here; install into {OWN_TARGET} yourself")
    written = {option.name: read.value(option.name) for option in OF_PYTEST if read.value(option.name)}
    for name, value in written.items():
        path = Path(value)
        written[name] = str(path.with_stem(f"{path.stem}-{target}") if target else path)
    return Asked(
        install=[word for value in read.values("--install") for word in pip_arguments(value)],
        candidate=read.value("--impl"),
        reports=[Path(value) for value in read.values("--report")],
        options=[
            *read.arguments("--install", "--report", *written),
            *(f"{name}={value}" for name, value in written.items()),
        ],
    )


def pip_arguments(requirement: str) -> list[str]:
    """`-e path` in two words."""
    return ["-e", requirement[3:]] if requirement.startswith("-e ") else [requirement]


def check(asked: Asked, here: Path) -> None:
    """Have the driver say whether it can follow a command line, before any environment is made. Raises UsageError."""
    command = [sys.executable, "-E", "-m", "conformance", "check", *asked.options]
    done = subprocess.run(
        command, cwd=HERE, env={**os.environ, typed.NOX: nox_command(here)}, capture_output=True, text=True, check=False
    )
    if done.returncode == USAGE:
        lines = done.stderr.strip().splitlines()
        raise UsageError(lines[-2] if lines[1:] else done.stderr.strip())  # the last one repeats the status


def nox_command(here: Path) -> str:
    """How nox is called from the folder in which its user stands."""
    return shlex.join(["nox"] if here.resolve() == HERE else ["nox", "-f", os.path.relpath(HERE / "noxfile.py", here)])


def report_options(asked: Asked, target: str) -> list[str]:
    """What the driver is to write for one target: its records, of which `verdict` makes the rest."""
    if OWN_TARGET:
        return [f"--report={path}" for path in asked.reports]
    reports[:] = [path for path in asked.reports if path.suffix.lower() != RECORDS]
    kept = [path for path in asked.reports if path not in reports] or [
        path.with_suffix(RECORDS) for path in reports[:1]
    ]
    own = [path.with_name(f"{path.stem}-{target}{RECORDS}") for path in kept]
    for path in own:
        path.unlink(missing_ok=True)  # or a run that cannot begin would leave those of an earlier one
    recorded.extend(own[:1])
    return [f"--report={path}" for path in own]


# The environments


def provide(session: nox.Session, group: str, *, driver: bool = False) -> None:
    """Install a group of dependencies into the session's environment; and those of the driver, if asked for."""
    project = nox.project.load_toml(HERE / "pyproject.toml")
    needed = project["project"]["dependencies"] if driver else []
    install_or_say(session, *needed, *nox.project.dependency_groups(project, group))


def self_tests(session: nox.Session) -> None:
    """Run the self-tests by the session's Python, in an environment with the driver's dependencies."""
    provide(session, "tests", driver=True)
    # The tests find interpreters on the user's PATH; -E: the user's PYTHON* variables are for these.
    command = ["env", f"PATH={os.environ['PATH']}", str(python_of(session)), "-E", "-m", "pytest"]
    session.run(*command, *(session.posargs or ["tests"]), external=True, interrupt_timeout=15)


def install_or_say(session: nox.Session, *requirements: str) -> None:
    """Install into the session's environment; if that fails, fail with one sentence."""
    try:
        session.install(*requirements)
    except nox.command.CommandFailed:
        session.error(f"could not install {' '.join(requirements)}{WHY_NOT}")


WHY_NOT = ": the installer says above why; without a network, its cache must have it"


def provide_database(session: nox.Session, asked: Asked) -> None:
    """A database of finds that lies on a Redis server needs a package that the driver else does without."""
    wanted = any(word.startswith(tuple(f"--database={one}" for one in DATABASES)) for word in asked.options)
    if wanted and importlib.util.find_spec("redis") is None:
        project = nox.project.load_toml(HERE / "pyproject.toml")
        needed = project["project"]["optional-dependencies"]["redis"]
        installer = [sys.executable, "-m", "uv", "pip", "install", "--python", sys.executable]
        try:
            session.run(*installer, *needed, external=True, silent=True)
        except nox.command.CommandFailed:
            conclude(session, session.name, f"could not install {' '.join(needed)}, which --database needs", WHY_NOT)


def python_of(session: nox.Session) -> Path:
    """The interpreter of the session's environment."""
    return Path(session.bin, "python.exe" if sys.platform == "win32" else "python")


def install(session: nox.Session, requirements: list[str]) -> None:
    """Install what was asked for and nothing else; a reused environment is kept only if nothing changed."""
    record = session.env_dir / "installed.json"
    # What a folder holds may have changed: only an editable install of it follows by itself.
    folders = [
        path
        for previous, path in zip(["", *requirements], requirements, strict=False)
        if previous != "-e" and Path(path.partition("[")[0]).is_dir()
    ]
    installed = json.loads(record.read_text("utf-8")) if record.exists() else []
    if installed == requirements and not folders:
        return
    environment = session.virtualenv
    if isinstance(environment, nox.virtualenv.VirtualEnv):
        if installed:
            environment.reuse_existing = False
            environment.create()
        environment._reused = False  # or -R, which asks for no installs, would leave out one that is needed
    if requirements:
        # uv's cache holds a wheel of a folder until its pyproject.toml changes.
        fresh = ["--reinstall"] if folders and session.venv_backend == "uv" else []
        record.write_text("[null]", "utf-8")  # if this is interrupted, the environment is made anew
        try:
            session.install(*fresh, *requirements)
        except nox.command.CommandFailed:
            conclude(session, session.name, f"could not install {' '.join(requirements)}", WHY_NOT)
        record.write_text(json.dumps(requirements), "utf-8")


def folder_of_candidate(session: nox.Session, asked: Asked, here: Path) -> Path | None:
    """The folder to import the candidate from: the user's own, but never the suite's."""
    if here.resolve() != HERE:
        return here
    # The user stands in the suite's folder: the target sees the candidate that lies there, alone.
    name = asked.candidate.partition(":")[0].partition(".")[0]
    for source in (HERE / name, HERE / f"{name}.py"):
        if name and source.exists():
            alone = session.env_dir / "candidate"
            alone.mkdir(parents=True, exist_ok=True)
            for earlier in alone.iterdir():
                earlier.unlink()
            (alone / source.name).symlink_to(source, target_is_directory=source.is_dir())
            return alone
    return None
