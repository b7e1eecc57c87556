"""The profiles, which say how much is tried; the length of a search; and the folders that are kept between runs."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the noxfile reads the profiles each time, and importing Hypothesis takes a while
    from hypothesis.database import ExampleDatabase


@dataclass(frozen=True)
class Profile:
    """The amount of work.

    families: one of so many cases of the families is tried. of_fixtures: the same for each family of cases that are
    made of fixtures, or none of them for 0. examples: for each property, so many cases are drawn.
    """

    families: int
    of_fixtures: Mapping[str, int]
    examples: int

    def one_of(self, family: str) -> int:
        """One of so many cases of a family, by its name ("families/varied"), is tried; none for 0."""
        return self.of_fixtures.get(family, self.families)


PROFILES: Mapping[str, Profile] = {
    "quick": Profile(10, {"families/together": 0, "families/varied": 0}, examples=0),
    "default": Profile(1, {"families/together": 1, "families/varied": 0}, examples=60),
    "thorough": Profile(1, {"families/together": 1, "families/varied": 1}, examples=4000),
}
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


def seconds(text: str) -> float:
    """A length of time: "90", "90s", "30m", "2h". Raises ValueError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text.strip())
    if found is None or not float(found[1]):
        raise ValueError(f"{text!r} is no length of time such as 90s, 30m or 2h")
    return float(found[1]) * _UNITS[found[2]]


def cache() -> Path:
    """The folder for files that could be made again, but only slowly."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(home) if os.path.isabs(home) else Path.home() / ".cache") / "runpy-conformance"


def kept(where: str) -> Path | None:
    """The folder that is kept between runs; None if nothing is to be kept. where: the option (see `database`)."""
    if where == "none":
        return None
    try:
        return cache() if not where or "://" in where else Path(where)
    except RuntimeError:  # there is no home to keep anything in
        return None


def database(where: str, what: str) -> ExampleDatabase | None:
    """The database of Hypothesis's finds: in a folder, at `redis://...`, or None. Raises ValueError.

    where: the option; if it is empty, the database is in our cache, in a folder of its own for each candidate and
    target, which `what` names, because finds that do not differ again are forgotten.
    """
    from hypothesis.database import DirectoryBasedExampleDatabase

    if where == "none":
        return None
    if where.startswith(("redis://", "rediss://", "unix://")):
        try:
            from hypothesis.extra.redis import RedisExampleDatabase
            from redis import Redis, RedisError  # type: ignore[import-not-found, unused-ignore]
        except ImportError:
            raise ValueError("--database=redis://... needs the package redis beside the suite") from None
        try:
            server = Redis.from_url(where)
            server.ping()
        except (RedisError, ValueError) as exc:
            raise ValueError(f"--database={where}: no Redis server answers there ({exc})") from None
        return RedisExampleDatabase(server)
    path = Path(where) if where else cache() / "examples" / hashlib.sha256(what.encode()).hexdigest()[:12]
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        if where:
            raise ValueError(f"--database: the folder {where} cannot be made: {exc.strerror}") from None
        return None  # there is no home folder
    return DirectoryBasedExampleDatabase(path)
