"""Shows divergences by hand: the interpreter and the implementation run the same few files.

A check names the clauses that it shows, the files, and what each side has to print. It prints the output of both sides,
each with the exit status as its last line (`status 0`).

Rules. Standard library only, and nothing of the suite.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

_shown = []
_WIDEST = 20  # lines of an output that are printed


def check(clauses, files, oracle, candidate, *, by_oracle, by_candidate, prepare=""):
    """Run two shell commands, each in a new folder with these files, and note if each prints what it is said to print.

    clauses: the names of the clauses, with blanks between them. oracle, candidate: the commands. by_oracle,
    by_candidate: a text that the command prints; at least one of the two is not printed by the other command. prepare:
    a shell command that is run first.
    """
    outputs = [_output(files, prepare, command) for command in (oracle, candidate)]
    print(f"\n{clauses}")
    for command, output in ((oracle, outputs[0]), (candidate, outputs[1])):
        print(f"  $ {command}")
        print("\n".join(f"    {line}" for line in _cut(output).splitlines()))
    problems = [
        sentence
        for sentence, wrong in (
            (f"the first does not print {by_oracle!r}", by_oracle not in outputs[0]),
            (f"the second does not print {by_candidate!r}", by_candidate not in outputs[1]),
            ("both print both texts", by_oracle in outputs[1] and by_candidate in outputs[0]),
        )
        if wrong
    ]
    if problems:
        print(f"  NOT SHOWN: {'; '.join(problems)}")
    _shown.append(
        {
            "clauses": clauses.split(),
            "files": {path: _shell_text(content) for path, content in files.items()},
            "prepare": prepare,
            "commands": [oracle, candidate],
            "outputs": [_cut(output) for output in outputs],
            "problems": problems,
        }
    )


def launcher(command):
    """A function that checks a command against `python -m`. `{}` in it stands for the module and its arguments."""

    def checks(clauses, files, words, by_oracle, by_candidate, before="", **more):
        check(
            clauses,
            files,
            f"{before}python -m {words}",
            before + command.format(words),
            by_oracle=by_oracle,
            by_candidate=by_candidate,
            **more,
        )

    return checks


def function(setup, call):
    """A function that checks another function against `runpy.run_module`, by a program that calls `run_module`.

    setup: statements that import the other function. call: the expression that then stands for `run_module`.
    """

    def checks(clauses, files, program, by_oracle, by_candidate, **more):
        world = {
            **files,
            "by_runpy.py": f"from runpy import run_module, run_path\n{program}\n",
            "by_other.py": f"{setup}\nrun_module = {call}\n{program}\n",
        }
        check(
            clauses,
            world,
            "python by_runpy.py",
            "python by_other.py",
            by_oracle=by_oracle,
            by_candidate=by_candidate,
            **more,
        )

    return checks


def end():
    """Write the results of all checks to the file that the survey names, and end with 1 if one has a problem."""
    if "SURVEY_SHOWN" in os.environ:
        Path(os.environ["SURVEY_SHOWN"]).write_text(json.dumps(_shown), encoding="utf-8")
    sys.exit(1 if any(shown["problems"] for shown in _shown) else 0)


def _bytes(content):
    return content if isinstance(content, bytes) else content.lstrip("\n").encode()


def _shell_text(content):
    """The content of a file: as text if it is plain, else as an argument for the shell's `printf`."""
    data = _bytes(content)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = ""
    if text.isprintable() or (text and not re.search(r"[^\n\x20-\x7e]", text)):
        return {"text": text}
    return {
        "printf": "".join(chr(byte) if 32 <= byte < 127 and byte not in b"%\\'" else f"\\{byte:03o}" for byte in data)
    }


def _output(files, prepare, command):
    """The output of a shell command in a folder with these files, with the exit status as its last line."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        for path, content in files.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(_bytes(content))
        variables = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "SURVEY"))}
        variables.update(HOME=name, TERM="dumb", NO_COLOR="1", PYTHONWARNINGS="default")
        done = subprocess.run(
            f"{prepare}\n{command}",
            shell=True,
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=_heed_interrupts,
            timeout=120,
            check=False,
        )
        output = done.stdout.decode(errors="backslashreplace").replace(str(folder), "<folder>")
        output = output.replace(sys.prefix, "<environment>").replace(os.path.dirname(os.__file__), "<library>")
        lines = re.sub(r"\b0x[0-9a-f]{6,}", "0x...", output).rstrip("\n").splitlines()
        return "\n".join([*(line.rstrip() for line in lines), f"status {done.returncode}"])


def _heed_interrupts():
    """Undo that a shell lets the programs that it starts in the background ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _cut(output):
    """The last lines of an output."""
    lines = output.splitlines()
    return output if len(lines) <= _WIDEST else "\n".join(["...", *lines[-_WIDEST:]])
