"""The oracle's side, which remembers what it has shown, also from one run to the next.

What it shows in a case does not depend on the candidate: only the first run has to ask. It answers from memory where
cases share a process, and says so: such an answer will do if the candidate shows the same to the byte. Where it does
not, the oracle is asked anew, and nothing is ever judged by what is remembered. So is it in the sample of each batch. A
memory that is found to be wrong is given up as a whole.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any

from .agent_process import AGENT
from .interpreters import Target
from .live import LiveSide
from .side import Greeting, Reply

_MOST = 6000  # cases; half as many again as an ordinary run tries


class CachedSide(LiveSide):
    """An oracle, which asks its agent about what is not in `seen`: observations, as the agent wrote them, by case.

    trusted: whether it also answers from there for cases that are to have a process to themselves. The rest is told at
    `Side`.
    """

    def __init__(
        self, target: Target, seen: MutableMapping[str, bytes], *, trusted: bool = False, **options: Any
    ) -> None:
        super().__init__(target, "oracle", **options)
        self._seen = seen
        self._trusted = trusted
        self._used: set[str] = set()
        self._asked: list[str] = []
        self._known: dict[str, Reply] = {}
        self._missing: list[str] = []
        self._learned = False  # whether `seen` is another than it was
        self._forgot = False  # whether it was found out to be wrong
        self._mistaken = False  # whether that was after the last answers

    @property
    def at_work(self) -> bool:
        """Whether its agent is."""
        return bool(self._missing)

    @property
    def mistaken(self) -> bool:
        """Whether what it remembers has turned out not to be what it shows, since it was last asked about several."""
        return self._mistaken

    def start(self, cases: Sequence[Mapping[str, Any]], *, fresh: bool = False) -> None:
        """Ask about those cases that are not remembered."""
        self._mistaken = self._mistaken and len(cases) == 1
        self._asked = [_key(one) for one in cases]
        by_key = dict(zip(self._asked, cases, strict=True))
        seen = self._seen if self._trusted or len(cases) > 1 else {}
        self._known = {
            key: Reply("done", None, seen[key], remembered=not self._trusted) for key in by_key if key in seen
        }
        self._missing = [key for key in by_key if key not in self._known]
        if self._missing:
            super().start([by_key[key] for key in self._missing], fresh=fresh)

    def finish(self) -> list[Reply]:
        """The replies to the cases asked for last."""
        missing, self._missing = self._missing, []
        found = dict(zip(missing, super().finish(), strict=True)) if missing else {}
        for key, reply in found.items():
            self._learn(key, reply)
        self._used.update(key for key in self._asked if key in self._seen)
        found.update(self._known)
        return [found[key] for key in self._asked]

    def anew(self, cases: Sequence[Mapping[str, Any]]) -> list[Reply]:
        """What it shows now in cases that follow one another in one process, whatever it remembers."""
        replies = super().anew(cases)
        for case, reply in zip(cases, replies, strict=True):
            self._learn(_key(case), reply)
        return replies

    def abandon(self) -> None:
        """Let go of what was sent last."""
        if self._missing:
            super().abandon()
        self._missing = []

    def keep(self, memory: Cache) -> None:
        """Keep what it has shown for the next run, if there is anything new."""
        if not self._learned:
            return
        if len(self._seen) >= _MOST:
            memory.write({key: line for key, line in self._seen.items() if key in self._used})
        elif self._forgot:
            memory.write(self._seen)
        else:
            memory.write({**memory.read(), **self._seen})  # others may have learned as well, at the same time

    def _learn(self, key: str, reply: Reply) -> None:
        before = self._seen.get(key)
        if reply.status != "done" or before == reply.line:
            return
        if before is not None:
            self._seen.clear()  # who knows what else is not so any more
            self._forgot = self._mistaken = True
        if len(self._seen) < _MOST:
            self._seen[key] = reply.line
        self._learned = True


def _key(plain: Mapping[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(plain, sort_keys=True).encode("ascii"), digest_size=16).hexdigest()


class Cache:
    """What the oracle of one interpreter has shown, in a file of this folder; nothing, if it is another by now."""

    def __init__(self, folder: Path, oracle: Greeting, executable: str) -> None:
        code = b"".join(path.read_bytes() for path in sorted(AGENT.parent.glob("*.py")))
        told = json.dumps([hashlib.blake2b(code).hexdigest(), oracle.made_of], sort_keys=True)
        self._head = hashlib.blake2b(told.encode("ascii"), digest_size=16).hexdigest().encode("ascii")
        name = hashlib.blake2b(os.path.abspath(executable).encode("utf-8", "surrogateescape"), digest_size=8)
        self._path = folder / name.hexdigest()

    def read(self) -> dict[str, bytes]:
        """The observations, by case."""
        if not self._path.is_file():
            return {}
        try:
            with gzip.open(self._path) as stream:
                if stream.readline() != self._head + b"\n":
                    return {}
                parts = (line.rstrip(b"\n").partition(b" ") for line in stream)
                return {key.decode("ascii"): line for key, _, line in parts}
        except (OSError, EOFError, ValueError, zlib.error):
            return {}

    def write(self, seen: Mapping[str, bytes]) -> None:
        """Keep these; where that cannot be, the next run will have to ask again."""
        file = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._sweep()
            with gzip.open(file, "wb", compresslevel=1) as stream:
                stream.write(self._head + b"\n")
                stream.writelines(b"%s %s\n" % (key.encode("ascii"), line) for key, line in seen.items())
            os.replace(file, self._path)
        except OSError:
            pass
        finally:
            with contextlib.suppress(OSError):
                file.unlink()

    def _sweep(self) -> None:
        """Remove what others were about to write when they were killed."""
        for left in self._path.parent.glob(f"{self._path.name}.*"):
            try:
                os.kill(int(left.suffix[1:]), 0)
            except ProcessLookupError:
                left.unlink()
            except (PermissionError, ValueError):
                pass  # somebody else's, and at work
