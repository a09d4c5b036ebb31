"""What is state? A ledger of experiments: what PyTorch does with a tensor, by how it is held."""

import streamlit as st

from core.ledger.holders import WAYS
from core.ledger.settings import LEDGER
from pages.components import frame
from pages.components.widgets import widget
from pages.ledger import quiz
from pages.ledger import table as ledger

PAGE = "pages/4_What_is_state.py"
with frame.page(PAGE, quiz.catalogue()):
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        view = widget(LEDGER["view"])
        if view == "the table":
            ask = widget(LEDGER["predict"])
        else:
            which = quiz.which_quiz()
    if view == "the table":
        st.markdown(
            "A module has a weight, and one more tensor: a mask. It can hold the mask as a "
            f"parameter, as a buffer, as a plain attribute, and in other ways, {len(WAYS)} in all. "
            "Every outcome below comes from an experiment that ran."
        )
        ledger.show_ledger(ask)
    else:
        quiz.show_quiz(which)
