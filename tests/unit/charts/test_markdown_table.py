"""Tables in Markdown, read back by splitting at pipes that no backslash precedes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.charts.markdown_table import markdown_table


def cells_of(line):
    """The cells of a line, as a reader of GitHub Flavored Markdown finds them."""
    assert line.startswith("|") and line.endswith("|")
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def test_a_table_stands_as_it_is_written_by_hand():
    table = markdown_table(("tensor", "bytes"), [("`mask`", 144), ("W", "36")], align="lr")
    assert table == "| tensor | bytes |\n|---|---:|\n| `mask` | 144 |\n| W | 36 |"
    assert markdown_table(("a", "b", "c"), [], "crl").splitlines()[1] == "|:---:|---:|---|"


def test_columns_are_left_aligned_unless_asked_otherwise():
    assert markdown_table(("", "x"), [("a", "b")]).splitlines()[1] == "|---|---|"


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\\"), max_size=12)


@given(
    st.integers(1, 4).flatmap(
        lambda n: st.lists(st.lists(WORDS, min_size=n, max_size=n), min_size=1)
    )
)
def test_every_cell_comes_back_whatever_is_in_it(rows):
    table = markdown_table(rows[0], rows[1:])
    lines = table.split("\n")
    assert len(lines) == len(rows) + 1
    del lines[1]
    for line, row in zip(lines, rows, strict=True):
        assert cells_of(line) == [" ".join(cell.splitlines()).strip() for cell in row]


def test_an_escaped_pipe_is_not_escaped_again():
    assert markdown_table(("a",), [("x \\| y | z",)]).endswith("| x \\| y \\| z |")


@pytest.mark.parametrize("align", ["l", "lll", "lx"])
def test_a_wrong_alignment_is_refused_with_the_value_and_the_limit(align):
    with pytest.raises(ValueError, match=rf"{align}.*2 columns"):
        markdown_table(("a", "b"), [], align)


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match="1 cells for 2 columns"):
        markdown_table(("a", "b"), [("x",)])
