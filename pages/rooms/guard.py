"""Against guessing codes and filling the store: counted here, by browser and for all together.

A class has one address, and a browser without a cookie is a new one, so neither is enough alone.
As long as few codes are wrong, nobody waits. When many are, newcomers come in one after the other,
whether their code is right or wrong; who has been in the room before does not wait.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

WRONG_OF_ONE = 20  # wrong codes of one browser, then it waits
WRONG_OF_ALL = 500  # wrong codes of all, then newcomers queue: one for each of a large class
DEBT_OF_ALL = 600  # wrong codes that came at once beyond that, and have to be waited off too
REFILL_SECONDS = 10.0  # after which one browser, and one second after which all, may miss once more
LANE_SECONDS = 0.1  # a newcomer takes in the queue
LANE_LENGTH = 300  # newcomers that queue
REMEMBERED = 50_000  # browsers


class TooMany(Exception):
    """Too many tries. seconds: when to try again."""

    def __init__(self, seconds: int) -> None:
        super().__init__("Too many tries. Please try again in a moment.")
        self.seconds = seconds


class Bucket:
    """So many tries at once, and one more after each `seconds`.

    debt: how many more may be taken than there are. Whoever sends many tries before the first one
    is counted waits for them afterwards.
    """

    def __init__(
        self, size: int, seconds: float, clock: Callable[[], float], debt: int = 0
    ) -> None:
        self.size, self.seconds, self.clock, self.debt = size, seconds, clock, debt
        self.left, self.at = float(size), clock()

    def available(self) -> bool:
        """Whether a try is left."""
        now = self.clock()
        self.left = min(self.size, self.left + (now - self.at) / self.seconds)
        self.at = now
        return self.left >= 1

    def take(self) -> bool:
        """Take a try; whether one was left."""
        found = self.available()
        self.left = max(-self.debt, self.left - 1) if self.debt or found else self.left
        return found


class Guard:
    """The tries of this process."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.clock, self.sleep = clock, sleep
        self.all = Bucket(WRONG_OF_ALL, 1.0, clock, DEBT_OF_ALL)
        self.of_one: OrderedDict[str, Bucket] = OrderedDict()
        self.known: OrderedDict[tuple[str, str], None] = OrderedDict()
        self.creations = Bucket(30, 2.0, clock)
        self.lane = asyncio.Lock()
        self.queued = 0

    async def admit(self, code: str, learner: str) -> None:
        """Before a code is looked up: wait where that is due, or raise TooMany."""
        if learner and (code, learner) in self.known:
            return
        if learner in self.of_one and not self.of_one[learner].available():
            raise TooMany(int(REFILL_SECONDS))
        if self.all.available():
            return
        if self.queued >= LANE_LENGTH:
            raise TooMany(5)
        self.queued += 1
        try:
            async with self.lane:
                await self.sleep(LANE_SECONDS)
        finally:
            self.queued -= 1

    def right(self, code: str, learner: str) -> None:
        """The code was a room's."""
        if learner:
            remember(self.known, (code, learner), None)

    def wrong(self, learner: str) -> None:
        """There was no such room."""
        self.all.take()
        if learner:
            bucket = self.of_one.get(learner) or Bucket(
                WRONG_OF_ONE, REFILL_SECONDS, self.clock, WRONG_OF_ONE
            )
            bucket.take()
            remember(self.of_one, learner, bucket)

    def create(self) -> None:
        """Before a room is opened: raise TooMany where many were just now."""
        if not self.creations.take():
            raise TooMany(10)


def remember(kept: OrderedDict, key: object, value: object) -> None:
    """Keep what came last, and not more than REMEMBERED."""
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > REMEMBERED:
        kept.popitem(last=False)
