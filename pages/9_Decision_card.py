"""The decision card on one screen, and cases from real modules to decide."""

import streamlit as st

from core.course.decision_settings import DECISIONS, MACHINE
from pages.components import frame
from pages.components.widgets import widget
from pages.decision_card.card import show_card
from pages.decision_card.machine import show_machine

PAGE = "pages/9_Decision_card.py"
with frame.page(PAGE, DECISIONS):
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        machine = widget(DECISIONS["view"]) == MACHINE
        ask = machine and widget(DECISIONS["predict"])
    if machine:
        show_machine(ask)
    else:
        show_card()
