"""The places where a campaign is kept: a file, which one campaign at a time uses, or a Redis server, for any number.

Rules. A store holds sets of whole numbers and of bytes, and tables of texts. It does not know what they are about.
All that a commit adds may be added twice: then the second time changes nothing. So two workers that have done the same
chunk do no harm.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

_PREFIX = "runpy-conformance:campaign"
_CLAIMED = 900  # seconds after which a chunk that was claimed on a server counts as given up


class StoreError(Exception):
    """Raised if a store cannot be used: one sentence, which says what to do."""


@dataclass
class Addition:
    """The members that are added to sets, by set; and the texts that are added to tables, by table and key.

    A text does not replace one that is there.
    """

    members: dict[str, Iterable[bytes]] = field(default_factory=dict)
    texts: dict[tuple[str, str], str] = field(default_factory=dict)


class Store(Protocol):
    """The operations of a place where a campaign is kept. All methods raise StoreError."""

    def those_in(self, name: str, members: Iterable[bytes]) -> set[bytes]:
        """Those of the given members that a set holds."""

    def size(self, name: str) -> int:
        """The number of members of a set."""

    def members(self, name: str) -> Iterable[bytes]:
        """All members of a set."""

    def texts(self, name: str) -> Mapping[str, str]:
        """A table: its texts, by key."""

    def keys(self, name: str) -> Iterable[str]:
        """The keys of a table."""

    def claim(self, chunk: str) -> bool:
        """True if nobody has claimed this chunk; from now on somebody has."""

    def commit(self, addition: Addition) -> None:
        """Add all of it at once."""

    def close(self) -> None:
        """Use the store no more."""


class FileStore:
    """A store in a file, for one campaign at a time with any number of workers.

    own: this process starts the campaign; it holds a lock as long as it lives, and gives up what others had claimed.
    """

    def __init__(self, path: Path, *, own: bool) -> None:
        """Open the file, or make it. Raises StoreError."""
        try:
            with contextlib.ExitStack() as opened:
                path.parent.mkdir(parents=True, exist_ok=True)
                if own:
                    lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o666)
                    opened.callback(os.close, lock)
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._file = sqlite3.connect(path, timeout=60, isolation_level=None)
                opened.callback(self._file.close)
                # Of what is committed nothing is lost if the process is killed; in memory are at most 4 MB.
                for setting in ("journal_mode=WAL", "synchronous=NORMAL", "cache_size=-4000"):
                    self._file.execute(f"PRAGMA {setting}")
                self._prepare()
                if own:
                    self._file.execute("DELETE FROM text WHERE name = 'claimed'")
                self._open = opened.pop_all()
        except BlockingIOError:
            raise StoreError(
                f"{path} is in use by another run of this campaign; wait for it, or give this one another --state."
            ) from None
        except OSError as exc:
            raise StoreError(f"The campaign cannot be kept in {path.parent}: {exc.strerror}.") from None
        except sqlite3.Error as exc:
            raise StoreError(f"{path} is no state of a campaign ({exc}); remove it, or give another --state.") from None

    def _prepare(self) -> None:
        """Make the tables, if the file is new."""
        for table, second, value in (("member", "member BLOB", ""), ("text", "key TEXT", ", text TEXT")):
            columns = f"name TEXT, {second}{value}, PRIMARY KEY (name, {second.split()[0]})"
            self._file.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns}) WITHOUT ROWID")

    def those_in(self, name: str, members: Iterable[bytes]) -> set[bytes]:
        """See `Store`."""
        query = "SELECT 1 FROM member WHERE name = ? AND member = ?"
        return {member for member in members if self._file.execute(query, (name, member)).fetchone()}

    def size(self, name: str) -> int:
        """See `Store`."""
        return int(self._file.execute("SELECT count(*) FROM member WHERE name = ?", (name,)).fetchone()[0])

    def members(self, name: str) -> Iterable[bytes]:
        """See `Store`."""
        return (row[0] for row in self._file.execute("SELECT member FROM member WHERE name = ?", (name,)))

    def texts(self, name: str) -> Mapping[str, str]:
        """See `Store`."""
        return dict(self._file.execute("SELECT key, text FROM text WHERE name = ?", (name,)).fetchall())

    def keys(self, name: str) -> Iterable[str]:
        """See `Store`."""
        return [row[0] for row in self._file.execute("SELECT key FROM text WHERE name = ?", (name,))]

    def claim(self, chunk: str) -> bool:
        """See `Store`."""
        query = "INSERT OR IGNORE INTO text VALUES ('claimed', ?, '')"
        return self._file.execute(query, (chunk,)).rowcount == 1

    def commit(self, addition: Addition) -> None:
        """See `Store`."""
        members = [(name, member) for name, several in addition.members.items() for member in several]
        texts = [(name, key, text) for (name, key), text in addition.texts.items()]
        try:
            self._file.execute("BEGIN IMMEDIATE")
            self._file.executemany("INSERT OR IGNORE INTO member VALUES (?, ?)", members)
            self._file.executemany("INSERT OR IGNORE INTO text VALUES (?, ?, ?)", texts)
            self._file.execute("COMMIT")
        except sqlite3.Error as exc:
            raise StoreError(f"The state of the campaign cannot be written ({exc}); all before is kept.") from None

    def close(self) -> None:
        """See `Store`."""
        self._open.close()


class RedisStore:
    """A store on a Redis server, which any number of machines use at the same time. key: of the campaign."""

    def __init__(self, url: str, key: str) -> None:
        """Connect to the server. Raises StoreError."""
        try:
            from redis import Redis, RedisError  # type: ignore[import-not-found, unused-ignore]
        except ImportError:
            raise StoreError("--database=redis://... needs the package redis beside the suite.") from None
        self._error: type[Exception] = RedisError
        self._url = url
        self._key = f"{_PREFIX}:{key}"
        try:
            self._server: Any = Redis.from_url(url)
            self._server.ping()
        except (RedisError, ValueError) as exc:
            raise self._problem(exc) from None

    def _problem(self, exc: Exception) -> StoreError:
        return StoreError(f"--database={self._url}: no Redis server answers there ({exc}).")

    def _ask(self, command: str, *arguments: Any, **options: Any) -> Any:
        try:
            return getattr(self._server, command)(*arguments, **options)
        except self._error as exc:
            raise self._problem(exc) from None

    def those_in(self, name: str, members: Iterable[bytes]) -> set[bytes]:
        """See `Store`."""
        listed = list(members)
        if not listed:
            return set()
        known = self._ask("smismember", f"{self._key}:{name}", listed)
        return {member for member, is_known in zip(listed, known, strict=True) if is_known}

    def size(self, name: str) -> int:
        """See `Store`."""
        return int(self._ask("scard", f"{self._key}:{name}"))

    def members(self, name: str) -> Iterable[bytes]:
        """See `Store`."""
        found: Iterable[bytes] = self._ask("smembers", f"{self._key}:{name}")
        return found

    def texts(self, name: str) -> Mapping[str, str]:
        """See `Store`."""
        found: Mapping[bytes, bytes] = self._ask("hgetall", f"{self._key}:{name}")
        return {key.decode(): text.decode() for key, text in found.items()}

    def keys(self, name: str) -> Iterable[str]:
        """See `Store`."""
        return [key.decode() for key in self._ask("hkeys", f"{self._key}:{name}")]

    def claim(self, chunk: str) -> bool:
        """See `Store`. A claim is given up after a while, since its machine may be gone."""
        return bool(self._ask("set", f"{self._key}:claimed:{chunk}", "", nx=True, ex=_CLAIMED))

    def commit(self, addition: Addition) -> None:
        """See `Store`."""
        pipeline = self._server.pipeline(transaction=True)
        for name, members in addition.members.items():
            if listed := list(members):
                pipeline.sadd(f"{self._key}:{name}", *listed)
        for (name, key), text in addition.texts.items():
            pipeline.hsetnx(f"{self._key}:{name}", key, text)
        try:
            pipeline.execute()
        except self._error as exc:
            raise self._problem(exc) from None

    def close(self) -> None:
        """See `Store`."""
        self._server.close()
