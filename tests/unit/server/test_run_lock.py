"""Runs of pages, one after the other."""

import threading
import time
from types import SimpleNamespace

import pytest

from pages.server import run_lock as turn


def runs(count, work):
    """Let so many threads take a turn at once; how many were ever in it at the same time."""
    inside, most, lock = [], [], threading.Lock()

    def run(number):
        with turn.turn():
            with lock:
                inside.append(number)
                most.append(len(inside))
            work(number)
            with lock:
                inside.remove(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
        time.sleep(0.002)  # in their order
    for thread in threads:
        thread.join(20)
    assert len(most) == count, "everyone had a turn"
    return max(most)


def test_one_runs_at_a_time():
    assert runs(12, lambda number: time.sleep(0.01)) == 1


def test_nobody_waits_for_long(monkeypatch):
    monkeypatch.setattr(turn, "WAIT_SECONDS", 0.05)
    assert runs(3, lambda number: time.sleep(0.5)) > 1


def test_a_long_run_may_give_up_its_turn():
    def work(number):
        if number == 0:
            turn.release()
            turn.release()
            time.sleep(0.5)

    assert runs(12, work) == 2, "the long one, and one of the others at a time"


def test_a_run_that_ends_early_gives_its_turn_on():
    with pytest.raises(RuntimeError), turn.turn():
        raise RuntimeError
    assert runs(1, lambda number: None) == 1
    assert turn._running.acquire(blocking=False), "it is free"
    turn._running.release()


def test_how_long_a_run_takes_is_known_without_its_wait_and_what_follows_its_release(monkeypatch):
    clock = [0.0]

    class SlowLock:
        def acquire(self, timeout):
            clock[0] += 7
            return True

        def release(self):
            clock[0] += 11

    monkeypatch.setattr(turn, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(turn, "_running", SlowLock())
    monkeypatch.setattr(turn, "_lately", [0.0])
    for number in range(30):
        with turn.turn():
            clock[0] += 0.05
            turn.release()
            clock[0] += 13
        assert turn.seconds() == pytest.approx(0.05 * (1 - (7 / 8) ** (number + 1)))


def test_who_waits_is_counted():
    seen = []
    runs(5, lambda number: (time.sleep(0.05), seen.append(turn.waiting())))
    assert seen == [4, 3, 2, 1, 0] and turn.waiting() == 0
