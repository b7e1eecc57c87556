"""Prints what a run found in full, for somebody with ten minutes and a broken implementation.

Rules. Knows one run and its findings, and prints only; the screen with which a run ends is in `terminal`.

Theory of operation. Each finding that fails the run is shown by its leading case: the clause in words, what the oracle
shows and what the candidate shows, what else follows from it, and the command that shows it again. Below come, in a
sentence each, the things that fail nothing: findings above the level, what the candidate does not offer, differences
that were not confirmed, and cases that were run again.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console
from rich.text import Text

from ..clauses import Clause, Level
from . import records
from .findings import MOST_SHOWN, Finding, failing, findings, of_run
from .finds import Written
from .numbers import counted, plural
from .rerun import Commands
from .runs import Run
from .types import TrialRecord
from .values import exception_of, shown

_LONGEST_CASE = 30  # lines
_LEAST_WIDTH = 40
_MOST_CASES = 3  # that are named beside the leading case
_MOST_UNCONFIRMED = 5  # cases
_COPIED = ("again", "or", "written")  # labels of lines that are copied as they stand, and so never wrapped


def print_details(
    console: Console,
    run: Run,
    registry: Mapping[str, Clause],
    commands: Commands,
    written: Mapping[str, Written] | None = None,
) -> None:
    """Print the findings that fail a run, each in full. written: where finds of the search are, by id."""
    findings = failing(run)
    for finding in findings[:MOST_SHOWN]:
        _print_finding(console, finding, registry, commands, written or {})
    if len(findings) > MOST_SHOWN:
        more = plural(len(findings) - MOST_SHOWN, "finding")
        console.print(f"\n... and {more} more; --report=FILE.html has them all.")
    _print_above_level(console, run)
    _print_unsupported(console, run)
    _print_unconfirmed(console, run.trials)
    _print_run_again(console, run.trials)


def print_first(
    console: Console, trial: TrialRecord, level: Level, registry: Mapping[str, Clause], commands: Commands, file: str
) -> None:
    """Print the first case that fails a run, while the run goes on. file: the path of its file, or an empty text."""
    console.print("\nThe first case that diverges (the run goes on, and ends with all findings):", highlight=False)
    _print_finding(console, findings(records.unexpected([trial]), level)[0], registry, commands, {})
    if file:
        console.print(f"  {'file':<10} {file}", highlight=False, markup=False, soft_wrap=True)
    console.print()


# -- a finding -------------------------------------------------------------------------------------------------


def _print_finding(
    console: Console,
    finding: Finding,
    registry: Mapping[str, Clause],
    commands: Commands,
    written: Mapping[str, Written],
) -> None:
    trial, divergence = finding.trial, finding.divergence
    clause = registry.get(divergence["clause"])

    def say(label: str, text: str, style: str = "") -> None:
        width = max(console.width - 1, _LEAST_WIDTH)
        lines = textwrap.wrap(text, width - 13, break_on_hyphens=False, replace_whitespace=False) or [""]
        if label in _COPIED:
            lines = [text]
        for number, line in enumerate(lines):
            label = "" if number else label
            console.print(f"  {label:<10} {line}", style=style, highlight=False, markup=False, soft_wrap=True)

    console.print()
    title = Text(divergence["clause"], style="bold red")
    console.print(title.append(f"  {divergence['level']}, {divergence['phase']}", style="dim"))
    statement = clause.statement if clause else ""
    for sentence, style in ((exception_of(trial, divergence), "bold"), (statement, "")):
        for line in textwrap.wrap(sentence, max(console.width - 3, _LEAST_WIDTH), break_on_hyphens=False):
            console.print(f"  {line}", style=style, highlight=False, markup=False, soft_wrap=True)
    if finding.when:
        say("when", finding.when)
    if clause is not None:
        say("source", clause.source, "dim")
    place, oracle, candidate = shown(divergence)
    say("case", f"{trial['id']}: {trial['summary']}")
    say("differs", divergence["where"] + place)
    say("oracle", oracle)
    say("candidate", candidate)
    if finding.consequences:
        say("then also", _first(finding.consequences, 3, "; "), "dim")
    if finding.breaking_cases < finding.cases:
        say("shown by", counted(finding), "dim")
    if finding.other_cases:
        say("likewise", _first_cases(finding.other_cases), "dim")
    if finding.other_clauses:
        say("breaks too", _first([f"{other} ({case})" for other, case in finding.other_clauses.items()], 6), "dim")
    files = written.get(trial["id"], Written())
    if "fixture" in trial:
        _print_case(console, trial, files, say)
    for label, command in zip(("again", "or"), commands.of(finding, files), strict=False):
        say(label, command)
    if files.problem:
        say("", files.problem)


def _print_case(console: Console, trial: TrialRecord, files: Written, say: Callable[..., None]) -> None:
    """Print the case of a find, if it is short, and where it was written."""
    text = trial.get("fixture", "")
    lines = text.rstrip("\n").split("\n") if text else []
    if lines and len(lines) <= _LONGEST_CASE:
        console.print()
        for line in lines:
            console.print(f"    {line}", style="dim", highlight=False, markup=False, soft_wrap=True)
        console.print()
    if files.fixture is not None:
        say("written", str(files.fixture))


def _first_cases(cases: Sequence[str]) -> str:
    """The first of some cases, the number of the others, and how to have all of them listed."""
    rest = len(cases) - _MOST_CASES
    if rest <= 0:
        return ", ".join(cases)
    return f"{', '.join(cases[:_MOST_CASES])}, and {rest:,} more (--report=FILE.html lists all)"


def _first(words: Sequence[str], most: int, separator: str = ", ") -> str:
    """The first of some words, and the number of the others."""
    rest = len(words) - most
    return separator.join(words[:most]) + (f"{separator}{rest} more" if rest > 0 else "")


# -- what fails nothing ----------------------------------------------------------------------------------------


def _print_above_level(console: Console, run: Run) -> None:
    """Print, in a sentence, what differs above the level."""
    above = [finding for fails, expected, finding in of_run(run) if not fails and expected is None]
    if above:
        levels = {
            divergence["clause"]: Level.parse(divergence["level"])
            for finding in above
            for _, divergence in finding.pairs
        }
        fail = "fails" if len(above) == 1 else "fail"
        console.print(
            f"\n{plural(len(above), 'finding')} above the level {run.level} {fail} nothing in this run "
            f"(--level={max(levels.values())} shows them), in {plural(len(levels), 'clause')}: "
            + ", ".join(sorted(levels)),
            highlight=False,
        )


def _print_unsupported(console: Console, run: Run) -> None:
    """Print what the candidate does not offer, what its adapter does not show, and that it is `runpy` itself."""
    reasons = Counter(trial["reason"] for trial in run.trials if trial["verdict"] == "unsupported")
    if reasons:
        console.print("\nNot offered by the candidate, and neither conforming nor diverging:", style="bold")
        for reason, count in reasons.most_common():
            console.print(f"  {count} case{'s' if count > 1 else ''}: {reason}", highlight=False, markup=False)
    for field, reason in run.run["unseen"].items():
        console.print(f"  not seen through this adapter: {field} ({reason})", highlight=False, markup=False)
    if run.run["delegates"] and run.run["candidate"] != "runpy":  # else that was asked for
        what = run.judged_as if run.judged_as.startswith("python") else "runpy"
        console.print(
            f"\nThe candidate is this interpreter's own {what}, or has it do the work: a fact, and no verdict.",
            highlight=False,
        )


def _print_unconfirmed(console: Console, trials: Sequence[TrialRecord]) -> None:
    """Print the cases that were not the same twice, and what differed in the first of them."""
    unconfirmed = [trial for trial in trials if trial["unconfirmed"]]
    if not unconfirmed:
        return
    cases = plural(len(unconfirmed), "case")
    differed = "differed" if len(unconfirmed) == 1 else "each differed"
    console.print(f"\n{cases} {differed} once and not when run again; that does not count:", highlight=False)
    for trial in unconfirmed[:_MOST_UNCONFIRMED]:
        divergence = trial["unconfirmed"][0]
        place, oracle, candidate = shown(divergence)
        where = f"{divergence['where']}{place}"
        text = f"  {trial['id']}: {where}: oracle {oracle}, candidate {candidate}"
        console.print(text, highlight=False, markup=False, soft_wrap=True)
    if len(unconfirmed) > _MOST_UNCONFIRMED:
        console.print(f"  and {plural(len(unconfirmed) - _MOST_UNCONFIRMED, 'case')} more", highlight=False)


def _print_run_again(console: Console, trials: Sequence[TrialRecord]) -> None:
    """Print the cases that were run again, with the reasons."""
    run_again = [trial for trial in trials if trial["reason"].startswith("run again")]
    for trial in run_again[:5]:
        console.print(f"\n{trial['id']}: {trial['reason']}", highlight=False, markup=False)
    if len(run_again) > 5:
        console.print(f"and so were {len(run_again) - 5} cases more", highlight=False)
