"""Judges right implementations in many forms, and says which combination of forms is accused of which divergence.

usage: python -m tests.forms [OPTION ...]   (--help; docs/power.md)

Exit status: 0 none is accused, 1 one is, 2 usage, 5 nothing ran.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from conformance import HOUSE
from conformance.clauses.pythons import TARGETS
from conformance.observation.interpreters import all_found, command_of
from tests.forms.form import Combination, Form, combinations, forms, implementation

_INCLUDE = "import sysconfig; print(sysconfig.get_path('include'), sysconfig.get_config_var('EXT_SUFFIX'))"


@dataclass(frozen=True)
class Verdict:
    """The outcome for a combination.

    accused: clause and case of each divergence that is a cause, except of the clauses that a form breaks indeed.
    problem: the last lines of a run that gave no verdict. tried: the number of cases.
    """

    accused: tuple[tuple[str, str], ...] = ()
    problem: str = ""
    tried: int = 0


def main(arguments: list[str] | None = None) -> int:
    """Judge all combinations, several at a time, and return the exit status."""
    parser = argparse.ArgumentParser(
        allow_abbrev=False, prog="python -m tests.forms", description=str(__doc__).splitlines()[0]
    )
    parser.add_argument("--target", action="append", default=[], metavar="PYTHON", help="default: all that are found")
    parser.add_argument("--profile", default="quick", help="as of the suite (default: quick)")
    parser.add_argument("--part", metavar="K/N", default="1/1", help="only each N-th combination, from the K-th on")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--list", action="store_true", help="print the combinations, and judge none")
    asked = parser.parse_args(arguments)
    named = asked.target or [command_of(name) for name in TARGETS]
    found = all_found(named)
    targets, missing = [*found], [name for name in named if name not in found]
    if asked.target and missing:
        print(f"There is no interpreter {missing[0]}.", file=sys.stderr)
        return 2
    number, _, of = asked.part.partition("/")
    usable, left_out = _usable(forms(), targets)
    chosen = combinations(targets, usable)[int(number) - 1 :: int(of or 1)]
    for reason in [*(f"{name} is not there" for name in missing), *left_out]:
        print(f"left out: {reason}")
    if asked.list:
        print(*chosen, sep="\n")
        return 0
    accused = 0
    with ThreadPoolExecutor(asked.workers) as pool:
        for combination, verdict in zip(
            chosen, pool.map(lambda combination: judged(combination, asked.profile), chosen), strict=True
        ):
            if verdict.accused or verdict.problem:
                accused += 1
                smallest = reduced(combination, verdict)
                print(f"ACCUSED  {smallest}\n  of {combination}")
                for clause, case in verdict.accused[:5]:
                    print(f"  {clause}  {case}")
                print(verdict.problem)
            else:
                print(f"conforms in {verdict.tried} cases  {combination}", flush=True)
    print(f"{len(chosen)} combinations of {len(usable)} forms in {len(targets)} interpreters: {accused} accused")
    return 1 if accused else 0 if chosen else 5


def _usable(all_forms: Sequence[Form], targets: Sequence[str]) -> tuple[list[Form], list[str]]:
    """The forms that this machine can try, each without the targets on which it cannot; and what is left out."""
    usable, left_out = [], []
    for form in all_forms:
        closed = [python for python in targets if form.user and not _may_run(form.user, python)]
        if form.compiled and not (shutil.which("cython") and shutil.which("cc")):
            left_out.append(f"{form.name}: there is no cython, or no C compiler")
        elif form.user and not (_may_run(form.user, sys.executable) and len(closed) < len(targets)):
            left_out.append(f"{form.name}: no process of {form.user} can be started that reads an interpreter")
        else:
            left_out += [f"{form.name} on {python}: a process of {form.user} cannot read it" for python in closed]
            usable.append(replace(form, without=(*form.without, *closed)))
    return usable, left_out


def _as_user(user: str) -> list[str]:
    return ["setpriv", f"--reuid={user}", "--clear-groups"]


def _may_run(user: str, python: str) -> bool:
    """True if a process of that user can run this interpreter and read the suite, and can have it run once more."""
    if not shutil.which("setpriv"):
        return False
    again = "import conformance, subprocess, sys; subprocess.run([sys.executable, '-c', ''], check=True)"
    command = [*_as_user(user), python, "-c", again]
    return subprocess.run(command, cwd=HOUSE, capture_output=True, check=False).returncode == 0


def judged(combination: Combination, profile: str, cases: Sequence[str] = ()) -> Verdict:
    """The verdict of a run of the suite. cases: the ids of the cases to try; empty for all that the profile tries."""
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch, next((form.folder for form in combination.forms if form.folder), "folder"))
        home.mkdir()
        (home / "more").mkdir()
        (home / "candidate.py").write_text(combination.module(), encoding="utf-8")
        (home / "implementation.py").write_text(implementation(), encoding="utf-8")
        if any(form.compiled for form in combination.forms):
            _compile(home / "implementation.py", combination.target)
        report = home / "report.jsonl"
        command = [
            *(sys.executable, "-E", "-m", "conformance", f"--impl={home / 'candidate.py'}"),
            *(
                f"--target={combination.target}",
                "--level=exact",
                f"--import-from={home}",
                f"--profile={profile}",
                "--database=none",
            ),
            *(f"--report={report}", f"--finds={home / 'finds'}", *cases),
        ]
        with _place(combination, home) as (environment, prefix, umask):
            ended = subprocess.run(
                [*prefix, *command],
                cwd=HOUSE,
                env=environment,
                umask=umask,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
            )
        lines = report.read_text(encoding="utf-8").splitlines() if report.exists() else []
    trials = [record for line in lines if (record := json.loads(line))["record"] == "trial"]
    accused = tuple(
        (divergence["clause"], trial["id"])
        for trial in trials
        for divergence in trial["divergences"]
        if divergence["cause"] and divergence["clause"] not in combination.breaks
    )
    lost = not trials or ended.returncode not in (0, 1)
    problem = "\n".join((ended.stdout + ended.stderr).splitlines()[-5:]) if lost else ""
    return Verdict(accused, problem, len(trials))


def _compile(source: Path, target: str) -> None:
    """Compile a module by Cython for an interpreter, and remove its source."""
    subprocess.run(["cython", "-3", "-X", "annotation_typing=False", source], check=True, capture_output=True)
    told = subprocess.run([target, "-c", _INCLUDE], check=True, capture_output=True, text=True).stdout.split()
    module = source.with_suffix("").with_name(source.stem + told[1])
    flags = ["-shared", "-fPIC", "-O0", f"-I{told[0]}"]
    subprocess.run(["cc", *flags, source.with_suffix(".c"), "-o", module], check=True, capture_output=True)
    source.unlink()


@contextlib.contextmanager
def _place(combination: Combination, home: Path) -> Iterator[tuple[dict[str, str], list[str], int]]:
    """The variables of the environment, the words that stand before the command, and the umask of a run."""
    environment, prefix, umask = dict(os.environ), [], 0o022
    for form in combination.forms:
        environment |= {name: value.format(folder=home) for name, value in form.variables.items()}
        umask |= form.umask
        if form.temporary:
            behind = home / "behind the link" if form.temporary == "link" else home / form.temporary
            behind.mkdir()
            if form.temporary == "link":
                (home / form.temporary).symlink_to(behind)
            environment["TMPDIR"] = str(home / form.temporary)
        if form.user:
            prefix = _as_user(form.user)
            for path in (home.parent, home, *home.iterdir()):
                shutil.chown(path, form.user)
    yield environment, prefix, umask


def reduced(combination: Combination, verdict: Verdict) -> Combination:
    """The combination without the forms that are not needed for the first accusation."""
    cases = list(dict.fromkeys(case for _, case in verdict.accused))[:1]
    for form in combination.removable:
        smaller = combination.without(form)
        again = judged(smaller, "quick", cases)
        if again.accused or (verdict.problem and again.problem):
            combination = smaller
    return combination


if __name__ == "__main__":
    sys.exit(main())
