"""state_dict: what is saved, what comes back, what breaks, what it costs, what is in a file."""

import streamlit as st

from core.price import PRICE
from core.saving import SAVING
from pages.shared import edit, frame, inside, keys, load, price
from pages.shared.widgets import section, widget

PAGE = "pages/3_State_dict.py"
with frame.page(PAGE, {**SAVING, **PRICE, **inside.INSIDE}):
    st.markdown(
        "A checkpoint is a `state_dict` in a file. Parameters and persistent buffers are in it; "
        "everything else has to be built again. Open a section, guess, and see."
    )
    ask = widget(SAVING["predict"])
    with section(SAVING["keys"]) as opened:
        if opened.open:
            keys.panel(ask)
    with section(SAVING["edit"]) as opened:
        if opened.open:
            edit.panel(ask)
    with section(SAVING["failures"]) as opened:
        if opened.open:
            load.panel(ask)
    with section(SAVING["price"]) as opened:
        if opened.open:
            price.panel(ask)
    with section(SAVING["inside"]) as opened:
        if opened.open:
            inside.panel()
