"""Results that are kept, bounded by bytes."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.workers.byte_cache import kept


def test_a_kept_result_is_made_once():
    made = []

    @kept(1000)
    def twice(number):
        made.append(number)
        return 2 * number

    assert [twice(2), twice(2), twice(3)] == [4, 4, 6]
    assert made == [2, 3]


def test_the_longest_unused_goes_first():
    made = []

    @kept(2500)
    def block(number):
        made.append(number)
        return bytes(1000)

    for number in (1, 2, 1, 3, 1, 2):  # 2 is the longest unused when 3 comes
        block(number)
    assert made == [1, 2, 3, 2]
    assert 2000 <= block.cache.currsize <= 2500


def test_what_is_too_large_is_not_kept():
    made = []

    @kept(100)
    def large():
        made.append(1)
        return bytes(1000)

    large(), large()
    assert made == [1, 1] and not large.cache


def test_an_error_is_not_kept():
    @kept(100)
    def fail():
        raise ValueError

    for _ in range(2):
        with pytest.raises(ValueError):
            fail()


def test_what_eight_ask_for_at_once_is_computed_once():
    made, all_here = [], threading.Barrier(8, timeout=20)

    @kept(10_000)
    def square(number):
        made.append(number)
        others.wait(0.2)  # the other threads ask meanwhile; nobody ever sets it
        return number * number

    def ask(_):
        all_here.wait()
        return square(7)

    others = threading.Event()
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, range(8))) == [49] * 8
    assert made == [7]


def test_after_an_error_the_next_of_those_who_wait_computes():
    tries, all_here = [], threading.Barrier(3, timeout=20)

    @kept(10_000)
    def second_time():
        tries.append(1)
        threading.Event().wait(0.1)
        if len(tries) == 1:
            raise ValueError
        return "made"

    def ask(_):
        all_here.wait()
        try:
            return second_time()
        except ValueError:
            return "failed"

    with ThreadPoolExecutor(3) as threads:
        assert sorted(threads.map(ask, range(3))) == ["failed", "made", "made"]
    assert len(tries) == 2
