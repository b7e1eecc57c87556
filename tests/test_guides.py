"""Guides are right: what they show is what a run shows; and what other people's CI is given does what it says."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from conformance import HOUSE, REFERENCE
from conformance.commands.manual import listed
from conformance.commands.options import OPTIONS
from conformance.judge.baseline import BaselineError, parse
from conformance.observation.interpreters import BadInterpreter, find
from tests.harness import all_cases, conformance, target_for
from tests.test_pages import PAGES

DOCS = HOUSE / "docs"


def without_code(page: Path) -> str:
    """The text of a page without what stands between fences."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The anchors that a link to the page can name: its headings, as GitHub spells them, and its own."""
    text = without_code(page)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    named = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return named | set(re.findall(r'<a id="([^"]+)">', text))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(HOUSE)))
def test_links_lead_somewhere(page: Path) -> None:
    """Those within the project, to the heading that they name; each page can be reached by a link from another."""
    links = re.findall(r"\]\(([^)\s]+)", without_code(page))
    dead = []
    exported = {"README.md": "exported-tree.md"} if page.name == "observation.md" else {}  # lies beside it there
    for link in links:
        file, _, anchor = link.partition("#")
        file = exported.get(file, file)
        target = page.parent / file if file else page
        if "://" not in link and not (target.exists() and (not anchor or anchor in anchors(target))):
            dead.append(link)
    assert not dead
    if page.name != "README.md":
        others = [other for other in PAGES if other != page]
        assert any(f"{page.name})" in re.sub(r"#[\w-]+\)", ")", other.read_text("utf-8")) for other in others)


def blocks(page: Path, language: str) -> list[str]:
    """The texts between fences in that language."""
    fenced = re.findall(r"^```(.*)\n([\s\S]*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return [text for name, text in fenced if name == language]


def test_the_example_of_the_guide(tmp_path: Path) -> None:
    """It diverges as the guide says, and what the guide mends is mended."""
    text = (DOCS / "guide.md").read_text(encoding="utf-8")
    source, mended = blocks(DOCS / "guide.md", "python")[:2]
    (case,) = set(re.findall(r"case +(packages/\w+):", text))

    (clause,) = set(re.findall(r"^([A-Z-]+)  documented, ", text, re.MULTILINE))
    target = target_for("<3.15")  # the example sets `__cached__`, which is absent from then on
    if target is None:
        pytest.skip("no Python <3.15 here")

    def judged() -> str:
        words = (f"--target={target.executable}", "--impl=mypkg", f"{case}::{clause}")
        done = conformance(*words, folder=tmp_path, timeout=None)
        assert f"-- --impl=mypkg {case}::{clause}" in text
        return done.stdout

    (tmp_path / "mypkg.py").write_text(source)
    said = judged()
    assert "status 1: diverges" in said
    shown = re.findall(r"^  (?:source|differs|oracle|candidate) .*$", text, re.MULTILINE)
    assert len(shown) == 4
    assert all(f"\n{line}\n" in said for line in shown)
    (tmp_path / "mypkg.py").write_text(source.replace("    namespace = {", f"{mended}    namespace = {{", 1))
    said = judged()
    assert f"\n{clause}: conforms here now\n" in said
    assert "status 0: conforms (1 case conforms)" in said
    assert f"{clause}: conforms here now\n" in text


def test_the_numbers_of_the_guide(tmp_path: Path) -> None:
    """They are those of a run on the interpreter that it names, before its fault is mended and after."""
    try:
        find("python3.13")
    except BadInterpreter:
        pytest.skip("no Python 3.13 here")
    text = (DOCS / "guide.md").read_text(encoding="utf-8")
    source, mended = blocks(DOCS / "guide.md", "python")[:2]

    def judged() -> str:
        return conformance("--impl=mypkg", "--target=python3.13", "packages", folder=tmp_path, timeout=None).stdout

    (tmp_path / "mypkg.py").write_text(source)
    said = judged()
    shown = re.findall(r"^(?:  [A-Z-]+ \(.* cases\): .*|\d+ findings, .*)$", text, re.MULTILINE)
    assert len(shown) == 3
    assert all(f"\n{line}\n" in said for line in shown)
    (numbers,) = re.findall(r"status 1: diverges (\(.*\))$", text, re.MULTILINE)
    assert f"status 1: diverges {numbers}\n" in said
    (tmp_path / "mypkg.py").write_text(source.replace("    namespace = {", f"{mended}    namespace = {{", 1))
    diverging, cases, findings = re.findall(r"(\d+) of the (\d+) cases diverge,\s+by (\d+) findings", text)[0]
    assert f"({diverging} of {cases} cases diverge; {findings} findings; " in judged()


WRONG_PACKAGE = ('__package__"] = package', '__package__"] = name.rpartition(".")[0]')


def _without_line(text: str) -> str:
    """A text without the number of the line in the candidate, which each change of the reference moves."""
    return re.sub(r"\bmypkg\.py:\d+", "mypkg.py:", text)


def test_the_finding_that_pages_show(tmp_path: Path) -> None:
    """The README and the page on reading show the same finding of the same mistake, to the letter as a run shows it."""
    try:
        find("python3.13")
    except BadInterpreter:
        pytest.skip("no Python 3.13 here")
    pages = [(HOUSE / "README.md"), DOCS / "reading-a-divergence.md"]
    texts = [page.read_text(encoding="utf-8") for page in pages]
    (shown,) = {re.search(r"^```\n(PACKAGE-FROM-SPEC  .*?)^  again ", text, re.M | re.S)[1] for text in texts}  # type: ignore[index]
    ((diverging, cases),) = {re.search(r"(\d+) of ([\d,]+)\s+cases diverge", text).groups() for text in texts}  # type: ignore[union-attr]
    source = (REFERENCE / "__init__.py").read_text(encoding="utf-8")
    assert source.count(WRONG_PACKAGE[0]) == 1
    (tmp_path / "mypkg.py").write_text(source.replace(*WRONG_PACKAGE), encoding="utf-8")
    words = ("--impl=mypkg", "--target=python3.13", "--profile=quick", "--database=none")
    said = conformance(*words, folder=tmp_path, timeout=None, COLUMNS="110").stdout
    assert f"\n{_without_line(shown)}  again " in _without_line(said)
    assert f"({diverging} of {cases} cases diverge, " in said
    assert "; 1 finding; " in said


def test_the_example_of_a_baseline() -> None:
    """It can be read, and each of its entries has a reason."""
    (text,) = blocks(DOCS / "baselines.md", "toml")
    cases = set(re.findall(r'"((?:packages|families)/[^"]*)"', text))
    known = parse(text, Path("known.toml"), cases).known
    assert known
    assert all(entry.reason for entry in known)


def test_the_complaints_about_a_baseline() -> None:
    """Each that docs/baselines.md shows is made of a file that has this fault, in these words."""
    (shown,) = [block for block in blocks(DOCS / "baselines.md", "") if block.startswith("known.toml:")]
    complaints = re.findall(r"^known\.toml:(\d+): (.*)$", shown, re.MULTILINE)
    assert len(complaints) == len(shown.splitlines()) == len(FAULTS)
    right = {"case": '"packages/nested_package_runs_main"', "targets": "", "clause": "PACKAGE-FROM-SPEC", "again": ""}
    for (line, sentence), fault in zip(complaints, FAULTS, strict=True):
        entry = right | fault
        signature = f'"{entry["clause"]}, prepare, entry.__package__, value" = {entry["case"]}\n'
        text = f'[[expected]]\nreason = "ours"\n{entry["targets"]}\n[expected.signatures]\n{signature}'
        if entry["again"]:
            text += f'[[expected]]\nreason = ""\n[expected.signatures]\n{signature}'
        with pytest.raises(BaselineError) as caught:
            parse(text, Path("known.toml"), set(all_cases()))
        said = re.sub(r"line \d+", "line N", str(caught.value).partition(": ")[2])
        assert said == re.sub(r"line \d+", "line N", sentence), line


# What is wrong in each of the files of which the page shows the complaint, in its order.
FAULTS: tuple[dict[str, str], ...] = (
    {"clause": "PACKAGE-FROM-SPECS"},
    {"again": "the same signature in another entry"},
    {"targets": 'targets = ["3.12"]'},
    {"targets": 'targets = ["cpython>=3.12,<3.9"]'},
    {"clause": "CACHED-ABSENT", "targets": 'targets = ["cpython<3.15"]'},
    {"case": '"packages/nested_package_runs_man"'},
)


def test_help_fits_a_terminal() -> None:
    """Also a narrow one."""
    assert max(map(len, listed().splitlines())) <= 110


# -- CI --------------------------------------------------------------------------------------------------------

ACTION = (HOUSE / "action.yml").read_text(encoding="utf-8")


def test_the_inputs_of_the_action() -> None:
    """Each is handed to the script, and stands in the guide."""
    inputs = re.findall(r"^  ([\w-]+):\n    description:", ACTION.partition("outputs:")[0], re.MULTILINE)
    assert {"impl", "install", "level", "baseline", "targets"} <= set(inputs)
    for name in inputs:
        assert f"inputs.{name} }}}}" in ACTION
        assert f"| `{name}` |" in (DOCS / "ci.md").read_text(encoding="utf-8")
    script = (HOUSE / ".ci" / "action").read_text(encoding="utf-8")
    variables = re.findall(r"^        ([A-Z_]+): \$", ACTION, re.MULTILINE)
    assert len(variables) >= len(inputs) - 1  # all but the folder to work in
    for variable in variables:
        assert f"${{{variable}" in script


PYTHON = """#!/bin/sh
# Stands in for an interpreter that makes an environment with nox.
mkdir -p "$3/bin"
echo '#!/bin/sh' > "$3/bin/python"
cat > "$3/bin/nox" <<'END'
#!/bin/sh
printf "%s\\n" "$@" > nox.txt
echo "# Summary" > "$REPORTS/summary.md"
exit 1
END
chmod +x "$3/bin/python" "$3/bin/nox"
"""


def act(folder: Path, **environment: str) -> tuple[int, list[str]]:
    """Run the action's script with a stand-in for nox; its status, and what nox was asked."""
    (folder / "python").write_text(PYTHON)
    (folder / "python").chmod(0o755)
    more = {"PYTHON": str(folder / "python"), "RUNNER_TEMP": str(folder / "tmp"), "REPORTS": str(folder / "reports")}
    more |= {"GITHUB_OUTPUT": str(folder / "output"), "GITHUB_STEP_SUMMARY": str(folder / "summary")}
    command = ["bash", str(HOUSE / ".ci" / "action")]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **more, **environment}, capture_output=True, text=True, check=False
    )
    asked = folder / "nox.txt"
    return done.returncode, asked.read_text().splitlines() if asked.exists() else [done.stderr]


def test_what_the_action_asks_for(tmp_path: Path) -> None:
    """Each input in its place; the status is nox's; the summary goes where GitHub shows it."""
    status, words = act(
        tmp_path,
        IMPL="mypkg",
        INSTALL=".[extra]\n-e ./other dir\n\n",
        LEVEL="exact",
        BASELINE="known.toml",
        TARGETS="3.9, pypy3.11",
        PROFILE="quick",
        OPTIONS="-n 2",
    )
    assert status == 1
    ours = ["--impl=mypkg", "--install=.[extra]", "--install=-e ./other dir", "--level=exact", "--profile=quick"]
    ours.append("--baseline=known.toml")
    rest = words[words.index("--") + 1 :]
    assert rest[: len(ours)] == ours
    assert rest[-2:] == ["-n", "2"]
    assert words[:2] == ["-f", str(HOUSE / "noxfile.py")]
    assert words[2:6] == ["--error-on-missing-interpreters", "-s", "conformance-3.9", "conformance-pypy3.11"]
    assert (tmp_path / "summary").read_text() == "# Summary\n"
    assert (tmp_path / "output").read_text() == f"reports={tmp_path / 'reports'}\n"


def test_what_the_action_asks_for_by_default(tmp_path: Path) -> None:
    """All interpreters; nothing that was not given; and the candidate must be."""
    _, words = act(tmp_path, IMPL="mypkg", TARGETS="", INSTALL="", BASELINE="", LEVEL="", PROFILE="", OPTIONS="")
    assert words[2:6] == ["-s", "conformance", "--", "--impl=mypkg"]
    assert [word.partition("=")[0] for word in words[6:]] == ["--report", "--report", "--report", "--finds"]
    (tmp_path / "nox.txt").unlink()
    status, (said,) = act(tmp_path, IMPL="")
    assert status != 0
    assert "the inputs impl and impl-path say what to judge" in said
    _, words = act(tmp_path, IMPL="", IMPL_PATH="mypkg:run_script")
    assert words[3:6] == ["conformance", "--", "--impl-path=mypkg:run_script"]


def test_the_hook_runs_what_is_installed() -> None:
    """By a command of the package, with options that it has."""
    hook = (HOUSE / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    (entry,) = re.findall(r"^  entry: (.*)$", hook, re.MULTILINE)
    command, *words = entry.split()
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert command in project["scripts"]
    assert {word.partition("=")[0] for word in words} <= {option.name for option in OPTIONS if not option.nox}
