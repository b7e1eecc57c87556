"""The pages of the survey: docs/survey.md, docs/survey.html, and the sentence with the figures in the README.

Rules. Pages are made from recipes and results alone, so they are the same wherever they are written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
import markupsafe

from conformance import HOUSE
from conformance.clauses import CHAPTERS, CHAPTERS_OF_COMMANDS
from conformance.report import page as report_page
from conformance.report.markdown import code, fenced, html, text

from . import result
from .recipe import HERE, REPORTS, VERDICTS, Expected, Recipe, Verdict, recipes
from .result import LEVELS, Broken, OnTarget

PAGE = HOUSE / "docs" / "survey.md"
HTML = HOUSE / "docs" / "survey.html"
README = HOUSE / "README.md"
_MARK = re.compile(r"(<!-- the survey -->).*?(<!-- the end of the survey -->)", re.DOTALL)
# The titles of the tables; true for a table of the chapters about commands.
_TABLES = (("run_module and run_path", False), ("python -m", True))


@dataclass(frozen=True)
class Entry:
    """An expected divergence as a page shows it. shown: its best case; None if no result has one."""

    recipe: Recipe
    expected: Expected
    shown: Broken | None
    target: str
    broken: Mapping[str, Broken]

    @property
    def anchor(self) -> str:
        """The anchor of the entry on the page, to which a link leads."""
        name = "details" if self.expected.verdict == "detail" else self.expected.name.lower()
        return f"{slug(self.recipe.name)}-{name}"

    @property
    def others(self) -> list[str]:
        """The other clauses of the entry that are broken."""
        return [name for name in self.expected.clauses if name in self.broken and name != self.expected.name]


@dataclass(frozen=True)
class Implementation:
    """A recipe with its results, as a page shows it."""

    recipe: Recipe
    targets: Mapping[str, OnTarget]
    entries: Sequence[Entry]

    @property
    def way(self) -> str:
        """The option by which the implementation was judged."""
        recipe = self.recipe
        if recipe.interpreter:
            return f"--interpreter={recipe.interpreter}"
        return f"--command={recipe.command}" if recipe.command else f"--impl=survey/recipes/{recipe.impl}"

    @property
    def details(self) -> list[str]:
        """The clauses of the entries whose verdict is `detail`."""
        return sorted(name for entry in self.entries if entry.expected.verdict == "detail" for name in entry.broken)

    def count(self, verdict: Verdict) -> int:
        """The number of entries with a verdict."""
        return sum(entry.expected.verdict == verdict for entry in self.entries)

    def leading(self, chapter: str, level: str) -> Entry | None:
        """The first entry that breaks a clause of a chapter and level, a fault before others; None if there is none."""
        for entry in self.entries:
            if any((broken.chapter, broken.level) == (chapter, level) for broken in entry.broken.values()):
                return entry
        return None

    def cell(self, shown: OnTarget, chapter: str) -> str:
        """The clauses of a chapter that conform on a target, of those judged, for each level, in Markdown."""
        pairs = shown.chapters.get(chapter, {})
        parts = []
        for level in LEVELS:
            good, judged = pairs.get(level, (0, 0))
            entry = self.leading(chapter, level) if good < judged else None
            numbers = f"{good}/{judged}" if judged else "-"
            parts.append(f"[{numbers}](#{entry.anchor})" if entry else numbers)
        return " · ".join(parts) if pairs else "-"


def implementations() -> list[Implementation]:
    """All recipes that have results, those of functions first. Raises RecipeError."""
    found = []
    for recipe in recipes().values():
        targets = {target: shown for target, shown in result.read(recipe.name).items() if target in recipe.targets}
        if targets:
            ordered = {target: targets[target] for target in recipe.targets if target in targets}
            found.append(Implementation(recipe, ordered, [*_entries(recipe, ordered)]))
    kinds = ("function", "interpreter", "command")  # the order of the tables
    return sorted(
        found, key=lambda implementation: (kinds.index(implementation.recipe.kind), implementation.recipe.title.lower())
    )


def _entries(recipe: Recipe, targets: Mapping[str, OnTarget]) -> Iterable[Entry]:
    """The expected divergences of a recipe, faults first, each with the first target that shows it."""
    for expected in sorted(recipe.expected, key=lambda entry: VERDICTS.index(entry.verdict)):
        for target in targets.values():
            by_id = {broken.id: broken for broken in target.broken if broken.id in expected.clauses}
            if by_id and expected.holds(target.language):
                shown = by_id.get(expected.name)
                yield Entry(recipe, expected, shown, target.target, by_id)
                break


def figures(shown: Sequence[Implementation]) -> str:
    """The sentence of the README with the numbers. The faults of a program that is judged in two ways count once."""
    programs = [implementation for implementation in shown if not implementation.recipe.part_of]
    faults = sum(implementation.count("fault") for implementation in programs)
    with_faults = sum(implementation.count("fault") > 0 for implementation in programs)
    ours = sum(implementation.count("ours") for implementation in shown)
    of_the_suite = f"{ours} of the suite's own" if ours else "none is a fault of the suite"
    return (
        f"{len(shown)} implementations and launchers by other people were judged: {faults} faults were found in "
        f"{with_faults} of them, each checked by hand; {of_the_suite} ([docs/survey.md](docs/survey.md))."
    )


def texts() -> Mapping[Path, str]:
    """The text of each file that the survey writes. Raises RecipeError."""
    shown = implementations()
    readme = README.read_text(encoding="utf-8")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=jinja2.select_autoescape(("html.jinja",)),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(code=code, text=text, html=html, slug=slug, spans=spans)
    environment.filters["fenced"] = lambda case: "\n".join(fenced(case, "toml")).rstrip("\n")
    values = {
        "implementations": shown,
        "figures": figures(shown).partition(" ([")[0] + ".",
        "tables": [
            (title, [implementation for implementation in shown if _in_table(implementation, commands)], commands)
            for title, commands in _TABLES
        ],
        "chapters_of": _chapters_of,
        "titles": CHAPTERS,
        "levels": LEVELS,
        "verdicts": VERDICTS,
        "style": Path(report_page.__file__).with_name("page.css").read_text(encoding="utf-8"),
        "upstream_text": {
            recipe.name
            for implementation in shown
            if (REPORTS / f"{(recipe := implementation.recipe).name}.md").exists()
        },
        "plain_title": lambda chapter: CHAPTERS[chapter].removeprefix("python -m: "),
    }
    return {
        PAGE: environment.get_template("page.md.jinja").render(values),
        HTML: environment.get_template("page.html.jinja").render(values),
        README: _MARK.sub(lambda found: f"{found[1]}\n{_wrapped(figures(shown))}\n{found[2]}", readme),
    }


def slug(name: str) -> str:
    """The name of a recipe as it is spelled in anchors."""
    return name.replace("_", "-")


def spans(sentence: str) -> markupsafe.Markup:
    """A text as HTML, in which what stands between backquotes becomes `<code>`."""
    parts = [str(markupsafe.escape(part)) for part in sentence.split("`")]
    return markupsafe.Markup(
        "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))
    )


def _wrapped(sentence: str) -> str:
    """A sentence, broken into lines as wide as those of the README, but never inside a link."""
    lines, line = [], ""
    for word in sentence.split(" "):
        if line and len(line) + len(word) > 125:
            lines.append(line)
            line = ""
        line += f" {word}" if line else word
    return "\n".join([*lines, line])


def _in_table(implementation: Implementation, commands: bool) -> bool:
    return bool(_chapters_of([implementation], commands))


def _chapters_of(shown: Sequence[Implementation], commands: bool) -> list[str]:
    """The chapters by which any of the implementations was judged, in the order of the specification."""
    judged = {
        chapter for implementation in shown for target in implementation.targets.values() for chapter in target.chapters
    }
    return [chapter for chapter in CHAPTERS if chapter in judged and (chapter in CHAPTERS_OF_COMMANDS) == commands]


def write() -> None:
    """Write the pages."""
    for path, content in texts().items():
        path.write_text(content, encoding="utf-8", errors="backslashreplace")


def out_of_date() -> list[Path]:
    """The files whose text is not the text that `write` would give them."""
    return [path for path, content in texts().items() if path.read_text(encoding="utf-8") != content]
