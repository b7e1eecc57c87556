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
#     "redis>=8",
#     "tomlkit>=0.15",
#     "hatchling>=1.27",
#     "ruff~=0.17.6",
#     "mypy~=2.4.1",
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
nox -s report -- A.jsonl B.jsonl       one report of several runs, or two compared

Two environments, never mixed. The driver (pytest, Hypothesis ...) is the environment that nox builds
for this file from the metadata above; inside a session it is `sys.executable`. The environment of a
`conformance` session is the target: it holds the candidate and nothing of ours.
"""

from __future__ import annotations

import atexit
import contextlib
import json
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
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet

# The interpreters to judge on. A new Python version is one more entry here.
TARGETS = [
    "3.8",
    "3.9",
    "3.10",
    "3.11",
    "3.12",
    "3.13",
    "3.14",
    "3.15",
    "pypy3.11",
]

HERE = Path(__file__).resolve().parent

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

# What the driver's exit status means, as the end of a sentence about the target.
STATUSES = {
    0: "conforms",
    1: "diverges",
    2: "usage: the command line was refused",
    3: "the candidate cannot be loaded",
    4: "the suite itself failed",
    5: "nothing ran",
}
USAGE = 2
INTERRUPTED = 130

# Other people's implementations: survey/<name>.toml says what to install and what to expect.
RECIPES = sorted(path.stem for path in (HERE / "survey").glob("*.toml"))

# What makes wrong implementations of the reference; in an environment of its own, apart from the driver's.
MUTATION_TOOLS = ["mutmut==3.8.1", "cosmic-ray==8.7.0"]

# The engine that searches without end; it breaks on later versions of Hypothesis.
FUZZING_TOOLS = ["hypofuzz==25.11.1", "hypothesis==6.155.7", "msgspec>=0.22", "packaging>=26", "pytest>=9", "redis>=8"]
FUZZING_TOOLS += ["rich>=15"]

# Options whose value is an interpreter.
NAMING_ONE = (*INTERPRETERS, "--old", "--new")

# Options whose value is a folder.
FOLDERS = ("--import-from", "--cases", "--finds", "--database")

# Options whose value is a file, the same for all targets.
FILES = ("--baseline",)

# Options whose value is a file that the driver writes, one for each target.
WRITTEN = ("--junitxml", "--junit-xml")

# How the files end that --report writes. Records are one file for each target; whatever else is made of them all.
RECORDS = ".jsonl"
REPORTS = (".html", ".md", ".svg", "badge.json")

nox.needs_version = ">=2026.10"
nox.options.default_venv_backend = "uv|virtualenv"
# A missing interpreter is skipped and named, on CI too; `verdict` fails when none was found.
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["lint", "types", "tests", "conformance"]


class UsageError(Exception):
    """The command line after `--` cannot be followed; the text says why."""


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
    try:
        read_command_line(session.posargs, Path(session.invoked_from))
    except UsageError as problem:
        conclude(session, "", f"usage: {problem}")
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as after Ctrl-C, with the reports
    session.notify("verdict")


@nox.session(python=False if OWN_TARGET else TARGETS, requires=["command_line"], allow_parallel=False)
def conformance(session: nox.Session) -> None:
    """Judge --impl (default: the reference) on one target: -- --impl=mypkg [--install=REQUIREMENT].

    -- --impl=SPEC            pkg, pkg.mod:callable or path/to/adapter.py:callable
       --install=REQUIREMENT  into the target's environment: a PyPI name, a path, "-e path"; repeatable
       --level=LEVEL          documented, compat (default) or exact
       --oracle=recording     judge by what was recorded of CPython of the target's version
       --profile=NAME         quick, default or thorough; --budget=30m searches for so long
       --report=FILE.html     a page on all targets, or .md, .svg, badge.json; .jsonl for the records, which are
                              kept for each target, in FILE-<target>.jsonl (docs/reports.md)
       --baseline=FILE.toml   what is expected to diverge; --write-baseline writes it (docs/baselines.md)
       --target=PATH          judge on this interpreter alone, as it is
       --interpreter=PATH     judge this interpreter's own runpy, by CPython of the same version of the language
                              (docs/interpreters.md)
       CLAUSE-ID ...          only these clauses or fixtures; any pytest option

    Relative paths start from the folder in which you stand; what can be imported there needs no
    --install.
    """
    if "" in outcomes:
        session.error("not run: the command line was refused")
    here = Path(session.invoked_from)
    asked = read_command_line(session.posargs, here, target_name(session))
    arguments = report_options(asked, target_name(session))
    if not OWN_TARGET:
        install(session, asked.install)
        arguments.append(f"--target={python_of(session)}")
    if not any(option.startswith("--finds=") for option in asked.options):
        arguments.append(f"--finds={here / 'conformance-finds'}")
    import_from = folder_of_candidate(session, asked, here)
    if import_from and OWN_TARGET != "--interpreter":
        arguments.append(f"--import-from={import_from}")
    try:
        driver(session, "conformance", *arguments, *asked.options, again=command_again(session, asked, here))
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
    driver(session, "conformance.commands.releases", *arguments)


@nox.session(python=False)
def verdict(session: nox.Session) -> None:
    """Runs after conformance: make one report of all targets, and fail when one does not conform or none was judged."""
    if arguments := reports_to_make():
        try:
            # Its exit status says again what each target came to.
            driver(session, "conformance.report", *arguments, success=(0, 1, 4, 5, INTERRUPTED))
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
    driver(session, "conformance.report", *arguments, *(f"--report={path}" for path in asked.reports))


@nox.session(python=False)
def tests(session: nox.Session) -> None:
    """Run the suite's own tests; arguments after -- go to pytest."""
    driver(session, "pytest", *(session.posargs or ["tests"]))


@nox.session(python=DRIVERS)
def drivers(session: nox.Session) -> None:
    """Run the suite's own tests with each Python that may drive it; arguments after -- go to pytest."""
    session.install(*METADATA["dependencies"])
    driver(session, "pytest", *(session.posargs or ["tests"]), python=str(python_of(session)))


@nox.session
def mutants(session: nox.Session) -> None:
    """Try wrong implementations: -- [--budget=30m] [--sample=N] [written | generated | NAME ...] (docs/power.md)."""
    arguments = absolute(session)
    if "written" not in arguments:
        session.install(*MUTATION_TOOLS)
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
    session.install(*FUZZING_TOOLS)
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
    driver(session, "conformance.cases.families", *session.posargs)


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
    """Build sdist and wheel into build/dist, install the wheel into an empty environment, and judge by it there."""
    made = HERE / "build" / "dist"
    shutil.rmtree(made, ignore_errors=True)
    driver(session, "hatchling", "build", "-t", "sdist", "-d", str(made))
    unpacked = session.create_tmp()
    shutil.unpack_archive(next(made.glob("*.tar.gz")), unpacked, filter="data")
    with session.chdir(next(Path(unpacked).glob("runpy_conformance-*"))):
        driver(session, "hatchling", "build", "-t", "wheel", "-d", str(made))  # from the sdist, which holds all of it
    session.install(str(next(made.glob("*.whl"))))
    with session.chdir(unpacked):
        session.run("runpy-conformance", *(session.posargs or ["packages"]))


@nox.session(python=False)
def show(session: nox.Session) -> None:
    """Print what a case shows: -- CASE [--impl=SPEC] [--target=PYTHON]; or the case itself: -- CASE --case."""
    arguments = absolute(session)
    here = Path(session.invoked_from)
    if here.resolve() != HERE and not any(one.startswith("--import-from") for one in arguments):
        arguments.append(f"--import-from={here}")
    driver(session, "conformance.commands.show", *arguments)


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


@nox.session(python=False)
def lint(session: nox.Session) -> None:
    """Check style and format (ruff)."""
    driver(session, "ruff", "check", ".")
    driver(session, "ruff", "format", "--check", ".")


@nox.session(python=False)
def types(session: nox.Session) -> None:
    """Check types (mypy --strict)."""
    checked = ["conformance", "reference", "bench", "noxfile.py", "survey/__main__.py", "tests/fake_side.py"]
    driver(session, "mypy", "--strict", *checked)


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
    """What to type to run this session again; the driver adds the candidate and a case."""
    words = ["nox"] if here.resolve() == HERE else ["nox", "-f", str(HERE / "noxfile.py")]
    editable = " ".join(asked.install).replace("-e ", "-e=").split()
    installs = [f"--install={word.replace('-e=', '-e ')}" for word in editable]
    return shlex.join([*words, "-R", "-s", session.name, "--", *installs])


def driver(
    session: nox.Session,
    module: str,
    *arguments: str,
    python: str = sys.executable,
    again: str = "",
    success: tuple[int, ...] = (0,),
) -> None:
    """Run a module of a driver, this one or python's. success: exit statuses with which all is well."""
    # -E: the user's PYTHON* variables are for the targets, which inherit them, not for the driver.
    # A driver that is interrupted is given the time to write its reports, and to take its processes and folders away.
    with interrupted_once():
        session.run(
            *(python, "-E", "-m", module, *arguments),
            external=True,
            env={"RUNPY_CONFORMANCE_COMMAND": again or None},
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
        for one in handled:
            signal.signal(one, signal.SIG_IGN)
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
        subprocess.run([sys.executable, "-E", "-m", "conformance.report", *arguments], cwd=HERE, check=False)
    if outcomes:
        print(f"conformance: {summary()}", file=sys.stderr)


def target_name(session: nox.Session) -> str:
    """`3.12` or `pypy3.11`, as a file name can hold it (nox -P may give a path); "" for --target."""
    name = session.name.removeprefix("conformance").removeprefix("-")
    return re.sub(r"[^\w.]+", "-", name).strip("-")


# The command line


def read_command_line(arguments: list[str], here: Path, target: str = "") -> Asked:
    """Take out what is for this file, and make paths absolute: the driver starts elsewhere."""
    asked = Asked()
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        option, equals, value = argument.partition("=")
        if option not in {"--install", "--impl", "--report", *NAMING_ONE, *FOLDERS, *FILES, *WRITTEN}:
            asked.options.append(argument)
            continue
        if not equals:
            value = rest.pop(0) if rest else ""
            if option == "--install" and value in {"-e", "--editable"}:
                value = f"-e {rest.pop(0) if rest else ''}"
        if not value.strip():
            raise UsageError(f"{option} needs a value, as in {option}={EXAMPLES[option]}")
        if option == "--install":
            asked.install += requirement(value.strip(), here)
            continue
        if option == "--impl":
            value = asked.candidate = candidate(value, here)
        elif option in FOLDERS or option in FILES:
            value = value if "://" in value or value == "none" else str(here / value)
        elif option in NAMING_ONE:
            value = interpreter(value, here)
        else:
            path = here / value
            if not path.parent.is_dir():
                raise UsageError(f"{option}: there is no folder {path.parent}")
            if option == "--report":
                asked.reports.append(report_file(path))
                continue
            value = str(path.with_stem(f"{path.stem}-{target}") if target else path)
        asked.options.append(f"{option}={value}")
    if OWN_TARGET and asked.install:
        raise UsageError(f"--install is for the environments made here; install into {OWN_TARGET} yourself")
    return asked


def interpreter(value: str, here: Path) -> str:
    """A path, absolute; a command's name, by its path; what `releases` knows besides, as it is."""
    if re.fullmatch(r"(recording:)?\d+\.\d+", value):
        return value
    return (not Path(value).parts[1:] and shutil.which(value)) or str(here / value)


def report_file(path: Path) -> Path:
    """A file that --report can write."""
    if not path.name.lower().endswith((RECORDS, *REPORTS)):
        raise UsageError(f"--report: {path.name} ends in none of {', '.join((RECORDS, *REPORTS))}")
    return path


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


EXAMPLES = {
    "--install": "mypkg, ./mypkg or '-e ./mypkg'",
    "--impl": "mypkg, mypkg.mod:callable or path/to/adapter.py:callable",
    **dict.fromkeys(NAMING_ONE, "path/to/python"),
    "--report": "path/to/file.html",
    **dict.fromkeys(FOLDERS, "path/to/folder"),
    **dict.fromkeys((*FILES, *WRITTEN), "path/to/file"),
}


def candidate(value: str, here: Path) -> str:
    """`path/to/adapter.py:callable` with the path absolute; module names as they are."""
    path, colon, name = value.partition(".py:")
    if colon:
        return f"{here / (path + '.py')}:{name}"
    return str(here / value) if value.endswith(".py") and Path(here, value).is_file() else value


def requirement(value: str, here: Path) -> list[str]:
    """The arguments of `pip install` for one --install: a name, a path, or `-e path`."""
    editable = re.match(r"(?:-e|--editable)[ =](.*)", value)
    if editable:
        value = editable[1].strip()
    elif value.startswith("-"):
        raise UsageError(f"--install takes a PyPI name, a path or '-e path', not {value}")
    file, extras = re.fullmatch(r"(.*?)(\[[^]]*\])?", value, re.DOTALL).groups("")  # type: ignore[union-attr]
    is_path = "://" not in value and " @ " not in value
    if is_path and (editable or re.search(r"^[.~]|[/\\]|\.(whl|zip|tar\.\w+)$", file)):
        path = Path(here, Path(file).expanduser()).resolve()
        if not path.exists():
            raise UsageError(f"--install: there is nothing at {path}")
        value = f"{path}{extras}"
    elif not editable:
        try:
            Requirement(value)
        except InvalidRequirement as problem:
            reason = str(problem).splitlines()[0]
            raise UsageError(f"--install: {value!r} is no requirement: {reason}") from None
    return ["-e", value] if editable else [value]


# The environment of the target


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
            asked = " ".join(requirements)
            conclude(session, session.name, f"could not install {asked}")
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
