"""The arguments after `--` of a nox session, and the outcomes of its targets: what the noxfile is told of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance import HOUSE
from conformance.commands.kinds import UsageError
from conformance.commands.nox_outcomes import CONFORMS, NOTHING_RAN, OUTCOMES, Outcomes
from conformance.commands.nox_request import command_again, import_folder, local_folders, nox_command, read_request


def test_a_request_has_absolute_paths_and_knows_what_is_for_nox(tmp_path: Path) -> None:
    """Requirements and reports are taken out; all else is for the driver, in its order."""
    (tmp_path / "mine").mkdir()
    arguments = ["--impl=mine.py:run", "--install", "-e", "mine", "--install=attrs", "-k", "a or b", "packages"]
    request = read_request([*arguments, "--report=all.html", "--junitxml=junit.xml"], tmp_path, target="3.12")
    assert request.install == ("-e", str(tmp_path / "mine"), "attrs")
    assert request.candidate == f"{tmp_path}/mine.py:run"
    assert request.reports == (tmp_path / "all.html",)
    options = [f"--impl={tmp_path}/mine.py:run", "-k", "a or b", "packages", f"--junitxml={tmp_path}/junit-3.12.xml"]
    assert list(request.options) == options
    assert request.arguments == [*options, f"--report={tmp_path}/all.html"]
    assert request.gives("--impl")
    assert not request.gives("--finds")


def test_nothing_is_installed_into_an_interpreter_that_the_user_names(tmp_path: Path) -> None:
    """The sentence names the option."""
    assert read_request(["--install=attrs"], tmp_path).install == ("attrs",)
    with pytest.raises(UsageError, match="into the --target interpreter yourself"):
        read_request(["--install=attrs"], tmp_path, target_option="--target")


@pytest.mark.parametrize(
    ("argument", "needed"),
    [("--database=redis://host", True), ("--database=rediss://host", True), ("--database=none", False), ("-x", False)],
)
def test_a_database_on_a_server_needs_a_package(argument: str, needed: bool, tmp_path: Path) -> None:
    """A folder needs none."""
    assert read_request([argument], tmp_path).needs_redis is needed


def test_the_printed_commands_of_nox(tmp_path: Path) -> None:
    """They name the noxfile unless the user stands beside it, and install the same again."""
    assert nox_command(HOUSE) == "nox"
    assert nox_command(HOUSE / "docs") == "nox -f ../noxfile.py"
    again = command_again("conformance-3.12", ["-e", "/a b", "attrs"], HOUSE)
    assert again == "nox -R -s conformance-3.12 -- '--install=-e /a b' --install=attrs"
    again = command_again("conformance", [], tmp_path, "/envs")
    assert again == f"nox -f {HOUSE / 'noxfile.py'} --envdir /envs -R -s conformance --"


def test_the_folder_from_which_a_candidate_is_imported(tmp_path: Path) -> None:
    """The user's own; in the suite's own folder, one that holds the candidate alone, and nothing of an earlier one."""
    assert import_folder("mypkg", tmp_path, tmp_path / "env") == tmp_path
    assert import_folder("no_such_module", HOUSE, tmp_path / "env") is None
    for name in ("bench", "survey"):
        folder = import_folder(f"{name}.module:run", HOUSE, tmp_path / "env")
        assert folder is not None
        assert [path.name for path in folder.iterdir()] == [name]


def test_only_an_editable_folder_is_followed_by_its_environment(tmp_path: Path) -> None:
    """Any other has to be installed again, with its extras too."""
    folder = str(tmp_path)
    assert local_folders(["attrs", folder, f"{folder}[extra]", "-e", folder]) == [folder, f"{folder}[extra]"]


def test_the_summary_of_outcomes() -> None:
    """Targets with the same outcome stand together; one that the user names has no name."""
    outcomes = Outcomes()
    assert not outcomes.known
    assert not outcomes.conform
    outcomes.of_targets["conformance-3.8"] = CONFORMS
    assert outcomes.conform
    outcomes.of_targets |= {"conformance-3.15": OUTCOMES[1], "conformance-pypy3.11": CONFORMS}
    assert not outcomes.conform
    assert outcomes.summary() == "conforms on 3.8, pypy3.11; diverges on 3.15"
    named = Outcomes()
    named.of_targets["conformance"] = OUTCOMES[3]
    assert named.summary() == "the candidate cannot be loaded"
    nothing = Outcomes()
    nothing.of_command = NOTHING_RAN
    assert nothing.known
    assert not nothing.conform
    assert nothing.summary() == NOTHING_RAN


def test_the_reports_of_all_targets_are_made_once(tmp_path: Path) -> None:
    """Of the records of each, of which an earlier run leaves none; records that are asked for are kept by target."""
    outcomes, earlier = Outcomes(), tmp_path / "all-3.8.jsonl"
    earlier.write_text("")
    reports = [tmp_path / "all.html", tmp_path / "all.md"]
    assert outcomes.record_arguments(reports, "3.8") == [f"--report={earlier}"]
    assert not earlier.exists()
    assert outcomes.merge_arguments() == []
    earlier.write_text("")
    assert outcomes.merge_arguments() == [str(earlier), *(f"--report={path}" for path in reports)]
    outcomes.merged = True
    assert outcomes.merge_arguments() == []
    records = Outcomes()
    assert records.record_arguments([tmp_path / "own.jsonl"], "3.9") == [f"--report={tmp_path}/own-3.9.jsonl"]
    assert records.merge_arguments() == []
