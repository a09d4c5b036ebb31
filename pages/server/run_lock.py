"""Turns: a page's run waits until the run of another visitor's page is over.

Python runs one thread at a time. A thread that wants to go on after an operation of PyTorch, which
lets others in, waits up to 5 ms for one that computes. With a hundred operations in a run, two runs
at a time take many times as long as one after the other; with a hundred visitors who act every four
seconds, turns make the slowest twentieth of the answers two to three times as fast.
"""

import contextlib
import threading
import time
from collections.abc import Generator

WAIT_SECONDS = 1.0  # that a run waits at most: nobody stands still for somebody's slow page

_running = threading.Lock()
_waiting: set[int] = set()  # the threads of the runs that wait
_mine = threading.local()
_lately = [0.03]  # seconds of a run: a moving average, of which a new run makes an eighth


@contextlib.contextmanager
def turn() -> Generator[None]:
    """Wait for the run that goes on, but not longer than WAIT_SECONDS; then run."""
    _waiting.add(threading.get_ident())
    try:
        _mine.turn = _running.acquire(timeout=WAIT_SECONDS)
    finally:
        _waiting.discard(threading.get_ident())
    _mine.began = time.monotonic()
    try:
        yield
    finally:
        release()


def waiting() -> int:
    """How many runs wait for their turn now."""
    return len(_waiting)


def seconds() -> float:
    """How long a run took lately, as long as the others waited for it."""
    return _lately[0]


def release() -> None:
    """This run is going to take long: it goes on, and the others need not wait for it."""
    if getattr(_mine, "turn", False):
        _mine.turn = False
        _lately[0] += (time.monotonic() - _mine.began - _lately[0]) / 8
        _running.release()
