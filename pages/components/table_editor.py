"""A table beside a text box that says the same: an edit of one reaches the other.

A table stays the same widget while it is edited, so that the keyboard stays in its cell. Once the
text was changed elsewhere, a fresh one is drawn, without the old edits.
"""

import zlib
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from core.settings.setting import Setting
from pages.components import state
from pages.components.state import EditedTable


def edit_table(
    name: str,
    setting: Setting,
    text: str,
    rows: pd.DataFrame,
    write: Callable[[list[tuple]], str],
    **looks: Any,
) -> None:
    """Draw the table of rows that the text stands for; what is edited becomes the setting's text.

    write: the text for rows. looks: what Streamlit's editor takes besides.
    """
    slot = state.edited_table(name)
    table = slot.get()
    if text != table.text or not state.is_drawn(table.key):
        version = table.version + 1
        # The text is part of the key: another session, after a restart, may come to this version
        # with other numbers, and the browser still has the edits of the first.
        key = f"{name} {version} {zlib.crc32(text.encode()):x}"
        table = EditedTable(version, key, text, rows)
        slot.set(table)

    def take_over() -> None:
        if slot.get() is not table or (state.value_of(setting) or table.text) != table.text:
            return  # other text was typed; a browser that is a click behind tells of the old table
        table.text = write(edited(table.rows, state.edits_of(table.key)))
        state.set_value(setting, table.text)

    st.data_editor(table.rows, key=table.key, on_change=take_over, **looks)


def edited(rows: pd.DataFrame, edits: Mapping[str, Any]) -> list[tuple]:
    """The rows after Streamlit's edits; an emptied cell is 0."""
    kind = rows.dtypes.iloc[0].type
    frame = rows.copy()
    for row, cells in edits["edited_rows"].items():
        for column, value in cells.items():
            frame.iloc[row, frame.columns.get_loc(column)] = kind(value or 0)
    frame = frame.drop(index=frame.index[edits["deleted_rows"]])
    added = [
        tuple(kind(row.get(name) or 0) for name in rows.columns) for row in edits["added_rows"]
    ]
    return [*frame.itertuples(index=False, name=None), *added]
