"""The oracle's side with a cache: what it did in a case is read from an earlier run, or from the recordings.

Rules. Knows nothing of the candidate: what the oracle does in a case does not depend on it. Owns the file of the cache.

Theory of operation. Only cases that share a process are answered from the cache, and such a reply says so. It is good
enough where the candidate did the same, byte for byte. Where it did something else, whoever compares has the oracle
rerun the case (`rerun`), so nothing is ever judged by a cached observation; and the sample of each batch, a case by
itself, is always run. Each line that an agent sends is compared with the cached one: if they differ, the whole cache is
cleared, since nobody knows what else in it is wrong.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Collection, Iterable, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any

from ..cases.model import Case
from .agent_process import AGENT
from .interpreters import Target
from .live import LiveSide
from .replayed import RecordedLines
from .side import Greeting, Reply, key_of

_MOST = 16_000  # cases; half as many again as an ordinary run tries


class CachedSide(LiveSide):
    """An oracle that runs only the cases that are not in its cache.

    cache: the result lines by key of the case (see `key_of`), as the agent wrote them; it is read and changed here.
    trusted: answer from the cache also for a case by itself, and do not call such a reply cached.
    """

    def __init__(
        self, target: Target, cache: MutableMapping[str, bytes], *, trusted: bool = False, **options: Any
    ) -> None:
        super().__init__(target, "oracle", **options)
        self._cache = cache
        self._recorded: RecordedLines | None = None
        self._trusted = trusted
        self._used: set[str] = set()  # the keys that this run has asked for
        self._keys: list[str] = []  # of the cases started last
        self._cached: dict[str, Reply] = {}  # the replies to those of them that are in the cache
        self._missing: list[str] = []  # the keys of the others, which are being run
        self._changed = False  # the cache differs from what it was at first
        self._cleared = False  # it proved wrong
        self._proved_wrong = False  # and that was after several cases were last started

    def fill_from(self, recorded: RecordedLines) -> None:
        """Add to the cache, for each case that is asked for, the line that is recorded, if the cache has none."""
        self._recorded = recorded

    def expect(self, cases: Iterable[Case]) -> None:
        """Say which cases will be asked for, since a recording is found by the name of a case."""
        if self._recorded is not None:
            self._recorded.expect(cases)

    @property
    def at_work(self) -> bool:
        """True if the agent is running cases."""
        return bool(self._missing)

    @property
    def cache_proved_wrong(self) -> bool:
        """See `Side`."""
        return self._proved_wrong

    def start(self, cases: Sequence[Mapping[str, Any]], *, fresh: bool = False) -> None:
        """Begin to run those cases that are not in the cache."""
        self._proved_wrong = self._proved_wrong and len(cases) == 1
        self._keys = [key_of(case) for case in cases]
        by_key = dict(zip(self._keys, cases, strict=True))
        self._fill(by_key.keys())
        cache = self._cache if self._trusted or len(cases) > 1 else {}
        self._cached = {
            key: Reply("done", None, cache[key], cached=not self._trusted) for key in by_key if key in cache
        }
        self._missing = [key for key in by_key if key not in self._cached]
        if self._missing:
            super().start([by_key[key] for key in self._missing], fresh=fresh)

    def finish(self) -> list[Reply]:
        """See `Side`."""
        missing, self._missing = self._missing, []
        replies = dict(zip(missing, super().finish(), strict=True)) if missing else {}
        for key, reply in replies.items():
            self._learn(key, reply)
        self._used.update(key for key in self._keys if key in self._cache)
        replies.update(self._cached)
        return [replies[key] for key in self._keys]

    def rerun(self, cases: Sequence[Mapping[str, Any]]) -> list[Reply]:
        """See `Side`."""
        replies = super().rerun(cases)
        for case, reply in zip(cases, replies, strict=True):
            self._learn(key_of(case), reply)
        return replies

    def abandon(self) -> None:
        """See `Side`."""
        if self._missing:
            super().abandon()
        self._missing = []

    def save(self, file: CacheFile) -> None:
        """Write the cache for the next run, if it has changed."""
        if not self._changed:
            return
        if len(self._cache) >= _MOST:
            file.write({key: line for key, line in self._cache.items() if key in self._used})
        elif self._cleared:
            file.write(self._cache)
        else:
            file.write({**file.read(), **self._cache})  # another run may have added to it at the same time

    def _fill(self, keys: Collection[str]) -> None:
        """Add the recorded lines of the cases with these keys to the cache."""
        if self._recorded is None or len(keys) == 1:
            return
        for key in keys:
            if key not in self._cache and len(self._cache) < _MOST and (line := self._recorded.line(key)):
                self._cache[key] = line
                self._changed = True

    def _learn(self, key: str, reply: Reply) -> None:
        before = self._cache.get(key)
        if reply.status != "done" or before == reply.line:
            return
        if before is not None:
            self._cache.clear()
            self._recorded = None
            self._cleared = self._proved_wrong = True
        if len(self._cache) < _MOST:
            self._cache[key] = reply.line
        self._changed = True


class CacheFile:
    """The file in which the cache of one interpreter's oracle is kept between runs.

    folder: where the file is. oracle: if its `made_of` is another than when the file was written, the file counts as
    empty; so it does if the agent's code has changed.
    """

    def __init__(self, folder: Path, oracle: Greeting, executable: str) -> None:
        code = b"".join(path.read_bytes() for path in sorted(AGENT.parent.rglob("*.py")))
        made_of = json.dumps([hashlib.blake2b(code).hexdigest(), oracle.made_of], sort_keys=True)
        self._head = hashlib.blake2b(made_of.encode("ascii"), digest_size=16).hexdigest().encode("ascii")
        name = hashlib.blake2b(os.path.abspath(executable).encode("utf-8", "surrogateescape"), digest_size=8)
        self._path = folder / name.hexdigest()

    def read(self) -> dict[str, bytes]:
        """The result lines by key; none if there is no readable file."""
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

    def write(self, lines: Mapping[str, bytes]) -> None:
        """Replace the contents of the file; where it cannot be written, the next run has no cache."""
        file = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._sweep()
            with gzip.open(file, "wb", compresslevel=1) as stream:
                stream.write(self._head + b"\n")
                stream.writelines(b"%s %s\n" % (key.encode("ascii"), line) for key, line in lines.items())
            os.replace(file, self._path)
        except OSError:
            pass
        finally:
            with contextlib.suppress(OSError):
                file.unlink()

    def _sweep(self) -> None:
        """Remove the unfinished files of runs that were killed while they wrote."""
        for left in self._path.parent.glob(f"{self._path.name}.*"):
            try:
                os.kill(int(left.suffix[1:]), 0)
            except ProcessLookupError:
                left.unlink()
            except (PermissionError, ValueError):
                pass  # the process is alive, or belongs to another user
