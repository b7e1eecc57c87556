"""The page in a real browser: Debian's Chromium, headless. Without one these tests are skipped, and say so."""

from __future__ import annotations

import ast
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from conformance.clauses import registry
from conformance.report.page import page as page_of
from conformance.report.records import Record
from conformance.report.runs import merged, read
from tests.browser import Page, chromium, page
from tests.made import CASE, divergence, run, search, shown, trial, write

pytestmark = pytest.mark.skipif(not chromium(), reason="no Chromium is installed: the page is not tried in a browser")

# Text and background of everything that says something, as luminance (WCAG): the pairs that are hard to read.
_CONTRAST = """
(() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const part = (one) => (one /= 255) <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const back = (one) => {
    for (; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (colour.length < 4 || colour[3] > 0.99) return colour;
    }
    return parse(getComputedStyle(document.body).backgroundColor);
  };
  const bad = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const one = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !one.checkVisibility()) continue;
    if (one.matches("script, option, noscript")) continue;
    const [first, second] = [luminance(parse(getComputedStyle(one).color)), luminance(back(one))];
    const ratio = (Math.max(first, second) + 0.05) / (Math.min(first, second) + 0.05);
    if (ratio < 4.5) bad.add(`${one.tagName}.${one.className} ${ratio.toFixed(2)}`);
  }
  return [...bad];
})()
"""


def targets() -> list[list[Record]]:
    """Three targets: one conforms, one diverges in three ways, of which one is expected, and one was cut off."""
    expected = divergence(
        "MAIN-SUBMODULE", where="step 1: what runs", expected={"reason": "we cannot", "link": "", "at": "k.toml:3"}
    )
    good = [
        trial("packages/nested", clauses=["PACKAGE-FROM-SPEC"]),
        trial("packages/main", clauses=["MAIN-SUBMODULE"]),
        trial("altering_sys/argv", clauses=["ARGV-IS-FILE"]),
    ]
    bad = [
        trial("packages/nested", divergence(), clauses=["PACKAGE-FROM-SPEC"]),
        trial("packages/main", expected, clauses=["MAIN-SUBMODULE"]),
        trial(
            "altering_sys/argv",
            divergence("ARGV-IS-FILE", field="entry.argv", where="step 1: sys.argv", phase="execute", candidate="-m"),
            clauses=["ARGV-IS-FILE"],
            verdict="crashes",
        ),
        trial("loaders/left_out", clauses=["PACKAGE-FROM-SPEC"], verdict="not-run", reason="zip is required"),
    ]
    return [
        run(good, version="3.12.0", searches=[search()]),
        run(bad, version="3.13.0", details=[shown("packages/nested")]),
        run(good, version="3.11.9", implementation="pypy")[:3],
    ]


def address(folder: Path, streams: list[list[Record]], name: str = "page") -> str:
    """The address of a page that is made of some runs."""
    runs = merged(read(write(folder / f"{name}-{number}.jsonl", one)) for number, one in enumerate(streams))
    path = folder / f"{name}.html"
    path.write_text(page_of(runs), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    """One browser for all."""
    with page() as one:
        one.allow_clipboard()
        yield one


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of the three targets."""
    return address(tmp_path_factory.mktemp("small"), targets())


def visible(browser: Page, selector: str) -> list[str]:
    """The ids of what can be seen."""
    found = browser.run(
        f"[...document.querySelectorAll({selector!r})].filter(one => one.checkVisibility()).map(one => one.id)"
    )
    return list(found)


def settle() -> None:
    """Give a filter the time to be followed."""
    time.sleep(0.3)


def test_it_opens_without_a_fault_and_asks_for_nothing(browser: Page, small: str) -> None:
    """From a file, and no network."""
    browser.show(small)
    assert browser.requests == [small]
    assert browser.faults == []
    assert browser.run("document.title").startswith("mypkg: ")


def test_the_summary_and_the_matrix(browser: Page, small: str) -> None:
    """Each target with its verdict, each chapter that was tried with a cell for each target."""
    browser.show(small)
    rows = browser.run("[...document.querySelectorAll('.counts tbody tr')].map(one => one.innerText)")
    assert [("conforms" in row, "diverges" in row, "incomplete" in row) for row in rows] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]
    tried = {registry()[one].chapter for one in ("PACKAGE-FROM-SPEC", "MAIN-SUBMODULE", "ARGV-IS-FILE")}
    assert browser.run("document.querySelectorAll('.matrix tbody tr').length") == len(tried)
    cells = browser.run(
        "[...document.querySelectorAll('.matrix tbody tr')].find(one => one.innerText.startsWith('Packages'))"
        ".innerText.split('\\t')"
    )
    assert len(cells) == 4
    assert "✗" in cells[2]


def test_an_incomplete_target_is_nowhere_said_to_conform(browser: Page, small: str) -> None:
    """Neither in the summary nor in the matrix nor at a clause."""
    browser.show(small)
    assert "PyPy 3.11.9 is incomplete" in browser.run("document.querySelector('.warning').innerText")
    assert browser.run("document.querySelectorAll('.matrix tr td:nth-child(4).conforms').length") == 0
    patterns = browser.run("[...document.querySelectorAll('details.clause')].map(one => one.dataset.verdicts)")
    assert {pattern.split(",")[2] for pattern in patterns} <= {"not-run", ""}
    assert "conforms" in {pattern.split(",")[0] for pattern in patterns}


def test_a_divergence_shows_both_sides_with_what_differs_marked(browser: Page, small: str) -> None:
    """The case, the values, the two observations; those fields that are alike only if they are asked for."""
    browser.show(small)
    article = "document.getElementById('divergence-PACKAGE-FROM-SPEC')"
    assert browser.run(f"{article}.querySelector('.fixture').textContent") == CASE
    values = browser.run(f"[...{article}.querySelectorAll('.value')].map(one => one.textContent)")
    assert values == ["'outer'", "''"]
    assert browser.run(f"[...{article}.querySelectorAll('.value mark')].map(one => one.textContent)")
    row = f"{article}.querySelector('tr.cause')"
    assert "run <root>/m.py: specials, __package__" in browser.run(f"{row}.innerText")
    assert browser.run(f"{row}.querySelectorAll('mark').length") == 2
    assert browser.run(f"[...{article}.querySelectorAll('tr.same')].some(one => one.checkVisibility())") is False
    browser.run(f"{article}.querySelector('.all-fields').click()")
    assert browser.run(f"[...{article}.querySelectorAll('tr.same')].every(one => one.checkVisibility())") is True


@pytest.mark.parametrize(
    ("wanted", "findings", "clauses", "cases"),
    [
        ({"verdict": "crashes"}, ["ARGV-IS-FILE"], {"ARGV-IS-FILE"}, ["altering_sys/argv"]),
        ({"verdict": "expected"}, ["MAIN-SUBMODULE"], {"MAIN-SUBMODULE"}, ["packages/main"]),
        ({"verdict": "conforms", "target": "1"}, [], set(), []),
        ({"chapter": "altering_sys", "verdict": "crashes"}, ["ARGV-IS-FILE"], {"ARGV-IS-FILE"}, ["altering_sys/argv"]),
        ({"text": "zip is left_out"}, [], set(), []),
        ({"text": "packages/nested", "target": "1"}, ["PACKAGE-FROM-SPEC"], {"PACKAGE-FROM-SPEC"}, ["packages/nested"]),
        ({"level": "exact", "verdict": "diverges"}, [], set(), []),
        ({"verdict": "not-run", "text": "left_out"}, [], {"PACKAGE-FROM-SPEC"}, ["loaders/left_out"]),
    ],
)
def test_filters(
    wanted: dict[str, str], findings: list[str], clauses: set[str], cases: list[str], browser: Page, small: str
) -> None:
    """By level, chapter, verdict, target and words; the address keeps them, and shows the same again."""
    browser.show(small)
    for name, value in wanted.items():
        browser.run(
            f"(() => {{ const one = document.querySelector('#filter [name={name}]'); one.value = {value!r};"
            "one.dispatchEvent(new Event('input', {bubbles: true})); })()"
        )
    settle()

    def shown_now() -> tuple[list[str], set[str], list[str]]:
        return (
            [one.removeprefix("divergence-") for one in visible(browser, "article.finding")],
            {one.removeprefix("clause-") for one in visible(browser, "details.clause")},
            [one.removeprefix("case-") for one in visible(browser, "#case-list > li")],
        )

    assert shown_now() == (findings, clauses, cases)
    assert len(visible(browser, ".none")) == (not findings) + (not clauses) + (not cases)
    again = browser.run("location.href")
    assert all(f"{name}={quote(value, safe='')}" in again for name, value in wanted.items())
    browser.show(again)
    assert shown_now() == (findings, clauses, cases)
    browser.run("document.getElementById('reset').click()")
    assert len(visible(browser, "details.clause")) == 3
    assert browser.run("location.hash") == ""


@pytest.mark.parametrize(
    "link", ["clause-ARGV-IS-FILE", "divergence-ARGV-IS-FILE", "case-altering_sys/argv", "case-packages/main"]
)
def test_a_link_can_be_shared(link: str, browser: Page, small: str) -> None:
    """It leads to its clause, divergence or case, and opens it."""
    browser.show(f"{small}#{link}", height=500)
    assert browser.run("document.querySelector('.reached').id") == link
    place = browser.run("document.querySelector('.reached').getBoundingClientRect().top")
    assert -1 <= place < 500
    if not link.startswith("divergence"):
        assert browser.run("document.querySelector('.reached details, details.reached').open") is True
        assert browser.run("document.activeElement.tagName") == "SUMMARY"


def test_a_link_to_what_a_filter_hides_shows_it(browser: Page, small: str) -> None:
    """And no longer filters."""
    browser.show(f"{small}#verdict=crashes")
    assert visible(browser, "#divergence-PACKAGE-FROM-SPEC") == []
    browser.run("location.hash = 'divergence-PACKAGE-FROM-SPEC'")
    settle()
    assert visible(browser, "#divergence-PACKAGE-FROM-SPEC") == ["divergence-PACKAGE-FROM-SPEC"]
    assert browser.run("document.querySelector('#filter [name=verdict]').value") == ""


def test_a_link_to_nothing_does_nothing(browser: Page, small: str) -> None:
    """As do strange filters."""
    for strange in (
        "#clause-NO-SUCH",
        "#level=none&chapter=%3Cb%3E",
        "#%E0%A4%A",
        "#=&=",
        "#constructor=1&__proto__=2",
    ):
        browser.show(small + strange)
        assert browser.faults == []


def test_a_cell_of_the_matrix_leads_to_its_clauses(browser: Page, small: str) -> None:
    """Of that chapter, on that target."""
    browser.show(small)
    browser.run("document.querySelector('.matrix a[href*=altering_sys][href*=\"target=1\"]').click()")
    settle()
    found = visible(browser, "details.clause")
    assert found == ["clause-ARGV-IS-FILE"]
    assert browser.run("document.querySelector('#filter [name=target]').value") == "1"


def test_the_keyboard_is_enough(browser: Page, small: str) -> None:
    """The first stop leads past the head; / finds, j and k go through the divergences, Enter opens."""
    browser.show(small)
    browser.key("Tab", number=9)
    assert browser.run("document.activeElement.className") == "skip"
    browser.key("/")
    assert browser.run("document.activeElement.id") == "f-text"
    for letter in "j/k":
        browser.key(letter)  # is text, there
    assert browser.run("document.activeElement.value") == "j/k"
    browser.run("document.getElementById('reset').click(); document.activeElement.blur()")
    seen = []
    for key in ("j", "j", "k"):
        browser.key(key)
        seen.append(browser.run("document.activeElement.id"))
    first, second = visible(browser, "article.finding")[:2]
    assert seen == [first, second, first]
    browser.run("document.querySelector('#clause-ARGV-IS-FILE summary').focus()")
    browser.key("Enter", number=13)
    assert browser.run("document.getElementById('clause-ARGV-IS-FILE').open") is True
    unreachable = browser.run(
        "[...document.querySelectorAll('button, input, select, a, summary')].filter(one => one.tabIndex < 0).length"
    )
    assert unreachable == 0


def test_the_reproducer_and_the_command_can_be_copied(browser: Page, small: str) -> None:
    """Just as they are to be run."""
    browser.show(small)
    browser.run("document.querySelector('#divergence-PACKAGE-FROM-SPEC .copy[data-program]').click()")
    settle()
    program = browser.run("navigator.clipboard.readText()")
    ast.parse(program)
    assert "FILES = {'m.py': 'x = 1'}" in program
    assert "IMPL = 'mypkg'" in program
    assert "The reproducer is copied" in browser.run("document.getElementById('told').textContent")
    browser.run("document.querySelector('#divergence-PACKAGE-FROM-SPEC [data-copy=again]').click()")
    settle()
    assert (
        browser.run("navigator.clipboard.readText()")
        == "python -m conformance --impl=mypkg packages/nested::PACKAGE-FROM-SPEC"
    )
    browser.run("document.querySelector('#divergence-PACKAGE-FROM-SPEC .look').click()")
    assert browser.run("document.querySelector('pre.program').textContent") == program


@pytest.mark.parametrize("dark", [False, True])
def test_all_text_can_be_read_in_the_light_and_in_the_dark(dark: bool, browser: Page, small: str) -> None:
    """A contrast of 4.5 at least, as WCAG asks for."""
    browser.show(small, dark=dark)
    browser.run("for (const one of document.querySelectorAll('details')) one.open = true")
    settle()
    background = browser.run("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(21, 23, 26)") is dark
    assert browser.run(_CONTRAST) == []


@pytest.mark.parametrize("width", [320, 390, 768])
def test_it_fits_a_phone(width: int, browser: Page, small: str) -> None:
    """Nothing is wider than the screen, but for tables, which can be moved."""
    browser.show(small, width=width, height=844)
    browser.run("for (const one of document.querySelectorAll('details')) one.open = true")
    settle()
    assert browser.run("document.documentElement.scrollWidth") <= width
    if width < 700:
        low = browser.run(
            "[...document.querySelectorAll('button, select, summary')].filter(one => one.checkVisibility() && "
            "one.getBoundingClientRect().height < 32).length"
        )
        assert low == 0


def test_printed(browser: Page, small: str, tmp_path: Path) -> None:
    """Dark on white whatever the screen is, without what is for a screen; what differs stands there in full."""
    browser.show(small, media="print", dark=True)
    assert browser.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    for selector in ("#filter", "nav", "button", ".link"):
        assert browser.run(f"[...document.querySelectorAll({selector!r})].some(one => one.checkVisibility())") is False
    assert len(visible(browser, "article.finding")) == 3
    assert browser.run(_CONTRAST) == []
    browser.printed(tmp_path / "it.pdf")
    assert (tmp_path / "it.pdf").read_bytes()[:4] == b"%PDF"


def test_without_javascript_all_but_the_cases_is_there(browser: Page, small: str) -> None:
    """No filter is offered that would not work."""
    browser.show(small, javascript=False)
    assert visible(browser, "#filter") == []
    assert len(visible(browser, "article.finding")) == 3
    assert len(visible(browser, "details.clause")) == 3
    assert visible(browser, "#case-list > li") == []
    assert "needs JavaScript" in browser.run("document.getElementById('cases').innerText")
    browser.show(small)
    assert len(visible(browser, "#case-list > li")) == 4


def test_texts_of_a_candidate_are_texts(browser: Page, tmp_path: Path) -> None:
    """None of them is run, whatever it looks like."""
    evil = '<img src=x onerror="window.bad=1"></script><script>window.bad=1</script>\'`${window.bad=1}'
    hostile = trial("packages/hostile", divergence(candidate=evil, where=evil), summary=evil, reason=evil)
    browser.show(address(tmp_path, [run([hostile], candidate=evil, details=[shown("packages/hostile", fixture=evil)])]))
    browser.run("for (const one of document.querySelectorAll('details')) one.open = true")
    settle()
    assert browser.run("window.bad") is None
    assert browser.faults == []
    assert browser.run("document.querySelectorAll('img').length") == 0
    assert evil in browser.run("document.querySelector('#case-list').textContent")


def test_five_thousand_cases_on_nine_targets(browser: Page, tmp_path: Path) -> None:
    """It opens, filters and finds without making anybody wait."""
    clauses = [clause for clause in registry().values() if not clause.untestable and not clause.versions]

    def cases(target: int) -> list[Record]:
        found = []
        for number in range(5000):
            clause = clauses[number % len(clauses)]
            wrong = clauses[number % 12]
            differs = [divergence(wrong.id, field=f"entry.x{number % 12}")] if number % 3 == target % 3 else []
            found.append(trial(f"families/some/case-{number:04}", *differs, clauses=[clause.id]))
        return found

    streams = [run(cases(target), version=f"3.{8 + target}.0") for target in range(9)]
    where = address(tmp_path, streams, "large")
    assert (tmp_path / "large.html").stat().st_size < 8_000_000
    start = time.monotonic()
    browser.show(where)
    assert browser.run("document.querySelectorAll('#case-list > li').length") == 100
    assert time.monotonic() - start < 15  # on a machine with other things to do

    def took(source: str) -> float:
        return float(
            browser.run(f"(() => {{ const start = performance.now(); {source}; return performance.now() - start; }})()")
        )

    whole = took("document.getElementById('everything').click()")
    assert browser.run("document.querySelectorAll('#case-list > li').length") == 5000
    assert whole < 3000
    find = (
        "const one = document.querySelector('#filter [name=text]'); one.value = 'case-4321';"
        "one.dispatchEvent(new Event('input', {bubbles: true}))"
    )
    assert took(find) < 1000
    settle()
    until = time.monotonic() + 10
    while browser.run("document.querySelectorAll('#case-list > li').length") != 1 and time.monotonic() < until:
        time.sleep(0.1)
    assert visible(browser, "#case-list > li") == ["case-families/some/case-4321"]
    browser.show(where, media="print", width=718, height=1000)  # what A4 has between its margins
    assert browser.run("document.documentElement.scrollWidth") <= 718
    browser.show(f"{where}#case-families/some/case-4999")
    assert browser.run("document.querySelector('.reached details').open") is True
