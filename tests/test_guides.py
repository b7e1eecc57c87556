"""What the guides say can be done as they say it; and what other people's CI is given does what it says."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from conformance import HOUSE
from conformance.commands.manual import listed
from conformance.commands.options import OPTIONS
from conformance.judge.baseline import parse
from conformance.observation.interpreters import BadInterpreter, find
from tests.harness import conformance, target_for

DOCS = HOUSE / "docs"
PAGES = [*sorted(DOCS.glob("*.md")), HOUSE / "README.md", HOUSE / "CONTRIBUTING.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Those within the project."""
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert not [one for one in links if "://" not in one and not (page.parent / one).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_options_that_pages_name_exist(page: Path) -> None:
    """Where they stand behind our command."""
    text = page.read_text(encoding="utf-8")
    commands = re.findall(r"^(?:nox .*-s conformance.*?-- |runpy-conformance )(.*)$", text, re.MULTILINE)
    known = {one.name for one in OPTIONS} | {"--junitxml", "--help"}
    assert not {word for line in commands for word in re.findall(r"(--[a-z-]+)", line)} - known


def blocks(page: Path, language: str) -> list[str]:
    """The texts between fences in that language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


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
    assert all(line in said for line in re.findall(r"^  (?:source|differs|oracle|candidate) .*$", text, re.MULTILINE))
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
    assert len(shown) == 4
    assert all(f"\n{line}\n" in said for line in shown)
    (numbers,) = re.findall(r"status 1: diverges (\(.*\))$", text, re.MULTILINE)
    assert f"status 1: diverges {numbers}\n" in said
    (tmp_path / "mypkg.py").write_text(source.replace("    namespace = {", f"{mended}    namespace = {{", 1))
    diverging, cases, findings = re.findall(r"(\d+) of the (\d+) cases diverge,\s+by (\d+) findings", text)[0]
    assert f"({diverging} of {cases} cases diverge; {findings} findings; " in judged()


def test_the_example_of_a_baseline() -> None:
    """It can be read."""
    (text,) = blocks(DOCS / "baselines.md", "toml")
    cases = set(re.findall(r'"((?:packages|families)/[^"]*)"', text))
    assert [one.reason for one in parse(text, Path("known.toml"), cases).known]


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
    for variable in re.findall(r"^        ([A-Z]+): \$", ACTION, re.MULTILINE):
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
    assert "the input impl says what to judge" in said


def test_the_hook_runs_what_is_installed() -> None:
    """By a command of the package, with options that it has."""
    hook = (HOUSE / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    (entry,) = re.findall(r"^  entry: (.*)$", hook, re.MULTILINE)
    command, *words = entry.split()
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert command in project["scripts"]
    assert {word.partition("=")[0] for word in words} <= {one.name for one in OPTIONS if not one.nox}
