"""The state of a campaign: the cases that were tried, the divergences that were found, and its figures.

Rules. Knows what is kept, and not where (`stores`). Figures of the whole campaign are made of what each chunk has left,
so that they are the same in whichever order, and on however many machines, the chunks were done.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ...cases.strategies import rows
from .stores import Addition, Store

MARKS = (10_000, 100_000, 250_000)  # the numbers of different cases at which the memory is noted

# The sets and tables of a store.
_RAN, _NOT_RUN, _PAIRS = "ran", "not-run", "pairs"
_CHUNKS, _FOUND, _ONCE, _MEMORY, _ABOUT, _MACHINES = "chunks", "found", "once", "memory", "about", "machines"


@dataclass(frozen=True)
class Found:
    """A divergence that fresh interpreters have confirmed, in the smallest case that was found.

    where: its place in the case, in words. oracle, candidate: the two values, shortened. fixture: the case in the form
    of a fixture; empty if no file can hold it. drawn: the id of the case that was drawn.
    """

    signature: str
    where: str
    oracle: str
    candidate: str
    fixture: str
    drawn: str
    case: str


@dataclass
class ChunkResult:
    """All that came of a chunk.

    drawn: the number of cases that were drawn, with those that were equal. ran, not_run: the digests of the cases that
    were new, and ran or are not for the target. lost: cases in which the oracle cannot be observed. differing: cases
    that showed a divergence. once: the signatures of those that fresh interpreters did not show again, by case.
    pairs: see `rows.pairs`. drawing, running: seconds. memory: the bytes of the worker and of its agents.
    own: the number of cases that the worker has tried since it was started.
    """

    drawn: int = 0
    ran: list[bytes] = field(default_factory=list)
    not_run: list[bytes] = field(default_factory=list)
    lost: int = 0
    differing: int = 0
    found: list[Found] = field(default_factory=list)
    once: dict[str, str] = field(default_factory=dict)
    pairs: set[int] = field(default_factory=set)
    drawing: float = 0.0
    running: float = 0.0
    own: int = 0
    memory: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Memory:
    """The bytes of a worker and of its agents, at so many different cases of the campaign. own: see `ChunkResult`."""

    at: int
    own: int
    worker: int
    agents: int


@dataclass(frozen=True)
class Figures:
    """The figures of a campaign; see `ChunkResult` for most of them.

    about: the target, the candidate, the versions and the seed, in words. rows, pairs: those that were drawn, of all
    that there are. seconds: of all workers together.
    """

    about: Mapping[str, str]
    machines: tuple[str, ...]
    chunks: int
    drawn: int
    distinct: int
    not_run: int
    lost: int
    differing: int
    found: tuple[Found, ...]
    once: Mapping[str, str]
    rows: tuple[int, int]
    pairs: tuple[int, int]
    drawing: float
    running: float
    memory: tuple[Memory, ...]

    def plain(self) -> dict[str, Any]:
        """The figures as JSON data."""
        return asdict(self)

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Figures:
        """The figures of JSON data. Raises TypeError, KeyError."""
        return cls(
            **{
                **plain,
                "machines": tuple(plain["machines"]),
                "found": tuple(Found(**found) for found in plain["found"]),
                "memory": tuple(Memory(**memory) for memory in plain["memory"]),
                "rows": tuple(plain["rows"]),
                "pairs": tuple(plain["pairs"]),
            }
        )


class State:
    """A campaign, as far as it has come. Its methods raise StoreError."""

    def __init__(self, store: Store, properties: tuple[str, ...]) -> None:
        self._store = store
        self._properties = properties
        self._next = 0  # no chunk before this one is free

    def begin(self, about: Mapping[str, str], machine: str) -> None:
        """Note what the campaign is about, and that this machine works on it."""
        texts = {(_ABOUT, key): text for key, text in about.items()}
        self._store.commit(Addition(texts={**texts, (_MACHINES, machine): ""}))

    @property
    def distinct(self) -> int:
        """The number of different cases that have been tried."""
        return self._store.size(_RAN)

    @property
    def kinds(self) -> int:
        """The number of different divergences that have been found."""
        return len(self.found())

    def claim(self) -> int:
        """The number of a chunk that nobody else is at or has done."""
        done = {int(number) for number in self._store.keys(_CHUNKS)}
        while self._next in done or not self._store.claim(str(self._next)):
            self._next += 1
        self._next += 1
        return self._next - 1

    def new(self, digests: list[bytes]) -> set[bytes]:
        """Those of these digests whose cases have not been tried."""
        return set(digests) - self._store.those_in(_RAN, digests) - self._store.those_in(_NOT_RUN, digests)

    def found(self) -> set[str]:
        """The signatures of the divergences that have been found."""
        return set(self._store.keys(_FOUND))

    def commit(self, number: int, result: ChunkResult) -> None:
        """Add all that came of a chunk."""
        numbers = {name: getattr(result, name) for name in ("drawn", "lost", "differing", "drawing", "running", "own")}
        addition = Addition(
            members={
                _RAN: result.ran,
                _NOT_RUN: result.not_run,
                _PAIRS: (pair.to_bytes(6, "big") for pair in result.pairs),
            },
            texts={
                (_CHUNKS, str(number)): json.dumps(numbers),
                **{(_FOUND, found.signature): json.dumps(asdict(found)) for found in result.found},
                **{(_ONCE, case): signature for case, signature in result.once.items()},
            },
        )
        self._store.commit(addition)
        distinct = self.distinct
        memory = Addition()
        for mark in MARKS:
            if distinct >= mark:
                told = Memory(mark, result.own, *result.memory)
                memory.texts[_MEMORY, str(mark)] = json.dumps(asdict(told))
        if memory.texts:
            self._store.commit(memory)

    def figures(self) -> Figures:
        """The figures of the campaign, as far as it has come."""
        chunks = [json.loads(text) for text in self._store.texts(_CHUNKS).values()]
        memory = [Memory(**json.loads(text)) for text in self._store.texts(_MEMORY).values()]
        pairs = [int.from_bytes(pair, "big") for pair in self._store.members(_PAIRS)]
        return Figures(
            about=dict(self._store.texts(_ABOUT)),
            machines=tuple(sorted(self._store.texts(_MACHINES))),
            chunks=len(chunks),
            drawn=sum(chunk["drawn"] for chunk in chunks),
            distinct=self.distinct,
            not_run=self._store.size(_NOT_RUN),
            lost=sum(chunk["lost"] for chunk in chunks),
            differing=sum(chunk["differing"] for chunk in chunks),
            found=tuple(self._found()),
            once=dict(self._store.texts(_ONCE)),
            rows=(rows.rows_in(pairs), rows.all_rows(self._properties)),
            pairs=(len(pairs), rows.all_pairs(self._properties)),
            drawing=sum(chunk["drawing"] for chunk in chunks),
            running=sum(chunk["running"] for chunk in chunks),
            memory=tuple(sorted(memory, key=lambda memory: memory.at)),
        )

    def _found(self) -> Iterator[Found]:
        for _, text in sorted(self._store.texts(_FOUND).items()):
            yield Found(**json.loads(text))
