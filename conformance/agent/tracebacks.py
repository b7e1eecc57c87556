"""Reads the tracebacks in what a program has written to standard error, and leaves the launcher's own frames out.

Rules. Text in, plain data out. What is kept is what the program's author would look at: the frames of files of the
world, and the lines that name the exception. Source lines, carets and hints differ by version and by launcher.
"""

from __future__ import annotations

import re
from typing import List, Tuple

_HEAD = re.compile(r"(?P<margin>\s*(?:[+|] )?)(?:Exception Group )?Traceback \(most recent call last\):")
_FRAME = re.compile(r'\s*File "(?P<file>.*)", line (?P<line>\d+)(?:, in (?P<function>.*))?$')
# A warning that is not about a file of the world is about whoever gave it. A relative path is one of the world.
_WARNING = re.compile(r"(?!<root>|[^/<:][^:\n]*\.py:)[^:\n]+:\d+: (?P<warning>\w*Warning: .*)")
# The prompts of an interpreter that reads statements once the program has ended.
_PROMPTS = re.compile(r"^(?:>>> )+")
# An error in a script's syntax is printed without a head.
_BARE_FRAME = re.compile(r'  File "[^"]*", line \d+$')
_LINKS = (
    "The above exception was the direct cause of the following exception:",
    "During handling of the above exception, another exception occurred:",
)


def without_tracebacks(text: str) -> Tuple[List[List[str]], List[str]]:
    """The tracebacks in a text, each as a list of lines, and the other lines of the text that are not empty.

    Of a traceback, the frames of the world ("<root>/m.py, line 3, in f") and the last line, with the exception, are
    kept. Exceptions that are linked belong to one traceback, with the link between them.
    """
    found: List[List[str]] = []
    rest: List[str] = []
    lines = [_PROMPTS.sub("", line) for line in text.splitlines()]
    number, linked = 0, False
    while number < len(lines):
        line = lines[number]
        if line.strip() in _LINKS and found:
            found[-1].append(line.strip().partition(" exception ")[0] + " ...")
            linked = True
        elif (head := _HEAD.match(line)) or _BARE_FRAME.match(line):
            margin = head.group("margin").replace("+", "|") if head else ""
            number, traceback = _traceback(lines, number + 1 if head else number, margin)
            if linked:
                found[-1].extend(traceback)
            else:
                found.append(traceback)
            linked = False
            continue
        elif warning := _WARNING.fullmatch(line):
            rest.append("<implementation>: " + warning.group("warning"))
            if number + 1 < len(lines) and lines[number + 1].startswith("  "):
                number += 1  # the line of source that gave it
        elif line.strip() or not linked:
            rest.append(line)
        number += 1
    return found, [line for line in rest if line.strip()]


def _traceback(lines: List[str], number: int, margin: str) -> Tuple[int, List[str]]:
    """The traceback whose frames begin at a line, and the number of the line after it.

    margin: the text before each of its lines, as in a log or in a group of exceptions. A traceback that breaks off ends
    before the next one.
    """
    kept: List[str] = []
    while number < len(lines):
        if _HEAD.match(lines[number]):
            return number, kept
        line = lines[number][len(margin) :] if lines[number].startswith(margin) else lines[number]
        frame = _FRAME.match(line)
        if frame:
            if "<root>" in frame.group("file") or not frame.group("file").startswith(("/", "<")):
                function = frame.group("function")
                kept.append(
                    "{}, line {}{}".format(*frame.group("file", "line"), ", in " + function if function else "")
                )
        elif line and not line.startswith((" ", "\t")):
            kept.append(line)
            return number + 1, kept
        number += 1
    return number, kept
