"""Turns: a page's run waits until the run of another visitor's page is over.

Python runs one thread at a time. A thread that wants to go on after an operation of PyTorch, which
lets others in, waits up to 5 ms for one that computes. With a hundred operations in a run, two runs
at a time take many times as long as one after the other; with a hundred visitors who act every four
seconds, turns make the slowest twentieth of the answers two to three times as fast.
"""

import contextlib
import threading

LONGEST = 1.0  # seconds that a run waits: nobody stands still because of somebody's slow page

_running = threading.Lock()
_mine = threading.local()


@contextlib.contextmanager
def turn():
    """Wait for the run that goes on, but not longer than LONGEST; then run."""
    _mine.turn = _running.acquire(timeout=LONGEST)
    try:
        yield
    finally:
        give_up()


def give_up():
    """This run is going to take long: it goes on, and the others need not wait for it."""
    if getattr(_mine, "turn", False):
        _mine.turn = False
        _running.release()
