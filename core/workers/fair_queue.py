"""Who comes next: jobs that wait for a worker, in an order that is fair, and not too many of them.

Addresses take turns, and at one address its sessions do. So who asks for one thing waits for one
thing of each other, however much these have asked for. A classroom behind one router is one
address: its share of the queue is large, and the share of each session is small.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Generic, Protocol, TypeVar

from cachetools import LRUCache

REMEMBERED = 2_000  # sessions and addresses whose last turn is known


class Busy(RuntimeError):
    """The queue has no place for this. The message names the limit and the way out."""


@dataclass(frozen=True)
class Asker:
    """Who asks: a session and its network address. An empty one has no share of its own."""

    session: str = ""
    address: str = ""


@dataclass(frozen=True)
class Shares:
    """How many jobs may wait: in all, of one address and of one session."""

    total: int = 100
    address: int = 60
    session: int = 4


class Asked(Protocol):
    asker: Asker


J = TypeVar("J", bound=Asked)


class FairQueue(Generic[J]):
    """Waiting jobs. Not thread-safe: the pool's lock is held around every call."""

    def __init__(self, shares: Shares) -> None:
        self.shares = shares
        self._jobs: list[J] = []  # in the order in which they came
        self._turns = count(1)
        self._last_turn: LRUCache[tuple[str, str], int] = LRUCache(REMEMBERED)

    def __len__(self) -> int:
        return len(self._jobs)

    def __contains__(self, job: J) -> bool:
        return job in self._jobs

    def __iter__(self) -> Iterator[J]:
        """The jobs in the order in which they will be taken, if no others come."""
        nth: Counter[Asker] = Counter()  # how many jobs of the same session came before
        in_session, in_address = [], []
        for came, job in enumerate(self._jobs):
            in_session.append((nth[job.asker], self._turn("session", job.asker.session), came))
            nth[job.asker] += 1
        before: Counter[str] = Counter()  # how many of the same address go before
        for *_, came in sorted(in_session):
            address = self._jobs[came].asker.address
            in_address.append((before[address], self._turn("address", address), came))
            before[address] += 1
        return iter([self._jobs[came] for *_, came in sorted(in_address)])

    def _turn(self, kind: str, name: str) -> int:
        return self._last_turn.get((kind, name), 0)

    def add(self, job: J) -> None:
        """Put a job in; Busy where it, its address or its session has too many in it."""
        asker = job.asker
        session = sum(other.asker == asker for other in self._jobs)
        address = sum(other.asker.address == asker.address for other in self._jobs)
        later = "Try again in a minute, or choose something smaller."
        if len(self._jobs) >= self.shares.total:
            raise Busy(
                f"{len(self._jobs)} requests are waiting, and {self.shares.total} is the limit. "
                + later
            )
        if asker.session and session >= self.shares.session:
            raise Busy(
                f"{session} requests of yours are waiting, and {self.shares.session} is the limit "
                "for one visitor. Wait for one of them, or cancel it."
            )
        if asker.address and address >= self.shares.address:
            raise Busy(
                f"{address} requests from your network address are waiting, and "
                f"{self.shares.address} of the {self.shares.total} places are the limit for one "
                "address. " + later
            )
        self._jobs.append(job)

    def take(self) -> J:
        """Take out the job that comes next."""
        job = next(iter(self))
        self._jobs.remove(job)
        turn = next(self._turns)
        self._last_turn["session", job.asker.session] = turn
        self._last_turn["address", job.asker.address] = turn
        return job

    def remove(self, job: J) -> None:
        self._jobs.remove(job)
