"""Waves: followers go to another screen some at a time, never all at once.

Each of them makes the server run a page. A hundred such runs together would hold up everybody.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

WAVE, WAVE_SECONDS = 10, 0.3  # at most so many go within any such time

T = TypeVar("T")


class Waves(Generic[T]):
    """Those who wait to be sent on, in their order. release is called with each when it is due.

    Who is added again while waiting keeps its place, so a change in mid-wave delays nobody.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, release: Callable[[T], object]) -> None:
        self.loop, self.release = loop, release
        self.waiting: dict[T, None] = {}
        self.released: deque[float] = deque(maxlen=WAVE)  # when the last ones went
        self.timer: asyncio.TimerHandle | None = None

    def add(self, one: T) -> None:
        """Send it on as soon as its wave is due, which may be at once."""
        self.waiting[one] = None
        if self.timer is None:
            self.send()

    def drop(self, one: T) -> None:
        """It waits no longer."""
        self.waiting.pop(one, None)

    def send(self) -> None:
        """Send on whoever is due, and come back for the next."""
        self.timer = None
        while self.waiting:
            due = self.released[0] + WAVE_SECONDS if len(self.released) == WAVE else 0.0
            if self.loop.time() < due:
                self.timer = self.loop.call_at(due, self.send)
                return
            one = next(iter(self.waiting))
            del self.waiting[one]
            self.released.append(self.loop.time())
            self.release(one)
