"""state_dict: what is saved, what comes back, what breaks, what it costs, what is in a file."""

import streamlit as st

from core.price import PRICE
from core.saving import SAVING
from pages.shared import edit, frame, inside, keys, load, price
from pages.shared.widgets import sections, widget

PAGE = "pages/3_State_dict.py"
with frame.page(PAGE, {**SAVING, **PRICE, **inside.INSIDE}):
    st.markdown(
        "A checkpoint is a `state_dict` in a file. Parameters and persistent buffers are in it; "
        "everything else has to be built again. Open a section, guess, and see."
    )
    ask = widget(SAVING["predict"])
    panels = {
        "keys": keys.panel,
        "edit": edit.panel,
        "failures": load.panel,
        "price": price.panel,
    }
    sections(SAVING, panels, ask)
    sections(SAVING, {"inside": inside.panel})
