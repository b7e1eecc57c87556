"""The page in a real browser: Debian's Chromium, headless. Without one these tests are skipped, and say so."""

from __future__ import annotations

import ast
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from conformance.clauses import registry
from conformance.report.merging import merged
from conformance.report.page import page as page_of
from conformance.report.reading import read
from conformance.report.types import Record
from tests.browser import Page, chromium, page
from tests.made import CASE, divergence, run, search, shown, trial, write

pytestmark = pytest.mark.skipif(not chromium(), reason="no Chromium is installed: the page is not tried in a browser")

# Text and background of everything that says something, as luminance (WCAG): the pairs that are hard to read.
_CONTRAST = """
(() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const part = (channel) => (channel /= 255) <= 0.03928 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const back = (element) => {
    for (; element; element = element.parentElement) {
      const colour = parse(getComputedStyle(element).backgroundColor);
      if (colour.length < 4 || colour[3] > 0.99) return colour;
    }
    return parse(getComputedStyle(document.body).backgroundColor);
  };
  const bad = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !element.checkVisibility()) continue;
    if (element.matches("script, option, noscript")) continue;
    const [first, second] = [luminance(parse(getComputedStyle(element).color)), luminance(back(element))];
    const ratio = (Math.max(first, second) + 0.05) / (Math.min(first, second) + 0.05);
    if (ratio < 4.5) bad.add(`${element.tagName}.${element.className} ${ratio.toFixed(2)}`);
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


def two_candidates() -> list[list[Record]]:
    """Two candidates on two targets: one diverges on both; the other on one, in one thing that is the same."""
    nested, main = ["PACKAGE-FROM-SPEC"], ["MAIN-SUBMODULE"]
    other = divergence("MAIN-SUBMODULE", where="step 1: what runs", field="executions.run")
    good = trial("packages/main", clauses=main)
    broken = [trial("packages/nested", divergence(), clauses=nested), trial("packages/main", other, clauses=main)]
    half = [trial("packages/nested", divergence(candidate="other"), clauses=nested), good]
    return [
        run(broken, version="3.12.0", details=[shown("packages/nested")]),
        run(broken, version="3.13.0"),
        run([trial("packages/nested", clauses=nested), good], version="3.12.0", candidate="their.py:run"),
        run(half, version="3.13.0", candidate="their.py:run"),
    ]


def address(folder: Path, streams: list[list[Record]], name: str = "page") -> str:
    """The address of a page that is made of some runs."""
    runs = merged(read(write(folder / f"{name}-{number}.jsonl", stream)) for number, stream in enumerate(streams))
    path = folder / f"{name}.html"
    path.write_text(page_of(runs), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    """One browser for all."""
    with page() as opened:
        opened.allow_clipboard()
        yield opened


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of the three targets."""
    return address(tmp_path_factory.mktemp("small"), targets())


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of the two candidates."""
    return address(tmp_path_factory.mktemp("several"), two_candidates())


def visible(browser: Page, selector: str) -> list[str]:
    """The ids of what can be seen."""
    found = browser.run(
        f"[...document.querySelectorAll({selector!r})].filter(box => box.checkVisibility()).map(box => box.id)"
    )
    return list(found)


def open_all(browser: Page) -> None:
    """Open whatever can be opened, what is made as it is opened too."""
    for _ in range(2):
        browser.run("for (const element of document.querySelectorAll('details')) element.open = true")
        settle()


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
    rows = browser.run("[...document.querySelectorAll('.counts tbody tr')].map(element => element.innerText)")
    assert [("conforms" in row, "diverges" in row, "incomplete" in row) for row in rows] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]
    tried = {registry()[clause].chapter for clause in ("PACKAGE-FROM-SPEC", "MAIN-SUBMODULE", "ARGV-IS-FILE")}
    assert browser.run("document.querySelectorAll('.matrix tbody tr').length") == len(tried)
    cells = browser.run(
        "[...document.querySelectorAll('.matrix tbody tr')].find(element => element.innerText.startsWith('Packages'))"
        ".innerText.split('\\t')"
    )
    assert len(cells) == 4
    assert "✗" in cells[2]


def test_an_incomplete_target_is_nowhere_said_to_conform(browser: Page, small: str) -> None:
    """Neither in the summary nor in the matrix nor at a clause."""
    browser.show(small)
    assert "PyPy 3.11.9 is incomplete" in browser.run("document.querySelector('.warning').innerText")
    assert browser.run("document.querySelectorAll('.matrix tr td:nth-child(4).conforms').length") == 0
    patterns = browser.run("[...document.querySelectorAll('details.clause')].map(element => element.dataset.verdicts)")
    assert {pattern.split(",")[2] for pattern in patterns} <= {"not-run", ""}
    assert "conforms" in {pattern.split(",")[0] for pattern in patterns}


def test_a_divergence_shows_both_sides_with_what_differs_marked(browser: Page, small: str) -> None:
    """The case, the values, the two observations; those fields that are alike only if they are asked for."""
    browser.show(small)
    article = "document.getElementById('divergence-PACKAGE-FROM-SPEC')"
    assert browser.run(f"{article}.querySelector('.fixture').textContent") == CASE
    values = browser.run(f"[...{article}.querySelectorAll('.value')].map(element => element.textContent)")
    assert values == ["'outer'", "''"]
    assert browser.run(f"[...{article}.querySelectorAll('.value mark')].map(element => element.textContent)")
    row = f"{article}.querySelector('tr.cause')"
    assert "run <root>/m.py: specials, __package__" in browser.run(f"{row}.innerText")
    assert browser.run(f"{row}.querySelectorAll('mark').length") == 2
    assert browser.run(f"[...{article}.querySelectorAll('tr.same')].some(row => row.checkVisibility())") is False
    browser.run(f"{article}.querySelector('.all-fields').click()")
    assert browser.run(f"[...{article}.querySelectorAll('tr.same')].every(row => row.checkVisibility())") is True


def shown_all(browser: Page) -> list[str]:
    """The clauses that are there once each chapter is open."""
    browser.run("document.getElementById('unfold').click()")
    found = visible(browser, "details.clause")
    browser.run("document.getElementById('unfold').click()")
    return found


@pytest.mark.parametrize(
    ("wanted", "findings", "clauses", "cases"),
    [
        ({"verdict": "crashes"}, ["ARGV-IS-FILE"], {"ARGV-IS-FILE"}, ["altering_sys/argv"]),
        ({"verdict": "expected"}, ["MAIN-SUBMODULE"], {"MAIN-SUBMODULE"}, ["packages/main"]),
        ({"verdict": "conforms", "target": "3.13.0"}, [], set(), []),
        ({"chapter": "altering_sys", "verdict": "crashes"}, ["ARGV-IS-FILE"], {"ARGV-IS-FILE"}, ["altering_sys/argv"]),
        ({"text": "zip is left_out"}, [], set(), []),
        (
            {"text": "packages/nested", "target": "3.13.0"},
            ["PACKAGE-FROM-SPEC"],
            {"PACKAGE-FROM-SPEC"},
            ["packages/nested"],
        ),
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
            f"(() => {{ const element = document.querySelector('#filter [name={name}]'); element.value = {value!r};"
            "element.dispatchEvent(new Event('input', {bubbles: true})); })()"
        )
    settle()

    def shown_now() -> tuple[list[str], set[str], list[str]]:
        return (
            [name.removeprefix("divergence-") for name in visible(browser, "article.finding")],
            {name.removeprefix("clause-") for name in visible(browser, "details.clause")},
            [name.removeprefix("case-") for name in visible(browser, "#case-list li")],
        )

    assert shown_now() == (findings, clauses, cases)
    assert len(visible(browser, ".none")) == (not findings) + (not clauses) + (not cases)
    again = browser.run("location.href")
    assert all(f"{name}={quote(value, safe='')}" in again for name, value in wanted.items())
    browser.show(again)
    assert shown_now() == (findings, clauses, cases)
    browser.run("document.getElementById('reset').click()")
    assert len(shown_all(browser)) == 3
    assert visible(browser, "details.clause") == []
    assert browser.run("location.hash") == ""


def chapters_open(browser: Page) -> list[str]:
    """The chapters of clauses and cases that are open."""
    return list(browser.run("[...document.querySelectorAll('details.chapter')].filter(o => o.open).map(o => o.id)"))


def test_the_index_is_folded_by_chapter(browser: Page, small: str) -> None:
    """Closed at first, each chapter with what stands in it; by mouse and keyboard they open one by one, or all."""
    browser.show(small, width=390, height=844)
    assert chapters_open(browser) == visible(browser, "details.clause") == visible(browser, "#case-list li") == []
    assert len(visible(browser, "#clauses .chapter")) == 3
    folded = browser.run(
        "document.getElementById('clauses').offsetHeight + document.getElementById('cases').offsetHeight"
    )
    packages = browser.run("document.querySelector('#chapter-packages > summary').innerText")
    assert "1 clause" in packages
    assert "diverges: 1" in packages
    browser.run("document.querySelector('#chapter-packages > summary').click()")
    assert {registry()[name.removeprefix("clause-")].chapter for name in visible(browser, "details.clause")} == {
        "packages"
    }
    browser.run("document.querySelector('#cases-packages > summary').focus()")
    browser.key("Enter", number=13)
    settle()
    assert visible(browser, "#case-list li") == ["case-packages/nested", "case-packages/main"]
    assert len(shown_all(browser)) == 3
    open_all(browser)
    unfolded = browser.run(
        "document.getElementById('clauses').offsetHeight + document.getElementById('cases').offsetHeight"
    )
    assert folded < 2500
    assert folded < unfolded


def test_a_filter_and_a_link_open_the_chapters_that_they_are_about(browser: Page, small: str) -> None:
    """And no others."""
    browser.show(f"{small}#verdict=crashes")
    assert chapters_open(browser) == ["chapter-altering_sys", "cases-altering_sys"]
    said = browser.run("document.querySelector('#chapter-altering_sys > summary').innerText")
    assert "1 clause" in said
    assert "crashes: 1" in said
    assert "not-run" not in said
    browser.run("document.getElementById('reset').click()")
    assert chapters_open(browser) == []
    browser.show(f"{small}#clause-MAIN-SUBMODULE")
    assert chapters_open(browser) == ["chapter-packages"]
    browser.show(f"{small}#case-packages/main")
    assert chapters_open(browser) == ["cases-packages"]
    browser.show(f"{small}#cases-packages")
    settle()
    assert chapters_open(browser) == ["cases-packages"]
    assert visible(browser, "#case-list li") == ["case-packages/nested", "case-packages/main"]
    assert browser.run("document.getElementById('shown').innerText").startswith("3 of 3 divergences")
    browser.show(f"{small}#case-packages/main", javascript=False)
    browser.run("document.querySelector('#chapter-packages > summary').click()")
    assert chapters_open(browser) == ["chapter-packages"]


def test_sources_lead_to_what_they_name(browser: Page, small: str) -> None:
    """At a divergence and at a clause; nothing of them is loaded, and on paper stands where they lead."""
    browser.show(f"{small}#clause-PACKAGE-FROM-SPEC")
    wanted = [
        ["library reference: run_module", "https://docs.python.org/3/library/runpy.html#runpy.run_module"],
        ["PEP 366", "https://peps.python.org/pep-0366/"],
        ["PEP 451", "https://peps.python.org/pep-0451/"],
    ]
    for place in ("#divergence-PACKAGE-FROM-SPEC", "#clause-PACKAGE-FROM-SPEC .inside"):
        links = f"[...document.querySelectorAll('{place} a.out')]"
        assert browser.run(f"{links}.map(element => [element.innerText, element.href])") == wanted
        assert browser.run(f"{links}.every(element => element.relList.contains('noopener'))") is True
    outward = "[...document.querySelectorAll('a')].filter(element => !element.getAttribute('href').startsWith('#'))"
    assert browser.run(f"{outward}.every(element => element.relList.contains('noopener'))") is True
    assert browser.requests == [small + "#clause-PACKAGE-FROM-SPEC"] or browser.requests == [small]
    browser.show(small, media="print")
    content = "getComputedStyle(document.querySelector('#divergence-PACKAGE-FROM-SPEC a.out'), '::after').content"
    assert "docs.python.org" in browser.run(content) or "attr(href)" in browser.run(content)


def test_the_link_of_a_baseline_is_one_only_if_it_leads_to_the_web(browser: Page, tmp_path: Path) -> None:
    """Else it is text."""
    links = ["https://tracker.example/7", "javascript:alert(1)", "TICKET-7"]
    clauses = ["PACKAGE-FROM-SPEC", "MAIN-SUBMODULE", "ARGV-IS-FILE"]  # of one clause they would be one finding
    trials = [
        trial(
            f"packages/{number}",
            divergence(
                clause, field=f"entry.x{number}", expected={"reason": "we cannot", "link": link, "at": "k.toml:3"}
            ),
            clauses=[clause],
        )
        for number, (link, clause) in enumerate(zip(links, clauses, strict=True))
    ]
    browser.show(address(tmp_path, [run(trials)]))
    said = browser.run("[...document.querySelectorAll('.reason')].map(element => element.innerText)")
    assert all(any(link in text for text in said) for link in links)
    assert browser.run("[...document.querySelectorAll('.reason a')].map(element => element.href)") == links[:1]


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("media", ["", "print"])
def test_the_box_of_a_case_shows_all_of_it(width: int, media: str, browser: Page, tmp_path: Path) -> None:
    """However long the case and its lines are; what is copied from it is the case."""
    body = "".join(f"x{number} = {number}\n\n" for number in range(40))
    case = (
        f'call = "run_module(\'m\')"\n\n[files]\n"m.py" = """\n{body}{"y" * 400}\n"""\n\n[[steps]]\ncall = "last()"\n'
    )
    stream = run([trial("packages/nested", divergence())], details=[shown("packages/nested", fixture=case)])
    browser.show(address(tmp_path, [stream]), width=width, height=844, media=media)
    box = "document.querySelector('.fixture')"
    assert browser.run(f"{box}.textContent") == case
    assert browser.run(f"{box}.scrollHeight - {box}.clientHeight") == 0
    assert browser.run(f"{box}.scrollWidth - {box}.clientWidth") == 0
    assert browser.run(f"{box}.lastElementChild.textContent") == 'call = "last()"\n'
    last, own = (f"{element}.getBoundingClientRect().bottom" for element in (f"{box}.lastElementChild", box))
    assert browser.run(f"{last} <= {own}") is True
    copied = browser.run(f"(getSelection().selectAllChildren({box}), getSelection().toString())")
    assert copied.rstrip("\n") == case.rstrip("\n")


# -- several candidates ----------------------------------------------------------------------------------------


def test_several_candidates_each_have_a_headline_and_columns(browser: Page, several: str) -> None:
    """In the order in which they were given; the matrix has a column for each target of each."""
    browser.show(several)
    assert browser.faults == []
    assert browser.run("document.title") == "mypkg, their.py:run: 0 of 2 candidates conform"
    assert browser.run("[...document.querySelectorAll('.headline')].map(element => element.innerText)") == [
        "✗ mypkg: diverges on 3.12.0, 3.13.0",
        "✗ their.py:run: diverges on 3.13.0; conforms on 3.12.0",
    ]
    heads = browser.run(
        "[...document.querySelectorAll('.matrix thead tr')]"
        ".map(row => [...row.cells].map(element => [element.innerText, element.colSpan]))"
    )
    assert heads == [
        [["Chapter", 1], ["mypkg", 2], ["their.py:run", 2]],
        [["3.12.0", 1], ["3.13.0", 1], ["3.12.0", 1], ["3.13.0", 1]],
    ]
    cells = browser.run(
        "[...[...document.querySelectorAll('.matrix tbody tr')].find(row => row.innerText.startsWith('Packages'))"
        ".querySelectorAll('td')].map(element => element.className.split(' ')[0])"
    )
    assert cells == ["diverges", "diverges", "conforms", "conforms"]
    rows = browser.run("[...document.querySelectorAll('.counts tbody')].map(element => element.innerText)")
    assert [row.count("CPython") for row in rows] == [2, 2]
    assert [name in row for name, row in zip(("mypkg", "their.py:run"), rows, strict=True)] == [True, True]


def test_the_divergences_of_each_candidate_stand_together(browser: Page, several: str) -> None:
    """With its own values, and a link to the same of the other."""
    browser.show(several)
    assert visible(browser, "article.finding") == []  # folded, by candidate
    groups = browser.run(
        "[...document.querySelectorAll('.of-candidate')].map(node => [node.querySelector('summary').innerText.trim(), "
        "...[...node.querySelectorAll('article')].map(found => found.id)])"
    )
    assert groups == [
        ["mypkg 2 divergences", "divergence-MAIN-SUBMODULE@mypkg", "divergence-PACKAGE-FROM-SPEC@mypkg"],
        ["their.py:run 1 divergence", "divergence-PACKAGE-FROM-SPEC@their.py:run"],
    ]
    browser.run("document.querySelector('.headline a').click()")
    settle()
    assert visible(browser, "article.finding") == groups[0][1:]
    first = "document.getElementById('divergence-PACKAGE-FROM-SPEC@mypkg')"
    assert browser.run(f"{first}.querySelectorAll('.value')[1].innerText") == "''"
    browser.run(f"{first}.querySelector('a[href*=their]').click()")
    settle()
    second = groups[1][1]
    assert visible(browser, "article.reached") == [second]
    assert browser.run(f"document.getElementById('{second}').querySelectorAll('.value')[1].innerText") == "'other'"
    assert "--impl=their.py:run" in browser.run(
        f"document.getElementById('{second}').querySelector('.again').innerText"
    )
    seen = []
    for key in ("k", "j"):
        browser.key(key)
        seen.append(browser.run("document.activeElement.id"))
    assert seen == [groups[0][2], second]


def test_filters_by_candidate(browser: Page, several: str) -> None:
    """With a target, too; the address says so by name, and shows the same again."""
    browser.show(several)
    browser.run("document.querySelector('.matrix tbody a[href*=their][href*=\"3.12.0\"][href*=packages]').click()")
    settle()
    assert browser.run("location.hash") == "#candidate=their.py%3Arun&target=3.12.0&chapter=packages&to=clauses"
    for _ in range(2):
        assert visible(browser, "article.finding") == []
        assert "clause-MAIN-SUBMODULE" in visible(browser, "details.clause")
        assert browser.run("document.getElementById('shown').innerText").startswith("0 of 3 divergences")
        browser.show(browser.run("location.href"))
    browser.show(f"{several}#candidate=their.py%3Arun&verdict=diverges")
    assert visible(browser, "article.finding") == ["divergence-PACKAGE-FROM-SPEC@their.py:run"]
    assert visible(browser, "details.clause") == ["clause-PACKAGE-FROM-SPEC"]
    assert visible(browser, "#case-list li") == ["case-packages/nested"]


def test_where_clauses_and_cases_stand_is_said_by_candidate(browser: Page, several: str) -> None:
    """All of its targets in one word; and a command for each candidate, on a target where it diverges."""
    browser.show(f"{several}#case-packages/nested")
    chips = browser.run("[...document.querySelectorAll('.reached .chip')].map(element => element.innerText)")
    assert chips == ["✗ diverges mypkg, their.py:run 3.13.0", "✓ agrees their.py:run 3.12.0"]
    assert "PACKAGE-FROM-SPEC in mypkg on 3.12.0, 3.13.0: step 1" in browser.run(
        "document.querySelector('.reached').innerText"
    )
    commands = browser.run("[...document.querySelectorAll('.reached .again')].map(element => element.innerText)")
    assert commands == [f"python -m conformance --impl={name} packages/nested" for name in ("mypkg", "their.py:run")]
    browser.show(f"{several}#clause-PACKAGE-FROM-SPEC")
    chips = browser.run(
        "[...document.querySelectorAll('.reached > summary .chip:not(.level)')].map(element => element.innerText)"
    )
    assert chips == ["✗ diverges mypkg, their.py:run 3.13.0", "✓ conforms their.py:run 3.12.0"]
    assert "in mypkg on 3.12.0, 3.13.0; in their.py:run on 3.13.0" in browser.run(
        "document.querySelector('.reached .inside').innerText"
    )


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_several_candidates_fit_and_can_be_read(width: int, browser: Page, tmp_path: Path) -> None:
    """Also if they have long and strange names; nothing of a name is run."""
    evil = '<img src=x onerror="window.bad=1">\ud800 &amp; "\'`/' + "long/" * 30
    strange = [run([trial("packages/nested", divergence())], version=f"3.{n}.0", candidate=evil) for n in (12, 13)]
    other = run([trial("packages/nested")], version="3.13.0", candidate="other")
    where = address(tmp_path, [*strange, other])
    browser.show(where, width=width, height=844, dark=width == 320)
    open_all(browser)
    assert browser.faults == []
    assert browser.run("window.bad") is None
    assert browser.run("document.documentElement.scrollWidth") <= width
    assert browser.run(_CONTRAST) == []
    browser.run("document.querySelector('.headline a').click()")
    settle()
    assert len(visible(browser, "article.finding")) == 1
    assert browser.run("document.querySelector('#filter [name=candidate]').selectedIndex") == 1


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
    browser.run("document.querySelector('.matrix a[href*=altering_sys][href*=\"target=3.13.0\"]').click()")
    settle()
    found = visible(browser, "details.clause")
    assert found == ["clause-ARGV-IS-FILE"]
    assert browser.run("document.querySelector('#filter [name=target]').value") == "3.13.0"


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
    for summary in ("#chapter-altering_sys > summary", "#clause-ARGV-IS-FILE > summary"):
        browser.run(f"document.querySelector('{summary}').focus()")
        browser.key("Enter", number=13)
    assert browser.run("document.getElementById('clause-ARGV-IS-FILE').open") is True
    unreachable = browser.run(
        "[...document.querySelectorAll('button, input, select, a, summary')].filter(node => node.tabIndex < 0).length"
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
    open_all(browser)
    background = browser.run("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(21, 23, 26)") is dark
    assert browser.run(_CONTRAST) == []


@pytest.mark.parametrize("width", [320, 390, 768])
def test_it_fits_a_phone(width: int, browser: Page, small: str) -> None:
    """Nothing is wider than the screen, but for tables, which can be moved."""
    browser.show(small, width=width, height=844)
    open_all(browser)
    assert browser.run("document.documentElement.scrollWidth") <= width
    if width < 700:
        low = browser.run(
            "[...document.querySelectorAll('button, select, summary')].filter(element => element.checkVisibility() && "
            "element.getBoundingClientRect().height < 32).length"
        )
        assert low == 0


def test_printed(browser: Page, small: str, tmp_path: Path) -> None:
    """Dark on white whatever the screen is, without what is for a screen; what differs stands there in full."""
    browser.show(small, media="print", dark=True)
    assert browser.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    for selector in ("#filter", "nav", "button", ".link"):
        assert browser.run(f"[...document.querySelectorAll({selector!r})].some(box => box.checkVisibility())") is False
    assert len(visible(browser, "article.finding")) == 3
    assert len(visible(browser, "details.clause")) == 3
    assert visible(browser, "#case-list li") == []
    assert browser.run(_CONTRAST) == []
    browser.printed(tmp_path / "it.pdf")
    assert (tmp_path / "it.pdf").read_bytes()[:4] == b"%PDF"


def test_all_divergences_and_clauses_are_open_while_it_is_printed(browser: Page, several: str) -> None:
    """On paper nobody can open them; of the cases, which may be thousands, those that are open on the screen."""
    browser.show(f"{several}#cases-packages")
    settle()
    before = chapters_open(browser)
    assert before == ["cases-packages"]
    browser.run("window.dispatchEvent(new Event('beforeprint'))")
    assert len(visible(browser, "article.finding")) == 3
    assert len(visible(browser, "details.clause")) == 2
    assert len(visible(browser, "#case-list li")) == 2
    browser.run("window.dispatchEvent(new Event('afterprint'))")
    assert chapters_open(browser) == before
    browser.show(several, media="print", width=718, height=1000)
    assert len(visible(browser, "article.finding")) == 3
    assert browser.run("document.documentElement.scrollWidth") <= 718


def test_without_javascript_all_but_the_cases_is_there(browser: Page, small: str) -> None:
    """No filter is offered that would not work."""
    browser.show(small, javascript=False)
    assert visible(browser, "#filter") == []
    assert len(visible(browser, "article.finding")) == 3
    assert visible(browser, "#unfold") == visible(browser, "details.clause") == []
    browser.run("document.querySelectorAll('#clauses .chapter > summary').forEach((summary) => summary.click())")
    assert len(visible(browser, "details.clause")) == 3
    assert visible(browser, "#case-list li") == []
    assert "needs JavaScript" in browser.run("document.getElementById('cases').innerText")
    browser.show(small)
    open_all(browser)
    assert len(visible(browser, "#case-list li")) == 4


def test_texts_of_a_candidate_are_texts(browser: Page, tmp_path: Path) -> None:
    """None of them is run, whatever it looks like."""
    evil = '<img src=x onerror="window.bad=1"></script><script>window.bad=1</script>\'`${window.bad=1}'
    hostile = trial("packages/hostile", divergence(candidate=evil, where=evil), summary=evil, reason=evil)
    browser.show(address(tmp_path, [run([hostile], candidate=evil, details=[shown("packages/hostile", fixture=evil)])]))
    open_all(browser)
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
    assert browser.run("document.querySelectorAll('#case-list li').length") == 0
    browser.run("document.querySelector('#cases-families > summary').click()")
    settle()
    assert browser.run("document.querySelectorAll('#case-list li').length") == 100
    assert time.monotonic() - start < 15  # on a machine with other things to do

    def took(source: str) -> float:
        return float(
            browser.run(f"(() => {{ const start = performance.now(); {source}; return performance.now() - start; }})()")
        )

    whole = took("document.querySelector('#cases-families button:last-child').click()")
    assert browser.run("document.querySelectorAll('#case-list li').length") == 5000
    assert whole < 3000
    find = (
        "const element = document.querySelector('#filter [name=text]'); element.value = 'case-4321';"
        "element.dispatchEvent(new Event('input', {bubbles: true}))"
    )
    assert took(find) < 1000
    settle()
    until = time.monotonic() + 10
    while browser.run("document.querySelectorAll('#case-list li').length") != 1 and time.monotonic() < until:
        time.sleep(0.1)
    assert visible(browser, "#case-list li") == ["case-families/some/case-4321"]
    browser.show(where, media="print", width=718, height=1000)  # what A4 has between its margins
    assert browser.run("document.documentElement.scrollWidth") <= 718
    browser.show(f"{where}#case-families/some/case-4999")
    assert browser.run("document.querySelector('.reached details').open") is True
    assert browser.run("document.querySelectorAll('#case-list li').length") == 101
    browser.run("document.querySelector('#cases-families button').click()")
    assert browser.run("document.querySelectorAll('#case-list li').length") == 201
    ids = browser.run("[...document.querySelectorAll('#case-list li')].map(element => element.id)")
    assert ids == [f"case-families/some/case-{number:04}" for number in (4999, *range(200))]
