"""Check your own module: which faults it has, each with a run that fails and one that works."""

import streamlit as st

from core.check.settings import CHECK
from pages.check import sections
from pages.check.report import report_of
from pages.components import frame
from pages.components.widgets import widget

PAGE = "pages/7_Check_your_module.py"
with frame.page(PAGE, CHECK):
    sections.at_home()
    st.header("Try it on examples", anchor=False)
    question = st.container()
    ask = widget(CHECK["predict"])
    with question:
        answered = sections.predict(ask)
    with st.container():
        name = sections.choose(answered)
        if answered:
            report = report_of(name)
            if report:
                sections.show(name, report, ask)
    sections.more()
