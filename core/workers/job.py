"""A job: one call of a function that a worker process makes, as those see it who asked for it."""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, Protocol

from core.workers.fair_queue import Asker, FairQueue

ENDED = ("done", "failed", "cancelled")
FAULT = "That is a fault of ours, not of your settings; the server's log has the details."

Function = Callable[..., Any]


class Owner(Protocol):
    """What a job asks of the pool that it belongs to."""

    lock: threading.Lock
    waiting: "FairQueue[Job]"

    def cancel(self, job: "Job", who: Hashable) -> None: ...


class Job:
    """One call of a function by a worker. Only the pool changes it; everybody may read.

    state is "waiting", "running", "done", "failed" or "cancelled"; fraction runs from 0 to 1; note
    is the last thing that the function reported; began is when it began to run, on
    `time.monotonic`'s clock, in seconds; result and error come at the end.
    """

    def __init__(self, pool: "Owner", function: Function, args: tuple[Any, ...], asker: Asker):
        self._pool, self.function, self.asker = pool, function, asker
        self.args: tuple[Any, ...] | None = args
        self.state, self.fraction = "waiting", 0.0
        self.began: float | None = None
        self.note: Any = None
        self.result: Any = None
        self.error: str | None = None
        self.wanted_by: set[Hashable] = set()
        self.nbytes = 0
        self.seen = time.monotonic()

    @property
    def over(self) -> bool:
        """Whether it has ended. A job that nobody asks this of for a while is given up."""
        self.seen = time.monotonic()
        return self.state in ENDED

    @property
    def how_far(self) -> str:
        """How much of it is done and how many seconds are left, as far as that can be told."""
        if self.began is None:
            return f"{self.fraction:.0%}"
        taken = time.monotonic() - self.began
        if self.fraction < 0.1:
            return f"{self.fraction:.0%}, {taken:.0f} s so far"
        left = taken * (1 - self.fraction) / self.fraction
        return f"{self.fraction:.0%}, about {left:.0f} s left"

    @property
    def ahead(self) -> int:
        """How many jobs are in the queue before this one, if no others come."""
        with self._pool.lock:
            waiting = list(self._pool.waiting)
        return waiting.index(self) if self in waiting else 0

    def cancel(self, who: Hashable = None) -> None:
        """who no longer wants it. It ends unless somebody else still waits for it."""
        self._pool.cancel(self, who)
