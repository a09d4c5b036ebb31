"""state_dict: what is saved, what comes back, what breaks, what it costs, what is in a file."""

import streamlit as st

from core.state_dict.settings import STATE_DICT
from pages.components import frame
from pages.components.widgets import sections, widget
from pages.state_dict import checkpoint as inside
from pages.state_dict import edit_mask as edit
from pages.state_dict import keys
from pages.state_dict import load_failures as load
from pages.state_dict import size as price

PAGE = "pages/3_State_dict.py"
with frame.page(PAGE, {**STATE_DICT, **inside.INSIDE}):
    st.markdown(
        "A checkpoint is a `state_dict` in a file: a dictionary from names to tensors. A module "
        "may have tensors that are not in it. Open a section, guess, and see."
    )
    ask = widget(STATE_DICT["predict"])
    panels = {
        "keys": keys.show_keys,
        "edit": edit.show_edit,
        "failures": load.show_load_failures,
        "price": price.show_sizes,
    }
    sections(STATE_DICT, panels, ask)
    sections(STATE_DICT, {"inside": inside.show_checkpoint})
