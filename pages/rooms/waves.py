"""Waves: followers go to another screen one after the other, never all at once.

Each of them makes the server run a page. A hundred such runs together would hold up everybody, and
so does a steady pace where a slow machine cannot keep up with it.
"""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

STEP_SECONDS = 0.03  # from one to the next at least: ten in 0.3 s
LATE_SECONDS = 0.3  # the same at most, while the server has not caught up

T = TypeVar("T")


class Waves(Generic[T]):
    """Those who wait to be sent on, in their order. release is called with each when it is due.

    step: seconds from one to the next, where that is longer than STEP_SECONDS. behind says whether
    the server has not caught up with those who went. Who is added again while waiting keeps its
    place, so a change in mid-wave delays nobody.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        release: Callable[[T], object],
        behind: Callable[[], bool] = lambda: False,
        step: Callable[[], float] = lambda: STEP_SECONDS,
    ) -> None:
        self.loop, self.release, self.behind, self.step = loop, release, behind, step
        self.waiting: dict[T, None] = {}
        self.last = -LATE_SECONDS  # when somebody went
        self.timer: asyncio.TimerHandle | None = None

    def add(self, one: T) -> None:
        """Send it on as soon as it is due, which may be at once."""
        self.waiting[one] = None
        if self.timer is None:
            self.send()

    def drop(self, one: T) -> None:
        """It waits no longer."""
        self.waiting.pop(one, None)

    def send(self) -> None:
        """Send on whoever is due, and come back for the next."""
        self.timer = None
        if not self.waiting:
            return
        now = self.loop.time()
        due = self.last + min(LATE_SECONDS, max(STEP_SECONDS, self.step()))
        if now >= due and self.behind():
            due = min(now + STEP_SECONDS, self.last + LATE_SECONDS)
        if now >= due:
            one = next(iter(self.waiting))
            del self.waiting[one]
            self.last = now
            self.release(one)
            due = now + STEP_SECONDS  # then look again
        self.timer = self.loop.call_at(due, self.send)
