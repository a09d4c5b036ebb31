"""What edits of a table leave, against lists that are edited one number at a time."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pages.components.table_editor import edited

COLUMNS = ["x1", "x2", "x3"]
NUMBERS = st.floats(-9, 9)
CELLS = st.dictionaries(st.sampled_from(COLUMNS), st.none() | NUMBERS)


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=5), st.data())
def test_cells_are_changed_rows_deleted_and_rows_added_at_the_end(rows, data):
    number = st.sampled_from(range(len(rows)))
    changed = data.draw(st.dictionaries(number, CELLS), "changed")
    deleted = data.draw(st.lists(number, unique=True), "deleted")
    added = data.draw(st.lists(CELLS, max_size=3), "added")
    expected = [list(row) for row in rows]
    for row, cells in changed.items():
        for column, value in cells.items():
            expected[row][int(column[1]) - 1] = 0.0 if value is None else value
    expected = [row for at, row in enumerate(expected) if at not in deleted]
    expected += [[0.0 if row.get(name) is None else row[name] for name in COLUMNS] for row in added]
    before = pd.DataFrame(rows, columns=COLUMNS)
    edits = {"edited_rows": changed, "deleted_rows": deleted, "added_rows": added}
    assert edited(before, edits) == [tuple(row) for row in expected]
    assert before.equals(pd.DataFrame(rows, columns=COLUMNS)), "the rows are as they were drawn"


def test_a_tick_is_a_tick_and_an_emptied_box_none():
    boxes = pd.DataFrame([[False, True], [True, False]], index=["a", "b"], columns=["a", "b"])
    edits = {"edited_rows": {0: {"a": True}, 1: {"a": None}}, "deleted_rows": [], "added_rows": []}
    assert edited(boxes, edits) == [(True, True), (False, False)]
