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
    st.markdown(
        f"A module has a weight and one more tensor, a mask, held in one of {len(WAYS)} ways. A "
        "row is something that PyTorch does. Every outcome that is shown comes from an experiment "
        "that ran."
    )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        view = widget(LEDGER["view"])
        ask = view == "the table" and widget(LEDGER["predict"])
    if view == "the table":
        ledger.show_ledger(ask)
    else:
        quiz.show_quiz()
