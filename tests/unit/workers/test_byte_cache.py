"""Results that are kept, bounded by bytes."""

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
    assert sum(block.sizes.values()) <= 2500


def test_what_is_too_large_is_not_kept():
    made = []

    @kept(100)
    def large():
        made.append(1)
        return bytes(1000)

    large(), large()
    assert made == [1, 1] and not large.sizes


def test_an_error_is_not_kept():
    @kept(100)
    def fail():
        raise ValueError

    for _ in range(2):
        with pytest.raises(ValueError):
            fail()
