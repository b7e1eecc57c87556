"""Shows one difference between a command and `python`.

The reproducer of a find is this file with the case filled in (see `reproducer`): it stands alone, on Python 3.8 and
later. Each command runs in a world of its own, in a temporary folder.
"""

import argparse
import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

# -- the case --
FILES = {}
PATH = []
STEPS = []  # a command: its interpreter options, the kind of program that it runs, the program, the arguments
TEMPLATES = {}  # of the command that is judged, by the kind of program
INTERPRETERS = []
WITNESS = ""
# -- the end of the case --

USUAL = {"module": ["{python}", "-m", "{name}", "{args}"], "path": ["{python}", "{path}", "{args}"]}
TIMEOUT = 20


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="print everything that was seen, and not what differs alone")
    asked = parser.parse_args()
    sys.stdout.reconfigure(errors="backslashreplace")
    ours, theirs = INTERPRETERS or (sys.executable, sys.executable)
    sides = [run(USUAL, ours), run(TEMPLATES, theirs)]
    print("Python {}".format(sys.version.partition(" ")[0]))
    for kind, content in STEPS:
        if kind == "command":
            print("\n    " + shlex.join(words(USUAL, "python", content)))
            print("    " + shlex.join(words(TEMPLATES, "python", content)))
    differs = False
    for key in dict.fromkeys([*sides[0], *sides[1]]):
        oracle, candidate = (side.get(key, "nothing") for side in sides)
        is_same = agrees(key, oracle, candidate)
        differs = differs or not is_same
        if asked.all or not is_same:
            print("\n" + key)
            print("    python     {}".format(shown(oracle)))
            print("    command    {}".format(shown(candidate)))
    if not differs:
        print("\nNo difference.")
    return 1 if differs else 0


def agrees(key, oracle, candidate):
    """True if the two are equal; of output, if what the one prints is among what the other prints."""
    if not key.endswith(("output", "error")):
        return oracle == candidate
    remaining = list(candidate)
    for line in oracle:
        if line not in remaining:
            return False
        del remaining[: remaining.index(line) + 1]
    return True


def shown(value):
    return "\n               ".join(value) if isinstance(value, list) else str(value)


def words(templates, python, content, root="<root>"):
    """The words of a command."""
    options, kind, program, arguments = content["command"]
    values = {"{python}": [python, *options], "{args}": arguments}
    found = []
    for word in templates[kind]:
        filled = word.replace("{name}", program).replace("{path}", program)
        found += values.get(word) or ([] if word in values else [filled])
    return [word.replace("<root>", root) for word in found]


def run(templates, python):
    """The facts that the runs of one command show, by name."""
    facts = {}
    with tempfile.TemporaryDirectory() as temporary:
        base = os.path.realpath(temporary)
        root, witness, home = (os.path.join(base, name) for name in ("world", "witness", "home"))
        for folder in (root, witness, home):
            os.mkdir(folder)
        with open(os.path.join(witness, "witness.py"), "w") as file:
            file.write(WITNESS)
        write(root, FILES)
        for number, (kind, content) in enumerate(STEPS, 1):
            if kind == "write":
                write(root, content, number)
                continue
            told = os.path.join(base, "told-{}".format(number))
            variables = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
            variables["PATH"] = os.pathsep.join([os.path.dirname(python), variables.get("PATH", os.defpath)])
            variables["PYTHONPATH"] = os.pathsep.join([*(os.path.join(root, entry) for entry in PATH), witness])
            variables.update(RUNPY_CONFORMANCE_TELL=told, HOME=home, TMPDIR=home, NO_COLOR="1", COLUMNS="200")
            variables.update(content.get("variables", {}))
            command = words(templates, python, content, root)
            command[0] = shutil.which(command[0], path=variables["PATH"]) or command[0]
            try:
                ended = subprocess.run(
                    command,
                    cwd=os.path.join(root, content.get("folder", ".")),
                    env=variables,
                    input=content.get("stdin", "").encode("utf-8", "surrogatepass"),
                    capture_output=True,
                    timeout=TIMEOUT,
                )
                status, out, err = ended.returncode, ended.stdout, ended.stderr
            except subprocess.TimeoutExpired:
                status, out, err = "no end within {} seconds".format(TIMEOUT), b"", b""

            called = os.path.basename(python) + " -m "
            places = [(witness, "<witness>"), (home, "<home>"), (root, "<root>"), (python, "<python>")]
            places.append((called, "<python> -m "))

            def plain(value, places=tuple(places)):
                text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
                for place, name in places:
                    text = text.replace(place, name)
                return re.sub(r"0x[0-9a-fA-F]{6,}", "0x...", text)

            step = "step {}: ".format(number) if len(STEPS) > 1 else ""
            if os.path.exists(told):
                with open(told) as lines:
                    for count, line in enumerate(lines, 1):
                        telling = ast.literal_eval(line)
                        who = "{}telling {}, ".format(step, count)
                        for key, value in telling.pop("specials", {}).items():
                            facts[who + key] = plain(value)
                        for key, value in telling.items():
                            if key != "path":
                                facts[who + key] = plain(value)
                            elif value:
                                facts[who + "sys.path[0]"] = plain(value[0])
            facts[step + "exit status"] = str(status)
            facts[step + "standard output"] = plain(out).splitlines()
            facts[step + "standard error"] = messages(plain(err))
    return facts


def messages(text):
    """The lines of standard error without the frames of tracebacks that are not of the world."""
    kept, of_world = [], True
    for line in text.splitlines():
        if line.startswith("  File "):
            of_world = "<root>" in line
        elif not line.startswith(" "):
            of_world = True
        if of_world and line.strip() and (line.startswith("  File ") or not line.startswith(" ")):
            kept.append(line.strip())
    return kept


# -- how the world is written --
from ..agent.world import write  # noqa: E402 - a reproducer holds the text of that module here

# -- the end of how the world is written --

if __name__ == "__main__":
    sys.exit(main())
