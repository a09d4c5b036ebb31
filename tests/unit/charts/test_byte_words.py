"""Bytes in words: numbers from Python's own formatting to three significant digits."""

import pytest

from core.charts.byte_words import in_bytes


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 bytes"),
        (144, "144 bytes"),
        (999, "999 bytes"),
        (1_000, "1.00 kB"),
        (50_340_187, "50.3 MB"),
        (805_306_368, "805 MB"),
        (999_999, "1.00 MB"),
        (3_221_225_472, "3.22 GB"),
    ],
)
def test_three_digits_and_a_unit(number, words):
    assert in_bytes(number) == words
